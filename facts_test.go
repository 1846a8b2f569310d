package purse

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"purse/ledger"

	"pgregory.net/rapid"
)

// noon is a moment in the middle of an hour.
const noon = Epoch + Time(500*time.Hour/time.Microsecond) + Time(30*time.Minute/time.Microsecond)

var testBook = Book{ID: MainBook, Mode: Sandbox, Currency: "USD", Limits: Limits{PaymentMinor: 500, WeekMinor: 1000}}

func wallet(id ledger.AccountID, minor int64) Account {
	return Account{Account: ledger.Account{ID: id, Currency: "USD", CreditsPosted: minor}, Kind: Wallet}
}

func TestFactsFromLiterals(t *testing.T) {
	hold := ledger.HeldMoney{ID: 70, Cause: ledger.Cause{Kind: ledger.CausePayment, ID: 7}, State: ledger.HoldOpen}
	key := OnceKey{Principal{10, 0}, "k"}
	f := NewFacts(testBook, noon,
		User{ID: 10, Username: "Ada"}, Token{Hash: "h", User: 10}, wallet(10, 100), Payment{ID: 7, Minor: 5}, Entry{ID: 8},
		hold, StoredAnswer{OnceKey: key, Fingerprint: "f"}, Spent{SpentKey{10, noon.hour()}, 30},
		App{ID: 3}, AddressOwner{Address: mailed(1), Owner: 10})

	for _, tc := range []struct {
		name        string
		there, gone func() error
	}{
		{"token", get(f.Token, "h"), get(f.Token, "x")},
		{"user", get(f.User, 10), get(f.User, 11)},
		{"username", get(f.UserNamed, "ada"), get(f.UserNamed, "bob")},
		{"account", get(f.Account, 10), get(f.Account, 11)},
		{"payment", get(f.Payment, 7), get(f.Payment, 9)},
		{"entry", get(f.Entry, 8), get(f.Entry, 9)},
		{"hold", get(f.HeldMoney, 70), get(f.HeldMoney, 71)},
		{"app", get(f.App, 3), get(f.App, 4)},
		{"address", get(f.AddressOwner, mailed(1)), get(f.AddressOwner, mailed(2))},
	} {
		if err := tc.there(); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if err := tc.gone(); CodeOf(err) != CodeNotFound {
			t.Errorf("%s that was not given: %v", tc.name, err)
		}
	}
	if spent, err := f.SpentThisWeek(10); spent != 30 || err != nil {
		t.Errorf("spent %d, %v", spent, err)
	}
	if m := f.Missing(); m != nil {
		t.Errorf("missing %v", m)
	}
	f.set.Revert()
	if err := get(f.User, 10)(); err != nil {
		t.Errorf("literals were reverted: %v", err)
	}
}

// get is a getter of Facts with its key.
func get[K, V any](find func(K) (V, error), k K) func() error {
	return func() error { _, err := find(k); return err }
}

// unloaded is facts of a batch for which nothing was loaded.
func unloaded() *Facts {
	w := &WorkingSet{}
	w.Start(testBook, noon, 0)
	return w.Begin()
}

