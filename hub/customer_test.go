package hub_test

import (
	"strings"
	"sync"
	"testing"

	"purse"
	"purse/hub"
)

// customer makes a customer, which must succeed.
func (s *shop) customer(t *testing.T, ref string, d hub.CustomerDetails) purse.CustomerID {
	t.Helper()
	c, err := s.create(t, s.seller, hub.CustomerRequest{Ref: ref, Details: d})
	if err != nil {
		t.Fatal(err)
	}
	return c.Customer.ID
}

func (s *shop) create(t *testing.T, seller purse.Seller, req hub.CustomerRequest) (c hub.CustomerReceipt, err error) {
	t.Helper()
	req.Encode = func(r hub.CustomerReceipt) purse.Answer { c = r; return asJSON(r) }
	_, err = s.CreateCustomer(t.Context(), seller, req)
	return c, err
}

func (s *shop) change(t *testing.T, seller purse.Seller, req hub.CustomerRequest) error {
	t.Helper()
	req.Encode = asJSON[hub.CustomerReceipt]
	_, err := s.ChangeCustomer(t.Context(), seller, req)
	return err
}

func (s *shop) forget(t *testing.T, seller purse.Seller, id purse.CustomerID) error {
	t.Helper()
	_, err := s.DeleteCustomer(t.Context(), seller, hub.CustomerRequest{ID: id, Encode: asJSON[hub.CustomerReceipt]})
	return err
}

// ada are details of which each can be found again.
var ada = hub.CustomerDetails{
	Locale: "en_GB", FirstName: "Augusta", MiddleName: "Ada", LastName: "Lovelace", Gender: "F", Email: "ada@example.org",
	Phone: "020 7946 0000", CellPhone: "07700 900000", Nationality: "GB", IP: "192.0.2.7", AccountID: "17",
	Birth: hub.Date{Day: 10, Month: 12, Year: 1815},
}

func TestCustomer(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		made, err := s.create(t, s.seller, hub.CustomerRequest{Ref: "c-1", Details: ada})
		want(t, err, "")
		id := made.Customer.ID
		if len(made.Customer.Token) != 15 || made.Customer.Token[0] != 'P' {
			t.Errorf("the token is %q", made.Customer.Token)
		}
		found, err := s.Customer(t.Context(), s.seller, id)
		if err != nil || found.Details != ada || found.Customer != made.Customer {
			t.Errorf("found %+v, %v", found, err)
		}
		named, err := s.CustomerReferenced(t.Context(), s.seller, "c-1")
		if err != nil || named.Customer != found.Customer || named.Details != ada {
			t.Errorf("by its reference %+v, %v", named, err)
		}

		want(t, s.change(t, s.seller, hub.CustomerRequest{ID: id, Details: hub.CustomerDetails{Locale: "fr_CA", LastName: "King"}}), "")
		found, err = s.Customer(t.Context(), s.seller, id)
		if err != nil || found.Details != (hub.CustomerDetails{Locale: "fr_CA", LastName: "King"}) || found.Customer.Ref != "c-1" {
			t.Errorf("changed to %+v, %v", found, err)
		}

		// A reference that is left is free.
		want(t, s.change(t, s.seller, hub.CustomerRequest{ID: id, Ref: "c-2"}), "")
		_, err = s.CustomerReferenced(t.Context(), s.seller, "c-1")
		want(t, err, purse.CodeNotFound)
		if s.customer(t, "c-1", ada) == id {
			t.Error("two customers with one number")
		}
		want(t, s.change(t, s.seller, hub.CustomerRequest{ID: id, Ref: "c-1"}), purse.CodeCustomer)
		want(t, s.change(t, s.seller, hub.CustomerRequest{ID: id, Ref: "c-2"}), "")
		want(t, s.change(t, s.seller, hub.CustomerRequest{ID: 1, Ref: "c-3"}), purse.CodeNotFound)
		want(t, s.forget(t, s.seller, 1), purse.CodeNotFound)
		_, err = s.Customer(t.Context(), s.seller, 1)
		want(t, err, purse.CodeNotFound)
	})
}

func TestCustomerTwice(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.customer(t, "c-1", ada)
		_, err := s.create(t, s.seller, hub.CustomerRequest{Ref: "c-1"})
		want(t, err, purse.CodeCustomer)
		_, err = s.create(t, s.merchant(t, "forge"), hub.CustomerRequest{Ref: "c-1"})
		want(t, err, "") // another merchant's is nothing to it

		const crowd = 20
		codes := make(chan purse.Code, crowd)
		var together sync.WaitGroup
		for range crowd {
			together.Go(func() {
				_, err := s.CreateCustomer(t.Context(), s.seller, hub.CustomerRequest{Ref: "c-2", Details: ada, Encode: asJSON[hub.CustomerReceipt]})
				if err == nil {
					codes <- ""
					return
				}
				codes <- purse.CodeOf(err)
			})
		}
		together.Wait()
		close(codes)
		won := 0
		for code := range codes {
			if code == "" {
				won++
			} else if code != purse.CodeCustomer {
				t.Errorf("lost with %q", code)
			}
		}
		if won != 1 {
			t.Errorf("%d of %d have won", won, crowd)
		}
	})
}

