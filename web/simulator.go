package web

import (
	"net/url"

	"purse"
	"purse/hub"
)

// simulated says that a tester answers in the place of a consumer.
func (s *Site) simulated(q hub.Question) bool {
	return s.Mailbox != nil && q.Handle.Simulator == hub.Internal
}

// simulatorPath is the page on which they do. It keeps the key that opens it.
func simulatorPath(t *turn) string {
	path := "/sandbox/simulator/" + url.PathEscape(t.r.PathValue("link"))
	if key := t.query("key"); key != "" {
		path += "?key=" + url.QueryEscape(key)
	}
	return path
}

// simulatorQuestion finds the question that a tester may answer. To whom the page is
// not open, it is not there.
func (s *Site) simulatorQuestion(t *turn) (hub.Question, error) {
	if !s.isTester(t) {
		return hub.Question{}, errNoPage
	}
	q, err := s.question(t)
	if err == nil && !s.simulated(q) {
		err = errNoPage
	}
	return q, err
}

// showSimulator answers GET /sandbox/simulator/{link}.
func (s *Site) showSimulator(t *turn) error {
	q, err := s.simulatorQuestion(t)
	if err != nil {
		return err
	}
	if !waits(q) {
		return t.go303(payPath(t))
	}
	return s.renderSimulator(t, q)
}

func (s *Site) renderSimulator(t *turn, q hub.Question) error {
	p := simulatorPage{
		Layout: s.layout(t, "What shall become of it?"), Path: simulatorPath(t), Merchant: q.Merchant.Name, Ref: q.Handle.Ref,
		Consumer: q.Handle.Consumer, Left: leftWords(q.Handle.TimeLeft(q.Now)),
	}
	if q.Handle.Minor > 0 {
		p.Amount = s.amount(q.Handle.Minor)
	}
	s.headers(t.w.Header(), s.formSources(q))
	t.w.Header().Set("Refresh", number(q.Handle.TimeLeft(q.Now)+2))
	return render(t.w, t.status(), "simulator", p)
}

// simulate answers POST /sandbox/simulator/{link}.
func (s *Site) simulate(t *turn) error {
	q, err := s.simulatorQuestion(t)
	if err != nil {
		return err
	}
	if !waits(q) {
		return t.go303(payPath(t))
	}
	to := func(outcome purse.HandleStatus) func() error {
		return func() error {
			h, err := s.Hub.Simulate(t.r.Context(), t.r.PathValue("link"), outcome)
			if err == nil {
				return s.leaveTo(t, q, h)
			}
			if err := t.blame("", err); err != nil {
				return err
			}
			return s.renderSimulator(t, q)
		}
	}
	return act{"payable": to(purse.HandlePayable), "failed": to(purse.HandleFailed)}.do(t)
}
