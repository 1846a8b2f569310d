package audit

import (
	"context"
	"math"
	"slices"
)

// party is a row of the lists of one person's payments.
type party struct {
	person, kind, payment int64
	pending               int64 // of a pending kind: the payments that imply it
}

// A row's kind is the place of the payment's status in statuses, without the
// first, times partyKinds, and these.
const (
	partyKinds = 4
	ofCharge   = 2
	ofTarget   = 1
)

const partiesText = `select q.person, q.kind, q.payment,
	case when q.kind < 4 then
		(select count(*) from payments p where p.book = q.book and p.id = q.payment and p.status = 'pending'
			and q.kind = case p.action when 'charge' then 2 else 0 end + case p.actor when q.person then 0 else 1 end
			and q.person in (p.actor, p.target))
	else 0 end
from parties q where q.book = $1 and (q.person, q.kind, q.payment) > ($2, $3, $4) order by q.person, q.kind, q.payment limit $5`

// walkParties reads the lists of payments.
//
// A row moves on within its table when its payment ceases to be pending, so
// this walk may see it twice, or where it had not been when the payment was
// read. But it moves only once. So rows of a pending kind, and payments that are
// pending, are looked up from either side in the statement that reads them; all
// others are paired. A row of those kinds stays where it is, and if the late
// news tell that its payment has ended, then that was still pending when the
// last row was written that is judged, and is left to the next run.
func (a *auditor) walkParties(ctx context.Context) error {
	o := &owners{a: a}
	return walk(ctx, a, partiesText, party{person: math.MinInt64},
		func(r *party) []any { return []any{&r.person, &r.kind, &r.payment, &r.pending} },
		func(r *party) []any { return []any{a.book, r.person, r.kind, r.payment} },
		func(rows []party) error {
			if err := a.readLateNews(ctx); err != nil {
				return err
			}
			for i := range rows {
				if err := a.judgeParty(ctx, &rows[i], o); err != nil {
					return err
				}
			}
			return nil
		})
}

func (a *auditor) judgeParty(ctx context.Context, r *party, o *owners) error {
	c := a.checks.parties
	a.seenID(r.payment)
	if r.payment > a.upTo {
		return nil
	}
	c.saw()
	if r.kind < partyKinds {
		if r.pending == 0 {
			c.fail("payment %d: person %d has it as kind %d, which it is not", r.payment, r.person, r.kind)
		}
	} else if !a.late.ended(r.payment) {
		a.pairings.parties.addLeft(record{r.payment, r.person, r.kind})
	}
	if r.person > a.upTo {
		return nil // who owns an address may be younger than what was sent to it
	}
	_, there, err := o.find(ctx, r.person)
	if err == nil && !there {
		c.fail("payment %d: its party %d has no account", r.payment, r.person)
	}
	return err
}

// expectParties shows p to the lists of its people.
func (a *auditor) expectParties(p *payment) {
	people := []int64{p.actor, p.target}
	if p.target == 0 {
		people = people[:1]
	}
	if p.pending() {
		if int(p.listed) != len(people) {
			a.checks.parties.fail("payment %d: %d of the %d rows of its parties are there", p.id, p.listed, len(people))
		}
		return
	}
	if a.late.ended(p.id) {
		return
	}
	kind := int64(slices.Index(statuses[1:], p.status)) * partyKinds
	if p.charge() {
		kind += ofCharge
	}
	for i, person := range people {
		a.pairings.parties.addRight(record{p.id, person, kind + int64(i)*ofTarget})
	}
}
