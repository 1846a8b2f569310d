package walletv1

import (
	"net/http"

	"purse"
	"purse/api"
)

// show answers GET /v1/payments/{id}. The scope access_profile is needed.
func (d *Door) show(w http.ResponseWriter, r *http.Request) error {
	_, actor, err := d.reader(r)
	if err != nil {
		return err
	}
	id, ok := parseID(r.PathValue("id"))
	if !ok {
		return purse.Refuse(purse.CodeNotFound, resourceNotFound)
	}
	receipt, err := d.Wallet.Show(r.Context(), actor, purse.PaymentID(id))
	if err != nil {
		return err
	}
	return api.WriteJSON(w, http.StatusOK, string(d.appendShown(make([]byte, 0, answerBytes), receipt)))
}
