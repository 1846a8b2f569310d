package identity

import (
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
)

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // and its challenge, of RFC 7636
const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

// exchanges tries an exchange.
func (n *network) exchanges(t *testing.T, x TokenExchange) purse.Code {
	t.Helper()
	_, err := n.Exchange(t.Context(), x)
	return code(err)
}

// A refusal does not use up the code.
func TestExchangeRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev, ann := n.visitor(t, "dev"), n.visitor(t, "ann")
		app, other, open := n.register(t, dev), n.register(t, dev), n.register(t, dev, public)
		plain := n.code(t, ann, app, "make_payments")
		guarded := purse.Secret(n.allow(t, ann, AuthorizeRequest{ClientID: app.ID.String(), Challenge: challenge, Method: "S256", RedirectURI: callback}).Get("code"))
		publics := purse.Secret(n.allow(t, ann, AuthorizeRequest{ClientID: open.ID.String(), Challenge: challenge, Method: "S256"}).Get("code"))
		g := n.tokens(t, ann, app, "make_payments")
		auth := app.auth()
		with := func(c ClientAuth, code purse.Secret, redirect, verifier string) TokenExchange {
			return TokenExchange{Client: c, Code: code, RedirectURI: redirect, Verifier: verifier}
		}
		tickets, grants, tokens := n.count(t, "tickets where used > 0"), n.count(t, "grants"), n.count(t, "tokens")
		for _, tc := range []struct {
			name string
			x    TokenExchange
			want purse.Code
		}{
			{"no client", with(ClientAuth{}, plain, "", ""), purse.CodeMissing},
			{"unknown client", with(ClientAuth{"12345", auth.Secret}, plain, "", ""), purse.CodeClient},
			{"words for a client", with(ClientAuth{"app", auth.Secret}, plain, "", ""), purse.CodeClient},
			{"no secret", with(ClientAuth{ID: auth.ID}, plain, "", ""), purse.CodeClientSecret},
			{"another's secret", with(ClientAuth{auth.ID, other.Secret}, plain, "", ""), purse.CodeClientSecret},
			{"the secret's hash", with(ClientAuth{auth.ID, purse.Secret(app.App.Secret)}, plain, "", ""), purse.CodeClientSecret},
			{"a secret of a public client", with(ClientAuth{open.ID.String(), auth.Secret}, publics, "", verifier), purse.CodeClientSecret},
			{"no code", with(auth, "", "", ""), purse.CodeGrant},
			{"garbage", with(auth, "garbage", "", ""), purse.CodeGrant},
			{"a code that never was", with(auth, newSecret(codePrefix), "", ""), purse.CodeGrant},
			{"a refresh token", with(auth, g.Refresh, "", ""), purse.CodeGrant},
			{"an access token", with(auth, g.Access, "", ""), purse.CodeGrant},
			{"another app", with(other.auth(), plain, "", ""), purse.CodeGrantClient},
			{"a public app", with(open.auth(), plain, "", ""), purse.CodeGrantClient},
			{"another redirect URI", with(auth, plain, callback+"/", ""), purse.CodeGrant},
			{"more parameters", with(auth, plain, callback+"?code=a&x=1", ""), purse.CodeGrant},
			{"a verifier without a challenge", with(auth, plain, "", verifier), purse.CodeGrant},
			{"no verifier", with(auth, guarded, callback, ""), purse.CodeGrant},
			{"another verifier", with(auth, guarded, callback, strings.Repeat("a", 43)), purse.CodeGrant},
			{"the challenge", with(auth, guarded, callback, challenge), purse.CodeGrant},
			{"a longer verifier", with(auth, guarded, callback, verifier+"a"), purse.CodeGrant},
			{"no verifier of a public client", with(open.auth(), publics, "", ""), purse.CodeGrant},
		} {
			if got := n.exchanges(t, tc.x); got != tc.want {
				t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
			}
		}
		if a, b, c := n.count(t, "tickets where used > 0"), n.count(t, "grants"), n.count(t, "tokens"); a != tickets || b != grants || c != tokens {
			t.Errorf("refusals have left something: %d tickets, %d grants, %d tokens", a, b, c)
		}
		n.works(t, g.Access, "ok")
		for name, x := range map[string]TokenExchange{
			"plain": with(auth, plain, callback+"?code="+string(plain)+"&state=x", ""), "guarded": with(auth, guarded, callback, verifier), "public": with(open.auth(), publics, "", verifier),
		} {
			if got := n.exchanges(t, x); got != "ok" {
				t.Errorf("%s: %s", name, got)
			}
		}
	})
}

