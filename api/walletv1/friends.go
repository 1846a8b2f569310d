package walletv1

import (
	"net/http"
	"net/url"
	"strconv"

	"purse"
	"purse/api"
)

// friendsDefault is how many friends a page has if the caller does not say.
const friendsDefault = 50

// friends answers GET /v1/users/{id}/friends, in the order of the friends'
// identifiers. The scope access_friends is needed.
func (d *Door) friends(w http.ResponseWriter, r *http.Request) error {
	p, actor, err := d.reader(r)
	if err != nil {
		return err
	}
	q, err := readFriendQuery(p)
	if err != nil {
		return err
	}
	u, err := d.person(r.Context(), actor, purse.AccessFriends, r.PathValue("id"))
	if err != nil {
		return err
	}
	q.Person = u.ID
	page, more, err := d.Wallet.Friends(r.Context(), actor, q)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, answerBytes), `{"pagination":{"next":`...)
	if more {
		b = purse.AppendQuoted(b, d.nextFriends(r, q, page))
	} else {
		b = append(b, `null`...)
	}
	b = append(b, `},"data":[`...)
	for i, friend := range page {
		if i > 0 {
			b = append(b, ',')
		}
		b = d.appendFriend(b, friend)
	}
	return api.WriteJSON(w, http.StatusOK, string(append(b, `]}`...)))
}

func readFriendQuery(p api.Params) (q purse.FriendQuery, err error) {
	if q.Limit, err = readCount(p.Get("limit"), "limit", friendsDefault, 1, pageMax); err != nil {
		return q, err
	}
	if text := p.Get("offset"); text != "" {
		if q.Offset, err = strconv.Atoi(text); err != nil || q.Offset < 0 {
			return q, purse.Refuse(purse.CodeInvalid, "Invalid parameter : The offset is a number that is not negative.")
		}
		q.Offset = min(q.Offset, purse.FriendsMax)
	}
	for name, bound := range map[string]*purse.UserID{"after": &q.After, "before": &q.Before} {
		text := p.Get(name)
		if text == "" {
			continue
		}
		id, ok := parseID(text)
		if !ok {
			return q, purse.Refuse(purse.CodeInvalid, "Invalid parameter : after and before are user ids.")
		}
		*bound = purse.UserID(id)
	}
	return q, nil
}

// nextFriends is the link to the page behind one that is not empty, or before it
// if the caller goes backwards.
func (d *Door) nextFriends(r *http.Request, q purse.FriendQuery, page []purse.User) string {
	link := url.Values{"limit": {strconv.Itoa(q.Limit)}}
	if q.Before != 0 && q.After == 0 {
		link.Set("before", page[0].ID.String())
	} else {
		link.Set("after", page[len(page)-1].ID.String())
		if q.Before != 0 {
			link.Set("before", q.Before.String())
		}
	}
	return api.Origin(r, d.PublicURL) + "/v1/users/" + q.Person.String() + "/friends?" + link.Encode()
}

// appendFriend writes a person as the wire has them in lists of friends: without
// the date on which they joined.
func (d *Door) appendFriend(b []byte, u purse.User) []byte {
	b = appendID(append(b, `{"id":`...), int64(u.ID))
	return append(d.appendNames(append(b, ','), u), '}')
}
