// Package money holds exact sums of money. An Amount is a whole number of the
// minor unit of its currency (cents for USD), so nothing is ever rounded: what
// cannot be written exactly is refused.
//
// Decimals are read and printed as text and never pass through a float. Which
// currencies exist, and how many decimals each has, is ISO 4217 as the
// bojanz/currency tables give it; everything else about money (who may move
// it, and when) belongs to the packages above.
package money

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/bojanz/currency"
)

// Currency is an ISO 4217 code such as "USD".
type Currency string

// Digits is the number of decimals of c: 2 for USD, 0 for JPY. ok is false for
// a code that ISO 4217 does not know.
func (c Currency) Digits() (digits int, ok bool) {
	if c == "USD" { // the default of nearly every network, and on the hot path
		return 2, true
	}
	d, ok := currency.GetDigits(string(c))
	return int(d), ok
}

// Amount is a sum in the minor unit of its currency: {1250, USD} is $12.50.
type Amount struct {
	Minor    int64
	Currency Currency
}

// The ways in which a text is not an amount, or two amounts do not go together.
var (
	ErrSyntax   = errors.New("money: not a decimal number")
	ErrScale    = errors.New("money: more decimals than the currency has")
	ErrRange    = errors.New("money: out of range")
	ErrCurrency = errors.New("money: unknown or different currency")
)

// Parse reads a decimal such as "12.50", "-3" or "0.1". It takes what JSON
// takes for a number, less the exponent, and tolerates leading zeros. More
// decimals than the currency has is ErrScale, also when they are zeros: "12.505"
// USD is refused, never rounded.
func Parse(s string, c Currency) (Amount, error) {
	scale, ok := c.Digits()
	if !ok {
		return Amount{}, fmt.Errorf("%w: %q", ErrCurrency, string(c))
	}
	digits, negative := s, false
	if digits != "" && digits[0] == '-' {
		digits, negative = digits[1:], true
	}
	// Accumulated as a negative number, whose range is the larger by one.
	minor, decimals, point := int64(0), 0, -1
	for i := range len(digits) {
		d := digits[i]
		if d == '.' && point < 0 && i > 0 {
			point = i
			continue
		}
		if d < '0' || d > '9' {
			return Amount{}, ErrSyntax
		}
		if point >= 0 {
			decimals++
		}
		if decimals > scale {
			return Amount{}, scaleOrSyntax(digits[i:])
		}
		if minor, ok = shift(minor, int64(d-'0')); !ok {
			return Amount{}, rangeOrSyntax(digits[i:])
		}
	}
	if len(digits) == 0 || point == len(digits)-1 {
		return Amount{}, ErrSyntax
	}
	for range scale - decimals {
		if minor, ok = shift(minor, 0); !ok {
			return Amount{}, ErrRange
		}
	}
	if !negative {
		if minor == math.MinInt64 {
			return Amount{}, ErrRange
		}
		minor = -minor
	}
	return Amount{minor, c}, nil
}

// shift appends a decimal digit to a number that is zero or less.
func shift(minor, digit int64) (int64, bool) {
	if minor < (math.MinInt64+digit)/10 {
		return 0, false
	}
	return minor*10 - digit, true
}

// scaleOrSyntax and rangeOrSyntax look at the rest of a text that is already
// refused, so that "1.2345x" is called a bad number and not a long one.
func scaleOrSyntax(rest string) error { return pick(rest, ErrScale) }
func rangeOrSyntax(rest string) error { return pick(rest, ErrRange) }

func pick(rest string, err error) error {
	for i := range len(rest) {
		if (rest[i] < '0' || rest[i] > '9') && rest[i] != '.' {
			return ErrSyntax
		}
	}
	return err
}

// Add returns a+b. Mixed currencies and overflow are errors rather than wrong
// numbers, because both would create or destroy money silently.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, ErrCurrency
	}
	if b.Minor > 0 && a.Minor > math.MaxInt64-b.Minor || b.Minor < 0 && a.Minor < math.MinInt64-b.Minor {
		return Amount{}, ErrRange
	}
	return Amount{a.Minor + b.Minor, a.Currency}, nil
}

// Append writes a with all decimals of its currency and without the currency:
// "12.50", "-0.05", and "1250" for a currency that has none. An unknown
// currency is written in minor units.
func (a Amount) Append(b []byte) []byte {
	scale, _ := a.Currency.Digits()
	if a.Minor < 0 {
		b = append(b, '-')
	}
	// The magnitude as unsigned, so that the smallest int64 has one too.
	magnitude := uint64(a.Minor)
	if a.Minor < 0 {
		magnitude = -magnitude
	}
	unit := uint64(1)
	for range scale {
		unit *= 10
	}
	b = strconv.AppendUint(b, magnitude/unit, 10)
	if scale == 0 {
		return b
	}
	b = append(b, '.')
	rest := magnitude % unit
	for unit /= 10; unit > 0; unit /= 10 {
		b = append(b, byte('0'+rest/unit%10))
	}
	return b
}

// Decimal is what Append writes, as a string.
func (a Amount) Decimal() string { return string(a.Append(nil)) }

// String is the decimal with its currency, for people and logs: "12.50 USD".
func (a Amount) String() string { return a.Decimal() + " " + string(a.Currency) }
