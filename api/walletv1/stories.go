package walletv1

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"purse"
	"purse/api"
	"purse/wallet"
)

// stories answers GET /v1/stories/target-or-actor/{id}, newest first: what the
// token's person may see of somebody's payments, or of their own. The scope
// access_feed is needed.
func (d *Door) stories(w http.ResponseWriter, r *http.Request) error { return d.feed(w, r, "id") }

// storiesBetween answers GET /v1/stories/target-or-actor/{a}/target-or-actor/{b}:
// the payments between two people.
func (d *Door) storiesBetween(w http.ResponseWriter, r *http.Request) error {
	return d.feed(w, r, "a", "b")
}

// feed answers with the payments of one person, or of two; people are the names in
// the path.
func (d *Door) feed(w http.ResponseWriter, r *http.Request, people ...string) error {
	p, actor, err := d.reader(r)
	if err != nil {
		return err
	}
	var q wallet.FeedQuery
	if q.Limit, err = readCount(p.Get("limit"), "limit", pageDefault, 1, pageMax); err != nil {
		return err
	}
	if text := p.Get("before_id"); text != "" {
		var ok bool
		if q.Before, ok = parseID(text); !ok {
			return purse.Refuse(purse.CodeInvalid, "Invalid parameter : before_id is the id of a story.")
		}
	}
	path := "/v1/stories"
	for i, name := range people {
		u, err := d.person(r.Context(), actor, purse.AccessFeed, r.PathValue(name))
		if err != nil {
			return err
		}
		path += "/target-or-actor/" + u.ID.String()
		if i == 0 {
			q.Person = u.ID
		} else {
			q.With = u.ID
		}
	}
	page, next, err := d.Wallet.Feed(r.Context(), actor, q)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, answerBytes*(len(page)+1)), `{"pagination":{"next":`...)
	if next == 0 {
		b = append(b, `null`...)
	} else {
		link := url.Values{"limit": {strconv.Itoa(q.Limit)}, "before_id": {strconv.FormatInt(next, 10)}}
		b = purse.AppendQuoted(b, api.Origin(r, d.PublicURL)+path+"?"+link.Encode())
	}
	b = append(b, `,"previous":null},"data":[`...)
	for i, s := range page {
		if i > 0 {
			b = append(b, ',')
		}
		b = d.appendStory(b, s)
	}
	return api.WriteJSON(w, http.StatusOK, string(append(b, `]}`...)))
}

// appendStory writes a payment as a story (wire.md A.8). The amount is there for its
// two parties. Nobody comments on payments, likes them or is mentioned in them here;
// callers read these members.
func (d *Door) appendStory(b []byte, s wallet.Story) []byte {
	p := s.Payment
	b = appendID(append(b, `{"id":`...), int64(p.ID))
	b = appendTime(append(b, `,"date_created":`...), p.Created(), seconds)
	b = appendTime(append(b, `,"date_updated":`...), p.Completed, seconds)
	b = purse.AppendQuoted(append(b, `,"type":"payment","audience":`...), string(p.Audience))
	b = purse.AppendQuoted(append(b, `,"note":`...), p.Note)
	b = appendID(append(b, `,"app":{"id":`...), int64(p.App))
	b = purse.AppendQuoted(append(b, `,"name":`...), cmp.Or(s.App.Name, string(p.Medium)))
	b = appendID(append(b, `},"payment":{"id":`...), int64(p.ID))
	b = purse.AppendQuoted(append(b, `,"status":`...), string(p.Status))
	b = appendTime(append(b, `,"date_completed":`...), p.Completed, seconds)
	b = d.appendTarget(append(b, `,"target":`...), wallet.Receipt{Payment: p, Target: s.Target})
	b = d.appendUser(append(b, `,"actor":`...), s.Actor)
	b = purse.AppendQuoted(append(b, `,"note":`...), p.Note)
	b = purse.AppendQuoted(append(b, `,"action":`...), string(p.Action))
	b = append(b, `,"amount":`...)
	if s.Party {
		b = d.appendAmount(b, p.Minor)
	} else {
		b = append(b, `null`...)
	}
	const none = `{"count":0,"data":[]}`
	return append(b, `},"comments":`+none+`,"likes":`+none+`,"mentions":`+none+`}`...)
}
