package wallet_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"purse"
	"purse/wallet"
)

// claim has what waits for an address claimed.
func (n *network) claim(t *testing.T, a wallet.Target) {
	t.Helper()
	if err := n.Claim(t.Context(), purse.MainBook, a.Address); err != nil {
		t.Fatal(err)
	}
}

// What was paid to an address is its owner's; what they have made themselves goes
// back, and a charge waits for their answer.
func TestClaim(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.takeFees(t)
		p := n.crowd(t, 3, money)
		ann, ben, owner := p[0], p[1], p[2]
		home := email("home@example.org")
		paid := []purse.Payment{made(t, n.Pay, ann, home, asked), made(t, n.Pay, ben, home, asked)}
		charge := made(t, n.Charge, ben, home, asked)
		own, ownCharge := made(t, n.Pay, owner, home, asked), made(t, n.Charge, owner, home, asked)
		elsewhere := made(t, n.Pay, ann, mail(0), 10)
		n.claim(t, home) // nobody's
		if got := n.stored(t, paid[0].ID); got != paid[0] {
			t.Errorf("nobody's: %+v", got)
		}
		n.own(t, home, owner)
		n.freeze(t, owner)
		n.terms(t, func(to *purse.Terms) { to.Fee = purse.Fee{} }) // what is paid is the fee of then
		n.claim(t, home)

		for i, before := range paid {
			got, want := n.stored(t, before.ID), before
			want.Target, want.Status, want.Version = owner.User, purse.PaymentSettled, 2
			want.Completed, want.Transfer = got.Completed, got.Transfer
			if got != want || got.Fee != fee || got.Transfer <= got.Escrow || got.Completed == 0 {
				t.Errorf("payment %d: %+v, want %+v", i, got, want)
			}
		}
		got, want := n.stored(t, charge.ID), charge
		if want.Target, want.Version = owner.User, 2; got != want {
			t.Errorf("the charge: %+v, want %+v", got, want)
		}
		for _, before := range []purse.Payment{own, ownCharge} {
			got := n.stored(t, before.ID)
			if got.Status != purse.PaymentCancelled || got.Target != 0 || (got.Refund != 0) != (before.Escrow != 0) || got.Version != 2 {
				t.Errorf("the owner's own: %+v", got)
			}
		}
		if got := n.stored(t, elsewhere.ID); got != elsewhere {
			t.Errorf("to another address: %+v", got)
		}
		n.has(t, "owner", purse.WalletOf(owner.User), money+2*asked)
		n.has(t, "fees", purse.FeesAccount, 2*fee)
		n.has(t, "escrow", purse.EscrowAccount, 10+elsewhere.Fee)
		n.spent(t, "what was paid still counts", ben, asked)
		n.spent(t, "what was given back does not", owner, 0)
		if o, err := n.AddressOwner(t.Context(), home.Address); err != nil || o.Claimed == 0 || o.Owner != owner.User {
			t.Errorf("%+v, %v", o, err)
		}
		for _, id := range []purse.PaymentID{paid[0].ID, charge.ID, own.ID} {
			if events := n.rows(t, fmt.Sprintf("events where subject = %d", id)); events != 2 {
				t.Errorf("%d events", events)
			}
		}
		if rows := n.rows(t, fmt.Sprintf("parties where person = %d", owner.User)); rows != 5 {
			t.Errorf("the owner is party to %d payments", rows)
		}
		n.unfreeze(t, owner)
		if p := changed(t, n.Approve, owner, charge.ID); p.Status != purse.PaymentSettled || p.Version != 3 {
			t.Errorf("approved: %+v", p)
		}
		before := n.rows(t, "batches")
		n.claim(t, home)
		if n.rows(t, "batches") != before {
			t.Error("what was claimed is claimed again")
		}
	})
}

func (n *network) freeze(t *testing.T, who purse.Actor)   { n.setFrozen(t, who, true) }
func (n *network) unfreeze(t *testing.T, who purse.Actor) { n.setFrozen(t, who, false) }

func (n *network) setFrozen(t *testing.T, who purse.Actor, frozen bool) {
	t.Helper()
	if err := n.Freeze(t.Context(), purse.MainBook, "test", who.User, frozen, ""); err != nil {
		t.Fatal(err)
	}
}

