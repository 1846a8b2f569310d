package wallet

import (
	"context"

	"purse"
	"purse/policy"
)

// Remind asks the target of a charge once more; it can be done once. Whoever
// listens to events passes it on.
//
// Refused as every change of a payment is, and with CodeNoCharge, CodeReminded or
// CodeTarget.
func (s *Service) Remind(ctx context.Context, actor purse.Actor, req ChangeRequest) (purse.Answer, error) {
	return s.change(ctx, actor, req, func(f *purse.Facts, p *purse.Payment) (purse.EventKind, error) {
		if p.Action != purse.Charge || p.Actor != actor.User || waits(f, p) != nil {
			return "", purse.Refuse(purse.CodeNoCharge, "There is no pending charge of yours to remind of.")
		}
		if p.Reminded != 0 {
			return "", purse.Refuse(purse.CodeReminded, "You have sent a reminder already.")
		}
		if err := policy.NotBlocked(f, *p); err != nil {
			return "", err
		}
		p.Reminded = f.Now
		return purse.PaymentReminded, nil
	})
}
