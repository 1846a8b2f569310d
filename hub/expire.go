package hub

import (
	"context"
	"errors"

	"purse"
)

// expireMax is how many overdue things are looked for at a time.
const expireMax = 200

// ExpireOverdue ends every handle whose deadline has come, and gives back what of
// sales was not settled in time. Commands decide by the deadline themselves; this
// only tidies up. Any number of servers may do so at once.
func (s *Service) ExpireOverdue(ctx context.Context, book purse.BookID) error {
	now, err := s.Store.Now(ctx, book)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		handles, err := s.Store.OverdueHandles(ctx, book, now, expireMax)
		if err != nil {
			return err
		}
		sales, err := s.Store.Unsettled(ctx, book, now, expireMax)
		if err != nil {
			return err
		}
		ended := 0
		for _, k := range handles {
			done, failure := s.expireHandle(ctx, book, k)
			if err = errors.Join(err, failure); done {
				ended++
			}
		}
		for _, k := range sales {
			done, failure := s.expireSale(ctx, book, k)
			if err = errors.Join(err, failure); done {
				ended++
			}
		}
		if err != nil || ended == 0 {
			return err
		}
	}
	return nil
}

// expireHandle ends a handle if it is overdue, and says whether it did.
func (s *Service) expireHandle(ctx context.Context, book purse.BookID, k purse.HandleKey) (ended bool, err error) {
	needs, err := s.handleNeeds(ctx, book, k)
	if err != nil {
		return false, err
	}
	err = s.Store.Execute(ctx, purse.Command{Book: book, Needs: needs, Decide: endHandle(k, &ended)})
	return ended && err == nil, err
}

// endHandle decides the end of a handle if it is overdue, and tells whether it was.
func endHandle(k purse.HandleKey, ended *bool) func(*purse.Facts) error {
	return func(f *purse.Facts) error {
		h, err := f.Handle(k)
		if err != nil {
			return err
		}
		*ended, err = lapse(f, &h)
		return err
	}
}

// handleNeeds is what any change of a handle must see.
func (s *Service) handleNeeds(ctx context.Context, book purse.BookID, k purse.HandleKey) (purse.Needs, error) {
	h, err := s.Store.Handle(ctx, book, k)
	if err != nil {
		return purse.Needs{}, err
	}
	needs := purse.Needs{
		Handles: []purse.HandleKey{k}, Accounts: balances(k.Merchant, h.Payer),
		Mandates: []purse.MandateKey{{Merchant: k.Merchant, Consumer: h.Consumer}},
	}
	if h.Hold != 0 {
		needs.Holds = append(needs.Holds, h.Hold)
	}
	return needs, nil
}

// expireSale gives back what of a sale was not settled in time.
func (s *Service) expireSale(ctx context.Context, book purse.BookID, k purse.OperationKey) (ended bool, err error) {
	needs, err := s.saleNeeds(ctx, book, k)
	if err != nil {
		return false, err
	}
	err = s.Store.Execute(ctx, purse.Command{Book: book, Needs: needs, Decide: endSale(k, &ended)})
	return ended && err == nil, err
}

// endSale decides what endHandle does, of a sale.
func endSale(k purse.OperationKey, ended *bool) func(*purse.Facts) error {
	return func(f *purse.Facts) error {
		sale, err := f.Operation(k)
		if err != nil {
			return err
		}
		*ended, err = lapseSale(f, &sale)
		return err
	}
}
