package wallet_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"purse"
	"purse/wallet"
)

func TestDeadlines(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 2, 1000)
		charge, escrow := made(t, n.Charge, p[0], person(p[1]), 10), made(t, n.Pay, p[0], mail(0), 10)
		invited := made(t, n.Charge, p[0], mail(1), 10)
		n.terms(t, func(to *purse.Terms) { to.EscrowLife, to.ChargeLife = time.Minute, time.Hour })
		for _, tc := range []struct {
			name string
			got  purse.Payment
			want time.Duration
		}{
			{"charge", charge, 30 * 24 * time.Hour},
			{"charge to an address", invited, 30 * 24 * time.Hour},
			{"escrow", escrow, 7 * 24 * time.Hour},
			{"charge under new terms", made(t, n.Charge, p[0], person(p[1]), 10), time.Hour},
			{"escrow under new terms", made(t, n.Pay, p[0], mail(2), 10), time.Minute},
		} {
			// The identifier may be a few microseconds younger than the decision.
			life := time.Duration(tc.got.Deadline-tc.got.Created()) * time.Microsecond
			if life > tc.want || life < tc.want-20*time.Millisecond {
				t.Errorf("%s: waits %s, want %s", tc.name, life, tc.want)
			}
			if stored := n.stored(t, tc.got.ID); stored != tc.got {
				t.Errorf("%s: stored %+v, shown %+v", tc.name, stored, tc.got)
			}
		}
	})
}

// TestAtTheDeadline: from its deadline on a payment cannot be changed, whether
// or not the sweep has come by; a microsecond earlier it can. Each use case
// decides on facts that were made for the moment.
func TestAtTheDeadline(t *testing.T) {
	const deadline = purse.Epoch + 1_000_000_000_000
	actor := purse.Actor{Book: purse.MainBook, User: 10, Token: "10"}
	target := purse.Actor{Book: purse.MainBook, User: 11, Token: "11"}
	for name, tc := range map[string]struct {
		use  func(*wallet.Service) changer
		by   purse.Actor
		late purse.Code
	}{
		"approve": {func(s *wallet.Service) changer { return s.Approve }, target, purse.CodeNotPending},
		"deny":    {func(s *wallet.Service) changer { return s.Deny }, target, purse.CodeNotPending},
		"cancel":  {func(s *wallet.Service) changer { return s.Cancel }, actor, purse.CodeNotPending},
		"remind":  {func(s *wallet.Service) changer { return s.Remind }, actor, purse.CodeNoCharge},
	} {
		for _, at := range []purse.Time{deadline - 1, deadline, deadline + 1} {
			p := purse.Payment{
				ID: 7, Action: purse.Charge, Actor: 10, Target: 11, Minor: 100, Note: "n", Status: purse.PaymentPending,
				Deadline: deadline, Version: 1,
			}
			nouns := []any{p}
			for _, id := range []purse.UserID{10, 11} {
				account := purse.Account{Kind: purse.Wallet}
				account.ID, account.Currency, account.CreditsPosted = purse.WalletOf(id), "USD", 1000
				nouns = append(nouns, account, purse.User{ID: id, Username: fmt.Sprintf("p%02d", id)},
					purse.Token{Hash: purse.TokenHash(id.String()), User: id, Book: purse.MainBook, Scopes: "make_payments"})
			}
			book := purse.Book{ID: purse.MainBook, Mode: purse.Live, Currency: "USD", Limits: purse.DefaultLimits, Terms: purse.DefaultTerms}
			facts := purse.NewFacts(book, at, nouns...)
			_, err := tc.use(&wallet.Service{Store: instant{facts: facts}}).change(t.Context(), tc.by, 7)
			if at < deadline {
				if err != nil {
					t.Errorf("%s in time: %v", name, err)
				}
				continue
			}
			refused(t, name+" at the deadline or after it", err, tc.late)
			if after, _ := facts.Payment(7); after != p {
				t.Errorf("%s: %+v", name, after)
			}
		}
	}
}

