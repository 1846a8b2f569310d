package orderv1

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"purse"
	"purse/money"
)

// parseAmount reads the text of a JSON number as an amount in minor units: exactly, or
// not at all. What counts is the number and not how it is written: 100, 100.000 and 1e2
// are one amount.
//
// Refused with CodeAmount.
func parseAmount(number string, c money.Currency) (int64, error) {
	scale, _ := c.Digits()
	digits, decimals := significant(number)
	switch {
	case digits == "" || number[0] == '-':
		return 0, purse.Refuse(purse.CodeAmount, "amount must be above zero.")
	case decimals > scale && scale == 0:
		return 0, purse.Refuse(purse.CodeAmount, "amount must be a whole number: %s has no decimals.", c)
	case decimals > scale:
		return 0, purse.Refuse(purse.CodeAmount, "amount must have at most %d decimals.", scale)
	}
	// A longer one is too much, and is not written out.
	if zeros := scale - decimals; len(digits)+zeros <= len(strconv.Itoa(purse.OrderMax)) {
		minor, err := strconv.ParseInt(digits+strings.Repeat("0", zeros), 10, 64)
		if err == nil && minor <= purse.OrderMax {
			return minor, nil
		}
	}
	return 0, purse.Refuse(purse.CodeAmount, "amount must be at most %s.", money.Amount{Minor: purse.OrderMax, Currency: c}.Decimal())
}

// significant takes a JSON number apart: its digits without zeros at either end, and how
// many of them are decimals; below zero: how many zeros stand behind them. No digits are
// zero. The sign is left out.
func significant(number string) (digits string, decimals int) {
	mantissa, exponent := strings.TrimPrefix(number, "-"), 0
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(mantissa[i+1:]); errors.Is(err, strconv.ErrRange) {
			// Far more than the digits of a request could make up for.
			exponent = math.MaxInt32
			if mantissa[i+1] == '-' {
				exponent = math.MinInt32
			}
		}
		exponent = min(max(exponent, math.MinInt32), math.MaxInt32)
		mantissa = mantissa[:i]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits = strings.TrimRight(whole+fraction, "0")
	decimals = len(fraction) - exponent - (len(whole) + len(fraction) - len(digits))
	return strings.TrimLeft(digits, "0"), decimals
}
