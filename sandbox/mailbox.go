package sandbox

import (
	"slices"
	"sync"

	"purse"
)

// messagesMax is how many messages a Mailbox keeps; older ones are forgotten.
const messagesMax = 1000

// Mailbox is the purse.Courier of a sandbox: what is sent stays here, for all to
// read, and goes nowhere else. It is kept in memory and empty after a start.
type Mailbox struct {
	Now func() purse.Time

	mu   sync.Mutex
	sent int64             // the last identifier
	kept []purse.Delivered // the one with ID i is at (i-1) % messagesMax
}

// Send implements purse.Courier.
func (b *Mailbox) Send(m purse.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent++
	d := purse.Delivered{ID: b.sent, Message: m, At: b.Now()}
	if len(b.kept) < messagesMax {
		b.kept = append(b.kept, d)
		return
	}
	b.kept[(d.ID-1)%messagesMax] = d
}

// Delivered implements purse.Mailbox.
func (b *Mailbox) Delivered() []purse.Delivered {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := int(b.sent % messagesMax) // where the oldest is, once all places are taken
	if len(b.kept) < messagesMax {
		next = 0
	}
	all := slices.Concat(b.kept[next:], b.kept[:next])
	slices.Reverse(all)
	return all
}
