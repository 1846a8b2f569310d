package order

import (
	"context"
	"time"

	"purse"
	"purse/secret"
)

// tillLife is for how long an order of a till can be paid at most: the customer
// stands there.
const tillLife = time.Hour

// Charge makes an order at the till of the merchant that the actor works for. product
// may be empty: nobody types it while somebody waits. The order can be paid for as long
// as the merchant's orders can, and at most for an hour.
//
// Refused with CodeScope, CodeInvalid, CodeSignedOut, CodeNotFound, CodeMerchant,
// CodeNotAccepted or CodeAmount.
func (s *Service) Charge(ctx context.Context, actor purse.Actor, merchant purse.MerchantID, minor int64, product string) (purse.Order, error) {
	if product == "" {
		product = "Purchase"
	}
	if err := checkProduct(product); err != nil {
		return purse.Order{}, err
	}
	draft := purse.Order{
		OrderKey: purse.OrderKey{Merchant: merchant}, Source: purse.OrderFromTill, Minor: minor, Product: product, Link: secret.Link(),
	}
	var made purse.Order
	err := s.Store.Execute(ctx, working(actor, merchant, purse.Needs{}, func(f *purse.Facts, m purse.Merchant) (err error) {
		made, err = begin(f, m, draft)
		return err
	}))
	if err != nil {
		return purse.Order{}, err
	}
	return made, nil
}

// CallOff is the no of somebody who works for the merchant, to an order of its till or
// of a payment link; what its program has asked for, its customer may refuse.
//
// Refused with CodeScope, CodeSignedOut, CodeNotFound, CodeMerchant, CodeInvalid or, if
// the order has ended, CodeFinal.
func (s *Service) CallOff(ctx context.Context, actor purse.Actor, k purse.OrderKey) (purse.Order, error) {
	var o purse.Order
	decide := changing(k, &o, func(f *purse.Facts, o *purse.Order) error {
		if o.Source == purse.OrderFromAPI {
			return purse.Refuse(purse.CodeInvalid, "The merchant's program has made this order. Only the customer can refuse it.")
		}
		return cancel(f, o)
	})
	err := s.Store.Execute(ctx, working(actor, k.Merchant, purse.Needs{Orders: []purse.OrderKey{k}},
		func(f *purse.Facts, _ purse.Merchant) error { return decide(f) }))
	return come(o, purse.OrderCancelled, err)
}

// AtTill is an order as somebody who works for its merchant sees it. An overdue one is
// ended first. One that the merchant's program has made is not shown: whoever sees its
// link may refuse it.
//
// Refused with CodeScope, CodeSignedOut or CodeNotFound.
func (s *Service) AtTill(ctx context.Context, actor purse.Actor, k purse.OrderKey) (Question, error) {
	m, err := s.employer(ctx, actor, k.Merchant)
	if err != nil {
		return Question{}, err
	}
	o, err := s.Store.Order(ctx, m.Book, k)
	if err == nil && o.Source == purse.OrderFromAPI {
		err = purse.Refuse(purse.CodeNotFound, "There is no such order.")
	}
	if err != nil {
		return Question{}, err
	}
	return s.question(ctx, o, m)
}
