package wallet_test

import (
	"fmt"
	"testing"
	"time"

	"purse"
	"purse/wallet"
)

// taken checks what a grantee has taken out of somebody's wallet today.
func (n *network) taken(t *testing.T, what string, from purse.Actor, grantee, minor int64) {
	t.Helper()
	allowances, err := n.Allowances(t.Context(), purse.MainBook, from.User, grantee)
	if err != nil {
		t.Fatal(err)
	}
	now, err := n.Now(t.Context(), purse.MainBook)
	if err != nil {
		t.Fatal(err)
	}
	if got := allowances[grantee].Today(now); got != minor {
		t.Errorf("%s: %d were taken today, want %d", what, got, minor)
	}
}

// What an app may pay out in a day: payments, approvals and what goes into escrow
// count, charges and fees do not, nor what the person pays without it.
func TestAppCaps(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 2, 10_000)
		ann, bob := p[0], p[1]
		n.terms(t, func(to *purse.Terms) { to.Fee.Fixed = 3 })
		app, tokens := n.through(t, 100, ann, bob)
		anns, bobs := tokens[0], tokens[1]
		made(t, n.Pay, anns, person(bob), 40)
		made(t, n.Charge, anns, person(bob), 5000)
		charge := made(t, n.Charge, bob, person(ann), 30)
		over := made(t, n.Charge, bob, person(ann), 31)
		changed(t, n.Approve, anns, charge.ID)
		n.taken(t, "a payment and an approval", ann, int64(app), 70)
		_, err := changer(n.Approve).change(t.Context(), anns, over.ID)
		refused(t, "approve over the cap", err, purse.CodeLimit)
		_, err = maker(n.Pay).make(t.Context(), anns, mail(0), 31)
		refused(t, "pay an address over the cap", err, purse.CodeLimit)
		escrow := made(t, n.Pay, anns, mail(0), 30)
		_, err = maker(n.Pay).make(t.Context(), anns, person(bob), 1)
		refused(t, "a cent more", err, purse.CodeLimit)
		changed(t, n.Cancel, anns, escrow.ID)
		n.taken(t, "what came back stays counted", ann, int64(app), 100)
		made(t, n.Pay, ann, person(bob), 500)
		changed(t, n.Approve, ann, over.ID)
		made(t, n.Pay, bobs, person(ann), 100) // another person's
		_, others := n.through(t, 50, ann)
		made(t, n.Pay, others[0], person(bob), 50) // another app's

		if err := n.SetAppCap(t.Context(), ann, app, 250); err != nil {
			t.Fatal(err)
		}
		made(t, n.Pay, anns, person(bob), 150)
		_, err = maker(n.Pay).make(t.Context(), anns, person(bob), 1)
		refused(t, "over the person's cap", err, purse.CodeLimit)
		n.advance(t, 24*time.Hour)
		made(t, n.Pay, anns, person(bob), 250)
		n.taken(t, "the day after", ann, int64(app), 250)
		if err := n.SetAppCap(t.Context(), ann, app, purse.AppsOwnCap); err != nil {
			t.Fatal(err)
		}
		_, err = maker(n.Pay).make(t.Context(), anns, person(bob), 1)
		refused(t, "over the app's own again", err, purse.CodeLimit)
		caps, err := n.AppCaps(t.Context(), ann, app, others[0].App, 77)
		if want := (wallet.Cap{Minor: 100, Own: true, Today: 250}); err != nil || len(caps) != 2 || caps[app] != want || caps[others[0].App] != (wallet.Cap{Minor: 50, Own: true}) {
			t.Errorf("%+v, %v", caps, err)
		}
	})
}

