package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// Caller asks a server for pages, one after the other on one connection. As Run
// does, it writes and reads HTTP by hand and reaches this machine only.
type Caller struct {
	host   string
	token  string
	now    func() time.Time
	conn   net.Conn
	reader *bufio.Reader
	out    []byte
	body   []byte // of the last answer
}

// Dial connects to the server at url, as the owner of an access token. now is the
// clock, as in Plan. Who dials hangs up.
func Dial(ctx context.Context, url, token string, now func() time.Time) (*Caller, error) {
	t, err := findTarget(ctx, url)
	if err != nil {
		return nil, err
	}
	if !plain(token) {
		return nil, errors.New("load: a token that cannot be sent")
	}
	dialer := net.Dialer{Timeout: dialWait, KeepAlive: -1}
	conn, err := dialer.DialContext(ctx, "tcp", t.addresses[0])
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return &Caller{host: t.host, token: token, now: now, conn: conn, reader: bufio.NewReaderSize(conn, readerBytes)}, nil
}

// HangUp ends the connection.
func (c *Caller) HangUp() { _ = c.conn.Close() }

// Get asks for a path, which begins with a slash and may have a query. The body is
// valid until the next call. Any answer but 200 is an error, and so is one that
// takes ten seconds.
func (c *Caller) Get(path string) (body []byte, err error) {
	if !plain(path) {
		return nil, fmt.Errorf("load: a path that cannot be sent: %q", path)
	}
	c.out = append(append(c.out[:0], "GET "...), path...)
	c.out = append(append(c.out, " HTTP/1.1\r\nHost: "...), c.host...)
	c.out = append(append(c.out, "\r\nAuthorization: Bearer "...), c.token...)
	c.out = append(c.out, "\r\n\r\n"...)
	if err := c.conn.SetDeadline(c.now().Add(drainWait)); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	a, err := readAnswer(c.reader, c.body)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("load: get %s: %w", path, err)
	}
	if c.body = a.body; a.status != 200 {
		return nil, fmt.Errorf("load: get %s: %d %s", path, a.status, a.body[:min(len(a.body), sampleBytesMax)])
	}
	return a.body, nil
}

// Page is something that a caller asks for again and again.
type Page struct {
	Caller *Caller
	Path   string
}

// PageTimes is how long a page took.
type PageTimes struct {
	P50Ms float64 `json:"p50_ms"`
	P99Ms float64 `json:"p99_ms"`
}

// TakeTurns asks for all the pages in turn, requests times each, one at a time, and
// says how long each took. Every second turn goes backwards, so that neither of
// two neighbours always comes after the same. The first error ends it: what is
// not answered has no time.
func TakeTurns(ctx context.Context, pages []Page, requests int) ([]PageTimes, error) {
	order := make([]int, len(pages))
	for i := range order {
		order[i] = i
	}
	seen := make([]histogram, len(pages))
	for range requests {
		for _, i := range order {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			c := pages[i].Caller
			began := c.now()
			if _, err := c.Get(pages[i].Path); err != nil {
				return nil, err
			}
			seen[i].add(c.now().Sub(began))
		}
		slices.Reverse(order)
	}
	times := make([]PageTimes, len(pages))
	for i := range seen {
		times[i] = PageTimes{float64(seen[i].quantile(0.50)) / 1000, float64(seen[i].quantile(0.99)) / 1000}
	}
	return times, nil
}
