package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"purse"
)

// testOrders is about orders, payment links, and who works for a merchant.
func testOrders(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("EveryNounIsStoredAndChanged", func(t *testing.T) {
		for name, n := range s.orderNouns(t, 8000) {
			n.isStored(t, s, name)
		}
	})
	t.Run("EveryNounFollowsTheBatch", func(t *testing.T) {
		for name, n := range s.orderNouns(t, 8100) {
			n.followsBatch(t, s, name)
		}
	})
	t.Run("WhatIsNotThereIsNotFound", func(t *testing.T) { testNoOrders(t, s) })
	t.Run("OthersOrdersAreNotFound", func(t *testing.T) { testOthersOrders(t, s) })
	t.Run("AnOrderThatHasEndedNeverChanges", func(t *testing.T) { testEndedOrder(t, open) })
	t.Run("OrdersAreNumberedWithoutAGap", func(t *testing.T) { testOrderNumbers(t, open) })
	t.Run("OrdersAreListedNewestFirst", func(t *testing.T) { testOrderList(t, s) })
	t.Run("OrdersOfAPayerAreListedNewestFirst", func(t *testing.T) { testPaidList(t, s) })
	t.Run("OverdueOrdersWait", func(t *testing.T) { testOverdueOrders(t, s) })
	t.Run("OpenPaymentLinksAreListed", func(t *testing.T) { testLinkList(t, s) })
	t.Run("MembersComeAndGo", func(t *testing.T) { testMembers(t, s) })
	t.Run("MembersAreListedOnBothSides", func(t *testing.T) { testMemberLists(t, s) })
}

// orderOf is an order in which every column has a value, as it is made.
func orderOf(m purse.MerchantID, n purse.OrderNumber) purse.Order {
	return purse.Order{
		OrderKey: purse.OrderKey{Merchant: m, Number: n}, Source: purse.OrderFromAPI, Key: "kéy", Minor: 40, Fee: 5, OnTop: true,
		Customer: "ü@example.org", Product: "Tea →", Redirect: "https://shop.example/?a=1", Link: fmt.Sprint("order ", m, n),
		Made: 3, Deadline: 9, Status: purse.OrderPending, Changed: 3, Version: 1,
	}
}

// paidBy is an order that somebody has paid.
func paidBy(o purse.Order, payer purse.UserID) purse.Order {
	o.Status, o.Payer, o.Transfer, o.Counted, o.Changed, o.Version = purse.OrderPaid, payer, 6, 7, 8, 2
	return o
}

func orderNeeds(o purse.Order) purse.Needs { return purse.Needs{Orders: []purse.OrderKey{o.OrderKey}} }

// orderNouns are the nouns of a merchant of its own, each found in every way that
// there is.
func (s *server) orderNouns(t *testing.T, m purse.MerchantID) map[string]storedNoun {
	ctx := t.Context()
	all := map[string]storedNoun{}
	payer := purse.UserID(m)
	for i, read := range []struct {
		how   string
		found func(purse.Order) (any, error)
	}{
		{"by its key", func(o purse.Order) (any, error) { return any2(s.Order(ctx, 1, o.OrderKey)) }},
		{"by its link", func(o purse.Order) (any, error) { return any2(s.OrderLinked(ctx, o.Link)) }},
		{"in the list", func(o purse.Order) (any, error) {
			list, err := s.Orders(ctx, 1, purse.OrderQuery{Merchant: o.Merchant, Limit: 5})
			return oneOf(list, err)
		}},
	} {
		o := orderOf(m+purse.MerchantID(i), 1)
		all["order, "+read.how] = storedNoun{1, orderNeeds(o), o, paidBy(o, payer),
			func(f *purse.Facts) (any, error) { return any2(f.Order(o.OrderKey)) }, func() (any, error) { return read.found(o) }}
	}
	plain := purse.Order{
		OrderKey: purse.OrderKey{Merchant: m, Number: 2}, Source: purse.OrderFromTill, Minor: 1, Product: "p", Link: fmt.Sprint("plain ", m),
		Made: 1, Deadline: 2, Status: purse.OrderPending, Changed: 1, Version: 1,
	}
	ended := plain
	ended.Status, ended.Changed, ended.Version = purse.OrderExpired, 2, 2
	all["order of the till"] = storedNoun{1, orderNeeds(plain), plain, ended,
		func(f *purse.Facts) (any, error) { return any2(f.Order(plain.OrderKey)) }, func() (any, error) { return any2(s.Order(ctx, 1, plain.OrderKey)) }}
	link := purse.PaymentLink{
		PaymentLinkKey: purse.PaymentLinkKey{Merchant: m, ID: 4}, Link: fmt.Sprint("offer ", m), Minor: 70, Product: "Käse", Made: 5,
	}
	closed := link
	closed.Closed = 6
	all["payment link"] = storedNoun{1, purse.Needs{PaymentLinks: []purse.PaymentLinkKey{link.PaymentLinkKey}}, link, closed,
		func(f *purse.Facts) (any, error) { return any2(f.PaymentLink(link.PaymentLinkKey)) },
		func() (any, error) { return any2(s.PaymentLinked(ctx, link.Link)) }}
	return all
}

