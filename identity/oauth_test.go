package identity

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"purse"
)

const callback = "https://app.example/callback"

// visitor is somebody on our pages, with a session.
func (n *network) visitor(t *testing.T, name string) Visitor {
	t.Helper()
	u, err := n.store.UserNamed(t.Context(), name)
	if code(err) == purse.CodeNotFound {
		u = n.user(t, name)
	}
	secret := newSecret(sessionPrefix)
	err = n.store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{SessionsOf: []purse.UserID{u.ID}},
		Decide: func(f *purse.Facts) error {
			_, err := openSession(f, u, secret, From{Remote: "127.0.0.1"})
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := n.Visit(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// register registers an app of v's.
func (n *network) register(t *testing.T, v Visitor, change ...func(*AppRequest)) NewApp {
	t.Helper()
	req := AppRequest{Name: "An app", Redirects: []string{callback}}
	for _, c := range change {
		c(&req)
	}
	app, err := n.RegisterApp(t.Context(), v, req)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func public(r *AppRequest)   { r.Public = true }
func implicit(r *AppRequest) { r.Implicit = true }

func (a NewApp) auth() ClientAuth { return ClientAuth{ID: a.ID.String(), Secret: a.Secret} }

// params are those of the URL that somebody is sent to.
func params(t *testing.T, redirect string) url.Values {
	t.Helper()
	u, err := url.Parse(redirect)
	if err != nil || u.Fragment != "" {
		t.Fatalf("%q: %v", redirect, err)
	}
	return u.Query()
}

// allow lets an app in, and gives the parameters of the answer.
func (n *network) allow(t *testing.T, v Visitor, req AuthorizeRequest) url.Values {
	t.Helper()
	a, err := n.Authorize(t.Context(), req)
	if err != nil || a.Fault != "" {
		t.Fatalf("%+v, %v", a, err)
	}
	redirect, err := n.Allow(t.Context(), v, a, purse.EveryScope())
	if err != nil {
		t.Fatal(err)
	}
	return params(t, redirect)
}

// code lets an app in and gives the code.
func (n *network) code(t *testing.T, v Visitor, app NewApp, scope string) purse.Secret {
	t.Helper()
	return purse.Secret(n.allow(t, v, AuthorizeRequest{ClientID: app.ID.String(), ResponseType: "code", Scope: scope}).Get("code"))
}

// tokens lets an app in and exchanges the code.
func (n *network) tokens(t *testing.T, v Visitor, app NewApp, scope string) Given {
	t.Helper()
	g, err := n.Exchange(t.Context(), TokenExchange{Client: app.auth(), Code: n.code(t, v, app, scope)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// works checks what becomes of a token's use, in a read and in a command.
func (n *network) works(t *testing.T, token purse.Secret, want purse.Code) {
	t.Helper()
	n.expect(t, token, purse.MakePayments, want, want)
}

// pass moves both books' clocks forward.
func (n *network) pass(t *testing.T, by time.Duration) {
	t.Helper()
	n.advance(t, by)
	n.passDirectory(t, by)
}

func (n *network) passDirectory(t *testing.T, by time.Duration) {
	t.Helper()
	err := n.store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Decide: func(f *purse.Facts) error { return f.AdvanceClock(by) },
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCodeFlow(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.PublicURL = "https://purse.example"
		dev, ann := n.visitor(t, "dev"), n.visitor(t, "ann")
		app := n.register(t, dev)
		a, err := n.Authorize(t.Context(), AuthorizeRequest{
			ClientID: app.ID.String(), ResponseType: "code", Scope: "Make_Payments,access_profile access_emaiL", State: "a b&c=d#e?é", RedirectURI: callback,
		})
		if err != nil || a.Fault != "" || !a.Code || a.Scopes != "make_payments access_profile access_email" || a.App.Name != "An app" {
			t.Fatalf("%+v, %v", a, err)
		}
		redirect, err := n.Allow(t.Context(), ann, a, "access_profile make_payments access_balance")
		if err != nil || !strings.HasPrefix(redirect, callback+"?code=purse_ac_") {
			t.Fatalf("%q, %v", redirect, err)
		}
		back := params(t, redirect)
		if back.Get("state") != "a b&c=d#e?é" || back.Get("iss") != "https://purse.example" || len(back) != 3 {
			t.Errorf("%v", back)
		}
		g, err := n.Exchange(t.Context(), TokenExchange{Client: app.auth(), Code: purse.Secret(back.Get("code")), RedirectURI: callback})
		if err != nil {
			t.Fatal(err)
		}
		if g.Life != 60*24*time.Hour || g.Scopes != "make_payments access_profile" || g.User.Username != "ann" || g.Refresh == "" {
			t.Errorf("%+v", g)
		}
		n.works(t, g.Access, "ok")
		n.expect(t, g.Access, purse.AccessEmail, purse.CodeScope, "ok")
		actor, err := n.Authenticate(t.Context(), g.Access)
		if actor.At = 0; err != nil || actor != g.Actor || actor.App != app.ID || actor.User != ann.User.ID || actor.Grant == 0 {
			t.Errorf("%+v and %+v, %v", actor, g.Actor, err)
		}
		n.pass(t, 60*24*time.Hour-time.Minute)
		n.works(t, g.Access, "ok")
		n.pass(t, time.Minute+time.Second)
		n.works(t, g.Access, purse.CodeTokenExpired)
		g2, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: g.Refresh})
		if err != nil {
			t.Fatal(err)
		}
		n.works(t, g2.Access, "ok")
	})
}

// A token's life is counted in the time of its book, a code's in the directory's.
func TestClocksThatDiffer(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev := n.visitor(t, "dev")
		app := n.register(t, dev, implicit)
		n.advance(t, 1000*24*time.Hour) // the book's only
		g := n.tokens(t, dev, app, "make_payments")
		n.works(t, g.Access, "ok")
		back := n.allow(t, dev, AuthorizeRequest{ClientID: app.ID.String(), ResponseType: "token", Scope: "make_payments"})
		short := purse.Secret(back.Get("access_token"))
		n.advance(t, 29*time.Minute)
		n.works(t, short, "ok")
		n.advance(t, time.Minute+time.Second)
		n.works(t, short, purse.CodeTokenExpired)
		n.works(t, g.Access, "ok")
		n.passDirectory(t, 5000*24*time.Hour)
		n.works(t, n.tokens(t, n.visitor(t, "dev"), app, "make_payments").Access, "ok")
		n.works(t, g.Access, "ok")
		n.advance(t, 60*24*time.Hour)
		n.works(t, g.Access, purse.CodeTokenExpired)
	})
}

func TestTokenFlow(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev, ann := n.visitor(t, "dev"), n.visitor(t, "ann")
		app := n.register(t, dev, implicit)
		id := app.ID.String()
		for _, kind := range []string{"", "token"} {
			back := n.allow(t, ann, AuthorizeRequest{ClientID: id, ResponseType: kind, Scope: "make_payments", State: "s"})
			if back.Get("state") != "s" || back.Get("expires_in") != "1800" || back.Get("token_type") != "bearer" || back.Has("refresh_token") || back.Has("code") {
				t.Errorf("%v", back)
			}
			n.works(t, purse.Secret(back.Get("access_token")), "ok")
		}
		if tickets := n.count(t, "tickets"); tickets != 0 {
			t.Errorf("%d tickets", tickets)
		}
		for kind, want := range map[string]bool{"": true, "code": true, "token": false} {
			a, err := n.Authorize(t.Context(), AuthorizeRequest{ClientID: n.register(t, dev).ID.String(), ResponseType: kind})
			if err != nil || a.Code != want || !want && a.Fault != "unauthorized_client" || want && a.Fault != "" {
				t.Errorf("%q of an app that is not registered for it: %+v, %v", kind, a, err)
			}
		}
	})
}

func TestFaultsAndRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.PublicURL = "https://purse.example"
		dev := n.visitor(t, "dev")
		app, open := n.register(t, dev), n.register(t, dev, public, implicit)
		bare, err := n.CreateApp(t.Context(), purse.MainBook, "op", purse.App{Name: "bare", Medium: purse.MediumAPI})
		if err != nil {
			t.Fatal(err)
		}
		good := strings.Repeat("a", 43)
		for _, tc := range []struct {
			name string
			req  AuthorizeRequest
			want string // a fault, or a code
		}{
			{"good", AuthorizeRequest{ClientID: app.ID.String()}, ""},
			{"challenge", AuthorizeRequest{ClientID: app.ID.String(), Challenge: good, Method: "S256"}, ""},
			{"no client", AuthorizeRequest{}, "missing"},
			{"words", AuthorizeRequest{ClientID: "myapp"}, "client"},
			{"zero before", AuthorizeRequest{ClientID: "0" + app.ID.String()}, "client"},
			{"minus", AuthorizeRequest{ClientID: "-1"}, "client"},
			{"unknown", AuthorizeRequest{ClientID: "12345"}, "client"},
			{"sign-in's", AuthorizeRequest{ClientID: "1"}, "redirect"},
			{"no redirect URI", AuthorizeRequest{ClientID: bare.ID.String()}, "redirect"},
			{"another redirect URI", AuthorizeRequest{ClientID: app.ID.String(), RedirectURI: callback + "/", ResponseType: "x"}, "redirect"},
			{"response type", AuthorizeRequest{ClientID: app.ID.String(), ResponseType: "id_token", Scope: "x"}, "unsupported_response_type"},
			{"response type in capitals", AuthorizeRequest{ClientID: app.ID.String(), ResponseType: "CODE"}, "unsupported_response_type"},
			{"two response types", AuthorizeRequest{ClientID: app.ID.String(), ResponseType: "code token"}, "unsupported_response_type"},
			{"not implicit", AuthorizeRequest{ClientID: app.ID.String(), ResponseType: "token", Scope: "x"}, "unauthorized_client"},
			{"scope", AuthorizeRequest{ClientID: app.ID.String(), Scope: "make_payments admin"}, "invalid_scope"},
			{"plain", AuthorizeRequest{ClientID: app.ID.String(), Challenge: good, Method: "plain"}, "invalid_request"},
			{"no method", AuthorizeRequest{ClientID: app.ID.String(), Challenge: good}, "invalid_request"},
			{"no challenge", AuthorizeRequest{ClientID: app.ID.String(), Method: "S256"}, "invalid_request"},
			{"short", AuthorizeRequest{ClientID: app.ID.String(), Challenge: good[1:], Method: "S256"}, "invalid_request"},
			{"padded", AuthorizeRequest{ClientID: app.ID.String(), Challenge: good[1:] + "=", Method: "S256"}, "invalid_request"},
			{"method in small letters", AuthorizeRequest{ClientID: app.ID.String(), Challenge: good, Method: "s256"}, "invalid_request"},
			{"public", AuthorizeRequest{ClientID: open.ID.String(), ResponseType: "code"}, "invalid_request"},
			{"public, plain", AuthorizeRequest{ClientID: open.ID.String(), ResponseType: "code", Challenge: good, Method: "plain"}, "invalid_request"},
			{"public, S256", AuthorizeRequest{ClientID: open.ID.String(), ResponseType: "code", Challenge: good, Method: "S256"}, ""},
			{"public, token", AuthorizeRequest{ClientID: open.ID.String(), ResponseType: "token"}, ""},
		} {
			tc.req.State = "x y"
			a, err := n.Authorize(t.Context(), tc.req)
			got := a.Fault
			if err != nil {
				got = string(code(err))
				if a.RedirectURI != "" {
					t.Errorf("%s: %q is refused, and sent to %q", tc.name, got, a.RedirectURI)
				}
			}
			if got != tc.want {
				t.Errorf("%s: %q, %v, want %q", tc.name, got, err, tc.want)
			}
			if a.Fault == "" {
				continue
			}
			if back := params(t, n.Refuse(a)); back.Get("error") != tc.want || back.Get("state") != "x y" || back.Get("message") == "" || back.Get("iss") != n.PublicURL {
				t.Errorf("%s: %v", tc.name, back)
			}
			if _, err := n.Allow(t.Context(), dev, a, purse.EveryScope()); code(err) != purse.CodeInvalid {
				t.Errorf("%s is allowed: %v", tc.name, err)
			}
		}
		a, err := n.Authorize(t.Context(), AuthorizeRequest{ClientID: app.ID.String(), Scope: " , "})
		if err != nil || a.Scopes != "access_profile" || a.State != "" {
			t.Errorf("%+v, %v", a, err)
		}
		const denied = "?error=access_denied&message=User+denied+your+application+access&error_description=User+denied+your+application+access"
		if got := n.Refuse(a); got != callback+denied+"&iss=https%3A%2F%2Fpurse.example" {
			t.Error(got)
		}
		if _, err := n.Allow(t.Context(), dev, a, "make_payments"); code(err) != purse.CodeBadScope {
			t.Errorf("nothing is allowed: %v", err)
		}
		if tickets := n.count(t, "tickets"); tickets != 0 {
			t.Errorf("%d codes", tickets)
		}
	})
}

// The answer is appended to whatever query a redirect URI has.
func TestAppended(t *testing.T) {
	s := &Service{PublicURL: "u"}
	for uri, want := range map[string]string{
		"https://a.example":         "https://a.example?code=1&iss=u",
		"https://a.example/cb":      "https://a.example/cb?code=1&iss=u",
		"https://a.example/cb?":     "https://a.example/cb?code=1&iss=u",
		"https://a.example/cb?x":    "https://a.example/cb?x&code=1&iss=u",
		"https://a.example/cb?x=1&": "https://a.example/cb?x=1&code=1&iss=u",
		"https://a.example/?a=?":    "https://a.example/?a=?&code=1&iss=u",
		"MyApp://":                  "MyApp://?code=1&iss=u",
		"venmo12://oauth":           "venmo12://oauth?code=1&iss=u",
	} {
		got := s.back(Authorization{RedirectURI: uri}, "code", "1")
		if got != want {
			t.Errorf("%s: %s", uri, got)
		}
		if !sentTo(uri, got) || !sentTo(uri, uri) || sentTo(uri, got+"&x=1") || sentTo(uri, uri+"/") || sentTo(uri, "https://evil.example/?code=1") {
			t.Errorf("%s is not told from others", uri)
		}
	}
}
