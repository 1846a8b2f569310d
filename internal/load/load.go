// Package load drives a server with payments and measures how it bears them: it
// is what `purse bench` runs.
//
// Run is a closed loop. Each connection sends a payment, waits for its answer,
// and only then sends the next; so the rate is what the server gives, and a
// stall shows as a low rate and a long wait, not as payments that were never
// tried. The generator shares a machine with the server and the database it
// measures. It therefore writes and reads HTTP/1.1 by hand, so that little of
// the machine goes to the measuring.
//
// What it promises: a payment counts only when the server has answered 200 with
// the id of a payment that is not said to have failed. One to a merchant is two
// requests, and counts when the second was answered 201 with one that is completed.
// Everything else is an error, counted and shown, never left out: other statuses, answers that cannot
// be read, requests without an answer, connections refused. A measured request
// that is slow to end lengthens the time by which the rate is divided. No
// request is repeated, each has an Idempotency-Key of its own, or a merchant's
// reference, which plays that part. With a Record,
// the id of an acknowledged payment has reached it before its connection sends
// the next request: after a crash, what is in the record must be in the book.
//
// It sends to this machine only, whatever it is told: a load generator that can
// be pointed at others is a weapon.
//
// A Caller reads pages, and TakeTurns compares how long they take. PGBench,
// Alternate and Median put PostgreSQL's own benchmark beside it, and
// PeakMemoryMB says what the server needed. Servers, databases, accounts and
// flags are left to cmd/purse, and so is the clock.
package load

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	connectionsMax = 4096
	durationMax    = 24 * time.Hour
	nameBytesMax   = 512 // a user id or a token

	// drainWait is how long after the planned end a run may still wait for
	// answers, and so the longest that one answer may take.
	drainWait = 10 * time.Second
)

// Account is a person who pays and is paid.
type Account struct {
	UserID   string
	Token    string // with the scope to make payments
	Consumer string // what the merchant whom it pays knows it by; of a plan with Sellers
}

// Plan is a run to be made.
type Plan struct {
	URL         string           // the server's root, http://host:port, on this machine
	Accounts    []Account        // at least two; each has money enough for the whole run
	Connections int              // payments under way at one time
	Warmup      time.Duration    // before the measuring; its payments are made and recorded, not counted
	Duration    time.Duration    // of the measuring
	Hot         bool             // everybody pays Accounts[0], who pays nobody; else all pay all
	Sellers     []Seller         // account i pays merchant i modulo their number, by a standing agreement; none: people pay people
	Seed        uint64           // of who pays whom; never of the keys
	Now         func() time.Time // the clock, with a monotonic reading; time.Now outside of tests

	// Record gets the id of each acknowledged payment, one a line, in one Write
	// a line. A failing Write ends the run with its error, because a record
	// with holes proves nothing.
	Record io.Writer

	// UntilBroken ends the run, without an error, as soon as the server no
	// longer accepts connections. Else refused connections are errors and are
	// tried again until the time is over.
	UntilBroken bool

	// AnswerWait is how long one answer may take. None means ten seconds,
	// which is also the most.
	AnswerWait time.Duration
}

// check says what is wrong with p, apart from its URL.
func (p *Plan) check() error {
	switch {
	case p.Now == nil:
		return errors.New("load: a plan needs a clock")
	case len(p.Accounts) < 2:
		return errors.New("load: a plan needs two accounts or more")
	case p.Connections < 1 || p.Connections > connectionsMax:
		return fmt.Errorf("load: connections must be 1 to %d", connectionsMax)
	case p.Duration <= 0 || p.Duration > durationMax:
		return fmt.Errorf("load: the duration must be positive and at most %s", durationMax)
	case p.Warmup < 0 || p.Warmup > durationMax:
		return fmt.Errorf("load: the warm-up must not be negative and be at most %s", durationMax)
	case p.AnswerWait < 0 || p.AnswerWait > drainWait:
		return fmt.Errorf("load: the wait for an answer must be at most %s", drainWait)
	}
	for i, a := range p.Accounts {
		// Both are pasted into requests as they are.
		if !plain(a.UserID) || !plain(a.Token) {
			return fmt.Errorf("load: account %d has a user id or token that cannot be sent", i)
		}
	}
	return p.checkSellers()
}

