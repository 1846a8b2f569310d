package main

import (
	"strings"
	"testing"
	"time"

	"purse/internal/load"
)

func TestBenchCheckoutReports(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		var r checkoutReport
		decode(t, run(t, "bench", "checkout", "--viewers", "10", "--duration", "1s", "--warmup", "500ms", "--most", "0", "--json", "--database", database), &r)
		if r.Viewers != 10 || r.Seconds != 1 {
			t.Errorf("%+v", r)
		}
		for _, who := range r.both() {
			if who.Requests != 10 || who.P50Ms <= 0 || who.P99Ms < who.P50Ms || who.Bytes < 1000 || who.Bytes > checkoutBytesMax {
				t.Errorf("%+v", who)
			}
		}
		verify(t, database)
	})
}

func TestBenchCheckoutJudges(t *testing.T) {
	seen := checkoutSeen{load.ViewTimes{Requests: 1000, PageTimes: load.PageTimes{P50Ms: 2, P99Ms: 19.9}}, checkoutBytesMax}
	r := checkoutReport{Database: "SQLite", Viewers: 50, Seconds: 20, Anonymous: seen, SignedIn: seen}
	var out strings.Builder
	r.print(&out)
	for _, want := range []string{"SQLite, 50 viewers, a request a second each, 20 s\n", "anonymous    1000 requests  first byte p50 2.00 ms  p99 19.90 ms  60000 bytes in all\n", "signed in"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
	if err := r.check(20 * time.Millisecond); err != nil {
		t.Error(err)
	}
	r.SignedIn.P99Ms = 20
	if err := r.check(20 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "signed in") {
		t.Errorf("slow: %v", err)
	}
	if err := r.check(0); err != nil {
		t.Error(err)
	}
	r.Anonymous.Bytes++
	if err := r.check(0); err == nil || !strings.Contains(err.Error(), "60001 bytes") {
		t.Errorf("heavy: %v", err)
	}
}
