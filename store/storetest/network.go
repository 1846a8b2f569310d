package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/identity"
	"purse/ledger"
	"purse/store"
	"purse/wallet"
)

// patience bounds every wait of the suite. It is only reached when something
// is wrong.
const patience = 20 * time.Second

// network is a database under test, and a way to look into it past the store.
type network struct {
	Database
	mode  purse.Mode
	db    *sql.DB
	names atomic.Int64
}

// server is one store on a network, with the use cases on top of it.
type server struct {
	*store.Store
	*network
	wallet *wallet.Service
	people *identity.Service

	fault atomic.Pointer[func(point string) error]
	skew  atomic.Int64 // of the clock, a time.Duration
	drawn atomic.Int64 // tells the bytes of one answer from those of the next
}

// start makes a fresh sandbox network with one server.
func start(t *testing.T, open Open) *server {
	t.Helper()
	return found(t, open, purse.Sandbox).serve(t)
}

// found makes a fresh database; the first server that opens it founds the network.
func found(t *testing.T, open Open, mode purse.Mode) *network {
	t.Helper()
	n := &network{Database: open(t, mode), mode: mode}
	driver, name := "pgx", n.Name
	if !n.postgres() {
		driver, name = "sqlite", "file:"+n.Name+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	n.db = db
	return n
}

func (n *network) postgres() bool { return store.IsPostgres(n.Name) }

func (n *network) options() store.Options {
	o := n.Options
	o.Mode, o.Currency, o.Migrate = n.mode, "USD", true
	return o
}

// serve opens a server, which is closed when the test ends.
func (n *network) serve(t *testing.T) *server {
	t.Helper()
	s := &server{network: n}
	o := n.options()
	o.Fault = func(book purse.BookID, point string) error {
		if hook := s.fault.Load(); hook != nil && book == purse.MainBook {
			return (*hook)(point)
		}
		return nil
	}
	o.Skew = func() time.Duration { return time.Duration(s.skew.Load()) }
	opened, err := store.Open(t.Context(), n.Name, o)
	if err != nil {
		t.Fatalf("open %s: %v", n.Name, err)
	}
	t.Cleanup(opened.Close)
	s.Store = opened
	s.wallet, s.people = &wallet.Service{Store: opened}, &identity.Service{Store: opened}
	return s
}

// crowd makes n people with minor units of money and a token each.
func (s *server) crowd(t testing.TB, n int, minor int64) []purse.Actor {
	t.Helper()
	actors := make([]purse.Actor, n)
	s.do(t, purse.Needs{Accounts: []ledger.AccountID{purse.TreasuryAccount}}, func(f *purse.Facts) error {
		for i := range actors {
			actors[i] = purse.Actor{Book: purse.MainBook, User: purse.UserID(f.NextID()), Scopes: "make_payments access_balance access_profile"}
			if err := s.settle(f, actors[i].User, minor); err != nil {
				return err
			}
		}
		return nil
	})
	err := s.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
		for i := range actors {
			actors[i].Token = purse.TokenHash("hash of " + actors[i].User.String())
			f.Put(purse.Token{
				Hash: actors[i].Token, ID: purse.TokenID(f.NextID()), User: actors[i].User,
				Book: purse.MainBook, Scopes: actors[i].Scopes,
			})
		}
		return nil
	}})
	if err != nil {
		t.Fatalf("make tokens: %v", err)
	}
	return actors
}

// settle makes a person whose wallet has minor units in it.
func (s *server) settle(f *purse.Facts, id purse.UserID, minor int64) error {
	f.Put(purse.User{ID: id, Book: purse.MainBook, Username: fmt.Sprintf("p%04d", s.names.Add(1)), FirstName: "P", Joined: f.Now})
	f.Put(purse.Account{Account: ledger.Account{ID: purse.WalletOf(id), Currency: f.Book.Currency}, Kind: purse.Wallet})
	if minor == 0 {
		return nil
	}
	e := purse.Entry{ID: purse.EntryID(f.NextID()), Kind: purse.Issue, Wallet: id, Minor: minor, Operator: "test", Reason: "a start"}
	var err error
	if e.Transfer, err = f.Move(purse.TreasuryAccount, purse.WalletOf(id), minor, e.Cause()); err != nil {
		return err
	}
	f.Put(e)
	f.Emit(purse.TreasuryIssued, e)
	return nil
}

