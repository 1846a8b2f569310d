package wallet_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/audit"
	"purse/internal/pgtest"
	"purse/ledger"
	"purse/store"
	"purse/wallet"
)

func TestMain(m *testing.M) { pgtest.Main(m, store.MigratePostgres) }

// network is a sandbox in a database with one server, and the use cases on it.
type network struct {
	*store.Store
	*wallet.Service
	name  string  // of the database
	db    *sql.DB // looks past the store
	names *atomic.Int64
}

// onBoth runs a test on either database, beside the other tests, and audits what
// the test has left.
func onBoth(t *testing.T, test func(*testing.T, *network)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "purse.db")
		test(t, found(t, path, "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		onPostgres(t, test)
	})
}

func onPostgres(t *testing.T, test func(*testing.T, *network)) {
	url := pgtest.Database(t)
	test(t, found(t, url, "pgx", url))
}

func found(t *testing.T, name, driver, dsn string) *network {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	n := (&network{name: name, db: db, names: new(atomic.Int64)}).serve(t)
	t.Cleanup(func() { n.audit(t) })
	return n
}

// serve opens one more server on the network.
func (n *network) serve(t *testing.T) *network {
	t.Helper()
	s, err := store.Open(t.Context(), n.name, store.Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &network{Store: s, Service: &wallet.Service{Store: s}, name: n.name, db: n.db, names: n.names}
}

// audit is what `purse verify` does.
func (n *network) audit(t *testing.T) {
	t.Helper()
	report, err := audit.Run(context.Background(), audit.Options{Database: n.name}) // the test's own context has ended
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
func (n *network) do(t *testing.T, needs purse.Needs, decide func(*purse.Facts) error) {
	t.Helper()
	if err := n.Execute(t.Context(), purse.Command{Book: purse.MainBook, Needs: needs, Decide: decide}); err != nil {
		t.Fatal(err)
	}
}

// crowd makes people with minor units of money and a token each, all at once.
func (n *network) crowd(t *testing.T, people int, minor int64) []purse.Actor {
	t.Helper()
	actors := make([]purse.Actor, people)
	n.do(t, purse.Needs{Accounts: []ledger.AccountID{purse.TreasuryAccount}}, func(f *purse.Facts) error {
		for i := range actors {
			id := purse.UserID(f.NextID())
			a := purse.Actor{Book: purse.MainBook, User: id, Token: purse.TokenHash("of " + id.String()), Scopes: "make_payments access_balance access_profile"}
			f.Put(purse.User{ID: id, Book: a.Book, Username: fmt.Sprintf("p%06d", n.names.Add(1)), FirstName: "P", Joined: f.Now, Audience: purse.Private})
			f.Put(purse.Token{Hash: a.Token, ID: purse.TokenID(f.NextID()), User: id, Book: a.Book, Scopes: a.Scopes})
			f.Put(purse.Account{Account: ledger.Account{ID: purse.WalletOf(id), Currency: f.Book.Currency}, Kind: purse.Wallet})
			actors[i] = a
			if minor == 0 {
				continue
			}
			e := purse.Entry{ID: purse.EntryID(f.NextID()), Kind: purse.Issue, Wallet: id, Minor: minor, Operator: "test"}
			var err error
			if e.Transfer, err = f.Move(purse.TreasuryAccount, purse.WalletOf(id), minor, e.Cause()); err != nil {
				return err
			}
			f.Put(e)
			f.Emit(purse.TreasuryIssued, e)
		}
		return nil
	})
	return actors
}

// advance moves the book's clock forward.
func (n *network) advance(t *testing.T, by time.Duration) {
	t.Helper()
	n.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(by) })
}

// terms changes the network's terms.
func (n *network) terms(t *testing.T, change func(*purse.Terms)) {
	t.Helper()
	if _, err := n.SetTerms(t.Context(), purse.MainBook, "test", change); err != nil {
		t.Fatal(err)
	}
}

// fresh is an actor as a read authenticates it.
func (n *network) fresh(t *testing.T, a purse.Actor) purse.Actor {
	t.Helper()
	_, now, err := n.Token(t.Context(), a.Token)
	if err != nil {
		t.Fatal(err)
	}
	a.At = now
	return a
}

