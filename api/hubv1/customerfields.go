package hubv1

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"purse/hub"
)

// choice reads one of several words; usual if it is absent.
func (f form) choice(name, usual string, words ...string) string {
	text := f.text(name, textMax)
	if text == "" {
		return usual
	}
	if !slices.Contains(words, text) {
		f.wrong(name, isNoWord+strings.Join(words, ", "))
	}
	return text
}

// address reads an IP address; empty if it is absent.
func (f form) address(name string) string {
	text := f.text(name, textMax)
	if _, err := netip.ParseAddr(text); text != "" && err != nil {
		f.wrong(name, "is not an IP address")
	}
	return text
}

// country reads the two letters of a country (ISO 3166-1); empty if they are absent.
func (f form) country(name string) string {
	text := f.text(name, textMax)
	if text != "" && (len(text) != 2 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		f.wrong(name, "must be the two letters of a country")
	}
	return text
}

// The years in which customers may be born.
const (
	yearMin = 1900
	yearMax = 9999
)

// day reads a day of the calendar.
func (f form) day() hub.Date {
	before := len(*f.faults)
	d := hub.Date{Day: f.whole("day", 1, 31), Month: f.whole("month", 1, 12), Year: f.whole("year", yearMin, yearMax)}
	if len(*f.faults) > before {
		return hub.Date{}
	}
	if time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC).Day() != d.Day {
		f.wrong("day", "is not in that month")
	}
	return d
}

// whole reads a number that must be there. Some callers send it as a text.
func (f form) whole(name string, least, most int) int {
	var text string
	switch v := f.object.Get(name).(type) {
	case nil:
		f.need(name)
		return 0
	case json.Number:
		text = string(v)
	case string:
		text = v
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		f.wrong(name, "must be a number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
	}
	return n
}
