package audit

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// operation is the row of what a merchant has done, and what stands beside it.
type operation struct {
	merchant, id, handle, parent, payer, minor, fee, auto int64
	settleable, refundable, hold, deadline, transfer      int64
	counted, changed, version                             int64
	kind, ref, status, fault, details                     string

	ring          string // the hold that it names, see ring
	knownMerchant int64
	asked         string // its handle, see askedFor
	from          string // of a settlement, void or refund: the sale that it comes from, see saleRow
	linked        int64  // of a settlement: since when the merchant may send money to its payer

	// Of a sale: what was made of it. Of a settlement: what was refunded.
	settled, unrefunded, voided, refunded, open int64
}

// What was settled and voided is found by the sale, what was refunded by the
// settlement; the one that a sale makes by itself has the sale's number. Merchants
// are compared in a way that leads no database to another index.
const (
	under = ` from operations c where c.book = x.book and c.parent = x.id and c.parent > 0 and c.parent <> c.id
			and c.merchant + 0 = x.merchant and c.status = 'COMPLETED'`
	itself = ` from operations c where c.book = x.book and c.merchant = x.merchant and c.kind = 'settlement' and c.id = x.id and c.status = 'COMPLETED'`
	saleOf = `select s.auto || ' ' || s.counted || ' ' || s.handle || ' ' || s.payer || ' ' || s.deadline || ' ' || s.status
		from operations s where s.book = x.book and s.merchant = x.merchant and s.kind = 'sale'`
	operationsText = `select x.merchant, x.kind, x.id, x.ref, x.handle, x.parent, x.payer, x.minor, x.fee, x.auto,
	x.settleable, x.refundable, x.hold, x.deadline, x.transfer, x.counted, x.changed, x.version, x.status, x.fault, x.details,
	` + ringText + `, ` + knownMerchant + `,
	coalesce((select p.minor || ' ' || p.payer || ' ' || p.multi || ' ' || p.operation || ' ' || p.hold || ' ' || p.type || ' ' || p.status
		from handles p where p.book = x.book and p.merchant = x.merchant and p.id = x.handle), ''),
	coalesce(case x.kind
		when 'settlement' then (` + saleOf + ` and s.id = x.parent)
		when 'void' then (` + saleOf + ` and s.id = x.parent)
		when 'refund' then (` + saleOf + ` and s.id = (select t.parent from operations t
			where t.book = x.book and t.merchant = x.merchant and t.kind = 'settlement' and t.id = x.parent
			and t.handle = x.handle and t.payer = x.payer and t.status = 'COMPLETED'))
		else '' end, ''),
	case x.kind when 'sale' then (select cast(coalesce(sum(c.minor), 0) as bigint)` + under + ` and c.kind = 'settlement')
		+ (select cast(coalesce(sum(c.minor), 0) as bigint)` + itself + `) else 0 end,
	case x.kind when 'sale' then (select cast(coalesce(sum(c.refundable), 0) as bigint)` + under + ` and c.kind = 'settlement')
		+ (select cast(coalesce(sum(c.refundable), 0) as bigint)` + itself + `) else 0 end,
	case x.kind when 'sale' then (select cast(coalesce(sum(c.minor), 0) as bigint)` + under + ` and c.kind = 'void') else 0 end,
	case x.kind when 'settlement' then (select cast(coalesce(sum(c.minor), 0) as bigint)` + under + ` and c.kind = 'refund') else 0 end,
	case x.kind when 'sale' then (select count(*) from holds h
		where h.book = x.book and h.cause_kind = 'operation' and h.cause = x.id and h.state = 'open') else 0 end,
	case x.kind when 'settlement' then coalesce((select c.linked from consumers c
		where c.book = x.book and c.merchant = x.merchant and c.person = x.payer), 0) else 0 end
from operations x where x.book = $1 and (x.merchant, x.kind, x.id) > ($2, $3, $4) order by x.merchant, x.kind, x.id limit $5`
)

// The kinds of operations.
const (
	sale         = "sale"
	settlement   = "settlement"
	void         = "void"
	refund       = "refund"
	credit       = "credit"
	verification = "verification"
)

