package purse

import (
	"maps"
	"slices"
	"time"

	"purse/ledger"
)

// Memory is a book in memory, for tests and explorers of rules: it lets real
// commands decide one after another, as a store does. What it was not given is
// not there. Of postings, news and audit lines it keeps those of the last command.
type Memory struct {
	set *WorkingSet
	now Time
}

// NewMemory makes a book out of nouns, as NewFacts does.
func NewMemory(b Book, now Time, nouns ...any) *Memory {
	return &Memory{set: NewFacts(b, now, nouns...).set, now: now}
}

// Advance moves the clock, only ever forward.
func (m *Memory) Advance(d time.Duration) { m.now = m.now.Add(max(d, 0)) }

// Now is the clock, and later than every identifier that was handed out.
func (m *Memory) Now() Time { return max(m.now, m.set.Last+1) }

// Run lets a command decide by the clock, and shows the facts as it has left them.
// What it changed is taken back if it refuses, or asks for what no store would
// have loaded.
func (m *Memory) Run(c Command) (*Facts, error) {
	w := m.set
	w.Postings, w.Events, w.Actions = Log[ledger.Posting]{}, Log[Event]{}, Log[Action]{}
	w.Now = m.Now()
	f := w.Begin()
	err := c.Decide(f)
	if missing := f.Missing(); missing != nil { // whatever it made of that, a store would ask again
		err = missing
	}
	if err != nil {
		w.Revert()
	} else {
		w.Keep()
	}
	return w.Begin(), err
}

// Fork is the same book once more: what happens in one is not seen in the other.
func (m *Memory) Fork() *Memory {
	w := *m.set
	for _, t := range w.tables() {
		t.fork()
	}
	forkSets(&w.spentIn)
	forkSets(&w.openHolds)
	forkSets(&w.introducedBy)
	forkSets(&w.contactsOf)
	forkSets(&w.sessionsOf)
	forkSets(&w.grantsOf)
	forkSets(&w.appsOf)
	forkSets(&w.pendingTo)
	forkSets(&w.waiting)
	forkSets(&w.keysOf)
	return &Memory{set: &w, now: m.now}
}

func (r *Rows[K, V]) fork() {
	r.known, r.changed, r.undo = maps.Clone(r.known), slices.Clone(r.changed), nil
}

func (l *Log[V]) fork() { l.rows = slices.Clone(l.rows) }

func forkSets[C, K comparable](sets *map[C]*set[K]) {
	*sets = maps.Clone(*sets)
	for c, s := range *sets {
		(*sets)[c] = &set[K]{slices.Clone(s.keys)}
	}
}

// Postings are what the last command has posted.
func (m *Memory) Postings() []ledger.Posting { return m.set.Postings.All() }

// Events are the news of the last command.
func (m *Memory) Events() []Event { return m.set.Events.All() }

// Nouns are all the money and all that merchants and consumers have agreed and
// done, in no order: another Memory that is made of them at the time Now goes on from
// here.
func (m *Memory) Nouns() []any {
	w := m.set
	all := there(nil, &w.Users)
	all = there(all, &w.Accounts)
	all = there(all, &w.Holds)
	all = there(all, &w.Merchants)
	all = there(all, &w.APIKeys)
	all = there(all, &w.Handles)
	all = there(all, &w.Operations)
	all = there(all, &w.Mandates)
	all = there(all, &w.Consumers)
	all = there(all, &w.Orders)
	all = there(all, &w.PaymentLinks)
	all = there(all, &w.Members)
	for k, r := range w.Spent.known {
		if r.there {
			all = append(all, Spent{k, r.value})
		}
	}
	return all
}

func there[K comparable, V any](all []any, rows *Rows[K, V]) []any {
	for _, r := range rows.known {
		if r.there {
			all = append(all, r.value)
		}
	}
	return all
}
