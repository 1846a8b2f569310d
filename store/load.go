package store

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"purse"
	"purse/ledger"
)

// exchange is the steps of one round trip.
type exchange []step

// want adds the loading of those keys that the working set does not know yet.
func want[K comparable](x *exchange, st *statement, keys iter.Seq[K], wanted func(K) bool, pack func(K, *args), each func(row)) {
	var a *args
	for k := range keys {
		if !wanted(k) {
			continue
		}
		if a == nil {
			a = newArgs(st)
		}
		pack(k, a)
	}
	if a != nil {
		*x = append(*x, step{st: st, args: a, each: each})
	}
}

// load adds the loading of everything that the tasks need. spentSince is the
// first hour of the counters that are loaded.
func (x *exchange) load(book purse.BookID, ws *purse.WorkingSet, tasks []*task, spentSince int64) {
	b := int64(book)
	want(x, loadToken, each(tasks, func(n *purse.Needs) []purse.TokenHash { return n.Tokens }), ws.Tokens.Want,
		func(k purse.TokenHash, a *args) { a.text(string(k)) },
		func(r row) { t := readToken(r); ws.Tokens.Load(t.Hash, t) })
	loadName := func(r row) {
		u := readUser(r)
		ws.Users.Load(u.ID, u)
		ws.Usernames.Load(folded(u), u.ID)
	}
	want(x, loadUser, each(tasks, func(n *purse.Needs) []purse.UserID { return n.Users }), ws.Users.Want,
		func(k purse.UserID, a *args) { a.int(int64(k)) }, func(r row) { u := readUser(r); ws.Users.Load(u.ID, u) })
	want(x, loadUserNamed, each(tasks, func(n *purse.Needs) []string { return n.Usernames }), ws.Usernames.Want,
		func(k string, a *args) { a.text(k) }, loadName)
	want(x, loadAccount, each(tasks, func(n *purse.Needs) []ledger.AccountID { return n.Accounts }), ws.Accounts.Want,
		func(k ledger.AccountID, a *args) { a.int(b).int(int64(k)) },
		func(r row) { v := readAccount(r); ws.Accounts.Load(v.ID, v) })
	want(x, loadSpent, each(tasks, func(n *purse.Needs) []ledger.AccountID { return n.Spent }), ws.WantSpent,
		func(k ledger.AccountID, a *args) { a.int(b).int(int64(k)).int(spentSince) },
		func(r row) {
			k := purse.SpentKey{Account: ledger.AccountID(r.int()), Hour: r.int()}
			ws.LoadSpent(k, r.int())
		})
	want(x, loadPayment, each(tasks, func(n *purse.Needs) []purse.PaymentID { return n.Payments }), ws.Payments.Want,
		func(k purse.PaymentID, a *args) { a.int(b).int(int64(k)) },
		func(r row) { p := readPayment(r); ws.Payments.Load(p.ID, p) })
	want(x, loadEntry, each(tasks, func(n *purse.Needs) []purse.EntryID { return n.Entries }), ws.Entries.Want,
		func(k purse.EntryID, a *args) { a.int(b).int(int64(k)) },
		func(r row) { e := readEntry(r); ws.Entries.Load(e.ID, e) })
	want(x, loadHold, each(tasks, func(n *purse.Needs) []ledger.TransferID { return n.Holds }), ws.Holds.Want,
		func(k ledger.TransferID, a *args) { a.int(b).int(int64(k)) },
		func(r row) { ws.LoadHold(readHold(r)) })
	want(x, loadOpenHolds, each(tasks, func(n *purse.Needs) []ledger.Cause { return n.OpenHolds }), ws.WantOpenHolds,
		func(k ledger.Cause, a *args) { a.int(b).text(string(k.Kind)).int(k.ID) },
		func(r row) { ws.LoadHold(readHold(r)) })
	want(x, loadOnce, each(tasks, func(n *purse.Needs) []purse.OnceKey { return n.Once }), ws.Once.Want,
		func(k purse.OnceKey, a *args) { a.int(b).int(k.Principal.ID).int(int64(k.Principal.App)).text(k.Key) },
		func(r row) { s := readOnce(r); ws.Once.Load(s.OnceKey, s) })
}

