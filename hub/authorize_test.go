package hub_test

import (
	"testing"
	"time"

	"purse"
	"purse/hub"
)

func TestConsumersRefuse(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.asked(t, purse.HandleForPayment, "c", 5)
		h, err := s.RefuseHandle(t.Context(), h.Link)
		if err != nil || h.Status != purse.HandleFailed || h.Fault != purse.CodeRefused || h.Version != 3 {
			t.Errorf("%v: %+v", err, h)
		}
		_, err = s.try(t.Context(), s.Sell, hub.OperationRequest{Minor: 5, Token: h.Token, Auto: true})
		want(t, err, purse.CodeHandle)
	})
}

func TestAuthorizeIsRefusedInThisOrder(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.asked(t, purse.HandleForPayment, "c", 5)
		app, out := s.person, s.person
		app.Session, app.Token, app.Scopes = "", "h", "make_payments"
		out.Session = purse.SessionHash(digest("nobody's"))
		senseless := hub.Agreement{CapPayment: -2}
		for _, tc := range []struct {
			who  purse.Actor
			link string
			a    hub.Agreement
			want purse.Code
		}{
			{app, "x", senseless, purse.CodeScope}, {out, "x", senseless, purse.CodeNotFound}, {out, "", senseless, purse.CodeNotFound},
			{out, h.Link, senseless, purse.CodeSignedOut}, {s.person, h.Link, senseless, purse.CodeInvalid},
			{s.person, h.Link, hub.Agreement{Ends: s.now(t)}, purse.CodeInvalid}, {s.person, h.Link, anything, ""}, {s.person, h.Link, anything, purse.CodeFinal},
		} {
			_, err := s.Authorize(t.Context(), tc.who, tc.link, tc.a)
			want(t, err, tc.want)
		}
	})
}

// A question that nobody has answered in time is over; so is one by a merchant that
// takes no payments any more.
func TestAuthorizeTooLate(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.asked(t, purse.HandleForPayment, "c", 5)
		s.advance(t, purse.HandleLife)
		_, err := s.Authorize(t.Context(), s.person, h.Link, anything)
		q, err2 := s.Question(t.Context(), h.Link)
		if err2 != nil || q.Handle.Status != purse.HandleExpired || err == nil {
			t.Errorf("%v, %v: %+v", err, err2, q.Handle)
		}
		h = s.asked(t, purse.HandleForPayment, "c", 5)
		s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Accepts = false })
		if h, err = s.Authorize(t.Context(), s.person, h.Link, anything); err != nil || h.Status != purse.HandleFailed || h.Fault != purse.CodeDeclined {
			t.Errorf("%v: %+v", err, h)
		}
		s.has(t, "nothing is held", purse.WalletOf(s.person.User), 1_000_00)
	})
}

// A merchant knows a wallet by one number, whatever it calls the consumer; another
// merchant knows it by another.
func TestNumbersAreStable(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		number := func(seller purse.Seller, consumer string, who purse.Actor) int64 {
			r, err := s.ask(t.Context(), seller, hub.HandleRequest{Minor: 5, Consumer: consumer})
			if err != nil {
				t.Fatal(err)
			}
			if r.Handle.Status != purse.HandlePayable {
				if _, err := s.Authorize(t.Context(), who, r.Handle.Link, anything); err != nil {
					t.Fatal(err)
				}
			}
			if r, err = s.Handle(t.Context(), seller, r.Handle.ID); err != nil || r.Payer == nil {
				t.Fatalf("%v: %+v", err, r)
			}
			return r.Payer.Number
		}
		first := number(s.seller, "c", s.person)
		for _, consumer := range []string{"c", "the same person", "c"} {
			if n := number(s.seller, consumer, s.person); n != first {
				t.Errorf("%s is known by %d, not by %d", consumer, n, first)
			}
		}
		if n := number(s.seller, "bob", s.somebody(t, "bobby", 100)); n == first {
			t.Errorf("two wallets are known by %d", n)
		}
		if n := number(s.merchant(t, "other"), "c", s.person); n == first {
			t.Errorf("two merchants know a wallet by %d", n)
		}
	})
}

func TestTestersPickTheOutcome(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.asked(t, purse.HandleForPayment, "c", 5)
		_, err := s.Simulate(t.Context(), h.Link, purse.HandleExpired)
		want(t, err, purse.CodeInvalid)
		if h, err := s.Simulate(t.Context(), h.Link, purse.HandlePayable); err != nil || h.Status != purse.HandlePayable || h.Payer != s.Tester {
			t.Errorf("%v: %+v", err, h)
		}
		_, err = s.Simulate(t.Context(), h.Link, purse.HandleFailed)
		want(t, err, purse.CodeFinal)
		h = s.asked(t, purse.HandleForPayment, "another", 5)
		if h, err := s.Simulate(t.Context(), h.Link, purse.HandleFailed); err != nil || h.Status != purse.HandleFailed || h.Fault != purse.CodeDeclined {
			t.Errorf("%v: %+v", err, h)
		}
		r, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Minor: 5, Consumer: "third", Simulator: hub.External})
		want(t, err, "")
		_, err = s.Simulate(t.Context(), r.Handle.Link, purse.HandlePayable)
		want(t, err, purse.CodeNotFound)
		s.Tester = 0 // as in a live network
		_, err = s.Simulate(t.Context(), s.asked(t, purse.HandleForPayment, "live", 5).Link, purse.HandlePayable)
		want(t, err, purse.CodeNotFound)
	})
}