func testNoOrders(t *testing.T, s *server) {
	ctx := t.Context()
	absent := func(_ any, err error) { t.Helper(); refused(t, err, purse.CodeNotFound) }
	absent(s.Order(ctx, 1, purse.OrderKey{Merchant: 9, Number: 9}))
	absent(s.OrderLinked(ctx, "nobody's"))
	absent(s.OrderLinked(ctx, ""))
	absent(s.OrderPaidBy(ctx, 1, 9, 9))
	absent(s.PaymentLinked(ctx, "nobody's"))
	absent(s.PaymentLinked(ctx, ""))
	lists := map[string]func() (int, error){
		"orders": func() (int, error) {
			all, err := s.Orders(ctx, 1, purse.OrderQuery{Merchant: 9, Limit: 5})
			return len(all), err
		},
		"orders paid":   func() (int, error) { all, err := s.OrdersPaidBy(ctx, 1, 9, 0, 5); return len(all), err },
		"payment links": func() (int, error) { all, err := s.PaymentLinksOf(ctx, 1, 9); return len(all), err },
		"members":       func() (int, error) { all, err := s.MembersOf(ctx, 9); return len(all), err },
		"memberships":   func() (int, error) { all, err := s.MembershipsOf(ctx, 9); return len(all), err },
	}
	for name, list := range lists {
		if n, err := list(); n != 0 || err != nil {
			t.Errorf("%s of nobody: %d, %v", name, n, err)
		}
	}
}

// testOthersOrders: what has the number of another merchant's, payer's or book's is not
// there.
func testOthersOrders(t *testing.T, s *server) {
	ctx := t.Context()
	o := paidBy(orderOf(8200, 1), 8201)
	link := purse.PaymentLink{PaymentLinkKey: purse.PaymentLinkKey{Merchant: 8200, ID: 1}, Link: "8200", Product: "p", Made: 1}
	s.do(t, purse.Needs{}, func(f *purse.Facts) error { f.Put(o); f.Put(link); return nil })
	absent := func(_ any, err error) { t.Helper(); refused(t, err, purse.CodeNotFound) }
	absent(s.Order(ctx, 1, purse.OrderKey{Merchant: 8201, Number: 1}))
	absent(s.Order(ctx, 0, o.OrderKey))
	absent(s.OrderPaidBy(ctx, 1, 8200, 1))
	absent(s.OrderPaidBy(ctx, 0, 8201, 1))
	absent(s.OrderPaidBy(ctx, 1, 8201, 2))
	absent(s.OrderPaidBy(ctx, 1, 0, 1)) // nobody has paid none
	if got, err := s.OrderPaidBy(ctx, 1, 8201, 1); err != nil || got != o {
		t.Errorf("the payer finds %+v, %v", got, err)
	}
	if links, err := s.PaymentLinksOf(ctx, 0, 8200); err != nil || len(links) != 0 {
		t.Errorf("another book has %d links, %v", len(links), err)
	}
	other := purse.OrderKey{Merchant: 8201, Number: 1}
	s.do(t, purse.Needs{Orders: []purse.OrderKey{other}, PaymentLinks: []purse.PaymentLinkKey{{Merchant: 8201, ID: 1}}}, func(f *purse.Facts) error {
		absent(f.Order(other))
		absent(f.PaymentLink(purse.PaymentLinkKey{Merchant: 8201, ID: 1}))
		return nil
	})
}

