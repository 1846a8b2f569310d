package store

import (
	"context"
	"database/sql"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"purse"
	"purse/audit"
	"purse/internal/pgtest"
	"purse/ledger"
	"purse/wallet"

	"github.com/pressly/goose/v3"
)

// firstNetwork is a network as the first schema kept it: Ann has got 10.00 and
// paid Ben 1.20 of it. Identifiers are microseconds since 2009, shifted by ten
// bits, and the number of the book.
const firstNetwork = `
insert into heads (book, mode, currency, last, clock_offset, limit_payment, limit_week) values (0, 'sandbox', 'USD', 1767225600000000, 0, 500000, 2000000);
insert into heads (book, mode, currency, last, clock_offset, limit_payment, limit_week) values (1, 'sandbox', 'USD', 1767234600000012, 0, 400000, 1000000);
insert into accounts values (1, 1, 'treasury', 'USD', 1, 0, 1000, 0, 0, 0, 1);
insert into accounts values (1, 549332582400001025, 'wallet', 'USD', 0, 0, 120, 0, 1000, 0, 2);
insert into accounts values (1, 549332582400002049, 'wallet', 'USD', 0, 0, 0, 0, 120, 0, 1);
insert into users values (549332582400001025, 1, 'ann', 'ann', 'Ann', '', '', 1767225600000001);
insert into users values (549332582400002049, 1, 'ben', 'ben', 'Ben', 'Okri', '', 1767225600000002);
insert into entries values (1, 549332582400003073, 'issue', 549332582400001025, 1000, 'op', 'a start', 549332582400004097);
insert into postings values (1, 1, 1, 549332582400004097, 'move', 1, 549332582400001025, 1, 1000, 0, 'treasury', 549332582400003073, 1000, 0, 0, 0);
insert into postings values (1, 549332582400001025, 1, 549332582400004097, 'move', 0, 1, 1, 1000, 0, 'treasury', 549332582400003073, 0, 0, 1000, 0);
insert into events values (1, 549332582400005121, 'treasury.issued', 549332582400003073, 1, '{"id":"549332582400003073","kind":"issue","wallet":"549332582400001025","minor":1000,"reason":"a start"}');
insert into payments values (1, 549341798400000001, 549332582400001025, 549332582400002049, 120, 'tea', 'private', 'api', 0, 'settled', 1767234600000000, 549341798400001025, 1);
insert into postings values (1, 549332582400001025, 2, 549341798400001025, 'move', 1, 549332582400002049, 1, 120, 0, 'payment', 549341798400000001, 120, 0, 1000, 0);
insert into postings values (1, 549332582400002049, 1, 549341798400001025, 'move', 0, 549332582400001025, 2, 120, 0, 'payment', 549341798400000001, 0, 0, 120, 0);
insert into events values (1, 549341798400002049, 'payment.created', 549341798400000001, 1, '{"id":"549341798400000001","actor":"549332582400001025","target":"549332582400002049","minor":120,"note":"tea","audience":"private","medium":"api","app":0,"status":"settled","completed":1767234600000000}');
insert into spent values (1, 549332582400001025, 490898, 120);
`

// TestFirstSchemaIsBroughtUpToDate: a network that was made before there were
// charges goes on with all that it has.
func TestFirstSchemaIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "purse.db")
		broughtUpToDate(t, path, "sqlite", sqliteDSN(path), goose.DialectSQLite3)
	})
	t.Run("postgres", func(t *testing.T) {
		url := pgtest.Database(t)
		broughtUpToDate(t, url, "pgx", url, goose.DialectPostgres)
	})
}

