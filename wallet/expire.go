package wallet

import (
	"context"
	"errors"

	"purse"
)

// expireMax is how many overdue payments are looked for at a time.
const expireMax = 100

// ExpireOverdue ends every pending payment of a book whose deadline has come.
// Commands decide by the deadline themselves; this only tidies up. Any number of
// servers may do so at once. One that cannot be ended does not stop the others.
func (s *Service) ExpireOverdue(ctx context.Context, book purse.BookID) error {
	now, err := s.Store.Now(ctx, book)
	if err != nil {
		return err
	}
	var all error
	for stuck := 0; ctx.Err() == nil; {
		ended, failed, err := s.expireSome(ctx, book, now, stuck)
		all = errors.Join(all, err)
		if stuck += failed; ended == 0 {
			break
		}
	}
	return all
}

// expireSome ends those that have been overdue for longest, but for the first few
// that are stuck.
func (s *Service) expireSome(ctx context.Context, book purse.BookID, now purse.Time, stuck int) (ended, failed int, err error) {
	ids, err := s.Store.Overdue(ctx, book, now, stuck+expireMax)
	for _, id := range ids[min(stuck, len(ids)):] {
		done, failure := s.expire(ctx, book, id)
		if err = errors.Join(err, failure); failure != nil {
			failed++
		} else if done {
			ended++
		}
	}
	return ended, failed, err
}

// expire ends a payment if it is overdue, and does nothing if not.
func (s *Service) expire(ctx context.Context, book purse.BookID, id purse.PaymentID) (ended bool, err error) {
	return s.undelivered(ctx, book, id, purse.PaymentExpired, func(f *purse.Facts, p purse.Payment) (bool, error) {
		return p.Overdue(f.Now), nil
	})
}

// undelivered gives a pending payment its last status if may says so, and says
// whether it did.
func (s *Service) undelivered(ctx context.Context, book purse.BookID, id purse.PaymentID, status purse.PaymentStatus,
	may func(*purse.Facts, purse.Payment) (bool, error)) (done bool, err error) {
	guess, err := s.Store.Payment(ctx, book, id)
	if err != nil {
		return false, err
	}
	err = s.Store.Execute(ctx, purse.Command{
		Book: book, Needs: changeNeeds(guess),
		Decide: func(f *purse.Facts) error {
			p, err := f.Payment(id)
			if err != nil {
				return err
			}
			if done, err = may(f, p); !done || err != nil {
				return err
			}
			if err := end(f, &p, status); err != nil {
				return err
			}
			record(f, &p, purse.PaymentUpdated)
			return nil
		},
	})
	return done && err == nil, err
}
