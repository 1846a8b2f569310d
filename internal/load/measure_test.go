package load

import (
	"context"
	"errors"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHistogramAgreesWithSortedValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Int64Range(0, 600), rapid.Int64Range(0, 100_000), rapid.Int64Range(0, microsMax))
		values := rapid.SliceOfN(value, 1, 300).Draw(t, "values")
		split := rapid.IntRange(0, len(values)).Draw(t, "split")
		var h, other histogram
		for i, v := range values {
			into := &h
			if i < split {
				into = &other
			}
			into.add(time.Duration(v)*time.Microsecond + 999)
		}
		h.merge(&other)
		slices.Sort(values)
		for _, q := range []float64{0.001, 0.25, 0.5, 0.9, 0.99, 1} {
			want := values[max(int(math.Ceil(q*float64(len(values)))), 1)-1]
			got := h.quantile(q)
			if off := math.Abs(float64(got - want)); off > float64(want)/200 {
				t.Fatalf("q %v: %d, want %d", q, got, want)
			}
		}
		if h.max != values[len(values)-1] || h.total != uint64(len(values)) {
			t.Fatalf("max %d, total %d", h.max, h.total)
		}
	})
}

func TestHistogramBeyondItsRange(t *testing.T) {
	var h histogram
	if h.quantile(0.5) != 0 {
		t.Error("an empty histogram has a median")
	}
	h.add(-time.Second) // a clock that went back
	h.add(time.Hour)
	if h.max != time.Hour.Microseconds() || h.total != 2 || h.quantile(1) < microsMax/2 || h.quantile(0.5) != 0 {
		t.Errorf("max %d, total %d", h.max, h.total)
	}
	if last := bucket(microsMax); last != bucketsMax-1 {
		t.Errorf("the last of %d counters is %d", bucketsMax, last)
	}
}

func TestMerge(t *testing.T) {
	a := Result{Payments: 30, Acknowledged: 31, ElapsedSeconds: 1, Statuses: map[int]int64{200: 31, 500: 2}, ErrorKinds: map[Kind]int64{KindStatus: 2},
		Samples: make([]Sample, 4), RatioToPGBench: 3, times: &histogram{}}
	a.times.add(2 * time.Millisecond)
	b := Result{Payments: 10, Acknowledged: 10, ElapsedSeconds: 3, Statuses: map[int]int64{200: 10}, ErrorKinds: map[Kind]int64{KindConnect: 1},
		Samples: make([]Sample, 4), times: &histogram{}}
	b.times.add(4 * time.Millisecond)
	m := Merge(a, b, Result{})
	if m.Payments != 40 || m.Acknowledged != 41 || m.PaymentsPerSecond != 10 || m.Errors != 3 || m.Statuses[200] != 41 ||
		m.Statuses[500] != 2 || len(m.Samples) != samplesMax || m.MaxMs != 4 || math.Abs(m.P50Ms-2) > 0.02 || m.RatioToPGBench != 0 {
		t.Errorf("%+v", m)
	}
}

func TestPeakMemory(t *testing.T) {
	got, err := PeakMemoryMB(os.Getpid())
	if runtime.GOOS != "linux" {
		if err == nil {
			t.Error("this system cannot know")
		}
		return
	}
	if err != nil || got < 1 || got > 1<<20 {
		t.Errorf("%v MB, %v", got, err)
	}
	if _, err := PeakMemoryMB(-1); err == nil {
		t.Error("there is no such process")
	}
}

