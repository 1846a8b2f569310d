package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"purse"
	"purse/hub"
	"purse/identity"
)

// errNoPayment is the refusal of a link that leads to nothing.
var errNoPayment = purse.Refuse(purse.CodeNotFound, "There is no payment behind this link. It may be cut off: go back to the shop and try again.")

// payPath is the page of a link.
func payPath(t *turn) string { return "/pay/" + url.PathEscape(t.r.PathValue("link")) }

// signPath is the same page, with a form to sign in or up in the place of its buttons.
func signPath(t *turn, how string) string { return payPath(t) + "?sign=" + how }

// showPay answers GET /pay/{link}: what is asked for, or what has become of it. In a
// sandbox a tester may be the one who answers.
func (s *Site) showPay(t *turn) error {
	b, err := s.bill(t)
	switch {
	case err != nil:
		return err
	case !b.waits:
		return s.renderAnswered(t, b)
	case b.ofHub && s.simulated(b.question):
		return t.go303(simulatorPath(t))
	}
	return s.renderPay(t, b, t.query("sign"))
}

// renderPay asks for money. Who is not signed in may sign "in" or "up" on the page.
// When it is too late the browser asks again by itself.
func (s *Site) renderPay(t *turn, b bill, sign string) error {
	to, err := s.payeeOf(t, b.merchant)
	if err != nil {
		return err
	}
	p := payPage{
		Layout: s.layout(t, "Pay "+b.merchant.Name), Path: payPath(t), Payee: to, Order: !b.ofHub, Product: b.order.Product,
		Seconds: b.left, Left: leftWords(b.left), SignIn: signPath(t, "in"), SignUp: signPath(t, "up"),
		Once: b.question.Details.Public, Consumer: b.question.Handle.Consumer, Typed: typedBy(t),
	}
	p.Bare = true
	if b.total() > 0 {
		p.Amount = s.amount(b.total())
	} else {
		p.Title = "Agree with " + b.merchant.Name
	}
	if b.fee > 0 {
		p.Asked, p.Fee = s.amount(b.minor), s.amount(b.fee)
	}
	if b.back != "" {
		p.Host = placeOf(b.back)
	}
	if t.session == "" {
		err = s.welcome(&p, sign)
	} else {
		err = s.know(t, b, &p)
	}
	if err != nil {
		return err
	}
	s.headers(t.w.Header(), b.sources)
	t.w.Header().Set("Refresh", number(b.left+2))
	return render(t.w, t.status(), "pay", p)
}

// know fills in what only who is signed in sees: their money, and what they have
// agreed with the merchant before, which stays unless they change it.
func (s *Site) know(t *turn, b bill, p *payPage) error {
	balance, err := s.Wallet.Balance(t.r.Context(), t.visitor.Actor)
	if err != nil {
		return err
	}
	if balance != nil {
		p.Balance, p.Short = s.amount(*balance), *balance < b.total()
	}
	p.Fields = b.ofHub && !p.Once
	if !p.Fields {
		return nil
	}
	m, err := s.Store.Mandate(t.r.Context(), b.merchant.Book, purse.MandateKey{Merchant: b.merchant.ID, Consumer: p.Consumer})
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return err
	}
	p.Limits = s.limitsOf(purse.Mandate{CapPayment: purse.NoCap, CapMonth: purse.NoCap})
	if m.Person == t.visitor.User.ID && m.Stands(b.now) {
		p.Limits = s.limitsOf(m)
	}
	if t.fault != nil {
		p.Limits = typedLimits(t)
	}
	p.Limits.Currency = string(s.Currency)
	return nil
}

// welcome fills in how who is not signed in may go on: here, or on the phone.
func (s *Site) welcome(p *payPage, sign string) (err error) {
	switch sign {
	case "in", "up":
		p.Sign, p.Fields, p.Passkey = sign, true, sign == "in" && s.Identity.PasskeysPossible()
		return nil
	}
	p.QR, err = newQR(s.PublicURL + p.Path)
	return err
}

// pay answers POST /pay/{link}. Whoever has the link may refuse; who pays is signed in.
func (s *Site) pay(t *turn) error {
	b, err := s.bill(t)
	switch {
	case err != nil:
		return err
	case !b.waits:
		return t.go303(payPath(t))
	case b.ofHub && s.simulated(b.question):
		return t.go303(simulatorPath(t))
	}
	return act{
		"refuse": func() error { return s.refuseBill(t, b) },
		"pay": func() error {
			switch {
			case t.session == "":
				return t.go303(signPath(t, "in"))
			case b.ofHub:
				return s.payHandle(t, b)
			}
			return s.payOrder(t, b)
		},
	}.do(t)
}

