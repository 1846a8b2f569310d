package storetest

import (
	"context"
	"strings"
	"testing"

	"purse"
)

func testReads(t *testing.T, open Open) {
	s := start(t, open)
	p := s.crowd(t, 2, 500)
	s.mustPay(t, p[0], p[1], 120, "k")
	ctx := t.Context()
	t.Run("WhatIsCommittedIsSeen", func(t *testing.T) { testCommittedIsSeen(t, s, p) })
	t.Run("WhatIsNotThereIsNotFound", func(t *testing.T) {
		_, err := s.Book(ctx, 7)
		refused(t, err, purse.CodeNotFound)
		_, _, err = s.Token(ctx, "none")
		refused(t, err, purse.CodeNotFound)
		_, err = s.UserNamed(ctx, "nobody")
		refused(t, err, purse.CodeNotFound)
		_, err = s.UserNamed(ctx, "no such name at all!")
		refused(t, err, purse.CodeNotFound)
		_, err = s.Account(ctx, purse.MainBook, 5)
		refused(t, err, purse.CodeNotFound)
		_, err = s.Account(ctx, purse.Directory, purse.WalletOf(p[0].User))
		refused(t, err, purse.CodeNotFound)
		_, err = s.Payment(ctx, purse.MainBook, 5)
		refused(t, err, purse.CodeNotFound)
		if users, err := s.Users(ctx, 5, 6); err != nil || len(users) != 0 {
			t.Errorf("%v, %v", users, err)
		}
	})
	t.Run("ManyPeopleAreFoundAtOnce", func(t *testing.T) { testManyUsers(t, s) })
	t.Run("WhatIsNotCommittedIsNotSeen", func(t *testing.T) {
		s.do(t, purse.Needs{}, func(f *purse.Facts) error {
			id := purse.UserID(f.NextID())
			if err := s.settle(f, id, 0); err != nil {
				return err
			}
			users, err := s.Users(context.Background(), id) // never do this outside a test
			if err != nil || len(users) != 0 {
				t.Errorf("a read sees what is being decided: %v, %v", users, err)
			}
			return nil
		})
	})
	t.Run("AReadWhoseCallerHasGoneIsBusy", func(t *testing.T) {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_, err := s.Book(gone, purse.MainBook)
		refused(t, err, purse.CodeBusy)
	})
}

func testCommittedIsSeen(t *testing.T, s *server, p []purse.Actor) {
	ctx := t.Context()
	users, err := s.Users(ctx, p[0].User, p[1].User, 5)
	if err != nil || len(users) != 2 || users[p[1].User].FirstName != "P" || users[p[1].User].Book != purse.MainBook {
		t.Errorf("users %v, %v", users, err)
	}
	name := users[p[0].User].Username
	if u, err := s.UserNamed(ctx, strings.ToUpper(name)); err != nil || u != users[p[0].User] {
		t.Errorf("user %+v, %v", u, err)
	}
	if token, _, err := s.Token(ctx, p[0].Token); err != nil || token.User != p[0].User || token.Scopes != p[0].Scopes {
		t.Errorf("token %+v, %v", token, err)
	}
	a, err := s.Account(ctx, purse.MainBook, purse.WalletOf(p[0].User))
	if err != nil || a.Balance() != 380 || a.Kind != purse.Wallet || a.Currency != "USD" || a.MayOverdraw || a.Frozen || a.Number != 2 {
		t.Errorf("account %+v, %v", a, err)
	}
	if a, err = s.Account(ctx, purse.MainBook, purse.TreasuryAccount); err != nil || a.Balance() != -1000 || !a.MayOverdraw || a.Kind != purse.Treasury {
		t.Errorf("treasury %+v, %v", a, err)
	}
	id := purse.PaymentID(s.number(t, "select id from payments"))
	pay, err := s.Payment(ctx, purse.MainBook, id)
	want := purse.Payment{
		ID: id, Action: purse.Pay, Actor: p[0].User, Target: p[1].User, Minor: 120, Note: "for k", Audience: purse.Private, Medium: purse.MediumAPI,
		Status: purse.PaymentSettled, Completed: purse.Created(int64(id)), Transfer: pay.Transfer, Counted: pay.Counted, Version: 1,
	}
	if err != nil || pay != want || pay.Transfer == 0 || pay.Counted == 0 {
		t.Errorf("payment %+v, %v, want %+v", pay, err, want)
	}
	b, err := s.Book(ctx, purse.MainBook)
	if err != nil || b != (purse.Book{ID: purse.MainBook, Mode: purse.Sandbox, Currency: "USD", Limits: purse.DefaultLimits, Terms: purse.DefaultTerms}) {
		t.Errorf("book %+v, %v", b, err)
	}
}

// testManyUsers asks for more people than one statement takes, some of them twice
// and some who are nobody.
func testManyUsers(t *testing.T, s *server) {
	p := s.crowd(t, 300, 0)
	var ids []purse.UserID
	for i, one := range p {
		ids = append(ids, one.User, purse.UserID(i+1), one.User)
	}
	users, err := s.Users(t.Context(), append(ids, ids...)...)
	if err != nil || len(users) != len(p) {
		t.Fatalf("%d people, %v", len(users), err)
	}
	for _, one := range p {
		if u := users[one.User]; u.ID != one.User || u.Username == "" || u.Joined == 0 {
			t.Errorf("%d is %+v", one.User, u)
		}
	}
	if users, err := s.Users(t.Context()); err != nil || len(users) != 0 {
		t.Errorf("nobody asked for: %v, %v", users, err)
	}
}
