package outbound

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"purse"
)

// Sender delivers messages of one kind. It is safe for concurrent use.
type Sender interface {
	// Deliver comes back when the server that is responsible for the receiver
	// has taken the message, or ctx is done. The id stands for the message in
	// logs and is the same in every try. Its error is a *Failure, or one whose
	// text nobody may log.
	Deliver(ctx context.Context, id string, m purse.Message) error
}

// The bounds of a Post.
const (
	queueMax  = 1000             // messages of one kind that wait, for their first try or another
	workers   = 2                // of each kind: a slow mail server must not hold up text messages
	tryMax    = 20 * time.Second // for one try
	drainMax  = 5 * time.Second  // for all that is left at the end
	idLetters = 12               // 60 random bits
)

// pauses are those between the tries of a message; mail servers that put
// strangers off (greylisting) take them after some minutes.
var pauses = [...]time.Duration{10 * time.Second, time.Minute, 10 * time.Minute}

// Post is the purse.Courier of a live network. It keeps messages in memory,
// tries each at most four times, and writes one line to the log about each that
// it gives up: its id and kind, and why.
type Post struct {
	log   *slog.Logger
	lanes map[purse.AddressKind]*lane

	mu      sync.Mutex
	started bool
	closed  bool
}

// lane is the way of all messages of one kind.
type lane struct {
	sender  Sender
	queue   chan *letter // has room for all that the lane holds, so that nobody waits to put one in
	held    int          // in the queue, being tried, or waiting to be tried again
	waiting map[*letter]*time.Timer
}

// letter is a message on its way.
type letter struct {
	id      string
	message purse.Message
	tries   int
}

// NewPost makes a Post. Messages of a kind that has no sender are dropped, with a
// line in the log.
func NewPost(log *slog.Logger, senders map[purse.AddressKind]Sender) *Post {
	p := &Post{log: log, lanes: map[purse.AddressKind]*lane{}}
	for kind, s := range senders {
		p.lanes[kind] = &lane{sender: s, queue: make(chan *letter, queueMax), waiting: map[*letter]*time.Timer{}}
	}
	return p
}

// Send implements purse.Courier.
func (p *Post) Send(m purse.Message) {
	one := &letter{id: strings.ToLower(rand.Text()[:idLetters]), message: m}
	if reason := p.accept(one); reason != "" {
		p.lost(one, reason)
	}
}

// accept queues a letter, or says why it does not.
func (p *Post) accept(one *letter) (reason string) {
	l := p.lanes[one.message.To.Kind]
	if l == nil {
		return "no server is configured for messages of this kind"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return "the server is stopping"
	case l.held == queueMax:
		return "too many messages wait"
	}
	l.held++
	l.queue <- one
	return ""
}

// lost says in the log that a letter is given up.
func (p *Post) lost(one *letter, reason string) {
	p.log.Warn("message lost", "id", one.id, "kind", one.message.To.Kind, "tries", one.tries, "reason", reason)
}

// Run delivers until ctx is done. Then it takes no more messages, tries once
// what still waits, within five seconds in all, and returns. It fails only if it
// has been called before.
func (p *Post) Run(ctx context.Context) error {
	p.mu.Lock()
	again := p.started
	p.started = true
	p.mu.Unlock()
	if again {
		return errors.New("outbound: a post runs once")
	}
	// What is being tried when ctx ends may still arrive.
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var running sync.WaitGroup
	for _, l := range p.lanes {
		for range workers {
			running.Go(func() {
				for one := range l.queue {
					p.try(sending, l, one)
				}
			})
		}
	}
	<-ctx.Done()
	p.close()
	end := time.AfterFunc(drainMax, cut)
	defer end.Stop()
	running.Wait()
	return nil
}

// close ends all pauses, and the queues behind what is in them.
func (p *Post) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, l := range p.lanes {
		for one, timer := range l.waiting {
			timer.Stop()
			l.queue <- one
		}
		clear(l.waiting)
		close(l.queue)
	}
}

// try tries a letter once, and sees to what becomes of it.
func (p *Post) try(ctx context.Context, l *lane, one *letter) {
	ctx, cancel := context.WithTimeout(ctx, tryMax)
	defer cancel()
	one.tries++
	err := l.sender.Deliver(ctx, one.id, one.message)
	if !p.settle(l, one, err) {
		return
	}
	reason := "unknown"
	if f, ok := errors.AsType[*Failure](err); ok {
		reason = f.Reason
	}
	p.lost(one, reason)
}

// settle takes a letter out of its lane, or lets it wait for the next try. It
// says whether the letter is given up.
func (p *Post) settle(l *lane, one *letter, err error) (lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, known := errors.AsType[*Failure](err)
	if err == nil || known && f.Final || p.closed || one.tries > len(pauses) {
		l.held--
		return err != nil
	}
	l.waiting[one] = time.AfterFunc(pauses[one.tries-1], func() { p.again(l, one) })
	return false
}

// again puts a letter whose pause is over back into the queue, unless the end
// has done so.
func (p *Post) again(l *lane, one *letter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, waits := l.waiting[one]; waits {
		delete(l.waiting, one)
		l.queue <- one
	}
}
