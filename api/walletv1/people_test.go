package walletv1

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"purse"
)

// member makes somebody with verified addresses and a token with all scopes.
func (n *network) member(t *testing.T, username, email, phone string, minor int64) person {
	t.Helper()
	p := n.person(t, purse.User{Username: username, FirstName: strings.ToUpper(username[:1]) + username[1:], LastName: "Lind"}, minor)
	addresses := []purse.Address{{Kind: purse.Email, Text: email}, {Kind: purse.Phone, Text: phone}}
	n.owns(t, p, addresses...)
	err := n.store.Execute(t.Context(), purse.Command{Decide: func(f *purse.Facts) error {
		for i, a := range addresses {
			f.Put(purse.Contact{ContactKey: purse.ContactKey{Person: p.ID, Address: a}, Added: f.Now.Add(0) + purse.Time(i), Verified: f.Now})
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	p.token = n.token(t, p.User, purse.EveryScope(), 0)
	return p
}

// personJSON is how a person is shown.
func personJSON(p person, email, phone string, friends int, friend bool) string {
	null := func(s string) string {
		if s == "" {
			return "null"
		}
		return `"` + s + `"`
	}
	short := userJSON(p.User)
	return fmt.Sprintf(`%s,"email":%s,"phone":%s,"friends_count":%d,"is_friend":%v}`, short[:len(short)-1], null(email), null(phone), friends, friend)
}

func TestMe(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.member(t, "adah", "adah@example.org", "15555550123", 102_30)
		me := func(balance, email, phone string) string {
			return fmt.Sprintf(`{"data":{"balance":%s,"user":%s}}`, balance, personJSON(ada, email, phone, 0, false))
		}
		for scopes, want := range map[purse.Scopes]string{
			"access_profile":                             me("null", "", ""),
			"access_profile access_balance":              me(`"102.30"`, "", ""),
			"access_profile access_email":                me("null", "adah@example.org", ""),
			"access_profile access_phone":                me("null", "", "15555550123"),
			purse.EveryScope():                           me(`"102.30"`, "adah@example.org", "15555550123"),
			"make_payments access_balance":               `{"error":{"message":"This access token lacks the scope access_profile.","code":260}}`,
			"access_email access_phone access_feed":      `{"error":{"message":"This access token lacks the scope access_profile.","code":260}}`,
			"access_friends access_payment_history":      `{"error":{"message":"This access token lacks the scope access_profile.","code":260}}`,
			"access_profile access_friends access_feed ": me("null", "", ""),
		} {
			token := n.token(t, ada.User, scopes, 0)
			for _, path := range []string{"/v1/me", "/v1/account"} {
				if w := n.do(request{"GET", path, token, "", ""}); w.Body.String() != want {
					t.Errorf("%s with %q: %d %s\nwant %s", path, scopes, w.Code, w.Body, want)
				}
			}
		}
		// The same, however the address of a person is written.
		for _, name := range []string{"adah", "ADAH", ada.ID.String()} {
			want := `{"data":` + personJSON(ada, "adah@example.org", "15555550123", 0, false) + `}`
			if w := n.do(request{"GET", "/v1/users/" + name, ada.token, "", ""}); w.Body.String() != want {
				t.Errorf("%s: %s\nwant %s", name, w.Body, want)
			}
		}
		want := `{"data":[{"id":"` + ada.ID.String() + `","name":"Balance","type":"balance","peer_payment_role":"default"}]}`
		if w := n.do(request{"GET", "/v1/payment-methods", ada.token, "", ""}); w.Body.String() != want {
			t.Errorf("%s\nwant %s", w.Body, want)
		}
	})
}

func TestUsers(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.member(t, "adah", "adah@example.org", "15555550123", 0)
		ben := n.person(t, purse.User{Username: "Ben-0", FirstName: "Benjamin", LastName: "Ada"}, 0)
		cy := n.person(t, purse.User{Username: "ada_9", FirstName: "Cy", LastName: "Zöe"}, 0)
		see := func(query string, people ...person) {
			t.Helper()
			var all []string
			for _, p := range people {
				all = append(all, personJSON(p, "", "", 0, false))
			}
			want := `{"pagination":{"next":null},"data":[` + strings.Join(all, ",") + `]}`
			if w := n.do(request{"GET", "/v1/users?" + query, ada.token, "", ""}); w.Code != 200 || w.Body.String() != want {
				t.Errorf("%s: %d %s\nwant %s", query, w.Code, w.Body, want)
			}
		}
		see("query=ben", ben)
		see("query=@BEN-0&limit=50&offset=0&type=username", ben)
		see("query=z%C3%B6", cy)
		see("query=cy+z", cy)
		see("query=cy+q")
		see("query=ada&offset=1", ada, cy) // the first is Benjamin Ada
		see("query=")
		see("")
		see("query=adah@example.org") // addresses tell nothing
		see("query=15555550123")
		see("query=nobody&limit=100000&offset=100000")
		w := n.do(request{"GET", "/v1/users?query=ada&limit=1", ben.token, "", ""})
		next := at(t, body(t, w), "pagination", "next").(string)
		if next != publicURL+"/v1/users?limit=1&offset=1&query=ada" && next != "http://example.com/v1/users?limit=1&offset=1&query=ada" {
			t.Errorf("next is %s", next)
		}
		const gone = `{"error":{"message":"Resource not found.","code":283}}`
		for _, id := range []string{"nobody", "1", "0", "-1", "%20", "ada%00h", strings.Repeat("a", 40)} {
			if w := n.do(request{"GET", "/v1/users/" + id, ada.token, "", ""}); w.Code != http.StatusBadRequest || w.Body.String() != gone {
				t.Errorf("%s: %d %s", id, w.Code, w.Body)
			}
		}
		if w := n.do(request{"GET", "/v1/users/ben-0", ada.token, "", ""}); w.Body.String() != `{"data":`+personJSON(ben, "", "", 0, false)+`}` {
			t.Errorf("ben is %s", w.Body)
		}
	})
}
