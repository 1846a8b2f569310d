package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"purse"
)

// answer is what came of a request, and its log lines.
type answer struct {
	*httptest.ResponseRecorder
	code purse.Code // of the error that fail was given, "ok" without one
	log  string
}

// serve answers r with h.
func serve(r *http.Request, h Handler, proxies ...string) answer {
	a := answer{ResponseRecorder: httptest.NewRecorder(), code: "ok"}
	var log bytes.Buffer
	fail := func(w http.ResponseWriter, err error) {
		a.code = code(err)
		w.WriteHeader(http.StatusTeapot)
	}
	p, err := ParseProxies(strings.Join(proxies, ","))
	if err != nil {
		panic(err)
	}
	p.Handler(Handle(slog.New(slog.NewJSONHandler(&log, nil)), h, fail)).ServeHTTP(a, r)
	a.log = log.String()
	return a
}

func TestHeadersOnEveryAnswer(t *testing.T) {
	for name, h := range map[string]Handler{
		"good":    func(w http.ResponseWriter, _ *http.Request) error { return WriteJSON(w, 200, "{}") },
		"refused": func(http.ResponseWriter, *http.Request) error { return purse.Refuse(purse.CodeSelf, "m") },
		"broken":  func(http.ResponseWriter, *http.Request) error { return errors.New("disk") },
		"replayed": func(w http.ResponseWriter, _ *http.Request) error {
			return WriteAnswer(w, purse.Answer{Status: 200, Replayed: true})
		},
		"too late": func(w http.ResponseWriter, _ *http.Request) error {
			return errors.Join(WriteJSON(w, 200, "{}"), purse.Refuse(purse.CodeBusy, "m"))
		},
	} {
		a := serve(request("", "", ""), h)
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		} {
			if got := a.Header().Values(header); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if name == "too late" && (a.Code != 200 || a.code != "ok") {
			t.Errorf("an answer that had begun was followed by another: %d %s", a.Code, a.code)
		}
	}
}

func TestRetryAfterOnWhatMayPass(t *testing.T) {
	for _, c := range purse.Codes {
		a := serve(request("", "", ""), func(http.ResponseWriter, *http.Request) error { return purse.Refuse(c, "m") })
		want := ""
		if slices.Contains([]purse.Code{purse.CodeBusy, purse.CodeUnknown, purse.CodeClockJumped, purse.CodeRate}, c) {
			want = "1"
		}
		if c == purse.CodeStrangers {
			want = "600"
		}
		if got := a.Header().Get("Retry-After"); got != want || a.code != c {
			t.Errorf("%s: Retry-After %q, code %s", c, got, a.code)
		}
	}
}

func TestWriteAnswer(t *testing.T) {
	for _, tc := range []struct {
		answer purse.Answer
		header string
	}{
		{purse.Answer{Status: 200, Body: `{"a":"é"}`}, ""},
		{purse.Answer{Status: 201, Header: "Location: /x: y\nX-A: b\n", Body: "{}"}, "Location=/x: y X-A=b"},
		{purse.Answer{Status: 200, Header: "broken\n", Body: "{}", Replayed: true}, "Idempotent-Replayed=true"},
		{purse.Answer{Status: 200, Header: "X-A: b", Body: "{}"}, "X-A=b"},
	} {
		w := httptest.NewRecorder()
		if err := WriteAnswer(w, tc.answer); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range []string{"Location", "X-A", "Idempotent-Replayed"} {
			if v := w.Header().Get(name); v != "" {
				got = append(got, name+"="+v)
			}
		}
		if w.Code != tc.answer.Status || w.Body.String() != tc.answer.Body || strings.Join(got, " ") != tc.header ||
			w.Header().Get("Content-Type") != "application/json; charset=utf-8" || w.Header().Get("Content-Length") != fmt.Sprint(len(tc.answer.Body)) {
			t.Errorf("%+v: %d %v %s", tc.answer, w.Code, w.Header(), w.Body)
		}
	}
}