func TestWhoMayChangeWhat(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 3, 1000)
		actor, target, other := p[0], p[1], p[2]
		uses := map[string]changer{"approve": n.Approve, "deny": n.Deny, "cancel": n.Cancel, "remind": n.Remind}
		charge, escrow := made(t, n.Charge, actor, person(target), 10), made(t, n.Pay, actor, mail(0), 10)
		settled := made(t, n.Pay, actor, person(target), 10)
		for _, tc := range []struct {
			use     string
			by      purse.Actor
			payment purse.Payment
			want    purse.Code
		}{
			{"approve", actor, charge, purse.CodeNotPending}, {"deny", actor, charge, purse.CodeNotPending},
			{"cancel", target, charge, purse.CodeNotPending}, {"remind", target, charge, purse.CodeNoCharge},
			{"approve", actor, escrow, purse.CodeNotPending}, {"deny", actor, escrow, purse.CodeNotPending},
			{"remind", actor, escrow, purse.CodeNoCharge},
			{"approve", target, settled, purse.CodeNotPending}, {"deny", target, settled, purse.CodeNotPending},
			{"cancel", actor, settled, purse.CodeNotPending}, {"remind", actor, settled, purse.CodeNoCharge},
		} {
			_, err := uses[tc.use].change(t.Context(), tc.by, tc.payment.ID)
			refused(t, fmt.Sprintf("%s of a %s %s", tc.use, tc.payment.Status, tc.payment.Action), err, tc.want)
		}
		before := n.rows(t, "events")
		for name, use := range uses {
			for _, one := range []purse.Payment{charge, escrow, settled, {ID: 5}} {
				_, err := use.change(t.Context(), other, one.ID)
				refused(t, name+" by somebody else", err, purse.CodeNotFound)
			}
			reader := other
			reader.Token = "none"
			_, err := use.change(t.Context(), reader, charge.ID)
			refused(t, name+" without a token", err, purse.CodeBadToken)
		}
		for _, one := range []purse.Payment{charge, escrow, settled} {
			if got := n.stored(t, one.ID); got != one {
				t.Errorf("%+v has become %+v", one, got)
			}
		}
		if after := n.rows(t, "events"); after != before {
			t.Errorf("refusals have made %d events", after-before)
		}
		changed(t, n.Deny, target, charge.ID)
		for name, use := range map[string]changer{"approve": n.Approve, "deny": n.Deny} {
			_, err := use.change(t.Context(), target, charge.ID)
			refused(t, name+" what was denied", err, purse.CodeNotPending)
		}
		n.has(t, "who denied", purse.WalletOf(target.User), 1010)
	})
}

func TestRemindOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 2, 1000)
		for name, to := range map[string]wallet.Target{"person": person(p[1]), "address": mail(0)} {
			c := made(t, n.Charge, p[0], to, 10)
			got := changed(t, n.Remind, p[0], c.ID)
			want := c
			want.Reminded, want.Version = got.Reminded, 2
			if got != want || got.Reminded < c.Created() || got != n.stored(t, c.ID) {
				t.Errorf("%s: %+v, want %+v", name, got, want)
			}
			_, err := changer(n.Remind).change(t.Context(), p[0], c.ID)
			refused(t, name+": a second reminder", err, purse.CodeReminded)
			changed(t, n.Cancel, p[0], c.ID)
			_, err = changer(n.Remind).change(t.Context(), p[0], c.ID)
			refused(t, name+": a reminder of nothing", err, purse.CodeNoCharge)
			if events := n.rows(t, fmt.Sprintf("events where subject = %d and (seq, kind) in ((1, 'payment.created'), (2, 'payment.reminded'), (3, 'payment.updated'))", c.ID)); events != 3 {
				t.Errorf("%s: %d events are as they should", name, events)
			}
		}
	})
}

func TestFail(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 2, 1000)
		settled, waiting := made(t, n.Pay, p[0], person(p[1]), 10), made(t, n.Charge, p[0], person(p[1]), 10)
		fail := func(id purse.PaymentID, reason string) error {
			return n.Fail(t.Context(), purse.MainBook, "op", id, reason)
		}
		refused(t, "settled", fail(settled.ID, "r"), purse.CodeNotPending)
		refused(t, "none", fail(5, "r"), purse.CodeNotFound)
		refused(t, "control characters", fail(waiting.ID, "\x00"), purse.CodeInvalid)
		if lines := n.rows(t, "actions where name = 'payment.fail'"); lines != 0 {
			t.Errorf("refusals have left %d audit lines", lines)
		}
		if err := fail(waiting.ID, "it bounced"); err != nil {
			t.Fatal(err)
		}
		refused(t, "twice", fail(waiting.ID, "again"), purse.CodeNotPending)
		if got := n.stored(t, waiting.ID); got.Status != purse.PaymentFailed || got.Refund != 0 || got.Version != 2 {
			t.Errorf("%+v", got)
		}
		if lines := n.rows(t, fmt.Sprintf("actions where name = 'payment.fail' and operator = 'op' and subject = '%d' and detail = 'it bounced'", waiting.ID)); lines != 1 {
			t.Errorf("%d audit lines", lines)
		}
		late := made(t, n.Charge, p[0], person(p[1]), 10)
		n.advance(t, purse.DefaultTerms.ChargeLife)
		refused(t, "overdue", fail(late.ID, "r"), purse.CodeNotPending)
	})
}

