package hub_test

import (
	"testing"
	"time"

	"purse"
	"purse/hub"
)

// tenPercent and one minor unit is what a shop pays in these tests.
var tenPercent = purse.Fee{Fixed: 1, Basis: 1000}

func (s *shop) takeFees(t *testing.T) {
	t.Helper()
	s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Plan = tenPercent })
}

func TestSellSettlesByItself(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.takeFees(t)
		h := s.pays(t, s.person, "c", 1000, anything)
		got, err := s.try(t.Context(), s.Sell, hub.OperationRequest{Ref: "r", Minor: 1000, Token: h.Token, Auto: true})
		if err != nil {
			t.Fatal(err)
		}
		o := got.Operation
		if o.Refundable != 1000 || o.Settleable != 0 || got.Handle.Status != purse.HandleCompleted || got.Payer == nil || len(got.Settlements) != 1 {
			t.Errorf("%+v", got)
		}
		one := got.Settlements[0]
		if one.ID != o.ID || one.Ref != "r" || one.Fee != 101 || one.Refundable != 1000 {
			t.Errorf("%+v", one)
		}
		s.has(t, "the merchant", purse.BalanceOf(s.seller.Merchant), 899)
		s.has(t, "the network", purse.FeesAccount, 101)
		s.has(t, "the consumer", purse.WalletOf(s.person.User), 1_000_00-1000)
		s.spent(t, "taken", s.person, 1000)
		seen, err := s.Operation(t.Context(), s.seller, purse.Sale, o.ID)
		if err != nil || seen.Operation != o || len(seen.Settlements) != 1 || seen.Settlements[0] != one || *seen.Payer != *got.Payer {
			t.Errorf("%v: %+v", err, seen)
		}
	})
}

// A fee is never more than what it is taken from.
func TestSmallSalesPayAllOfThemselves(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Plan = purse.Fee{Fixed: 30} })
		h := s.pays(t, s.person, "c", 20, anything)
		s.must(t, s.Sell, hub.OperationRequest{Minor: 20, Token: h.Token, Auto: true})
		s.has(t, "the merchant", purse.BalanceOf(s.seller.Merchant), 0)
		s.has(t, "the network", purse.FeesAccount, 20)
	})
}

func TestSalesAreRefusedInThisOrder(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		open, late := s.pays(t, s.person, "c", 10, anything), s.asked(t, purse.HandleForPayment, "late", 10)
		verify := s.pays(t, s.person, "c", 10, anything)
		other := s.merchant(t, "other")
		sell := func(seller purse.Seller, ref, token string, minor int64, key string) error {
			_, err := s.Sell(t.Context(), seller, hub.OperationRequest{
				Ref: ref, Token: token, Minor: minor, Auto: true, Once: once(seller, key, "f"), Encode: asJSON[hub.OperationReceipt],
			})
			return err
		}
		want(t, sell(s.seller, "used", open.Token, 10, "k"), "")
		_, err := s.Sell(t.Context(), s.seller, hub.OperationRequest{Ref: "used", Once: once(s.seller, "k", "g"), Encode: asJSON[hub.OperationReceipt]})
		want(t, err, purse.CodeKeyReused)
		want(t, sell(s.seller, "used", "nothing", 11, ""), purse.CodeDuplicate)
		want(t, sell(s.seller, "a", "nothing", 11, ""), purse.CodeHandle)
		want(t, sell(s.seller, "a", open.Token, 11, ""), purse.CodeHandle) // used
		want(t, sell(s.seller, "a", late.Token, 11, ""), purse.CodeHandle) // nobody has agreed
		want(t, sell(other, "a", verify.Token, 11, ""), purse.CodeHandle)  // another merchant's
		want(t, sell(s.seller, "a", verify.Token, 11, ""), purse.CodeAmount)
		_, err = s.try(t.Context(), s.Verify, hub.OperationRequest{Token: verify.Token, Minor: 10})
		want(t, err, purse.CodeHandle)
		s.advance(t, purse.HandleLife)
		want(t, sell(s.seller, "a", verify.Token, 11, ""), purse.CodeHandleExpired)
	})
}

// A processor that declines when the money is taken fails both, and the money goes back.
func TestProcessorsDecline(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.Processor = processor{13: {Fault: purse.CodeDeclined, Processor: "2013"}, 17: {Fault: purse.CodeFloor, Processor: "17"}}
		h := s.pays(t, s.person, "c", 13, anything)
		o := s.fails(t, s.Sell, hub.OperationRequest{Minor: 13, Token: h.Token, Auto: true}, purse.CodeDeclined)
		if h, err := s.Handle(t.Context(), s.seller, h.ID); err != nil || h.Handle.Status != purse.HandleFailed || h.Handle.Operation != o.ID || o.Processor != "2013" {
			t.Errorf("%v: %+v, %+v", err, h, o)
		}
		s.has(t, "nothing is held", purse.WalletOf(s.person.User), 1_000_00)
		s.spent(t, "declined", s.person, 0)
		s.month(t, "declined", "c", 0)
		r, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Minor: 17, Consumer: "c"})
		if err != nil || r.Handle.Status != purse.HandleFailed || r.Handle.Fault != purse.CodeFloor || r.Handle.Version != 1 {
			t.Errorf("%v: %+v", err, r.Handle)
		}
	})
}

