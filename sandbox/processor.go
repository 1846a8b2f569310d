package sandbox

import (
	"strconv"

	"purse"
)

// Processor is the purse.Processor of a sandbox: whether it declines depends on the
// amount, and on nothing else (wire.md B.11). Amounts that are not in its tables are
// plain.
type Processor struct{}

// The amounts of payments that are declined, in minor units.
const (
	declinedFrom, declinedBelow = 2000_00, 3000_00 // when the money is taken
	floorFrom, floorBelow       = 3000_00, 3001_00 // when the handle is made
)

// external is who answers where an outside processor is asked (wire.md B.11).
const external = "EXTERNAL"

// gateway is what the processor says of withdrawals, by their amount in minor units.
// The last row is not in our copy of the table, and follows from the others.
var gateway = map[int64]string{
	45_11: "SENDER_RESTRICTED",
	45_21: "SENDER_EMAIL_UNCONFIRMED",
	45_31: "AUTHORIZATION_ERROR",
	45_41: "INSUFFICIENT_FUNDS",
	45_51: "INTERNAL_ERROR",
}

// Refuses implements purse.Processor.
//
// The floor limit is there whoever answers: the seed's row for it says "(internal)",
// which is the vendor's own check and not the header of that name, since a payment of
// that size never gets as far as a page. Withdrawals have no page either.
func (Processor) Refuses(step purse.Step, h purse.Handle) (purse.Decline, bool) {
	switch {
	case step == purse.StepHandle && h.Type == purse.HandleForPayment:
		if h.Minor >= floorFrom && h.Minor < floorBelow {
			return purse.Decline{Fault: purse.CodeFloor, Processor: dollars(h)}, true
		}
	case step == purse.StepHandle && h.Type == purse.HandleForCredit:
		if word, ok := gateway[h.Minor]; ok {
			return purse.Decline{Fault: purse.CodeGateway, Processor: word}, true
		}
	case step == purse.StepSale && h.Type == purse.HandleForPayment && h.Simulator == external:
		if h.Minor >= declinedFrom && h.Minor < declinedBelow {
			return purse.Decline{Fault: purse.CodeDeclined, Processor: dollars(h)}, true
		}
	}
	return purse.Decline{}, false
}

// dollars is the processor's word for a decline: the whole dollars of the amount.
func dollars(h purse.Handle) string { return strconv.FormatInt(h.Minor/100, 10) }