func TestMissingNamesWhatIsNeeded(t *testing.T) {
	cause := ledger.Cause{Kind: ledger.CausePayment, ID: 7}
	key := OnceKey{Principal{10, 0}, "k"}
	for _, tc := range []struct {
		name string
		ask  func(*Facts) error
		want Needs
	}{
		{"token", func(f *Facts) error { return get(f.Token, "h")() }, Needs{Tokens: []TokenHash{"h"}}},
		{"user", func(f *Facts) error { return get(f.User, 10)() }, Needs{Users: []UserID{10}}},
		{"username", func(f *Facts) error { return get(f.UserNamed, "ada")() }, Needs{Usernames: []string{"ada"}}},
		{"account", func(f *Facts) error { return get(f.Account, 10)() }, Needs{Accounts: []ledger.AccountID{10}}},
		{"payment", func(f *Facts) error { return get(f.Payment, 7)() }, Needs{Payments: []PaymentID{7}}},
		{"entry", func(f *Facts) error { return get(f.Entry, 8)() }, Needs{Entries: []EntryID{8}}},
		{"hold", func(f *Facts) error { return get(f.HeldMoney, 70)() }, Needs{Holds: []ledger.TransferID{70}}},
		{"open holds", func(f *Facts) error { return get(f.OpenHolds, cause)() }, Needs{OpenHolds: []ledger.Cause{cause}}},
		{"spent", func(f *Facts) error { return get(f.SpentThisWeek, 10)() }, Needs{Accounts: []ledger.AccountID{10}}},
		{"count", func(f *Facts) error { _, err := f.CountSpent(10, 5); return err }, Needs{Accounts: []ledger.AccountID{10}}},
		{"app", func(f *Facts) error { return get(f.App, 3)() }, Needs{Apps: []AppID{3}}},
		{"address", func(f *Facts) error { return get(f.AddressOwner, mailed(1))() }, Needs{Addresses: []Address{mailed(1)}}},
		{"uncount", func(f *Facts) error { _, err := f.UncountSpent(10, noon.hour(), 5); return err }, Needs{Accounts: []ledger.AccountID{10}}},
		{"repeated", func(f *Facts) error {
			_, _, err := f.Repeated(Once{Principal: key.Principal, Key: "k"})
			return err
		}, Needs{Once: []OnceKey{key}}},
		{"freeze", func(f *Facts) error { return f.Freeze(10, true) }, Needs{Accounts: []ledger.AccountID{10}}},
		{"release", func(f *Facts) error { return get(f.Release, 70)() }, Needs{Holds: []ledger.TransferID{70}}},
	} {
		f := unloaded()
		if f.Missing() != nil {
			t.Errorf("%s: missing before anybody asked", tc.name)
		}
		missing, ok := errors.AsType[*Missing](tc.ask(f))
		if !ok || !reflect.DeepEqual(missing.Needs, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, missing, tc.want)
		}
		if f.Missing() == nil || !reflect.DeepEqual(f.Missing().Needs, tc.want) {
			t.Errorf("%s: %v is remembered", tc.name, f.Missing())
		}
	}
}

func TestMissingIsRememberedWhateverTheCommandMakesOfIt(t *testing.T) {
	f := unloaded()
	_, _ = f.User(10)
	_, err := f.Move(20, 21, 5, ledger.Cause{})
	if _, ok := errors.AsType[*Missing](err); !ok {
		t.Errorf("move: %v", err)
	}
	want := Needs{Users: []UserID{10}, Accounts: []ledger.AccountID{20, 21}} // both accounts at once
	if m := f.Missing(); m == nil || !reflect.DeepEqual(m.Needs, want) {
		t.Errorf("missing %v", m)
	}
}

func TestNeedsAddLeavesTheOriginalAlone(t *testing.T) {
	shared := make([]UserID, 1, 8)
	a, b := Needs{Users: shared}, Needs{Users: shared}
	a.Add(Needs{Users: []UserID{1}})
	b.Add(Needs{Users: []UserID{2}})
	if a.Users[1] != 1 || b.Users[1] != 2 {
		t.Error("two unions share their memory")
	}
	// Every kind of need is added.
	var full Needs
	v := reflect.ValueOf(&full).Elem()
	for i := range v.NumField() {
		v.Field(i).Set(reflect.MakeSlice(v.Field(i).Type(), 1, 1))
	}
	var sum Needs
	sum.Add(full)
	sum.Add(full)
	for i := range v.NumField() {
		if n := reflect.ValueOf(sum).Field(i).Len(); n != 2 {
			t.Errorf("%s: %d", v.Type().Field(i).Name, n)
		}
	}
}

