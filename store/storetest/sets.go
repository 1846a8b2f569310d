package storetest

import (
	"slices"
	"testing"
	"time"

	"purse"
	"purse/ledger"
)

func testSets(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("OpenHoldsFollowTheBatch", func(t *testing.T) { testOpenHolds(t, s) })
	t.Run("OpenHoldsAreBoundedAndInOrder", func(t *testing.T) { testManyOpenHolds(t, s) })
	t.Run("SpentOfTheWeekFollowsTheBatch", func(t *testing.T) { testSpent(t, s) })
	t.Run("SpentIsForgottenAfterAWeek", func(t *testing.T) { testSpentWeek(t, s) })
	t.Run("AUsernameIsTakenFromTheFirstOnInTheBatch", func(t *testing.T) { testUsernames(t, s) })
	t.Run("AKeyIsSpentFromTheFirstOnInTheBatch", func(t *testing.T) { testKeysInBatch(t, s) })
	t.Run("ATokenIsThereFromTheFirstOnInTheBatch", func(t *testing.T) { testTokensInBatch(t, s) })
	t.Run("RowsChangeTwiceInABatchAndAreStoredOnce", func(t *testing.T) { testChangedTwice(t, s) })
}

// holder makes commands about the holds of one cause.
type holder struct {
	from, to ledger.AccountID
	cause    ledger.Cause
}

func (h holder) needs() purse.Needs {
	return purse.Needs{Accounts: []ledger.AccountID{h.from, h.to}, OpenHolds: []ledger.Cause{h.cause}}
}

func (h holder) hold(minor int64, made *ledger.TransferID) purse.Command {
	return on(h.needs(), func(f *purse.Facts) error {
		held, err := f.Hold(h.from, h.to, minor, h.cause, f.Now.Add(time.Hour))
		*made = held.ID
		return err
	})
}

func (h holder) look(open *[]ledger.TransferID) purse.Command {
	return on(h.needs(), func(f *purse.Facts) error {
		held, err := f.OpenHolds(h.cause)
		var ids []ledger.TransferID
		for _, one := range held {
			ids = append(ids, one.ID)
		}
		*open = ids
		return err
	})
}

// end captures or releases a hold that the command could not have named before.
func (h holder) end(id *ledger.TransferID, minor int64) purse.Command {
	return on(h.needs(), func(f *purse.Facts) error {
		var err error
		if minor > 0 {
			_, err = f.Capture(*id, minor)
		} else {
			_, err = f.Release(*id)
		}
		return err
	})
}

func testOpenHolds(t *testing.T, s *server) {
	p := s.crowd(t, 2, 1000)
	h := holder{purse.WalletOf(p[0].User), purse.WalletOf(p[1].User), ledger.Cause{Kind: ledger.CausePayment, ID: int64(p[0].User)}}
	var old, young, never ledger.TransferID
	if err := s.Execute(t.Context(), h.hold(100, &old)); err != nil {
		t.Fatal(err)
	}
	refusedHold := on(h.needs(), func(f *purse.Facts) error {
		held, err := f.Hold(h.from, h.to, 5, h.cause, f.Now.Add(time.Hour))
		if err != nil {
			return err
		}
		never = held.ID
		return errNo
	})
	looks := make([][]ledger.TransferID, 6)
	errs := s.together(t,
		h.look(&looks[0]),
		h.hold(50, &young), h.look(&looks[1]),
		refusedHold, h.look(&looks[2]),
		h.end(&young, 20), h.look(&looks[3]),
		h.end(&old, 0), h.look(&looks[4]),
	)
	refused(t, errs[3], codeNo)
	succeed(t, slices.Delete(errs, 3, 4))
	if err := s.Execute(t.Context(), h.look(&looks[5])); err != nil {
		t.Fatal(err)
	}
	want := [][]ledger.TransferID{{old}, {old, young}, {old, young}, {old}, nil, nil}
	for i := range want {
		if !slices.Equal(looks[i], want[i]) {
			t.Errorf("look %d saw the open holds %v, want %v (refused: %d)", i, looks[i], want[i], never)
		}
	}
	s.has(t, p[0], 980)
	s.has(t, p[1], 1020)
}