func broughtUpToDate(t *testing.T, database, driver, dsn string, d goose.Dialect) {
	const ann, ben, id = 549332582400001025, 549332582400002049, 549341798400000001
	atFirst(t, driver, dsn, d)
	ctx := t.Context()
	for round := range 2 { // the second time there is nothing to do
		s, err := Open(ctx, database, Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
		if err != nil {
			t.Fatal(err)
		}
		want := purse.Payment{
			ID: id, Action: purse.Pay, Actor: ann, Target: ben, Minor: 120, Note: "tea", Audience: purse.Private, Medium: purse.MediumAPI,
			Status: purse.PaymentSettled, Completed: 1767234600000000, Transfer: 549341798400001025, Counted: 490898, Version: 1,
		}
		for _, person := range []purse.UserID{ann, ben} {
			q := purse.PaymentQuery{Person: person, Statuses: []purse.PaymentStatus{purse.PaymentSettled}, Limit: 5}
			if got, err := s.Payments(ctx, purse.MainBook, q); err != nil || len(got) != 1+round || got[round] != want {
				t.Errorf("%d lists %+v, %v, want %+v", person, got, err, want)
			}
		}
		toBen := purse.PaymentQuery{Person: ben, Actors: []purse.UserID{ann}, Limit: 5}
		if got, err := s.Payments(ctx, purse.MainBook, toBen); err != nil || len(got) != 1+round || got[round] != want {
			t.Errorf("from Ann: %+v, %v", got, err)
		}
		for account, kind := range purse.OwnAccounts {
			if a, err := s.Account(ctx, purse.MainBook, account); err != nil || a.Kind != kind || a.MayOverdraw != (kind == purse.Treasury) || a.Currency != "USD" {
				t.Errorf("account %d: %+v, %v", account, a, err)
			}
		}
		if _, err := s.Account(ctx, purse.Directory, purse.FeesAccount); purse.CodeOf(err) != purse.CodeNotFound {
			t.Errorf("the directory has accounts: %v", err)
		}
		terms := purse.DefaultTerms
		terms.Fee.Fixed = int64(round) * newFee
		b, err := s.Book(ctx, purse.MainBook)
		if want := (purse.Book{
			ID: purse.MainBook, Mode: purse.Sandbox, Currency: "USD", Terms: terms,
			Limits: purse.Limits{PaymentMinor: 400_000, WeekMinor: 1_000_000},
		}); err != nil || b != want {
			t.Errorf("book %+v, %v, want %+v", b, err, want)
		}
		now, err := s.Now(ctx, purse.MainBook)
		if err != nil {
			t.Fatal(err)
		}
		if overdue, err := s.Overdue(ctx, purse.MainBook, now, 5); err != nil || len(overdue) != 0 {
			t.Errorf("overdue: %v, %v", overdue, err)
		}
		if round == 0 {
			payer, err := s.Account(ctx, purse.MainBook, purse.WalletOf(ann))
			if want := (purse.SpentNow{Hour: 490898, Minor: 120}); err != nil || payer.Spent != want {
				t.Errorf("the payer's counter is %+v, %v, want %+v", payer.Spent, err, want)
			}
			audited(t, database)
			goesOn(t, s, ann, ben)
		}
		s.Close()
	}
	audited(t, database)
}

// audited wants the book to be in order.
func audited(t *testing.T, database string) {
	t.Helper()
	report, err := audit.Run(t.Context(), audit.Options{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		var b strings.Builder
		_, _ = report.WriteTo(&b)
		t.Error(b.String())
	}
}

// newFee is what the network takes once it is up to date.
const newFee = 7

// goesOn pays with a fee, and into escrow.
func goesOn(t *testing.T, s *Store, ann, ben purse.UserID) {
	t.Helper()
	w := &wallet.Service{Store: s}
	_, err := w.SetTerms(t.Context(), purse.MainBook, "op", func(to *purse.Terms) { to.Fee.Fixed = newFee })
	if err != nil {
		t.Fatal(err)
	}
	actor := purse.Actor{Book: purse.MainBook, User: ann, Token: "hash"}
	err = s.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error {
		f.Put(purse.Token{Hash: actor.Token, ID: purse.TokenID(f.NextID()), User: ann, Book: purse.MainBook, Scopes: "make_payments"})
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Execute(t.Context(), purse.Command{Book: purse.Directory, Needs: purse.Needs{Users: []purse.UserID{ben}}, Decide: func(f *purse.Facts) error {
		u, err := f.User(ben)
		u.Username, u.LastName = "bernd", "Brown"
		if err == nil {
			f.Put(u)
		}
		return err
	}})
	if err != nil {
		t.Fatalf("who was here before cannot change their names: %v", err)
	}
	for _, to := range []wallet.Target{{User: ben}, {Address: purse.Address{Kind: purse.Email, Text: "cy@example.org"}}} {
		_, err := w.Pay(t.Context(), actor, wallet.PayRequest{
			To: to, Minor: 100, Note: "n", Audience: purse.Private, Encode: func(wallet.Receipt) purse.Answer { return purse.Answer{} },
		})
		if err != nil {
			t.Error(err)
		}
	}
	for account, want := range map[ledger.AccountID]int64{purse.FeesAccount: newFee, purse.EscrowAccount: 100 + newFee, purse.WalletOf(ann): 880 - 200 - 2*newFee} {
		if a, err := s.Account(t.Context(), purse.MainBook, account); err != nil || a.Spendable() != want {
			t.Errorf("account %d has %d, want %d (%v)", account, a.Spendable(), want, err)
		}
	}
}

// atFirst makes the first network.
func atFirst(t *testing.T, driver, dsn string, d goose.Dialect) {
	t.Helper()
	upTo(t, driver, dsn, d, 1, firstNetwork)
}

// upTo brings a database to a version, and adds rows as they were kept then.
func upTo(t *testing.T, driver, dsn string, d goose.Dialect, version int64, rows string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(d, db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(context.Background(), version); err != nil {
		t.Fatal(err)
	}
	for text := range strings.SplitSeq(strings.TrimSpace(rows), "\n") {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}