// operationNews are the news about an operation of each kind, by the state that it
// is in and how many events are about it. What becomes of a sale but its end is
// news about other operations.
var operationNews = map[string]map[string]map[int64][]string{
	sale: {
		wasUsed:     {1: {"sale.completed"}, 2: {"sale.completed", "sale.expired"}},
		wasFailed:   {1: {"sale.failed"}},
		wasTakeback: {2: {"sale.completed", "sale.cancelled"}},
	},
	settlement:   {wasUsed: {1: {"settlement.completed"}}, wasFailed: {1: {"settlement.failed"}}},
	void:         {wasUsed: {1: {"void.completed"}}, wasFailed: {1: {"void.failed"}}},
	refund:       {wasUsed: {1: {"refund.completed"}}, wasFailed: {1: {"refund.failed"}}},
	credit:       {wasUsed: {1: {"credit.completed"}}, wasFailed: {1: {"credit.failed"}}},
	verification: {wasUsed: {1: {"verification.completed"}}},
}

// askedFor is what an operation's handle says.
type askedFor struct {
	minor, payer, multi, used, hold int64
	kind, status                    string
}

// saleRow is what the sale says that an operation comes from.
type saleRow struct {
	auto, counted, handle, payer, deadline int64
	status                                 string
}

// numbers reads the first words of s; ok is false unless it has as many more as
// there are texts.
func numbers(s string, to []*int64, texts ...*string) (ok bool) {
	words := strings.Split(s, " ")
	if len(words) != len(to)+len(texts) {
		return false
	}
	for i, n := range to {
		*n, _ = strconv.ParseInt(words[i], 10, 64)
	}
	for i, text := range texts {
		*text = words[len(to)+i]
	}
	return true
}

func (o *operation) askedFor() (p askedFor, ok bool) {
	ok = numbers(o.asked, []*int64{&p.minor, &p.payer, &p.multi, &p.used, &p.hold}, &p.kind, &p.status)
	return p, ok
}

func (o *operation) sale() (s saleRow, ok bool) {
	ok = numbers(o.from, []*int64{&s.auto, &s.counted, &s.handle, &s.payer, &s.deadline}, &s.status)
	return s, ok
}

func (o *operation) failed() bool { return o.status == wasFailed }

// expired says that what of a sale was not settled went back by the clock.
func (o *operation) expired() bool { return o.kind == sale && o.status == wasUsed && o.version == 2 }

// givenBack is what of a sale went back without being voided.
func (o *operation) givenBack() int64 { return o.minor - o.settled - o.voided - o.settleable }

func (a *auditor) walkOperations(ctx context.Context) error {
	return a.eachOperation(ctx, func(rows []operation) error {
		// The news must reach at least as far as these rows are new.
		if err := a.readLateNews(ctx); err != nil {
			return err
		}
		for i := range rows {
			if a.seenID(rows[i].id); rows[i].id <= a.upTo {
				a.judgeOperation(&rows[i])
			}
		}
		return nil
	})
}

func (a *auditor) eachOperation(ctx context.Context, visit func([]operation) error) error {
	return walkBy(ctx, a, min(a.chunk, detailsAtOnce), operationsText, operation{merchant: math.MinInt64},
		func(o *operation) []any {
			return []any{&o.merchant, &o.kind, &o.id, &o.ref, &o.handle, &o.parent, &o.payer, &o.minor, &o.fee, &o.auto,
				&o.settleable, &o.refundable, &o.hold, &o.deadline, &o.transfer, &o.counted, &o.changed, &o.version, &o.status, &o.fault, &o.details,
				&o.ring, &o.knownMerchant, &o.asked, &o.from, &o.settled, &o.unrefunded, &o.voided, &o.refunded, &o.open, &o.linked}
		},
		func(o *operation) []any { return []any{a.book, o.merchant, o.kind, a.skipLate(o.id)} }, visit)
}