func TestCustomerRepeated(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		req := hub.CustomerRequest{Ref: "c-1", Details: ada, Once: once(s.seller, "k", "make c-1"), Encode: asJSON[hub.CustomerReceipt]}
		first, err := s.CreateCustomer(t.Context(), s.seller, req)
		want(t, err, "")
		second, err := s.CreateCustomer(t.Context(), s.seller, req)
		if err != nil || !second.Replayed || second.Body != first.Body {
			t.Errorf("repeated: %+v, %v", second, err)
		}
		req.Once.Fingerprint = "make c-2"
		_, err = s.CreateCustomer(t.Context(), s.seller, req)
		want(t, err, purse.CodeKeyReused)

		found, err := s.CustomerReferenced(t.Context(), s.seller, "c-1")
		want(t, err, "")
		gone := hub.CustomerRequest{ID: found.Customer.ID, Once: once(s.seller, "d", "delete c-1"), Encode: asJSON[hub.CustomerReceipt]}
		first, err = s.DeleteCustomer(t.Context(), s.seller, gone)
		want(t, err, "")
		second, err = s.DeleteCustomer(t.Context(), s.seller, gone)
		if err != nil || !second.Replayed || second.Body != first.Body {
			t.Errorf("deleted again: %+v, %v", second, err)
		}
		gone.Once = purse.Once{}
		_, err = s.DeleteCustomer(t.Context(), s.seller, gone)
		want(t, err, purse.CodeNotFound)
	})
}

func TestCustomerKeys(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		public := s.seller
		public.Key, public.Kind = "mill in the open", purse.PublicKey
		s.do(t, purse.Needs{}, func(f *purse.Facts) error {
			f.Put(purse.APIKey{Username: public.Key, Merchant: public.Merchant, Book: public.Book, Kind: public.Kind, Hash: public.Hash, Created: f.Now})
			return nil
		})
		wrong := s.seller
		wrong.Hash = "another"
		for _, c := range []struct {
			seller purse.Seller
			code   purse.Code
		}{{public, purse.CodeKeyKind}, {wrong, purse.CodeBadKey}} {
			_, err := s.create(t, c.seller, hub.CustomerRequest{Ref: "c-2"})
			want(t, err, c.code)
			want(t, s.change(t, c.seller, hub.CustomerRequest{ID: id}), c.code)
			want(t, s.forget(t, c.seller, id), c.code)
			_, err = s.save(t, c.seller, hub.SaveRequest{Customer: id, From: "PH00000000000000"})
			want(t, err, c.code)
			_, err = s.show(t, c.seller, id)
			want(t, err, c.code)
		}
	})
}

