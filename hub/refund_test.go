package hub_test

import (
	"testing"
	"time"

	"purse"
	"purse/hub"
)

func TestRefunds(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.takeFees(t)
		h := s.pays(t, s.person, "c", 1000, anything)
		sale := s.must(t, s.Sell, hub.OperationRequest{Minor: 1000, Token: h.Token, Auto: true})
		one := s.must(t, s.Refund, hub.OperationRequest{Parent: sale.ID, Minor: 300})
		if one.Parent != sale.ID || one.Payer != s.person.User {
			t.Errorf("%+v", one)
		}
		s.spent(t, "after a refund", s.person, 700)
		s.fails(t, s.Refund, hub.OperationRequest{Parent: sale.ID, Minor: 701}, purse.CodeOverRefund)
		s.fails(t, s.Refund, hub.OperationRequest{Parent: sale.ID}, purse.CodeFunds) // the network has kept its fee
		s.has(t, "the merchant", purse.BalanceOf(s.seller.Merchant), 1000-101-300)
		_, err := s.try(t.Context(), s.Refund, hub.OperationRequest{Parent: sale.ID, Minor: -1})
		want(t, err, purse.CodeAmount)
		_, err = s.try(t.Context(), s.Refund, hub.OperationRequest{Parent: 1, Minor: 1, Ref: one.Ref})
		want(t, err, purse.CodeDuplicate)
		_, err = s.try(t.Context(), s.Refund, hub.OperationRequest{Parent: 1, Minor: 1})
		want(t, err, purse.CodeNotFound)

		s.must(t, s.Sell, hub.OperationRequest{Minor: 500, Token: s.pays(t, s.person, "c", 500, anything).Token, Auto: true})
		if rest := s.must(t, s.Refund, hub.OperationRequest{Parent: sale.ID}); rest.Minor != 700 {
			t.Errorf("%+v", rest)
		}
		s.fails(t, s.Refund, hub.OperationRequest{Parent: sale.ID}, purse.CodeOverRefund)
		s.has(t, "the consumer", purse.WalletOf(s.person.User), 1_000_00-500)
		s.spent(t, "after all refunds", s.person, 500)
	})
}

// After a week a refund finds no counter that it could be taken off.
func TestLateRefundsAreNotCounted(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.pays(t, s.person, "c", 1000, anything)
		sale := s.must(t, s.Sell, hub.OperationRequest{Minor: 1000, Token: h.Token, Auto: true})
		s.advance(t, 167*time.Hour)
		if o := s.must(t, s.Refund, hub.OperationRequest{Parent: sale.ID, Minor: 10}); o.Counted != sale.Counted {
			t.Errorf("%+v", o)
		}
		s.advance(t, 2*time.Hour)
		if o := s.must(t, s.Refund, hub.OperationRequest{Parent: sale.ID, Minor: 10}); o.Counted != 0 {
			t.Errorf("%+v", o)
		}
		s.spent(t, "a week later", s.person, 0)
	})
}

func TestRefundsOfPartsStayWithTheirSettlement(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.pays(t, s.person, "c", 100, anything)
		sale := s.must(t, s.Sell, hub.OperationRequest{Minor: 100, Token: h.Token})
		one := s.must(t, s.Settle, hub.OperationRequest{Parent: sale.ID, Minor: 30})
		s.must(t, s.Settle, hub.OperationRequest{Parent: sale.ID, Minor: 70})
		s.fails(t, s.Refund, hub.OperationRequest{Parent: one.ID, Minor: 31}, purse.CodeOverRefund)
		s.must(t, s.Refund, hub.OperationRequest{Parent: one.ID, Minor: 30})
		over := s.fails(t, s.Settle, hub.OperationRequest{Parent: sale.ID, Minor: 1}, purse.CodeOverSettle)
		_, err := s.try(t.Context(), s.Refund, hub.OperationRequest{Parent: over.ID, Minor: 1})
		want(t, err, purse.CodeNotFound)
		if got, err := s.Operation(t.Context(), s.seller, purse.Sale, sale.ID); err != nil || got.Operation.Refundable != 70 || len(got.Settlements) != 2 {
			t.Errorf("%v: %+v", err, got)
		}
	})
}

