package hub_test

import (
	"testing"
	"time"

	"purse"
	"purse/hub"
)

// processor declines by the amount, in minor units.
type processor map[int64]purse.Decline

func (p processor) Refuses(at purse.Step, h purse.Handle) (purse.Decline, bool) {
	d, ok := p[h.Minor]
	return d, ok && (at == purse.StepSale) == (d.Fault == purse.CodeDeclined)
}

func TestFirstPaymentAsks(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		r, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Minor: 700, Consumer: "c"})
		h := r.Handle
		if err != nil || h.Status != purse.HandleInitiated || h.Link == "" || r.Payer != nil || h.TimeLeft(r.Now) != 899 {
			t.Fatalf("%v: %+v", err, r)
		}
		for range 2 { // looking twice is asking once
			q, err := s.Question(t.Context(), h.Link)
			if err != nil || q.Handle.Status != purse.HandleProcessing || q.Handle.Version != 2 || q.Merchant.ID != s.seller.Merchant {
				t.Errorf("%v: %+v", err, q)
			}
		}
		if h, err = s.Authorize(t.Context(), s.person, h.Link, anything); err != nil || h.Status != purse.HandlePayable || h.Payer != s.person.User {
			t.Fatalf("%v: %+v", err, h)
		}
		s.has(t, "ring-fenced", purse.WalletOf(s.person.User), 1_000_00-700)
		s.spent(t, "ring-fenced", s.person, 700)
		s.month(t, "ring-fenced", "c", 700)
		if r, err = s.Handle(t.Context(), s.seller, h.ID); err != nil || r.Payer == nil || r.Payer.Username != "ada" || r.Payer.Number < purse.ConsumerNumberMin {
			t.Errorf("%v: %+v", err, r.Payer)
		}
		_, err = s.Authorize(t.Context(), s.person, h.Link, anything)
		want(t, err, purse.CodeFinal)
		_, err = s.RefuseHandle(t.Context(), h.Link)
		want(t, err, purse.CodeFinal)
	})
}

// What was not taken goes back at the deadline, whoever looks first.
func TestHandlesExpire(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		for what, look := range map[string]func(purse.Handle){
			"read":     func(h purse.Handle) { _, _ = s.Handle(t.Context(), s.seller, h.ID) },
			"by token": func(h purse.Handle) { _, _ = s.HandleNamed(t.Context(), s.seller, h.Token) },
			"list": func(purse.Handle) {
				_, _, _ = s.Handles(t.Context(), s.seller, purse.HubQuery{To: s.now(t).Add(time.Hour), Limit: 10})
			},
			"question": func(h purse.Handle) { _, _ = s.Question(t.Context(), h.Link) },
			"sale": func(h purse.Handle) {
				for range 2 {
					_, err := s.try(t.Context(), s.Sell, hub.OperationRequest{Minor: 700, Token: h.Token, Auto: true})
					want(t, err, purse.CodeHandleExpired)
				}
			},
			"sweep": func(purse.Handle) { want(t, s.ExpireOverdue(t.Context(), purse.MainBook), "") },
		} {
			h := s.pays(t, s.person, "of "+what, 700, anything)
			s.has(t, what, purse.WalletOf(s.person.User), 1_000_00-700)
			s.advance(t, purse.HandleLife)
			look(h)
			if h, err := s.Store.Handle(t.Context(), purse.MainBook, h.HandleKey); err != nil || h.Status != purse.HandleExpired {
				t.Errorf("%s: %v: %+v", what, err, h)
			}
			s.has(t, what, purse.WalletOf(s.person.User), 1_000_00)
			s.spent(t, what, s.person, 0)
			s.month(t, what, "of "+what, 0)
		}
	})
}

