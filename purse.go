// Package purse is the dictionary of the network: its nouns, their states, the
// codes of its refusals, and the Store through which everything changes.
//
// A change of state is a Command: the facts that it needs to see, and a pure
// function that decides about them. The store loads the facts under the lock of
// the book, lets the command decide, and commits. So every rule about money is
// a function over Facts, and can be tested without a database.
//
// The package does no I/O. Doors (api/…) translate wire formats to and from
// these nouns, use cases (wallet, identity, …) write commands, and package
// store is the only one that knows SQL.
package purse

import (
	"math"
	"strconv"
	"time"
)

// Time is a moment in microseconds since 1970, UTC. Inside a command it is book
// time, which never runs back.
type Time int64

// Epoch is where identifiers start to count: 2009-01-01, UTC.
const Epoch Time = 1_230_768_000_000_000

// TimeOf converts a moment, cutting it to the microsecond.
func TimeOf(t time.Time) Time { return Time(t.UnixMicro()) }

// UTC converts t for printing.
func (t Time) UTC() time.Time { return time.UnixMicro(int64(t)).UTC() }

// Add is t moved by d.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Microseconds()) }

// hour is the number of the hour that t falls into.
func (t Time) hour() int64 { return int64(t) / time.Hour.Microseconds() }

// BookID numbers a book, 0 to 1023. It is part of every identifier that its
// book hands out.
type BookID int64

// The books of a network. The directory (people, tokens, …) is handled like a
// book of its own, so that both kinds of commands take the same way.
const (
	Directory BookID = 0
	MainBook  BookID = 1
)

// bookBits is the part of an identifier that says which book it comes from.
const bookBits = 10

// FirstID is the smallest identifier that can be handed out at t, by any book:
// the first of all before the epoch, and the last there can be centuries ahead.
func FirstID(t Time) int64 {
	return min(int64(max(t, Epoch)-Epoch), math.MaxInt64>>bookBits) << bookBits
}

// Created is the moment at which an identifier was handed out.
func Created(id int64) Time { return Epoch + Time(id>>bookBits) }

// Identifiers of different things are different types, so that one cannot be
// passed for another. On the wire they are decimal strings.
type (
	UserID    int64
	TokenID   int64
	SessionID int64
	GrantID   int64
	AppID     int64
	PaymentID int64
	EntryID   int64
	ActionID  int64

	MerchantID  int64
	HandleID    int64
	OperationID int64
	MandateID   int64
	CustomerID  int64
	LinkID      int64
)

// On the wire and in logs identifiers are decimal.
func (id UserID) String() string     { return strconv.FormatInt(int64(id), 10) }
func (id AppID) String() string      { return strconv.FormatInt(int64(id), 10) }
func (id PaymentID) String() string  { return strconv.FormatInt(int64(id), 10) }
func (id MerchantID) String() string { return strconv.FormatInt(int64(id), 10) }
func (id LinkID) String() string     { return strconv.FormatInt(int64(id), 10) }
func (id EntryID) String() string    { return strconv.FormatInt(int64(id), 10) }
