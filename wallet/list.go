package wallet

import (
	"context"
	"slices"
	"time"

	"purse"
)

// The bounds of what a read does about what is overdue in it: how often a page is
// read again, and how long it takes. What is left is the sweep's.
const (
	relistMax  = 10
	catchUpMax = time.Second
)

// List lists payments that the actor is party to, newest first, and says whether
// there are more behind the last of them. The actor must have been authenticated
// by a fresh read of the token. q's person is the actor.
//
// Refused with CodeScope.
func (s *Service) List(ctx context.Context, actor purse.Actor, q purse.PaymentQuery) (page []Receipt, more bool, err error) {
	if err := mayRead(actor); err != nil {
		return nil, false, err
	}
	catching, cancel := context.WithTimeout(ctx, catchUpMax)
	defer cancel()
	// The sweep may not have come by yet: what is overdue is not pending any more,
	// and is among those that expired. Whatever cannot be ended may be anybody's,
	// and is for the sweep to report.
	statuses, _ := q.Matches()
	if slices.Contains(statuses, purse.PaymentPending) || slices.Contains(statuses, purse.PaymentExpired) {
		_, _, _ = s.expireSome(catching, actor.Book, actor.At, 0)
	}
	q.Person = actor.User
	limit := q.Limit
	q.Limit++ // one more tells whether there is another page
	payments, err := s.Store.Payments(ctx, actor.Book, q)
	// After an outage there may be more than that, page after page.
	overdue := func(p purse.Payment) bool { return p.Overdue(actor.At) }
	for tries := 0; err == nil && tries < relistMax && slices.ContainsFunc(payments, overdue) && catching.Err() == nil; tries++ {
		for _, p := range payments {
			if !overdue(p) {
				continue
			}
			if _, failed := s.expire(catching, actor.Book, p.ID); failed != nil {
				tries = relistMax // a last look at what has been ended
				break
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
