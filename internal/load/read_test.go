package load

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// library answers with the path that it was asked for, and remembers the paths.
type library struct{ asked []string }

func (l *library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.asked = append(l.asked, r.URL.RequestURI())
	switch {
	case r.Header.Get("Authorization") != "Bearer token" || r.Method != http.MethodGet:
		http.Error(w, "who are you?", http.StatusUnauthorized)
	case r.URL.Path == "/missing":
		http.Error(w, "no such page", http.StatusNotFound)
	case r.URL.Path == "/torn":
		panic(http.ErrAbortHandler)
	default:
		fmt.Fprint(w, r.URL.RequestURI())
	}
}

// reading starts a library and a caller, by whose clock each look at it takes a
// millisecond.
func reading(t *testing.T) (*library, *Caller) {
	t.Helper()
	l := &library{}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	at := time.Now()
	c, err := Dial(t.Context(), server.URL, "token", func() time.Time { at = at.Add(time.Millisecond); return at })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.HangUp)
	return l, c
}

func TestTakeTurns(t *testing.T) {
	l, c := reading(t)
	times, err := TakeTurns(t.Context(), []Page{{c, "/a?limit=2"}, {c, "/b"}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/a?limit=2", "/b", "/b", "/a?limit=2", "/a?limit=2", "/b"}; !slices.Equal(l.asked, want) {
		t.Errorf("asked for %q, want %q", l.asked, want)
	}
	for i, p := range times { // two looks at the clock after the first: the deadline, the end
		if math.Abs(p.P50Ms-2) > 0.02 || math.Abs(p.P99Ms-2) > 0.02 {
			t.Errorf("page %d took %+v, want 2 ms each", i, p)
		}
	}
	if len(times) != 2 {
		t.Errorf("%d pages have times", len(times))
	}
}

func TestTakeTurnsEnds(t *testing.T) {
	l, c := reading(t)
	if times, err := TakeTurns(t.Context(), []Page{{c, "/a"}, {c, "/missing"}}, 3); err == nil || times != nil || len(l.asked) != 2 {
		t.Errorf("a page that is not there: %v, %v, asked for %q", times, err, l.asked)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := TakeTurns(ctx, []Page{{c, "/a"}}, 3); err == nil || len(l.asked) != 2 {
		t.Errorf("nobody waits any more: %v, asked for %q", err, l.asked)
	}
}

func TestGet(t *testing.T) {
	_, c := reading(t)
	for _, path := range []string{"/a", "/b?before=1&before_id=2"} {
		if body, err := c.Get(path); err != nil || string(body) != path {
			t.Errorf("%s: %q, %v", path, body, err)
		}
	}
	for path, want := range map[string]string{
		"/missing": "404 no such page", "/a b": "cannot be sent", "/a\r\nHost: b": "cannot be sent",
	} {
		if _, err := c.Get(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
	if _, err := c.Get("/torn"); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("an answer that breaks off: %v", err)
	}
}

func TestDialRefuses(t *testing.T) {
	for _, c := range []struct{ url, token string }{
		{"http://192.0.2.1:80", "token"}, {"https://127.0.0.1:1", "token"}, {"http://127.0.0.1:1", "to ken"}, {"http://127.0.0.1:1", ""},
	} {
		if _, err := Dial(t.Context(), c.url, c.token, time.Now); err == nil || strings.Contains(err.Error(), "dial tcp") {
			t.Errorf("%s with token %q: %v", c.url, c.token, err)
		}
	}
}
