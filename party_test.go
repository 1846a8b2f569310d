package purse

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The numbers stand in the table, so that they cannot change.
func TestPartiesOfEachStatus(t *testing.T) {
	for status, kinds := range map[PaymentStatus][4]PartyKind{ // pay: actor, target; charge: actor, target
		PaymentPending: {0, 1, 2, 3}, PaymentSettled: {4, 5, 6, 7}, PaymentFailed: {8, 9, 10, 11},
		PaymentExpired: {12, 13, 14, 15}, PaymentCancelled: {16, 17, 18, 19},
	} {
		for i, action := range []PaymentAction{Pay, Charge} {
			p := Payment{ID: 7, Action: action, Actor: 10, Target: 11, Status: status}
			rows, n := p.Parties()
			want := [2]Party{{Person: 10, Payment: 7, Kind: kinds[2*i]}, {Person: 11, Payment: 7, Kind: kinds[2*i+1]}}
			if n != 2 || rows != want {
				t.Errorf("%s %s: %+v, want %+v", status, action, rows[:n], want)
			}
			p.Target, p.Address = 0, Address{Email, "ada@example.org"}
			if rows, n := p.Parties(); n != 1 || rows[0] != want[0] {
				t.Errorf("%s %s to an address: %+v", status, action, rows[:n])
			}
		}
	}
	for status := range PaymentMoves {
		if status != "" && !slices.Contains(partyStatuses, status) {
			t.Errorf("status %s has no place", status)
		}
	}
}

// drawQuery draws a query of person 1 among five people.
func drawQuery(t *rapid.T) PaymentQuery {
	q := PaymentQuery{Person: 1, Action: rapid.SampledFrom([]PaymentAction{"", Pay, Charge}).Draw(t, "action")}
	if rapid.Bool().Draw(t, "by somebody") {
		q.Actors = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) UserID { return UserID(rapid.IntRange(1, 5).Draw(t, "id")) }), 0, 4).Draw(t, "actors")
	}
	if rapid.Bool().Draw(t, "in a state") {
		q.Statuses = rapid.SliceOfN(rapid.SampledFrom(partyStatuses), 0, 6).Draw(t, "statuses")
	}
	return q
}

// A payment is in a list by one of its rows, or by being from one of the others,
// exactly if the query asks for it, and never by both.
func TestKindsAndOthersAreWhatIsAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuery(t)
		people := rapid.SliceOfNDistinct(rapid.IntRange(0, 5), 2, 2, rapid.ID).Draw(t, "people")
		p := Payment{
			ID: 7, Actor: UserID(people[0]), Target: UserID(people[1]),
			Action: rapid.SampledFrom([]PaymentAction{Pay, Charge}).Draw(t, "payment's action"),
			Status: rapid.SampledFrom(partyStatuses).Draw(t, "payment's status"),
		}
		if p.Actor == 0 {
			p.Actor = 6
		}
		want := (p.Actor == 1 || p.Target == 1) && (q.Action == "" || q.Action == p.Action) &&
			(q.Actors == nil || slices.Contains(q.Actors, p.Actor)) && (q.Statuses == nil || slices.Contains(q.Statuses, p.Status))

		found := 0
		rows, n := p.Parties()
		for _, r := range rows[:n] {
			if r.Person == q.Person && slices.Contains(q.Kinds(), r.Kind) {
				found++
			}
		}
		statuses, actions := q.Matches()
		if p.Target == q.Person && slices.Contains(q.Others(), p.Actor) && slices.Contains(statuses, p.Status) && slices.Contains(actions, p.Action) {
			found++
		}
		if found > 1 || (found == 1) != want {
			t.Fatalf("%+v finds %+v %d times, want %v", q, p, found, want)
		}
		for what, list := range map[string]int{
			"kinds":  len(q.Kinds()) - len(slices.Compact(slices.Sorted(slices.Values(q.Kinds())))),
			"others": len(q.Others()) - len(slices.Compact(slices.Sorted(slices.Values(q.Others())))),
		} {
			if list != 0 {
				t.Fatalf("%+v: %s name something twice", q, what)
			}
		}
	})
}

// loadedPayment is facts of a batch that has loaded a payment.
func loadedPayment(p Payment) *Facts {
	w := &WorkingSet{}
	w.Start(testBook, noon, 0)
	w.Payments.Want(p.ID)
	w.Payments.Load(p.ID, p)
	return w.Begin()
}

func TestPartiesFollowThePayment(t *testing.T) {
	pending := Payment{ID: 7, Action: Charge, Actor: 10, Target: 11, Status: PaymentPending}
	f := loadedPayment(pending)
	moved := func() (updated []Party, inserted []Party) {
		for _, r := range f.set.Parties.Updated() {
			updated = append(updated, r)
		}
		for _, r := range f.set.Parties.Added() {
			inserted = append(inserted, r)
		}
		return updated, inserted
	}
	reminded := pending
	reminded.Reminded = noon
	f.Put(reminded)
	if updated, inserted := moved(); len(updated) != 0 || len(inserted) != 0 {
		t.Errorf("a reminder moves %v and %v", updated, inserted)
	}
	f.set.Keep()
	settled := reminded
	settled.Status = PaymentSettled
	f.Put(settled)
	f.set.Revert()
	if updated, _ := moved(); len(updated) != 0 {
		t.Errorf("what was refused moves %v", updated)
	}
	cancelled := reminded
	cancelled.Status = PaymentCancelled
	f.Put(cancelled)
	f.set.Keep()
	updated, inserted := moved()
	if want := []Party{{10, 7, 18, 2}, {11, 7, 19, 3}}; !slices.Equal(updated, want) || len(inserted) != 0 {
		t.Errorf("moved %v and %v, want %v", updated, inserted, want)
	}
	// The row is found as it is stored, however often it moves in a batch.
	expired := reminded
	expired.Status = PaymentExpired
	f.Put(expired)
	f.set.Keep()
	if updated, _ := moved(); !slices.Equal(updated, []Party{{10, 7, 14, 2}, {11, 7, 15, 3}}) {
		t.Errorf("moved again %v", updated)
	}
}

// Whoever comes to own the address is party from then on.
func TestAClaimAddsAParty(t *testing.T) {
	p := Payment{ID: 7, Action: Pay, Actor: 10, Address: mailed(1), Status: PaymentPending}
	f := loadedPayment(p)
	p.Target, p.Status = 11, PaymentSettled
	f.Put(p)
	f.set.Keep()
	for _, r := range f.set.Parties.Updated() {
		if r != (Party{10, 7, 4, 0}) {
			t.Errorf("moved %+v", r)
		}
	}
	added := 0
	for _, r := range f.set.Parties.Added() {
		if added++; r != (Party{11, 7, 5, 0}) {
			t.Errorf("added %+v", r)
		}
	}
	if added != 1 {
		t.Errorf("%d rows were added", added)
	}
}
