package load

import (
	"context"
	"errors"
	"slices"
)

// Measure makes one measurement, a rate.
type Measure func(context.Context) (float64, error)

// Alternate measures a and b in turn, rounds times each, and stops at the first
// error with what it has. Every second round begins with b, so that a machine
// that slows down or speeds up steadily favours neither.
func Alternate(ctx context.Context, rounds int, a, b Measure) (as, bs []float64, err error) {
	if rounds < 1 {
		return nil, nil, errors.New("load: there must be a round to alternate in")
	}
	take := func(m Measure, into *[]float64) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := m(ctx)
		if err != nil {
			return err
		}
		*into = append(*into, v)
		return nil
	}
	for round := range rounds {
		first, second := func() error { return take(a, &as) }, func() error { return take(b, &bs) }
		if round%2 == 1 {
			first, second = second, first
		}
		if err := first(); err != nil {
			return as, bs, err
		}
		if err := second(); err != nil {
			return as, bs, err
		}
	}
	return as, bs, nil
}

// Median returns the middle of the values, of two middles the mean, of none 0.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return sorted[middle-1]/2 + sorted[middle]/2
}
