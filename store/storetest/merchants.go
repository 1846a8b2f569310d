package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"purse"
)

// testMerchants is about the rows of what merchants and consumers have to do with.
func testMerchants(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("EveryNounIsStoredAndChanged", func(t *testing.T) {
		for name, n := range s.merchantNouns(t, 5000) {
			n.isStored(t, s, name)
		}
	})
	t.Run("EveryNounFollowsTheBatch", func(t *testing.T) {
		for name, n := range s.merchantNouns(t, 5100) {
			n.followsBatch(t, s, name)
		}
	})
	t.Run("WhatIsNotThereIsNotFound", func(t *testing.T) { testNoMerchants(t, s) })
	t.Run("OthersThingsAreNotFound", func(t *testing.T) { testOthersThings(t, s) })
	t.Run("EveryBookMayAddMerchants", func(t *testing.T) { testMerchantsOfBooks(t, s) })
	t.Run("KeysOfAMerchantAreBoundedAndInOrder", func(t *testing.T) { testKeysOf(t, s) })
	t.Run("AReferenceIsTheNewestThatHasIt", func(t *testing.T) { testReferences(t, s) })
	t.Run("AHandleThatHasEndedNeverChanges", func(t *testing.T) { testEndedHandle(t, open) })
	t.Run("NumbersAreOnceAtAMerchant", func(t *testing.T) { testConsumerNumbers(t, s) })
	t.Run("ADeletedCustomerFreesItsReference", func(t *testing.T) { testCustomerReferences(t, s) })
	t.Run("ACursorIsMovedByOne", func(t *testing.T) { testCursor(t, s) })
}

// merchantNouns are the nouns of a merchant of its own, each found in every way that
// there is: as many entries.
func (s *server) merchantNouns(t *testing.T, m purse.MerchantID) map[string]storedNoun {
	all := s.sellers(t, m)
	maps.Copy(all, s.handles(t, m))
	maps.Copy(all, s.operations(t, m))
	maps.Copy(all, s.consumers(t, m))
	return all
}

func (s *server) sellers(t *testing.T, m purse.MerchantID) map[string]storedNoun {
	ctx := t.Context()
	key := fmt.Sprintf("key-%d", m)
	return map[string]storedNoun{
		"merchant": {0, purse.Needs{Merchants: []purse.MerchantID{m}},
			purse.Merchant{ID: m, Book: 1, Name: "Ünï →", Life: time.Hour, Created: 3},
			purse.Merchant{ID: m, Book: 1, Name: "N", Plan: purse.Fee{Fixed: 30, Basis: 290}, Accepts: true, Life: time.Minute, Created: 3, Closed: 9,
				Orders:  purse.OrderTerms{Life: time.Hour, PayerFee: true, Hook: "https://a.example/?é", HookTried: 8},
				Origins: "https://a.example\nhttp://b.example:8080", Email: "ü@example.org"},
			func(f *purse.Facts) (any, error) { return any2(f.Merchant(m)) },
			func() (any, error) { all, err := s.Merchants(ctx, m, 4); return all[m], err }},
		"merchant, in the list": {0, purse.Needs{Merchants: []purse.MerchantID{m + 1}},
			purse.Merchant{ID: m + 1, Book: 1, Name: "A", Life: time.Hour, Email: "a@example.org", Origins: "https://a.example",
				Orders: purse.OrderTerms{Life: time.Minute, PayerFee: true, Hook: "https://a.example/hook", HookTried: 9}}, purse.Merchant{ID: m + 1, Book: 1, Name: "B", Life: time.Hour},
			func(f *purse.Facts) (any, error) { return any2(f.Merchant(m + 1)) },
			func() (any, error) { return oneOf(s.MerchantsAfter(ctx, m, 1)) }},
		"key for orders": {0, purse.Needs{APIKeys: []string{key + "o"}},
			purse.APIKey{Username: key + "o", Merchant: m, Book: 1, Kind: purse.OrderKind, Hash: "h", Secret: "v1.ünï", Created: 1},
			purse.APIKey{Username: key + "o", Merchant: m, Book: 1, Kind: purse.OrderKind, Hash: "h", Secret: "v1.ünï", Created: 1, Revoked: 3},
			func(f *purse.Facts) (any, error) { return any2(f.APIKey(key + "o")) },
			func() (any, error) { v, _, err := s.APIKey(ctx, key+"o"); return v, err }},
		"picture": {0, purse.Needs{Logos: []purse.MerchantID{m}},
			purse.Logo{Merchant: m, Type: "image/png", Data: "YQ=="}, purse.Logo{Merchant: m, Type: "image/webp", Data: "Yg=="},
			func(f *purse.Facts) (any, error) { return any2(f.Logo(m)) }, func() (any, error) { return any2(s.Logo(ctx, m)) }},
		"key": {0, purse.Needs{APIKeys: []string{key}},
			purse.APIKey{Username: key, Merchant: m, Book: 1, Kind: purse.PrivateKey, Hash: "h", Created: 1},
			purse.APIKey{Username: key, Merchant: m, Book: 1, Kind: purse.PrivateKey, Hash: "h", Created: 1, Expires: 2, Revoked: 3},
			func(f *purse.Facts) (any, error) { return any2(f.APIKey(key)) },
			func() (any, error) { v, _, err := s.APIKey(ctx, key); return v, err }},
		"key, in its merchant's set": {0, purse.Needs{KeysOf: []purse.MerchantID{m + 2}},
			purse.APIKey{Username: key + "s", Merchant: m + 2, Book: 1, Kind: purse.OrderKind, Hash: "h", Secret: "v1.sealed"},
			purse.APIKey{Username: key + "s", Merchant: m + 2, Book: 1, Kind: purse.OrderKind, Hash: "h", Secret: "v1.sealed", Expires: 2},
			func(f *purse.Facts) (any, error) { return oneOf(f.KeysOf(m + 2)) },
			func() (any, error) { return oneOf(s.KeysOf(ctx, m+2)) }},
	}
}

