package identity

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"purse"
)

// How long what OAuth gives is good.
const (
	authorizationLife = 10 * time.Minute
	accessLife        = 60 * 24 * time.Hour
	implicitLife      = 30 * time.Minute
	refreshLife       = 365 * 24 * time.Hour // counted from the grant, however often it is refreshed
)

// AuthorizeRequest is what an app sends people to us with, as it stands in the
// query. What is absent is empty.
type AuthorizeRequest struct {
	ClientID, RedirectURI, ResponseType, Scope, State string

	Challenge, Method string // of PKCE
}

// Authorization is what an app asks a person for: Allow and Refuse answer it.
type Authorization struct {
	App         purse.App
	RedirectURI string // one of the app's
	Code        bool   // the app gets a code; else a token, at once
	Scopes      purse.Scopes
	State       string
	Challenge   string // of PKCE, SHA-256; empty: none

	// Fault is the error word of RFC 6749 that the app must be told by Refuse,
	// without asking the person; empty: there is none.
	Fault string
}

// The faults of an Authorization.
const (
	faultResponseType = "unsupported_response_type"
	faultClient       = "unauthorized_client"
	faultScope        = "invalid_scope"
	faultRequest      = "invalid_request"
)

// faultTexts say the faults to the app's developers.
var faultTexts = map[string]string{
	faultResponseType: "The response_type is code or token.",
	faultClient:       "This app is not registered for response_type=token.",
	faultScope:        "A scope does not exist.",
	faultRequest:      "PKCE needs code_challenge_method=S256 and a code_challenge of 43 characters; an app without a secret must use it.",
}

// Authorize reads what an app asks for. A redirect URI must be one that the app is
// registered with, to the byte; without one it is the app's first. Without a
// response type it is a token if the app is registered for that, else a code.
// Without scopes it is access_profile.
//
// Where the app or the redirect URI are not right nobody may be sent there, so
// that is refused, with CodeMissing, CodeClient or CodeRedirect. Anything else that
// is wrong is a Fault.
func (s *Service) Authorize(ctx context.Context, req AuthorizeRequest) (Authorization, error) {
	app, err := s.appNamed(ctx, req.ClientID)
	if err != nil {
		return Authorization{}, err
	}
	a := Authorization{App: app, RedirectURI: req.RedirectURI, State: req.State}
	uris := app.RedirectURIs()
	if a.RedirectURI == "" && len(uris) > 0 {
		a.RedirectURI = uris[0]
	}
	if !slices.Contains(uris, a.RedirectURI) {
		return Authorization{}, purse.Refuse(purse.CodeRedirect, "The app is not registered with this redirect_uri.")
	}
	a.Fault = a.read(req)
	return a, nil
}

// read reads what may be wrong without stopping the app from being told.
func (a *Authorization) read(req AuthorizeRequest) (fault string) {
	switch req.ResponseType {
	case "":
		a.Code = !a.App.Implicit
	case "code":
		a.Code = true
	case "token":
		if !a.App.Implicit {
			return faultClient
		}
	default:
		return faultResponseType
	}
	scopes := req.Scope
	if strings.Trim(scopes, " ,") == "" {
		scopes = string(purse.AccessProfile)
	}
	var err error
	if a.Scopes, err = purse.ParseScopes(scopes); err != nil {
		return faultScope
	}
	if !a.Code {
		return "" // there is nothing that a challenge could guard
	}
	switch {
	case req.Challenge == "" && req.Method == "" && a.App.Secret != "":
	case req.Method != "S256" || !isChallenge(req.Challenge):
		return faultRequest
	}
	a.Challenge = req.Challenge
	return ""
}

// isChallenge says whether s can be a SHA-256 in unpadded base64url.
func isChallenge(s string) bool {
	return len(s) == 43 && strings.IndexFunc(s, func(r rune) bool { return !isURLSafe(r) }) < 0
}