func TestVerifierLengths(t *testing.T) {
	for _, v := range []string{strings.Repeat("a", 42), strings.Repeat("a", 129), strings.Repeat("a", 42) + "+", strings.Repeat("a", 42) + "é", ""} {
		if verifies(v, hashText(v)) {
			t.Errorf("%q verifies", v)
		}
	}
	for _, v := range []string{verifier, strings.Repeat("a", 43), strings.Repeat("~", 128), strings.Repeat("._-~", 11)} {
		if !verifies(v, hashText(v)) {
			t.Errorf("%q does not verify", v)
		}
	}
	if !verifies(verifier, challenge) {
		t.Error("the example of RFC 7636 does not verify")
	}
}

func TestCodeExpires(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev := n.visitor(t, "dev")
		app := n.register(t, dev)
		early, late := n.code(t, dev, app, ""), n.code(t, dev, app, "")
		n.passDirectory(t, codeLife-10*time.Second)
		if got := n.exchanges(t, TokenExchange{Client: app.auth(), Code: early}); got != "ok" {
			t.Error(got)
		}
		n.passDirectory(t, 11*time.Second)
		if got := n.exchanges(t, TokenExchange{Client: app.auth(), Code: late}); got != purse.CodeGrantExpired {
			t.Error(got)
		}
		if got := n.exchanges(t, TokenExchange{Client: app.auth(), Code: early}); got != purse.CodeGrantUsed {
			t.Errorf("used, and too old: %s", got)
		}
	})
}

// A code that comes a second time ends all that it gave, and nothing else.
func TestCodeReuseEndsItsFamily(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev, ann := n.visitor(t, "dev"), n.visitor(t, "ann")
		app, other := n.register(t, dev), n.register(t, dev)
		beside := n.tokens(t, ann, app, "make_payments")
		x := TokenExchange{Client: app.auth(), Code: n.code(t, ann, app, "make_payments")}
		g, err := n.Exchange(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		x.Client = other.auth()
		if got := n.exchanges(t, x); got != purse.CodeGrantClient {
			t.Errorf("another app: %s", got)
		}
		x.Client = ClientAuth{ID: app.ID.String()}
		if got := n.exchanges(t, x); got != purse.CodeClientSecret {
			t.Errorf("without the secret: %s", got)
		}
		n.works(t, g.Access, "ok")
		g2, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: g.Refresh})
		if err != nil {
			t.Fatal(err)
		}
		x.Client = app.auth()
		for range 2 {
			if got := n.exchanges(t, x); got != purse.CodeGrantUsed {
				t.Errorf("a second time: %s", got)
			}
		}
		n.works(t, g.Access, purse.CodeTokenRevoked)
		n.works(t, g2.Access, purse.CodeTokenRevoked)
		if _, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: g2.Refresh}); code(err) != purse.CodeRefresh {
			t.Errorf("refresh: %v", err)
		}
		n.works(t, beside.Access, "ok")
	})
}

// Of many exchanges of one code at once one gets a token. The others show that the
// code has got about, so that it does not work for long.
func TestExchangeAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev := n.visitor(t, "dev")
		app := n.register(t, dev)
		x := TokenExchange{Client: app.auth(), Code: n.code(t, dev, app, "make_payments")}
		const crowd = 8
		given, errs := make([]Given, crowd), make([]error, crowd)
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() { given[i], errs[i] = n.Exchange(t.Context(), x) })
		}
		all.Wait()
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				n.works(t, given[i].Access, purse.CodeTokenRevoked)
			} else if code(err) != purse.CodeGrantUsed || given[i].Access != "" {
				t.Errorf("%v", err)
			}
		}
		if tokens, live := n.count(t, "tokens"), n.count(t, "grants where revoked = 0"); won != 1 || tokens != 1 || live != 0 {
			t.Errorf("%d got a token, there are %d, and %d grants", won, tokens, live)
		}
	})
}