func TestWhoSetsCaps(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 3, 100)
		ann, bob := p[0], p[1]
		app, tokens := n.through(t, 10, ann)
		stranger := ann
		stranger.Session = "none"
		n.must(t, "ask", ann, bob)
		for name, tc := range map[string]struct {
			by    purse.Actor
			app   purse.AppID
			minor int64
			want  purse.Code
		}{
			"an app":                  {tokens[0], app, 1, purse.CodeScope},
			"signed out":              {stranger, app, 1, purse.CodeSignedOut},
			"no app":                  {ann, 77, 1, purse.CodeNotFound},
			"less than nothing":       {ann, app, -2, purse.CodeInvalid},
			"the person's own tokens": {n.crowd(t, 1, 0)[0], app, 1, purse.CodeScope},
		} {
			refused(t, name, n.SetAppCap(t.Context(), tc.by, tc.app, tc.minor), tc.want)
		}
		for name, tc := range map[string]struct {
			by    purse.Actor
			to    purse.Actor
			minor int64
			want  purse.Code
		}{
			"an app":             {tokens[0], bob, 1, purse.CodeScope},
			"signed out":         {stranger, bob, 1, purse.CodeSignedOut},
			"who was only asked": {ann, bob, 1, purse.CodeInvalid},
			"who has asked":      {bob, ann, 1, purse.CodeInvalid},
			"a stranger":         {ann, p[2], 1, purse.CodeInvalid},
			"nobody":             {ann, purse.Actor{User: 5}, 1, purse.CodeInvalid},
			"oneself":            {ann, ann, 1, purse.CodeInvalid},
			"less than nothing":  {ann, bob, -1, purse.CodeInvalid},
		} {
			refused(t, "trust: "+name, n.Trust(t.Context(), tc.by, tc.to.User, tc.minor), tc.want)
		}
		if err := n.Trust(t.Context(), ann, 5, 0); err != nil { // ends nothing
			t.Error(err)
		}
		if rows := n.rows(t, "allowances"); rows != 0 {
			t.Errorf("%d allowances", rows)
		}
		n.do(t, purse.Needs{Apps: []purse.AppID{app}}, func(f *purse.Facts) error {
			a, err := f.App(app)
			a.Closed = f.Now
			f.Put(a)
			return err
		})
		for name, do := range map[string]maker{"pay": n.Pay, "charge": n.Charge} {
			_, err := do.make(t.Context(), tokens[0], person(bob), 1)
			refused(t, name+" through a closed app", err, purse.CodeTokenRevoked)
		}
		refused(t, "ask through a closed app", n.AskFriend(t.Context(), tokens[0], p[2].User), purse.CodeTokenRevoked)
	})
}

// Many payments at once through one app, at two servers: no more leaves than its cap.
func TestAppCapAtOnce(t *testing.T) {
	atOnce := func(t *testing.T, n, other *network) {
		p := n.visitors(t, 3, 10_000)
		app, tokens := n.through(t, 300, p[0])
		charges := make([]purse.Payment, 32)
		for i := range charges {
			charges[i] = made(t, n.Charge, p[2], person(p[0]), 10)
		}
		errs := make([]error, 64)
		inParallel(len(errs), func(i int) {
			s := []*network{n, other}[i%2]
			if i < 32 {
				_, errs[i] = maker(s.Pay).make(t.Context(), tokens[0], person(p[1]), 10)
			} else {
				_, errs[i] = changer(s.Approve).change(t.Context(), tokens[0], charges[i-32].ID)
			}
		})
		settled := 0
		for i, err := range errs {
			if err == nil {
				settled++
			} else {
				refused(t, fmt.Sprint(i), err, purse.CodeLimit)
			}
		}
		if settled != 30 {
			t.Errorf("%d have settled", settled)
		}
		n.taken(t, "at once", p[0], int64(app), 300)
		n.has(t, "the payer", purse.WalletOf(p[0].User), 9_700)
		n.spent(t, "at once", p[0], 300)
	}
	onBoth(t, func(t *testing.T, n *network) { atOnce(t, n, n) })
	t.Run("two servers", func(t *testing.T) {
		t.Parallel()
		onPostgres(t, func(t *testing.T, n *network) { atOnce(t, n, n.serve(t)) })
	})
}

// trust lets a friend's charges take so much a day.
func (n *network) trust(t *testing.T, by, friend purse.Actor, minor int64) {
	t.Helper()
	if err := n.Trust(t.Context(), by, friend.User, minor); err != nil {
		t.Fatal(err)
	}
}

