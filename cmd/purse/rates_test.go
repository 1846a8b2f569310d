package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/api"
	"purse/store"
)

// giveOrder gives an order as a command would, over the socket if there is one.
func giveOrder(t *testing.T, database, name string, args any) (string, error) {
	t.Helper()
	o, err := newOrderer(t.Context(), config{Database: database, RunDir: shortDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	var d done
	err = o.give(t.Context(), name, args, &d)
	return d.Done, err
}

func TestExemptOrder(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		p := start(t, database)
		ada, ben := newPerson(t, database, "ada", "10.00"), newPerson(t, database, "ben", "")
		both := exemptArgs{Tokens: []string{ada.token, ben.token}}
		said, err := giveOrder(t, database, "rates.exempt", both)
		if err != nil || !strings.Contains(said, "2 access tokens") {
			t.Errorf("said %q, %v", said, err)
		}
		guess := strings.Replace(ada.token, "purse_at_", "purse_at_A", 1)
		if _, err := giveOrder(t, database, "rates.exempt", exemptArgs{Tokens: []string{ada.token, guess}}); purse.CodeOf(err) != purse.CodeBadToken {
			t.Errorf("what is no token: %v", err)
		}
		p.stop(t)
		log := p.log.String()
		for _, outcome := range []string{"done", "bad_token"} {
			if line := `"order":"rates.exempt","outcome":"` + outcome + `"`; strings.Count(log, line) != 1 {
				t.Errorf("the log has not one line with %s:\n%s", line, log)
			}
		}
		if strings.Contains(log, "purse_at_") {
			t.Error("the log holds a token")
		}
		if _, err := giveOrder(t, database, "rates.exempt", both); err == nil || !strings.Contains(message(err), "No server is running here") {
			t.Errorf("without a server: %v", err)
		}
		verify(t, database)
	})
}

// The order exempts what it names, all or nothing, and makes it known.
func TestExemptTokens(t *testing.T) {
	n, err := openNetwork(t.Context(), filepath.Join(shortDir(t), "purse.db"), store.Options{Mode: "sandbox", Currency: "USD", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer n.store.Close()
	n.rates = api.NewRates(1, 1, func() time.Time { return time.Time{} })
	var tokens []string
	for _, name := range []string{"ada", "ben"} {
		if _, err := createUser(t.Context(), n, "op", userArgs{Username: name, FirstName: "F"}); err != nil {
			t.Fatal(err)
		}
		made, err := createToken(t.Context(), n, "op", tokenArgs{User: name, Scopes: "make_payments"})
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, made.AccessToken)
	}
	// allowed is how many of five requests with a token the limits let through.
	allowed := func(token string) (count int) {
		hash, known := n.identity.Known(purse.Secret(token))
		if !known {
			t.Fatal("the token is not known")
		}
		for range 5 {
			if n.rates.Allow(httptest.NewRequest(http.MethodPost, "/v1/payments", nil), string(hash)) == nil {
				count++
			}
		}
		return count
	}
	if _, err := exemptTokens(t.Context(), n, "op", exemptArgs{Tokens: []string{tokens[0], tokens[1], "garbage"}}); purse.CodeOf(err) != purse.CodeBadToken {
		t.Errorf("garbage: %v", err)
	}
	if got := allowed(tokens[0]); got != 1 {
		t.Errorf("a refused order exempts: %d are allowed", got)
	}
	if _, err := exemptTokens(t.Context(), n, "op", exemptArgs{Tokens: tokens[:1]}); err != nil {
		t.Fatal(err)
	}
	if first, second := allowed(tokens[0]), allowed(tokens[1]); first != 5 || second != 1 {
		t.Errorf("exempt: %d are allowed, not exempt: %d", first, second)
	}
}

// However low the limits, bench is not held by them, and says why.
func TestBenchIsExempt(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		p := start(t, database, "--rate", "1", "--rate-burst", "1")
		out := run(t, "bench", "--url", p.url, "--database", database, "--accounts", "1100", "--connections", "4",
			"--warmup", "0s", "--duration", "300ms")
		if !strings.Contains(out, "\nrate limits  lifted for bench's own access tokens") || !strings.Contains(out, "\nerrors       0") {
			t.Errorf("bench says\n%s", out)
		}
		p.stop(t)
		if n := strings.Count(p.log.String(), `"order":"rates.exempt","outcome":"done"`); n != 3 {
			t.Errorf("%d orders were given", n)
		}
	})
}
