package purse

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(year int, month time.Month, day, hour, minute int) Time {
	return TimeOf(time.Date(year, month, day, hour, minute, 0, 0, time.UTC))
}

func TestMonthsAreThoseOfTheCalendar(t *testing.T) {
	for _, tc := range []struct {
		at   Time
		want int64
	}{
		{0, 0}, {at(1970, 1, 31, 23, 59), 0}, {at(1970, 2, 1, 0, 0), 1}, {at(1970, 12, 31, 23, 59), 11}, {at(1971, 1, 1, 0, 0), 12},
		{at(2024, 2, 29, 23, 59), 649}, {at(2024, 3, 1, 0, 0), 650}, {at(2024, 3, 1, 0, 0) - 1, 649},
	} {
		if got := tc.at.month(); got != tc.want {
			t.Errorf("%v is in month %d, want %d", tc.at.UTC(), got, tc.want)
		}
	}
}

func TestMandateStands(t *testing.T) {
	for _, tc := range []struct {
		m    Mandate
		want bool
	}{
		{Mandate{Person: 10}, true}, {Mandate{}, false}, {Mandate{Person: 10, Revoked: 1}, false}, {Mandate{Person: 10, Revoked: 200}, false},
		{Mandate{Person: 10, Ends: 101}, true}, {Mandate{Person: 10, Ends: 100}, false}, {Mandate{Person: 10, Ends: 99}, false},
	} {
		if got := tc.m.Stands(100); got != tc.want {
			t.Errorf("%+v: %v", tc.m, got)
		}
	}
}

func TestMandateTakesWhatFits(t *testing.T) {
	now := at(2026, 3, 31, 23, 59)
	this, last := now.month(), now.month()-1
	for _, tc := range []struct {
		name  string
		m     Mandate
		minor int64
		want  bool
		spent int64
	}{
		{"no caps", Mandate{CapPayment: NoCap, CapMonth: NoCap}, 1 << 60, true, 1 << 60},
		{"payment at its cap", Mandate{CapPayment: 100, CapMonth: NoCap}, 100, true, 100},
		{"payment over its cap", Mandate{CapPayment: 100, CapMonth: NoCap}, 101, false, 0},
		{"no payment at all", Mandate{CapPayment: 0, CapMonth: NoCap}, 1, false, 0},
		{"month at its cap", Mandate{CapPayment: NoCap, CapMonth: 100, Month: this, Spent: 60}, 40, true, 100},
		{"month over its cap", Mandate{CapPayment: NoCap, CapMonth: 100, Month: this, Spent: 60}, 41, false, 60},
		{"a cap below what was taken", Mandate{CapPayment: NoCap, CapMonth: 50, Month: this, Spent: 60}, 1, false, 60},
		{"a new month", Mandate{CapPayment: NoCap, CapMonth: 100, Month: last, Spent: 90}, 100, true, 100},
		{"too much to count", Mandate{CapPayment: NoCap, CapMonth: NoCap, Month: this, Spent: math.MaxInt64 - 5}, 6, false, math.MaxInt64 - 5},
		{"as much as can be counted", Mandate{CapPayment: NoCap, CapMonth: NoCap, Month: this, Spent: math.MaxInt64 - 5}, 5, true, math.MaxInt64},
	} {
		m := tc.m
		if got := m.Take(now, tc.minor); got != tc.want || m.ThisMonth(now) != tc.spent {
			t.Errorf("%s: %v, %d taken this month, want %d", tc.name, got, m.ThisMonth(now), tc.spent)
		}
		if (m != tc.m) != tc.want || tc.want && (m.Used != now || m.Month != this) {
			t.Errorf("%s: it has become %+v", tc.name, m)
		}
	}
}

func TestMandateGivesBackWithinTheMonth(t *testing.T) {
	march, april := at(2026, 3, 31, 23, 59), at(2026, 4, 1, 0, 0)
	for _, tc := range []struct {
		name      string
		m         Mandate
		then, now Time
		want      int64 // of Spent
	}{
		{"same month", Mandate{Month: march.month(), Spent: 100}, march - 5, march, 70},
		{"all of it", Mandate{Month: march.month(), Spent: 30}, march, march, 0},
		{"more than is there", Mandate{Month: march.month(), Spent: 20}, march, march, 0},
		{"the month is over", Mandate{Month: march.month(), Spent: 100}, march, april, 100},
		{"counted in the month before", Mandate{Month: april.month(), Spent: 100}, march, april, 100},
		{"same month, a year later", Mandate{Month: at(2027, 3, 1, 0, 0).month(), Spent: 100}, march, at(2027, 3, 2, 0, 0), 100},
	} {
		if tc.m.GiveBack(tc.then, tc.now, 30); tc.m.Spent != tc.want {
			t.Errorf("%s: %d is left, want %d", tc.name, tc.m.Spent, tc.want)
		}
	}
}

// TestMandateCountsAsAList: over months it says what a list of everything that was
// taken and given back says.
func TestMandateCountsAsAList(t *testing.T) {
	type taken struct {
		at    Time
		minor int64
	}
	rapid.Check(t, func(t *rapid.T) {
		m := Mandate{CapPayment: rapid.Int64Range(NoCap, 50).Draw(t, "payment"), CapMonth: rapid.Int64Range(NoCap, 200).Draw(t, "month")}
		now := at(2023, 12, 1, 0, 0)
		var list []taken
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*24*time.Hour)).Draw(t, "wait")))
			var sum int64
			for _, one := range list {
				if u, n := one.at.UTC(), now.UTC(); u.Year() == n.Year() && u.Month() == n.Month() {
					sum += one.minor
				}
			}
			if got := m.ThisMonth(now); got != sum {
				t.Fatalf("in %v it has taken %d, and the list says %d", now.UTC(), got, sum)
			}
			if i := len(list) - 1; i >= 0 && rapid.Bool().Draw(t, "give back") {
				i = rapid.IntRange(0, i).Draw(t, "which")
				minor := rapid.Int64Range(0, list[i].minor).Draw(t, "minor")
				m.GiveBack(list[i].at, now, minor)
				list[i].minor -= minor
				continue
			}
			minor := rapid.Int64Range(1, 60).Draw(t, "minor")
			fits := (m.CapPayment < 0 || minor <= m.CapPayment) && (m.CapMonth < 0 || sum+minor <= m.CapMonth)
			if m.Take(now, minor) != fits {
				t.Fatalf("%d on top of %d: taken %v", minor, sum, !fits)
			}
			if fits {
				list = append(list, taken{now, minor})
			}
		}
	})
}
