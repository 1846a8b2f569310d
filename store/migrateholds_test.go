package store

import (
	"database/sql"
	"path/filepath"
	"testing"

	"purse"
	"purse/internal/pgtest"
	"purse/ledger"
	"purse/money"

	"github.com/pressly/goose/v3"
)

// heldRows are holds as the third schema kept them, on top of the first network: of
// Ann's money 0.50 is held for Ben, 0.20 of 0.30 were captured, and 0.10 released. No
// use case held money then, so an audit would ask what for.
const heldRows = `
insert into holds values (1, 549341798400003073, 549332582400001025, 549332582400002049, 'USD', 50, 4000000000000000, 'payment', 549341798400000001, 'open', 0, 0);
insert into holds values (1, 549341798400004097, 549332582400001025, 549332582400002049, 'USD', 30, 4000000000000001, 'payment', 549341798400000001, 'captured', 20, 549341798400005121);
insert into holds values (1, 549341798400006145, 549332582400001025, 549332582400002049, 'USD', 10, 4000000000000002, 'treasury', 549332582400003073, 'released', 0, 549341798400007169);
insert into postings values (1, 549332582400001025, 3, 549341798400003073, 'hold', 1, 549332582400002049, 2, 50, 0, 'payment', 549341798400000001, 120, 50, 1000, 0);
insert into postings values (1, 549332582400002049, 2, 549341798400003073, 'hold', 0, 549332582400001025, 3, 50, 0, 'payment', 549341798400000001, 0, 0, 120, 50);
insert into postings values (1, 549332582400001025, 4, 549341798400004097, 'hold', 1, 549332582400002049, 3, 30, 0, 'payment', 549341798400000001, 120, 80, 1000, 0);
insert into postings values (1, 549332582400002049, 3, 549341798400004097, 'hold', 0, 549332582400001025, 4, 30, 0, 'payment', 549341798400000001, 0, 0, 120, 80);
insert into postings values (1, 549332582400001025, 5, 549341798400005121, 'capture', 1, 549332582400002049, 4, 20, 549341798400004097, 'payment', 549341798400000001, 140, 50, 1000, 0);
insert into postings values (1, 549332582400002049, 4, 549341798400005121, 'capture', 0, 549332582400001025, 5, 20, 549341798400004097, 'payment', 549341798400000001, 0, 0, 140, 50);
insert into postings values (1, 549332582400001025, 6, 549341798400006145, 'hold', 1, 549332582400002049, 5, 10, 0, 'treasury', 549332582400003073, 140, 60, 1000, 0);
insert into postings values (1, 549332582400002049, 5, 549341798400006145, 'hold', 0, 549332582400001025, 6, 10, 0, 'treasury', 549332582400003073, 0, 0, 140, 60);
insert into postings values (1, 549332582400001025, 7, 549341798400007169, 'release', 1, 549332582400002049, 6, 10, 549341798400006145, 'treasury', 549332582400003073, 140, 50, 1000, 0);
insert into postings values (1, 549332582400002049, 6, 549341798400007169, 'release', 0, 549332582400001025, 7, 10, 549341798400006145, 'treasury', 549332582400003073, 0, 0, 140, 50);
update accounts set debits_posted = 140, debits_held = 50, number = 7 where id = 549332582400001025;
update accounts set credits_posted = 140, credits_held = 50, number = 6 where id = 549332582400002049;
`

// TestHoldsAreBroughtUpToDate: the table of what is ring-fenced is made anew when
// merchants come, with all that is in it.
func TestHoldsAreBroughtUpToDate(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "purse.db")
		holdsBroughtUpToDate(t, path, "sqlite", sqliteDSN(path), goose.DialectSQLite3, "select count(*) from sqlite_master where name = 'holds_open'")
	})
	t.Run("postgres", func(t *testing.T) {
		url := pgtest.Database(t)
		holdsBroughtUpToDate(t, url, "pgx", url, goose.DialectPostgres, "select count(*) from pg_indexes where indexname = 'holds_open'")
	})
}

func holdsBroughtUpToDate(t *testing.T, database, driver, dsn string, d goose.Dialect, indexes string) {
	const ann, ben = 549332582400001025, 549332582400002049
	atFirst(t, driver, dsn, d)
	upTo(t, driver, dsn, d, 3, heldRows)
	s, err := Open(t.Context(), database, Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	hasIndex(t, driver, dsn, indexes)
	paid := ledger.Cause{Kind: ledger.CausePayment, ID: 549341798400000001}
	cents := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }
	want := []ledger.HeldMoney{
		{ID: 549341798400003073, Debit: ann, Credit: ben, Amount: cents(50), Deadline: 4e15, Cause: paid, State: ledger.HoldOpen},
		{ID: 549341798400004097, Debit: ann, Credit: ben, Amount: cents(30), Deadline: 4e15 + 1, Cause: paid, State: ledger.Captured, Captured: 20, Resolved: 549341798400005121},
		{ID: 549341798400006145, Debit: ann, Credit: ben, Amount: cents(10), Deadline: 4e15 + 2, State: ledger.Released, Resolved: 549341798400007169,
			Cause: ledger.Cause{Kind: ledger.CauseTreasury, ID: 549332582400003073}},
	}
	needs := purse.Needs{OpenHolds: []ledger.Cause{paid}, Accounts: []ledger.AccountID{ann, ben}}
	for _, h := range want {
		needs.Holds = append(needs.Holds, h.ID)
	}
	do := func(decide func(f *purse.Facts) error) {
		t.Helper()
		if err := s.Execute(t.Context(), purse.Command{Book: purse.MainBook, Needs: needs, Decide: decide}); err != nil {
			t.Fatal(err)
		}
	}
	do(func(f *purse.Facts) error {
		for _, h := range want {
			if got, err := f.HeldMoney(h.ID); err != nil || got != h {
				t.Errorf("%+v, %v, want %+v", got, err, h)
			}
		}
		if open, err := f.OpenHolds(paid); err != nil || len(open) != 1 || open[0] != want[0] {
			t.Errorf("open: %+v, %v", open, err)
		}
		return nil
	})
	// What was held may be captured, and money is held for what there was not before.
	do(func(f *purse.Facts) error {
		_, err := f.Capture(want[0].ID, 45)
		return err
	})
	for _, kind := range []ledger.CauseKind{ledger.CauseHandle, ledger.CauseOperation} {
		do(func(f *purse.Facts) error {
			h, err := f.Hold(ann, ben, 5, ledger.Cause{Kind: kind, ID: 1}, f.Now+1)
			if err == nil {
				_, err = f.Release(h.ID)
			}
			return err
		})
	}
	if a, err := s.Account(t.Context(), purse.MainBook, ann); err != nil || a.Balance() != 1000-140-45 || a.Spendable() != a.Balance() {
		t.Errorf("she has %d and may spend %d, %v", a.Balance(), a.Spendable(), err)
	}
}

// hasIndex wants a count to be one: the index of the old table went with it.
func hasIndex(t *testing.T, driver, dsn, count string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRowContext(t.Context(), count).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d indexes of open holds, %v", n, err)
	}
}
