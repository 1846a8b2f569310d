package load

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"time"
)

const (
	dialWait     = 2 * time.Second
	backoffFirst = 5 * time.Millisecond
	backoffMax   = 250 * time.Millisecond
	readerBytes  = 4 << 10 // also the longest header line that is understood

	// The status of a payment between people that is made, and of what a merchant
	// has made.
	statusPaid = 200
	statusMade = 201
)

// client is one connection and its goroutine. After an error it connects anew;
// what it counts is its own until the run is over, so that counting needs no
// locks.
type client struct {
	run    *run
	number int
	sent   uint64 // requests: the second half of each key
	random *rand.Rand

	conn     net.Conn // nil: to be dialled
	unwatch  func() bool
	reader   *bufio.Reader
	out      []byte // the request, then the line for the record
	body     []byte // of the last answer
	payload  []byte // of the next request, where that is not written at once
	failures int    // in a row, since the last answer that could be read

	acknowledged int64     // with those of the warm-up
	payments     int64     // measured ones
	answered     int64     // with the status that is hoped for
	times        histogram // of the measured payments
}

func newClient(r *run, number int) *client {
	return &client{
		run:    r,
		number: number,
		random: rand.New(rand.NewPCG(r.plan.Seed, uint64(number))),
		reader: bufio.NewReaderSize(nil, readerBytes),
	}
}

// loop pays until the time is over.
func (c *client) loop(ctx context.Context) {
	defer c.hangUp()
	for ctx.Err() == nil && !c.run.broken.Load() && c.run.plan.Now().Before(c.run.until) {
		if c.conn == nil {
			if !c.pause(ctx) {
				return
			}
			if err := c.dial(ctx); err != nil {
				c.refused(ctx, err)
				continue
			}
		}
		if c.pay() != nil {
			return
		}
	}
}

// pause waits before a connection is tried again, the longer the more have
// failed, so that a server that is coming up is not kept from it. It reports
// whether there is still time.
func (c *client) pause(ctx context.Context) bool {
	// One failure is what a server does that closes a connection; it says
	// nothing about the next.
	if c.failures < 2 {
		return true
	}
	wait := min(backoffFirst<<min(c.failures-2, 10), backoffMax)
	timer := time.NewTimer(min(wait, c.run.until.Sub(c.run.plan.Now())))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return c.run.plan.Now().Before(c.run.until)
	}
}

// dial connects. A done ctx closes the connection and so ends any wait on it.
func (c *client) dial(ctx context.Context) error {
	dialer := net.Dialer{Timeout: dialWait, KeepAlive: -1}
	var errs []error
	for _, address := range c.run.target.addresses {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.conn = conn
		c.unwatch = context.AfterFunc(ctx, func() { _ = conn.Close() })
		c.reader.Reset(conn)
		c.run.reached.Store(true)
		return nil
	}
	return errors.Join(errs...)
}

// refused takes note of a connection that could not be made. If that is what
// the plan waits for it is no error; nor is it if we ourselves gave up.
func (c *client) refused(ctx context.Context, err error) {
	c.failures++
	switch {
	case ctx.Err() != nil:
	case c.run.plan.UntilBroken && c.run.reached.Load():
		c.run.broken.Store(true)
	default:
		c.run.faults.add(KindConnect, 0, err.Error())
		// A plan that waits for the end of a server that never began would
		// otherwise wait in vain.
		if c.run.plan.UntilBroken {
			c.run.broken.Store(true)
		}
	}
}

// hangUp drops the connection, if there is one.
func (c *client) hangUp() {
	if c.conn == nil {
		return
	}
	c.unwatch()
	_ = c.conn.Close()
	c.conn = nil
}

// pay makes one payment. The error is the record's: all others are counted.
func (c *client) pay() error {
	if len(c.run.plan.Sellers) > 0 {
		return c.buy()
	}
	c.out = c.request(c.out[:0])
	began := c.run.plan.Now()
	a, ok := c.ask(began, statusPaid)
	ended := c.run.plan.Now()
	if !ok {
		return nil
	}
	id, err := paymentID(a.body)
	if err != nil {
		c.noPayment(a, err)
		return nil
	}
	return c.acknowledge(id, began, ended)
}

