package wallet_test

import (
	"sync"
	"testing"

	"purse"
)

// countersText is what counts for each account: the hours that are over, and
// the last one, which stands in the account.
const countersText = `select account, cast(sum(minor) as bigint) from (
	select account, minor from spent where book = 1 union all select id, spent from accounts where book = 1) s
group by account`

// books is everything that a race must have left as it should, read at once.
type books struct {
	t        *testing.T
	payments map[purse.PaymentID]purse.Payment
	balance  map[int64]int64 // by account
	spent    map[int64]int64 // by account
	events   map[int64]int64 // by payment
	postings map[int64]int64 // by payment
	parties  map[int64]int64 // by payment, the sum of their kinds
}

func (n *network) books(t *testing.T, matches []match) books {
	t.Helper()
	b := books{
		t: t, payments: make(map[purse.PaymentID]purse.Payment, len(matches)),
		balance:  n.sums(t, "select id, credits_posted - debits_posted - debits_held from accounts where book = 1"),
		spent:    n.sums(t, countersText),
		events:   n.sums(t, "select subject, count(*) from events where kind like 'payment.%' group by subject"),
		postings: n.sums(t, "select cause, count(*) from postings where cause_kind = 'payment' group by cause"),
		parties:  n.sums(t, "select payment, cast(sum(kind) as bigint) from parties group by payment"),
	}
	var lock sync.Mutex
	inParallel(len(matches), func(i int) {
		p := n.stored(t, matches[i].payment.ID)
		lock.Lock()
		defer lock.Unlock()
		b.payments[p.ID] = p
	})
	return b
}

// same compares two numbers of a round.
func (b books) same(round int, what string, got, want int64) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("round %d: %s is %d, want %d", round, what, got, want)
	}
}

// cancelled checks that a charge of m has moved nothing.
func (b books) cancelled(round int, m match, money int64) {
	b.t.Helper()
	got := b.payments[m.payment.ID]
	want := m.payment
	want.Status, want.Completed, want.Version = purse.PaymentCancelled, got.Completed, 2
	if got != want || got.Completed < got.Created() || got.Completed >= got.Deadline {
		b.t.Errorf("round %d: %+v, want %+v", round, got, want)
	}
	b.same(round, "the asker's balance", b.balance[int64(m.actor.User)], 0)
	b.same(round, "the payer's balance", b.balance[int64(m.target.User)], money)
	b.same(round, "the week's counter", b.spent[int64(m.target.User)], 0)
	b.same(round, "the number of postings", b.postings[int64(got.ID)], 0)
	b.same(round, "the sum of the kinds of both parties", b.parties[int64(got.ID)], 18+19)
}

// approved checks that a charge of m was paid once, with its fee.
func (b books) approved(round int, m match, money, fee int64) {
	b.t.Helper()
	got := b.payments[m.payment.ID]
	want := m.payment
	want.Status, want.Completed, want.Version = purse.PaymentSettled, got.Completed, 2
	want.Fee, want.Transfer, want.Counted = fee, got.Transfer, got.Counted
	if got != want || got.Transfer == 0 || got.Counted == 0 || got.Completed < got.Created() {
		b.t.Errorf("round %d: %+v, want %+v", round, got, want)
	}
	b.same(round, "the asker's balance", b.balance[int64(m.actor.User)], got.Minor)
	b.same(round, "the payer's balance", b.balance[int64(m.target.User)], money-got.Minor-fee)
	b.same(round, "the week's counter", b.spent[int64(m.target.User)], got.Minor)
	b.same(round, "the number of postings", b.postings[int64(got.ID)], 4)
	b.same(round, "the sum of the kinds of both parties", b.parties[int64(got.ID)], 6+7)
}
