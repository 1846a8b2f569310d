package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"purse"
)

func testNoMerchants(t *testing.T, s *server) {
	ctx := t.Context()
	absent := func(_ any, err error) { t.Helper(); refused(t, err, purse.CodeNotFound) }
	absent(s.Logo(ctx, 9))
	_, _, err := s.APIKey(ctx, "nobody's")
	refused(t, err, purse.CodeNotFound)
	absent(s.Handle(ctx, 1, purse.HandleKey{Merchant: 9, ID: 9}))
	absent(s.HandleNamed(ctx, 1, ""))
	absent(s.HandleLinked(ctx, ""))
	absent(s.HandleLinked(ctx, "nobody's"))
	absent(s.Operation(ctx, 1, purse.OperationKey{Merchant: 9, Kind: purse.Sale, ID: 9}))
	absent(s.Mandate(ctx, 1, purse.MandateKey{Merchant: 9, Consumer: "c"}))
	absent(s.Customer(ctx, 1, purse.CustomerKey{Merchant: 9, ID: 9}))
	absent(s.CustomerReferenced(ctx, 1, purse.CustomerReference{Merchant: 9, Ref: "r"}))
	if all, err := s.Merchants(ctx, 9); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := s.KeysOf(ctx, 9); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := s.Consumers(ctx, 1, purse.ConsumerKey{Merchant: 9, Person: 9}); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// testOthersThings: what has the number of another merchant's thing is not there.
func testOthersThings(t *testing.T, s *server) {
	const m, other = 5200, 5201
	h := handleOf(m, 1)
	o := purse.Operation{OperationKey: purse.OperationKey{Merchant: m, Kind: purse.Sale, ID: 1}, Ref: "r", Status: purse.OperationCompleted}
	c := purse.Customer{CustomerKey: purse.CustomerKey{Merchant: m, ID: 1}, Ref: "r"}
	s.do(t, purse.Needs{}, func(f *purse.Facts) error { f.Put(h); f.Put(o); f.Put(c); return nil })
	absent := func(_ any, err error) { t.Helper(); refused(t, err, purse.CodeNotFound) }
	ctx := t.Context()
	h.Merchant, o.Merchant, c.Merchant = other, other, other
	absent(s.Handle(ctx, 1, h.HandleKey))
	absent(s.Operation(ctx, 1, o.OperationKey))
	absent(s.Customer(ctx, 1, c.CustomerKey))
	absent(s.CustomerReferenced(ctx, 1, purse.CustomerReference{Merchant: other, Ref: "r"}))
	o.Merchant, o.Kind = m, purse.Settlement
	absent(s.Operation(ctx, 1, o.OperationKey))
	absent(s.HandleNamed(ctx, 0, h.Token)) // a book has its own
	reference := purse.ReferenceKey{Merchant: other, Kind: purse.Sale, Ref: "r"}
	s.do(t, purse.Needs{
		Handles: []purse.HandleKey{h.HandleKey}, Operations: []purse.OperationKey{o.OperationKey},
		Customers: []purse.CustomerKey{c.CustomerKey}, References: []purse.ReferenceKey{reference},
	}, func(f *purse.Facts) error {
		absent(f.Handle(h.HandleKey))
		absent(f.Operation(o.OperationKey))
		absent(f.Customer(c.CustomerKey))
		absent(f.Referenced(reference))
		return nil
	})
}

func testMerchantsOfBooks(t *testing.T, s *server) {
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		f.Put(purse.Merchant{ID: 5300, Book: 1, Name: "M", Life: time.Hour, Created: f.Now})
		f.Put(purse.Logo{Merchant: 5300, Type: "image/png"})
		f.Put(purse.APIKey{Username: "of a book", Merchant: 5300, Book: 1, Kind: purse.PublicKey})
		return nil
	})
	s.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(time.Hour) })
	want, err := s.Now(t.Context(), purse.MainBook)
	k, now, err2 := s.APIKey(t.Context(), "of a book")
	if err != nil || err2 != nil || k.Merchant != 5300 || now < want || now > want.Add(time.Hour) {
		t.Errorf("%+v at %d (%v, %v); the book's clock says %d", k, now, err, err2, want)
	}
	// The directory changes them, and the book sees it.
	s.inDirectory(t, purse.Needs{Merchants: []purse.MerchantID{5300}, APIKeys: []string{k.Username}}, func(f *purse.Facts) error {
		m, err := f.Merchant(5300)
		m.Accepts = true
		f.Put(m)
		k.Revoked = f.Now
		f.Put(k)
		return err
	})
	needs := purse.Needs{Merchants: []purse.MerchantID{5300}, APIKeys: []string{k.Username}, KeysOf: []purse.MerchantID{5300}}
	s.do(t, needs, func(f *purse.Facts) error {
		m, err := f.Merchant(5300)
		got, err2 := f.APIKey(k.Username)
		set, err3 := f.KeysOf(5300)
		if !m.Accepts || got != k || len(set) != 0 || err != nil || err2 != nil || err3 != nil {
			t.Errorf("the book sees %+v, %+v, %v (%v, %v, %v)", m, got, set, err, err2, err3)
		}
		return nil
	})
}

