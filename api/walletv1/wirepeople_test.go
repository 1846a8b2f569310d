package walletv1

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/identity"
)

// This file is about people, and about what holds for all answers, as wire_test.go
// says.

// acquainted is two friends who may do everything, and an app of one of them.
type acquainted struct {
	*network
	ada, ben person
	app      identity.NewApp
}

func onceAcquainted(t *testing.T, test func(*testing.T, acquainted)) {
	onBoth(t, func(t *testing.T, n *network) {
		ada, ben := n.member(t, "adah", "adah@example.org", "15555550123", 102_30), n.member(t, "Ben-0", "ben@example.org", "15555550124", 5_00)
		n.befriend(t, ada, ben)
		test(t, acquainted{n, ada, ben, n.app(t, ada)})
	})
}

// Callers with strict types fail when either balance is what the other is.
func TestWireBalanceIsAStringUnderMeAndANumberUnderPayments(t *testing.T) {
	onceAcquainted(t, func(t *testing.T, n acquainted) {
		type user struct {
			ID, Username, Email, Phone string
			DisplayName                string `json:"display_name"`
			Friends                    int    `json:"friends_count"`
		}
		for _, path := range []string{"/v1/me", "/v1/account"} {
			var me struct {
				Data struct {
					Balance string
					User    user
				}
			}
			w := n.get(n.ada.token, path)
			want := user{n.ada.ID.String(), "adah", "adah@example.org", "15555550123", "Adah Lind", 1}
			if err := json.Unmarshal(w.Body.Bytes(), &me); err != nil || w.Code != 200 || me.Data.Balance != "102.30" || me.Data.User != want {
				t.Errorf("%s: %d %s, %v", path, w.Code, w.Body, err)
			}
		}
		var paid struct {
			Data struct {
				Balance float64
				Payment struct {
					ID, Status string
					Amount     float64
				}
			}
		}
		w := n.post(n.ada.token, fmt.Sprintf("user_id=%d&amount=2.30&note=a", n.ben.ID))
		if err := json.Unmarshal(w.Body.Bytes(), &paid); err != nil || paid.Data.Balance != 100 || paid.Data.Payment.Amount != 2.3 {
			t.Errorf("%s, %v", w.Body, err)
		}
		// Without the scope there is none; nobody takes null for an amount.
		w = n.get(n.token(t, n.ada.User, "access_profile", 0), "/v1/me")
		if m := body(t, w); at(t, m, "data", "balance") != nil || at(t, m, "data", "user", "email") != nil || at(t, m, "data", "user", "phone") != nil {
			t.Errorf("%s", w.Body)
		}
	})
}

func TestWireUserByIDOrUsername(t *testing.T) {
	onceAcquainted(t, func(t *testing.T, n acquainted) {
		for _, name := range []string{n.ben.ID.String(), "Ben-0", "ben-0", "BEN-0"} {
			var user struct {
				Data struct {
					ID, Username string
					Friends      *int    `json:"friends_count"`
					Friend       *bool   `json:"is_friend"`
					Picture      string  `json:"profile_picture_url"`
					Email        *string `json:"email"`
				}
			}
			w := n.get(n.ada.token, "/v1/users/"+name)
			err := json.Unmarshal(w.Body.Bytes(), &user)
			if d := user.Data; err != nil || w.Code != 200 || d.ID != n.ben.ID.String() || d.Friends == nil || *d.Friends != 1 ||
				d.Friend == nil || !*d.Friend || d.Email != nil || !strings.HasPrefix(d.Picture, "https://") {
				t.Errorf("%s: %d %s, %v", name, w.Code, w.Body, err)
			}
		}
	})
}

// Some callers know a username where the documentation has an id, and ask for more
// friends than a page has.
func TestWireFriendsByIDOrUsername(t *testing.T) {
	onceAcquainted(t, func(t *testing.T, n acquainted) {
		friends := []person{n.ben}
		for i := range 4 {
			p := n.person(t, purse.User{Username: fmt.Sprintf("friend%d", i), FirstName: "F"}, 0)
			p.token = n.token(t, p.User, socialScopes, 0)
			n.befriend(t, n.ada, p)
			friends = append(friends, p)
		}
		ids := func(of []person) (all []string) {
			for _, p := range of {
				all = append(all, p.ID.String())
			}
			return all
		}
		for _, name := range []string{n.ada.ID.String(), "adah", "AdaH"} {
			base := "/v1/users/" + name + "/friends?"
			for query, want := range map[string][]string{
				"": ids(friends), "limit=1000": ids(friends), "limit=2000": ids(friends), "limit=3337&offset=0": ids(friends), "limit=1337&offset=3": ids(friends[3:]),
				"limit=2": ids(friends), "limit=1&before=": ids(friends), "limit=2&after=" + friends[1].ID.String(): ids(friends[2:]),
				"before=" + friends[2].ID.String(): ids(friends[:2]),
			} {
				var seen []string
				for link, pages := base+query, 0; link != ""; pages++ {
					if pages > len(friends) {
						t.Fatalf("%s does not end", query)
					}
					m := body(t, n.get("", link+"&access_token="+n.ben.token))
					for i := range at(t, m, "data").([]any) {
						seen = append(seen, at(t, m, "data", i, "id").(string))
					}
					link, _ = at(t, m, "pagination", "next").(string)
					if link != "" && (!strings.Contains(link, "?") || strings.Contains(link, "token")) {
						t.Fatalf("next is %s", link)
					}
				}
				if !slices.Equal(seen, want) {
					t.Errorf("%s%s: %v, want %v", base, query, seen, want)
				}
			}
		}
	})
}

