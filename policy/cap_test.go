package policy

import (
	"errors"
	"math"
	"testing"
	"time"

	"purse"
)

const day = int64(now) / int64(24*time.Hour/time.Microsecond)

func left(u purse.UserID) purse.User { return purse.User{ID: u, Username: "left", Closed: 1} }

func wary(u purse.UserID, name string) purse.User {
	return purse.User{ID: u, Username: name, Wary: true}
}

func blocks(person, other purse.UserID) purse.Tie {
	return purse.Tie{TieKey: purse.TieKey{Person: person, Other: other}, State: purse.TieNone, Blocked: true}
}

func friends(a, b purse.UserID) []any {
	k := purse.TieKey{Person: a, Other: b}
	return []any{purse.Tie{TieKey: k, State: purse.TieFriend}, purse.Tie{TieKey: k.Back(), State: purse.TieFriend}}
}

func closed(a purse.Account) purse.Account {
	a.Closed = true
	return a
}

func TestWhoMayBePaid(t *testing.T) {
	const noSuch = "There is nobody with this user id."
	own, bobs := wallet(ann, false), wallet(bob, false)
	for _, tc := range []struct {
		name        string
		nouns       []any
		pay, charge purse.Code
		message     string
	}{
		{"anybody", []any{bobs, own}, "ok", "ok", ""},
		{"who has left", []any{bobs, own, left(bob)}, purse.CodeTarget, purse.CodeTarget, noSuch},
		{"whose wallet is closed", []any{own, closed(wallet(bob, false))}, purse.CodeTarget, purse.CodeFrozen, ""},
		{"from a closed wallet", []any{bobs, closed(own)}, purse.CodeFrozen, purse.CodeTarget, ""},
		{"whom one has blocked", []any{bobs, own, wary(ann, "ann"), wary(bob, "bob"), blocks(ann, bob)}, purse.CodeTarget, purse.CodeTarget, noSuch},
		{"who has blocked one", []any{bobs, own, wary(ann, "ann"), wary(bob, "bob"), blocks(bob, ann)}, purse.CodeTarget, purse.CodeTarget, noSuch},
		{"blocked, by a limit too", []any{bobs, wallet(ann, true), wary(bob, "bob"), blocks(bob, ann), spent(ann, hour, 1200)}, purse.CodeTarget, purse.CodeTarget, noSuch},
		{"who has blocked somebody else", []any{bobs, own, wary(bob, "bob"), blocks(bob, nobody)}, "ok", "ok", ""},
		{"who was unblocked", []any{bobs, own, wary(ann, "ann"), wary(bob, "bob")}, "ok", "ok", ""},
		{"a friend", append(friends(ann, bob), own, bobs), "ok", "ok", ""},
	} {
		pay := purse.Payment{Action: purse.Pay, Actor: ann, Target: bob, Minor: 1}
		charge := purse.Payment{Action: purse.Charge, Actor: ann, Target: bob, Minor: 1}
		two := []any{purse.User{ID: ann, Username: "ann"}, purse.User{ID: bob, Username: "bob"}}
		paid, asked := Pay(purse.NewFacts(book, now, append(two, tc.nouns...)...), &pay, 0), Ask(purse.NewFacts(book, now, append(two, tc.nouns...)...), &charge)
		if code(paid) != tc.pay || code(asked) != tc.charge {
			t.Errorf("%s: paid %v, charged %v", tc.name, paid, asked)
		}
		for _, err := range []error{paid, asked} {
			if refusal, ok := errors.AsType[*purse.Error](err); ok && tc.message != "" && refusal.Message != tc.message {
				t.Errorf("%s: %q", tc.name, refusal.Message)
			}
		}
	}
}

