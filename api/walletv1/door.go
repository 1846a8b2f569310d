// Package walletv1 is the wallet API: /v1/…, for people's apps, with OAuth 2
// access tokens. It speaks the format that seeds/002 documents, as wire.md A
// and D.1 refine it, and is called by clients that were written for it long ago,
// so it takes parameters from wherever they come and ignores those that it does
// not know.
//
// A handler decodes, calls a use case and encodes; the package's error table is
// in errors.go, its JSON in payment.go.
package walletv1

import (
	"log/slog"
	"net/http"

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
}

// Handler routes the paths of the door. Every path answers in the door's own
// format, also those that do not exist.
func (d *Door) Handler() http.Handler {
	mux := http.NewServeMux()
	routes := map[string]map[string]api.Handler{
		"/v1/payments":               {http.MethodPost: d.pay},
		"/v1/payments/{id}":          {http.MethodGet: d.show},
		"/v1/users/{id}/picture.svg": {http.MethodGet: d.picture},
	}
	for path, methods := range routes {
		for method, h := range methods {
			mux.Handle(method+" "+path, api.Handle(d.Log, h, fail))
		}
		mux.Handle(path, api.Handle(d.Log, wrongMethod(methods), fail))
	}
	mux.Handle("/v1/", api.Handle(d.Log, noPath, fail))
	return mux
}

func wrongMethod(methods map[string]api.Handler) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		for method := range methods {
			w.Header().Add("Allow", method)
		}
		return purse.Refuse(purse.CodeMethod, "This path does not know the method %s.", r.Method)
	}
}

func noPath(w http.ResponseWriter, _ *http.Request) error {
	writeError(w, wireError{http.StatusNotFound, 283}, "Resource not found.")
	return nil
}
