package store

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

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
// first hour of the counters that are loaded, shared the statement that loads an
// address, d what is remembered of the directory.
func (x *exchange) load(book purse.BookID, ws *purse.WorkingSet, d *directory, tasks []*task, spentSince int64, shared *statement) {
	b := int64(book)
	want(x, loadToken, each(tasks, func(n *purse.Needs) []purse.TokenHash { return n.Tokens }),
		func(k purse.TokenHash) bool { return ws.Tokens.Want(k) && !d.memory.tokens.take(k, ws.Tokens.Load) },
		func(k purse.TokenHash, a *args) { a.text(string(k)) }, d.readToken(ws))
	loadName := func(r row) {
		u := readUser(r)
		ws.Users.Load(u.ID, u)
		ws.Usernames.Load(folded(u), u.ID)
	}
	want(x, loadUser, each(tasks, func(n *purse.Needs) []purse.UserID { return n.Users }),
		func(k purse.UserID) bool { return ws.Users.Want(k) && !d.memory.users.take(k, ws.Users.Load) },
		func(k purse.UserID, a *args) { a.int(int64(k)) }, d.readUser(ws))
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
	want(x, loadPendingTo, each(tasks, func(n *purse.Needs) []purse.Address { return n.PendingTo }), ws.WantPendingTo,
		func(k purse.Address, a *args) { a.int(b).text(string(k.Kind)).text(k.Text) },
		func(r row) { ws.LoadPendingTo(readPayment(r)) })
	want(x, loadWaiting, each(tasks, func(n *purse.Needs) []purse.UserID { return n.Waiting }), ws.WantWaiting,
		func(k purse.UserID, a *args) { a.int(b).int(int64(k)) },
		func(r row) { ws.LoadWaiting(readPayment(r)) })
	want(x, loadAllowance, each(tasks, func(n *purse.Needs) []purse.AllowanceKey { return n.Allowances }), ws.Allowances.Want,
		func(k purse.AllowanceKey, a *args) { a.int(b).int(int64(k.Person)).int(k.Grantee) },
		func(r row) { v := readAllowance(r); ws.Allowances.Load(v.AllowanceKey, v) })
	x.loadDirectory(book, ws, tasks, shared)
	x.loadPeople(ws, tasks)
	x.loadGrants(ws, tasks)
	x.loadMerchants(book, ws, d, tasks)
}

// loadPeople adds what is known of people besides their names. A username that
// was given up is looked for after those who have one now: whoever gives one up
// meanwhile is found in either place.
func (x *exchange) loadPeople(ws *purse.WorkingSet, tasks []*task) {
	want(x, loadOldUsername, each(tasks, func(n *purse.Needs) []string { return n.OldUsernames }), ws.OldUsernames.Want,
		func(k string, a *args) { a.text(k) },
		func(r row) { v := readOldUsername(r); ws.OldUsernames.Load(v.Folded, v) })
	want(x, loadCredentials, each(tasks, func(n *purse.Needs) []purse.UserID { return n.Credentials }), ws.Credentials.Want,
		func(k purse.UserID, a *args) { a.int(int64(k)) },
		func(r row) { v := readCredentials(r); ws.Credentials.Load(v.Person, v) })
	oneContact := func(r row) { ws.LoadContact(readContact(r)) }
	want(x, loadContact, each(tasks, func(n *purse.Needs) []purse.ContactKey { return n.Contacts }), ws.Contacts.Want,
		func(k purse.ContactKey, a *args) { packContactKey(0, k, a) }, oneContact)
	want(x, loadContactsOf, each(tasks, func(n *purse.Needs) []purse.UserID { return n.ContactsOf }), ws.WantContacts,
		func(k purse.UserID, a *args) { a.int(int64(k)) }, oneContact)
	oneSession := func(r row) { ws.LoadSession(readSession(r)) }
	want(x, loadSession, each(tasks, func(n *purse.Needs) []purse.SessionHash { return n.Sessions }), ws.Sessions.Want,
		func(k purse.SessionHash, a *args) { a.text(string(k)) }, oneSession)
	want(x, loadSessionsOf, each(tasks, func(n *purse.Needs) []purse.UserID { return n.SessionsOf }), ws.WantSessions,
		func(k purse.UserID, a *args) { a.int(int64(k)) }, oneSession)
	want(x, loadTicket, each(tasks, func(n *purse.Needs) []purse.TicketHash { return n.Tickets }), ws.Tickets.Want,
		func(k purse.TicketHash, a *args) { a.text(string(k)) },
		func(r row) { v := readTicket(r); ws.Tickets.Load(v.Hash, v) })
	want(x, loadTie, each(tasks, func(n *purse.Needs) []purse.TieKey { return n.Ties }), ws.Ties.Want,
		func(k purse.TieKey, a *args) { packTieKey(0, k, a) },
		func(r row) { v := readTie(r); ws.Ties.Load(v.TieKey, v) })
}

