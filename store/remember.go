package store

import "purse"

// rememberedMax bounds how many rows of a table are remembered.
const rememberedMax = 25_000

// remembered is what a book's writer knows of the directory from batches before:
// people and tokens, which every payment needs and few commands change.
//
// It is exact. Rows of the directory are changed by its own commands only (save
// sees to that), each of which moves the directory's head, and what is remembered
// counts only as long as that head stands where it stood when the rows were read.
// A batch reads the head before any row, so it sees every change that had
// committed when the batch began, as it would by reading the rows.
type remembered struct {
	version purse.Time // the directory's head
	tokens  map[purse.TokenHash]purse.Token
	users   map[purse.UserID]purse.User
}

// at forgets everything if the directory has changed, and says whether it had.
func (m *remembered) at(version purse.Time) (changed bool) {
	if m.version == version && m.tokens != nil {
		return false
	}
	*m = remembered{version: version, tokens: map[purse.TokenHash]purse.Token{}, users: map[purse.UserID]purse.User{}}
	return true
}

// remember adds a row, and starts anew when there are too many.
func remember[K comparable, V any](rows map[K]V, k K, v V) {
	switch {
	case rows == nil: // the directory's own writer remembers nothing
		return
	case len(rows) >= rememberedMax:
		clear(rows)
	}
	rows[k] = v
}

// directory is the part of a batch's loading that may be remembered: what was
// taken from memory, to be read after all if the memory turns out to be old.
type directory struct {
	memory *remembered
	stale  bool // the memory was of another version than the directory
	tokens []purse.TokenHash
	users  []purse.UserID
}

// check is the step that reads the directory's head, before any of its rows.
func (d *directory) check() step {
	return step{st: loadHead, args: newArgs(loadHead).int(int64(purse.Directory)), each: func(r row) {
		_, last := readBook(purse.Directory, r)
		d.stale = d.memory.at(last)
	}}
}

// token takes a token from memory; false if it must be read.
func (d *directory) token(ws *purse.WorkingSet, k purse.TokenHash) bool {
	t, ok := d.memory.tokens[k]
	if ok {
		ws.Tokens.Load(k, t)
		d.tokens = append(d.tokens, k)
	}
	return ok
}

// user does the same for a person.
func (d *directory) user(ws *purse.WorkingSet, k purse.UserID) bool {
	u, ok := d.memory.users[k]
	if ok {
		ws.Users.Load(k, u)
		d.users = append(d.users, k)
	}
	return ok
}

// again is the exchange that reads what was taken from a memory that is old.
func (d *directory) again(ws *purse.WorkingSet) (x exchange) {
	if len(d.tokens) > 0 {
		a := newArgs(loadToken)
		for _, k := range d.tokens {
			a.text(string(k))
		}
		x = append(x, step{st: loadToken, args: a, each: d.readToken(ws)})
	}
	if len(d.users) > 0 {
		a := newArgs(loadUser)
		for _, k := range d.users {
			a.int(int64(k))
		}
		x = append(x, step{st: loadUser, args: a, each: d.readUser(ws)})
	}
	return x
}

func (d *directory) readToken(ws *purse.WorkingSet) func(row) {
	return func(r row) {
		t := readToken(r)
		ws.Tokens.Load(t.Hash, t)
		remember(d.memory.tokens, t.Hash, t)
	}
}

func (d *directory) readUser(ws *purse.WorkingSet) func(row) {
	return func(r row) {
		u := readUser(r)
		ws.Users.Load(u.ID, u)
		remember(d.memory.users, u.ID, u)
	}
}
