package identity

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
	"purse/internal/pgtest"
	"purse/ledger"
	"purse/policy"
	"purse/store"
)

func TestMain(m *testing.M) { pgtest.Main(m, store.MigratePostgres) }

// network is an empty sandbox in a database.
type network struct {
	*Service
	store *store.Store
	db    *sql.DB // looks past the store
}

// onBoth runs a test on either database.
func onBoth(t *testing.T, test func(*testing.T, *network)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "purse.db")
		test(t, open(t, path, "sqlite", path))
	})
	t.Run("postgres", func(t *testing.T) {
		url := pgtest.Database(t)
		test(t, open(t, url, "pgx", url))
	})
}

func open(t *testing.T, database, driver, dsn string) *network {
	s, err := store.Open(t.Context(), database, store.Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &network{&Service{Store: s}, s, db}
}

func (n *network) user(t *testing.T, name string) purse.User {
	t.Helper()
	u, err := n.CreateUser(t.Context(), purse.MainBook, "op", purse.User{Username: name, FirstName: "F"})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (n *network) token(t *testing.T, u purse.User, scopes purse.Scopes, life time.Duration) purse.Secret {
	t.Helper()
	made, err := n.CreateToken(t.Context(), purse.MainBook, "op", TokenRequest{User: u.ID, Scopes: scopes, Life: life})
	if err != nil {
		t.Fatal(err)
	}
	return made.Secret
}

// command is what a use case does first: recognise, then authorize in the batch.
func (n *network) command(ctx context.Context, token purse.Secret, scope purse.Scope) error {
	actor, err := n.Recognize(ctx, token)
	if err != nil {
		return err
	}
	return n.store.Execute(ctx, purse.Command{
		Book: actor.Book, Principal: actor.Principal(),
		Decide: func(f *purse.Facts) error { return policy.Authorize(f, actor, scope) },
	})
}

// advance moves the main book's clock forward.
func (n *network) advance(t *testing.T, by time.Duration) {
	t.Helper()
	err := n.store.Execute(t.Context(), purse.Command{
		Book: purse.MainBook, Decide: func(f *purse.Facts) error { return f.AdvanceClock(by) },
	})
	if err != nil {
		t.Fatal(err)
	}
}

// code is the code of err, "ok" if there is no error.
func code(err error) purse.Code {
	if err == nil {
		return "ok"
	}
	return purse.CodeOf(err)
}

func (n *network) expect(t *testing.T, token purse.Secret, scope purse.Scope, command, read purse.Code) {
	t.Helper()
	if got := code(n.command(t.Context(), token, scope)); got != command {
		t.Errorf("a command is answered %s, want %s", got, command)
	}
	if _, err := n.Authenticate(t.Context(), token); code(err) != read {
		t.Errorf("a read is answered %s, want %s", code(err), read)
	}
}

func TestTokenIsStoredAsItsHash(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		token := n.token(t, n.user(t, "ann"), "make_payments", 0)
		var row string
		err := n.db.QueryRow(`select hash || ' ' || scopes from tokens`).Scan(&row)
		if err != nil {
			t.Fatal(err)
		}
		hash, _ := hashToken(token)
		if row != string(hash)+" make_payments" {
			t.Errorf("stored %q", row)
		}
		for _, table := range []string{"tokens", "actions", "events", "users"} {
			rows, err := n.db.Query("select * from " + table)
			if err != nil {
				t.Fatal(err)
			}
			columns, _ := rows.Columns()
			for rows.Next() {
				values := make([]any, len(columns))
				for i := range values {
					values[i] = new(any)
				}
				if err := rows.Scan(values...); err != nil {
					t.Fatal(err)
				}
				for i := range values {
					if text := fmt.Sprintf("%s", *values[i].(*any)); strings.Contains(text, string(token)) {
						t.Errorf("%s.%s holds the token", table, columns[i])
					}
				}
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			rows.Close()
		}
	})
}

func TestTokenLivesUntilItIsRevoked(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.user(t, "ann")
		token := n.token(t, ann, "make_payments access_balance", 0)
		other := n.token(t, ann, "make_payments", 0)
		n.expect(t, token, purse.MakePayments, "ok", "ok")
		n.expect(t, token, purse.AccessProfile, purse.CodeScope, "ok")
		actor, err := n.Authenticate(t.Context(), token)
		hash, _ := hashToken(token)
		want := purse.Actor{Book: purse.MainBook, User: ann.ID, Token: hash, Grant: actor.Grant, Scopes: "make_payments access_balance", At: actor.At}
		if actor.At < ann.Joined || actor.Grant == 0 || actor != want || err != nil {
			t.Errorf("actor %+v, %v", actor, err)
		}

		if err := n.RevokeToken(t.Context(), "op", token); err != nil {
			t.Fatal(err)
		}
		if a, err := n.Recognize(t.Context(), token); err != nil || a.User != ann.ID {
			t.Errorf("the cache has forgotten: %v", err) // it may know: a command checks
		}
		n.expect(t, token, purse.MakePayments, purse.CodeTokenRevoked, purse.CodeTokenRevoked)
		n.expect(t, token, purse.AccessProfile, purse.CodeTokenRevoked, purse.CodeTokenRevoked)
		n.expect(t, other, purse.MakePayments, "ok", "ok")
		if got := code(n.RevokeToken(t.Context(), "op", token)); got != purse.CodeTokenRevoked {
			t.Errorf("revoked twice: %s", got)
		}
		// A server that has just started knows nothing, and refuses the same.
		fresh := &network{&Service{Store: n.store}, n.store, n.db}
		fresh.expect(t, token, purse.MakePayments, purse.CodeTokenRevoked, purse.CodeTokenRevoked)
	})
}

