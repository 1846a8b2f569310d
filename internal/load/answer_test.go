package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// rawServer answers every request on every connection with the same bytes.
func rawServer(t testing.TB, answer []byte, thenClose bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	ended := make(chan struct{})
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				stop := make(chan struct{})
				defer close(stop)
				go func() {
					select {
					case <-ended:
					case <-stop:
					}
					_ = conn.Close()
				}()
				in := make([]byte, 4<<10)
				for {
					// The generator writes a request in one piece, and never two.
					if _, err := conn.Read(in); err != nil {
						return
					}
					if _, err := conn.Write(answer); err != nil || thenClose {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		close(ended)
		all.Wait()
	})
	return "http://" + l.Addr().String()
}

func TestGarbageIsAnError(t *testing.T) {
	body := settled("5")
	length := "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
	for name, c := range map[string]struct {
		answer string
		closes bool
		kind   Kind
	}{
		"noise":             {"\x00\x01\x02\r\n\r\n", false, KindMalformed},
		"other protocol":    {"SSH-2.0-x\r\n", false, KindMalformed},
		"bare line feeds":   {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", false, KindMalformed},
		"no status":         {"HTTP/1.1 OK\r\n\r\n", false, KindMalformed},
		"interim":           {"HTTP/1.1 100 Continue\r\n\r\n", false, KindMalformed},
		"version 2":         {"HTTP/1.2 200 OK\r\n" + length + "\r\n" + body, false, KindMalformed},
		"negative length":   {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + body, false, KindMalformed},
		"two lengths":       {"HTTP/1.1 200 OK\r\n" + length + length + "\r\n" + body, false, KindMalformed},
		"length and chunks": {"HTTP/1.1 200 OK\r\n" + length + "Transfer-Encoding: chunked\r\n\r\n" + body, false, KindMalformed},
		"zipped":            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false, KindMalformed},
		"folded header":     {"HTTP/1.1 200 OK\r\n Content-Length: 0\r\n\r\n", false, KindMalformed},
		"nameless header":   {"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", false, KindMalformed},
		"endless line":      {"HTTP/1.1 200 " + strings.Repeat("x", 2*readerBytes), false, KindMalformed},
		"endless headers":   {"HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", headerLinesMax+1), false, KindMalformed},
		"huge body":         {"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", false, KindMalformed},
		"huge chunk":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", false, KindMalformed},
		"chunk of no size":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false, KindMalformed},
		"cut in the head":   {"HTTP/1.1 200 OK\r\nContent-Le", true, KindUnanswered},
		"cut in the body":   {"HTTP/1.1 200 OK\r\n" + length + "\r\n" + body[:9], true, KindUnanswered},
		"cut in a chunk":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc", true, KindUnanswered},
		"nothing":           {"", true, KindUnanswered},
		"cut, no length":    {"HTTP/1.1 200 OK\r\n\r\n" + body[:len(body)-3], true, KindPayment},
	} {
		t.Run(name, func(t *testing.T) {
			var record bytes.Buffer
			p := planFor(rawServer(t, []byte(c.answer), c.closes))
			p.Duration, p.Connections, p.Record = 20*time.Millisecond, 1, &record
			r := drive(t, p)
			if r.Errors == 0 || r.ErrorKinds[c.kind] != r.Errors || r.Acknowledged != 0 || record.Len() != 0 {
				t.Errorf("%+v, record %q", r, record.String())
			}
		})
	}
}

func TestSurplusEndsTheConnection(t *testing.T) {
	one := "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(len(settled("5"))) + "\r\n\r\n" + settled("5")
	r := drive(t, func() Plan {
		p := planFor(rawServer(t, []byte(one+one), false))
		p.Connections, p.Duration = 1, 30*time.Millisecond
		return p
	}())
	// The first answer stands; the second must not answer the next request.
	if r.Acknowledged == 0 || r.ErrorKinds[KindMalformed] != r.Acknowledged || r.Errors != r.Acknowledged {
		t.Errorf("%+v", r)
	}
}

func TestReadAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		in     string
		status int
		closes bool
		body   string
	}{
		"length":          {"HTTP/1.1 200 OK\r\ncontent-LENGTH:  3 \r\n\r\nabcd", 200, false, "abc"},
		"no reason":       {"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, false, ""},
		"close":           {"HTTP/1.1 200 OK\r\nConnection: foo , Close\r\nContent-Length: 1\r\n\r\na", 200, true, "a"},
		"keep":            {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", 200, false, "a"},
		"old version":     {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 200, true, "a"},
		"until the end":   {"HTTP/1.1 200 OK\r\n\r\nabc", 200, true, "abc"},
		"no body at all":  {"HTTP/1.1 204 No Content\r\n\r\nHTTP", 204, false, ""},
		"chunks":          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nA;x=y\r\n0123456789\r\n0\r\n\r\nrest", 200, false, "ab0123456789"},
		"chunks, trailer": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n", 200, false, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := readAnswer(bufio.NewReader(strings.NewReader(c.in)), []byte("what was here before"))
			if err != nil || a.status != c.status || a.closes != c.closes || string(a.body) != c.body {
				t.Errorf("%+v %q, %v", a, a.body, err)
			}
		})
	}
}