// noPayment counts an answer that looks well and is no payment.
func (c *client) noPayment(a answer, err error) {
	c.run.faults.add(KindPayment, a.status, err.Error()+": "+string(a.body[:min(len(a.body), sampleBytesMax)]))
}

// ask sends the request in c.out, and counts any answer but one with the status
// want as an error.
func (c *client) ask(began time.Time, want int) (answer, bool) {
	a, err := c.exchange(began)
	if err != nil {
		c.hangUp()
		c.failures++
		c.run.faults.add(kindOf(err), 0, err.Error())
		return a, false
	}
	c.failures = 0

	// Bytes after the answer belong to no request of ours. The next answer
	// would be taken for something that it is not.
	surplus := c.reader.Buffered() > 0
	if a.closes || surplus {
		c.hangUp()
	}
	if surplus {
		c.failures++
		c.run.faults.add(KindMalformed, 0, "more bytes than the answer has")
	}
	if a.status != want {
		c.run.faults.add(KindStatus, a.status, string(a.body[:min(len(a.body), sampleBytesMax)]))
		return a, false
	}
	c.answered++
	return a, true
}

// acknowledge records and counts a payment that the server has said is made.
func (c *client) acknowledge(id []byte, began, ended time.Time) error {
	if c.run.plan.Record != nil {
		c.out = append(append(c.out[:0], id...), '\n')
		if err := c.run.record(c.out); err != nil {
			return err
		}
	}
	c.acknowledged++
	if !began.Before(c.run.from) {
		c.payments++
		c.times.add(ended.Sub(began))
	}
	return nil
}

// exchange sends the request in c.out and reads its answer.
func (c *client) exchange(began time.Time) (answer, error) {
	if err := c.conn.SetDeadline(began.Add(c.run.plan.AnswerWait)); err != nil {
		return answer{}, err
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return answer{}, err
	}
	a, err := readAnswer(c.reader, c.body)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // there is nothing expected about it
		}
		return answer{}, err
	}
	c.body = a.body // it may have grown
	return a, nil
}

// pair draws who pays and who is paid.
func (c *client) pair() (payer, payee *Account) {
	accounts := c.run.plan.Accounts
	if c.run.plan.Hot {
		return &accounts[1+c.random.IntN(len(accounts)-1)], &accounts[0]
	}
	from := c.random.IntN(len(accounts))
	to := c.random.IntN(len(accounts) - 1)
	if to >= from {
		to++
	}
	return &accounts[from], &accounts[to]
}

// request appends the next payment as HTTP/1.1. All that is pasted in was found
// plain when the plan was checked.
func (c *client) request(b []byte) []byte {
	const (
		bodyHead = `{"user_id":"`
		bodyTail = `","amount":0.01,"note":"bench","audience":"private"}`
	)
	payer, payee := c.pair()
	c.sent++
	b = append(b, "POST /v1/payments HTTP/1.1\r\nHost: "...)
	b = append(b, c.run.target.host...)
	b = append(b, "\r\nAuthorization: Bearer "...)
	b = append(b, payer.Token...)
	b = append(b, "\r\nContent-Type: application/json\r\nIdempotency-Key: "...)
	b = c.reference(b)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(bodyHead)+len(payee.UserID)+len(bodyTail)), 10)
	b = append(b, "\r\n\r\n"+bodyHead...)
	b = append(b, payee.UserID...)
	return append(b, bodyTail...)
}

// reference appends what no other request of any run has.
func (c *client) reference(b []byte) []byte {
	b = append(append(b, c.run.prefix...), '-')
	b = append(strconv.AppendInt(b, int64(c.number), 10), '-')
	return strconv.AppendUint(b, c.sent, 10)
}
