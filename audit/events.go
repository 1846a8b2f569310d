package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// event is a row of news.
type event struct {
	id       int64
	kind     string
	subject  int64
	seq      int64
	snapshot string
	about    string // of a payment: its row as it is now, see paymentNow
}

// What an event says is held against the payment's row, which only goes on from
// there; both are read by one statement. The row comes as one text because that
// takes one look-up.
const eventsText = `select e.id, e.kind, e.subject, e.seq, e.snapshot,
	coalesce((select p.version || ' ' || p.reminded || ' ' || p.completed || ' ' || p.deadline || ' ' || p.status || ' ' || p.audience
		from payments p where p.book = e.book and p.id = e.subject), '')
from events e where e.book = $1 and e.id > $2 and e.id <= $3 order by e.id limit $4`

func (a *auditor) walkEvents(ctx context.Context) error {
	return walk(ctx, a, eventsText, event{id: math.MinInt64},
		func(e *event) []any { return []any{&e.id, &e.kind, &e.subject, &e.seq, &e.snapshot, &e.about} },
		func(e *event) []any { return []any{a.book, e.id, a.upTo} },
		func(rows []event) error {
			for i := range rows {
				a.judgeEvent(&rows[i])
			}
			return nil
		})
}

// shown is what an event's snapshot shows of its subject.
type shown struct {
	ID       json.RawMessage `json:"id"`
	Status   string          `json:"status"`
	Audience string          `json:"audience"`
}

func (a *auditor) judgeEvent(e *event) {
	c := a.checks.events
	c.saw()
	a.ours("event", e.id)
	if e.subject >= e.id {
		c.fail("event %d: older than its subject %d", e.id, e.subject)
	}
	var noun shown
	switch err := json.Unmarshal([]byte(e.snapshot), &noun); {
	case err != nil:
		c.fail("event %d: its snapshot is not a JSON object with a status", e.id)
	case strings.Trim(string(noun.ID), `"`) != fmt.Sprint(e.subject):
		c.fail("event %d: its snapshot shows %s, its subject is %d", e.id, noun.ID, e.subject)
	}
	if !slices.Contains(news[1:], e.kind) {
		c.fail("event %d: kind %q", e.id, e.kind)
		return
	}
	if noun, ok := aboutHub(e.kind); ok {
		a.judgeHubEvent(e, noun)
		return
	}
	if !aboutPayment(e.kind) {
		a.pairings.events.addLeft(record{e.subject, code(news, e.kind), e.seq}) // its status would mean something else
		return
	}
	a.judgeNews(e, noun)
	switch shows := code(statuses, noun.Status); e.kind {
	case created:
		a.pairings.events.addLeft(record{e.subject, code(news, e.kind), e.seq, shows})
	case updated:
		a.pairings.changes.addLeft(record{e.subject, shows})
		fallthrough
	default:
		a.pairings.events.addLeft(record{e.subject, further, e.seq})
	}
}

// The news about payments.
const (
	created  = "payment.created"
	updated  = "payment.updated"
	reminded = "payment.reminded"
	narrowed = "payment.narrowed"
)

func aboutPayment(kind string) bool { return strings.HasPrefix(kind, "payment.") }

// paymentNow is what a payment's row says that its news must agree with.
type paymentNow struct {
	version, reminded, completed, deadline int64
	status, audience                       string
}

// row reads what stands beside an event; ok is false if there is no such payment.
func (e *event) row() (p paymentNow, ok bool) {
	words := strings.Split(e.about, " ")
	if len(words) != 6 {
		return paymentNow{}, false
	}
	for i, to := range []*int64{&p.version, &p.reminded, &p.completed, &p.deadline} {
		n, err := strconv.ParseInt(words[i], 10, 64)
		if err != nil {
			return paymentNow{}, false
		}
		*to = n
	}
	p.status, p.audience = words[4], words[5]
	return p, true
}

// audiences are the words for who may see a payment, from the fewest on.
var audiences = []string{"private", "friends", "public"}

// judgeNews judges news about a payment beside its row. The audience only ever
// becomes narrower, so none was narrower than what the row says now.
func (a *auditor) judgeNews(e *event, noun shown) {
	c := a.checks.events
	p, ok := e.row()
	if !ok {
		return // the pairing tells
	}
	then, now := slices.Index(audiences, noun.Audience), slices.Index(audiences, p.audience)
	switch {
	case now < 0: // judgePaymentWords tells
	case then < now:
		c.fail("event %d: it shows audience %q of payment %d, which is %s now", e.id, noun.Audience, e.subject, p.audience)
	case e.seq == p.version && then != now:
		c.fail("event %d: the last about payment %d shows audience %q, its row %q", e.id, e.subject, noun.Audience, p.audience)
	}
	at := timeOf(e.id)
	waited := noun.Status == "pending" && p.deadline > 0 && (p.completed == 0 || at-batchSpan <= p.completed)
	switch e.kind {
	case reminded:
		if !waited || p.reminded < at-batchSpan {
			c.fail("event %d: a reminder of payment %d, %s then, reminded at %d", e.id, e.subject, noun.Status, p.reminded)
		}
	case narrowed:
		if noun.Audience == "public" {
			c.fail("event %d: payment %d was made narrower, and is public", e.id, e.subject)
		}
		if ended := noun.Status == p.status && p.completed > 0 && at >= p.completed; !waited && !ended {
			c.fail("event %d: it shows payment %d as %s, which it was not then", e.id, e.subject, noun.Status)
		}
	}
}
