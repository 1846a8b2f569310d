package hub_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/hub"
)

func (s *shop) address(t *testing.T, seller purse.Seller, req hub.AddressRequest) (a hub.Address, err error) {
	t.Helper()
	req.Encode = func(made hub.Address) purse.Answer { a = made; return asJSON(made) }
	_, err = s.AddAddress(t.Context(), seller, req)
	return a, err
}

func (s *shop) moved(t *testing.T, seller purse.Seller, req hub.AddressRequest) (a hub.Address, err error) {
	t.Helper()
	req.Encode = func(made hub.Address) purse.Answer { a = made; return asJSON(made) }
	_, err = s.ChangeAddress(t.Context(), seller, req)
	return a, err
}

func (s *shop) unaddress(t *testing.T, seller purse.Seller, id purse.CustomerID, address int64) error {
	t.Helper()
	_, err := s.DeleteAddress(t.Context(), seller, hub.AddressRequest{Customer: id, Address: hub.Address{ID: address}, Encode: asJSON[hub.Address]})
	return err
}

func (s *shop) save(t *testing.T, seller purse.Seller, req hub.SaveRequest) (h purse.Handle, err error) {
	t.Helper()
	req.Encode = func(r hub.HandleReceipt) purse.Answer { h = r.Handle; return asJSON(r) }
	_, err = s.SaveHandle(t.Context(), seller, req)
	return h, err
}

func (s *shop) unsave(t *testing.T, seller purse.Seller, id purse.CustomerID, h purse.HandleID) error {
	t.Helper()
	_, err := s.DeleteHandle(t.Context(), seller, hub.SaveRequest{Customer: id, Handle: h, Encode: asJSON[hub.HandleReceipt]})
	return err
}

func (s *shop) show(t *testing.T, seller purse.Seller, id purse.CustomerID) (r hub.CustomerTokenReceipt, err error) {
	t.Helper()
	_, err = s.MakeCustomerToken(t.Context(), seller, hub.CustomerTokenRequest{
		Customer: id, Encode: func(made hub.CustomerTokenReceipt) purse.Answer { r = made; return asJSON(made) },
	})
	return r, err
}

// limit changes the person's agreement as they do it themselves.
func (s *shop) limit(t *testing.T, consumer string, a hub.Agreement) {
	t.Helper()
	want(t, s.LimitMandate(t.Context(), s.person, purse.MandateKey{Merchant: s.seller.Merchant, Consumer: consumer}, a), "")
}

func (s *shop) revoke(t *testing.T, consumer string) {
	t.Helper()
	want(t, s.RevokeMandate(t.Context(), s.person, purse.MandateKey{Merchant: s.seller.Merchant, Consumer: consumer}), "")
}

func TestAddress(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		home, err := s.address(t, s.seller, hub.AddressRequest{Customer: id, Address: hub.Address{
			NickName: "home", Street: "12 St James's Square", Street2: "2nd floor", City: "London", State: "LND", Zip: "SW1Y 4JH",
			Country: "GB", Recipient: "Lady L.", Phone: "1", Default: true,
		}})
		want(t, err, "")
		if found, err := s.Address(t.Context(), s.seller, id, home.ID); err != nil || found != home {
			t.Errorf("found %+v, %v", found, err)
		}
		park, err := s.address(t, s.seller, hub.AddressRequest{Customer: id, Address: hub.Address{Street: "Ockham Park", Default: true}})
		want(t, err, "")
		if found, _ := s.Address(t.Context(), s.seller, id, home.ID); found.Default {
			t.Error("two are where things are sent")
		}
		_, err = s.moved(t, s.seller, hub.AddressRequest{Customer: id, Address: hub.Address{ID: park.ID, Street: "Ashley Combe"}})
		want(t, err, "")
		c, err := s.Customer(t.Context(), s.seller, id)
		want(t, err, "")
		if len(c.Addresses) != 2 || c.Addresses[0].ID != home.ID || c.Addresses[1] != (hub.Address{ID: park.ID, Street: "Ashley Combe"}) {
			t.Errorf("%+v", c.Addresses)
		}
		want(t, s.unaddress(t, s.seller, id, home.ID), "")
		want(t, s.unaddress(t, s.seller, id, home.ID), purse.CodeNotFound)
		_, err = s.moved(t, s.seller, hub.AddressRequest{Customer: id, Address: home})
		want(t, err, purse.CodeNotFound)
		_, err = s.Address(t.Context(), s.seller, id, home.ID)
		want(t, err, purse.CodeNotFound)

		for range 19 {
			_, err = s.address(t, s.seller, hub.AddressRequest{Customer: id, Address: hub.Address{City: "London"}})
			want(t, err, "")
		}
		_, err = s.address(t, s.seller, hub.AddressRequest{Customer: id})
		want(t, err, purse.CodeInvalid)
	})
}

