package purse

import (
	"math"
	"math/bits"
	"time"
)

// Terms are what a network's operator has set for payments between people.
type Terms struct {
	Fee        Fee
	EscrowLife time.Duration // how long a payment waits for the owner of its address
	ChargeLife time.Duration // how long a charge waits to be approved
	AppCap     int64         // what new apps may pay out for one person in a day, minor units; AppsOwnCap: any amount
}

// DefaultTerms are those of a new network.
var DefaultTerms = Terms{EscrowLife: 7 * 24 * time.Hour, ChargeLife: 30 * 24 * time.Hour, AppCap: 100_00}

// lifeMax bounds how long anything may wait.
const lifeMax = 366 * 24 * time.Hour

// Check refuses terms that make no sense.
func (t Terms) Check() error {
	for _, life := range []time.Duration{t.EscrowLife, t.ChargeLife} {
		if life < time.Second || life > lifeMax {
			return Refuse(CodeInvalid, "A payment waits between a second and %d days.", int(lifeMax.Hours()/24))
		}
	}
	if t.AppCap < AppsOwnCap {
		return Refuse(CodeInvalid, "What apps may pay out in a day is an amount, and not negative.")
	}
	return t.Fee.check()
}

// Fee is what a payer pays on top of a payment, or a merchant out of what it settles.
type Fee struct {
	Fixed int64 // minor units
	Basis int64 // hundredths of a percent of the payment
}

// fixedMax bounds a fee far below what a sum could overflow by.
const fixedMax = 1_000_000_000_000

// basisWhole is a hundred percent.
const basisWhole = 10_000

func (f Fee) check() error {
	if f.Fixed < 0 || f.Fixed > fixedMax || f.Basis < 0 || f.Basis > basisWhole {
		return Refuse(CodeInvalid, "A fee is not negative, and at most 100 percent.")
	}
	return nil
}

// Of is the fee for a payment of minor units, the percentage rounded half up. A
// sum that no amount can hold comes out as the largest amount, which nobody has.
func (f Fee) Of(minor int64) int64 {
	hi, lo := bits.Mul64(uint64(minor), uint64(f.Basis))
	lo, carry := bits.Add64(lo, basisWhole/2, 0)
	if hi += carry; hi >= basisWhole {
		return math.MaxInt64
	}
	part, _ := bits.Div64(hi, lo, basisWhole)
	if part > uint64(math.MaxInt64-f.Fixed) {
		return math.MaxInt64
	}
	return int64(part) + f.Fixed
}

// SetTerms changes the terms of the book.
func (f *Facts) SetTerms(t Terms) {
	f.Book.Terms = t
	f.set.Book.Terms = t
}
