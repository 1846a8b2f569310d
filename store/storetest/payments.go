package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"purse"

	"pgregory.net/rapid"
)

func testPayments(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("APaymentThatChangesInItsBatchIsStoredAsItEnds", func(t *testing.T) { testChangedInItsBatch(t, s) })
	t.Run("APaymentThatChangesLaterTakesItsPartiesAlong", func(t *testing.T) { testChangedLater(t, s) })
	t.Run("ARefusedChangeLeavesThePartiesAlone", func(t *testing.T) { testRefusedChange(t, s) })
	t.Run("ATargetThatIsFoundLaterBecomesAParty", func(t *testing.T) { testTargetFoundLater(t, s) })
	t.Run("APaymentThatIsOverNeverChanges", func(t *testing.T) { testOverIsOver(t, open) })
	t.Run("EveryColumnIsStored", func(t *testing.T) { testEveryColumn(t, s) })
	t.Run("WhatIsOverdueIsFoundInOrder", func(t *testing.T) { testOverdue(t, start(t, open)) })
	t.Run("ListsAreWhatAFilterSays", func(t *testing.T) { testLists(t, start(t, open)) })
	s.partiesFollow(t)
}

// paymentStatuses are those that a payment may have.
var paymentStatuses = []purse.PaymentStatus{
	purse.PaymentPending, purse.PaymentSettled, purse.PaymentFailed, purse.PaymentExpired, purse.PaymentCancelled,
}

// partiesFollow checks that each payment has the rows of its parties and that
// there are no others.
func (s *server) partiesFollow(t testing.TB) {
	t.Helper()
	var want []string
	for _, id := range s.texts(t, "select id from payments") {
		var n int64
		if _, err := fmt.Sscan(id, &n); err != nil {
			t.Fatal(err)
		}
		p, err := s.Payment(t.Context(), purse.MainBook, purse.PaymentID(n))
		if err != nil {
			t.Fatal(err)
		}
		rows, rowsOf := p.Parties()
		for _, r := range rows[:rowsOf] {
			want = append(want, fmt.Sprintf("1\x01%d\x01%d\x01%d", r.Person, r.Kind, r.Payment))
		}
	}
	got := s.texts(t, "select book, person, kind, payment from parties")
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("parties %q, want %q", got, want)
	}
}

// pendingCharge is a charge that nobody has answered yet.
func pendingCharge(f *purse.Facts, actor, target purse.UserID) purse.Payment {
	return purse.Payment{
		ID: purse.PaymentID(f.NextID()), Action: purse.Charge, Actor: actor, Target: target, Minor: 5, Note: "n",
		Audience: purse.Private, Medium: purse.MediumAPI, Status: purse.PaymentPending, Deadline: f.Now.Add(time.Hour), Version: 1,
	}
}

// newCharge makes a pending charge in a command of its own.
func (s *server) newCharge(t testing.TB, actor, target purse.UserID) (p purse.Payment) {
	t.Helper()
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		p = pendingCharge(f, actor, target)
		f.Put(p)
		return nil
	})
	return p
}

// become changes a payment that was loaded or made before in the batch.
func become(id *purse.PaymentID, refuse error, change func(*purse.Payment)) purse.Command {
	return on(purse.Needs{Payments: []purse.PaymentID{*id}}, func(f *purse.Facts) error {
		p, err := f.Payment(*id)
		if err != nil {
			return err
		}
		change(&p)
		f.Put(p)
		return refuse
	})
}

// ended gives a payment a status that is its last.
func ended(status purse.PaymentStatus) func(*purse.Payment) {
	return func(p *purse.Payment) { p.Status, p.Completed, p.Version = status, p.Deadline, p.Version+1 }
}

