package purse

import "cmp"

// PendingToMax and WaitingMax bound the sets of these names.
const (
	PendingToMax = 100
	WaitingMax   = 100
)

// PendingTo is the set of payments and charges that wait for an address to have an
// owner, oldest first, at most PendingToMax. more says that there may be others.
func (f *Facts) PendingTo(a Address) (waiting []Payment, more bool, err error) {
	s := f.set.pendingTo[a]
	waiting, err = members(f, s, &f.set.Payments, Needs{PendingTo: []Address{a}},
		func(p Payment) bool { return p.Status == PaymentPending && p.Target == 0 && p.Address == a }, byID)
	return waiting, s != nil && len(s.keys) >= PendingToMax, err
}

// Waiting is the set of pending payments and charges that a person is party to, at
// most WaitingMax, oldest first.
func (f *Facts) Waiting(person UserID) ([]Payment, error) {
	return members(f, f.set.waiting[person], &f.set.Payments, Needs{Waiting: []UserID{person}},
		func(p Payment) bool { return p.Status == PaymentPending && (p.Actor == person || p.Target == person) }, byID)
}

func byID(a, b Payment) int { return cmp.Compare(a.ID, b.ID) }

// LoadPendingTo brings in a payment of a set that WantPendingTo announced.
func (w *WorkingSet) LoadPendingTo(p Payment) { load(&w.Payments, w.pendingTo[p.Address], p.ID, p) }

// WantPendingTo says that what waits for a will be asked for; true the first time.
func (w *WorkingSet) WantPendingTo(a Address) bool { return wantSet(&w.pendingTo, a) }

// LoadWaiting brings in a payment of the set of each of its parties that
// WantWaiting announced.
func (w *WorkingSet) LoadWaiting(p Payment) {
	for _, party := range []UserID{p.Actor, p.Target} {
		load(&w.Payments, w.waiting[party], p.ID, p)
	}
}

// WantWaiting says that what person waits for will be asked for; true the first time.
func (w *WorkingSet) WantWaiting(person UserID) bool { return wantSet(&w.waiting, person) }
