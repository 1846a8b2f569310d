package walletv1

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"purse"
	"purse/api"
	"purse/identity"
)

const callback = "https://app.example/callback"

// visitor is p on our pages.
func (n *network) visitor(t *testing.T, p person) identity.Visitor {
	t.Helper()
	s := purse.Session{Hash: purse.SessionHash("of " + p.Username), Person: p.ID, Book: purse.MainBook, Expires: 1 << 60}
	err := n.store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Sessions: []purse.SessionHash{s.Hash}},
		Decide: func(f *purse.Facts) error {
			if _, err := f.Session(s.Hash); purse.CodeOf(err) != purse.CodeNotFound {
				return err
			}
			s.ID = purse.SessionID(f.NextID())
			f.Put(s)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return identity.Visitor{User: p.User, Session: s, Actor: purse.Actor{Book: purse.MainBook, User: p.ID, Session: s.Hash, Scopes: purse.EveryScope()}}
}

// app registers an app of p's.
func (n *network) app(t *testing.T, p person, change ...func(*identity.AppRequest)) identity.NewApp {
	t.Helper()
	req := identity.AppRequest{Name: "An app", Redirects: []string{callback}}
	for _, c := range change {
		c(&req)
	}
	app, err := n.identity.RegisterApp(t.Context(), n.visitor(t, p), req)
	if err != nil {
		t.Fatal(err)
	}
	if app.Secret != "" {
		n.secrets = append(n.secrets, string(app.Secret))
	}
	n.touched.Store(true)
	return app
}

// let lets an app in for p, and gives the parameters that the app is called with.
func (n *network) let(t *testing.T, p person, req identity.AuthorizeRequest) url.Values {
	t.Helper()
	a, err := n.identity.Authorize(t.Context(), req)
	if err != nil || a.Fault != "" {
		t.Fatalf("%+v, %v", a, err)
	}
	redirect, err := n.identity.Allow(t.Context(), n.visitor(t, p), a, purse.EveryScope())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(redirect)
	if err != nil {
		t.Fatal(err)
	}
	n.touched.Store(true)
	for _, name := range []string{"code", "access_token"} {
		if u.Query().Has(name) {
			n.secrets = append(n.secrets, u.Query().Get(name))
		}
	}
	return u.Query()
}

// grant is a code for app.
func (n *network) grant(t *testing.T, p person, app identity.NewApp, scope string) string {
	t.Helper()
	return n.let(t, p, identity.AuthorizeRequest{ClientID: app.ID.String(), ResponseType: "code", Scope: scope, State: "s t"}).Get("code")
}

// tokenAnswer is what an app gets.
type tokenAnswer struct {
	Access  string `json:"access_token"`
	Expires int    `json:"expires_in"`
	Type    string `json:"token_type"`
	Refresh string `json:"refresh_token"`
	Scope   string `json:"scope"`
	User    struct {
		Username string  `json:"username"`
		Email    *string `json:"email"`
	} `json:"user"`
	Balance *string `json:"balance"`
}

// gave reads an answer with a token.
func (n *network) gave(t *testing.T, name string, w *httptest.ResponseRecorder) (a tokenAnswer) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 || a.Access == "" || a.Refresh == "" || a.Expires != 5184000 || a.Type != "bearer" {
		t.Fatalf("%s: %d %s", name, w.Code, w.Body)
	}
	checkHeaders(t, name, w)
	n.secrets = append(n.secrets, a.Access, a.Refresh)
	return a
}

// form posts a form to the token's path, by HTTP Basic if there are an id and a
// secret.
func (n *network) form(path, form string, basic ...string) *httptest.ResponseRecorder {
	n.t.Helper()
	n.touched.Store(true)
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(basic) == 2 {
		r.SetBasicAuth(basic[0], basic[1])
	}
	return n.serve(r, []byte(form))
}