func TestAgreementsAreLookedAfter(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		bob := s.somebody(t, "bobby", 1000)
		s.pays(t, s.person, "c", 5, anything)
		k := s.mandateOf("c")
		app := s.person
		app.Session, app.Token = "", "h"
		narrow := hub.Agreement{CapPayment: 3, CapMonth: purse.NoCap, Ends: s.now(t).Add(time.Hour)}
		want(t, s.LimitMandate(t.Context(), app, k, hub.Agreement{CapPayment: -2}), purse.CodeScope)
		want(t, s.LimitMandate(t.Context(), bob, k, hub.Agreement{CapPayment: -2}), purse.CodeNotFound)
		want(t, s.LimitMandate(t.Context(), s.person, k, hub.Agreement{CapPayment: -2}), purse.CodeInvalid)
		want(t, s.LimitMandate(t.Context(), s.person, k, narrow), "")
		want(t, s.RevokeMandate(t.Context(), bob, k), purse.CodeNotFound)
		want(t, s.RevokeMandate(t.Context(), app, k), purse.CodeScope)
		status := func(minor int64) purse.HandleStatus { return s.asked(t, purse.HandleForPayment, "c", minor).Status }
		if a, b := status(3), status(4); a != purse.HandlePayable || b != purse.HandleInitiated {
			t.Errorf("under a cap: %s, over it: %s", a, b)
		}
		s.advance(t, time.Hour)
		if got := status(1); got != purse.HandleInitiated {
			t.Errorf("after its end: %s", got)
		}
		want(t, s.LimitMandate(t.Context(), s.person, k, anything), "")
		want(t, s.RevokeMandate(t.Context(), s.person, k), "")
		want(t, s.RevokeMandate(t.Context(), s.person, k), "")
		if got := status(1); got != purse.HandleInitiated {
			t.Errorf("after it was revoked: %s", got)
		}
		all, err := s.Mandates(t.Context(), s.person)
		if err != nil || len(all) != 1 || all[0].Stands || all[0].Merchant.Name != "mill" || all[0].Mandate.Version != 4 {
			t.Errorf("%v: %+v", err, all)
		}
		_, err = s.Mandates(t.Context(), app)
		want(t, err, purse.CodeScope)
		s.pays(t, s.person, "c", 1, anything) // and given anew
		if all, err = s.Mandates(t.Context(), s.person); err != nil || len(all) != 1 || !all[0].Stands {
			t.Errorf("%v: %+v", err, all)
		}
	})
}

// What goes back comes off the month in which the consumer agreed, also if the
// question was asked in the month before.
func TestMonthsEndBetweenQuestionAndAnswer(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		now := s.now(t).UTC()
		next := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		s.advance(t, next.Sub(now)-5*time.Minute)
		s.person = s.somebody(t, "zoe", 100)
		h := s.asked(t, purse.HandleForPayment, "c", 5)
		s.advance(t, 6*time.Minute)
		if h, err := s.Authorize(t.Context(), s.person, h.Link, anything); err != nil || h.Status != purse.HandlePayable {
			t.Fatalf("%v: %+v", err, h)
		}
		s.month(t, "agreed to", "c", 5)
		s.advance(t, 9*time.Minute)
		want(t, s.ExpireOverdue(t.Context(), purse.MainBook), "")
		s.month(t, "given back", "c", 0)
	})
}

// Whoever opens a shop has its public key, and may name any consumer: what they
// agree to is good for that payment, and changes nothing of who the consumer is.
func TestPublicKeysGiveNoAgreement(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		public, mallory := s.key(t, purse.PublicKey), s.somebody(t, "mallory", 1_000)
		s.must(t, s.Sell, hub.OperationRequest{Minor: 7, Token: s.pays(t, s.person, "ada@example.org", 7, anything).Token, Auto: true})
		for _, consumer := range []string{"ada@example.org", "nobody yet"} {
			r, err := s.ask(t.Context(), public, hub.HandleRequest{Ref: "the shop's own " + consumer, Minor: 5, Consumer: consumer})
			if err != nil {
				t.Fatal(err)
			}
			h, err := s.Authorize(t.Context(), mallory, r.Handle.Link, anything)
			if err != nil || h.Status != purse.HandlePayable {
				t.Fatalf("%v: %+v", err, h)
			}
			s.must(t, s.Sell, hub.OperationRequest{Minor: 5, Token: h.Token, Auto: true})
			// The reference is still the server's to use.
			if _, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Ref: "the shop's own " + consumer, Minor: 5, Consumer: "c"}); err != nil {
				t.Error(err)
			}
		}
		m, err := s.Store.Mandate(t.Context(), purse.MainBook, s.mandateOf("ada@example.org"))
		if err != nil || m.Person != s.person.User || m.Spent != 7 {
			t.Errorf("the agreement is %+v, %v", m, err)
		}
		_, err = s.Store.Mandate(t.Context(), purse.MainBook, s.mandateOf("nobody yet"))
		want(t, err, purse.CodeNotFound)
		_, err = s.ask(t.Context(), public, hub.HandleRequest{Type: purse.HandleForVerification, Consumer: "x"})
		want(t, err, purse.CodeKeyKind)
		// What is paid out goes to who the consumer was.
		r, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Type: purse.HandleForCredit, Minor: 3, Consumer: "ada@example.org"})
		if err != nil || r.Handle.Payer != s.person.User {
			t.Errorf("%v: the money goes to %d", err, r.Handle.Payer)
		}
	})
}
