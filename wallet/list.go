package wallet

import (
	"context"
	"slices"

	"purse"
)

// relistMax is how often a page is read again because of what was overdue in it.
const relistMax = 10

// List lists payments that the actor is party to, newest first, and says whether
// there are more behind the last of them. The actor must have been authenticated
// by a fresh read of the token. q's person is the actor.
//
// Refused with CodeScope.
func (s *Service) List(ctx context.Context, actor purse.Actor, q purse.PaymentQuery) (page []Receipt, more bool, err error) {
	if err := mayRead(actor); err != nil {
		return nil, false, err
	}
	// The sweep may not have come by yet: what is overdue is not pending any more,
	// and is among those that expired. Whatever cannot be ended may be anybody's,
	// and is for the sweep to report.
	statuses, _ := q.Matches()
	if slices.Contains(statuses, purse.PaymentPending) || slices.Contains(statuses, purse.PaymentExpired) {
		_, _ = s.expireSome(ctx, actor.Book, actor.At)
	}
	q.Person = actor.User
	limit := q.Limit
	q.Limit++ // one more tells whether there is another page
	payments, err := s.Store.Payments(ctx, actor.Book, q)
	// After an outage there may be more than that, page after page.
	overdue := func(p purse.Payment) bool { return p.Overdue(actor.At) }
	for tries := 0; err == nil && tries < relistMax && slices.ContainsFunc(payments, overdue); tries++ {
		for _, p := range payments {
			if overdue(p) {
				_, _ = s.expire(ctx, actor.Book, p.ID)
			}
		}
		payments, err = s.Store.Payments(ctx, actor.Book, q)
	}
	if err != nil {
		return nil, false, err
	}
	if more = len(payments) > limit; more {
		payments = payments[:limit]
	}
	page, err = s.receipts(ctx, payments)
	return page, more, err
}
