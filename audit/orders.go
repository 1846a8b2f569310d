package audit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// order is an order's row, and what stands beside it.
type order struct {
	merchant, number, minor, fee, onTop                    int64
	made, deadline, payer, transfer, counted               int64
	changed, waits, version, listed                        int64
	source, key, customer, product, redirect, link, status string

	knownMerchant, knownKey, wallet int64 // its merchant and the key for orders, in this book; its payer's wallet
	pages                           int64 // orders and payment handles that have its link
}

// Links are found in the same way by all books.
const ordersText = `select x.merchant, x.number, x.minor, x.fee, x.on_top, x.made, x.deadline, x.payer, x.transfer, x.counted,
	x.changed, x.waits, x.version, x.listed, x.source, x.key, x.customer, x.product, x.redirect, x.link, x.status,
	(select count(*) from merchants m where m.id = x.merchant and m.book = x.book),
	case x.key when '' then 0 else (select count(*) from api_keys k
		where k.username = x.key and k.merchant = x.merchant and k.book = x.book and k.kind = 'order') end,
	case x.payer when 0 then 0 else (select count(*) from accounts a where a.book = x.book and a.id = x.payer and a.kind = 'wallet') end,
	(select count(*) from orders o where o.link = x.link) + (select count(*) from handles h where h.link = x.link and h.link <> '')
from orders x where x.book = $1 and (x.merchant, x.number) > ($2, $3) order by x.merchant, x.number limit $4`

// The states of orders.
const (
	orderWaits     = "PENDING"
	orderPaid      = "SUCCESS"
	orderExpired   = "EXPIRED"
	orderCancelled = "CANCELLED"
)

// orderChains are the news about an order by the state that it is in.
var orderChains = map[string][]string{
	orderWaits:     {"order.created"},
	orderPaid:      {"order.created", "order.paid"},
	orderExpired:   {"order.created", "order.expired"},
	orderCancelled: {"order.created", "order.cancelled"},
}

// late says that o was made after the last row that is judged. The head counts orders
// in the statement that tells its last moment, so its number tells.
func (o *order) late(a *auditor) bool { return o.number > a.head.orders }

// paidBy says that o was paid by then.
func (o *order) paidBy(upTo int64) bool { return o.status == orderPaid && o.transfer <= upTo }

