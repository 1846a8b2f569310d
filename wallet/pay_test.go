package wallet_test

import (
	"math"
	"testing"
	"time"

	"purse"
	"purse/wallet"
)

// The fee comes on top, is the payer's, and is there where money moves: when a
// payment is made, or a charge approved.
func TestFees(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		brought := int64(0) // to the network
		for _, tc := range []struct {
			name  string
			fee   purse.Fee
			minor int64
			want  int64
		}{
			{"none", purse.Fee{}, 500, 0},
			{"fixed", purse.Fee{Fixed: 25}, 500, 25},
			{"percent", purse.Fee{Basis: 290}, 1000, 29},
			{"both", purse.Fee{Fixed: 30, Basis: 290}, 1000, 59},
			{"half a cent is one", purse.Fee{Basis: 100}, 50, 1},
			{"less than half a cent is none", purse.Fee{Basis: 100}, 49, 0},
			{"all of it", purse.Fee{Basis: 10_000}, 777, 777},
		} {
			n.terms(t, func(to *purse.Terms) { to.Fee = tc.fee })
			people := n.crowd(t, 4, tc.minor+tc.want) // exactly enough
			payer, payee, asker, asked := people[0], people[1], people[2], people[3]

			p := made(t, n.Pay, payer, person(payee), tc.minor)
			brought += tc.want
			if p.Fee != tc.want || p.Status != purse.PaymentSettled || p.Deadline != 0 || p.Completed != p.Created() || p != n.stored(t, p.ID) {
				t.Errorf("%s: %+v", tc.name, p)
			}
			n.has(t, tc.name+", payer", purse.WalletOf(payer.User), 0)
			n.has(t, tc.name+", payee", purse.WalletOf(payee.User), 2*tc.minor+tc.want)

			c := made(t, n.Charge, asker, person(asked), tc.minor)
			if c.Fee != 0 || c.Status != purse.PaymentPending || c.Transfer != 0 || c.Counted != 0 || c != n.stored(t, c.ID) {
				t.Errorf("%s: %+v", tc.name, c)
			}
			n.has(t, tc.name+", fees before the approval", purse.FeesAccount, brought)
			a := changed(t, n.Approve, asked, c.ID)
			brought += tc.want
			if a.Fee != tc.want || a.Status != purse.PaymentSettled || a.Deadline != c.Deadline || a != n.stored(t, c.ID) {
				t.Errorf("%s: %+v", tc.name, a)
			}
			n.has(t, tc.name+", who approved", purse.WalletOf(asked.User), 0)
			n.has(t, tc.name+", who asked", purse.WalletOf(asker.User), 2*tc.minor+tc.want)
			n.has(t, tc.name+", fees", purse.FeesAccount, brought)
		}
	})
}

// A charge costs what the terms say when it is approved.
func TestFeeOfTheMomentOfTheApproval(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		people := n.crowd(t, 2, 1000)
		c := made(t, n.Charge, people[0], person(people[1]), 100)
		n.terms(t, func(to *purse.Terms) { to.Fee.Fixed = 7 })
		if a := changed(t, n.Approve, people[1], c.ID); a.Fee != 7 {
			t.Errorf("%+v", a)
		}
		n.has(t, "payer", purse.WalletOf(people[1].User), 893)
	})
}

// What pays for the payment and not for its fee does not pay.
func TestNotEnoughForTheFee(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		for name, tc := range map[string]struct {
			fee  purse.Fee
			want purse.Code
		}{
			"a cent too little": {purse.Fee{Fixed: 1}, purse.CodeFunds},
			"huge":              {purse.Fee{Fixed: 1_000_000_000_000, Basis: 10_000}, purse.CodeFunds},
		} {
			n.terms(t, func(to *purse.Terms) { to.Fee = purse.Fee{} })
			people := n.crowd(t, 2, 500)
			c := made(t, n.Charge, people[1], person(people[0]), 500)
			n.terms(t, func(to *purse.Terms) { to.Fee = tc.fee })
			_, err := maker(n.Pay).make(t.Context(), people[0], person(people[1]), 500)
			refused(t, name+", pay", err, tc.want)
			_, err = maker(n.Pay).make(t.Context(), people[0], email("nobody@example.org"), 500)
			refused(t, name+", pay into escrow", err, tc.want)
			_, err = changer(n.Approve).change(t.Context(), people[0], c.ID)
			refused(t, name+", approve", err, tc.want)
			if p := n.stored(t, c.ID); p != c {
				t.Errorf("%s: a charge that could not be paid is now %+v", name, p)
			}
			n.has(t, name, purse.WalletOf(people[0].User), 500)
			n.spent(t, name, people[0], 0)
		}
		n.has(t, "fees", purse.FeesAccount, 0)
		n.has(t, "escrow", purse.EscrowAccount, 0)
		if rows := n.rows(t, "introductions"); rows != 0 {
			t.Errorf("refused payments have left %d introductions", rows)
		}
	})
}