// loadGrants adds what people have let apps do.
func (x *exchange) loadGrants(ws *purse.WorkingSet, tasks []*task) {
	one := func(r row) { ws.LoadGrant(readGrant(r)) }
	want(x, loadGrant, each(tasks, func(n *purse.Needs) []purse.GrantID { return n.Grants }), ws.Grants.Want,
		func(k purse.GrantID, a *args) { a.int(int64(k)) }, one)
	want(x, loadGrantsOf, each(tasks, func(n *purse.Needs) []purse.GrantsKey { return n.GrantsOf }), ws.WantGrants,
		func(k purse.GrantsKey, a *args) { a.int(int64(k.Person)).int(int64(k.App)) }, one)
}

// loadDirectory adds what few commands need of the directory. shared is the
// statement that loads an address.
func (x *exchange) loadDirectory(book purse.BookID, ws *purse.WorkingSet, tasks []*task, shared *statement) {
	b := int64(book)
	oneApp := func(r row) { ws.LoadApp(readApp(r)) }
	want(x, loadApp, each(tasks, func(n *purse.Needs) []purse.AppID { return n.Apps }), ws.Apps.Want,
		func(k purse.AppID, a *args) { a.int(int64(k)) }, oneApp)
	want(x, listAppsOf, each(tasks, func(n *purse.Needs) []purse.UserID { return n.AppsOf }), ws.WantApps,
		func(k purse.UserID, a *args) { a.int(int64(k)) }, oneApp)
	// In one order, as all that locks rows of the directory.
	addresses := slices.SortedFunc(each(tasks, func(n *purse.Needs) []purse.Address { return n.Addresses }), purse.CompareAddresses)
	want(x, shared, slices.Values(addresses), ws.Addresses.Want,
		func(k purse.Address, a *args) { a.text(string(k.Kind)).text(k.Text) },
		func(r row) { v := readAddress(r); ws.Addresses.Load(v.Address, v) })
	loadOne := func(r row) { ws.LoadIntroduction(readIntroduction(r)) }
	want(x, loadIntroduction, each(tasks, func(n *purse.Needs) []purse.IntroductionKey { return n.Introductions }), ws.Introductions.Want,
		func(k purse.IntroductionKey, a *args) {
			a.int(b).int(int64(k.Person)).text(string(k.Kind)).text(k.Text)
		}, loadOne)
	want(x, loadIntroduced, each(tasks, func(n *purse.Needs) []purse.UserID { return n.Introduced }), ws.WantIntroduced,
		func(k purse.UserID, a *args) { a.int(b).int(int64(k)) }, loadOne)
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
	unchanging(ws.Introductions.Updated(), "introductions")
	unchanging(ws.Entries.Updated(), "entries")
	unchanging(ws.Once.Updated(), "once")
	put(x, insertUser, b, ws.Users.Added(), packUser)
	put(x, insertToken, b, ws.Tokens.Added(), packToken)
	if b != purse.Directory { // see remembered
		unchanging(ws.Tokens.Updated(), "tokens, outside the directory,")
		unchanging(ws.Users.Updated(), "users, outside the directory,")
		unchanging(ws.APIKeys.Updated(), "API keys, outside the directory,")
		unchanging(ws.Merchants.Updated(), "merchants, outside the directory,")
	}
	put(x, updateUser, b, ws.Users.Updated(), packUserChange)
	put(x, updateToken, b, ws.Tokens.Updated(), packTokenChange)
	put(x, insertAccount, b, ws.Accounts.Added(), packAccount)
	put(x, updateAccount, b, ws.Accounts.Updated(), packAccountChange)
	put(x, insertAddress, b, sortedAddresses(ws.Addresses.Added()), packAddress)
	put(x, updateAddress, b, ws.Addresses.Updated(), packAddress)
	x.savePeople(ws)
	x.saveMerchants(ws)
	put(x, insertPayment, b, ws.Payments.Added(), packPayment)
	put(x, updatePayment, b, ws.Payments.Updated(), packPaymentChange)
	put(x, insertParty, b, partiesOf(ws), packParty)
	put(x, updateParty, b, ws.Parties.Updated(), packPartyChange)
	put(x, insertIntroduction, b, ws.Introductions.Added(), packIntroduction)
	put(x, insertAllowance, b, ws.Allowances.Added(), packAllowance)
	put(x, updateAllowance, b, ws.Allowances.Updated(), packAllowance)
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
	head := newArgs(updateHead).int(int64(b))
	packHead(ws.Book, ws.Last, head)
	*x = append(*x,
		step{st: insertBatch, args: newArgs(insertBatch).int(int64(b)).int(batch).int(nonce), counted: true},
		step{st: updateHead, args: head, counted: true})
	return batch, nonce
}

