package storetest

import (
	"slices"
	"testing"
	"time"

	"purse"
	"purse/ledger"
)

func testRefusal(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("NothingOfARefusedCommandIsStored", func(t *testing.T) { testRefusedAlone(t, s) })
	t.Run("TheOthersOfTheBatchGoOn", func(t *testing.T) { testRefusedAmongOthers(t, s) })
	t.Run("IdentifiersStayIncreasing", func(t *testing.T) { testIDsAfterRefusal(t, s) })
	t.Run("TheRefusalReachesItsCallerAsItIs", func(t *testing.T) { testRefusalIsHandedOn(t, s) })
	t.Run("ADeclineThatIsAnOutcomeIsKept", func(t *testing.T) { testOutcome(t, s) })
	t.Run("WhatIsAcknowledgedIsStored", func(t *testing.T) { testChangedNouns(t, s) })
	t.Run("ThereIsNoOtherBook", func(t *testing.T) {
		refused(t, s.Execute(t.Context(), purse.Command{Book: 7}), purse.CodeNotFound)
	})
}

// everything does whatever a command can do, and is then refused.
func everything(t *testing.T, p []purse.Actor, old ledger.TransferID) purse.Command {
	from, to := purse.WalletOf(p[0].User), purse.WalletOf(p[1].User)
	cause := ledger.Cause{Kind: ledger.CausePayment, ID: 4242}
	once := purse.Once{Principal: purse.Principal{ID: 4242}, Key: "refused", Fingerprint: "f"}
	return on(purse.Needs{
		Accounts: []ledger.AccountID{from, to}, Spent: []ledger.AccountID{from}, Users: []purse.UserID{p[0].User},
		Holds: []ledger.TransferID{old}, OpenHolds: []ledger.Cause{cause}, Tokens: []purse.TokenHash{p[0].Token},
		Once: []purse.OnceKey{{Principal: once.Principal, Key: once.Key}},
	}, func(f *purse.Facts) error {
		must := func(err error) {
			if err != nil {
				t.Errorf("the command could not do everything: %v", err)
			}
		}
		u := purse.User{ID: purse.UserID(f.NextID()), Book: purse.MainBook, Username: "refused", FirstName: "R"}
		f.Put(u)
		f.Put(purse.Account{Account: ledger.Account{ID: purse.WalletOf(u.ID), Currency: "USD"}, Kind: purse.Wallet})
		pay := purse.Payment{
			ID: purse.PaymentID(f.NextID()), Actor: p[0].User, Target: p[1].User, Minor: 1, Note: "refused",
			Audience: purse.Private, Medium: purse.MediumAPI, Status: purse.PaymentSettled, Completed: f.Now, Version: 1,
		}
		var err error
		pay.Transfer, err = f.Move(from, to, 1, pay.Cause())
		must(err)
		f.Put(pay)
		f.Emit(purse.PaymentCreated, pay)
		e := purse.Entry{ID: purse.EntryID(f.NextID()), Kind: purse.Issue, Wallet: p[0].User, Minor: 1}
		f.Put(e)
		_, err = f.Hold(from, to, 2, cause, f.Now.Add(time.Hour))
		must(err)
		_, err = f.Capture(old, 3)
		must(err)
		_, err = f.CountSpent(from, 5)
		must(err)
		must(f.Freeze(from, true))
		must(f.AdvanceClock(time.Hour))
		f.SetLimits(purse.Limits{PaymentMinor: 1, WeekMinor: 1})
		token, err := f.Token(p[0].Token)
		must(err)
		token.Revoked = f.Now
		f.Put(token)
		f.Put(purse.NewAction(f, "test", "refused", "", ""))
		f.Answer(once, purse.Answer{Status: 200, Body: "refused"})
		return errNo
	})
}

// oldHold makes a hold of ten in an earlier batch.
func oldHold(t *testing.T, s *server, p []purse.Actor) (id ledger.TransferID) {
	t.Helper()
	h := holder{purse.WalletOf(p[0].User), purse.WalletOf(p[1].User), ledger.Cause{Kind: ledger.CausePayment, ID: 1}}
	if err := s.Execute(t.Context(), h.hold(10, &id)); err != nil {
		t.Fatal(err)
	}
	return id
}

