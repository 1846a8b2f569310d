package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"purse"
)

// exchangeTimeout ends an exchange that the database neither answers nor
// refuses; it is longer than the limits that the database itself keeps.
const exchangeTimeout = 12 * time.Second

// writer serves one book: it takes the commands that wait and gives each batch
// of them one transaction.
type writer struct {
	store  *Store
	book   purse.BookID
	engine engine
	queue  *queue
	guard  clockGuard
	shown  purse.Time // the latest time that a command has decided by
	memory remembered // of the directory; a writer of the directory has none
	latest purse.Time // a guess of the next batch's time, for how far back counters are needed
}

// run serves the book until its queue is closed and empty.
func (w *writer) run() {
	defer w.engine.close()
	var carried []*task // those that found that they need more
	for {
		batch := append(carried, w.queue.take(batchTasksMax-len(carried), len(carried) == 0)...)
		if len(batch) == 0 {
			return
		}
		carried = w.serve(batch)
		w.engine.gather()
	}
}

// serve runs a batch until every task has its answer but those that it returns:
// they need more rows and are to run again.
func (w *writer) serve(batch []*task) (again []*task) {
	for try := 0; len(batch) > 0; try++ {
		if batch = w.inTime(batch); len(batch) == 0 {
			break
		}
		if err := w.store.failure(); err != nil {
			w.refuseAll(batch, err)
			return nil
		}
		again, what, err := w.attempt(batch)
		if err == nil {
			return again
		}
		w.store.log.Warn("a batch did not commit", "book", int64(w.book), "commands", len(batch), "try", try, "error", err)
		switch what {
		case answered:
			return nil
		case broken:
			w.store.fail(err)
			w.refuseAll(batch, unknown(err))
			return nil
		case culprit:
			w.store.stats.halvings.Add(1)
			if len(batch) == 1 && batch[0].repeats < repeatsMax {
				// Another book's writer may have taken the key that it wanted; it
				// decides once more, and sees that.
				batch[0].repeats++
				continue
			}
			if len(batch) == 1 {
				w.queue.finish(batch[0], fmt.Errorf("store: a command could not be stored: %w", err))
				return nil
			}
			half := len(batch) / 2
			return append(w.serve(batch[:half:half]), w.serve(batch[half:])...)
		}
		w.store.stats.retries.Add(1)
		backoff(try)
	}
	return nil
}

// inTime answers those whose callers no longer wait. What ran before has been
// rolled back, so nothing of theirs happened.
func (w *writer) inTime(batch []*task) []*task {
	now := time.Now()
	var left []*task
	for _, t := range batch {
		if now.Before(t.deadline) {
			left = append(left, t)
		} else {
			w.queue.finish(t, purse.Refuse(purse.CodeBusy, "The network is busy. Try again shortly."))
		}
	}
	return left
}

func (w *writer) refuseAll(batch []*task, err error) {
	for _, t := range batch {
		w.queue.finish(t, err)
	}
}

func unknown(err error) error {
	return &purse.Error{Code: purse.CodeUnknown, Message: "Whether this happened could not be found out. Ask again with the same key.", Err: err}
}

// backoff waits a little longer after every try, with jitter so that servers do
// not run in step.
func backoff(try int) {
	most := min(5*time.Millisecond<<min(try, 10), 500*time.Millisecond)
	time.Sleep(time.Duration(rand.Int64N(int64(most))) + time.Millisecond)
}

