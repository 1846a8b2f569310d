package walletv1

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"purse"
	"purse/api"
	"purse/identity"
)

// token answers POST /v1/oauth/access_token, and its alias without /oauth: a token
// for an authorization code or for a refresh token. Callers of the seed's years leave
// the grant_type out; it is then what they have sent. An idempotency key is ignored,
// because an answer with a credential is not kept.
func (d *Door) token(w http.ResponseWriter, r *http.Request) error {
	p, err := api.ReadParams(r)
	if err != nil {
		return inWordsOf(r, p, err)
	}
	if signsIn(r, p) {
		return d.appSignIn(w, r, p)
	}
	given, err := d.give(r, p)
	if err != nil {
		return inWordsOf(r, p, err)
	}
	body, err := d.encodeGiven(r.Context(), given)
	if err != nil {
		return inWordsOf(r, p, err)
	}
	w.Header().Set("Pragma", "no-cache") // RFC 6749, 5.1
	return api.WriteJSON(w, http.StatusOK, string(body))
}

// The ways to get a token.
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
)

func (d *Door) give(r *http.Request, p api.Params) (identity.Given, error) {
	c, err := d.client(r, p)
	if err != nil {
		return identity.Given{}, err
	}
	code, refresh := p.Get("code"), p.Get("refresh_token")
	kind := p.Get("grant_type")
	switch {
	case kind != "":
	case code != "":
		kind = grantCode
	case refresh != "":
		kind = grantRefresh
	default:
		return identity.Given{}, purse.Refuse(purse.CodeMissing, "Pass the code or the refresh_token.")
	}
	switch kind {
	case grantCode:
		if code == "" {
			return identity.Given{}, purse.Refuse(purse.CodeMissing, "Pass the code.")
		}
		return d.Identity.Exchange(r.Context(), identity.TokenExchange{
			Client: c, Code: purse.Secret(code), RedirectURI: p.Get("redirect_uri"), Verifier: p.Get("code_verifier"),
		})
	case grantRefresh:
		if refresh == "" {
			return identity.Given{}, purse.Refuse(purse.CodeMissing, "Pass the refresh_token.")
		}
		return d.Identity.Refresh(r.Context(), identity.TokenRefresh{Client: c, Refresh: purse.Secret(refresh), Scope: p.Get("scope")})
	}
	return identity.Given{}, purse.Refuse(purse.CodeGrantType, "The grant_type is authorization_code or refresh_token.")
}

// client reads which app asks, from HTTP Basic or the parameters, and counts the
// request against its rate if it has proved before who it is, else against the
// rate of the address: whoever tries secrets pays for it.
//
// Refused with CodeInvalid if there are two different ones, and with CodeRate.
func (d *Door) client(r *http.Request, p api.Params) (identity.ClientAuth, error) {
	c := identity.ClientAuth{ID: p.Get("client_id"), Secret: purse.Secret(p.Get("client_secret"))}
	if id, secret, ok := r.BasicAuth(); ok {
		// They are escaped before they are encoded (RFC 6749, 2.3.1); ours look the
		// same either way.
		id, secret = unescaped(id), unescaped(secret)
		if c.ID != "" && c.ID != id || c.Secret != "" && string(c.Secret) != secret {
			return c, purse.Refuse(purse.CodeInvalid, "The request names two different apps.")
		}
		c = identity.ClientAuth{ID: id, Secret: purse.Secret(secret)}
	}
	known, _ := d.Identity.KnownClient(c)
	return c, d.Rates.Allow(r, string(known))
}

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// encodeGiven is the answer to whoever gets a token.
func (d *Door) encodeGiven(ctx context.Context, g identity.Given) ([]byte, error) {
	b := purse.AppendQuoted(append(make([]byte, 0, answerBytes), `{"access_token":`...), string(g.Access))
	b = strconv.AppendInt(append(b, `,"expires_in":`...), int64(g.Life/time.Second), 10)
	b = append(b, `,"token_type":"bearer"`...)
	if g.Refresh != "" {
		b = purse.AppendQuoted(append(b, `,"refresh_token":`...), string(g.Refresh))
	}
	b = purse.AppendQuoted(append(b, `,"scope":`...), string(g.Scopes))
	u, err := d.Identity.Own(ctx, g.Actor)
	if err != nil {
		return nil, err
	}
	balance, err := d.Wallet.Balance(ctx, g.Actor)
	if err != nil {
		return nil, err
	}
	b = d.appendSelf(append(b, `,"user":`...), u)
	if balance != nil {
		b = d.appendBalance(append(b, `,"balance":`...), balance) // a string here too (wire.md D.1)
	}
	return append(b, '}'), nil
}