// oneOf is the one member of a set.
func oneOf[V any](all []V, err error) (any, error) {
	if err == nil && len(all) == 0 {
		err = purse.Refuse(purse.CodeNotFound, "It is empty.")
	}
	if err != nil {
		return nil, err
	}
	if len(all) > 1 {
		return nil, fmt.Errorf("there are %d", len(all))
	}
	return all[0], nil
}

// handleOf is a payment handle in which every column has a value.
func handleOf(m purse.MerchantID, id purse.HandleID) purse.Handle {
	return purse.Handle{
		HandleKey: purse.HandleKey{Merchant: m, ID: id}, Type: purse.HandleForCredit, Ref: fmt.Sprint("ref→", id), Token: fmt.Sprint("token ", m, id),
		Consumer: "ünï", Minor: 5, Status: purse.HandleInitiated, Link: fmt.Sprint("link ", m, id), Simulator: "INTERNAL",
		Details: `{"a":"→"}`, Changed: 3, Version: 1,
	}
}

func (s *server) handles(t *testing.T, m purse.MerchantID) map[string]storedNoun {
	ctx := t.Context()
	changed := func(h purse.Handle) purse.Handle {
		h.Payer, h.Status, h.Fault, h.Processor, h.Hold, h.Counted = 4, purse.HandleFailed, purse.CodeDeclined, "2000", 7, 8
		h.Operation, h.Changed, h.Version = 9, 10, 2
		return h
	}
	a, b, c, d := handleOf(m, 1), handleOf(m, 2), handleOf(m, 3), handleOf(m, 4)
	b.Type, b.Multi, b.Simulator = purse.HandleForVerification, true, ""
	unlinked := changed(a)
	unlinked.Link = ""
	key := func(h purse.Handle) purse.Needs { return purse.Needs{Handles: []purse.HandleKey{h.HandleKey}} }
	token := func(h purse.Handle) purse.Needs { return purse.Needs{HandleTokens: []string{h.Token}} }
	return map[string]storedNoun{
		"handle": {1, key(a), a, unlinked,
			func(f *purse.Facts) (any, error) { return any2(f.Handle(a.HandleKey)) },
			func() (any, error) { return any2(s.Handle(ctx, 1, a.HandleKey)) }},
		"handle, by token": {1, token(b), b, changed(b),
			func(f *purse.Facts) (any, error) { return any2(f.HandleNamed(b.Token)) },
			func() (any, error) { return any2(s.HandleNamed(ctx, 1, b.Token)) }},
		"handle, by both": {1, purse.Needs{HandleTokens: []string{c.Token}, Handles: []purse.HandleKey{c.HandleKey}}, c, changed(c),
			func(f *purse.Facts) (any, error) {
				h, err := f.Handle(c.HandleKey)
				if named, err2 := f.HandleNamed(c.Token); named != h || purse.CodeOf(err) != purse.CodeOf(err2) {
					t.Errorf("by token it is %+v, %v, and by key %+v, %v", named, err2, h, err)
				}
				return h, err
			},
			func() (any, error) { return any2(s.HandleLinked(ctx, c.Link)) }},
		"handle, in the list": {1, key(d), d, changed(d),
			func(f *purse.Facts) (any, error) { return any2(f.Handle(d.HandleKey)) },
			func() (any, error) {
				list, _, err := s.Handles(ctx, 1, purse.HubQuery{Merchant: m, Ref: d.Ref, To: 1 << 60, Limit: 5})
				return oneOf(list, err)
			}},
	}
}

