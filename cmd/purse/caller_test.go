package main

import (
	"bytes"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"purse"
	"purse/identity"
)

// servedHere is a sandbox in this process, as `purse serve` puts it together, behind
// a handler that needs no listener.
type servedHere struct {
	*network
	handler http.Handler
	log     *printed
}

func serveHere(t *testing.T, database string) *servedHere {
	t.Helper()
	s := &servedHere{log: &printed{}}
	log := slog.New(slog.NewJSONHandler(s.log, nil))
	key := filepath.Join(shortDir(t), "key")
	if err := os.WriteFile(key, make([]byte, identity.VaultKeyBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config{Database: database, KeyFile: key, Mode: purse.Sandbox, Currency: "USD", Name: "Harbour", AppSignIn: "on"}
	n, err := openServed(t.Context(), c, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.store.Close)
	t.Cleanup(n.beginDelivery(t.Context()))
	s.network, s.handler = n, n.handler(c, "http://localhost", true)
	return s
}

// caller is a browser, or a program, that asks a server.
type caller struct {
	t       *testing.T
	server  *servedHere
	cookies map[string]string
	nonce   string // of the last page's forms
}

func (s *servedHere) caller(t *testing.T) *caller {
	return &caller{t: t, server: s, cookies: map[string]string{}}
}

// ask sends a request with the caller's cookies; form is posted, if it is not nil.
func (c *caller) ask(where string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	c.t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		if method = http.MethodPost; c.nonce != "" {
			form.Set("form", c.nonce)
		}
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "http://localhost"+where, body)
	r.RemoteAddr = "192.0.2.7:1234"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://localhost")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	c.server.handler.ServeHTTP(w, r)
	for _, one := range w.Result().Cookies() {
		if c.cookies[one.Name] = one.Value; one.MaxAge < 0 {
			delete(c.cookies, one.Name)
		}
	}
	if m := formNonce.FindSubmatch(w.Body.Bytes()); m != nil {
		c.nonce = string(m[1])
	}
	return w
}

var formNonce = regexp.MustCompile(`name="form" value="([^"]+)"`)

// must is ask for a page or an answer that has to come, or a way on: the body, or
// where the caller is sent.
func (c *caller) must(where string, form url.Values, headers ...string) string {
	c.t.Helper()
	w := c.ask(where, form, headers...)
	if w.Code >= 400 {
		c.t.Fatalf("%s %v: %d %s", where, form, w.Code, w.Body)
	}
	if way := w.Header().Get("Location"); way != "" {
		return way
	}
	return html.UnescapeString(w.Body.String())
}

// fields is a form of names and values.
func fields(pairs ...string) url.Values {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return form
}

// part finds what a pattern's group matches.
func part(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in %s", pattern, text)
	}
	return m[1]
}

// lastMail waits for a message to an address, and is the text of the last.
func (s *servedHere) lastMail(t *testing.T, to, with string) (text string) {
	t.Helper()
	until(t, "something with "+with+" is sent to "+to, func() bool {
		for _, m := range s.mailbox.Delivered() {
			if m.To.Text == to && strings.Contains(m.Text, with) {
				text = m.Text
				return true
			}
		}
		return false
	})
	return text
}

// holds says which of some texts are in b.
func holds(b []byte, texts map[string]string) (found []string) {
	for name, text := range texts {
		if bytes.Contains(b, []byte(text)) {
			found = append(found, name)
		}
	}
	return found
}
