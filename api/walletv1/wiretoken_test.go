package walletv1

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/identity"
)

// This file is about POST and DELETE /v1/oauth/access_token, as wire_test.go says.

const tokenPath = "/v1/oauth/access_token"

// values makes parameters of names and values; with more of them it adds to those
// of another.
func values(of url.Values, pairs ...string) url.Values {
	all := url.Values{}
	for name := range of {
		all[name] = of[name]
	}
	for i := 0; i < len(pairs); i += 2 {
		all.Set(pairs[i], pairs[i+1])
	}
	return all
}

// transports are the ways in which callers send the parameters of a POST, by name.
func (n *network) transports(t *testing.T) map[string]func(path string, v url.Values) *httptest.ResponseRecorder {
	asJSON := func(v url.Values) string {
		members := map[string]string{}
		for name := range v {
			members[name] = v.Get(name)
		}
		b, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	way := func(kind string, text func(url.Values) string) func(string, url.Values) *httptest.ResponseRecorder {
		return func(path string, v url.Values) *httptest.ResponseRecorder {
			return n.send("POST", path, kind, "", text(v))
		}
	}
	query := func(kind string) func(string, url.Values) *httptest.ResponseRecorder {
		return func(path string, v url.Values) *httptest.ResponseRecorder {
			return n.send("POST", path+"?"+v.Encode(), kind, "", "")
		}
	}
	return map[string]func(string, url.Values) *httptest.ResponseRecorder{
		"urlencoded":                 way(formKind, url.Values.Encode),
		"urlencoded with a charset":  way(formKind+";charset=UTF-8", url.Values.Encode),
		"JSON":                       way("application/json", asJSON),
		"JSON with a charset":        way("application/json; charset=utf-8", asJSON),
		"JSON without its type":      way("", asJSON),
		"query, empty form body":     query(formKind),
		"query, no body and no type": query(""),
		"multipart": func(path string, v url.Values) *httptest.ResponseRecorder {
			var b bytes.Buffer
			m := multipart.NewWriter(&b)
			for name := range v {
				if err := m.WriteField(name, v.Get(name)); err != nil {
					t.Fatal(err)
				}
			}
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			return n.send("POST", path, m.FormDataContentType(), "", b.String())
		},
	}
}

// client is how app names itself in the body.
func client(app identity.NewApp) url.Values {
	return url.Values{"client_id": {app.ID.String()}, "client_secret": {string(app.Secret)}}
}

// The parameter sets that are seen on the wire: most apps send no grant_type and no
// redirect_uri, general OAuth libraries send both.
func TestWireTokenParameterSetsInEveryTransport(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		app := n.app(t, n.ann)
		for how, send := range n.transports(t) {
			code := func() string { return n.grant(t, n.ann, app, "access_profile") }
			bare := n.gave(t, how+", code", send(tokenPath, values(client(app), "code", code())))
			formal := n.gave(t, how+", code and grant_type", send(tokenPath, values(client(app),
				"code", code(), "grant_type", "authorization_code", "redirect_uri", callback)))
			again := n.gave(t, how+", refresh_token", send(tokenPath, values(client(app), "refresh_token", bare.Refresh)))
			formally := n.gave(t, how+", refresh_token and grant_type", send(tokenPath, values(client(app),
				"refresh_token", formal.Refresh, "grant_type", "refresh_token")))
			for _, g := range []tokenAnswer{again, formally} {
				if w := n.get(g.Access, "/v1/payments"); w.Code != 200 {
					t.Errorf("%s: %d %s", how, w.Code, w.Body)
				}
			}
			if again.Access == bare.Access || again.Refresh == bare.Refresh {
				t.Errorf("%s: a refresh gives no new tokens", how)
			}
		}
	})
}

// Libraries that find out by themselves how an app says who it is try HTTP Basic
// first, and the body if that was refused. The code must outlast the first try.
func TestWireClientByBasicThenInTheBody(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		app := n.app(t, n.ann)
		id, secret := app.ID.String(), string(app.Secret)
		code := func() string { return "grant_type=authorization_code&code=" + n.grant(t, n.ann, app, "") }
		n.gave(t, "Basic", n.form(tokenPath, code(), id, secret))
		n.gave(t, "body", n.form(tokenPath, code()+"&"+client(app).Encode()))
		n.gave(t, "both", n.form(tokenPath, code()+"&"+client(app).Encode(), id, secret))
		n.gave(t, "the id in the body, too", n.form(tokenPath, code()+"&client_id="+id, id, secret))
		for _, basic := range [][]string{{id, ""}, {id, "x"}, {"", secret}} {
			kept := code()
			if w := n.form(tokenPath, kept, basic...); w.Code < 400 || w.Code > 401 {
				t.Errorf("%q: %d %s", basic, w.Code, w.Body)
			}
			n.gave(t, "body after Basic was refused", n.form(tokenPath, kept+"&"+client(app).Encode()))
		}
	})
}

