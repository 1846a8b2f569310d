package orderv1

import (
	"encoding/json"
	"net/http"

	"purse"
	"purse/api"
	"purse/order"
)

// create answers POST /payment/order: an order, and the page on which it is paid. With
// an Idempotency-Key it may be repeated.
func (d *Door) create(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	o, text, err := api.ReadObject(r)
	if err != nil {
		return err
	}
	req, err := d.order(o)
	if err != nil {
		return err
	}
	if req.Once, err = api.OnceBody(r, text, s.Principal(), ""); err != nil {
		return err
	}
	req.Encode = d.encodeCreated
	answer, err := d.Orders.Create(r.Context(), s, req)
	if err != nil {
		return err
	}
	return api.WriteAnswer(w, answer)
}

// order reads what is to be paid, by whom and for what. The use case looks at the texts.
//
// Refused with CodeMissing, CodeAmount, CodeCurrency or CodeInvalid, for the first field
// that is wrong.
func (d *Door) order(o api.Object) (req order.Request, err error) {
	if req.Minor, err = d.amount(o.Get("amount")); err != nil {
		return req, err
	}
	if err := d.checkCurrency(o); err != nil {
		return req, err
	}
	if req.Customer, err = text(o, "customer"); err != nil {
		return req, err
	}
	if req.Product, err = text(o, "product"); err != nil {
		return req, err
	}
	req.Redirect, err = text(o, "redirect_url")
	return req, err
}

// text reads a text; empty if it is absent.
//
// Refused with CodeInvalid.
func text(o api.Object, name string) (string, error) {
	switch v := o.Get(name).(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	}
	return "", purse.Refuse(purse.CodeInvalid, "%s must be a text.", name)
}

// checkCurrency refuses an order in another currency than the network's.
//
// Refused with CodeMissing, CodeInvalid or CodeCurrency.
func (d *Door) checkCurrency(o api.Object) error {
	code, err := text(o, "currency")
	switch {
	case err != nil:
		return err
	case code == "":
		return purse.Refuse(purse.CodeMissing, "currency is required: %q.", d.Currency)
	case code != string(d.Currency):
		return purse.Refuse(purse.CodeCurrency, "currency must be %q: that is this network's currency.", d.Currency)
	}
	return nil
}

// amount reads an amount in minor units.
//
// Refused with CodeMissing or CodeAmount.
func (d *Door) amount(v any) (int64, error) {
	switch v := v.(type) {
	case nil:
		return 0, purse.Refuse(purse.CodeMissing, "amount is required: a number, such as 39.99.")
	case json.Number:
		return parseAmount(string(v), d.Currency)
	}
	return 0, purse.Refuse(purse.CodeAmount, `amount must be a JSON number, such as 39.99 without quotation marks.`)
}