func testManyOpenHolds(t *testing.T, s *server) {
	p := s.crowd(t, 2, 1000)
	h := holder{purse.WalletOf(p[0].User), purse.WalletOf(p[1].User), ledger.Cause{Kind: ledger.CausePayment, ID: int64(p[0].User)}}
	s.do(t, h.needs(), func(f *purse.Facts) error {
		for range purse.OpenHoldsMax + 20 {
			if _, err := f.Hold(h.from, h.to, 1, h.cause, f.Now.Add(time.Hour)); err != nil {
				return err
			}
		}
		return nil
	})
	var open []ledger.TransferID
	if err := s.Execute(t.Context(), h.look(&open)); err != nil {
		t.Fatal(err)
	}
	if len(open) != purse.OpenHoldsMax || !slices.IsSorted(open) {
		t.Errorf("%d open holds, sorted %v; want the first %d", len(open), slices.IsSorted(open), purse.OpenHoldsMax)
	}
	if n := s.count(t, "holds where state = 'open' and id <= "+decimal(open[len(open)-1])+" and cause = "+decimal(h.cause.ID)); n != purse.OpenHoldsMax {
		t.Errorf("they are not the first: %d", n)
	}
}

func testSpent(t *testing.T, s *server) {
	p := s.crowd(t, 1, 0)
	account := purse.WalletOf(p[0].User)
	needs := purse.Needs{Spent: []ledger.AccountID{account}}
	count := func(minor int64, refuse bool) purse.Command {
		return on(needs, func(f *purse.Facts) error {
			if _, err := f.CountSpent(account, minor); err != nil {
				return err
			}
			if refuse {
				return errNo
			}
			return nil
		})
	}
	look := func(into *int64) purse.Command {
		return on(needs, func(f *purse.Facts) (err error) {
			*into, err = f.SpentThisWeek(account)
			return err
		})
	}
	if err := s.Execute(t.Context(), count(100, false)); err != nil {
		t.Fatal(err)
	}
	var saw [4]int64
	errs := s.together(t, look(&saw[0]), count(20, false), look(&saw[1]), count(500, true), look(&saw[2]), count(3, false))
	refused(t, errs[3], codeNo)
	succeed(t, slices.Delete(errs, 3, 4))
	if err := s.Execute(t.Context(), look(&saw[3])); err != nil {
		t.Fatal(err)
	}
	if want := [4]int64{100, 120, 120, 123}; saw != want {
		t.Errorf("spent was seen as %v, want %v", saw, want)
	}
	if n := s.number(t, "select spent from accounts where id = "+decimal(account)); n != 123 {
		t.Errorf("%d is stored", n)
	}
}

func testSpentWeek(t *testing.T, s *server) {
	p := s.crowd(t, 2, 1000)
	account := purse.WalletOf(p[0].User)
	spent := func() (minor int64) {
		s.do(t, purse.Needs{Spent: []ledger.AccountID{account}}, func(f *purse.Facts) (err error) {
			minor, err = f.SpentThisWeek(account)
			return err
		})
		return minor
	}
	for _, step := range []struct {
		by        time.Duration
		pay, want int64
	}{
		{0, 40, 40}, {time.Hour, 0, 40}, {0, 5, 45}, {0, 6, 51},
		{166 * time.Hour, 0, 51}, {0, 7, 58}, {time.Hour, 0, 18}, {0, 8, 26}, {time.Hour, 0, 15}, {1000 * time.Hour, 0, 0}, {0, 9, 9},
	} {
		s.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(step.by) })
		if step.pay > 0 {
			s.mustPay(t, p[0], p[1], step.pay, "")
		}
		if got := spent(); got != step.want {
			t.Errorf("after another %s and %d it has spent %d, want %d", step.by, step.pay, got, step.want)
		}
	}
	if n := s.count(t, "spent where account = "+decimal(account)); n != 4 {
		t.Errorf("%d hours have a row, want the four before the last", n)
	}
}

