package purse

import (
	"strconv"

	"purse/ledger"
)

// PaymentStatus is where a payment is in its life; the words are those of
// seeds/002.
type PaymentStatus string

// The states of a payment.
const (
	PaymentPending   PaymentStatus = "pending"   // waits for whom it was sent to
	PaymentSettled   PaymentStatus = "settled"   // the payee has the money
	PaymentFailed    PaymentStatus = "failed"    // could not be delivered
	PaymentExpired   PaymentStatus = "expired"   // nobody answered in time
	PaymentCancelled PaymentStatus = "cancelled" // taken back, or refused
)

// PaymentMoves is the whole life of a payment: from each state, the states that
// may follow. The empty state is the one before it exists.
var PaymentMoves = map[PaymentStatus][]PaymentStatus{
	"":               {PaymentPending, PaymentSettled, PaymentFailed},
	PaymentPending:   {PaymentSettled, PaymentFailed, PaymentExpired, PaymentCancelled},
	PaymentSettled:   {},
	PaymentFailed:    {},
	PaymentExpired:   {},
	PaymentCancelled: {},
}

// Script decides in a sandbox what becomes of a payment that is being made:
// PaymentFailed, PaymentSettled, or "" for what would become of it anyway.
type Script interface{ Outcome(Payment) PaymentStatus }

// PaymentAction says which way the money goes; the words are those of seeds/002.
type PaymentAction string

// The actions of a payment.
const (
	Pay    PaymentAction = "pay"    // the actor pays the target
	Charge PaymentAction = "charge" // the actor asks the target to pay
)

// Payment is money that one person gives another or asks another for, with a
// note.
//
// What is paid to a person settles at once. What is asked for waits until the
// target approves it, and what is paid to an address that nobody owns waits in
// escrow; both end at their deadline at the latest.
type Payment struct {
	ID       PaymentID
	Action   PaymentAction
	Actor    UserID  // who made it
	Target   UserID  // whom it was made to; 0: an address that nobody owns
	Address  Address // that address, else the zero one
	Minor    int64   // minor units of the book's currency, positive
	Fee      int64   // minor units that the payer has paid on top of it; 0 before money moves
	Note     string
	Audience Audience
	Medium   Medium
	App      AppID
	Status   PaymentStatus

	Deadline  Time              // when it expires if it still waits; 0 if it never waited
	Completed Time              // when it left PaymentPending; 0 before
	Transfer  ledger.TransferID // what gave the payee Minor, or 0
	Escrow    ledger.TransferID // what put Minor and Fee into escrow, or 0
	Refund    ledger.TransferID // what gave the actor both back, or 0
	Counted   int64             // the hour of the payer's counter that Minor is in; see Facts.CountSpent
	Reminded  Time              // when the actor reminded the target; 0: not
	Version   int64             // how many events it has emitted
}

// Cause names p in the ledger.
func (p Payment) Cause() ledger.Cause {
	return ledger.Cause{Kind: ledger.CausePayment, ID: int64(p.ID)}
}

// Created is when p was made.
func (p Payment) Created() Time { return Created(int64(p.ID)) }

// Payer is whose money it is; 0 if that is nobody's address.
func (p Payment) Payer() UserID {
	if p.Action == Charge {
		return p.Target
	}
	return p.Actor
}

// Payee is who gets the money; 0 if that is nobody's address.
func (p Payment) Payee() UserID {
	if p.Action == Charge {
		return p.Actor
	}
	return p.Target
}

// Overdue says whether p waits although its deadline has come.
func (p Payment) Overdue(now Time) bool {
	return p.Status == PaymentPending && now >= p.Deadline
}

// noteMax is how many bytes a note may have.
const noteMax = 2000

// CheckNote refuses a note that is missing, too long, or cannot be stored.
func CheckNote(note string) error {
	switch {
	case note == "":
		return Refuse(CodeNote, "A payment needs a note.")
	case !PlainText(note):
		return Refuse(CodeInvalid, "The note holds control characters or is not UTF-8.")
	case len(note) > noteMax:
		return Refuse(CodeInvalid, "The note is longer than %d bytes.", noteMax)
	}
	return nil
}

// eventSubject is p as an event shows it.
func (p Payment) eventSubject() (id, seq int64, snapshot string) {
	b := make([]byte, 0, 320)
	b = append(strconv.AppendInt(append(b, `{"id":"`...), int64(p.ID), 10), '"')
	b = AppendQuoted(append(b, `,"action":`...), string(p.Action))
	b = append(strconv.AppendInt(append(b, `,"actor":"`...), int64(p.Actor), 10), '"')
	b = append(strconv.AppendInt(append(b, `,"target":"`...), int64(p.Target), 10), '"')
	if p.Address != (Address{}) {
		b = AppendQuoted(append(b, `,"address_kind":`...), string(p.Address.Kind))
		b = AppendQuoted(append(b, `,"address":`...), p.Address.Text)
	}
	b = strconv.AppendInt(append(b, `,"minor":`...), p.Minor, 10)
	b = strconv.AppendInt(append(b, `,"fee":`...), p.Fee, 10)
	b = AppendQuoted(append(b, `,"note":`...), p.Note)
	b = AppendQuoted(append(b, `,"audience":`...), string(p.Audience))
	b = AppendQuoted(append(b, `,"medium":`...), string(p.Medium))
	b = strconv.AppendInt(append(b, `,"app":`...), int64(p.App), 10)
	b = AppendQuoted(append(b, `,"status":`...), string(p.Status))
	b = strconv.AppendInt(append(b, `,"completed":`...), int64(p.Completed), 10)
	if p.Refund != 0 {
		b = append(strconv.AppendInt(append(b, `,"refund":"`...), int64(p.Refund), 10), '"')
	}
	return int64(p.ID), p.Version, string(append(b, '}'))
}
