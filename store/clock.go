package store

import (
	"sync/atomic"
	"time"

	"purse"
)

// jumpMax is how far the database's clock may run away from the process's
// monotonic one between two batches before a live network stops writing.
const jumpMax = 60 * time.Second

// clockGuard notices when the clock that book time is taken from has jumped:
// expiries and limits would be decided by a wrong time.
type clockGuard struct {
	clock    purse.Time  // what the clock said
	at       time.Time   // when it said so, with the process's monotonic clock
	jumped   atomic.Bool // and nobody has accepted it
	accepted atomic.Bool
}

// sound says whether the clock has moved as far as the process's clock since it
// was last sound, give or take jumpMax.
func (g *clockGuard) sound(clock purse.Time, now time.Time) bool {
	if !g.at.IsZero() && !g.accepted.Swap(false) {
		expected := g.clock.Add(now.Sub(g.at))
		if jump := clock.UTC().Sub(expected.UTC()).Abs(); jump > jumpMax {
			g.jumped.Store(true)
			return false
		}
	}
	g.clock, g.at = clock, now
	return true
}

// AcceptClock lets a live network write again after its clock has jumped: an
// operator has looked, and the clock is right now.
func (s *Store) AcceptClock() {
	for _, w := range s.writers {
		if w.guard.jumped.Swap(false) {
			w.guard.accepted.Store(true)
		}
	}
}
