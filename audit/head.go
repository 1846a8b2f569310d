package audit

import (
	"context"
	"fmt"
	"slices"
)

// head is a book's head row.
type head struct {
	mode, currency string
	last           int64 // moment of the last identifier
	orders         int64 // how many orders were counted

	feeFixed, feeBasis, escrowLife, chargeLife, appCap int64
}

func (a *auditor) readHead(ctx context.Context) (head, error) {
	found, err := read(ctx, a.db, `select mode, currency, last, orders, fee_fixed, fee_basis, escrow_life, charge_life, app_cap
from heads where book = $1`,
		func(h *head) []any {
			return []any{&h.mode, &h.currency, &h.last, &h.orders, &h.feeFixed, &h.feeBasis, &h.escrowLife, &h.chargeLife, &h.appCap}
		}, a.book)
	if err != nil {
		return head{}, err
	}
	if len(found) == 0 {
		return head{}, fmt.Errorf("there is no book %d in this database", a.book)
	}
	return found[0], nil
}

func (a *auditor) judgeHead(h head) {
	a.checks.states.saw()
	if !slices.Contains([]string{"live", "sandbox"}, h.mode) {
		a.checks.states.fail("head: mode %q", h.mode)
	}
	if h.feeFixed < 0 || h.feeBasis < 0 {
		a.checks.states.fail("head: a fee of %d and %d hundredths of a percent", h.feeFixed, h.feeBasis)
	}
	if h.escrowLife <= 0 || h.chargeLife <= 0 {
		a.checks.states.fail("head: payments wait for %d microseconds, charges for %d", h.escrowLife, h.chargeLife)
	}
	if h.appCap < -1 {
		a.checks.states.fail("head: apps may pay out %d a day", h.appCap)
	}
	if h.last < epoch {
		a.checks.bookTime.fail("head: its last moment %d is before identifiers began", h.last)
	}
}

// ours judges an identifier that the book has handed out.
func (a *auditor) ours(what string, id int64) {
	if id == sandboxPerson && a.head.mode == "sandbox" {
		return
	}
	if id <= 0 || id&(1<<bookBits-1) != a.book {
		a.checks.states.fail("%s %d: not an identifier of book %d", what, id, a.book)
	}
}

// fromEither judges an identifier that the book or the directory has handed out.
func (a *auditor) fromEither(c *Check, what string, id int64) {
	if id == sandboxPerson && a.head.mode == "sandbox" {
		return
	}
	if from := id & (1<<bookBits - 1); id < systemBelow || from != a.book && from != directory {
		c.fail("%s %d: not an identifier of book %d or of the directory", what, id, a.book)
	}
}

// seenID notes an identifier that no index would find at the end.
func (a *auditor) seenID(id int64) { a.newest = max(a.newest, id) }

// seenTime notes a moment at which something is said to have happened.
func (a *auditor) seenTime(t int64) { a.newestTime = max(a.newestTime, t) }

// numbered are the tables whose largest identifier an index knows.
var numbered = []string{"payments", "entries", "holds", "events", "actions", "batches", "accounts"}

// judgeTime compares the latest of everything with the head. The head is read
// last: whatever was committed before is not later than it.
func (a *auditor) judgeTime(ctx context.Context) error {
	latest := map[string]int64{}
	for _, table := range numbered {
		found, err := read(ctx, a.db, `select coalesce(max(id), 0) from `+table+` where book = $1`,
			func(v *int64) []any { return []any{v} }, a.book)
		if err != nil {
			return err
		}
		latest[table] = found[0]
		a.checks.bookTime.saw()
	}
	h, err := a.readHead(ctx)
	if err != nil {
		return err
	}
	end := (h.last-epoch)<<bookBits | a.book
	if h.last < a.head.last {
		a.checks.bookTime.fail("head: its last moment ran back from %d to %d", a.head.last, h.last)
	}
	lasts, err := read(ctx, a.db, "select "+nowText, func(v *int64) []any { return []any{v} })
	if err != nil {
		return err
	}
	for _, table := range numbered {
		until := end
		if table == "accounts" { // a wallet has its owner's number, which may be of the directory
			until = max(end, (lasts[0]-epoch)<<bookBits|(1<<bookBits-1))
		}
		if latest[table] > until {
			a.checks.bookTime.fail("%s: identifier %d is later than the head's last, %d", table, latest[table], until)
		}
	}
	if a.newest > end {
		a.checks.bookTime.fail("identifier %d is later than the head's last, %d", a.newest, end)
	}
	if a.newestTime > h.last {
		a.checks.bookTime.fail("something happened at %d, after the head's last moment, %d", a.newestTime, h.last)
	}
	return nil
}