// Callers find who @name is, in whatever case people write it.
func TestWireUsersByNameInAnyCase(t *testing.T) {
	onceAcquainted(t, func(t *testing.T, n acquainted) {
		for _, query := range []string{"ben-0", "@ben-0", "@BEN-0", "Ben-0&limit=1", "@Ben-0&limit=50&offset=0&type=username", "%40bEN-0&limit=100000", "+@ben-0+"} {
			m := body(t, n.get(n.ada.token, "/v1/users?query="+query))
			if len(at(t, m, "data").([]any)) != 1 {
				t.Errorf("%s: %v", query, m)
				continue
			}
			for member, want := range map[string]string{
				"id": n.ben.ID.String(), "username": "Ben-0", "display_name": "Ben-0 Lind",
				"profile_picture_url": publicURL + "/v1/users/" + n.ben.ID.String() + "/picture.svg",
			} {
				if got := at(t, m, "data", 0, member); got != want {
					t.Errorf("%s: %s is %v", query, member, got)
				}
			}
		}
	})
}

// A token is taken from the same places for people as for payments.
func TestWireTokenPlacesOnOtherPaths(t *testing.T) {
	onceAcquainted(t, func(t *testing.T, n acquainted) {
		one, other := n.ada.token, n.ben.token
		for _, path := range []string{"/v1/me", "/v1/users/adah", "/v1/users?query=ben", "/v1/users/adah/friends", "/v1/stories/target-or-actor/adah", "/v1/payment-methods"} {
			with := func(token string) string {
				if strings.Contains(path, "?") {
					return path + "&access_token=" + token
				}
				return path + "?access_token=" + token
			}
			for i, w := range []*httptest.ResponseRecorder{n.get(one, path), n.get("", with(one)), n.get(one, with(one)), n.send("GET", with(one)+"&access_token="+one, formKind, "bearer "+one, "")} {
				if w.Code != 200 {
					t.Errorf("%s, %d: %d %s", path, i, w.Code, w.Body)
				}
			}
			if w := n.get(other, with(one)); w.Code != 400 || errorCode(t, w) != 104 {
				t.Errorf("%s with two tokens: %d %s", path, w.Code, w.Body)
			}
			if w := n.get("", path); w.Code != 401 || errorCode(t, w) != 267 {
				t.Errorf("%s without one: %d %s", path, w.Code, w.Body)
			}
		}
	})
}

// What is not there is 400 and 283 everywhere: callers take just this pair for it.
func TestWireNotFoundIs400And283(t *testing.T) {
	onceAcquainted(t, func(t *testing.T, n acquainted) {
		for _, path := range []string{
			"/v1/payments/4", "/v1/payments/1322585333520059420", "/v1/users/4", "/v1/users/nobody", "/v1/users/4/friends", "/v1/users/nobody/friends", "/v1/stories/target-or-actor/4",
		} {
			if w := n.get(n.ada.token, path); w.Code != 400 || errorCode(t, w) != 283 {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
			if w := n.get("Canary", path); w.Code != 401 || errorCode(t, w) != 261 {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	})
}

func TestWireReminders(t *testing.T) {
	onceAcquainted(t, func(t *testing.T, n acquainted) {
		id := madeID(t, n.post(n.ada.token, fmt.Sprintf("user_id=%d&amount=-1&note=a", n.ben.ID)))
		remind := put(n.ada.token, id, "remind")
		if m := body(t, n.do(remind)); at(t, m, "data", "status") != "pending" {
			t.Errorf("%v", m)
		}
		wants := func(name string, r request, code int) {
			t.Helper()
			if w := n.do(r); w.Code != 400 || errorCode(t, w) != code {
				t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, code)
			}
		}
		wants("again", remind, 2907)
		body(t, n.do(put(n.ben.token, id, "deny")))
		wants("once it is denied", remind, 2905)
		wants("approving then", put(n.ben.token, id, "approve"), 2901)
		wants("denying again", put(n.ben.token, id, "deny"), 2901)
		wants("cancelling then", put(n.ada.token, id, "cancel"), 2901)
	})
}

// everyAnswer is an answer of every path that has times or identifiers in it.
func (n acquainted) everyAnswer(t *testing.T) map[string]*httptest.ResponseRecorder {
	t.Helper()
	all := map[string]*httptest.ResponseRecorder{}
	for name, form := range map[string]string{
		"paid": fmt.Sprintf("user_id=%d&amount=1&note=a&audience=public", n.ben.ID), "charged": fmt.Sprintf("user_id=%d&amount=-1&note=a", n.ben.ID),
		"sent": "email=x%40example.org&amount=1&note=a",
	} {
		all[name] = n.post(n.ada.token, form)
	}
	sent, charged := madeID(t, all["sent"]), madeID(t, all["charged"])
	all["cancelled"], all["reminded"] = n.do(put(n.ada.token, sent, "cancel")), n.do(put(n.ada.token, charged, "remind"))
	all["approved"] = n.do(put(n.ben.token, charged, "approve"))
	all["befriended"] = n.do(bond(n.ada.token, "ben-0", "ask"))
	code := n.grant(t, n.ada, n.app, string(purse.EveryScope()))
	all["exchanged"] = n.form(tokenPath, values(client(n.app), "code", code).Encode())
	all["refreshed"] = n.form(tokenPath, values(client(n.app), "refresh_token", n.gave(t, "exchanged", all["exchanged"]).Refresh).Encode())
	n.gave(t, "refreshed", all["refreshed"])
	for _, path := range []string{
		"/payments", "/payments?limit=1", "/payments/" + sent.String(), "/payments/" + charged.String(), "/me", "/account", "/payment-methods", "/users?query=ben-0", "/users/ben-0",
		"/users/adah", "/users/adah/friends", "/stories/target-or-actor/adah", "/stories/target-or-actor/adah/target-or-actor/ben-0",
	} {
		all["/v1"+path] = n.get(n.ada.token, "/v1"+path)
	}
	return all
}

// walk visits every member of v, by its name.
func walk(v any, visit func(name string, value any)) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			visit(name, value)
			walk(value, visit)
		}
	case []any:
		for _, value := range v {
			walk(value, visit)
		}
	}
}