// maker and changer are the two kinds of use cases.
type (
	maker   func(context.Context, purse.Actor, wallet.PayRequest) (purse.Answer, error)
	changer func(context.Context, purse.Actor, wallet.ChangeRequest) (purse.Answer, error)
)

// make makes a payment or charge and returns what its answer would show.
func (do maker) make(ctx context.Context, by purse.Actor, to wallet.Target, minor int64) (shown wallet.Receipt, err error) {
	_, err = do(ctx, by, wallet.PayRequest{
		To: to, Minor: minor, Note: "n", Audience: purse.Private,
		Encode: func(r wallet.Receipt) purse.Answer { shown = r; return purse.Answer{Status: 200} },
	})
	return shown, err
}

// change changes a payment and returns what its answer would show.
func (do changer) change(ctx context.Context, by purse.Actor, id purse.PaymentID) (shown wallet.Receipt, err error) {
	_, err = do(ctx, by, wallet.ChangeRequest{
		Payment: id, Encode: func(r wallet.Receipt) purse.Answer { shown = r; return purse.Answer{Status: 200} },
	})
	return shown, err
}

// made is a payment that must be made.
func made(t *testing.T, do maker, by purse.Actor, to wallet.Target, minor int64) purse.Payment {
	t.Helper()
	r, err := do.make(t.Context(), by, to, minor)
	if err != nil {
		t.Fatal(err)
	}
	return r.Payment
}

// changed is a payment that must be changed.
func changed(t *testing.T, do changer, by purse.Actor, id purse.PaymentID) purse.Payment {
	t.Helper()
	r, err := do.change(t.Context(), by, id)
	if err != nil {
		t.Fatal(err)
	}
	return r.Payment
}

func person(a purse.Actor) wallet.Target { return wallet.Target{User: a.User} }

func email(s string) wallet.Target {
	return wallet.Target{Address: purse.Address{Kind: purse.Email, Text: s}}
}

// mail is an address that nobody owns, one for each i.
func mail(i int) wallet.Target { return email(fmt.Sprintf("a%d@example.org", i)) }

// refused checks the code of an error.
func refused(t *testing.T, what string, err error, code purse.Code) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: it was not refused; want %s", what, code)
	} else if got := purse.CodeOf(err); got != code {
		t.Errorf("%s: refused with %s, want %s: %v", what, got, code, err)
	}
}

// stored is a payment as it stands in its table.
func (n *network) stored(t *testing.T, id purse.PaymentID) purse.Payment {
	t.Helper()
	p, err := n.Payment(t.Context(), purse.MainBook, id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// has checks the balance of an account.
func (n *network) has(t *testing.T, what string, id ledger.AccountID, minor int64) {
	t.Helper()
	a, err := n.Account(t.Context(), purse.MainBook, id)
	if err != nil {
		t.Fatal(err)
	}
	if a.Spendable() != minor {
		t.Errorf("%s: %d are there, want %d", what, a.Spendable(), minor)
	}
}

// spent checks what counts against somebody's weekly limit.
func (n *network) spent(t *testing.T, what string, who purse.Actor, minor int64) {
	t.Helper()
	account := purse.WalletOf(who.User)
	var got int64
	n.do(t, purse.Needs{Spent: []ledger.AccountID{account}}, func(f *purse.Facts) (err error) {
		got, err = f.SpentThisWeek(account)
		return err
	})
	if got != minor {
		t.Errorf("%s: %d count against the weekly limit, want %d", what, got, minor)
	}
}

// sums is a number for each key, from rows of both.
func (n *network) sums(t *testing.T, query string) map[int64]int64 {
	t.Helper()
	rows, err := n.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	sums := map[int64]int64{}
	for rows.Next() {
		var k, v int64
		if err := rows.Scan(&k, &v); err != nil {
			t.Fatal(err)
		}
		sums[k] = v
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return sums
}

// rows counts the rows of "table where …".
func (n *network) rows(t *testing.T, of string) int64 {
	t.Helper()
	return n.sums(t, "select 0, count(*) from "+of)[0]
}