func TestRepeated(t *testing.T) {
	p := Principal{10, 3}
	answer := Answer{Status: 200, Header: "A: b\n", Body: "{}"}
	f := NewFacts(testBook, noon,
		StoredAnswer{OnceKey: OnceKey{p, "used"}, Fingerprint: "f", Answer: answer},
		StoredAnswer{OnceKey: OnceKey{p, "purged"}, Fingerprint: "f", Purged: true})
	for _, tc := range []struct {
		name     string
		once     Once
		repeated bool
		code     Code
	}{
		{"no key", Once{Principal: p, Fingerprint: "f"}, false, ""},
		{"new key", Once{p, "new", "f"}, false, ""},
		{"same request", Once{p, "used", "f"}, true, ""},
		{"other request", Once{p, "used", "g"}, false, CodeKeyReused},
		{"no longer kept", Once{p, "purged", "f"}, false, CodeKeyReused},
		{"other request, no longer kept", Once{p, "purged", "g"}, false, CodeKeyReused},
		{"other person", Once{Principal{11, 3}, "used", "f"}, false, ""},
		{"other app", Once{Principal{10, 0}, "used", "f"}, false, ""},
	} {
		got, repeated, err := f.Repeated(tc.once)
		if repeated != tc.repeated || codeOrNone(err) != tc.code {
			t.Errorf("%s: %v, %v", tc.name, repeated, err)
		}
		want := Answer{}
		if tc.repeated {
			want = answer
			want.Replayed = true
		}
		if got != want {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}

func TestAnswerIsStoredWithItsKey(t *testing.T) {
	f := NewFacts(testBook, noon)
	a := Answer{Status: 200, Body: "{}"}
	if f.Answer(Once{Fingerprint: "f"}, a) != a || f.set.Once.any() {
		t.Error("an answer without a key was stored")
	}
	once := Once{Principal{10, 0}, "k", "f"}
	if f.Answer(once, a) != a {
		t.Error("the answer was changed")
	}
	if got, repeated, err := f.Repeated(once); !repeated || err != nil || got.Body != "{}" || !got.Replayed {
		t.Errorf("repeated in the same batch: %+v, %v, %v", got, repeated, err)
	}
	for _, s := range f.set.Once.Added() {
		if s.At != f.Now || s.Answer.Replayed {
			t.Errorf("stored %+v", s)
		}
	}
	f.set.Revert()
	if _, repeated, _ := f.Repeated(once); repeated {
		t.Error("a reverted answer is still there")
	}
}

func TestSpentThisWeek(t *testing.T) {
	hour := noon.hour()
	end := Time(hour+1)*Time(time.Hour/time.Microsecond) - 1 // the last microsecond of the hour
	f := func(now Time, spent ...Spent) *Facts {
		nouns := []any{wallet(10, 0)}
		for _, s := range spent {
			nouns = append(nouns, s)
		}
		return NewFacts(testBook, now, nouns...)
	}
	at := func(h, minor int64) Spent { return Spent{SpentKey{10, h}, minor} }
	for _, tc := range []struct {
		name  string
		facts *Facts
		want  int64
	}{
		{"nothing", f(noon), 0},
		{"this hour", f(noon, at(hour, 5)), 5},
		{"oldest that counts", f(noon, at(hour-167, 5)), 5},
		{"a week ago", f(noon, at(hour-168, 5)), 0},
		{"many", f(noon, at(hour, 1), at(hour-1, 2), at(hour-167, 4), at(hour-168, 8), at(hour-1000, 16)), 7},
		{"last microsecond of the hour", f(end, at(hour-167, 5)), 5},
		{"first microsecond of the next", f(end+1, at(hour-167, 5)), 0},
	} {
		if got, err := tc.facts.SpentThisWeek(10); got != tc.want || err != nil {
			t.Errorf("%s: %d, want %d (%v)", tc.name, got, tc.want, err)
		}
	}
	if SpentSince(noon) != hour-167 {
		t.Errorf("counters are asked for since hour %d, now is %d", SpentSince(noon), hour)
	}
}

func TestCountSpent(t *testing.T) {
	f := NewFacts(testBook, noon, wallet(10, 0), wallet(11, 0), Spent{SpentKey{10, noon.hour()}, 30})
	for _, minor := range []int64{5, 7} {
		if _, err := f.CountSpent(10, minor); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.CountSpent(11, 1); err != nil {
		t.Fatal(err)
	}
	spent := func(id ledger.AccountID) int64 { n, _ := f.SpentThisWeek(id); return n }
	if spent(10) != 42 || spent(11) != 1 {
		t.Errorf("spent %d and %d", spent(10), spent(11))
	}
	f.set.Revert()
	if spent(10) != 30 || spent(11) != 0 {
		t.Errorf("after a revert %d and %d", spent(10), spent(11))
	}
}

func TestUncountSpent(t *testing.T) {
	hour := noon.hour()
	for _, tc := range []struct {
		name        string
		hour, minor int64
		want        bool
		left        int64 // of 30 in this hour, and 40 in the oldest that counts
		fault       bool
	}{
		{"part", hour, 10, true, 60, false},
		{"all", hour, 30, true, 40, false},
		{"oldest hour that counts", hour - 167, 40, true, 30, false},
		{"a week ago", hour - 168, 50, false, 70, false},
		{"more than was counted", hour, 31, false, 70, true},
		{"in an hour without a counter", hour - 1, 1, false, 70, true},
	} {
		f := NewFacts(testBook, noon, wallet(10, 0),
			Spent{SpentKey{10, hour}, 30}, Spent{SpentKey{10, hour - 167}, 40}, Spent{SpentKey{10, hour - 168}, 50})
		uncounted, err := f.UncountSpent(10, tc.hour, tc.minor)
		if uncounted != tc.want || (err != nil) != tc.fault || err != nil && CodeOf(err) != CodeInternal {
			t.Errorf("%s: %v, %v", tc.name, uncounted, err)
		}
		if left, _ := f.SpentThisWeek(10); left != tc.left {
			t.Errorf("%s: %d are left, want %d", tc.name, left, tc.left)
		}
		if f.set.Revert(); f.set.Spent.any() {
			t.Errorf("%s: not reverted", tc.name)
		}
	}
}

func TestOpenHolds(t *testing.T) {
	cause, other := ledger.Cause{Kind: ledger.CausePayment, ID: 7}, ledger.Cause{Kind: ledger.CausePayment, ID: 8}
	w := &WorkingSet{}
	w.Start(testBook, noon, 0)
	for id, minor := range map[ledger.AccountID]int64{10: 100, 11: 0} {
		w.Accounts.Want(id)
		w.Accounts.Load(id, wallet(id, minor))
	}
	if !w.WantOpenHolds(cause) || w.WantOpenHolds(cause) {
		t.Error("WantOpenHolds is true the first time only")
	}
	f := w.Begin()
	hold := func(c ledger.Cause) ledger.TransferID {
		h, err := f.Hold(10, 11, 10, c, noon+1)
		if err != nil {
			t.Fatal(err)
		}
		return h.ID
	}
	open := func() (ids []ledger.TransferID) {
		holds, err := f.OpenHolds(cause)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range holds {
			ids = append(ids, h.ID)
		}
		return ids
	}
	a, b := hold(cause), hold(cause)
	hold(other)
	c := hold(cause)
	if got := open(); !slices.Equal(got, []ledger.TransferID{a, b, c}) {
		t.Errorf("open: %v", got)
	}
	w.Keep()
	if _, err := f.Capture(a, 4); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Release(c); err != nil {
		t.Fatal(err)
	}
	if got := open(); !slices.Equal(got, []ledger.TransferID{b}) {
		t.Errorf("after a capture and a release: %v", got)
	}
	if _, err := f.Capture(a, 1); CodeOf(err) != CodeInvalid {
		t.Errorf("captured twice: %v", err)
	}
	w.Revert()
	if got := open(); !slices.Equal(got, []ledger.TransferID{a, b, c}) {
		t.Errorf("after a revert: %v", got)
	}
	acc, _ := f.Account(10)
	if acc.Spendable() != 60 || acc.Balance() != 100 {
		t.Errorf("four holds of 10 leave %d of %d", acc.Spendable(), acc.Balance())
	}
}

func TestAdvanceClock(t *testing.T) {
	for _, tc := range []struct {
		mode Mode
		by   time.Duration
		want Code
	}{
		{Sandbox, time.Hour, ""}, {Sandbox, 0, ""}, {Sandbox, -1, CodeInvalid},
		{Live, time.Hour, CodeInvalid}, {Live, 0, CodeInvalid},
	} {
		b := testBook
		b.Mode = tc.mode
		f := NewFacts(b, noon)
		if got := codeOrNone(f.AdvanceClock(tc.by)); got != tc.want {
			t.Errorf("%s by %v: %q", tc.mode, tc.by, got)
		}
		offset := int64(0)
		if tc.want == "" {
			offset = tc.by.Microseconds()
		}
		if f.Book.ClockOffset != offset || f.set.Book.ClockOffset != offset || f.set.Changed() != (offset != 0) {
			t.Errorf("%s by %v: offset %d", tc.mode, tc.by, f.Book.ClockOffset)
		}
		if f.Now != noon {
			t.Error("the clock moved within the batch")
		}
		if f.set.Revert(); f.set.Book != b || f.set.Changed() {
			t.Error("the clock was not reverted")
		}
	}
}

func TestNextIDIncreasesWhateverTheClockDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last, before, now := Time(0), int64(0), Time(0)
		for range rapid.IntRange(1, 5).Draw(t, "batches") {
			var w WorkingSet
			clock := Epoch + Time(rapid.Int64Range(0, 1000).Draw(t, "clock"))
			if w.Start(testBook, clock, last); w.Now <= now || w.Now < clock {
				t.Fatalf("book time ran from %d to %d", now, w.Now)
			}
			now = w.Now
			for range rapid.IntRange(0, 20).Draw(t, "identifiers") {
				id := w.Begin().NextID()
				if id <= before || Created(id) < w.Now {
					t.Fatalf("identifier %d after %d", id, before)
				}
				if before = id; rapid.Bool().Draw(t, "revert") {
					w.Revert()
				}
			}
			w.NextID() // the batch's own
			last, before = w.Last, max(before, 0)
		}
	})
}