// judgeOperation judges a row as it is now; see judgePayment. What it moved was
// moved when it was made.
func (a *auditor) judgeOperation(o *operation) {
	a.checks.operations.saw()
	a.ours("operation", o.id)
	a.seenID(o.hold)
	a.seenID(o.transfer)
	a.seenTime(o.changed)
	a.judgeOperationState(o)
	a.judgeOperationPlace(o)
	switch o.kind {
	case sale:
		a.judgeSale(o)
	case settlement:
		a.judgeOperationRules(o, []rule{
			{"refundable", o.failed() || o.refundable == o.minor-o.refunded && o.refundable >= 0},
			{"payer: not linked to the merchant", o.failed() || o.linked > 0 && o.linked <= timeOf(o.id)},
		})
	}
	a.expectOperationTransfers(o)
	a.expectOperationEvents(o)
	a.spending.paidOut(o.counter())
}

func (a *auditor) judgeOperationRules(o *operation, rules []rule) {
	for _, r := range rules {
		if !r.holds {
			a.checks.operations.fail("%s %d: of merchant %d, %s, with a wrong %s (%s)", o.kind, o.id, o.merchant, o.status, r.column, o.columns())
		}
	}
}

func (o *operation) columns() string {
	return fmt.Sprintf("handle %d, parent %d, payer %d, minor %d, fee %d, settleable %d, refundable %d, settled %d, voided %d, refunded %d, hold %d, deadline %d, transfer %d, counted %d, version %d",
		o.handle, o.parent, o.payer, o.minor, o.fee, o.settleable, o.refundable, o.settled, o.voided, o.refunded, o.hold, o.deadline, o.transfer, o.counted, o.version)
}

// judgeOperationState judges which columns are set.
func (a *auditor) judgeOperationState(o *operation) {
	moves := (o.kind == settlement || o.kind == refund || o.kind == credit) && !o.failed()
	a.judgeOperationRules(o, []rule{
		{"merchant: there is none", o.knownMerchant == 1},
		{"kind or status", operationNews[o.kind][o.status] != nil},
		{"reference", o.ref != ""},
		{"details", o.details == "" || isObject(o.details)},
		{"amount", o.minor > 0 || o.kind == verification && o.minor == 0},
		{"fault", (o.fault != "") == o.failed()},
		{"fee", o.fee >= 0 && o.fee <= o.minor && (o.fee == 0 || o.kind == settlement)},
		{"auto", o.auto == 0 || o.auto == 1 && o.kind == sale},
		{"settleable", o.settleable == 0 || o.kind == sale && o.status == wasUsed},
		{"refundable", o.refundable >= 0 && (o.refundable == 0 || (o.kind == sale || o.kind == settlement) && o.status == wasUsed)},
		{"hold", o.hold == 0 || o.kind == sale},
		{"transfer", (o.transfer != 0) == moves && (o.transfer == 0 || o.transfer > o.handle)},
		{"deadline", o.deadline >= 0 && (o.deadline == 0 || o.kind == sale && o.auto == 0)},
		{"changed", o.changed >= timeOf(o.id)-batchSpan},
	})
}

// judgeOperationPlace judges what o says to have come from.
func (a *auditor) judgeOperationPlace(o *operation) {
	p, asked := o.askedFor()
	s, sold := o.sale()
	direct := o.kind == sale || o.kind == credit || o.kind == verification
	kind := map[string]string{credit: forCredit, verification: forVerify}[o.kind]
	if kind == "" {
		kind = forPayment
	}
	ended := wasUsed
	if o.failed() && o.kind == sale {
		ended = wasFailed
	}
	a.judgeOperationRules(o, []rule{
		{"handle: there is none", asked},
		{"handle: for something else", !asked || p.kind == kind && p.multi == 0},
		{"handle: of another", !asked || p.payer == o.payer},
		{"handle: it is not used", !asked || p.status == ended || !direct && o.failed() && p.status == wasFailed},
		{"handle: something else has used it", !asked || !direct || p.used == o.id},
		{"handle: another amount", !asked || !direct || p.minor == o.minor},
		{"parent", direct == (o.parent == 0)},
		{"parent: there is none", direct || sold},
		{"parent: of another", !sold || s.handle == o.handle && s.payer == o.payer},
		{"counted", a.countedBack(o, s.counted, sold)},
	})
	if !sold || o.failed() || o.kind == refund {
		return
	}
	a.judgeOperationRules(o, []rule{
		{"parent: it has ended", s.status == wasUsed},
		{"parent: it settles by itself", (s.auto == 1) == (o.parent == o.id)},
		{"parent: its deadline was before", s.auto == 1 || timeOf(o.id)-batchSpan < s.deadline},
	})
}

