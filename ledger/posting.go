package ledger

// Posting is one account's side of a transfer: numbered 1, 2, 3 … within its
// account, with the totals after it. Both postings of a transfer name each
// other, so that either leads to its twin.
type Posting struct {
	Account     AccountID
	Number      int64
	Transfer    TransferID
	Kind        Kind
	Debit       bool // the account is the one that pays
	Other       AccountID
	OtherNumber int64
	Minor       int64      // minor units moved, held, captured or released
	Hold        TransferID // what a capture or release resolves, else 0
	Cause       Cause

	// The totals of the account after this posting.
	DebitsPosted, DebitsHeld, CreditsPosted, CreditsHeld int64
}

// Postings writes down the decided transfer t: dr and cr are the accounts as
// they are after it. hold is what it resolves, 0 if nothing.
func Postings(dr, cr Account, t Transfer, hold TransferID) (debit, credit Posting) {
	side := func(a, other Account) Posting {
		return Posting{
			Account: a.ID, Number: a.Number, Transfer: t.ID, Kind: t.Kind,
			Debit: a.ID == t.Debit, Other: other.ID, OtherNumber: other.Number,
			Minor: t.Amount.Minor, Hold: hold, Cause: t.Cause,
			DebitsPosted: a.DebitsPosted, DebitsHeld: a.DebitsHeld,
			CreditsPosted: a.CreditsPosted, CreditsHeld: a.CreditsHeld,
		}
	}
	return side(dr, cr), side(cr, dr)
}