func (s *server) operations(t *testing.T, m purse.MerchantID) map[string]storedNoun {
	ctx := t.Context()
	all := map[string]storedNoun{}
	for i, kind := range purse.OperationKinds { // all with the same number
		o := purse.Operation{
			OperationKey: purse.OperationKey{Merchant: m, Kind: kind, ID: 20}, Ref: "ref→", Handle: 1, Parent: purse.OperationID(i % 2 * 20), Payer: 3,
			Minor: 40, Fee: 5, Auto: i%2 == 0, Settleable: 6, Refundable: 7, Hold: 8, Deadline: 9, Transfer: 10, Counted: 11,
			Status: purse.OperationCompleted, Fault: purse.CodeDeclined, Processor: "2000", Details: `{"a":"→"}`, Changed: 12, Version: 1,
		}
		changed := o
		changed.Settleable, changed.Refundable, changed.Hold, changed.Counted = 0, 1, 0, 0
		changed.Status, changed.Changed, changed.Version = purse.OperationCancelled, 13, 2
		key := o.OperationKey
		all[string(kind)] = storedNoun{1, purse.Needs{Operations: []purse.OperationKey{key}}, o, changed,
			func(f *purse.Facts) (any, error) { return any2(f.Operation(key)) },
			func() (any, error) { return any2(s.Operation(ctx, 1, key)) }}
	}
	return all
}

