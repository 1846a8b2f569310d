package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/api"
	"purse/order"
)

// counted is a store that counts how often its news are read, and does something
// after an order was read for the first time.
type counted struct {
	purse.Reader
	reads atomic.Int64
	first sync.Once
	after func()
}

func (c *counted) News(ctx context.Context, book purse.BookID, after int64, limit int, kinds ...purse.EventKind) ([]purse.Event, int64, error) {
	c.reads.Add(1)
	return c.Reader.News(ctx, book, after, limit, kinds...)
}

func (c *counted) OrderLinked(ctx context.Context, link string) (purse.Order, error) {
	o, err := c.Reader.OrderLinked(ctx, link)
	if c.after != nil {
		c.first.Do(c.after)
	}
	return o, err
}

// stand is a site of a real network that is served, with what its log says.
type stand struct {
	*street
	url    string
	store  purse.Store
	news   *counted
	orders *order.Service
	server *http.Server

	mu  sync.Mutex
	log bytes.Buffer
}

func (s *stand) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

func (s *stand) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// onStand runs a test on a served site over either database. change may change the
// site before.
func onStand(t *testing.T, change func(*stand), test func(*testing.T, *stand)) {
	onBoth(t, func(t *testing.T, town *street) {
		s := &stand{street: town, store: town.wallet.Store}
		s.news, s.orders = &counted{Reader: s.store}, &order.Service{Store: s.store}
		s.Live, s.Log = NewLive(s.news, purse.MainBook), slog.New(slog.NewTextHandler(s, nil))
		if change != nil {
			change(s)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		// Streams last longer than a server gives other answers.
		s.url, s.server = "http://"+listener.Addr().String(), &http.Server{Handler: s.Handler(), ReadTimeout: time.Second, WriteTimeout: time.Second}
		s.server.RegisterOnShutdown(s.Live.Close)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := s.Live.Run(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
		running.Go(func() { _ = s.server.Serve(listener) })
		defer running.Wait()
		defer stop()
		defer s.server.Close()
		test(t, s)
	})
}

// order makes an order; it needs no key here.
func (s *stand) order(t *testing.T) (o purse.Order) {
	t.Helper()
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		o = purse.Order{
			OrderKey: purse.OrderKey{Merchant: s.shop.seller.Merchant, Number: f.NextOrder()}, Source: purse.OrderFromAPI, Minor: 500, Product: "Tea",
			Made: f.Now, Deadline: f.Now.Add(time.Hour), Status: purse.OrderPending, Changed: f.Now, Version: 1,
		}
		o.Link = "secret-link-" + o.Number.String()
		f.Put(o)
		f.Emit(purse.OrderWasCreated, o)
		return nil
	})
	return o
}

func (s *stand) do(t *testing.T, needs purse.Needs, decide func(*purse.Facts) error) {
	t.Helper()
	if err := s.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Needs: needs, Decide: decide}); err != nil {
		t.Fatal(err)
	}
}

func (s *stand) refuse(t *testing.T, o purse.Order) {
	t.Helper()
	if _, err := s.orders.Refuse(t.Context(), o.Link); err != nil {
		t.Fatal(err)
	}
}

// viewer is an open stream.
type viewer struct {
	t     *testing.T
	lines *bufio.Scanner
	leave func()
}

func (s *stand) watch(t *testing.T, path string) *viewer {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { leave(); w.Body.Close() })
	if kind := w.Header.Get("Content-Type"); w.StatusCode != http.StatusOK || kind != "text/event-stream" || w.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", w.StatusCode, w.Header)
	}
	return &viewer{t: t, lines: bufio.NewScanner(w.Body), leave: leave}
}

// hears waits for the next state; "" is the end.
func (v *viewer) hears(want string) {
	v.t.Helper()
	for v.lines.Scan() {
		if data, ok := strings.CutPrefix(v.lines.Text(), "data: "); ok {
			if data != want {
				v.t.Fatalf("heard %q, want %q", data, want)
			}
			return
		}
	}
	if want != "" {
		v.t.Fatalf("the stream ends, want %q: %v", want, v.lines.Err())
	}
}

