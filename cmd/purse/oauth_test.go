package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// The codes that this test meets.
const (
	codeRevoked  = 262
	codeUsed     = 257
	codeRefresh  = 275
	codeScope    = 260
	codeLimit    = 1357
	codeNobody   = 1343
	codeSecond   = 81109
	codeNotFound = 283
)

// callbackURI is where people come back to; nobody listens there.
const callbackURI = "http://127.0.0.1:9/callback"

// client is an app that somebody has registered.
type client struct{ id, secret string }

// registerApp registers an app by the page; ticked are boxes of the form.
func (v *visitor) registerApp(name string, ticked ...string) client {
	v.t.Helper()
	v.open("/settings/developer")
	v.press("/settings/developer", "new", append(ticked, "name="+name, "redirects="+callbackURI+"\nmyapp:/back")...)
	shown := v.sees(http.StatusOK, "/settings/developer").shownOnce()
	c := client{id: shown[0][0]}
	if len(shown) > 1 {
		c.secret = shown[1][0]
	}
	v.open("/settings/developer").sees(http.StatusOK, "/settings/developer", name, c.id, callbackURI)
	if c.secret != "" {
		v.missing(c.secret)
	}
	return c
}

// config is how the oauth2 package is told of an app.
func (c client) config(base string, scopes ...string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: c.id, ClientSecret: c.secret, RedirectURL: callbackURI, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: base + "/v1/oauth/authorize", TokenURL: base + "/v1/oauth/access_token", AuthStyle: oauth2.AuthStyleAutoDetect},
	}
}

// allow lets an app in by the page, and gives what the app is called with.
func (v *visitor) allow(question string, boxes ...string) url.Values {
	v.t.Helper()
	v.open(question)
	return v.press(v.at.Path, "allow", boxes...).called()
}

// called is what the app is called with, at its own redirect URI.
func (v *visitor) called() url.Values {
	v.t.Helper()
	if v.left == nil || !strings.HasPrefix(v.left.String(), callbackURI+"?") {
		v.t.Fatalf("not sent to the app but to %s, left %v: %d %s", v.at, v.left, v.status, v.main())
	}
	q := v.left.Query()
	if q.Get("iss") != v.base {
		v.t.Errorf("the issuer is %q", q.Get("iss"))
	}
	return q
}