func TestLogLineHoldsNoSecrets(t *testing.T) {
	const canary = "canary"
	for _, tc := range []struct {
		name string
		body string
		err  error
	}{
		{"good", `{"note":"canary","access_token":"canary"}`, nil},
		{"refused", "note=canary&access_token=canary", purse.Refuse(purse.CodeBadToken, "canary")},
		{"unreadable", "note=canary%zz", nil},
		{"broken", "note=canary", &purse.Error{Code: purse.CodeInternal, Message: "canary", Err: errors.New("disk")}},
	} {
		r := request("access_token=canary&note=canary", "", tc.body)
		r.Header.Set("Authorization", "Bearer canary")
		r.Header.Set(OnceHeader, canary)
		r.Header.Set("Cookie", canary)
		r.Header.Set("User-Agent", canary)
		r.Header.Set("Referer", "https://example.org/?access_token=canary")
		a := serve(r, func(w http.ResponseWriter, r *http.Request) error {
			if _, err := ReadParams(r); err != nil || tc.err != nil {
				return cmp.Or(err, tc.err)
			}
			return WriteJSON(w, 200, `{"note":"canary"}`)
		})
		if tc.name == "broken" { // the cause is for the log, and says what the code says
			a.log = strings.Replace(a.log, "internal: canary: disk", "", 1)
		}
		if strings.Contains(a.log, canary) || strings.Count(a.log, "\n") != 1 {
			t.Errorf("%s: %s", tc.name, a.log)
		}
	}
}

func TestLogLine(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{nil, "INFO POST /v1/payments 200 192.0.2.1  "},
		{purse.Refuse(purse.CodeSelf, "m"), "INFO POST /v1/payments 418 192.0.2.1 self "},
		{&purse.Error{Code: purse.CodeUnknown, Message: "m", Err: errors.New("gone")}, "ERROR POST /v1/payments 418 192.0.2.1 unknown unknown: m: gone"},
		{errors.New("disk"), "ERROR POST /v1/payments 418 192.0.2.1 internal disk"},
	} {
		a := serve(request("", "", ""), func(w http.ResponseWriter, _ *http.Request) error {
			if tc.err != nil {
				return tc.err
			}
			return WriteJSON(w, 200, "{}")
		})
		var line struct {
			Level, Method, Path, Remote, Code, Error string
			Status                                   int
		}
		if err := json.Unmarshal([]byte(a.log), &line); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%s %s %s %d %s %s %s", line.Level, line.Method, line.Path, line.Status, line.Remote, line.Code, line.Error)
		if got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}

func TestRequestGoesOnWhenItsCallerHangsUp(t *testing.T) {
	ctx, hangUp := context.WithCancel(t.Context())
	r := request("", "", "").WithContext(ctx)
	serve(r, func(_ http.ResponseWriter, r *http.Request) error {
		hangUp()
		if err := r.Context().Err(); err != nil {
			t.Errorf("the handler's context ended: %v", err)
		}
		if deadline, ok := r.Context().Deadline(); !ok || time.Until(deadline) > requestTimeout {
			t.Errorf("the handler may take until %v", deadline)
		}
		return nil
	})
}

func TestLogNamesTheAnswer(t *testing.T) {
	for _, id := range []string{"", "an-id"} {
		a := serve(request("", "", ""), func(w http.ResponseWriter, _ *http.Request) error {
			if id != "" {
				w.Header().Set(CorrelationHeader, id)
			}
			return WriteJSON(w, 200, "{}")
		})
		if got := strings.Contains(a.log, `"correlation":"`+id+`"`); got != (id != "") {
			t.Errorf("%q: %s", id, a.log)
		}
	}
}

// The secret of a link stands in no log, also where something was typed behind it.
func TestShownPath(t *testing.T) {
	secret := strings.Repeat("Ab3-_", 9)[:43]
	const number = "01980a2c-0000-8000-8000-000000000001"
	for _, tc := range []struct{ pattern, path, want string }{
		{"/pay/{link}", "/pay/" + secret, "/pay/{link}"},
		{"/pay/{link}/events", "/pay/" + secret + "/events", "/pay/{link}/events"},
		{"/to/{link}", "/to/" + secret, "/to/{link}"},
		{"/", "/pay/" + secret + "/", "/pay/…/"},
		{"/", "/to/" + secret + "/x", "/to/…/x"},
		{"", "/x/../pay/" + secret + ".", "/x/../pay/…"},
		{"/paymenthub/v1/payments/{id}", "/paymenthub/v1/payments/" + number, "/paymenthub/v1/payments/" + number},
		{"/static/", "/static/checkout.1a2310794fc7b1df.css", "/static/checkout.1a2310794fc7b1df.css"},
	} {
		r := request("", "", "")
		r.Pattern, r.URL.Path = tc.pattern, tc.path
		if got := shownPath(r); got != tc.want {
			t.Errorf("%s of %q: %s", tc.path, tc.pattern, got)
		}
	}
}