func isURLSafe(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// codeDetail is what the ticket of an authorization code is good for.
type codeDetail struct {
	RedirectURI string       `json:"redirect_uri"`
	Scopes      purse.Scopes `json:"scopes"`
	Challenge   string       `json:"challenge,omitempty"` // PKCE, S256
}

// Allow lets the app in: the visitor is to be sent to the answer. The app gets
// those scopes that it has asked for and that are in allowed.
//
// Refused with CodeBadScope if there are none of these, with CodeSignedOut,
// CodeClient, CodeRedirect or, if there is a Fault, CodeInvalid.
func (s *Service) Allow(ctx context.Context, v Visitor, a Authorization, allowed purse.Scopes) (redirect string, err error) {
	if a.Fault != "" {
		return "", purse.Refuse(purse.CodeInvalid, "%s", faultTexts[a.Fault])
	}
	var both []string
	for _, one := range strings.Fields(string(a.Scopes)) {
		if allowed.Has(purse.Scope(one)) {
			both = append(both, one)
		}
	}
	if len(both) == 0 {
		return "", purse.Refuse(purse.CodeBadScope, "Allow at least one thing, or refuse the app.")
	}
	a.Scopes = purse.Scopes(strings.Join(both, " "))
	if a.Code {
		return s.allowCode(ctx, v, a)
	}
	return s.allowToken(ctx, v, a)
}

// still refuses what the app may no longer have, because it has changed since
// Authorize.
func (a Authorization) still(f *purse.Facts) error {
	app, err := f.App(a.App.ID)
	if err != nil {
		return err
	}
	if err := app.Open(); err != nil {
		return err
	}
	if !slices.Contains(app.RedirectURIs(), a.RedirectURI) || !a.Code && !app.Implicit {
		return purse.Refuse(purse.CodeRedirect, "The app was changed meanwhile. Begin again there.")
	}
	return nil
}

func (s *Service) allowCode(ctx context.Context, v Visitor, a Authorization) (string, error) {
	detail, err := json.Marshal(codeDetail{a.RedirectURI, a.Scopes, a.Challenge})
	if err != nil {
		return "", err
	}
	code := newSecret(codePrefix)
	hash, _ := hashSecret(codePrefix, code)
	err = s.oauthCommand(ctx, v, purse.Needs{Apps: []purse.AppID{a.App.ID}}, func(f *purse.Facts) error {
		if err := a.still(f); err != nil {
			return err
		}
		f.Put(purse.Ticket{
			Hash: purse.TicketHash(hash), Kind: purse.TicketCode, Person: v.User.ID, App: a.App.ID,
			Detail: string(detail), Expires: f.Now.Add(authorizationLife),
		})
		return nil
	})
	if err != nil {
		return "", err
	}
	return s.back(a, "code", string(code)), nil
}

// codesOf is where it is noted that a person's codes for an app (0: for all) are no
// longer good. It is the hash of no secret.
func codesOf(person purse.UserID, app purse.AppID) purse.TicketHash {
	return purse.TicketHash(hashText("codes " + person.String() + " " + app.String()))
}

// stopCodes ends a person's authorization codes for an app (0: for all) that were
// not exchanged yet. The note is kept as long as one of them could still come.
func stopCodes(f *purse.Facts, person purse.UserID, app purse.AppID) error {
	note := codesOf(person, app)
	if _, err := f.Ticket(note); err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return err
	}
	f.Put(purse.Ticket{Hash: note, Kind: purse.TicketCode, Person: person, Expires: f.Now.Add(authorizationLife), Used: f.Now})
	return nil
}

// stopped refuses a code that stopCodes has ended.
func stopped(f *purse.Facts, code purse.Ticket) error {
	for _, app := range []purse.AppID{0, code.App} {
		note, err := f.Ticket(codesOf(code.Person, app))
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return err
		}
		if err == nil && code.Expires <= note.Expires { // both live as long
			return purse.Refuse(purse.CodeGrantExpired, "This authorization code was taken back.")
		}
	}
	return nil
}

func (s *Service) allowToken(ctx context.Context, v Visitor, a Authorization) (string, error) {
	g, err := s.gift(ctx, v.User, a.App.ID, a.Scopes, implicitLife)
	if err != nil {
		return "", err
	}
	needs := purse.Needs{Apps: []purse.AppID{a.App.ID}, GrantsOf: []purse.GrantsKey{{Person: v.User.ID, App: a.App.ID}}}
	err = s.oauthCommand(ctx, v, needs, func(f *purse.Facts) error {
		if err := a.still(f); err != nil {
			return err
		}
		return g.grant(f, a.App.ID)
	})
	if err != nil {
		return "", err
	}
	// In the query, where the clients of this API look for it (wire.md A.2), and
	// not in the fragment.
	return s.back(a, "access_token", string(g.access), "expires_in", g.expiresIn(), "token_type", "bearer", "scope", string(a.Scopes)), nil
}

// Refuse is where the visitor is to be sent who does not let the app in, or whose
// app has asked for what it cannot have.
func (s *Service) Refuse(a Authorization) (redirect string) {
	if a.Fault != "" {
		return s.back(a, "error", a.Fault, "message", faultTexts[a.Fault], "error_description", faultTexts[a.Fault])
	}
	const denied = "User denied your application access"
	return s.back(a, "error", "access_denied", "message", denied, "error_description", denied)
}

// back is the app's redirect URI with parameters added behind those that it has,
// and with the state and the issuer.
func (s *Service) back(a Authorization, params ...string) string {
	if a.State != "" {
		params = append(params, "state", a.State)
	}
	params = append(params, issuerParam, s.PublicURL)
	b := strings.Builder{}
	b.WriteString(a.RedirectURI)
	for i := 0; i < len(params); i += 2 {
		switch at := strings.IndexByte(b.String(), '?'); {
		case at < 0:
			b.WriteByte('?')
		case at != b.Len()-1 && !strings.HasSuffix(b.String(), "&"):
			b.WriteByte('&')
		}
		b.WriteString(params[i] + "=" + url.QueryEscape(params[i+1]))
	}
	return b.String()
}

// issuerParam tells the app which network has answered (RFC 9207).
const issuerParam = "iss"