// What is no amount is refused as one, not by the database.
func TestAmountsThatAreNone(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.terms(t, func(to *purse.Terms) { to.Fee.Fixed = 100 })
		people := n.crowd(t, 2, 1000)
		for _, minor := range []int64{0, -1, -99, math.MinInt64} {
			for name, do := range map[string]maker{"pay": n.Pay, "charge": n.Charge} {
				_, err := do.make(t.Context(), people[0], person(people[1]), minor)
				refused(t, name, err, purse.CodeAmount)
				_, err = do.make(t.Context(), people[0], email("nobody@example.org"), minor)
				refused(t, name+" an address", err, purse.CodeAmount)
			}
		}
		n.has(t, "payer", purse.WalletOf(people[0].User), 1000)
		if rows := n.rows(t, "payments"); rows != 0 {
			t.Errorf("%d payments were made", rows)
		}
	})
}

// Escrow holds the payment with its fee, and gives both back, whatever the terms
// are by then.
func TestEscrowGivesBackWhatItHolds(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		for name, end := range map[string]func(purse.Actor, purse.PaymentID) purse.PaymentStatus{
			"cancelled": func(a purse.Actor, id purse.PaymentID) purse.PaymentStatus {
				changed(t, n.Cancel, a, id)
				return purse.PaymentCancelled
			},
			"expired": func(_ purse.Actor, _ purse.PaymentID) purse.PaymentStatus {
				n.advance(t, time.Hour)
				if err := n.ExpireOverdue(t.Context(), purse.MainBook); err != nil {
					t.Fatal(err)
				}
				return purse.PaymentExpired
			},
			"failed": func(_ purse.Actor, id purse.PaymentID) purse.PaymentStatus {
				if err := n.Fail(t.Context(), purse.MainBook, "op", id, "it bounced"); err != nil {
					t.Fatal(err)
				}
				return purse.PaymentFailed
			},
		} {
			n.terms(t, func(to *purse.Terms) { to.Fee, to.EscrowLife = purse.Fee{Fixed: 30, Basis: 290}, time.Hour })
			payer := n.crowd(t, 1, 1059)[0]
			p := made(t, n.Pay, payer, email(name+"@example.org"), 1000)
			if p.Status != purse.PaymentPending || p.Fee != 59 || p.Escrow == 0 || p.Target != 0 || p.Transfer != 0 || p.Completed != 0 ||
				p.Address != email(name+"@example.org").Address || p != n.stored(t, p.ID) {
				t.Errorf("%s: %+v", name, p)
			}
			n.has(t, name+", payer", purse.WalletOf(payer.User), 0)
			n.has(t, name+", escrow", purse.EscrowAccount, 1059)
			n.terms(t, func(to *purse.Terms) { to.Fee = purse.Fee{Fixed: 1} })
			status := end(payer, p.ID)
			got := n.stored(t, p.ID)
			if got.Status != status || got.Refund <= got.Escrow || got.Fee != 59 || got.Counted != 0 || got.Completed == 0 || got.Transfer != 0 || got.Version != 2 {
				t.Errorf("%s: %+v", name, got)
			}
			n.has(t, name+", payer again", purse.WalletOf(payer.User), 1059)
			n.has(t, name+", escrow", purse.EscrowAccount, 0)
			n.has(t, name+", fees", purse.FeesAccount, 0)
		}
	})
}

func TestFrozenWallets(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		people := n.crowd(t, 2, 1000)
		frozen, other := people[0], people[1]
		toFrozen := made(t, n.Charge, other, person(frozen), 100)
		escrowed := made(t, n.Pay, frozen, mail(0), 100)
		second := made(t, n.Charge, other, person(frozen), 100)
		freeze := func(yes bool) {
			if err := n.Freeze(t.Context(), purse.MainBook, "op", frozen.User, yes, "why"); err != nil {
				t.Fatal(err)
			}
		}
		freeze(true)
		_, err := maker(n.Pay).make(t.Context(), frozen, person(other), 100)
		refused(t, "a frozen payer", err, purse.CodeFrozen)
		_, err = maker(n.Pay).make(t.Context(), frozen, mail(1), 100)
		refused(t, "a frozen payer to an address", err, purse.CodeFrozen)
		_, err = changer(n.Approve).change(t.Context(), frozen, toFrozen.ID)
		refused(t, "a frozen approver", err, purse.CodeFrozen)
		if p := n.stored(t, toFrozen.ID); p != toFrozen {
			t.Errorf("the charge is now %+v", p)
		}
		// What takes nothing out goes on.
		changed(t, n.Deny, frozen, second.ID)
		changed(t, n.Cancel, frozen, escrowed.ID)
		n.has(t, "frozen, refunded", purse.WalletOf(frozen.User), 1000)
		made(t, n.Pay, other, person(frozen), 50)
		asked := made(t, n.Charge, frozen, person(other), 70)
		changed(t, n.Approve, other, asked.ID)
		n.has(t, "frozen, paid", purse.WalletOf(frozen.User), 1120)
		freeze(false)
		changed(t, n.Approve, frozen, toFrozen.ID)
		n.has(t, "thawed", purse.WalletOf(frozen.User), 1020)
	})
}

