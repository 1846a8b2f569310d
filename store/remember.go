package store

import "purse"

// rememberedMax bounds how many rows of a table are remembered.
const rememberedMax = 25_000

// remembered is what a book's writer knows of the directory from batches before:
// people and tokens, merchants and keys, which every payment needs and few commands
// change.
//
// It is exact. Rows of the directory are changed by its own commands only (save
// sees to that), each of which moves the directory's head, and what is remembered
// counts only as long as that head stands where it stood when the rows were read.
// A batch reads the head before any row, so it sees every change that had
// committed when the batch began, as it would by reading the rows.
type remembered struct {
	known     bool       // a writer of the directory remembers nothing
	version   purse.Time // the directory's head
	tokens    recalled[purse.TokenHash, purse.Token]
	users     recalled[purse.UserID, purse.User]
	keys      recalled[string, purse.APIKey]
	merchants recalled[purse.MerchantID, purse.Merchant]
}

// at forgets everything if the directory has changed, and says whether it had.
func (m *remembered) at(version purse.Time) (changed bool) {
	if m.version == version && m.known {
		return false
	}
	*m = remembered{known: true, version: version}
	return true
}

// recalled are the rows of one table that are remembered, and those that the batch
// has taken from memory: to be read after all if the memory turns out to be old.
type recalled[K comparable, V any] struct {
	rows  map[K]V
	taken []K
}

// take gives a row from memory to load; false if it must be read.
func (r *recalled[K, V]) take(k K, load func(K, V)) bool {
	v, ok := r.rows[k]
	if ok {
		load(k, v)
		r.taken = append(r.taken, k)
	}
	return ok
}

// keep remembers a row, and starts anew when there are too many.
func (r *recalled[K, V]) keep(known bool, k K, v V) {
	if !known {
		return
	}
	if r.rows == nil || len(r.rows) >= rememberedMax {
		r.rows = map[K]V{}
	}
	r.rows[k] = v
}

// directory is the part of a batch's loading that may be remembered.
type directory struct {
	memory *remembered
	before remembered // what was taken before the memory was known to be old
	stale  bool       // the memory was of another version than the directory
}

// begin forgets what the batch before has taken.
func (m *remembered) begin() *directory {
	m.tokens.taken, m.users.taken, m.keys.taken, m.merchants.taken = nil, nil, nil, nil
	return &directory{memory: m}
}

// check is the step that reads the directory's head, before any of its rows.
func (d *directory) check() step {
	return step{st: loadHead, args: newArgs(loadHead).int(int64(purse.Directory)), each: func(r row) {
		_, last := readBook(purse.Directory, r)
		d.before = *d.memory
		d.stale = d.memory.at(last)
	}}
}

// again is the exchange that reads what was taken from a memory that is old.
func (d *directory) again(ws *purse.WorkingSet) (x exchange) {
	reread(&x, loadToken, d.before.tokens.taken, func(k purse.TokenHash, a *args) { a.text(string(k)) }, d.readToken(ws))
	reread(&x, loadUser, d.before.users.taken, func(k purse.UserID, a *args) { a.int(int64(k)) }, d.readUser(ws))
	reread(&x, loadAPIKey, d.before.keys.taken, func(k string, a *args) { a.text(k) }, d.readAPIKey(ws))
	reread(&x, loadMerchant, d.before.merchants.taken, func(k purse.MerchantID, a *args) { a.int(int64(k)) }, d.readMerchant(ws))
	return x
}

func reread[K comparable](x *exchange, st *statement, keys []K, pack func(K, *args), each func(row)) {
	if len(keys) == 0 {
		return
	}
	a := newArgs(st)
	for _, k := range keys {
		pack(k, a)
	}
	*x = append(*x, step{st: st, args: a, each: each})
}

func (d *directory) readToken(ws *purse.WorkingSet) func(row) {
	return func(r row) {
		t := readToken(r)
		ws.Tokens.Load(t.Hash, t)
		d.memory.tokens.keep(d.memory.known, t.Hash, t)
	}
}

func (d *directory) readUser(ws *purse.WorkingSet) func(row) {
	return func(r row) {
		u := readUser(r)
		ws.Users.Load(u.ID, u)
		d.memory.users.keep(d.memory.known, u.ID, u)
	}
}

func (d *directory) readAPIKey(ws *purse.WorkingSet) func(row) {
	return func(r row) {
		k := readAPIKey(r)
		ws.LoadAPIKey(k)
		d.memory.keys.keep(d.memory.known, k.Username, k)
	}
}

func (d *directory) readMerchant(ws *purse.WorkingSet) func(row) {
	return func(r row) {
		m := readMerchant(r)
		ws.Merchants.Load(m.ID, m)
		d.memory.merchants.keep(d.memory.known, m.ID, m)
	}
}