func testRefusedAlone(t *testing.T, s *server) {
	p := s.crowd(t, 2, 1000)
	c := everything(t, p, oldHold(t, s, p))
	before := s.digest(t)
	refused(t, s.Execute(t.Context(), c), codeNo)
	s.unchanged(t, before)
	for _, err := range s.together(t, c, c, c) {
		refused(t, err, codeNo)
	}
	s.unchanged(t, before)
}

func testRefusedAmongOthers(t *testing.T, s *server) {
	p := s.crowd(t, 2, 1000)
	old := oldHold(t, s, p)
	from, to := purse.WalletOf(p[0].User), purse.WalletOf(p[1].User)
	move := on(purse.Needs{Accounts: []ledger.AccountID{from, to}}, func(f *purse.Facts) error {
		if a, err := f.Account(from); err != nil || a.Frozen {
			t.Errorf("a command sees what a refused one did: %+v, %v", a, err)
		}
		if f.Book.Limits != purse.DefaultLimits {
			t.Errorf("a command sees a refused one's limits: %+v", f.Book.Limits)
		}
		_, err := f.Move(from, to, 100, ledger.Cause{Kind: ledger.CausePayment, ID: f.NextID()})
		return err
	})
	bad := everything(t, p, old)
	before := s.digest(t)
	errs := s.together(t, bad, move, bad, move, bad)
	for i, err := range errs {
		if i%2 == 1 && err != nil {
			t.Errorf("command %d: %v", i, err)
		} else if i%2 == 0 {
			refused(t, err, codeNo)
		}
	}
	s.unchanged(t, before, "heads", "batches", "accounts", "postings")
	s.has(t, p[0], 790) // 1000 less the old hold of 10 and twice 100
	s.has(t, p[1], 1200)
	b, err := s.Book(t.Context(), purse.MainBook)
	if err != nil || b.Limits != purse.DefaultLimits || b.ClockOffset != 0 {
		t.Errorf("the head keeps what a refused command did: %+v, %v", b, err)
	}
}

func testIDsAfterRefusal(t *testing.T, s *server) {
	var ids []int64
	draw := func(err error) purse.Command {
		return on(purse.Needs{}, func(f *purse.Facts) error {
			ids = append(ids, f.NextID(), f.NextID())
			f.Put(purse.NewAction(f, "test", "draw", "", ""))
			return err
		})
	}
	s.together(t, draw(nil), draw(errNo), draw(nil))
	if err := s.Execute(t.Context(), draw(nil)); err != nil {
		t.Fatal(err)
	}
	increasing(t, ids)
}

func increasing(t testing.TB, ids []int64) {
	t.Helper()
	for i := 1; i < len(ids); i++ {
		if ids[i] <= ids[i-1] {
			t.Errorf("identifier %d of %d is %d after %d", i, len(ids), ids[i], ids[i-1])
		}
	}
}

func testRefusalIsHandedOn(t *testing.T, s *server) {
	p := s.crowd(t, 2, 10)
	before := s.digest(t)
	_, err := s.pay(t.Context(), p[0], p[1], 11, "too much")
	refused(t, err, purse.CodeFunds)
	_, err = s.pay(t.Context(), p[0], p[0], 1, "to oneself")
	refused(t, err, purse.CodeSelf)
	_, err = s.pay(t.Context(), p[0], purse.Actor{User: 5}, 1, "to nobody")
	refused(t, err, purse.CodeTarget)
	_, err = s.pay(t.Context(), p[0], p[1], 0, "nothing")
	refused(t, err, purse.CodeAmount)
	s.unchanged(t, before)
}

func testOutcome(t *testing.T, s *server) {
	once := purse.Once{Principal: purse.Principal{ID: 5}, Key: "declined", Fingerprint: "f"}
	var answer purse.Answer
	decline := on(purse.Needs{Once: []purse.OnceKey{{Principal: once.Principal, Key: once.Key}}}, func(f *purse.Facts) error {
		a, repeated, err := f.Repeated(once)
		if !repeated && err == nil {
			f.Put(purse.NewAction(f, "test", "declined", "", ""))
			a = f.Answer(once, purse.Answer{Status: 402, Header: "X-A: 1\nX-B: 2", Body: "{\"status\":\"FAILED\", \"at\":" + decimal(f.NextID()) + "}\n"})
		}
		answer = a
		return err
	})
	if err := s.Execute(t.Context(), decline); err != nil {
		t.Fatal(err)
	}
	first, before := answer, s.digest(t)
	for range 3 {
		if err := s.Execute(t.Context(), decline); err != nil {
			t.Fatal(err)
		}
		if want := first; !answer.Replayed || answer.Status != 402 || answer.Body != want.Body || answer.Header != want.Header {
			t.Errorf("the repeated answer is %+v, the first %+v", answer, first)
		}
	}
	s.unchanged(t, before)
	if n := s.count(t, "actions where name = 'declined'"); n != 1 {
		t.Errorf("the declined thing is there %d times", n)
	}
}

