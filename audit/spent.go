package audit

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"slices"
)

// spending compares the counters of what wallets have paid out in each hour
// with the payments that say to be counted in it, beside a server that goes on
// counting, and takes off again what was given back.
//
// An hour that has ended before the last judged row gets no new payments: book
// time never runs back. The hour of that row is compared too if the head has
// not moved between its first reading and the end of the counters' walk. They
// are the first table to be read, to give that a chance.
//
// Memory is flat: either side is a sum of the amounts, each times the hash of
// its wallet and hour, in buckets. Where the sums differ a counter is only
// suspected, because a refund may have lowered it between the two readings. The
// wallets and hours of those buckets are added up one by one in a second
// reading, and those that differ still are looked up once more, the counter and
// its payments in one statement. What it says is true at one moment, and only
// that is reported.
type spending struct {
	a    *auditor
	hour int64    // of the last judged row
	sums []uint64 // the buckets of all hours before it, and as many of that hour

	moved bool // the head did, before all counters had been read
}

const (
	spentBuckets = 1 << 16
	spentAtOnce  = 64 // buckets that are read again at once: a thousandth of the counters is kept
)

func newSpending(a *auditor) *spending {
	return &spending{a: a, hour: hourOf(a.head.last), sums: make([]uint64, 2*spentBuckets)}
}

func hourOf(t int64) int64 { return t / hour }

// counter is one row of what a wallet has paid out in one hour.
type counter struct{ account, hour, minor int64 }

// place is the bucket of a wallet and hour, and what its amounts are multiplied
// by there: that is odd, so that no amount but 0 makes 0.
func (s *spending) place(r counter) (bucket, factor uint64) {
	h := mix(mix(s.a.seed^uint64(r.account)) + uint64(r.hour))
	bucket, factor = h%spentBuckets, mix(h)|1
	if r.hour == s.hour {
		bucket += spentBuckets
	}
	return bucket, factor
}

func (s *spending) add(r counter) {
	if r.hour <= s.hour {
		bucket, factor := s.place(r)
		s.sums[bucket] += factor * uint64(r.minor)
	}
}

// A counter is in two places: what a wallet has paid out in the hour in which it
// paid last stands in its account, on top of the hour's row if it has one.
const (
	spentText = `select account, hour, minor
from spent where book = $1 and (account, hour) > ($2, $3) order by account, hour limit $4`
	spentNowText = `select id, spent_hour, spent
from accounts where book = $1 and id > $2 order by id limit $3`
)

func (a *auditor) eachCounter(ctx context.Context, visit func(counter)) error {
	each := func(rows []counter) error {
		for _, r := range rows {
			visit(r)
		}
		return nil
	}
	columns := func(r *counter) []any { return []any{&r.account, &r.hour, &r.minor} }
	err := walk(ctx, a, spentText, counter{account: math.MinInt64}, columns,
		func(r *counter) []any { return []any{a.book, r.account, r.hour} }, each)
	if err != nil {
		return err
	}
	return walk(ctx, a, spentNowText, counter{account: math.MinInt64}, columns,
		func(r *counter) []any { return []any{a.book, r.account} }, each)
}

func (a *auditor) walkSpent(ctx context.Context) error {
	s, c := a.spending, a.checks.spent
	var latest counter
	err := a.eachCounter(ctx, func(r counter) {
		c.saw()
		if r.minor < 0 {
			c.fail("account %d: hour %d: %d", r.account, r.hour, r.minor)
		}
		if r.hour > latest.hour {
			latest = r
		}
		s.add(r)
	})
	if err != nil {
		return err
	}
	now, err := a.readHead(ctx)
	if err != nil {
		return err
	}
	if latest.hour > hourOf(now.last) {
		c.fail("account %d: hour %d: counted before it has begun", latest.account, latest.hour)
	}
	s.moved = now.last != a.head.last
	return nil
}

// paid adds a payment.
func (s *spending) paid(p *payment) { s.paidOut(p.counter()) }

// paidOut adds what says to be counted.
func (s *spending) paidOut(r counter) {
	if r.hour != 0 && !s.a.second {
		r.minor = -r.minor
		s.add(r)
	}
}

// counter is what p has in the counters.
func (p *payment) counter() counter { return counter{p.payer(), p.counted, p.minor} }

