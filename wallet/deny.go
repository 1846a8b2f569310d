package wallet

import (
	"context"

	"purse"
)

// Deny refuses a charge that the actor was asked to pay.
//
// Refused as every change of a payment is, and with CodeNotPending.
func (s *Service) Deny(ctx context.Context, actor purse.Actor, req ChangeRequest) (purse.Answer, error) {
	return s.change(ctx, actor, req, func(f *purse.Facts, p *purse.Payment) (purse.EventKind, error) {
		if err := asked(f, actor, p); err != nil {
			return "", err
		}
		return purse.PaymentUpdated, end(f, p, purse.PaymentCancelled)
	})
}
