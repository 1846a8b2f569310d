package audit_test

import (
	"fmt"
	"time"

	"purse"
	"purse/order"
)

// orders are orders in every state, some with the fee on top.
func (h *trade) orders() {
	h.t.Helper()
	ctx, s := h.t.Context(), &order.Service{Store: h.Store}
	seller := h.seller
	seller.Key, seller.Kind = "orders", purse.OrderKind
	create := func(minor int64) (made purse.Order) {
		h.t.Helper()
		h.refs++
		_, err := s.Create(ctx, seller, order.Request{
			Minor: minor, Customer: "ada@example.org", Product: "Flour", Redirect: "https://mill.example/thanks", Once: h.once(),
			Encode: func(o purse.Order) purse.Answer {
				made = o
				return purse.Answer{Status: 200, Body: fmt.Sprintf(`{"order_url":"https://x","order_id":%s,"amount":"1"}`, o.Number)}
			},
		})
		if err != nil {
			h.t.Fatal(err)
		}
		return made
	}
	for _, onTop := range []bool{false, true} {
		h.setTerms(func(m *purse.Merchant) { m.Orders.PayerFee = onTop })
		for _, minor := range []int64{1, 500} {
			if paid, err := s.Pay(ctx, h.person, create(minor).Link); err != nil || paid.Status != purse.OrderPaid {
				h.t.Fatal(paid.Status, err)
			}
		}
	}
	if refused, err := s.Refuse(ctx, create(7).Link); err != nil || refused.Status != purse.OrderCancelled {
		h.t.Fatal(refused.Status, err)
	}
	overdue, looked := create(8), create(9)
	h.advance(2 * time.Hour)
	if _, err := s.Pay(ctx, h.person, looked.Link); purse.CodeOf(err) != purse.CodeFinal {
		h.t.Fatal(err)
	}
	if err := s.ExpireOverdue(ctx, purse.MainBook); err != nil {
		h.t.Fatal(err)
	}
	if o, err := s.Question(ctx, overdue.Link); err != nil || o.Order.Status != purse.OrderExpired {
		h.t.Fatal(o.Order.Status, err)
	}
	create(10) // waits until the next round looks at it
}