// testChangedNouns changes rows that were there before. The store may refuse a
// change that it has no statement for, but must not acknowledge and forget it.
func testChangedNouns(t *testing.T, s *server) {
	p := s.crowd(t, 2, 100)
	s.mustPay(t, p[0], p[1], 1, "changed")
	payment, entry := s.number(t, "select max(id) from payments"), s.number(t, "select max(id) from entries")
	key := purse.OnceKey{Principal: p[0].Principal(), Key: "changed"}
	for name, change := range map[string]struct {
		needs  purse.Needs
		decide func(*purse.Facts) error
		stored string
	}{
		"User": {purse.Needs{Users: []purse.UserID{p[0].User}}, func(f *purse.Facts) error {
			u, err := f.User(p[0].User)
			u.About = "changed"
			f.Put(u)
			return err
		}, "users where about = 'changed'"},
		"Payment": {purse.Needs{Payments: []purse.PaymentID{purse.PaymentID(payment)}}, func(f *purse.Facts) error {
			v, err := f.Payment(purse.PaymentID(payment))
			v.Version = 7
			f.Put(v)
			return err
		}, "payments where version = 7"},
		"Entry": {purse.Needs{Entries: []purse.EntryID{purse.EntryID(entry)}}, func(f *purse.Facts) error {
			v, err := f.Entry(purse.EntryID(entry))
			v.Reason = "changed"
			f.Put(v)
			return err
		}, "entries where reason = 'changed'"},
		"TokenScopes": {purse.Needs{Tokens: []purse.TokenHash{p[0].Token}}, func(f *purse.Facts) error {
			v, err := f.Token(p[0].Token)
			v.Scopes = "access_feed"
			f.Put(v)
			return err
		}, "tokens where scopes = 'access_feed'"},
		"Answer": {purse.Needs{Once: []purse.OnceKey{key}}, func(f *purse.Facts) error {
			f.Answer(purse.Once{Principal: key.Principal, Key: key.Key}, purse.Answer{Status: 299})
			return nil
		}, "once where status = 299"},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.Execute(t.Context(), on(change.needs, change.decide))
			if n := s.count(t, change.stored); (err == nil) != (n == 1) {
				t.Errorf("the answer was %v, and %d rows are changed", err, n)
			}
		})
	}
}

func testPanic(t *testing.T, open Open) {
	s := start(t, open)
	p := s.crowd(t, 2, 1000)
	bad := everything(t, p, oldHold(t, s, p))
	decide := bad.Decide
	bad.Decide = func(f *purse.Facts) error {
		_ = decide(f)
		panic("a bug of ours")
	}
	t.Run("NothingOfItIsStored", func(t *testing.T) {
		before, panics := s.digest(t), s.Stats().Panics
		refused(t, s.Execute(t.Context(), bad), purse.CodeInternal)
		s.unchanged(t, before)
		if n := s.Stats().Panics - panics; n != 1 {
			t.Errorf("%d panics were counted", n)
		}
	})
	t.Run("TheOthersOfTheBatchGoOn", func(t *testing.T) {
		note := func(f *purse.Facts) error { f.Put(purse.NewAction(f, "test", "calm", "", "")); return nil }
		errs := s.together(t, on(purse.Needs{}, note), bad, on(purse.Needs{}, note), bad)
		refused(t, errs[1], purse.CodeInternal)
		refused(t, errs[3], purse.CodeInternal)
		succeed(t, []error{errs[0], errs[2]})
		if n := s.count(t, "actions where name in ('calm', 'refused')"); n != 2 {
			t.Errorf("%d of the two calm commands are stored", n)
		}
	})
	t.Run("WhatEndsTheGoroutineIsAnsweredToo", func(t *testing.T) {
		for _, thing := range []any{error(nil), errNo, 42, slices.Repeat([]byte("x"), 10)} {
			refused(t, s.Execute(t.Context(), on(purse.Needs{}, func(*purse.Facts) error { panic(thing) })), purse.CodeInternal)
		}
	})
}
