package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// bank is a server that answers payments and remembers what it was asked.
type bank struct {
	mu   sync.Mutex
	seen []seen
	ids  []string // in the order in which they were given out

	answer func(w http.ResponseWriter, id string) // nil: settled
}

type seen struct {
	method, path, host, token, key, contentType, remote string
	body                                                map[string]any
}

func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := seen{
		method: r.Method, path: r.URL.Path, host: r.Host, remote: r.RemoteAddr,
		token: r.Header.Get("Authorization"), key: r.Header.Get("Idempotency-Key"), contentType: r.Header.Get("Content-Type"),
	}
	if err := json.NewDecoder(r.Body).Decode(&s.body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	b.seen = append(b.seen, s)
	id := strconv.Itoa(1_000_000 + len(b.seen))
	b.ids = append(b.ids, id)
	b.mu.Unlock()
	if b.answer != nil {
		b.answer(w, id)
		return
	}
	_, _ = io.WriteString(w, settled(id))
}

func settled(id string) string {
	return `{"data":{"balance":5.00,"payment":{"actor":{"id":"77"},"id":"` + id + `","status":"settled","note":"\"payment\":{\"id\":\"9\"}"}}}` + "\n"
}

func people(n int) []Account {
	accounts := make([]Account, n)
	for i := range accounts {
		accounts[i] = Account{UserID: fmt.Sprint("u", i), Token: fmt.Sprint("token-", i)}
	}
	return accounts
}

func planFor(url string) Plan {
	return Plan{
		URL: url, Accounts: people(5), Connections: 4,
		Duration: 100 * time.Millisecond, Now: time.Now, Seed: 1,
	}
}

// drive makes a run that must not fail.
func drive(t *testing.T, p Plan) Result {
	t.Helper()
	result, err := Run(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func lines(b *bytes.Buffer) []string {
	return strings.Fields(b.String())
}

func TestCountsAndRecordAreExact(t *testing.T) {
	b := &bank{}
	var record bytes.Buffer
	p := planFor(serve(t, b).URL)
	p.Record = &record
	p.Warmup = 30 * time.Millisecond
	r := drive(t, p)

	n := int64(len(b.seen))
	if r.Acknowledged != n || r.Statuses[200] != n || r.Errors != 0 || len(r.Samples) != 0 {
		t.Errorf("the server made %d payments, the result says %+v", n, r)
	}
	if r.Payments <= 0 || r.Payments >= n {
		t.Errorf("measured %d of %d: the warm-up is counted, or nothing is", r.Payments, n)
	}
	if got := lines(&record); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(b.ids))) {
		t.Errorf("recorded %d ids, the server gave %d, or others", len(got), len(b.ids))
	}
	if r.ElapsedSeconds < p.Duration.Seconds() || r.PaymentsPerSecond != float64(r.Payments)/r.ElapsedSeconds {
		t.Errorf("%d payments in %v s are not %v/s", r.Payments, r.ElapsedSeconds, r.PaymentsPerSecond)
	}
	if r.P50Ms <= 0 || r.P50Ms > r.P99Ms || r.P99Ms > r.MaxMs {
		t.Errorf("p50 %v, p99 %v, max %v", r.P50Ms, r.P99Ms, r.MaxMs)
	}
	remotes := map[string]bool{}
	for _, s := range b.seen {
		remotes[s.remote] = true
	}
	if len(remotes) != p.Connections {
		t.Errorf("%d connections were made for %d", len(remotes), p.Connections)
	}
}

func TestRequestIsAPayment(t *testing.T) {
	b := &bank{}
	server := serve(t, b)
	drive(t, planFor(server.URL))
	s := b.seen[0]
	if s.method != "POST" || s.path != "/v1/payments" || s.contentType != "application/json" ||
		"http://"+s.host != server.URL || !strings.HasPrefix(s.token, "Bearer token-") {
		t.Errorf("sent %+v", s)
	}
	if s.body["amount"] != 0.01 || s.body["note"] != "bench" || s.body["audience"] != "private" || len(s.body) != 4 {
		t.Errorf("sent %v", s.body)
	}
}