func testEndedOrder(t *testing.T, open Open) {
	for _, status := range []purse.OrderStatus{purse.OrderPaid, purse.OrderExpired, purse.OrderCancelled} {
		s := start(t, open)
		o := orderOf(8300, 1)
		put := func(f *purse.Facts) error { f.Put(o); return nil }
		s.do(t, orderNeeds(o), put)
		o.Status = status
		s.do(t, orderNeeds(o), put)
		before := s.texts(t, "select * from orders")
		o.Status = purse.OrderPending
		refused(t, s.Execute(t.Context(), on(orderNeeds(o), put)), purse.CodeUnknown)
		if after := s.texts(t, "select * from orders"); !slices.Equal(after, before) {
			t.Errorf("%q has become %q", before, after)
		}
		wait(t, s.Broken(), "the store to stop")
	}
}

// testOrderNumbers: whatever becomes of the others in a batch, the numbers of what is
// stored are 1, 2, 3 and so on.
func testOrderNumbers(t *testing.T, open Open) {
	s := start(t, open)
	take := func(m purse.MerchantID, end func() error) purse.Command {
		return on(purse.Needs{}, func(f *purse.Facts) error {
			n := f.NextOrder()
			if int64(n) != f.Book.Orders {
				t.Errorf("order %d, and the book has counted %d", n, f.Book.Orders)
			}
			f.Put(orderOf(m, n))
			return end()
		})
	}
	good, refuse, crash := func() error { return nil }, func() error { return errNo }, func() error { panic("a bug of ours") }
	errs := s.together(t, take(1, good), take(1, refuse), take(2, crash), take(2, good), take(3, refuse), take(3, refuse), take(1, good), take(1, crash))
	for i, want := range []purse.Code{"", codeNo, purse.CodeInternal, "", codeNo, codeNo, "", purse.CodeInternal} {
		if want != "" {
			refused(t, errs[i], want)
		} else if errs[i] != nil {
			t.Errorf("command %d: %v", i, errs[i])
		}
	}
	refused(t, s.Execute(t.Context(), take(4, refuse)), codeNo)
	const people, each = 16, 10
	var group sync.WaitGroup
	for i := range people {
		group.Go(func() {
			for n := range each {
				end := good
				if n%3 == 1 {
					end = refuse
				}
				if err := s.Execute(t.Context(), take(purse.MerchantID(10+i), end)); (err == nil) != (n%3 != 1) {
					t.Errorf("order %d of %d: %v", n, i, err)
				}
			}
		})
	}
	group.Wait()
	const stored = 3 + people*(each-3)
	b, err := s.Book(t.Context(), purse.MainBook)
	if err != nil || b.Orders != stored {
		t.Errorf("the head has counted %d, %v, want %d", b.Orders, err, stored)
	}
	if n := s.number(t, "select count(distinct number) from orders where number between 1 and "+decimal(stored)); n != stored {
		t.Errorf("%d numbers up to %d are there", n, stored)
	}
	if n := s.count(t, "orders"); n != stored {
		t.Errorf("%d orders are stored, want %d", n, stored)
	}
	s.Close()
	second := s.serve(t) // reads the count anew
	if err := second.Execute(t.Context(), take(5, good)); err != nil {
		t.Fatal(err)
	}
	if n := s.number(t, "select max(number) from orders where merchant = 5"); n != stored+1 {
		t.Errorf("the next server goes on with %d, want %d", n, stored+1)
	}
}

