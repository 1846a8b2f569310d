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

// Addresses. A command of a book that loads one holds it until it has committed,
// so that nobody becomes its owner meanwhile.

var loadAddress = &statement{`select kind, address, owner, since
from addresses where kind = $1 and address = $2`, "tt"}

var shareAddress = &statement{loadAddress.text + " for share", "tt"}

func readAddress(r row) purse.AddressOwner {
	return purse.AddressOwner{
		Address: purse.Address{Kind: purse.AddressKind(r.text()), Text: r.text()},
		Owner:   purse.UserID(r.int()), Since: purse.Time(r.int()),
	}
}

var insertAddress = &statement{`insert into addresses (kind, address, owner, since)
values ($1, $2, $3, $4)`, "ttii"}

var updateAddress = &statement{`update addresses set owner = $3, since = $4
where kind = $1 and address = $2`, "ttii"}

func packAddress(_ purse.BookID, v purse.AddressOwner, a *args) {
	a.text(string(v.Kind)).text(v.Text).int(int64(v.Owner)).int(int64(v.Since))
}

// Introductions.

const introductionColumns = `person, kind, address, at`

var loadIntroduction = &statement{`select ` + introductionColumns + `
from introductions
where book = $1 and person = $2 and kind = $3 and address = $4`, "iitt"}

var loadIntroduced = &statement{`select ` + introductionColumns + `
from introductions where book = $1 and person = $2 order by at desc limit 20`, "ii"}

func readIntroduction(r row) purse.Introduction {
	return purse.Introduction{
		IntroductionKey: purse.IntroductionKey{
			Person: purse.UserID(r.int()), Address: purse.Address{Kind: purse.AddressKind(r.text()), Text: r.text()},
		},
		At: purse.Time(r.int()),
	}
}

var insertIntroduction = &statement{`insert into introductions (book, ` + introductionColumns + `)
values ($1, $2, $3, $4, $5)`, "iitti"}

func packIntroduction(book purse.BookID, v purse.Introduction, a *args) {
	a.int(int64(book)).int(int64(v.Person)).text(string(v.Kind)).text(v.Text).int(int64(v.At))
}

// Apps.

var loadApp = &statement{`select id, name, medium, created
from apps where id = $1`, "i"}

func readApp(r row) purse.App {
	return purse.App{ID: purse.AppID(r.int()), Name: r.text(), Medium: purse.Medium(r.text()), Created: purse.Time(r.int())}
}

var insertApp = &statement{`insert into apps (id, name, medium, created)
values ($1, $2, $3, $4)`, "itti"}

func packApp(_ purse.BookID, v purse.App, a *args) {
	a.int(int64(v.ID)).text(v.Name).text(string(v.Medium)).int(int64(v.Created))
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
