package audit

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// payment is a payment's row, without its words for people, and what stands
// beside it in other tables.
type payment struct {
	id, actor, target, minor, fee          int64
	action, status, audience, medium       string
	addressKind, address                   string
	completed, deadline, reminded, version int64
	transfer, escrow, refund, counted      int64

	listed     int64 // while it is pending: its rows in parties
	introduced int64 // when its actor first named its address; 0: never
	known      int64 // 0: its address is not in the directory; 1: it is; 2: and what is pending to it was claimed
	told       int64 // the news that its target was reminded when the row says so
}

// While a payment may still change, it is compared with its rows in parties
// here, in one statement; see walkParties. What was told at a moment is a short
// range of identifiers.
var paymentsText = fmt.Sprintf(`select p.id, p.actor, p.target, p.minor, p.fee, p.action, p.status, p.audience, p.medium, p.address_kind, p.address,
	p.completed, p.deadline, p.reminded, p.version, p.transfer, p.escrow, p.refund, p.counted,
	case p.status when 'pending' then
		(select count(*) from parties q where q.book = p.book and q.person = p.actor
			and q.kind = case p.action when 'charge' then 2 else 0 end and q.payment = p.id) +
		(select count(*) from parties q where q.book = p.book and q.person = p.target
			and q.kind = case p.action when 'charge' then 3 else 1 end and q.payment = p.id)
	else 0 end,
	case p.address when '' then 0 else
		coalesce((select i.at from introductions i where i.book = p.book and i.person = p.actor
			and i.kind = p.address_kind and i.address = p.address), 0) end,
	case p.address when '' then 0 else
		coalesce((select case when d.owner > 0 and d.claimed > 0 then 2 else 1 end
			from addresses d where d.kind = p.address_kind and d.address = p.address), 0) end,
	case when p.reminded between %[1]d and %[4]d then
		(select count(*) from events e where e.book = p.book
			and e.id >= (p.reminded - %[1]d) * %[2]d and e.id < (p.reminded - %[1]d + %[3]d) * %[2]d
			and e.subject = p.id and e.kind = 'payment.reminded')
	else 0 end
from payments p where p.book = $1 and p.id > $2 and p.id <= $3 order by p.id limit $4`, epoch, 1<<bookBits, batchSpan, int64(timeMax))

func (p *payment) fields() []any {
	return []any{&p.id, &p.actor, &p.target, &p.minor, &p.fee, &p.action, &p.status, &p.audience, &p.medium, &p.addressKind, &p.address,
		&p.completed, &p.deadline, &p.reminded, &p.version, &p.transfer, &p.escrow, &p.refund, &p.counted,
		&p.listed, &p.introduced, &p.known, &p.told}
}

func (p *payment) charge() bool  { return p.action == "charge" }
func (p *payment) pending() bool { return p.status == "pending" }
func (p *payment) settled() bool { return p.status == "settled" }

// waited says that p was pending once, or is.
func (p *payment) waited() bool { return p.deadline > 0 }

// escrowed says that p's money went to escrow first.
func (p *payment) escrowed() bool { return !p.charge() && p.address != "" }

// givenBack says that p's money left escrow for where it came from.
func (p *payment) givenBack() bool { return p.escrowed() && !p.pending() && !p.settled() }

// claimed says that p is a charge to an address whose owner has turned up.
func (p *payment) claimed() bool { return p.charge() && p.address != "" && p.target != 0 }

// targetWell judges the target: whoever owns an address comes in with the money,
// or is asked for it from then on.
func (p *payment) targetWell() bool {
	switch {
	case p.address == "" || p.settled():
		return p.target != 0
	case p.charge():
		return true
	}
	return p.target == 0
}

// scripted says that p failed when it was made, by the script of a sandbox.
func (a *auditor) scripted(p *payment) bool {
	return a.head.mode == "sandbox" && p.status == "failed" && !p.charge() && p.target == sandboxPerson
}

func (p *payment) payer() int64 {
	if p.charge() {
		return p.target
	}
	return p.actor
}

func (p *payment) payee() int64 {
	if p.charge() {
		return p.actor
	}
	return p.target
}