func TestSubsequentPaymentsDoNotAsk(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.pays(t, s.person, "c", 300, hub.Agreement{CapPayment: 500, CapMonth: 1000})
		for _, tc := range []struct {
			minor int64
			then  purse.HandleStatus
		}{
			{501, purse.HandleInitiated}, {500, purse.HandlePayable}, {201, purse.HandleInitiated}, {200, purse.HandlePayable}, {1, purse.HandleInitiated},
		} {
			r, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Minor: tc.minor, Consumer: "c"})
			if err != nil || r.Handle.Status != tc.then || (r.Handle.Link == "") != (tc.then == purse.HandlePayable) || (r.Payer != nil) != (tc.then == purse.HandlePayable) {
				t.Errorf("%d: %v: %+v", tc.minor, err, r.Handle)
			}
		}
		s.month(t, "up to the cap", "c", 1000)
		s.advance(t, 31*24*time.Hour) // another month; and what was not taken has gone back
		r, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Minor: 400, Consumer: "c"})
		if err != nil || r.Handle.Status != purse.HandlePayable || r.Handle.Version != 3 {
			t.Errorf("in the next month: %v: %+v", err, r.Handle)
		}
	})
}

// A wallet that does not allow it fails the handle, asked or not, and nothing moves.
func TestWalletsDecline(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		poor := s.somebody(t, "poor", 100)
		s.pays(t, poor, "c", 60, anything)
		check := func(fault purse.Code, minor int64) {
			t.Helper()
			r, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Minor: minor, Consumer: "c"})
			if err != nil || r.Handle.Status != purse.HandleFailed || r.Handle.Fault != fault || r.Payer != nil {
				t.Errorf("by the agreement, %s: %v: %+v", fault, err, r)
			}
			if r, err = s.Handle(t.Context(), s.seller, r.Handle.ID); err != nil || r.Payer != nil {
				t.Errorf("looked at, %s: %v: %+v", fault, err, r)
			}
			r, err = s.ask(t.Context(), s.seller, hub.HandleRequest{Minor: minor, Consumer: "new"})
			if err != nil {
				t.Fatal(err)
			}
			h, err := s.Authorize(t.Context(), poor, r.Handle.Link, anything)
			if err != nil || h.Status != purse.HandleFailed || h.Fault != fault || h.Payer != 0 {
				t.Errorf("asked, %s: %v: %+v", fault, err, h)
			}
			_, err = s.Store.Mandate(t.Context(), purse.MainBook, s.mandateOf("new"))
			want(t, err, purse.CodeNotFound)
			s.spent(t, "declined", poor, 60)
			s.month(t, "declined", "c", 60)
		}
		check(purse.CodeFunds, 41)
		s.do(t, purse.Needs{}, func(f *purse.Facts) error { f.SetLimits(purse.Limits{PaymentMinor: 90, WeekMinor: 95}); return nil })
		check(purse.CodeLimit, 91)
		check(purse.CodeLimit, 36)
		s.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.Freeze(purse.WalletOf(poor.User), true) })
		check(purse.CodeFrozen, 1)
		s.has(t, "in the end", purse.WalletOf(poor.User), 40)
	})
}

// Each request also breaks what the lines below it test.
func TestHandlesAreRefusedInThisOrder(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		public := s.key(t, purse.PublicKey)
		bad := public
		bad.Hash = digest("another")
		credit := func(seller purse.Seller, ref string, minor int64) error {
			_, err := s.ask(t.Context(), seller, hub.HandleRequest{
				Type: purse.HandleForCredit, Ref: ref, Minor: minor, Consumer: "stranger", Once: once(s.seller, "k", "other"),
			})
			return err
		}
		s.Processor = processor{7: {Fault: purse.CodeGateway, Processor: "X"}}
		_, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Ref: "used", Minor: 1, Consumer: "c", Once: once(s.seller, "k", "f")})
		want(t, err, "")
		s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Closed, m.Accepts = 1, false })
		want(t, credit(bad, "used", 7), purse.CodeBadKey)
		want(t, credit(public, "used", 7), purse.CodeKeyKind)
		want(t, credit(s.seller, "used", 7), purse.CodeMerchant)
		s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Closed = 0 })
		want(t, credit(s.seller, "used", 7), purse.CodeKeyReused)
		plain := func(ref string, minor int64) error {
			_, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Type: purse.HandleForCredit, Ref: ref, Minor: minor, Consumer: "stranger"})
			return err
		}
		want(t, plain("used", 7), purse.CodeNotAccepted)
		s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Accepts = true })
		want(t, plain("used", 7), purse.CodeDuplicate)
		want(t, plain("new", 7), purse.CodeGateway)
		want(t, plain("new", 8), purse.CodeNotLinked)
	})
}