// question is where an app sends people to.
func (c client) question(base, scope string, more ...string) string {
	q := url.Values{"client_id": {c.id}, "scope": {scope}, "response_type": {"code"}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return base + "/v1/oauth/authorize?" + q.Encode()
}

// me wants a token to be somebody's.
func me(t *testing.T, base, token, username string) {
	t.Helper()
	a := ask(t, http.MethodGet, base+"/v1/me", token, "").is(http.StatusOK)
	if got := a.get("data", "user", "username"); got != username {
		t.Errorf("the token is %s's, not %s's", got, username)
	}
}

// dead wants a token to be revoked.
func dead(t *testing.T, base, token string) {
	t.Helper()
	ask(t, http.MethodGet, base+"/v1/me", token, "").fails(http.StatusUnauthorized, codeRevoked)
}

// A person signs up, makes an app, and lets apps in: all by the pages, and the
// apps by a client library.
func TestSignUpToToken(t *testing.T) {
	inTown(t, func(t *testing.T, database, base string) {
		ben := newPerson(t, database, "ben", "500.00")
		// Somebody pays to the address before there is an account.
		sent := ask(t, http.MethodPost, base+"/v1/payments", ben.token, "email=dora@example.org&amount=200&note=Welcome").is(http.StatusOK)
		if got := sent.get("data", "payment", "status"); got != "pending" {
			t.Errorf("a payment to nobody's address is %s", got)
		}
		dora := signUp(t, base, "dora")
		own := dora.developerToken()
		until(t, "what waited is dora's", func() bool { return balanceOf(t, base, own) == "200.00" })
		confidential(t, base, dora, ben)
		public(t, base, dora)
		implicit(t, base, dora)
	})
}

// confidential is the way of an app that keeps a secret, and its end.
func confidential(t *testing.T, base string, dora *visitor, ben person) {
	c := dora.registerApp("Ledger book").config(base, "make_payments", "access_profile", "access_balance", "access_email")
	// Who is not signed in is asked to, and comes back to the question.
	fresh := newVisitor(t, base).open(c.AuthCodeURL("st&te=1")).sees(http.StatusOK, "/sign-in")
	fresh.press("/sign-in", "", "name=dora@example.org", "password="+passwordOf("dora"))
	fresh.sees(http.StatusOK, "/v1/oauth/authorize", "Let Ledger book in?", "@dora", "See your balance", "127.0.0.1:9", "at most 100.00")
	back := fresh.press("/v1/oauth/authorize", "allow", "-allow=access_email").called()
	if back.Get("state") != "st&te=1" {
		t.Errorf("the state came back as %q", back.Get("state"))
	}
	first, err := c.Exchange(t.Context(), back.Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	if scope := first.Extra("scope"); scope != "make_payments access_profile access_balance" || first.TokenType != "bearer" {
		t.Errorf("the token is of type %s for %q", first.TokenType, scope)
	}
	a := ask(t, http.MethodGet, base+"/v1/me", first.AccessToken, "").is(http.StatusOK)
	if a.get("data", "user", "email") != "" || a.get("data", "balance") != "200.00" {
		t.Errorf("the token shows %s", a.body)
	}
	paid := ask(t, http.MethodPost, base+"/v1/payments", first.AccessToken, "user_id="+ben.id+"&amount=1.50&note=Rolls").is(http.StatusOK)
	if paid.get("data", "balance") != "198.5" && paid.get("data", "balance") != "198.50" {
		t.Errorf("after the payment: %s", paid.body)
	}
	ask(t, http.MethodGet, base+"/v1/users/"+ben.id+"/friends", first.AccessToken, "").fails(http.StatusForbidden, codeScope)

	// The library refreshes what has run out.
	old := *first
	old.Expiry = time.Now().Add(-time.Minute)
	second, err := c.TokenSource(t.Context(), &old).Token()
	if err != nil {
		t.Fatal(err)
	}
	if second.AccessToken == first.AccessToken || second.RefreshToken == first.RefreshToken || second.Extra("scope") != first.Extra("scope") {
		t.Errorf("refreshing gave %+v for %+v", second, first)
	}
	dead(t, base, first.AccessToken)
	me(t, base, second.AccessToken, "dora")
	dora.open("/settings/apps").sees(http.StatusOK, "/settings/apps", "Ledger book", "See your balance", "Paid out today: 1.50 USD")
	// A refresh token that comes again ends everything.
	_, err = c.TokenSource(t.Context(), &old).Token()
	refused(t, err, "invalid_grant")
	dead(t, base, second.AccessToken)
	_, err = c.TokenSource(t.Context(), &oauth2.Token{RefreshToken: second.RefreshToken}).Token()
	refused(t, err, "invalid_grant")
	dora.open("/settings/apps").missing("Ledger book")

	// A person may say no, and nothing but no.
	q := dora.open(c.AuthCodeURL("s")).press("/v1/oauth/authorize", "deny").called()
	if q.Get("error") != "access_denied" || q.Get("state") != "s" || q.Has("code") || q.Get("message") != "User denied your application access" {
		t.Errorf("a no says %v", q)
	}
	dora.open(c.AuthCodeURL("s")).press("/v1/oauth/authorize", "allow",
		"-allow=make_payments", "-allow=access_profile", "-allow=access_balance", "-allow=access_email")
	dora.sees(http.StatusUnprocessableEntity, "/v1/oauth/authorize", "Let it do at least one thing")
	// What is wrong with the redirect URI leads nowhere.
	wrong := *c
	wrong.RedirectURL = callbackURI + "/more"
	dora.send(http.MethodGet, wrong.AuthCodeURL("s"), nil)
	dora.sees(http.StatusUnprocessableEntity, "/v1/oauth/authorize", "not registered with this redirect_uri")

	third, err := c.Exchange(t.Context(), dora.allow(c.AuthCodeURL("s")).Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	me(t, base, third.AccessToken, "dora")
	id := c.ClientID
	dora.open("/settings/apps").press("/settings/apps", "revoke", "app="+id).sees(http.StatusOK, "/settings/apps", "It is not let in any more.")
	dora.missing("Ledger book")
	dead(t, base, third.AccessToken)
	_, err = c.TokenSource(t.Context(), &oauth2.Token{RefreshToken: third.RefreshToken}).Token()
	refused(t, err, "invalid_grant")
}

// refused wants a word of RFC 6749.
func refused(t *testing.T, err error, word string) {
	t.Helper()
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || e.ErrorCode != word {
		t.Errorf("%v, want %s", err, word)
	}
}

// public is the way of an app on somebody's phone.
func public(t *testing.T, base string, dora *visitor) {
	app := dora.registerApp("On a phone", "public=1")
	if app.secret != "" {
		t.Error("a public client has got a secret")
	}
	c := app.config(base, "access_profile")
	verifier := oauth2.GenerateVerifier()
	code := dora.allow(c.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))).Get("code")
	_, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
	refused(t, err, "invalid_grant")
	token, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	me(t, base, token.AccessToken, "dora")
	token.Expiry = time.Now().Add(-time.Minute)
	if token, err = c.TokenSource(t.Context(), token).Token(); err != nil {
		t.Fatal(err)
	}
	me(t, base, token.AccessToken, "dora")
	// Without PKCE it is told so.
	if q := dora.open(c.AuthCodeURL("s")).called(); q.Get("error") != "invalid_request" || q.Get("state") != "s" {
		t.Errorf("a public client without PKCE is told %v", q)
	}
	// A code that comes again takes back what it gave.
	code = dora.allow(c.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))).Get("code")
	if token, err = c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err != nil {
		t.Fatal(err)
	}
	_, err = c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	refused(t, err, "invalid_grant")
	dead(t, base, token.AccessToken)
	// People come back to a program on their device by a scheme of its own.
	dora.open(app.question(base, "access_profile", "redirect_uri", "myapp:/back", "code_challenge", oauth2.S256ChallengeFromVerifier(verifier), "code_challenge_method", "S256"))
	dora.sees(http.StatusOK, "/v1/oauth/authorize", "an app on this device (myapp:)").press("/v1/oauth/authorize", "allow")
	if dora.left == nil || !strings.HasPrefix(dora.left.String(), "myapp:/back?code=") {
		t.Errorf("sent to %v: %s", dora.left, dora.main())
	}
	// An app that signs out ends its whole authorization.
	code = dora.allow(c.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))).Get("code")
	if token, err = c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err != nil {
		t.Fatal(err)
	}
	ask(t, http.MethodPost, base+"/v1/oauth/revoke", "", "client_id="+app.id+"&token="+token.RefreshToken).is(http.StatusOK)
	dead(t, base, token.AccessToken)
}

