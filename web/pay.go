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

// question asks what the link of the page is about.
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

// payPath is the page of a link.
func payPath(t *turn) string { return "/pay/" + url.PathEscape(t.r.PathValue("link")) }

// showPay answers GET /pay/{link}: the question, or what has become of it. In a
// sandbox a tester may be the one who answers.
func (s *Site) showPay(t *turn) error {
	q, err := s.question(t)
	switch {
	case err != nil:
		return err
	case !waits(q):
		return s.renderAnswered(t, q)
	case s.simulated(q):
		return t.go303(simulatorPath(t))
	}
	return s.renderPay(t, q)
}

// renderPay asks the consumer. When it is too late the browser asks again by itself.
func (s *Site) renderPay(t *turn, q hub.Question) error {
	logo, err := s.logoPath(t, q.Merchant.ID)
	if err != nil {
		return err
	}
	p := payPage{
		Layout: s.layout(t, "Pay "+q.Merchant.Name), Path: payPath(t), Payee: payee{Name: q.Merchant.Name, Initials: initials(q.Merchant.Name), Logo: logo},
		Left: leftWords(q.Handle.TimeLeft(q.Now)), SignIn: withNext("/sign-in", payPath(t)), SignUp: withNext("/sign-up", payPath(t)),
		Limits: s.limitsOf(purse.Mandate{CapPayment: purse.NoCap, CapMonth: purse.NoCap}),
	}
	p.Once, p.Consumer = q.Details.Public, q.Handle.Consumer
	if q.Handle.Type == purse.HandleForVerification {
		p.Title = "Agree with " + q.Merchant.Name
	} else {
		p.Amount = s.amount(q.Handle.Minor)
	}
	if back := wayBack(q, q.Handle); back != "" {
		p.Host = placeOf(back)
	}
	if t.session != "" {
		balance, err := s.Wallet.Balance(t.r.Context(), t.visitor.Actor)
		if err != nil {
			return err
		}
		if balance != nil {
			p.Balance, p.Short = s.amount(*balance), *balance < q.Handle.Minor
		}
		// What they have agreed before stays unless they change it.
		m, err := s.Store.Mandate(t.r.Context(), q.Merchant.Book, purse.MandateKey{Merchant: q.Merchant.ID, Consumer: q.Handle.Consumer})
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return err
		}
		if m.Person == t.visitor.User.ID && m.Stands(q.Now) {
			p.Limits = s.limitsOf(m)
		}
	}
	if t.fault != nil {
		p.Limits = typedLimits(t)
	}
	p.Limits.Currency = string(s.Currency)
	s.headers(t.w.Header(), formSources(q))
	t.w.Header().Set("Refresh", number(q.Handle.TimeLeft(q.Now)+2))
	return render(t.w, t.status(), "pay", p)
}

// renderAnswered says what has become of a question, and leads back to the merchant.
func (s *Site) renderAnswered(t *turn, q hub.Question) error {
	logo, err := s.logoPath(t, q.Merchant.ID)
	if err != nil {
		return err
	}
	words := answeredWords(q)
	p := answeredPage{
		Layout: s.layout(t, words.title), Payee: payee{Name: q.Merchant.Name, Initials: initials(q.Merchant.Name), Logo: logo},
		Sentence: words.sentence, Good: words.good, Back: wayBack(q, q.Handle),
	}
	if q.Handle.Minor > 0 {
		p.Amount = s.amount(q.Handle.Minor)
	}
	return render(t.w, http.StatusOK, "answered", p)
}

// pay answers POST /pay/{link}. Whoever has the link may refuse; who pays is signed
// in, and has said lately who they are: they let the merchant take more, too.
func (s *Site) pay(t *turn) error {
	q, err := s.question(t)
	switch {
	case err != nil:
		return err
	case !waits(q):
		return t.go303(payPath(t))
	case s.simulated(q):
		return t.go303(simulatorPath(t))
	}
	return act{
		"refuse": func() error {
			h, err := s.Hub.RefuseHandle(t.r.Context(), t.r.PathValue("link"))
			return s.answered(t, q, h, err)
		},
		"pay": func() error {
			if err := t.signedInOnly(); err != nil {
				return err
			}
			a, err := s.readLimits(t)
			if err == nil {
				err = identity.Fresh(t.visitor)
			}
			var h purse.Handle
			if err == nil {
				h, err = s.Hub.Authorize(t.r.Context(), t.visitor.Actor, t.r.PathValue("link"), a)
			}
			return s.answered(t, q, h, err)
		},
	}.do(t)
}

// answered sends the consumer back to the merchant. What was refused is said on the
// page, as long as there is still something to answer.
func (s *Site) answered(t *turn, q hub.Question, h purse.Handle, err error) error {
	if err == nil {
		return s.leaveTo(t, q, h)
	}
	if err := t.blame("pay", err); err != nil {
		return err
	}
	if q, err = s.question(t); err != nil {
		return err
	}
	if !waits(q) {
		return t.go303(payPath(t))
	}
	return s.renderPay(t, q)
}

// leaveTo sends the browser to where the merchant waits for it: nothing is added to
// the address. Where browsers would not follow, our own page says what has happened.
func (s *Site) leaveTo(t *turn, q hub.Question, h purse.Handle) error {
	way := wayBack(q, h)
	if !strings.Contains(formSource(way), "://") {
		return t.go303(payPath(t))
	}
	return leave(t, http.StatusSeeOther, way)
}

// wayBack is where the consumer goes when h has come to its state; "" nowhere.
func wayBack(q hub.Question, h purse.Handle) string {
	rel := "on_failed"
	switch {
	case h.Status == purse.HandlePayable || h.Status == purse.HandleCompleted || h.Status == purse.HandleInitiated || h.Status == purse.HandleProcessing:
		rel = "on_completed"
	case h.Status == purse.HandleFailed && h.Fault == purse.CodeRefused:
		rel = "on_cancelled"
	}
	way := q.Details.Return(rel)
	if u, err := url.Parse(way); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return way
}

// formSources is where an answer may lead to, as form-action names it.
func formSources(q hub.Question) string {
	var all []string
	for _, rel := range []string{"on_completed", "on_failed", "on_cancelled"} {
		if source := formSource(q.Details.Return(rel)); strings.Contains(source, "://") && !slices.Contains(all, source) {
			all = append(all, source)
		}
	}
	return strings.Join(all, "")
}