// Ties are only looked at where one of the two is wary.
func TestMostPaymentsLookAtNoTies(t *testing.T) {
	for _, tc := range []struct {
		ann, bob bool
		want     bool
	}{{false, false, false}, {true, false, true}, {false, true, true}, {true, true, true}} {
		w := &purse.WorkingSet{}
		w.Start(book, now, 0)
		w.Users.Load(ann, purse.User{ID: ann, Username: "ann", Wary: tc.ann})
		w.Users.Load(bob, purse.User{ID: bob, Username: "bob", Wary: tc.bob})
		f := w.Begin()
		err := NotBlocked(f, purse.Payment{Actor: ann, Target: bob})
		if _, asked := errors.AsType[*purse.Missing](err); asked != tc.want || f.Missing() != nil != tc.want {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

func allowance(grantee, most, day, spent int64) purse.Allowance {
	return purse.Allowance{AllowanceKey: purse.AllowanceKey{Person: ann, Grantee: grantee}, Cap: most, Day: day, Spent: spent}
}

func TestAppCap(t *testing.T) {
	app := func(most int64) purse.App { return purse.App{ID: 7, DayCap: most} }
	for _, tc := range []struct {
		name  string
		nouns []any
		minor int64
		want  purse.Code
		spent int64
	}{
		{"the first", []any{app(300)}, 100, "ok", 100},
		{"up to the app's cap", []any{app(300)}, 300, "ok", 300},
		{"a cent over it", []any{app(300)}, 301, purse.CodeLimit, 0},
		{"up to it, with others", []any{app(300), allowance(7, purse.AppsOwnCap, day, 200)}, 100, "ok", 300},
		{"a cent over it, with others", []any{app(300), allowance(7, purse.AppsOwnCap, day, 200)}, 101, purse.CodeLimit, 200},
		{"what was yesterday", []any{app(300), allowance(7, purse.AppsOwnCap, day-1, 300)}, 300, "ok", 300},
		{"more than the app's cap, if the person says so", []any{app(0), allowance(7, 500, day, 100)}, 400, "ok", 500},
		{"less, if the person says so", []any{app(300), allowance(7, 50, day, 0)}, 51, purse.CodeLimit, 0},
		{"nothing, if the person says so", []any{app(-1), allowance(7, 0, day, 0)}, 1, purse.CodeLimit, 0},
		{"lowered below what was taken", []any{app(300), allowance(7, 10, day, 200)}, 1, purse.CodeLimit, 200},
		{"any amount", []any{app(-1), allowance(7, purse.AppsOwnCap, day, 1_000_000)}, 500, "ok", 1_000_500},
		{"any amount, and no sum for it", []any{app(-1), allowance(7, purse.AppsOwnCap, day, math.MaxInt64)}, 1, purse.CodeLimit, math.MaxInt64},
		{"another app's", []any{app(300), allowance(8, 300, day, 300)}, 300, "ok", 300},
		{"closed", []any{purse.App{ID: 7, DayCap: -1, Closed: 1}}, 1, purse.CodeTokenRevoked, 0},
		{"unknown", nil, 1, purse.CodeBadToken, 0},
	} {
		f := facts(append(tc.nouns, wallet(ann, false))...)
		p := purse.Payment{Actor: ann, Target: bob, Minor: tc.minor}
		got := code(Pay(f, &p, 7))
		a, _ := f.Allowance(purse.AllowanceKey{Person: ann, Grantee: 7})
		week, _ := f.SpentThisWeek(purse.WalletOf(ann))
		if got != tc.want || a.Today(now) != tc.spent && a.Day == day || (week == tc.minor) != (got == "ok") {
			t.Errorf("%s: %s, %+v, %d in the week", tc.name, got, a, week)
		}
		if code(Pay(facts(append(tc.nouns, wallet(ann, false))...), &purse.Payment{Actor: ann, Target: bob, Minor: tc.minor}, 0)) != "ok" {
			t.Errorf("%s: refused without an app", tc.name)
		}
	}
	f := facts(app(300), wallet(ann, false))
	err, _ := errors.AsType[*purse.Error](Pay(f, &purse.Payment{Actor: ann, Target: bob, Minor: 301}, 7))
	if err == nil || err.Message != "This app may pay out 3.00 USD a day for you." {
		t.Error(err)
	}
}

func TestTrusted(t *testing.T) {
	trust := func(most, on, spent int64) purse.Allowance { return allowance(int64(bob), most, on, spent) }
	both := friends(ann, bob)
	from := func(account purse.Account, nouns ...any) []any {
		return append(append([]any{account}, both...), nouns...)
	}
	with := func(nouns ...any) []any { return from(wallet(ann, false), nouns...) }
	for _, tc := range []struct {
		name  string
		nouns []any
		minor int64
		want  bool
	}{
		{"up to the cap", with(trust(100, 0, 0)), 100, true},
		{"a cent over it", with(trust(100, 0, 0)), 101, false},
		{"with what was taken", with(trust(100, day, 50)), 50, true},
		{"over it with what was taken", with(trust(100, day, 50)), 51, false},
		{"a day later", with(trust(100, day-1, 100)), 100, true},
		{"not trusted", with(), 1, false},
		{"trusted no more", with(trust(0, day, 0)), 1, false},
		{"only the other way round", with(purse.Allowance{AllowanceKey: purse.AllowanceKey{Person: bob, Grantee: int64(ann)}, Cap: 100}), 1, false},
		{"not friends", []any{wallet(ann, false), trust(100, 0, 0)}, 1, false},
		{"asked", []any{wallet(ann, false), trust(100, 0, 0), purse.Tie{TieKey: purse.TieKey{Person: bob, Other: ann}, State: purse.TieAsked}}, 1, false},
		{"frozen", from(wallet(ann, true), trust(100, 0, 0)), 1, false},
		{"over the week's limit", with(trust(1000, 0, 0), spent(ann, hour, 1150)), 51, false},
		{"over the payment limit", with(trust(1000, 0, 0)), 501, false},
		{"just enough with the fee", from(has(105), trust(1000, 0, 0)), 100, true},
		{"too little for the fee", from(has(104), trust(1000, 0, 0)), 100, false},
		{"nothing", with(trust(1000, 0, 0)), 0, false},
		{"less than nothing", with(trust(1000, 0, 0)), math.MinInt64, false},
		{"the largest amount", with(trust(math.MaxInt64, day, 1)), math.MaxInt64, false},
	} {
		nouns := []any{purse.User{ID: ann, Username: "ann"}, purse.User{ID: bob, Username: "bob"}, wallet(bob, false)}
		nouns = append(nouns, tc.nouns...)
		charging := book
		charging.Terms.Fee.Fixed = 5
		f := purse.NewFacts(charging, now, nouns...)
		c := purse.Payment{Action: purse.Charge, Actor: bob, Target: ann, Minor: tc.minor}
		got, err := Trusted(f, c)
		if got != tc.want || err != nil {
			t.Errorf("%s: %v, %v", tc.name, got, err)
		}
		if week, _ := f.SpentThisWeek(purse.WalletOf(ann)); week != 0 && tc.name != "over the week's limit" {
			t.Errorf("%s: %d are counted", tc.name, week)
		}
		if !got {
			continue
		}
		before, _ := f.Allowance(trustOf(c))
		if err := PayTrusted(f, &c); err != nil || c.Counted != hour {
			t.Errorf("%s: %v", tc.name, err)
		}
		if after, _ := f.Allowance(trustOf(c)); after.Today(now) != before.Today(now)+tc.minor || after.Cap != before.Cap {
			t.Errorf("%s: %+v", tc.name, after)
		}
	}
}

// has is ann's wallet with so much in it.
func has(minor int64) purse.Account {
	a := wallet(ann, false)
	a.CreditsPosted = minor
	return a
}

func TestTrustAsksForWhatWasNotLoaded(t *testing.T) {
	w := &purse.WorkingSet{}
	w.Start(book, now, 0)
	f := w.Begin()
	if _, err := Trusted(f, purse.Payment{Action: purse.Charge, Actor: bob, Target: ann, Minor: 1}); err == nil || f.Missing() == nil {
		t.Error(err)
	}
	if n := f.Missing().Needs; len(n.Ties) != 2 || len(n.Allowances) != 1 {
		t.Errorf("%+v", n)
	}
}