func testChangedInItsBatch(t *testing.T, s *server) {
	var id, never purse.PaymentID
	make := func(into *purse.PaymentID, refuse error) purse.Command {
		return on(purse.Needs{}, func(f *purse.Facts) error {
			p := pendingCharge(f, 101, 102)
			f.Put(p)
			*into = p.ID
			return refuse
		})
	}
	errs := s.together(t, make(&id, nil), make(&never, errNo), become(&id, errNo, ended(purse.PaymentSettled)), become(&id, nil, ended(purse.PaymentCancelled)))
	refused(t, errs[1], codeNo)
	refused(t, errs[2], codeNo)
	succeed(t, []error{errs[0], errs[3]})
	if p, err := s.Payment(t.Context(), purse.MainBook, id); err != nil || p.Status != purse.PaymentCancelled || p.Version != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	if rows := s.texts(t, "select person, kind from parties where payment = "+decimal(id)+" order by person"); fmt.Sprintf("%q", rows) != `["101\x0118" "102\x0119"]` {
		t.Errorf("parties %q", rows)
	}
	if n := s.count(t, "parties where payment = "+decimal(never)); n != 0 {
		t.Errorf("a payment that was refused has %d parties", n)
	}
	s.partiesFollow(t)
}

func testChangedLater(t *testing.T, s *server) {
	for _, status := range paymentStatuses[1:] {
		p := s.newCharge(t, 103, 104)
		reminded := func(p *purse.Payment) { p.Reminded, p.Version = 5, 2 }
		succeed(t, s.together(t, become(&p.ID, nil, reminded), become(&p.ID, nil, ended(status))))
		got, err := s.Payment(t.Context(), purse.MainBook, p.ID)
		want := p
		want.Reminded, want.Status, want.Completed, want.Version = 5, status, p.Deadline, 3
		if err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	s.partiesFollow(t)
}

func testRefusedChange(t *testing.T, s *server) {
	p, q := s.newCharge(t, 105, 106), s.newCharge(t, 105, 106)
	before := s.digest(t)
	refused(t, s.Execute(t.Context(), become(&p.ID, errNo, ended(purse.PaymentSettled))), codeNo)
	s.unchanged(t, before)
	// Before and after what is kept, in one batch.
	errs := s.together(t,
		become(&p.ID, errNo, ended(purse.PaymentSettled)),
		become(&p.ID, nil, ended(purse.PaymentExpired)),
		become(&q.ID, errNo, ended(purse.PaymentFailed)),
		become(&p.ID, errNo, ended(purse.PaymentCancelled)))
	for i, err := range errs {
		if i != 1 {
			refused(t, err, codeNo)
		}
	}
	succeed(t, errs[1:2])
	if got, err := s.Payment(t.Context(), purse.MainBook, p.ID); err != nil || got.Status != purse.PaymentExpired {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := s.Payment(t.Context(), purse.MainBook, q.ID); err != nil || got != q {
		t.Errorf("%+v, %v", got, err)
	}
	s.partiesFollow(t)
}

func testTargetFoundLater(t *testing.T, s *server) {
	p := s.newCharge(t, 107, 0)
	succeed(t, s.together(t,
		become(&p.ID, errNo, func(p *purse.Payment) { p.Target = 109 }),
		become(&p.ID, nil, func(p *purse.Payment) { p.Target = 108 }),
		become(&p.ID, nil, ended(purse.PaymentSettled)))[1:])
	if rows := s.texts(t, "select person, kind from parties where payment = "+decimal(p.ID)+" order by person"); fmt.Sprintf("%q", rows) != `["107\x016" "108\x017"]` {
		t.Errorf("parties %q", rows)
	}
	s.partiesFollow(t)
}

// testOverIsOver uses a network of its own: the store takes such a change for a
// sign that the book is damaged, and stops.
func testOverIsOver(t *testing.T, open Open) {
	s := start(t, open)
	p := s.newCharge(t, 110, 111)
	succeed(t, []error{s.Execute(t.Context(), become(&p.ID, nil, ended(purse.PaymentCancelled)))})
	before := s.texts(t, "select * from payments")
	refused(t, s.Execute(t.Context(), become(&p.ID, nil, ended(purse.PaymentSettled))), purse.CodeUnknown)
	if after := s.texts(t, "select * from payments"); !slices.Equal(after, before) {
		t.Errorf("%q has become %q", before, after)
	}
	wait(t, s.Broken(), "the store to stop")
}

func testEveryColumn(t *testing.T, s *server) {
	var want purse.Payment
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		want = purse.Payment{
			ID: purse.PaymentID(f.NextID()), Action: purse.Pay, Actor: 112, Address: purse.Address{Kind: purse.Phone, Text: "15555550100"},
			Minor: 3, Fee: 4, Note: "ünï→", Audience: purse.Public, Medium: purse.MediumIOS, App: 5, Status: purse.PaymentPending,
			Deadline: 6, Escrow: 7, Counted: 8, Version: 9,
		}
		f.Put(want)
		return nil
	})
	stored := func() {
		t.Helper()
		if got, err := s.Payment(t.Context(), purse.MainBook, want.ID); err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	stored()
	change := func(p *purse.Payment) {
		p.Target, p.Fee, p.Audience, p.Status, p.Completed = 113, 14, purse.Friends, purse.PaymentSettled, 15
		p.Transfer, p.Refund, p.Counted, p.Reminded, p.Version = 16, 17, 18, 19, 20
	}
	succeed(t, []error{s.Execute(t.Context(), become(&want.ID, nil, change))})
	change(&want)
	stored()
}

func testOverdue(t *testing.T, s *server) {
	overdue := func(limit int) []purse.PaymentID {
		t.Helper()
		now, err := s.Now(t.Context(), purse.MainBook)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := s.Overdue(t.Context(), purse.MainBook, now, limit)
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	var want, young []purse.PaymentID
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		want, young = make([]purse.PaymentID, 12), nil
		for i := range want {
			p := pendingCharge(f, 101, 102)
			p.Deadline = f.Now.Add(time.Hour - time.Duration(i/2)*time.Minute) // two with each deadline
			want[i] = p.ID
			f.Put(p)
			p.ID, p.Status, p.Completed = purse.PaymentID(f.NextID()), paymentStatuses[1+i%4], f.Now
			f.Put(p)
			late := pendingCharge(f, 101, 102)
			late.Deadline = f.Now.Add(3 * time.Hour)
			young = append(young, late.ID)
			f.Put(late)
		}
		return nil
	})
	made := slices.Clone(want)
	slices.SortFunc(want, func(a, b purse.PaymentID) int { // the last pair is overdue first
		return cmp.Or(cmp.Compare(slices.Index(made, b)/2, slices.Index(made, a)/2), cmp.Compare(a, b))
	})
	if got := overdue(100); len(got) != 0 {
		t.Errorf("overdue before their time: %v", got)
	}
	s.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(time.Hour) })
	if got := overdue(100); !slices.Equal(got, want) {
		t.Errorf("overdue %v, want %v", got, want)
	}
	if got := overdue(5); !slices.Equal(got, want[:5]) {
		t.Errorf("the first five are %v, want %v", got, want[:5])
	}
	if ids, err := s.Overdue(t.Context(), 7, 1<<62, 5); err != nil || len(ids) != 0 {
		t.Errorf("of no book: %v, %v", ids, err)
	}
	s.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(2 * time.Hour) })
	if got := overdue(100); len(got) != len(want)+len(young) {
		t.Errorf("%d are overdue in the end", len(got))
	}
}