// each yields one kind of need of every task.
func each[K any](tasks []*task, of func(*purse.Needs) []K) iter.Seq[K] {
	return func(yield func(K) bool) {
		for _, t := range tasks {
			for _, k := range of(&t.needs) {
				if !yield(k) {
					return
				}
			}
		}
	}
}

// put adds the storing of rows.
func put[K comparable, V any](x *exchange, st *statement, book purse.BookID, rows iter.Seq2[K, V], pack func(purse.BookID, V, *args)) {
	var a *args
	for _, v := range rows {
		if a == nil {
			a = newArgs(st)
		}
		pack(book, v, a)
	}
	if a != nil {
		*x = append(*x, step{st: st, args: a, counted: true})
	}
}

// save adds the storing of everything that commands have changed, the batch's
// own row and the head.
func (x *exchange) save(ws *purse.WorkingSet) (batch, nonce int64) {
	b := ws.Book.ID
	unchanging(ws.Users.Updated(), "users")
	unchanging(ws.Payments.Updated(), "payments")
	unchanging(ws.Entries.Updated(), "entries")
	unchanging(ws.Once.Updated(), "once")
	put(x, insertUser, b, ws.Users.Added(), packUser)
	put(x, insertToken, b, ws.Tokens.Added(), packToken)
	put(x, updateToken, b, ws.Tokens.Updated(), packTokenChange)
	put(x, insertAccount, b, ws.Accounts.Added(), packAccount)
	put(x, updateAccount, b, ws.Accounts.Updated(), packAccountChange)
	put(x, insertPayment, b, ws.Payments.Added(), packPayment)
	put(x, insertEntry, b, ws.Entries.Added(), packEntry)
	put(x, insertHold, b, ws.Holds.Added(), packHold)
	put(x, updateHold, b, ws.Holds.Updated(), packHoldChange)
	put(x, insertPosting, b, logged(ws.Postings.All()), packPosting)
	put(x, insertEvent, b, logged(ws.Events.All()), packEvent)
	put(x, insertAction, b, logged(ws.Actions.All()), packAction)
	put(x, insertOnce, b, ws.Once.Added(), packOnce)
	x.saveSpent(insertSpent, b, ws.Spent.Added())
	x.saveSpent(updateSpent, b, ws.Spent.Updated())

	batch, nonce = ws.NextID(), rand.Int64()
	*x = append(*x,
		step{st: insertBatch, args: newArgs(insertBatch).int(int64(b)).int(batch).int(nonce), counted: true},
		step{st: updateHead, args: newArgs(updateHead).int(int64(b)).int(int64(ws.Last)).
			int(ws.Book.Limits.PaymentMinor).int(ws.Book.Limits.WeekMinor).int(ws.Book.ClockOffset), counted: true})
	return batch, nonce
}

// unchanging stops a command that changes a row of a table whose rows never
// change: without it the change would be lost in silence.
func unchanging[K comparable, V any](rows iter.Seq2[K, V], table string) {
	for k := range rows {
		panic(fmt.Sprintf("store: row %v of %s was changed", k, table))
	}
}

func (x *exchange) saveSpent(st *statement, book purse.BookID, rows iter.Seq2[purse.SpentKey, int64]) {
	a := newArgs(st)
	for k, minor := range rows {
		a.int(int64(book)).int(int64(k.Account)).int(k.Hour).int(minor)
	}
	if a.rows > 0 {
		*x = append(*x, step{st: st, args: a, counted: true})
	}
}

// logged makes a slice look like rows with keys.
func logged[V any](rows []V) iter.Seq2[int, V] {
	return func(yield func(int, V) bool) {
		for i, v := range rows {
			if !yield(i, v) {
				return
			}
		}
	}
}
