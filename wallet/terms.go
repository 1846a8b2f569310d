package wallet

import (
	"context"
	"fmt"

	"purse"
)

// SetTerms changes what a book's payments cost and how long they may wait; from
// then on, that is: what waits already keeps its deadline. change gets the terms
// as they are. Only operators call it.
//
// Refused with CodeInvalid.
func (s *Service) SetTerms(ctx context.Context, book purse.BookID, by purse.Operator, change func(*purse.Terms)) (purse.Terms, error) {
	var now purse.Terms
	err := s.Store.Execute(ctx, purse.Command{
		Book: book,
		Decide: func(f *purse.Facts) error {
			now = f.Book.Terms
			change(&now)
			if err := now.Check(); err != nil {
				return err
			}
			f.SetTerms(now)
			f.Put(purse.NewAction(f, by, "terms.set", "", fmt.Sprintf("fee %d and %d/10000, escrow %s, charges %s",
				now.Fee.Fixed, now.Fee.Basis, now.EscrowLife, now.ChargeLife)))
			return nil
		},
	})
	return now, err
}
