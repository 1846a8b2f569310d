package audit

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
)

// spending compares the counters of what wallets have paid out in each hour
// with the payments, exactly, beside a server that goes on counting.
//
// A counter of an hour before that of the last judged row is final: book time
// never runs back. The counters of that last hour are compared too if the head
// has not moved between its first reading and the end of the counters' walk.
// They are the first table to be read, to give that a chance.
//
// An hour is compared by one sum over wallets, the wallet's hash times the
// amount, so that memory grows with hours and not with wallets. Payments come in
// the order of their identifiers, which is that of hours. One difficulty is
// left: a payment counts in the hour in which its command decided, and its
// identifier may be a little later (see batchSpan), so those right after the
// full hour may belong to the hour before. But commands decide in the order of
// identifiers: those that do are the first ones. So the hour before must come
// out with none of them, or the first, or the first two …
type spending struct {
	a        *auditor
	counters map[int64]uint64 // of each hour, the sum over its counters
	final    int64            // the last hour whose counters are known for good

	hour int64     // the hour whose payments are being added up
	sum  uint64    // over its payments
	edge []payment // those right after its end
	bad  map[int64]bool
}

func newSpending(a *auditor) *spending {
	return &spending{a: a, counters: map[int64]uint64{}, hour: math.MinInt64, bad: map[int64]bool{}}
}

func hourOf(t int64) int64 { return t / hour }

// weigh is what one amount adds to the sum of an hour.
func (s *spending) weigh(account, minor int64) uint64 {
	return mix(s.a.seed^uint64(account)) * uint64(minor)
}

// counter is one row of what a wallet has paid out in one hour.
type counter struct{ account, hour, minor int64 }

const spentText = `select account, hour, minor
from spent where book = $1 and (account, hour) > ($2, $3) order by account, hour limit $4`

func (a *auditor) eachCounter(ctx context.Context, visit func(counter)) error {
	return walk(ctx, a, spentText, counter{account: math.MinInt64},
		func(r *counter) []any { return []any{&r.account, &r.hour, &r.minor} },
		func(r *counter) []any { return []any{a.book, r.account, r.hour} },
		func(rows []counter) error {
			for _, r := range rows {
				visit(r)
			}
			return nil
		})
}

func (a *auditor) walkSpent(ctx context.Context) error {
	s := a.spending
	err := a.eachCounter(ctx, func(r counter) {
		a.checks.spent.saw()
		if r.minor < 0 {
			a.checks.spent.fail("account %d: hour %d: %d", r.account, r.hour, r.minor)
		}
		if sum := s.counters[r.hour] + s.weigh(r.account, r.minor); sum != 0 {
			s.counters[r.hour] = sum
		} else {
			delete(s.counters, r.hour)
		}
	})
	if err != nil {
		return err
	}
	now, err := a.readHead(ctx)
	if err != nil {
		return err
	}
	s.final = hourOf(a.head.last)
	if now.last != a.head.last {
		s.final--
	}
	for h := range s.counters {
		if h > hourOf(now.last) {
			a.checks.spent.fail("hour %d: counted before it has begun", h)
			delete(s.counters, h)
		} else if h > s.final {
			delete(s.counters, h)
		}
	}
	return nil
}

// paid adds a payment. They come in the order of their identifiers.
func (s *spending) paid(p *payment) {
	if s.a.second {
		return
	}
	at := timeOf(p.id)
	h := hourOf(at)
	if s.hour == math.MinInt64 {
		s.hour = h - 1
	}
	for h > s.hour {
		if h == s.hour+1 && at-h*hour < batchSpan {
			s.edge = append(s.edge, *p)
			return
		}
		s.end()
	}
	s.sum += s.weigh(p.actor, p.minor)
}

// end compares the hour whose payments have all been seen, and goes on to the next.
func (s *spending) end() {
	counted := s.counters[s.hour]
	delete(s.counters, s.hour)
	sum, taken := s.sum, 0
	for taken < len(s.edge) && sum != counted {
		sum += s.weigh(s.edge[taken].actor, s.edge[taken].minor)
		taken++
	}
	if sum != counted && s.hour <= s.final {
		s.bad[s.hour] = true
		taken = 0
	}
	s.sum = 0
	for _, p := range s.edge[taken:] {
		s.sum += s.weigh(p.actor, p.minor)
	}
	s.hour, s.edge = s.hour+1, nil
}

// finish compares the last hours, and names the wallets of those hours that do
// not come out even.
func (s *spending) finish(ctx context.Context) error {
	if s.hour != math.MinInt64 {
		for s.hour <= s.final {
			s.end()
		}
	}
	for h := range s.counters { // hours without a payment
		s.bad[h] = true
	}
	hours := slices.Sorted(maps.Keys(s.bad))
	for _, h := range hours[min(len(hours), findingsMax):] {
		delete(s.bad, h)
		s.a.checks.spent.More++
	}
	if len(s.bad) == 0 {
		return nil
	}
	return s.name(ctx)
}

// wallet is one wallet in one hour.
type wallet struct{ hour, account int64 }

// namedMax bounds how many wallets are kept to be named.
const namedMax = 1_000_000

func (s *spending) name(ctx context.Context) error {
	c := s.a.checks.spent
	differs := map[wallet]int64{} // counted, less what was paid
	err := s.a.eachCounter(ctx, func(r counter) {
		if s.bad[r.hour] && len(differs) < namedMax {
			differs[wallet{r.hour, r.account}] += r.minor
		}
	})
	if err != nil {
		return err
	}
	for h := range s.bad {
		if err := s.subtractPaid(ctx, h, differs); err != nil {
			return err
		}
	}
	named := map[int64]bool{}
	for _, w := range slices.SortedFunc(maps.Keys(differs), func(a, b wallet) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.account, b.account))
	}) {
		if d := differs[w]; d != 0 {
			named[w.hour] = true
			c.fail("account %d: hour %d: the counter is %+d off what was paid out", w.account, w.hour, d)
		}
	}
	for h := range s.bad {
		if !named[h] {
			c.fail("hour %d: the counters are not what was paid out", h)
		}
	}
	return nil
}

// subtractPaid takes off what was paid in an hour. A payment right at the edge
// of the hour may be named although it is counted well.
func (s *spending) subtractPaid(ctx context.Context, h int64, differs map[wallet]int64) error {
	a := s.a
	begin, end := (h*hour-epoch)<<bookBits, ((h+1)*hour-epoch)<<bookBits
	return walk(ctx, a, `select id, actor, minor, transfer
from payments where book = $1 and id > $2 and id <= $3 order by id limit $4`, payment{id: begin - 1},
		func(p *payment) []any { return []any{&p.id, &p.actor, &p.minor, &p.transfer} },
		func(p *payment) []any { return []any{a.book, p.id, min(end-1, a.upTo)} },
		func(rows []payment) error {
			for _, p := range rows {
				if p.transfer > 0 && p.transfer <= a.upTo && len(differs) < namedMax {
					differs[wallet{h, p.actor}] -= p.minor
				}
			}
			return nil
		})
}
