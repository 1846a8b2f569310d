package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/store"
)

func testTransient(t *testing.T, open Open) {
	s := start(t, open)
	for _, fault := range []struct {
		point string
		err   error
	}{
		{"before load", store.ErrTransient}, {"after load", store.ErrTransient}, {"before commit", store.ErrTransient},
		{"before load", store.ErrLost}, {"after load", store.ErrLost},
		{"before load", context.DeadlineExceeded}, {"after load", context.DeadlineExceeded},
	} {
		t.Run(fmt.Sprintf("%s/%v", fault.point, fault.err), func(t *testing.T) {
			t.Run("IsGoneAfterARetry", func(t *testing.T) { testPassing(t, s, fault.point, fault.err) })
			t.Run("IsBusyWhenItNeverEnds", func(t *testing.T) { testNeverEnding(t, s, fault.point, fault.err) })
		})
	}
	t.Run("EveryCommandOfTheBatchIsThereOnce", func(t *testing.T) { testPassingBatch(t, s) })
	t.Run("ACallerWithMoreTimeIsServedAfterOneWithLess", func(t *testing.T) { testMixedDeadlines(t, s) })
}

func testPassing(t *testing.T, s *server, point string, err error) {
	p := s.crowd(t, 2, 100)
	retries := s.Stats().Retries
	s.faults(t, times(3, point, err))
	first := s.mustPay(t, p[0], p[1], 10, "k")
	if n := s.Stats().Retries - retries; n != 3 {
		t.Errorf("%d retries were counted, want 3", n)
	}
	sameAnswer(t, first, s.mustPay(t, p[0], p[1], 10, "k"))
	s.has(t, p[0], 90)
	_, err = s.pay(t.Context(), p[0], p[1], 91, "too much")
	refused(t, err, purse.CodeFunds)
}

func testNeverEnding(t *testing.T, s *server, point string, err error) {
	p := s.crowd(t, 2, 100)
	before := s.digest(t)
	s.faults(t, always(point, err))
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = s.pay(ctx, p[0], p[1], 10, "k")
	refused(t, err, purse.CodeBusy)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the answer came only after %s", took)
	}
	s.fault.Store(nil)
	s.do(t, purse.Needs{}, func(*purse.Facts) error { return nil }) // whatever was under way is over
	s.unchanged(t, before)
	s.mustPay(t, p[0], p[1], 10, "k")
	s.has(t, p[0], 90)
}

func testPassingBatch(t *testing.T, s *server) {
	free := s.busy(t, purse.MainBook)
	runs := [6]int{}
	var waiting []*pending
	for i := range runs {
		waiting = append(waiting, s.queue(t, t.Context(), on(purse.Needs{}, func(f *purse.Facts) error {
			runs[i]++
			f.Put(purse.NewAction(f, "test", "again", decimal(i), ""))
			if i == 3 {
				return errNo
			}
			return nil
		})))
	}
	s.faults(t, all(times(1, "before commit", store.ErrTransient), times(2, "after load", store.ErrTransient)))
	free()
	for i, p := range waiting {
		if err := p.wait(t); i == 3 {
			refused(t, err, codeNo)
		} else if err != nil {
			t.Errorf("command %d: %v", i, err)
		}
	}
	if n := s.count(t, "actions where name = 'again'"); n != 5 || runs[0] != 2 {
		t.Errorf("%d rows after %d runs, want 5 after 2", n, runs[0])
	}
}

func testMixedDeadlines(t *testing.T, s *server) {
	free := s.busy(t, purse.MainBook)
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	act := func(name string) purse.Command {
		return on(purse.Needs{}, func(f *purse.Facts) error {
			f.Put(purse.NewAction(f, "test", name, "", ""))
			return nil
		})
	}
	hasty, patient := s.queue(t, short, act("hasty")), s.queue(t, t.Context(), act("patient"))
	s.faults(t, func(point string) error {
		if point == "before commit" && short.Err() == nil {
			return store.ErrTransient
		}
		return nil
	})
	free()
	refused(t, hasty.wait(t), purse.CodeBusy)
	if err := patient.wait(t); err != nil {
		t.Error(err)
	}
	if got := s.texts(t, "select name from actions where name in ('hasty', 'patient')"); len(got) != 1 || got[0] != "patient" {
		t.Errorf("stored: %v", got)
	}
}

