package audit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// handle is a payment handle's row, and what stands beside it.
type handle struct {
	merchant, id, multi, payer, minor         int64
	hold, counted, operation, waits           int64
	changed, version                          int64
	kind, ref, token, consumer, status, fault string
	link, simulator, details                  string

	ring                          string // the hold that it names, see ring
	open                          int64  // holds of it that are open
	used                          int64  // 1: what it names as having used it is there, of the right kind, and names it back
	knownMerchant, wallet, linked int64  // its merchant; its payer's wallet, and as a consumer of the merchant
}

const handlesText = `select x.merchant, x.id, x.multi, x.payer, x.minor, x.hold, x.counted, x.operation, x.waits, x.changed, x.version,
	x.type, x.ref, x.token, x.consumer, x.status, x.fault, x.link, x.simulator, x.details,
	` + ringText + `,
	(select count(*) from holds h where h.book = x.book and h.cause_kind = 'handle' and h.cause = x.id and h.state = 'open'),
	case x.operation when 0 then 0 else (select count(*) from operations o where o.book = x.book and o.merchant = x.merchant
		and o.kind = case x.type when 'PAYMENT' then 'sale' when 'STANDALONE_CREDIT' then 'credit' else 'verification' end
		and o.id = x.operation and o.handle = x.id) end,
	` + knownMerchant + `,
	case x.payer when 0 then 0 else (select count(*) from accounts a where a.book = x.book and a.id = x.payer and a.kind = 'wallet') end,
	case x.payer when 0 then 0 else (select count(*) from consumers c where c.book = x.book and c.merchant = x.merchant and c.person = x.payer) end
from handles x where x.book = $1 and (x.merchant, x.id) > ($2, $3) order by x.merchant, x.id limit $4`

// ringText reads the hold that a row x names. It comes as one text because that
// takes one look-up.
const ringText = `coalesce((select h.minor || ' ' || h.debit || ' ' || h.credit || ' ' || h.deadline || ' ' || h.cause || ' ' || h.cause_kind || ' ' || h.state
		from holds h where h.book = x.book and h.id = x.hold), '')`

// ring is ring-fenced money as its hold says.
type ring struct {
	minor, debit, credit, deadline, cause int64
	causeKind, state                      string
}

// ringOf reads what ringText has read; it is empty if there was none.
func ringOf(s string) (r ring) {
	words := strings.Split(s, " ")
	if len(words) != 7 {
		return ring{}
	}
	for i, to := range []*int64{&r.minor, &r.debit, &r.credit, &r.deadline, &r.cause} {
		*to, _ = strconv.ParseInt(words[i], 10, 64)
	}
	r.causeKind, r.state = words[5], words[6]
	return r
}

// The states of payment handles, and for how long one may be used.
var handleStatuses = []string{"INITIATED", "PROCESSING", "PAYABLE", "COMPLETED", "FAILED", "EXPIRED"}

const (
	handleLife  = hour / 4
	forPayment  = "PAYMENT"
	forCredit   = "STANDALONE_CREDIT"
	forVerify   = "VERIFICATION"
	payable     = "PAYABLE"
	wasUsed     = "COMPLETED"
	wasFailed   = "FAILED"
	wasExpired  = "EXPIRED"
	wasTakeback = "CANCELLED"
)

// handleChains are the states that a handle has gone through, by the state that it
// is in and how many events are about it.
var handleChains = map[string]map[int64][]string{
	"INITIATED":  {1: {"initiated"}},
	"PROCESSING": {2: {"initiated", "processing"}},
	payable:      {3: {"initiated", "processing", "payable"}},
	wasUsed:      {4: {"initiated", "processing", "payable", "completed"}},
	wasFailed: {
		1: {"failed"},
		3: {"initiated", "processing", "failed"},
		4: {"initiated", "processing", "payable", "failed"},
	},
	wasExpired: {
		2: {"initiated", "expired"},
		3: {"initiated", "processing", "expired"},
		4: {"initiated", "processing", "payable", "expired"},
	},
}

func (h *handle) created() int64  { return timeOf(h.id) }
func (h *handle) deadline() int64 { return h.created() + handleLife }

// ended says that nothing more becomes of h.
func (h *handle) ended() bool {
	return h.status == wasUsed || h.status == wasFailed || h.status == wasExpired
}

// money says that money is held for h while it is payable.
func (h *handle) money() bool { return h.kind != forVerify && h.multi == 0 }

// wasPayable says that h has once been payable.
func (h *handle) wasPayable() bool {
	return h.status == payable || h.status == wasUsed || (h.status == wasFailed || h.status == wasExpired) && h.version == 4
}

// walkHandles reads merchant after merchant; what follows a handle that came too
// late came too late as well.
func (a *auditor) walkHandles(ctx context.Context) error {
	return a.eachHandle(ctx, func(rows []handle) error {
		// The news must reach at least as far as these rows are new.
		if err := a.readLateNews(ctx); err != nil {
			return err
		}
		for i := range rows {
			if a.seenID(rows[i].id); rows[i].id <= a.upTo {
				a.judgeHandle(&rows[i])
			}
		}
		return nil
	})
}

func (a *auditor) eachHandle(ctx context.Context, visit func([]handle) error) error {
	return walkBy(ctx, a, min(a.chunk, detailsAtOnce), handlesText, handle{merchant: math.MinInt64},
		func(h *handle) []any {
			return []any{&h.merchant, &h.id, &h.multi, &h.payer, &h.minor, &h.hold, &h.counted, &h.operation, &h.waits, &h.changed, &h.version,
				&h.kind, &h.ref, &h.token, &h.consumer, &h.status, &h.fault, &h.link, &h.simulator, &h.details,
				&h.ring, &h.open, &h.used, &h.knownMerchant, &h.wallet, &h.linked}
		},
		func(h *handle) []any { return []any{a.book, h.merchant, a.skipLate(h.id)} }, visit)
}