func TestKeysNeverRepeat(t *testing.T) {
	b := &bank{}
	p := planFor(serve(t, b).URL)
	drive(t, p)
	drive(t, p) // the same seed again
	keys := map[string]bool{}
	for _, s := range b.seen {
		if s.key == "" || keys[s.key] {
			t.Fatalf("key %q was used twice or is none", s.key)
		}
		keys[s.key] = true
	}
}

func TestSpreadPaysAmongAll(t *testing.T) {
	b := &bank{}
	p := planFor(serve(t, b).URL)
	p.Accounts = people(3)
	drive(t, p)
	pairs := map[string]bool{}
	for _, s := range b.seen {
		payer, payee := strings.TrimPrefix(s.token, "Bearer token-"), strings.TrimPrefix(s.body["user_id"].(string), "u")
		if payer == payee {
			t.Fatalf("%s pays herself", payer)
		}
		pairs[payer+">"+payee] = true
	}
	if len(b.seen) > 200 && len(pairs) != 6 {
		t.Errorf("of 6 pairs only %v in %d payments", pairs, len(b.seen))
	}
}

func TestHotPaysOneOnly(t *testing.T) {
	b := &bank{}
	p := planFor(serve(t, b).URL)
	p.Hot = true
	drive(t, p)
	for _, s := range b.seen {
		if s.body["user_id"] != "u0" || s.token == "Bearer token-0" {
			t.Fatalf("%s pays %v", s.token, s.body["user_id"])
		}
	}
}

func TestRefusalsAreCountedWithTheirBodies(t *testing.T) {
	var n atomic.Int64
	var fails, busy atomic.Int64
	b := &bank{answer: func(w http.ResponseWriter, id string) {
		switch n.Add(1) % 4 {
		case 0:
			fails.Add(1)
			http.Error(w, "out of order "+strings.Repeat("x", 2*sampleBytesMax), http.StatusInternalServerError)
		case 1:
			busy.Add(1)
			http.Error(w, "come back later", http.StatusServiceUnavailable)
		default:
			_, _ = io.WriteString(w, settled(id))
		}
	}}
	var record bytes.Buffer
	p := planFor(serve(t, b).URL)
	p.Record = &record
	r := drive(t, p)
	if r.Statuses[500] != fails.Load() || r.Statuses[503] != busy.Load() || r.Errors != fails.Load()+busy.Load() ||
		r.ErrorKinds[KindStatus] != r.Errors || r.Statuses[200] != n.Load()-r.Errors || r.Payments != r.Statuses[200] {
		t.Errorf("500: %d, 503: %d, all: %d; the result says %+v", fails.Load(), busy.Load(), n.Load(), r)
	}
	if int64(len(lines(&record))) != r.Payments {
		t.Errorf("recorded %d of %d", len(lines(&record)), r.Payments)
	}
	if len(r.Samples) != samplesMax {
		t.Fatalf("%d samples", len(r.Samples))
	}
	for _, s := range r.Samples {
		if want := map[int]string{500: "out of order", 503: "come back later"}[s.Status]; !strings.HasPrefix(s.Text, want) ||
			len(s.Text) > sampleBytesMax || s.Kind != KindStatus {
			t.Errorf("sample %+v", s)
		}
	}
}

