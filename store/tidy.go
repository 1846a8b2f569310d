package store

import (
	"context"
	"time"

	"purse"
)

const (
	batchesKept   = time.Hour           // no COMMIT is in doubt for longer
	ticketsKept   = 24 * time.Hour      // after they have expired; till then what was used is known as used
	sessionsKept  = 30 * 24 * time.Hour // after they have expired, also of those that were ended before
	tidyRowsMax   = 500                 // rows of one transaction
	tidyWalkSteps = 40                  // transactions of one Tidy
)

var (
	deleteBatches = &statement{"delete from batches\nwhere book = $1 and id < $2", "ii"}
	walkOnce      = &statement{`select book, principal, app, key, at, purged from once
where (book, principal, app, key) > ($1, $2, $3, $4) order by book, principal, app, key limit 500`, "iiit"}
	purgeOnce = &statement{`update once set header = '', body = '', purged = 1
where book = $1 and principal = $2 and app = $3 and key = $4 and purged < 1`, "iiit"}  // not: purged = 0, see plan_test.go

	listOldTickets  = &statement{"select hash\nfrom tickets where expires < $1 order by expires, hash limit 500", "i"}
	deleteTicket    = &statement{"delete from tickets\nwhere hash = $1", "t"}
	listOldSessions = &statement{"select hash\nfrom sessions where expires < $1 order by expires, hash limit 500", "i"}
	deleteSession   = &statement{"delete from sessions\nwhere hash = $1", "t"}
)

// onceCursor is where the walk over the idempotency keys has got to.
type onceCursor struct {
	book, principal, app int64
	key                  string
}

// Tidy clears away what is no longer needed: batch rows after an hour, tickets a
// day and sessions a month after they have expired, and the answers of idempotency
// keys older than keep, whose keys stay. It clears a bounded number of rows, walks
// a bounded part of the keys, and goes on there next time. Any number of servers may
// do so at once.
func (s *Store) Tidy(ctx context.Context, keep time.Duration) error {
	s.tidying.Lock()
	defer s.tidying.Unlock()
	e, err := s.newEngine()
	if err != nil {
		return err
	}
	defer e.close()
	defer e.reset()
	for book := range s.writers {
		_, last, err := s.head(ctx, book)
		if err != nil {
			return err
		}
		before := int64(last.Add(-batchesKept)-purse.Epoch) << 10
		if err := s.change(ctx, e, step{st: deleteBatches, args: newArgs(deleteBatches).int(int64(book)).int(before)}); err != nil {
			return err
		}
	}
	if err := s.deleteOld(ctx, e, listOldTickets, deleteTicket, ticketsKept); err != nil {
		return err
	}
	if err := s.deleteOld(ctx, e, listOldSessions, deleteSession, sessionsKept); err != nil {
		return err
	}
	for range tidyWalkSteps {
		more, err := s.purgeAnswers(ctx, e, keep)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// deleteOld deletes rows of the directory that expired longer ago than keep, under its
// head: so none goes that a command has just loaded and is about to change.
func (s *Store) deleteOld(ctx context.Context, e engine, list, del *statement, keep time.Duration) error {
	for range tidyWalkSteps {
		_, last, err := s.head(ctx, purse.Directory)
		if err != nil {
			return err
		}
		rows := 0
		err = again(e, func() (err error) {
			rows, err = deleteSome(ctx, e, list, del, last.Add(-keep))
			return err
		})
		if err != nil || rows < tidyRowsMax {
			return err
		}
	}
	return nil
}

// deleteSome deletes the first of the rows that expired before a time.
func deleteSome(ctx context.Context, e engine, list, del *statement, before purse.Time) (rows int, err error) {
	old, lock := newArgs(del), e.lock()
	err = e.exchange(ctx, exchange{
		{st: e.begin()},
		{st: lock, args: newArgs(lock).int(int64(purse.Directory)), each: func(row) {}},
		{st: list, args: newArgs(list).int(int64(before)), each: func(r row) { old.text(r.text()) }},
	})
	if err != nil {
		return 0, err
	}
	end := exchange{{st: commit}}
	if old.rows > 0 {
		end = exchange{{st: del, args: old}, {st: commit}}
	}
	return old.rows, e.exchange(ctx, end)
}

// tidyTriesMax is how often clearing away gives way to the writers.
const tidyTriesMax = 8

// again does what may be done twice until nothing is in its way.
func again(e engine, do func() error) error {
	for try := 0; ; try++ {
		err := do()
		if err == nil {
			return nil
		}
		e.reset()
		if e.judge(err) != transient || try == tidyTriesMax {
			return err
		}
		backoff(try)
	}
}

// purgeAnswers takes one step of the walk; false at its end.
func (s *Store) purgeAnswers(ctx context.Context, e engine, keep time.Duration) (bool, error) {
	_, now, err := s.head(ctx, purse.MainBook)
	if err != nil {
		return false, err
	}
	seen, old := 0, newArgs(purgeOnce)
	c := &s.purged
	_, err = query(ctx, s.reader, walkOnce, func(r row) struct{} {
		seen++
		*c = onceCursor{r.int(), r.int(), r.int(), r.text()}
		if at, purged := purse.Time(r.int()), r.int(); purged == 0 && at.Add(keep) < now {
			old.int(c.book).int(c.principal).int(c.app).text(c.key)
		}
		return struct{}{}
	}, c.book, c.principal, c.app, c.key)
	if err != nil {
		return false, err
	}
	if seen < tidyRowsMax {
		*c = onceCursor{}
	}
	if old.rows == 0 {
		return seen == tidyRowsMax, nil
	}
	return seen == tidyRowsMax, s.change(ctx, e, step{st: purgeOnce, args: old})
}

// change runs one statement in a transaction of its own.
func (s *Store) change(ctx context.Context, e engine, one step) error {
	return again(e, func() error { return e.exchange(ctx, exchange{{st: e.begin()}, one, {st: commit}}) })
}

// head reads a book's head, with the time of its last identifier.
func (s *Store) head(ctx context.Context, id purse.BookID) (purse.Book, purse.Time, error) {
	var last purse.Time
	rows, err := query(ctx, s.reader, loadHead, func(r row) purse.Book {
		b, l := readBook(id, r)
		last = l
		return b
	}, int64(id))
	b, err := found(rows, err, "book")
	return b, last, err
}