// A zone, such as a trailing Z, breaks two callers, and so do more than six digits
// of a second.
func TestWireNoTimeOfAnyAnswerHasAZone(t *testing.T) {
	form, looks := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?$`), regexp.MustCompile(`^\d{4}-\d\d-\d\d`)
	onceAcquainted(t, func(t *testing.T, n acquainted) {
		without := map[string]bool{"/v1/payment-methods": true, "/v1/users/adah/friends": true}
		for name, w := range n.everyAnswer(t) {
			times := 0
			walk(body(t, w), func(member string, value any) {
				text, ok := value.(string)
				if !strings.HasPrefix(member, "date_") && !(ok && looks.MatchString(text)) {
					return
				}
				times++
				if member == "date_completed" && value == nil {
					return
				}
				when, err := time.Parse("2006-01-02T15:04:05", text)
				if err != nil || !form.MatchString(text) || time.Since(when).Abs() > time.Hour {
					t.Errorf("%s: %s is %v", name, member, value)
				}
			})
			if (times == 0) != without[name] {
				t.Errorf("%s has %d times: %s", name, times, w.Body)
			}
		}
	})
}

// Callers make numbers of identifiers, and texts of the numbers.
func TestWireEveryIDSurvivesAsANumber(t *testing.T) {
	onceAcquainted(t, func(t *testing.T, n acquainted) {
		for name, w := range n.everyAnswer(t) {
			ids := 0
			walk(body(t, w), func(member string, value any) {
				if member != "id" {
					return
				}
				ids++
				text, ok := value.(string)
				number, err := strconv.ParseInt(text, 10, 64)
				if !ok || err != nil || strconv.FormatInt(number, 10) != text || number < 0 {
					t.Errorf("%s has the id %v", name, value)
				}
			})
			if ids == 0 {
				t.Errorf("%s has no id: %s", name, w.Body)
			}
		}
	})
}

// Callers index pagination without looking, in every list.
func TestWireEveryListHasPagination(t *testing.T) {
	onceAcquainted(t, func(t *testing.T, n acquainted) {
		n.everyAnswer(t)
		for _, path := range []string{
			"/payments?status=expired", "/users?query=nobody", "/users?query=", "/users/adah/friends?after=9223372036854775807", "/stories/target-or-actor/adah?before_id=1",
			"/payments?limit=100000", "/users?query=b&limit=100000", "/users/adah/friends?limit=100000", "/stories/target-or-actor/adah?limit=100000",
		} {
			if m := body(t, n.get(n.ada.token, "/v1"+path)); at(t, m, "pagination", "next") != nil || at(t, m, "data") == nil {
				t.Errorf("%s: %v", path, m)
			}
		}
		for _, path := range []string{"/payments?limit=1&status=settled,held", "/stories/target-or-actor/adah?limit=1"} {
			next, ok := at(t, body(t, n.get(n.ada.token, "/v1"+path)), "pagination", "next").(string)
			u, err := url.Parse(next)
			if !ok || err != nil || !u.IsAbs() || u.RawQuery == "" || u.Query().Get("limit") != "1" || strings.Contains(next, "token") {
				t.Errorf("%s: next is %q", path, next)
			}
		}
	})
}
