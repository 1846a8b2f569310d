package web

import (
	"strings"
	"time"

	"purse"
	"purse/hub"
)

// limits are how far an agreement with a merchant goes, as they are typed; "" is
// without a bound.
type limits struct {
	CapPayment, CapMonth string
	Ends                 string // the last day, as 2027-12-31
	Currency             string
}

// dayForm is how browsers send the day that was picked.
const dayForm = "2006-01-02"

// limitsOf are those of an agreement.
func (s *Site) limitsOf(m purse.Mandate) limits {
	l := limits{Currency: string(s.Currency)}
	if m.CapPayment >= 0 {
		l.CapPayment = s.decimal(m.CapPayment)
	}
	if m.CapMonth >= 0 {
		l.CapMonth = s.decimal(m.CapMonth)
	}
	if m.Ends != 0 {
		l.Ends = (m.Ends - 1).UTC().Format(dayForm)
	}
	return l
}

// boundsOf are the same in words.
func (s *Site) boundsOf(m purse.Mandate) string {
	var all []string
	if m.CapPayment >= 0 {
		all = append(all, s.amount(m.CapPayment)+" a payment")
	}
	if m.CapMonth >= 0 {
		all = append(all, s.amount(m.CapMonth)+" a month")
	}
	if m.Ends != 0 {
		all = append(all, "until "+date(m.Ends-1))
	}
	if len(all) == 0 {
		return "None"
	}
	return strings.Join(all, ", ")
}

// typedLimits are as somebody has typed them.
func typedLimits(t *turn) limits {
	return limits{CapPayment: t.text("cap_payment"), CapMonth: t.text("cap_month"), Ends: t.text("ends")}
}

// readLimits reads what somebody has typed. An agreement ends with its last day, UTC.
//
// Refused with CodeAmount or CodeInvalid.
func (s *Site) readLimits(t *turn) (hub.Agreement, error) {
	a := hub.Agreement{CapPayment: purse.NoCap, CapMonth: purse.NoCap}
	typed := typedLimits(t)
	var err error
	if typed.CapPayment != "" {
		if a.CapPayment, err = s.readAmount(typed.CapPayment); err != nil {
			return a, err
		}
	}
	if typed.CapMonth != "" {
		if a.CapMonth, err = s.readAmount(typed.CapMonth); err != nil {
			return a, err
		}
	}
	if typed.Ends != "" {
		day, err := time.Parse(dayForm, typed.Ends)
		if err != nil {
			return a, &purse.Error{Code: purse.CodeInvalid, Message: "This is not a day. Write it like 2027-12-31.", Err: err}
		}
		a.Ends = purse.TimeOf(day.AddDate(0, 0, 1))
	}
	return a, nil
}
