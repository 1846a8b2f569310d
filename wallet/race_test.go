package wallet_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/ledger"
	"purse/wallet"
)

// Races: whatever meets, exactly one effect is there in the end, and verify is
// content (see found).

// rounds is how often each race is run.
func rounds() int {
	if testing.Short() {
		return 100
	}
	return 1000
}

// racers is how many rounds are run at once: enough to fill batches.
const racers = 48

// inParallel runs n rounds, many at a time.
func inParallel(n int, round func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, racers) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				round(i)
			}
		})
	}
	group.Wait()
}

// race lets all contestants go at once, and another one first each round.
func race(round int, contestants ...func() error) []error {
	errs := make([]error, len(contestants))
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range contestants {
		i = (i + round) % len(contestants)
		group.Go(func() {
			<-start
			errs[i] = contestants[i]()
		})
	}
	close(start)
	group.Wait()
	return errs
}

// match is one round's payment and the two people that it is between.
type match struct {
	actor, target purse.Actor // no target of what was paid to an address
	payment       purse.Payment
	errs          []error // what the contestants were told
}

// charges makes rounds of charges, each of another pair of people.
func (n *network) charges(t *testing.T, rounds int, minor, money int64) []match {
	t.Helper()
	payees, payers := n.crowd(t, rounds, 0), n.crowd(t, rounds, money)
	matches := make([]match, rounds)
	inParallel(rounds, func(i int) {
		r, err := maker(n.Charge).make(t.Context(), payees[i], person(payers[i]), minor)
		if err != nil {
			t.Error(err)
		}
		matches[i] = match{actor: payees[i], target: payers[i], payment: r.Payment}
	})
	return matches
}

// won counts the rounds by who has won, and checks that nobody but one did, and
// that the others were told that the payment no longer waits.
func won(t *testing.T, matches []match) map[int]int {
	t.Helper()
	wins := map[int]int{}
	for i, m := range matches {
		winner := -1
		for who, err := range m.errs {
			switch {
			case err == nil && winner >= 0:
				t.Errorf("round %d: contestants %d and %d have both won", i, winner, who)
			case err == nil:
				winner = who
			default:
				refused(t, fmt.Sprintf("round %d: contestant %d", i, who), err, purse.CodeNotPending)
			}
		}
		wins[winner]++
	}
	t.Logf("winners: %v", wins)
	return wins
}

// everybodyWon checks that the race was one: each contestant wins sometimes.
func everybodyWon(t *testing.T, wins map[int]int, contestants int) {
	t.Helper()
	for who := range contestants {
		if wins[who] == 0 && !testing.Short() {
			t.Errorf("contestant %d has never won: %v", who, wins)
		}
	}
}

// The three sums of the races below: what is asked for, its fee, and what the
// payer has.
const (
	asked, fee, money = 500, 30, 1000
)

func (n *network) takeFees(t *testing.T) {
	t.Helper()
	n.terms(t, func(to *purse.Terms) { to.Fee = purse.Fee{Fixed: 10, Basis: 400} })
}

func TestApproveAgainstCancel(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) { approveAgainstCancel(t, n, n) })
}

func TestApproveAgainstCancelAtTwoServers(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, n *network) { approveAgainstCancel(t, n, n.serve(t)) })
}

func approveAgainstCancel(t *testing.T, a, b *network) {
	a.takeFees(t)
	matches := a.charges(t, rounds(), asked, money)
	inParallel(len(matches), func(i int) {
		m := &matches[i]
		m.errs = race(i, func() error {
			_, err := changer(a.Approve).change(t.Context(), m.target, m.payment.ID)
			return err
		}, func() error {
			_, err := changer(b.Cancel).change(t.Context(), m.actor, m.payment.ID)
			return err
		})
	})
	wins := won(t, matches)
	everybodyWon(t, wins, 2)
	books := a.books(t, matches)
	for i, m := range matches {
		if m.errs[0] == nil {
			books.approved(i, m, money, fee)
		} else {
			books.cancelled(i, m, money)
		}
		books.same(i, "the number of events", books.events[int64(m.payment.ID)], 2)
	}
	books.same(-1, "what fees have brought", books.balance[int64(purse.FeesAccount)], fee*int64(wins[0]))
}

func TestApproveTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.takeFees(t)
		matches := n.charges(t, rounds(), asked, 3*money) // enough for both
		inParallel(len(matches), func(i int) {
			m := &matches[i]
			approve := func() error {
				_, err := changer(n.Approve).change(t.Context(), m.target, m.payment.ID)
				return err
			}
			m.errs = race(i, approve, approve)
		})
		won(t, matches)
		books := n.books(t, matches)
		for i, m := range matches {
			books.approved(i, m, 3*money, fee)
			books.same(i, "the number of events", books.events[int64(m.payment.ID)], 2)
		}
		books.same(-1, "what fees have brought", books.balance[int64(purse.FeesAccount)], fee*int64(len(matches)))
	})
}