func testKeysOf(t *testing.T, s *server) {
	const m = 5310
	key := func(n int) purse.APIKey {
		return purse.APIKey{Username: fmt.Sprintf("set %02d", n), Merchant: m, Book: 1, Kind: purse.PrivateKey, Expires: purse.Time(n % 2)}
	}
	needs := purse.Needs{KeysOf: []purse.MerchantID{m}, APIKeys: []string{key(3).Username}}
	names := func(keys []purse.APIKey) (all []string) {
		for _, k := range keys {
			all = append(all, k.Username[4:])
		}
		return all
	}
	look := func(f *purse.Facts, want ...string) {
		t.Helper()
		if keys, err := f.KeysOf(m); err != nil || !slices.Equal(names(keys), want) {
			t.Errorf("the keys are %v, %v, want %v", names(keys), err, want)
		}
	}
	s.inDirectory(t, needs, func(f *purse.Facts) error {
		look(f)
		for _, n := range []int{3, 1, 2} {
			f.Put(key(n))
		}
		f.Put(purse.APIKey{Username: "set 00", Merchant: m + 1, Book: 1})
		look(f, "01", "02", "03")
		return nil
	})
	revoke := func(refuse error) purse.Command {
		return purse.Command{Needs: needs, Decide: func(f *purse.Facts) error {
			k, err := f.APIKey(key(3).Username)
			k.Revoked = f.Now
			f.Put(k)
			look(f, "01", "02")
			if err != nil {
				return err
			}
			return refuse
		}}
	}
	looks := func(want ...string) purse.Command {
		return purse.Command{Needs: needs, Decide: func(f *purse.Facts) error { look(f, want...); return nil }}
	}
	errs := s.together(t, looks("01", "02", "03"), revoke(errNo), looks("01", "02", "03"), revoke(nil), looks("01", "02"))
	refused(t, errs[1], codeNo)
	succeed(t, slices.Delete(errs, 1, 2))
	s.inDirectory(t, needs, func(f *purse.Facts) error {
		for n := 30; n < 30+purse.KeysMax; n++ {
			f.Put(key(n))
		}
		return nil
	})
	s.inDirectory(t, needs, func(f *purse.Facts) error {
		keys, err := f.KeysOf(m)
		if got := names(keys); err != nil || len(got) != purse.KeysMax || got[0] != "01" || !slices.IsSorted(got) {
			t.Errorf("of many there are %v, %v", got, err)
		}
		return nil
	})
	if keys, err := s.KeysOf(t.Context(), m); err != nil || len(keys) != purse.KeysMax || !slices.IsSorted(names(keys)) {
		t.Errorf("read there are %v, %v", names(keys), err)
	}
}

