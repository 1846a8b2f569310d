package purse

import (
	"fmt"

	"purse/ledger"
)

// EntryKind says which way money crosses the edge of the network.
type EntryKind string

// The kinds of treasury entries.
const (
	Issue  EntryKind = "issue"  // money enters a wallet or a merchant's balance
	Redeem EntryKind = "redeem" // money leaves it
)

// Entry is money entering or leaving the network by the word of an operator.
// It is settled when it is made and never changes.
type Entry struct {
	ID       EntryID
	Kind     EntryKind
	Wallet   UserID // or the merchant's number
	Minor    int64  // minor units, positive
	Operator Operator
	Reason   string
	Transfer ledger.TransferID
}

// Cause names e in the ledger.
func (e Entry) Cause() ledger.Cause { return ledger.Cause{Kind: ledger.CauseTreasury, ID: int64(e.ID)} }

func (e Entry) eventSubject() (id, seq int64, snapshot string) {
	return int64(e.ID), 1, snapshotOf(struct {
		ID     string    `json:"id"`
		Kind   EntryKind `json:"kind"`
		Wallet string    `json:"wallet"`
		Minor  int64     `json:"minor"`
		Reason string    `json:"reason"`
	}{e.ID.String(), e.Kind, e.Wallet.String(), e.Minor, e.Reason})
}

// Action is the audit line of something that an operator did: who, what, to
// whom, and why. It is written in the commit that does it.
type Action struct {
	ID       ActionID
	Operator Operator
	Name     string // such as "wallet.freeze"
	Subject  string // whom or what it was done to, as the operator named it
	Detail   string
}

// NewAction is the audit line of what a command does on an operator's word.
func NewAction(f *Facts, by Operator, name, subject, detail string) Action {
	return Action{ID: ActionID(f.NextID()), Operator: by, Name: name, Subject: subject, Detail: detail}
}

func (a Action) eventSubject() (id, seq int64, snapshot string) {
	return int64(a.ID), 1, snapshotOf(struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Subject string `json:"subject"`
		Detail  string `json:"detail"`
	}{fmt.Sprint(int64(a.ID)), a.Name, a.Subject, a.Detail})
}

// reasonMax is how many bytes an operator's reason may have.
const reasonMax = 500

// CheckReason refuses a reason that cannot be stored.
func CheckReason(s string) error {
	if !PlainText(s) || len(s) > reasonMax {
		return Refuse(CodeInvalid, "A reason has at most %d bytes and no control characters.", reasonMax)
	}
	return nil
}
