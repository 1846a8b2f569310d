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
	if !actor.Scopes.Has(purse.AccessProfile) {
		return Receipt{}, purse.Refuse(purse.CodeScope, "This access token lacks the scope %s.", purse.AccessProfile)
	}
	p, err := s.Store.Payment(ctx, actor.Book, id)
	if err != nil {
		return Receipt{}, err
	}
	if p.Actor != actor.User && p.Target != actor.User {
		return Receipt{}, purse.Refuse(purse.CodeNotFound, "Resource not found.")
	}
	users, err := s.Store.Users(ctx, p.Actor, p.Target)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Payment: p, Actor: users[p.Actor], Target: users[p.Target]}, nil
}