// skipLate is where a walk goes on after id within a merchant.
func (a *auditor) skipLate(id int64) int64 {
	if id > a.upTo {
		return math.MaxInt64
	}
	return id
}

// judgeHandle judges a row as it is now; see judgePayment.
func (a *auditor) judgeHandle(h *handle) {
	a.checks.handles.saw()
	a.ours("payment handle", h.id)
	a.seenID(h.hold)
	a.seenID(h.operation)
	a.seenTime(h.changed)
	a.judgeHandleWords(h)
	a.judgeHandleState(h)
	a.judgeHandleMoney(h)
	a.expectHandleEvents(h)
	a.spending.paidOut(h.counter(a.upTo))
}

func (a *auditor) judgeHandleRules(h *handle, rules []rule) {
	for _, r := range rules {
		if !r.holds {
			a.checks.handles.fail("payment handle %d: a %s of merchant %d, %s, with a wrong %s (%s)", h.id, h.kind, h.merchant, h.status, r.column, h.columns())
		}
	}
}

func (h *handle) columns() string {
	return fmt.Sprintf("payer %d, minor %d, hold %d, counted %d, operation %d, waits %d, changed %d, version %d",
		h.payer, h.minor, h.hold, h.counted, h.operation, h.waits, h.changed, h.version)
}

func (a *auditor) judgeHandleWords(h *handle) {
	a.judgeHandleRules(h, []rule{
		{"merchant: there is none", h.knownMerchant == 1},
		{"type", slices.Contains([]string{forPayment, forCredit, forVerify}, h.kind)},
		{"status", slices.Contains(handleStatuses, h.status)},
		{"multi", is01(h.multi)},
		{"reference", h.ref != ""},
		{"consumer", h.consumer != ""},
		{"token", plainToken(h.token)},
		{"link", h.link == "" || plainToken(h.link)},
		{"simulator", h.simulator == "" || a.head.mode == "sandbox" && (h.simulator == "INTERNAL" || h.simulator == "EXTERNAL")},
		{"details", h.details == "" || isObject(h.details)},
	})
}

func (a *auditor) judgeHandleState(h *handle) {
	a.judgeHandleRules(h, []rule{
		{"amount", (h.minor > 0) == (h.kind != forVerify) && h.minor >= 0 || h.multi == 1 && h.minor >= 0},
		{"fault", (h.fault != "") == (h.status == wasFailed)},
		{"payer", h.payer != 0 || !h.wasPayable()},
		{"payer: no wallet", h.payer == 0 || h.wallet == 1},
		{"payer: no consumer of the merchant", !h.wasPayable() || h.linked == 1},
		{"waits", (h.waits == 1) == (!h.ended() && h.multi == 0 && h.hold == 0) && is01(h.waits)},
		{"operation", h.operation == 0 || h.used == 1},
		{"operation: not used", h.operation != 0 || h.status != wasUsed},
		{"operation: used", h.operation == 0 || h.status == wasUsed || h.status == wasFailed},
		{"changed: it was made later", h.changed >= h.created()-batchSpan},
		{"changed: it was over by then", h.status != wasUsed && h.status != payable || h.multi == 1 || h.changed < h.deadline()},
		{"changed: it was not over by then", h.status != wasExpired || h.multi == 1 || h.changed >= h.deadline()},
		{"state of what may be used many times", h.multi == 0 || h.wasPayable() && h.status != wasUsed && h.status != wasFailed},
	})
}

// judgeHandleMoney judges what is ring-fenced for h, or was.
func (a *auditor) judgeHandleMoney(h *handle) {
	r := ringOf(h.ring)
	debit, credit := h.payer, h.merchant
	if h.kind == forCredit {
		debit, credit = credit, debit
	}
	first, last := hoursOf(h.hold)
	named := h.hold != 0
	ends := map[string]bool{payable + " open": true, wasUsed + " captured": true, wasFailed + " released": true, wasExpired + " released": true,
		wasUsed + " released": h.kind == forPayment} // what is not settled with the sale is held anew for it
	a.judgeHandleRules(h, []rule{
		{"hold", named == (h.money() && h.wasPayable())},
		{"hold: not its own", !named || r.causeKind == "handle" && r.cause == h.id},
		{"hold: another amount", !named || r.minor == h.minor},
		{"hold: other accounts", !named || r.debit == debit && r.credit == credit},
		{"hold: another deadline", !named || r.deadline == h.deadline()},
		{"hold: it is " + r.state, !named || ends[h.status+" "+r.state]},
		{"hold: open", h.open == 0 || h.open == 1 && h.status == payable},
		{"counted", (h.counted != 0) == (named && h.kind == forPayment)},
		{"counted: not in its hour", h.counted == 0 || h.counted == first || h.counted == last},
	})
}

// expectHandleEvents shows the news about h to the events: what became of it is
// known from its state and their number.
func (a *auditor) expectHandleEvents(h *handle) {
	a.checks.events.saw()
	chain := handleChains[h.status][h.version]
	if chain == nil {
		a.checks.events.fail("payment handle %d: %s after %d events", h.id, h.status, h.version)
		return
	}
	until := a.late.versionAt("handle", h.id, h.version)
	for i, state := range chain[:until] {
		a.pairings.events.addRight(record{h.id, code(news, "handle."+state), int64(i) + 1, 0, h.merchant, h.minor})
	}
}
