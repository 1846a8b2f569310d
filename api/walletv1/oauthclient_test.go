package walletv1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"golang.org/x/oauth2"

	"purse"
	"purse/identity"
)

// listen serves the door to real clients, and holds every exchange against the
// description.
func (n *network) listen(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := n.serve(r, body)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// The library that most Go programs use, as it comes.
func TestGoOAuth2(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 0)
		base := n.listen(t)
		for name, tc := range map[string]struct {
			public, pkce bool
			style        oauth2.AuthStyle
			redirect     string
		}{
			"detected":             {style: oauth2.AuthStyleAutoDetect, redirect: callback},
			"detected, PKCE":       {pkce: true, style: oauth2.AuthStyleAutoDetect, redirect: callback},
			"no redirect":          {pkce: true, style: oauth2.AuthStyleAutoDetect},
			"in parameters":        {style: oauth2.AuthStyleInParams, redirect: callback},
			"in the header, PKCE":  {pkce: true, style: oauth2.AuthStyleInHeader, redirect: callback},
			"public":               {public: true, pkce: true, style: oauth2.AuthStyleAutoDetect, redirect: callback},
			"public in parameters": {public: true, pkce: true, style: oauth2.AuthStyleInParams, redirect: callback},
		} {
			app := n.app(t, ann, func(r *identity.AppRequest) { r.Public = tc.public })
			config := &oauth2.Config{
				ClientID: app.ID.String(), ClientSecret: string(app.Secret), RedirectURL: tc.redirect, Scopes: []string{"make_payments", "access_profile"},
				Endpoint: oauth2.Endpoint{AuthURL: base + "/v1/oauth/authorize", TokenURL: base + "/v1/oauth/access_token", AuthStyle: tc.style},
			}
			var before, after []oauth2.AuthCodeOption
			if tc.pkce {
				verifier := oauth2.GenerateVerifier()
				before, after = append(before, oauth2.S256ChallengeOption(verifier)), append(after, oauth2.VerifierOption(verifier))
			}
			back := n.let(t, ann, sentWith(t, config.AuthCodeURL("state", before...)))
			if back.Get("state") != "state" {
				t.Errorf("%s: %v", name, back)
			}
			token, err := config.Exchange(t.Context(), back.Get("code"), after...)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !token.Valid() || token.Type() != "Bearer" || token.Extra("scope") != "make_payments access_profile" {
				t.Errorf("%s: %+v", name, token)
			}
			n.asksWith(t, name, base, config.Client(t.Context(), token))
			// What has expired is refreshed on the way.
			token.Expiry = token.Expiry.AddDate(-1, 0, 0)
			source := config.TokenSource(t.Context(), token)
			fresh, err := source.Token()
			if err != nil || fresh.AccessToken == token.AccessToken || fresh.RefreshToken == token.RefreshToken {
				t.Errorf("%s: refreshed: %v", name, err)
				continue
			}
			n.asksWith(t, name+", refreshed", base, oauth2.NewClient(t.Context(), source))

			_, err = config.Exchange(t.Context(), back.Get("code"), after...)
			if e, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || e.ErrorCode != "invalid_grant" || e.Response.StatusCode != 400 {
				t.Errorf("%s: a used code: %v", name, err)
			}
			_, err = config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: fresh.RefreshToken}).Token()
			if e, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || e.ErrorCode != "invalid_grant" {
				t.Errorf("%s: a refresh token of a family that has ended: %v", name, err)
			}
		}
	})
}

// sentWith reads the URL that an app sends people to.
func sentWith(t *testing.T, address string) identity.AuthorizeRequest {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	return identity.AuthorizeRequest{
		ClientID: q.Get("client_id"), RedirectURI: q.Get("redirect_uri"), ResponseType: q.Get("response_type"), Scope: q.Get("scope"),
		State: q.Get("state"), Challenge: q.Get("code_challenge"), Method: q.Get("code_challenge_method"),
	}
}

func (n *network) asksWith(t *testing.T, name, base string, c *http.Client) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, base+"/v1/payments", nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.Do(r)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	defer w.Body.Close()
	if w.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", name, w.Status)
	}
}

// A token in the query of the redirect, as apps of the seed's years read it.
func TestTokenInTheQuery(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 0)
		app := n.app(t, ann, func(r *identity.AppRequest) { r.Implicit, r.Redirects = true, []string{"venmo12://oauth"} })
		back := n.let(t, ann, identity.AuthorizeRequest{ClientID: app.ID.String(), Scope: "access_profile", State: "s"})
		if w := n.get("", "/v1/payments?access_token="+back.Get("access_token")); w.Code != 200 || back.Get("expires_in") != "1800" || back.Get("state") != "s" {
			t.Errorf("%v: %d %s", back, w.Code, w.Body)
		}
		if purse.Scopes(back.Get("scope")) != "access_profile" {
			t.Errorf("%v", back)
		}
	})
}
