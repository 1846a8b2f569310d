package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// event is a row of news.
type event struct {
	id       int64
	kind     string
	subject  int64
	seq      int64
	snapshot string
}

func (a *auditor) walkEvents(ctx context.Context) error {
	return walk(ctx, a, `select id, kind, subject, seq, snapshot
from events where book = $1 and id > $2 and id <= $3 order by id limit $4`, event{id: math.MinInt64},
		func(e *event) []any { return []any{&e.id, &e.kind, &e.subject, &e.seq, &e.snapshot} },
		func(e *event) []any { return []any{a.book, e.id, a.upTo} },
		func(rows []event) error {
			for i := range rows {
				a.judgeEvent(&rows[i])
			}
			return nil
		})
}

func (a *auditor) judgeEvent(e *event) {
	c := a.checks.events
	c.saw()
	a.ours("event", e.id)
	if e.subject >= e.id {
		c.fail("event %d: older than its subject %d", e.id, e.subject)
	}
	var noun struct {
		ID     json.RawMessage `json:"id"`
		Status string          `json:"status"`
	}
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
	if !aboutPayment(e.kind) {
		noun.Status = "" // of other nouns it would mean something else
	}
	a.pairings.events.addLeft(record{e.subject, code(news, e.kind), e.seq, code(statuses, noun.Status)})
}

func aboutPayment(kind string) bool { return strings.HasPrefix(kind, "payment.") }

// lateNews knows which payments got further events after the last row that is
// judged, while the walk went on. A payment's row tells how many events are
// about it now; without the late ones it is how many there were. It remembers
// only payments that were made before the audit and changed during it.
type lateNews struct {
	upTo  int64
	read  int64           // everything up to here has been read
	first map[int64]int64 // of each payment, the number of its first late event
}

func newLateNews(upTo int64) *lateNews {
	return &lateNews{upTo: upTo, read: upTo, first: map[int64]int64{}}
}

// about says whether a payment got late news. If it is pending no more, it was
// then: the change of its status is the last of its events.
func (l *lateNews) about(payment int64) bool {
	_, late := l.first[payment]
	return late
}

// versionAt is how many events were about a payment that has version now.
func (l *lateNews) versionAt(payment, version int64) int64 {
	if seq, ok := l.first[payment]; ok {
		return min(version, seq-1)
	}
	return version
}

func (l *lateNews) add(e event) {
	if e.subject > l.upTo || !aboutPayment(e.kind) {
		return
	}
	if seq, ok := l.first[e.subject]; !ok || e.seq < seq {
		l.first[e.subject] = e.seq
	}
}

// readLateNews reads on to what is the end now. The first event of a payment is
// as old as the payment, so only later ones are of interest.
func (a *auditor) readLateNews(ctx context.Context) error {
	h, err := a.readHead(ctx)
	if err != nil {
		return err
	}
	end := (h.last-epoch)<<bookBits | a.book
	for a.late.read < end {
		rows, err := read(ctx, a.db, `select id, kind, subject, seq
from events where book = $1 and id > $2 and id <= $3 and seq > 1 order by id limit $4`,
			func(e *event) []any { return []any{&e.id, &e.kind, &e.subject, &e.seq} }, a.book, a.late.read, end, a.chunk)
		if err != nil {
			return err
		}
		for _, e := range rows {
			a.late.add(e)
		}
		if len(rows) < a.chunk {
			a.late.read = end
		} else {
			a.late.read = rows[len(rows)-1].id
		}
	}
	return nil
}
