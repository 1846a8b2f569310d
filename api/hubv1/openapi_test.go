package hubv1

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
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
	c, err := doortest.Load(description, map[string]string{"404": "NotFound", "405": "NoSuchMethod", "429": "TooMany"})
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

// plain is r as the description speaks of requests: the path without a slash at its
// end, GET for HEAD, JSON whatever its type says, and no members that are null.
func plain(r *http.Request, body []byte) (*http.Request, []byte) {
	r.URL.RawPath, r.URL.Path = "", strings.TrimSuffix(r.URL.Path, "/")
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
		if o, err := api.ParseObject(body); err == nil {
			body = api.AppendValue(nil, o)
		}
	}
	return r, body
}

// authenticated finds a key where the door does.
func authenticated(r *http.Request) error {
	if _, _, ok := r.BasicAuth(); !ok {
		return errors.New("a success without a key")
	}
	return nil
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
			routed = append(routed, method+" "+root+path)
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
	if !bytes.Equal(get("/paymenthub/v1/openapi.yaml", "application/yaml"), description) {
		t.Error("openapi.yaml is not as it was written")
	}
	asJSON, err := openapi3.NewLoader().LoadFromData(get("/paymenthub/v1/openapi.json", "application/json; charset=utf-8"))
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
type pair struct {
	code   string
	status int
}

// envelope holds an error against the description, as the door would send it.
func envelope(c *doortest.Contract, p pair) error {
	r := httptest.NewRequest(http.MethodPost, "/paymenthub/v1/paymenthandles", nil)
	w := httptest.NewRecorder()
	switch p.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "POST")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Basic realm")
	}
	w.Header().Set(api.CorrelationHeader, correlation())
	w.Header().Set(statusHeader, p.code)
	body := problem{wireError: wireError{p.status, p.code, "m"}}.append([]byte{'{'})
	if err := api.WriteJSON(w, p.status, string(append(body, '}'))); err != nil {
		return err
	}
	return c.Check(r, nil, w)
}

func TestDescriptionHasEveryCode(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	sent := map[pair]bool{}
	for _, e := range wireErrors {
		sent[pair{e.code, e.status}] = true
	}
	for _, e := range gatewayErrors {
		sent[pair{e.code, e.status}] = true
	}
	listed := map[pair]bool{}
	codes, statuses := map[string]bool{"999": true}, map[int]bool{418: true}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| (\d+) \|`).FindAllStringSubmatch(c.Doc.Info.Description, -1) {
		p := pair{code: row[1]}
		if _, err := fmt.Sscan(row[2], &p.status); err != nil {
			t.Fatal(err)
		}
		listed[p], codes[p.code], statuses[p.status] = true, true, true
	}
	for p := range sent {
		if !listed[p] {
			t.Errorf("the table has no row for %s with status %d", p.code, p.status)
		}
	}
	for p := range listed {
		if !sent[p] {
			t.Errorf("the table has %s with status %d, which is never sent", p.code, p.status)
		}
	}
	declines := map[string]bool{}
	for _, answer := range regexp.MustCompile(`(?s)\n    Declined\w+:\n.*?enum: \[(.*?)\]`).FindAllSubmatch(description, -1) {
		for _, code := range regexp.MustCompile(`\d+`).FindAllString(string(answer[1]), -1) {
			declines[code] = true
		}
	}
	for code := range codes {
		for status := range statuses {
			p := pair{code, status}
			if status == http.StatusPaymentRequired { // that is a resource
				if declines[code] != listed[p] {
					t.Errorf("%s with status 402: in the table: %v, in the answers: %v", code, listed[p], declines[code])
				}
				continue
			}
			if err := envelope(c, p); (err == nil) != listed[p] {
				t.Errorf("%s with status %d: in the table: %v, in the answers: %v", code, status, listed[p], err)
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
		r := httptest.NewRequest(http.MethodPost, "/paymenthub/v1/payments", nil)
		refuse := func(http.ResponseWriter, *http.Request) error { return purse.Refuse(code, "m") }
		w := httptest.NewRecorder()
		w.Header().Set(api.CorrelationHeader, correlation())
		api.Handle(slog.New(slog.DiscardHandler), refuse, fail).ServeHTTP(w, r)
		if err := c.Check(r, nil, w); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		for _, header := range []string{"Retry-After", api.CorrelationHeader, statusHeader} {
			without := httptest.NewRecorder()
			maps.Copy(without.Header(), w.Header())
			without.Header().Del(header)
			without.WriteHeader(w.Code)
			_, _ = without.Write(w.Body.Bytes())
			if c.Check(r, nil, without) == nil {
				t.Errorf("%s: without %s it is taken", code, header)
			}
		}
	}
}