// Approving twice under one key is one approval with two equal answers.
func TestApproveTwiceWithOneKey(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.takeFees(t)
		matches := n.charges(t, rounds()/10, asked, 3*money)
		inParallel(len(matches), func(i int) {
			m := &matches[i]
			var drawn atomic.Int64
			var answers [2]purse.Answer
			approve := func(answer *purse.Answer) func() error {
				return func() (err error) {
					*answer, err = n.Approve(t.Context(), m.target, wallet.ChangeRequest{
						Payment: m.payment.ID,
						Once:    purse.Once{Principal: m.target.Principal(), Key: "k", Fingerprint: "f"},
						Encode: func(wallet.Receipt) purse.Answer {
							return purse.Answer{Status: 200, Body: fmt.Sprint(drawn.Add(1))}
						},
					})
					return err
				}
			}
			m.errs = race(i, approve(&answers[0]), approve(&answers[1]))
			if m.errs[0] != nil || m.errs[1] != nil || answers[0].Body != answers[1].Body || answers[0].Replayed == answers[1].Replayed {
				t.Errorf("round %d: %+v, %v", i, answers, m.errs)
			}
		})
		books := n.books(t, matches)
		for i, m := range matches {
			books.approved(i, m, 3*money, fee)
		}
	})
}

func TestCancelAgainstExpiry(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) { cancelAgainstExpiry(t, n, n) })
}

func TestCancelAgainstExpiryAtTwoServers(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, n *network) { cancelAgainstExpiry(t, n, n.serve(t)) })
}

// cancelAgainstExpiry lets the deadline of many payments come while they are
// being cancelled, and two sweeps come by meanwhile.
func cancelAgainstExpiry(t *testing.T, a, b *network) {
	const heat, life = 50, 10 * time.Minute
	a.takeFees(t)
	a.terms(t, func(to *purse.Terms) { to.EscrowLife = life })
	payers := a.crowd(t, rounds(), money)
	matches := make([]match, len(payers))
	for from := 0; from < len(matches); from += heat {
		inParallel(heat, func(i int) {
			m := &matches[from+i]
			r, err := maker(a.Pay).make(t.Context(), payers[from+i], mail(from+i), asked)
			if err != nil {
				t.Error(err)
			}
			m.actor, m.payment = payers[from+i], r.Payment
		})
		var sweeps []func() error
		for _, s := range []*network{a, b} {
			sweeps = append(sweeps, func() error { return s.ExpireOverdue(t.Context(), purse.MainBook) })
		}
		sweeps = append(sweeps, func() error {
			return a.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error { return f.AdvanceClock(life) }})
		})
		cancels := make([]func() error, heat)
		for i := range cancels {
			m := &matches[from+i]
			cancels[i] = func() error {
				_, err := changer(b.Cancel).change(t.Context(), m.actor, m.payment.ID)
				m.errs = []error{err}
				return nil
			}
		}
		// In the middle, so that some cancel before and some after it.
		contestants := slices.Concat(cancels[:heat/2], sweeps, cancels[heat/2:])
		for _, err := range race(from*7, contestants...) {
			if err != nil {
				t.Error(err)
			}
		}
		if err := a.ExpireOverdue(t.Context(), purse.MainBook); err != nil { // the sweeps may have come too early
			t.Fatal(err)
		}
	}
	everybodyWon(t, refunded(t, a, matches), 2)
}

// refunded checks that each payment to an address was either cancelled or has
// expired, and was given back once. It counts both.
func refunded(t *testing.T, n *network, matches []match) map[int]int {
	t.Helper()
	wins := map[int]int{}
	books := n.books(t, matches)
	for i, m := range matches {
		got := books.payments[m.payment.ID]
		want := m.payment
		want.Completed, want.Refund, want.Version, want.Counted = got.Completed, got.Refund, 2, 0
		if m.errs[0] == nil {
			wins[0]++
			want.Status = purse.PaymentCancelled
		} else {
			wins[1]++
			want.Status = purse.PaymentExpired
			refused(t, fmt.Sprintf("round %d", i), m.errs[0], purse.CodeNotPending)
		}
		if got != want || got.Refund <= got.Escrow || got.Escrow == 0 || got.Fee != fee || (got.Completed >= got.Deadline) != (m.errs[0] != nil) {
			t.Errorf("round %d: %+v, want %+v", i, got, want)
		}
		books.same(i, "the payer's balance", books.balance[int64(m.actor.User)], money)
		books.same(i, "the week's counter", books.spent[int64(m.actor.User)], 0)
		books.same(i, "the number of postings", books.postings[int64(got.ID)], 4)
		books.same(i, "the number of events", books.events[int64(got.ID)], 2)
	}
	books.same(-1, "what is in escrow", books.balance[int64(purse.EscrowAccount)], 0)
	books.same(-1, "what fees have brought", books.balance[int64(purse.FeesAccount)], 0)
	t.Logf("cancelled %d, expired %d", wins[0], wins[1])
	return wins
}

