// Package audit checks a network's database by itself: it is what `purse
// verify` runs.
//
// It is an independent auditor. It reads the tables with SQL of its own and
// shares no code with ledger or store, so that a mistake there is not repeated
// here; what it takes for granted is written down in this package once more.
//
// It promises to change nothing, and to be a quiet neighbour: it runs beside a
// server that keeps writing, walks every table by its primary key in chunks,
// each a short read of its own, and rests in between as much as it is told to.
// Its memory does not grow with the money tables. In return it judges the book
// as it was at one identifier, Report.UpTo, that it fixes when it begins: what
// came later is left to the next run, and what changed later counts as not yet
// changed.
//
// Of the directory it judges what is there now, all of it: rows that must agree
// change in one commit, so either is looked up in the statement that reads the
// other, and what is written meanwhile makes no findings.
//
// How two tables are compared in flat memory: see pairing. How payments are
// judged although they change: see lateNews and walkParties. How the counters of
// the weekly limit are compared although they grow and shrink: see spending.
package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Options say what is to be audited, and how.
type Options struct {
	Database string    // the path of a SQLite file, or a postgres:// URL
	Book     int64     // 0: the main book
	Acked    io.Reader // identifiers of payments, one a line, that must be there and settled; may be nil
	Pace     float64   // the share of the time in which it may work, above 0 and up to 1; 0: 1, flat out

	chunk  int          // rows a statement, for tests; 0: chunkRows
	before func(string) // called before a table is walked, for tests; may be nil
	kept   *database    // a connection that outlives the run, for tests; nil: one is opened
}

const (
	mainBook      = 1
	directory     = 0 // the book of people, and of what lets programs act for them
	chunkRows     = 5000
	bookBits      = 10                    // the part of an identifier that says which book it comes from
	epoch         = 1_230_768_000_000_000 // where identifiers begin to count, microseconds since 1970
	hour          = 3_600_000_000         // microseconds
	day           = 24 * hour
	timeMax       = 9_000_000_000_000_000 // identifiers cannot say moments that are much later
	sandboxPerson = 145434160922624933    // comes with every sandbox, under the number that integrations know
	treasury      = 1                     // the account of the outside world
	fees          = 2                     // the account of what the network has taken
	escrow        = 3                     // the account of money on its way to addresses that nobody owns
	systemBelow   = 1024                  // accounts below it are the book's own and have small numbers
)

// batchSpan is more microseconds than a batch hands out identifiers: one that
// has handed out 10,000 takes no further command, and no command draws as many.
// All commands of a batch decide at one moment, and identifiers count on from
// there, so an identifier may be this much later than the moment at which its
// command decided; never earlier.
const batchSpan = 20_000

// timeOf is the moment that an identifier says.
func timeOf(id int64) int64 { return epoch + id>>bookBits }

// auditor is one run.
type auditor struct {
	db     *database
	book   int64
	chunk  int
	head   head  // as it was at the beginning
	upTo   int64 // the last identifier that is judged
	acked  io.Reader
	before func(string)
	seed   uint64 // of the hashes: nobody can prepare rows that cancel out
	second bool   // tables are being read once more, for their names only

	checks   checks
	pairings pairings
	spending *spending
	late     *lateNews

	orders int64 // how many orders were judged

	newest     int64 // the largest identifier that was seen where no index leads to it
	newestTime int64 // the latest moment that was seen beside an identifier
}

// Run audits a database. An error means that it could not be done; what is
// wrong with the book is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	began := time.Now()
	if o.Pace < 0 || o.Pace > 1 {
		return nil, errors.New("audit: the pace is above 0 and at most 1")
	}
	db := o.kept
	if db == nil {
		var err error
		if db, err = open(o.Database, o.Pace); err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		defer func() { _ = db.close() }() // it has only read
	}
	a := &auditor{db: db, book: o.Book, chunk: o.chunk, acked: o.Acked, before: o.before, seed: rand.Uint64(), checks: newChecks()}
	if a.book == 0 {
		a.book = mainBook
	}
	if a.chunk == 0 {
		a.chunk = chunkRows
	}
	if a.before == nil {
		a.before = func(string) {}
	}
	if err := a.run(ctx); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return &Report{
		Database: db.kind, Book: a.book, UpTo: a.upTo,
		Checks: a.checks.list(), Elapsed: time.Since(began),
	}, nil
}

// walks are the tables in the order in which they are read.
func (a *auditor) walks() []struct {
	table string
	walk  func(context.Context) error
} {
	return []struct {
		table string
		walk  func(context.Context) error
	}{
		{"spent", a.walkSpent}, // first: see spending
		{"accounts", a.walkAccounts},
		{"users", a.walkUsers},
		{"people", a.walkPeople},
		{"old_usernames", a.walkOldUsernames},
		{"user_words", a.walkWords},
		{"contacts", a.walkContacts},
		{"ties", a.walkTies},
		{"credentials", a.walkCredentials},
		{"sessions", a.walkSessions},
		{"tickets", a.walkTickets},
		{"apps", a.walkApps},
		{"grants", a.walkGrants},
		{"tokens", a.walkTokens},
		{"allowances", a.walkAllowances},
		{"merchants", a.walkMerchants},
		{"logos", a.walkLogos},
		{"api_keys", a.walkAPIKeys},
		{"members", a.walkMembers},
		{"postings", a.walkPostings},
		{"holds", a.walkHolds},
		{"entries", a.walkEntries},
		{"actions", a.walkActions},
		{"payments", a.walkPayments},
		{"parties", a.walkParties},
		{"handles", a.walkHandles},
		{"operations", a.walkOperations},
		{"mandates", a.walkMandates},
		{"orders", a.walkOrders},
		{"payment_links", a.walkPaymentLinks},
		{"consumers", a.walkConsumers},
		{"customers", a.walkCustomers},
		{"cursors", a.walkCursors},
		{"introductions", a.walkIntroductions},
		{"addresses", a.walkAddresses},
		{"events", a.walkEvents},
		{"once", a.walkOnce},
	}
}

func (a *auditor) run(ctx context.Context) error {
	h, err := a.readHead(ctx)
	if err != nil {
		return err
	}
	a.head, a.upTo = h, (h.last-epoch)<<bookBits|a.book
	a.judgeHead(h)
	a.pairings = a.newPairings()
	a.spending = newSpending(a)
	a.late = newLateNews(a.upTo)
	for _, w := range a.walks() {
		a.before(w.table)
		if err := w.walk(ctx); err != nil {
			return fmt.Errorf("%s: %w", w.table, err)
		}
	}
	if err := a.name(ctx); err != nil {
		return err
	}
	if err := a.spending.finish(ctx); err != nil {
		return fmt.Errorf("spent: %w", err)
	}
	if err := a.walkAcked(ctx); err != nil {
		return fmt.Errorf("acknowledged payments: %w", err)
	}
	return a.judgeTime(ctx)
}

// name walks the tables of those pairings that do not come out even once more
// and names what is wrong. The checks that judge row by row have spoken already
// and keep silent.
func (a *auditor) name(ctx context.Context) error {
	again := map[string]bool{}
	for _, p := range a.pairings.list() {
		if p.suspect() {
			again[p.left] = true
			for _, table := range p.right {
				again[table] = true
			}
		}
	}
	a.checks.mute(true)
	a.second = true
	for _, w := range a.walks() {
		if !again[w.table] {
			continue
		}
		a.before(w.table)
		if err := w.walk(ctx); err != nil {
			return fmt.Errorf("%s: %w", w.table, err)
		}
	}
	a.checks.mute(false)
	for _, p := range a.pairings.list() {
		p.name()
	}
	return nil
}