func testOrderList(t *testing.T, s *server) {
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for n := 1; n <= 7; n++ { // two orders a moment
			o := orderOf(8400, purse.OrderNumber(n))
			o.Made = hour(n / 2)
			f.Put(o)
			o.Merchant, o.Link = 8401, o.Link+" other"
			f.Put(o)
		}
		return nil
	})
	for _, l := range []struct {
		q    purse.OrderQuery
		want []purse.OrderNumber
	}{
		{purse.OrderQuery{Limit: 10}, []purse.OrderNumber{7, 6, 5, 4, 3, 2, 1}},
		{purse.OrderQuery{Limit: 3}, []purse.OrderNumber{7, 6, 5}},
		{purse.OrderQuery{Limit: 3, Offset: 2}, []purse.OrderNumber{5, 4, 3}},
		{purse.OrderQuery{Limit: 3, Offset: 6}, []purse.OrderNumber{1}},
		{purse.OrderQuery{Limit: 3, Offset: 7}, nil},
		{purse.OrderQuery{Limit: 3, Offset: 70}, nil},
		{purse.OrderQuery{From: hour(1), To: hour(2), Limit: 10}, []purse.OrderNumber{5, 4, 3, 2}},
		{purse.OrderQuery{From: hour(1), To: hour(2), Limit: 2, Offset: 1}, []purse.OrderNumber{4, 3}},
		{purse.OrderQuery{From: hour(1), To: hour(2), Limit: 2, Offset: 9}, nil},
		{purse.OrderQuery{From: hour(1) + 1, To: hour(2) - 1, Limit: 10}, nil},
		{purse.OrderQuery{From: hour(2), To: hour(2), Limit: 10}, []purse.OrderNumber{5, 4}},
		{purse.OrderQuery{From: hour(3), Limit: 10}, []purse.OrderNumber{7, 6}},
		{purse.OrderQuery{To: hour(0), Limit: 10}, []purse.OrderNumber{1}},
		{purse.OrderQuery{From: hour(2), To: hour(1), Limit: 10}, nil},
	} {
		l.q.Merchant = 8400
		got, err := s.Orders(t.Context(), purse.MainBook, l.q)
		if numbers := numbersOf(got); err != nil || !slices.Equal(numbers, l.want) {
			t.Errorf("%+v: %v, %v, want %v", l.q, numbers, err, l.want)
		}
		for _, o := range got {
			if o.Merchant != 8400 {
				t.Errorf("%+v lists %+v", l.q, o)
			}
		}
	}
}

func numbersOf(orders []purse.Order) (all []purse.OrderNumber) {
	for _, o := range orders {
		all = append(all, o.Number)
	}
	return all
}

func testPaidList(t *testing.T, s *server) {
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for n := purse.OrderNumber(1); n <= 6; n++ {
			o := orderOf(8500+purse.MerchantID(n%2), 100+n)
			switch {
			case n <= 4:
				o = paidBy(o, 8510)
			case n == 5:
				o = paidBy(o, 8511)
			}
			f.Put(o)
		}
		return nil
	})
	for _, l := range []struct {
		payer  purse.UserID
		before purse.OrderNumber
		limit  int
		want   []purse.OrderNumber
	}{
		{8510, 0, 10, []purse.OrderNumber{104, 103, 102, 101}},
		{8510, 0, 2, []purse.OrderNumber{104, 103}},
		{8510, 103, 10, []purse.OrderNumber{102, 101}},
		{8510, 101, 10, nil},
		{8511, 0, 10, []purse.OrderNumber{105}},
		{8512, 0, 10, nil},
		{0, 0, 10, nil},
	} {
		got, err := s.OrdersPaidBy(t.Context(), purse.MainBook, l.payer, l.before, l.limit)
		if numbers := numbersOf(got); err != nil || !slices.Equal(numbers, l.want) {
			t.Errorf("of %d before %d: %v, %v, want %v", l.payer, l.before, numbers, err, l.want)
		}
	}
}

func testOverdueOrders(t *testing.T, s *server) {
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for n := purse.OrderNumber(1); n <= 5; n++ {
			o := orderOf(8600, 200+n)
			o.Deadline = hour(-int(n)) // the higher, the longer overdue, and before those of other tests
			if n == 3 {
				o.Status = purse.OrderCancelled
			}
			f.Put(o)
		}
		return nil
	})
	key := func(numbers ...purse.OrderNumber) (keys []purse.OrderKey) {
		for _, n := range numbers {
			keys = append(keys, purse.OrderKey{Merchant: 8600, Number: n})
		}
		return keys
	}
	for _, l := range []struct {
		now   purse.Time
		limit int
		want  []purse.OrderKey
	}{
		{hour(-1), 4, key(205, 204, 202, 201)},
		{hour(-1) - 1, 3, key(205, 204, 202)},
		{hour(-1), 2, key(205, 204)},
	} {
		got, err := s.OverdueOrders(t.Context(), purse.MainBook, l.now, 1000)
		got = slices.DeleteFunc(got, func(k purse.OrderKey) bool { return k.Merchant != 8600 })
		if got = got[:min(l.limit, len(got))]; err != nil || !slices.Equal(got, l.want) {
			t.Errorf("at %d: %v, %v, want %v", l.now, got, err, l.want)
		}
	}
	if got, err := s.OverdueOrders(t.Context(), purse.MainBook, hour(-1), 2); err != nil || len(got) != 2 {
		t.Errorf("two of them are %v, %v", got, err)
	}
	if got, err := s.OverdueOrders(t.Context(), purse.Directory, hour(-1), 5); err != nil || len(got) != 0 {
		t.Errorf("another book: %v, %v", got, err)
	}
}