// Nothing is claimed between two of whom one has blocked the other, nor what is
// overdue although no sweep has come by.
func TestWhatIsNotClaimed(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.takeFees(t)
		n.terms(t, func(to *purse.Terms) { to.EscrowLife, to.ChargeLife = time.Hour, time.Hour })
		p := n.crowd(t, 5, money)
		owner := p[4]
		home := email("home@example.org")
		late := []purse.Payment{made(t, n.Pay, p[0], home, asked), made(t, n.Charge, p[0], home, asked)}
		n.advance(t, time.Hour)
		var blocked []purse.Payment
		for _, actor := range p[1:3] {
			blocked = append(blocked, made(t, n.Pay, actor, home, asked), made(t, n.Charge, actor, home, asked))
		}
		wary := made(t, n.Pay, p[3], home, asked) // has blocked others
		n.block(t, owner, p[1])
		n.block(t, p[2], owner)
		n.block(t, p[3], p[0])
		n.own(t, home, owner)
		n.claim(t, home)
		for status, payments := range map[purse.PaymentStatus][]purse.Payment{
			purse.PaymentExpired: late, purse.PaymentFailed: blocked, purse.PaymentSettled: {wary},
		} {
			for _, before := range payments {
				got := n.stored(t, before.ID)
				if got.Status != status || (got.Refund != 0) != (got.Escrow != 0 && status != purse.PaymentSettled) {
					t.Errorf("%+v, want %s", got, status)
				}
			}
		}
		for _, actor := range p[:3] {
			n.has(t, "who got it back", purse.WalletOf(actor.User), money)
			n.spent(t, "who got it back", actor, 0)
		}
		n.has(t, "owner", purse.WalletOf(owner.User), money+asked)
	})
}

// block lets one person block another.
func (n *network) block(t *testing.T, who, whom purse.Actor) {
	t.Helper()
	err := n.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Users: []purse.UserID{who.User, whom.User}},
		Decide: func(f *purse.Facts) error {
			for _, a := range []purse.Actor{who, whom} {
				u, err := f.User(a.User)
				if err != nil {
					return err
				}
				u.Wary = true
				f.Put(u)
			}
			f.Put(purse.Tie{TieKey: purse.TieKey{Person: who.User, Other: whom.User}, State: purse.TieNone, Blocked: true, Since: f.Now})
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// More than one command's worth of payments is claimed, also by the sweep.
func TestClaimMany(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		const each = purse.PendingToMax + 20
		payers, owners := n.crowd(t, 40, money), n.crowd(t, 3, 0)
		inParallel(3*each, func(i int) {
			if _, err := maker(n.Pay).make(t.Context(), payers[i%len(payers)], mail(i%3), 1); err != nil {
				t.Error(err)
			}
		})
		n.has(t, "escrow", purse.EscrowAccount, 3*each)
		for i, owner := range owners {
			n.own(t, mail(i), owner)
		}
		n.claim(t, mail(0))
		n.has(t, "by itself", purse.WalletOf(owners[0].User), each)
		if err := n.ClaimOwed(t.Context(), purse.MainBook); err != nil {
			t.Fatal(err)
		}
		for _, owner := range owners[1:] {
			n.has(t, "by the sweep", purse.WalletOf(owner.User), each)
		}
		if owed, err := n.Unclaimed(t.Context(), 10); err != nil || len(owed) != 0 {
			t.Errorf("%+v, %v", owed, err)
		}
	})
}

// An address that cannot be claimed does not stop the others.
func TestSweepGoesOnAfterAClaimThatFails(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 2, money)
		nobody := purse.Actor{User: 5} // owns the address of number 2
		for i := range 5 {
			made(t, n.Pay, p[0], mail(i), 10)
			n.own(t, mail(i), []purse.Actor{p[1], nobody}[i%3/2])
		}
		if err := n.ClaimOwed(t.Context(), purse.MainBook); purse.CodeOf(err) != purse.CodeNotFound {
			t.Errorf("%v", err)
		}
		n.has(t, "the others", purse.WalletOf(p[1].User), money+40)
		n.do(t, purse.Needs{Addresses: []purse.Address{mail(2).Address}}, func(f *purse.Facts) error {
			f.Remove(purse.Contact{ContactKey: purse.ContactKey{Person: nobody.User, Address: mail(2).Address}})
			owns(f, mail(2), p[1])
			return nil
		})
		if err := n.ClaimOwed(t.Context(), purse.MainBook); err != nil {
			t.Error(err)
		}
		n.has(t, "all", purse.WalletOf(p[1].User), money+50)
	})
}

