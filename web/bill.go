package web

import (
	"context"

	"purse"
	"purse/hub"
	"purse/order"
	"purse/policy"
)

// orders is what the page of a link asks of package order.
type orders interface {
	Question(ctx context.Context, link string) (order.Question, error)
	Pay(ctx context.Context, actor purse.Actor, link string) (purse.Order, error)
	Refuse(ctx context.Context, link string) (purse.Order, error)
}

// bill is what a link asks for: an order, or a payment handle of the hub.
type bill struct {
	merchant purse.Merchant
	now      purse.Time
	minor    int64  // what the merchant asks for; 0: an agreement only
	fee      int64  // what the payer pays besides
	left     int64  // for how many seconds more it can be answered
	waits    bool   // it can
	back     string // where the browser goes when it is paid; "" nowhere
	sources  string // where its forms may lead, as form-action names it

	order    purse.Order  // of an order
	ofHub    bool         // it is none
	question hub.Question // of the hub
}

func (b bill) total() int64 { return b.minor + b.fee }

// bill finds what the link of the page asks for.
//
// Refused with CodeNotFound.
func (s *Site) bill(t *turn) (bill, error) {
	o, err := s.Orders.Question(t.r.Context(), t.r.PathValue("link"))
	if err == nil {
		return s.orderBill(o), nil
	}
	if purse.CodeOf(err) != purse.CodeNotFound {
		return bill{}, err
	}
	q, err := s.question(t)
	if err != nil {
		return bill{}, err
	}
	return bill{
		merchant: q.Merchant, now: q.Now, minor: q.Handle.Minor, left: q.Handle.TimeLeft(q.Now), waits: waits(q),
		back: s.wayBack(q, q.Handle), sources: s.formSources(q), ofHub: true, question: q,
	}, nil
}

// orderBill is that of an order. The merchant may have taken the site off its list
// since the order was made: where nobody may be sent any more, nobody is.
func (s *Site) orderBill(q order.Question) bill {
	b := bill{
		merchant: q.Merchant, now: q.Now, minor: q.Order.Minor, fee: q.Order.Total() - q.Order.Minor, left: q.Order.TimeLeft(q.Now),
		order: q.Order, back: q.Order.Redirect,
	}
	b.waits = q.Order.Status == purse.OrderPending && !q.Order.Overdue(q.Now) && q.Merchant.Closed == 0 && q.Merchant.Accepts
	if policy.CheckReturn(q.Merchant, s.Mode, b.back) != nil {
		b.back = ""
	}
	return b
}

// question asks what the link of the page is about, of the hub.
//
// Refused with CodeNotFound.
func (s *Site) question(t *turn) (hub.Question, error) {
	q, err := s.Hub.Question(t.r.Context(), t.r.PathValue("link"))
	if purse.CodeOf(err) == purse.CodeNotFound {
		return q, errNoPayment
	}
	return q, err
}

// waits says that the consumer can still answer.
func waits(q hub.Question) bool {
	return (q.Handle.Status == purse.HandleInitiated || q.Handle.Status == purse.HandleProcessing) && !q.Handle.Overdue(q.Now)
}