// countedBack judges from which hour of the payer's counter a refund or a void was
// taken off: that in which the sale counts, if it was soon enough.
func (a *auditor) countedBack(o *operation, counted int64, sold bool) bool {
	switch {
	case o.kind == sale:
		return true // judgeSale does
	case o.kind != refund && o.kind != void || o.failed() || !sold:
		return o.counted == 0
	}
	first, last := hoursOf(o.id)
	if o.counted == 0 {
		return last-counted >= spentHours
	}
	return o.counted == counted && first-counted < spentHours
}

// judgeSale judges what has become of a sale: what was neither settled nor voided
// is held still, or went back when it was cancelled or its deadline had come.
func (a *auditor) judgeSale(o *operation) {
	r, back := ringOf(o.ring), o.givenBack()
	p, _ := o.askedFor()
	first, last := hoursOf(p.hold)
	if o.failed() {
		a.judgeOperationRules(o, []rule{
			{"sum: it has failed", o.settled+o.voided+o.refundable+o.open+o.counted == 0},
		})
		return
	}
	a.judgeOperationRules(o, []rule{
		{"sum", back >= 0},
		{"sum: not held, and not given back", back <= 0 || o.expired() || o.status == wasTakeback},
		{"state: nothing has expired", !o.expired() || back > 0 && o.deadline > 0},
		{"changed: its deadline was later", !o.expired() || o.changed >= o.deadline},
		{"state: it was settled", o.status != wasTakeback || o.settled == 0},
		{"settlement by itself", o.auto == 0 || o.settled == o.minor},
		{"refundable", o.refundable == o.unrefunded && o.refundable <= o.settled},
		{"deadline", (o.deadline > timeOf(o.id)) == (o.auto == 0)},
		{"hold", (o.hold != 0) == (o.settleable > 0)},
		{"hold: other holds of it are open", o.open == 0 && o.hold == 0 || o.open == 1 && r.state == "open"},
		{"hold: not its own", o.hold == 0 || r.causeKind == "operation" && r.cause == o.id && r.debit == o.payer && r.credit == o.merchant},
		{"hold: another amount", o.hold == 0 || r.minor == o.settleable},
		{"hold: another deadline", o.hold == 0 || r.deadline == o.deadline},
		{"counted", o.counted == first || o.counted == last},
	})
}

// expectOperationTransfers shows o to the postings. A settlement captures what was
// held for the handle, if the sale settles by itself, or else for the sale.
func (a *auditor) expectOperationTransfers(o *operation) {
	expect := func(kind string, cause, transfer, minor, from, to int64) {
		if minor == 0 {
			return
		}
		a.checks.causes.saw()
		a.pairings.causes.addRight(record{cause, code(causeKinds, kind), transfer, minor, from, to})
	}
	if o.transfer == 0 {
		return
	}
	switch {
	case o.kind == credit:
		expect("handle", o.handle, o.transfer, o.minor, o.merchant, o.payer)
	case o.kind == refund:
		expect("operation", o.id, o.transfer, o.minor, o.merchant, o.payer)
	case o.kind == settlement && o.parent == o.id:
		expect("handle", o.handle, o.transfer, o.minor, o.payer, o.merchant)
		expect("operation", o.id, 0, o.fee, o.merchant, fees)
	case o.kind == settlement:
		expect("operation", o.parent, o.transfer, o.minor, o.payer, o.merchant)
		expect("operation", o.id, 0, o.fee, o.merchant, fees)
	}
}

// expectOperationEvents shows the news about o to the events.
func (a *auditor) expectOperationEvents(o *operation) {
	a.checks.events.saw()
	chain := operationNews[o.kind][o.status][o.version]
	if chain == nil {
		a.checks.events.fail("%s %d: %s after %d events", o.kind, o.id, o.status, o.version)
		return
	}
	until := a.late.versionAt(o.kind, o.id, o.version)
	for i, kind := range chain[:until] {
		a.pairings.events.addRight(record{o.id, code(news, kind), int64(i) + 1, 0, o.merchant, o.minor})
	}
}
