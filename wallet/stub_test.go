package wallet_test

import (
	"context"

	"purse"
)

// instant is a store whose time stands still: commands decide on facts that the
// test has made for one moment.
type instant struct {
	purse.Store // what is not used
	facts       *purse.Facts
}

func (s instant) Execute(_ context.Context, c purse.Command) error { return c.Decide(s.facts) }

func (s instant) Payment(_ context.Context, _ purse.BookID, id purse.PaymentID) (purse.Payment, error) {
	return s.facts.Payment(id)
}

// signalling tells when it has been asked whose an address is.
type signalling struct {
	purse.Store
	read chan struct{}
}

func (s *signalling) AddressOwner(ctx context.Context, a purse.Address) (purse.AddressOwner, error) {
	defer close(s.read)
	return s.Store.AddressOwner(ctx, a)
}
