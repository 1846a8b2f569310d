package walletv1

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"purse"
	"purse/api"
	"purse/internal/doortest"
)

// theContract is the description, ready to hold requests and answers against.
var theContract = sync.OnceValues(func() (*doortest.Contract, error) {
	c, err := doortest.Load(description, map[string]string{"400": "Refused", "404": "NoSuchPath", "405": "NoSuchMethod"})
	if err != nil {
		return nil, err
	}
	c.Plain, c.Key = plain, authenticated
	return c, nil
})

// held checks an exchange against the description.
func held(t testing.TB, r *http.Request, body []byte, w *httptest.ResponseRecorder) {
	t.Helper()
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	c.Hold(t, r, body, w)
}

// plain is r as the description speaks of requests: the path without needless
// escapes, GET for HEAD, the body's type as what the body is, and no blank
// values and no space around them, because the door takes them so everywhere.
func plain(r *http.Request, body []byte) (*http.Request, []byte) {
	r.URL.RawPath = ""
	if query, err := url.ParseQuery(r.URL.RawQuery); err == nil { // one that is broken was refused
		r.URL.RawQuery = trimmed(query).Encode()
	}
	switch body = bytes.TrimSpace(body); {
	case len(body) == 0 || strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/"):
	case body[0] == '{':
		r.Header.Set("Content-Type", "application/json")
		var members map[string]any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if d.Decode(&members) == nil {
			for name, v := range members {
				if text, ok := v.(string); ok {
					v = strings.TrimSpace(text)
				}
				if members[name] = v; v == nil || v == "" {
					delete(members, name)
				}
			}
			kept, err := json.Marshal(members)
			if err != nil {
				panic(err) // it was JSON
			}
			body = kept
		}
	default:
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if form, err := url.ParseQuery(string(body)); err == nil {
			body = []byte(trimmed(form).Encode())
		}
	}
	return r, body
}

func trimmed(values url.Values) url.Values {
	kept := url.Values{}
	for name, list := range values {
		for _, v := range list {
			if v = strings.TrimSpace(v); v != "" {
				kept.Add(name, v)
			}
		}
	}
	return kept
}

// authenticated finds a token where the door does. An operation for which it is
// not asked is described as one that needs none.
func authenticated(r *http.Request) error {
	_, token, err := api.ReadRequest(r)
	if err == nil && token == "" {
		err = errors.New("a success without a token")
	}
	return err
}

func TestDescriptionIsValid(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(c.Doc.OpenAPI, "3.1.") {
		t.Errorf("it is OpenAPI %s", c.Doc.OpenAPI)
	}
}

func TestDescriptionHasEveryRoute(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	var routed []string
	described := c.Described()
	for path, methods := range (&Door{}).routes() {
		for method := range methods {
			routed = append(routed, method+" "+path)
		}
	}
	for _, r := range routed {
		if !slices.Contains(described, r) {
			t.Errorf("%s is not described", r)
		}
	}
	for _, r := range described {
		if !slices.Contains(routed, r) {
			t.Errorf("%s is described, and goes nowhere", r)
		}
	}
}

func TestDescriptionIsServed(t *testing.T) {
	door := (&Door{Log: slog.New(slog.DiscardHandler)}).Handler()
	get := func(path, kind string) []byte {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		held(t, r, nil, w)
		if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != kind {
			t.Errorf("%s: %d %s", path, w.Code, got)
		}
		return w.Body.Bytes()
	}
	if !bytes.Equal(get("/v1/openapi.yaml", "application/yaml"), description) {
		t.Error("openapi.yaml is not as it was written")
	}
	asJSON, err := openapi3.NewLoader().LoadFromData(get("/v1/openapi.json", "application/json; charset=utf-8"))
	if err != nil {
		t.Fatal(err)
	}
	if err := asJSON.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(asJSON)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := json.Marshal(c.Doc); err != nil || !bytes.Equal(got, want) {
		t.Errorf("openapi.json says something else than openapi.yaml (%v)", err)
	}
}

// pair is a code of the wire with its status.
type pair struct{ code, status int }

// envelope holds an error against the description, as the door would send it.
func envelope(c *doortest.Contract, p pair) error {
	r := httptest.NewRequest(http.MethodPost, "/v1/payments", nil)
	w := httptest.NewRecorder()
	switch p.status {
	case http.StatusNotFound:
		r.URL.Path = "/v1/nothing"
	case http.StatusMethodNotAllowed:
		r.Method = http.MethodDelete
		w.Header().Set("Allow", "POST")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	}
	writeError(w, wireError{p.status, p.code}, "m")
	return c.Check(r, nil, w)
}

func TestDescriptionHasEveryCode(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	sent := map[pair]bool{{codeNotFound, http.StatusNotFound}: true}
	for _, e := range wireErrors {
		sent[pair{e.code, e.status}] = true
	}
	listed := map[pair]bool{}
	codes, statuses := map[int]bool{999: true}, map[int]bool{418: true}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| (\d+) \|`).FindAllStringSubmatch(c.Doc.Info.Description, -1) {
		var p pair
		if _, err := fmt.Sscan(row[1], &p.code); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(row[2], &p.status); err != nil {
			t.Fatal(err)
		}
		listed[p], codes[p.code], statuses[p.status] = true, true, true
	}
	for p := range sent {
		if !listed[p] {
			t.Errorf("the table has no row for %d with status %d", p.code, p.status)
		}
	}
	for p := range listed {
		if !sent[p] {
			t.Errorf("the table has %d with status %d, which is never sent", p.code, p.status)
		}
	}
	for code := range codes {
		for status := range statuses {
			p := pair{code, status}
			if err := envelope(c, p); (err == nil) != listed[p] {
				t.Errorf("%d with status %d: in the table: %v, in the answers: %v", code, status, listed[p], err)
			}
		}
	}
}

func TestErrorsNeedTheirHeaders(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range purse.Codes {
		e := wireErrors[code]
		if e.status != http.StatusTooManyRequests && e.status != http.StatusServiceUnavailable {
			continue
		}
		r := httptest.NewRequest(http.MethodPost, "/v1/payments", nil)
		refuse := func(http.ResponseWriter, *http.Request) error { return purse.Refuse(code, "m") }
		w := httptest.NewRecorder()
		api.Handle(slog.New(slog.DiscardHandler), refuse, fail).ServeHTTP(w, r)
		if err := c.Check(r, nil, w); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		w.Header().Del("Retry-After")
		if c.Check(r, nil, w) == nil {
			t.Errorf("%s: without Retry-After it is taken", code)
		}
	}
}
