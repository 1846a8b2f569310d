package hub_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
	"purse/hub"
	"purse/internal/pgtest"
	"purse/ledger"
	"purse/store"
)

// letters is a purse.Courier that keeps what is sent, for several servers.
type letters struct {
	mu   sync.Mutex
	sent []purse.Message
}

func (l *letters) Send(m purse.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, m)
}

// take gives what was sent since it was asked last, each as "to: subject".
func (l *letters) take() (subjects []string, all []purse.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, l.sent = l.sent, nil
	for _, m := range all {
		subjects = append(subjects, m.To.Text+": "+m.Subject)
	}
	return subjects, all
}

// town is a network with a merchant and two people, of whom one can get mail. Any
// number of servers send it.
type town struct {
	*hub.Service
	servers []*hub.Service
	box     *letters
	seller  purse.Seller
	ada     purse.Actor // has a verified address
	bob     purse.Actor // has said one
}

func inTown(t *testing.T, test func(*testing.T, *town)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := openTown(t, filepath.Join(t.TempDir(), "purse.db"))
		test(t, makeTown(t, s, s)) // one process has the file open
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		test(t, makeTown(t, openTown(t, url), openTown(t, url)))
	})
}

func openTown(t *testing.T, database string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), database, store.Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func makeTown(t *testing.T, stores ...*store.Store) *town {
	t.Helper()
	n := &town{box: &letters{}}
	for _, s := range stores {
		n.servers = append(n.servers, &hub.Service{Store: s, Courier: n.box, Network: "Town", PublicURL: "https://town.example"})
	}
	n.Service = n.servers[0]
	n.seller = purse.Seller{Book: purse.MainBook, Key: "key", Hash: "hash", Kind: purse.PrivateKey}
	n.do(t, purse.Needs{}, func(f *purse.Facts) error {
		m := purse.Merchant{ID: purse.MerchantID(f.NextID()), Book: f.Book.ID, Name: "The\n Mill", Accepts: true, Life: time.Hour, Created: f.Now}
		n.seller.Merchant = m.ID
		f.Put(m)
		f.Put(purse.Account{Account: ledger.Account{ID: purse.BalanceOf(m.ID), Currency: f.Book.Currency}, Kind: purse.Balance})
		f.Put(purse.APIKey{Username: n.seller.Key, Merchant: m.ID, Book: f.Book.ID, Kind: purse.PrivateKey, Hash: n.seller.Hash, Created: f.Now})
		return nil
	})
	n.ada, n.bob = n.person(t, "ada", 1), n.person(t, "bob", 0)
	return n
}

func (n *town) do(t *testing.T, needs purse.Needs, decide func(*purse.Facts) error) {
	t.Helper()
	if err := n.Store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Needs: needs, Decide: decide}); err != nil {
		t.Fatal(err)
	}
}

