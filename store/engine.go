package store

import (
	"context"
	"errors"
	"fmt"

	"purse"
)

// engine is everything in which the two databases differ for a writer: one
// session with the database, used by one goroutine at a time.
type engine interface {
	// exchange runs the steps in order, in one round trip where the database
	// can, and hands each answer's rows to its step. Steps that begin and end a
	// transaction are among them. An error stops it.
	exchange(ctx context.Context, x exchange) error
	// begin, lock and clock are the first steps of a transaction that holds a
	// book's head. clock has no statement where the process's clock is the book's.
	begin() *statement
	lock() *statement
	clock() *statement
	// address loads an address and, where that needs saying, holds it.
	address(purse.BookID) *statement
	// reset ends whatever transaction is open, by a rollback or by giving the
	// connection up; the next exchange starts afresh.
	reset()
	// gather is called between two batches: it lets callers that were just
	// answered come back first where larger batches are worth it, without
	// waiting for anybody.
	gather()
	// judge says what an error of exchange means for the batch.
	judge(err error) verdict
	// close ends the session.
	close()
}

var (
	commit   = &statement{"commit", ""}
	rollback = &statement{"rollback", ""}
)

// verdict is what an error means for the batch in which it happened.
type verdict int

const (
	// culprit: a command of the batch cannot be stored; the batch is halved
	// until the culprit is alone.
	culprit verdict = iota
	// transient: nothing happened; the batch may run again.
	transient
	// lost: the connection is gone. If COMMIT was sent, the outcome is unknown;
	// otherwise nothing happened.
	lost
	// broken: the disk or the file is damaged. Nothing may be written any more.
	broken
	// answered: every task has its answer already.
	answered
)

// Errors that the hook of a test may return; they are judged like the real ones.
var (
	ErrTransient = errors.New("store: injected: try again")
	ErrLost      = errors.New("store: injected: connection lost")
	ErrDisk      = errors.New("store: injected: input/output error")
)

// errTooLate: the book's time turned out to be so far behind the guess that not
// every counter was loaded. The next try guesses better.
var errTooLate = errors.New("store: counters were loaded from too late an hour")

// errClock answers every write while the clock is not trusted.
var errClock = purse.Refuse(purse.CodeClockJumped,
	"The clock has jumped. Nothing is written until an operator accepts it.")

// errCount means that a statement changed another number of rows than it must:
// the book is not what its head's holder has been told it is.
var errCount = errors.New("store: a statement changed another number of rows than it must")

func miscount(st *statement, got, want int64) error {
	return fmt.Errorf("%w: %d instead of %d: %.40s", errCount, got, want, st.text)
}
