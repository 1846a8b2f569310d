package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"purse"
)

func testBounds(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("APrincipalHas64Places", func(t *testing.T) { testPrincipalPlaces(t, s) })
	t.Run("ThePlacesAreGivenBack", func(t *testing.T) { testPlacesGivenBack(t, s) })
	t.Run("TheQueueIsBoundedAndBatchesHaveAtMost512", func(t *testing.T) { testQueueBound(t, s) })
	t.Run("ABatchHandsOutFewIdentifiers", func(t *testing.T) { testIdentifiersBound(t, s) })
	t.Run("ACancelledCommandThatHasNotStartedNeverRuns", func(t *testing.T) { testCancelled(t, s) })
	t.Run("ACommandPastItsDeadlineNeverRuns", func(t *testing.T) { testPastDeadline(t, s) })
	t.Run("AStartedCommandIsWaitedFor", func(t *testing.T) { testStartedIsWaitedFor(t, s) })
	t.Run("AClosedStoreTakesNothingMoreAndFinishesWhatWaits", func(t *testing.T) { testClosing(t, open) })
}

// count makes commands that count how often they ran.
func count(who purse.Principal, ran *int) purse.Command {
	return purse.Command{Book: purse.MainBook, Principal: who, Decide: func(f *purse.Facts) error {
		*ran++
		f.Put(purse.NewAction(f, "test", "count", "", ""))
		return nil
	}}
}

// atOnce checks that a command is answered while the writer is busy.
func atOnce(t testing.TB, p *pending, code purse.Code) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.done:
		refused(t, p.err, code)
	case <-late.C:
		t.Fatal("it was not answered at once")
	}
}

func testPrincipalPlaces(t *testing.T, s *server) {
	const places = 64
	one, other, sameInApp := purse.Principal{ID: 7}, purse.Principal{ID: 8}, purse.Principal{ID: 7, App: 1}
	free := s.busy(t, purse.MainBook)
	ran, waiting := 0, []*pending{}
	for range places {
		waiting = append(waiting, s.queue(t, t.Context(), count(one, &ran)))
	}
	for range 3 {
		atOnce(t, s.queue(t, t.Context(), count(one, &ran)), purse.CodeBusy)
	}
	for _, who := range []purse.Principal{other, sameInApp, {}} {
		waiting = append(waiting, s.queue(t, t.Context(), count(who, &ran)))
	}
	free()
	for _, p := range waiting {
		if err := p.wait(t); err != nil {
			t.Error(err)
		}
	}
	if ran != places+3 {
		t.Errorf("%d commands ran, want %d", ran, places+3)
	}
}

func testPlacesGivenBack(t *testing.T, s *server) {
	who := purse.Principal{ID: 70}
	for range 3 { // by commands that are done, refused, cancelled
		free := s.busy(t, purse.MainBook)
		ctx, cancel := context.WithCancel(t.Context())
		ran, waiting := 0, []*pending{}
		for i := range 64 {
			c := count(who, &ran)
			if i%2 == 0 {
				c.Decide = func(*purse.Facts) error { return errNo }
			}
			waiting = append(waiting, s.queue(t, ctx, c))
		}
		atOnce(t, s.queue(t, ctx, count(who, &ran)), purse.CodeBusy)
		cancel()
		for _, p := range waiting {
			atOnce(t, p, purse.CodeBusy)
		}
		again := s.queue(t, t.Context(), count(who, &ran))
		free()
		if err := again.wait(t); err != nil || ran != 1 {
			t.Errorf("a place was not given back: %v, %d ran", err, ran)
		}
	}
}

func testQueueBound(t *testing.T, s *server) {
	const batch, sane = 512, 20_000
	free := s.busy(t, purse.MainBook)
	ran, waiting, full := 0, []*pending{}, false
	for !full && len(waiting) < sane {
		p := s.queue(t, t.Context(), count(purse.Principal{}, &ran))
		select {
		case <-p.done:
			refused(t, p.err, purse.CodeBusy)
			full = true
		default:
			waiting = append(waiting, p)
		}
	}
	if !full {
		t.Errorf("the queue takes %d commands and more", len(waiting))
	}
	if len(waiting) < batch {
		t.Errorf("the queue is full with only %d commands", len(waiting))
	}
	free()
	sizes := map[int64]int{}
	for _, p := range waiting {
		if err := p.wait(t); err != nil {
			t.Fatal(err)
		}
		sizes[p.now.Load()]++
	}
	for _, size := range sizes {
		if size > batch {
			t.Errorf("a batch had %d commands", size)
		}
	}
	if ran != len(waiting) {
		t.Errorf("%d of %d commands ran", ran, len(waiting))
	}
	if err := s.Execute(t.Context(), count(purse.Principal{}, &ran)); err != nil {
		t.Errorf("the queue stays full: %v", err)
	}
}

