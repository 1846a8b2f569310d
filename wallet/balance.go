package wallet

import (
	"context"

	"purse"
)

// Balance is what the actor's person can spend, in minor units; nil if the actor
// may not know it.
func (s *Service) Balance(ctx context.Context, actor purse.Actor) (*int64, error) {
	if !actor.Scopes.Has(purse.AccessBalance) {
		return nil, nil
	}
	a, err := s.Store.Account(ctx, actor.Book, purse.WalletOf(actor.User))
	if err != nil {
		return nil, err
	}
	spendable := a.Spendable()
	return &spendable, nil
}
