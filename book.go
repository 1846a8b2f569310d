package purse

import (
	"purse/ledger"
	"purse/money"
)

// Mode says what a network is for. It is fixed when the network is created.
type Mode string

// The modes of a network.
const (
	Live    Mode = "live"
	Sandbox Mode = "sandbox"
)

// Book is what a book's head knows: facts that every command of the book may
// decide by.
type Book struct {
	ID       BookID
	Mode     Mode
	Currency money.Currency
	Limits   Limits
	Terms    Terms
	Orders   int64 // how many orders were counted; see Facts.NextOrder

	// ClockOffset is how far the book's clock was moved ahead of the database's,
	// in microseconds; only a sandbox's can be. See Facts.AdvanceClock.
	ClockOffset int64
}

// Limits bound what one wallet may pay out, in minor units.
type Limits struct {
	PaymentMinor int64 // one payment
	WeekMinor    int64 // all payments of the last 168 hours, counted by the hour
}

// DefaultLimits are those of a new network: 5,000.00 a payment and 20,000.00 a
// week in a currency with two decimals.
var DefaultLimits = Limits{PaymentMinor: 500_000, WeekMinor: 2_000_000}

// AccountKind says whose account it is.
type AccountKind string

// The kinds of accounts.
const (
	Wallet   AccountKind = "wallet"
	Treasury AccountKind = "treasury" // the outside world: money enters and leaves only against it
	Fees     AccountKind = "fees"     // what the network has earned
	Escrow   AccountKind = "escrow"   // money on its way to addresses that nobody owns yet
	Balance  AccountKind = "merchant" // a merchant's
)

// The numbers of a book's own accounts. Only the treasury may overdraw: what it
// owes is all the money that is in circulation.
const (
	TreasuryAccount ledger.AccountID = 1
	FeesAccount     ledger.AccountID = 2
	EscrowAccount   ledger.AccountID = 3
)

// OwnAccounts are the accounts that a book has from the beginning.
var OwnAccounts = map[ledger.AccountID]AccountKind{
	TreasuryAccount: Treasury, FeesAccount: Fees, EscrowAccount: Escrow,
}

// Account is a ledger account with what the network knows about it.
type Account struct {
	ledger.Account
	Kind   AccountKind
	Frozen bool // pays nothing out; may still be paid
	Closed bool // its owner has gone: nothing goes out or in
	Spent  SpentNow
}

// WalletOf is the number of a person's account.
func WalletOf(u UserID) ledger.AccountID { return ledger.AccountID(u) }
