package storetest

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purse"
)

// busy keeps a book's writer inside a batch until free is called, so that
// commands gather behind it and come into one batch.
func (s *server) busy(t testing.TB, book purse.BookID) (free func()) {
	t.Helper()
	entered, gate := make(chan struct{}), make(chan struct{})
	enter, leave := sync.OnceFunc(func() { close(entered) }), sync.OnceFunc(func() { close(gate) })
	done := make(chan error, 1)
	go func() {
		done <- s.Execute(context.Background(), purse.Command{Book: book, Decide: func(*purse.Facts) error {
			enter()
			<-gate
			return nil
		}})
	}()
	t.Cleanup(leave) // also when the test gives up early
	wait(t, entered, "the writer to begin a batch")
	return func() {
		t.Helper()
		leave()
		if err := <-done; err != nil {
			t.Errorf("the command that kept the writer busy: %v", err)
		}
	}
}

// wait waits until a channel is closed.
func wait(t testing.TB, c <-chan struct{}, what string) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-c:
	case <-late.C:
		t.Fatalf("waited too long for %s", what)
	}
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	again, late := time.NewTicker(2*time.Millisecond), time.NewTimer(patience)
	defer again.Stop()
	defer late.Stop()
	for !condition() {
		select {
		case <-again.C:
		case <-late.C:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// pending is a command on its way.
type pending struct {
	done chan struct{}
	err  error
	now  atomic.Int64 // book time of the first batch that it was in
}

// wait returns the command's answer.
func (p *pending) wait(t testing.TB) error {
	t.Helper()
	wait(t, p.done, "a command's answer")
	return p.err
}

// watched is a context that tells when somebody begins to wait for its end: the
// store does so once the command has its place in the queue.
type watched struct {
	context.Context
	watch func()
}

func (w watched) Done() <-chan struct{} {
	w.watch()
	return w.Context.Done()
}

// queue sends a command and returns once it waits in the queue or is answered.
func (s *server) queue(t testing.TB, ctx context.Context, c purse.Command) *pending {
	t.Helper()
	p := &pending{done: make(chan struct{})}
	decide := c.Decide
	c.Decide = func(f *purse.Facts) error {
		p.now.CompareAndSwap(0, int64(f.Now))
		return decide(f)
	}
	queued := make(chan struct{})
	ctx = watched{ctx, sync.OnceFunc(func() { close(queued) })}
	go func() {
		defer close(p.done)
		p.err = s.Execute(ctx, c)
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-queued:
	case <-p.done:
	case <-late.C:
		t.Fatal("a command is not queued")
	}
	return p
}

// together runs commands of one book in one batch, in order.
func (s *server) together(t testing.TB, commands ...purse.Command) []error {
	t.Helper()
	free := s.busy(t, commands[0].Book)
	waiting := make([]*pending, len(commands))
	for i, c := range commands {
		waiting[i] = s.queue(t, context.Background(), c)
	}
	free()
	errs := make([]error, len(commands))
	for i, p := range waiting {
		errs[i] = p.wait(t)
		if p.now.Load() != waiting[0].now.Load() {
			t.Fatalf("the commands did not come into one batch: see (*server).queue")
		}
	}
	return errs
}

// on makes a command of the system on the main book.
func on(needs purse.Needs, decide func(*purse.Facts) error) purse.Command {
	return purse.Command{Book: purse.MainBook, Needs: needs, Decide: decide}
}

// succeed checks that all commands did.
func succeed(t testing.TB, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Errorf("command %d: %v", i, err)
		}
	}
}

// faults sets what goes wrong on the main book until the test ends.
func (s *server) faults(t testing.TB, hook func(point string) error) {
	s.fault.Store(&hook)
	t.Cleanup(func() { s.fault.Store(nil) })
}

// times fails the first n exchanges at a point.
func times(n int64, at string, err error) func(string) error {
	var seen atomic.Int64
	return func(point string) error {
		if point == at && seen.Add(1) <= n {
			return err
		}
		return nil
	}
}

// always fails every exchange at a point.
func always(at string, err error) func(string) error { return times(1<<62, at, err) }

// all fails as any of the hooks says.
func all(hooks ...func(string) error) func(string) error {
	return func(point string) error {
		for _, hook := range hooks {
			if err := hook(point); err != nil {
				return err
			}
		}
		return nil
	}
}

// codeNo is a refusal that no rule of the network gives.
const codeNo purse.Code = "no"

var errNo = purse.Refuse(codeNo, "No.")

func decimal[N ~int | ~int64](n N) string { return strconv.FormatInt(int64(n), 10) }