// walkOrders reads merchant after merchant; what follows an order that came too late
// came too late as well.
func (a *auditor) walkOrders(ctx context.Context) error {
	a.orders = 0
	err := a.eachOrder(ctx, func(rows []order) error {
		// The news must reach at least as far as these rows are new.
		if err := a.readLateNews(ctx); err != nil {
			return err
		}
		for i := range rows {
			a.judgeOrder(&rows[i])
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.expectNumbers()
	return nil
}

func (a *auditor) eachOrder(ctx context.Context, visit func([]order) error) error {
	return walkBy(ctx, a, min(a.chunk, detailsAtOnce), ordersText, order{merchant: math.MinInt64},
		func(o *order) []any {
			return []any{&o.merchant, &o.number, &o.minor, &o.fee, &o.onTop, &o.made, &o.deadline, &o.payer, &o.transfer, &o.counted,
				&o.changed, &o.waits, &o.version, &o.listed, &o.source, &o.key, &o.customer, &o.product, &o.redirect, &o.link, &o.status,
				&o.knownMerchant, &o.knownKey, &o.wallet, &o.pages}
		},
		func(o *order) []any {
			number := o.number
			if o.late(a) {
				number = math.MaxInt64
			}
			return []any{a.book, o.merchant, number}
		}, visit)
}

// expectNumbers shows what the head has counted to the orders. A count that is far off
// is told once.
func (a *auditor) expectNumbers() {
	counted := a.head.orders
	if far := counted - a.orders; far > keptMax || far < -keptMax || counted < 0 {
		a.checks.orders.fail("head: it has counted %d orders, and there are %d", counted, a.orders)
		return
	}
	for n := int64(1); n <= counted; n++ {
		a.pairings.numbers.addRight(record{n})
	}
}

// judgeOrder judges a row as it is now; see judgePayment.
func (a *auditor) judgeOrder(o *order) {
	a.seenTime(o.made)
	if o.late(a) {
		a.checks.orders.require(o.made > a.head.last, "order %d of merchant %d: made at %d, and the head had counted %d orders by %d",
			o.number, o.merchant, o.made, a.head.orders, a.head.last)
		return
	}
	a.checks.orders.saw()
	a.orders++
	a.pairings.numbers.addLeft(record{o.number})
	a.seenID(o.transfer)
	a.seenTime(o.changed)
	a.judgeOrderWords(o)
	a.judgeOrderState(o)
	a.expectOrderTransfers(o)
	a.expectOrderEvents(o)
	if o.paidBy(a.upTo) {
		a.spending.paidOut(o.counter())
	}
}

func (a *auditor) judgeOrderRules(o *order, rules []rule) {
	for _, r := range rules {
		if !r.holds {
			a.checks.orders.fail("order %d: of merchant %d, %s, with a wrong %s (%s)", o.number, o.merchant, o.status, r.column, o.columns())
		}
	}
}

func (o *order) columns() string {
	return fmt.Sprintf("minor %d, fee %d, on_top %d, made %d, deadline %d, payer %d, transfer %d, counted %d, changed %d, waits %d, version %d",
		o.minor, o.fee, o.onTop, o.made, o.deadline, o.payer, o.transfer, o.counted, o.changed, o.waits, o.version)
}

func (a *auditor) judgeOrderWords(o *order) {
	api := o.source == "api"
	a.judgeOrderRules(o, []rule{
		{"merchant: there is none", o.knownMerchant == 1},
		{"status", orderChains[o.status] != nil},
		{"number", o.number > 0},
		{"source", slices.Contains([]string{"api", "link", "till"}, o.source)},
		{"key", api || o.key == ""},
		{"key: none for orders of the merchant", !api || o.knownKey == 1},
		{"customer", (o.customer != "") == api},
		{"product", o.product != ""},
		{"redirect", o.redirect == "" || webAddress(o.redirect)},
		{"link", hashed(o.link)}, // it is as long
		{"link: others have it", o.pages == 1},
		{"amount", o.minor > 0},
		{"on_top", is01(o.onTop) && (o.onTop == 0 || o.fee > 0)},
		{"fee", o.fee >= 0 && (o.onTop == 1 || o.fee <= o.minor)},
		{"deadline", o.deadline > o.made},
		{"made", o.made > 0 && o.made <= a.head.last},
	})
}

// judgeOrderState judges what has become of o.
func (a *auditor) judgeOrderState(o *order) {
	paid := o.status == orderPaid
	a.judgeOrderRules(o, []rule{
		{"payer", (o.payer != 0) == paid},
		{"payer: no wallet", o.payer == 0 || o.wallet == 1},
		{"transfer", (o.transfer != 0) == paid},
		{"transfer: at another time", o.transfer == 0 || within(o.changed, o.transfer)},
		{"counted", (o.counted != 0) == paid},
		{"counted: not in its hour", o.counted == 0 || o.counted == hourOf(o.changed)},
		{"listed", is01(o.listed) && (o.listed == 1) == (o.source != "link" || o.status == orderPaid)},
		{"waits", is01(o.waits) && (o.waits == 1) == (o.status == orderWaits)},
		{"changed: it was made later", o.changed >= o.made},
		{"changed: nothing has", o.status != orderWaits || o.changed == o.made},
		{"changed: it was over by then", o.status == orderExpired || o.changed < o.deadline},
		{"changed: it was not over by then", o.status != orderExpired || o.changed >= o.deadline},
	})
}

// expectOrderTransfers shows o to the postings: what the merchant got, and the fee,
// which comes from whoever bears it.
func (a *auditor) expectOrderTransfers(o *order) {
	if !o.paidBy(a.upTo) {
		return
	}
	expect := func(transfer, minor, from, to int64) {
		a.checks.causes.saw()
		a.pairings.causes.addRight(record{o.number, code(causeKinds, "order"), transfer, minor, from, to})
	}
	expect(o.transfer, o.minor, o.payer, o.merchant)
	bearer := o.merchant
	if o.onTop == 1 {
		bearer = o.payer
	}
	if o.fee != 0 {
		expect(0, o.fee, bearer, fees)
	}
}

// expectOrderEvents shows the news about o to the events.
func (a *auditor) expectOrderEvents(o *order) {
	a.checks.events.saw()
	chain := orderChains[o.status]
	if int64(len(chain)) != o.version {
		a.checks.events.fail("order %d: %s after %d events", o.number, o.status, o.version)
		return
	}
	until := a.late.versionAt("order", o.number, o.version)
	for i, kind := range chain[:until] {
		payer := int64(0)
		if kind == "order.paid" {
			payer = o.payer
		}
		a.pairings.events.addRight(record{o.number, code(news, kind), int64(i) + 1, 0, o.merchant, o.minor, payer})
	}
}

// webAddress says whether s may be sent to a browser as where to go.
func webAddress(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	return ok && rest != "" && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '\\' })
}