func TestTokenAnswer(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 102_30)
		err := n.store.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
			for i, a := range []purse.Address{{Kind: purse.Email, Text: "new@example.org"}, {Kind: purse.Email, Text: "ann@example.org"}, {Kind: purse.Phone, Text: "15555550100"}} {
				c := purse.Contact{ContactKey: purse.ContactKey{Person: ann.ID, Address: a}, Added: purse.Time(i + 1), Verified: f.Now}
				if i == 0 {
					c.Verified = 0
				}
				f.Put(c)
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		app := n.app(t, ann)
		user := func(email, phone string) string {
			return fmt.Sprintf(`{"id":"%d","username":"Ann","first_name":"Ann","last_name":"L","display_name":"Ann L","about":"So happy","email":%s,"phone":%s,`+
				`"profile_picture_url":"https://purse.example/v1/users/%d/picture.svg","date_joined":%q}`,
				ann.ID, email, phone, ann.ID, ann.Joined.UTC().Format("2006-01-02T15:04:05"))
		}
		for _, tc := range []struct{ scope, rest string }{
			{"access_profile", `"user":` + user("null", "null") + `}`},
			{"make_payments access_email access_phone", `"user":` + user(`"ann@example.org"`, `"15555550100"`) + `}`},
			{"access_balance access_phone", `"user":` + user("null", `"15555550100"`) + `,"balance":"102.30"}`},
		} {
			w := n.form("/v1/oauth/access_token", "client_id="+app.ID.String()+"&client_secret="+string(app.Secret)+"&code="+n.grant(t, ann, app, tc.scope))
			a := n.gave(t, tc.scope, w)
			want := fmt.Sprintf(`{"access_token":%q,"expires_in":5184000,"token_type":"bearer","refresh_token":%q,"scope":%q,`, a.Access, a.Refresh, tc.scope) + tc.rest
			if w.Body.String() != want {
				t.Errorf("%s\nwant %s", w.Body, want)
			}
		}
	})
}

// The ways in which callers ask for a token (wire.md D.1), each for a code and then
// for a refresh token.
func TestWaysToAsk(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 0)
		app := n.app(t, ann)
		id, secret := app.ID.String(), string(app.Secret)
		client := url.Values{"client_id": {id}, "client_secret": {secret}}
		with := func(v url.Values, more ...string) url.Values {
			all := url.Values{}
			for k := range v {
				all[k] = v[k]
			}
			for i := 0; i < len(more); i += 2 {
				all.Set(more[i], more[i+1])
			}
			return all
		}
		post := func(path, kind string, body []byte) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
			if kind != "" {
				r.Header.Set("Content-Type", kind)
			}
			return n.serve(r, body)
		}
		asJSON := func(v url.Values) []byte {
			members := map[string]any{}
			for k := range v {
				members[k] = v.Get(k)
			}
			members["client_id"] = json.Number(id) // as a number
			b, _ := json.Marshal(members)
			return b
		}
		for name, ask := range map[string]func(url.Values) *httptest.ResponseRecorder{
			"form": func(v url.Values) *httptest.ResponseRecorder {
				return n.form("/v1/oauth/access_token", with(v).Encode())
			},
			"alias": func(v url.Values) *httptest.ResponseRecorder { return n.form("/v1/access_token", with(v).Encode()) },
			"query": func(v url.Values) *httptest.ResponseRecorder { return n.form("/v1/oauth/access_token?"+v.Encode(), "") },
			"JSON": func(v url.Values) *httptest.ResponseRecorder {
				return post("/v1/oauth/access_token", "application/json", asJSON(v))
			},
			"plain JSON": func(v url.Values) *httptest.ResponseRecorder { return post("/v1/access_token", "", asJSON(v)) },
			"multipart": func(v url.Values) *httptest.ResponseRecorder {
				var b bytes.Buffer
				m := multipart.NewWriter(&b)
				for k := range v {
					if err := m.WriteField(k, v.Get(k)); err != nil {
						t.Fatal(err)
					}
				}
				if err := m.Close(); err != nil {
					t.Fatal(err)
				}
				return post("/v1/oauth/access_token", m.FormDataContentType(), b.Bytes())
			},
			"formal": func(v url.Values) *httptest.ResponseRecorder {
				kind := "authorization_code"
				if v.Has("refresh_token") {
					kind = "refresh_token"
				}
				return n.form("/v1/oauth/access_token", with(v, "grant_type", kind).Encode())
			},
			"Basic": func(v url.Values) *httptest.ResponseRecorder {
				v = with(v)
				v.Del("client_id")
				v.Del("client_secret")
				return n.form("/v1/oauth/access_token", v.Encode(), id, secret)
			},
			"Basic and body": func(v url.Values) *httptest.ResponseRecorder {
				return n.form("/v1/oauth/access_token", with(v).Encode(), id, url.QueryEscape(secret))
			},
			"with an old token": func(v url.Values) *httptest.ResponseRecorder {
				return n.form("/v1/oauth/access_token", with(v, "access_token", "old", "sdk", "ios").Encode())
			},
			"Ruby": func(v url.Values) *httptest.ResponseRecorder {
				if v.Has("code") {
					v = with(v, "redirect_uri", callback+"?code="+v.Get("code")+"&state=s+t&iss=https%3A%2F%2Fpurse.example", "grant_type", "authorization_code")
				}
				return n.form("/v1/oauth/access_token", v.Encode())
			},
		} {
			code := n.grant(t, ann, app, "make_payments,access_profile")
			first := n.gave(t, name, ask(with(client, "code", code)))
			second := n.gave(t, name+", refresh", ask(with(client, "refresh_token", first.Refresh)))
			if first.Scope != "make_payments access_profile" || second.Scope != first.Scope || second.Access == first.Access {
				t.Errorf("%s: %+v and %+v", name, first, second)
			}
			n.refused(t, name, request{"GET", "/v1/payments", first.Access, "", ""}, 401, revoked)
			if w := n.get(second.Access, "/v1/payments"); w.Code != 200 {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
		}
		// A key is ignored: no answer with a credential is kept.
		for i := range 2 {
			r := httptest.NewRequest(http.MethodPost, "/v1/oauth/access_token?"+with(client, "code", n.grant(t, ann, app, "")).Encode(), nil)
			r.Header.Set(api.OnceHeader, "k")
			if w := n.serve(r, nil); w.Code != 200 || w.Header().Get("Idempotent-Replayed") != "" {
				t.Errorf("%d: %d %s", i, w.Code, w.Body)
			}
		}
		if kept := n.dump(t, "once"); len(kept) != 0 {
			t.Errorf("kept %q", kept)
		}
	})
}

