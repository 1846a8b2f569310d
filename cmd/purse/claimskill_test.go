package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"purse"
)

// crashing is a server that is killed and started again while others use it.
type crashing struct {
	t        *testing.T
	database string
	at       atomic.Pointer[process]
	web      *http.Client
	desk     *http.Client // of the administration socket
}

func newCrashing(t *testing.T, database string) *crashing {
	socket := config{Database: database, RunDir: shortDir(t)}.socket()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	c := &crashing{
		t: t, database: database, web: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		desk: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DialContext: dial}},
	}
	c.start()
	return c
}

func (c *crashing) start() {
	c.at.Store(start(c.t, c.database, "--rate", "0"))
}

// order gives an order to the server until it is answered. Nobody else may do what
// is ordered: without a server the file is left alone, or none could start.
func (c *crashing) order(name string, args, out any) {
	c.untilAnswered(name, func(ctx context.Context) error {
		err := (&orderer{client: c.desk}).give(ctx, name, args, out)
		if refusal, ok := errors.AsType[*purse.Error](err); ok && refusal.Code != purse.CodeBusy && refusal.Code != purse.CodeUnknown {
			c.t.Errorf("%s %+v: %v", name, args, refusal)
			return nil
		}
		return err
	})
}

// send makes a payment or charge, with the same key until it is answered.
func (c *crashing) send(token, key string, form url.Values) {
	c.untilAnswered(key, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.at.Load().url+"/v1/payments", strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Idempotency-Key", key)
		answer, err := c.web.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode >= 500 {
			return fmt.Errorf("%d %s: %w", answer.StatusCode, body, err)
		}
		if answer.StatusCode != http.StatusOK {
			c.t.Errorf("%s: %d %s", key, answer.StatusCode, body)
		}
		return nil
	})
}

func (c *crashing) untilAnswered(what string, ask func(context.Context) error) {
	for late := time.Now().Add(time.Minute); ; {
		err := ask(c.t.Context())
		if err == nil {
			return
		}
		if time.Now().After(late) {
			c.t.Errorf("%s: there is no answer: %v", what, err)
			return
		}
		time.Sleep(time.Millisecond) // the server is being started
	}
}

// pending lists what somebody has paid that has not reached anybody.
func (c *crashing) pending(token string) string {
	body := exchange(c.t, http.MethodGet, c.at.Load().url+"/v1/payments?action=pay&status=pending", token, nil)
	var page struct{ Data []shownPayment }
	decode(c.t, body, &page)
	if len(page.Data) == 0 {
		return ""
	}
	return body
}

// A server that is killed while addresses are paid and verified has lost no claim:
// what it could not do any more, the next one does.
func TestClaimsAfterKill(t *testing.T) {
	const kills, payersMax = 4, 60
	on(t, func(t *testing.T, database string) {
		c := newCrashing(t, database)
		pairs := claimPairs()
		tokens := make([]string, min(pairs, payersMax))
		atOnce(len(tokens), func(i int) {
			name := fmt.Sprintf("payer%d", i)
			c.order("user.create", userArgs{Username: name, FirstName: "P"}, &userMade{})
			var made tokenMade
			c.order("token.create", tokenArgs{User: name, Scopes: "make_payments access_profile"}, &made)
			tokens[i] = made.AccessToken
			c.order("treasury.issue", entryArgs{User: name, Amount: "100.00"}, &entryMade{})
		})
		atOnce(pairs, func(i int) {
			c.order("user.create", userArgs{Username: fmt.Sprintf("claimer%d", i), FirstName: "C"}, &userMade{})
		})

		var answered atomic.Int64
		over, paid := make(chan struct{}), make([]chan struct{}, pairs)
		for i := range paid {
			paid[i] = make(chan struct{})
		}
		go func() {
			defer close(over)
			atOnce(2*pairs, func(i int) {
				defer answered.Add(1)
				pair, address := i/2, fmt.Sprintf("c%d@example.org", i/2)
				if i%2 == pair%2 {
					if pair%3 == 0 {
						<-paid[pair]
					}
					c.order("user.verify", verifyArgs{User: fmt.Sprintf("claimer%d", pair), Email: address}, &done{})
					return
				}
				form := url.Values{"email": {address}, "amount": {"1.00"}, "note": {"n"}}
				c.send(tokens[pair%len(tokens)], address, form)
				close(paid[pair])
				if pair%4 == 0 {
					form.Set("amount", "-1.00")
					c.send(tokens[pair%len(tokens)], "charge "+address, form)
				}
			})
		}()
		for k := range kills {
			until(t, "some more are answered", func() bool { return answered.Load() >= int64(2*pairs*(2*k+1)/(2*kills)) })
			c.at.Load().kill()
			c.start()
		}
		<-over
		last := time.Now()
		for _, token := range tokens {
			for body := c.pending(token); body != ""; body = c.pending(token) {
				if time.Since(last) > claimWait {
					t.Fatalf("%s after the last answer not all is claimed: %s", claimWait, body)
				}
			}
		}
		t.Logf("all was claimed %s after the last answer", time.Since(last))
		c.at.Load().stop(t)
		verify(t, database)
	})
}
