package purse

import "encoding/json"

// EventKind says what has happened.
type EventKind string

// What can be heard of.
const (
	PaymentCreated        EventKind = "payment.created"
	PaymentUpdated        EventKind = "payment.updated"  // its status has changed
	PaymentReminded       EventKind = "payment.reminded" // the target of a charge was asked again
	PaymentNarrowed       EventKind = "payment.narrowed" // fewer people may see it
	ContactVerified       EventKind = "contact.verified" // an address has an owner
	HandleWasInitiated    EventKind = "handle.initiated"
	HandleIsProcessing    EventKind = "handle.processing"
	HandleIsPayable       EventKind = "handle.payable"
	HandleWasCompleted    EventKind = "handle.completed"
	HandleHasFailed       EventKind = "handle.failed"
	HandleHasExpired      EventKind = "handle.expired"
	SaleCompleted         EventKind = "sale.completed"
	SaleFailed            EventKind = "sale.failed"
	SaleCancelled         EventKind = "sale.cancelled"
	SaleExpired           EventKind = "sale.expired" // what was not settled went back, by the clock
	SettlementCompleted   EventKind = "settlement.completed"
	SettlementFailed      EventKind = "settlement.failed"
	VoidFailed            EventKind = "void.failed"
	CreditFailed          EventKind = "credit.failed"
	VoidCompleted         EventKind = "void.completed"
	RefundCompleted       EventKind = "refund.completed"
	RefundFailed          EventKind = "refund.failed"
	CreditCompleted       EventKind = "credit.completed"
	VerificationCompleted EventKind = "verification.completed"
	MandateGiven          EventKind = "mandate.given"
	MandateChanged        EventKind = "mandate.changed" // its caps or its end
	MandateRevoked        EventKind = "mandate.revoked"
	OrderWasCreated       EventKind = "order.created"
	OrderWasPaid          EventKind = "order.paid"
	OrderHasExpired       EventKind = "order.expired"
	OrderWasCancelled     EventKind = "order.cancelled"
	TreasuryIssued        EventKind = "treasury.issued"
	TreasuryRedeemed      EventKind = "treasury.redeemed"
	WalletFrozen          EventKind = "wallet.frozen"
	WalletUnfrozen        EventKind = "wallet.unfrozen"
)

// Event is one row of news, written in the commit that makes it true. Whoever
// wants to hear of changes reads the rows after a cursor; a book is serial, so
// none is missed.
type Event struct {
	ID       int64
	Kind     EventKind
	Subject  int64  // the identifier of the noun it is about
	Seq      int64  // 1, 2, 3 … for each subject
	Snapshot string // the noun as JSON, as it was then
}

// EventSubject is a noun that events are about.
type EventSubject interface {
	// eventSubject says which noun it is, the number of this event among those
	// about it, and how it looks now.
	eventSubject() (id, seq int64, snapshot string)
}

// snapshotOf writes a noun for an event row. The structs it is given are made
// of strings and numbers, so that it cannot fail but by a bug of ours.
func snapshotOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