func testLinkList(t *testing.T, s *server) {
	link := func(id purse.LinkID) purse.PaymentLink {
		return purse.PaymentLink{PaymentLinkKey: purse.PaymentLinkKey{Merchant: 8700, ID: id}, Link: fmt.Sprint("list ", id), Product: "p", Made: 1}
	}
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for id := purse.LinkID(1); id <= 120; id++ {
			l := link(id)
			if id == 119 || id <= 4 {
				l.Closed = 9
			}
			f.Put(l)
		}
		return nil
	})
	got, err := s.PaymentLinksOf(t.Context(), purse.MainBook, 8700)
	if err != nil || len(got) != purse.PaymentLinksMax || got[0] != link(120) || got[1] != link(118) || got[99] != link(20) {
		t.Errorf("%d links, %v: %+v", len(got), err, got)
	}
}

func testMembers(t *testing.T, s *server) {
	m := purse.Member{MemberKey: purse.MemberKey{Merchant: 8800, Person: 8801}, Since: 5}
	needs := purse.Needs{Members: []purse.MemberKey{m.MemberKey, {Merchant: 8801, Person: 8800}}}
	look := func(f *purse.Facts, there bool) {
		t.Helper()
		got, err := f.Member(m.MemberKey)
		if there && (err != nil || got != m) || !there && purse.CodeOf(err) != purse.CodeNotFound {
			t.Errorf("%+v, %v, there: %v", got, err, there)
		}
		_, err = f.Member(purse.MemberKey{Merchant: 8801, Person: 8800})
		refused(t, err, purse.CodeNotFound)
	}
	in := func(there, then bool, change func(*purse.Facts), end error) {
		t.Helper()
		err := s.Execute(t.Context(), purse.Command{Needs: needs, Decide: func(f *purse.Facts) error {
			look(f, there)
			change(f)
			look(f, then)
			return end
		}})
		if err != end {
			t.Errorf("%v, want %v", err, end)
		}
	}
	put, remove, nothing := func(f *purse.Facts) { f.Put(m) }, func(f *purse.Facts) { f.Remove(m) }, func(*purse.Facts) {}
	in(false, true, put, errNo)
	in(false, true, put, nil)
	in(true, false, remove, errNo)
	in(true, true, nothing, nil)
	in(true, false, remove, nil)
	in(false, false, nothing, nil)
	in(false, true, put, nil) // they come back
	// A command of the main book may see and add members.
	s.do(t, needs, func(f *purse.Facts) error {
		look(f, true)
		f.Put(purse.Member{MemberKey: purse.MemberKey{Merchant: 8800, Person: 8802}, Since: 6})
		return nil
	})
	if all, err := s.MembersOf(t.Context(), 8800); err != nil || len(all) != 2 || all[0] != m || all[1].Since != 6 {
		t.Errorf("%+v, %v", all, err)
	}
}

func testMemberLists(t *testing.T, s *server) {
	s.inDirectory(t, purse.Needs{}, func(f *purse.Facts) error {
		for n := 120; n > 0; n-- {
			f.Put(purse.Member{MemberKey: purse.MemberKey{Merchant: 8900, Person: purse.UserID(9000 + n)}, Since: purse.Time(n)})
			f.Put(purse.Member{MemberKey: purse.MemberKey{Merchant: purse.MerchantID(9200 + n), Person: 8900}, Since: purse.Time(n)})
		}
		return nil
	})
	staff, err := s.MembersOf(t.Context(), 8900)
	if err != nil || len(staff) != purse.MembersMax || staff[0].Person != 9001 || staff[99] != (purse.Member{MemberKey: purse.MemberKey{Merchant: 8900, Person: 9100}, Since: 100}) {
		t.Errorf("%d members, %v: %+v", len(staff), err, staff)
	}
	jobs, err := s.MembershipsOf(t.Context(), 8900)
	if err != nil || len(jobs) != purse.MembersMax || jobs[0].Merchant != 9201 || jobs[99] != (purse.Member{MemberKey: purse.MemberKey{Merchant: 9300, Person: 8900}, Since: 100}) {
		t.Errorf("%d memberships, %v: %+v", len(jobs), err, jobs)
	}
}
