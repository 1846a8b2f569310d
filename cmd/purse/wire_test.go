package main

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"purse"
	"purse/identity"
	"purse/wallet"
)

// What old clients need of the wallet API where it takes our pages, or paths without
// /v1. The list of all is in api/walletv1/wire_test.go.

const (
	wirePassword = "a password of many words"
	wireURL      = "http://wallet.example"
	wireCallback = "https://app.example/callback"
	wireState    = "a b+c&d=e;f/é%25\"'<>#?"
)

// wired is a network with ada, who is signed in, and her app.
type wired struct {
	*network
	t       *testing.T
	handler http.Handler
	ada     identity.Visitor
	cookie  string
	app     identity.NewApp
}

func onTheWire(t *testing.T, test func(*testing.T, wired)) {
	on(t, func(t *testing.T, database string) {
		key := filepath.Join(t.TempDir(), "key")
		if err := makeKey(key); err != nil {
			t.Fatal(err)
		}
		c := config{Database: database, KeyFile: key, Mode: purse.Sandbox, Currency: "USD", Name: "purse", AppSignIn: "on"}
		n, err := openServed(t.Context(), c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer n.store.Close()
		w := wired{network: n, t: t, handler: n.handler(c, wireURL, true)}
		in, err := n.identity.SignUp(t.Context(), n.book.ID, identity.SignUpRequest{
			Username: "adah", FirstName: "Ada", LastName: "L", Email: "adah@example.org", Password: wirePassword,
		}, identity.From{Remote: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		if w.ada, err = n.identity.Visit(t.Context(), in.Session); err != nil {
			t.Fatal(err)
		}
		w.cookie = "purse=" + string(in.Session)
		w.app = w.register(wireCallback)
		_, err = n.wallet.Issue(t.Context(), n.book.ID, "op", wallet.EntryRequest{
			Wallet: in.User, Minor: 100_00, Encode: func(purse.Entry) purse.Answer { return purse.Answer{} },
		})
		if err != nil {
			t.Fatal(err)
		}
		test(t, w)
	})
}

func (w wired) register(redirects ...string) identity.NewApp {
	w.t.Helper()
	app, err := w.identity.RegisterApp(w.t.Context(), w.ada, identity.AppRequest{Name: "An app", Redirects: redirects, Implicit: strings.HasPrefix(redirects[0], "venmo")})
	if err != nil {
		w.t.Fatal(err)
	}
	return app
}

// send sends a request with headers, name after name and value.
func (w wired) send(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	target, query, _ := strings.Cut(path, "?")
	r := httptest.NewRequest(method, wireURL+target, strings.NewReader(body))
	r.URL.RawQuery = query // as it is, also with spaces
	r.RequestURI = path
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

var formParts = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)">.*?name="form" value="([^"]*)"`)

// press opens an app's question as ada, and presses a button with all boxes ticked: where
// the browser is sent then.
func (w wired) press(button, question string) *url.URL {
	w.t.Helper()
	page := w.send("GET", question, "", "Cookie", w.cookie)
	_, card, _ := strings.Cut(page.Body.String(), `<div class="card">`)
	found := formParts.FindStringSubmatch(card)
	if page.Code != 200 || found == nil {
		w.t.Fatalf("%s: %d %s\n%s", question, page.Code, page.Header().Get("Location"), page.Body)
	}
	form := url.Values{"do": {button}, "form": {html.UnescapeString(found[2])}}
	for _, box := range regexp.MustCompile(`name="allow" value="([a-z_]+)"`).FindAllStringSubmatch(card, -1) {
		form.Add("allow", box[1])
	}
	answer := w.send("POST", html.UnescapeString(found[1]), form.Encode(), "Cookie", w.cookie, "Content-Type", "application/x-www-form-urlencoded", "Origin", wireURL)
	to, err := url.Parse(answer.Header().Get("Location"))
	if err != nil || answer.Code != 303 && answer.Code != 302 || to.Fragment != "" {
		w.t.Fatalf("%s: %d %q, %v\n%s", question, answer.Code, to, err, answer.Body)
	}
	return to
}

// question is what an app sends people to us with; more is as it stands in the query.
func (w wired) question(more string) string {
	return "/v1/oauth/authorize?client_id=" + w.app.ID.String() + more
}

// given is what an app gets for a token request with params.
type given struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Scope   string
}

func (w wired) exchange(path string, app identity.NewApp, params string) given {
	w.t.Helper()
	answer := w.send("POST", path, "client_id="+app.ID.String()+"&client_secret="+string(app.Secret)+"&"+params)
	var g given
	if err := json.Unmarshal(answer.Body.Bytes(), &g); err != nil || answer.Code != 200 || g.Access == "" {
		w.t.Fatalf("%s: %d %s", params, answer.Code, answer.Body)
	}
	return g
}

// With commas, escaped or plus signs for spaces, and spaces as they are, which
// browsers escape on the way: an HTTP server never sees those.
func TestWireAuthorizeScopes(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		const all = "make_payments access_profile access_email access_phone access_balance access_friends access_feed access_payment_history"
		for scope, want := range map[string]string{
			"make_payments,access_profile": "make_payments access_profile", "make_payments%20access_profile": "make_payments access_profile",
			"make_payments+access_profile": "make_payments access_profile", "make_payments access_profile": "make_payments access_profile",
			"make_payments%2Caccess_profile": "make_payments access_profile", "make_payments,%20access_profile, ": "make_payments access_profile",
			"access_emaiL,ACCESS_PHONE": "access_email access_phone", "": "access_profile", strings.ReplaceAll(all, " ", ","): all, strings.ReplaceAll(all, " ", "%20"): all,
		} {
			back := w.press("allow", w.question("&response_type=code&scope="+scope))
			if g := w.exchange("/v1/oauth/access_token", w.app, "code="+back.Query().Get("code")); g.Scope != want {
				t.Errorf("%s gives %q", scope, g.Scope)
			}
		}
	})
}

// A token comes in the query, where apps look, and is what comes if the app, which is
// registered for it, does not say.
func TestWireAuthorizeResponseTypes(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		old := w.register("venmo12://oauth")
		for _, tc := range []struct {
			app  identity.NewApp
			kind string
			want string
		}{
			{w.app, "&response_type=code", "code"}, {w.app, "", "code"}, {w.app, "&response_type=", "code"},
			{old, "&response_type=code", "code"}, {old, "&response_type=token", "access_token"}, {old, "", "access_token"},
		} {
			back := w.press("allow", "/v1/oauth/authorize?client_id="+tc.app.ID.String()+"&scope=access_profile"+tc.kind)
			token := back.Query().Get(tc.want)
			if tc.want == "code" {
				token = w.exchange("/v1/oauth/access_token", tc.app, "code="+token).Access
			}
			if got := w.send("GET", "/v1/me?access_token="+token, ""); token == "" || got.Code != 200 {
				t.Errorf("%s: %s: %d %s", tc.kind, back, got.Code, got.Body)
			}
		}
		for app, kind := range map[identity.NewApp]string{w.app: "token", old: "id_token"} {
			got := w.send("GET", "/v1/oauth/authorize?client_id="+app.ID.String()+"&state=s&response_type="+kind, "")
			if to := got.Header().Get("Location"); got.Code != 302 || !strings.HasPrefix(to, app.RedirectURIs()[0]+"?error=") || !strings.Contains(to, "&state=s") {
				t.Errorf("%s: %d %s", kind, got.Code, to)
			}
		}
	})
}

// Also by way of signing in.
func TestWireAuthorizeStateIsEchoed(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		for sent, want := range map[string]string{
			url.QueryEscape(wireState): wireState, "a%20b+c": "a b c", "a;b": "a;b", "100%": "100%", "e30=": "e30=",
			"%7B%22next%22%3A%22%2Fa%3Fb%22%7D": `{"next":"/a?b"}`, "aGk-_~.": "aGk-_~.", "%F0%9F%8D%95": "🍕", strings.Repeat("x", 2000): strings.Repeat("x", 2000),
		} {
			for _, button := range []string{"allow", "deny"} {
				question := w.question("&response_type=code&scope=access_profile&state=" + sent)
				first := w.send("GET", question, "")
				sign, err := url.Parse(first.Header().Get("Location"))
				if err != nil || first.Code != 303 || sign.Path != "/sign-in" || sign.Query().Get("next") != question {
					t.Errorf("%s: %d %s", sent, first.Code, sign)
				}
				if got := w.press(button, question).Query()["state"]; !slices.Equal(got, []string{want}) {
					t.Errorf("%s, %s: %q, want %q", sent, button, got, want)
				}
			}
		}
		if back := w.press("allow", w.question("")); back.Query().Has("state") {
			t.Errorf("a state that was not sent: %s", back)
		}
		form := url.Values{"name": {"adah"}, "password": {wirePassword}, "next": {w.question("&state=" + url.QueryEscape(wireState))}}
		in := w.send("POST", "/sign-in", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", wireURL)
		if to := in.Header().Get("Location"); in.Code != 303 || to != form.Get("next") {
			t.Errorf("after signing in: %d %s", in.Code, to)
		}
	})
}

func TestWireAuthorizeRedirectURIAndUnknownParameters(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		const own = "MyApp://done"
		w.app = w.register(wireCallback, own, "https://app.example/users/5?from=us")
		for more, want := range map[string]string{
			"": wireCallback + "?code=", "&redirect_uri=": wireCallback + "?code=", "&redirect_uri=" + url.QueryEscape(wireCallback): wireCallback + "?code=", "&redirect_uri=" + wireCallback: wireCallback + "?code=",
			"&redirect_uri=" + url.QueryEscape(own): "myapp://done?code=", "&redirect_uri=https%3A%2F%2Fapp.example%2Fusers%2F5%3Ffrom%3Dus": "https://app.example/users/5?from=us&code=",
			"&sdk=ios": wireCallback + "?code=", "&sdk=ios&ref=home&scope=access_profile&approval_prompt=auto&nonce=1": wireCallback + "?code=",
		} {
			// url.Parse, which reads it here, writes schemes small.
			if back := w.press("allow", w.question("&response_type=code"+more)); !strings.HasPrefix(back.String(), want) {
				t.Errorf("%s: %s", more, back)
			}
		}
		if got := w.send("GET", w.question("&redirect_uri=https%3A%2F%2Fevil.example"), "", "Cookie", w.cookie); got.Code < 400 || got.Header().Get("Location") != "" {
			t.Errorf("sent elsewhere: %d %s", got.Code, got.Header())
		}
	})
}

func TestWireAuthorizeDenial(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		q := w.press("deny", w.question("&response_type=code&state=s")).Query()
		if q.Get("error") != "access_denied" || q.Get("message") == "" || q.Get("state") != "s" || q.Has("code") {
			t.Error(q)
		}
	})
}

// A library of today, and what a Ruby one of those years sends for its redirect_uri.
func TestWireAuthorizePKCEAndTheCallbackURL(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		server := httptest.NewServer(w.handler)
		defer server.Close()
		library := oauth2.Config{
			ClientID: w.app.ID.String(), ClientSecret: string(w.app.Secret), RedirectURL: wireCallback, Scopes: []string{"access_profile"},
			Endpoint: oauth2.Endpoint{AuthURL: server.URL + "/v1/oauth/authorize", TokenURL: server.URL + "/v1/oauth/access_token"},
		}
		verifier := oauth2.GenerateVerifier()
		u, err := url.Parse(library.AuthCodeURL(wireState, oauth2.S256ChallengeOption(verifier)))
		if err != nil {
			t.Fatal(err)
		}
		back := w.press("allow", u.RequestURI())
		if back.Query().Get("state") != wireState {
			t.Error(back)
		}
		for _, wrong := range []oauth2.AuthCodeOption{oauth2.VerifierOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("x", "y")} {
			if _, err := library.Exchange(t.Context(), back.Query().Get("code"), wrong); err == nil {
				t.Error("exchanged without the right verifier")
			}
		}
		token, err := library.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier))
		if err != nil || !token.Valid() || token.RefreshToken == "" {
			t.Errorf("%+v, %v", token, err)
		}
		back = w.press("allow", w.question("&response_type=code&redirect_uri="+url.QueryEscape(wireCallback)+"&state="+url.QueryEscape(wireState)))
		w.exchange("/v1/oauth/access_token", w.app, "grant_type=authorization_code&code="+back.Query().Get("code")+"&redirect_uri="+url.QueryEscape(back.String()))
	})
}

func TestWireTokenWithoutV1(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		for _, path := range []string{"/oauth/access_token", "/access_token", "/v1/access_token"} {
			back := w.press("allow", strings.TrimPrefix(w.question("&response_type=code&scope=access_profile"), "/v1"))
			g := w.exchange(path, w.app, "code="+back.Query().Get("code"))
			again := w.exchange(path, w.app, "refresh_token="+g.Refresh)
			if got := w.send("GET", "/me?access_token="+again.Access, ""); got.Code != 200 {
				t.Errorf("%s: %d %s", path, got.Code, got.Body)
			}
		}
	})
}

func TestWirePathsWithoutV1(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		token := "access_token=" + w.session("/oauth/access_token", "adah")
		for _, path := range []string{
			"/me", "/account", "/payment-methods", "/users?query=adah", "/users/adah", "/users/adah/friends", "/users/" + w.ada.User.ID.String() + "/picture.svg",
			"/stories/target-or-actor/adah", "/stories/target-or-actor/adah/target-or-actor/testuser",
		} {
			add := "?"
			if strings.Contains(path, "?") {
				add = "&"
			}
			short, long := w.send("GET", path+add+token, ""), w.send("GET", "/v1"+path+add+token, "")
			if short.Code != 200 || long.Code != 200 || short.Body.String() != long.Body.String() {
				t.Errorf("%s: %d %s\nwith /v1 %d %s", path, short.Code, short.Body, long.Code, long.Body)
			}
		}
	})
}

// session signs a person in as an app of later years does.
func (w wired) session(path, name string) string {
	w.t.Helper()
	answer := w.send("POST", path, `{"phone_email_or_username":"`+name+`","client_id":"1","password":"`+wirePassword+`"}`,
		"Content-Type", "application/json", "device-id", "88884260-05O3-8U81-58I1-2WA76F357GR9")
	var g given
	if err := json.Unmarshal(answer.Body.Bytes(), &g); err != nil || answer.Code != 201 || g.Access == "" {
		w.t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	return g.Access
}

// The calls of a Python client, in its order, with and without /v1.
func TestWireAppSession(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		if err := w.identity.VouchContact(t.Context(), w.book.ID, "op", w.ada.User.ID, purse.Address{Kind: purse.Email, Text: "adah@example.org"}); err != nil {
			t.Fatal(err)
		}
		for base, name := range map[string]string{"/v1": "adah@example.org", "": "Adah"} {
			token := w.session(base+"/oauth/access_token", name)
			call := func(method, path, body, want string) string {
				t.Helper()
				if !strings.HasPrefix(path, "/payments") { // those are another API's without /v1
					path = base + path
				} else {
					path = "/v1" + path
				}
				got := w.send(method, path, body, "Authorization", "Bearer "+token, "Content-Type", "application/json", "User-Agent", "Venmo/7.44.0", "device-id", "88884260-05O3-8U81-58I1-2WA76F357GR9")
				if got.Code != 200 || !strings.Contains(got.Body.String(), want) {
					t.Errorf("%s %s: %d %s", method, path, got.Code, got.Body)
				}
				return got.Body.String()
			}
			me := w.ada.User.ID.String()
			call("POST", "/users/devices", `{"device_id":"88884260-05O3-8U81-58I1-2WA76F357GR9"}`, `{"data":`)
			call("GET", "/account", "", `"username":"adah"`)
			call("GET", "/users?query=testuser&limit=50&offset=0", "", `"id":"145434160922624933"`)
			call("GET", "/users?query=testuser&limit=50&offset=0&type=username", "", `"id":"145434160922624933"`)
			call("GET", "/users/145434160922624933", "", `"data":{`)
			call("GET", "/users/"+me+"/friends?limit=3337&offset=0", "", `"data":[`)
			call("GET", "/payment-methods", "", `"peer_payment_role":"default"`)
			call("POST", "/payments", `{"user_id":"145434160922624933","audience":"private","amount":1.0,"note":"a","funding_source_id":"`+me+`"}`, `"status":"settled"`)
			asked := call("POST", "/payments", `{"user_id":"145434160922624933","audience":"private","amount":-1.0,"note":"a"}`, `"status":"pending"`)
			var made struct {
				Data struct{ Payment struct{ ID string } }
			}
			decode(t, asked, &made)
			call("GET", "/stories/target-or-actor/"+me+"?limit=50", "", `"type":"payment"`)
			call("GET", "/stories/target-or-actor/"+me+"/target-or-actor/145434160922624933?limit=50", "", `"type":"payment"`)
			call("GET", "/payments?action=charge&actor="+me+"&limit=100000", "", made.Data.Payment.ID)
			call("GET", "/payments?action=pay&actor="+me+"&limit=100000", "", `"status":"settled"`)
			call("PUT", "/payments/"+made.Data.Payment.ID, `{"action":"remind"}`, `"status":"pending"`)
			call("PUT", "/payments/"+made.Data.Payment.ID, `{"action":"cancel"}`, `"status":"cancelled"`)
			if out := w.send("DELETE", base+"/oauth/access_token", "", "Authorization", "Bearer "+token); out.Code != 204 || out.Body.Len() > 0 {
				t.Errorf("%d %s", out.Code, out.Body)
			}
			if over := w.send("GET", base+"/account", "", "Authorization", "Bearer "+token); over.Code != 401 || !strings.Contains(over.Body.String(), `"code":262`) {
				t.Errorf("%d %s", over.Code, over.Body)
			}
		}
	})
}

func TestWireAppSignInWithASecondFactor(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		if err := w.identity.VouchContact(t.Context(), w.book.ID, "op", w.ada.User.ID, purse.Address{Kind: purse.Phone, Text: "15555550188"}); err != nil {
			t.Fatal(err)
		}
		for _, base := range []string{"/v1", ""} {
			device := []string{"Content-Type", "application/json", "device-id", "device-" + base}
			first := w.send("POST", base+"/oauth/access_token", `{"phone_email_or_username":"adah","client_id":"1","password":"`+wirePassword+`"}`, device...)
			secret := first.Header().Get("venmo-otp-secret")
			if first.Code != 401 || secret == "" || !strings.Contains(first.Body.String(), `"code":81109`) {
				t.Fatalf("%d %s", first.Code, first.Body)
			}
			device = append(device, "venmo-otp-secret", secret)
			if sent := w.send("POST", base+"/account/two-factor/token", `{"via":"sms"}`, device...); sent.Code != 200 || sent.Body.String() != `{"data":{"status":"sent"}}` {
				t.Errorf("%d %s", sent.Code, sent.Body)
			}
			code := regexp.MustCompile(`\d{6}`).FindString(w.mailbox.Delivered()[0].Text)
			in := w.send("POST", base+"/oauth/access_token?client_id=1", "", append(device, "venmo-otp", code)...)
			var g given
			if err := json.Unmarshal(in.Body.Bytes(), &g); err != nil || in.Code != 201 || g.Access == "" {
				t.Fatalf("%d %s", in.Code, in.Body)
			}
			device = append(device, "Authorization", "Bearer "+g.Access)
			if trusted := w.send("POST", base+"/users/devices", `{}`, device...); trusted.Code != 200 {
				t.Errorf("%d %s", trusted.Code, trusted.Body)
			}
			again := w.send("POST", base+"/oauth/access_token", `{"phone_email_or_username":"adah","client_id":"1","password":"`+wirePassword+`"}`, device[:4]...)
			if again.Code != 201 {
				t.Errorf("a device that is trusted: %d %s", again.Code, again.Body)
			}
		}
	})
}

// One client names the host that it was written for, wherever it is sent.
func TestWireAnyHostName(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		server := httptest.NewServer(w.handler)
		defer server.Close()
		for _, host := range []string{"api.venmo.com", "localhost:1", "[::1]"} {
			body := `{"phone_email_or_username":"adah","client_id":"1","password":"` + wirePassword + `"}`
			r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, server.URL+"/v1/oauth/access_token", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || answer.StatusCode != 201 {
				t.Errorf("%s: %s %s, %v", host, answer.Status, text, err)
			}
		}
	})
}
