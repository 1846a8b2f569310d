package walletv1

import (
	"net/http"

	"purse"
	"purse/api"
)

// revokeOwn answers DELETE /v1/oauth/access_token: the token that the request
// carries is good no longer, nor is the refresh token that came with it.
func (d *Door) revokeOwn(w http.ResponseWriter, r *http.Request) error {
	_, token, err := d.read(r)
	if err != nil {
		return err
	}
	if err := d.Identity.RevokeOwn(r.Context(), token); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// revoke answers POST /v1/oauth/revoke (RFC 7009), which is younger than this API:
// its errors are always those of RFC 6749.
func (d *Door) revoke(w http.ResponseWriter, r *http.Request) error {
	_, _, basic := r.BasicAuth()
	if err := d.revokeGiven(r); err != nil {
		return &oauthError{err, basic}
	}
	return api.WriteJSON(w, http.StatusOK, `{}`)
}

func (d *Door) revokeGiven(r *http.Request) error {
	p, err := api.ReadParams(r)
	if err != nil {
		return err
	}
	c, err := d.client(r, p)
	if err != nil {
		return err
	}
	token := p.Get("token")
	if token == "" {
		return purse.Refuse(purse.CodeMissing, "Pass the token.")
	}
	return d.Identity.Revoke(r.Context(), c, purse.Secret(token))
}