// Whatever comes, reading it ends, and never with a body above the bound.
func TestReadAnswerBearsAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{
			"HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n",
			"\r\n", "5\r\n", "0\r\n", "abcde", "\n", ":", " ", "fffffffff\r\n",
		})).Draw(t, "parts")
		a, err := readAnswer(bufio.NewReader(strings.NewReader(strings.Join(parts, ""))), nil)
		switch {
		case err == nil && len(a.body) > bodyBytesMax:
			t.Fatal("the body is too long")
		case err != nil && !errors.Is(err, errMalformed) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			t.Fatal(err)
		}
	})
}

// The walk finds what a decoder finds, whatever else the answer holds.
func TestPaymentIDAgreesWithDecoder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.Map(rapid.Float64Range(-1e9, 1e9), func(f float64) any { return f }),
			rapid.Just[any](nil), rapid.Just[any](true),
			rapid.Just[any](map[string]any{"id": "9", "payment": map[string]any{"id": "8"}}),
			rapid.Just[any]([]any{"id", "]", map[string]any{"}": "\\\""}}),
		)
		object := rapid.MapOfN(rapid.StringMatching(`[a-z"\\:{},]{1,4}`), value, 0, 4)
		payment := object.Draw(t, "payment")
		id := strconv.FormatUint(rapid.Uint64().Draw(t, "id"), 10)
		payment["id"], payment["status"] = id, "settled"
		data := object.Draw(t, "data")
		data["payment"] = payment
		top := object.Draw(t, "top")
		top["data"] = data
		indent := rapid.SampledFrom([]string{"", " ", "\t"}).Draw(t, "indent")
		body, err := json.MarshalIndent(top, "", indent)
		if err != nil {
			t.Fatal(err)
		}
		got, err := paymentID(body)
		if err != nil || string(got) != id {
			t.Fatalf("%q, %v; want %s in %s", got, err, id, body)
		}
		cut := rapid.IntRange(0, len(body)-1).Draw(t, "cut")
		if got, err := paymentID(body[:cut]); err == nil {
			t.Fatalf("found %q in half an answer: %s", got, body[:cut])
		}
	})
}

func FuzzPaymentID(f *testing.F) {
	f.Add([]byte(settled("5")))
	f.Add([]byte(`{"data":{"payment":{"id":"1`))
	f.Fuzz(func(t *testing.T, body []byte) {
		id, err := paymentID(body)
		if err != nil || !json.Valid(body) {
			return
		}
		var v struct{ Data map[string]json.RawMessage }
		if json.Unmarshal(body, &v) == nil && !bytes.Contains(body, id) {
			t.Errorf("%q is not in %q", id, body)
		}
	})
}

// BenchmarkLoop is what one payment costs the generator and the least server
// that can be: what a measurement takes from the machine that it measures.
func BenchmarkLoop(b *testing.B) {
	body := settled("123456789012345678")
	url := rawServer(b, []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: "+
		strconv.Itoa(len(body))+"\r\n\r\n"+body), false)
	p := planFor(url)
	p.AnswerWait = drainWait
	t, err := findTarget(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	r := &run{plan: p, target: t, prefix: "PREFIX", from: p.Now(), until: p.Now().Add(time.Hour)}
	c := newClient(r, 0)
	if err := c.dial(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer c.hangUp()
	b.ReportAllocs()
	for b.Loop() {
		if err := c.pay(); err != nil {
			b.Fatal(err)
		}
	}
	if r.faults.kinds != nil {
		b.Fatal(r.faults.samples)
	}
}

// BenchmarkParse is the generator's part that is not the kernel's.
func BenchmarkParse(b *testing.B) {
	body := settled("123456789012345678")
	in := strings.NewReader("")
	reader := bufio.NewReaderSize(in, readerBytes)
	text := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n" + body
	c := newClient(&run{plan: planFor("http://127.0.0.1:1"), target: target{host: "127.0.0.1:1"}, prefix: "PREFIX"}, 0)
	b.ReportAllocs()
	for b.Loop() {
		c.out = c.request(c.out[:0])
		in.Reset(text)
		reader.Reset(in)
		a, err := readAnswer(reader, c.body)
		if err != nil {
			b.Fatal(err)
		}
		c.body = a.body
		if _, err := paymentID(a.body); err != nil {
			b.Fatal(err)
		}
	}
}
