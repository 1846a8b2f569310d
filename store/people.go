package store

import "purse"

// How people sign in, how they can be reached, and what they are to each other.

const credentialColumns = `person, password, changed, totp, confirmed, step, recovery, passkeys, devices`

var loadCredentials = &statement{`select ` + credentialColumns + `
from credentials where person = $1`, "i"}

func readCredentials(r row) purse.Credentials {
	return purse.Credentials{
		Person: purse.UserID(r.int()), Password: r.text(), Changed: purse.Time(r.int()),
		TOTP: r.text(), Confirmed: purse.Time(r.int()), Step: r.int(), Recovery: r.text(), Passkeys: r.text(), Devices: r.text(),
	}
}

var insertCredentials = &statement{`insert into credentials (` + credentialColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, "ititiittt"}

var updateCredentials = &statement{`update credentials set password = $2, changed = $3,
	totp = $4, confirmed = $5, step = $6, recovery = $7, passkeys = $8, devices = $9
where person = $1`, "ititiittt"}

func packCredentials(_ purse.BookID, v purse.Credentials, a *args) {
	a.int(int64(v.Person)).text(v.Password).int(int64(v.Changed)).text(v.TOTP).int(int64(v.Confirmed)).int(v.Step)
	a.text(v.Recovery).text(v.Passkeys).text(v.Devices)
}

// Contacts.

const contactColumns = `person, kind, address, added, verified`

var loadContact = &statement{`select ` + contactColumns + `
from contacts where person = $1 and kind = $2 and address = $3`, "itt"}

var loadContactsOf = &statement{`select ` + contactColumns + `
from contacts where person = $1`, "i"}

func readContact(r row) purse.Contact {
	return purse.Contact{
		ContactKey: purse.ContactKey{Person: purse.UserID(r.int()), Address: purse.Address{Kind: purse.AddressKind(r.text()), Text: r.text()}},
		Added:      purse.Time(r.int()), Verified: purse.Time(r.int()),
	}
}

var insertContact = &statement{`insert into contacts (` + contactColumns + `)
values ($1, $2, $3, $4, $5)`, "ittii"}

func packContact(_ purse.BookID, v purse.Contact, a *args) {
	a.int(int64(v.Person)).text(string(v.Kind)).text(v.Text).int(int64(v.Added)).int(int64(v.Verified))
}

var updateContact = &statement{`update contacts set verified = $4
where person = $1 and kind = $2 and address = $3`, "itti"}

func packContactChange(_ purse.BookID, v purse.Contact, a *args) {
	a.int(int64(v.Person)).text(string(v.Kind)).text(v.Text).int(int64(v.Verified))
}

var deleteContact = &statement{`delete from contacts
where person = $1 and kind = $2 and address = $3`, "itt"}

func packContactKey(_ purse.BookID, k purse.ContactKey, a *args) {
	a.int(int64(k.Person)).text(string(k.Kind)).text(k.Text)
}

// Sessions.

const sessionColumns = `hash, id, person, book, seen, proved, agent, remote, expires, ended`

var loadSession = &statement{`select ` + sessionColumns + `
from sessions where hash = $1`, "t"}

// loadSessionAt also reads the directory's time.
func loadSessionAt(clock string) *statement {
	return &statement{`select ` + sessionColumns + `, ` + clock + ` + (select clock_offset from heads where heads.book = 0)
from sessions where hash = $1`, "t"}
}

var loadSessionsOf = &statement{`select ` + sessionColumns + `
from sessions where person = $1 and ended < 1 order by id limit 100`, "i"}

func readSession(r row) purse.Session {
	return purse.Session{
		Hash: purse.SessionHash(r.text()), ID: purse.SessionID(r.int()), Person: purse.UserID(r.int()), Book: purse.BookID(r.int()),
		Seen: purse.Time(r.int()), Proved: purse.Time(r.int()), Agent: r.text(), Remote: r.text(),
		Expires: purse.Time(r.int()), Ended: purse.Time(r.int()),
	}
}

var insertSession = &statement{`insert into sessions (` + sessionColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, "tiiiiittii"}

