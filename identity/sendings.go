package identity

import (
	"context"
	"sync"
	"time"

	"purse"
)

// How many messages that verify an address are sent in an hour: to one address for
// one person, to one address, and for one person. The second keeps many accounts
// from flooding a mailbox, the third one account from spending the network's money
// on text messages.
const (
	contactSendingsMax = 5
	addressSendingsMax = 10
	personSendingsMax  = 20
)

// sendingsKept is how many addresses and people a Service counts for; one takes at
// most about 400 bytes. Each server counts for itself.
const sendingsKept = 20_000

// sendings counts messages of the last hour.
type sendings struct {
	mu sync.Mutex
	at map[string][]purse.Time
}

// quota is how many messages may be sent in an hour under one name.
type quota struct {
	name string
	max  int
}

// allow counts a message under every quota, or under none if one is used up.
func (c *sendings) allow(now purse.Time, quotas ...quota) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == nil {
		c.at = map[string][]purse.Time{}
	}
	for _, q := range quotas {
		recent := c.at[q.name]
		for len(recent) > 0 && recent[0] <= now.Add(-time.Hour) {
			recent = recent[1:]
		}
		if c.at[q.name] = recent; len(recent) == 0 {
			delete(c.at, q.name)
		}
		if len(recent) >= q.max {
			return false
		}
	}
	for _, q := range quotas {
		c.makeRoom(q.name)
		c.at[q.name] = append(c.at[q.name], now)
	}
	return true
}

// makeRoom makes room for a name. When there is none, some other is forgotten: a map
// gives them in no order.
func (c *sendings) makeRoom(name string) {
	if _, known := c.at[name]; known || len(c.at) < sendingsKept {
		return
	}
	for other := range c.at {
		delete(c.at, other)
		return
	}
}

// maySend refuses to verify an address for a person too often.
//
// Refused with CodeRate.
func (s *Service) maySend(ctx context.Context, person purse.UserID, a purse.Address) error {
	now, err := s.Store.Now(ctx, purse.Directory)
	if err != nil {
		return err
	}
	who, where := "person "+person.String(), string(a.Kind)+" "+a.Text
	if !s.sent.allow(now, quota{who + " " + where, contactSendingsMax}, quota{where, addressSendingsMax}, quota{who, personSendingsMax}) {
		return purse.Refuse(purse.CodeRate, "Too many messages were sent within an hour. Try again later.")
	}
	return nil
}
