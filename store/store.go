// Package store keeps a network in a database: purse.Store on SQLite and on
// PostgreSQL.
//
// Execute is a group commit. The commands that wait for one book are gathered,
// without artificial wait, and one transaction serves the whole batch: it locks
// the book's head, loads what the commands need, lets them decide in turn, and
// stores all that they changed. What is acknowledged is durable; what is
// refused changed nothing; what the package promises besides is tested line by
// line in store/storetest.
//
// What a command means, and which rules it follows, is none of its business: it
// knows rows. Nobody else knows SQL, but for package audit, which must not share
// its mistakes.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"purse"
	"purse/ledger"
	"purse/money"
)

// Options say what is to be opened.
type Options struct {
	// Mode and Currency of the network. An empty Mode takes an existing network
	// as it is and never creates one; otherwise the network is created if there
	// is none, and must be as given if there is.
	Mode     purse.Mode
	Currency money.Currency
	Migrate  bool // bring the schema up to date first

	Log *slog.Logger // nil: nothing is logged

	// For tests. Fault is asked before and after each exchange with the database
	// and may fail it; Skew is added to the clock; Serializable runs PostgreSQL
	// transactions at that level.
	Fault        func(book purse.BookID, point string) error
	Skew         func() time.Duration
	Serializable bool
}

// Stats counts what has happened since Open.
type Stats struct {
	Batches, Commands, Retries, Halvings, Unknown, Panics int64
}

// Store is a network in a database. Close it when done.
type Store struct {
	reader
	options Options
	log     *slog.Logger
	writers map[purse.BookID]*writer
	closers []func()

	newEngine func() (engine, error)
	tidying   sync.Mutex
	purged    onceCursor // under tidying
	done      sync.WaitGroup

	stats struct{ batches, commands, retries, halvings, unknown, panics atomic.Int64 }

	mu     sync.Mutex
	failed error
	broken chan struct{}
}

var _ purse.Store = (*Store)(nil)

// IsPostgres says whether database names a PostgreSQL server rather than a file.
func IsPostgres(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// Open opens the network in database: the path of a SQLite file or a
// postgres:// URL. It asserts that the database keeps what it
// acknowledges, and starts a writer for each book.
func Open(ctx context.Context, database string, o Options) (*Store, error) {
	s := &Store{options: o, log: o.Log, writers: map[purse.BookID]*writer{}, broken: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if _, ok := o.Currency.Digits(); o.Mode != "" && !ok {
		return nil, fmt.Errorf("open: there is no currency %q", o.Currency)
	}
	open := s.openSQLite
	if IsPostgres(database) {
		open = s.openPostgres
	}
	newEngine, err := open(ctx, database)
	s.newEngine = newEngine
	if err != nil {
		s.closeAll()
		return nil, fmt.Errorf("open: %w", err)
	}
	for _, book := range []purse.BookID{purse.Directory, purse.MainBook} {
		e, err := newEngine()
		if err != nil {
			s.closeAll()
			return nil, fmt.Errorf("open: %w", err)
		}
		// Guess a day too early how far back counters count, in case this
		// machine's clock is ahead of the book's.
		w := &writer{store: s, book: book, engine: e, queue: newQueue(), latest: purse.TimeOf(time.Now().AddDate(0, 0, -1))}
		s.writers[book] = w
		s.done.Go(w.run)
	}
	return s, nil
}

// Execute implements purse.Store.
func (s *Store) Execute(ctx context.Context, c purse.Command) error {
	w := s.writers[c.Book]
	if w == nil {
		return purse.Refuse(purse.CodeNotFound, "There is no book %d.", c.Book)
	}
	t, err := w.queue.push(ctx, c)
	if err != nil {
		return err
	}
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
	}
	if w.queue.abandon(t) {
		return purse.Refuse(purse.CodeBusy, "The network is busy. Try again shortly.")
	}
	// It has started, and its Decide writes to the caller's variables. The
	// writer gives up on it soon after its deadline.
	<-t.done
	return t.err
}

// Broken is closed when the database turned out to be damaged, or to have
// failed to write. The process must end, and start again from what is on disk.
func (s *Store) Broken() <-chan struct{} { return s.broken }

func (s *Store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.log.Error("the database is broken; nothing is written any more", "error", err)
		s.failed = &purse.Error{Code: purse.CodeBusy, Message: "The server has stopped writing.", Err: err}
		close(s.broken)
	}
}

func (s *Store) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Stats returns the counts so far.
func (s *Store) Stats() Stats {
	c := &s.stats
	return Stats{c.batches.Load(), c.commands.Load(), c.retries.Load(), c.halvings.Load(), c.unknown.Load(), c.panics.Load()}
}

// Close lets nothing more in, finishes what waits, and closes the database.
func (s *Store) Close() {
	for _, w := range s.writers {
		w.queue.close()
	}
	s.done.Wait()
	s.closeAll()
}

func (s *Store) closeAll() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
	s.closers = nil
}

// found makes one row of a read's answer, or CodeNotFound.
func found[V any](rows []V, err error, noun string) (V, error) {
	var none V
	if err != nil {
		return none, err
	}
	if len(rows) == 0 {
		return none, purse.Refuse(purse.CodeNotFound, "There is no such %s.", noun)
	}
	return rows[0], nil
}

