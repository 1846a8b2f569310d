package policy

import (
	"errors"
	"math"
	"testing"
	"time"

	"purse"
	"purse/ledger"

	"pgregory.net/rapid"
)

const (
	now  = purse.Epoch + 1000*purse.Time(time.Hour/time.Microsecond)
	hour = int64(now) / int64(time.Hour/time.Microsecond)

	ann, bob, nobody = purse.UserID(10), purse.UserID(11), purse.UserID(99)
)

var book = purse.Book{
	ID: purse.MainBook, Mode: purse.Live, Currency: "USD", Limits: purse.Limits{PaymentMinor: 500, WeekMinor: 1200},
}

func wallet(u purse.UserID, frozen bool) purse.Account {
	return purse.Account{
		Account: ledger.Account{ID: purse.WalletOf(u), Currency: "USD", CreditsPosted: 10_000}, Kind: purse.Wallet, Frozen: frozen,
	}
}

func spent(u purse.UserID, hour, minor int64) purse.Spent {
	return purse.Spent{SpentKey: purse.SpentKey{Account: purse.WalletOf(u), Hour: hour}, Minor: minor}
}

// facts are those of a network of ann and bob, with more besides.
func facts(more ...any) *purse.Facts {
	nouns := append([]any{purse.User{ID: ann, Username: "ann"}, purse.User{ID: bob, Username: "bob"}, wallet(bob, false)}, more...)
	return purse.NewFacts(book, now, nouns...)
}

// code is the code of err, "ok" if there is no error.
func code(err error) purse.Code {
	if err == nil {
		return "ok"
	}
	return purse.CodeOf(err)
}