func testHalving(t *testing.T, open Open) {
	s := start(t, open)
	p := s.crowd(t, 1, 100)
	loaded, notLoaded := purse.Needs{Users: []purse.UserID{p[0].User}}, purse.Needs{}
	taken := ""
	s.do(t, loaded, func(f *purse.Facts) error {
		u, err := f.User(p[0].User)
		taken = strings.ToUpper(u.Username)
		return err
	})
	culprits := map[string]func(f *purse.Facts){
		"ARowThatIsThereAlready": func(f *purse.Facts) {
			f.Put(purse.User{ID: p[0].User, Book: purse.MainBook, Username: "double" + decimal(f.NextID())[10:], FirstName: "D"})
		},
		"AUniqueKeyOfSomebodyElse": func(f *purse.Facts) {
			f.Put(purse.User{ID: purse.UserID(f.NextID()), Book: purse.MainBook, Username: taken, FirstName: "D"})
		},
		"ARowThatBreaksTheSchema": func(f *purse.Facts) {
			f.Put(purse.Entry{ID: purse.EntryID(f.NextID()), Kind: "gift", Wallet: p[0].User, Minor: 1})
		},
		"AnAmountThatBreaksTheSchema": func(f *purse.Facts) {
			f.Put(purse.Entry{ID: purse.EntryID(f.NextID()), Kind: purse.Issue, Wallet: p[0].User, Minor: 0})
		},
	}
	if s.postgres() {
		culprits["TextThatTheDatabaseRefuses"] = func(f *purse.Facts) { f.Put(purse.NewAction(f, "test", "a\x00b", "", "")) }
		culprits["TextThatIsNotUTF8"] = func(f *purse.Facts) { f.Put(purse.NewAction(f, "test", "a\xff", "", "")) }
	}
	for name, spoil := range culprits {
		t.Run(name, func(t *testing.T) {
			bad := on(notLoaded, func(f *purse.Facts) error { spoil(f); return nil })
			t.Run("AloneIsRefused", func(t *testing.T) {
				before := s.digest(t)
				refused(t, s.Execute(t.Context(), bad), purse.CodeInternal)
				s.unchanged(t, before)
			})
			t.Run("TheOthersCommit", func(t *testing.T) { testCulpritAmongOthers(t, s, bad) })
		})
	}
}

func testCulpritAmongOthers(t *testing.T, s *server, bad purse.Command) {
	const n = 13
	halvings := s.Stats().Halvings
	before := s.count(t, "actions where name = 'innocent'")
	for _, culprit := range []int{0, 5, n - 1} {
		commands := make([]purse.Command, n)
		for i := range commands {
			commands[i] = on(purse.Needs{}, func(f *purse.Facts) error {
				f.Put(purse.NewAction(f, "test", "innocent", "", ""))
				return nil
			})
		}
		commands[culprit] = bad
		for i, err := range s.together(t, commands...) {
			if i == culprit {
				refused(t, err, purse.CodeInternal)
			} else if err != nil {
				t.Errorf("command %d beside the culprit %d: %v", i, culprit, err)
			}
		}
	}
	if got := s.count(t, "actions where name = 'innocent'") - before; got != 3*(n-1) {
		t.Errorf("%d of %d innocent commands are stored", got, 3*(n-1))
	}
	if s.Stats().Halvings == halvings {
		t.Error("no halving was counted")
	}
}

func testUnknown(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("ACommitThatHappenedIsASuccess", func(t *testing.T) {
		testLostCommit(t, s, 1, times(1, "after commit", store.ErrLost))
	})
	t.Run("ACommitThatDidNotHappenRunsAgain", func(t *testing.T) {
		testLostCommit(t, s, 2, times(1, "before commit", store.ErrLost))
	})
	t.Run("ItIsLookedForUntilItIsFound", func(t *testing.T) {
		for _, point := range []string{"before lookup", "after lookup"} {
			for _, fault := range []error{store.ErrTransient, store.ErrLost} {
				testLostCommit(t, s, 1, all(times(1, "after commit", store.ErrLost), times(3, point, fault)))
				testLostCommit(t, s, 2, all(times(1, "before commit", store.ErrLost), times(3, point, fault)))
			}
		}
	})
	t.Run("LostTimeAndAgain", func(t *testing.T) {
		testLostCommit(t, s, 4, all(times(3, "before commit", store.ErrLost), times(1, "after commit", store.ErrLost)))
	})
	t.Run("AnExchangeThatEndedByItsTimeIsALostOne", func(t *testing.T) {
		testLostCommit(t, s, 1, times(1, "after commit", context.DeadlineExceeded))
		testLostCommit(t, s, 2, times(1, "before commit", context.DeadlineExceeded))
	})
	t.Run("NotFoundOutInTimeIsUnknown", func(t *testing.T) { testNeverFoundOut(t, s) })
}

