package audit

import (
	"context"
	"math"
	"slices"
)

// hold is a row of ring-fenced money.
type hold struct {
	id, debit, credit         int64
	currency                  string
	minor, deadline           int64
	causeKind                 string
	cause                     int64
	state                     string
	captured, resolved, known int64
}

// known counts the cause's row. A handle's hold is all of its money, from the one who
// agreed to pay to the merchant, or of a credit the other way round, for as long as
// the handle may be used. What a sale holds is what is left of it.
const holdsText = `select h.id, h.debit, h.credit, h.currency, h.minor, h.deadline, h.cause_kind, h.cause, h.state, h.captured, h.resolved,
	case h.cause_kind
	when 'payment' then (select count(*) from payments p where p.book = h.book and p.id = h.cause)
	when 'treasury' then (select count(*) from entries e where e.book = h.book and e.id = h.cause)
	when 'handle' then (select count(*) from handles x where x.book = h.book and x.merchant in (h.debit, h.credit) and x.id = h.cause
		and x.minor = h.minor and x.hold = h.id
		and (x.type = 'PAYMENT' and x.payer = h.debit and x.merchant = h.credit
			or x.type = 'STANDALONE_CREDIT' and x.merchant = h.debit and x.payer = h.credit))
	when 'operation' then (select count(*) from operations o where o.book = h.book and o.merchant = h.credit and o.kind = 'sale' and o.id = h.cause
		and o.payer = h.debit and o.minor >= h.minor and o.deadline = h.deadline and (h.state <> 'open' or o.hold = h.id))
	else 0 end
from holds h where h.book = $1 and h.id > $2 and h.id <= $3 order by h.id limit $4`

func (a *auditor) walkHolds(ctx context.Context) error {
	return walk(ctx, a, holdsText, hold{id: math.MinInt64},
		func(h *hold) []any {
			return []any{&h.id, &h.debit, &h.credit, &h.currency, &h.minor, &h.deadline, &h.causeKind, &h.cause,
				&h.state, &h.captured, &h.resolved, &h.known}
		},
		func(h *hold) []any { return []any{a.book, h.id, a.upTo} },
		func(rows []hold) error {
			for i := range rows {
				a.judgeHold(&rows[i])
			}
			return nil
		})
}

func (a *auditor) judgeHold(h *hold) {
	c := &a.checks
	c.holds.saw()
	c.states.saw()
	a.ours("hold", h.id)
	a.seenID(h.resolved)
	if !slices.Contains([]string{"open", "captured", "released"}, h.state) {
		c.states.fail("hold %d: state %q", h.id, h.state)
	}
	if (h.state == "open") != (h.resolved == 0) || (h.state == "captured") != (h.captured > 0) {
		c.states.fail("hold %d: it is %s, resolved by %d, captured %d", h.id, h.state, h.resolved, h.captured)
	}
	if h.captured < 0 || h.captured > h.minor {
		c.states.fail("hold %d: captured %d of %d", h.id, h.captured, h.minor)
	}
	if h.currency != a.head.currency {
		c.states.fail("hold %d: currency %q in a book of %s", h.id, h.currency, a.head.currency)
	}
	if h.resolved != 0 && h.resolved <= h.id {
		c.holds.fail("hold %d: resolved by %d, before it was made", h.id, h.resolved)
	}
	if at := timeOf(h.resolved); h.state == "captured" && at-batchSpan >= h.deadline {
		c.holds.fail("hold %d: captured at %d, its deadline was %d", h.id, at, h.deadline)
	}
	c.causes.saw()
	if h.known == 0 {
		c.causes.fail("hold %d: there is no %s %d", h.id, h.causeKind, h.cause)
	}
	a.pairHold(h)
}

// pairHold shows h to the postings, of which there is one for either account.
func (a *auditor) pairHold(h *hold) {
	causeKind := code(causeKinds, h.causeKind)
	sides := [2][2]int64{{h.credit, h.debit}, {h.debit, h.credit}}
	for debit, side := range sides {
		a.pairings.held.addRight(record{h.id, h.minor, int64(debit), side[0], side[1], causeKind, h.cause})
		if h.resolved == 0 || h.resolved > a.upTo {
			continue // it was open when the last row was written that is judged
		}
		kind, minor := "release", h.minor
		if h.state == "captured" {
			kind, minor = "capture", h.captured
		}
		a.pairings.resolved.addRight(record{h.id, h.resolved, code(transferKinds, kind), minor, h.minor,
			int64(debit), side[0], side[1], causeKind, h.cause})
	}
}
