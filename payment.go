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
	PaymentSettled PaymentStatus = "settled"
)

// PaymentMoves is the whole life of a payment: from each state, the states that
// may follow. The empty state is the one before it exists.
var PaymentMoves = map[PaymentStatus][]PaymentStatus{
	"":             {PaymentSettled},
	PaymentSettled: {},
}

// Audience is who may see a payment besides its two parties.
type Audience string

// The audiences of seeds/002.
const (
	Private Audience = "private"
	Friends Audience = "friends"
	Public  Audience = "public"
)

// ParseAudience reads an audience; an empty one is Private, because nobody has
// agreed to more.
func ParseAudience(s string) (Audience, error) {
	switch a := Audience(s); a {
	case "":
		return Private, nil
	case Private, Friends, Public:
		return a, nil
	}
	return "", Refuse(CodeAudience, "Invalid audience: it is public, friends or private.")
}

// Medium is what a payment was made with.
type Medium string

// MediumAPI is a program that speaks the wallet API.
const MediumAPI Medium = "api"

// Payment is money that one person gives another, with a note. A payment
// between two wallets settles at once and stays settled.
type Payment struct {
	ID        PaymentID
	Actor     UserID // who pays
	Target    UserID // who is paid
	Minor     int64  // minor units of the book's currency, positive
	Note      string
	Audience  Audience
	Medium    Medium
	App       AppID
	Status    PaymentStatus
	Completed Time              // when it settled; 0 before
	Transfer  ledger.TransferID // the transfer that settled it; 0 before
	Version   int64             // how many events it has emitted
}

// Cause names p in the ledger.
func (p Payment) Cause() ledger.Cause {
	return ledger.Cause{Kind: ledger.CausePayment, ID: int64(p.ID)}
}

// Created is when p was made.
func (p Payment) Created() Time { return Created(int64(p.ID)) }

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
	b := make([]byte, 0, 256)
	b = append(strconv.AppendInt(append(b, `{"id":"`...), int64(p.ID), 10), '"')
	b = append(strconv.AppendInt(append(b, `,"actor":"`...), int64(p.Actor), 10), '"')
	b = append(strconv.AppendInt(append(b, `,"target":"`...), int64(p.Target), 10), '"')
	b = strconv.AppendInt(append(b, `,"minor":`...), p.Minor, 10)
	b = AppendQuoted(append(b, `,"note":`...), p.Note)
	b = AppendQuoted(append(b, `,"audience":`...), string(p.Audience))
	b = AppendQuoted(append(b, `,"medium":`...), string(p.Medium))
	b = strconv.AppendInt(append(b, `,"app":`...), int64(p.App), 10)
	b = AppendQuoted(append(b, `,"status":`...), string(p.Status))
	b = strconv.AppendInt(append(b, `,"completed":`...), int64(p.Completed), 10)
	return int64(p.ID), p.Version, string(append(b, '}'))
}
