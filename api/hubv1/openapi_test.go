package hubv1

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
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
	for status, name := range map[string]string{"404": "NotFound", "405": "NoSuchMethod", "429": "TooMany"} {
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
	if err != nil || r.URL.Path != path.Clean(r.URL.Path) || w.Code == http.StatusMethodNotAllowed {
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

// plain is r as the description speaks of requests: the path without a slash at its
// end, GET for HEAD, JSON whatever its type says, and no members that are null.
func plain(r *http.Request, body []byte) (*http.Request, error) {
	r = r.Clone(context.WithoutCancel(r.Context()))
	if r.Method == http.MethodHead {
		r.Method = http.MethodGet
	}
	r.URL.RawPath, r.URL.Path = "", strings.TrimSuffix(r.URL.Path, "/")
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
		if o, err := parseObject(body); err == nil {
			body = appendValue(nil, o)
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return r, nil
}

// authenticated finds a key where the door does.
func authenticated(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if _, _, ok := in.RequestValidationInput.Request.BasicAuth(); !ok {
		return errors.New("a success without a key")
	}
	return nil
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
			routed = append(routed, method+" "+root+path)
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
	if want, err := json.Marshal(c.doc); err != nil || !bytes.Equal(got, want) {
		t.Errorf("openapi.json says something else than openapi.yaml (%v)", err)
	}
}

// pair is a code of the wire with its status.
type pair struct {
	code   string
	status int
}

// envelope holds an error against the description, as the door would send it.
func (c *contract) envelope(p pair) error {
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
	return c.hold(r, nil, w)
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
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| (\d+) \|`).FindAllStringSubmatch(c.doc.Info.Description, -1) {
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
			if err := c.envelope(p); (err == nil) != listed[p] {
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
		if err := c.hold(r, nil, w); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		for _, header := range []string{"Retry-After", api.CorrelationHeader, statusHeader} {
			without := httptest.NewRecorder()
			maps.Copy(without.Header(), w.Header())
			without.Header().Del(header)
			without.WriteHeader(w.Code)
			_, _ = without.Write(w.Body.Bytes())
			if c.hold(r, nil, without) == nil {
				t.Errorf("%s: without %s it is taken", code, header)
			}
		}
	}
}
