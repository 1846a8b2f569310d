package audit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
)

// account is an account's row beside the totals of its last posting.
type account struct {
	id                  int64
	kind, currency      string
	mayOverdraw, frozen int64
	totals              totals
	number              int64
	last                string // number and totals of the last posting

	// What it has paid out in the hour in which it paid last, what the row says
	// that it had before, and what the rows of spent say.
	spentHour, spent, spentBefore, spentRows int64
}

// totals are the four totals of an account.
type totals struct{ debitsPosted, debitsHeld, creditsPosted, creditsHeld int64 }

func (t totals) spendable() int64 { return t.creditsPosted - t.debitsPosted - t.debitsHeld }

// The row and its last posting are read by one statement: both are as of one
// moment, however busy the account is. The posting comes as one text because
// that takes one look-up, in words that both databases know.
const accountsText = `select a.id, a.kind, a.currency, a.may_overdraw, a.frozen,
	a.debits_posted, a.debits_held, a.credits_posted, a.credits_held, a.number,
	coalesce((select p.number || ' ' || p.debits_posted || ' ' || p.debits_held || ' ' || p.credits_posted || ' ' || p.credits_held
		from postings p where p.book = a.book and p.account = a.id order by p.number desc limit 1), '0 0 0 0 0'),
	a.spent_hour, a.spent, a.spent_before,
	coalesce((select cast(sum(s.minor) as bigint) from spent s
		where s.book = a.book and s.account = a.id and s.hour >= a.spent_hour - 167), 0)
from accounts a where a.book = $1 and a.id > $2 order by a.id limit $3`

// closed is what frozen says of an account whose owner has left: nothing comes in
// and nothing goes out.
const closed = 2

// systemKinds are the accounts of the book itself; all others are wallets and the
// balances of merchants.
var systemKinds = map[int64]string{treasury: "treasury", fees: "fees", escrow: "escrow"}

func (a *auditor) walkAccounts(ctx context.Context) error {
	system := map[int64]bool{}
	err := walk(ctx, a, accountsText, account{id: math.MinInt64},
		func(r *account) []any {
			return []any{&r.id, &r.kind, &r.currency, &r.mayOverdraw, &r.frozen,
				&r.totals.debitsPosted, &r.totals.debitsHeld, &r.totals.creditsPosted, &r.totals.creditsHeld, &r.number, &r.last,
				&r.spentHour, &r.spent, &r.spentBefore, &r.spentRows}
		},
		func(r *account) []any { return []any{a.book, r.id} },
		func(rows []account) error {
			for i := range rows {
				a.judgeAccount(&rows[i])
				if systemKinds[rows[i].id] != "" {
					system[rows[i].id] = true
				}
			}
			return nil
		})
	for _, id := range slices.Sorted(maps.Keys(systemKinds)) {
		if err == nil && !system[id] {
			a.checks.states.fail("account %d: the account of %s is not there", id, systemKinds[id])
		}
	}
	return err
}

func (a *auditor) judgeAccount(r *account) {
	c := &a.checks
	c.totals.saw()
	t := r.totals
	if says := fmt.Sprint(r.number, t.debitsPosted, t.debitsHeld, t.creditsPosted, t.creditsHeld); says != r.last {
		c.totals.fail("account %d: its row says %s, its last posting %s (number and totals)", r.id, says, r.last)
	}

	c.states.saw()
	if want := cmp.Or(systemKinds[r.id], "wallet"); r.kind != want && (want != "wallet" || r.kind != "merchant") {
		c.states.fail("account %d: kind %q, not %s", r.id, r.kind, want)
	}
	if r.id <= 0 || r.id >= systemBelow {
		a.fromEither(c.states, "account", r.id)
	}
	if r.currency != a.head.currency {
		c.states.fail("account %d: currency %q in a book of %s", r.id, r.currency, a.head.currency)
	}
	if r.frozen < 0 || r.frozen > closed || r.frozen == closed && systemKinds[r.id] != "" {
		c.states.fail("account %d: frozen is %d", r.id, r.frozen)
	}
	if r.frozen == closed && (t.creditsPosted != t.debitsPosted || t.debitsHeld != 0 || t.creditsHeld != 0) {
		c.states.fail("account %d: closed, with a balance of %d, %d held and %d to come", r.id, t.creditsPosted-t.debitsPosted, t.debitsHeld, t.creditsHeld)
	}
	if min(t.debitsPosted, t.debitsHeld, t.creditsPosted, t.creditsHeld) < 0 {
		c.states.fail("account %d: a total is below zero", r.id)
	}

	c.spent.saw()
	if r.spentHour < 0 || r.spent < 0 || r.spentBefore != r.spentRows {
		c.spent.fail("account %d: in hour %d it has paid out %d and before %d, the rows of a week say %d",
			r.id, r.spentHour, r.spent, r.spentBefore, r.spentRows)
	}

	c.overdraft.saw()
	if r.kind == "treasury" != (r.mayOverdraw == 1) {
		c.overdraft.fail("account %d: a %s with may_overdraw %d", r.id, r.kind, r.mayOverdraw)
	}
	if r.kind != "treasury" && t.spendable() < 0 {
		c.overdraft.fail("account %d: spendable is %d", r.id, t.spendable())
	}

	if r.kind == "wallet" && r.id <= a.upTo {
		c.orphans.saw()
		a.pairings.wallets.addLeft(record{r.id})
	}
	if r.kind == "merchant" && r.id <= a.upTo {
		c.orphans.saw()
		a.pairings.balances.addLeft(record{r.id})
	}
}

// owner is what the walk over postings must know of an account; it never changes.
type owner struct {
	id             int64
	kind, currency string
}

// owners follows the accounts in the order in which postings come.
type owners struct {
	a    *auditor
	rows []owner
	done bool
}

// find returns an account; ok is false if there is none. It is asked for
// accounts in ascending order.
func (o *owners) find(ctx context.Context, id int64) (found owner, ok bool, err error) {
	for {
		at, there := slices.BinarySearchFunc(o.rows, id, func(r owner, id int64) int {
			switch {
			case r.id < id:
				return -1
			case r.id > id:
				return 1
			}
			return 0
		})
		if there {
			return o.rows[at], true, nil
		}
		if at < len(o.rows) || o.done {
			return owner{}, false, nil
		}
		o.rows, err = read(ctx, o.a.db, `select id, kind, currency from accounts
where book = $1 and id >= $2 order by id limit $3`,
			func(r *owner) []any { return []any{&r.id, &r.kind, &r.currency} }, o.a.book, id, o.a.chunk)
		if err != nil {
			return owner{}, false, err
		}
		// What is asked for next lies behind this chunk or in it.
		o.done = len(o.rows) < o.a.chunk
	}
}
