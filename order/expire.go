package order

import (
	"context"
	"slices"

	"purse"
)

// expireMax is how many overdue orders one command ends.
const expireMax = 200

// ExpireOverdue ends every order whose deadline has come. Commands decide by the
// deadline themselves; this only tidies up. Any number of servers may do so at once.
func (s *Service) ExpireOverdue(ctx context.Context, book purse.BookID) error {
	now, err := s.Store.Now(ctx, book)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		late, err := s.Store.OverdueOrders(ctx, book, now, expireMax)
		if err != nil || len(late) == 0 {
			return err
		}
		after, err := s.end(ctx, book, late)
		if err != nil {
			return err
		}
		ended := 0
		for _, o := range after {
			if o.Status != purse.OrderPending {
				ended++
			}
		}
		if ended == 0 { // the book's clock is not where it was read to be
			return nil
		}
	}
	return nil
}

// end ends those of some orders that are overdue, and tells what all of them are then.
func (s *Service) end(ctx context.Context, book purse.BookID, keys []purse.OrderKey) (map[purse.OrderKey]purse.Order, error) {
	all := make(map[purse.OrderKey]purse.Order, len(keys))
	for some := range slices.Chunk(keys, expireMax) {
		err := s.Store.Execute(ctx, purse.Command{
			Book: book, Needs: purse.Needs{Orders: some},
			Decide: func(f *purse.Facts) error {
				for _, k := range some {
					var o purse.Order
					if err := changing(k, &o, asItIs)(f); err != nil {
						return err
					}
					all[k] = o
				}
				return nil
			},
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// asItIs leaves an order that is not overdue alone.
func asItIs(*purse.Facts, *purse.Order) error { return nil }

// fresh is an order that was read, or if it was overdue what has become of it.
func (s *Service) fresh(ctx context.Context, book purse.BookID, o purse.Order, now purse.Time) (purse.Order, error) {
	if !o.Overdue(now) {
		return o, nil
	}
	ended, err := s.end(ctx, book, []purse.OrderKey{o.OrderKey})
	if err != nil {
		return purse.Order{}, err
	}
	return ended[o.OrderKey], nil
}
