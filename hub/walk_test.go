package hub

import (
	"fmt"
	"slices"
	"time"

	"purse"
	"purse/ledger"
)

// news is what each event says that its noun has become.
var (
	handleNews = map[purse.EventKind]purse.HandleStatus{
		purse.HandleWasInitiated: purse.HandleInitiated, purse.HandleIsProcessing: purse.HandleProcessing,
		purse.HandleIsPayable: purse.HandlePayable, purse.HandleWasCompleted: purse.HandleCompleted,
		purse.HandleHasFailed: purse.HandleFailed, purse.HandleHasExpired: purse.HandleExpired,
	}
	operationNews = map[purse.EventKind]purse.OperationStatus{
		purse.SaleCompleted: purse.OperationCompleted, purse.SaleFailed: purse.OperationFailed,
		purse.SaleCancelled: purse.OperationCancelled, purse.SaleExpired: purse.OperationCompleted,
		purse.SettlementCompleted: purse.OperationCompleted, purse.SettlementFailed: purse.OperationFailed,
		purse.VoidCompleted: purse.OperationCompleted, purse.VoidFailed: purse.OperationFailed,
		purse.RefundCompleted: purse.OperationCompleted, purse.RefundFailed: purse.OperationFailed,
		purse.CreditCompleted: purse.OperationCompleted, purse.CreditFailed: purse.OperationFailed,
		purse.VerificationCompleted: purse.OperationCompleted,
	}
)

// step says what is wrong with the way from one state of a book to the next, which
// one command has gone and told the events of. asked is the handle to which the
// consumer has just said yes; 0: none.
func (b books) step(after books, events []purse.Event, asked purse.HandleID) error {
	for id, h := range after.handles {
		if err := handleSteps(b.handles[id], h, events); err != nil {
			return err
		}
		if err := b.paid(h, after.now, asked); err != nil {
			return err
		}
	}
	for k, o := range after.did {
		if err := b.operationStep(k, o, events); err != nil {
			return err
		}
		if err := after.inTime(b, o); err != nil {
			return err
		}
	}
	for id, h := range b.holds {
		now := after.holds[id]
		if h.State != now.State && !slices.Contains(ledger.HoldMoves[h.State], now.State) {
			return fmt.Errorf("a hold goes from %s to %s", h.State, now.State)
		}
	}
	return nil
}

// handleSteps follows the news of a handle.
func handleSteps(before, after purse.Handle, events []purse.Event) error {
	at, version := before.Status, before.Version
	for _, e := range events {
		to, ok := handleNews[e.Kind]
		if !ok || e.Subject != int64(after.ID) {
			continue
		}
		if !slices.Contains(purse.HandleMoves[at], to) {
			return fmt.Errorf("a handle goes from %q to %s", at, to)
		}
		at, version = to, version+1
		if e.Seq != version {
			return fmt.Errorf("event %d of a handle follows %d", e.Seq, version-1)
		}
	}
	if at != after.Status || version != after.Version {
		return fmt.Errorf("a handle is %s at version %d, its news are %s at version %d", after.Status, after.Version, at, version)
	}
	return nil
}

// paid makes sure that what becomes payable was agreed to: just now, or by an
// agreement that stands and whose caps let it through.
func (b books) paid(h purse.Handle, now purse.Time, asked purse.HandleID) error {
	before := b.handles[h.ID].Status
	if h.Type != purse.HandleForPayment || h.Hold == b.handles[h.ID].Hold {
		return nil
	}
	if h.ID == asked {
		if before != purse.HandleInitiated && before != purse.HandleProcessing {
			return fmt.Errorf("a consumer agrees to a handle that is %q", before)
		}
		return nil
	}
	m := b.mandates[purse.MandateKey{Merchant: h.Merchant, Consumer: h.Consumer}]
	switch {
	case before != "" || m.Person != h.Payer || m.Person == 0 || m.Revoked != 0 || m.Ends != 0 && now >= m.Ends:
		return fmt.Errorf("a charge without an agreement: %+v, %+v", h, m)
	case m.CapPayment >= 0 && h.Minor > m.CapPayment, m.CapMonth >= 0 && m.ThisMonth(now)+h.Minor > m.CapMonth:
		return fmt.Errorf("a charge of %d over a cap: %+v", h.Minor, m)
	}
	return nil
}

// operationStep compares an operation with what it was.
func (b books) operationStep(k purse.OperationKey, after purse.Operation, events []purse.Event) error {
	before := b.did[k]
	if before.Status != after.Status && !slices.Contains(purse.OperationMoves[before.Status], after.Status) {
		return fmt.Errorf("a %s goes from %q to %s", k.Kind, before.Status, after.Status)
	}
	told := before.Version
	for _, e := range events {
		if e.Subject == int64(k.ID) && e.Seq == told+1 && kindOf(e.Kind) == k.Kind {
			told++
			if told == after.Version && operationNews[e.Kind] != after.Status {
				return fmt.Errorf("a %s is %s, its news are %s", k.Kind, after.Status, e.Kind)
			}
		}
	}
	if told != after.Version {
		return fmt.Errorf("a %s is at version %d, its news at %d", k.Kind, after.Version, told)
	}
	if before.Version != 0 && (after.Minor != before.Minor || after.Payer != before.Payer || after.Settleable > before.Settleable) {
		return fmt.Errorf("a %s has changed from %+v to %+v", k.Kind, before, after)
	}
	return nil
}

// kindOf is which kind of operation an event is about.
func kindOf(e purse.EventKind) purse.OperationKind {
	for i, c := range e {
		if c == '.' {
			return purse.OperationKind(e[:i])
		}
	}
	return ""
}

// inTime makes sure that what was taken just now was taken before its deadlines.
func (b books) inTime(before books, o purse.Operation) error {
	if _, old := before.did[o.OperationKey]; old || o.Status != purse.OperationCompleted {
		return nil
	}
	sale, deadline := b.did[purse.OperationKey{Merchant: o.Merchant, Kind: purse.Sale, ID: o.Parent}], purse.Time(0)
	switch {
	case usesHandle(o.Kind), o.Kind == purse.Settlement && sale.Auto:
		deadline = b.handles[o.Handle].Deadline()
	case o.Kind == purse.Settlement, o.Kind == purse.Void:
		deadline = sale.Deadline
	default:
		return nil
	}
	if b.now >= deadline {
		return fmt.Errorf("a %s %s after the deadline", o.Kind, time.Duration(b.now-deadline)*time.Microsecond)
	}
	return nil
}
