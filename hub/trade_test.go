package hub_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"purse"
	"purse/hub"
	"purse/ledger"
)

// any agreement lets every amount through, for ever.
var anything = hub.Agreement{CapPayment: purse.NoCap, CapMonth: purse.NoCap}

// ask asks for money, and says what became of the question.
func (s *shop) ask(ctx context.Context, seller purse.Seller, req hub.HandleRequest) (got hub.HandleReceipt, err error) {
	if req.Ref == "" {
		req.Ref = s.ref()
	}
	if req.Type == "" {
		req.Type = purse.HandleForPayment
	}
	req.Encode = func(r hub.HandleReceipt) purse.Answer { got = r; return purse.Answer{Status: 200, Body: "{}"} }
	_, err = s.CreateHandle(ctx, seller, req)
	return got, err
}

// operation is one of the use cases of merchants.
type operation func(context.Context, purse.Seller, hub.OperationRequest) (purse.Answer, error)

// try does an operation, and says what became of it. A full queue is tried again.
func (s *shop) try(ctx context.Context, do operation, req hub.OperationRequest) (got hub.OperationReceipt, err error) {
	if req.Ref == "" {
		req.Ref = s.ref()
	}
	req.Encode = func(r hub.OperationReceipt) purse.Answer { got = r; return purse.Answer{Status: 200, Body: "{}"} }
	return got, patiently(ctx, func() error { _, err := do(ctx, s.seller, req); return err })
}

// must does an operation that must be completed.
func (s *shop) must(t *testing.T, do operation, req hub.OperationRequest) purse.Operation {
	t.Helper()
	r, err := s.try(t.Context(), do, req)
	if err != nil || r.Operation.Status != purse.OperationCompleted {
		t.Fatalf("%v: %+v", err, r.Operation)
	}
	return r.Operation
}

// fails does an operation that must be declined.
func (s *shop) fails(t *testing.T, do operation, req hub.OperationRequest, fault purse.Code) purse.Operation {
	t.Helper()
	r, err := s.try(t.Context(), do, req)
	if err != nil || r.Operation.Status != purse.OperationFailed || r.Operation.Fault != fault {
		t.Errorf("%v: %+v, want %s", err, r.Operation, fault)
	}
	return r.Operation
}

// cancelling is Cancel of a sale, as the other use cases are.
func (s *shop) cancelling(ctx context.Context, seller purse.Seller, req hub.OperationRequest) (purse.Answer, error) {
	return s.Cancel(ctx, seller, purse.Sale, req)
}

// patiently tries again what a full queue has refused.
func patiently(ctx context.Context, do func() error) error {
	for {
		if err := do(); purse.CodeOf(err) != purse.CodeBusy || ctx.Err() != nil {
			return err
		}
	}
}

// pays makes a payable handle that its consumer has agreed to.
func (s *shop) pays(t *testing.T, who purse.Actor, consumer string, minor int64, a hub.Agreement) purse.Handle {
	t.Helper()
	r, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Minor: minor, Consumer: consumer})
	if err != nil {
		t.Fatal(err)
	}
	if r.Handle.Status == purse.HandlePayable {
		return r.Handle
	}
	h, err := s.Authorize(t.Context(), who, r.Handle.Link, a)
	if err != nil || h.Status != purse.HandlePayable {
		t.Fatalf("%v: %+v", err, h)
	}
	return h
}

// has checks what may be spent from an account.
func (s *shop) has(t *testing.T, what string, id ledger.AccountID, minor int64) {
	t.Helper()
	a, err := s.Store.Account(t.Context(), purse.MainBook, id)
	if err != nil || a.Spendable() != minor {
		t.Errorf("%s: %d are there, want %d (%v)", what, a.Spendable(), minor, err)
	}
}

// spent checks what counts against somebody's weekly limit.
func (s *shop) spent(t *testing.T, what string, who purse.Actor, minor int64) {
	t.Helper()
	account := purse.WalletOf(who.User)
	var got int64
	s.do(t, purse.Needs{Spent: []ledger.AccountID{account}}, func(f *purse.Facts) (err error) {
		got, err = f.SpentThisWeek(account)
		return err
	})
	if got != minor {
		t.Errorf("%s: %d count against the weekly limit, want %d", what, got, minor)
	}
}

// month checks what counts against the monthly cap of an agreement.
func (s *shop) month(t *testing.T, what, consumer string, minor int64) {
	t.Helper()
	m, err := s.Store.Mandate(t.Context(), purse.MainBook, purse.MandateKey{Merchant: s.seller.Merchant, Consumer: consumer})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.ThisMonth(s.now(t)); got != minor {
		t.Errorf("%s: %d count against the month's cap, want %d", what, got, minor)
	}
}

// mandateOf names an agreement with the shop.
func (s *shop) mandateOf(consumer string) purse.MandateKey {
	return purse.MandateKey{Merchant: s.seller.Merchant, Consumer: consumer}
}

func (s *shop) now(t *testing.T) purse.Time {
	t.Helper()
	now, err := s.Store.Now(t.Context(), purse.MainBook)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// number is the number that a query gives.
func (s *shop) number(t *testing.T, query string, args ...any) (n int64) {
	t.Helper()
	if err := s.db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// atOnce runs n rounds, many at a time.
func atOnce(n, workers int, round func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, workers) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				round(i)
			}
		})
	}
	group.Wait()
}
