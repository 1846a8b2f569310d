package policy

import (
	"errors"
	"slices"
	"testing"
	"time"

	"purse"
)

func TestSells(t *testing.T) {
	shop := purse.Merchant{ID: 50, Book: purse.MainBook, Name: "A shop", Accepts: true, Life: purse.AuthorizationLife}
	private := purse.APIKey{Username: "key", Merchant: 50, Book: purse.MainBook, Kind: purse.PrivateKey, Hash: "h", Created: now - 9}
	asks := purse.Seller{Book: purse.MainBook, Merchant: 50, Key: "key", Hash: "h", Kind: purse.PrivateKey}
	orders := func(k *purse.APIKey) { k.Kind = purse.OrderKind }
	for _, tc := range []struct {
		name    string
		key     func(*purse.APIKey)
		shop    func(*purse.Merchant)
		asks    func(*purse.Seller)
		kind    purse.KeyKind
		refused purse.Code
	}{
		{name: "a private key", kind: purse.PrivateKey, refused: "ok"},
		{name: "a private key for what a public one may do", kind: purse.PublicKey, refused: "ok"},
		{name: "a public key", key: func(k *purse.APIKey) { k.Kind = purse.PublicKey }, kind: purse.PublicKey, refused: "ok"},
		{name: "a public key that says it is private", key: func(k *purse.APIKey) { k.Kind = purse.PublicKey }, kind: purse.PrivateKey, refused: purse.CodeKeyKind},
		{name: "the last moment", key: func(k *purse.APIKey) { k.Expires = now + 1 }, kind: purse.PrivateKey, refused: "ok"},
		{name: "expired now", key: func(k *purse.APIKey) { k.Expires = now }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "revoked", key: func(k *purse.APIKey) { k.Revoked = now.Add(time.Hour) }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "another password", asks: func(s *purse.Seller) { s.Hash = "i" }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "no password", asks: func(s *purse.Seller) { s.Hash = "" }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "no such key", asks: func(s *purse.Seller) { s.Key = "kex" }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "another merchant's", key: func(k *purse.APIKey) { k.Merchant = 51 }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "no such merchant", key: func(k *purse.APIKey) { k.Merchant = 51 }, asks: func(s *purse.Seller) { s.Merchant = 51 }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "another book's key", key: func(k *purse.APIKey) { k.Book = 7 }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "another book's merchant", shop: func(m *purse.Merchant) { m.Book = 7 }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "closed", shop: func(m *purse.Merchant) { m.Closed = now }, kind: purse.PrivateKey, refused: purse.CodeMerchant},
		{name: "closed, with a bad key", key: func(k *purse.APIKey) { k.Revoked = now }, shop: func(m *purse.Merchant) { m.Closed = now }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "a key for orders", key: orders, kind: purse.OrderKind, refused: "ok"},
		{name: "a key for orders at the hub", key: orders, kind: purse.PrivateKey, refused: purse.CodeKeyKind},
		{name: "a key for orders for what a public one may do", key: orders, kind: purse.PublicKey, refused: purse.CodeKeyKind},
		{name: "a key for orders that says it is private", key: orders, asks: func(s *purse.Seller) { s.Kind = purse.PrivateKey }, kind: purse.PrivateKey, refused: purse.CodeKeyKind},
		{name: "a private key for orders", kind: purse.OrderKind, refused: purse.CodeKeyKind},
		{name: "a private key that says it is for orders", asks: func(s *purse.Seller) { s.Kind = purse.OrderKind }, kind: purse.OrderKind, refused: purse.CodeKeyKind},
		{name: "a public key for orders", key: func(k *purse.APIKey) { k.Kind = purse.PublicKey }, kind: purse.OrderKind, refused: purse.CodeKeyKind},
		{name: "an expired key for orders", key: func(k *purse.APIKey) { orders(k); k.Expires = now }, kind: purse.OrderKind, refused: purse.CodeBadKey},
		{name: "a key for orders in its last moment", key: func(k *purse.APIKey) { orders(k); k.Expires = now + 1 }, kind: purse.OrderKind, refused: "ok"},
		{name: "a revoked key for orders", key: func(k *purse.APIKey) { orders(k); k.Revoked = now }, kind: purse.OrderKind, refused: purse.CodeBadKey},
		{name: "another merchant's key for orders", key: func(k *purse.APIKey) { orders(k); k.Merchant = 51 }, kind: purse.OrderKind, refused: purse.CodeBadKey},
		{name: "an expired key for orders at the hub", key: func(k *purse.APIKey) { orders(k); k.Expires = now }, kind: purse.PrivateKey, refused: purse.CodeBadKey},
		{name: "orders of a closed merchant", key: orders, shop: func(m *purse.Merchant) { m.Closed = now }, kind: purse.OrderKind, refused: purse.CodeMerchant},
		{name: "takes nothing from wallets", shop: func(m *purse.Merchant) { m.Accepts = false }, kind: purse.PrivateKey, refused: "ok"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k, m, s := private, shop, asks
			if tc.key != nil {
				tc.key(&k)
			}
			if tc.shop != nil {
				tc.shop(&m)
			}
			if tc.asks != nil {
				tc.asks(&s)
			}
			got, err := Sells(purse.NewFacts(book, now, k, m), s, tc.kind)
			if code(err) != tc.refused {
				t.Errorf("%v, want %s", err, tc.refused)
			}
			if tc.refused == "ok" && got != m || tc.refused != "ok" && got != (purse.Merchant{}) {
				t.Errorf("%+v", got)
			}
			if tc.refused == purse.CodeBadKey && err.Error() != BadKey().Error() {
				t.Errorf("other words: %v", err)
			}
		})
	}
}

// A command that was not loaded what it needs waits for one more batch and not for two.
func TestSellsMissesAllAtOnce(t *testing.T) {
	s := purse.Seller{Book: purse.MainBook, Merchant: 50, Key: "key"}
	w := &purse.WorkingSet{}
	w.Start(book, now, 0)
	f := w.Begin()
	_, err := Sells(f, s, purse.PrivateKey)
	if _, ok := errors.AsType[*purse.Missing](err); !ok {
		t.Fatal(err)
	}
	missing, want := f.Missing().Needs, s.Credential()
	if !slices.Equal(missing.APIKeys, want.APIKeys) || !slices.Equal(missing.Merchants, want.Merchants) {
		t.Errorf("missing %+v", missing)
	}
}

func TestAccepts(t *testing.T) {
	if err := Accepts(purse.Merchant{Accepts: true}); err != nil {
		t.Error(err)
	}
	if err := Accepts(purse.Merchant{}); code(err) != purse.CodeNotAccepted {
		t.Error(err)
	}
}
