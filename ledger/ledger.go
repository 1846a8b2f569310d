// Package ledger is the arithmetic of the book: given two accounts and a
// transfer between them, it says what both accounts are afterwards, or why the
// transfer is refused.
//
// It is pure. It does no I/O, reads no clock and keeps nothing; who may ask for
// a transfer, and which limits stand in its way, is decided above it. What it
// promises: a transfer that is not refused keeps the sum of all balances at
// zero, never lets an account that may not overdraw spend what it has not, and
// never wraps around.
//
// An account has four totals: debits and credits, each posted (final) and held
// (ring-fenced by a hold that is still open). Posted totals only grow.
package ledger

import (
	"math"

	"purse/money"
)

// AccountID names an account within its book. A wallet and a merchant's balance
// have the number of their owner; the book's own accounts have small numbers.
type AccountID int64

// TransferID names a transfer; transfers are numbered in the order of the book.
type TransferID int64

// Account is a pile of money with an owner. All totals are minor units of
// Currency and never negative.
type Account struct {
	ID            AccountID
	Currency      money.Currency
	MayOverdraw   bool // only the book's own accounts
	DebitsPosted  int64
	DebitsHeld    int64
	CreditsPosted int64
	CreditsHeld   int64
	Number        int64 // of the account's last posting; 0 before the first
}

// Balance is what has been posted to a, in minor units.
func (a Account) Balance() int64 { return a.CreditsPosted - a.DebitsPosted }

// Spendable is what the owner may still pay out, in minor units: the balance
// less what holds keep ring-fenced. Money held in a's favour does not count.
func (a Account) Spendable() int64 { return a.CreditsPosted - a.DebitsPosted - a.DebitsHeld }

// Kind says what a transfer does.
type Kind string

// The kinds of transfers.
const (
	Move    Kind = "move"    // posts at once
	Hold    Kind = "hold"    // ring-fences money until its deadline
	Capture Kind = "capture" // posts a hold, whole or in part, and releases the rest
	Release Kind = "release" // gives a hold back
)

// CauseKind says in which table the business thing behind a transfer stands.
type CauseKind string

// The causes of transfers.
const (
	CausePayment   CauseKind = "payment"
	CauseTreasury  CauseKind = "treasury"
	CauseHandle    CauseKind = "handle"
	CauseOperation CauseKind = "operation"
	CauseOrder     CauseKind = "order"
)

// Cause names the business thing that a transfer was made for. Every transfer
// has one.
type Cause struct {
	Kind CauseKind
	ID   int64
}

// Transfer takes money from one account and gives it to another. It is written
// once and never changed.
type Transfer struct {
	ID     TransferID
	Kind   Kind
	Debit  AccountID // pays
	Credit AccountID // is paid
	Amount money.Amount
	Cause  Cause
}

// Refusal is the reason why a transfer was refused, as a stable word. A refused
// transfer has changed nothing.
type Refusal string

func (r Refusal) Error() string { return "ledger: " + string(r) }

// Every refusal. Apply and Resolve test for them in this order.
const (
	AmountNotPositive Refusal = "amount_not_positive"
	SameAccount       Refusal = "same_account"
	WrongCurrency     Refusal = "wrong_currency"
	HoldCaptured      Refusal = "hold_captured"
	HoldReleased      Refusal = "hold_released"
	HoldExpired       Refusal = "hold_expired"
	MoreThanHeld      Refusal = "more_than_held"
	WouldOverflow     Refusal = "would_overflow"
	NotEnoughFunds    Refusal = "not_enough_funds"
)

// Apply decides a move or a hold and returns both accounts as they are
// afterwards. dr and cr must be the accounts that t names.
func Apply(dr, cr Account, t Transfer) (Account, Account, error) {
	must(dr.ID == t.Debit && cr.ID == t.Credit, "accounts are not the transfer's")
	must(t.Kind == Move || t.Kind == Hold, "Apply does not resolve holds")

	minor := t.Amount.Minor
	if minor <= 0 {
		return dr, cr, AmountNotPositive
	}
	if dr.ID == cr.ID {
		return dr, cr, SameAccount
	}
	if dr.Currency != t.Amount.Currency || cr.Currency != t.Amount.Currency {
		return dr, cr, WrongCurrency
	}
	if minor > math.MaxInt64-dr.DebitsPosted-dr.DebitsHeld || minor > math.MaxInt64-cr.CreditsPosted-cr.CreditsHeld {
		return dr, cr, WouldOverflow
	}
	if !dr.MayOverdraw && minor > dr.Spendable() {
		return dr, cr, NotEnoughFunds
	}

	// From here on nothing may be refused.
	if t.Kind == Move {
		dr.DebitsPosted += minor
		cr.CreditsPosted += minor
	} else {
		dr.DebitsHeld += minor
		cr.CreditsHeld += minor
	}
	return post(dr, cr)
}

// post numbers the posting that both sides of a decided transfer get.
func post(dr, cr Account) (Account, Account, error) {
	dr.Number++
	cr.Number++
	must(dr.MayOverdraw || dr.Spendable() >= 0, "an account went below zero")
	must(dr.DebitsHeld >= 0 && cr.CreditsHeld >= 0, "less than nothing is held")
	return dr, cr, nil
}

// must stops on a bug of ours. The commit path drops the command whose decision
// panicked, so nothing that was found wrong is ever stored.
func must(ok bool, what string) {
	if !ok {
		panic("ledger: " + what)
	}
}