// implicit is the way of a program that gets its token at once.
func implicit(t *testing.T, base string, dora *visitor) {
	app := dora.registerApp("Old page", "implicit=1")
	q := dora.allow(app.question(base, "ACCESS_PROFILE,access_balance", "response_type", "token", "state", "x"))
	if q.Get("expires_in") != "1800" || q.Get("token_type") != "bearer" || q.Get("scope") != "access_profile access_balance" || q.Get("state") != "x" {
		t.Errorf("the app is called with %v", q)
	}
	me(t, base, q.Get("access_token"), "dora")
	ask(t, http.MethodDelete, base+"/v1/oauth/access_token", q.Get("access_token"), "").is(http.StatusNoContent)
	dead(t, base, q.Get("access_token"))
	// Closing an app ends what it has.
	q = dora.allow(app.question(base, "access_profile", "response_type", "token"))
	dora.open("/settings/developer").press("/settings/developer", "close", "app="+app.id).sees(http.StatusOK, "/settings/developer", "The app is closed.")
	dead(t, base, q.Get("access_token"))
}

// ways are how clients of all years ask for a token, each with the parameters.
var ways = map[string]func(t *testing.T, where string, c client, with url.Values) *http.Request{
	"query": func(t *testing.T, where string, c client, with url.Values) *http.Request {
		return request(t, where+"?"+c.known(with).Encode(), "", nil)
	},
	"form": func(t *testing.T, where string, c client, with url.Values) *http.Request {
		return request(t, where, "application/x-www-form-urlencoded", []byte(c.known(with).Encode()))
	},
	"JSON": func(t *testing.T, where string, c client, with url.Values) *http.Request {
		members := map[string]string{}
		for name, values := range c.known(with) {
			members[name] = values[0]
		}
		b, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		return request(t, where, "application/json", b)
	},
	"multipart": func(t *testing.T, where string, c client, with url.Values) *http.Request {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for name, values := range c.known(with) {
			if err := w.WriteField(name, values[0]); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		return request(t, where, w.FormDataContentType(), b.Bytes())
	},
	"Basic": func(t *testing.T, where string, c client, with url.Values) *http.Request {
		r := request(t, where, "application/x-www-form-urlencoded", []byte(with.Encode()))
		r.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret))
		return r
	},
}

func (c client) known(with url.Values) url.Values {
	all := url.Values{"client_id": {c.id}, "client_secret": {c.secret}}
	for name, values := range with {
		all[name] = values
	}
	return all
}

func request(t *testing.T, where, kind string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, where, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}