func TestAuthorize(t *testing.T) {
	actor := purse.Actor{Book: purse.MainBook, User: ann, App: 3, Token: "h"}
	good := purse.Token{Hash: "h", User: ann, App: 3, Book: purse.MainBook, Scopes: "make_payments access_profile"}
	with := func(change func(*purse.Token)) purse.Token {
		token := good
		change(&token)
		return token
	}
	// In the order of the refusals; each line also breaks what the lines below it test.
	for _, tc := range []struct {
		name  string
		token purse.Token
		want  purse.Code
	}{
		{"unknown", with(func(v *purse.Token) { v.Hash, v.Revoked, v.Expires, v.User, v.Scopes = "x", 1, 1, bob, "" }), purse.CodeBadToken},
		{"revoked", with(func(v *purse.Token) { v.Revoked, v.Expires, v.User, v.Scopes = 1, 1, bob, "" }), purse.CodeTokenRevoked},
		{"expired", with(func(v *purse.Token) { v.Expires, v.User, v.Scopes = now, bob, "" }), purse.CodeTokenExpired},
		{"somebody else's", with(func(v *purse.Token) { v.User, v.Scopes = bob, "" }), purse.CodeBadToken},
		{"another app's", with(func(v *purse.Token) { v.App, v.Scopes = 0, "" }), purse.CodeBadToken},
		{"another book's", with(func(v *purse.Token) { v.Book, v.Scopes = 2, "" }), purse.CodeBadToken},
		{"no scope", with(func(v *purse.Token) { v.Scopes = "" }), purse.CodeScope},
		{"other scopes", with(func(v *purse.Token) { v.Scopes = "access_profile access_balance" }), purse.CodeScope},
		{"until later", with(func(v *purse.Token) { v.Expires = now + 1 }), "ok"},
		{"good", good, "ok"},
	} {
		if got := code(Authorize(facts(tc.token), actor, purse.MakePayments)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
	// What the actor believes about its scopes does not count.
	boaster := actor
	boaster.Scopes = "make_payments access_balance"
	if got := code(Authorize(facts(good), boaster, purse.AccessBalance)); got != purse.CodeScope {
		t.Errorf("a scope that only the actor claims: %s", got)
	}
}

func TestRulesRefuseInThisOrder(t *testing.T) {
	pay := func(to purse.UserID, minor int64) purse.Payment {
		return purse.Payment{Actor: ann, Target: to, Minor: minor}
	}
	full := spent(ann, hour, 1200)
	// Each line breaks one rule less than the line above.
	for _, tc := range []struct {
		name    string
		facts   *purse.Facts
		payment purse.Payment
		want    purse.Code
		message string
	}{
		{"oneself, who does not exist", purse.NewFacts(book, now, wallet(ann, true), full), pay(ann, 501), purse.CodeSelf, "You cannot pay yourself."},
		{"nobody", facts(wallet(ann, true), full), pay(nobody, 501), purse.CodeTarget, "There is nobody with this user id."},
		{"frozen", facts(wallet(ann, true), full), pay(bob, 501), purse.CodeFrozen, "This wallet is frozen."},
		{"over both limits", facts(wallet(ann, false), full), pay(bob, 501), purse.CodeLimit, "The amount is over the limit for one payment."},
		{"over the week's limit", facts(wallet(ann, false), full), pay(bob, 500), purse.CodeLimit, "This would pass your weekly limit."},
		{"good", facts(wallet(ann, false)), pay(bob, 500), "ok", ""},
	} {
		err := Pay(tc.facts, tc.payment)
		if got := code(err); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
		if refusal, ok := errors.AsType[*purse.Error](err); ok && refusal.Message != tc.message {
			t.Errorf("%s: %q", tc.name, refusal.Message)
		}
	}
}

func TestEachRuleAlone(t *testing.T) {
	p := purse.Payment{Actor: ann, Target: bob, Minor: 500}
	with := func(change func(*purse.Payment)) purse.Payment {
		q := p
		change(&q)
		return q
	}
	own, frozen := wallet(ann, false), wallet(ann, true)
	for _, tc := range []struct {
		name    string
		rule    rule
		facts   *purse.Facts
		payment purse.Payment
		want    purse.Code
	}{
		{"to somebody else", notToSelf, facts(own), p, "ok"},
		{"to oneself", notToSelf, facts(own), with(func(q *purse.Payment) { q.Target = ann }), purse.CodeSelf},
		{"to somebody", targetExists, facts(own), p, "ok"},
		{"to nobody", targetExists, facts(own), with(func(q *purse.Payment) { q.Target = nobody }), purse.CodeTarget},
		{"to the treasury", targetExists, facts(own), with(func(q *purse.Payment) { q.Target = 1 }), purse.CodeTarget},
		{"thawed payer", payerNotFrozen, facts(own), p, "ok"},
		{"frozen payer", payerNotFrozen, facts(frozen), p, purse.CodeFrozen},
		{"frozen payee", payerNotFrozen, facts(frozen), with(func(q *purse.Payment) { q.Actor, q.Target = bob, ann }), "ok"},
		{"payer without a wallet", payerNotFrozen, facts(), p, purse.CodeNotFound},
		{"at the limit", paymentLimit, facts(own), p, "ok"},
		{"a cent over the limit", paymentLimit, facts(own), with(func(q *purse.Payment) { q.Minor = 501 }), purse.CodeLimit},
		{"largest amount", paymentLimit, facts(own), with(func(q *purse.Payment) { q.Minor = math.MaxInt64 }), purse.CodeLimit},
		{"a week's first", weekLimit, facts(own), with(func(q *purse.Payment) { q.Minor = 1200 }), "ok"},
		{"a week's first, too large", weekLimit, facts(own), with(func(q *purse.Payment) { q.Minor = 1201 }), purse.CodeLimit},
		{"up to the week's limit", weekLimit, facts(own, spent(ann, hour, 700)), p, "ok"},
		{"a cent over the week's limit", weekLimit, facts(own, spent(ann, hour, 701)), p, purse.CodeLimit},
		{"over many hours", weekLimit, facts(own, spent(ann, hour-1, 300), spent(ann, hour-100, 401)), p, purse.CodeLimit},
		{"oldest hour that counts", weekLimit, facts(own, spent(ann, hour-167, 701)), p, purse.CodeLimit},
		{"a week ago", weekLimit, facts(own, spent(ann, hour-168, 701)), p, "ok"},
		{"what others have paid", weekLimit, facts(own, spent(bob, hour, 1200)), p, "ok"},
		{"over it already, as the limit was lowered", weekLimit, facts(own, spent(ann, hour, 5000)), with(func(q *purse.Payment) { q.Minor = 1 }), purse.CodeLimit},
		{"largest amount in a week", weekLimit, facts(own, spent(ann, hour, 5000)), with(func(q *purse.Payment) { q.Minor = math.MaxInt64 }), purse.CodeLimit},
	} {
		if got := code(tc.rule(tc.facts, tc.payment)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestPayCountsOnlyWhatIsNotRefused(t *testing.T) {
	f := facts(wallet(ann, false))
	for _, tc := range []struct {
		minor, spent int64
		want         purse.Code
	}{
		{501, 0, purse.CodeLimit}, {500, 500, "ok"}, {500, 1000, "ok"}, {201, 1000, purse.CodeLimit}, {200, 1200, "ok"}, {1, 1200, purse.CodeLimit},
	} {
		if got := code(Pay(f, purse.Payment{Actor: ann, Target: bob, Minor: tc.minor})); got != tc.want {
			t.Errorf("pay %d: %s, want %s", tc.minor, got, tc.want)
		}
		if got, err := f.SpentThisWeek(purse.WalletOf(ann)); got != tc.spent || err != nil {
			t.Errorf("after %d: %d are counted, want %d (%v)", tc.minor, got, tc.spent, err)
		}
	}
	if got, _ := f.SpentThisWeek(purse.WalletOf(bob)); got != 0 {
		t.Errorf("the payee has spent %d", got)
	}
}

func TestRulesAskForWhatWasNotLoaded(t *testing.T) {
	unloaded := func() *purse.Facts {
		w := &purse.WorkingSet{}
		w.Start(book, now, 0)
		return w.Begin()
	}
	p := purse.Payment{Actor: ann, Target: bob, Minor: 1}
	for name, decide := range map[string]func(*purse.Facts) error{
		"authorize": func(f *purse.Facts) error {
			return Authorize(f, purse.Actor{User: ann, Token: "h"}, purse.MakePayments)
		},
		"target": func(f *purse.Facts) error { return targetExists(f, p) },
		"frozen": func(f *purse.Facts) error { return payerNotFrozen(f, p) },
		"week":   func(f *purse.Facts) error { return weekLimit(f, p) },
		"pay":    func(f *purse.Facts) error { return Pay(f, p) },
	} {
		f := unloaded()
		if _, ok := errors.AsType[*purse.Missing](decide(f)); !ok || f.Missing() == nil {
			t.Errorf("%s did not say what it needs", name)
		}
	}
}

func TestNobodyPassesTheWeeklyLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := facts(wallet(ann, false))
		paid := int64(0)
		for _, minor := range rapid.SliceOf(rapid.Int64Range(1, 600)).Draw(t, "amounts") {
			refused := Pay(f, purse.Payment{Actor: ann, Target: bob, Minor: minor}) != nil
			if refused != (minor > 500 || paid+minor > 1200) {
				t.Fatalf("%d after %d: refused is %v", minor, paid, refused)
			}
			if !refused {
				paid += minor
			}
		}
	})
}
