package web

import (
	"net/http"
	"time"

	"purse"
)

const (
	// leadsBack is for how long after it was paid the page of an order leads back to
	// the merchant by itself: later it is looked at again, not waited on.
	leadsBack = 2 * time.Minute
	// leadsBackIn is after how many seconds: enough to read that it is paid.
	leadsBackIn = 5
)

// renderAnswered says what has become of what was asked for, and leads back to the
// merchant.
func (s *Site) renderAnswered(t *turn, b bill) error {
	to, err := s.payeeOf(t, b.merchant)
	if err != nil {
		return err
	}
	var words answer
	if b.ofHub {
		words = answeredWords(b.question)
	} else {
		words = orderWords(b, t.session != "", t.visitor.User.ID)
	}
	p := answeredPage{
		Layout: s.layout(t, words.title), Payee: to, Sentence: words.sentence, Good: words.good, Product: b.order.Product, Back: b.back,
	}
	p.Bare = true
	if b.total() > 0 {
		p.Amount = s.amount(b.total())
	}
	if !b.ofHub {
		s.showOrder(t, b, &p)
	}
	return render(t.w, http.StatusOK, "answered", p)
}

// showOrder fills in what is known of an order. Who has paid it is not: whoever has
// the link may look.
func (s *Site) showOrder(t *turn, b bill, p *answeredPage) {
	p.Number = b.order.Number.String()
	if b.order.Status != purse.OrderPaid {
		p.Back = ""
		return
	}
	p.At = moment(b.order.Changed)
	if b.fee > 0 {
		p.Fee = s.amount(b.fee)
	}
	if t.session != "" && b.order.Payer == t.visitor.User.ID {
		p.Receipt = "/receipts/" + p.Number
	}
	if p.Back != "" && b.now < b.order.Changed.Add(leadsBack) {
		p.Leads = true
		t.w.Header().Set("Refresh", number(leadsBackIn)+"; url="+p.Back)
	}
}

// orderWords is what the page says of an order that nobody can pay now. viewer is who
// is signed in.
func orderWords(b bill, signedIn bool, viewer purse.UserID) answer {
	switch b.order.Status {
	case purse.OrderPaid:
		switch {
		case signedIn && b.order.Payer == viewer:
			return answer{"Paid", "You have paid, and the merchant has the money.", true}
		case signedIn:
			return answer{"Paid", "This is paid already, and not from your wallet. There is nothing more to do here.", true}
		}
		return answer{"Paid", "The merchant has the money. There is nothing more to do here.", true}
	case purse.OrderCancelled:
		return answer{"Cancelled", "This was refused, or the merchant has called it off. Nothing was paid.", false}
	}
	switch {
	case b.order.Status == purse.OrderExpired, b.order.Overdue(b.now):
		return answer{"Too late", "This could be paid until " + moment(b.order.Deadline) + ". Nothing was paid. Start again with the merchant.", false}
	case b.merchant.Closed != 0:
		return answer{"Closed", "This merchant is no longer here. Nothing was paid, and nothing can be.", false}
	}
	return answer{"Not now", "This merchant takes no payments at the moment. Nothing was paid. Ask the merchant, and come back to this page.", false}
}