func (s *server) consumers(t *testing.T, m purse.MerchantID) map[string]storedNoun {
	ctx := t.Context()
	mandate, consumer := purse.MandateKey{Merchant: m, Consumer: "ünï"}, purse.ConsumerKey{Merchant: m, Person: 300}
	customer, cursor := purse.CustomerKey{Merchant: m, ID: 30}, fmt.Sprint("cursor ", m)
	number := purse.ConsumerNumber{Merchant: m, Number: 100_000_001}
	ref := purse.CustomerReference{Merchant: m, Ref: "ünï 31"}
	agreed := purse.Mandate{MandateKey: mandate, ID: 40, Person: 300, Since: 1, CapPayment: purse.NoCap, CapMonth: purse.NoCap, Version: 1}
	known := purse.Consumer{ConsumerKey: purse.ConsumerKey{Merchant: m, Person: 301}, Number: number.Number, Email: "a@example.org", Since: 2}
	return map[string]storedNoun{
		"agreement": {1, purse.Needs{Mandates: []purse.MandateKey{mandate}}, agreed,
			purse.Mandate{MandateKey: mandate, ID: 40, Person: 301, Since: 2, Revoked: 3, Ends: 4, CapPayment: 5, CapMonth: 6, Month: 7, Spent: 8, Used: 9, Version: 10},
			func(f *purse.Facts) (any, error) { return any2(f.Mandate(mandate)) },
			func() (any, error) { return any2(s.Mandate(ctx, 1, mandate)) }},
		"consumer": {1, purse.Needs{Consumers: []purse.ConsumerKey{consumer}},
			purse.Consumer{ConsumerKey: consumer, Number: 999_999_999, Since: 2}, purse.Consumer{ConsumerKey: consumer, Number: 999_999_999, Email: "b@example.org", Since: 2, Linked: 3},
			func(f *purse.Facts) (any, error) { return any2(f.Consumer(consumer)) },
			func() (any, error) {
				all, err := s.Consumers(ctx, 1, consumer, purse.ConsumerKey{Merchant: m, Person: 999})
				return all[consumer], err
			}},
		"consumer, by number": {1, purse.Needs{ConsumerNumbers: []purse.ConsumerNumber{number}}, known, known,
			func(f *purse.Facts) (any, error) {
				person, err := f.ConsumerNumbered(number)
				if err != nil {
					return nil, err
				}
				return any2(f.Consumer(purse.ConsumerKey{Merchant: m, Person: person}))
			}, nil},
		"customer": {1, purse.Needs{Customers: []purse.CustomerKey{customer}},
			purse.Customer{CustomerKey: customer, Ref: "r→", Token: "t", Document: `{"a":"→"}`, Changed: 1},
			purse.Customer{CustomerKey: customer, Ref: "r2", Token: "t", Changed: 2, Deleted: 2},
			func(f *purse.Facts) (any, error) { return any2(f.Customer(customer)) },
			func() (any, error) { return any2(s.Customer(ctx, 1, customer)) }},
		"customer, by reference": {1, purse.Needs{CustomerRefs: []purse.CustomerReference{ref}},
			purse.Customer{CustomerKey: purse.CustomerKey{Merchant: m, ID: 31}, Ref: ref.Ref, Changed: 1},
			purse.Customer{CustomerKey: purse.CustomerKey{Merchant: m, ID: 31}, Ref: ref.Ref, Document: "{}", Changed: 2},
			func(f *purse.Facts) (any, error) {
				id, err := f.CustomerReferenced(ref)
				if err != nil {
					return nil, err
				}
				return any2(f.Customer(purse.CustomerKey{Merchant: m, ID: id}))
			},
			func() (any, error) { return any2(s.CustomerReferenced(ctx, 1, ref)) }},
		"cursor": {1, purse.Needs{Cursors: []string{cursor}}, purse.Cursor{Name: cursor, At: 1}, purse.Cursor{Name: cursor, At: 1 << 60},
			func(f *purse.Facts) (any, error) {
				c, err := f.Cursor(cursor)
				if err == nil && c == (purse.Cursor{Name: cursor}) {
					err = purse.Refuse(purse.CodeNotFound, "It was never moved.")
				}
				return c, err
			}, nil},
	}
}

// followsBatch puts a noun and changes it among others of one batch, some of which
// are refused.
func (n storedNoun) followsBatch(t *testing.T, s *server, name string) {
	t.Helper()
	put := func(noun any, refuse error) purse.Command {
		return purse.Command{Book: n.book, Needs: n.needs, Decide: func(f *purse.Facts) error { f.Put(noun); return refuse }}
	}
	look := func(want any) purse.Command {
		return purse.Command{Book: n.book, Needs: n.needs, Decide: func(f *purse.Facts) error {
			got, err := n.get(f)
			if want == nil && purse.CodeOf(err) != purse.CodeNotFound || want != nil && (err != nil || got != want) {
				t.Errorf("%s: in the batch it is %+v, %v, want %+v", name, got, err, want)
			}
			return nil
		}}
	}
	errs := s.together(t,
		look(nil), put(n.first, errNo), look(nil), put(n.first, nil), look(n.first), put(n.second, errNo), look(n.first))
	refused(t, errs[1], codeNo)
	refused(t, errs[5], codeNo)
	succeed(t, slices.Concat(errs[:1], errs[2:5], errs[6:]))
	n.is(t, s, name, n.first)
	errs = s.together(t, look(n.first), put(n.second, errNo), look(n.first), put(n.second, nil), look(n.second))
	refused(t, errs[1], codeNo)
	succeed(t, slices.Delete(errs, 1, 2))
	n.is(t, s, name, n.second)
}
