package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"purse"
)

var person = purse.Principal{ID: 10, App: 3}

func TestOnceTakesTheKey(t *testing.T) {
	for _, tc := range []struct {
		name, header, field string
		want                string
	}{
		{"none", "", "", ""},
		{"header", "k", "", "k"},
		{"field", "", "u", "u"},
		{"header before field", "k", "u", "k"},
		{"longest", strings.Repeat("k", 255), "", strings.Repeat("k", 255)},
		{"too long", strings.Repeat("k", 256), "", "invalid"},
		{"too long field", "", strings.Repeat("k", 256), "invalid"},
		{"not UTF-8", "\xff", "", "invalid"},
		{"control character", "a\x1bb", "", "invalid"},
	} {
		r := request("", "", "")
		if tc.header != "" {
			r.Header.Set(OnceHeader, tc.header)
		}
		once, err := Once(r, Params{}, tc.field, person, "")
		got := once.Key
		if err != nil {
			got = string(code(err))
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
		if blank := (once == purse.Once{}); blank != (once.Key == "") {
			t.Errorf("%s: %+v", tc.name, once)
		}
		if once.Key != "" && (once.Principal != person || len(once.Fingerprint) != 43) {
			t.Errorf("%s: %+v", tc.name, once)
		}
	}
}

// printOf is the fingerprint of a request.
func printOf(t *testing.T, r *http.Request) string {
	t.Helper()
	p, err := ReadParams(r)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(OnceHeader, "k")
	once, err := Once(r, p, "", person, "")
	if err != nil {
		t.Fatal(err)
	}
	return once.Fingerprint
}

func TestSameRequestHasOneFingerprint(t *testing.T) {
	want := printOf(t, request("", formKind, "note=a+b&amount=0.10&user_id=5"))
	withHeader := request("", formKind, "note=a+b&amount=0.10&user_id=5")
	withHeader.Header.Set("Authorization", "Bearer z")
	for name, r := range map[string]*http.Request{
		"other order":         request("", formKind, "user_id=5&amount=0.10&note=a+b"),
		"in the query":        request("amount=0.10&note=a%20b&user_id=5", "", ""),
		"as JSON":             request("", jsonKind, `{"user_id":5,"note":"a b","amount":"0.10"}`),
		"as multipart":        request("", partKind, parts("note", "a b", "amount", "0.10", "user_id", "5")),
		"mixed":               request("amount=9", jsonKind, `{"user_id":"5","note":"a b","amount":0.10}`),
		"with a token":        request("access_token=x", formKind, "note=a+b&amount=0.10&user_id=5"),
		"with another token":  request("", formKind, "access_token=y&note=a+b&amount=0.10&user_id=5"),
		"with a bearer token": withHeader,
		"with null":           request("", jsonKind, `{"user_id":5,"note":"a b","amount":"0.10","phone":null}`),
		"with space around":   request("", formKind, "note=+a+b+&amount=0.10&user_id=5"),
	} {
		if got := printOf(t, r); got != want {
			t.Errorf("%s: another fingerprint", name)
		}
	}
}

func TestDifferentRequestsHaveDifferentFingerprints(t *testing.T) {
	post := func(path, form string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
		r.Header.Set("Content-Type", formKind)
		return r
	}
	put := httptest.NewRequest(http.MethodPut, "/v1/payments", strings.NewReader("note=a&amount=1"))
	seen := map[string]string{}
	for name, r := range map[string]*http.Request{
		"plain":                       post("/v1/payments", "note=a&amount=1"),
		"PUT":                         put,
		"other path":                  post("/v1/payments/4", "note=a&amount=1"),
		"other value":                 post("/v1/payments", "note=a&amount=2"),
		"other text of the value":     post("/v1/payments", "note=a&amount=1.0"),
		"other name":                  post("/v1/payments", "notes=a&amount=1"),
		"one more":                    post("/v1/payments", "note=a&amount=1&audience=public"),
		"one less":                    post("/v1/payments", "note=a"),
		"two in one value":            post("/v1/payments", "note="+url.QueryEscape("a\namount=1")),
		"two in one value, escaped":   post("/v1/payments", "note="+url.QueryEscape("a\namount%3D1")),
		"two in one value, ampersand": post("/v1/payments", "note="+url.QueryEscape("a&amount=1")),
		"two in one name":             post("/v1/payments", url.QueryEscape("amount=1\nnote")+"=a"),
		"all in one name":             post("/v1/payments", url.QueryEscape("amount=1\nnote=a")),
		"a parameter in the path":     post("/v1/payments%0Aamount=1", "note=a"),
		"escaped space":               post("/v1/payments", "note=a%2B&amount=1"),
		"space":                       post("/v1/payments", "note=a+b&amount=1"),
		"case":                        post("/v1/payments", "note=A&amount=1"),
	} {
		got := printOf(t, r)
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		seen[got] = name
	}
}

func FuzzReadForm(f *testing.F) {
	for _, s := range []string{"", "a=b", "a=%zz", "a=b&a=c", "a=%00", "note=%ff", "a;b", "{", `{"a":1}`, "access_token=a&access_token=b"} {
		f.Add(s, "x=1")
	}
	f.Fuzz(func(t *testing.T, body, query string) { readAnything(t, request(query, formKind, body)) })
}

func FuzzReadJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":0.10,"b":1e2}`, `{"a":"\u0000"}`, "{\"a\":\"\xff\"}", `{"a":{"b":[null]}}`, `{"a":"\ud800"}`, `{"":""}`, `{"a":null}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		p := readAnything(t, request("", jsonKind, body))
		var members map[string]json.RawMessage
		if p == nil || json.Unmarshal([]byte(body), &members) != nil {
			return
		}
		for name, raw := range members {
			if _, ok := p[name]; ok == (string(raw) == "null") && name != TokenParam {
				t.Errorf("%q: parameter %q is %v", body, name, ok)
			}
		}
	})
}

// readAnything reads a request that may be anything, and checks what came of it.
func readAnything(t *testing.T, r *http.Request) Params {
	p, err := ReadParams(r)
	if err != nil {
		if c := purse.CodeOf(err); c != purse.CodeInvalid {
			t.Errorf("refused with %s", c)
		}
		return nil
	}
	if len(p) > paramsMax {
		t.Errorf("%d parameters", len(p))
	}
	for name, value := range p {
		if !purse.PlainText(name) || !purse.PlainText(value) {
			t.Errorf("parameter %q is %q", name, value)
		}
	}
	return p
}

func FuzzFingerprint(f *testing.F) {
	f.Add("/v1/payments", "a", "1", "b", "2", "/v1/payments", "a", "1\nb=2", "", "")
	f.Add("/v1/payments\na=1", "b", "2", "", "", "/v1/payments", "a", "1", "b", "2")
	f.Add("/v1", "a", "1", "access_token", "x", "/v1", "a", "1", "access_token", "y")
	f.Fuzz(func(t *testing.T, path1, a1, v1, b1, w1, path2, a2, v2, b2, w2 string) {
		one, two := essence(a1, v1, b1, w1), essence(a2, v2, b2, w2)
		same := path1 == path2 && maps.Equal(one, two)
		r1, r2 := request("", "", ""), request("", "", "")
		r1.URL.Path, r2.URL.Path = path1, path2
		o1, err1 := Once(r1, Params{a1: v1, b1: w1}, "key", purse.Principal{}, "")
		o2, err2 := Once(r2, Params{a2: v2, b2: w2}, "key", purse.Principal{}, "")
		if got := o1.Fingerprint == o2.Fingerprint; got != same || err1 != nil || err2 != nil {
			t.Errorf("%q %q and %q %q: same fingerprint is %v", path1, one, path2, two, got)
		}
	})
}

// essence is what a fingerprint covers of two parameters.
func essence(a, v, b, w string) Params {
	p := Params{a: v, b: w}
	for name := range p {
		p[name] = p.Get(name)
	}
	delete(p, TokenParam)
	return p
}

func TestOnceBodyCoversWhatIsAsked(t *testing.T) {
	who := purse.Principal{ID: 1}
	ask := func(method, path, body, view string) purse.Once {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set(OnceHeader, "k")
		o, err := OnceBody(r, []byte(body), who, view)
		if err != nil || o.Key != "k" || o.Principal != who {
			t.Fatalf("%v, %v", o, err)
		}
		return o
	}
	one := ask("POST", "/a", `{"b":1}`, "v")
	if again := ask("POST", "/a", `{"b":1}`, "v"); again != one {
		t.Errorf("%v and %v", one, again)
	}
	for name, other := range map[string]purse.Once{
		"method": ask("PUT", "/a", `{"b":1}`, "v"), "path": ask("POST", "/b", `{"b":1}`, "v"), "body": ask("POST", "/a", `{"b":2}`, "v"),
		"view": ask("POST", "/a", `{"b":1}`, ""), "view in the body": ask("POST", "/a", `{"b":1}v`, ""),
	} {
		if other.Fingerprint == one.Fingerprint {
			t.Errorf("another %s has the same fingerprint", name)
		}
	}
	r := httptest.NewRequest("POST", "/a", nil)
	if o, err := OnceBody(r, nil, who, ""); err != nil || o != (purse.Once{}) {
		t.Errorf("without a key: %v, %v", o, err)
	}
	r.Header.Set(OnceHeader, strings.Repeat("k", 256))
	if _, err := OnceBody(r, nil, who, ""); purse.CodeOf(err) != purse.CodeInvalid {
		t.Errorf("a long key: %v", err)
	}
}