// How a caller is refused depends on what it speaks.
func TestTokenRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 0)
		app, other, open := n.app(t, ann), n.app(t, ann), n.app(t, ann, func(r *identity.AppRequest) { r.Public = true })
		id, secret := app.ID.String(), string(app.Secret)
		client := "client_id=" + id + "&client_secret=" + secret
		used, foreign := n.grant(t, ann, app, ""), n.grant(t, ann, other, "")
		g := n.gave(t, "used", n.form("/v1/oauth/access_token", client+"&code="+used))
		n.gave(t, "used", n.form("/v1/oauth/access_token", client+"&refresh_token="+g.Refresh))
		envelope := func(code int, message string) string {
			return fmt.Sprintf(`{"error":{"message":%q,"code":%d}}`, message, code)
		}
		word := func(word, message string) string {
			return fmt.Sprintf(`{"error":%q,"error_description":%q}`, word, message)
		}
		const noCode, wasUsed = "This is not an authorization code.", "This authorization code was used before. What it gave is revoked."
		const another, noRefresh = "This authorization code is another app's.", "This refresh token is not good. Ask for authorization again."
		const noClient, noSecret = "There is no app with this client_id.", "This is not the app's secret."
		for _, tc := range []struct {
			name, form string
			basic      []string
			status     int
			want       string
		}{
			{"nothing", "", nil, 400, envelope(241, "Pass the code or the refresh_token.")},
			{"no client", "code=" + used, nil, 400, envelope(241, "Pass the client_id.")},
			{"no such client", "client_id=5&code=" + used, nil, 400, envelope(244, noClient)},
			{"word for a client", "client_id=app&code=" + used, nil, 400, envelope(244, noClient)},
			{"no secret", "client_id=" + id + "&code=" + used, nil, 400, envelope(247, noSecret)},
			{"wrong secret", "client_id=" + id + "&client_secret=" + string(other.Secret) + "&code=" + used, nil, 400, envelope(247, noSecret)},
			{"bad code", client + "&code=x", nil, 400, envelope(248, noCode)},
			{"another's code", client + "&code=" + foreign, nil, 400, envelope(255, another)},
			{"another's redirect URI", string("client_id=" + other.ID.String() + "&client_secret=" + string(other.Secret) + "&redirect_uri=https%3A%2F%2Fevil.example&code=" + foreign), nil, 400, envelope(248, "The redirect_uri is not the one that the code was sent to.")},
			{"bad refresh", client + "&refresh_token=x", nil, 400, envelope(275, noRefresh)},
			{"bad query", client + "&code=%zz", nil, 400, badBody},
			{"grant type", client + "&grant_type=client_credentials", nil, 400, word("unsupported_grant_type", "The grant_type is authorization_code or refresh_token.")},
			{"code without one", client + "&grant_type=authorization_code", nil, 400, word("invalid_request", "Pass the code.")},
			{"refresh without one", client + "&grant_type=refresh_token&code=" + used, nil, 400, word("invalid_request", "Pass the refresh_token.")},
			{"formal, bad code", client + "&grant_type=authorization_code&code=x", nil, 400, word("invalid_grant", noCode)},
			{"formal, another's", client + "&grant_type=authorization_code&code=" + foreign, nil, 400, word("invalid_grant", another)},
			{"formal, bad refresh", client + "&grant_type=refresh_token&refresh_token=x", nil, 400, word("invalid_grant", noRefresh)},
			{"formal, wrong secret", "client_id=" + id + "&client_secret=x&grant_type=refresh_token&refresh_token=x", nil, 400, word("invalid_client", noSecret)},
			{"Basic, wrong secret", "code=" + used, []string{id, "x"}, 401, word("invalid_client", noSecret)},
			{"Basic, no client", "code=" + used, []string{"x", "x"}, 401, word("invalid_client", noClient)},
			{"Basic, bad code", "code=x", []string{id, secret}, 400, word("invalid_grant", noCode)},
			{"Basic, another in the body", "code=x&client_id=5", []string{id, secret}, 400, word("invalid_request", "The request names two different apps.")},
			{"Basic, another secret in the body", "code=x&client_secret=5", []string{id, secret}, 400, word("invalid_request", "The request names two different apps.")},
			{"Basic, broken", "code=%zz", []string{id, secret}, 400, word("invalid_request", "The body could not be read.")},
			{"public with a secret", "client_id=" + open.ID.String() + "&client_secret=x&code=x", nil, 400, envelope(247, "This app is a public client and has no secret.")},
		} {
			before := n.digest(t)
			w := n.form("/v1/oauth/access_token", tc.form, tc.basic...)
			if w.Code != tc.status || w.Body.String() != tc.want {
				t.Errorf("%s: %d %s\nwant %d %s", tc.name, w.Code, w.Body, tc.status, tc.want)
			}
			if challenged := w.Header().Get("WWW-Authenticate"); (challenged != "") != (tc.status == 401) {
				t.Errorf("%s: WWW-Authenticate is %q", tc.name, challenged)
			}
			if n.digest(t) != before {
				t.Errorf("%s: something was changed", tc.name)
			}
			checkHeaders(t, tc.name, w)
		}
		// These do change something: they end what was given.
		if w := n.form("/v1/oauth/access_token", client+"&code="+used); w.Code != 400 || w.Body.String() != envelope(257, wasUsed) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := n.form("/v1/oauth/access_token", client+"&grant_type=refresh_token&refresh_token="+g.Refresh); w.Code != 400 || w.Body.String() != word("invalid_grant", noRefresh) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		late := n.grant(t, ann, app, "")
		err := n.store.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error { return f.AdvanceClock(11 * 60 * 1e9) }})
		if err != nil {
			t.Fatal(err)
		}
		if w := n.form("/v1/oauth/access_token", client+"&code="+late); w.Code != 400 || w.Body.String() != envelope(256, "This authorization code has expired.") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestRevocation(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 0)
		app := n.app(t, ann)
		id, secret := app.ID.String(), string(app.Secret)
		client := "client_id=" + id + "&client_secret=" + secret
		give := func() tokenAnswer {
			return n.gave(t, "give", n.form("/v1/oauth/access_token", client+"&code="+n.grant(t, ann, app, "")))
		}
		one, two, three := give(), give(), give()
		for _, tc := range []struct {
			form   string
			basic  []string
			status int
			want   string
		}{
			{"token=" + one.Access + "&token_type_hint=refresh_token", []string{id, secret}, 200, "{}"},
			{client + "&token=" + two.Refresh, nil, 200, "{}"},
			{client + "&token=garbage", nil, 200, "{}"},
			{client + "&token=" + one.Access, nil, 200, "{}"},
			{client, nil, 400, `{"error":"invalid_request","error_description":"Pass the token."}`},
			{"client_id=" + id + "&token=" + three.Access, nil, 400, `{"error":"invalid_client","error_description":"This is not the app's secret."}`},
			{"token=" + three.Access, []string{id, "x"}, 401, `{"error":"invalid_client","error_description":"This is not the app's secret."}`},
			{"token=%zz", nil, 400, `{"error":"invalid_request","error_description":"The body could not be read."}`},
		} {
			if w := n.form("/v1/oauth/revoke", tc.form, tc.basic...); w.Code != tc.status || w.Body.String() != tc.want {
				t.Errorf("%s: %d %s", tc.want, w.Code, w.Body)
			}
		}
		for _, g := range []tokenAnswer{one, two} {
			n.refused(t, "revoked", request{"GET", "/v1/payments", g.Access, "", ""}, 401, revoked)
		}
		own := request{method: http.MethodDelete, path: "/v1/oauth/access_token", token: three.Access}
		if w := n.do(own); w.Code != 204 || w.Body.Len() != 0 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		n.refused(t, "again", own, 401, revoked)
		own.token = ""
		n.refused(t, "without one", own, 401, noToken)
		n.refused(t, "in use", request{"GET", "/v1/payments", three.Access, "", ""}, 401, revoked)
		// The person's own token, in the query.
		if w := n.do(request{method: http.MethodDelete, path: "/v1/oauth/access_token?access_token=" + ann.token}); w.Code != 204 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestMetadata(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		w := n.get("", MetadataPath)
		const want = `{"issuer":"https://purse.example","authorization_endpoint":"https://purse.example/v1/oauth/authorize",` +
			`"token_endpoint":"https://purse.example/v1/oauth/access_token","revocation_endpoint":"https://purse.example/v1/oauth/revoke",` +
			`"scopes_supported":["make_payments","access_profile","access_email","access_phone","access_balance","access_friends","access_feed","access_payment_history"],` +
			`"response_types_supported":["code","token"],"response_modes_supported":["query"],"grant_types_supported":["authorization_code","refresh_token","implicit"],` +
			`"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post","none"],` +
			`"revocation_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post","none"],` +
			`"code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}`
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// Whoever guesses secrets pays with their address; an app that has proved who it is
// has a rate of its own.
func TestGuessesOfSecrets(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 0)
		app := n.app(t, ann)
		client := "client_id=" + app.ID.String() + "&client_secret=" + string(app.Secret)
		n.gave(t, "known", n.form("/v1/oauth/access_token", client+"&code="+n.grant(t, ann, app, "")))
		good := n.grant(t, ann, app, "")
		n.limited()
		for i := range 3 {
			if w := n.form("/v1/oauth/access_token", "client_id="+app.ID.String()+"&client_secret=guess&code=x"); w.Code != 400 {
				t.Errorf("%d: %d %s", i, w.Code, w.Body)
			}
		}
		if w := n.form("/v1/oauth/access_token", "client_id="+app.ID.String()+"&client_secret=guess&code=x"); w.Code != 429 || w.Body.String() != tooFast {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := n.form("/v1/oauth/revoke", "token=x", app.ID.String(), "guess"); w.Code != 429 || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "temporarily_unavailable") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		n.gave(t, "known", n.form("/v1/oauth/access_token", client+"&code="+good))
	})
}

// A fault says no more than that, in either tongue.
func TestOAuthFaults(t *testing.T) {
	door := (&Door{Log: slog.New(slog.DiscardHandler)}).Handler() // without services: it panics
	for _, form := range []string{"client_id=5&code=x", "client_id=5&code=x&grant_type=authorization_code"} {
		r := httptest.NewRequest(http.MethodPost, "/v1/oauth/access_token", strings.NewReader(form))
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		held(t, r, []byte(form), w)
		if w.Code != 500 || strings.Contains(w.Body.String(), "panic") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	for _, c := range purse.Codes {
		w := httptest.NewRecorder()
		fail(w, &oauthError{purse.Refuse(c, `It says "no".`), true})
		var e struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error == "" || e.Description == "" || strings.Contains(e.Description, `"`) || w.Code < 400 {
			t.Errorf("%s: %d %s", c, w.Code, w.Body)
		}
	}
}
