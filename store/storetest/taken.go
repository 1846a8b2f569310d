package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"purse"
)

// testTakenAtTwoServers: of two batches at two servers that both want a unique key,
// the second sees that it is taken.
func testTakenAtTwoServers(t *testing.T, a, b *server) {
	taken := purse.Refuse(purse.CodeTaken, "It is taken.")
	unless := func(err error) error {
		switch {
		case err == nil:
			return taken
		case purse.CodeOf(err) == purse.CodeNotFound:
			return nil
		}
		return err
	}
	for i := range 8 {
		m := purse.MerchantID(7000 + i)
		number, ref := purse.ConsumerNumber{Merchant: m, Number: 123_456_789}, purse.CustomerReference{Merchant: m, Ref: "one"}
		username, token := fmt.Sprint("taken ", i), fmt.Sprint("taken ", i)
		for name, c := range map[string]struct {
			books [2]purse.BookID
			needs purse.Needs
			take  func(f *purse.Facts, n int) error
		}{
			"a consumer's number": {[2]purse.BookID{1, 1}, purse.Needs{ConsumerNumbers: []purse.ConsumerNumber{number}}, func(f *purse.Facts, n int) error {
				_, err := f.ConsumerNumbered(number)
				f.Put(purse.Consumer{ConsumerKey: purse.ConsumerKey{Merchant: m, Person: purse.UserID(n)}, Number: number.Number})
				return unless(err)
			}},
			"a customer's reference": {[2]purse.BookID{1, 1}, purse.Needs{CustomerRefs: []purse.CustomerReference{ref}}, func(f *purse.Facts, n int) error {
				_, err := f.CustomerReferenced(ref)
				f.Put(purse.Customer{CustomerKey: purse.CustomerKey{Merchant: m, ID: purse.CustomerID(n)}, Ref: ref.Ref})
				return unless(err)
			}},
			"a token": {[2]purse.BookID{1, 1}, purse.Needs{HandleTokens: []string{token}}, func(f *purse.Facts, n int) error {
				_, err := f.HandleNamed(token)
				h := handleOf(m, purse.HandleID(n))
				h.Token = token
				f.Put(h)
				return unless(err)
			}},
			"a key's username": {[2]purse.BookID{1, 0}, purse.Needs{APIKeys: []string{username}}, func(f *purse.Facts, n int) error {
				_, err := f.APIKey(username)
				f.Put(purse.APIKey{Username: username, Merchant: m, Book: 1, Kind: purse.PrivateKey})
				return unless(err)
			}},
			"a merchant": {[2]purse.BookID{0, 1}, purse.Needs{Merchants: []purse.MerchantID{m}}, func(f *purse.Facts, n int) error {
				_, err := f.Merchant(m)
				f.Put(purse.Merchant{ID: m, Book: 1, Name: "M"})
				return unless(err)
			}},
		} {
			var group sync.WaitGroup
			var had atomic.Int64
			for n, s := range []*server{a, b} {
				group.Go(func() {
					err := s.Execute(context.Background(), purse.Command{Book: c.books[n], Needs: c.needs, Decide: func(f *purse.Facts) error { return c.take(f, n) }})
					if err == nil {
						had.Add(1)
					} else if !errors.Is(err, taken) {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			group.Wait()
			if had.Load() != 1 {
				t.Errorf("%s was taken by %d", name, had.Load())
			}
		}
	}
}
