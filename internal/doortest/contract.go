// Package doortest is what the tests of the doors share: a door's description, to hold
// requests and answers against, and a look at everything that a database holds. Only
// tests import it.
package doortest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Contract is a door's OpenAPI description.
type Contract struct {
	Doc *openapi3.T
	// Plain is a request as the description speaks of requests, which may be narrower
	// than the door is; body is the request's.
	Plain func(r *http.Request, body []byte) (*http.Request, []byte)
	// Key says why a request that was answered with a success has no credential.
	Key func(r *http.Request) error

	router  routers.Router
	nowhere *routers.Route // takes what the description does not route: only errors answer there
}

// Load reads a description. The responses named nowhere, by status, are what may be
// answered where it describes nothing.
func Load(description []byte, nowhere map[string]string) (*Contract, error) {
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
	errorsOnly := openapi3.NewResponsesWithCapacity(len(nowhere))
	for status, name := range nowhere {
		errorsOnly.Set(status, doc.Components.Responses[name])
	}
	route := &routers.Route{Spec: doc, PathItem: &openapi3.PathItem{}, Operation: &openapi3.Operation{Responses: errorsOnly}}
	return &Contract{Doc: doc, router: router, nowhere: route}, nil
}

// Check says why w is not an answer to r that the description allows, or why r is not a
// request that it allows although it was answered with a success. What a refused request
// was like is the tests' own affair.
func (c *Contract) Check(r *http.Request, body []byte, w *httptest.ResponseRecorder) error {
	r = r.Clone(context.WithoutCancel(r.Context()))
	if r.Method == http.MethodHead {
		r.Method = http.MethodGet
	}
	r, body = c.Plain(r, body)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	route, params, err := c.router.FindRoute(r)
	if err != nil || r.URL.Path != path.Clean(r.URL.Path) || w.Code == http.StatusMethodNotAllowed {
		route = c.nowhere
	}
	options := &openapi3filter.Options{
		IncludeResponseStatus: true, SkipSettingDefaults: true,
		AuthenticationFunc: func(_ context.Context, in *openapi3filter.AuthenticationInput) error {
			return c.Key(in.RequestValidationInput.Request)
		},
	}
	request := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: request, Status: w.Code, Header: w.Header(), Options: options}
	answer.SetBodyBytes(w.Body.Bytes())
	if err := openapi3filter.ValidateResponse(r.Context(), answer); err != nil || w.Code >= 300 {
		return err
	}
	return openapi3filter.ValidateRequest(r.Context(), request)
}

// heldOf counts the exchanges of each kind that were held.
var heldOf sync.Map

// heldOfEach is how many of a kind the short round holds.
const heldOfEach = 3

// digit is what exchanges of one kind may differ in.
var digit = regexp.MustCompile(`[0-9]`)

// Hold fails a test whose exchange is not as described. A schema is compiled anew for
// every check, which would take half of all the time: so exchanges that differ in nothing
// but digits are held once, unless PURSE_TEST_LONG is set. The short round, which also
// looks for races, makes do with the first few of each test, method and status.
func (c *Contract) Hold(t testing.TB, r *http.Request, body []byte, w *httptest.ResponseRecorder) {
	t.Helper()
	kind, most := digit.ReplaceAllString(fmt.Sprintln(r.Method, r.URL, r.Header.Get("Content-Type"), string(body), w.Code, w.Header(), w.Body), "0"), int64(1)
	switch {
	case testing.Short():
		kind, most = fmt.Sprint(t.Name(), r.Method, w.Code), heldOfEach
	case os.Getenv("PURSE_TEST_LONG") != "":
		most = math.MaxInt64
	}
	seen, _ := heldOf.LoadOrStore(kind, new(atomic.Int64))
	if seen.(*atomic.Int64).Add(1) > most {
		return
	}
	if err := c.Check(r, body, w); err != nil {
		t.Errorf("%s %s is not as described: %v\n%d %s", r.Method, r.URL.Path, err, w.Code, w.Body)
	}
}

// Described is every method and path of the description.
func (c *Contract) Described() (all []string) {
	for path, item := range c.Doc.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, method+" "+path)
		}
	}
	return all
}

// Code is a code of the wire, and the status that it goes with.
type Code struct {
	Code   string
	Status int
}

// Codes is the table of codes in the description's text.
func (c *Contract) Codes() map[Code]bool {
	listed := map[Code]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\w+) \| (\d+) \|`).FindAllStringSubmatch(c.Doc.Info.Description, -1) {
		status, _ := strconv.Atoi(row[2]) // it is digits
		listed[Code{row[1], status}] = true
	}
	return listed
}
