package store

import "purse"

// People.

const userColumns = `id, book, username, first_name, last_name, about, joined, audience, hides_friends, friends, wary, closed`

var loadUser = &statement{`select ` + userColumns + `
from users where id = $1`, "i"}

var loadUserNamed = &statement{`select ` + userColumns + `
from users where folded = $1`, "t"}

func readUser(r row) purse.User {
	return purse.User{
		ID: purse.UserID(r.int()), Book: purse.BookID(r.int()), Username: r.text(),
		FirstName: r.text(), LastName: r.text(), About: r.text(), Joined: purse.Time(r.int()),
		Audience: purse.Audience(r.text()), HidesFriends: r.int() == 1, Friends: r.int(), Wary: r.int() == 1, Closed: purse.Time(r.int()),
	}
}

var insertUser = &statement{`insert into users (folded, ` + userColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, "tiittttitiiii"}

func packUser(_ purse.BookID, v purse.User, a *args) {
	a.text(folded(v)).int(int64(v.ID)).int(int64(v.Book)).text(v.Username)
	a.text(v.FirstName).text(v.LastName).text(v.About).int(int64(v.Joined))
	packChoices(v, a)
}

func packChoices(v purse.User, a *args) {
	a.text(string(v.Audience)).bool(v.HidesFriends).int(v.Friends).bool(v.Wary).int(int64(v.Closed))
}

var updateUser = &statement{`update users set folded = $2, username = $3, first_name = $4, last_name = $5, about = $6,
	audience = $7, hides_friends = $8, friends = $9, wary = $10, closed = $11
where id = $1`, "ittttttiiii"}

func packUserChange(_ purse.BookID, v purse.User, a *args) {
	a.int(int64(v.ID)).text(folded(v)).text(v.Username).text(v.FirstName).text(v.LastName).text(v.About)
	packChoices(v, a)
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

var loadAddress = &statement{`select ` + addressColumns + `
from addresses where kind = $1 and address = $2`, "tt"}

const addressColumns = `kind, address, owner, since, claimed`

// Books share the rows that they look at; the directory, which gives them owners,
// takes them for itself, before it writes anything, so that the two never wait for
// each other in a circle.
var (
	shareAddress = &statement{loadAddress.text + " for share", "tt"}
	lockAddress  = &statement{loadAddress.text + " for update", "tt"}
)

func readAddress(r row) purse.AddressOwner {
	return purse.AddressOwner{
		Address: purse.Address{Kind: purse.AddressKind(r.text()), Text: r.text()},
		Owner:   purse.UserID(r.int()), Since: purse.Time(r.int()), Claimed: purse.Time(r.int()),
	}
}

var insertAddress = &statement{`insert into addresses (` + addressColumns + `)
values ($1, $2, $3, $4, $5)`, "ttiii"}

var updateAddress = &statement{`update addresses set owner = $3, since = $4, claimed = $5
where kind = $1 and address = $2`, "ttiii"}

func packAddress(_ purse.BookID, v purse.AddressOwner, a *args) {
	a.text(string(v.Kind)).text(v.Text).int(int64(v.Owner)).int(int64(v.Since)).int(int64(v.Claimed))
}

// listUnclaimed finds the addresses that the sweep looks at.
var listUnclaimed = &statement{`select ` + addressColumns + `
from addresses where owner > 0 and claimed < 1 order by kind, address limit $1`, "i"}

// Usernames that were given up, and the words by which people are found.

var loadOldUsername = &statement{`select folded, owner, until
from old_usernames where folded = $1`, "t"}

func readOldUsername(r row) purse.OldUsername {
	return purse.OldUsername{Folded: r.text(), Owner: purse.UserID(r.int()), Until: purse.Time(r.int())}
}

var insertOldUsername = &statement{`insert into old_usernames (folded, owner, until)
values ($1, $2, $3)`, "tii"}

var updateOldUsername = &statement{`update old_usernames set owner = $2, until = $3
where folded = $1`, "tii"}

func packOldUsername(_ purse.BookID, v purse.OldUsername, a *args) {
	a.text(v.Folded).int(int64(v.Owner)).int(int64(v.Until))
}

var insertWord = &statement{`insert into user_words (word, person)
values ($1, $2)`, "ti"}

var deleteWord = &statement{`delete from user_words
where word = $1 and person = $2`, "ti"}

func packWord(_ purse.BookID, v purse.UserWord, a *args) { a.text(v.Word).int(int64(v.Person)) }

// findUsers looks for the words of one beginning: $2 is just behind the last of
// them. Somebody of whom several words are found is found several times.
var findUsers = &statement{`select person
from user_words where word >= $1 and word < $2 order by word, person limit $3`, "tti"}

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
