package identity

import "sync"

// KnownMax is how many credentials of a kind a Service remembers; one takes about
// 200 bytes.
const KnownMax = 50_000

// cache remembers whose credentials are whose, so that a command can name the rows
// it needs without reading first. That never changes while a credential lives; what
// does change (whether it is valid) is read in the batch and never from here.
type cache[K comparable, V any] struct {
	mu    sync.Mutex
	whose map[K]V
}

func (c *cache[K, V]) get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.whose[k]
	return v, ok
}

// put remembers v. When the cache is full, it forgets some credential or other: a
// map gives them in no order.
func (c *cache[K, V]) put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.whose == nil {
		c.whose = map[K]V{}
	}
	if len(c.whose) >= KnownMax {
		for old := range c.whose {
			delete(c.whose, old)
			break
		}
	}
	c.whose[k] = v
}
