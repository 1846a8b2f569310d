package store

import "purse"

// Agreements of consumers with merchants, what merchants know them by, and the
// merchants' own records of them.

const mandateColumns = `merchant, consumer, id, person, since, revoked, ends, cap_payment, cap_month, month, spent, used, version`

var loadMandate = &statement{`select ` + mandateColumns + `
from mandates where book = $1 and merchant = $2 and consumer = $3`, "iit"}

var listMandatesOf = &statement{`select ` + mandateColumns + `
from mandates where book = $1 and person = $2 order by (revoked > 0), id desc limit $3`, "iii"}

func readMandate(r row) purse.Mandate {
	m := purse.Mandate{
		MandateKey: purse.MandateKey{Merchant: purse.MerchantID(r.int()), Consumer: r.text()}, ID: purse.MandateID(r.int()),
		Person: purse.UserID(r.int()), Since: purse.Time(r.int()), Revoked: purse.Time(r.int()), Ends: purse.Time(r.int()),
		CapPayment: r.int(), CapMonth: r.int(), Month: r.int(), Spent: r.int(),
	}
	m.Used, m.Version = purse.Time(r.int()), r.int()
	return m
}

var insertMandate = &statement{`insert into mandates (book, ` + mandateColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, "iitiiiiiiiiiii"}

func packMandate(book purse.BookID, v purse.Mandate, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).text(v.Consumer).int(int64(v.ID))
	packAgreed(v, a)
}

var updateMandate = &statement{`update mandates set person = $4, since = $5, revoked = $6, ends = $7,
	cap_payment = $8, cap_month = $9, month = $10, spent = $11, used = $12, version = $13
where book = $1 and merchant = $2 and consumer = $3`, "iitiiiiiiiiii"}

func packMandateChange(book purse.BookID, v purse.Mandate, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).text(v.Consumer)
	packAgreed(v, a)
}

// packAgreed packs the columns that change.
func packAgreed(v purse.Mandate, a *args) {
	a.int(int64(v.Person)).int(int64(v.Since)).int(int64(v.Revoked)).int(int64(v.Ends)).int(v.CapPayment).int(v.CapMonth)
	a.int(v.Month).int(v.Spent).int(int64(v.Used)).int(v.Version)
}

const consumerColumns = `merchant, person, number, email, since, linked`

var loadConsumer = &statement{`select ` + consumerColumns + `
from consumers where book = $1 and merchant = $2 and person = $3`, "iii"}

var loadConsumerNumbered = &statement{`select ` + consumerColumns + `
from consumers where book + 0 = $1 and merchant = $2 and number = $3`, "iii"}

func readConsumer(r row) purse.Consumer {
	return purse.Consumer{
		ConsumerKey: purse.ConsumerKey{Merchant: purse.MerchantID(r.int()), Person: purse.UserID(r.int())},
		Number:      r.int(), Email: r.text(), Since: purse.Time(r.int()), Linked: purse.Time(r.int()),
	}
}

var insertConsumer = &statement{`insert into consumers (book, ` + consumerColumns + `)
values ($1, $2, $3, $4, $5, $6, $7)`, "iiiitii"}

func packConsumer(book purse.BookID, v purse.Consumer, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).int(int64(v.Person)).int(v.Number).text(v.Email).int(int64(v.Since)).int(int64(v.Linked))
}

var updateConsumer = &statement{`update consumers set email = $4, linked = $5
where book = $1 and merchant = $2 and person = $3`, "iiiti"}

func packConsumerChange(book purse.BookID, v purse.Consumer, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).int(int64(v.Person)).text(v.Email).int(int64(v.Linked))
}

const customerColumns = `merchant, id, ref, token, document, changed, deleted`

var loadCustomer = &statement{`select ` + customerColumns + `
from customers where book = $1 and merchant = $2 and id = $3`, "iii"}

var loadCustomerReferenced = &statement{`select ` + customerColumns + `
from customers
where book + 0 = $1 and merchant = $2 and ref = $3 and deleted < 1`, "iit"}

func readCustomer(r row) purse.Customer {
	return purse.Customer{
		CustomerKey: purse.CustomerKey{Merchant: purse.MerchantID(r.int()), ID: purse.CustomerID(r.int())},
		Ref:         r.text(), Token: r.text(), Document: r.text(), Changed: purse.Time(r.int()), Deleted: purse.Time(r.int()),
	}
}

var insertCustomer = &statement{`insert into customers (book, ` + customerColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8)`, "iiitttii"}

func packCustomer(book purse.BookID, v purse.Customer, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).int(int64(v.ID)).text(v.Ref).text(v.Token).text(v.Document)
	a.int(int64(v.Changed)).int(int64(v.Deleted))
}

var updateCustomer = &statement{`update customers set ref = $4, document = $5, changed = $6, deleted = $7
where book = $1 and merchant = $2 and id = $3`, "iiittii"}

func packCustomerChange(book purse.BookID, v purse.Customer, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).int(int64(v.ID)).text(v.Ref).text(v.Document).int(int64(v.Changed)).int(int64(v.Deleted))
}

var loadCursor = &statement{`select name, at
from cursors where book = $1 and name = $2`, "it"}

func readCursor(r row) purse.Cursor { return purse.Cursor{Name: r.text(), At: r.int()} }

var insertCursor = &statement{`insert into cursors (book, name, at)
values ($1, $2, $3)`, "iti"}

var updateCursor = &statement{`update cursors set at = $3
where book = $1 and name = $2`, "iti"}

func packCursor(book purse.BookID, v purse.Cursor, a *args) {
	a.int(int64(book)).text(v.Name).int(v.At)
}

// The news: all of them, and those of some kinds up to the one that a page of all
// ends with. The postings of an account, newest first.
var (
	lastEvent = &statement{`select coalesce(max(id), 0)
from (select id from events where book = $1 and id > $2 order by id limit $3) c`, "iii"}
	listNews = &statement{`select id, kind, subject, seq, snapshot
from events where book = $1 and id > $2 and id <= $3 and $4 like '% ' || kind || ' %' order by id`, "iiit"}
	listEvents = &statement{`select id, kind, subject, seq, snapshot
from events where book = $1 and id > $2 order by id limit $3`, "iii"}
	listPostings = &statement{`select account, number, transfer, kind, debit, other, other_number, minor, hold, cause_kind, cause,
	debits_posted, debits_held, credits_posted, credits_held
from postings where book = $1 and account = $2 and number < $3 order by number desc limit $4`, "iiii"}
)