// testLostCommit runs a batch of three whose commit is in doubt: each has its
// effect once, and ran as often as is told.
func testLostCommit(t *testing.T, s *server, runs int, hook func(string) error) {
	t.Helper()
	before, stats := s.count(t, "actions where name = 'doubt'"), s.Stats()
	free := s.busy(t, purse.MainBook)
	ran := [3]int{}
	var waiting []*pending
	for i := range ran {
		waiting = append(waiting, s.queue(t, t.Context(), on(purse.Needs{}, func(f *purse.Facts) error {
			ran[i]++
			f.Put(purse.NewAction(f, "test", "doubt", "", ""))
			return nil
		})))
	}
	s.faults(t, hook)
	free()
	for _, p := range waiting {
		if err := p.wait(t); err != nil {
			t.Error(err)
		}
	}
	s.fault.Store(nil)
	if n := s.count(t, "actions where name = 'doubt'") - before; n != 3 || ran[0] != runs {
		t.Errorf("three commands had %d effects in %d runs, want %d runs", n, ran[0], runs)
	}
	if s.Stats().Unknown == stats.Unknown {
		t.Error("it was not counted as unknown")
	}
}

func testNeverFoundOut(t *testing.T, s *server) {
	for _, point := range []string{"before commit", "after commit"} {
		p := s.crowd(t, 2, 100)
		s.faults(t, all(times(1, point, store.ErrLost), always("before lookup", store.ErrTransient)))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err := s.pay(ctx, p[0], p[1], 10, "k")
		cancel()
		refused(t, err, purse.CodeUnknown)
		s.fault.Store(nil)
		// The caller asks again with the key: there is one effect in both cases.
		a := s.mustPay(t, p[0], p[1], 10, "k")
		if happened := point == "after commit"; a.Replayed != happened {
			t.Errorf("lost %s: replayed %v, want %v", point, a.Replayed, happened)
		}
		s.has(t, p[0], 90)
	}
}

func testDisk(t *testing.T, open Open) {
	for _, fault := range []struct {
		point string
		paid  int64
	}{{"before load", 0}, {"after load", 0}, {"before commit", 0}, {"after commit", 10}} {
		t.Run(strings.ReplaceAll(fault.point, " ", "_"), func(t *testing.T) { testBrokenDisk(t, open, fault.point, fault.paid) })
	}
}

func testBrokenDisk(t *testing.T, open Open, point string, paid int64) {
	s := start(t, open)
	p := s.crowd(t, 2, 100)
	select {
	case <-s.Broken():
		t.Fatal("it is broken before anything went wrong")
	default:
	}
	s.faults(t, times(1, point, store.ErrDisk))
	_, err := s.pay(t.Context(), p[0], p[1], 10, "k")
	refused(t, err, purse.CodeUnknown)
	wait(t, s.Broken(), "the store to say that it is broken")
	before := s.digest(t)
	ran := false
	for _, book := range []purse.BookID{purse.MainBook, purse.Directory} {
		err := s.Execute(t.Context(), purse.Command{Book: book, Decide: func(f *purse.Facts) error {
			ran = true
			f.Put(purse.NewAction(f, "test", "after", "", ""))
			return nil
		}})
		if err == nil || ran {
			t.Errorf("a broken store still writes to book %d: %v", book, err)
		}
	}
	s.unchanged(t, before)
	s.Close()
	s = s.network.serve(t)
	s.has(t, p[0], 100-paid)
	if a := s.mustPay(t, p[0], p[1], 10, "k"); a.Replayed != (paid > 0) {
		t.Errorf("asked again after the restart: %+v", a)
	}
	s.has(t, p[0], 90)
}
