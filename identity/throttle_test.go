package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"purse"
)

func throttled() (*Service, *hands) {
	clock := &hands{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	return &Service{Now: clock.now}, clock
}

func TestPausesGrow(t *testing.T) {
	s, clock := throttled()
	fail := func() error { _, err := s.attempt(guessSignIn, "anna", nil); return err }
	for range freeFailures {
		if err := fail(); err != nil {
			t.Fatal(err)
		}
	}
	for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		clock.turn(pause*time.Second - time.Nanosecond)
		for range 3 { // asking makes it no longer
			if code(fail()) != purse.CodeRate {
				t.Fatalf("within the pause of %d s", pause)
			}
		}
		if _, err := s.attempt(guessReset, "anna", nil); err != nil {
			t.Fatal("other guesses wait too")
		}
		s.throttle.forget(guessReset, "anna")
		clock.turn(time.Nanosecond)
		if err := fail(); err != nil {
			t.Fatalf("after the pause of %d s: %v", pause, err)
		}
	}
	clock.turn(pauseMax)
	a, err := s.attempt(guessSignIn, "anna", nil)
	if err != nil {
		t.Fatal(err)
	}
	a.succeeded()
	for range freeFailures {
		if err := fail(); err != nil {
			t.Fatal("a success has not ended the row")
		}
	}
	clock.turn(streakKept)
	for range freeFailures {
		if err := fail(); err != nil {
			t.Fatal("it is not forgotten")
		}
	}
}

func TestAttemptsAtOnceAreNoMoreThanInTurn(t *testing.T) {
	s, clock := throttled()
	var all sync.WaitGroup
	var through, void [2]int
	var mu sync.Mutex
	for i := range 200 {
		all.Go(func() {
			a, err := s.attempt(guessSignIn, fmt.Sprint(i%2), nil)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				if through[i%2]++; i%2 == 1 {
					void[1]++
					a.void()
				}
			}
		})
	}
	all.Wait()
	if through[0] != freeFailures {
		t.Errorf("%d got through", through[0])
	}
	if through[1] < freeFailures {
		t.Errorf("%d of those that nothing was found out about got through", through[1])
	}
	clock.turn(0)
}

func TestAddressesAreThrottled(t *testing.T) {
	s, clock := throttled()
	guess := func(from string, i int) error {
		_, err := s.attempt(guessSignIn, fmt.Sprint(i), &From{Remote: from})
		return err
	}
	for i := range failuresAnHour {
		if err := guess(fmt.Sprintf("[2001:db8::%x]:443", i), i); err != nil {
			t.Fatal(err)
		}
	}
	for from, want := range map[string]purse.Code{
		"2001:db8::ffff:1": purse.CodeRate, "2001:db8::1%eth0": purse.CodeRate, "2001:db8:0:1::1": "ok", "192.0.2.1": "ok", "": "ok", "nonsense": "ok",
	} {
		if got := code(guess(from, 1000+len(from))); got != want {
			t.Errorf("%q: %s, want %s", from, got, want)
		}
	}
	clock.turn(time.Hour)
	if err := guess("2001:db8::1", 2000); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	// Who gets it right is not counted.
	for i := range 3 * failuresAnHour {
		a, err := s.attempt(guessSignIn, fmt.Sprint("right", i), &From{Remote: "192.0.2.7"})
		if err != nil {
			t.Fatal(err)
		}
		a.succeeded()
	}
	if payer("::ffff:192.0.2.7") != payer("192.0.2.7") || payer("192.0.2.7:80") != payer("192.0.2.7") {
		t.Error("one address counts as two")
	}
}

func TestThrottleForgetsRatherThanGrows(t *testing.T) {
	var r recent[int, int]
	for i := range 3 * throttledMax {
		r.put(i, i)
		if len(r.fresh)+len(r.stale) > throttledMax {
			t.Fatalf("%d are kept", len(r.fresh)+len(r.stale))
		}
		if r.get(i) != i || i > 10 && r.get(i-10) != i-10 {
			t.Fatal("the latest was forgotten")
		}
	}
}

func TestHashingTakesTurns(t *testing.T) {
	s := &Service{Cost: PasswordCost{KiB: 8, Passes: 1}}
	var ends []func()
	for range hashingMax {
		end, err := s.hashing.turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, end)
	}
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, hashingWaiting)
	for range hashingWaiting {
		go func() {
			_, err := s.hashPassword(ctx, goodPassword)
			errs <- err
		}()
	}
	for s.hashing.callers.Load() < hashingMax+hashingWaiting {
		time.Sleep(time.Millisecond)
	}
	if _, err := s.isPassword(t.Context(), "", goodPassword); code(err) != purse.CodeBusy {
		t.Errorf("one more: %v", err)
	}
	cancel()
	for range hashingWaiting {
		if err := <-errs; code(err) != purse.CodeBusy {
			t.Errorf("who gave up: %v", err)
		}
	}
	for _, end := range ends {
		end()
	}
	if s.hashing.callers.Load() != 0 || s.hashing.done.Load() != 0 {
		t.Errorf("%d callers, %d hashes", s.hashing.callers.Load(), s.hashing.done.Load())
	}
}

func TestPasswords(t *testing.T) {
	s := &Service{}
	hash, err := s.hashPassword(t.Context(), goodPassword)
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%q, %v", hash, err)
	}
	again, _ := s.hashPassword(t.Context(), goodPassword)
	if again == hash {
		t.Error("two hashes are the same")
	}
	s.Cost = PasswordCost{KiB: 8, Passes: 1} // what is stored keeps its own
	for _, tc := range []struct {
		stored, password string
		want             bool
	}{{hash, goodPassword, true}, {hash, goodPassword + " ", false}, {hash, "", false}, {"", "", false}, {"", goodPassword, false}} {
		if got, err := s.isPassword(t.Context(), tc.stored, tc.password); got != tc.want || err != nil {
			t.Errorf("%q against %q: %v, %v", tc.password, tc.stored, got, err)
		}
	}
	if _, err := s.isPassword(t.Context(), "$argon2id$damaged", goodPassword); err == nil || errors.As(err, new(*purse.Error)) {
		t.Errorf("a damaged row: %v", err)
	}
	for password, want := range map[string]purse.Code{
		"ten chars.": "ok", "ünïcödé…!!": "ok", strings.Repeat("ü.", 128): "ok", strings.Repeat("ü.", 128) + "x": purse.CodeInvalid,
		"QwertyUiop": purse.CodeInvalid, "PURSE": purse.CodeInvalid, "          ": purse.CodeInvalid, "üüüüÜÜÜÜüüüü": purse.CodeInvalid,
	} {
		if got := code(s.checkPassword(password)); got != want {
			t.Errorf("%q: %s, want %s", password, got, want)
		}
	}
	s.Network = "Commonwealth Pay"
	if got := code(s.checkPassword("commonwealth pay")); got != purse.CodeInvalid {
		t.Errorf("the network's name: %s", got)
	}
	seen := map[string]bool{}
	for _, p := range strings.Fields(commonPasswords) {
		if n := utf8.RuneCountInString(p); n < 8 || p != strings.ToLower(p) || seen[p] {
			t.Errorf("%q in the list", p)
		}
		seen[p] = true
	}
	if len(seen) < 200 {
		t.Errorf("%d common passwords", len(seen))
	}
}
