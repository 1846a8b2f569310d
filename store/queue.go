package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"purse"
)

// The bounds of what may wait for one book.
const (
	queueTasksMax     = 4096
	principalTasksMax = 64
	merchantTasksMax  = 1024 // a merchant stands for many people
	batchTasksMax     = 512
	batchIDsMax       = 10_000           // identifiers that a batch has drawn when it takes no further command; package audit relies on it
	roundsMax         = 5                // how often a command may find that it needs more
	repeatsMax        = 4                // how often a command is run once more that could not be stored: once for each row that it may add
	callerWaitMax     = 10 * time.Second // for callers whose context has no deadline
)

// task is a command on its way through the store.
type task struct {
	command  purse.Command
	needs    purse.Needs
	rounds   int
	repeats  int // how often it was run once more because it could not be stored, alone
	deadline time.Time

	state taskState // under the queue's lock
	err   error     // set before done is closed
	done  chan struct{}
}

type taskState int

const (
	waiting taskState = iota
	running
	abandoned
)

// queue is where commands wait for their book, in the order in which they came.
type queue struct {
	mu     sync.Mutex
	tasks  []*task
	by     map[purse.Principal]int // tasks that are not done, of each principal
	closed bool
	wake   chan struct{} // holds a token when there may be something to take
}

func newQueue() *queue {
	return &queue{by: map[purse.Principal]int{}, wake: make(chan struct{}, 1)}
}

// push lets a command wait, or refuses it at once.
func (q *queue) push(ctx context.Context, c purse.Command) (*task, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(callerWaitMax)
	}
	t := &task{command: c, needs: c.Needs, deadline: deadline, done: make(chan struct{})}
	q.mu.Lock()
	defer q.mu.Unlock()
	counted := c.Principal != purse.Principal{}
	switch {
	case q.closed:
		return nil, purse.Refuse(purse.CodeBusy, "The server is stopping.")
	case len(q.tasks) >= queueTasksMax:
		return nil, purse.Refuse(purse.CodeBusy, "The network is busy. Try again shortly.")
	case counted && q.by[c.Principal] >= mayWait(c):
		return nil, purse.Refuse(purse.CodeBusy, "Too many requests of yours are waiting. Try again shortly.")
	}
	if counted {
		q.by[c.Principal]++
	}
	q.tasks = append(q.tasks, t)
	q.signal()
	return t, nil
}

// mayWait is how many commands of c's principal may wait.
func mayWait(c purse.Command) int {
	if c.Crowd {
		return merchantTasksMax
	}
	return principalTasksMax
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns at most max tasks. If it may wait it waits until there is one,
// and returns none only once the queue is closed and empty.
func (q *queue) take(max int, wait bool) []*task {
	for {
		q.mu.Lock()
		var batch []*task
		for len(q.tasks) > 0 && len(batch) < max {
			t := q.tasks[0]
			q.tasks[0], q.tasks = nil, q.tasks[1:]
			t.state = running
			batch = append(batch, t)
		}
		more, closed := len(q.tasks) > 0, q.closed
		q.mu.Unlock()
		if more {
			q.signal()
		}
		if len(batch) > 0 || closed || !wait {
			return batch
		}
		<-q.wake
	}
}

// abandon takes back a task that has not started; false if it has.
func (q *queue) abandon(t *task) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.state != waiting {
		return false
	}
	t.state = abandoned
	if i := slices.Index(q.tasks, t); i >= 0 {
		q.tasks = slices.Delete(q.tasks, i, i+1)
	}
	q.leave(t)
	return true
}

// finish gives the caller its answer.
func (q *queue) finish(t *task, err error) {
	q.mu.Lock()
	q.leave(t)
	q.mu.Unlock()
	t.err = err
	close(t.done)
}

func (q *queue) leave(t *task) {
	p := t.command.Principal
	if p == (purse.Principal{}) {
		return
	}
	if q.by[p]--; q.by[p] == 0 {
		delete(q.by, p)
	}
}

// close lets nothing more in; what waits is still done.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}