func testReferences(t *testing.T, s *server) {
	const m = 5320
	kinds := append([]purse.OperationKind{purse.ReferenceToHandle}, purse.OperationKinds...)
	put := func(f *purse.Facts, kind purse.OperationKind, ref string, id int64) {
		if kind == purse.ReferenceToHandle {
			h := handleOf(m, purse.HandleID(id))
			h.Ref = ref
			f.Put(h)
			return
		}
		f.Put(purse.Operation{OperationKey: purse.OperationKey{Merchant: m, Kind: kind, ID: purse.OperationID(id)}, Ref: ref, Status: purse.OperationCompleted})
	}
	var needs purse.Needs
	for _, kind := range kinds {
		for _, ref := range []string{"r", "R", "other"} {
			needs.References = append(needs.References, purse.ReferenceKey{Merchant: m, Kind: kind, Ref: ref})
		}
	}
	look := func(f *purse.Facts, ref string, want func(i int) int64) {
		t.Helper()
		for i, kind := range kinds {
			id, err := f.Referenced(purse.ReferenceKey{Merchant: m, Kind: kind, Ref: ref})
			if n := want(i); id != n || (purse.CodeOf(err) == purse.CodeNotFound) != (n == 0) || n != 0 && err != nil {
				t.Errorf("%s %s is %d, %v, want %d", kind, ref, id, err, n)
			}
		}
	}
	none := func(int) int64 { return 0 }
	at := func(base int64) func(int) int64 { return func(i int) int64 { return base + int64(i) } }
	all := func(f *purse.Facts, base int64) {
		for i, kind := range kinds {
			put(f, kind, "r", base+int64(i))
		}
	}
	command := func(decide func(f *purse.Facts) error) purse.Command { return on(needs, decide) }
	errs := s.together(t,
		command(func(f *purse.Facts) error { all(f, 100); return errNo }),
		command(func(f *purse.Facts) error { look(f, "r", none); return nil }),
		command(func(f *purse.Facts) error { all(f, 200); look(f, "r", at(200)); all(f, 300); return nil }),
		command(func(f *purse.Facts) error {
			look(f, "r", at(300))
			look(f, "R", none)
			look(f, "other", none)
			return nil
		}),
		command(func(f *purse.Facts) error { all(f, 400); return errNo }),
		command(func(f *purse.Facts) error { look(f, "r", at(300)); return nil }))
	refused(t, errs[0], codeNo)
	refused(t, errs[4], codeNo)
	succeed(t, slices.Concat(errs[1:4], errs[5:]))
	s.do(t, needs, func(f *purse.Facts) error { look(f, "r", at(300)); all(f, 500); look(f, "r", at(500)); return nil })
	s.do(t, needs, func(f *purse.Facts) error { look(f, "r", at(500)); return nil })
	// What changes keeps its place: it does not become the newest.
	old := purse.OperationKey{Merchant: m, Kind: purse.Sale, ID: 301}
	withOld := needs
	withOld.Operations = []purse.OperationKey{old}
	s.do(t, withOld, func(f *purse.Facts) error {
		o, err := f.Operation(old)
		o.Status = purse.OperationCancelled
		f.Put(o)
		look(f, "r", at(500))
		return err
	})
	// Those of one kind only.
	s.do(t, needs, func(f *purse.Facts) error { put(f, purse.Refund, "R", 600); return nil })
	s.do(t, needs, func(f *purse.Facts) error {
		look(f, "R", func(i int) int64 {
			if kinds[i] == purse.Refund {
				return 600
			}
			return 0
		})
		return nil
	})
}

// testEndedHandle: whoever changes a handle that has ended has not looked, and nothing
// that such a server says can be trusted.
func testEndedHandle(t *testing.T, open Open) {
	s := start(t, open)
	h := handleOf(5330, 1)
	needs := purse.Needs{Handles: []purse.HandleKey{h.HandleKey}}
	s.do(t, needs, func(f *purse.Facts) error { f.Put(h); return nil })
	h.Status = purse.HandleExpired
	s.do(t, needs, func(f *purse.Facts) error { f.Put(h); return nil })
	before := s.texts(t, "select * from handles")
	h.Status = purse.HandlePayable
	refused(t, s.Execute(t.Context(), on(needs, func(f *purse.Facts) error { f.Put(h); return nil })), purse.CodeUnknown)
	if after := s.texts(t, "select * from handles"); !slices.Equal(after, before) {
		t.Errorf("%q has become %q", before, after)
	}
	wait(t, s.Broken(), "the store to stop")
}

func testConsumerNumbers(t *testing.T, s *server) {
	consumer := func(m purse.MerchantID, person purse.UserID) purse.Consumer {
		return purse.Consumer{ConsumerKey: purse.ConsumerKey{Merchant: m, Person: person}, Number: 111_222_333, Since: 1}
	}
	number := func(m purse.MerchantID) purse.ConsumerNumber {
		return purse.ConsumerNumber{Merchant: m, Number: 111_222_333}
	}
	needs := purse.Needs{ConsumerNumbers: []purse.ConsumerNumber{number(5340), number(5341)}}
	take := func(m purse.MerchantID, person purse.UserID, refuse error) purse.Command {
		return on(needs, func(f *purse.Facts) error {
			if _, err := f.ConsumerNumbered(number(m)); purse.CodeOf(err) != purse.CodeNotFound {
				return purse.Refuse(purse.CodeTaken, "It is taken.")
			}
			f.Put(consumer(m, person))
			return refuse
		})
	}
	errs := s.together(t, take(5340, 1, errNo), take(5340, 2, nil), take(5340, 3, nil), take(5341, 3, nil))
	refused(t, errs[0], codeNo)
	refused(t, errs[2], purse.CodeTaken)
	succeed(t, []error{errs[1], errs[3]})
	refused(t, s.Execute(t.Context(), take(5340, 4, nil)), purse.CodeTaken)
	s.do(t, needs, func(f *purse.Facts) error {
		first, err := f.ConsumerNumbered(number(5340))
		second, err2 := f.ConsumerNumbered(number(5341))
		if first != 2 || second != 3 || err != nil || err2 != nil {
			t.Errorf("they are %d and %d, %v, %v", first, second, err, err2)
		}
		return nil
	})
	before := s.digest(t)
	refused(t, s.Execute(t.Context(), on(purse.Needs{}, func(f *purse.Facts) error {
		f.Put(consumer(5340, 5)) // without having looked
		return nil
	})), purse.CodeInternal)
	s.unchanged(t, before)
}