func TestCredits(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		credit := func(minor int64) (hub.HandleReceipt, error) {
			return s.ask(t.Context(), s.seller, hub.HandleRequest{Type: purse.HandleForCredit, Minor: minor, Consumer: "c"})
		}
		_, err := credit(10)
		want(t, err, purse.CodeNotLinked)
		h := s.pays(t, s.person, "c", 100, anything)
		_, err = credit(10) // agreed, and nothing settled
		want(t, err, purse.CodeNotLinked)
		s.must(t, s.Sell, hub.OperationRequest{Minor: 100, Token: h.Token, Auto: true})
		want(t, s.RevokeMandate(t.Context(), s.person, s.mandateOf("c")), "") // money to the consumer needs no agreement
		r, err := credit(101)
		if err != nil || r.Handle.Status != purse.HandleFailed || r.Handle.Fault != purse.CodeFunds || r.Payer != nil {
			t.Errorf("%v: %+v", err, r)
		}
		if r, err = credit(60); err != nil || r.Handle.Status != purse.HandlePayable || r.Handle.Link != "" || r.Payer == nil {
			t.Fatalf("%v: %+v", err, r)
		}
		s.has(t, "ring-fenced", purse.BalanceOf(s.seller.Merchant), 40)
		_, err = s.try(t.Context(), s.Sell, hub.OperationRequest{Minor: 60, Token: r.Handle.Token, Auto: true})
		want(t, err, purse.CodeHandle)
		_, err = s.try(t.Context(), s.Credit, hub.OperationRequest{Minor: 61, Token: r.Handle.Token})
		want(t, err, purse.CodeAmount)
		o := s.must(t, s.Credit, hub.OperationRequest{Minor: 60, Token: r.Handle.Token})
		_, err = s.try(t.Context(), s.Credit, hub.OperationRequest{Minor: 60, Token: r.Handle.Token})
		want(t, err, purse.CodeHandle)
		s.has(t, "the consumer", purse.WalletOf(s.person.User), 1_000_00-40)
		s.spent(t, "what comes in does not count", s.person, 100)
		if got, err := s.Operation(t.Context(), s.seller, purse.Credit, o.ID); err != nil || got.Operation != o || got.Handle.Status != purse.HandleCompleted {
			t.Errorf("%v: %+v", err, got)
		}
		if r, err = credit(40); err != nil {
			t.Fatal(err)
		}
		s.advance(t, purse.HandleLife)
		_, err = s.try(t.Context(), s.Credit, hub.OperationRequest{Minor: 40, Token: r.Handle.Token})
		want(t, err, purse.CodeHandleExpired)
		s.has(t, "given back", purse.BalanceOf(s.seller.Merchant), 40)
	})
}

func TestVerifications(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.agreed(t, purse.HandleForVerification, "c", 0)
		s.has(t, "no money is held", purse.WalletOf(s.person.User), 1_000_00)
		s.must(t, s.Verify, hub.OperationRequest{Token: h.Token})
		_, err := s.try(t.Context(), s.Verify, hub.OperationRequest{Token: h.Token})
		want(t, err, purse.CodeHandle)
		if h := s.asked(t, purse.HandleForVerification, "c", 0); h.Status != purse.HandlePayable {
			t.Errorf("%+v", h)
		}
		s.advance(t, purse.HandleLife)
		want(t, s.ExpireOverdue(t.Context(), purse.MainBook), "")
	})
}

// Another merchant finds, changes and is shown nothing.
func TestOtherMerchantsSeeNothing(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.pays(t, s.person, "c", 100, anything)
		credit := s.pays(t, s.person, "c", 50, anything)
		sale := s.must(t, s.Sell, hub.OperationRequest{Minor: 100, Token: h.Token})
		one := s.must(t, s.Settle, hub.OperationRequest{Parent: sale.ID, Minor: 10})
		other := s.merchant(t, "other")
		_, err := s.Handle(t.Context(), other, h.ID)
		want(t, err, purse.CodeNotFound)
		_, err = s.HandleNamed(t.Context(), other, h.Token)
		want(t, err, purse.CodeNotFound)
		_, err = s.Operation(t.Context(), other, purse.Sale, sale.ID)
		want(t, err, purse.CodeNotFound)
		all, n, err := s.Handles(t.Context(), other, purse.HubQuery{To: s.now(t).Add(time.Hour), Limit: 10, Merchant: s.seller.Merchant})
		sales, m, err2 := s.Operations(t.Context(), other, purse.Sale, purse.HubQuery{To: s.now(t).Add(time.Hour), Limit: 10, Merchant: s.seller.Merchant})
		if err != nil || err2 != nil || n+m+len(all)+len(sales) != 0 {
			t.Errorf("%v %v: %v %v", err, err2, all, sales)
		}
		for _, tc := range []struct {
			do   operation
			req  hub.OperationRequest
			want purse.Code
		}{
			{s.Sell, hub.OperationRequest{Minor: 50, Token: credit.Token, Auto: true}, purse.CodeHandle},
			{s.Settle, hub.OperationRequest{Minor: 1, Parent: sale.ID}, purse.CodeNotFound},
			{s.Void, hub.OperationRequest{Minor: 1, Parent: sale.ID}, purse.CodeNotFound},
			{s.cancelling, hub.OperationRequest{Parent: sale.ID}, purse.CodeNotFound},
			{s.Refund, hub.OperationRequest{Minor: 1, Parent: one.ID}, purse.CodeNotFound},
		} {
			tc.req.Ref, tc.req.Encode = s.ref(), asJSON[hub.OperationReceipt]
			_, err := tc.do(t.Context(), other, tc.req)
			want(t, err, tc.want)
		}
		r, err := s.ask(t.Context(), other, hub.HandleRequest{Minor: 1, Consumer: "c"})
		if err != nil || r.Handle.Status != purse.HandleInitiated {
			t.Errorf("by another merchant's agreement: %v: %+v", err, r.Handle)
		}
		r, err = s.ask(t.Context(), other, hub.HandleRequest{Type: purse.HandleForCredit, Minor: 1, Consumer: "c"})
		want(t, err, purse.CodeNotLinked)
	})
}