// An app tests for exactly 400, and begins anew.
func TestWireFailedExchangeOrRefreshIs400(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		app, other := n.app(t, n.ann), n.app(t, n.ann)
		late := n.grant(t, n.bob, app, "")
		if err := n.store.Execute(t.Context(), purse.Command{Decide: func(f *purse.Facts) error { return f.AdvanceClock(11 * time.Minute) }}); err != nil {
			t.Fatal(err)
		}
		give := func() (code string, g tokenAnswer) {
			code = n.grant(t, n.ann, app, "")
			return code, n.gave(t, "give", n.form(tokenPath, values(client(app), "code", code).Encode()))
		}
		used, ended := give()
		_, renewed := give()
		n.gave(t, "renew", n.form(tokenPath, values(client(app), "refresh_token", renewed.Refresh).Encode()))
		_, revoked := give()
		if w := n.do(request{method: "DELETE", path: tokenPath, token: revoked.Access}); w.Code != 204 {
			t.Fatal(w.Code)
		}
		foreign := n.grant(t, n.ann, other, "")
		mine := client(app)
		n.form(tokenPath, values(mine, "code", used).Encode()) // which ends what it gave
		for name, tc := range map[string]struct {
			v    url.Values
			code int
		}{
			"no code":                   {values(mine, "code", "x"), 248},
			"another app's code":        {values(mine, "code", foreign), 255},
			"a code that has expired":   {values(mine, "code", late), 256},
			"a code that was used":      {values(mine, "code", used), 257},
			"what that code gave":       {values(mine, "refresh_token", ended.Refresh), 275},
			"no refresh token":          {values(mine, "refresh_token", "x"), 275},
			"one that was used":         {values(mine, "refresh_token", renewed.Refresh), 275},
			"one that was revoked":      {values(mine, "refresh_token", revoked.Refresh), 275},
			"an access token":           {values(mine, "refresh_token", n.ann.token), 275},
			"another app's secret":      {values(mine, "client_secret", string(other.Secret), "code", foreign), 247},
			"no app":                    {values(mine, "client_id", "4", "code", foreign), 244},
			"neither code nor token":    {mine, 241},
			"a grant type of our years": {values(mine, "grant_type", "client_credentials"), 276},
		} {
			for how, send := range n.transports(t) {
				if w := send(tokenPath, tc.v); w.Code != http.StatusBadRequest || tc.code != 276 && errorCode(t, w) != tc.code {
					t.Errorf("%s, %s: %d %s, want %d", name, how, w.Code, w.Body, tc.code)
				}
			}
			for _, kind := range []string{"authorization_code", "refresh_token"} {
				w := n.form(tokenPath, values(tc.v, "grant_type", kind).Encode())
				var formal struct{ Error string }
				if err := json.Unmarshal(w.Body.Bytes(), &formal); err != nil || w.Code != http.StatusBadRequest || formal.Error == "" {
					t.Errorf("%s, %s: %d %s", name, kind, w.Code, w.Body)
				}
			}
		}
		n.gave(t, "its own app has it still", n.form(tokenPath, values(client(other), "code", foreign).Encode()))
	})
}

// errorCode is the code of an error, which is an integer.
func errorCode(t *testing.T, w *httptest.ResponseRecorder) int {
	t.Helper()
	var answer struct {
		Error struct {
			Message string
			Code    int // refuses what is no integer
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Error.Message == "" {
		t.Errorf("%d %s: %v", w.Code, w.Body, err)
	}
	return answer.Error.Code
}

// One library reads only the user here and never asks for /me; another needs the
// other members not to be empty.
func TestWireTokenAnswerHasTheTypesThatCallersRead(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		ada := n.member(t, "adah", "adah@example.org", "15555550123", 102_30)
		app := n.app(t, n.ann)
		w := n.form(tokenPath, values(client(app), "code", n.grant(t, ada, app, string(purse.EveryScope()))).Encode())
		for _, name := range []string{"exchanged", "refreshed"} {
			m := body(t, w) // a success is 200
			if kind, _, err := mime.ParseMediaType(w.Header().Get("Content-Type")); err != nil || kind != "application/json" {
				t.Errorf("%s: %q", name, w.Header())
			}
			life, ok := at(t, m, "expires_in").(json.Number)
			if seconds, err := strconv.Atoi(life.String()); !ok || err != nil || seconds != 60*24*60*60 {
				t.Errorf("%s: expires_in is %v", name, m["expires_in"])
			}
			for member, form := range map[string]string{
				"access_token": `.`, "refresh_token": `.`, "token_type": `^bearer$`, "balance": `^102\.30$`,
			} {
				if text, ok := at(t, m, member).(string); !ok || !regexp.MustCompile(form).MatchString(text) {
					t.Errorf("%s: %s is %v", name, member, m[member])
				}
			}
			for member, want := range map[string]string{
				"id": ada.ID.String(), "username": "adah", "email": "adah@example.org", "phone": "15555550123",
				"first_name": "Adah", "last_name": "Lind", "display_name": "Adah Lind",
			} {
				if got := at(t, m, "user", member); got != want {
					t.Errorf("%s: the user's %s is %v", name, member, got)
				}
			}
			w = n.form(tokenPath, values(client(app), "refresh_token", at(t, m, "refresh_token").(string)).Encode())
		}
	})
}

