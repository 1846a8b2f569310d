package walletv1

import (
	"strconv"

	"purse"
	"purse/money"
	"purse/wallet"
)

// This file is the door's JSON, in the order of the seed. Amounts are JSON
// numbers with all decimals, always positive; identifiers are strings of digits;
// times are UTC without a zone (wire.md A.1).

// Timestamps: the answer to a POST has microseconds, everything else whole
// seconds (seeds/002).
const (
	micros  = "2006-01-02T15:04:05.000000"
	seconds = "2006-01-02T15:04:05"
)

// answerBytes is about what a payment's answer takes.
const answerBytes = 1024

// appendCreated writes the answer to a new payment; the balance is there if the
// token may know it.
func (d *Door) appendCreated(b []byte, r wallet.Receipt) []byte {
	b = append(b, `{"data":{`...)
	if r.Balance != nil {
		b = append(d.appendAmount(append(b, `"balance":`...), *r.Balance), ',')
	}
	b = d.appendPayment(append(b, `"payment":`...), r, micros, whole)
	return append(b, `}}`...)
}

// appendShown writes the answer that shows one payment.
func (d *Door) appendShown(b []byte, r wallet.Receipt) []byte {
	b = d.appendPayment(append(b, `{"data":`...), r, seconds, whole)
	return append(b, '}')
}

// appendChanged writes the answer to a change of a payment.
func (d *Door) appendChanged(b []byte, r wallet.Receipt) []byte {
	b = d.appendPayment(append(b, `{"data":`...), r, seconds, brief)
	return append(b, '}')
}

// The members fee, refund and medium are where the seed has them: in the answer
// to a POST and in that which shows one payment, not in lists and changes.
const (
	brief = false
	whole = true
)

func (d *Door) appendPayment(b []byte, r wallet.Receipt, layout string, all bool) []byte {
	p := r.Payment
	b = appendID(append(b, `{"id":`...), int64(p.ID))
	b = purse.AppendQuoted(append(b, `,"status":`...), string(p.Status))
	b = purse.AppendQuoted(append(b, `,"note":`...), p.Note)
	b = d.appendAmount(append(b, `,"amount":`...), p.Minor)
	b = purse.AppendQuoted(append(b, `,"action":`...), string(p.Action))
	b = appendTime(append(b, `,"date_created":`...), p.Created(), layout)
	b = append(b, `,"date_completed":`...)
	if p.Completed == 0 {
		b = append(b, `null`...)
	} else {
		b = appendTime(b, p.Completed, layout)
	}
	b = purse.AppendQuoted(append(b, `,"audience":`...), string(p.Audience))
	b = d.appendTarget(append(b, `,"target":`...), r)
	b = d.appendUser(append(b, `,"actor":`...), r.Actor)
	if all {
		b = d.appendMoney(b, p)
	}
	return append(b, '}')
}

// appendTarget writes whom a payment was made to. An address is shown to whoever
// made the payment, and nobody else is party to it as long as it is one.
func (d *Door) appendTarget(b []byte, r wallet.Receipt) []byte {
	address := r.Payment.Address
	switch {
	case r.Payment.Target != 0:
		b = d.appendUser(append(b, `{"type":"user","phone":null,"email":null,"user":`...), r.Target)
	case address.Kind == purse.Phone:
		b = purse.AppendQuoted(append(b, `{"type":"phone","phone":`...), address.Text)
		b = append(b, `,"email":null,"user":null`...)
	default:
		b = purse.AppendQuoted(append(b, `{"type":"email","phone":null,"email":`...), address.Text)
		b = append(b, `,"user":null`...)
	}
	return append(b, '}')
}

// appendMoney writes what happened to the money besides: the fee, and the refund
// as a payment of its own.
func (d *Door) appendMoney(b []byte, p purse.Payment) []byte {
	b = append(b, `,"fee":`...)
	if p.Fee == 0 {
		b = append(b, `null`...)
	} else {
		b = d.appendAmount(b, p.Fee)
	}
	b = append(b, `,"refund":`...)
	if p.Refund == 0 {
		b = append(b, `null`...)
	} else {
		b = appendID(append(b, `{"id":`...), int64(p.Refund))
		b = d.appendAmount(append(b, `,"status":"settled","amount":`...), p.Minor+p.Fee)
		b = appendTime(append(b, `,"date_created":`...), p.Completed, seconds)
		b = append(appendTime(append(b, `,"date_completed":`...), p.Completed, seconds), '}')
	}
	return purse.AppendQuoted(append(b, `,"medium":`...), string(p.Medium))
}

// appendUser writes the eight members of a short user (wire.md A.3).
func (d *Door) appendUser(b []byte, u purse.User) []byte {
	b = d.appendNames(append(b, '{'), u)
	b = appendID(append(b, `,"id":`...), int64(u.ID))
	b = appendTime(append(b, `,"date_joined":`...), u.Joined, seconds)
	return append(b, '}')
}

// appendNames writes the members that say what a person is called and looks like.
func (d *Door) appendNames(b []byte, u purse.User) []byte {
	b = purse.AppendQuoted(append(b, `"username":`...), u.Username)
	b = purse.AppendQuoted(append(b, `,"first_name":`...), u.FirstName)
	b = purse.AppendQuoted(append(b, `,"last_name":`...), u.LastName)
	b = purse.AppendQuoted(append(b, `,"display_name":`...), u.DisplayName())
	b = purse.AppendQuoted(append(b, `,"about":`...), u.About)
	return purse.AppendQuoted(append(b, `,"profile_picture_url":`...), d.PublicURL+"/v1/users/"+u.ID.String()+"/picture.svg")
}

func appendID(b []byte, id int64) []byte {
	return append(strconv.AppendInt(append(b, '"'), id, 10), '"')
}

func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

func appendBool(b []byte, yes bool) []byte { return strconv.AppendBool(b, yes) }

// appendNullable writes a text, or null for an empty one.
func appendNullable(b []byte, text string) []byte {
	if text == "" {
		return append(b, `null`...)
	}
	return purse.AppendQuoted(b, text)
}

func appendTime(b []byte, t purse.Time, layout string) []byte {
	return append(t.UTC().AppendFormat(append(b, '"'), layout), '"')
}

func (d *Door) appendAmount(b []byte, minor int64) []byte {
	return money.Amount{Minor: minor, Currency: d.Currency}.Append(b)
}
