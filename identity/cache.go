package identity

import (
	"sync"

	"purse"
)

// KnownMax is how many credentials a Service remembers; one takes about 200
// bytes.
const KnownMax = 50_000

// cache remembers whose tokens are whose, so that a command can name the rows
// it needs without reading first. That never changes while a token lives; what
// does change (whether it is valid) is read in the batch and never from here.
type cache struct {
	mu     sync.Mutex
	actors map[purse.TokenHash]purse.Actor
}

func (c *cache) get(h purse.TokenHash) (purse.Actor, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.actors[h]
	return a, ok
}

// put remembers a. When the cache is full, it forgets some token or other: a
// map gives them in no order.
func (c *cache) put(a purse.Actor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.actors == nil {
		c.actors = map[purse.TokenHash]purse.Actor{}
	}
	if len(c.actors) >= KnownMax {
		for h := range c.actors {
			delete(c.actors, h)
			break
		}
	}
	c.actors[a.Token] = a
}
