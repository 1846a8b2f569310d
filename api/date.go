package api

import (
	"strings"
	"time"

	"purse"
)

// dateForms are the forms of a date in a request, and how long each of them lasts.
var dateForms = []struct {
	layout string
	lasts  time.Duration
}{{time.RFC3339, time.Second}, {"2006-01-02T15:04:05", time.Second}, {"2006-01-02", 24 * time.Hour}}

// ParseDate reads a date: with a zone as RFC 3339 has it, else in UTC, with or without
// a fraction of a second, or a day. It is as long as its text is exact: from its first
// moment to the first one after it.
func ParseDate(text string) (from, after purse.Time, ok bool) {
	for _, form := range dateForms {
		t, err := time.Parse(form.layout, text)
		if err != nil || t.Year() < 1 || t.Year() > 9999 {
			continue
		}
		return purse.TimeOf(t), purse.TimeOf(t.Add(form.lasts / fraction(text))), true
	}
	return 0, 0, false
}

// fraction is how many of the moments that a date is exact to are in a second, at most
// those that a purse.Time tells apart.
func fraction(text string) time.Duration {
	parts := time.Duration(1)
	if i := strings.IndexAny(text, ".,"); i >= 0 {
		for i++; i < len(text) && text[i] >= '0' && text[i] <= '9' && parts < time.Second/time.Microsecond; i++ {
			parts *= 10
		}
	}
	return parts
}
