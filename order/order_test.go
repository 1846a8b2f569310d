package order

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/audit"
	"purse/internal/pgtest"
	"purse/ledger"
	"purse/store"
)

func TestMain(m *testing.M) { pgtest.Main(m, store.MigratePostgres) }

// network is a store with a merchant, its key for orders, and people with sessions.
type network struct {
	*Service
	second *Service // another server, where there can be two
	store  *store.Store
	shop   purse.Merchant
	seller purse.Seller
}

// onBoth runs a test on either database.
func onBoth(t *testing.T, test func(*testing.T, *network)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		open(t, filepath.Join(t.TempDir(), "purse.db"), test)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		open(t, pgtest.Database(t), test)
	})
}

func open(t *testing.T, database string, test func(*testing.T, *network)) {
	s := openStore(t, database)
	n := &network{Service: &Service{Store: s}, store: s}
	n.second = n.Service
	if strings.Contains(database, "://") { // of a file one process has hold
		n.second = &Service{Store: openStore(t, database)}
	}
	n.shop, n.seller = n.newShop(t, purse.Fee{Fixed: 30, Basis: 100}, false)
	test(t, n)
	n.verify(t, database)
}

func openStore(t *testing.T, database string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), database, store.Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// verify is what `purse verify` does.
func (n *network) verify(t *testing.T, database string) {
	t.Helper()
	report, err := audit.Run(t.Context(), audit.Options{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		var b bytes.Buffer
		_, _ = report.WriteTo(&b)
		t.Error(b.String())
	}
}

// sealedSecret looks like the API secret of a key for orders, as the directory keeps it.
const sealedSecret = "v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// newShop makes a merchant with a key for orders.
func (n *network) newShop(t *testing.T, plan purse.Fee, onTop bool) (m purse.Merchant, seller purse.Seller) {
	t.Helper()
	n.do(t, purse.Needs{}, func(f *purse.Facts) error {
		m = purse.Merchant{
			ID: purse.MerchantID(f.NextID()), Book: f.Book.ID, Name: "Shop", Plan: plan, Accepts: true, Life: purse.AuthorizationLife,
			Orders: purse.OrderTerms{Life: purse.OrderLife, PayerFee: onTop}, Created: f.Now,
		}
		f.Put(m)
		f.Put(purse.Account{Account: ledger.Account{ID: purse.BalanceOf(m.ID), Currency: "USD"}, Kind: purse.Balance})
		k := purse.APIKey{Username: "key " + m.ID.String(), Merchant: m.ID, Book: f.Book.ID, Kind: purse.OrderKind, Hash: hashOf("password"), Secret: sealedSecret, Created: f.Now}
		f.Put(k)
		seller = purse.Seller{Book: f.Book.ID, Merchant: m.ID, Key: k.Username, Hash: k.Hash, Kind: k.Kind}
		return nil
	})
	return m, seller
}

// newPerson makes somebody who has signed in, with money.
func (n *network) newPerson(t *testing.T, name string, minor int64) purse.Actor {
	t.Helper()
	var actor purse.Actor
	n.do(t, purse.Needs{Accounts: []ledger.AccountID{purse.TreasuryAccount}}, func(f *purse.Facts) error {
		u := purse.User{ID: purse.UserID(f.NextID()), Book: f.Book.ID, Username: name, Joined: f.Now, Audience: purse.Private}
		f.Put(u)
		f.Put(purse.Account{Account: ledger.Account{ID: purse.WalletOf(u.ID), Currency: "USD"}, Kind: purse.Wallet})
		session := purse.Session{
			Hash: purse.SessionHash(hashOf("session " + name)), ID: purse.SessionID(f.NextID()), Person: u.ID, Book: f.Book.ID,
			Seen: f.Now, Proved: f.Now, Expires: f.Now.Add(time.Hour),
		}
		f.Put(session)
		actor = purse.Actor{Book: f.Book.ID, User: u.ID, Session: session.Hash}
		if minor == 0 {
			return nil
		}
		e := purse.Entry{ID: purse.EntryID(f.NextID()), Kind: purse.Issue, Wallet: u.ID, Minor: minor, Operator: "op", Reason: "test"}
		var err error
		if e.Transfer, err = f.Move(purse.TreasuryAccount, purse.WalletOf(u.ID), minor, e.Cause()); err != nil {
			return err
		}
		f.Put(e)
		f.Emit(purse.TreasuryIssued, e)
		return nil
	})
	return actor
}

func (n *network) do(t *testing.T, needs purse.Needs, decide func(*purse.Facts) error) {
	t.Helper()
	if err := n.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Needs: needs, Decide: decide}); err != nil {
		t.Fatal(err)
	}
}

// order makes an order.
func (n *network) order(t *testing.T, minor int64) purse.Order {
	t.Helper()
	o, err := n.create(t.Context(), n.seller, Request{Minor: minor, Customer: "ada@example.org", Product: "Tea"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (n *network) create(ctx context.Context, seller purse.Seller, req Request) (purse.Order, error) {
	var made purse.Order
	req.Encode = func(o purse.Order) purse.Answer { made = o; return purse.Answer{Status: 200, Body: o.Number.String()} }
	_, err := n.Create(ctx, seller, req)
	return made, err
}

func (n *network) balance(t *testing.T, id ledger.AccountID) int64 {
	t.Helper()
	a, err := n.store.Account(t.Context(), purse.MainBook, id)
	if err != nil {
		t.Fatal(err)
	}
	return a.CreditsPosted - a.DebitsPosted
}

// hashOf is a hash as the directory keeps them.
func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func code(err error) purse.Code {
	if err == nil {
		return "ok"
	}
	return purse.CodeOf(err)
}

func TestAnOrderIsPaidOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada, ben := n.newPerson(t, "ada", 50_00), n.newPerson(t, "ben", 50_00)
		o := n.order(t, 10_00)
		if o.Number != 1 || o.Status != purse.OrderPending || o.Fee != 40 {
			t.Fatalf("the first order is %+v", o)
		}
		for _, actor := range []purse.Actor{ada, ada} {
			paid, err := n.Pay(t.Context(), actor, o.Link)
			if err != nil || paid.Status != purse.OrderPaid || paid.Payer != ada.User {
				t.Fatalf("paid: %+v, %v", paid, err)
			}
		}
		if _, err := n.Pay(t.Context(), ben, o.Link); code(err) != purse.CodeFinal {
			t.Errorf("somebody else pays it again: %v", err)
		}
		if _, err := n.Refuse(t.Context(), o.Link); code(err) != purse.CodeFinal {
			t.Errorf("it is refused when it is paid: %v", err)
		}
		for id, want := range map[ledger.AccountID]int64{
			purse.WalletOf(ada.User): 40_00, purse.WalletOf(ben.User): 50_00, purse.BalanceOf(n.shop.ID): 9_60, purse.FeesAccount: 40,
		} {
			if got := n.balance(t, id); got != want {
				t.Errorf("account %d has %d, want %d", id, got, want)
			}
		}
		if again := n.order(t, 1); again.Number != 2 {
			t.Errorf("the second order has number %d", again.Number)
		}
	})
}