// TestAddressesTogether adds addresses at once: none is lost.
func TestAddressesTogether(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		var together sync.WaitGroup
		for i := range 20 {
			together.Go(func() {
				_, err := s.AddAddress(t.Context(), s.seller, hub.AddressRequest{
					Customer: id, Address: hub.Address{NickName: fmt.Sprint(i)}, Encode: asJSON[hub.Address],
				})
				want(t, err, "")
			})
		}
		together.Wait()
		c, err := s.Customer(t.Context(), s.seller, id)
		names := map[string]bool{}
		for _, a := range c.Addresses {
			names[a.NickName] = true
		}
		if err != nil || len(names) != 20 {
			t.Errorf("%d of 20 addresses, %v", len(names), err)
		}
	})
}

func TestSavedHandle(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		from := s.agreed(t, purse.HandleForPayment, "ada", 500)
		saved, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token, Ref: "card-1"})
		want(t, err, "")
		if !saved.Multi || saved.Status != purse.HandlePayable || saved.Type != purse.HandleForPayment || saved.Minor != 0 || saved.Hold != 0 ||
			saved.Link != "" || saved.Payer != from.Payer || saved.Consumer != "ada" || len(saved.Token) != 16 || saved.Token[:2] != "PH" {
			t.Errorf("saved %+v", saved)
		}
		one, err := s.SavedHandle(t.Context(), s.seller, id, saved.ID)
		if err != nil || one.Handle != saved {
			t.Errorf("found %+v, %v", one.Handle, err)
		}
		if d := hub.ReadDetails(saved.Details); d.Customer != id || d.Ref != "card-1" {
			t.Errorf("details %+v", d)
		}

		// The handle that it came from is used as if nothing had happened, and much
		// later the saved one still is.
		sold, err := s.sell(t, s.seller, from.Token, 500)
		if err != nil || sold.Operation.Status != purse.OperationCompleted {
			t.Fatal(sold.Operation, err)
		}
		s.advance(t, 100*24*time.Hour)
		want(t, s.ExpireOverdue(t.Context(), purse.MainBook), "")
		for range 3 {
			sold, err = s.sell(t, s.seller, saved.Token, 700)
			if err != nil || sold.Operation.Status != purse.OperationCompleted || sold.Operation.Payer != from.Payer {
				t.Fatal(sold.Operation, err)
			}
			if sold.Handle.Token == saved.Token || sold.Handle.Multi || sold.Handle.Status != purse.HandleCompleted || sold.Handle.Minor != 700 {
				t.Errorf("used %+v", sold.Handle)
			}
		}
		one, err = s.SavedHandle(t.Context(), s.seller, id, saved.ID)
		if err != nil || one.Handle != saved {
			t.Errorf("after the sales %+v, %v", one.Handle, err)
		}
		after, err := s.Store.Account(t.Context(), purse.MainBook, purse.BalanceOf(s.seller.Merchant))
		if err != nil || after.Spendable() != 2600 {
			t.Errorf("the merchant has %d, %v", after.Spendable(), err)
		}

		// Saved from one that was used, and from a verification; twice by one name only if wanted.
		_, err = s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token, Ref: "card-1"})
		want(t, err, purse.CodeDuplicate)
		_, err = s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token, Ref: "card-1", Repeat: true})
		want(t, err, "")
		_, err = s.save(t, s.seller, hub.SaveRequest{Customer: id, From: s.agreed(t, purse.HandleForVerification, "ada", 0).Token})
		want(t, err, "")
		all, err := s.SavedHandles(t.Context(), s.seller, id)
		if err != nil || len(all) != 3 || all[0].Handle.ID != saved.ID {
			t.Errorf("%d are saved, %v", len(all), err)
		}
	})
}