func (a *auditor) walkPayments(ctx context.Context) error {
	return walk(ctx, a, paymentsText, payment{id: math.MinInt64}, (*payment).fields,
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

// judgePayment judges a row by itself as it is now, since a row is never half
// changed, and shows the others what it was when the last row was written that
// is judged.
func (a *auditor) judgePayment(p *payment) {
	a.judgePaymentWords(p)
	a.judgePaymentState(p)
	a.judgePaymentTimes(p)
	a.judgePaymentAddress(p)
	a.expectTransfers(p)
	a.expectEvents(p)
	a.expectParties(p)
	a.spending.paid(p)
}

func (a *auditor) judgePaymentWords(p *payment) {
	c := a.checks.states
	c.saw()
	a.ours("payment", p.id)
	if !slices.Contains(statuses[1:], p.status) {
		c.fail("payment %d: status %q", p.id, p.status)
	}
	if !slices.Contains([]string{"pay", "charge"}, p.action) {
		c.fail("payment %d: action %q", p.id, p.action)
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
}

// rule is what must hold of a payment, and which column is wrong if it does not.
type rule struct {
	column string
	holds  bool
}

func (a *auditor) judgeRules(p *payment, rules []rule) {
	for _, r := range rules {
		if !r.holds {
			a.checks.states.fail("payment %d: a %s %s with a wrong %s (%s)", p.id, p.status, p.action, r.column, p.columns())
		}
	}
}

func (p *payment) columns() string {
	return fmt.Sprintf("target %d, address %q, fee %d, completed %d, deadline %d, transfer %d, escrow %d, refund %d, counted %d",
		p.target, p.address, p.fee, p.completed, p.deadline, p.transfer, p.escrow, p.refund, p.counted)
}

// judgePaymentState judges which columns are set.
func (a *auditor) judgePaymentState(p *payment) {
	for _, transfer := range []int64{p.transfer, p.escrow, p.refund} {
		a.seenID(transfer)
	}
	neverPaid := p.charge() && !p.settled()
	a.judgeRules(p, []rule{
		{"target", p.targetWell()},
		{"fee", p.fee >= 0 && (p.fee == 0 || !neverPaid)},
		{"completed", p.completed >= 0 && (p.completed == 0) == p.pending()},
		{"deadline", p.deadline >= 0 && (p.waited() == p.escrowed() || p.charge()) && (p.waited() || p.settled() || a.scripted(p))},
		{"transfer", (p.transfer != 0) == p.settled() && (p.transfer == 0 || p.transfer > max(p.id, p.escrow))},
		{"escrow", (p.escrow != 0) == p.escrowed() && (p.escrow == 0 || p.escrow > p.id)},
		{"refund", (p.refund != 0) == p.givenBack() && (p.refund == 0 || p.refund > p.escrow)},
		{"counted", p.countedWell()},
	})
}

// spentHours is how long a payment counts against the weekly limit: a refund
// within that time lowers the counter.
const spentHours = 168

// countedWell judges the hour in which p counts: that in which its money left
// the payer, unless it came back soon.
func (p *payment) countedWell() bool {
	left := p.transfer
	if p.escrowed() {
		left = p.escrow
	}
	if left <= 0 {
		return p.counted == 0
	}
	first, last := hoursOf(left)
	if p.counted != 0 && p.counted != first && p.counted != last {
		return false
	}
	if p.refund <= 0 {
		return p.counted != 0
	}
	back, backLast := hoursOf(p.refund)
	if p.counted != 0 {
		return backLast-p.counted >= spentHours
	}
	return back-last < spentHours
}

// hoursOf tells the hour in which the command decided that an identifier comes
// from: it is the first or the last, which mostly are the same.
func hoursOf(id int64) (first, last int64) {
	return hourOf(timeOf(id) - batchSpan), hourOf(timeOf(id))
}

// within says that t is the moment at which the command decided that id comes from.
func within(t, id int64) bool { return t <= timeOf(id) && t >= timeOf(id)-batchSpan }

// judgePaymentTimes judges the moments that are set.
func (a *auditor) judgePaymentTimes(p *payment) {
	a.seenTime(p.completed)
	a.seenTime(p.reminded)
	made, moved := timeOf(p.id), max(p.transfer, p.refund)
	a.judgeRules(p, []rule{
		{"deadline: it was made later", p.deadline <= 0 || p.deadline > made-batchSpan},
		{"completed: it was made later", p.completed <= 0 || p.completed >= made-batchSpan},
		{"completed: it was made earlier", p.completed <= 0 || p.waited() || p.completed <= made},
		{"completed: its money moved at another time", p.completed <= 0 || moved <= 0 || within(p.completed, moved)},
		{"completed: its deadline was later", p.status != "expired" || p.completed >= p.deadline},
		{"escrow: it was made earlier", p.escrow <= 0 || timeOf(p.escrow) <= made+batchSpan},
	})
	if p.reminded != 0 && (!p.charge() || p.reminded < made || p.completed > 0 && p.reminded > p.completed) {
		a.checks.states.fail("payment %d: a %s %s, its target reminded at %d", p.id, p.status, p.action, p.reminded)
	}
}

// expectTransfers shows p to the postings. Since nothing else may move what is
// in escrow, its balance is what pending payments have there.
func (a *auditor) expectTransfers(p *payment) {
	expect := func(transfer, known, minor, from, to int64) {
		if transfer <= 0 || transfer > a.upTo || minor == 0 { // it had not happened, or there was nothing to move
			return
		}
		a.checks.causes.saw()
		a.pairings.causes.addRight(record{p.id, code(causeKinds, "payment"), known, minor, from, to})
	}
	from := p.payer()
	if p.escrow != 0 {
		expect(p.escrow, p.escrow, p.minor+p.fee, p.actor, escrow)
		expect(p.refund, p.refund, p.minor+p.fee, escrow, p.actor)
		from = escrow
	}
	expect(p.transfer, p.transfer, p.minor, from, p.payee())
	expect(p.transfer, 0, p.fee, from, fees) // which transfer that was, the payment does not say
}