// savePeople adds the storing of what is known of people besides their names, and
// of apps.
func (x *exchange) savePeople(ws *purse.WorkingSet) {
	b := ws.Book.ID
	x.deleteWords(ws)
	put(x, insertWord, b, ws.Words.Added(), packWord)
	put(x, insertOldUsername, b, ws.OldUsernames.Added(), packOldUsername)
	put(x, updateOldUsername, b, ws.OldUsernames.Updated(), packOldUsername)
	put(x, insertCredentials, b, ws.Credentials.Added(), packCredentials)
	put(x, updateCredentials, b, ws.Credentials.Updated(), packCredentials)
	put(x, insertContact, b, ws.Contacts.Added(), packContact)
	put(x, updateContact, b, ws.Contacts.Updated(), packContactChange)
	put(x, deleteContact, b, keysOf(ws.Contacts.Removed()), packContactKey)
	put(x, insertSession, b, ws.Sessions.Added(), packSession)
	put(x, updateSession, b, ws.Sessions.Updated(), packSessionChange)
	put(x, insertTicket, b, ws.Tickets.Added(), packTicket)
	put(x, updateTicket, b, ws.Tickets.Updated(), packTicketChange)
	put(x, insertTie, b, ws.Ties.Added(), packTie)
	put(x, updateTie, b, ws.Ties.Updated(), packTie)
	put(x, deleteTie, b, keysOf(ws.Ties.Removed()), packTieKey)
	put(x, insertApp, b, ws.Apps.Added(), packApp)
	put(x, updateApp, b, ws.Apps.Updated(), packAppChange)
	put(x, insertGrant, b, ws.Grants.Added(), packGrant)
	put(x, updateGrant, b, ws.Grants.Updated(), packGrantChange)
}

// deleteWords does not count the rows: of those who were here before the table was,
// the names are not in it.
func (x *exchange) deleteWords(ws *purse.WorkingSet) {
	a := newArgs(deleteWord)
	for w := range ws.Words.Removed() {
		packWord(ws.Book.ID, w, a)
	}
	if a.rows > 0 {
		*x = append(*x, step{st: deleteWord, args: a})
	}
}

// keysOf makes the keys of rows look like rows.
func keysOf[K comparable, V any](rows iter.Seq2[K, V]) iter.Seq2[K, K] {
	return func(yield func(K, K) bool) {
		for k := range rows {
			if !yield(k, k) {
				return
			}
		}
	}
}

// sortedAddresses are new rows in the order in which all servers insert them, so
// that two never wait for each other in a circle.
func sortedAddresses(rows iter.Seq2[purse.Address, purse.AddressOwner]) iter.Seq2[int, purse.AddressOwner] {
	var all []purse.AddressOwner
	for _, a := range rows {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b purse.AddressOwner) int { return purse.CompareAddresses(a.Address, b.Address) })
	return logged(all)
}

// unchanging stops a command that changes a row of a table whose rows never
// change: without it the change would be lost in silence.
func unchanging[K comparable, V any](rows iter.Seq2[K, V], table string) {
	for range rows {
		panic(fmt.Sprintf("store: a row of %s was changed", table))
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
