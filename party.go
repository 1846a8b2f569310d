package purse

import "slices"

// PartyKind says in one number what a person's list of payments is filtered by:
// the payment's status and action, and which side the person is on. Whatever is
// asked for is a few ranges of the key (person, kind, payment).
type PartyKind int64

// partyStatuses gives each status its place in a PartyKind.
var partyStatuses = []PaymentStatus{
	PaymentPending, PaymentSettled, PaymentFailed, PaymentExpired, PaymentCancelled,
}

// partyKind is the kind of the actor's row, or the target's.
func partyKind(s PaymentStatus, a PaymentAction, target bool) PartyKind {
	kind := PartyKind(4 * slices.Index(partyStatuses, s))
	if a == Charge {
		kind += 2
	}
	if target {
		kind++
	}
	return kind
}

// Matches are the statuses and actions that q asks for.
func (q PaymentQuery) Matches() (statuses []PaymentStatus, actions []PaymentAction) {
	actions = []PaymentAction{Pay, Charge}
	if q.Action != "" {
		actions = []PaymentAction{q.Action}
	}
	for _, s := range partyStatuses {
		if q.Statuses == nil || slices.Contains(q.Statuses, s) {
			statuses = append(statuses, s)
		}
	}
	return statuses, actions
}

// Kinds are the kinds of the person's own rows that q asks for. Payments that
// certain others have made to the person are not among them; see Others.
func (q PaymentQuery) Kinds() (kinds []PartyKind) {
	statuses, actions := q.Matches()
	for _, s := range statuses {
		for _, a := range actions {
			if q.Actors == nil || slices.Contains(q.Actors, q.Person) {
				kinds = append(kinds, partyKind(s, a, false))
			}
			if q.Actors == nil {
				kinds = append(kinds, partyKind(s, a, true))
			}
		}
	}
	return kinds
}

// Others are the actors that q names besides the person, each once.
func (q PaymentQuery) Others() (others []UserID) {
	for _, a := range q.Actors {
		if a != q.Person && !slices.Contains(others, a) {
			others = append(others, a)
		}
	}
	return others
}

// Party is one person's part in a payment. It has a row of its own, which
// follows the payment's.
type Party struct {
	Person  UserID
	Payment PaymentID
	Kind    PartyKind
	Was     PartyKind // the kind under which the row is stored, where it is
}

// PartyKey names a party.
type PartyKey struct {
	Person  UserID
	Payment PaymentID
}

// Parties are the rows that p has: its actor's, and its target's if that is a
// person. n says how many.
func (p Payment) Parties() (rows [2]Party, n int) {
	rows[0] = Party{Person: p.Actor, Payment: p.ID, Kind: partyKind(p.Status, p.Action, false)}
	if p.Target == 0 {
		return rows, 1
	}
	rows[1] = Party{Person: p.Target, Payment: p.ID, Kind: partyKind(p.Status, p.Action, true)}
	return rows, 2
}

// putParties lets the rows of the parties follow a payment that was loaded. Those
// of a new payment are stored with it.
func (f *Facts) putParties(before, after Payment) {
	old, n := before.Parties()
	for _, r := range old[:n] {
		if _, _, known := f.set.Parties.get(PartyKey{r.Person, r.Payment}); !known {
			r.Was = r.Kind
			f.set.Parties.Load(PartyKey{r.Person, r.Payment}, r)
		}
	}
	now, n := after.Parties()
	for _, r := range now[:n] {
		k := PartyKey{r.Person, r.Payment}
		stored, _, _ := f.set.Parties.get(k)
		if r.Was = stored.Was; stored.Kind != r.Kind || stored.Person == 0 {
			f.set.Parties.put(k, r)
		}
	}
}