// What a trusted friend charges is paid at once; whatever stands against that makes
// it wait, and is no refusal.
func TestTrust(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 3, 1000)
		ann, bob, cal := p[0], p[1], p[2]
		n.befriend(t, ann, bob)
		n.befriend(t, ann, cal)
		n.terms(t, func(to *purse.Terms) { to.Fee.Fixed = 2 })
		own := email("ann@example.org")
		n.own(t, own, ann)
		charged := func(what string, by purse.Actor, to wallet.Target, minor int64, want purse.PaymentStatus) purse.Payment {
			t.Helper()
			c := made(t, n.Charge, by, to, minor)
			if c.Status != want || (c.Deadline == 0) != (want == purse.PaymentSettled) || c != n.stored(t, c.ID) {
				t.Errorf("%s: %+v", what, c)
			}
			return c
		}
		charged("not trusted", bob, person(ann), 10, purse.PaymentPending)
		n.trust(t, ann, bob, 300)
		c := charged("trusted", bob, person(ann), 100, purse.PaymentSettled)
		if c.Fee != 2 || c.Transfer == 0 || c.Completed != c.Created() || c.Counted == 0 {
			t.Errorf("%+v", c)
		}
		n.has(t, "the payer", purse.WalletOf(ann.User), 898)
		n.has(t, "the payee", purse.WalletOf(bob.User), 1100)
		n.spent(t, "a trusted charge", ann, 100)
		charged("by an address", bob, own, 100, purse.PaymentSettled)
		charged("a cent too much", bob, person(ann), 101, purse.PaymentPending)
		charged("the other way round", ann, person(bob), 1, purse.PaymentPending)
		charged("another friend", cal, person(ann), 1, purse.PaymentPending)
		charged("by an address of nobody", bob, mail(1), 1, purse.PaymentPending)
		_, tokens := n.through(t, 0, bob)
		charged("through an app that may pay nothing out", tokens[0], person(ann), 1, purse.PaymentSettled)
		n.taken(t, "trusted", ann, int64(bob.User), 201)
		freeze := func(frozen bool) {
			if err := n.Freeze(t.Context(), purse.MainBook, "op", ann.User, frozen, ""); err != nil {
				t.Fatal(err)
			}
		}
		freeze(true)
		charged("frozen", bob, person(ann), 1, purse.PaymentPending)
		freeze(false)
		n.trust(t, ann, bob, 100_000)
		charged("more than there is", bob, person(ann), 5000, purse.PaymentPending)
		if _, err := n.SetLimits(t.Context(), purse.MainBook, "op", purse.Limits{PaymentMinor: -1, WeekMinor: 250}); err != nil {
			t.Fatal(err)
		}
		charged("over the week's limit", bob, person(ann), 50, purse.PaymentPending)
		charged("up to the week's limit", bob, person(ann), 49, purse.PaymentSettled)
		n.trust(t, ann, bob, 260)
		n.advance(t, 200*time.Hour)
		charged("another day", bob, person(ann), 200, purse.PaymentSettled)
		caps, err := n.Trusted(t.Context(), ann, bob.User, cal.User)
		if err != nil || len(caps) != 1 || caps[bob.User] != (wallet.Cap{Minor: 260, Today: 200}) {
			t.Errorf("%+v, %v", caps, err)
		}
		n.trust(t, ann, bob, 0)
		charged("trusted no more", bob, person(ann), 1, purse.PaymentPending)
		n.trust(t, ann, bob, 1000)
		n.must(t, "remove", bob, ann)
		charged("a friend no more", bob, person(ann), 1, purse.PaymentPending)
		n.befriend(t, ann, bob)
		charged("friends again, and not trusted again", bob, person(ann), 1, purse.PaymentPending)
		n.trust(t, bob, ann, 1000)
		n.must(t, "block", bob, ann)
		n.must(t, "unblock", bob, ann)
		n.befriend(t, ann, bob)
		charged("unblocked, and not trusted again", ann, person(bob), 1, purse.PaymentPending)
	})
}

// Many charges at once take no more than the friend is trusted with, and the rest
// waits.
func TestTrustAtOnce(t *testing.T) {
	atOnce := func(t *testing.T, n, other *network) {
		p := n.visitors(t, 2, 1000)
		n.befriend(t, p[0], p[1])
		n.trust(t, p[0], p[1], 300)
		statuses := make([]purse.PaymentStatus, 64)
		inParallel(len(statuses), func(i int) {
			r, err := maker([]*network{n, other}[i%2].Charge).make(t.Context(), p[1], person(p[0]), 10)
			if err != nil {
				t.Error(err)
			}
			statuses[i] = r.Payment.Status
		})
		count := map[purse.PaymentStatus]int{}
		for _, s := range statuses {
			count[s]++
		}
		if count[purse.PaymentSettled] != 30 || count[purse.PaymentPending] != 34 {
			t.Errorf("%v", count)
		}
		n.taken(t, "at once", p[0], int64(p[1].User), 300)
		n.has(t, "the payer", purse.WalletOf(p[0].User), 700)
	}
	onBoth(t, func(t *testing.T, n *network) { atOnce(t, n, n) })
	t.Run("two servers", func(t *testing.T) {
		t.Parallel()
		onPostgres(t, func(t *testing.T, n *network) { atOnce(t, n, n.serve(t)) })
	})
}

// Whatever is trusted while a friendship ends, none of it is left when it begins
// anew.
func TestTrustAgainstRemoving(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		const pairs = 40
		p := n.visitors(t, 2*pairs, 100)
		inParallel(pairs, func(i int) {
			a, b := p[2*i], p[2*i+1]
			n.befriend(t, a, b)
			race(i, func() error { return n.Trust(t.Context(), a, b.User, 50) }, func() error { return n.RemoveFriend(t.Context(), b, a.User) },
				func() error { return n.Trust(t.Context(), b, a.User, 50) })
			n.befriend(t, a, b)
			if c := made(t, n.Charge, a, person(b), 1); c.Status != purse.PaymentPending {
				t.Errorf("%d: %+v", i, c)
			}
		})
		if rows := n.rows(t, "allowances where cap > 0"); rows != 0 {
			t.Errorf("%d are trusted", rows)
		}
	})
}