// Clients that were written long ago get and renew their tokens, and everybody
// decides how much apps may pay out.
func TestOldClientsAndCaps(t *testing.T) {
	inTown(t, func(t *testing.T, database, base string) {
		ben := newPerson(t, database, "ben", "")
		elsa := signUp(t, base, "elsa")
		run(t, "treasury", "issue", "elsa", "300.00", "--database", database)
		c := elsa.registerApp("Old & <trusty>")
		access := ""
		for name, way := range ways {
			token := func(path string, with url.Values) answer { return do(t, way(t, base+path, c, with)) }
			code := elsa.allow(c.question(base, "make_payments access_balance access_profile")).Get("code")
			a := token("/v1/oauth/access_token", url.Values{"code": {code}}).is(http.StatusOK)
			if a.get("user", "username") != "elsa" || a.get("expires_in") != "5184000" || a.get("balance") != "300.00" {
				t.Errorf("%s: %s", name, a.body)
			}
			me(t, base, a.get("access_token"), "elsa")
			// Where an SDK of those years refreshes.
			b := token("/access_token", url.Values{"refresh_token": {a.get("refresh_token")}}).is(http.StatusOK)
			dead(t, base, a.get("access_token"))
			me(t, base, b.get("access_token"), "elsa")
			again := token("/v1/oauth/access_token", url.Values{"refresh_token": {a.get("refresh_token")}})
			if name == "Basic" {
				again.is(http.StatusBadRequest, `"error":"invalid_grant"`)
			} else {
				again.fails(http.StatusBadRequest, codeRefresh)
			}
			dead(t, base, b.get("access_token"))

			code = elsa.allow(c.question(base, "make_payments access_balance access_profile")).Get("code")
			a = token("/oauth/access_token", url.Values{"code": {code}, "redirect_uri": {callbackURI}}).is(http.StatusOK)
			again = token("/oauth/access_token", url.Values{"code": {code}, "redirect_uri": {callbackURI}})
			if name == "Basic" {
				again.is(http.StatusBadRequest, `"error":"invalid_grant"`)
			} else {
				again.fails(http.StatusBadRequest, codeUsed)
			}
			dead(t, base, a.get("access_token"))

			// The callback's whole URL is taken for the code's redirect URI.
			elsa.allow(c.question(base, "make_payments access_balance access_profile", "state", name))
			a = token("/v1/oauth/access_token", url.Values{"code": {elsa.left.Query().Get("code")}, "redirect_uri": {elsa.left.String()}}).is(http.StatusOK)
			access = a.get("access_token")
			if wrong := do(t, way(t, base+"/v1/oauth/access_token", client{c.id, "purse_cs_wrong"}, url.Values{"refresh_token": {a.get("refresh_token")}})); name == "Basic" {
				wrong.is(http.StatusUnauthorized, `"error":"invalid_client"`)
			} else {
				wrong.is(http.StatusBadRequest, `"code":247`)
			}
		}
		spend(t, base, elsa, c, access, ben)
	})
}

// spend has an app pay until it may pay no more.
func spend(t *testing.T, base string, elsa *visitor, c client, access string, ben person) {
	pays := func(amount string) answer {
		return ask(t, http.MethodPost, base+"/v1/payments", access, `{"user_id":"`+ben.id+`","amount":`+amount+`,"note":"n"}`)
	}
	pays("60").is(http.StatusOK)
	pays("50").fails(http.StatusBadRequest, codeLimit)
	elsa.open("/settings/apps").sees(http.StatusOK, "/settings/apps", "Old & <trusty>", "Paid out today: 60.00 USD")
	elsa.press("/settings/apps", "cap", "app="+c.id, "cap=1e3").sees(http.StatusUnprocessableEntity, "/settings/apps", "This is not an amount.")
	elsa.press("/settings/apps", "cap", "app="+c.id, "cap=109.99").sees(http.StatusOK, "/settings/apps", "The most that it may pay out a day is set.")
	pays("50").fails(http.StatusBadRequest, codeLimit)
	elsa.press("/settings/apps", "cap", "app="+c.id, "cap=110.00").sees(http.StatusOK, "/settings/apps")
	pays("50").is(http.StatusOK)
	pays("0.01").fails(http.StatusBadRequest, codeLimit)
	elsa.open("/settings/apps").sees(http.StatusOK, "/settings/apps", "Paid out today: 110.00 USD")
	// The cap is the app's and the person's: letting it in again gives it no more.
	again := do(t, ways["form"](t, base+"/v1/oauth/access_token", c, url.Values{
		"code": {elsa.allow(c.question(base, "make_payments")).Get("code")},
	})).is(http.StatusOK)
	access = again.get("access_token")
	pays("0.01").fails(http.StatusBadRequest, codeLimit)
}
