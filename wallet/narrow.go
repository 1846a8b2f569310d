package wallet

import (
	"context"

	"purse"
)

// Narrow lets fewer people see a payment. Either party may do so at any time, also
// when it has settled, and neither may take it back. A payment that is seen by
// nobody else already stays as it is.
//
// Refused as every change of a payment is, and with CodeAudience.
func (s *Service) Narrow(ctx context.Context, actor purse.Actor, req ChangeRequest, to purse.Audience) (purse.Answer, error) {
	return s.change(ctx, actor, req, func(_ *purse.Facts, p *purse.Payment) (purse.EventKind, error) {
		switch {
		case to == "" || !to.Within(p.Audience):
			return "", purse.Refuse(purse.CodeAudience, "The audience can only become narrower than %s.", p.Audience)
		case to == p.Audience:
			return "", nil
		}
		p.Audience = to
		return purse.PaymentNarrowed, nil
	})
}
