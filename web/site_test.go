package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/api"
)

func TestNextIsOnlyEverHere(t *testing.T) {
	for _, good := range []string{
		"/", "/settings", "/settings/apps?done=cap", "/v1/oauth/authorize?client_id=1&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=a%20b",
		"/a//b", "/a?next=//evil.example", "/a#b", "/@ada", "/a:b",
	} {
		if got := localPath(good); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	for _, bad := range []string{
		"", "//evil.example", "///evil.example", "////evil.example", "https://evil.example", "http:evil.example", "HTTPS://evil.example",
		`/\evil.example`, `\/evil.example`, `\\evil.example`, `/a\b`, "/\t/evil.example", "/\n/evil.example", "/\r\n/evil.example",
		"\t//evil.example", " /settings", " //evil.example", "/ /evil.example", "\x00/evil.example", "/\x00/evil.example", "/\x7f/evil.example",
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "evil.example", "evil.example/settings", ".", "../settings", "@evil.example",
		"?next=x", "#x", ":80", "//", "//user@evil.example", "//pay.example.org", "/%zz", "/%2f%2fevil.example/%zz", "/%5cevil.example", "/%2Fevil.example",
		"/\u2028//evil.example\n", "https:/evil.example", "/" + strings.Repeat("a", nextBytesMax), "/a\r\nSet-Cookie: a=b",
	} {
		if got := localPath(bad); got != "/" {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

func TestFormSource(t *testing.T) {
	for uri, want := range map[string]string{
		"https://app.example/cb?x=1": " https://app.example", "http://127.0.0.1:8080/cb": " http://127.0.0.1:8080", "https://[::1]:9/": " https://[::1]:9",
		"myapp://oauth": " myapp:", "com.example.app:/cb": " com.example.app:", "venmo12://oauth": " venmo12:", "HTTPS://App.example/": " https://App.example",
		"": "", "/cb": "", "https://a;b/": "", "https://a b/": "", "https:///cb": "", "https://*/": "", "https://a'/": "", "my app://x": "",
	} {
		if got := formSource(uri); got != want {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
}

// Every page, asked for in every way, has the headers that hold browsers back.
func TestHeadersOnEveryPage(t *testing.T) {
	s, f := newSite(t)
	s.Loopback = true
	paths := []string{"/nowhere", "/static", "//sign-in", "/x/../reset/new?token=t", "/./sign-in", "/sign-in//", "/static/nothing.css", "/settings/", "/v1/oauth/authorize/x", assets()["purse.css"].address}
	for path := range routes {
		paths = append(paths, concrete(path))
	}
	check := func(path, how string, w *httptest.ResponseRecorder) {
		h := w.Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
			"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "max-age=63072000",
		} {
			if got := h.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s of %s (%d): %s is %q", how, path, w.Code, name, got)
			}
		}
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self' data:", "connect-src 'self'",
			"form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s of %s: the policy lacks %s: %s", how, path, part, csp)
			}
		}
		want := "no-store"
		if w.Code == 200 && strings.HasPrefix(path, "/static/") {
			want = "public, max-age=31536000, immutable"
		}
		if w.Code == 200 && strings.HasPrefix(path, "/merchants/") {
			want = "private, max-age=300"
		}
		if got := h.Get("Cache-Control"); got != want {
			t.Errorf("%s of %s: Cache-Control %q", how, path, got)
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s of %s is open to other origins", how, path)
		}
	}
	for _, path := range paths {
		check(path, "GET", ask(s, path, nil))
		check(path, "GET as ada", ask(s, path, nil, asAda))
		check(path, "POST", ask(s, path, url.Values{}))
		check(path, "POST as ada", ask(s, path, adas(), asAda))
		r := httptest.NewRequest(http.MethodDelete, path, nil)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		check(path, "DELETE", w)
	}
	f.refuse["Visit"] = errors.New("disk")
	check("/settings", "GET that fails", ask(s, "/settings", nil, asAda))
	if w := ask(s, "/settings", nil, asAda); w.Code != 500 || strings.Contains(w.Body.String(), "disk") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAssetsAreKeptForEver(t *testing.T) {
	s, _ := newSite(t)
	for name, a := range assets() {
		w := ask(s, a.address, nil)
		if w.Code != 200 || w.Body.Len() != len(a.body) || !regexp.MustCompile(`^/static/[a-z]+\.[0-9a-f]{16}\.[a-z]+$`).MatchString(a.address) {
			t.Errorf("%s: %s: %d, %d bytes", name, a.address, w.Code, w.Body.Len())
		}
		if w := ask(s, "/static/"+name, nil); w.Code != 404 {
			t.Errorf("%s without its hash: %d", name, w.Code)
		}
	}
}

// Whoever is not signed in is sent to sign in, and then back.
func TestPagesOfPeopleNeedOne(t *testing.T) {
	s, f := newSite(t)
	for path, p := range routes {
		if path = concrete(path); !p.person || p.get == nil {
			continue
		}
		for _, cookies := range [][]string{nil, {"__Host-purse=stale"}, {"purse=" + adasSession}} {
			w := ask(s, path+"?a=b", nil, cookies...)
			if want := "/sign-in?next=" + url.QueryEscape(path+"?a=b"); w.Code != 303 || w.Header().Get("Location") != want {
				t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Location"))
			}
		}
	}
	if said := f.since(); said != "" {
		t.Error(said)
	}
	w := ask(s, "/", nil, "__Host-purse=stale")
	if c := w.Header().Get("Set-Cookie"); w.Code != 200 || !strings.Contains(c, "Max-Age=0") {
		t.Errorf("a stale session: %d %q", w.Code, c)
	}
}

// A form without the nonce of the session does nothing.
func TestFormsNeedTheirNonce(t *testing.T) {
	s, f := newSite(t)
	for path, p := range routes {
		if path = concrete(path); p.post == nil || p.script {
			continue
		}
		for _, given := range []string{"", "x", nonce("another-session"), nonce(adasSession) + "x"} {
			for _, do := range []string{"", "allow", "profile", "close", "token", "begin", "add", "ask", "new"} {
				w := ask(s, path, url.Values{"form": {given}, "do": {do}}, asAda)
				if w.Code != 403 || !strings.Contains(w.Body.String(), "out of date") {
					t.Errorf("%s with %q: %d", path, given, w.Code)
				}
			}
		}
	}
	for _, path := range []string{"/settings/security/passkey", "/prove/passkey"} {
		w := post(s, path, `{"step":"begin","form":"x"}`, asAda)
		if w.Code != 403 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if said := f.since(); said != "" {
		t.Error(said)
	}
}

// post sends JSON as our scripts do.
func post(s *Site, path, body string, cookies ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "https://pay.example.org"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range cookies {
		r.Header.Add("Cookie", c)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// No form of another site is taken, signed in or not.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	s, f := newSite(t)
	for path, p := range routes {
		if path = concrete(path); p.post == nil {
			continue
		}
		for header, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "origin": "null"} {
			r := httptest.NewRequest(http.MethodPost, "https://pay.example.org"+path, strings.NewReader(adas("do", "allow").Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header, value)
			r.Header.Set("Cookie", asAda)
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			if w.Code != 403 {
				t.Errorf("%s with %s %s: %d", path, header, value, w.Code)
			}
		}
	}
	if said := f.since(); said != "" {
		t.Error(said)
	}
}

func TestMethodsAndContent(t *testing.T) {
	s, _ := newSite(t)
	r := httptest.NewRequest(http.MethodDelete, "https://pay.example.org/sign-in", nil)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("%d %q", w.Code, w.Header().Get("Allow"))
	}
	if w := post(s, "/sign-in", `{"name":"ada"}`); w.Code != 422 {
		t.Errorf("JSON for a form: %d", w.Code)
	}
	if w := ask(s, "/sign-in/passkey", url.Values{"step": {"begin"}}); w.Code != 422 {
		t.Errorf("a form for a script: %d", w.Code)
	}
	if w := ask(s, "/sign-in", url.Values{"name": {strings.Repeat("a", api.BodyBytesMax)}}); w.Code != 413 {
		t.Errorf("a large form: %d", w.Code)
	}
	for _, bad := range []string{"a\x00b", "a\xffb", "a\x1bb"} {
		if w := ask(s, "/sign-in", url.Values{"name": {bad}}); w.Code != 422 {
			t.Errorf("%q: %d", bad, w.Code)
		}
	}
}

// Every refusal has a status that is no success, and only what may be told is told.
func TestEveryCodeIsAPage(t *testing.T) {
	for _, c := range purse.Codes {
		err := &purse.Error{Code: c, Message: "The sentence.", Err: errors.New("canary")}
		if status := statusOf(err); status < 400 || status > 599 {
			t.Errorf("%s: %d", c, status)
		}
		if told := sentence(err); (c == purse.CodeInternal) == (told == "The sentence.") || strings.Contains(told, "canary") {
			t.Errorf("%s: %s", c, told)
		}
	}
}

func TestPostingIsLimited(t *testing.T) {
	s, f := newSite(t)
	now := time.Unix(0, 0)
	s.Rates = api.NewRates(1, 1, func() time.Time { return now })
	if w := ask(s, "/sign-in", url.Values{"name": {"ada"}}); w.Code != 303 {
		t.Error(w.Code)
	}
	w := ask(s, "/sign-in", url.Values{"name": {"ada"}})
	if w.Code != 429 || w.Header().Get("Retry-After") == "" || strings.Count(f.since(), "SignIn") != 1 {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