// TestSavedWithin charges a saved handle as far as the agreement goes.
func TestSavedWithin(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		from := s.agreed(t, purse.HandleForVerification, "ada", 0)
		saved, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token})
		want(t, err, "")
		steps := []struct {
			name  string
			do    func()
			minor int64
			fault purse.Code // empty: it is paid
			code  purse.Code // empty: no refusal
		}{
			{"no cap", nil, 900, "", ""},
			{"over the cap of a payment", func() { s.limit(t, "ada", hub.Agreement{CapPayment: 500, CapMonth: purse.NoCap}) }, 501, purse.CodeRefused, ""},
			{"at the cap of a payment", nil, 500, "", ""},
			{"over the cap of a month", func() { s.limit(t, "ada", hub.Agreement{CapPayment: purse.NoCap, CapMonth: 1500}) }, 101, purse.CodeRefused, ""},
			{"at the cap of a month", nil, 100, "", ""},
			{"beyond it", nil, 1, purse.CodeRefused, ""},
			{"in another month", func() { s.advance(t, 32*24*time.Hour) }, 1500, "", ""},
			{"more money than there is", func() { s.limit(t, "ada", hub.Agreement{CapPayment: purse.NoCap, CapMonth: purse.NoCap}) }, 1_000_00, purse.CodeFunds, ""},
			{"taken back", func() { s.revoke(t, "ada") }, 1, purse.CodeRefused, ""},
			{"given anew", func() { s.agreed(t, purse.HandleForVerification, "ada", 0) }, 1, "", ""},
			{"by a merchant that takes no wallets", func() { s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Accepts = false }) }, 1, "", purse.CodeNotAccepted},
			{"by one that does", func() { s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Accepts = true }) }, 1, "", ""},
			{"deleted", func() { want(t, s.unsave(t, s.seller, id, saved.ID), "") }, 1, "", purse.CodeHandle},
		}
		for _, step := range steps {
			if step.do != nil {
				step.do()
			}
			sold, err := s.sell(t, s.seller, saved.Token, step.minor)
			switch {
			case step.code != "" || err != nil:
				if purse.CodeOf(err) != step.code || err == nil {
					t.Errorf("%s: %v", step.name, err)
				}
			case step.fault == "":
				if sold.Operation.Status != purse.OperationCompleted || sold.Handle.Status != purse.HandleCompleted {
					t.Errorf("%s: %s, %s", step.name, sold.Operation.Status, sold.Operation.Fault)
				}
			case sold.Operation.Status != purse.OperationFailed || sold.Operation.Fault != step.fault ||
				sold.Handle.Status != purse.HandleFailed || sold.Handle.Fault != step.fault || sold.Handle.Hold != 0:
				t.Errorf("%s: %+v of %+v", step.name, sold.Operation, sold.Handle)
			}
		}
		a, err := s.Store.Account(t.Context(), purse.MainBook, purse.WalletOf(s.person.User))
		if err != nil || a.DebitsHeld != 0 {
			t.Errorf("%d are ring-fenced, %v", a.DebitsHeld, err)
		}
		if _, err := s.SavedHandle(t.Context(), s.seller, id, saved.ID); purse.CodeOf(err) != purse.CodeNotFound {
			t.Errorf("deleted: %v", err)
		}
		if h, err := s.Handle(t.Context(), s.seller, saved.ID); err != nil || h.Handle.Status != purse.HandleExpired {
			t.Errorf("deleted: %+v, %v", h.Handle, err)
		}
		want(t, s.unsave(t, s.seller, id, saved.ID), purse.CodeNotFound)
	})
}

// TestSavedLater settles what a saved handle has ring-fenced.
func TestSavedLater(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		saved, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: s.agreed(t, purse.HandleForVerification, "ada", 0).Token})
		want(t, err, "")
		var sold hub.OperationReceipt
		_, err = s.Sell(t.Context(), s.seller, hub.OperationRequest{
			Ref: s.ref(), Minor: 900, Token: saved.Token, Encode: func(r hub.OperationReceipt) purse.Answer { sold = r; return purse.Answer{} },
		})
		if err != nil || sold.Operation.Settleable != 900 || sold.Handle.Status != purse.HandleCompleted {
			t.Fatalf("%+v, %v", sold, err)
		}
		want(t, s.unsave(t, s.seller, id, saved.ID), "") // what is ring-fenced stays the merchant's to take
		s.revoke(t, "ada")
		var settled purse.Operation
		_, err = s.Settle(t.Context(), s.seller, hub.OperationRequest{
			Ref: s.ref(), Minor: 400, Parent: sold.Operation.ID, Encode: func(r hub.OperationReceipt) purse.Answer { settled = r.Operation; return purse.Answer{} },
		})
		if err != nil || settled.Status != purse.OperationCompleted {
			t.Errorf("%+v, %v", settled, err)
		}
		s.advance(t, 8*24*time.Hour)
		want(t, s.ExpireOverdue(t.Context(), purse.MainBook), "")
		if a, err := s.Store.Account(t.Context(), purse.MainBook, purse.WalletOf(s.person.User)); err != nil || a.DebitsHeld != 0 || a.Spendable() != 1_000_00-400 {
			t.Errorf("%d are left, %d ring-fenced, %v", a.Spendable(), a.DebitsHeld, err)
		}
	})
}

