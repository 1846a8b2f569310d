package audit

import (
	"context"
	"fmt"
)

// What a wallet pays to merchants counts from when it is held for a payment handle,
// in that hour. While the handle is payable its row says so, then that of the sale
// that has used it. What is given back is taken off again, unless it is so late that
// no limit looks at that hour any more: the rows of voids and refunds say whether it
// was, and of what a sale or a handle gives back when it is cancelled or its deadline has come,
// the moment at which it did tells. An order counts from when it is paid.

// counter is what h has in the counters, as far as no sale that is judged says so.
func (h *handle) counter(upTo int64) counter {
	late := h.status == wasExpired && hourOf(h.changed)-h.counted >= spentHours
	if h.status == payable || late || h.status == wasUsed && h.operation > upTo {
		return counter{h.payer, h.counted, h.minor}
	}
	return counter{}
}

// counter is what o has in the counters: of what gives back, less than nothing.
func (o *operation) counter() counter {
	switch {
	case o.failed():
		return counter{}
	case o.kind == refund || o.kind == void:
		return counter{o.payer, o.counted, -o.minor}
	case o.kind != sale:
		return counter{}
	case o.version == 2 && hourOf(o.changed)-o.counted < spentHours:
		return counter{o.payer, o.counted, o.minor - o.givenBack()}
	}
	return counter{o.payer, o.counted, o.minor}
}

// counter is what o has in the counters.
func (o *order) counter() counter { return counter{o.payer, o.counted, o.minor} }

// eachPaidToMerchants walks what is counted of handles, operations and orders.
func (s *spending) eachPaidToMerchants(ctx context.Context, visit func(counter)) error {
	a := s.a
	show := func(id int64, r counter) {
		if id <= a.upTo && r.hour != 0 {
			visit(r)
		}
	}
	err := a.eachHandle(ctx, func(rows []handle) error {
		for i := range rows {
			show(rows[i].id, rows[i].counter(a.upTo))
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = a.eachOperation(ctx, func(rows []operation) error {
		for i := range rows {
			show(rows[i].id, rows[i].counter())
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.eachOrder(ctx, func(rows []order) error {
		for i := range rows {
			if o := &rows[i]; !o.late(a) {
				show(o.transfer, o.counter())
			}
		}
		return nil
	})
}

// What of a sale s counts in the hour $3; see counter.
var (
	madeOf     = ` from operations c where c.book = s.book and c.parent = s.id and c.parent > 0 and c.parent <> c.id and c.merchant + 0 = s.merchant and c.status = 'COMPLETED'`
	countsText = fmt.Sprintf(`s.minor
	- coalesce((select cast(sum(c.minor) as bigint)`+madeOf+` and c.kind in ('void', 'refund') and c.counted = $3), 0)
	- coalesce((select cast(sum(r.minor) as bigint) from operations c cross join operations r
		where c.book = s.book and c.parent = s.id and c.parent > 0 and c.parent <> c.id and c.merchant + 0 = s.merchant and c.kind = 'settlement'
		and r.book = s.book and r.parent = c.id and r.parent > 0 and r.parent <> r.id and r.merchant + 0 = s.merchant
		and r.kind = 'refund' and r.counted = $3), 0)
	- case when s.version = 2 and s.changed / %[1]d - s.counted < %[2]d
		then s.minor - coalesce((select cast(sum(c.minor) as bigint)`+madeOf+` and c.kind in ('settlement', 'void')), 0) else 0 end`,
		hour, spentHours)
	// endedLate says of a handle that it has expired too late to be taken off.
	endedLate = fmt.Sprintf(`h.status = 'EXPIRED' and h.changed / %d - h.counted >= %d`, hour, spentHours)
	// heldText reads what a person has paid to merchants in an hour: what was held in
	// it stands in a range of the person's postings.
	heldText = `coalesce((select cast(sum(case when h.status in ('PAYABLE', 'EXPIRED') then h.minor else coalesce((select ` + countsText + `
			from operations s where s.book = h.book and s.merchant = h.merchant and s.kind = 'sale' and s.id = h.operation and s.counted = $3), 0) end) as bigint)
		from postings p cross join handles h
		where p.book = $1 and p.account = $2 and p.number >= $6 and p.number < $7 and p.debit = 1 and p.kind = 'hold' and p.cause_kind = 'handle'
		and h.book = p.book and h.merchant = p.other and h.id = p.cause and h.counted = $3 and (h.status in ('PAYABLE', 'COMPLETED') or ` + endedLate + `)), 0)`
	// orderedText reads what a person has paid for orders in an hour, in the same range.
	orderedText = `coalesce((select cast(sum(o.minor) as bigint) from postings p cross join orders o
		where p.book = $1 and p.account = $2 and p.number >= $6 and p.number < $7 and p.debit = 1 and p.kind = 'move' and p.cause_kind = 'order'
		and o.book = p.book and o.merchant = p.other and o.number = p.cause and o.payer = p.account and o.counted = $3 and o.status = 'SUCCESS'), 0)`
)

// numberAt is the number of an account's first posting whose transfer is not below
// id, or the one after the last. Postings never change, so that it may take its time.
func (a *auditor) numberAt(ctx context.Context, account, id int64) (int64, error) {
	one := func(v *int64) []any { return []any{v} }
	last, err := read(ctx, a.db, `select coalesce(max(number), 0) from postings where book = $1 and account = $2`, one, a.book, account)
	if err != nil {
		return 0, err
	}
	low, high := int64(1), last[0]+1
	for low < high {
		middle := (low + high) / 2
		found, err := read(ctx, a.db, `select transfer from postings where book = $1 and account = $2 and number = $3`, one, a.book, account, middle)
		if err != nil {
			return 0, err
		}
		if len(found) == 0 || found[0] < id { // a gap is a finding of its own
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}
