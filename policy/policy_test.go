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
		if got := code(Authorize(facts(tc.token, purse.App{ID: 3}), actor, purse.MakePayments)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
		if tc.want != "ok" && tc.want != purse.CodeScope {
			continue
		}
		if got := code(Authorize(facts(tc.token, purse.App{ID: 3, Closed: now}), actor, purse.MakePayments)); got != purse.CodeTokenRevoked {
			t.Errorf("%s, of an app that was closed: %s", tc.name, got)
		}
		if got := code(Authorize(facts(tc.token), actor, purse.MakePayments)); got != purse.CodeBadToken {
			t.Errorf("%s, of no app: %s", tc.name, got)
		}
	}
	// What the actor believes about its scopes does not count.
	boaster := actor
	boaster.Scopes = "make_payments access_balance"
	if got := code(Authorize(facts(good, purse.App{ID: 3}), boaster, purse.AccessBalance)); got != purse.CodeScope {
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
		err := Pay(tc.facts, &tc.payment, 0)
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
		{"an amount", positive, facts(own), with(func(q *purse.Payment) { q.Minor = 1 }), "ok"},
		{"no amount", positive, facts(own), with(func(q *purse.Payment) { q.Minor = 0 }), purse.CodeAmount},
		{"to an address", targetExists, facts(own), with(func(q *purse.Payment) { q.Target = 0 }), "ok"},
		{"frozen target of a charge", payerNotFrozen, facts(frozen), with(func(q *purse.Payment) { q.Action, q.Actor, q.Target = purse.Charge, bob, ann }), purse.CodeFrozen},
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
		if got := code(Pay(f, &purse.Payment{Actor: ann, Target: bob, Minor: tc.minor}, 0)); got != tc.want {
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

// Of a charge the target pays: its rules hold when it is approved, those of the
// amount when it is made too.
func TestChargesAreAskedThenPaid(t *testing.T) {
	charge := func(from purse.UserID, minor int64) purse.Payment {
		return purse.Payment{Action: purse.Charge, Actor: bob, Target: from, Minor: minor}
	}
	full := spent(ann, hour, 1200)
	for _, tc := range []struct {
		name      string
		facts     func() *purse.Facts
		charge    purse.Payment
		ask, paid purse.Code
	}{
		{"good", func() *purse.Facts { return facts(wallet(ann, false)) }, charge(ann, 500), "ok", "ok"},
		{"oneself", func() *purse.Facts { return facts(wallet(ann, true)) }, charge(bob, 501), purse.CodeSelf, purse.CodeSelf},
		{"nobody", func() *purse.Facts { return facts() }, charge(nobody, 501), purse.CodeTarget, purse.CodeTarget},
		{"frozen payer", func() *purse.Facts { return facts(wallet(ann, true), full) }, charge(ann, 500), "ok", purse.CodeFrozen},
		{"over the limit", func() *purse.Facts { return facts(wallet(ann, false)) }, charge(ann, 501), purse.CodeLimit, purse.CodeLimit},
		{"over the payer's week", func() *purse.Facts { return facts(wallet(ann, false), full) }, charge(ann, 1), "ok", purse.CodeLimit},
		{"over the asker's week", func() *purse.Facts { return facts(wallet(ann, false), spent(bob, hour, 1200)) }, charge(ann, 1), "ok", "ok"},
		{"nothing", func() *purse.Facts { return facts(wallet(ann, false)) }, charge(ann, 0), purse.CodeAmount, purse.CodeAmount},
		{"less than nothing", func() *purse.Facts { return facts(wallet(ann, false)) }, charge(ann, math.MinInt64), purse.CodeAmount, purse.CodeAmount},
	} {
		f, c := tc.facts(), tc.charge
		if got := code(Ask(f, &c)); got != tc.ask || c != tc.charge {
			t.Errorf("%s: made with %s, want %s; %+v", tc.name, got, tc.ask, c)
		}
		if n, _ := f.SpentThisWeek(purse.WalletOf(bob)); n != 0 && tc.name != "over the asker's week" {
			t.Errorf("%s: the asker has spent %d", tc.name, n)
		}
		if got := code(Pay(f, &c, 0)); got != tc.paid || (c.Counted == hour) != (tc.paid == "ok") {
			t.Errorf("%s: paid with %s, want %s; counted in %d", tc.name, got, tc.paid, c.Counted)
		}
	}
}

// What is given back no longer counts, if its hour still did; another than the
// payer's counter is never touched.
func TestGiveBack(t *testing.T) {
	for _, tc := range []struct {
		name    string
		counted int64
		left    int64
		kept    bool
	}{
		{"this hour", hour, 300, false}, {"the oldest hour", hour - 167, 300, false}, {"a week ago", hour - 168, 600, true},
	} {
		f := facts(wallet(ann, false), spent(ann, hour, 300), spent(ann, hour-167, 300), spent(ann, hour-168, 300), spent(bob, hour, 7))
		p := purse.Payment{Action: purse.Pay, Actor: ann, Address: purse.Address{Kind: purse.Email, Text: "a@example.org"}, Minor: 300, Counted: tc.counted}
		if err := GiveBack(f, &p); err != nil || (p.Counted != 0) != tc.kept || tc.kept && p.Counted != tc.counted {
			t.Errorf("%s: %+v, %v", tc.name, p, err)
		}
		if n, _ := f.SpentThisWeek(purse.WalletOf(ann)); n != tc.left {
			t.Errorf("%s: %d are counted, want %d", tc.name, n, tc.left)
		}
		if n, _ := f.SpentThisWeek(purse.WalletOf(bob)); n != 7 {
			t.Errorf("%s: %d are counted for somebody else", tc.name, n)
		}
	}
	f := facts(wallet(ann, false), spent(ann, hour, 300))
	if err := GiveBack(f, &purse.Payment{Actor: ann, Minor: 301, Counted: hour}); code(err) != purse.CodeInternal {
		t.Errorf("more than was counted: %v", err)
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
		"pay":    func(f *purse.Facts) error { return Pay(f, &p, 0) },
		"ask":    func(f *purse.Facts) error { return Ask(f, &p) },
		"give back": func(f *purse.Facts) error {
			return GiveBack(f, &purse.Payment{Actor: ann, Minor: 1, Counted: hour})
		},
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
			refused := Pay(f, &purse.Payment{Actor: ann, Target: bob, Minor: minor}, 0) != nil
			if refused != (minor > 500 || paid+minor > 1200) {
				t.Fatalf("%d after %d: refused is %v", minor, paid, refused)
			}
			if !refused {
				paid += minor
			}
		}
	})
}
