package walletv1

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"purse"
	"purse/api"
	"purse/wallet"
)

// How many payments a page has if the caller does not say, and at most; who asks
// for more gets that many (wire.md A.10: 20 and 1000).
const (
	pageDefault = 20
	pageMax     = 1000
)

// actorsMax bounds the actor filter: each actor is a look-up of its own.
const actorsMax = 20

// list answers GET /v1/payments, newest first. The scope access_profile is needed.
func (d *Door) list(w http.ResponseWriter, r *http.Request) error {
	p, actor, err := d.reader(r)
	if err != nil {
		return err
	}
	q, err := readQuery(p)
	if err != nil {
		return err
	}
	page, more, err := d.Wallet.List(r.Context(), actor, q)
	if err != nil {
		return err
	}
	next := ""
	if more {
		next = d.next(r, p, page[len(page)-1].Payment)
	}
	return api.WriteJSON(w, http.StatusOK, string(d.appendList(make([]byte, 0, answerBytes*(len(page)+1)), page, next)))
}

// readQuery reads the filters. Words that are no status are left out, because
// some callers send more than there are; blank filters count as absent.
func readQuery(p api.Params) (q purse.PaymentQuery, err error) {
	if q.Limit, err = readCount(p.Get("limit"), "limit", pageDefault, 1, pageMax); err != nil {
		return q, err
	}
	switch q.Action = purse.PaymentAction(p.Get("action")); q.Action {
	case "", purse.Pay, purse.Charge:
	default:
		return q, purse.Refuse(purse.CodeInvalid, "Invalid parameter : The action is pay or charge.")
	}
	for word := range words(p.Get("status")) {
		q.Statuses = append(q.Statuses, purse.PaymentStatus(word))
	}
	for word := range words(p.Get("actor")) {
		id, ok := parseID(word)
		if !ok {
			return q, purse.Refuse(purse.CodeInvalid, "Invalid parameter : The actor is a user id, or several with commas between.")
		}
		if q.Actors = append(q.Actors, purse.UserID(id)); len(q.Actors) > actorsMax {
			return q, purse.Refuse(purse.CodeInvalid, "Invalid parameter : At most %d actors can be asked for.", actorsMax)
		}
	}
	if n := len(q.Actors); n > 1 {
		q.Limit = min(q.Limit, pageMax/n) // what is read stays bounded by a page
	}
	if text := p.Get("after"); text != "" {
		t, err := readTime("after", text)
		if err != nil {
			return q, err
		}
		q.After = purse.FirstID(t+1) - 1
	}
	if text := p.Get("before"); text != "" {
		t, err := readTime("before", text)
		if err != nil {
			return q, err
		}
		q.Before = max(1, purse.FirstID(t))
	}
	// The tie-breaker says exactly where the page before ended.
	if text := p.Get("before_id"); text != "" {
		id, ok := parseID(text)
		if !ok {
			return q, purse.Refuse(purse.CodeInvalid, "Invalid parameter : before_id is taken from a link to the next page.")
		}
		q.Before = id
	}
	return q, nil
}

// words yields what stands between commas.
func words(list string) func(func(string) bool) {
	return strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// readCount takes any number and brings it between least and most; a blank one is
// usual.
func readCount(text, name string, usual, least, most int) (int, error) {
	if text == "" {
		return usual, nil
	}
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, purse.Refuse(purse.CodeInvalid, "Invalid parameter : The %s is a number.", name)
	}
	n, err := strconv.Atoi(text)
	if err != nil && digits == text {
		n = most // more digits than a number has
	}
	return min(max(n, least), most), nil
}

// dateForms are the forms in which callers send a date: as this door writes it,
// with a zone, and as a day.
var dateForms = []string{seconds, time.RFC3339, "2006-01-02"}

func readTime(name, text string) (purse.Time, error) {
	for _, form := range dateForms {
		// The fraction of a second is read whether or not the form has one.
		if t, err := time.Parse(form, text); err == nil {
			return purse.TimeOf(t), nil
		}
	}
	return 0, purse.Refuse(purse.CodeInvalid, "Invalid parameter : %s is a date such as 2026-12-30T19:40:57, in UTC.", name)
}

// kept are the parameters that a link to the next page carries on; the token is
// not among them.
var kept = []string{"action", "actor", "after", "limit", "status"}

// next is the link to the page behind p: at the address that the caller has used,
// so that it works from where they are.
func (d *Door) next(r *http.Request, params api.Params, p purse.Payment) string {
	q := url.Values{}
	for name := range params {
		if value := params.Get(name); value != "" && slices.Contains(kept, name) {
			q.Set(name, value)
		}
	}
	q.Set("before", p.Created().UTC().Format(seconds))
	q.Set("before_id", p.ID.String())
	return api.Origin(r, d.PublicURL) + "/v1/payments?" + q.Encode()
}

// appendList writes a page.
func (d *Door) appendList(b []byte, page []wallet.Receipt, next string) []byte {
	b = append(b, `{"pagination":{"next":`...)
	if next == "" {
		b = append(b, `null`...)
	} else {
		b = purse.AppendQuoted(b, next)
	}
	b = append(b, `},"data":[`...)
	for i, r := range page {
		if i > 0 {
			b = append(b, ',')
		}
		b = d.appendPayment(b, r, seconds, brief)
	}
	return append(b, `]}`...)
}
