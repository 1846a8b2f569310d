package purse

import (
	"math"
	"time"
)

// Allowance is what an app, or a trusted friend's charges, may take out of a
// person's wallet in a day, and what they took on the last day on which they took
// anything. It is part of the book, so that no race gets past it.
type Allowance struct {
	AllowanceKey
	Cap   int64 // minor units a day; AppsOwnCap: what the app starts with
	Day   int64 // days since 1970, UTC
	Spent int64 // minor units taken on Day
}

// AllowanceKey names an allowance. Apps and people never have the same number.
type AllowanceKey struct {
	Person  UserID
	Grantee int64 // an app's number or a friend's
}

// AppsOwnCap is the cap of an allowance that the person has not changed.
const AppsOwnCap = -1

// day is the number of the day that t falls into.
func (t Time) day() int64 { return int64(t) / (24 * time.Hour).Microseconds() }

// Allowance finds an allowance; where there is none nothing was taken yet and the
// cap is AppsOwnCap. Only what was not loaded is an error.
func (f *Facts) Allowance(k AllowanceKey) (Allowance, error) {
	a, err := found(f, &f.set.Allowances, k, "allowance", func(n *Needs) { n.Allowances = []AllowanceKey{k} })
	if CodeOf(err) == CodeNotFound {
		return Allowance{AllowanceKey: k, Cap: AppsOwnCap}, nil
	}
	return a, err
}

// Today is what was taken on the day of now.
func (a Allowance) Today(now Time) int64 {
	if a.Day == now.day() {
		return a.Spent
	}
	return 0
}

// Take adds what is taken at the time now, under a cap; false if it does not fit.
// A cap below 0 lets everything through.
func (a *Allowance) Take(now Time, minor, cap int64) bool {
	today := a.Today(now)
	if minor > math.MaxInt64-today || cap >= 0 && minor > cap-today {
		return false
	}
	a.Day, a.Spent = now.day(), today+minor
	return true
}
