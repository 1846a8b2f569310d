package orderv1

import (
	"bytes"
	"net/http"
	"strconv"

	"purse"
	"purse/money"
)

// recordBytes is about what the record of an order takes.
const recordBytes = 256

// encodeCreated is the answer to a new order (seeds/000). It runs inside the command.
func (d *Door) encodeCreated(o purse.Order) purse.Answer {
	b := purse.AppendQuoted(append(make([]byte, 0, recordBytes), `{"order_url":`...), d.PublicURL+"/pay/"+o.Link)
	b = strconv.AppendInt(append(b, `,"order_id":`...), int64(o.Number), 10)
	b = append(d.appendAmount(append(b, `,"amount":"`...), o.Minor), `"}`...)
	return purse.Answer{Status: http.StatusOK, Body: string(b)}
}

// appendRecord writes an order as lists and look-ups show it (wire.md C.2).
func (d *Door) appendRecord(b []byte, o purse.Order, m purse.Merchant) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), int64(o.Number), 10)
	b = d.appendAmount(append(b, `,"Amount":`...), o.Minor)
	b = purse.AppendQuoted(append(b, `,"currency":`...), string(d.Currency))
	b = purse.AppendQuoted(append(b, `,"customer":`...), o.Customer)
	b = purse.AppendQuoted(append(b, `,"product":`...), o.Product)
	b = purse.AppendQuoted(append(b, `,"hook_url":`...), m.Orders.Hook)
	b = purse.AppendQuoted(append(b, `,"status":`...), shownStatus(o.Status))
	return append(b, '}')
}

// shownStatus is the word for a state. Callers know three.
func shownStatus(s purse.OrderStatus) string {
	if s == purse.OrderCancelled {
		s = purse.OrderExpired
	}
	return string(s)
}

// appendAmount writes an amount as the seed does: 100, 39.9, 39.99.
func (d *Door) appendAmount(b []byte, minor int64) []byte {
	from := len(b)
	b = money.Amount{Minor: minor, Currency: d.Currency}.Append(b)
	if bytes.IndexByte(b[from:], '.') < 0 {
		return b
	}
	return bytes.TrimRight(bytes.TrimRight(b, "0"), ".")
}