// attempt gives a batch one transaction. A nil error means that it committed
// (or had nothing to commit) and every task but those returned has its answer;
// otherwise nothing happened, unless the verdict is broken.
func (w *writer) attempt(batch []*task) (again []*task, what verdict, err error) {
	defer func() {
		if p := recover(); p != nil { // a bug in packing rows; Decide has its own net
			w.store.panicked(p)
			w.engine.reset()
			again, what, err = nil, culprit, fmt.Errorf("store: panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 2*exchangeTimeout)
	defer cancel()
	ws, err := w.load(ctx, batch)
	if err != nil {
		w.engine.reset()
		if errors.Is(err, errClock) {
			w.refuseAll(batch, errClock)
			return nil, answered, err
		}
		return nil, w.judge(err, false), err
	}
	outcomes := w.decide(ws, batch)
	if ws.Changed() {
		if what, err := w.commit(ctx, ws, batch); err != nil {
			return nil, what, err
		}
	} else {
		w.engine.reset()
	}
	w.store.stats.batches.Add(1)
	w.store.stats.commands.Add(int64(len(batch)))
	for i, t := range batch {
		if outcomes[i].later {
			again = append(again, t)
			continue
		}
		if outcomes[i].lacks == nil {
			w.queue.finish(t, outcomes[i].err)
			continue
		}
		if t.rounds++; t.rounds > roundsMax {
			w.queue.finish(t, fmt.Errorf("store: a command needed more rows %d times, last %w", roundsMax, outcomes[i].lacks))
			continue
		}
		t.needs.Add(outcomes[i].lacks.Needs)
		again = append(again, t)
	}
	return again, 0, nil
}

// load begins a transaction, locks the head and loads what the batch needs.
func (w *writer) load(ctx context.Context, batch []*task) (*purse.WorkingSet, error) {
	var (
		ws    purse.WorkingSet
		book  purse.Book
		last  purse.Time
		clock = purse.TimeOf(time.Now())
		found bool
		since = purse.SpentSince(w.latest)
	)
	lock := w.engine.lock()
	x := exchange{
		{st: w.engine.begin()},
		{st: lock, args: newArgs(lock).int(int64(w.book)), each: func(r row) { book, last = readBook(w.book, r); found = true }},
	}
	if st := w.engine.clock(); st != nil {
		x = append(x, step{st: st, each: func(r row) { clock = purse.Time(r.int()) }})
	}
	d := w.memory.begin()
	if w.book != purse.Directory {
		x = append(x, d.check())
	}
	x.load(w.book, &ws, d, batch, since, w.engine.address(w.book))
	if err := w.exchange(ctx, "load", x); err != nil {
		return nil, err
	}
	if again := d.again(&ws); d.stale && len(again) > 0 {
		if err := w.exchange(ctx, "load again", again); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, fmt.Errorf("store: book %d does not exist", w.book)
	}
	if w.store.options.Skew != nil {
		clock = clock.Add(w.store.options.Skew())
	}
	if book.Mode == purse.Live && !w.guard.sound(clock, time.Now()) {
		return nil, errClock
	}
	// The head remembers the time of what was committed; what was refused was
	// decided by a time too, and must not be younger than what comes after.
	w.shown = max(w.shown, clock.Add(time.Duration(book.ClockOffset)*time.Microsecond))
	ws.Start(book, w.shown, last)
	// The guess of how far back to load was made before the book's time was
	// known. The first batch of a server guesses too early on purpose.
	if w.latest = ws.Now; purse.SpentSince(ws.Now) < since {
		return nil, errTooLate
	}
	return &ws, nil
}

// exchange runs an exchange within its time, through the hook of the tests.
func (w *writer) exchange(ctx context.Context, point string, x exchange) error {
	if hook := w.store.options.Fault; hook != nil {
		if err := hook(w.book, "before "+point); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	if err := w.engine.exchange(ctx, x); err != nil {
		return err
	}
	if hook := w.store.options.Fault; hook != nil {
		return hook(w.book, "after "+point)
	}
	return nil
}

// outcome is what a command has decided: an error that is its answer, or that
// it lacks rows. Or it has not decided, and is to do so in the next batch.
type outcome struct {
	err   error
	lacks *purse.Missing
	later bool
}

// decide lets every command decide in turn; each sees what those before it did.
// Those behind the one that has drawn the last of a batch's identifiers wait.
func (w *writer) decide(ws *purse.WorkingSet, batch []*task) []outcome {
	outcomes := make([]outcome, len(batch))
	for i, t := range batch {
		if ws.Drawn() >= batchIDsMax {
			outcomes[i].later = true
			continue
		}
		f := ws.Begin()
		err := w.safely(t.command.Decide, f)
		outcomes[i] = outcome{err: err, lacks: f.Missing()}
		if err != nil || outcomes[i].lacks != nil {
			ws.Revert()
		} else {
			ws.Keep()
		}
	}
	return outcomes
}

// safely turns a panic of a command into its answer, so that the others go on.
func (w *writer) safely(decide func(*purse.Facts) error, f *purse.Facts) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.store.panicked(p)
			err = &purse.Error{Code: purse.CodeInternal, Message: "Something went wrong.", Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	return decide(f)
}

func (s *Store) panicked(p any) {
	s.stats.panics.Add(1)
	s.log.Error("panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}

// commit stores the batch. When its COMMIT's outcome is not known, it finds out.
func (w *writer) commit(ctx context.Context, ws *purse.WorkingSet, batch []*task) (verdict, error) {
	var x exchange
	id, nonce := x.save(ws)
	err := w.exchange(ctx, "commit", append(x, step{st: commit}))
	if err == nil {
		return 0, nil
	}
	w.engine.reset()
	what := w.judge(err, true)
	if what != lost {
		return what, err
	}
	w.store.stats.unknown.Add(1)
	for try := 0; ; try++ {
		happened, ferr := w.happened(id, nonce)
		if ferr == nil && happened {
			return 0, nil
		}
		if ferr == nil {
			return transient, err
		}
		w.store.log.Error("the outcome of a commit is unknown", "book", int64(w.book), "error", err, "lookup", ferr)
		if w.judge(ferr, false) == broken {
			return broken, ferr
		}
		if !anyInTime(batch) {
			w.store.log.Error("gave up on finding out the outcome of a commit", "book", int64(w.book), "commands", len(batch))
			w.refuseAll(batch, unknown(err))
			return answered, err
		}
		backoff(try)
	}
}

func anyInTime(batch []*task) bool {
	now := time.Now()
	return slices.ContainsFunc(batch, func(t *task) bool { return now.Before(t.deadline) })
}

// happened takes the head lock on a fresh connection, which waits for the
// session that may still be committing, and looks for the batch's nonce.
func (w *writer) happened(id, nonce int64) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), exchangeTimeout)
	defer cancel()
	found := false
	lock := w.engine.lock()
	err := w.exchange(ctx, "lookup", exchange{
		{st: w.engine.begin()},
		{st: lock, args: newArgs(lock).int(int64(w.book)), each: func(row) {}},
		{st: loadBatch, args: newArgs(loadBatch).int(int64(w.book)).int(id), each: func(r row) { found = r.int() == nonce }},
		{st: rollback},
	})
	if err != nil {
		w.engine.reset()
	}
	return found, err
}

// judge says what an error means, whether or not COMMIT was among what was sent.
func (w *writer) judge(err error, committing bool) verdict {
	what := culprit
	switch {
	case errors.Is(err, errCount), errors.Is(err, ErrDisk):
		what = broken
	case errors.Is(err, errTooLate), errors.Is(err, ErrTransient):
		what = transient
	case errors.Is(err, ErrLost), errors.Is(err, context.DeadlineExceeded):
		what = lost
	default:
		what = w.engine.judge(err)
	}
	if what == lost && !committing {
		return transient
	}
	return what
}
