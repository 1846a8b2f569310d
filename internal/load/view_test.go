package load

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A page that is due is asked for although the server has not answered the one before,
// and what it waits counts.
func TestLookIsAnOpenLoop(t *testing.T) {
	var asked atomic.Int64
	opened := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/page" || r.Header.Get("Cookie") != "a=b" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		if asked.Add(1) == 8 {
			close(opened)
		}
		<-opened // the first come when the last was asked for
	}))
	defer server.Close()
	v := Views{
		URL: server.URL, Viewers: []Viewer{{"/page", "a=b"}, {"/page", "a=b"}}, Every: 50 * time.Millisecond, Duration: 200 * time.Millisecond, Now: time.Now,
	}
	times, err := Look(t.Context(), v)
	if err != nil || times.Requests != 8 || times.P99Ms < 150 || times.P50Ms > times.P99Ms {
		t.Errorf("%+v, %v", times, err)
	}
	v.Warmup = 100 * time.Millisecond
	if times, err = Look(t.Context(), v); err != nil || times.Requests != 8 || asked.Load() != 8+12 {
		t.Errorf("%+v, %v, %d requests", times, err, asked.Load())
	}
}

func TestLookRefuses(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	good := Views{URL: server.URL, Viewers: []Viewer{{Path: "/"}}, Every: time.Second, Duration: time.Second, Now: time.Now}
	for what, change := range map[string]func(*Views){
		"no clock":   func(v *Views) { v.Now = nil },
		"nobody":     func(v *Views) { v.Viewers = nil },
		"all time":   func(v *Views) { v.Every = 0 },
		"no time":    func(v *Views) { v.Duration = 0 },
		"others":     func(v *Views) { v.URL = "http://192.0.2.1:80" },
		"an error":   func(*Views) {},
		"cold start": func(v *Views) { v.Warmup = -1 },
	} {
		v := good
		change(&v)
		if _, err := Look(t.Context(), v); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

func TestWeighCountsAllParts(t *testing.T) {
	files := map[string]string{
		"/page":  `<link rel="stylesheet" href="/a.css"><script src="/b.js" defer></script><img alt="" src="/c.png"><img src="/c.png"><img src="data:x"><a href="https://elsewhere.example">`,
		"/a.css": `@import "/d.css"; p { background: url(/c.png) }`, "/d.css": `p { background: url("data:y") }`, "/b.js": "1234567", "/c.png": "12345",
		"/bad": `<img src="https://elsewhere.example/x.png">`, "/bad2": `<link rel="icon" href="//elsewhere.example/x">`, "/cut": `<img src="/none">`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()
	want := 0
	for _, f := range strings.Fields("/page /a.css /d.css /b.js /c.png") {
		want += len(files[f])
	}
	if got, err := Weigh(t.Context(), server.URL, Viewer{Path: "/page"}); err != nil || got != want {
		t.Errorf("it weighs %d, want %d, %v", got, want, err)
	}
	for _, path := range []string{"/bad", "/bad2", "/cut", "/none"} {
		if _, err := Weigh(t.Context(), server.URL, Viewer{Path: path}); err == nil {
			t.Errorf("%s is weighed", path)
		}
	}
	if _, err := Weigh(t.Context(), "http://192.0.2.1:80", Viewer{Path: "/"}); err == nil {
		t.Error("another machine is asked")
	}
}