// A common library sends the whole URL that it was called back with; most send the
// one that it began with, or none.
func TestWireRedirectURIAtExchange(t *testing.T) {
	const second = "https://app.example/second?tenant=1"
	onTheWire(t, func(t *testing.T, n wire) {
		n.identity.PublicURL = publicURL
		app := n.app(t, n.ann, func(r *identity.AppRequest) { r.Redirects = []string{callback, second} })
		for _, to := range []string{callback, second} {
			calledBack := func() (string, url.Values) {
				a, err := n.identity.Authorize(t.Context(), identity.AuthorizeRequest{
					ClientID: app.ID.String(), RedirectURI: to, ResponseType: "code", State: "a b&c=d/é",
				})
				if err != nil {
					t.Fatal(err)
				}
				way, err := n.identity.Allow(t.Context(), n.visitor(t, n.ann), a, purse.EveryScope())
				if err != nil {
					t.Fatal(err)
				}
				u, err := url.Parse(way)
				if err != nil {
					t.Fatal(err)
				}
				return way, u.Query()
			}
			for how, as := range map[string]func(way string) string{
				"as it was called back":  func(way string) string { return way },
				"with code and state":    func(way string) string { return way[:strings.LastIndex(way, "&iss=")] },
				"with the code":          func(way string) string { return way[:strings.Index(way, "&state=")] },
				"as it was asked for":    func(string) string { return to },
				"none":                   func(string) string { return "" },
				"blank, as unset fields": func(string) string { return " " },
			} {
				way, back := calledBack()
				refused := func(uri string) {
					t.Helper()
					w := n.form(tokenPath, values(client(app), "code", back.Get("code"), "redirect_uri", uri).Encode())
					if w.Code != 400 || errorCode(t, w) != 248 {
						t.Errorf("%s is taken for %s: %d %s", uri, to, w.Code, w.Body)
					}
				}
				refused(way + "&x=1")
				refused(strings.Replace(way, "?", "/?", 1))
				refused(strings.Replace(way, "app.example", "evil.example", 1))
				refused(map[string]string{callback: second, second: callback}[to])
				n.gave(t, how, n.form(tokenPath, values(client(app), "code", back.Get("code"), "redirect_uri", as(way)).Encode()))
			}
		}
	})
}

func TestWireDeleteEndsTheToken(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		app := n.app(t, n.ann)
		give := func() tokenAnswer {
			return n.gave(t, "give", n.form(tokenPath, values(client(app), "code", n.grant(t, n.ann, app, string(purse.EveryScope()))).Encode()))
		}
		for how, path := range map[string]string{"Bearer": "", "query": "?access_token="} {
			g := give()
			r := request{method: http.MethodDelete, path: tokenPath, token: g.Access}
			if path != "" {
				r.path, r.token = tokenPath+path+g.Access, ""
			}
			if w := n.do(r); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
				t.Fatalf("%s: %d %s", how, w.Code, w.Body)
			}
			for _, use := range []request{
				{"GET", "/v1/me", g.Access, "", ""}, {"GET", "/v1/payments", g.Access, "", ""}, {"GET", "/v1/users/bob/friends", g.Access, "", ""},
				{"POST", "/v1/payments", g.Access, "", fmt.Sprintf("user_id=%d&amount=1&note=a", n.bob.ID)}, r,
			} {
				if w := n.do(use); w.Code != http.StatusUnauthorized || errorCode(t, w) != 262 {
					t.Errorf("%s, %s %s: %d %s", how, use.method, use.path, w.Code, w.Body)
				}
			}
		}
	})
}
