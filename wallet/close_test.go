package wallet_test

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"purse"
	"purse/wallet"
)

// visiting is a person on the network's own pages.
func (n *network) visiting(t *testing.T, a purse.Actor) purse.Actor {
	t.Helper()
	hash := sha256.Sum256([]byte(a.User.String()))
	a.Session, a.Token, a.Scopes = purse.SessionHash(base64.RawURLEncoding.EncodeToString(hash[:])), "", purse.EveryScope()
	n.do(t, purse.Needs{}, func(f *purse.Facts) error {
		f.Put(purse.Session{Hash: a.Session, ID: purse.SessionID(f.NextID()), Person: a.User, Book: a.Book, Seen: f.Now, Proved: f.Now, Expires: f.Now.Add(time.Hour)})
		return nil
	})
	return a
}

func TestCloseWallet(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		people := n.crowd(t, 3, 0)
		ann, ben, cy := people[0], people[1], people[2]
		rich := n.crowd(t, 1, 1000)[0]
		page := n.visiting(t, ann)
		closing := func(what string, want purse.Code) {
			t.Helper()
			if want == "" {
				if err := n.CloseWallet(t.Context(), page); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				return
			}
			refused(t, what, n.CloseWallet(t.Context(), page), want)
		}
		refused(t, "by a token", n.CloseWallet(t.Context(), ann), purse.CodeScope)
		other := page
		other.User = ben.User
		refused(t, "another's session", n.CloseWallet(t.Context(), other), purse.CodeSignedOut)

		made(t, n.Pay, rich, person(ann), 300)
		closing("with money", purse.CodeOpen)
		sent := made(t, n.Pay, ann, mail(1), 300)
		closing("while a payment waits", purse.CodeOpen)
		changed(t, n.Cancel, ann, sent.ID)
		made(t, n.Pay, ann, person(ben), 300)
		asked := made(t, n.Charge, ann, person(ben), 100)
		closing("while a charge waits", purse.CodeOpen)
		changed(t, n.Cancel, ann, asked.ID)
		asked = made(t, n.Charge, ben, person(ann), 100)
		closing("while somebody waits", purse.CodeOpen)
		changed(t, n.Deny, ann, asked.ID)
		if err := n.Freeze(t.Context(), purse.MainBook, "test", ann.User, true, "r"); err != nil {
			t.Fatal(err)
		}
		closing("while it is frozen", purse.CodeFrozen)
		if err := n.Freeze(t.Context(), purse.MainBook, "test", ann.User, false, "r"); err != nil {
			t.Fatal(err)
		}
		closing("now", "")
		closing("once more", "")
		if a, err := n.Account(t.Context(), purse.MainBook, purse.WalletOf(ann.User)); err != nil || !a.Closed {
			t.Errorf("%+v, %v", a, err)
		}

		// Whoever closes it while somebody pays into it: one of the two is refused.
		late := n.visiting(t, cy)
		paid := make(chan error)
		go func() {
			_, err := maker(n.Pay).make(t.Context(), rich, wallet.Target{User: cy.User}, 100)
			paid <- err
		}()
		err := n.CloseWallet(t.Context(), late)
		if in := <-paid; err == nil && in == nil || err != nil && in != nil {
			t.Errorf("closed: %v, paid: %v", err, in)
		}
	})
}

// An address may have got its owner shortly before the wallet was closed, and not
// been claimed yet: what waits for it goes back.
func TestNothingIsClaimedForAClosedWallet(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 2, money)
		owner := n.visitors(t, 1, 0)[0]
		home := email("home@example.org")
		waiting := []purse.Payment{made(t, n.Pay, p[0], home, asked), made(t, n.Charge, p[1], home, asked)}
		n.own(t, home, owner)
		if err := n.CloseWallet(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
		if err := n.ClaimOwed(t.Context(), purse.MainBook); err != nil {
			t.Fatal(err)
		}
		for _, before := range waiting {
			if got := n.stored(t, before.ID); got.Status != purse.PaymentFailed || got.Target != 0 || (got.Refund != 0) != (got.Escrow != 0) {
				t.Errorf("%+v", got)
			}
		}
		n.has(t, "who got it back", purse.WalletOf(p[0].User), money)
		n.spent(t, "who got it back", p[0], 0)
		n.has(t, "who has left", purse.WalletOf(owner.User), 0)
	})
}