// drawPayment draws a payment between a few people, some of them to nobody.
func drawPayment(r *rapid.T) (p purse.Payment) {
	people := rapid.SliceOfNDistinct(rapid.Int64Range(0, 5), 2, 2, rapid.ID).Draw(r, "people")
	p.Actor, p.Target = purse.UserID(people[0]), purse.UserID(people[1])
	if p.Actor == 0 {
		p.Actor = 6
	}
	p.Action = rapid.SampledFrom([]purse.PaymentAction{purse.Pay, purse.Charge}).Draw(r, "action")
	p.Status = rapid.SampledFrom(paymentStatuses).Draw(r, "status")
	return p
}

// testLists compares lists with a plain filter over all payments. They are made
// in several batches; half of them were pending first.
func testLists(t *testing.T, s *server) {
	const payments = 150
	drawn := rapid.SliceOfN(rapid.Custom(drawPayment), payments, payments).Example(1)
	var all []purse.Payment
	for part := range slices.Chunk(drawn, 25) {
		var made []purse.Payment
		s.do(t, purse.Needs{}, func(f *purse.Facts) error {
			made = nil
			for i, p := range part {
				one := pendingCharge(f, p.Actor, p.Target)
				if one.Action = p.Action; i%2 == 0 && p.Status != purse.PaymentPending {
					one.Status, one.Completed = p.Status, f.Now
				}
				f.Put(one)
				made = append(made, one)
			}
			return nil
		})
		for i, p := range part {
			if made[i].Status != p.Status {
				succeed(t, []error{s.Execute(t.Context(), become(&made[i].ID, nil, ended(p.Status)))})
				ended(p.Status)(&made[i])
			}
		}
		all = append(all, made...)
	}
	s.partiesFollow(t)
	rapid.Check(t, func(r *rapid.T) {
		q := purse.PaymentQuery{Person: purse.UserID(rapid.Int64Range(1, 7).Draw(r, "person")), Limit: rapid.IntRange(0, payments).Draw(r, "limit")}
		q.Action = rapid.SampledFrom([]purse.PaymentAction{"", purse.Pay, purse.Charge}).Draw(r, "action")
		if rapid.Bool().Draw(r, "by somebody") {
			q.Actors = rapid.SliceOfN(rapid.Map(rapid.Int64Range(1, 7), func(id int64) purse.UserID { return purse.UserID(id) }), 0, 4).Draw(r, "actors")
		}
		if rapid.Bool().Draw(r, "in a state") {
			q.Statuses = rapid.SliceOfN(rapid.SampledFrom(paymentStatuses), 0, 6).Draw(r, "statuses")
		}
		// Bounds are payments that would be listed without them.
		whole := q
		whole.Limit = payments
		if page := filtered(all, whole); len(page) > 0 {
			if rapid.Bool().Draw(r, "after") {
				q.After = int64(rapid.SampledFrom(page).Draw(r, "after which").ID)
			}
			if rapid.Bool().Draw(r, "before") {
				q.Before = int64(rapid.SampledFrom(page).Draw(r, "before which").ID)
			}
		}
		got, err := s.Payments(t.Context(), purse.MainBook, q)
		if want := filtered(all, q); err != nil || !slices.Equal(got, want) {
			r.Fatalf("%+v lists %d payments, want %d: %v\n%+v\n%+v", q, len(got), len(want), err, got, want)
		}
	})
	if got, err := s.Payments(t.Context(), purse.Directory, purse.PaymentQuery{Person: 1, Limit: 10}); err != nil || len(got) != 0 {
		t.Errorf("another book lists %v, %v", got, err)
	}
}

// filtered is what q says, in plain words. all is in the order of identifiers.
func filtered(all []purse.Payment, q purse.PaymentQuery) (found []purse.Payment) {
	for _, p := range slices.Backward(all) {
		if (p.Actor == q.Person || p.Target == q.Person) &&
			(q.Action == "" || p.Action == q.Action) &&
			(q.Actors == nil || slices.Contains(q.Actors, p.Actor)) &&
			(q.Statuses == nil || slices.Contains(q.Statuses, p.Status)) &&
			int64(p.ID) > q.After && (q.Before == 0 || int64(p.ID) < q.Before) && len(found) < q.Limit {
			found = append(found, p)
		}
	}
	return found
}