// TestSavedTogether charges a saved handle more often at once than the agreement
// allows.
func TestSavedTogether(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		saved, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: s.agreed(t, purse.HandleForVerification, "ada", 0).Token})
		want(t, err, "")
		s.limit(t, "ada", hub.Agreement{CapPayment: purse.NoCap, CapMonth: 550})
		var together sync.WaitGroup
		var paid atomic.Int64
		for range 20 {
			together.Go(func() {
				sold, err := s.sell(t, s.seller, saved.Token, 100)
				switch {
				case err != nil:
					t.Error(err)
				case sold.Operation.Status == purse.OperationCompleted:
					paid.Add(1)
				case sold.Operation.Fault != purse.CodeRefused:
					t.Error(sold.Operation.Fault)
				}
			})
		}
		together.Wait()
		if paid.Load() != 5 {
			t.Errorf("%d of 5 were paid", paid.Load())
		}
	})
}

// TestSavedFrom saves from handles that nobody has authorised, or nobody stands by.
func TestSavedFrom(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		refused := func(what string, from string, code purse.Code) {
			t.Helper()
			if _, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from}); err == nil || purse.CodeOf(err) != code {
				t.Errorf("%s: %v", what, err)
			}
			if _, err := s.create(t, s.seller, hub.CustomerRequest{Ref: "c-2", From: from}); err == nil || purse.CodeOf(err) != code {
				t.Errorf("%s, with a new customer: %v", what, err)
			}
		}
		refused("none", "PH00000000000000", purse.CodeHandle)
		waiting := s.asked(t, purse.HandleForPayment, "bob", 100)
		refused("not asked yet", waiting.Token, purse.CodeHandle)
		if _, err := s.RefuseHandle(t.Context(), waiting.Link); err != nil {
			t.Fatal(err)
		}
		refused("no", waiting.Token, purse.CodeHandle)

		from := s.agreed(t, purse.HandleForPayment, "ada", 100)
		saved, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token})
		want(t, err, "")
		refused("saved itself", saved.Token, purse.CodeHandle)
		_, err = s.sell(t, s.seller, from.Token, 100)
		want(t, err, "")
		credit := s.asked(t, purse.HandleForCredit, "ada", 50)
		refused("a credit", credit.Token, purse.CodeHandle)
		late := s.agreed(t, purse.HandleForPayment, "ada", 100)
		s.revoke(t, "ada")
		refused("taken back", from.Token, purse.CodeHandle)
		s.advance(t, purse.HandleLife)
		refused("too late", late.Token, purse.CodeHandleExpired)
		refused("expired", late.Token, purse.CodeHandleExpired)
		if a, err := s.Store.Account(t.Context(), purse.MainBook, purse.WalletOf(s.person.User)); err != nil || a.DebitsHeld != 0 {
			t.Errorf("%d are ring-fenced, %v", a.DebitsHeld, err)
		}

		from = s.agreed(t, purse.HandleForPayment, "ada", 100)
		s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Accepts = false })
		refused("takes no wallets", from.Token, purse.CodeNotAccepted)
		s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Accepts = true })
		made, err := s.create(t, s.seller, hub.CustomerRequest{Ref: "c-2", From: from.Token})
		want(t, err, "")
		all, err := s.SavedHandles(t.Context(), s.seller, made.Customer.ID)
		if err != nil || len(all) != 1 || !all[0].Handle.Multi {
			t.Fatalf("%+v, %v", all, err)
		}
		sold, err := s.sell(t, s.seller, all[0].Handle.Token, 50)
		if err != nil || sold.Operation.Status != purse.OperationCompleted {
			t.Error(sold.Operation, err)
		}
	})
}

