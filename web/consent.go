package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"purse"
	"purse/identity"
	"purse/money"
)

// appQuestion reads the question of an app. It stands in the address, also when the
// answer is posted.
func appQuestion(t *turn) identity.AuthorizeRequest {
	q := asked(t.r.URL.RawQuery)
	return identity.AuthorizeRequest{
		ClientID: q.Get("client_id"), RedirectURI: q.Get("redirect_uri"), ResponseType: q.Get("response_type"),
		Scope: q.Get("scope"), State: q.Get("state"), Challenge: q.Get("code_challenge"), Method: q.Get("code_challenge_method"),
	}
}

// asked reads a query as apps of all years write it: nothing but "&" stands between
// parameters, and what cannot be unescaped stands for itself. net/url would leave
// such a parameter out, and an app waits for its state as it was.
func asked(query string) url.Values {
	plain := func(s string) string {
		if p, err := url.QueryUnescape(s); err == nil {
			return p
		}
		return s
	}
	v := url.Values{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		v.Add(plain(name), plain(value))
	}
	return v
}

// showConsent answers GET /v1/oauth/authorize. What is wrong with the app's
// question goes back to it before anybody has to sign in.
func (s *Site) showConsent(t *turn) error {
	a, err := s.Identity.Authorize(t.r.Context(), appQuestion(t))
	if err != nil {
		return err
	}
	if a.Fault != "" {
		return leave(t, http.StatusFound, s.Identity.Refuse(a))
	}
	if err := t.signedInOnly(); err != nil {
		return err
	}
	return s.renderConsent(t, a)
}

// renderConsent asks whether the app may be let in. What the person has ticked
// before stays so.
func (s *Site) renderConsent(t *turn, a identity.Authorization) error {
	chosen := map[purse.Scope]bool{}
	for _, one := range purse.AllScopes {
		chosen[one] = t.form == nil
	}
	for _, one := range t.form["allow"] {
		chosen[purse.Scope(one)] = true
	}
	terms, err := s.consentTerms(t, a)
	if err != nil {
		return err
	}
	p := consentPage{
		Layout: s.layout(t, "Let an app in"), App: a.App.Name, AppInitials: initials(a.App.Name),
		Path: t.r.URL.Path + "?" + asked(t.r.URL.RawQuery).Encode(), Host: placeOf(a.RedirectURI),
		Scopes: scopeChoices(a.Scopes, chosen), Terms: terms,
	}
	s.headers(t.w.Header(), formSource(a.RedirectURI))
	return render(t.w, t.status(), "consent", p)
}

// consent answers POST /v1/oauth/authorize.
func (s *Site) consent(t *turn) error {
	if err := t.signedInOnly(); err != nil {
		return err
	}
	a, err := s.Identity.Authorize(t.r.Context(), appQuestion(t))
	if err != nil {
		return err
	}
	if a.Fault != "" {
		return leave(t, http.StatusSeeOther, s.Identity.Refuse(a))
	}
	return act{
		"deny": func() error { return leave(t, http.StatusSeeOther, s.Identity.Refuse(a)) },
		"allow": func() error {
			var allowed []string
			for _, one := range purse.AllScopes {
				if slices.Contains(t.form["allow"], string(one)) && a.Scopes.Has(one) {
					allowed = append(allowed, string(one))
				}
			}
			if len(allowed) == 0 {
				t.fault = purse.Refuse(purse.CodeMissing, "Let it do at least one thing, or say no.")
				return s.renderConsent(t, a)
			}
			way, err := s.Identity.Allow(t.r.Context(), t.visitor, a, purse.Scopes(strings.Join(allowed, " ")))
			if err != nil {
				return err
			}
			return leave(t, http.StatusSeeOther, way)
		},
	}.do(t)
}

// signedInOnly refuses nobody.
func (t *turn) signedInOnly() error {
	if t.session == "" {
		return purse.Refuse(purse.CodeSignedOut, "Sign in first.")
	}
	return nil
}

// leave sends the browser to an app. The address is identity's: it was registered.
func leave(t *turn, status int, way string) error {
	t.w.Header().Set("Location", way)
	t.w.WriteHeader(status)
	return nil
}

// scopeChoices are the scopes that an app asks for, in words; without chosen, all
// are ticked.
func scopeChoices(scopes purse.Scopes, chosen map[purse.Scope]bool) []choice {
	var all []choice
	for _, one := range purse.AllScopes {
		if scopes.Has(one) {
			words := scopeWords[one]
			all = append(all, choice{string(one), words.name, words.about, chosen == nil || chosen[one]})
		}
	}
	return all
}

// consentTerms says for how long an app is let in and how much it may pay out:
// what the person has set before stays.
func (s *Site) consentTerms(t *turn, a identity.Authorization) ([]string, error) {
	terms := []string{"It is let in until you take it back."}
	if !a.Code {
		terms[0] = "It is let in until its access runs out, or you take it back before."
	}
	if !a.Scopes.Has(purse.MakePayments) {
		return terms, nil
	}
	caps, err := s.Wallet.AppCaps(t.r.Context(), t.visitor.Actor, a.App.ID)
	if err != nil {
		return nil, err
	}
	words := "It may pay out any amount for you. You can set a sum for a day afterwards."
	if most := caps[a.App.ID].Minor; most >= 0 {
		words = "It may pay out at most " + money.Amount{Minor: most, Currency: s.Currency}.String() + " a day for you. You can change that afterwards."
	}
	return append(terms, words), nil
}

// placeOf is where a redirect URI leads, as people can judge it: the host, or the
// scheme of an app on their phone.
func placeOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return uri
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return cmp.Or(u.Host, uri)
	}
	return "an app on this device (" + u.Scheme + ":)"
}