// until waits for a condition.
func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !met(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func events(link string) string { return "/pay/" + link + "/events" }

func TestLiveTellsChanges(t *testing.T) {
	onStand(t, nil, func(t *testing.T, s *stand) {
		o, other := s.order(t), s.order(t)
		path := s.shop.asks(t, "watched", 700)
		v, idle, handle := s.watch(t, events(o.Link)), s.watch(t, events(other.Link)), s.watch(t, path+"/events")
		for _, each := range []*viewer{v, idle, handle} {
			each.hears("PENDING")
		}
		began := time.Now()
		s.refuse(t, o)
		v.hears("CANCELLED")
		if took := time.Since(began); took > time.Second {
			t.Errorf("heard after %s", took)
		}
		v.hears("")
		if _, err := s.shop.RefuseHandle(t.Context(), strings.TrimPrefix(path, "/pay/")); err != nil {
			t.Fatal(err)
		}
		handle.hears("CANCELLED")
		handle.hears("")
		// Its deadline alone is news, too.
		s.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(time.Hour) })
		if err := s.orders.ExpireOverdue(t.Context(), purse.MainBook); err != nil {
			t.Fatal(err)
		}
		idle.hears("EXPIRED")
		idle.hears("")
		s.watch(t, events(o.Link)).hears("CANCELLED") // what has ended is told, and that is all
		until(t, "nobody watches", func() bool { return s.Live.watched() == 0 })
		until(t, "all four are logged", func() bool { return strings.Count(s.logged(), "/pay/{link}/events") == 4 })
		if log := s.logged(); strings.Contains(log, o.Link) {
			t.Errorf("the log says %s", log)
		}
	})
}

// What happens between the moment at which the state was read and the watch is heard
// of, though nobody reads the news.
func TestLiveMissesNothing(t *testing.T) {
	onStand(t, func(s *stand) { s.Live.Close() }, func(t *testing.T, s *stand) {
		o := s.order(t)
		s.news.after = func() { s.refuse(t, o) }
		v := s.watch(t, events(o.Link))
		v.hears("CANCELLED")
		v.hears("")
	})
	// Nor what happens between the watch and the first look at the news.
	onStand(t, nil, func(t *testing.T, s *stand) {
		for range 4 {
			o := s.order(t)
			changed, stop, err := s.Live.Watch(int64(o.Number), netip.Addr{})
			if err != nil {
				t.Fatal(err)
			}
			s.refuse(t, o)
			<-changed
			stop()
			stop() // harmless
		}
		if n := s.Live.watched(); n != 0 {
			t.Errorf("%d watch", n)
		}
	})
}

func TestLiveForgetsWhoHasGone(t *testing.T) {
	onStand(t, nil, func(t *testing.T, s *stand) {
		o := s.order(t)
		v := s.watch(t, events(o.Link))
		v.hears("PENDING")
		v.leave()
		until(t, "nobody watches", func() bool { return s.Live.watched() == 0 })
		until(t, "it is logged", func() bool { return strings.Count(s.logged(), "/pay/{link}/events") == 1 })
		if log := s.logged(); strings.Contains(log, "ERROR") {
			t.Errorf("the log says %s", log)
		}
		if len(s.Live.watches) != 0 || len(s.Live.callers) != 0 {
			t.Error("a subject or a caller is kept")
		}
	})
}

func TestLiveReadsForAllAtOnce(t *testing.T) {
	onStand(t, nil, func(t *testing.T, s *stand) {
		const many = liveCallerMax
		var orders []purse.Order
		var all []*viewer
		for i := range many {
			if i%10 == 0 {
				orders = append(orders, s.order(t))
			}
			all = append(all, s.watch(t, events(orders[i/10].Link)))
			all[i].hears("PENDING")
		}
		// A look at nothing new is one query, and one that finds something is two.
		before, began := s.news.reads.Load(), time.Now()
		until(t, "the news were read again", func() bool { return s.news.reads.Load() >= before+4 })
		if most := 2 + 2*int64(time.Since(began)/liveEvery+1); s.news.reads.Load()-before > most {
			t.Errorf("%d reads, at most %d", s.news.reads.Load()-before, most)
		}
		for _, o := range orders {
			s.refuse(t, o)
		}
		for _, v := range all {
			v.hears("CANCELLED")
			v.hears("")
		}
		until(t, "nobody watches", func() bool { return s.Live.watched() == 0 })
	})
}

// Nobody looks at news that nobody waits for, and a server that stops waits for
// nobody who only watches.
func TestLiveStops(t *testing.T) {
	onStand(t, nil, func(t *testing.T, s *stand) {
		if s.news.reads.Load() != 0 {
			t.Error("the news are read for nobody")
		}
		v := s.watch(t, events(s.order(t).Link))
		v.hears("PENDING")
		began := time.Now()
		if err := s.server.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the server took %s to stop", took)
		}
		v.hears("")
	})
}

// A stream may last longer than any other answer.
func TestLiveOutlastsTimeouts(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for a timeout")
	}
	onStand(t, nil, func(t *testing.T, s *stand) {
		o := s.order(t)
		v := s.watch(t, events(o.Link))
		v.hears("PENDING")
		<-time.After(1500 * time.Millisecond) // the server gives others a second
		s.refuse(t, o)
		v.hears("CANCELLED")
	})
}

