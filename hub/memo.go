package hub

import "sync"

// memoMax is how many things a memo remembers.
const memoMax = 20_000

// memo remembers guesses, so that a command can name the rows that it needs
// without reading first. What it says is looked at again inside (ADR 4).
type memo[K comparable, V any] struct {
	mu   sync.Mutex
	rows map[K]V
}

func (m *memo[K, V]) get(k K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.rows[k]
	return v, ok
}

// put remembers v. When there are too many, some other goes: a map gives them in
// no order.
func (m *memo[K, V]) put(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = map[K]V{}
	}
	if len(m.rows) >= memoMax {
		for other := range m.rows {
			delete(m.rows, other)
			break
		}
	}
	m.rows[k] = v
}
