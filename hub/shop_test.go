package hub_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/audit"
	"purse/hub"
	"purse/internal/pgtest"
	"purse/ledger"
	"purse/store"
)

func TestMain(m *testing.M) { pgtest.Main(m, store.MigratePostgres) }

// shop is a merchant in a sandbox of its own, with one server, and a person who
// buys there.
type shop struct {
	*hub.Service
	seller purse.Seller
	person purse.Actor
	path   string  // of the database
	db     *sql.DB // looks past the store
	refs   *atomic.Int64
}

// inShop runs a test on either database, beside the other tests, and audits what the
// test has left.
func inShop(t *testing.T, test func(*testing.T, *shop)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "purse.db")
		test(t, openShop(t, path, "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		test(t, openShop(t, url, "pgx", url))
	})
}

func openShop(t *testing.T, path, driver, dsn string) *shop {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := store.Open(t.Context(), path, store.Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	shop := &shop{Service: &hub.Service{Store: s}, path: path, db: db, refs: new(atomic.Int64)}
	shop.person = shop.somebody(t, "ada", 1_000_00)
	shop.Tester = shop.person.User
	shop.seller = shop.merchant(t, "mill")
	t.Cleanup(func() {
		s.Close()
		shop.audit(t)
	})
	return shop
}

// audit is what `purse verify` does.
func (s *shop) audit(t *testing.T) {
	t.Helper()
	report, err := audit.Run(context.Background(), audit.Options{Database: s.path}) // the test's own context has ended
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		var b bytes.Buffer
		_, _ = report.WriteTo(&b)
		t.Errorf("verify:\n%s", b.String())
	}
}

// do runs a command of the system, which must succeed.
func (s *shop) do(t *testing.T, needs purse.Needs, decide func(*purse.Facts) error) {
	t.Helper()
	if err := s.Store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Needs: needs, Decide: decide}); err != nil {
		t.Fatal(err)
	}
}

// somebody makes a person who is signed in and has minor units of money.
func (s *shop) somebody(t *testing.T, name string, minor int64) purse.Actor {
	t.Helper()
	var a purse.Actor
	s.do(t, purse.Needs{Accounts: []ledger.AccountID{purse.TreasuryAccount}}, func(f *purse.Facts) error {
		id := purse.UserID(f.NextID())
		a = purse.Actor{Book: purse.MainBook, User: id, Session: purse.SessionHash(digest("session of " + name))}
		f.Put(purse.User{ID: id, Book: a.Book, Username: name, FirstName: name, Joined: f.Now, Audience: purse.Private})
		f.Put(purse.Session{
			Hash: a.Session, ID: purse.SessionID(f.NextID()), Person: id, Book: a.Book,
			Seen: f.Now, Proved: f.Now, Expires: f.Now.Add(1000 * time.Hour),
		})
		f.Put(purse.Account{Account: ledger.Account{ID: purse.WalletOf(id), Currency: f.Book.Currency}, Kind: purse.Wallet})
		e := purse.Entry{ID: purse.EntryID(f.NextID()), Kind: purse.Issue, Wallet: id, Minor: minor, Operator: "test"}
		var err error
		if e.Transfer, err = f.Move(purse.TreasuryAccount, purse.WalletOf(id), minor, e.Cause()); err != nil {
			return err
		}
		f.Put(e)
		f.Emit(purse.TreasuryIssued, e)
		return nil
	})
	return a
}

// merchant makes a merchant and says how it asks.
func (s *shop) merchant(t *testing.T, name string) purse.Seller {
	t.Helper()
	seller := purse.Seller{Book: purse.MainBook, Key: name, Hash: digest("key of " + name), Kind: purse.PrivateKey}
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		m := purse.Merchant{
			ID: purse.MerchantID(f.NextID()), Book: seller.Book, Name: name, Accepts: true,
			Life: purse.AuthorizationLife, Orders: purse.OrderTerms{Life: purse.OrderLife}, Created: f.Now,
		}
		seller.Merchant = m.ID
		f.Put(m)
		f.Put(purse.Account{Account: ledger.Account{ID: purse.BalanceOf(m.ID), Currency: f.Book.Currency}, Kind: purse.Balance})
		f.Put(purse.APIKey{Username: seller.Key, Merchant: m.ID, Book: seller.Book, Kind: seller.Kind, Hash: seller.Hash, Created: f.Now})
		return nil
	})
	return seller
}

// set changes a merchant.
func (s *shop) set(t *testing.T, id purse.MerchantID, change func(*purse.Merchant)) {
	t.Helper()
	err := s.Store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Merchants: []purse.MerchantID{id}},
		Decide: func(f *purse.Facts) error {
			m, err := f.Merchant(id)
			if err != nil {
				return err
			}
			change(&m)
			f.Put(m)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// advance moves the book's clock forward.
func (s *shop) advance(t *testing.T, by time.Duration) {
	t.Helper()
	s.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(by) })
}

// ref is a reference that was not used before.
func (s *shop) ref() string { return fmt.Sprintf("ref-%d", s.refs.Add(1)) }

// asked makes a handle that waits for its consumer.
func (s *shop) asked(t *testing.T, kind purse.HandleType, consumer string, minor int64) purse.Handle {
	t.Helper()
	var h purse.Handle
	_, err := s.CreateHandle(t.Context(), s.seller, hub.HandleRequest{
		Type: kind, Ref: s.ref(), Minor: minor, Consumer: consumer, Simulator: hub.Internal,
		Encode: func(r hub.HandleReceipt) purse.Answer { h = r.Handle; return purse.Answer{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// agreed makes a handle that its consumer has authorised.
func (s *shop) agreed(t *testing.T, kind purse.HandleType, consumer string, minor int64) purse.Handle {
	t.Helper()
	h := s.asked(t, kind, consumer, minor)
	if h.Status == purse.HandlePayable {
		return h
	}
	h, err := s.Simulate(t.Context(), h.Link, purse.HandlePayable)
	if err != nil || h.Status != purse.HandlePayable {
		t.Fatal(h.Status, h.Fault, err)
	}
	return h
}

// sell uses a handle, and says what became of it.
func (s *shop) sell(t *testing.T, seller purse.Seller, token string, minor int64) (hub.OperationReceipt, error) {
	t.Helper()
	var sold hub.OperationReceipt
	_, err := s.Sell(t.Context(), seller, hub.OperationRequest{
		Ref: s.ref(), Minor: minor, Token: token, Auto: true,
		Encode: func(r hub.OperationReceipt) purse.Answer { sold = r; return purse.Answer{} },
	})
	return sold, err
}

// digest is the form that hashes of secrets have.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// once makes a request repeatable.
func once(s purse.Seller, key, fingerprint string) purse.Once {
	return purse.Once{Principal: s.Principal(), Key: key, Fingerprint: fingerprint}
}

// asJSON is an encoder that writes all it is given.
func asJSON[V any](v V) purse.Answer {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return purse.Answer{Status: 200, Body: string(b)}
}

// want fails unless err has a code; none: unless it is nil.
func want(t *testing.T, err error, code purse.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && (err == nil || purse.CodeOf(err) != code) {
		t.Errorf("got %v, want %q", err, code)
	}
}
