package audit

import (
	"fmt"
	"slices"
	"strings"
)

// record is what one side of a comparison says about one thing. The first
// number is the key of the thing; the others are what both sides must agree on.
type record [10]int64

// pairing compares two sides that must hold the same records, each as often,
// in whatever order they are read. Memory stays flat however many there are:
// the sums of the records' hashes must be equal (modulo 2^64, in buckets by
// key). The hash is seeded anew in every run, so two different sides agree by
// chance once in 2^64 runs.
//
// When sums differ, both sides are read a second time, and the records of the
// differing buckets are kept and compared one by one.
type pairing struct {
	check  *Check
	seed   uint64
	left   string // the tables that fill the sides
	right  []string
	fields []string // what the numbers of a record are called

	buckets []bucket
	naming  map[uint64]bool // the buckets that are looked at in the second reading
	kept    map[record]int  // in the second reading: how often on the left, less how often on the right
	tooMany bool
}

type bucket struct {
	sum   uint64
	count int64
}

const (
	pairingBuckets = 1 << 16
	namingMax      = findingsMax // buckets that are looked at again
	keptMax        = 500_000     // records that are kept then
)

// pairings are all comparisons of two sides.
type pairings struct {
	twins, held, resolved, causes, parties, events, changes, wallets, balances, numbers *pairing
}

func (p *pairings) list() []*pairing {
	return []*pairing{p.twins, p.held, p.resolved, p.causes, p.parties, p.events, p.changes, p.wallets, p.balances, p.numbers}
}

func (a *auditor) newPairings() pairings {
	n := uint64(0)
	pair := func(c *Check, left, right, fields string) *pairing {
		n++
		return &pairing{
			check: c, seed: mix(a.seed + n), left: left, right: strings.Fields(right),
			fields: strings.Fields(fields), buckets: make([]bucket, pairingBuckets),
		}
	}
	return pairings{
		twins: pair(a.checks.twins, "postings", "postings",
			"transfer kind minor hold cause_kind cause payer payer_number payee payee_number"),
		held: pair(a.checks.holds, "postings", "holds",
			"hold minor debit account other cause_kind cause"),
		resolved: pair(a.checks.holds, "postings", "holds",
			"hold transfer kind minor held debit account other cause_kind cause"),
		causes: pair(a.checks.causes, "postings", "payments entries operations orders",
			"cause cause_kind transfer minor payer payee"),
		parties: pair(a.checks.parties, "parties", "payments", "payment person party_kind"),
		events: pair(a.checks.events, "events", "payments entries actions handles operations mandates orders",
			"subject news seq shows merchant minor payer"),
		changes:  pair(a.checks.events, "events", "payments", "subject shows"),
		wallets:  pair(a.checks.orphans, "accounts", "users", "wallet"),
		balances: pair(a.checks.orphans, "accounts", "merchants", "merchant"),
		numbers:  pair(a.checks.orders, "orders", "head", "number"),
	}
}

// mix spreads every bit of x over the whole word (the finalizer of splitmix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func (p *pairing) hash(r *record) uint64 {
	h := p.seed
	for _, v := range r {
		h = mix(h + uint64(v) + 0x9e3779b97f4a7c15)
	}
	return h
}

func (p *pairing) addLeft(r record)  { p.add(r, 1) }
func (p *pairing) addRight(r record) { p.add(r, -1) }

func (p *pairing) add(r record, side int) {
	at := mix(p.seed^uint64(r[0])) % pairingBuckets
	if p.naming != nil {
		p.keep(at, r, side)
		return
	}
	b := &p.buckets[at]
	if side > 0 {
		b.sum += p.hash(&r)
	} else {
		b.sum -= p.hash(&r)
	}
	b.count += int64(side)
}

func (p *pairing) keep(at uint64, r record, side int) {
	if !p.naming[at] {
		return
	}
	n := p.kept[r] + side
	switch {
	case n == 0:
		delete(p.kept, r)
	case len(p.kept) >= keptMax:
		p.tooMany = true
	default:
		p.kept[r] = n
	}
}

