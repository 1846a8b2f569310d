package order

import (
	"context"

	"purse"
)

// Receipt is what the page of an order that was paid shows to those whom it concerns.
type Receipt struct {
	Order    purse.Order
	Merchant purse.Merchant
	Payer    purse.User
	Mine     bool // the actor has paid it; otherwise the actor works for the merchant
}

// Receipt finds an order that was paid, by the actor or at a merchant that the actor
// works for. For everybody else there is none.
//
// Refused with CodeScope, CodeSignedOut or CodeNotFound.
func (s *Service) Receipt(ctx context.Context, actor purse.Actor, number purse.OrderNumber) (Receipt, error) {
	if err := s.signedIn(ctx, actor); err != nil {
		return Receipt{}, err
	}
	o, err := s.Store.OrderPaidBy(ctx, actor.Book, actor.User, number)
	if purse.CodeOf(err) == purse.CodeNotFound {
		o, err = s.soldBy(ctx, actor, number)
	}
	if err != nil {
		return Receipt{}, err
	}
	m, err := s.Store.Merchants(ctx, o.Merchant)
	if err != nil {
		return Receipt{}, err
	}
	people, err := s.Store.Users(ctx, o.Payer)
	return Receipt{Order: o, Merchant: m[o.Merchant], Payer: people[o.Payer], Mine: o.Payer == actor.User}, err
}

// soldBy finds an order that was paid at a merchant that the actor works for.
func (s *Service) soldBy(ctx context.Context, actor purse.Actor, number purse.OrderNumber) (purse.Order, error) {
	merchants, err := s.employers(ctx, actor)
	if err != nil {
		return purse.Order{}, err
	}
	for _, m := range merchants {
		o, err := s.Store.Order(ctx, m.Book, purse.OrderKey{Merchant: m.ID, Number: number})
		if err == nil && o.Status == purse.OrderPaid {
			return o, nil
		}
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return purse.Order{}, err
		}
	}
	return purse.Order{}, purse.Refuse(purse.CodeNotFound, "There is no such receipt.")
}