func TestAnswersThatAreNoPayment(t *testing.T) {
	for name, body := range map[string]string{
		"empty":     ``,
		"no id":     `{"data":{"payment":{"status":"settled"}}}`,
		"cut off":   `{"data":{"payment":{"id":"5","status":"settled"}`,
		"and more":  `{"data":{"payment":{"id":"5","status":"settled"}}} and more`,
		"elsewhere": `{"data":{"payment":{"actor":{"id":"5"}}},"id":"6"}`,
		"failed":    `{"data":{"payment":{"id":"5","status":"failed"}}}`,
		"old error": `{"data":{"error_code":13006,"error_msg":"no"}}`,
		"two lines": `{"data":{"payment":{"id":"5\n6"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := &bank{answer: func(w http.ResponseWriter, _ string) { _, _ = io.WriteString(w, body) }}
			var record bytes.Buffer
			p := planFor(serve(t, b).URL)
			p.Duration, p.Record = 20*time.Millisecond, &record
			r := drive(t, p)
			if n := int64(len(b.seen)); r.ErrorKinds[KindPayment] != n || r.Errors != n || r.Statuses[200] != n || r.Acknowledged != 0 || record.Len() != 0 {
				t.Errorf("of %d: %+v, record %q", n, r, record.String())
			}
		})
	}
}

func TestConnectionCloseIsNoError(t *testing.T) {
	b := &bank{answer: func(w http.ResponseWriter, id string) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, settled(id))
	}}
	r := drive(t, planFor(serve(t, b).URL))
	remotes := map[string]bool{}
	for _, s := range b.seen {
		remotes[s.remote] = true
	}
	if r.Errors != 0 || r.Payments != int64(len(b.seen)) || len(remotes) != len(b.seen) || r.Payments == 0 {
		t.Errorf("%d requests on %d connections: %+v", len(b.seen), len(remotes), r)
	}
}

func TestChunkedAnswers(t *testing.T) {
	b := &bank{answer: func(w http.ResponseWriter, id string) {
		w.Header().Set("Trailer", "X-After")
		body := settled(id)
		_, _ = io.WriteString(w, body[:20])
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, body[20:])
		w.Header().Set("X-After", "done")
	}}
	r := drive(t, planFor(serve(t, b).URL))
	if r.Errors != 0 || r.Payments != int64(len(b.seen)) || r.Payments == 0 {
		t.Errorf("of %d: %+v", len(b.seen), r)
	}
}

func TestServerIsSlow(t *testing.T) {
	release := make(chan struct{})
	b := &bank{answer: func(http.ResponseWriter, string) { <-release }}
	server := serve(t, b)
	defer close(release)
	p := planFor(server.URL)
	p.AnswerWait = 20 * time.Millisecond
	r := drive(t, p)
	if r.ErrorKinds[KindUnanswered] == 0 || r.Errors != r.ErrorKinds[KindUnanswered] || r.Payments != 0 {
		t.Errorf("%+v", r)
	}
}

// dyingBank kills its server after some payments: every connection breaks and
// none is accepted any more.
func dyingBank(t *testing.T) (*bank, *httptest.Server) {
	t.Helper()
	var n atomic.Int64
	var server *httptest.Server
	b := &bank{}
	b.answer = func(w http.ResponseWriter, id string) {
		if n.Add(1) == 50 {
			_ = server.Listener.Close()
			server.CloseClientConnections()
			return
		}
		_, _ = io.WriteString(w, settled(id))
	}
	server = serve(t, b)
	return b, server
}

func TestServerDiesAndThatIsAwaited(t *testing.T) {
	b, server := dyingBank(t)
	var record bytes.Buffer
	p := planFor(server.URL)
	p.Duration = time.Hour // it must not take that long
	p.UntilBroken = true
	p.Record = &record
	r := drive(t, p)
	if r.ErrorKinds[KindConnect] != 0 || r.Errors != r.ErrorKinds[KindUnanswered] || r.Errors == 0 || r.Errors > int64(p.Connections) {
		t.Errorf("%+v", r)
	}
	b.mu.Lock() // a handler whose connection broke may still run
	ids := slices.Clone(b.ids)
	b.mu.Unlock()
	given := map[string]bool{}
	for _, id := range ids {
		given[id] = true
	}
	for _, id := range lines(&record) {
		if !given[id] {
			t.Errorf("recorded %s, which the server never gave", id)
		}
	}
	// An unanswered request has reached the server or has not.
	n, made := int64(len(lines(&record))), int64(len(ids))
	if n != r.Acknowledged || n > made || made > n+r.Errors {
		t.Errorf("recorded %d, acknowledged %d, errors %d, given %d", n, r.Acknowledged, r.Errors, made)
	}
}

func TestServerDiesAndThatIsAnError(t *testing.T) {
	_, server := dyingBank(t)
	p := planFor(server.URL)
	r := drive(t, p)
	if r.ErrorKinds[KindConnect] == 0 || r.Payments == 0 || r.ElapsedSeconds < p.Duration.Seconds() {
		t.Errorf("%+v", r)
	}
}

func TestServerComesBack(t *testing.T) {
	var n atomic.Int64
	b := &bank{}
	b.answer = func(w http.ResponseWriter, id string) {
		if n.Add(1)%10 == 0 {
			panic(http.ErrAbortHandler) // ends this connection only
		}
		_, _ = io.WriteString(w, settled(id))
	}
	r := drive(t, planFor(serve(t, b).URL))
	if all := n.Load(); r.ErrorKinds[KindUnanswered] != all/10 || r.Payments != all-all/10 || r.Errors != all/10 {
		t.Errorf("of %d: %+v", all, r)
	}
}

func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	for _, untilBroken := range []bool{false, true} {
		p := planFor("http://" + l.Addr().String())
		p.UntilBroken = untilBroken
		r, err := Run(t.Context(), p)
		if err == nil || !strings.Contains(err.Error(), "no server") || r.ErrorKinds[KindConnect] == 0 {
			t.Errorf("until broken %v: %v, %+v", untilBroken, err, r)
		}
	}
}

type fullDisk struct{ lines int }

var errFull = errors.New("disk full")

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.lines == 0 {
		return 0, errFull
	}
	d.lines--
	return len(b), nil
}

func TestRecordCannotBeWritten(t *testing.T) {
	p := planFor(serve(t, &bank{}).URL)
	p.Duration = time.Hour
	p.Record = &fullDisk{lines: 10}
	r, err := Run(t.Context(), p)
	if !errors.Is(err, errFull) || r.Acknowledged != 10 {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	b := &bank{answer: func(http.ResponseWriter, string) {
		cancel() // while it waits for this answer
		<-release
	}}
	server := serve(t, b)
	defer close(release)
	p := planFor(server.URL)
	p.Duration = time.Hour
	if _, err := Run(ctx, p); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestPlansThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Plan){
		"off this machine":   func(p *Plan) { p.URL = "http://192.0.2.1:80" },
		"every address":      func(p *Plan) { p.URL = "http://0.0.0.0:80" },
		"inside IPv6":        func(p *Plan) { p.URL = "http://[::ffff:192.0.2.1]:80" },
		"https":              func(p *Plan) { p.URL = "https://127.0.0.1:80" },
		"a path":             func(p *Plan) { p.URL = "http://127.0.0.1:80/v1" },
		"no host":            func(p *Plan) { p.URL = "http://:80" },
		"nothing":            func(p *Plan) { p.URL = "" },
		"one account":        func(p *Plan) { p.Accounts = people(1) },
		"token of two lines": func(p *Plan) { p.Accounts[1].Token = "a\r\nX: y" },
		"quoted user":        func(p *Plan) { p.Accounts[1].UserID = `a"` },
		"no connections":     func(p *Plan) { p.Connections = 0 },
		"no time":            func(p *Plan) { p.Duration = 0 },
		"negative warm-up":   func(p *Plan) { p.Warmup = -1 },
		"too patient":        func(p *Plan) { p.AnswerWait = time.Minute },
		"no clock":           func(p *Plan) { p.Now = nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := planFor("http://127.0.0.1:9")
			change(&p)
			if _, err := Run(t.Context(), p); err == nil || strings.Contains(err.Error(), "no server") {
				t.Errorf("was tried: %v", err)
			}
		})
	}
}

func TestLoopbackByName(t *testing.T) {
	b := &bank{}
	server := serve(t, b)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if r := drive(t, planFor("http://localhost:"+port)); r.Errors != 0 || r.Payments == 0 {
		t.Errorf("%+v", r)
	}
}