func TestLiveRefuses(t *testing.T) {
	onStand(t, func(s *stand) { s.Rates = api.NewRates(1, 3, time.Now) }, func(t *testing.T, s *stand) {
		link := s.order(t).Link
		ask := func(method, path string) (*http.Response, string) {
			r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			w, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Body.Close()
			body, err := io.ReadAll(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			return w, string(body)
		}
		if w, body := ask(http.MethodGet, events("nothing")); w.StatusCode != http.StatusNotFound || !strings.Contains(body, "no payment behind this link") {
			t.Errorf("%d %s", w.StatusCode, body)
		}
		if w, _ := ask(http.MethodPost, events(link)); w.StatusCode != http.StatusMethodNotAllowed || w.Header.Get("Allow") != "GET" {
			t.Errorf("%d %v", w.StatusCode, w.Header)
		}
		if w, body := ask(http.MethodGet, events(link)+"?once"); w.StatusCode != http.StatusOK || body != "retry: 1000\nevent: state\ndata: PENDING\n\n" {
			t.Errorf("%d %q", w.StatusCode, body)
		}
		s.Live.mu.Lock()
		s.Live.count = liveMax
		s.Live.mu.Unlock()
		if w, body := ask(http.MethodGet, events(link)); w.StatusCode != http.StatusServiceUnavailable || w.Header.Get("Retry-After") != "1" || !strings.Contains(body, "Too many people") {
			t.Errorf("%d %s", w.StatusCode, body)
		}
		if w, _ := ask(http.MethodGet, events(link)+"?once"); w.StatusCode != http.StatusOK { // it watches nothing
			t.Errorf("%d", w.StatusCode)
		}
		s.Live.mu.Lock()
		s.Live.count = 0
		s.Live.mu.Unlock()
		for range 1000 {
			if w, _ := ask(http.MethodGet, events(link)+"?once"); w.StatusCode == http.StatusTooManyRequests {
				return
			}
		}
		t.Error("it can be asked for without a limit")
	})
}

// Neither one caller nor those who have one link take all the streams there are.
func TestLiveIsForAll(t *testing.T) {
	l := NewLive(nil, purse.MainBook)
	from := func(remote string) netip.Addr { return api.Payer(&http.Request{RemoteAddr: remote}) }
	watch := func(subject int64, remote string) (stop func()) {
		t.Helper()
		_, stop, err := l.Watch(subject, from(remote))
		if err != nil {
			t.Fatal(err)
		}
		return stop
	}
	refused := func(subject int64, remote string) {
		t.Helper()
		if _, _, err := l.Watch(subject, from(remote)); purse.CodeOf(err) != purse.CodeBusy {
			t.Errorf("%d of %s: %v", subject, remote, err)
		}
	}
	for i := range int64(liveCallerMax) {
		watch(1000+i, "192.0.2.1:80")
		defer watch(2000+i, fmt.Sprintf("[2001:db8:1:2::%x]:80", i+1))()
	}
	refused(1, "192.0.2.1:81")
	refused(1, "[::ffff:192.0.2.1]:80")
	refused(1, "[2001:db8:1:2:ffff::1]:80")
	watch(1, "[2001:db8:1:3::1]:80")
	stop := watch(1, "192.0.2.2:80")
	for i := range liveSubjectMax - 2 {
		watch(1, fmt.Sprintf("198.51.100.%d:80", i))
	}
	refused(1, "203.0.113.1:80")
	watch(2, "203.0.113.1:80")
	stop()
	stop() // counts once
	watch(1, "203.0.113.1:80")
	refused(1, "192.0.2.2:80")
}

// A stream costs as much as a write, and asking once as much as a page.
func TestLiveCosts(t *testing.T) {
	onStand(t, func(s *stand) {
		now := time.Now()
		s.Rates = api.NewRates(1, 2, func() time.Time { return now })
	}, func(t *testing.T, s *stand) {
		o := s.order(t)
		for range 10 {
			s.watch(t, events(o.Link)+"?once").hears("PENDING")
		}
		s.watch(t, events(o.Link)).hears("PENDING")
		w, err := http.Get(s.url + events(o.Link) + "?once")
		if err != nil {
			t.Fatal(err)
		}
		defer w.Body.Close()
		if w.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%d", w.StatusCode)
		}
	})
}

// broken is a store that cannot be read once.
type broken struct {
	counted
	fail atomic.Bool
}

func (b *broken) News(ctx context.Context, book purse.BookID, after int64, limit int, kinds ...purse.EventKind) ([]purse.Event, int64, error) {
	if b.fail.Swap(false) {
		return nil, after, errors.New("no database")
	}
	return b.counted.News(ctx, book, after, limit, kinds...)
}

// An error ends Run, and what happened meanwhile is told when it runs again.
func TestLiveRunsAgain(t *testing.T) {
	onStand(t, func(s *stand) { s.Live.Close() }, func(t *testing.T, s *stand) {
		reader := &broken{counted: counted{Reader: s.store}}
		reader.fail.Store(true)
		l, o := NewLive(reader, purse.MainBook), s.order(t)
		changed, stop, err := l.Watch(int64(o.Number), netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		if err := l.Run(t.Context()); err == nil {
			t.Fatal("nobody hears of the error")
		}
		s.refuse(t, o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		<-changed
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
