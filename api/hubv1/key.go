package hubv1

import (
	"context"
	"net/http"

	"purse"
	"purse/api"
)

// handler answers a request of a merchant.
type handler func(w http.ResponseWriter, r *http.Request, s purse.Seller) error

// anyKey lets in whoever has an API key, a public one too. What only looks is
// asked of a fresh read of the key; commands look at it themselves.
//
// Refused with CodeNoToken or CodeBadKey.
func (d *Door) anyKey(h handler) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		find := d.Identity.RecognizeKey
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			find = d.Identity.AuthenticateKey
		}
		return d.sold(w, r, find, h)
	}
}

// looking is anyKey for what only looks although its method is POST.
func (d *Door) looking(h handler) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error { return d.sold(w, r, d.Identity.AuthenticateKey, h) }
}

// sold answers on behalf of the merchant that find finds.
func (d *Door) sold(w http.ResponseWriter, r *http.Request, find finder, h handler) error {
	username, password, _ := r.BasicAuth()
	s, err := find(r.Context(), username, purse.Secret(password))
	if err != nil {
		return err
	}
	return h(w, r, s)
}

// finder says for which merchant a key acts.
type finder func(ctx context.Context, username string, password purse.Secret) (purse.Seller, error)

// private lets in whoever has a private API key.
//
// Refused as anyKey, and with CodeKeyKind.
func (d *Door) private(h handler) api.Handler {
	return d.anyKey(func(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
		if s.Kind != purse.PrivateKey {
			return purse.Refuse(purse.CodeKeyKind, "This needs a private API key.")
		}
		return h(w, r, s)
	})
}

// known is the name of r's API key, if this server has recognised it before and it is
// a private one: those who ask with a public key are counted by their address.
func (d *Door) known(r *http.Request) string {
	username, password, ok := r.BasicAuth()
	if !ok {
		return ""
	}
	credential, _ := d.Identity.KnownKey(username, purse.Secret(password))
	return credential
}