// One payer is asked by many at once for more than there is.
func TestBalanceAgainstManyApprovals(t *testing.T) {
	const each, fit = 4, 2 // charges of a payer, and how many of them the balance pays for
	onBoth(t, func(t *testing.T, n *network) {
		n.takeFees(t)
		const has = fit*(asked+fee) + asked + fee - 1 // a cent less than for one more
		payers, payees := n.crowd(t, rounds(), has), n.crowd(t, each, 0)
		matches := make([]match, len(payers)*each)
		inParallel(len(matches), func(i int) {
			m := &matches[i]
			m.actor, m.target = payees[i%each], payers[i/each]
			r, err := maker(n.Charge).make(t.Context(), m.actor, person(m.target), asked)
			if err != nil {
				t.Error(err)
			}
			m.payment = r.Payment
		})
		inParallel(len(payers), func(i int) {
			contestants := make([]func() error, each)
			for j := range contestants {
				m := &matches[i*each+j]
				contestants[j] = func() error {
					_, err := changer(n.Approve).change(t.Context(), m.target, m.payment.ID)
					m.errs = []error{err}
					return nil
				}
			}
			race(i, contestants...)
		})
		books := n.books(t, matches)
		earned := map[purse.UserID]int64{}
		for i := range payers {
			settled := 0
			for _, m := range matches[i*each : (i+1)*each] {
				got, want := books.payments[m.payment.ID], m.payment
				id := int64(got.ID)
				if m.errs[0] == nil {
					settled++
					earned[m.actor.User] += asked
					want.Status, want.Fee, want.Version = purse.PaymentSettled, fee, 2
					want.Completed, want.Transfer, want.Counted = got.Completed, got.Transfer, got.Counted
					books.same(i, "the number of postings", books.postings[id], 4)
				} else {
					refused(t, fmt.Sprintf("round %d", i), m.errs[0], purse.CodeFunds)
					books.same(i, "the number of postings", books.postings[id], 0)
				}
				if got != want {
					t.Errorf("round %d: %+v, want %+v", i, got, want)
				}
				books.same(i, "the number of events", books.events[id], got.Version)
			}
			books.same(i, "the number of settled charges", int64(settled), fit)
			books.same(i, "the payer's balance", books.balance[int64(payers[i].User)], has-fit*(asked+fee))
			books.same(i, "the week's counter", books.spent[int64(payers[i].User)], fit*asked)
		}
		for _, payee := range payees {
			books.same(-1, "a payee's balance", books.balance[int64(payee.User)], earned[payee.User])
		}
		books.same(-1, "what fees have brought", books.balance[int64(purse.FeesAccount)], fee*fit*int64(len(payers)))
	})
}

// Many approvals of one payer count against one weekly limit.
func TestWeeklyLimitAgainstManyApprovals(t *testing.T) {
	const each, fit = 4, 2
	onBoth(t, func(t *testing.T, n *network) {
		limits := purse.Limits{PaymentMinor: asked, WeekMinor: fit*asked + asked - 1}
		if _, err := n.SetLimits(t.Context(), purse.MainBook, "test", limits); err != nil {
			t.Fatal(err)
		}
		payers, payee := n.crowd(t, rounds()/10, each*asked), n.crowd(t, 1, 0)[0]
		inParallel(len(payers), func(i int) {
			contestants := make([]func() error, each)
			for j := range contestants {
				r, err := maker(n.Charge).make(t.Context(), payee, person(payers[i]), asked)
				if err != nil {
					t.Error(err)
				}
				contestants[j] = func() error {
					_, err := changer(n.Approve).change(t.Context(), payers[i], r.Payment.ID)
					return err
				}
			}
			told := map[purse.Code]int{}
			for _, err := range race(i, contestants...) {
				if err == nil {
					told["ok"]++
				} else {
					told[purse.CodeOf(err)]++
				}
			}
			if !maps.Equal(told, map[purse.Code]int{"ok": fit, purse.CodeLimit: each - fit}) {
				t.Errorf("round %d: %v", i, told)
			}
		})
		for i, payer := range payers {
			n.has(t, fmt.Sprintf("round %d", i), purse.WalletOf(payer.User), (each-fit)*asked)
		}
		n.has(t, "payee", ledger.AccountID(payee.User), int64(len(payers))*fit*asked)
	})
}

// Several sweeps at once do what one does.
func TestSweepsAtTwoServers(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, a *network) {
		b := a.serve(t)
		a.takeFees(t)
		a.terms(t, func(to *purse.Terms) { to.EscrowLife = time.Hour })
		payers := a.crowd(t, rounds()/4, money)
		matches := make([]match, len(payers))
		inParallel(len(payers), func(i int) {
			r, err := maker(a.Pay).make(t.Context(), payers[i], mail(i), asked)
			if err != nil {
				t.Error(err)
			}
			matches[i] = match{actor: payers[i], payment: r.Payment, errs: []error{purse.Refuse(purse.CodeNotPending, "")}}
		})
		a.advance(t, time.Hour)
		sweep := func(s *network) func() error {
			return func() error { return s.ExpireOverdue(context.Background(), purse.MainBook) }
		}
		for _, err := range race(0, sweep(a), sweep(b), sweep(a), sweep(b)) {
			if err != nil {
				t.Error(err)
			}
		}
		refunded(t, a, matches)
	})
}
