package audit

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// aboutHub says whether news are about what merchants and consumers do, and about
// which noun.
func aboutHub(kind string) (noun string, ok bool) {
	noun, _, _ = strings.Cut(kind, ".")
	return noun, slices.Contains([]string{"handle", sale, settlement, void, refund, credit, verification, "mandate", "order"}, noun)
}

// shownOfHub is what the snapshot of such news shows of its subject.
type shownOfHub struct {
	Merchant string `json:"merchant"`
	Kind     string `json:"kind"`
	Status   string `json:"status"`
	Payer    string `json:"payer"`
	Minor    int64  `json:"minor"`
}

// judgeHubEvent judges what an event says to have happened. What of a sale was not
// settled in time goes back; what was stays COMPLETED.
func (a *auditor) judgeHubEvent(e *event, noun string) {
	c := a.checks.events
	var shows shownOfHub
	if err := json.Unmarshal([]byte(e.snapshot), &shows); err != nil {
		c.fail("event %d: its snapshot does not show what merchants do", e.id)
	}
	merchant, err := strconv.ParseInt(shows.Merchant, 10, 64)
	c.require(err == nil, "event %d: it does not show a merchant", e.id)
	what := strings.ToUpper(strings.TrimPrefix(e.kind, noun+"."))
	if noun == "mandate" {
		kind := code(news, e.kind)
		if e.seq > 1 {
			kind = further
		}
		a.pairings.events.addLeft(record{e.subject, kind, e.seq, 0, merchant})
		return
	}
	if noun == "order" {
		a.judgeOrderEvent(e, &shows, merchant)
		return
	}
	if e.kind == "sale.expired" {
		what = wasUsed
	}
	c.require(shows.Status == what, "event %d: %s, and it shows %q", e.id, e.kind, shows.Status)
	c.require(noun == "handle" || shows.Kind == noun, "event %d: %s, and it shows a %q", e.id, e.kind, shows.Kind)
	a.pairings.events.addLeft(record{e.subject, code(news, e.kind), e.seq, 0, merchant, shows.Minor})
}

// judgeOrderEvent judges what an event says to have happened to an order.
func (a *auditor) judgeOrderEvent(e *event, shows *shownOfHub, merchant int64) {
	c := a.checks.events
	payer, err := strconv.ParseInt(shows.Payer, 10, 64)
	c.require(err == nil, "event %d: it does not show a payer", e.id)
	chain := orderChains[shows.Status]
	c.require(chain != nil && chain[len(chain)-1] == e.kind, "event %d: %s, and it shows %q", e.id, e.kind, shows.Status)
	a.pairings.events.addLeft(record{e.subject, code(news, e.kind), e.seq, 0, merchant, shows.Minor, payer})
}
