package orderv1

import (
	"net/http"
	"strconv"

	"purse"
	"purse/api"
)

// tryHook answers GET and POST /payment/test_webhook: the merchant's callback is tried
// with a test message, and told of paid orders from then on.
func (d *Door) tryHook(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	said, err := d.Orders.TestHook(r.Context(), s)
	if err != nil {
		return err
	}
	b := strconv.AppendInt([]byte(`{"status":"SUCCESS","message":"The callback has answered with status `), int64(said.Status), 10)
	return api.WriteJSON(w, http.StatusOK, string(append(b, `."}`...)))
}