// payOrder pays an order. Who pays more than an app may in a day has said lately who
// they are: a session that somebody else has got hold of moves no more than that at
// once.
func (s *Site) payOrder(t *turn, b bill) error {
	book, err := s.Store.Book(t.r.Context(), s.Book)
	if err != nil {
		return err
	}
	if most := book.Terms.AppCap; most != purse.AppsOwnCap && b.total() > most {
		err = identity.Fresh(t.visitor)
	}
	if err == nil {
		_, err = s.Orders.Pay(t.r.Context(), t.visitor.Actor, t.r.PathValue("link"))
	}
	return s.answered(t, err, func() error { return t.go303(payPath(t)) })
}

// payHandle pays what the hub asks for. Who does so has said lately who they are: they
// let the merchant take more, too.
func (s *Site) payHandle(t *turn, b bill) error {
	a, err := s.readLimits(t)
	if err == nil {
		err = identity.Fresh(t.visitor)
	}
	var h purse.Handle
	if err == nil {
		h, err = s.Hub.Authorize(t.r.Context(), t.visitor.Actor, t.r.PathValue("link"), a)
	}
	return s.answered(t, err, func() error { return s.leaveTo(t, b.question, h) })
}

// refuseBill is the customer's no. That of an order leads nowhere: its merchant has
// said where to go when it is paid, and nothing else.
func (s *Site) refuseBill(t *turn, b bill) error {
	if b.ofHub {
		h, err := s.Hub.RefuseHandle(t.r.Context(), t.r.PathValue("link"))
		return s.answered(t, err, func() error { return s.leaveTo(t, b.question, h) })
	}
	_, err := s.Orders.Refuse(t.r.Context(), t.r.PathValue("link"))
	return s.answered(t, err, func() error { return t.go303(payPath(t)) })
}

// answered goes on with then. What was refused is said on the page, as long as there
// is still something to answer.
func (s *Site) answered(t *turn, err error, then func() error) error {
	if err == nil {
		return then()
	}
	if purse.CodeOf(err) == purse.CodeSignedOut {
		return t.go303(signPath(t, "in"))
	}
	if err := t.blame("pay", err); err != nil {
		return err
	}
	b, err := s.bill(t)
	switch {
	case err != nil:
		return err
	case !b.waits:
		return t.go303(payPath(t))
	}
	return s.renderPay(t, b, "")
}

// leaveTo sends the browser to where the merchant waits for it: nothing is added to
// the address. Where browsers would not follow, our own page says what has happened.
func (s *Site) leaveTo(t *turn, q hub.Question, h purse.Handle) error {
	way := s.wayBack(q, h)
	if !strings.Contains(formSource(way), "://") {
		return t.go303(payPath(t))
	}
	return leave(t, http.StatusSeeOther, way)
}

// wayBack is where the consumer goes when h has come to its state; "" nowhere. It is
// checked as when h was made: the merchant may have taken the site off its list since.
func (s *Site) wayBack(q hub.Question, h purse.Handle) string {
	rel := "on_failed"
	switch {
	case h.Status == purse.HandlePayable || h.Status == purse.HandleCompleted || h.Status == purse.HandleInitiated || h.Status == purse.HandleProcessing:
		rel = "on_completed"
	case h.Status == purse.HandleFailed && h.Fault == purse.CodeRefused:
		rel = "on_cancelled"
	}
	way := q.Details.Return(rel)
	if u, err := url.Parse(way); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || hub.CheckReturn(q.Merchant, s.Mode, way) != nil {
		return ""
	}
	return way
}

// formSources is where an answer may lead to, as form-action names it.
func (s *Site) formSources(q hub.Question) string {
	var all []string
	for _, rel := range []string{"on_completed", "on_failed", "on_cancelled"} {
		way := q.Details.Return(rel)
		if hub.CheckReturn(q.Merchant, s.Mode, way) != nil {
			continue
		}
		if source := formSource(way); strings.Contains(source, "://") && !slices.Contains(all, source) {
			all = append(all, source)
		}
	}
	return strings.Join(all, "")
}