// testIdentifiersBound: an identifier says about when its command decided, however
// many others that drew many shared its batch (see batchSpan of package audit).
func testIdentifiersBound(t *testing.T, s *server) {
	const commands, each = 100, 300
	free := s.busy(t, purse.MainBook)
	waiting, drawn, runs := make([]*pending, commands), make([][]int64, commands), make([]int, commands)
	for i := range commands {
		waiting[i] = s.queue(t, t.Context(), on(purse.Needs{}, func(f *purse.Facts) error {
			runs[i]++
			drawn[i] = nil
			for range each {
				drawn[i] = append(drawn[i], f.NextID())
			}
			if i%2 == 0 {
				return errNo // they are used nevertheless
			}
			f.Put(purse.NewAction(f, "test", "draw", "", ""))
			return nil
		}))
	}
	before := s.Stats().Batches
	free()
	for i, p := range waiting {
		if err := p.wait(t); (err != nil) != (i%2 == 0) || runs[i] != 1 {
			t.Errorf("command %d: %v, ran %d times", i, err, runs[i])
		}
		last := purse.Time(drawn[i][each-1]>>10) + purse.Epoch
		if span := last - purse.Time(p.now.Load()); span < 0 || span >= 20_000 {
			t.Errorf("command %d: its last identifier is %d microseconds later than it", i, span)
		}
	}
	increasing(t, slices.Concat(drawn...))
	if batches := s.Stats().Batches - before; batches > 5 { // one of them kept the book busy
		t.Errorf("%d batches", batches)
	}
}

func testCancelled(t *testing.T, s *server) {
	free := s.busy(t, purse.MainBook)
	ctx, cancel := context.WithCancel(t.Context())
	never, ran := 0, 0
	cancelled := s.queue(t, ctx, count(purse.Principal{ID: 3}, &never))
	other := s.queue(t, t.Context(), count(purse.Principal{ID: 3}, &ran))
	cancel()
	atOnce(t, cancelled, purse.CodeBusy)
	free()
	if err := other.wait(t); err != nil || ran != 1 || never != 0 {
		t.Errorf("%v; the cancelled command ran %d times, the other %d", err, never, ran)
	}
}

func testPastDeadline(t *testing.T, s *server) {
	free := s.busy(t, purse.MainBook)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	never := 0
	atOnce(t, s.queue(t, ctx, count(purse.Principal{}, &never)), purse.CodeBusy)
	free()
	s.do(t, purse.Needs{}, func(*purse.Facts) error { return nil })
	if never != 0 {
		t.Error("it ran after its caller was told that it did not")
	}
}

// testStartedIsWaitedFor: the answer to a command that has started is the truth,
// even if its caller has gone meanwhile.
func testStartedIsWaitedFor(t *testing.T, s *server) {
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Execute(ctx, on(purse.Needs{}, func(f *purse.Facts) error {
		cancel()
		f.Put(purse.NewAction(f, "test", "started", "", ""))
		return nil
	}))
	if n := s.count(t, "actions where name = 'started'"); err != nil || n != 1 {
		t.Errorf("%v, and %d rows", err, n)
	}
}

func testClosing(t *testing.T, open Open) {
	s := start(t, open)
	free := s.busy(t, purse.MainBook)
	ran, waiting := 0, []*pending{}
	for range 20 {
		waiting = append(waiting, s.queue(t, context.Background(), count(purse.Principal{}, &ran)))
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.Close()
	}()
	eventually(t, "the store to take nothing more", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		return s.Execute(ctx, on(purse.Needs{}, nothing)) != nil && ctx.Err() == nil
	})
	free()
	for _, p := range waiting {
		if err := p.wait(t); err != nil {
			t.Error(err)
		}
	}
	wait(t, closed, "the store to close")
	refused(t, s.Execute(t.Context(), count(purse.Principal{}, &ran)), purse.CodeBusy)
	if ran != 20 {
		t.Errorf("%d of 20 waiting commands were finished", ran)
	}
}
