package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"purse"
)

func testClock(t *testing.T, open Open) {
	t.Run("BookTimeNeverRunsBack", func(t *testing.T) { testClockBack(t, start(t, open), nil) })
	t.Run("BookTimeNeverRunsBackForRefusedCommands", func(t *testing.T) { testClockBack(t, start(t, open), errNo) })
	t.Run("BookTimeNeverRunsBackOverARestart", func(t *testing.T) { testClockBackOverRestart(t, open) })
	t.Run("AnIdentifierTellsItsMoment", func(t *testing.T) { testMoments(t, start(t, open)) })
	t.Run("OnlyASandboxMovesItsClock", func(t *testing.T) { testAdvance(t, start(t, open)) })
}

// look is a command that sees the book's time, and draws two identifiers.
func (s *server) look(t testing.TB, err error) (now purse.Time, ids []int64) {
	t.Helper()
	got := s.Execute(t.Context(), on(purse.Needs{}, func(f *purse.Facts) error {
		now, ids = f.Now, []int64{f.NextID(), f.NextID()}
		f.Put(purse.NewAction(f, "test", "look", "", ""))
		return err
	}))
	if !errors.Is(got, err) {
		t.Fatalf("%v, want %v", got, err)
	}
	return now, ids
}

// testClockBack sends the clock to and fro. A refusal is an answer too: what was
// refused because it had expired must not be in time a moment later.
func testClockBack(t *testing.T, s *server, refusal error) {
	var last purse.Time
	var drawn []int64
	for _, skew := range []time.Duration{0, -time.Hour, time.Hour, -time.Minute, 25 * time.Hour, 0, -100 * time.Hour} {
		s.skew.Store(int64(skew))
		for range 3 {
			now, ids := s.look(t, refusal)
			if now <= last && refusal == nil || now < last {
				t.Errorf("with the clock moved by %s book time went from %s to %s", skew, last.UTC(), now.UTC())
			}
			if last = now; refusal == nil {
				drawn = append(drawn, ids...)
			}
		}
	}
	increasing(t, drawn)
}

func testClockBackOverRestart(t *testing.T, open Open) {
	n := found(t, open, purse.Sandbox)
	s := n.serve(t)
	s.skew.Store(int64(time.Hour))
	last, ids := s.look(t, nil)
	s.Close()
	s = n.serve(t)
	now, more := s.look(t, nil)
	if now <= last {
		t.Errorf("book time went from %s to %s", last.UTC(), now.UTC())
	}
	increasing(t, append(ids, more...))
}

func testMoments(t *testing.T, s *server) {
	_, ids := s.look(t, nil)
	if off := time.Since(purse.Created(ids[0]).UTC()).Abs(); off > time.Minute {
		t.Errorf("an identifier of now says %s", purse.Created(ids[0]).UTC())
	}
	if book := ids[0] & 1023; book != int64(purse.MainBook) {
		t.Errorf("it says that it is from book %d", book)
	}
	if last := purse.Time(s.number(t, "select last from heads where book = 1")); last < purse.Created(ids[1]) {
		t.Errorf("the head stands at %s, before an identifier of %s", last.UTC(), purse.Created(ids[1]).UTC())
	}
}

func testAdvance(t *testing.T, s *server) {
	p := s.crowd(t, 1, 0)
	before, _ := s.look(t, nil)
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		if f.Now.Add(-time.Minute) > before {
			t.Errorf("the clock moves in the batch that moves it")
		}
		refused(t, f.AdvanceClock(-time.Second), purse.CodeInvalid)
		return f.AdvanceClock(48 * time.Hour)
	})
	after, _ := s.look(t, nil)
	if moved := after.UTC().Sub(before.UTC()); moved < 48*time.Hour || moved > 48*time.Hour+time.Minute {
		t.Errorf("the clock moved by %s", moved)
	}
	// Plain reads go by the same clock.
	_, at, err := s.Token(t.Context(), p[0].Token)
	if off := at.UTC().Sub(after.UTC()).Abs(); err != nil || off > time.Minute {
		t.Errorf("reads are %s off the book, %v", off, err)
	}
}

func testLiveClock(t *testing.T, open Open) {
	s := found(t, open, purse.Live).serve(t)
	t.Run("ALiveClockCannotBeMoved", func(t *testing.T) {
		s.do(t, purse.Needs{}, func(f *purse.Facts) error {
			refused(t, f.AdvanceClock(time.Second), purse.CodeInvalid)
			return nil
		})
		if n := s.number(t, "select clock_offset from heads where book = 1"); n != 0 {
			t.Errorf("it was moved by %d", n)
		}
	})
	for _, jump := range []struct {
		name string
		by   time.Duration
	}{{"Forward", 70 * time.Second}, {"Back", -70 * time.Second}, {"Far", 400 * 24 * time.Hour}} {
		t.Run("AJumpStopsWritesUntilItIsAccepted/"+jump.name, func(t *testing.T) { testJump(t, s, jump.by) })
	}
	t.Run("ASmallJumpDoesNot", func(t *testing.T) {
		s.look(t, nil)
		s.skew.Add(int64(50 * time.Second))
		s.look(t, nil)
		s.skew.Add(-int64(50 * time.Second))
		s.look(t, nil)
	})
	t.Run("AJumpThatGoesAwayIsForgotten", func(t *testing.T) {
		s.look(t, nil)
		s.skew.Add(int64(time.Hour))
		refused(t, s.Execute(t.Context(), on(purse.Needs{}, nothing)), purse.CodeClockJumped)
		s.skew.Add(-int64(time.Hour))
		s.look(t, nil)
	})
}

func nothing(*purse.Facts) error { return nil }

func testJump(t *testing.T, s *server, by time.Duration) {
	last, ids := s.look(t, nil)
	before := s.digest(t)
	s.skew.Add(int64(by))
	ran := false
	for range 3 {
		began := time.Now()
		err := s.Execute(t.Context(), on(purse.Needs{}, func(f *purse.Facts) error {
			ran = true
			f.Put(purse.NewAction(f, "test", "jumped", "", ""))
			return nil
		}))
		refused(t, err, purse.CodeClockJumped)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it was refused only after %s", took)
		}
	}
	if ran {
		t.Error("a command decided by a clock that is not trusted")
	}
	s.unchanged(t, before)
	if _, err := s.Account(context.Background(), purse.MainBook, purse.TreasuryAccount); err != nil {
		t.Errorf("reads go on: %v", err)
	}
	s.AcceptClock()
	now, more := s.look(t, nil)
	if now <= last {
		t.Errorf("book time went from %s to %s", last.UTC(), now.UTC())
	}
	increasing(t, append(ids, more...))
}
