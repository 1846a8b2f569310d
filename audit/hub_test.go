package audit_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"purse"
	"purse/audit"
	"purse/hub"
	"purse/internal/pgtest"
	"purse/ledger"
	"purse/store"
)

// trade is a merchant in a sandbox, who does all that a merchant can do with package
// hub, and a person who buys there.
type trade struct {
	*hub.Service
	t        *testing.T
	database string
	seller   purse.Seller
	person   purse.Actor
	refs     int
	steps    int // advances of the clock
}

// TestHub lets package hub write, and finds nothing wrong: neither beside it nor
// afterwards.
func TestHub(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { lifecycles(t, filepath.Join(t.TempDir(), "purse.db")) })
	t.Run("postgres", func(t *testing.T) { lifecycles(t, pgtest.Database(t)) })
}

func lifecycles(t *testing.T, database string) {
	s, err := store.Open(t.Context(), database, store.Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h := &trade{Service: &hub.Service{Store: s, Processor: strict{}}, t: t, database: database}
	h.open()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for ctx.Err() == nil {
			r, err := audit.Run(ctx, audit.Options{Database: database}.WithChunk(5))
			if err == nil && !r.OK() {
				t.Errorf("beside the hub:\n%s", print(r))
			}
		}
	}()
	for round := range 3 {
		h.sales()
		h.handles()
		h.agreements(round)
		h.late()
		h.orders()
		if r := run(t, audit.Options{Database: database}); !r.OK() {
			t.Errorf("round %d:\n%s", round, print(r))
		}
	}
	cancel()
	<-stopped
}

// strict declines some amounts.
type strict struct{}

func (strict) Refuses(step purse.Step, h purse.Handle) (purse.Decline, bool) {
	refused := step == purse.StepHandle && h.Minor == 3000 || step == purse.StepSale && h.Minor == 2000
	return purse.Decline{Fault: purse.CodeFloor, Processor: "2000"}, refused
}

func (h *trade) do(book purse.BookID, needs purse.Needs, decide func(*purse.Facts) error) {
	h.t.Helper()
	if err := h.Store.Execute(h.t.Context(), purse.Command{Book: book, Needs: needs, Decide: decide}); err != nil {
		h.t.Fatal(err)
	}
}

// issue puts money into an account.
func issue(f *purse.Facts, to purse.UserID, minor int64) (err error) {
	e := purse.Entry{ID: purse.EntryID(f.NextID()), Kind: purse.Issue, Wallet: to, Minor: minor, Operator: "test"}
	if e.Transfer, err = f.Move(purse.TreasuryAccount, ledger.AccountID(to), minor, e.Cause()); err != nil {
		return err
	}
	f.Put(e)
	f.Emit(purse.TreasuryIssued, e)
	return nil
}

// open makes the person and the merchant.
func (h *trade) open() {
	h.do(purse.MainBook, purse.Needs{Accounts: []ledger.AccountID{purse.TreasuryAccount}}, func(f *purse.Facts) error {
		id := purse.UserID(f.NextID())
		h.person = purse.Actor{Book: purse.MainBook, User: id, Session: purse.SessionHash(hashOf("session"))}
		f.Put(purse.User{ID: id, Book: purse.MainBook, Username: "ada", FirstName: "Ada", Joined: f.Now, Audience: purse.Private})
		f.Put(purse.Session{
			Hash: h.person.Session, ID: purse.SessionID(f.NextID()), Person: id, Book: purse.MainBook,
			Seen: f.Now, Proved: f.Now, Expires: f.Now.Add(10000 * time.Hour),
		})
		m := purse.Merchant{
			ID: purse.MerchantID(f.NextID()), Book: purse.MainBook, Name: "Mill", Accepts: true, Created: f.Now,
			Plan: purse.Fee{Fixed: 3, Basis: 100}, Life: 30 * 24 * time.Hour, Orders: purse.OrderTerms{Life: time.Hour},
		}
		h.seller = purse.Seller{Book: m.Book, Merchant: m.ID, Key: "mill", Hash: hashOf("key"), Kind: purse.PrivateKey}
		f.Put(m)
		f.Put(purse.APIKey{Username: "mill", Merchant: m.ID, Book: m.Book, Kind: purse.PrivateKey, Hash: h.seller.Hash, Created: f.Now})
		f.Put(purse.APIKey{
			Username: "orders", Merchant: m.ID, Book: m.Book, Kind: purse.OrderKind, Hash: h.seller.Hash, Secret: "v1." + hashOf("sealed"), Created: f.Now,
		})
		for account, kind := range map[ledger.AccountID]purse.AccountKind{purse.WalletOf(id): purse.Wallet, purse.BalanceOf(m.ID): purse.Balance} {
			f.Put(purse.Account{Account: ledger.Account{ID: account, Currency: f.Book.Currency}, Kind: kind})
		}
		return issue(f, id, 1_000_000)
	})
	h.do(purse.MainBook, purse.Needs{Accounts: []ledger.AccountID{purse.TreasuryAccount, purse.BalanceOf(h.seller.Merchant)}},
		func(f *purse.Facts) error { return issue(f, purse.UserID(h.seller.Merchant), 500) })
	h.Tester = h.person.User
}

