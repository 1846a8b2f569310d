package wallet

import (
	"cmp"
	"context"
	"slices"

	"purse"
)

// FeedQuery says which payments are to be told.
type FeedQuery struct {
	Person purse.UserID // whose
	With   purse.UserID // only those between the two; 0: all
	Before int64        // only identifiers below; 0: all
	Limit  int          // at most so many
}

// Story is a payment as somebody may be told of it.
type Story struct {
	Payment       purse.Payment
	Actor, Target purse.User
	App           purse.App // what it was made with; none: no app
	Party         bool      // the viewer is one of the two, and may know the amount
}

// feedRowsMax bounds how many payments one request looks at, and feedChunk is how
// many are read at a time at least: most of what is read is shown.
const (
	feedRowsMax = 1000
	feedChunk   = 50
)

// Feed tells the actor of the settled payments of a person, newest first: of their
// own all, of others those that purse.Visible lets the actor see. next goes on from
// the last one that was looked at, also if the page is not full; 0: there are no
// more. The actor must have been authenticated by a fresh read.
//
// Refused with CodeScope, or with CodeNotFound as Person.
func (s *Service) Feed(ctx context.Context, actor purse.Actor, q FeedQuery) (page []Story, next int64, err error) {
	if err := actor.Allows(purse.AccessFeed); err != nil {
		return nil, 0, err
	}
	people := []purse.UserID{q.Person}
	if q.With != 0 {
		people = append(people, q.With)
	}
	for _, id := range people {
		if _, err := s.Person(ctx, actor, id); err != nil {
			return nil, 0, err
		}
	}
	payments, next, err := s.told(ctx, actor, q)
	if err != nil {
		return nil, 0, err
	}
	page, err = s.stories(ctx, actor, payments)
	return page, next, err
}

// told finds the payments of a page. One more than the page has tells whether
// there are others.
func (s *Service) told(ctx context.Context, actor purse.Actor, q FeedQuery) (page []purse.Payment, next int64, err error) {
	for looked := 0; looked < feedRowsMax; {
		limit := min(max(q.Limit+1-len(page), feedChunk), feedRowsMax-looked)
		rows, err := s.candidates(ctx, actor, q, limit)
		if err != nil {
			return nil, 0, err
		}
		ties, err := s.tiesTo(ctx, actor, rows)
		if err != nil {
			return nil, 0, err
		}
		for _, p := range rows {
			if !purse.Visible(actor.User, p, func(u purse.UserID) purse.Between { return ties[u] }) {
				continue
			}
			if len(page) == q.Limit {
				return page, int64(page[q.Limit-1].ID), nil
			}
			page = append(page, p)
		}
		if len(rows) < limit {
			return page, 0, nil
		}
		looked += limit
		q.Before = int64(rows[limit-1].ID)
	}
	return page, q.Before, nil
}

// candidates reads the next payments that may be visible, newest first. Of
// somebody else's those with the actor are among them, also private ones.
func (s *Service) candidates(ctx context.Context, actor purse.Actor, q FeedQuery, limit int) ([]purse.Payment, error) {
	switch {
	case q.With == q.Person:
		return nil, nil // nobody pays themselves
	case q.With != 0:
		return s.between(ctx, actor.Book, q.Person, q.With, q.Before, limit)
	case q.Person == actor.User:
		return s.Store.Payments(ctx, actor.Book, settled(purse.PaymentQuery{Person: q.Person, Before: q.Before, Limit: limit}))
	}
	told, err := s.Store.Told(ctx, actor.Book, purse.StoryQuery{Person: q.Person, Before: q.Before, Limit: limit})
	if err != nil {
		return nil, err
	}
	own, err := s.between(ctx, actor.Book, q.Person, actor.User, q.Before, limit)
	return newest(limit, told, own), err
}

// between reads the settled payments between two people, whoever made them, newest
// first.
func (s *Service) between(ctx context.Context, book purse.BookID, a, b purse.UserID, before int64, limit int) ([]purse.Payment, error) {
	toA, err := s.Store.Payments(ctx, book, settled(purse.PaymentQuery{Person: a, Actors: []purse.UserID{b}, Before: before, Limit: limit}))
	if err != nil {
		return nil, err
	}
	toB, err := s.Store.Payments(ctx, book, settled(purse.PaymentQuery{Person: b, Actors: []purse.UserID{a}, Before: before, Limit: limit}))
	return newest(limit, toA, toB), err
}

func settled(q purse.PaymentQuery) purse.PaymentQuery {
	q.Statuses = []purse.PaymentStatus{purse.PaymentSettled}
	return q
}

// newest merges two lists that begin with the newest; what is in both is there once.
func newest(limit int, a, b []purse.Payment) []purse.Payment {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b purse.Payment) int { return cmp.Compare(b.ID, a.ID) })
	all = slices.CompactFunc(all, func(a, b purse.Payment) bool { return a.ID == b.ID })
	return all[:min(len(all), limit)]
}

// tiesTo reads what the actor and the people of some payments are to each other.
func (s *Service) tiesTo(ctx context.Context, actor purse.Actor, payments []purse.Payment) (map[purse.UserID]purse.Between, error) {
	var people []purse.UserID
	for _, p := range payments {
		if p.Actor != actor.User && p.Target != actor.User {
			people = append(people, p.Actor, p.Target)
		}
	}
	return s.Store.Between(ctx, actor.User, people...)
}

// stories puts payments together with their people and apps.
func (s *Service) stories(ctx context.Context, actor purse.Actor, payments []purse.Payment) ([]Story, error) {
	receipts, err := s.receipts(ctx, payments)
	if err != nil {
		return nil, err
	}
	var ids []purse.AppID
	for _, p := range payments {
		if p.App != 0 {
			ids = append(ids, p.App)
		}
	}
	apps, err := s.Store.Apps(ctx, ids...)
	if err != nil {
		return nil, err
	}
	page := make([]Story, len(receipts))
	for i, r := range receipts {
		p := r.Payment
		page[i] = Story{
			Payment: p, Actor: r.Actor, Target: r.Target, App: apps[p.App],
			Party: p.Actor == actor.User || p.Target == actor.User,
		}
	}
	return page, nil
}
