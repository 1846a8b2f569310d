package order

import (
	"context"

	"purse"
)

// Desk is a merchant as those who work for it see it.
type Desk struct {
	Merchant purse.Merchant
	Balance  int64 // what it may spend, in minor units
}

// Desks lists all merchants that the actor works for, also those that were closed, in
// the order in which they were made.
//
// Refused with CodeScope or CodeSignedOut.
func (s *Service) Desks(ctx context.Context, actor purse.Actor) ([]Desk, error) {
	merchants, err := s.employers(ctx, actor)
	if err != nil {
		return nil, err
	}
	all := make([]Desk, len(merchants))
	for i, m := range merchants {
		if all[i], err = s.desk(ctx, m); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Desk is a merchant that the actor works for, also one that was closed.
//
// Refused with CodeScope, CodeSignedOut or CodeNotFound.
func (s *Service) Desk(ctx context.Context, actor purse.Actor, merchant purse.MerchantID) (Desk, error) {
	m, err := s.employer(ctx, actor, merchant)
	if err != nil {
		return Desk{}, err
	}
	return s.desk(ctx, m)
}

func (s *Service) desk(ctx context.Context, m purse.Merchant) (Desk, error) {
	balance, err := s.Store.Account(ctx, m.Book, purse.BalanceOf(m.ID))
	if err != nil {
		return Desk{}, err
	}
	return Desk{Merchant: m, Balance: balance.Spendable()}, nil
}

// Sold is an order as those who work for its merchant see it.
type Sold struct {
	Order purse.Order
	Payer purse.User // the zero one if nobody has paid
}

// DeskOrders lists orders of q's merchant, which the actor works for, newest first;
// overdue ones are ended first.
//
// Refused with CodeScope, CodeSignedOut, CodeNotFound or, as Orders, CodeInvalid.
func (s *Service) DeskOrders(ctx context.Context, actor purse.Actor, q purse.OrderQuery) ([]Sold, error) {
	m, err := s.employer(ctx, actor, q.Merchant)
	if err != nil {
		return nil, err
	}
	orders, err := s.list(ctx, m.Book, q)
	if err != nil {
		return nil, err
	}
	var payers []purse.UserID
	for _, o := range orders {
		if o.Payer != 0 {
			payers = append(payers, o.Payer)
		}
	}
	people, err := s.Store.Users(ctx, payers...)
	if err != nil {
		return nil, err
	}
	all := make([]Sold, len(orders))
	for i, o := range orders {
		all[i] = Sold{Order: o, Payer: people[o.Payer]}
	}
	return all, nil
}
