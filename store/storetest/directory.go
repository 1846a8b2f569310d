package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"purse"
	"purse/identity"
)

func testDirectory(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("ATokenIsMadeUsedAndRevoked", func(t *testing.T) { testTokenLife(t, s) })
	t.Run("ATokenExpiresByBookTime", func(t *testing.T) { testTokenExpires(t, s) })
	t.Run("ARevocationIsSeenByEveryLaterBatch", func(t *testing.T) { testRevocation(t, s) })
	t.Run("ARevocationIsSeenByAPaymentThatWaits", func(t *testing.T) { testRevocationOvertakes(t, s) })
	t.Run("ADirectoryCommandDoesNotWaitForTheBook", func(t *testing.T) { testDirectoryBesideBook(t, s) })
	t.Run("OnlyTheDirectoryChangesTokens", func(t *testing.T) { testTokensOutsideTheDirectory(t, s) })
	t.Run("ARevokedTokenStaysRevoked", func(t *testing.T) { testRevokedTwice(t, s) })
}

// member makes a person the way an operator does.
func (s *server) member(t *testing.T, name string, scopes purse.Scopes, life time.Duration) (purse.Actor, purse.Secret) {
	t.Helper()
	u, err := s.people.CreateUser(t.Context(), purse.MainBook, "test", purse.User{Username: name, FirstName: name})
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.people.CreateToken(t.Context(), purse.MainBook, "test", identity.TokenRequest{User: u.ID, Scopes: scopes, Life: life})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.people.Authenticate(t.Context(), made.Secret)
	if err != nil || a.User != u.ID || a.Book != purse.MainBook {
		t.Fatalf("the new token is %+v, %v", a, err)
	}
	return a, made.Secret
}

// testTokensOutsideTheDirectory: writers of books remember tokens as long as the
// directory's head stands still, so nobody else may change one.
func testTokensOutsideTheDirectory(t *testing.T, s *server) {
	p := s.crowd(t, 2, 100)
	before := s.digest(t)
	err := s.Execute(t.Context(), on(purse.Needs{Tokens: []purse.TokenHash{p[0].Token}}, func(f *purse.Facts) error {
		token, err := f.Token(p[0].Token)
		token.Scopes = "make_payments"
		f.Put(token)
		return err
	}))
	refused(t, err, purse.CodeInternal)
	s.unchanged(t, before)
	s.mustPay(t, p[0], p[1], 1, "")
}

func testTokenLife(t *testing.T, s *server) {
	p := s.crowd(t, 1, 100)
	a, secret := s.member(t, "lena", "make_payments", 0)
	s.mustPay(t, p[0], a, 50, "")
	s.mustPay(t, a, p[0], 10, "")
	if err := s.people.RevokeToken(t.Context(), "test", secret); err != nil {
		t.Fatal(err)
	}
	before := s.digest(t)
	_, err := s.pay(t.Context(), a, p[0], 10, "")
	refused(t, err, purse.CodeTokenRevoked)
	_, err = s.people.Authenticate(t.Context(), secret)
	refused(t, err, purse.CodeTokenRevoked)
	refused(t, s.people.RevokeToken(t.Context(), "test", secret), purse.CodeTokenRevoked)
	_, err = s.people.CreateToken(t.Context(), purse.MainBook, "test", identity.TokenRequest{User: 5, Scopes: "make_payments"})
	refused(t, err, purse.CodeTarget)
	s.unchanged(t, before)
	if names := s.texts(t, "select name from actions where subject = '"+a.User.String()+"' and name like 'token.%' order by id"); fmt.Sprint(names) != "[token.create token.revoke]" {
		t.Errorf("the audit lines are %v", names)
	}
}

func testTokenExpires(t *testing.T, s *server) {
	p := s.crowd(t, 1, 100)
	a, secret := s.member(t, "theo", "make_payments", time.Hour)
	s.mustPay(t, p[0], a, 50, "")
	s.mustPay(t, a, p[0], 10, "")
	s.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(time.Hour) })
	_, err := s.pay(t.Context(), a, p[0], 10, "")
	refused(t, err, purse.CodeTokenExpired)
	_, err = s.people.Authenticate(t.Context(), secret)
	refused(t, err, purse.CodeTokenExpired)
}

// testRevocation revokes while payments with the token are on their way: those
// that are sent after the revocation was acknowledged are all refused.
func testRevocation(t *testing.T, s *server) {
	p := s.crowd(t, 1, 0)
	for round := range 3 {
		a, secret := s.member(t, fmt.Sprint("rosa", round), "make_payments", 0)
		s.do(t, purse.Needs{}, func(f *purse.Facts) error { return s.settle(f, purse.UserID(f.NextID()), 1) })
		var group sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			group.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					_, err := s.pay(context.Background(), a, p[0], 1, "")
					if code := purse.CodeOf(err); code != purse.CodeFunds && code != purse.CodeTokenRevoked {
						t.Errorf("while the token is being revoked: %v", err)
						return
					}
				}
			})
		}
		if err := s.people.RevokeToken(t.Context(), "test", secret); err != nil {
			t.Error(err)
		}
		for range 5 {
			_, err := s.pay(t.Context(), a, p[0], 1, "")
			refused(t, err, purse.CodeTokenRevoked)
		}
		close(stop)
		group.Wait()
	}
}

func testRevocationOvertakes(t *testing.T, s *server) {
	if !s.postgres() {
		t.Skip("in SQLite the directory waits for the book's batch")
	}
	p := s.crowd(t, 1, 100)
	a, secret := s.member(t, "olga", "make_payments", 0)
	s.mustPay(t, p[0], a, 50, "")
	free := s.busy(t, purse.MainBook)
	queued, paid := make(chan struct{}), make(chan error, 1)
	ctx := watched{context.Background(), sync.OnceFunc(func() { close(queued) })}
	go func() {
		_, err := s.pay(ctx, a, p[0], 10, "")
		paid <- err
	}()
	wait(t, queued, "the payment to be queued")
	if err := s.people.RevokeToken(t.Context(), "test", secret); err != nil {
		t.Error(err)
	}
	free()
	refused(t, <-paid, purse.CodeTokenRevoked)
	s.has(t, a, 50)
}

func testDirectoryBesideBook(t *testing.T, s *server) {
	if !s.postgres() {
		t.Skip("in SQLite the directory waits for the book's batch")
	}
	_, secret := s.member(t, "dirk", "make_payments", 0)
	free := s.busy(t, purse.MainBook)
	defer free()
	if err := s.people.RevokeToken(t.Context(), "test", secret); err != nil {
		t.Error(err)
	}
}

func testRevokedTwice(t *testing.T, s *server) {
	a, _ := s.member(t, "rita", "make_payments", 0)
	revoke := purse.Command{Book: purse.Directory, Needs: purse.Needs{Tokens: []purse.TokenHash{a.Token}}, Decide: func(f *purse.Facts) error {
		token, err := f.Token(a.Token)
		if err != nil {
			return err
		}
		if token.Revoked != 0 {
			return purse.Refuse(purse.CodeTokenRevoked, "before")
		}
		token.Revoked = f.Now
		f.Put(token)
		return nil
	}}
	errs := s.together(t, revoke, revoke)
	if errs[0] != nil {
		t.Error(errs[0])
	}
	refused(t, errs[1], purse.CodeTokenRevoked)
}
