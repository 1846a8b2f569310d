package audit

import (
	"context"
	"math"
	"slices"
)

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
	if e.wallet < systemBelow { // else escrow might hold what no payment has put there
		a.checks.states.fail("treasury entry %d: account %d is no wallet", e.id, e.wallet)
	}
	if e.transfer <= e.id {
		a.checks.states.fail("treasury entry %d: settled by transfer %d, which is older", e.id, e.transfer)
	}
	payer, payee, told := int64(treasury), e.wallet, "treasury.issued"
	if e.kind == "redeem" {
		payer, payee, told = payee, payer, "treasury.redeemed"
	}
	a.checks.causes.saw()
	a.pairings.causes.addRight(record{e.id, code(causeKinds, "treasury"), e.transfer, e.minor, payer, payee})
	a.checks.events.saw()
	a.pairings.events.addRight(record{e.id, code(news, told), 1})
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
					a.pairings.events.addRight(record{r.id, code(news, "wallet.frozen"), 1})
				case "wallet.unfreeze":
					a.pairings.events.addRight(record{r.id, code(news, "wallet.unfrozen"), 1})
				}
			}
			return nil
		})
}