// TestPartsRepeated repeats whatever adds to a customer or takes from it.
func TestPartsRepeated(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		home, err := s.address(t, s.seller, hub.AddressRequest{Customer: id, Address: hub.Address{City: "London"}})
		want(t, err, "")
		from := s.agreed(t, purse.HandleForPayment, "ada", 500)
		saved, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token})
		want(t, err, "")
		for name, do := range map[string]func(purse.Once) (purse.Answer, error){
			"add": func(o purse.Once) (purse.Answer, error) {
				return s.AddAddress(t.Context(), s.seller, hub.AddressRequest{Customer: id, Once: o, Encode: asJSON[hub.Address]})
			},
			"move": func(o purse.Once) (purse.Answer, error) {
				return s.ChangeAddress(t.Context(), s.seller, hub.AddressRequest{Customer: id, Address: home, Once: o, Encode: asJSON[hub.Address]})
			},
			"save": func(o purse.Once) (purse.Answer, error) {
				return s.SaveHandle(t.Context(), s.seller, hub.SaveRequest{Customer: id, From: from.Token, Once: o, Encode: asJSON[hub.HandleReceipt]})
			},
			"show": func(o purse.Once) (purse.Answer, error) {
				return s.MakeCustomerToken(t.Context(), s.seller, hub.CustomerTokenRequest{Customer: id, Once: o, Encode: asJSON[hub.CustomerTokenReceipt]})
			},
			"unsave": func(o purse.Once) (purse.Answer, error) {
				return s.DeleteHandle(t.Context(), s.seller, hub.SaveRequest{Customer: id, Handle: saved.ID, Once: o, Encode: asJSON[hub.HandleReceipt]})
			},
		} {
			first, err := do(once(s.seller, name, name))
			want(t, err, "")
			second, err := do(once(s.seller, name, name))
			if err != nil || !second.Replayed || second.Body != first.Body {
				t.Errorf("%s: %+v, %v", name, second, err)
			}
			_, err = do(once(s.seller, name, "another"))
			want(t, err, purse.CodeKeyReused)
		}
		c, err := s.Customer(t.Context(), s.seller, id)
		want(t, err, "")
		all, err := s.SavedHandles(t.Context(), s.seller, id)
		if err != nil || len(c.Addresses) != 2 || len(all) != 1 {
			t.Errorf("%d addresses and %d handles, %v", len(c.Addresses), len(all), err)
		}
	})
}

func TestSavedBounds(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		from := s.agreed(t, purse.HandleForVerification, "ada", 0)
		var last purse.Handle
		for range 50 {
			var err error
			if last, err = s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token})
		want(t, err, purse.CodeInvalid)
		shown, err := s.show(t, s.seller, id)
		if err != nil || len(shown.Handles) != 50 || shown.Handles[49].Handle != last {
			t.Errorf("%d are shown, %v", len(shown.Handles), err)
		}
		want(t, s.forget(t, s.seller, id), "")
		for _, h := range shown.Handles {
			if h, err := s.Handle(t.Context(), s.seller, h.Handle.ID); err != nil || h.Handle.Status != purse.HandleExpired {
				t.Errorf("left of the customer: %+v, %v", h.Handle, err)
			}
		}
	})
}

func TestCustomerToken(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		_, err := s.address(t, s.seller, hub.AddressRequest{Customer: id, Address: hub.Address{City: "London"}})
		want(t, err, "")
		saved, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: s.agreed(t, purse.HandleForPayment, "ada", 100).Token})
		want(t, err, "")
		made, err := s.show(t, s.seller, id)
		want(t, err, "")
		if len(made.Token.Token) != 16 || made.Token.Token[:2] != "SP" || made.Token.TimeLeft(made.Now) != 899 ||
			len(made.Addresses) != 1 || len(made.Handles) != 1 || made.Handles[0].Handle != saved || made.Details != ada {
			t.Errorf("made %+v", made)
		}
		s.advance(t, 10*time.Minute)
		found, err := s.CustomerToken(t.Context(), s.seller, id, made.Token.Number)
		if err != nil || found.Token != made.Token || len(found.Handles) != 1 || len(found.Addresses) != 1 {
			t.Errorf("found %+v, %v", found, err)
		}
		if left := found.Token.TimeLeft(found.Now); left < 200 || left > 300 {
			t.Errorf("after ten minutes %d seconds are left", left)
		}
		second, err := s.show(t, s.seller, id)
		if err != nil || second.Token.Number == made.Token.Number || second.Token.Token == made.Token.Token {
			t.Errorf("made another: %+v, %v", second.Token, err)
		}
		s.advance(t, 5*time.Minute)
		_, err = s.CustomerToken(t.Context(), s.seller, id, made.Token.Number)
		want(t, err, purse.CodeNotFound)
		for range 19 {
			_, err = s.show(t, s.seller, id)
			want(t, err, "")
		}
		_, err = s.show(t, s.seller, id)
		want(t, err, purse.CodeRate)
		s.advance(t, 15*time.Minute)
		last, err := s.show(t, s.seller, id)
		if err != nil || last.Token.Number != 22 {
			t.Errorf("after they are over: %+v, %v", last.Token, err)
		}
		_, err = s.CustomerToken(t.Context(), s.seller, id, second.Token.Number)
		want(t, err, purse.CodeNotFound)
	})
}