// plain says whether s means itself in a header line and in a JSON string.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return s != "" && len(s) <= nameBytesMax
}

// target is where a run connects to. The addresses are those that were checked:
// to resolve the name again for each connection could lead elsewhere.
type target struct {
	host      string // for the Host header
	addresses []string
}

// findTarget reads rawURL and refuses any that leads off this machine.
func findTarget(ctx context.Context, rawURL string) (target, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return target{}, fmt.Errorf("load: %w", err)
	}
	if u.Scheme != "http" || u.Hostname() == "" || u.User != nil ||
		(u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" || !plain(u.Host) {
		return target{}, fmt.Errorf("load: %q is not of the form http://host:port", u.Redacted())
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return target{}, fmt.Errorf("load: %w", err)
	}
	t := target{host: u.Host}
	for _, address := range found {
		if !address.Unmap().IsLoopback() {
			return target{}, fmt.Errorf("load: %s is not this machine (%s): only loopback addresses are driven", u.Hostname(), address)
		}
		t.addresses = append(t.addresses, net.JoinHostPort(address.Unmap().String(), port))
	}
	if len(t.addresses) == 0 {
		return target{}, fmt.Errorf("load: %s has no address", u.Hostname())
	}
	return t, nil
}

// run is what the connections of one Run share.
type run struct {
	plan   Plan
	target target
	prefix string    // of this run's idempotency keys
	from   time.Time // the measuring begins: what is sent earlier is warm-up
	until  time.Time // nothing is sent from here on

	reached atomic.Bool // a connection was accepted once
	broken  atomic.Bool // with UntilBroken: a connection was refused since
	faults  faults

	recording   sync.Mutex
	recordError error // the first; ends the run
}

// Run makes the planned run and reports what it saw. It starts a goroutine for
// each connection and returns when all have ended, at the latest ten seconds
// after Warmup and Duration.
//
// Errors of the server are in the Result. An error of Run means that there was
// no proper run: a plan that cannot be made, a server that was never there, a
// Record that cannot be written, or ctx done. The Result then holds what was
// seen until then.
func Run(ctx context.Context, p Plan) (Result, error) {
	if err := p.check(); err != nil {
		return Result{}, err
	}
	if p.AnswerWait == 0 {
		p.AnswerWait = drainWait
	}
	t, err := findTarget(ctx, p.URL)
	if err != nil {
		return Result{}, err
	}

	began := p.Now()
	r := &run{
		plan:   p,
		target: t,
		// Not from the seed: a server that has seen the keys of an earlier run
		// would answer from its store, and the numbers would be of that.
		prefix: rand.Text(),
		from:   began.Add(p.Warmup),
		until:  began.Add(p.Warmup + p.Duration),
	}
	bounded, cancel := context.WithTimeout(ctx, p.Warmup+p.Duration+drainWait)
	defer cancel()
	clients := make([]*client, p.Connections)
	var all sync.WaitGroup
	for i := range clients {
		clients[i] = newClient(r, i)
		all.Go(func() { clients[i].loop(bounded) })
	}
	all.Wait()

	result := r.result(clients, p.Now().Sub(r.from))
	switch {
	case r.recordError != nil:
		return result, fmt.Errorf("load: write the record: %w", r.recordError)
	case ctx.Err() != nil:
		return result, ctx.Err()
	case !r.reached.Load():
		return result, fmt.Errorf("load: no server at %s: %s", p.URL, r.faults.first())
	}
	return result, nil
}

// record writes an acknowledged id. There is no buffer: a line that is held
// back in this process is a line that a crash test does not check.
func (r *run) record(line []byte) error {
	r.recording.Lock()
	defer r.recording.Unlock()
	if r.recordError == nil {
		_, r.recordError = r.plan.Record.Write(line)
	}
	return r.recordError
}