// do runs a command of the system on the main book, which must succeed.
func (s *server) do(t testing.TB, needs purse.Needs, decide func(*purse.Facts) error) {
	t.Helper()
	if err := s.Execute(t.Context(), purse.Command{Book: purse.MainBook, Needs: needs, Decide: decide}); err != nil {
		t.Fatalf("a command that should succeed: %v", err)
	}
}

// pay makes one payment, with an idempotency key if key is not empty.
func (s *server) pay(ctx context.Context, from, to purse.Actor, minor int64, key string) (purse.Answer, error) {
	once := purse.Once{Principal: from.Principal(), Key: key, Fingerprint: fmt.Sprintf("pay %d to %d", minor, to.User)}
	return s.wallet.Pay(ctx, from, wallet.PayRequest{
		To: wallet.Target{User: to.User}, Minor: minor, Note: "for " + key, Audience: purse.Private, Medium: purse.MediumAPI,
		Once: once, Encode: s.encode,
	})
}

// encode is a door's encoder that never gives the same answer twice, so that a
// replayed answer can be told from a second one.
func (s *server) encode(r wallet.Receipt) purse.Answer {
	return purse.Answer{
		Status: 200, Header: "X-Payment: " + r.Payment.ID.String(),
		Body: fmt.Sprintf("{\"id\":%q,\"drawn\":%d,\"note\":\"ünï→\\n\"}\n", r.Payment.ID, s.drawn.Add(1)),
	}
}

func (s *server) mustPay(t testing.TB, from, to purse.Actor, minor int64, key string) purse.Answer {
	t.Helper()
	a, err := s.pay(t.Context(), from, to, minor, key)
	if err != nil {
		t.Fatalf("pay %d: %v", minor, err)
	}
	return a
}

// account reads an account from its table.
func (s *server) account(t testing.TB, id ledger.AccountID) purse.Account {
	t.Helper()
	a, err := s.Account(t.Context(), purse.MainBook, id)
	if err != nil {
		t.Fatalf("account %d: %v", id, err)
	}
	return a
}

// has checks what a person may spend.
func (s *server) has(t testing.TB, who purse.Actor, minor int64) {
	t.Helper()
	if got := s.account(t, purse.WalletOf(who.User)).Spendable(); got != minor {
		t.Errorf("somebody may spend %d and should %d", got, minor)
	}
}

// number reads one number from the tables.
func (n *network) number(t testing.TB, query string) int64 {
	t.Helper()
	var v int64
	if err := n.db.QueryRowContext(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// count counts the rows of "table where …".
func (n *network) count(t testing.TB, of string) int64 {
	t.Helper()
	return n.number(t, "select count(*) from "+of)
}

// digest is a fingerprint of every row of every table.
func (n *network) digest(t testing.TB) map[string]string {
	t.Helper()
	list := "select tablename from pg_tables where schemaname = 'public'"
	if !n.postgres() {
		list = "select name from sqlite_master where type = 'table'"
	}
	sums := map[string]string{}
	for _, table := range n.texts(t, list) {
		rows := n.texts(t, "select * from "+table)
		slices.Sort(rows)
		sums[table] = fmt.Sprintf("%d rows, %x", len(rows), sha256.Sum256([]byte(strings.Join(rows, "\x00"))))
	}
	if len(sums) < 10 {
		t.Fatalf("the digest covers only %d tables", len(sums))
	}
	return sums
}

// texts reads rows, each made one text.
func (n *network) texts(t testing.TB, query string) []string {
	t.Helper()
	rows, err := n.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	vals, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range vals {
		dest[i] = &vals[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		fields := make([]string, len(vals))
		for i, v := range vals {
			fields[i] = v.String
		}
		texts = append(texts, strings.Join(fields, "\x01"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}

// unchanged checks that the tables are as they were, but for those named.
func (n *network) unchanged(t testing.TB, before map[string]string, but ...string) {
	t.Helper()
	after := n.digest(t)
	for _, table := range slices.Sorted(maps.Keys(after)) {
		if before[table] != after[table] && !slices.Contains(but, table) {
			t.Errorf("table %s has changed: before %s, after %s", table, before[table], after[table])
		}
	}
}

// refused checks the code of an error.
func refused(t testing.TB, err error, code purse.Code) {
	t.Helper()
	if err == nil {
		t.Errorf("it was not refused; want %s", code)
	} else if got := purse.CodeOf(err); got != code {
		t.Errorf("refused with %s, want %s: %v", got, code, err)
	}
}
