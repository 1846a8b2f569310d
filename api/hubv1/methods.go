package hubv1

import (
	"net/http"
	"net/url"

	"purse"
	"purse/api"
)

// paymentMethods answers GET /paymentmethods: the one that a merchant can have is
// this network's wallet, if it takes payments from wallets.
func (d *Door) paymentMethods(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &purse.Error{Code: purse.CodeField, Message: "The query could not be read.", Err: err}
	}
	if code := values.Get("currencyCode"); code != "" && code != string(d.Currency) {
		return purse.Refuse(purse.CodeCurrency, "The currencyCode is not supported: this network has %s.", d.Currency)
	}
	merchants, err := d.Hub.Store.Merchants(r.Context(), s.Merchant)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, answerBytes), `{"paymentMethods":[`...)
	if m := merchants[s.Merchant]; m.Accepts && m.Closed == 0 {
		b = purse.AppendQuoted(append(b, `{"paymentMethod":"VENMO","currencyCode":`...), string(d.Currency))
		b = purse.AppendQuoted(append(b, `,"currency":`...), string(d.Currency))
		b = purse.AppendQuoted(append(b, `,"accountId":`...), m.ID.String())
		b = append(b, `,"mcc":"8999"}`...)
	}
	return api.WriteJSON(w, http.StatusOK, string(append(b, `]}`...)))
}
