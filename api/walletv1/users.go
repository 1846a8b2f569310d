package walletv1

import (
	"net/http"
	"net/url"
	"strconv"

	"purse"
	"purse/api"
	"purse/identity"
)

// How many people a search finds if the caller does not say, and at most.
const (
	searchDefault = 20
	searchMax     = 50
)

// user answers GET /v1/users/{id}; a username will do for the id. The scope
// access_profile is needed.
func (d *Door) user(w http.ResponseWriter, r *http.Request) error {
	_, actor, err := d.reader(r)
	if err != nil {
		return err
	}
	u, err := d.person(r.Context(), actor, purse.AccessProfile, r.PathValue("id"))
	if err != nil {
		return err
	}
	p, err := d.Identity.Look(r.Context(), actor, u)
	if err != nil {
		return err
	}
	b := d.appendPerson(append(make([]byte, 0, answerBytes), `{"data":`...), p)
	return api.WriteJSON(w, http.StatusOK, string(append(b, '}')))
}

// users answers GET /v1/users?query=: people whose username or name begins so. The
// scope access_profile is needed.
func (d *Door) users(w http.ResponseWriter, r *http.Request) error {
	p, actor, err := d.reader(r)
	if err != nil {
		return err
	}
	q := identity.SearchQuery{Text: p.Get("query"), Usernames: p.Get("type") == "username"}
	if q.Limit, err = readCount(p.Get("limit"), "limit", searchDefault, 1, searchMax); err != nil {
		return err
	}
	if q.Offset, err = readCount(p.Get("offset"), "offset", 0, 0, pageMax); err != nil {
		return err
	}
	people, more, err := d.Identity.Search(r.Context(), actor, q)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, answerBytes), `{"pagination":{"next":`...)
	if next := q.Offset + q.Limit; more && next < pageMax {
		v := url.Values{"query": {q.Text}, "limit": {strconv.Itoa(q.Limit)}, "offset": {strconv.Itoa(next)}}
		if q.Usernames {
			v.Set("type", "username")
		}
		b = purse.AppendQuoted(b, api.Origin(r, d.PublicURL)+"/v1/users?"+v.Encode())
	} else {
		b = append(b, `null`...)
	}
	b = append(b, `},"data":[`...)
	for i, one := range people {
		if i > 0 {
			b = append(b, ',')
		}
		b = d.appendPerson(b, one)
	}
	return api.WriteJSON(w, http.StatusOK, string(append(b, `]}`...)))
}
