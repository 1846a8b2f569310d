package load

import (
	"slices"
	"sync"
	"time"
)

const (
	samplesMax     = 5
	sampleBytesMax = 512
)

// Kind is a way in which a payment can fail to be one.
type Kind string

// The kinds of errors.
const (
	KindConnect    Kind = "connect"    // no connection: nothing was sent
	KindUnanswered Kind = "unanswered" // sent, and the connection broke or the time ran out: it may have happened or not
	KindMalformed  Kind = "malformed"  // answered, but not in HTTP: it may have happened or not
	KindStatus     Kind = "status"     // answered with another status than 200, of a merchant's request 201
	KindPayment    Kind = "payment"    // answered so without a payment that is made, or one that can be
)

// Sample is one error as it was seen.
type Sample struct {
	Kind   Kind   `json:"kind"`
	Status int    `json:"status,omitempty"` // none: no answer that could be read
	Text   string `json:"text"`             // the body's beginning, or what went wrong
}

// Result is what a run saw.
type Result struct {
	PaymentsPerSecond float64 `json:"payments_per_second"`
	P50Ms             float64 `json:"p50_ms"` // of the measured payments; within 1 %
	P99Ms             float64 `json:"p99_ms"`
	MaxMs             float64 `json:"max_ms"`

	Payments       int64   `json:"payments"`        // measured: sent after the warm-up and acknowledged
	Acknowledged   int64   `json:"acknowledged"`    // all, with those of the warm-up: the lines of the record
	ElapsedSeconds float64 `json:"elapsed_seconds"` // from the end of the warm-up until the last connection ended

	// Errors counts those of the warm-up too: a server that fails there has
	// failed.
	Errors     int64          `json:"errors"`
	ErrorKinds map[Kind]int64 `json:"error_kinds,omitempty"`
	Statuses   map[int]int64  `json:"statuses"` // of all answers, also the good ones
	Samples    []Sample       `json:"samples,omitempty"`

	// These are for the caller to fill in; 0 means not measured.
	RatioToPGBench float64 `json:"ratio_to_pgbench"`
	RatioToSpread  float64 `json:"ratio_to_spread,omitempty"`
	Spread         *Result `json:"spread,omitempty"` // the same for payments between people, in turn with these
	ServerPeakMB   float64 `json:"server_peak_mb"`
	RateLimits     string  `json:"rate_limits"` // how the server's limits on its callers stood

	times *histogram
}

// faults collects the errors of all connections. They are rare, so a lock does
// no harm, and the first samples are then truly the first.
type faults struct {
	mu       sync.Mutex
	kinds    map[Kind]int64
	statuses map[int]int64
	samples  []Sample
}

func (f *faults) add(kind Kind, status int, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kinds == nil {
		f.kinds, f.statuses = map[Kind]int64{}, map[int]int64{}
	}
	f.kinds[kind]++
	if kind == KindStatus {
		f.statuses[status]++
	}
	if len(f.samples) < samplesMax {
		f.samples = append(f.samples, Sample{kind, status, text[:min(len(text), sampleBytesMax)]})
	}
}

// first tells the first error.
func (f *faults) first() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.samples) == 0 {
		return "no time to connect"
	}
	return f.samples[0].Text
}

// result puts together what the connections counted. They have all ended.
func (r *run) result(clients []*client, elapsed time.Duration) Result {
	result := Result{
		ElapsedSeconds: max(elapsed, 0).Seconds(),
		ErrorKinds:     r.faults.kinds,
		Statuses:       map[int]int64{},
		Samples:        r.faults.samples,
		times:          &histogram{},
	}
	for status, n := range r.faults.statuses {
		result.Statuses[status] += n
	}
	hoped := statusPaid
	if len(r.plan.Sellers) > 0 {
		hoped = statusMade
	}
	for _, c := range clients {
		result.Payments += c.payments
		result.Acknowledged += c.acknowledged
		if c.answered > 0 {
			result.Statuses[hoped] += c.answered
		}
		result.times.merge(&c.times)
	}
	result.summarize()
	return result
}

// summarize fills in what follows from the rest.
func (r *Result) summarize() {
	r.Errors = 0
	for _, n := range r.ErrorKinds {
		r.Errors += n
	}
	r.PaymentsPerSecond = 0
	if r.ElapsedSeconds > 0 {
		r.PaymentsPerSecond = float64(r.Payments) / r.ElapsedSeconds
	}
	r.P50Ms = float64(r.times.quantile(0.50)) / 1000
	r.P99Ms = float64(r.times.quantile(0.99)) / 1000
	r.MaxMs = float64(r.times.max) / 1000
}

// Merge makes one result of several runs' as if they had been one run with
// pauses. What the caller filled in is left out: a ratio cannot be added.
func Merge(results ...Result) Result {
	merged := Result{ErrorKinds: map[Kind]int64{}, Statuses: map[int]int64{}, times: &histogram{}}
	for _, r := range results {
		merged.Payments += r.Payments
		merged.Acknowledged += r.Acknowledged
		merged.ElapsedSeconds += r.ElapsedSeconds
		for kind, n := range r.ErrorKinds {
			merged.ErrorKinds[kind] += n
		}
		for status, n := range r.Statuses {
			merged.Statuses[status] += n
		}
		merged.Samples = append(merged.Samples, r.Samples...)
		if r.times != nil {
			merged.times.merge(r.times)
		}
	}
	merged.Samples = slices.Clip(merged.Samples[:min(len(merged.Samples), samplesMax)])
	merged.summarize()
	return merged
}
