package order

import (
	"math"
	"slices"
	"testing"
	"time"

	"purse"
)

func TestHistoryIsExactOrRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ctx := t.Context()
		ada := n.newPerson(t, "ada", 50_00)
		_, other := n.newShop(t, purse.Fee{}, false)
		if _, err := n.create(ctx, other, Request{Minor: 9_99, Customer: "c@example.org", Product: "Tea"}); err != nil {
			t.Fatal(err)
		}
		var all []purse.Order
		for i := range int64(5) {
			all = append(all, n.order(t, 1<<i))
		}
		slices.Reverse(all)
		n.pay(t, ada, all[2])
		if _, err := n.Refuse(ctx, all[3].Link); err != nil {
			t.Fatal(err)
		}
		numbers := func(h History) (got []purse.OrderNumber) {
			for _, o := range h.Orders {
				got = append(got, o.Number)
			}
			return got
		}
		for _, c := range []struct {
			from, to purse.Time
			want     []purse.Order
		}{
			{0, math.MaxInt64, all}, {math.MinInt64, math.MaxInt64, all}, {all[4].Made, all[0].Made, all},
			{all[4].Made + 1, all[0].Made - 1, all[1:4]}, {all[2].Made, all[2].Made, all[2:3]},
			{0, 0, nil}, {-5, -1, nil}, {all[0].Made + 1, math.MaxInt64, nil}, {0, all[4].Made - 1, nil},
		} {
			h, err := n.History(ctx, n.seller, c.from, c.to)
			var sum int64
			var want []purse.OrderNumber
			for _, o := range c.want {
				sum, want = sum+o.Minor, append(want, o.Number)
			}
			if err != nil || h.Minor != sum || !slices.Equal(numbers(h), want) {
				t.Errorf("%d to %d: %v, %d, %v, want %v, %d", c.from, c.to, numbers(h), h.Minor, err, want, sum)
			}
		}
		if _, err := n.History(ctx, n.seller, 2, 1); code(err) != purse.CodeInvalid {
			t.Errorf("a period that ends before it begins: %v", err)
		}
		if err := n.advance(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		h, err := n.History(ctx, n.seller, 0, math.MaxInt64)
		var states []purse.OrderStatus
		for _, o := range h.Orders {
			states = append(states, o.Status)
		}
		if want := []purse.OrderStatus{purse.OrderExpired, purse.OrderExpired, purse.OrderPaid, purse.OrderCancelled, purse.OrderExpired}; err != nil || !slices.Equal(states, want) || h.Minor != 31 {
			t.Errorf("after an hour %v, %d, %v", states, h.Minor, err)
		}
		for _, q := range []purse.OrderQuery{{}, {Limit: -1}, {Limit: ordersMax + 1}, {Limit: 1, Offset: -1}, {Limit: 1, Offset: math.MaxInt}} {
			if _, err := n.Orders(ctx, n.seller, q); code(err) != purse.CodeInvalid {
				t.Errorf("%+v: %v", q, err)
			}
		}
		_, rich := n.newShop(t, purse.Fee{}, false)
		for range 2 {
			if _, err := n.create(ctx, rich, Request{Minor: purse.OrderMax, Customer: "c@example.org", Product: "Tea"}); err != nil {
				t.Fatal(err)
			}
		}
		if h, err := n.History(ctx, rich, 0, math.MaxInt64); err != nil || h.Minor != 2*purse.OrderMax {
			t.Errorf("the largest amounts: %d, %v", h.Minor, err)
		}
	})
}

// A list of more than are told at once is refused and not cut off, and the overdue among
// many are ended together.
func TestHistoryOfTooMany(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ctx := t.Context()
		put := func(count int) {
			for count > 0 {
				some := min(count, 1000)
				n.do(t, purse.Needs{}, func(f *purse.Facts) error {
					for range some {
						_, err := begin(f, n.shop, purse.Order{
							OrderKey: purse.OrderKey{Merchant: n.shop.ID}, Source: purse.OrderFromTill, Minor: 3, Product: "Tea", Link: linkOf(f),
						})
						if err != nil {
							return err
						}
					}
					return nil
				})
				count -= some
			}
		}
		put(ordersMax)
		if err := n.advance(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		h, err := n.History(ctx, n.seller, 0, math.MaxInt64)
		waits := func(o purse.Order) bool { return o.Status != purse.OrderExpired }
		if err != nil || len(h.Orders) != ordersMax || h.Minor != 3*ordersMax || slices.ContainsFunc(h.Orders, waits) {
			t.Errorf("%d orders, %d, %v", len(h.Orders), h.Minor, err)
		}
		put(1)
		if h, err := n.History(ctx, n.seller, 0, math.MaxInt64); code(err) != purse.CodeLimit || h.Minor != 0 || h.Orders != nil {
			t.Errorf("one too many: %d, %v", h.Minor, err)
		}
	})
}

// linkOf is a link that no other order has.
func linkOf(f *purse.Facts) string { return hashOf(purse.MerchantID(f.NextID()).String()) }

func TestTheSweepEndsWhatIsOverdue(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ctx := t.Context()
		early := n.order(t, 1)
		if err := n.advance(ctx, time.Minute); err != nil {
			t.Fatal(err)
		}
		late := n.order(t, 1)
		for i, want := range [][2]purse.OrderStatus{
			{purse.OrderPending, purse.OrderPending}, {purse.OrderExpired, purse.OrderPending}, {purse.OrderExpired, purse.OrderExpired},
		} {
			together(4, func(i int) {
				if err := n.server(i).ExpireOverdue(ctx, purse.MainBook); err != nil {
					t.Error(err)
				}
			})
			for j, k := range []purse.OrderKey{early.OrderKey, late.OrderKey} {
				if o, err := n.store.Order(ctx, purse.MainBook, k); err != nil || o.Status != want[j] || o.Status == purse.OrderExpired && o.Version != 2 {
					t.Errorf("%d: order %d is %+v, %v, want %s", i, j, o, err, want[j])
				}
			}
			by := time.Minute
			if i == 0 {
				by = purse.OrderLife - time.Minute
			}
			if err := n.advance(ctx, by); err != nil {
				t.Fatal(err)
			}
		}
	})
}