// appendSelf writes a person as their own token may see them.
func (d *Door) appendSelf(b []byte, u identity.Person) []byte {
	b = appendID(append(b, `{"id":`...), int64(u.ID))
	b = purse.AppendQuoted(append(b, `,"username":`...), u.Username)
	b = purse.AppendQuoted(append(b, `,"first_name":`...), u.FirstName)
	b = purse.AppendQuoted(append(b, `,"last_name":`...), u.LastName)
	b = purse.AppendQuoted(append(b, `,"display_name":`...), u.DisplayName())
	b = purse.AppendQuoted(append(b, `,"about":`...), u.About)
	b = appendNullable(append(b, `,"email":`...), u.Email)
	b = appendNullable(append(b, `,"phone":`...), u.Phone)
	b = purse.AppendQuoted(append(b, `,"profile_picture_url":`...), d.PublicURL+"/v1/users/"+u.ID.String()+"/picture.svg")
	b = appendTime(append(b, `,"date_joined":`...), u.Joined, seconds)
	return append(b, '}')
}

// oauthError is an error to a caller who speaks RFC 6749, and not this API's own
// envelope.
type oauthError struct {
	err   error
	basic bool // the app said who it is by HTTP Basic
}

func (e *oauthError) Error() string { return e.err.Error() }
func (e *oauthError) Unwrap() error { return e.err }

// inWordsOf is err as the caller reads errors: as RFC 6749 has them if the caller
// has named a grant_type or has used HTTP Basic.
func inWordsOf(r *http.Request, p api.Params, err error) error {
	if _, _, basic := r.BasicAuth(); basic || p.Get("grant_type") != "" {
		return &oauthError{err, basic}
	}
	return err
}

// oauthWords are the words of RFC 6749 for codes; where there is none it is
// invalid_request.
var oauthWords = map[purse.Code]string{
	purse.CodeClient: invalidClient, purse.CodeClientSecret: invalidClient,
	purse.CodeGrant: "invalid_grant", purse.CodeGrantClient: "invalid_grant", purse.CodeGrantExpired: "invalid_grant",
	purse.CodeGrantUsed: "invalid_grant", purse.CodeRefresh: "invalid_grant",
	purse.CodeBadScope: "invalid_scope", purse.CodeGrantType: "unsupported_grant_type",
	purse.CodeInternal: "server_error", purse.CodeUnknown: "server_error",
	purse.CodeBusy: "temporarily_unavailable", purse.CodeClockJumped: "temporarily_unavailable", purse.CodeRate: "temporarily_unavailable",
}

const invalidClient = "invalid_client"

// failOAuth writes an error in the words of RFC 6749, which has a 400 for what a
// client can do something about.
func failOAuth(w http.ResponseWriter, e *oauthError) {
	wire, message := wireOf(e.err)
	word := oauthWords[purse.CodeOf(e.err)]
	if word == "" {
		word = "invalid_request"
	}
	if word == invalidClient && e.basic {
		wire.status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="purse"`)
	}
	b := purse.AppendQuoted([]byte(`{"error":`), word)
	b = purse.AppendQuoted(append(b, `,"error_description":`...), strings.ReplaceAll(message, `"`, "'"))
	_ = api.WriteJSON(w, wire.status, string(append(b, '}'))) // the caller has gone; there is nobody to tell
}