func TestParsePeak(t *testing.T) {
	if got, err := parsePeak("Name:\tpurse\nVmHWM:\t    2048 kB\nVmRSS:\t 5 kB\n"); got != 2 || err != nil {
		t.Error(got, err)
	}
	for _, bad := range []string{"", "VmRSS: 5 kB\n", "VmHWM: x kB\n", "VmHWM: 5 MB\n"} {
		if _, err := parsePeak(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

const pgbenchOutput = `pgbench (15.8 (Debian 15.8-0+deb12u1))
transaction type: <builtin: TPC-B (sort of)>
scaling factor: 20
query mode: prepared
number of clients: 16
number of threads: 2
maximum number of tries: 1
duration: 10 s
number of transactions actually processed: 38012
number of failed transactions: 0 (0.000%)
latency average = 4.208 ms
initial connection time = 38.812 ms
tps = 3802.175403 (without initial connection time)
`

func TestParseTPS(t *testing.T) {
	if got, err := parseTPS(pgbenchOutput); got != 3802.175403 || err != nil {
		t.Error(got, err)
	}
	for name, bad := range map[string]string{
		"empty":       "",
		"another sum": strings.Replace(pgbenchOutput, "without initial", "including", 1),
		"no number":   strings.Replace(pgbenchOutput, "3802.175403", "nan", 1),
		"nothing":     strings.Replace(pgbenchOutput, "3802.175403", "0.000000", 1),
		"failures":    strings.Replace(pgbenchOutput, "failed transactions: 0 (0.000%)", "failed transactions: 7 (0.018%)", 1),
	} {
		if got, err := parseTPS(bad); err == nil {
			t.Errorf("%s: read %v", name, got)
		}
	}
}

func TestPasswordIsNoArgument(t *testing.T) {
	for _, c := range []struct{ in, stripped, password string }{
		{"postgres://u@h:1/d", "postgres://u@h:1/d", ""},
		{"postgres://u:p%40ss@h:1/d?sslmode=disable", "postgres://u@h:1/d?sslmode=disable", "p@ss"},
		{"postgresql:///d?host=%2Ftmp&password=x&user=u", "postgresql:///d?host=%2Ftmp&user=u", "x"},
	} {
		stripped, password, err := splitPassword(c.in)
		if stripped != c.stripped || password != c.password || err != nil {
			t.Errorf("%s: %s, %s, %v", c.in, stripped, password, err)
		}
	}
	_, _, err := splitPassword("postgres://u:secret@h:bad/d")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// program writes a shell script that stands in for pgbench.
func program(t *testing.T, script string) string {
	t.Helper()
	path := t.TempDir() + "/pgbench"
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPGBenchCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	p := PGBench{URL: "postgres://u:pw@127.0.0.1:1/d", Path: program(t, `echo "$PGPASSWORD $@" >> `+dir+`/calls
cat <<'END'
`+pgbenchOutput+`END
`)}
	if err := p.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	tps, err := p.Run(t.Context(), 1200*time.Millisecond)
	if err != nil || tps != 3802.175403 {
		t.Error(tps, err)
	}
	calls, err := os.ReadFile(dir + "/calls")
	if err != nil {
		t.Fatal(err)
	}
	want := "pw -i -q -s 20 postgres://u@127.0.0.1:1/d\npw -M prepared -c 16 -j 2 -T 2 postgres://u@127.0.0.1:1/d\n"
	if string(calls) != want {
		t.Errorf("called %q, want %q", calls, want)
	}

	p.Path = program(t, "echo no such database >&2; exit 1\n")
	if _, err := p.Run(t.Context(), time.Second); err == nil || !strings.Contains(err.Error(), "no such database") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Run(ctx, time.Second); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAlternate(t *testing.T) {
	var order strings.Builder
	measure := func(name string, v float64) Measure {
		return func(context.Context) (float64, error) {
			order.WriteString(name)
			v++
			return v, nil
		}
	}
	as, bs, err := Alternate(t.Context(), 3, measure("a", 0), measure("b", 10))
	if order.String() != "abbaab" || !slices.Equal(as, []float64{1, 2, 3}) || !slices.Equal(bs, []float64{11, 12, 13}) || err != nil {
		t.Error(order.String(), as, bs, err)
	}

	broken := errors.New("broken")
	as, bs, err = Alternate(t.Context(), 3, measure("a", 0), func(context.Context) (float64, error) { return 0, broken })
	if len(as) != 1 || len(bs) != 0 || !errors.Is(err, broken) {
		t.Error(as, bs, err)
	}
	if _, _, err := Alternate(t.Context(), 0, nil, nil); err == nil {
		t.Error("no rounds were made")
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 4}, 4}, {[]float64{4, 1, 2, 9}, 3}} {
		before := slices.Clone(c.in)
		if got := Median(c.in); got != c.want || !slices.Equal(before, c.in) {
			t.Errorf("%v: %v", c.in, got)
		}
	}
}