// Whoever cancels while the owner claims: one of them has the money.
func TestClaimAgainstCancel(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.takeFees(t)
		payers, owners := n.crowd(t, rounds(), money), n.crowd(t, rounds(), 0)
		matches := make([]match, rounds())
		inParallel(rounds(), func(i int) {
			r, err := maker(n.Pay).make(t.Context(), payers[i], mail(i), asked)
			if err != nil {
				t.Error(err)
			}
			matches[i] = match{actor: payers[i], target: owners[i], payment: r.Payment}
		})
		n.ownAll(t, owners)
		inParallel(rounds(), func(i int) {
			m := &matches[i]
			m.errs = race(i, func() error {
				return n.Claim(context.Background(), purse.MainBook, mail(i).Address)
			}, func() error {
				_, err := changer(n.Cancel).change(t.Context(), m.actor, m.payment.ID)
				return err
			}, func() error { return n.Claim(context.Background(), purse.MainBook, mail(i).Address) })
		})
		cancelled := 0
		books := n.books(t, matches)
		for i, m := range matches {
			if m.errs[0] != nil || m.errs[2] != nil {
				t.Errorf("round %d: %v", i, m.errs)
			}
			status, owners, payers := purse.PaymentSettled, int64(asked), int64(money-asked-fee)
			if m.errs[1] == nil {
				cancelled++
				status, owners, payers = purse.PaymentCancelled, 0, money
			} else {
				refused(t, fmt.Sprintf("round %d", i), m.errs[1], purse.CodeNotPending)
			}
			if got := books.payments[m.payment.ID]; got.Status != status {
				t.Errorf("round %d: %+v, want %s", i, got, status)
			}
			books.same(i, "the owner's balance", books.balance[int64(m.target.User)], owners)
			books.same(i, "the payer's balance", books.balance[int64(m.actor.User)], payers)
			books.same(i, "the number of events", books.events[int64(m.payment.ID)], 2)
		}
		books.same(-1, "what is in escrow", books.balance[int64(purse.EscrowAccount)], 0)
		t.Logf("%d of %d were cancelled", cancelled, len(matches))
	})
}

// ownAll gives the address of each number to somebody.
func (n *network) ownAll(t *testing.T, owners []purse.Actor) {
	t.Helper()
	var needs purse.Needs
	for i := range owners {
		needs.Addresses = append(needs.Addresses, mail(i).Address)
	}
	n.do(t, needs, func(f *purse.Facts) error {
		for i, owner := range owners {
			owns(f, mail(i), owner)
		}
		return nil
	})
}

// One batch may pay an address, give it an owner, and claim.
func TestClaimInTheBatchOfThePayment(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 8, money)
		for i := range rounds() / 50 {
			home, owner := mail(i), p[i%2]
			errs := race(0, func() error {
				_, err := maker(n.Pay).make(context.Background(), p[2+i%6], home, 1)
				return err
			}, func() error {
				return n.Execute(context.Background(), purse.Command{
					Book: purse.MainBook, Needs: purse.Needs{Addresses: []purse.Address{home.Address}},
					Decide: func(f *purse.Facts) error {
						owns(f, home, owner)
						return nil
					},
				})
			}, func() error { return n.Claim(context.Background(), purse.MainBook, home.Address) })
			for _, err := range errs {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := n.ClaimOwed(t.Context(), purse.MainBook); err != nil {
			t.Fatal(err)
		}
		n.has(t, "escrow", purse.EscrowAccount, 0)
		if left := n.rows(t, "payments where status <> 'settled'"); left != 0 {
			t.Errorf("%d payments are not settled", left)
		}
	})
}