func TestSalesSettleInParts(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.takeFees(t)
		h := s.pays(t, s.person, "c", 1000, anything)
		sale := s.must(t, s.Sell, hub.OperationRequest{Minor: 1000, Token: h.Token})
		s.has(t, "still ring-fenced", purse.WalletOf(s.person.User), 1_000_00-1000)
		one := s.must(t, s.Settle, hub.OperationRequest{Parent: sale.ID, Minor: 300})
		s.must(t, s.Void, hub.OperationRequest{Parent: sale.ID, Minor: 200})
		s.fails(t, s.Settle, hub.OperationRequest{Parent: sale.ID, Minor: 501}, purse.CodeOverSettle)
		s.fails(t, s.Void, hub.OperationRequest{Parent: sale.ID, Minor: 501}, purse.CodeOverSettle)
		if one.Fee != 31 || one.Refundable != 300 || one.Parent != sale.ID {
			t.Errorf("%+v", one)
		}
		s.spent(t, "300 taken and 500 held", s.person, 800)
		s.month(t, "300 taken and 500 held", "c", 800)
		s.has(t, "the consumer", purse.WalletOf(s.person.User), 1_000_00-800)
		_, err := s.try(t.Context(), s.cancelling, hub.OperationRequest{Parent: sale.ID})
		want(t, err, purse.CodeFinal)
		for _, minor := range []int64{0, -100} {
			for _, do := range []operation{s.Settle, s.Void} {
				_, err := s.try(t.Context(), do, hub.OperationRequest{Parent: sale.ID, Minor: minor})
				want(t, err, purse.CodeAmount)
			}
		}
		_, err = s.try(t.Context(), s.Settle, hub.OperationRequest{Parent: sale.ID + 1<<20, Minor: 1})
		want(t, err, purse.CodeNotFound)
		_, err = s.try(t.Context(), s.Settle, hub.OperationRequest{Parent: sale.ID, Minor: 1, Ref: one.Ref})
		want(t, err, purse.CodeDuplicate)
		seen, err := s.Operation(t.Context(), s.seller, purse.Sale, sale.ID)
		if err != nil || seen.Operation.Settleable != 500 || seen.Operation.Refundable != 300 || len(seen.Settlements) != 1 {
			t.Errorf("%v: %+v", err, seen)
		}
		s.must(t, s.Settle, hub.OperationRequest{Parent: sale.ID, Minor: 500})
		s.has(t, "the merchant", purse.BalanceOf(s.seller.Merchant), 800-31-51)
	})
}

// What was not settled in time goes back, whoever looks first.
func TestSalesExpire(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Life = time.Hour })
		for what, look := range map[string]func(purse.Operation){
			"settle": func(o purse.Operation) {
				s.fails(t, s.Settle, hub.OperationRequest{Parent: o.ID, Minor: 1}, purse.CodeOverSettle)
			},
			"void": func(o purse.Operation) {
				s.fails(t, s.Void, hub.OperationRequest{Parent: o.ID, Minor: 1}, purse.CodeOverSettle)
			},
			"cancel": func(o purse.Operation) {
				_, err := s.try(t.Context(), s.cancelling, hub.OperationRequest{Parent: o.ID})
				want(t, err, purse.CodeFinal)
			},
			"read":  func(o purse.Operation) { _, _ = s.Operation(t.Context(), s.seller, purse.Sale, o.ID) },
			"sweep": func(purse.Operation) { want(t, s.ExpireOverdue(t.Context(), purse.MainBook), "") },
		} {
			h := s.pays(t, s.person, "of "+what, 100, anything)
			sale := s.must(t, s.Sell, hub.OperationRequest{Minor: 100, Token: h.Token})
			s.advance(t, time.Hour)
			look(sale)
			o, err := s.Store.Operation(t.Context(), purse.MainBook, sale.OperationKey)
			if err != nil || o.Settleable != 0 || o.Hold != 0 || o.Status != purse.OperationCompleted || o.Version != 2 {
				t.Errorf("%s: %v: %+v", what, err, o)
			}
			s.has(t, what, purse.WalletOf(s.person.User), 1_000_00)
			s.spent(t, what, s.person, 0)
			s.month(t, what, "of "+what, 0)
		}
	})
}

func TestSalesAreCancelled(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.pays(t, s.person, "c", 100, anything)
		sale := s.must(t, s.Sell, hub.OperationRequest{Minor: 100, Token: h.Token})
		got, err := s.try(t.Context(), s.cancelling, hub.OperationRequest{Parent: sale.ID})
		if err != nil || got.Operation.Status != purse.OperationCancelled || got.Operation.Settleable != 0 || got.Handle.Token != h.Token || got.Payer == nil {
			t.Errorf("%v: %+v", err, got)
		}
		s.has(t, "cancelled", purse.WalletOf(s.person.User), 1_000_00)
		s.spent(t, "cancelled", s.person, 0)
		s.month(t, "cancelled", "c", 0)
		for range 2 {
			_, err = s.try(t.Context(), s.cancelling, hub.OperationRequest{Parent: sale.ID})
			want(t, err, purse.CodeFinal)
		}
		s.fails(t, s.Settle, hub.OperationRequest{Parent: sale.ID, Minor: 1}, purse.CodeOverSettle)
		_, err = s.try(t.Context(), s.cancelling, hub.OperationRequest{Parent: 1})
		want(t, err, purse.CodeNotFound)
		_, err = s.Cancel(t.Context(), s.seller, purse.Void, hub.OperationRequest{Parent: sale.ID, Encode: asJSON[hub.OperationReceipt]})
		want(t, err, purse.CodeNotFound)
	})
}
