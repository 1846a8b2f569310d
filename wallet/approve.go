package wallet

import (
	"context"

	"purse"
	"purse/policy"
)

// Approve pays a charge that the actor was asked to pay.
//
// Refused as every change of a payment is, and with CodeNotPending, CodeTarget,
// CodeFrozen, CodeLimit or CodeFunds; then the charge stays pending.
func (s *Service) Approve(ctx context.Context, actor purse.Actor, req ChangeRequest) (purse.Answer, error) {
	return s.change(ctx, actor, req, func(f *purse.Facts, p *purse.Payment) (purse.EventKind, error) {
		if err := asked(f, actor, p); err != nil {
			return "", err
		}
		if err := policy.Pay(f, p, actor.App); err != nil {
			return "", err
		}
		return purse.PaymentUpdated, settle(f, p)
	})
}

// asked refuses whoever was not asked to pay, and whatever is not pending.
func asked(f *purse.Facts, actor purse.Actor, p *purse.Payment) error {
	if p.Action != purse.Charge || p.Target != actor.User {
		return purse.Refuse(purse.CodeNotPending, "Only who was asked to pay can approve or deny.")
	}
	return waits(f, p)
}
