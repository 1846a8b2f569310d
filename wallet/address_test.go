package wallet_test

import (
	"testing"
	"time"

	"purse"
	"purse/wallet"
)

// Who pays an address that somebody owns pays the owner.
func TestAddressesThatSomebodyOwns(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 2, 1000)
		home := email("home@example.org")
		escrowed := made(t, n.Pay, p[0], home, 10)
		if o, err := n.AddressOwner(t.Context(), home.Address); err != nil || o.Owner != 0 || o.Since == 0 {
			t.Errorf("%+v, %v", o, err)
		}
		n.own(t, home, p[1])
		for name, do := range map[string]maker{"pay": n.Pay, "charge": n.Charge} {
			got := made(t, do, p[0], home, 10)
			if got.Target != p[1].User || got.Address != (purse.Address{}) || got.Escrow != 0 {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if got := n.stored(t, escrowed.ID); got != escrowed {
			t.Errorf("what was in escrow is %+v", got) // nobody has claimed it
		}
		n.has(t, "owner", purse.WalletOf(p[1].User), 1010)
		if rows := n.rows(t, "introductions"); rows != 1 {
			t.Errorf("%d introductions", rows)
		}
	})
}

// The owner that counts is the one at the time of the commit, not the one that
// was there when the use case began.
func TestAddressOwnedMeanwhile(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 2, 1000)
		address := mail(0)
		entered, gate := make(chan struct{}), make(chan struct{})
		owned := make(chan error, 1)
		go func() {
			first := true
			owned <- n.Execute(t.Context(), purse.Command{
				Book: purse.MainBook, Needs: purse.Needs{Addresses: []purse.Address{address.Address}},
				Decide: func(f *purse.Facts) error {
					if first {
						first = false
						close(entered)
						<-gate
					}
					owns(f, address, p[1])
					return nil
				},
			})
		}()
		<-entered
		paid := make(chan purse.Payment, 1)
		reading := &signalling{Store: n.Store, read: make(chan struct{})}
		service := *n.Service
		service.Store = reading
		go func() {
			r, err := maker(service.Pay).make(t.Context(), p[0], address, 10)
			if err != nil {
				t.Error(err)
			}
			paid <- r.Payment
		}()
		<-reading.read // it has guessed that nobody owns the address
		close(gate)
		if err := <-owned; err != nil {
			t.Fatal(err)
		}
		if got := <-paid; got.Target != p[1].User || got.Status != purse.PaymentSettled || got.Address != (purse.Address{}) {
			t.Errorf("%+v", got)
		}
		n.has(t, "owner", purse.WalletOf(p[1].User), 1010)
		n.has(t, "escrow", purse.EscrowAccount, 0)
	})
}

func TestIntroductionsAreFewAnHour(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 3, 1000)
		own := email("owned@example.org")
		n.own(t, own, p[1])
		for i := range purse.IntroductionsMax {
			do := []maker{n.Pay, n.Charge}[i%2]
			made(t, do, p[0], mail(i), 1)
		}
		for name, do := range map[string]maker{"pay": n.Pay, "charge": n.Charge} {
			_, err := do.make(t.Context(), p[0], mail(100), 1)
			refused(t, name+" one more", err, purse.CodeStrangers)
			made(t, do, p[0], mail(3), 1) // named before
			_, err = do.make(t.Context(), p[0], own, 1)
			refused(t, name+" somebody's, or it would tell", err, purse.CodeStrangers)
			made(t, do, p[2], own, 1)
			made(t, do, p[0], person(p[1]), 1) // no address
			made(t, do, p[2], mail(100), 1)    // another person
		}
		if rows := n.rows(t, "introductions"); rows != purse.IntroductionsMax+1 {
			t.Errorf("%d introductions", rows)
		}
		n.advance(t, time.Hour-time.Minute)
		_, err := maker(n.Charge).make(t.Context(), p[0], mail(100), 1)
		refused(t, "within the hour", err, purse.CodeStrangers)
		n.advance(t, time.Minute)
		for i := range purse.IntroductionsMax {
			made(t, n.Charge, p[0], mail(100+i), 1)
		}
		_, err = maker(n.Charge).make(t.Context(), p[0], mail(200), 1)
		refused(t, "after the next twenty", err, purse.CodeStrangers)
	})
}

// Many at once introduce no more than one after the other.
func TestIntroductionsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 1, 1000)[0]
		errs := make([]error, 40)
		inParallel(len(errs), func(i int) {
			_, errs[i] = maker(n.Pay).make(t.Context(), p, mail(i), 1)
		})
		ok := 0
		for _, err := range errs {
			if err == nil {
				ok++
			} else {
				refused(t, "too many", err, purse.CodeStrangers)
			}
		}
		if ok != purse.IntroductionsMax {
			t.Errorf("%d addresses were introduced", ok)
		}
		n.has(t, "escrow", purse.EscrowAccount, purse.IntroductionsMax)
		if rows := n.rows(t, "addresses"); rows != purse.IntroductionsMax {
			t.Errorf("%d addresses have a row", rows)
		}
	})
}

// Whether an address is somebody's cannot be told from how a payment is refused
// that the payer cannot afford; what was refused is not an introduction.
func TestRefusalsDoNotTellWhoHasAnAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 2, 100)
		own := email("owned@example.org")
		n.own(t, own, p[1])
		for _, fee := range []int64{0, 60, 1_000_000_000_000} {
			n.terms(t, func(to *purse.Terms) { to.Fee.Fixed = fee })
			for _, minor := range []int64{50, 500} {
				if minor == 50 && fee == 0 {
					continue // that would do
				}
				_, owned := maker(n.Pay).make(t.Context(), p[0], own, minor)
				_, free := maker(n.Pay).make(t.Context(), p[0], mail(0), minor)
				if owned == nil || free == nil || purse.CodeOf(owned) != purse.CodeOf(free) {
					t.Errorf("%d with a fee of %d: somebody's address is answered %v, nobody's %v", minor, fee, owned, free)
				}
			}
		}
		if rows := n.rows(t, "introductions"); rows != 0 {
			t.Errorf("%d introductions", rows)
		}
	})
}

// own gives an address to somebody.
func (n *network) own(t *testing.T, address wallet.Target, who purse.Actor) {
	t.Helper()
	n.do(t, purse.Needs{Addresses: []purse.Address{address.Address}}, func(f *purse.Facts) error {
		owns(f, address, who)
		return nil
	})
}

// owns makes somebody the owner of an address.
func owns(f *purse.Facts, address wallet.Target, who purse.Actor) {
	f.Put(purse.AddressOwner{Address: address.Address, Owner: who.User, Since: f.Now})
	f.Put(purse.Contact{ContactKey: purse.ContactKey{Person: who.User, Address: address.Address}, Added: f.Now, Verified: f.Now})
}
