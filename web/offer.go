package web

import (
	"net/url"

	"purse"
	"purse/order"
)

// errNoOffer is the refusal of a payment link that leads to nothing.
var errNoOffer = purse.Refuse(purse.CodeNotFound, "There is nothing to pay behind this link. It may be cut off: ask whoever gave it to you for another.")

// offer is what the payment link of the page is about.
//
// Refused with CodeNotFound.
func (s *Site) offer(t *turn) (order.Offer, error) {
	o, err := s.Desk.Offer(t.r.Context(), t.r.PathValue("link"))
	if purse.CodeOf(err) == purse.CodeNotFound {
		return o, errNoOffer
	}
	return o, err
}

// showOffer answers GET /to/{link}: what whoever scans a payment link sees.
func (s *Site) showOffer(t *turn) error {
	o, err := s.offer(t)
	if err != nil {
		return err
	}
	return s.renderOffer(t, o)
}

func (s *Site) renderOffer(t *turn, o order.Offer) (err error) {
	p := offerPage{
		Layout: s.layout(t, "Pay "+merchantName(o.Merchant)), Path: "/to/" + url.PathEscape(t.r.PathValue("link")), Product: o.Link.Product,
		Open: o.Link.Minor == 0, Currency: string(s.Currency), Example: s.decimal(0), Ended: endedWords(o),
	}
	p.Bare = true
	if p.Payee, err = s.payeeOf(t, o.Merchant); err != nil {
		return err
	}
	if !p.Open {
		p.Amount = s.amount(o.Link.Minor)
	}
	if o.Merchant.Orders.PayerFee && o.Merchant.Plan != (purse.Fee{}) {
		p.Fee = "A fee of the network is added. You see it before you pay."
		if !p.Open {
			p.Fee = "A fee of the network is added: " + s.amount(o.Merchant.Plan.Of(o.Link.Minor)) + "."
		}
	}
	if t.fault != nil {
		p.Typed = t.text("amount")
	}
	if p.Ended != "" {
		p.Title = "No longer open"
	}
	return render(t.w, t.status(), "offer", p)
}

// endedWords says why nothing can be paid by a payment link; "" it can.
func endedWords(o order.Offer) string {
	switch {
	case o.Merchant.Closed != 0 || !o.Merchant.Accepts:
		return "This merchant takes no payments now. Nothing was paid."
	case o.Link.Closed != 0:
		return "The merchant has closed this payment link. Nothing was paid. Ask them for another."
	}
	return ""
}

// take answers POST /to/{link}: an order of one's own, and on to its page.
//
// Refused with CodeRate, besides what the page says: nobody has to sign in for it, and
// every order that is made is kept.
func (s *Site) take(t *turn) error {
	if err := s.Takes.Allow(t.r, ""); err != nil {
		return err
	}
	o, err := s.offer(t)
	if err != nil {
		return err
	}
	if endedWords(o) != "" {
		return s.renderOffer(t, o)
	}
	var minor int64
	if o.Link.Minor == 0 {
		minor, err = s.readSum(t.text("amount"))
	}
	var made purse.Order
	if err == nil {
		made, err = s.Desk.Take(t.r.Context(), t.r.PathValue("link"), minor)
	}
	if err == nil {
		return t.go303("/pay/" + made.Link)
	}
	if err := t.blame("", err); err != nil {
		return err
	}
	if o, err = s.offer(t); err != nil { // it may have been closed just now
		return err
	}
	return s.renderOffer(t, o)
}