func packSession(_ purse.BookID, v purse.Session, a *args) {
	a.text(string(v.Hash)).int(int64(v.ID)).int(int64(v.Person)).int(int64(v.Book)).int(int64(v.Seen)).int(int64(v.Proved))
	a.text(v.Agent).text(v.Remote).int(int64(v.Expires)).int(int64(v.Ended))
}

var updateSession = &statement{`update sessions set seen = $2, proved = $3, expires = $4, ended = $5
where hash = $1`, "tiiii"}

func packSessionChange(_ purse.BookID, v purse.Session, a *args) {
	a.text(string(v.Hash)).int(int64(v.Seen)).int(int64(v.Proved)).int(int64(v.Expires)).int(int64(v.Ended))
}

// Tickets.

const ticketColumns = `hash, kind, person, app, detail, code, tries, expires, used, gave`

var loadTicket = &statement{`select ` + ticketColumns + `
from tickets where hash = $1`, "t"}

// loadTicketAt also reads the directory's time.
func loadTicketAt(clock string) *statement {
	return &statement{`select ` + ticketColumns + `, ` + clock + ` + (select clock_offset from heads where heads.book = 0)
from tickets where hash = $1`, "t"}
}

func readTicket(r row) purse.Ticket {
	return purse.Ticket{
		Hash: purse.TicketHash(r.text()), Kind: purse.TicketKind(r.text()), Person: purse.UserID(r.int()), App: purse.AppID(r.int()),
		Detail: r.text(), Code: r.text(), Tries: r.int(), Expires: purse.Time(r.int()), Used: purse.Time(r.int()), Gave: purse.GrantID(r.int()),
	}
}

var insertTicket = &statement{`insert into tickets (` + ticketColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, "ttiittiiii"}

func packTicket(_ purse.BookID, v purse.Ticket, a *args) {
	a.text(string(v.Hash)).text(string(v.Kind)).int(int64(v.Person)).int(int64(v.App)).text(v.Detail)
	packTicketState(v, a)
}

func packTicketState(v purse.Ticket, a *args) {
	a.text(v.Code).int(v.Tries).int(int64(v.Expires)).int(int64(v.Used)).int(int64(v.Gave))
}

var updateTicket = &statement{`update tickets set code = $2, tries = $3, expires = $4, used = $5, gave = $6
where hash = $1`, "ttiiii"}

func packTicketChange(_ purse.BookID, v purse.Ticket, a *args) {
	a.text(string(v.Hash))
	packTicketState(v, a)
}

// Ties.

const tieColumns = `person, other, state, blocked, since`

var loadTie = &statement{`select ` + tieColumns + `
from ties where person = $1 and other = $2`, "ii"}

func readTie(r row) purse.Tie {
	return purse.Tie{
		TieKey: purse.TieKey{Person: purse.UserID(r.int()), Other: purse.UserID(r.int())},
		State:  purse.TieState(r.text()), Blocked: r.int() == 1, Since: purse.Time(r.int()),
	}
}

var insertTie = &statement{`insert into ties (` + tieColumns + `)
values ($1, $2, $3, $4, $5)`, "iitii"}

var updateTie = &statement{`update ties set state = $3, blocked = $4, since = $5
where person = $1 and other = $2`, "iitii"}

func packTie(_ purse.BookID, v purse.Tie, a *args) {
	a.int(int64(v.Person)).int(int64(v.Other)).text(string(v.State)).bool(v.Blocked).int(int64(v.Since))
}

var deleteTie = &statement{`delete from ties
where person = $1 and other = $2`, "ii"}

func packTieKey(_ purse.BookID, k purse.TieKey, a *args) { a.int(int64(k.Person)).int(int64(k.Other)) }

// Lists of ties. Most ties of a person are friends, so few rows are read in vain.
var (
	listFriends = &statement{`select other
from ties where person = $1 and other > $2 and other < $3 and state = 'friend' order by other limit $4`, "iiii"}
	listFriendsBack = &statement{`select other
from ties where person = $1 and other < $2 and state = 'friend' order by other desc limit $3`, "iii"}
	listTies = &statement{`select ` + tieColumns + `
from ties where person = $1 and (state <> 'friend' or blocked > 0) order by other limit $2`, "ii"}
	listAsking = &statement{`select person
from ties where other = $1 and state = 'asked' order by person limit $2`, "ii"}
)
