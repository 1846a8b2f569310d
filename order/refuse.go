package order

import (
	"context"

	"purse"
)

// Refuse is the customer's no. Whoever has the link may say it.
//
// Refused with CodeNotFound or, if the order has ended, CodeFinal.
func (s *Service) Refuse(ctx context.Context, link string) (purse.Order, error) {
	q, err := s.Question(ctx, link)
	if err != nil {
		return purse.Order{}, err
	}
	if err := waits(q.Order); err != nil { // anybody may ask again and again: not in the book's time
		return purse.Order{}, err
	}
	var o purse.Order
	err = s.Store.Execute(ctx, purse.Command{
		Book: q.Merchant.Book, Needs: purse.Needs{Orders: []purse.OrderKey{q.Order.OrderKey}},
		Decide: changing(q.Order.OrderKey, &o, cancel),
	})
	return come(o, purse.OrderCancelled, err)
}

// cancel decides that an order will not be paid.
func cancel(f *purse.Facts, o *purse.Order) error {
	if err := waits(*o); err != nil {
		return err
	}
	step(f, o, purse.OrderCancelled)
	return nil
}
