package store

import "purse"

// Apps, and what people have let them do.

const appColumns = `id, name, medium, created, owner, secret, redirects, implicit, day_cap, closed`

var loadApp = &statement{`select ` + appColumns + `
from apps where id = $1`, "i"}

var listAppsOf = &statement{`select ` + appColumns + `
from apps where owner = $1 and closed < 1 order by id limit 50`, "i"}

func readApp(r row) purse.App {
	return purse.App{
		ID: purse.AppID(r.int()), Name: r.text(), Medium: purse.Medium(r.text()), Created: purse.Time(r.int()),
		Owner: purse.UserID(r.int()), Secret: r.text(), Redirects: r.text(), Implicit: r.int() == 1,
		DayCap: r.int(), Closed: purse.Time(r.int()),
	}
}

var insertApp = &statement{`insert into apps (` + appColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, "ittiittiii"}

func packApp(_ purse.BookID, v purse.App, a *args) {
	a.int(int64(v.ID)).text(v.Name).text(string(v.Medium)).int(int64(v.Created)).int(int64(v.Owner))
	packAppTerms(v, a)
}

func packAppTerms(v purse.App, a *args) {
	a.text(v.Secret).text(v.Redirects).bool(v.Implicit).int(v.DayCap).int(int64(v.Closed))
}

var updateApp = &statement{`update apps set name = $2, secret = $3, redirects = $4, implicit = $5, day_cap = $6, closed = $7
where id = $1`, "itttiii"}

func packAppChange(_ purse.BookID, v purse.App, a *args) {
	a.int(int64(v.ID)).text(v.Name)
	packAppTerms(v, a)
}

// Tokens.

const tokenColumns = `hash, id, user_id, app, book, scopes, expires, revoked, grant_id`

var loadToken = &statement{`select ` + tokenColumns + `
from tokens where hash = $1`, "t"}

// loadTokenAt also reads the book time at which the token is read, and when its
// app was closed.
func loadTokenAt(clock string) *statement {
	return &statement{`select ` + tokenColumns + `, ` + clock + ` + (select clock_offset from heads where heads.book = tokens.book),
	coalesce((select closed from apps where apps.id = tokens.app), 0)
from tokens where hash = $1`, "t"}
}

func readToken(r row) purse.Token {
	return purse.Token{
		Hash: purse.TokenHash(r.text()), ID: purse.TokenID(r.int()), User: purse.UserID(r.int()), App: purse.AppID(r.int()),
		Book: purse.BookID(r.int()), Scopes: purse.Scopes(r.text()), Expires: purse.Time(r.int()), Revoked: purse.Time(r.int()),
		Grant: purse.GrantID(r.int()),
	}
}

var insertToken = &statement{`insert into tokens (` + tokenColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, "tiiiitiii"}

func packToken(_ purse.BookID, v purse.Token, a *args) {
	a.text(string(v.Hash)).int(int64(v.ID)).int(int64(v.User)).int(int64(v.App)).int(int64(v.Book))
	a.text(string(v.Scopes)).int(int64(v.Expires)).int(int64(v.Revoked)).int(int64(v.Grant))
}

var updateToken = &statement{`update tokens set scopes = $2, expires = $3, revoked = $4
where hash = $1 and revoked < 1`, "ttii"} // < and not =: see ADR 3

func packTokenChange(_ purse.BookID, v purse.Token, a *args) {
	a.text(string(v.Hash)).text(string(v.Scopes)).int(int64(v.Expires)).int(int64(v.Revoked))
}

// Grants.

const grantColumns = `id, person, app, scopes, access, refresh, created, used, revoked`

var loadGrant = &statement{`select ` + grantColumns + `
from grants where id = $1`, "i"}

var loadGrantsOf = &statement{`select ` + grantColumns + `
from grants where person = $1 and app = $2 and revoked < 1 order by id limit 50`, "ii"}

var listGrantsOf = &statement{`select ` + grantColumns + `
from grants where person = $1 and revoked < 1 order by app, id limit 1000`, "i"}

func readGrant(r row) purse.Grant {
	return purse.Grant{
		ID: purse.GrantID(r.int()), Person: purse.UserID(r.int()), App: purse.AppID(r.int()), Scopes: purse.Scopes(r.text()),
		Access: purse.TokenHash(r.text()), Refresh: purse.TicketHash(r.text()),
		Created: purse.Time(r.int()), Used: purse.Time(r.int()), Revoked: purse.Time(r.int()),
	}
}

var insertGrant = &statement{`insert into grants (` + grantColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, "iiitttiii"}

func packGrant(_ purse.BookID, v purse.Grant, a *args) {
	a.int(int64(v.ID)).int(int64(v.Person)).int(int64(v.App)).text(string(v.Scopes)).text(string(v.Access)).text(string(v.Refresh))
	a.int(int64(v.Created)).int(int64(v.Used)).int(int64(v.Revoked))
}

var updateGrant = &statement{`update grants set scopes = $2, access = $3, refresh = $4, used = $5, revoked = $6
where id = $1`, "itttii"}

func packGrantChange(_ purse.BookID, v purse.Grant, a *args) {
	a.int(int64(v.ID)).text(string(v.Scopes)).text(string(v.Access)).text(string(v.Refresh)).int(int64(v.Used)).int(int64(v.Revoked))
}

// Allowances: what apps, and trusted friends' charges, may take out of wallets.

const allowanceColumns = `person, grantee, cap, day, spent`

var loadAllowance = &statement{`select ` + allowanceColumns + `
from allowances where book = $1 and person = $2 and grantee = $3`, "iii"}

func readAllowance(r row) purse.Allowance {
	return purse.Allowance{
		AllowanceKey: purse.AllowanceKey{Person: purse.UserID(r.int()), Grantee: r.int()}, Cap: r.int(), Day: r.int(), Spent: r.int(),
	}
}

var insertAllowance = &statement{`insert into allowances (book, ` + allowanceColumns + `)
values ($1, $2, $3, $4, $5, $6)`, "iiiiii"}

var updateAllowance = &statement{`update allowances set cap = $4, day = $5, spent = $6
where book = $1 and person = $2 and grantee = $3`, "iiiiii"}

func packAllowance(book purse.BookID, v purse.Allowance, a *args) {
	a.int(int64(book)).int(int64(v.Person)).int(v.Grantee).int(v.Cap).int(v.Day).int(v.Spent)
}
