package order

import (
	"context"
	"math"

	"purse"
)

// Order finds an order of the merchant's; an overdue one is ended first. The seller's
// key was checked by whoever asks.
//
// Refused with CodeNotFound.
func (s *Service) Order(ctx context.Context, seller purse.Seller, number purse.OrderNumber) (purse.Order, error) {
	o, err := s.Store.Order(ctx, seller.Book, purse.OrderKey{Merchant: seller.Merchant, Number: number})
	if err != nil {
		return purse.Order{}, err
	}
	all, err := s.show(ctx, seller.Book, []purse.Order{o})
	if err != nil {
		return purse.Order{}, err
	}
	return all[0], nil
}

// The bounds of a list: what comes later costs as much as all that is left out.
const (
	ordersMax = 10_000
	offsetMax = 10_000
)

// Orders lists orders of the merchant's, newest first; overdue ones are ended first.
// The seller's key was checked by whoever asks.
//
// Refused with CodeInvalid, if q asks for more than 10,000 orders or leaves out more.
func (s *Service) Orders(ctx context.Context, seller purse.Seller, q purse.OrderQuery) ([]purse.Order, error) {
	q.Merchant = seller.Merchant
	return s.list(ctx, seller.Book, q)
}

func (s *Service) list(ctx context.Context, book purse.BookID, q purse.OrderQuery) ([]purse.Order, error) {
	if q.Limit < 1 || q.Limit > ordersMax {
		return nil, purse.Refuse(purse.CodeInvalid, "limit is from 1 to %d.", ordersMax)
	}
	if q.Offset < 0 || q.Offset > offsetMax {
		return nil, purse.Refuse(purse.CodeInvalid, "offset is from 0 to %d.", offsetMax)
	}
	orders, err := s.Store.Orders(ctx, book, q)
	if err != nil {
		return nil, err
	}
	return s.show(ctx, book, orders)
}

// History is what a merchant has asked for in a period.
type History struct {
	Orders []purse.Order // newest first
	Minor  int64         // the sum of what they ask for, whatever has become of them
}

// History finds all orders of the merchant's that were made in a period, both ends
// included; overdue ones are ended first. The seller's key was checked by whoever asks.
//
// It is all of them or none: refused with CodeLimit if there are more than 10,000, and
// with CodeInvalid if from is after to.
func (s *Service) History(ctx context.Context, seller purse.Seller, from, to purse.Time) (History, error) {
	if from > to {
		return History{}, purse.Refuse(purse.CodeInvalid, "The period ends before it begins.")
	}
	if to < purse.Epoch {
		return History{}, nil // the zero time would be any
	}
	orders, err := s.Store.Orders(ctx, seller.Book, purse.OrderQuery{
		Merchant: seller.Merchant, From: max(from, purse.Epoch), To: min(to, math.MaxInt64-1), Limit: ordersMax + 1,
	})
	if err != nil {
		return History{}, err
	}
	if len(orders) > ordersMax {
		return History{}, purse.Refuse(purse.CodeLimit, "There are more than %d orders. Narrow the period.", ordersMax)
	}
	h := History{}
	for _, o := range orders {
		h.Minor += o.Minor // at most ordersMax of at most purse.OrderMax: far below what fits
	}
	h.Orders, err = s.show(ctx, seller.Book, orders)
	return h, err
}

// show ends those orders that are overdue.
func (s *Service) show(ctx context.Context, book purse.BookID, orders []purse.Order) ([]purse.Order, error) {
	now, err := s.Store.Now(ctx, book)
	if err != nil {
		return nil, err
	}
	var late []purse.OrderKey
	for _, o := range orders {
		if o.Overdue(now) {
			late = append(late, o.OrderKey)
		}
	}
	if len(late) == 0 {
		return orders, nil
	}
	ended, err := s.end(ctx, book, late)
	if err != nil {
		return nil, err
	}
	for i, o := range orders {
		if e, ok := ended[o.OrderKey]; ok {
			orders[i] = e
		}
	}
	return orders, nil
}