func testCustomerReferences(t *testing.T, s *server) {
	const m = 5350
	customer := func(id purse.CustomerID, ref string) purse.Customer {
		return purse.Customer{CustomerKey: purse.CustomerKey{Merchant: m, ID: id}, Ref: ref, Document: "{}", Changed: 1}
	}
	first := customer(1, "r")
	var needs purse.Needs
	for _, ref := range []string{"r", "moved"} {
		needs.CustomerRefs = append(needs.CustomerRefs, purse.CustomerReference{Merchant: m, Ref: ref})
	}
	look := func(f *purse.Facts, ref string, want purse.CustomerID) {
		t.Helper()
		id, err := f.CustomerReferenced(purse.CustomerReference{Merchant: m, Ref: ref})
		if id != want || (purse.CodeOf(err) == purse.CodeNotFound) != (want == 0) {
			t.Errorf("%s is %d, %v, want %d", ref, id, err, want)
		}
	}
	read := func(ref string, want purse.CustomerID) {
		t.Helper()
		c, err := s.CustomerReferenced(t.Context(), 1, purse.CustomerReference{Merchant: m, Ref: ref})
		if c.ID != want || (purse.CodeOf(err) == purse.CodeNotFound) != (want == 0) {
			t.Errorf("read %s is %+v, %v, want %d", ref, c, err, want)
		}
		s.do(t, needs, func(f *purse.Facts) error { look(f, ref, want); return nil })
	}
	gone := func(c purse.Customer) purse.Customer { c.Deleted, c.Document = 9, ""; return c }
	s.do(t, needs, func(f *purse.Facts) error { f.Put(first); look(f, "r", 1); return nil })
	read("r", 1)
	// One command may delete and make anew, and so may two of one batch.
	s.do(t, needs, func(f *purse.Facts) error {
		f.Put(gone(first))
		look(f, "r", 0)
		f.Put(customer(2, "r"))
		look(f, "r", 2)
		return nil
	})
	read("r", 2)
	halvings := s.Stats().Halvings
	errs := s.together(t,
		on(needs, func(f *purse.Facts) error { f.Put(gone(customer(2, "r"))); look(f, "r", 0); return errNo }),
		on(needs, func(f *purse.Facts) error { look(f, "r", 2); f.Put(gone(customer(2, "r"))); return nil }),
		on(needs, func(f *purse.Facts) error { look(f, "r", 0); f.Put(customer(3, "r")); return nil }),
		on(needs, func(f *purse.Facts) error { look(f, "r", 3); return nil }))
	refused(t, errs[0], codeNo)
	succeed(t, errs[1:])
	if n := s.Stats().Halvings - halvings; n != 0 {
		t.Errorf("the batch came apart %d times", n)
	}
	read("r", 3)
	for _, id := range []purse.CustomerID{1, 2} {
		c, err := s.Customer(t.Context(), 1, purse.CustomerKey{Merchant: m, ID: id})
		if want := gone(customer(id, "r")); err != nil || c != want {
			t.Errorf("%+v, %v, want %+v", c, err, want)
		}
	}
	// One that was deleted long ago has no say in whose the reference is.
	withFirst := needs
	withFirst.Customers = []purse.CustomerKey{first.CustomerKey}
	s.do(t, withFirst, func(f *purse.Facts) error {
		c, err := f.Customer(first.CustomerKey)
		c.Changed = 10
		f.Put(c)
		look(f, "r", 3)
		return err
	})
	// A reference that is given up is free.
	s.do(t, needs, func(f *purse.Facts) error {
		f.Put(customer(3, "moved"))
		look(f, "r", 0)
		look(f, "moved", 3)
		f.Put(customer(4, "r"))
		return nil
	})
	read("r", 4)
	read("moved", 3)
}

// testCursor: of those who have read as far, one moves it.
func testCursor(t *testing.T, s *server) {
	needs := purse.Needs{Cursors: []string{"race"}}
	move := func(from, to int64) purse.Command {
		return on(needs, func(f *purse.Facts) error {
			c, err := f.Cursor("race")
			if err != nil {
				return err
			}
			if c.At != from {
				return errNo
			}
			c.At = to
			f.Put(c)
			return nil
		})
	}
	errs := s.together(t, move(0, 5), move(0, 6), move(5, 7), move(5, 8))
	succeed(t, []error{errs[0], errs[2]})
	refused(t, errs[1], codeNo)
	refused(t, errs[3], codeNo)
	refused(t, s.Execute(t.Context(), move(5, 9)), codeNo)
	succeed(t, []error{s.Execute(t.Context(), move(7, 9))})
	if n := s.number(t, "select at from cursors where name = 'race'"); n != 9 {
		t.Errorf("it stands at %d", n)
	}
}
