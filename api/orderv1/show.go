package orderv1

import (
	"net/http"
	"net/url"
	"strconv"

	"purse"
	"purse/api"
)

// The bounds of what is shown at once.
const (
	pageDefault = 10
	pageMax     = 100
	offsetMax   = 10_000
)

// list answers GET /payments: the merchant's orders, newest first.
func (d *Door) list(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	values, err := readQuery(r)
	if err != nil {
		return err
	}
	var q purse.OrderQuery
	if q.Limit, err = count(values, "limit", pageDefault, 1); err != nil {
		return err
	}
	q.Limit = min(q.Limit, pageMax) // the answer tells the caller
	if q.Offset, err = count(values, "offset", 0, 0); err != nil {
		return err
	}
	if q.Offset > offsetMax {
		return purse.Refuse(purse.CodeInvalid, "offset must be at most %d: ask for a period at /payment/history.", offsetMax)
	}
	orders, err := d.Orders.Orders(r.Context(), s, q)
	if err != nil {
		return err
	}
	return d.shown(w, r, s, orders, func(b []byte) []byte {
		b = strconv.AppendInt(append(b, `{"limit":`...), int64(q.Limit), 10)
		return strconv.AppendInt(append(b, `,"offset":`...), int64(q.Offset), 10)
	})
}

func readQuery(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &purse.Error{Code: purse.CodeInvalid, Message: "The query could not be read.", Err: err}
	}
	return values, nil
}

// count reads a number in the query that is at least least. A blank one is as good as
// absent.
//
// Refused with CodeInvalid.
func count(values url.Values, name string, usual, least int) (int, error) {
	text := values.Get(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least {
		return 0, purse.Refuse(purse.CodeInvalid, "%s must be a whole number, at least %d.", name, least)
	}
	return n, nil
}

// status answers GET /payment/status: one order of the merchant's.
func (d *Door) status(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	values, err := readQuery(r)
	if err != nil {
		return err
	}
	text := values.Get("payment_id")
	if text == "" {
		return purse.Refuse(purse.CodeMissing, "payment_id is required: the order_id of an order.")
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 1 || strconv.FormatInt(number, 10) != text {
		return purse.Refuse(purse.CodeInvalid, "payment_id must be the order_id of an order: a whole number from 1 on.")
	}
	o, err := d.Orders.Order(r.Context(), s, purse.OrderNumber(number))
	if purse.CodeOf(err) == purse.CodeNotFound {
		// The same words for what is not there and what is not yours.
		return purse.Refuse(purse.CodeNotFound, "There is no order with this payment_id.")
	}
	if err != nil {
		return err
	}
	m, err := d.merchant(r, s)
	if err != nil {
		return err
	}
	b := purse.AppendQuoted([]byte(`{"status":`), shownStatus(o.Status))
	b = d.appendRecord(append(b, `,"data":`...), o, m)
	return api.WriteJSON(w, http.StatusOK, string(append(b, '}')))
}

// history answers POST /payment/history: the orders that were made in a period, newest
// first, and the sum of their amounts, whatever has become of them (wire.md C.2).
func (d *Door) history(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	o, _, err := api.ReadObject(r)
	if err != nil {
		return err
	}
	from, _, err := date(o, "start_date")
	if err != nil {
		return err
	}
	_, after, err := date(o, "end_date")
	if err != nil {
		return err
	}
	if from >= after {
		return purse.Refuse(purse.CodeInvalid, "start_date must not be after end_date.")
	}
	h, err := d.Orders.History(r.Context(), s, from, after-1)
	if err != nil {
		return err
	}
	return d.shown(w, r, s, h.Orders, func(b []byte) []byte {
		return d.appendAmount(append(b, `{"amount":`...), h.Minor)
	})
}

// date reads a date: its first moment, and the first one after it.
//
// Refused with CodeMissing or CodeInvalid.
func date(o api.Object, name string) (from, after purse.Time, err error) {
	value, err := text(o, name)
	switch {
	case err != nil:
		return 0, 0, err
	case value == "":
		return 0, 0, purse.Refuse(purse.CodeMissing, "%s is required: a date such as 2026-12-30T19:40:57Z.", name)
	}
	from, after, ok := api.ParseDate(value)
	if !ok {
		return 0, 0, purse.Refuse(purse.CodeInvalid, "%s must be a date such as 2026-12-30T19:40:57Z.", name)
	}
	return from, after, nil
}

// shown answers with orders of the merchant's. head writes what stands before them.
func (d *Door) shown(w http.ResponseWriter, r *http.Request, s purse.Seller, orders []purse.Order, head func([]byte) []byte) error {
	m, err := d.merchant(r, s)
	if err != nil {
		return err
	}
	b := append(head(make([]byte, 0, recordBytes*(len(orders)+1))), `,"data":[`...)
	for i, o := range orders {
		if i > 0 {
			b = append(b, ',')
		}
		b = d.appendRecord(b, o, m)
	}
	return api.WriteJSON(w, http.StatusOK, string(append(b, `]}`...)))
}

// merchant is the one that s acts for, as it is today.
func (d *Door) merchant(r *http.Request, s purse.Seller) (purse.Merchant, error) {
	m, err := d.Orders.Store.Merchants(r.Context(), s.Merchant)
	return m[s.Merchant], err
}