// The sweep ends all that is overdue, however much, and nothing else.
func TestExpireOverdue(t *testing.T) {
	const overdue = 250 // more than are looked for at a time
	onBoth(t, func(t *testing.T, n *network) {
		n.terms(t, func(to *purse.Terms) { to.ChargeLife = time.Hour })
		p := n.crowd(t, overdue+1, 100)
		inParallel(overdue, func(i int) {
			if _, err := maker(n.Charge).make(t.Context(), p[i], person(p[overdue]), 10); err != nil {
				t.Error(err)
			}
		})
		n.advance(t, time.Minute)
		young := made(t, n.Charge, p[0], person(p[1]), 10)
		if err := n.ExpireOverdue(t.Context(), purse.MainBook); err != nil {
			t.Fatal(err)
		}
		if rows := n.rows(t, "payments where status = 'pending'"); rows != overdue+1 {
			t.Errorf("%d wait before the deadline", rows)
		}
		n.advance(t, time.Hour-time.Minute+time.Second)
		for range 2 { // the second time there is nothing to do
			if err := n.ExpireOverdue(t.Context(), purse.MainBook); err != nil {
				t.Fatal(err)
			}
		}
		if rows := n.rows(t, "payments where status = 'expired' and version = 2 and completed >= deadline"); rows != overdue {
			t.Errorf("%d have expired, want %d", rows, overdue)
		}
		if got := n.stored(t, young.ID); got != young {
			t.Errorf("the young one is %+v", got)
		}
		if events := n.rows(t, "events where kind = 'payment.updated'"); events != overdue {
			t.Errorf("%d events", events)
		}
	})
}

// Who looks never sees what should have expired as pending.
func TestLookingExpires(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 2, 1000)
		var ids []purse.PaymentID
		for i := range 7 {
			ids = append(ids, made(t, n.Pay, p[0], mail(i), 10).ID)
		}
		n.advance(t, purse.DefaultTerms.EscrowLife)
		young := made(t, n.Charge, p[0], person(p[1]), 10)
		r, err := n.Show(t.Context(), n.fresh(t, p[0]), ids[0])
		if err != nil || r.Payment.Status != purse.PaymentExpired || r.Payment.Refund == 0 || r.Payment != n.stored(t, ids[0]) || r.Actor.ID != p[0].User || r.Target.ID != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		list := func(q purse.PaymentQuery) (got []purse.PaymentID, more bool) {
			page, more, err := n.List(t.Context(), n.fresh(t, p[0]), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				if r.Payment.ID != young.ID && r.Payment.Status != purse.PaymentExpired {
					t.Errorf("listed %+v", r.Payment)
				}
				got = append(got, r.Payment.ID)
			}
			return got, more
		}
		if got, more := list(purse.PaymentQuery{Before: int64(ids[3]), Limit: 2}); !slices.Equal(got, []purse.PaymentID{ids[2], ids[1]}) || !more {
			t.Errorf("a page holds %v of %v, more %v", got, ids, more)
		}
		// Each page of what is pending is overdue, until only the young one is left.
		if got, more := list(purse.PaymentQuery{Statuses: []purse.PaymentStatus{purse.PaymentPending}, Limit: 1}); !slices.Equal(got, []purse.PaymentID{young.ID}) || more {
			t.Errorf("pending: %v, more %v; want %d", got, more, young.ID)
		}
		slices.Reverse(ids)
		if got, more := list(purse.PaymentQuery{Limit: 8}); !slices.Equal(got, append([]purse.PaymentID{young.ID}, ids...)) || more {
			t.Errorf("all: %v, more %v", got, more)
		}
		stranger := n.fresh(t, p[1])
		_, err = n.Show(t.Context(), stranger, ids[0])
		refused(t, "a stranger", err, purse.CodeNotFound)
		stranger.Scopes = "make_payments"
		_, err = n.Show(t.Context(), stranger, young.ID)
		refused(t, "show without the scope", err, purse.CodeScope)
		_, _, err = n.List(t.Context(), stranger, purse.PaymentQuery{Limit: 1})
		refused(t, "list without the scope", err, purse.CodeScope)
	})
}
