package store

import "purse"

// People.

const userColumns = `id, book, username, first_name, last_name, about, joined`

var loadUser = &statement{`select ` + userColumns + `
from users where id = $1`, "i"}

var loadUserNamed = &statement{`select ` + userColumns + `
from users where folded = $1`, "t"}

func readUser(r row) purse.User {
	return purse.User{
		ID: purse.UserID(r.int()), Book: purse.BookID(r.int()), Username: r.text(),
		FirstName: r.text(), LastName: r.text(), About: r.text(), Joined: purse.Time(r.int()),
	}
}

var insertUser = &statement{`insert into users (folded, ` + userColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8)`, "tiitttti"}

func packUser(_ purse.BookID, v purse.User, a *args) {
	a.text(folded(v)).int(int64(v.ID)).int(int64(v.Book)).text(v.Username)
	a.text(v.FirstName).text(v.LastName).text(v.About).int(int64(v.Joined))
}

// folded is the username as it is unique. Only users with good names are put.
func folded(v purse.User) string {
	f, err := purse.Username(v.Username)
	if err != nil {
		panic(err)
	}
	return f
}

// Tokens.

const tokenColumns = `hash, id, user_id, app, book, scopes, expires, revoked`

var loadToken = &statement{`select ` + tokenColumns + `
from tokens where hash = $1`, "t"}

// loadTokenAt also reads the book time at which the token is read.
func loadTokenAt(clock string) *statement {
	return &statement{`select ` + tokenColumns + `, ` + clock + ` + (select clock_offset from heads where heads.book = tokens.book)
from tokens where hash = $1`, "t"}
}

func readToken(r row) purse.Token {
	return purse.Token{
		Hash: purse.TokenHash(r.text()), ID: purse.TokenID(r.int()), User: purse.UserID(r.int()), App: purse.AppID(r.int()),
		Book: purse.BookID(r.int()), Scopes: purse.Scopes(r.text()), Expires: purse.Time(r.int()), Revoked: purse.Time(r.int()),
	}
}

var insertToken = &statement{`insert into tokens (` + tokenColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8)`, "tiiiitii"}

func packToken(_ purse.BookID, v purse.Token, a *args) {
	a.text(string(v.Hash)).int(int64(v.ID)).int(int64(v.User)).int(int64(v.App)).int(int64(v.Book))
	a.text(string(v.Scopes)).int(int64(v.Expires)).int(int64(v.Revoked))
}

var updateToken = &statement{`update tokens set scopes = $2, expires = $3, revoked = $4
where hash = $1 and revoked < 1`, "ttii"} // < and not =: see ADR 3

func packTokenChange(_ purse.BookID, v purse.Token, a *args) {
	a.text(string(v.Hash)).text(string(v.Scopes)).int(int64(v.Expires)).int(int64(v.Revoked))
}
