package hubv1

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"purse"
	"purse/api"
)

// The bounds of a list (wire.md B.2).
const (
	pageDefault = 10
	pageMax     = 50
	offsetMax   = 1_000
	daysDefault = 30 * 24 * time.Hour
)

// query reads which handles or operations are to be listed. Without a startDate a
// list goes 30 days back from its end; one by reference goes back for ever, since a
// shop looks for its order whenever it gives money back.
//
// Refused with a fieldsError.
func (d *Door) query(r *http.Request, s purse.Seller) (q purse.HubQuery, err error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return q, &purse.Error{Code: purse.CodeField, Message: "The query could not be read.", Err: err}
	}
	f := newForm(nil)
	q = purse.HubQuery{Merchant: s.Merchant, Ref: values.Get("merchantRefNum")}
	if q.Ref != "" {
		if err := purse.CheckReference(q.Ref); err != nil {
			f.wrong("merchantRefNum", messageOf(err))
		}
	}
	q.Limit = f.count(values, "limit", pageDefault, 1, pageMax)
	q.Offset = f.count(values, "offset", 0, 0, offsetMax)
	q.From, q.To = f.date(values, "startDate", false), f.date(values, "endDate", true)
	if f.err() == nil && q.From > q.To {
		f.wrong("startDate", "must not be after endDate")
	}
	if err := f.err(); err != nil {
		return q, err
	}
	if values.Get("startDate") == "" && q.Ref == "" {
		end := q.To
		if values.Get("endDate") == "" {
			if end, err = d.Hub.Store.Now(r.Context(), d.Book); err != nil {
				return q, err
			}
		}
		q.From = end.Add(-daysDefault)
	}
	return q, nil
}

// count reads a number in the query.
func (f form) count(values url.Values, name string, usual, least, most int) int {
	text := values.Get(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		f.wrong(name, "must be a number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		return usual
	}
	return n
}

// date reads a date in the query. The end of a list is the end of that second or
// day; an absent one is for ever.
func (f form) date(values url.Values, name string, end bool) purse.Time {
	text := values.Get(name)
	if text == "" {
		if end {
			return math.MaxInt64
		}
		return purse.Epoch
	}
	from, after, ok := api.ParseDate(text)
	switch {
	case ok && end:
		return after
	case ok:
		return from
	}
	f.wrong(name, "must be a date such as 2026-12-30T19:40:57Z")
	return 0
}

// appendMeta writes a list up to its first item.
func appendMeta(b []byte, q purse.HubQuery, all int, key string) []byte {
	b = appendInt(append(b, `{"meta":{"numberOfRecords":`...), int64(all))
	b = appendInt(append(b, `,"limit":`...), int64(q.Limit))
	b = appendInt(append(b, `,"page":`...), int64(q.Offset/q.Limit+1))
	b = purse.AppendQuoted(append(b, `},`...), key)
	return append(b, `:[`...)
}