// What is known was read once, and is not read again; revoking changes nothing.
func TestKnown(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		token := n.token(t, n.user(t, "ann"), "make_payments", 0)
		known := func(token purse.Secret, want bool) {
			t.Helper()
			hash, ok := n.Known(token)
			full, _ := hashToken(token)
			if ok != want || ok && hash != full || !ok && hash != "" {
				t.Errorf("known: %v as %q, want %v", ok, hash, want)
			}
		}
		known(token, false)
		if _, err := n.Recognize(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		known(token, true)
		if err := n.RevokeToken(t.Context(), "op", token); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []purse.Secret{"", "garbage", newToken(), token + "A", token[:len(token)-1]} {
			known(wrong, false)
			if _, err := n.Authenticate(t.Context(), wrong); err == nil {
				t.Error("a wrong token is recognised")
			}
			known(wrong, false)
		}
		n.store.Close() // whatever is answered now is not read
		known(token, true)
		known(newToken(), false)
	})
}

func TestTokenLivesUntilItExpires(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		token := n.token(t, n.user(t, "ann"), "make_payments", time.Hour)
		n.expect(t, token, purse.MakePayments, "ok", "ok")
		n.advance(t, 59*time.Minute)
		n.expect(t, token, purse.MakePayments, "ok", "ok")
		n.advance(t, time.Minute+time.Second)
		n.expect(t, token, purse.MakePayments, purse.CodeTokenExpired, purse.CodeTokenExpired)
	})
}