// suspect says, after the first reading, whether the sides differ; then the
// second reading may begin.
func (p *pairing) suspect() bool {
	p.naming = map[uint64]bool{}
	p.kept = map[record]int{}
	more := 0
	for i, b := range p.buckets {
		if b == (bucket{}) {
			continue
		}
		if len(p.naming) == namingMax {
			more++
			continue
		}
		p.naming[uint64(i)] = true
	}
	p.check.More += more
	return len(p.naming) > 0
}

// name reports what the second reading has found.
func (p *pairing) name() {
	if len(p.naming) == 0 {
		return
	}
	byKey := map[int64][]record{}
	for r := range p.kept {
		byKey[r[0]] = append(byKey[r[0]], r)
	}
	switch {
	case p.tooMany:
		p.check.fail("%s and %s do not agree in more rows than can be named", p.sideName(1), p.sideName(-1))
	case len(byKey) == 0:
		// Nothing that is judged may change, so this is not the server's writing.
		p.check.fail("%s and %s did not agree, and read once more they did", p.sideName(1), p.sideName(-1))
	}
	keys := make([]int64, 0, len(byKey))
	for k := range byKey {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		p.check.fail("%s %d: %s; %s", p.fields[0], k, p.says(byKey[k], 1), p.says(byKey[k], -1))
	}
}

func (p *pairing) sideName(side int) string {
	switch {
	case p.left == p.right[0] && side > 0:
		return "paying " + p.left
	case p.left == p.right[0]:
		return "paid " + p.left
	case side > 0:
		return p.left
	}
	return strings.Join(p.right, " or ")
}

// says tells what one side has that the other has not.
func (p *pairing) says(records []record, side int) string {
	var said []string
	for _, r := range records {
		n := p.kept[r] * side
		if n <= 0 {
			continue
		}
		var b strings.Builder
		for i, field := range p.fields[1:] {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(field + "=" + word(field, r[i+1]))
		}
		if n > 1 {
			fmt.Fprintf(&b, " (%d times)", n)
		}
		said = append(said, b.String())
	}
	slices.Sort(said)
	switch {
	case len(said) == 0:
		return "not in " + p.sideName(side)
	case len(p.fields) == 1:
		return "in " + p.sideName(side)
	}
	return p.sideName(side) + " say " + strings.Join(said, ", and ")
}

// The words that stand in records as their places in these lists; 0 is a word
// that is not known, which is a finding of its own where a word must be.
var (
	transferKinds = []string{"?", "move", "hold", "capture", "release"}
	causeKinds    = []string{"?", "payment", "treasury", "handle", "operation", "order"}
	statuses      = []string{"nothing", "pending", "settled", "failed", "expired", "cancelled"}
	news          = []string{"further", created, updated, reminded, narrowed, "treasury.issued",
		"treasury.redeemed", "wallet.frozen", "wallet.unfrozen",
		"handle.initiated", "handle.processing", "handle.payable", "handle.completed", "handle.failed", "handle.expired",
		"sale.completed", "sale.failed", "sale.cancelled", "sale.expired", "settlement.completed", "settlement.failed",
		"void.completed", "void.failed", "refund.completed", "refund.failed", "credit.completed", "credit.failed", "verification.completed",
		"mandate.given", "mandate.changed", "mandate.revoked",
		"order.created", "order.paid", "order.expired", "order.cancelled"}
)

// further stands for all news about a payment or an agreement but the first. Which they were, its
// row does not say; only those that changed its state are paired once more.
const further = 0

func code(words []string, s string) int64 { return int64(max(0, slices.Index(words, s))) }

func word(field string, v int64) string {
	words, ok := map[string][]string{"kind": transferKinds, "cause_kind": causeKinds, "news": news, "shows": statuses}[field]
	if ok && v >= 0 && int(v) < len(words) {
		return words[v]
	}
	return fmt.Sprint(v)
}