func (n *town) person(t *testing.T, name string, verified purse.Time) purse.Actor {
	t.Helper()
	var a purse.Actor
	n.do(t, purse.Needs{Accounts: []ledger.AccountID{purse.TreasuryAccount}}, func(f *purse.Facts) error {
		id := purse.UserID(f.NextID())
		a = purse.Actor{Book: purse.MainBook, User: id, Session: purse.SessionHash("session of " + name)}
		f.Put(purse.User{ID: id, Book: a.Book, Username: name, FirstName: name, Joined: f.Now, Audience: purse.Private})
		f.Put(purse.Session{Hash: a.Session, ID: purse.SessionID(f.NextID()), Person: id, Book: a.Book, Seen: f.Now, Proved: f.Now, Expires: f.Now.Add(1000 * time.Hour)})
		f.Put(purse.Account{Account: ledger.Account{ID: purse.WalletOf(id), Currency: f.Book.Currency}, Kind: purse.Wallet})
		_, err := f.Move(purse.TreasuryAccount, purse.WalletOf(id), 1000_00, ledger.Cause{Kind: ledger.CauseTreasury, ID: f.NextID()})
		return err
	})
	err := n.Store.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
		address := purse.Address{Kind: purse.Email, Text: name + "@example.org"}
		f.Put(purse.Contact{ContactKey: purse.ContactKey{Person: a.User, Address: address}, Added: 1, Verified: verified})
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// handle makes a payable handle; the person is asked if they have not agreed.
func (n *town) handle(t *testing.T, who purse.Actor, kind purse.HandleType, ref string, minor int64) purse.Handle {
	t.Helper()
	var h purse.Handle
	_, err := n.CreateHandle(t.Context(), n.seller, hub.HandleRequest{
		Type: kind, Ref: ref, Minor: minor, Consumer: who.User.String(), Simulator: hub.External,
		Encode: func(r hub.HandleReceipt) purse.Answer { h = r.Handle; return purse.Answer{} },
	})
	if err == nil && h.Status == purse.HandleInitiated {
		if _, err = n.Question(t.Context(), h.Link); err == nil {
			h, err = n.Authorize(t.Context(), who, h.Link, hub.Agreement{CapPayment: purse.NoCap, CapMonth: purse.NoCap})
		}
	}
	if err != nil || h.Status != purse.HandlePayable {
		t.Fatalf("%+v, %v", h, err)
	}
	return h
}

// with makes a request that tells its operation.
func with(req hub.OperationRequest, made *purse.Operation) hub.OperationRequest {
	req.Encode = func(r hub.OperationReceipt) purse.Answer { *made = r.Operation; return purse.Answer{} }
	return req
}

// sale takes the money of a new handle.
func (n *town) sale(t *testing.T, who purse.Actor, ref string, minor int64, auto bool) (o purse.Operation) {
	t.Helper()
	h := n.handle(t, who, purse.HandleForPayment, ref, minor)
	_, err := n.Sell(t.Context(), n.seller, with(hub.OperationRequest{Ref: ref, Minor: minor, Token: h.Token, Auto: auto}, &o))
	if err != nil || o.Status != purse.OperationCompleted {
		t.Fatalf("%+v, %v", o, err)
	}
	return o
}

// done checks what a merchant's request came to.
func done(t *testing.T, o *purse.Operation, err error) {
	t.Helper()
	if err != nil || o.Status == purse.OperationFailed {
		t.Fatalf("%+v, %v", o, err)
	}
}

// notify lets all servers tell the news at once.
func (n *town) notify(t *testing.T) {
	t.Helper()
	var group sync.WaitGroup
	for range 3 {
		for _, s := range n.servers {
			group.Go(func() {
				if err := s.Notify(context.Background(), purse.MainBook); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
}

// told checks what people were told, in any order: each server tells its part.
func (n *town) told(t *testing.T, want ...string) []purse.Message {
	t.Helper()
	n.notify(t)
	got, all := n.box.take()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("told %q\nwant %q", got, want)
	}
	return all
}

func TestPeopleAreToldOnce(t *testing.T) { inTown(t, testPeopleAreTold) }

func testPeopleAreTold(t *testing.T, n *town) {
	ctx := t.Context()
	n.sale(t, n.ada, "before", 1_00, true)
	n.told(t) // nothing of what was before
	n.told(t)

	var o purse.Operation
	sale := n.sale(t, n.ada, "auto", 25_00, true)
	all := n.told(t, "ada@example.org: You paid The Mill 25.00 USD")
	want := "You paid The Mill 25.00 USD out of your wallet.\n\n" +
		"If you do not know what this is for, ask the merchant, and look after your agreements with merchants at\n" +
		"https://town.example/settings/merchants\n\nTown\n"
	if len(all) == 1 && all[0].Text != want {
		t.Errorf("%q", all[0].Text)
	}
	_, err := n.Refund(ctx, n.seller, with(hub.OperationRequest{Ref: "auto", Minor: 5_00, Parent: sale.ID}, &o))
	done(t, &o, err)
	n.told(t, "ada@example.org: The Mill has refunded 5.00 USD")

	sale = n.sale(t, n.ada, "later", 30_00, false)
	_, err = n.Settle(ctx, n.seller, with(hub.OperationRequest{Ref: "later", Minor: 10_00, Parent: sale.ID}, &o))
	done(t, &o, err)
	_, err = n.Void(ctx, n.seller, with(hub.OperationRequest{Ref: "later", Minor: 20_00, Parent: sale.ID}, &o))
	done(t, &o, err)
	n.told(t, "ada@example.org: The Mill has reserved 30.00 USD", "ada@example.org: You paid The Mill 10.00 USD", "ada@example.org: The Mill will not take 20.00 USD")

	sale = n.sale(t, n.ada, "never", 40_00, false)
	_, err = n.Cancel(ctx, n.seller, purse.Sale, with(hub.OperationRequest{Ref: "never", Parent: sale.ID}, &o))
	done(t, &o, err)
	n.told(t, "ada@example.org: The Mill has reserved 40.00 USD", "ada@example.org: The Mill has cancelled a payment of 40.00 USD")

	h := n.handle(t, n.ada, purse.HandleForCredit, "credit", 3_00)
	_, err = n.Credit(ctx, n.seller, with(hub.OperationRequest{Ref: "credit", Minor: 3_00, Token: h.Token}, &o))
	done(t, &o, err)
	n.told(t, "ada@example.org: The Mill has sent you 3.00 USD")

	if err := n.RevokeMandate(ctx, n.ada, purse.MandateKey{Merchant: n.seller.Merchant, Consumer: n.ada.User.String()}); err != nil {
		t.Fatal(err)
	}
	n.told(t, "ada@example.org: The Mill must ask you again")
	n.handle(t, n.ada, purse.HandleForPayment, "anew", 2_00)
	all = n.told(t, "ada@example.org: You let The Mill take payments")
	if len(all) == 1 && !strings.Contains(all[0].Text, "https://town.example/settings/security\n") {
		t.Errorf("%q", all[0].Text)
	}

	// Who has shown no address is told nothing, and what was declined is no news.
	n.sale(t, n.bob, "bob", 4_00, true)
	_, err = n.Refund(ctx, n.seller, with(hub.OperationRequest{Ref: "too much", Minor: 500_00, Parent: sale.ID}, &o))
	if purse.CodeOf(err) != purse.CodeNotFound {
		t.Errorf("%+v, %v", o, err)
	}
	n.told(t)
}

func TestManyPiecesOfNewsAreToldOnce(t *testing.T) { inTown(t, testManyPiecesOfNews) }

// testManyPiecesOfNews has more news than are read at a time, and other news between.
func testManyPiecesOfNews(t *testing.T, n *town) {
	n.told(t)
	const many = 450
	n.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for i := range int64(many) {
			o := purse.Operation{
				OperationKey: purse.OperationKey{Merchant: n.seller.Merchant, Kind: purse.Refund, ID: purse.OperationID(f.NextID())},
				Ref:          "many", Payer: n.ada.User, Minor: i + 1, Status: purse.OperationCompleted, Version: 1,
			}
			f.Put(o)
			f.Emit(purse.RefundCompleted, o)
			f.Emit(purse.RefundFailed, o)
		}
		return nil
	})
	n.notify(t)
	got, _ := n.box.take()
	slices.Sort(got)
	if different := slices.Compact(slices.Clone(got)); len(got) != many || len(different) != many {
		t.Errorf("%d messages, %d of them different, want %d", len(got), len(different), many)
	}
	// A server that starts later goes on where the others are.
	late := &hub.Service{Store: n.Store, Courier: n.box}
	if err := late.Notify(t.Context(), purse.MainBook); err != nil {
		t.Fatal(err)
	}
	n.told(t)
}

func TestNobodyIsToldWithoutACourier(t *testing.T) {
	s := &hub.Service{Store: openTown(t, filepath.Join(t.TempDir(), "purse.db"))}
	if err := s.Notify(t.Context(), purse.MainBook); err != nil {
		t.Fatal(err)
	}
}
