package store

import (
	"path/filepath"
	"testing"
	"time"

	"purse"
	"purse/internal/pgtest"

	"github.com/pressly/goose/v3"
)

// shopRows are a merchant and its keys as the fourth schema kept them, on top of the
// first network.
const shopRows = `
insert into accounts (book, id, kind, currency, may_overdraw, frozen, debits_posted, debits_held, credits_posted, credits_held, number) values (1, 549332582400006145, 'merchant', 'USD', 0, 0, 0, 0, 0, 0, 0);
insert into merchants (id, book, name, fee_fixed, fee_basis, accepts, life, created, closed) values (549332582400006145, 1, 'Old shop', 30, 290, 1, 604800000000, 1767225600000003, 0);
insert into api_keys (username, merchant, book, kind, hash, created, expires, revoked) values ('old-private', 549332582400006145, 1, 'private', 'YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE', 1767225600000004, 0, 0);
insert into api_keys (username, merchant, book, kind, hash, created, expires, revoked) values ('old-public', 549332582400006145, 1, 'public', 'YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE', 1767225600000004, 0, 1767225600000005);
`

// TestMerchantsAreBroughtUpToDate: a merchant that was there before there were orders
// has the usual terms for them, its keys no secret, and the first order is number 1.
func TestMerchantsAreBroughtUpToDate(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "purse.db")
		merchantsBroughtUpToDate(t, path, "sqlite", sqliteDSN(path), goose.DialectSQLite3)
	})
	t.Run("postgres", func(t *testing.T) {
		url := pgtest.Database(t)
		merchantsBroughtUpToDate(t, url, "pgx", url, goose.DialectPostgres)
	})
}

func merchantsBroughtUpToDate(t *testing.T, database, driver, dsn string, d goose.Dialect) {
	const shop, ann = 549332582400006145, 549332582400001025
	atFirst(t, driver, dsn, d)
	upTo(t, driver, dsn, d, 4, shopRows)
	ctx := t.Context()
	want := purse.Merchant{
		ID: shop, Book: 1, Name: "Old shop", Plan: purse.Fee{Fixed: 30, Basis: 290}, Accepts: true, Life: 7 * 24 * time.Hour,
		Orders: purse.OrderTerms{Life: purse.OrderLife}, Created: 1767225600000003,
	}
	for round := range 2 { // the second time there is nothing to do
		s, err := Open(ctx, database, Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
		if err != nil {
			t.Fatal(err)
		}
		if all, err := s.Merchants(ctx, shop); err != nil || all[shop] != want {
			t.Errorf("%+v, %v, want %+v", all[shop], err, want)
		}
		for name, revoked := range map[string]purse.Time{"old-private": 0, "old-public": 1767225600000005} {
			if k, _, err := s.APIKey(ctx, name); err != nil || k.Merchant != shop || k.Secret != "" || k.Revoked != revoked {
				t.Errorf("%+v, %v", k, err)
			}
		}
		for book := range purse.BookID(2) {
			counted := int64(round) * int64(book)
			if b, err := s.Book(ctx, book); err != nil || b.Orders != counted {
				t.Errorf("book %d has counted %d orders, %v, want %d", book, b.Orders, err, counted)
			}
		}
		audited(t, database)
		if round == 0 {
			firstOrder(t, s, shop, ann)
		}
		s.Close()
	}
	audited(t, database)
}

// firstOrder makes an order, and lets somebody work for the merchant.
func firstOrder(t *testing.T, s *Store, shop purse.MerchantID, staff purse.UserID) {
	t.Helper()
	err := s.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error {
		o := purse.Order{
			OrderKey: purse.OrderKey{Merchant: shop, Number: f.NextOrder()}, Source: purse.OrderFromTill, Minor: 5, Product: "Tea",
			Link: "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE", Made: f.Now, Deadline: f.Now.Add(time.Hour), Status: purse.OrderPending, Changed: f.Now, Version: 1,
		}
		if o.Number != 1 {
			t.Errorf("the first order has number %d", o.Number)
		}
		f.Put(o)
		f.Emit(purse.OrderWasCreated, o)
		f.Put(purse.Member{MemberKey: purse.MemberKey{Merchant: shop, Person: staff}, Since: f.Now})
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}