func TestReferencesMayBeUsedAgain(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		ask := func(repeat bool) error {
			_, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Ref: "r", Minor: 1, Consumer: "c", Repeat: repeat})
			return err
		}
		want(t, ask(false), "")
		want(t, ask(false), purse.CodeDuplicate)
		want(t, ask(true), "")
		s.advance(t, purse.ReferenceKept-time.Minute)
		want(t, ask(false), purse.CodeDuplicate)
		s.advance(t, 2*time.Minute)
		want(t, ask(false), "")
		if all, n, err := s.Handles(t.Context(), s.seller, purse.HubQuery{Ref: "r", To: s.now(t).Add(time.Hour), Limit: 2}); err != nil || n != 3 || len(all) != 2 || all[0].Handle.ID < all[1].Handle.ID {
			t.Errorf("%d of %d, %v", len(all), n, err)
		}
	})
}

// key gives the shop one more key.
func (s *shop) key(t *testing.T, kind purse.KeyKind) purse.Seller {
	t.Helper()
	seller := s.seller
	seller.Key, seller.Kind, seller.Hash = "key of kind "+string(kind), kind, digest(string(kind))
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		f.Put(purse.APIKey{Username: seller.Key, Merchant: seller.Merchant, Book: seller.Book, Kind: kind, Hash: seller.Hash, Created: f.Now})
		return nil
	})
	return seller
}

func TestPublicKeysAlwaysAsk(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.pays(t, s.person, "c", 5, anything)
		r, err := s.ask(t.Context(), s.key(t, purse.PublicKey), hub.HandleRequest{Minor: 5, Consumer: "c"})
		if err != nil || r.Handle.Status != purse.HandleInitiated || r.Payer != nil {
			t.Errorf("%v: %+v", err, r)
		}
		public := s.seller
		public.Key, public.Hash = "key of kind public", digest("public")
		for name, do := range map[string]operation{
			"sell": s.Sell, "settle": s.Settle, "void": s.Void, "refund": s.Refund, "credit": s.Credit, "verify": s.Verify, "cancel": s.cancelling,
		} {
			_, err := do(t.Context(), public, hub.OperationRequest{Ref: "r", Minor: 5, Token: h.Token, Encode: asJSON[hub.OperationReceipt]})
			if purse.CodeOf(err) != purse.CodeKeyKind {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A merchant that has named its sites has its consumers sent back nowhere else.
func TestReturnLinksLeadToTheMerchantsSites(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		ask := func(seller purse.Seller, hrefs ...string) error {
			req := hub.HandleRequest{Minor: 5, Consumer: "c"}
			for i, href := range hrefs {
				req.Details.ReturnLinks = append(req.Details.ReturnLinks, hub.ReturnLink{Rel: []string{"default", "on_failed"}[i], Href: href})
			}
			_, err := s.ask(t.Context(), seller, req)
			return err
		}
		const own, foreign = "https://shop.example/back?a=b", "https://evil.example/"
		public := s.key(t, purse.PublicKey)
		want(t, ask(s.seller, foreign, "http://localhost:3000/"), "") // a sandbox, before any site was named
		s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Origins = "https://shop.example" })
		for _, seller := range []purse.Seller{s.seller, public} {
			want(t, ask(seller), "")
			want(t, ask(seller, own, own), "")
			want(t, ask(seller, foreign), purse.CodeRedirect)
			want(t, ask(seller, own, foreign), purse.CodeRedirect)
			want(t, ask(seller, own+"\\@evil.example"), purse.CodeRedirect)
			want(t, ask(seller, "myapp://back"), purse.CodeRedirect)
		}
	})
}
