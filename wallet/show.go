package wallet

import (
	"context"

	"purse"
)

// Show finds a payment that the actor is party to. The actor must have been
// authenticated by a fresh read of the token, as identity does for reads.
//
// Refused with CodeScope or CodeNotFound; somebody else's payment does not exist.
func (s *Service) Show(ctx context.Context, actor purse.Actor, id purse.PaymentID) (Receipt, error) {
	if err := mayRead(actor); err != nil {
		return Receipt{}, err
	}
	p, err := s.Store.Payment(ctx, actor.Book, id)
	if err != nil {
		return Receipt{}, err
	}
	if p.Actor != actor.User && p.Target != actor.User {
		return Receipt{}, purse.Refuse(purse.CodeNotFound, "Resource not found.")
	}
	if p.Overdue(actor.At) { // the sweep has not come by yet
		catching, cancel := context.WithTimeout(ctx, catchUpMax)
		defer cancel()
		if _, failed := s.expire(catching, actor.Book, id); failed == nil {
			if p, err = s.Store.Payment(ctx, actor.Book, id); err != nil {
				return Receipt{}, err
			}
		}
	}
	receipts, err := s.receipts(ctx, []purse.Payment{p})
	if err != nil {
		return Receipt{}, err
	}
	return receipts[0], nil
}

// mayRead refuses who may not look at payments: seeds/002 names access_profile for
// that, and there is a scope for it besides.
func mayRead(actor purse.Actor) error {
	if actor.Scopes.Has(purse.AccessPaymentHistory) {
		return nil
	}
	return actor.Allows(purse.AccessProfile)
}

// receipts puts payments together with their people.
func (s *Service) receipts(ctx context.Context, payments []purse.Payment) ([]Receipt, error) {
	var ids []purse.UserID
	for _, p := range payments {
		ids = append(ids, p.Actor)
		if p.Target != 0 {
			ids = append(ids, p.Target)
		}
	}
	users, err := s.Store.Users(ctx, ids...)
	if err != nil {
		return nil, err
	}
	receipts := make([]Receipt, len(payments))
	for i, p := range payments {
		receipts[i] = Receipt{Payment: p, Actor: users[p.Actor], Target: users[p.Target]}
	}
	return receipts, nil
}