// Book implements purse.Reader.
func (s *Store) Book(ctx context.Context, id purse.BookID) (purse.Book, error) {
	b, _, err := s.head(ctx, id)
	return b, err
}

// Token implements purse.Reader.
func (s *Store) Token(ctx context.Context, hash purse.TokenHash) (purse.Token, purse.Time, error) {
	var now purse.Time
	rows, err := query(ctx, s.reader, loadTokenAt(s.reader.clock()), func(r row) purse.Token {
		t := readToken(r)
		now = purse.Time(r.int())
		if closed := purse.Time(r.int()); t.Revoked == 0 {
			t.Revoked = closed
		}
		return t
	}, string(hash))
	t, err := found(rows, err, "access token")
	return t, now, err
}

// Users implements purse.Reader.
func (s *Store) Users(ctx context.Context, ids ...purse.UserID) (map[purse.UserID]purse.User, error) {
	users := make(map[purse.UserID]purse.User, len(ids))
	return users, readEach(ctx, s.reader, loadUser, ids, func(id purse.UserID, a *args) { a.int(int64(id)) },
		func(r row) { u := readUser(r); users[u.ID] = u })
}

// UserNamed implements purse.Reader.
func (s *Store) UserNamed(ctx context.Context, username string) (purse.User, error) {
	folded, err := purse.Username(username)
	if err != nil {
		return purse.User{}, purse.Refuse(purse.CodeNotFound, "There is no such user.")
	}
	rows, err := query(ctx, s.reader, loadUserNamed, readUser, folded)
	return found(rows, err, "user")
}

// Account implements purse.Reader.
func (s *Store) Account(ctx context.Context, book purse.BookID, id ledger.AccountID) (purse.Account, error) {
	rows, err := query(ctx, s.reader, loadAccount, readAccount, int64(book), int64(id))
	return found(rows, err, "account")
}

// Now implements purse.Reader.
func (s *Store) Now(ctx context.Context, book purse.BookID) (purse.Time, error) {
	rows, err := query(ctx, s.reader, loadTime(s.reader.clock()), func(r row) purse.Time { return purse.Time(r.int()) }, int64(book))
	return found(rows, err, "book")
}

// AddressOwner implements purse.Reader.
func (s *Store) AddressOwner(ctx context.Context, a purse.Address) (purse.AddressOwner, error) {
	rows, err := query(ctx, s.reader, loadAddress, readAddress, string(a.Kind), a.Text)
	return found(rows, err, "address")
}

// Payment implements purse.Reader.
func (s *Store) Payment(ctx context.Context, book purse.BookID, id purse.PaymentID) (purse.Payment, error) {
	rows, err := query(ctx, s.reader, loadPayment, readPayment, int64(book), int64(id))
	return found(rows, err, "payment")
}

// Unclaimed implements purse.Reader.
func (s *Store) Unclaimed(ctx context.Context, limit int) ([]purse.AddressOwner, error) {
	return query(ctx, s.reader, listUnclaimed, readAddress, int64(limit))
}

// Allowances implements purse.Reader.
func (s *Store) Allowances(ctx context.Context, book purse.BookID, person purse.UserID, grantees ...int64) (map[int64]purse.Allowance, error) {
	found := map[int64]purse.Allowance{}
	return found, readEach(ctx, s.reader, loadAllowance, grantees,
		func(g int64, a *args) { a.int(int64(book)).int(int64(person)).int(g) },
		func(r row) { v := readAllowance(r); found[v.Grantee] = v })
}

// Told implements purse.Reader.
func (s *Store) Told(ctx context.Context, book purse.BookID, q purse.StoryQuery) ([]purse.Payment, error) {
	before := q.Before
	if before == 0 {
		before = math.MaxInt64
	}
	return query(ctx, s.reader, listTold, readPayment, int64(book), int64(q.Person), before, int64(q.Limit))
}

// reader runs plain reads, each in its own short snapshot.
type reader interface {
	// read hands the rows of a statement to each.
	read(ctx context.Context, s *statement, each func(row), arguments ...any) error
	// readAll hands over the rows of a statement for many rows of arguments.
	readAll(ctx context.Context, s *statement, a *args, each func(row)) error
	// clock is the database's clock as an expression, in microseconds since 1970.
	clock() string
	// lists are the texts that list payments.
	lists() *lists
}

// readTimeout bounds a plain read: no snapshot may be kept for longer.
const readTimeout = 2 * time.Second

func query[V any](ctx context.Context, r reader, s *statement, scan func(row) V, arguments ...any) ([]V, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var rows []V
	err := r.read(ctx, s, func(r row) { rows = append(rows, scan(r)) }, arguments...)
	return rows, busy(err)
}

// readEach reads the rows of many keys, each key once.
func readEach[K comparable](ctx context.Context, r reader, s *statement, keys []K, pack func(K, *args), each func(row)) error {
	asked, a := make(map[K]bool, len(keys)), newArgs(s)
	for _, k := range keys {
		if !asked[k] {
			asked[k] = true
			pack(k, a)
		}
	}
	if a.rows == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return busy(r.readAll(ctx, s, a, each))
}

// busy says that a read has not come to its end in time.
func busy(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &purse.Error{Code: purse.CodeBusy, Message: "The network is busy. Try again shortly.", Err: err}
	}
	return err
}
