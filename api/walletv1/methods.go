package walletv1

import (
	"net/http"

	"purse"
	"purse/api"
)

// paymentMethods answers GET /v1/payment-methods: the one that a person has is the
// wallet's balance. Clients of later years look for the one whose role is
// "default" before they pay (wire.md A.8). The scope access_profile is needed.
func (d *Door) paymentMethods(w http.ResponseWriter, r *http.Request) error {
	_, actor, err := d.reader(r)
	if err != nil {
		return err
	}
	p, err := d.Identity.Me(r.Context(), actor)
	if err != nil {
		return err
	}
	b := appendID(append(make([]byte, 0, answerBytes), `{"data":[{"id":`...), int64(p.ID))
	b = append(purse.AppendQuoted(append(b, `,"name":`...), "Balance"), `,"type":"balance","peer_payment_role":"default"}]}`...)
	return api.WriteJSON(w, http.StatusOK, string(b))
}