func TestRefreshRotates(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev, ann := n.visitor(t, "dev"), n.visitor(t, "ann")
		app, other := n.register(t, dev), n.register(t, dev)
		g := n.tokens(t, ann, app, "make_payments access_balance")
		refresh := func(c ClientAuth, secret purse.Secret, scope string) (Given, purse.Code) {
			g, err := n.Refresh(t.Context(), TokenRefresh{Client: c, Refresh: secret, Scope: scope})
			return g, code(err)
		}
		for _, tc := range []struct {
			name   string
			c      ClientAuth
			secret purse.Secret
			scope  string
			want   purse.Code
		}{
			{"none", app.auth(), "", "", purse.CodeRefresh},
			{"never was", app.auth(), newSecret(refreshPrefix), "", purse.CodeRefresh},
			{"access token", app.auth(), g.Access, "", purse.CodeRefresh},
			{"another app", other.auth(), g.Refresh, "", purse.CodeRefresh},
			{"no secret", ClientAuth{ID: app.ID.String()}, g.Refresh, "", purse.CodeClientSecret},
			{"more scopes", app.auth(), g.Refresh, "make_payments access_email", purse.CodeBadScope},
			{"no such scope", app.auth(), g.Refresh, "admin", purse.CodeBadScope},
		} {
			if _, got := refresh(tc.c, tc.secret, tc.scope); got != tc.want {
				t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
			}
		}
		n.works(t, g.Access, "ok")
		g2, got := refresh(app.auth(), g.Refresh, "MAKE_PAYMENTS")
		if got != "ok" || g2.Scopes != "make_payments" || g2.Refresh == g.Refresh || g2.Actor.Grant != g.Actor.Grant || g2.Life != accessLife {
			t.Fatalf("%+v, %s", g2, got)
		}
		n.works(t, g.Access, purse.CodeTokenRevoked)
		n.works(t, g2.Access, "ok")
		n.expect(t, g2.Access, purse.AccessBalance, purse.CodeScope, "ok")
		g3, got := refresh(app.auth(), g2.Refresh, "")
		if got != "ok" || g3.Scopes != "make_payments access_balance" {
			t.Fatalf("%+v, %s", g3, got)
		}
		// Somebody has kept an old one.
		if _, got := refresh(other.auth(), g.Refresh, ""); got != purse.CodeRefresh {
			t.Error(got)
		}
		n.works(t, g3.Access, "ok")
		if _, got := refresh(app.auth(), g.Refresh, ""); got != purse.CodeRefresh {
			t.Error(got)
		}
		n.works(t, g3.Access, purse.CodeTokenRevoked)
		if _, got := refresh(app.auth(), g3.Refresh, ""); got != purse.CodeRefresh {
			t.Error(got)
		}
	})
}

// Refreshing does not make a grant last for ever.
func TestRefreshTokenExpires(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		app := n.register(t, n.visitor(t, "dev"))
		g := n.tokens(t, n.visitor(t, "ann"), app, "make_payments")
		for range 2 {
			n.pass(t, refreshLife/2-time.Hour)
			var err error
			if g, err = n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: g.Refresh}); err != nil {
				t.Fatal(err)
			}
		}
		n.pass(t, 2*time.Hour)
		n.works(t, g.Access, "ok")
		if _, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: g.Refresh}); code(err) != purse.CodeRefresh {
			t.Error(err)
		}
		n.works(t, g.Access, "ok")
	})
}

// Of two refreshes at once one wins, and the other ends what it has won.
func TestRefreshAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev := n.visitor(t, "dev")
		app := n.register(t, dev)
		g := n.tokens(t, dev, app, "make_payments")
		const crowd = 8
		given, errs := make([]Given, crowd), make([]error, crowd)
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() {
				given[i], errs[i] = n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: g.Refresh})
			})
		}
		all.Wait()
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				n.works(t, given[i].Access, purse.CodeTokenRevoked)
			} else if code(err) != purse.CodeRefresh {
				t.Errorf("%v", err)
			}
		}
		if tokens, live := n.count(t, "tokens"), n.count(t, "grants where revoked = 0"); won != 1 || tokens != 2 || live != 0 {
			t.Errorf("%d got a token, there are %d, and %d grants", won, tokens, live)
		}
	})
}