func TestWhatIsNoToken(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.user(t, "ann")
		for name, tc := range map[string]struct {
			token purse.Secret
			want  purse.Code
		}{
			"none":             {"", purse.CodeNoToken},
			"garbage":          {"garbage", purse.CodeBadToken},
			"foreign":          {"ya29.a0AfH6SMBx", purse.CodeBadToken},
			"well formed":      {newToken(), purse.CodeBadToken},
			"hash for a token": {purse.Secret(strings.Repeat("A", 43)), purse.CodeBadToken},
			"NUL":              {"purse_at_\x00", purse.CodeBadToken},
			"not UTF-8":        {"purse_at_\xff", purse.CodeBadToken},
			"very long":        {purse.Secret("purse_at_" + strings.Repeat("A", 60_000)), purse.CodeBadToken},
		} {
			t.Run(name, func(t *testing.T) {
				n.expect(t, tc.token, purse.MakePayments, tc.want, tc.want)
				if got := code(n.RevokeToken(t.Context(), "op", tc.token)); got != purse.CodeBadToken {
					t.Errorf("revoke: %s", got)
				}
			})
		}
		if _, err := n.CreateToken(t.Context(), purse.MainBook, "op", TokenRequest{User: 999, Scopes: "make_payments"}); code(err) != purse.CodeTarget {
			t.Errorf("a token for nobody: %v", err)
		}
		if _, err := n.CreateToken(t.Context(), purse.MainBook, "op", TokenRequest{User: n.user(t, "bob").ID, Scopes: "make_payments", Life: -time.Hour}); code(err) != purse.CodeInvalid {
			t.Errorf("a token from the past: %v", err)
		}
		if tokens := n.count(t, "tokens"); tokens != 0 {
			t.Errorf("%d tokens were stored", tokens)
		}
	})
}

func TestUsernameIsTakenInAnyCase(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.user(t, "Ann-1")
		for _, name := range []string{"Ann-1", "ann-1", "ANN-1"} {
			_, err := n.CreateUser(t.Context(), purse.MainBook, "op", purse.User{Username: name, FirstName: "F"})
			if code(err) != purse.CodeTaken {
				t.Errorf("%s again: %v", name, err)
			}
			if u, err := n.store.UserNamed(t.Context(), name); u != ann || err != nil {
				t.Errorf("%s is %+v, %v", name, u, err)
			}
		}
		n.user(t, "ann_1")
		if u, err := n.User(t.Context(), ann.ID); u != ann || u.Username != "Ann-1" || u.Joined == 0 || err != nil {
			t.Errorf("%+v, %v", u, err)
		}
		if _, err := n.User(t.Context(), 5); code(err) != purse.CodeNotFound {
			t.Errorf("nobody: %v", err)
		}
		a, err := n.store.Account(t.Context(), purse.MainBook, purse.WalletOf(ann.ID))
		want := purse.Account{Account: ledger.Account{ID: purse.WalletOf(ann.ID), Currency: "USD"}, Kind: purse.Wallet}
		if a != want || err != nil {
			t.Errorf("wallet %+v, %v", a, err)
		}
	})
}

func TestRefusedPeopleLeaveNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		for _, tc := range []struct {
			user purse.User
			want purse.Code
		}{
			{purse.User{Username: "a", FirstName: "F"}, purse.CodeInvalid},
			{purse.User{Username: "ann"}, purse.CodeMissing},
			{purse.User{Username: "ann", FirstName: "F\x00"}, purse.CodeInvalid},
			{purse.User{Username: "ann", FirstName: "\xff"}, purse.CodeInvalid},
		} {
			if _, err := n.CreateUser(t.Context(), purse.MainBook, "op", tc.user); code(err) != tc.want {
				t.Errorf("%+v: %v", tc.user, err)
			}
		}
		if users, accounts := n.count(t, "users"), n.count(t, "accounts"); users != 0 || accounts != len(purse.OwnAccounts) {
			t.Errorf("%d users and %d accounts", users, accounts)
		}
	})
}

func (n *network) count(t *testing.T, table string) (count int) {
	t.Helper()
	if err := n.db.QueryRow("select count(*) from " + table).Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

func TestOneUsernameMakesOneUser(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		const crowd = 16
		errs := make([]error, crowd)
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() {
				name := []string{"ann", "Ann", "ANN"}[i%3]
				_, errs[i] = n.CreateUser(t.Context(), purse.MainBook, "op", purse.User{Username: name, FirstName: "F"})
			})
		}
		all.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if code(err) != purse.CodeTaken {
				t.Errorf("refused with %v", err)
			}
		}
		if users, accounts := n.count(t, "users"), n.count(t, "accounts"); made != 1 || users != 1 || accounts != len(purse.OwnAccounts)+1 {
			t.Errorf("%d were told yes, %d users, %d accounts", made, users, accounts)
		}
	})
}