// finish looks into the buckets that do not come out even, until there is
// enough to tell.
func (s *spending) finish(ctx context.Context) error {
	if s.moved {
		s.sums = s.sums[:spentBuckets]
	}
	var suspects []uint64
	for bucket, sum := range s.sums {
		if sum != 0 {
			suspects = append(suspects, uint64(bucket))
		}
	}
	for some := range slices.Chunk(suspects, spentAtOnce) {
		if len(s.a.checks.spent.Findings) == findingsMax {
			break
		}
		if err := s.judge(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// judge adds up the wallets and hours of some buckets, and looks those up that
// differ.
func (s *spending) judge(ctx context.Context, suspects []uint64) error {
	differs := map[counter]int64{} // counted, less what was paid; without the amount
	add := func(r counter, minor int64) {
		if bucket, _ := s.place(r); r.hour > s.hour || !slices.Contains(suspects, bucket) {
			return
		}
		r.minor = 0
		if differs[r] += minor; differs[r] == 0 {
			delete(differs, r)
		}
	}
	s.a.before("spent")
	if err := s.a.eachCounter(ctx, func(r counter) { add(r, r.minor) }); err != nil {
		return err
	}
	s.a.before("payments")
	paid := func(r counter) { add(r, -r.minor) }
	if err := errors.Join(s.eachPaid(ctx, paid), s.eachPaidToMerchants(ctx, paid)); err != nil {
		return err
	}
	for _, r := range slices.SortedFunc(maps.Keys(differs), func(a, b counter) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.account, b.account))
	}) {
		if err := s.confirm(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// eachPaid walks the payments that are counted.
func (s *spending) eachPaid(ctx context.Context, visit func(counter)) error {
	a := s.a
	return walk(ctx, a, `select id, actor, target, action, minor, counted
from payments where book = $1 and id > $2 and id <= $3 order by id limit $4`, payment{id: math.MinInt64},
		func(p *payment) []any { return []any{&p.id, &p.actor, &p.target, &p.action, &p.minor, &p.counted} },
		func(p *payment) []any { return []any{a.book, p.id, a.upTo} },
		func(rows []payment) error {
			for i := range rows {
				if p := &rows[i]; p.counted != 0 {
					visit(p.counter())
				}
			}
			return nil
		})
}

// countedText reads one counter beside its payments. Those that a person has
// paid out are found by their rows in parties: pays of his in any state, which
// were made in the hour or right after it, and settled charges to him, which
// were made at any time before. SQLite reads the tables of a cross join in their
// order; the other way round it would read everybody's payments of the hour.
var countedText = `select coalesce((select minor from spent where book = $1 and account = $2 and hour = $3), 0) +
	coalesce((select spent from accounts where book = $1 and id = $2 and spent_hour = $3), 0),
	coalesce((select cast(sum(p.minor) as bigint) from parties q cross join payments p
		where q.book = $1 and q.person = $2 and q.kind in (0, 4, 8, 12, 16) and q.payment >= $4 and q.payment < $5
		and p.book = q.book and p.id = q.payment and p.counted = $3 and p.action = 'pay' and p.actor = $2), 0) +
	coalesce((select cast(sum(p.minor) as bigint) from parties q cross join payments p
		where q.book = $1 and q.person = $2 and q.kind = 7 and q.payment < $5
		and p.book = q.book and p.id = q.payment and p.counted = $3 and p.action = 'charge' and p.target = $2), 0) +
	` + heldText + ` + ` + orderedText

// confirm reports a counter if it is not what was paid out.
func (s *spending) confirm(ctx context.Context, r counter) error {
	a := s.a
	if err := a.db.rest(ctx); err != nil {
		return err
	}
	begin, end := (r.hour*hour-epoch)<<bookBits, ((r.hour+1)*hour+batchSpan-epoch)<<bookBits
	first, err := a.numberAt(ctx, r.account, begin)
	if err != nil {
		return err
	}
	last, err := a.numberAt(ctx, r.account, end)
	if err != nil {
		return err
	}
	found, err := read(ctx, a.db, countedText, func(v *[2]int64) []any { return []any{&v[0], &v[1]} },
		a.book, r.account, r.hour, begin, end, first, last)
	if err != nil {
		return err
	}
	if counted, paid := found[0][0], found[0][1]; counted != paid {
		a.checks.spent.fail("account %d: hour %d: the counter is %+d off what was paid out", r.account, r.hour, counted-paid)
	}
	return nil
}
