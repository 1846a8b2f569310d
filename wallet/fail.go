package wallet

import (
	"context"

	"purse"
)

// Fail ends a pending payment that can no longer be delivered, such as one to an
// address that turned out not to exist. What was in escrow goes back to the
// actor. Only operators call it.
//
// Refused with CodeNotFound, CodeInvalid or CodeNotPending.
func (s *Service) Fail(ctx context.Context, book purse.BookID, by purse.Operator, id purse.PaymentID, reason string) error {
	if err := purse.CheckReason(reason); err != nil {
		return err
	}
	_, err := s.undelivered(ctx, book, id, purse.PaymentFailed, func(f *purse.Facts, p purse.Payment) (bool, error) {
		if err := waits(f, &p); err != nil {
			return false, err
		}
		f.Put(purse.NewAction(f, by, "payment.fail", id.String(), reason))
		return true, nil
	})
	return err
}
