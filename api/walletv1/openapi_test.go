package walletv1

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"purse"
	"purse/api"
)

// contract is the description, ready to hold requests and answers against.
type contract struct {
	doc    *openapi3.T
	router routers.Router
	// nowhere takes what the description does not route: only errors answer there.
	nowhere *routers.Route
}

var theContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	errorsOnly := openapi3.NewResponsesWithCapacity(3)
	for status, name := range map[string]string{"400": "Refused", "404": "NoSuchPath", "405": "NoSuchMethod"} {
		errorsOnly.Set(status, doc.Components.Responses[name])
	}
	nowhere := &routers.Route{Spec: doc, PathItem: &openapi3.PathItem{}, Operation: &openapi3.Operation{Responses: errorsOnly}}
	return &contract{doc, router, nowhere}, nil
})

// held checks that w is an answer to r that the description allows, and that r
// is a request that it allows if it was answered with a success. What a refused
// request was like is the tests' own affair. A schema is compiled anew for every
// check; the short round, which also looks for races, makes do with the first of
// each kind.
func held(t testing.TB, r *http.Request, body []byte, w *httptest.ResponseRecorder) {
	t.Helper()
	if testing.Short() {
		kind := fmt.Sprint(t.Name(), r.Method, w.Code)
		seen, _ := heldOf.LoadOrStore(kind, new(atomic.Int64))
		if seen.(*atomic.Int64).Add(1) > heldOfEach {
			return
		}
	}
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.hold(r, body, w); err != nil {
		t.Errorf("%s %s is not as described: %v\n%d %s", r.Method, r.URL.Path, err, w.Code, w.Body)
	}
}

// heldOf counts the exchanges of each kind that were held.
var heldOf sync.Map

const heldOfEach = 3

func (c *contract) hold(r *http.Request, body []byte, w *httptest.ResponseRecorder) error {
	r, err := plain(r, body)
	if err != nil {
		return err
	}
	route, params, err := c.router.FindRoute(r)
	if err != nil || r.URL.Path != path.Clean(r.URL.Path) { // the door takes no other paths
		route = c.nowhere
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true, SkipSettingDefaults: true, AuthenticationFunc: authenticated}
	request := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: request, Status: w.Code, Header: w.Header(), Options: options}
	answer.SetBodyBytes(w.Body.Bytes())
	if err := openapi3filter.ValidateResponse(r.Context(), answer); err != nil || w.Code >= 300 {
		return err
	}
	return openapi3filter.ValidateRequest(r.Context(), request)
}

// plain is r as the description speaks of requests: the path without needless
// escapes, GET for HEAD, the body's type as what the body is, and no blank
// values and no space around them, because the door takes them so everywhere.
func plain(r *http.Request, body []byte) (*http.Request, error) {
	r = r.Clone(context.WithoutCancel(r.Context()))
	if r.Method == http.MethodHead {
		r.Method = http.MethodGet
	}
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
			var err error
			if body, err = json.Marshal(members); err != nil {
				return nil, err
			}
		}
	default:
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if form, err := url.ParseQuery(string(body)); err == nil {
			body = []byte(trimmed(form).Encode())
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return r, nil
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
func authenticated(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	_, token, err := api.ReadRequest(in.RequestValidationInput.Request)
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
	if !strings.HasPrefix(c.doc.OpenAPI, "3.1.") {
		t.Errorf("it is OpenAPI %s", c.doc.OpenAPI)
	}
}

func TestDescriptionHasEveryRoute(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	var routed, described []string
	for path, methods := range (&Door{}).routes() {
		for method := range methods {
			routed = append(routed, method+" "+path)
		}
	}
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
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
	if want, err := json.Marshal(c.doc); err != nil || !bytes.Equal(got, want) {
		t.Errorf("openapi.json says something else than openapi.yaml (%v)", err)
	}
}

// pair is a code of the wire with its status.
type pair struct{ code, status int }

// envelope holds an error against the description, as the door would send it.
func (c *contract) envelope(p pair) error {
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
	return c.hold(r, nil, w)
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
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| (\d+) \|`).FindAllStringSubmatch(c.doc.Info.Description, -1) {
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
			if err := c.envelope(p); (err == nil) != listed[p] {
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
		if err := c.hold(r, nil, w); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		w.Header().Del("Retry-After")
		if c.hold(r, nil, w) == nil {
			t.Errorf("%s: without Retry-After it is taken", code)
		}
	}
}
