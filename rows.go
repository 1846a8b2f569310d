package purse

import "iter"

// Rows is one table's part of a working set: the rows that were loaded, what is
// known to be absent, and what commands have put. It answers with the changes
// of the commands before, and can take back those of the last.
type Rows[K comparable, V any] struct {
	known   map[K]row[V]
	changed []K // keys that were put or removed since the working set was made, each once
	undo    []undone[K, V]
	asked   bool // every key that was never loaded counts as absent
}

// row is what is known of a key.
type row[V any] struct {
	value  V
	there  bool // there is such a row, as commands have left it
	stored bool // there is one in the database
	dirty  bool // commands have put or removed it
}

type undone[K comparable, V any] struct {
	key    K
	before row[V]
	known  bool
}

// Want says that k will be asked for. True the first time: load it. Until Load
// brings it, k counts as absent.
func (r *Rows[K, V]) Want(k K) bool {
	if _, known := r.known[k]; known {
		return false
	}
	r.set(k, row[V]{})
	return true
}

// Load brings in a row as it stands in the database.
func (r *Rows[K, V]) Load(k K, v V) { r.set(k, row[V]{value: v, there: true, stored: true}) }

func (r *Rows[K, V]) set(k K, v row[V]) {
	if r.known == nil {
		r.known = make(map[K]row[V])
	}
	r.known[k] = v
}

// get returns the row of k, whether there is one, and whether that is known.
func (r *Rows[K, V]) get(k K) (v V, there, known bool) {
	e, known := r.known[k]
	return e.value, e.there, known || r.asked
}

// stored returns the row of k as commands have left it, if it also is in the
// database.
func (r *Rows[K, V]) stored(k K) (v V, stored bool) {
	e := r.known[k]
	return e.value, e.stored && e.there
}

// put adds or replaces the row of k. A key that was not loaded is taken to be
// new; if it is not, the database refuses it.
func (r *Rows[K, V]) put(k K, v V) {
	r.change(k, row[V]{value: v, there: true, stored: r.known[k].stored})
}

// remove takes the row of k away. A key that was not loaded is taken to be
// stored; if it is not, the store finds out.
func (r *Rows[K, V]) remove(k K) {
	before, known := r.known[k]
	r.change(k, row[V]{stored: before.stored || !known})
}

func (r *Rows[K, V]) change(k K, after row[V]) {
	before, known := r.known[k]
	r.undo = append(r.undo, undone[K, V]{k, before, known})
	if !before.dirty {
		r.changed = append(r.changed, k)
	}
	after.dirty = true
	r.set(k, after)
}

// keep makes the changes since the last keep or revert final.
func (r *Rows[K, V]) keep() { r.undo = r.undo[:0] }

// revert takes back the changes since the last keep or revert.
func (r *Rows[K, V]) revert() {
	for i := len(r.undo) - 1; i >= 0; i-- {
		u := r.undo[i]
		if !u.before.dirty {
			r.changed = r.changed[:len(r.changed)-1]
		}
		if u.known {
			r.known[u.key] = u.before
		} else {
			delete(r.known, u.key)
		}
	}
	r.undo = r.undo[:0]
}

func (r *Rows[K, V]) any() bool { return len(r.changed) > 0 }

// Added yields the new rows in the order in which they were first put.
func (r *Rows[K, V]) Added() iter.Seq2[K, V] { return r.dirty(true, false) }

// Updated yields the rows that were changed.
func (r *Rows[K, V]) Updated() iter.Seq2[K, V] { return r.dirty(true, true) }

// Removed yields the keys of the rows that are to go.
func (r *Rows[K, V]) Removed() iter.Seq2[K, V] { return r.dirty(false, true) }

func (r *Rows[K, V]) dirty(there, stored bool) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, k := range r.changed {
			if e := r.known[k]; e.there == there && e.stored == stored && !yield(k, e.value) {
				return
			}
		}
	}
}

// Log is rows that are only ever added, in order.
type Log[V any] struct {
	rows []V
	kept int
}

func (l *Log[V]) add(v V) { l.rows = append(l.rows, v) }
func (l *Log[V]) keep()   { l.kept = len(l.rows) }
func (l *Log[V]) revert() { l.rows = l.rows[:l.kept] }

func (l *Log[V]) any() bool { return len(l.rows) > 0 }

// All yields the rows in the order in which they were added.
func (l *Log[V]) All() []V { return l.rows }
