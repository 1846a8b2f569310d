package order

import (
	"context"

	"purse"
	"purse/policy"
)

// Question is what the page of an order shows.
type Question struct {
	Order    purse.Order
	Merchant purse.Merchant
	Now      purse.Time
}

// Question is what the page with a link is about. An overdue order is ended first.
//
// Refused with CodeNotFound.
func (s *Service) Question(ctx context.Context, link string) (Question, error) {
	o, err := s.Store.OrderLinked(ctx, link)
	if err != nil {
		return Question{}, err
	}
	m, err := s.Store.Merchants(ctx, o.Merchant)
	if err != nil {
		return Question{}, err
	}
	return s.question(ctx, o, m[o.Merchant])
}

// question puts an order and its merchant together.
func (s *Service) question(ctx context.Context, o purse.Order, m purse.Merchant) (q Question, err error) {
	q.Merchant = m
	if q.Now, err = s.Store.Now(ctx, m.Book); err != nil {
		return q, err
	}
	q.Order, err = s.fresh(ctx, m.Book, o, q.Now)
	return q, err
}

// Pay moves the money from the actor's wallet to the merchant, and the fee. What the
// wallet does not allow leaves the order as it is: it may be tried again, also with
// another wallet. An order that the actor has paid before is paid, and nothing happens.
//
// Only the actor's own session may pay. Refused with CodeScope, CodeNotFound,
// CodeSignedOut, CodeFinal (it was paid by another, refused, or its deadline has come),
// CodeMerchant, CodeNotAccepted, CodeFrozen, CodeLimit or CodeFunds, in this order.
func (s *Service) Pay(ctx context.Context, actor purse.Actor, link string) (purse.Order, error) {
	if actor.Session == "" {
		return purse.Order{}, purse.Refuse(purse.CodeScope, "An app cannot do this.")
	}
	q, err := s.Question(ctx, link)
	if err != nil {
		return purse.Order{}, err
	}
	needs := actor.Credential()
	needs.Add(purse.Needs{
		Orders: []purse.OrderKey{q.Order.OrderKey}, Merchants: []purse.MerchantID{q.Merchant.ID}, Accounts: accounts(q.Merchant.ID, actor.User),
	})
	var o purse.Order
	decide := changing(q.Order.OrderKey, &o, func(f *purse.Facts, o *purse.Order) error {
		if o.Status == purse.OrderPaid && o.Payer == actor.User {
			return nil
		}
		if err := waits(*o); err != nil {
			return err
		}
		return settle(f, o, actor.User)
	})
	err = s.Store.Execute(ctx, purse.Command{
		Book: q.Merchant.Book, Principal: actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) error {
			if err := policy.Authorize(f, actor, purse.MakePayments); err != nil {
				return err
			}
			return decide(f)
		},
	})
	return come(o, purse.OrderPaid, err)
}

// settle pays an order that waits.
func settle(f *purse.Facts, o *purse.Order, payer purse.UserID) error {
	m, err := f.Merchant(o.Merchant)
	if err != nil {
		return err
	}
	if m.Closed != 0 {
		return purse.Refuse(purse.CodeMerchant, "This merchant account is closed.")
	}
	if err := policy.Accepts(m); err != nil {
		return err
	}
	if err := policy.PayMerchant(f, payer, o.Minor); err != nil {
		return err
	}
	wallet, balance := purse.WalletOf(payer), purse.BalanceOf(o.Merchant)
	if o.Counted, err = f.CountSpent(wallet, o.Minor); err != nil {
		return err
	}
	if o.Transfer, err = f.Move(wallet, balance, o.Minor, o.Cause()); err != nil {
		return err
	}
	if o.Fee > 0 {
		bearer := balance
		if o.OnTop {
			bearer = wallet
		}
		if _, err := f.Move(bearer, purse.FeesAccount, o.Fee, o.Cause()); err != nil {
			return err
		}
	}
	o.Payer = payer
	step(f, o, purse.OrderPaid)
	return nil
}

// waits refuses an order that has ended.
func waits(o purse.Order) error {
	switch o.Status {
	case purse.OrderPending:
		return nil
	case purse.OrderPaid:
		return purse.Refuse(purse.CodeFinal, "This was paid already. Nothing is paid twice.")
	case purse.OrderExpired:
		return purse.Refuse(purse.CodeFinal, "This is no longer open. Nothing was paid.")
	}
	return purse.Refuse(purse.CodeFinal, "This was cancelled. Nothing was paid.")
}

// come is an order that a command was to bring to a state. One that was found overdue
// was ended instead.
func come(o purse.Order, to purse.OrderStatus, err error) (purse.Order, error) {
	if err == nil && o.Status != to {
		err = waits(o)
	}
	if err != nil {
		return purse.Order{}, err
	}
	return o, nil
}

// changing decides about an order, and tells by o what it is then. An overdue one is
// ended instead.
func changing(k purse.OrderKey, o *purse.Order, do func(*purse.Facts, *purse.Order) error) func(*purse.Facts) error {
	return func(f *purse.Facts) (err error) {
		if *o, err = f.Order(k); err != nil {
			return err
		}
		if o.Overdue(f.Now) {
			step(f, o, purse.OrderExpired)
			return nil
		}
		return do(f, o)
	}
}
