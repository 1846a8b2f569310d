package store

import (
	"time"

	"purse"
	"purse/ledger"
	"purse/money"
)

// This file is the hot path's SQL: how each table's rows are loaded by the keys
// that commands name, and stored. The order of columns in a text is the order
// in which the function below it reads or packs them.

// Heads.

var loadHead = &statement{`select mode, currency, ` + headColumns + `
from heads where book = $1`, "i"}

var lockHead = &statement{loadHead.text + " for update", "i"}

// loadTime reads the time of a book.
func loadTime(clock string) *statement {
	return &statement{"select " + clock + " + clock_offset from heads where book = $1", "i"}
}

func readBook(id purse.BookID, r row) (purse.Book, purse.Time) {
	b := purse.Book{ID: id, Mode: purse.Mode(r.text()), Currency: money.Currency(r.text())}
	b.Limits.PaymentMinor, b.Limits.WeekMinor = r.int(), r.int()
	b.Terms.Fee.Fixed, b.Terms.Fee.Basis = r.int(), r.int()
	b.Terms.EscrowLife, b.Terms.ChargeLife = time.Duration(r.int())*time.Microsecond, time.Duration(r.int())*time.Microsecond
	b.Terms.AppCap, b.Orders, b.ClockOffset = r.int(), r.int(), r.int()
	return b, purse.Time(r.int())
}

const headColumns = `limit_payment, limit_week, fee_fixed, fee_basis, escrow_life, charge_life, app_cap, orders, clock_offset, last`

var insertHead = &statement{`insert into heads (book, mode, currency, ` + headColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, "ittiiiiiiiiii"}

var updateHead = &statement{`update heads set limit_payment = $2, limit_week = $3,
	fee_fixed = $4, fee_basis = $5, escrow_life = $6, charge_life = $7, app_cap = $8, orders = $9, clock_offset = $10, last = $11
where book = $1`, "iiiiiiiiiii"}

// packHead packs the columns that change.
func packHead(b purse.Book, last purse.Time, a *args) {
	a.int(b.Limits.PaymentMinor).int(b.Limits.WeekMinor)
	a.int(b.Terms.Fee.Fixed).int(b.Terms.Fee.Basis)
	a.int(b.Terms.EscrowLife.Microseconds()).int(b.Terms.ChargeLife.Microseconds())
	a.int(b.Terms.AppCap).int(b.Orders).int(b.ClockOffset).int(int64(last))
}

var insertBatch = &statement{`insert into batches (book, id, nonce) values ($1, $2, $3)`, "iii"}

var loadBatch = &statement{`select nonce
from batches where book = $1 and id = $2`, "ii"}

// Accounts.

var loadAccount = &statement{`select id, kind, currency, may_overdraw, frozen,
	debits_posted, debits_held, credits_posted, credits_held, number, spent_hour, spent, spent_before
from accounts where book = $1 and id = $2`, "ii"}

// The values of the column frozen. A closed account is no longer frozen or not.
const (
	frozen = 1
	closed = 2
)

func frozenOf(v purse.Account) int64 {
	switch {
	case v.Closed:
		return closed
	case v.Frozen:
		return frozen
	}
	return 0
}

func readAccount(r row) purse.Account {
	var a purse.Account
	a.ID, a.Kind, a.Currency = ledger.AccountID(r.int()), purse.AccountKind(r.text()), money.Currency(r.text())
	a.MayOverdraw = r.int() == 1
	switch r.int() {
	case frozen:
		a.Frozen = true
	case closed:
		a.Closed = true
	}
	a.DebitsPosted, a.DebitsHeld, a.CreditsPosted, a.CreditsHeld, a.Number = r.int(), r.int(), r.int(), r.int(), r.int()
	a.Spent = purse.SpentNow{Hour: r.int(), Minor: r.int(), Before: r.int()}
	return a
}

