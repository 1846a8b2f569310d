package purse

import (
	"fmt"

	"purse/ledger"
)

// What a wallet has paid out is counted by the hour, for the weekly limit. The
// counter of the hour in which it paid last is part of the account, which every
// payment reads and writes anyway; those of earlier hours are rows.

// SpentNow is what an account has paid out in the hour in which it paid last,
// and before.
type SpentNow struct {
	Hour   int64 // since 1970; 0: it has never paid
	Minor  int64 // minor units paid out in Hour
	Before int64 // the sum of the rows that counted against the weekly limit in Hour
}

// SpentKey names the row of what a wallet has paid out in one hour, in hours
// since 1970. What stands in the account comes on top.
type SpentKey struct {
	Account ledger.AccountID
	Hour    int64
}

// Spent is what a wallet has paid out in one hour, for NewFacts.
type Spent struct {
	SpentKey
	Minor int64
}

// spentHours is how long a payment counts against the weekly limit.
const spentHours = 168

// SpentSince is the first hour whose row a command at the time now may ask for.
func SpentSince(now Time) int64 { return now.hour() - spentHours + 1 }

// SpentThisWeek is what an account has paid out in the last 168 hours, the
// current one included, in minor units.
func (f *Facts) SpentThisWeek(id ledger.AccountID) (int64, error) {
	a, err := f.Account(id)
	switch {
	case err != nil || a.Spent.Hour == 0:
		return 0, err
	case a.Spent.Hour == f.Now.hour():
		return a.Spent.Before + a.Spent.Minor, nil
	}
	sum, err := f.spentRows(id)
	if a.Spent.Hour >= SpentSince(f.Now) {
		sum += a.Spent.Minor
	}
	return sum, err
}

// spentRows is the sum of the rows that count now.
func (f *Facts) spentRows(id ledger.AccountID) (sum int64, err error) {
	s := f.set.spentIn[id]
	if s == nil {
		return 0, f.lack(Needs{Spent: []ledger.AccountID{id}})
	}
	for _, k := range s.keys {
		if minor, there, _ := f.set.Spent.get(k); there && k.Hour >= SpentSince(f.Now) {
			sum += minor
		}
	}
	return sum, nil
}

// CountSpent adds to what an account has paid out in the current hour, and says
// which hour that is.
func (f *Facts) CountSpent(id ledger.AccountID, minor int64) (hour int64, err error) {
	a, err := f.Account(id)
	if err != nil {
		return 0, err
	}
	hour = f.Now.hour()
	if a.Spent.Hour != hour {
		if a.Spent.Hour != 0 {
			if err := f.changeSpent(SpentKey{id, a.Spent.Hour}, a.Spent.Minor); err != nil {
				return 0, err
			}
			if a.Spent.Before, err = f.spentRows(id); err != nil {
				return 0, err
			}
		}
		a.Spent.Hour, a.Spent.Minor = hour, 0
	}
	a.Spent.Minor += minor
	f.set.Accounts.put(id, a)
	return hour, nil
}

// UncountSpent takes back what was counted in an hour, and says whether it did:
// an hour that no limit looks at any more stays as it is.
func (f *Facts) UncountSpent(id ledger.AccountID, hour, minor int64) (bool, error) {
	a, err := f.Account(id)
	if err != nil || hour < SpentSince(f.Now) {
		return false, err
	}
	if hour == a.Spent.Hour && a.Spent.Minor >= minor {
		a.Spent.Minor -= minor
	} else {
		if err := f.changeSpent(SpentKey{id, hour}, -minor); err != nil {
			return false, err
		}
		a.Spent.Before -= minor
	}
	f.set.Accounts.put(id, a)
	return true, nil
}

// changeSpent adds to a row.
func (f *Facts) changeSpent(k SpentKey, minor int64) error {
	s := f.set.spentIn[k.Account]
	if s == nil {
		return f.lack(Needs{Spent: []ledger.AccountID{k.Account}})
	}
	before, _, _ := f.set.Spent.get(k)
	if before+minor < 0 {
		return fmt.Errorf("purse: account %d has counted %d in hour %d, less than %d", k.Account, before, k.Hour, -minor)
	}
	if minor != 0 {
		f.set.Spent.put(k, before+minor)
		s.add(k)
	}
	return nil
}
