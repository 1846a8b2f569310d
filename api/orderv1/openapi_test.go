package orderv1

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
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
	c.Plain, c.Key = plain, keyed
	return c, nil
})

func contract(t testing.TB) *doortest.Contract {
	t.Helper()
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func held(t testing.TB, r *http.Request, body []byte, w *httptest.ResponseRecorder) {
	t.Helper()
	contract(t).Hold(t, r, body, w)
}

// plain is r as the description speaks of requests: the path without a slash at its
// end, JSON whatever its type says, no members that are null, and no blank parameters.
func plain(r *http.Request, body []byte) (*http.Request, []byte) {
	r.URL.RawPath, r.URL.Path = "", strings.TrimSuffix(r.URL.Path, "/")
	query := r.URL.Query()
	for name := range query {
		if query.Get(name) == "" {
			query.Del(name)
		}
	}
	r.URL.RawQuery = query.Encode()
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
		if o, err := api.ParseObject(body); err == nil {
			body = api.AppendValue(nil, o)
		}
	}
	return r, body
}

// keyed finds a key where the door does.
func keyed(r *http.Request) error {
	if bearer(r) == "" {
		return errors.New("a success without a key")
	}
	return nil
}

func TestDescriptionIsValid(t *testing.T) {
	if doc := contract(t).Doc; !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("it is OpenAPI %s", doc.OpenAPI)
	}
}

func TestDescriptionHasEveryRoute(t *testing.T) {
	var routed []string
	for path, methods := range (&Door{}).routes() {
		for method := range methods {
			routed = append(routed, method+" "+path)
		}
	}
	described := contract(t).Described()
	slices.Sort(routed)
	slices.Sort(described)
	if !slices.Equal(routed, described) {
		t.Errorf("routed are %q\ndescribed are %q", routed, described)
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
	if !bytes.Equal(get("/payment/openapi.yaml", "application/yaml"), description) {
		t.Error("openapi.yaml is not as it was written")
	}
	asJSON, err := openapi3.NewLoader().LoadFromData(get("/payment/openapi.json/", "application/json; charset=utf-8"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := asJSON.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if want, err := contract(t).Doc.MarshalJSON(); err != nil || !bytes.Equal(got, want) {
		t.Errorf("openapi.json says something else than openapi.yaml (%v)", err)
	}
}

// sent is an error as the door sends it, with the headers that it has.
func sent(status int, code string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	for header, value := range map[string]string{"Allow": "POST", "Retry-After": "1", "WWW-Authenticate": "Bearer"} {
		w.Header().Set(header, value)
	}
	head := ""
	if code == "hook" {
		head = `"status":"ERROR",`
	}
	_ = api.WriteJSON(w, status, `{`+head+`"message":"m","code":"`+code+`"}`)
	return w
}

// The table of codes, the answers that are described, and the door's own table say the
// same.
func TestDescriptionHasEveryCode(t *testing.T) {
	c := contract(t)
	listed, known := c.Codes(), map[doortest.Code]bool{}
	codes, statuses := map[string]bool{"nothing": true}, map[int]bool{418: true}
	for _, e := range wireErrors {
		known[doortest.Code{Code: e.code, Status: e.status}] = true
	}
	for p := range listed {
		codes[p.Code], statuses[p.Status] = true, true
		if !known[p] {
			t.Errorf("the table has %s with status %d, which is never sent", p.Code, p.Status)
		}
	}
	for p := range known {
		if !listed[p] {
			t.Errorf("the table has no row for %s with status %d", p.Code, p.Status)
		}
	}
	where := []*http.Request{
		httptest.NewRequest("POST", "/payment/order", nil), httptest.NewRequest("GET", "/payment/status", nil),
		httptest.NewRequest("GET", "/payment/test_webhook", nil), httptest.NewRequest("GET", "/payment/nothing", nil),
	}
	for code := range codes {
		for status := range statuses {
			p := doortest.Code{Code: code, Status: status}
			described := slices.ContainsFunc(where, func(r *http.Request) bool { return c.Check(r, nil, sent(status, code)) == nil })
			if described != listed[p] {
				t.Errorf("%s with status %d: in the table: %v, in the answers: %v", code, status, listed[p], described)
			}
		}
	}
}

func TestErrorsNeedTheirHeaders(t *testing.T) {
	c, r := contract(t), httptest.NewRequest("POST", "/payment/order", nil)
	for status, row := range map[int]struct{ code, header string }{
		401: {"bad_key", "WWW-Authenticate"}, 429: {"rate", "Retry-After"}, 503: {"busy", "Retry-After"}, 405: {"method", "Allow"},
	} {
		w := sent(status, row.code)
		if err := c.Check(r, nil, w); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		w.Header().Del(row.header)
		if c.Check(r, nil, w) == nil {
			t.Errorf("%d: without %s it is taken", status, row.header)
		}
	}
	// The door sends them.
	for _, code := range purse.Codes {
		w := httptest.NewRecorder()
		refuse := func(http.ResponseWriter, *http.Request) error { return purse.Refuse(code, "m") }
		api.Handle(slog.New(slog.DiscardHandler), refuse, fail).ServeHTTP(w, r)
		e := wireErrors[code]
		if (e.status == 429 || e.status == 503) != (w.Header().Get("Retry-After") != "") {
			t.Errorf("%s: Retry-After is %q", code, w.Header().Get("Retry-After"))
		}
		if (e.status == 401) != (w.Header().Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("%s: WWW-Authenticate is %q", code, w.Header().Get("WWW-Authenticate"))
		}
	}
}
