package wallet

import (
	"context"

	"purse"
)

// Cancel takes back a charge, or a payment to an address that nobody owns yet,
// that the actor has made. What was in escrow is theirs again at once.
//
// Refused as every change of a payment is, and with CodeNotPending.
func (s *Service) Cancel(ctx context.Context, actor purse.Actor, req ChangeRequest) (purse.Answer, error) {
	return s.change(ctx, actor, req, func(f *purse.Facts, p *purse.Payment) (purse.EventKind, error) {
		if p.Actor != actor.User {
			return "", purse.Refuse(purse.CodeNotPending, "Only who made the payment can cancel it.")
		}
		if err := waits(f, p); err != nil {
			return "", err
		}
		return purse.PaymentUpdated, end(f, p, purse.PaymentCancelled)
	})
}
