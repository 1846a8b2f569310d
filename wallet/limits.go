package wallet

import (
	"context"
	"fmt"

	"purse"
)

// SetLimits changes what one wallet may pay out, from the next payment on. A
// limit below zero stays as it is. Only operators call it.
func (s *Service) SetLimits(ctx context.Context, book purse.BookID, by purse.Operator, l purse.Limits) (purse.Limits, error) {
	var now purse.Limits
	err := s.Store.Execute(ctx, purse.Command{
		Book: book,
		Decide: func(f *purse.Facts) error {
			now = f.Book.Limits
			if l.PaymentMinor >= 0 {
				now.PaymentMinor = l.PaymentMinor
			}
			if l.WeekMinor >= 0 {
				now.WeekMinor = l.WeekMinor
			}
			f.SetLimits(now)
			f.Put(purse.NewAction(f, by, "limits.set", "", fmt.Sprintf("payment %d, week %d", now.PaymentMinor, now.WeekMinor)))
			return nil
		},
	})
	return now, err
}
