package audit

import (
	"context"
	"encoding/json"
	"strings"
)

// lateNews knows which nouns got further events after the last row that is
// judged, while the walk went on. A noun's row tells how many events are
// about it now; without the late ones it is how many there were. It remembers
// only nouns that were made before the audit and changed during it.
type lateNews struct {
	upTo int64
	read int64 // everything up to here has been read
	of   map[lateNoun]lateChange
}

// lateNoun is what news are about: the first word of their kind, and its number. A
// sale and the settlement that it makes by itself have the same.
type lateNoun struct {
	noun string
	id   int64
}

// lateChange is what became of a noun after the last row that is judged.
type lateChange struct {
	first   int64 // the number of its first late event
	ended   bool  // it was pending until then
	claimed bool  // it had no target until then
}

func newLateNews(upTo int64) *lateNews {
	return &lateNews{upTo: upTo, read: upTo, of: map[lateNoun]lateChange{}}
}

// ended says that a payment was still pending when the last row was written that
// is judged, although it is no more.
func (l *lateNews) ended(payment int64) bool { return l.of[lateNoun{"payment", payment}].ended }

// claimed says the same of a charge that had no target.
func (l *lateNews) claimed(payment int64) bool { return l.of[lateNoun{"payment", payment}].claimed }

// versionAt is how many events were about a noun that has version now.
func (l *lateNews) versionAt(noun string, id, version int64) int64 {
	if change, ok := l.of[lateNoun{noun, id}]; ok {
		return min(version, change.first-1)
	}
	return version
}

func (l *lateNews) add(e event) {
	if e.subject > l.upTo {
		return
	}
	noun, _, _ := strings.Cut(e.kind, ".")
	about := lateNoun{noun, e.subject}
	change, ok := l.of[about]
	if !ok || e.seq < change.first {
		change.first = e.seq
	}
	if e.kind == updated {
		var noun shown
		_ = json.Unmarshal([]byte(e.snapshot), &noun) // the next run judges it
		if noun.Status == "pending" {
			change.claimed = true
		} else {
			change.ended = true
		}
	}
	l.of[about] = change
}

// readLateNews reads on to what is the end now. The first event of a noun is
// as old as the noun, so only later ones are of interest.
func (a *auditor) readLateNews(ctx context.Context) error {
	h, err := a.readHead(ctx)
	if err != nil {
		return err
	}
	end := (h.last-epoch)<<bookBits | a.book
	for a.late.read < end {
		rows, err := read(ctx, a.db, `select id, kind, subject, seq, snapshot
from events where book = $1 and id > $2 and id <= $3 and seq > 1 order by id limit $4`,
			func(e *event) []any { return []any{&e.id, &e.kind, &e.subject, &e.seq, &e.snapshot} }, a.book, a.late.read, end, a.chunk)
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

// versionMax is more events than one noun can have.
const versionMax = 100_000

// expectEvents shows p to the events: it was made, and then it got as many
// further ones as its version says. Its owner may have turned up, and it may have
// ended; how often its target was reminded or its audience made narrower, p does
// not say: judgeNews judges those.
func (a *auditor) expectEvents(p *payment) {
	c := a.checks.events
	c.saw()
	if p.version < 1 || p.version > versionMax {
		c.fail("payment %d: version %d", p.id, p.version)
		return
	}
	if p.reminded != 0 && p.told == 0 {
		c.fail("payment %d: its target was reminded at %d, and nobody told of it", p.id, p.reminded)
	}
	first := "pending"
	if !p.waited() {
		first = p.status // settled, or failed by a script; judgePaymentState sees to that
	}
	a.pairings.events.addRight(record{p.id, code(news, created), 1, code(statuses, first)})
	for seq := int64(2); seq <= a.late.versionAt("payment", p.id, p.version); seq++ {
		a.pairings.events.addRight(record{p.id, further, seq})
	}
	if p.claimed() && !a.late.claimed(p.id) {
		a.pairings.changes.addRight(record{p.id, code(statuses, "pending")})
	}
	if p.waited() && !p.pending() && !a.late.ended(p.id) {
		a.pairings.changes.addRight(record{p.id, code(statuses, p.status)})
	}
}
