package web

import (
	"net/http"

	"purse"
	"purse/order"
)

// showTill answers GET /desk/{merchant}/till: how much, please?
func (s *Site) showTill(t *turn) error {
	d, err := s.atDesk(t)
	if err != nil {
		return err
	}
	p := tillPage{
		Layout: s.deskLayout(t, d.Merchant, "/till", "Till"), Path: deskPath(d.Merchant.ID) + "/till", Name: merchantName(d.Merchant), Currency: string(s.Currency),
		Example: s.decimal(0),
	}
	if t.fault != nil {
		p.Amount, p.Product = t.text("amount"), t.text("product")
	}
	return render(t.w, t.status(), "till", p)
}

// charge answers POST /desk/{merchant}/till.
func (s *Site) charge(t *turn) error {
	m, err := t.merchant()
	if err != nil {
		return err
	}
	var o purse.Order
	minor, err := s.readSum(t.text("amount"))
	if err == nil {
		o, err = s.Desk.Charge(t.r.Context(), t.visitor.Actor, m, minor, t.text("product"))
	}
	if err == nil {
		return t.go303(tillPath(o.OrderKey))
	}
	if err := t.blame("", err); err != nil {
		return err
	}
	return s.showTill(t)
}

// showCharge answers GET /desk/{merchant}/till/{number}: what the one who pays scans,
// and what the one at the till waits for.
func (s *Site) showCharge(t *turn) error {
	q, err := s.atTill(t)
	if err != nil {
		return err
	}
	o := q.Order
	words := soldWords[o.Status]
	p := chargePage{
		Layout: s.layout(t, words.title+" "+s.amount(o.Total())), Path: tillPath(o.OrderKey), Next: deskPath(o.Merchant) + "/till", Name: merchantName(q.Merchant),
		Number: o.Number.String(), Product: o.Product, Amount: s.amount(o.Minor), State: string(o.Status), Word: words.title, Sentence: words.sentence,
	}
	if o.OnTop {
		p.Amount, p.Own = s.amount(o.Total()), s.amount(o.Minor)
	}
	switch o.Status {
	case purse.OrderPending:
		p.Waits, p.Seconds, p.Left = true, number(o.TimeLeft(q.Now)), leftWords(o.TimeLeft(q.Now))
		p.Events, p.Address = "/pay/"+o.Link+"/events", s.PublicURL+"/pay/"+o.Link
		if p.QR, err = newQR(p.Address); err != nil {
			return err
		}
	case purse.OrderPaid:
		users, err := s.Store.Users(t.r.Context(), o.Payer)
		if err != nil {
			return err
		}
		p.Paid, p.Payer, p.At, p.Receipt = true, payerName(users[o.Payer]), moment(o.Changed), receiptPath(o.Number)
	}
	return render(t.w, http.StatusOK, "charge", p)
}

// callOff answers POST /desk/{merchant}/till/{number}. What was paid a moment before
// stays paid, and the page says so.
func (s *Site) callOff(t *turn) error {
	k, err := t.orderKey()
	if err != nil {
		return err
	}
	return act{
		"cancel": func() error {
			_, err := s.Desk.CallOff(t.r.Context(), t.visitor.Actor, k)
			if err != nil && purse.CodeOf(err) != purse.CodeFinal {
				return err
			}
			return t.go303(tillPath(k))
		},
	}.do(t)
}

// atTill is the order of the page.
//
// Refused with CodeNotFound.
func (s *Site) atTill(t *turn) (order.Question, error) {
	k, err := t.orderKey()
	if err != nil {
		return order.Question{}, err
	}
	return s.Desk.AtTill(t.r.Context(), t.visitor.Actor, k)
}

// orderKey is the order that the page's address names.
//
// Refused with CodeNotFound.
func (t *turn) orderKey() (purse.OrderKey, error) {
	m, err := t.merchant()
	if err != nil {
		return purse.OrderKey{}, err
	}
	n, err := readNumber(t.r.PathValue("number"))
	if err != nil {
		return purse.OrderKey{}, errNoPage
	}
	return purse.OrderKey{Merchant: m, Number: purse.OrderNumber(n)}, nil
}

func tillPath(k purse.OrderKey) string { return deskPath(k.Merchant) + "/till/" + k.Number.String() }
