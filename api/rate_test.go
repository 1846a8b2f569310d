package api

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purse"

	"golang.org/x/time/rate"
)

// clock is a time that a test moves.
type clock struct{ t time.Time }

// newClock begins at the zero time: nothing may rest on its being long ago.
func newClock() *clock                { return &clock{} }
func (c *clock) now() time.Time       { return c.t }
func (c *clock) pass(d time.Duration) { c.t = c.t.Add(d) }

// from is a request from an address.
func from(method, remote string) *http.Request {
	r := httptest.NewRequest(method, "/v1/payments", nil)
	r.RemoteAddr = remote
	return r
}

const (
	here  = "192.0.2.7:4711"
	there = "192.0.2.8:4711"
)

// drain asks until it is refused and returns how often it was not.
func drain(t *testing.T, rates *Rates, r *http.Request, credential string) int {
	t.Helper()
	for n := range 100_000 {
		if err := rates.Allow(r, credential); err != nil {
			if purse.CodeOf(err) != purse.CodeRate {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("nothing is refused")
	return 0
}

func TestRatesBurstAndRefill(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "GET", "HEAD"} {
		c := newClock()
		rates, r, times := NewRates(50, 200, c.now), from(method, here), 1
		if method == "GET" || method == "HEAD" {
			times = 10
		}
		for _, step := range []struct {
			pass time.Duration
			want int
		}{{0, 200}, {0, 0}, {time.Second, 50}, {200 * time.Millisecond, 10}, {2 * time.Second, 100}, {time.Hour, 200}, {-time.Minute, 0}} {
			c.pass(step.pass)
			if got := drain(t, rates, r, "ann"); got != step.want*times {
				t.Errorf("%s: after %s %d are allowed, want %d", method, step.pass, got, step.want*times)
			}
		}
	}
}

func TestRatesReadsAndWritesShareABucket(t *testing.T) {
	rates := NewRates(50, 2, newClock().now)
	for i := range 11 { // 1 + 10 tenths
		method := "GET"
		if i == 0 {
			method = "POST"
		}
		if err := rates.Allow(from(method, here), "ann"); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	for _, method := range []string{"GET", "POST"} {
		if err := rates.Allow(from(method, here), "ann"); code(err) != purse.CodeRate {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// A credential is charged wherever it is used, an address for all without one.
func TestRatesCallersAreApart(t *testing.T) {
	rates := NewRates(50, 3, newClock().now)
	for _, step := range []struct {
		remote, credential string
		want               int
	}{
		{here, "ann", 3}, {there, "ann", 0}, {here, "bob", 3}, {here, "", 3}, {there, "", 3}, {here, "192.0.2.7", 3},
	} {
		if got := drain(t, rates, from("POST", step.remote), step.credential); got != step.want {
			t.Errorf("%q from %s: %d are allowed, want %d", step.credential, step.remote, got, step.want)
		}
	}
}

func TestRatesPayer(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.7:1", "192.0.2.7:2", true},
		{"192.0.2.7:1", "192.0.2.8:1", false},
		{"192.0.2.7:1", "[::ffff:192.0.2.7]:1", true},
		{"[::ffff:192.0.2.7]:1", "[::ffff:192.0.2.8]:1", false},
		{"[2001:db8:0:1::1]:1", "[2001:db8:0:1:ffff::2]:2", true},
		{"[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", false},
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
		{"@", "", true},
		{"@", "192.0.2.7:1", false},
	} {
		if same := Payer(from("GET", tc.a)) == Payer(from("GET", tc.b)); same != tc.same {
			t.Errorf("%s and %s: %v", tc.a, tc.b, same)
		}
	}
}

// Behind a proxy, it is the caller that is charged and not the proxy.
func TestRatesBehindAProxy(t *testing.T) {
	rates := NewRates(1, 1, newClock().now)
	ask := func(forwarded string) purse.Code {
		r := from("POST", "10.0.0.1:80")
		r.Header.Set("X-Forwarded-For", forwarded)
		a := serve(r, func(_ http.ResponseWriter, r *http.Request) error { return rates.Allow(r, "") }, "10.0.0.0/8")
		if retry := a.Header().Get("Retry-After"); (a.code == purse.CodeRate) != (retry == "1") {
			t.Errorf("%s with Retry-After %q", a.code, retry)
		}
		return a.code
	}
	for _, step := range []struct {
		forwarded string
		want      purse.Code
	}{
		{"192.0.2.7", "ok"}, {"192.0.2.7", purse.CodeRate}, {"192.0.2.8", "ok"}, {"203.0.113.1, 192.0.2.7", purse.CodeRate},
	} {
		if got := ask(step.forwarded); got != step.want {
			t.Errorf("%s: %s, want %s", step.forwarded, got, step.want)
		}
	}
}

func TestRatesExempt(t *testing.T) {
	rates := NewRates(1, 1, newClock().now)
	drain(t, rates, from("POST", here), "ann")
	rates.Exempt("ann", "bob", "")
	for range 1000 {
		for _, credential := range []string{"ann", "bob"} {
			if err := rates.Allow(from("POST", here), credential); err != nil {
				t.Fatalf("%s: %v", credential, err)
			}
		}
	}
	for _, credential := range []string{"cleo", ""} {
		if got := drain(t, rates, from("POST", here), credential); got != 1 {
			t.Errorf("%q: %d are allowed", credential, got)
		}
	}
}

func TestNoRatesLimitNothing(t *testing.T) {
	for name, rates := range map[string]*Rates{"nil": nil, "zero": {}, "a rate of 0": NewRates(0, 200, time.Now)} {
		rates.Exempt("ann")
		for range 1000 {
			if err := rates.Allow(from("POST", here), ""); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

// kept is how many buckets are in memory, at most.
func (rates *Rates) kept() int { return len(rates.fresh) + len(rates.stale) }

func TestRatesAreBounded(t *testing.T) {
	rates := NewRates(50, 200, newClock().now)
	drain(t, rates, from("POST", here), "")
	drain(t, rates, from("POST", here), "ann")
	r, look := from("POST", ""), from("GET", here)
	for i := range 5 * bucketsMax / 2 {
		network := [16]byte{0x20, 0x01, 5: byte(i >> 16), 6: byte(i >> 8), 7: byte(i)}
		r.RemoteAddr = netip.AddrPortFrom(netip.AddrFrom16(network), 1).String()
		if err := rates.Allow(r, ""); err != nil {
			t.Fatal(err)
		}
		if rates.kept() > bucketsMax {
			t.Fatalf("%d buckets are kept", rates.kept())
		}
		if i%1000 > 0 {
			continue
		}
		// Those who go on asking get no new bucket out of it.
		if rates.Allow(look, "") == nil || rates.Allow(look, "ann") == nil {
			t.Fatal("a bucket that is in use was forgotten")
		}
	}
	if rates.kept() < bucketsMax/2 {
		t.Errorf("only %d buckets are kept", rates.kept())
	}
}

func TestIdleBucketsAreDropped(t *testing.T) {
	c := newClock()
	rates := NewRates(50, 200, c.now)
	for i := range 1000 {
		_ = rates.Allow(from("GET", here), fmt.Sprint(i))
	}
	for range 2 {
		c.pass(bucketsKept)
		_ = rates.Allow(from("GET", here), "ann")
	}
	if rates.kept() > 2 {
		t.Errorf("%d buckets are kept for one caller", rates.kept())
	}
}

// Dropping buckets gives nobody anything: a caller is answered as by a bucket
// that is kept for ever.
func TestDroppedBucketsWereFull(t *testing.T) {
	const seed = 7
	random, r := rand.New(rand.NewPCG(seed, seed)), from("POST", here)
	for _, limits := range [][2]int{{50, 200}, {1, 200}, {1, 1}, {1000, 1}} {
		c := newClock()
		rates, one := NewRates(limits[0], limits[1], c.now), rate.NewLimiter(rate.Limit(10*limits[0]), 10*limits[1])
		for i := range 2000 {
			c.pass(time.Duration(random.Int64N(int64(time.Second))) << random.IntN(8))
			for range random.IntN(300) {
				if got, want := rates.Allow(r, "ann") == nil, one.AllowN(c.now(), writeCost); got != want {
					t.Fatalf("%v, step %d, seed %d: %v, want %v", limits, i, seed, got, want)
				}
			}
			if random.IntN(3) == 0 { // somebody else, while she is away
				c.pass(rates.period)
				_ = rates.Allow(r, "bob")
			}
		}
	}
}

func TestRatesTogether(t *testing.T) {
	rates := NewRates(50, 200, newClock().now)
	r := from("POST", here)
	var allowed [3]atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range 300 {
				if credential := []string{"ann", "bob", ""}[i%3]; rates.Allow(r, credential) == nil {
					allowed[i%3].Add(1)
				}
				rates.Exempt(fmt.Sprint(i))
			}
		})
	}
	all.Wait()
	for i := range allowed {
		if n := allowed[i].Load(); n != 200 {
			t.Errorf("caller %d: %d were allowed", i, n)
		}
	}
}

func BenchmarkRates(b *testing.B) {
	for name, c := range map[string]struct{ remote, credential string }{
		"credential": {here, "ann"}, "exempt": {here, "bob"}, "IPv4": {here, ""}, "IPv6": {"[2001:db8::1]:80", ""},
	} {
		b.Run(name, func(b *testing.B) {
			rates, r := NewRates(50, 200, time.Now), from("POST", c.remote)
			rates.Exempt("bob")
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					_ = rates.Allow(r, c.credential)
				}
			})
		})
	}
}
