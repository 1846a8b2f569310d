package storetest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"purse"
	"purse/store"
)

func testDurable(t *testing.T, open Open) {
	t.Run("WhatWasAcknowledgedIsThereAfterARestart", func(t *testing.T) { testReopened(t, open) })
	t.Run("WhatWasAcknowledgedIsInTheFiles", func(t *testing.T) { testCopied(t, open) })
}

func testReopened(t *testing.T, open Open) {
	n := found(t, open, purse.Sandbox)
	s := n.serve(t)
	p := s.crowd(t, 4, 1000)
	for i := range 20 {
		s.mustPay(t, p[i%4], p[(i+1)%4], 7, decimal(i))
	}
	before := n.digest(t)
	s.Close()
	n.unchanged(t, before)
	s = n.serve(t)
	n.unchanged(t, before)
	s.mustPay(t, p[0], p[1], 7, "more")
	n.balanced(t)
}

// testCopied takes a copy of a SQLite file and its log while the server runs:
// that is what a crash would leave.
func testCopied(t *testing.T, open Open) {
	n := found(t, open, purse.Sandbox)
	if n.postgres() {
		t.Skip("the files are PostgreSQL's own affair")
	}
	s := n.serve(t)
	p := s.crowd(t, 2, 1000)
	for i := range 30 {
		s.mustPay(t, p[0], p[1], 3, decimal(i))
		if i%10 != 9 {
			continue
		}
		before := n.digest(t)
		crashed := &network{Database: Database{Name: filepath.Join(t.TempDir(), "copy.db"), Options: n.Options}, mode: n.mode}
		copyFile(t, n.Name, crashed.Name)
		copyFile(t, n.Name+"-wal", crashed.Name+"-wal")
		after := found(t, func(testing.TB, purse.Mode) Database { return crashed.Database }, n.mode)
		recovered := after.serve(t)
		after.unchanged(t, before)
		if a := recovered.mustPay(t, p[0], p[1], 3, decimal(i)); !a.Replayed {
			t.Errorf("an acknowledged payment is gone: %+v", a)
		}
		after.balanced(t)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func testStart(t *testing.T, open Open) {
	n := found(t, open, purse.Sandbox)
	t.Run("NothingIsThereBeforeItIsFounded", func(t *testing.T) {
		o := n.options()
		o.Mode = ""
		o.Migrate = !n.postgres() // nor is a file made
		refuses(t, n.Name, o, "network", "heads")
	})
	s := n.serve(t)
	if !n.postgres() {
		t.Run("ASecondServerIsRefused", func(t *testing.T) { refuses(t, n.Name, n.options(), "already open") })
	}
	p := s.crowd(t, 2, 100)
	before := n.digest(t)
	s.Close()
	t.Run("OtherModeOrCurrencyIsRefused", func(t *testing.T) {
		o := n.options()
		o.Mode = purse.Live
		refuses(t, n.Name, o, "sandbox")
		o = n.options()
		o.Currency = "EUR"
		refuses(t, n.Name, o, "USD")
		o.Currency = "XYZ"
		refuses(t, n.Name, o, "XYZ")
		n.unchanged(t, before)
	})
	t.Run("AnExistingNetworkIsTakenAsItIs", func(t *testing.T) {
		o := n.options()
		o.Mode, o.Currency, o.Migrate = "", "", false
		s, err := store.Open(t.Context(), n.Name, o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		b, err := s.Book(t.Context(), purse.MainBook)
		if err != nil || b.Mode != purse.Sandbox || b.Currency != "USD" || b.Limits != purse.DefaultLimits {
			t.Errorf("%+v, %v", b, err)
		}
	})
	t.Run("MigrationsRunTwice", func(t *testing.T) {
		for range 2 {
			n.serve(t).Close()
			n.unchanged(t, before)
		}
		s := n.serve(t)
		defer s.Close()
		s.mustPay(t, p[0], p[1], 1, "")
	})
	t.Run("ServersThatStartTogetherFoundOneNetwork", func(t *testing.T) { testFoundedTogether(t, open) })
}

// refuses checks that a store does not open, and that the message has one of words.
func refuses(t *testing.T, name string, o store.Options, words ...string) {
	t.Helper()
	s, err := store.Open(t.Context(), name, o)
	if err == nil {
		s.Close()
		t.Error("it was opened")
		return
	}
	for _, word := range words {
		if strings.Contains(err.Error(), word) {
			return
		}
	}
	t.Errorf("the message does not say %v: %v", words, err)
}

func testFoundedTogether(t *testing.T, open Open) {
	n := found(t, open, purse.Sandbox)
	if !n.postgres() {
		t.Skip("one process has a file open")
	}
	const servers = 4
	stores := make([]*store.Store, servers)
	var group sync.WaitGroup
	for i := range servers {
		group.Go(func() {
			var err error
			if stores[i], err = store.Open(context.Background(), n.Name, n.options()); err != nil {
				t.Errorf("server %d: %v", i, err)
			}
		})
	}
	group.Wait()
	for _, s := range stores {
		if s == nil {
			continue
		}
		if err := s.Execute(t.Context(), on(purse.Needs{}, func(f *purse.Facts) error {
			f.Put(purse.NewAction(f, "test", "together", "", ""))
			return nil
		})); err != nil {
			t.Error(err)
		}
		s.Close()
	}
	if h, a := n.count(t, "heads"), n.count(t, "accounts"); h != 2 || a != int64(len(purse.OwnAccounts)) {
		t.Errorf("%d heads and %d accounts, want the two books and the book's own accounts", h, a)
	}
}
