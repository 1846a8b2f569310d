package audit

import (
	"context"
	"math"
	"slices"
)

// payment is a payment's row, without its words for people.
type payment struct {
	id, actor, target, minor     int64
	audience, medium, status     string
	completed, transfer, version int64
}

func (a *auditor) walkPayments(ctx context.Context) error {
	return walk(ctx, a, `select id, actor, target, minor, audience, medium, status, completed, transfer, version
from payments where book = $1 and id > $2 and id <= $3 order by id limit $4`, payment{id: math.MinInt64},
		func(p *payment) []any {
			return []any{&p.id, &p.actor, &p.target, &p.minor, &p.audience, &p.medium, &p.status,
				&p.completed, &p.transfer, &p.version}
		},
		func(p *payment) []any { return []any{a.book, p.id, a.upTo} },
		func(rows []payment) error {
			// The news must reach at least as far as these rows are new.
			if err := a.readLateNews(ctx); err != nil {
				return err
			}
			for i := range rows {
				a.judgePayment(&rows[i])
			}
			return nil
		})
}

func (a *auditor) judgePayment(p *payment) {
	c := a.checks.states
	c.saw()
	a.ours("payment", p.id)
	a.seenID(p.transfer)
	if p.status != "settled" {
		c.fail("payment %d: status %q", p.id, p.status)
	}
	if settled := p.status == "settled"; settled != (p.transfer > 0) || settled != (p.completed > 0) {
		c.fail("payment %d: it is %s, by transfer %d, completed at %d", p.id, p.status, p.transfer, p.completed)
	}
	if p.completed != 0 && p.completed < timeOf(p.id)-batchSpan {
		c.fail("payment %d: completed at %d, before it was made at %d", p.id, p.completed, timeOf(p.id))
	}
	if p.transfer != 0 && p.transfer <= p.id {
		c.fail("payment %d: settled by transfer %d, which is older", p.id, p.transfer)
	}
	if !slices.Contains([]string{"private", "friends", "public"}, p.audience) {
		c.fail("payment %d: audience %q", p.id, p.audience)
	}
	if p.medium == "" {
		c.fail("payment %d: no medium", p.id)
	}
	if p.actor == p.target {
		c.fail("payment %d: %d pays itself", p.id, p.actor)
	}

	if p.transfer > 0 && p.transfer <= a.upTo { // else not settled yet when the last row was written that is judged
		a.checks.causes.saw()
		a.pairings.causes.addRight(record{p.id, code(causeKinds, "payment"), p.transfer, p.minor, p.actor, p.target})
		a.spending.paid(p)
	}
	a.expectEvents(p)
}

// versionMax is more events than one payment can have.
const versionMax = 1000

func (a *auditor) expectEvents(p *payment) {
	a.checks.events.saw()
	if p.version < 1 || p.version > versionMax {
		a.checks.events.fail("payment %d: version %d", p.id, p.version)
		return
	}
	for seq := range a.late.versionAt(p.id, p.version) {
		a.pairings.events.addRight(record{p.id, code(eventSubjects, "payment"), seq + 1})
	}
}

// entry is money that crossed the edge of the network.
type entry struct {
	id                      int64
	kind                    string
	wallet, minor, transfer int64
}

func (a *auditor) walkEntries(ctx context.Context) error {
	return walk(ctx, a, `select id, kind, wallet, minor, transfer
from entries where book = $1 and id > $2 and id <= $3 order by id limit $4`, entry{id: math.MinInt64},
		func(e *entry) []any { return []any{&e.id, &e.kind, &e.wallet, &e.minor, &e.transfer} },
		func(e *entry) []any { return []any{a.book, e.id, a.upTo} },
		func(rows []entry) error {
			for i := range rows {
				a.judgeEntry(&rows[i])
			}
			return nil
		})
}

func (a *auditor) judgeEntry(e *entry) {
	a.checks.states.saw()
	a.ours("treasury entry", e.id)
	a.seenID(e.transfer)
	if !slices.Contains([]string{"issue", "redeem"}, e.kind) {
		a.checks.states.fail("treasury entry %d: kind %q", e.id, e.kind)
	}
	if e.transfer <= e.id {
		a.checks.states.fail("treasury entry %d: settled by transfer %d, which is older", e.id, e.transfer)
	}
	payer, payee := int64(treasury), e.wallet
	if e.kind == "redeem" {
		payer, payee = payee, payer
	}
	a.checks.causes.saw()
	a.pairings.causes.addRight(record{e.id, code(causeKinds, "treasury"), e.transfer, e.minor, payer, payee})
	a.checks.events.saw()
	a.pairings.events.addRight(record{e.id, code(eventSubjects, e.kind), 1})
}

// action is the audit line of an operator's word.
type action struct {
	id   int64
	name string
}

func (a *auditor) walkActions(ctx context.Context) error {
	return walk(ctx, a, `select id, name from actions where book = $1 and id > $2 and id <= $3 order by id limit $4`,
		action{id: math.MinInt64},
		func(r *action) []any { return []any{&r.id, &r.name} },
		func(r *action) []any { return []any{a.book, r.id, a.upTo} },
		func(rows []action) error {
			for _, r := range rows {
				a.checks.states.saw()
				a.ours("action", r.id)
				switch r.name {
				case "wallet.freeze":
					a.pairings.events.addRight(record{r.id, code(eventSubjects, "freeze"), 1})
				case "wallet.unfreeze":
					a.pairings.events.addRight(record{r.id, code(eventSubjects, "unfreeze"), 1})
				}
			}
			return nil
		})
}
