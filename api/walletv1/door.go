// Package walletv1 is the wallet API: /v1/…, for people's apps, with OAuth 2
// access tokens. It speaks the format that seeds/002 documents, as wire.md A
// and D.1 refine it, and is called by clients that were written for it long ago,
// so it takes parameters from wherever they come and ignores those that it does
// not know.
//
// A handler decodes, calls a use case and encodes; the package's error table is
// in errors.go, its JSON in payment.go. openapi.yaml describes all of it, and the
// tests hold every request and answer against it.
package walletv1

import (
	"log/slog"
	"net/http"
	"path"

	"purse"
	"purse/api"
	"purse/identity"
	"purse/money"
	"purse/wallet"
)

// Door serves the wallet API.
type Door struct {
	Identity  *identity.Service
	Wallet    *wallet.Service
	Currency  money.Currency
	PublicURL string // without a slash at the end; what links in answers start with
	Log       *slog.Logger
	Rates     *api.Rates // how fast callers may ask; nil: as fast as they like
}

// read reads a request's parameters and its credential, and counts it against
// the rate of whoever asks: of the credential if it is one that this server has
// recognised before, else of the caller's address, so that nobody gets further by
// guessing.
func (d *Door) read(r *http.Request) (api.Params, purse.Secret, error) {
	p, token, err := api.ReadRequest(r)
	if err != nil {
		return nil, "", err
	}
	known, _ := d.Identity.Known(token)
	return p, token, d.Rates.Allow(r, string(known))
}

// reader reads a request's parameters as read does, and finds out who asks by a fresh
// read of the token: for what only looks, and for commands that do not see the token
// themselves.
func (d *Door) reader(r *http.Request) (api.Params, purse.Actor, error) {
	p, token, err := d.read(r)
	if err != nil {
		return nil, purse.Actor{}, err
	}
	actor, err := d.Identity.Authenticate(r.Context(), token)
	return p, actor, err
}

// routes is every path of the door, and what answers its methods. Each of them
// is in openapi.yaml, and nothing else is.
func (d *Door) routes() api.Routes {
	inYAML, inJSON := api.Descriptions(description)
	return api.Routes{
		"/v1/payments":                     {http.MethodPost: d.pay, http.MethodGet: d.list},
		"/v1/payments/{id}":                {http.MethodGet: d.show, http.MethodPut: d.change},
		"/v1/me":                           {http.MethodGet: d.me},
		"/v1/account":                      {http.MethodGet: d.me},
		"/v1/payment-methods":              {http.MethodGet: d.paymentMethods},
		"/v1/users":                        {http.MethodGet: d.users},
		"/v1/users/{id}":                   {http.MethodGet: d.user, http.MethodPut: d.befriend},
		"/v1/users/{id}/picture.svg":       {http.MethodGet: d.picture},
		"/v1/oauth/access_token":           {http.MethodPost: d.token, http.MethodDelete: d.revokeOwn},
		"/v1/access_token":                 {http.MethodPost: d.token}, // where an SDK of those years refreshes
		"/v1/account/two-factor/token":     {http.MethodPost: d.sendSecond},
		"/v1/users/devices":                {http.MethodPost: d.trustDevice},
		"/v1/oauth/revoke":                 {http.MethodPost: d.revoke},
		MetadataPath:                       {http.MethodGet: d.metadata},
		"/v1/openapi.yaml":                 {http.MethodGet: inYAML},
		"/v1/openapi.json":                 {http.MethodGet: inJSON},
		"/v1/users/{id}/friends":           {http.MethodGet: d.friends},
		"/v1/stories/target-or-actor/{id}": {http.MethodGet: d.stories},
		"/v1/stories/target-or-actor/{a}/target-or-actor/{b}": {http.MethodGet: d.storiesBetween},
	}
}

// Handler routes the paths of the door. Every path answers in the door's own
// format, also those that do not exist.
func (d *Door) Handler() http.Handler {
	mux := http.NewServeMux()
	for where, methods := range d.routes() {
		// The mux knows nothing of methods: it would not know whose GET
		// /v1/users/devices is.
		mux.Handle(where, api.Handle(d.Log, api.ByMethod(methods), fail))
	}
	nothing := api.Handle(d.Log, noPath, fail)
	mux.Handle("/v1/", nothing)
	mux.Handle("/v1", nothing) // else the mux redirects
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would redirect to the path as it should be written, with the
		// query and the token in it, and in no format of this door.
		if p := r.URL.Path; p != path.Clean(p) {
			nothing.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func noPath(w http.ResponseWriter, _ *http.Request) error {
	writeError(w, wireError{http.StatusNotFound, codeNotFound}, resourceNotFound)
	return nil
}