var insertAccount = &statement{`insert into accounts (book, id, kind, currency, may_overdraw, frozen,
	debits_posted, debits_held, credits_posted, credits_held, number, spent_hour, spent, spent_before)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, "iittiiiiiiiiii"}

func packAccount(book purse.BookID, v purse.Account, a *args) {
	a.int(int64(book)).int(int64(v.ID)).text(string(v.Kind)).text(string(v.Currency)).bool(v.MayOverdraw).int(frozenOf(v))
	packTotals(v, a)
}

var updateAccount = &statement{`update accounts set frozen = $3,
	debits_posted = $4, debits_held = $5, credits_posted = $6, credits_held = $7, number = $8,
	spent_hour = $9, spent = $10, spent_before = $11
where book = $1 and id = $2`, "iiiiiiiiiii"}

func packAccountChange(book purse.BookID, v purse.Account, a *args) {
	a.int(int64(book)).int(int64(v.ID)).int(frozenOf(v))
	packTotals(v, a)
}

func packTotals(v purse.Account, a *args) {
	a.int(v.DebitsPosted).int(v.DebitsHeld).int(v.CreditsPosted).int(v.CreditsHeld).int(v.Number)
	a.int(v.Spent.Hour).int(v.Spent.Minor).int(v.Spent.Before)
}

// Postings.

var insertPosting = &statement{`insert into postings (book, account, number, transfer, kind, debit,
	other, other_number, minor, hold, cause_kind, cause,
	debits_posted, debits_held, credits_posted, credits_held)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`, "iiiitiiiiitiiiii"}

func packPosting(book purse.BookID, v ledger.Posting, a *args) {
	a.int(int64(book)).int(int64(v.Account)).int(v.Number).int(int64(v.Transfer)).text(string(v.Kind)).bool(v.Debit)
	a.int(int64(v.Other)).int(v.OtherNumber).int(v.Minor).int(int64(v.Hold)).text(string(v.Cause.Kind)).int(v.Cause.ID)
	a.int(v.DebitsPosted).int(v.DebitsHeld).int(v.CreditsPosted).int(v.CreditsHeld)
}

// Holds.

const holdColumns = `id, debit, credit, currency, minor, deadline, cause_kind, cause, state, captured, resolved`

var loadHold = &statement{`select ` + holdColumns + `
from holds where book = $1 and id = $2`, "ii"}

var loadOpenHolds = &statement{`select ` + holdColumns + `
from holds
where book = $1 and cause_kind = $2 and cause = $3 and state = 'open' order by id limit 100`, "iti"}

func readHold(r row) ledger.HeldMoney {
	h := ledger.HeldMoney{ID: ledger.TransferID(r.int()), Debit: ledger.AccountID(r.int()), Credit: ledger.AccountID(r.int())}
	h.Amount.Currency, h.Amount.Minor = money.Currency(r.text()), r.int()
	h.Deadline, h.Cause.Kind, h.Cause.ID = r.int(), ledger.CauseKind(r.text()), r.int()
	h.State, h.Captured, h.Resolved = ledger.HoldState(r.text()), r.int(), ledger.TransferID(r.int())
	return h
}

var insertHold = &statement{`insert into holds (book, ` + holdColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, "iiiitiititii"}

func packHold(book purse.BookID, v ledger.HeldMoney, a *args) {
	a.int(int64(book)).int(int64(v.ID)).int(int64(v.Debit)).int(int64(v.Credit))
	a.text(string(v.Amount.Currency)).int(v.Amount.Minor).int(v.Deadline)
	a.text(string(v.Cause.Kind)).int(v.Cause.ID).text(string(v.State)).int(v.Captured).int(int64(v.Resolved))
}

var updateHold = &statement{`update holds set state = $3, captured = $4, resolved = $5
where book = $1 and id = $2 and state not in ('captured', 'released')`, "iitii"} // not: state = 'open', see plan_test.go

func packHoldChange(book purse.BookID, v ledger.HeldMoney, a *args) {
	a.int(int64(book)).int(int64(v.ID)).text(string(v.State)).int(v.Captured).int(int64(v.Resolved))
}

// Treasury entries.

const entryColumns = `id, kind, wallet, minor, operator, reason, transfer`

var loadEntry = &statement{`select ` + entryColumns + `
from entries where book = $1 and id = $2`, "ii"}

func readEntry(r row) purse.Entry {
	return purse.Entry{
		ID: purse.EntryID(r.int()), Kind: purse.EntryKind(r.text()), Wallet: purse.UserID(r.int()), Minor: r.int(),
		Operator: purse.Operator(r.text()), Reason: r.text(), Transfer: ledger.TransferID(r.int()),
	}
}

var insertEntry = &statement{`insert into entries (book, ` + entryColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8)`, "iitiitti"}

func packEntry(book purse.BookID, v purse.Entry, a *args) {
	a.int(int64(book)).int(int64(v.ID)).text(string(v.Kind)).int(int64(v.Wallet)).int(v.Minor)
	a.text(string(v.Operator)).text(v.Reason).int(int64(v.Transfer))
}

// What was spent in the hours before the one that stands in the account.

var loadSpent = &statement{`select account, hour, minor
from spent where book = $1 and account = $2 and hour >= $3`, "iii"}

var insertSpent = &statement{`insert into spent (book, account, hour, minor) values ($1, $2, $3, $4)`, "iiii"}

var updateSpent = &statement{`update spent set minor = $4
where book = $1 and account = $2 and hour = $3`, "iiii"}

// Idempotency keys.

const onceColumns = `principal, app, key, fingerprint, status, header, body, at, purged`

var loadOnce = &statement{`select ` + onceColumns + `
from once
where book = $1 and principal = $2 and app = $3 and key = $4`, "iiit"}

func readOnce(r row) purse.StoredAnswer {
	s := purse.StoredAnswer{OnceKey: purse.OnceKey{Principal: purse.Principal{ID: r.int(), App: purse.AppID(r.int())}, Key: r.text()}}
	s.Fingerprint, s.Answer.Status, s.Answer.Header, s.Answer.Body = r.text(), int(r.int()), r.text(), r.text()
	s.At, s.Purged = purse.Time(r.int()), r.int() == 1
	return s
}

var insertOnce = &statement{`insert into once (book, ` + onceColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, "iiittittii"}

func packOnce(book purse.BookID, v purse.StoredAnswer, a *args) {
	a.int(int64(book)).int(v.Principal.ID).int(int64(v.Principal.App)).text(v.Key).text(v.Fingerprint)
	a.int(int64(v.Answer.Status)).text(v.Answer.Header).text(v.Answer.Body).int(int64(v.At)).bool(v.Purged)
}

// Events and audit lines.

var insertEvent = &statement{`insert into events (book, id, kind, subject, seq, snapshot)
values ($1, $2, $3, $4, $5, $6)`, "iitiit"}

func packEvent(book purse.BookID, v purse.Event, a *args) {
	a.int(int64(book)).int(v.ID).text(string(v.Kind)).int(v.Subject).int(v.Seq).text(v.Snapshot)
}

var insertAction = &statement{`insert into actions (book, id, operator, name, subject, detail)
values ($1, $2, $3, $4, $5, $6)`, "iitttt"}

func packAction(book purse.BookID, v purse.Action, a *args) {
	a.int(int64(book)).int(int64(v.ID)).text(string(v.Operator)).text(v.Name).text(v.Subject).text(v.Detail)
}
