package ledger

import (
	"math"

	"purse/money"
)

// HoldState says where a hold is in its life: open, then captured or released,
// once and for good.
type HoldState string

// The states of a hold.
const (
	HoldOpen HoldState = "open"
	Captured HoldState = "captured"
	Released HoldState = "released"
)

// HoldMoves is the whole life of a hold: from each state, the states that may
// follow.
var HoldMoves = map[HoldState][]HoldState{
	HoldOpen: {Captured, Released},
	Captured: {},
	Released: {},
}

// HeldMoney is an open promise of money from one account to another: made by a
// transfer of kind hold, whose number it has, and ended by a capture or a
// release.
type HeldMoney struct {
	ID       TransferID
	Debit    AccountID
	Credit   AccountID
	Amount   money.Amount
	Deadline int64 // microseconds since 1970, UTC, in book time; from then on it can only be released
	Cause    Cause
	State    HoldState
	Captured int64      // minor units that were captured; 0 until then
	Resolved TransferID // the capture or release; 0 while open
}

// Open is the hold that a decided transfer of kind hold has made.
func Open(t Transfer, deadline int64) HeldMoney {
	must(t.Kind == Hold, "only a hold can be open")
	return HeldMoney{
		ID: t.ID, Debit: t.Debit, Credit: t.Credit, Amount: t.Amount,
		Deadline: deadline, Cause: t.Cause, State: HoldOpen,
	}
}

// Resolve decides a capture or a release of h at the book time now (in
// microseconds since 1970, UTC). A capture may take less than what is held; the
// rest is released by the same transfer. For a release, t's amount must be the
// whole hold. t must name the accounts of h.
func Resolve(dr, cr Account, h HeldMoney, t Transfer, now int64) (Account, Account, HeldMoney, error) {
	must(dr.ID == h.Debit && cr.ID == h.Credit, "accounts are not the hold's")
	must(t.Debit == h.Debit && t.Credit == h.Credit, "transfer is not the hold's")
	must(t.Kind == Capture || t.Kind == Release, "Resolve does not move or hold")

	minor := t.Amount.Minor
	if minor <= 0 {
		return dr, cr, h, AmountNotPositive
	}
	if h.Amount.Currency != t.Amount.Currency {
		return dr, cr, h, WrongCurrency
	}
	switch {
	case h.State == Captured:
		return dr, cr, h, HoldCaptured
	case h.State == Released:
		return dr, cr, h, HoldReleased
	case t.Kind == Capture && now >= h.Deadline:
		return dr, cr, h, HoldExpired
	case minor > h.Amount.Minor:
		return dr, cr, h, MoreThanHeld
	}

	// From here on nothing may be refused. What is held counted against the
	// range of both totals when it was held, so posting it cannot overflow.
	dr.DebitsHeld -= h.Amount.Minor
	cr.CreditsHeld -= h.Amount.Minor
	if t.Kind == Capture {
		must(minor <= math.MaxInt64-dr.DebitsPosted && minor <= math.MaxInt64-cr.CreditsPosted, "a capture overflows")
		dr.DebitsPosted += minor
		cr.CreditsPosted += minor
		h.State, h.Captured = Captured, minor
	} else {
		must(minor == h.Amount.Minor, "a release is of the whole hold")
		h.State = Released
	}
	h.Resolved = t.ID
	dr, cr, err := post(dr, cr)
	return dr, cr, h, err
}