func TestWeeklyLimit(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		limits := purse.Limits{PaymentMinor: 1000, WeekMinor: 1000}
		if _, err := n.SetLimits(t.Context(), purse.MainBook, "op", limits); err != nil {
			t.Fatal(err)
		}
		n.terms(t, func(to *purse.Terms) { to.Fee.Fixed, to.EscrowLife = 300, 30*24*time.Hour })
		people := n.crowd(t, 2, 100_000)
		payer, payee := people[0], people[1]
		charge := made(t, n.Charge, payee, person(payer), 400)
		n.spent(t, "who charges", payee, 0)
		n.spent(t, "who was charged", payer, 0)
		made(t, n.Pay, payer, person(payee), 100)
		escrowed := made(t, n.Pay, payer, mail(0), 450)
		changed(t, n.Approve, payer, charge.ID)
		n.spent(t, "without fees", payer, 950)
		n.spent(t, "who was paid", payee, 0)

		late := made(t, n.Charge, payee, person(payer), 51)
		_, err := changer(n.Approve).change(t.Context(), payer, late.ID)
		refused(t, "an approval over the limit", err, purse.CodeLimit)
		_, err = maker(n.Pay).make(t.Context(), payer, mail(1), 51)
		refused(t, "into escrow over the limit", err, purse.CodeLimit)
		_, err = maker(n.Charge).make(t.Context(), payee, person(payer), 1001)
		refused(t, "a charge over the limit of one payment", err, purse.CodeLimit)

		// A refund inside the window makes room again.
		if p := changed(t, n.Cancel, payer, escrowed.ID); p.Counted != 0 {
			t.Errorf("%+v still counts", p)
		}
		n.spent(t, "after the refund", payer, 500)
		changed(t, n.Approve, payer, late.ID)
		n.spent(t, "after the approval", payer, 551)
	})
}

// A refund within 168 hours takes the payment off its hour; later the hour stays
// as it was.
func TestRefundAndTheWeek(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.terms(t, func(to *purse.Terms) { to.EscrowLife = 30 * 24 * time.Hour })
		payer := n.crowd(t, 1, 1000)[0]
		early, late := made(t, n.Pay, payer, mail(0), 100), made(t, n.Pay, payer, mail(1), 10)
		n.toHour(t, early.Counted+167)
		n.spent(t, "in the last hour", payer, 110)
		if p := changed(t, n.Cancel, payer, early.ID); p.Counted != 0 {
			t.Errorf("%+v still counts", p)
		}
		n.spent(t, "after a refund in the last hour", payer, 10)
		n.toHour(t, late.Counted+168)
		n.spent(t, "a week later", payer, 0)
		if p := changed(t, n.Cancel, payer, late.ID); p.Counted != late.Counted {
			t.Errorf("%+v, was counted in hour %d", p, late.Counted)
		}
		account := purse.WalletOf(payer.User)
		spent := n.sums(t, countersText)
		if spent[int64(account)] != 10 {
			t.Errorf("the counters hold %d, want what was given back too late", spent[int64(account)])
		}
		n.has(t, "payer", account, 1000)
	})
}

// toHour moves the book's clock into an hour, a minute past its beginning.
func (n *network) toHour(t *testing.T, hour int64) {
	t.Helper()
	n.do(t, purse.Needs{}, func(f *purse.Facts) error {
		at := purse.TimeOf(time.Unix(hour*3600+60, 0))
		return f.AdvanceClock(time.Duration(at-f.Now) * time.Microsecond)
	})
}

func TestWhomNobodyCanPay(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 1, 1000)[0]
		own := email("own@example.org")
		n.own(t, own, p)
		for name, do := range map[string]maker{"pay": n.Pay, "charge": n.Charge} {
			_, err := do.make(t.Context(), p, person(p), 100)
			refused(t, name+" oneself", err, purse.CodeSelf)
			_, err = do.make(t.Context(), p, own, 100)
			refused(t, name+" one's own address", err, purse.CodeSelf)
			for _, id := range []purse.UserID{1, 2, 3, 5} {
				_, err = do.make(t.Context(), p, wallet.Target{User: id}, 100)
				refused(t, name+" nobody", err, purse.CodeTarget)
			}
		}
	})
}