func (h *trade) advance(by time.Duration) {
	h.t.Helper()
	h.do(purse.MainBook, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(by) })
	if h.steps++; h.steps%2 == 0 {
		h.sweep()
	}
}

func (h *trade) sweep() {
	h.t.Helper()
	if err := h.ExpireOverdue(h.t.Context(), purse.MainBook); err != nil {
		h.t.Fatal(err)
	}
}

// ask makes a handle.
func (h *trade) ask(kind purse.HandleType, consumer string, minor int64) (made purse.Handle) {
	h.t.Helper()
	h.refs++
	_, err := h.CreateHandle(h.t.Context(), h.seller, hub.HandleRequest{
		Type: kind, Ref: fmt.Sprint("ref", h.refs), Minor: minor, Consumer: consumer, Simulator: hub.Internal, Once: h.once(),
		Encode: func(r hub.HandleReceipt) purse.Answer {
			made = r.Handle
			return purse.Answer{Status: 201, Body: fmt.Sprintf(`{"id":%q,"merchantRefNum":"r"}`, uuid(int64(r.Handle.ID)))}
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return made
}

// agreed makes a handle that its consumer has agreed to.
func (h *trade) agreed(kind purse.HandleType, consumer string, minor int64) purse.Handle {
	h.t.Helper()
	made := h.ask(kind, consumer, minor)
	if made.Status != purse.HandleInitiated {
		return made
	}
	made, err := h.Simulate(h.t.Context(), made.Link, purse.HandlePayable)
	if err != nil || made.Status != purse.HandlePayable {
		h.t.Fatal(made.Status, made.Fault, err)
	}
	return made
}

func (h *trade) once() purse.Once {
	return purse.Once{Principal: h.seller.Principal(), Key: fmt.Sprint("key", h.refs), Fingerprint: "f"}
}

// run asks for an operation, which must come out as status.
func (h *trade) run(do func(context.Context, purse.Seller, hub.OperationRequest) (purse.Answer, error),
	req hub.OperationRequest, status purse.OperationStatus) (made purse.Operation) {
	h.t.Helper()
	h.refs++
	req.Ref, req.Once = fmt.Sprint("ref", h.refs), h.once()
	req.Encode = func(r hub.OperationReceipt) purse.Answer {
		made = r.Operation
		return purse.Answer{Status: 201, Body: fmt.Sprintf(`{"id":%q,"merchantRefNum":"r"}`, uuid(int64(made.ID)))}
	}
	if _, err := do(h.t.Context(), h.seller, req); err != nil || made.Status != status {
		h.t.Fatal(made.Kind, made.Status, made.Fault, err)
	}
	return made
}

const (
	completed = purse.OperationCompleted
	failed    = purse.OperationFailed
)

func (h *trade) sell(minor int64, auto bool) purse.Operation {
	h.t.Helper()
	made := h.agreed(purse.HandleForPayment, "ada", minor)
	return h.run(h.Sell, hub.OperationRequest{Token: made.Token, Minor: minor, Auto: auto}, completed)
}

// sales are sales in every state.
func (h *trade) sales() {
	h.t.Helper()
	at := func(o purse.Operation, minor int64) hub.OperationRequest {
		return hub.OperationRequest{Parent: o.ID, Minor: minor}
	}
	sold := h.sell(900, true)
	h.run(h.Refund, at(sold, 100), completed)
	h.run(h.Refund, at(sold, 10_000), failed)
	h.run(h.Settle, at(sold, 1), failed)

	part := h.sell(800, false)
	h.run(h.Refund, at(h.run(h.Settle, at(part, 300), completed), 50), completed)
	h.run(h.Void, at(part, 100), completed)
	h.run(h.Void, at(part, 10_000), failed)
	h.run(h.Settle, at(part, 400), completed)

	taken := h.sell(70, false)
	cancel := func(ctx context.Context, seller purse.Seller, req hub.OperationRequest) (purse.Answer, error) {
		return h.Cancel(ctx, seller, purse.Sale, req)
	}
	h.run(cancel, at(taken, 0), purse.OperationCancelled)

	declined := h.agreed(purse.HandleForPayment, "ada", 2000)
	h.run(h.Settle, at(h.run(h.Sell, hub.OperationRequest{Token: declined.Token, Minor: 2000, Auto: true}, failed), 5), failed)
	h.run(h.Refund, at(sold, 0), completed)
}

// handles are payment handles in every state.
func (h *trade) handles() {
	h.t.Helper()
	if made := h.ask(purse.HandleForPayment, "ada", 3000); made.Status != purse.HandleFailed {
		h.t.Error(made.Status)
	}
	refused, err := h.RefuseHandle(h.t.Context(), h.ask(purse.HandleForPayment, "eve", 5).Link)
	if err != nil || refused.Status != purse.HandleFailed {
		h.t.Fatal(refused.Status, err)
	}
	h.ask(purse.HandleForPayment, "eve", 6)
	if _, err := h.Question(h.t.Context(), h.ask(purse.HandleForPayment, "eve", 7).Link); err != nil {
		h.t.Fatal(err)
	}
	h.agreed(purse.HandleForPayment, "ada", 8)
	h.ask(purse.HandleForPayment, "ada", 1<<40) // more than there is
	paid := h.agreed(purse.HandleForCredit, "ada", 9)
	h.run(h.Credit, hub.OperationRequest{Token: paid.Token, Minor: 9}, completed)
	h.ask(purse.HandleForCredit, "ada", 10)
	h.agreed(purse.HandleForVerification, "zoe", 0)
	h.run(h.Verify, hub.OperationRequest{Token: h.agreed(purse.HandleForVerification, "zoe", 0).Token}, completed)
	h.advance(20 * time.Minute)
	h.sweep()
}

// agreements change, end and are made anew; a saved handle is used and deleted.
func (h *trade) agreements(round int) {
	h.t.Helper()
	ctx, key := h.t.Context(), purse.MandateKey{Merchant: h.seller.Merchant, Consumer: "ada"}
	var customer purse.CustomerID
	var saved purse.Handle
	_, err := h.CreateCustomer(ctx, h.seller, hub.CustomerRequest{
		Ref: fmt.Sprint("customer", round), Details: hub.CustomerDetails{FirstName: "Ada"},
		Encode: func(r hub.CustomerReceipt) purse.Answer { customer = r.Customer.ID; return purse.Answer{} },
	})
	if err == nil {
		_, err = h.SaveHandle(ctx, h.seller, hub.SaveRequest{
			Customer: customer, From: h.agreed(purse.HandleForPayment, "ada", 12).Token,
			Encode: func(r hub.HandleReceipt) purse.Answer { saved = r.Handle; return purse.Answer{} },
		})
	}
	if err != nil {
		h.t.Fatal(err)
	}
	use := hub.OperationRequest{Token: saved.Token, Minor: 30, Auto: true}
	h.run(h.Sell, use, completed)
	if err := h.LimitMandate(ctx, h.person, key, hub.Agreement{CapPayment: 20, CapMonth: purse.NoCap}); err != nil {
		h.t.Fatal(err)
	}
	h.run(h.Sell, use, failed)
	if err := h.RevokeMandate(ctx, h.person, key); err != nil {
		h.t.Fatal(err)
	}
	if err := h.LimitMandate(ctx, h.person, key, hub.Agreement{CapPayment: purse.NoCap, CapMonth: 5}); err != nil {
		h.t.Fatal(err)
	}
	_, err = h.DeleteCustomer(ctx, h.seller, hub.CustomerRequest{ID: customer, Encode: func(hub.CustomerReceipt) purse.Answer { return purse.Answer{} }})
	if err != nil {
		h.t.Fatal(err)
	}
	h.agreed(purse.HandleForPayment, "ada", 13)
}

// setTerms changes what the merchant has settled.
func (h *trade) setTerms(change func(*purse.Merchant)) {
	h.t.Helper()
	h.do(purse.Directory, purse.Needs{Merchants: []purse.MerchantID{h.seller.Merchant}}, func(f *purse.Facts) error {
		m, err := f.Merchant(h.seller.Merchant)
		if change(&m); err == nil {
			f.Put(m)
		}
		return err
	})
}

// setLife changes how long the merchant's sales wait to be settled.
func (h *trade) setLife(d time.Duration) {
	h.t.Helper()
	h.setTerms(func(m *purse.Merchant) { m.Life = d })
}

// late are things that are given back too late to be taken off a counter, or just in
// time.
func (h *trade) late() {
	h.t.Helper()
	sold, part, open := h.sell(40, true), h.sell(50, false), h.sell(60, false)
	h.setLife(24 * time.Hour)
	short := h.sell(70, false)
	h.run(h.Settle, hub.OperationRequest{Parent: short.ID, Minor: 7}, completed)
	h.setLife(30 * 24 * time.Hour)
	h.advance(6 * 24 * time.Hour)
	h.run(h.Refund, hub.OperationRequest{Parent: sold.ID, Minor: 5}, completed)
	h.run(h.Void, hub.OperationRequest{Parent: part.ID, Minor: 5}, completed)
	h.advance(2 * 24 * time.Hour)
	h.run(h.Refund, hub.OperationRequest{Parent: sold.ID, Minor: 6}, completed)
	h.run(h.Void, hub.OperationRequest{Parent: part.ID, Minor: 6}, completed)
	h.run(h.Settle, hub.OperationRequest{Parent: open.ID, Minor: 7}, completed)
	h.advance(31 * 24 * time.Hour)
	h.sweep()
}
