package wallet

import (
	"context"

	"purse"
	"purse/policy"
)

// Charge asks a person, or whoever will own an address, to pay the actor. It is
// pending until it is approved, denied or cancelled, at most for
// Terms.ChargeLife. A friend whom the target trusts with so much is paid at once.
//
// Refused with CodeBadToken, CodeTokenRevoked, CodeTokenExpired, CodeScope,
// CodeKeyReused, CodeStrangers, CodeSelf, CodeTarget, CodeLimit or CodeAmount, in this order.
func (s *Service) Charge(ctx context.Context, actor purse.Actor, req PayRequest) (purse.Answer, error) {
	return s.make(ctx, actor, req, purse.Charge, func(f *purse.Facts, p *purse.Payment) error {
		if err := policy.Ask(f, p); err != nil {
			return err
		}
		trusted, err := policy.Trusted(f, *p)
		switch {
		case err != nil:
			return err
		case trusted:
			if err := policy.PayTrusted(f, p); err != nil {
				return err
			}
			return settle(f, p)
		case p.Target == 0:
			if err := introduce(f, *p); err != nil {
				return err
			}
		}
		p.Status, p.Deadline = purse.PaymentPending, f.Now.Add(f.Book.Terms.ChargeLife)
		return nil
	})
}