// TestCustomerOfOthers asks for everything of a customer in another merchant's name.
func TestCustomerOfOthers(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		address, err := s.address(t, s.seller, hub.AddressRequest{Customer: id, Address: hub.Address{City: "London"}})
		want(t, err, "")
		from := s.agreed(t, purse.HandleForPayment, "ada", 500)
		saved, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token})
		want(t, err, "")
		shown, err := s.show(t, s.seller, id)
		want(t, err, "")

		other := s.merchant(t, "forge")
		theirs, err := s.create(t, other, hub.CustomerRequest{Ref: "c-9"})
		want(t, err, "")
		for name, try := range map[string]func() error{
			"find":         func() error { _, err := s.Customer(t.Context(), other, id); return err },
			"find by name": func() error { _, err := s.CustomerReferenced(t.Context(), other, "c-1"); return err },
			"change":       func() error { return s.change(t, other, hub.CustomerRequest{ID: id}) },
			"delete":       func() error { return s.forget(t, other, id) },
			"find address": func() error { _, err := s.Address(t.Context(), other, id, address.ID); return err },
			"add address":  func() error { _, err := s.address(t, other, hub.AddressRequest{Customer: id}); return err },
			"change address": func() error {
				_, err := s.moved(t, other, hub.AddressRequest{Customer: id, Address: address})
				return err
			},
			"delete address":  func() error { return s.unaddress(t, other, id, address.ID) },
			"their address":   func() error { return s.unaddress(t, other, theirs.Customer.ID, address.ID) },
			"list handles":    func() error { _, err := s.SavedHandles(t.Context(), other, id); return err },
			"find handle":     func() error { _, err := s.SavedHandle(t.Context(), other, id, saved.ID); return err },
			"save handle":     func() error { _, err := s.save(t, other, hub.SaveRequest{Customer: id, From: from.Token}); return err },
			"delete handle":   func() error { return s.unsave(t, other, id, saved.ID) },
			"their handle":    func() error { return s.unsave(t, other, theirs.Customer.ID, saved.ID) },
			"make token":      func() error { _, err := s.show(t, other, id); return err },
			"find token":      func() error { _, err := s.CustomerToken(t.Context(), other, id, shown.Token.Number); return err },
			"another's token": func() error { _, err := s.CustomerToken(t.Context(), other, theirs.Customer.ID, 1); return err },
		} {
			if err := try(); purse.CodeOf(err) != purse.CodeNotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err = s.save(t, other, hub.SaveRequest{Customer: theirs.Customer.ID, From: from.Token})
		want(t, err, purse.CodeHandle)
		_, err = s.sell(t, other, saved.Token, 100)
		want(t, err, purse.CodeHandle)
		found, err := s.Customer(t.Context(), s.seller, id)
		if err != nil || found.Details != ada || len(found.Addresses) != 1 {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

func TestCustomerForgotten(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		id := s.customer(t, "c-1", ada)
		address, err := s.address(t, s.seller, hub.AddressRequest{Customer: id, Address: hub.Address{Street: "Ockham Park"}})
		want(t, err, "")
		from := s.agreed(t, purse.HandleForPayment, "ada", 500)
		saved, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token, Ref: "Babbage"})
		want(t, err, "")
		shown, err := s.show(t, s.seller, id)
		want(t, err, "")
		want(t, s.forget(t, s.seller, id), "")

		for name, try := range map[string]func() error{
			"find":         func() error { _, err := s.Customer(t.Context(), s.seller, id); return err },
			"find by name": func() error { _, err := s.CustomerReferenced(t.Context(), s.seller, "c-1"); return err },
			"change":       func() error { return s.change(t, s.seller, hub.CustomerRequest{ID: id}) },
			"delete":       func() error { return s.forget(t, s.seller, id) },
			"find address": func() error { _, err := s.Address(t.Context(), s.seller, id, address.ID); return err },
			"add address":  func() error { _, err := s.address(t, s.seller, hub.AddressRequest{Customer: id}); return err },
			"list handles": func() error { _, err := s.SavedHandles(t.Context(), s.seller, id); return err },
			"save handle": func() error {
				_, err := s.save(t, s.seller, hub.SaveRequest{Customer: id, From: from.Token})
				return err
			},
			"delete handle": func() error { return s.unsave(t, s.seller, id, saved.ID) },
			"make token":    func() error { _, err := s.show(t, s.seller, id); return err },
			"find token":    func() error { _, err := s.CustomerToken(t.Context(), s.seller, id, shown.Token.Number); return err },
		} {
			if err := try(); purse.CodeOf(err) != purse.CodeNotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err = s.sell(t, s.seller, saved.Token, 100)
		want(t, err, purse.CodeHandle)

		// Nothing of the person is left in the row, and the reference is free.
		var document string
		var deleted int64
		if err := s.db.QueryRow(`select document, deleted from customers where id = $1`, int64(id)).Scan(&document, &deleted); err != nil {
			t.Fatal(err)
		}
		if document != "" || deleted == 0 {
			t.Errorf("left: %q, deleted at %d", document, deleted)
		}
		again, err := s.create(t, s.seller, hub.CustomerRequest{Ref: "c-1"})
		if err != nil || again.Customer.ID == id || again.Details != (hub.CustomerDetails{}) || again.Addresses != nil {
			t.Errorf("made again: %+v, %v", again, err)
		}
		want(t, s.forget(t, s.seller, again.Customer.ID), "")
		_, err = s.create(t, s.seller, hub.CustomerRequest{Ref: "c-1"}) // also twice
		want(t, err, "")
	})
}

func TestCustomerTooLarge(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		big := hub.CustomerDetails{FirstName: strings.Repeat("x", 17<<10)}
		_, err := s.create(t, s.seller, hub.CustomerRequest{Ref: "c-1", Details: big})
		want(t, err, purse.CodeInvalid)
		id := s.customer(t, "c-1", ada)
		want(t, s.change(t, s.seller, hub.CustomerRequest{ID: id, Details: big}), purse.CodeInvalid)
		_, err = s.address(t, s.seller, hub.AddressRequest{Customer: id, Address: hub.Address{Street: big.FirstName}})
		want(t, err, purse.CodeInvalid)
		found, err := s.Customer(t.Context(), s.seller, id)
		if err != nil || found.Details != ada || found.Addresses != nil {
			t.Errorf("%+v, %v", found, err)
		}
	})
}