func TestMovePostsBothSides(t *testing.T) {
	f := NewFacts(testBook, noon, wallet(10, 100), wallet(11, 5))
	id, err := f.Move(10, 11, 40, ledger.Cause{Kind: ledger.CausePayment, ID: 7})
	if err != nil {
		t.Fatal(err)
	}
	from, _ := f.Account(10)
	to, _ := f.Account(11)
	if from.Balance() != 60 || to.Balance() != 45 || len(f.set.Postings.All()) != 2 || f.set.Postings.All()[0].Transfer != id {
		t.Errorf("%+v, %+v, %+v", from, to, f.set.Postings.All())
	}
	for _, tc := range []struct {
		from, to ledger.AccountID
		minor    int64
		want     Code
	}{
		{10, 11, 61, CodeFunds}, {10, 11, 0, CodeAmount}, {10, 11, -1, CodeAmount}, {10, 10, 1, CodeSelf},
		{10, 11, math.MaxInt64, CodeAmount}, {10, 12, 1, CodeNotFound},
	} {
		if _, err := f.Move(tc.from, tc.to, tc.minor, ledger.Cause{}); CodeOf(err) != tc.want {
			t.Errorf("move %d from %d to %d: %v, want %s", tc.minor, tc.from, tc.to, err, tc.want)
		}
	}
	if len(f.set.Postings.All()) != 2 {
		t.Error("a refused move has posted")
	}
}

func TestPutRefusesWhatWouldBreakTheBook(t *testing.T) {
	for name, noun := range map[string]any{
		"account that is there": wallet(10, 999), "bad username": User{ID: 1, Username: "a"}, "unknown noun": 5,
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			NewFacts(testBook, noon, wallet(10, 1)).Put(noun)
		}()
	}
}

func TestEmitWritesTheNounAsItIs(t *testing.T) {
	f := NewFacts(testBook, noon)
	p := Payment{ID: 7, Action: Pay, Actor: 10, Target: 11, Minor: 500, Note: `<b>"hi"`, Audience: Private, Medium: MediumAPI,
		Status: PaymentSettled, Completed: noon, Version: 1}
	f.Emit(PaymentCreated, p)
	e := f.set.Events.All()[0]
	want := fmt.Sprintf(`{"id":"7","action":"pay","actor":"10","target":"11","minor":500,"fee":0,"note":"\u003cb\u003e\"hi\"","audience":"private",`+
		`"medium":"api","app":0,"status":"settled","completed":%d}`, noon)
	if e.Kind != PaymentCreated || e.Subject != 7 || e.Seq != 1 || e.ID == 0 || e.Snapshot != want {
		t.Errorf("%+v", e)
	}
}
