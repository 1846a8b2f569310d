package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// The bounds of a request to somebody else's server.
const (
	requestMax     = 15 * time.Second // from the first look-up to the last byte
	answerBytesMax = 64 << 10
	headerBytesMax = 32 << 10
)

// What a Client says when there is no answer. After ErrURL and ErrAddress it has
// sent nothing.
var (
	ErrURL     = errors.New("outbound: not a URL that may be called")
	ErrAddress = errors.New("outbound: not an address that may be called")
	ErrTime    = errors.New("outbound: no answer in time")
	ErrAnswer  = errors.New("outbound: no answer that could be read")
)

// Access says what a Client may call besides https on public addresses.
type Access struct {
	Listed []netip.Prefix // networks that may be called though they are private, with https and http
	Plain  bool           // also http, to any address that https may go to; for sandboxes
}

// Client makes requests to URLs that somebody gives. It connects only to public
// addresses and to those that its Access lists; it looks at the address of each
// connection, so that no name, spelling or second look-up leads around it. It
// follows no redirect, heeds no proxy of the environment, and ends each request
// within 15 seconds.
//
// Any port will do: behind a public address there is nothing of ours.
type Client struct{ https, http *http.Client }

// Answer is what a server has said.
type Answer struct {
	Status int // a redirect is an answer like any other
	Header http.Header
	Body   []byte // at most the first 64 KiB
	Cut    bool   // there was more
}

// NewClient makes a Client.
func NewClient(a Access) *Client { return newClient(a, requestMax, net.Dialer{}) }

// newClient is NewClient for tests: they have names of their own and a further
// check, which dialer brings along.
func newClient(a Access, limit time.Duration, dialer net.Dialer) *Client {
	var v4, v6 []netip.Prefix
	for _, p := range a.Listed {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	options := []ssrf.Option{ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...)}
	c := &Client{https: guarded(ssrf.New(options...), limit, dialer)}
	if c.http = c.https; !a.Plain {
		all4, all6 := netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")
		listedOnly := append(options, ssrf.WithDeniedV4Prefixes(all4), ssrf.WithDeniedV6Prefixes(all6))
		c.http = guarded(ssrf.New(listedOnly...), limit, dialer)
	}
	return c
}

// guarded is an HTTP client whose every connection the guard has seen.
func guarded(guard *ssrf.Guardian, limit time.Duration, dialer net.Dialer) *http.Client {
	further := dialer.Control
	dialer.Control = func(network, address string, c syscall.RawConn) error {
		if err := guard.Safe(network, address, c); err != nil {
			return ErrAddress // the guard's own words would tell what a private name resolves to
		}
		if further != nil {
			return further(network, address, c)
		}
		return nil
	}
	return &http.Client{
		Timeout:       limit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, Proxy: nil, DisableCompression: true, MaxResponseHeaderBytes: headerBytesMax,
			// What a server says on a connection that rests, net/http would log;
			// it might repeat what it was sent before.
			DisableKeepAlives: true,
		},
	}
}

// Do makes a request and reads the answer. Its errors may be logged: they name at
// most the host, never the rest of the URL, nor what was sent or answered.
//
// Refused with ErrURL, if it is not https (http: if its address is not listed,
// with ErrAddress) or names a user; with ErrAddress, if it leads to an address
// that may not be called.
func (c *Client) Do(ctx context.Context, r *http.Request) (Answer, error) {
	u, client := r.URL, c.https
	if u.Scheme == "http" {
		client = c.http
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Opaque != "" {
		return Answer{}, ErrURL
	}
	w, err := client.Do(r.WithContext(ctx))
	if err != nil {
		return Answer{}, plainError(err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(io.LimitReader(w.Body, answerBytesMax+1))
	if err != nil {
		return Answer{}, plainError(err)
	}
	a := Answer{Status: w.StatusCode, Header: w.Header, Body: body}
	if a.Cut = len(body) > answerBytesMax; a.Cut {
		a.Body = body[:answerBytesMax]
	}
	return a, nil
}

// plainError is err in words that may be logged. The errors of net/http name the
// URL, and may repeat what a server has sent.
func plainError(err error) error {
	if errors.Is(err, ErrAddress) {
		return ErrAddress
	}
	if e, ok := errors.AsType[*url.Error](err); ok && e.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return ErrTime
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	return ErrAnswer
}
