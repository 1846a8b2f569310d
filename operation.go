package purse

import (
	"strconv"
	"time"

	"purse/ledger"
)

// OperationKind says what a merchant has done with a payment handle, or with what
// came of one.
type OperationKind string

// The kinds of operations. In seeds/004 a sale is called a payment; here that word
// is a payment between people.
const (
	Sale       OperationKind = "sale"         // takes a handle's money, now or by settlements
	Settlement OperationKind = "settlement"   // captures a sale, whole or in part
	Void       OperationKind = "void"         // gives back what of a sale is not settled
	Refund     OperationKind = "refund"       // gives back what was settled, whole or in part
	Credit     OperationKind = "credit"       // pays a consumer out of the merchant's balance
	Verify     OperationKind = "verification" // makes sure of a consumer's agreement
)

// OperationKinds lists every kind.
var OperationKinds = []OperationKind{Sale, Settlement, Void, Refund, Credit, Verify}

// OperationStatus is where an operation is in its life.
type OperationStatus string

// The states of an operation. Everything happens in the command that asks for it,
// so that it is COMPLETED or FAILED from the beginning; a sale of which nothing was
// settled may be CANCELLED.
const (
	OperationCompleted OperationStatus = "COMPLETED"
	OperationFailed    OperationStatus = "FAILED"
	OperationCancelled OperationStatus = "CANCELLED"
)

// OperationMoves is the whole life of an operation.
var OperationMoves = map[OperationStatus][]OperationStatus{
	"":                 {OperationCompleted, OperationFailed},
	OperationCompleted: {OperationCancelled},
	OperationFailed:    {},
	OperationCancelled: {},
}

// Operation is one thing that a merchant has done. The settlement that a sale
// makes by itself has the sale's number; all other numbers are there once.
type Operation struct {
	OperationKey
	Ref        string // the merchant's own reference
	Handle     HandleID
	Parent     OperationID       // settlement, void: the sale; refund: the settlement; else 0
	Payer      UserID            // the consumer; of a credit and a refund, who gets the money
	Minor      int64             // minor units
	Fee        int64             // settlement: what the merchant has paid the network for it
	Auto       bool              // sale: it settles by itself
	Settleable int64             // sale: what may still be settled
	Refundable int64             // sale, settlement: what may still be refunded
	Hold       ledger.TransferID // sale: what keeps Settleable ring-fenced; 0: nothing
	Deadline   Time              // sale: until when; 0 if Auto
	Transfer   ledger.TransferID // settlement, refund, credit: what moved the money; 0 if none was
	Counted    int64             // the hour of the payer's counter: a sale's counts there, a refund was taken off it; 0: none
	Status     OperationStatus
	Fault      Code   // why it failed
	Processor  string // what a sandbox's outside processor has said about that
	Details    string // what else the merchant has sent with it, as JSON
	Changed    Time   // when it came to its state
	Version    int64  // how many events it has emitted
}

// OperationKey names an operation. Merchants see their own only.
type OperationKey struct {
	Merchant MerchantID
	Kind     OperationKind
	ID       OperationID
}

// Created is when o was made.
func (o Operation) Created() Time { return Created(int64(o.ID)) }

// Cause names o in the ledger. The settlement of a sale moves money for the sale.
func (o Operation) Cause() ledger.Cause {
	return ledger.Cause{Kind: ledger.CauseOperation, ID: int64(o.ID)}
}

// Overdue says that money still waits to be settled although its deadline has come.
func (o Operation) Overdue(now Time) bool { return o.Hold != 0 && now >= o.Deadline }

// eventSubject is o as an event shows it. What never changes stands in its row.
func (o Operation) eventSubject() (id, seq int64, snapshot string) {
	b := make([]byte, 0, 200)
	b = append(strconv.AppendInt(append(b, `{"id":"`...), int64(o.ID), 10), '"')
	b = append(strconv.AppendInt(append(b, `,"merchant":"`...), int64(o.Merchant), 10), '"')
	b = AppendQuoted(append(b, `,"kind":`...), string(o.Kind))
	b = AppendQuoted(append(b, `,"status":`...), string(o.Status))
	b = append(strconv.AppendInt(append(b, `,"payer":"`...), int64(o.Payer), 10), '"')
	b = strconv.AppendInt(append(b, `,"minor":`...), o.Minor, 10)
	b = strconv.AppendInt(append(b, `,"settleable":`...), o.Settleable, 10)
	b = strconv.AppendInt(append(b, `,"refundable":`...), o.Refundable, 10)
	return int64(o.ID), o.Version, string(append(b, '}'))
}

// ReferenceToHandle stands in a ReferenceKey for handles.
const ReferenceToHandle OperationKind = "handle"

// ReferenceKey names what a merchant has given a reference of its own: handles, or
// operations of one kind.
type ReferenceKey struct {
	Merchant MerchantID
	Kind     OperationKind
	Ref      string
}

// ReferenceKept is how long a reference cannot be used again (wire.md B.9).
const ReferenceKept = 90 * 24 * time.Hour

// refMax is how many bytes a reference may have (wire.md B.3).
const refMax = 255

// CheckReference refuses a reference that cannot be stored.
func CheckReference(ref string) error {
	switch {
	case ref == "":
		return Refuse(CodeMissing, "may not be empty")
	case len(ref) > refMax || !PlainText(ref):
		return Refuse(CodeInvalid, "size must be between 1 and %d, without control characters", refMax)
	}
	return nil
}

// Operation finds an operation.
func (f *Facts) Operation(k OperationKey) (Operation, error) {
	return found(f, &f.set.Operations, k, string(k.Kind), func(n *Needs) { n.Operations = []OperationKey{k} })
}

// Referenced is the number of the newest thing that has a reference.
func (f *Facts) Referenced(k ReferenceKey) (int64, error) {
	return found(f, &f.set.References, k, "reference", func(n *Needs) { n.References = []ReferenceKey{k} })
}

// CheckDuplicate refuses a reference that was used within ReferenceKept.
//
// Refused with CodeDuplicate.
func (f *Facts) CheckDuplicate(k ReferenceKey) error {
	id, err := f.Referenced(k)
	switch {
	case CodeOf(err) == CodeNotFound:
		return nil
	case err != nil:
		return err
	case f.Now < Created(id).Add(ReferenceKept):
		return Refuse(CodeDuplicate, "The merchantRefNum has already been used for another request.")
	}
	return nil
}

func (f *Facts) putOperation(o Operation) {
	if _, there, _ := f.set.Operations.get(o.OperationKey); !there {
		f.putReference(ReferenceKey{o.Merchant, o.Kind, o.Ref}, int64(o.ID))
	}
	f.set.Operations.put(o.OperationKey, o)
}

// putReference names the newest that has a reference, in whatever order they come.
func (f *Facts) putReference(k ReferenceKey, id int64) {
	if newest, _, _ := f.set.References.get(k); id > newest {
		f.set.References.put(k, id)
	}
}
