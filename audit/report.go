package audit

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Report is the outcome of an audit.
type Report struct {
	Database string        `json:"database"` // sqlite or postgres
	Book     int64         `json:"book"`
	UpTo     int64         `json:"up_to"` // the last identifier that was judged
	Checks   []*Check      `json:"checks"`
	Elapsed  time.Duration `json:"elapsed_ns"`
}

// Check is one thing that was checked. Its ID is a promise to programs.
type Check struct {
	ID       string   `json:"id"`
	What     string   `json:"what"`     // what holds if there are no findings
	Rows     int64    `json:"rows"`     // how many rows were looked at
	Findings []string `json:"findings"` // at most 20
	More     int      `json:"more"`     // how many further ones are not told

	muted bool
}

// findingsMax bounds what a check tells.
const findingsMax = 20

// OK says whether nothing was found.
func (r *Report) OK() bool {
	for _, c := range r.Checks {
		if len(c.Findings) > 0 {
			return false
		}
	}
	return true
}

// WriteTo prints the report for people.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, book %d up to %d, %s\n", r.Database, r.Book, r.UpTo, r.Elapsed.Round(time.Millisecond))
	wrong := 0
	for _, c := range r.Checks {
		verdict := "ok"
		if len(c.Findings) > 0 {
			verdict, wrong = "WRONG", wrong+1
		}
		fmt.Fprintf(&b, "%-5s  %-13s %12d rows  %s\n", verdict, c.ID, c.Rows, c.What)
		for _, f := range c.Findings {
			fmt.Fprintf(&b, "         %s\n", f)
		}
		if c.More > 0 {
			fmt.Fprintf(&b, "         and %d more\n", c.More)
		}
	}
	if wrong == 0 {
		b.WriteString("The book is in order.\n")
	} else {
		fmt.Fprintf(&b, "%d of %d checks found something.\n", wrong, len(r.Checks))
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// fail adds a finding.
func (c *Check) fail(format string, args ...any) {
	switch {
	case c.muted:
	case len(c.Findings) == findingsMax:
		c.More++
	default:
		c.Findings = append(c.Findings, fmt.Sprintf(format, args...))
	}
}

// require adds a finding unless something holds.
func (c *Check) require(holds bool, format string, args ...any) {
	if !holds {
		c.fail(format, args...)
	}
}

// saw counts a row that was looked at.
func (c *Check) saw() {
	if !c.muted {
		c.Rows++
	}
}

// checks are all checks.
type checks struct {
	balance, totals, chain, twins, overdraft, holds, causes *Check
	states, parties, addresses, once, events, spent         *Check
	acked, bookTime, orphans, directory, access             *Check
	merchants, handles, operations, mandates, orders        *Check
}

func newChecks() checks {
	c := func(id, what string) *Check { return &Check{ID: id, What: what, Findings: []string{}} }
	return checks{
		balance:    c("balance-zero", "All balances of a currency sum to zero, and as much is held in somebody's favour as is held back."),
		totals:     c("totals-match", "Each account's totals are those of its last posting."),
		chain:      c("chain", "An account's postings are numbered without a gap and each follows from the one before it."),
		twins:      c("twins", "Each posting has its twin on the other account."),
		overdraft:  c("no-overdraft", "No account but the treasury ever spent what it had not."),
		holds:      c("holds", "Each hold was made by one transfer and ended at most once, by one transfer, in time."),
		causes:     c("causes", "Each transfer has its cause, and what moved money has exactly the transfers that moved it."),
		states:     c("states", "States, kinds and identifiers are known and agree with the columns beside them."),
		parties:    c("parties", "Each payment is listed with its parties as what it is, and nothing else is."),
		addresses:  c("addresses", "Each address that a payment names is in the directory, and was introduced by whoever named it."),
		once:       c("once", "Each idempotency key keeps its answer and has had an effect, and nothing was made by two."),
		events:     c("events", "Each change has exactly one event, and each event its subject."),
		spent:      c("spent", "Each hour's counters are what the wallets paid out in that hour."),
		acked:      c("acked", "Every payment that was acknowledged is there and settled."),
		bookTime:   c("book-time", "Nothing is later than the head of its book."),
		orphans:    c("orphans", "Each wallet has its owner, each person a wallet, each merchant a balance, and each token a person."),
		directory:  c("directory", "People, their names, contacts and friends agree with each other, and who has left has left nothing behind."),
		access:     c("access", "What lets people and apps in is well formed, belongs to somebody, and ends with what it hangs on."),
		merchants:  c("merchants", "Merchants, their keys, members, customers and consumers are well formed, belong to somebody, and no reader is ahead of the news."),
		handles:    c("handles", "Each payment handle is what its state says, and holds the money that it says for as long."),
		operations: c("operations", "Each sale is settled, given back or still held, to the last cent; no more is refunded than was settled."),
		mandates:   c("mandates", "Agreements are between people and merchants who are there, and say when they were used."),
		orders:     c("orders", "Each order is what its state says, and they are numbered without a gap; payment links are well formed."),
	}
}

func (c *checks) list() []*Check {
	return []*Check{
		c.balance, c.totals, c.chain, c.twins, c.overdraft, c.holds, c.causes,
		c.states, c.parties, c.addresses, c.once, c.events, c.spent, c.acked, c.bookTime, c.orphans,
		c.directory, c.access, c.merchants, c.handles, c.operations, c.mandates, c.orders,
	}
}

func (c *checks) mute(on bool) {
	for _, check := range c.list() {
		check.muted = on
	}
}