func testUsernames(t *testing.T, s *server) {
	create := func(name string, refuse bool) purse.Command {
		folded, err := purse.Username(name)
		if err != nil {
			t.Fatal(err)
		}
		return on(purse.Needs{Usernames: []string{folded}}, func(f *purse.Facts) error {
			if _, err := f.UserNamed(folded); err == nil {
				return purse.Refuse(purse.CodeTaken, "taken")
			} else if purse.CodeOf(err) != purse.CodeNotFound {
				return err
			}
			f.Put(purse.User{ID: purse.UserID(f.NextID()), Book: purse.MainBook, Username: name, FirstName: "U"})
			if refuse {
				return errNo
			}
			return nil
		})
	}
	errs := s.together(t, create("Carla", true), create("carla", false), create("CARLA", false), create("dora", false))
	refused(t, errs[0], codeNo)
	refused(t, errs[2], purse.CodeTaken)
	succeed(t, []error{errs[1], errs[3]})
	refused(t, s.Execute(t.Context(), create("cArla", false)), purse.CodeTaken)
	if n := s.count(t, "users where folded = 'carla'"); n != 1 {
		t.Errorf("%d people are called carla", n)
	}
}

func testKeysInBatch(t *testing.T, s *server) {
	once := purse.Once{Principal: purse.Principal{ID: 77}, Key: "twin", Fingerprint: "f"}
	needs := purse.Needs{Once: []purse.OnceKey{{Principal: once.Principal, Key: once.Key}}}
	effects := 0
	answers := make([]purse.Answer, 3)
	answer := func(i int, refuse bool) purse.Command {
		return on(needs, func(f *purse.Facts) error {
			a, repeated, err := f.Repeated(once)
			if err == nil && !repeated {
				a = f.Answer(once, purse.Answer{Status: 201, Header: "X: y", Body: "body of " + decimal(i)})
				f.Put(purse.NewAction(f, "test", "twin", "", ""))
			}
			if refuse {
				return errNo
			}
			if !repeated {
				effects++
			}
			answers[i] = a
			return err
		})
	}
	errs := s.together(t, answer(0, true), answer(1, false), answer(2, false))
	refused(t, errs[0], codeNo)
	succeed(t, errs[1:])
	want := purse.Answer{Status: 201, Header: "X: y", Body: "body of 1"}
	if answers[1] != want {
		t.Errorf("the first answer is %+v", answers[1])
	}
	if want.Replayed = true; answers[2] != want {
		t.Errorf("its twin's answer is %+v, want %+v", answers[2], want)
	}
	if n := s.count(t, "actions where name = 'twin'"); n != 1 || effects != 1 {
		t.Errorf("%d effects, %d rows", effects, n)
	}
}

func testTokensInBatch(t *testing.T, s *server) {
	p := s.crowd(t, 1, 0)
	hash := purse.TokenHash("made in this batch")
	needs := purse.Needs{Tokens: []purse.TokenHash{hash}}
	var saw purse.Token
	succeed(t, s.together(t,
		purse.Command{Book: purse.Directory, Needs: needs, Decide: func(f *purse.Facts) error {
			f.Put(purse.Token{Hash: hash, ID: 5, User: p[0].User, Book: purse.MainBook, Scopes: "make_payments"})
			return nil
		}},
		purse.Command{Book: purse.Directory, Needs: needs, Decide: func(f *purse.Facts) error {
			token, err := f.Token(hash)
			token.Revoked = f.Now
			f.Put(token)
			return err
		}},
		purse.Command{Book: purse.Directory, Needs: needs, Decide: func(f *purse.Facts) (err error) {
			saw, err = f.Token(hash)
			return err
		}},
	))
	stored, _, err := s.Token(t.Context(), hash)
	if err != nil || stored != saw || saw.Revoked == 0 || saw.User != p[0].User {
		t.Errorf("seen %+v, stored %+v, %v", saw, stored, err)
	}
}

func testChangedTwice(t *testing.T, s *server) {
	p := s.crowd(t, 2, 100)
	commands := make([]purse.Command, 40)
	for i := range commands {
		from, to := purse.WalletOf(p[i%2].User), purse.WalletOf(p[1-i%2].User)
		commands[i] = on(purse.Needs{Accounts: []ledger.AccountID{from, to}}, func(f *purse.Facts) error {
			_, err := f.Move(from, to, 100, ledger.Cause{Kind: ledger.CausePayment, ID: f.NextID()})
			return err
		})
	}
	// In turn each gives the other all it has, and after the second more than
	// it had in the beginning: it works only on top of the commands before.
	succeed(t, s.together(t, commands...))
	s.has(t, p[0], 100)
	s.balanced(t)
}
