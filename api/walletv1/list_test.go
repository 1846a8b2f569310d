package walletv1

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
	"purse/wallet"
)

// list asks for payments with a token and a query: each as it was sent, and the
// link to the next page.
func (n *network) list(t *testing.T, token, query string) (items []string, next string) {
	t.Helper()
	return n.follow(t, "/v1/payments?"+query+"&access_token="+token)
}

// follow gets a page by its link, as callers do.
func (n *network) follow(t *testing.T, link string) (items []string, next string) {
	t.Helper()
	w := n.get("", link)
	var page struct {
		Pagination *struct{ Next *string }
		Data       []json.RawMessage
	}
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != http.StatusOK || page.Pagination == nil || page.Data == nil {
		t.Fatalf("%s: %d %s", link, w.Code, w.Body)
	}
	for _, raw := range page.Data {
		items = append(items, string(raw))
	}
	if page.Pagination.Next != nil {
		next = *page.Pagination.Next
	}
	return items, next
}

// listedPayment is what a list says of a payment.
type listedPayment struct {
	ID, Status, Action string
	Actor              struct{ ID string }
	Target             struct{ User *struct{ ID string } }
}

func readItem(t *testing.T, item string) (p listedPayment) {
	t.Helper()
	if err := json.Unmarshal([]byte(item), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func idsOf(t *testing.T, items []string) (ids []string) {
	t.Helper()
	for _, item := range items {
		ids = append(ids, readItem(t, item).ID)
	}
	return ids
}

// crowd makes payments of every kind between ann, bob and eve; all are those that
// they see together, the newest first.
func (n *network) crowd(t *testing.T) (people []person, all []listedPayment) {
	t.Helper()
	for _, name := range []string{"ann", "bob", "eve"} {
		people = append(people, n.person(t, purse.User{Username: name, FirstName: name}, 100_00))
	}
	for _, from := range people {
		for _, to := range people {
			if from.ID == to.ID {
				continue
			}
			madeID(t, n.post(from.token, fmt.Sprintf("user_id=%d&amount=1&note=a", to.ID)))
			for _, action := range []string{"", "approve", "deny", "fail"} {
				id := madeID(t, n.post(from.token, fmt.Sprintf("user_id=%d&amount=-1&note=a", to.ID)))
				n.settle(t, id, to, action)
			}
		}
		for _, action := range []string{"", "cancel", "fail"} {
			n.settle(t, madeID(t, n.post(from.token, "email=x%40example.org&amount=1&note=a")), from, action)
		}
	}
	seen := map[string]bool{}
	for _, p := range people {
		items, _ := n.list(t, p.token, "limit=1000")
		for _, item := range items {
			if p := readItem(t, item); !seen[p.ID] {
				seen[p.ID] = true
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b listedPayment) int { return -strings.Compare(a.ID, b.ID) }) // of one length
	if len(all) != 6*5+3*3 || len(n.dump(t, "payments")) != len(all) {
		t.Fatalf("%d payments are listed, of %d", len(all), len(n.dump(t, "payments")))
	}
	return people, all
}

func (n *network) settle(t *testing.T, id purse.PaymentID, by person, action string) {
	t.Helper()
	switch action {
	case "":
	case "fail":
		if err := n.wallet.Fail(t.Context(), purse.MainBook, "op", id, ""); err != nil {
			t.Fatal(err)
		}
	default:
		if w := n.do(put(by.token, id, action)); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
}

func (p listedPayment) concerns(u purse.UserID) bool {
	return p.Actor.ID == u.String() || p.Target.User != nil && p.Target.User.ID == u.String()
}

// Every filter with every other, against a filter of three lines.
func TestListFilters(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		people, all := n.crowd(t)
		ann, bob, eve := people[0], people[1], people[2]
		actors := []string{"", ann.ID.String(), bob.ID.String(), ann.ID.String() + "," + eve.ID.String(), bob.ID.String() + "," + bob.ID.String(), "4", "4," + ann.ID.String()}
		statuses := []string{"", "pending", "settled", "failed", "expired", "cancelled", "settled,pending", "cancelled,held,failed", "held", "Settled"}
		for _, p := range people {
			for _, action := range []string{"", "pay", "charge"} {
				for _, status := range statuses {
					for _, actor := range actors {
						query := url.Values{"action": {action}, "status": {status}, "actor": {actor}, "limit": {"1000"}}.Encode()
						var want []string
						for _, one := range all {
							if one.concerns(p.ID) && (action == "" || one.Action == action) && among(status, one.Status) && among(actor, one.Actor.ID) {
								want = append(want, one.ID)
							}
						}
						items, next := n.list(t, p.token, query)
						if got := idsOf(t, items); !slices.Equal(got, want) || next != "" {
							t.Errorf("%s, %s: %v, want %v; next %q", p.Username, query, got, want, next)
						}
					}
				}
			}
		}
	})
}

// among says whether a filter that is not blank has word.
func among(filter, word string) bool {
	return filter == "" || slices.Contains(strings.Split(filter, ","), word)
}

func TestListBetweenDates(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		people, all := n.crowd(t)
		ann := people[0]
		var mine []string
		for _, one := range all {
			if one.concerns(ann.ID) {
				mine = append(mine, one.ID)
			}
		}
		at := func(id string, layout string) string {
			number, err := strconv.ParseInt(id, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return purse.Created(number).UTC().Format(layout)
		}
		const exact = "2006-01-02T15:04:05.000000"
		first, last := mine[len(mine)-1], mine[0]
		for query, want := range map[string][]string{
			"after=" + at(mine[3], exact):                                    mine[:3],
			"after=" + at(mine[3], exact) + "Z":                              mine[:3],
			"before=" + at(mine[3], exact):                                   mine[4:],
			"after=" + at(mine[9], exact) + "&before=" + at(mine[3], exact):  mine[4:9],
			"after=" + at(mine[3], exact) + "&before=" + at(mine[3], exact):  nil,
			"after=" + at(mine[3], exact) + "&before=" + at(mine[9], exact):  nil,
			"before_id=" + mine[3]:                                           mine[4:],
			"before=" + at(last, exact) + "&before_id=" + mine[3]:            mine[4:],
			"before=0001-01-01":                                              nil,
			"before=2008-12-31T23:59:59":                                     nil,
			"after=0001-01-01":                                               mine,
			"before=9999-12-31T23:59:59":                                     mine,
			"before=2294-07-01":                                              mine,
			"after=9999-12-31T23:59:59":                                      nil,
			"after=2295-01-01":                                               nil,
			"before_id=1":                                                    nil,
			"before_id=9223372036854775807":                                  mine,
			"after=&before=&before_id=&status=&action=&actor=&limit=100000":  mine,
			"after=" + at(first, "2006-01-02"):                               mine,
			"after=" + at(last, time.RFC3339)[:17] + "59Z&before=2009-01-01": nil,
		} {
			if !strings.Contains(query, "limit") {
				query += "&limit=1000"
			}
			if items, next := n.list(t, ann.token, query); !slices.Equal(idsOf(t, items), want) || next != "" {
				t.Errorf("%s: %v, want %v; next %q", query, idsOf(t, items), want, next)
			}
		}
	})
}

// What is made, approved and cancelled meanwhile neither hides a payment nor
// shows one twice.
func TestPagesHaveEachPaymentOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		people, all := n.crowd(t)
		ann, bob := people[0], people[1]
		for _, limit := range []int{1, 2, 7, 1000} {
			items, next := n.list(t, ann.token, "limit=1000")
			if next != "" {
				t.Fatalf("next is %s", next)
			}
			want := idsOf(t, items)
			var got []string
			link := fmt.Sprintf("/v1/payments?limit=%d", limit)
			for more := true; more; more = link != "" {
				if len(got) > 0 && !strings.HasPrefix(link, "http://example.com/v1/payments?") {
					t.Fatalf("the link is %s", link)
				}
				if len(got) > 0 { // after the first page was seen
					madeID(t, n.post(bob.token, fmt.Sprintf("user_id=%d&amount=0.01&note=a", ann.ID)))
					n.settle(t, madeID(t, n.post(bob.token, fmt.Sprintf("user_id=%d&amount=-0.01&note=a", ann.ID))), ann, "approve")
				}
				if i := slices.IndexFunc(all, func(p listedPayment) bool { return p.Status == "pending" && p.Actor.ID == ann.ID.String() }); i >= 0 && len(got) > 2 {
					all[i].Status = "cancelled"
					n.settle(t, madeIDOf(t, all[i].ID), ann, "cancel")
				}
				items, link = n.follow(t, link+"&access_token="+ann.token)
				if len(items) == 0 || len(items) > limit || link != "" && len(items) != limit {
					t.Fatalf("limit %d: a page has %d", limit, len(items))
				}
				got = append(got, idsOf(t, items)...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("limit %d: %v\nwant %v", limit, got, want)
			}
		}
	})
}

func madeIDOf(t *testing.T, text string) purse.PaymentID {
	t.Helper()
	id, ok := parseID(text)
	if !ok {
		t.Fatal(text)
	}
	return purse.PaymentID(id)
}

func TestNextCarriesTheFilters(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		people, _ := n.crowd(t)
		ann, bob := people[0], people[1]
		filters := url.Values{
			"action": {"charge"}, "actor": {ann.ID.String() + "," + bob.ID.String()}, "status": {"settled,held,pending"}, "after": {"2010-01-01"}, "limit": {"2"},
		}
		items, next := n.list(t, ann.token, filters.Encode()+"&before=2200-01-01&other=x&note=Canary&uuid=u")
		u, err := url.Parse(next)
		if err != nil {
			t.Fatal(err)
		}
		last := madeIDOf(t, readItem(t, items[1]).ID)
		filters.Set("before", purse.Created(int64(last)).UTC().Format("2006-01-02T15:04:05"))
		filters.Set("before_id", last.String())
		if u.Scheme+"://"+u.Host+u.Path != "http://example.com/v1/payments" || u.RawQuery != filters.Encode() {
			t.Errorf("next is %s, want the query %s", next, filters.Encode())
		}
		_, next = n.list(t, ann.token, "limit=3&status=&actor=+")
		if u, err = url.Parse(next); err != nil || len(u.Query()) != 3 || u.Query().Get("limit") != "3" {
			t.Errorf("next is %s: blank filters count as absent", next)
		}
	})
}

func TestLimitIsClamped(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 0), n.bob(t)
		actor, err := n.identity.Recognize(t.Context(), purse.Secret(ann.token))
		if err != nil {
			t.Fatal(err)
		}
		ask := wallet.PayRequest{
			To: wallet.Target{User: bob.ID}, Minor: 1, Note: "a", Audience: purse.Private,
			Encode: func(wallet.Receipt) purse.Answer { return purse.Answer{} },
		}
		var all sync.WaitGroup
		for range 7 {
			all.Go(func() {
				for range 1001 / 7 {
					if _, err := n.wallet.Charge(t.Context(), actor, ask); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for limit, want := range map[string]int{
			"": 20, "+": 20, "0": 1, "-0": 1, "00": 1, "-1": 1, "-100000": 1, "1": 1, "003": 3, " 3 ": 3, "1000": 1000, "1001": 1000,
			"100000": 1000, "9223372036854775807": 1000,
		} {
			items, next := n.list(t, bob.token, "limit="+strings.ReplaceAll(limit, " ", "+"))
			if len(items) != want || next == "" {
				t.Errorf("limit %q: %d payments, and the next page is %q", limit, len(items), next)
			}
		}
		_, next := n.list(t, bob.token, "limit=100000")
		if items, end := n.follow(t, next+"&access_token="+bob.token); len(items) != 1 || end != "" {
			t.Errorf("the last page has %d payments, and then comes %q", len(items), end)
		}
	})
}

// The description's checker reads no numbers of that many digits.
func TestHugeLimits(t *testing.T) {
	for text, want := range map[string]int{
		"9223372036854775808": pageMax, strings.Repeat("9", 1000): pageMax, "-9223372036854775809": 1, "-" + strings.Repeat("9", 1000): 1,
	} {
		if got, err := readCount(text, "limit", pageDefault, 1, pageMax); got != want || err != nil {
			t.Errorf("%.30s: %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestListRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 0)
		const (
			badLimit  = `{"error":{"message":"Invalid parameter : The limit is a number.","code":104}}`
			badFilter = `{"error":{"message":"Invalid parameter : The action is pay or charge.","code":104}}`
			badActor  = `{"error":{"message":"Invalid parameter : The actor is a user id, or several with commas between.","code":104}}`
			manyActor = `{"error":{"message":"Invalid parameter : At most 20 actors can be asked for.","code":104}}`
			badID     = `{"error":{"message":"Invalid parameter : before_id is taken from a link to the next page.","code":104}}`
		)
		badDate := func(name string) string {
			return `{"error":{"message":"Invalid parameter : ` + name + ` is a date such as 2026-12-30T19:40:57, in UTC.","code":104}}`
		}
		id := ann.ID.String()
		for want, values := range map[string]map[string][]string{
			badLimit:  {"limit": {"abc", "1.5", "1e3", "0x10", "+5", "--1", "-", "1 2", "1,2", "NaN", "٣", "∞", "null", strings.Repeat("a", 5000)}},
			badFilter: {"action": {"Pay", "PAY", "pays", "pay,charge", "refund", "0", "-1", "approve", "*"}},
			badActor:  {"actor": {"abc", "0", "-5", "+5", "007", "4.0", "4e3", "9223372036854775808", strings.Repeat("9", 1000), "4,abc", id + ",,-1", "ann", "me", "٣", id + ";" + id}},
			manyActor: {"actor": {strings.Repeat(id+",", 20) + id, strings.TrimSuffix(strings.Repeat("4,", 5000), ",")}},
			badID:     {"before_id": {"abc", "0", "-4", "+4", "007", "1.0", "9223372036854775808", "4,5", "٣", strings.Repeat("9", 1000)}},
			badText:   {"status": {"\x00", "settled\x1b", "\xff"}, "actor": {"\x00"}, "before": {"\xff"}, "other": {"\x7f"}},
		} {
			for name, list := range values {
				for _, value := range list {
					n.refused(t, name+"="+value[:min(len(value), 40)], request{"GET", "/v1/payments?" + url.Values{name: {value}}.Encode(), ann.token, "", ""}, 400, want)
				}
			}
		}
		for _, name := range []string{"after", "before"} {
			for _, value := range []string{
				"abc", "yesterday", "0", "-1", "1388432457", "2013", "2013-12", "2013-13-01", "2013-02-30", "2013-12-30T25:00:00", "2013-12-30T19:40", "2013-12-30 19:40:57",
				"2013-12-30T19:40:57 02:00", "30.12.2013", "12/30/2013", "10000-01-01", "-2013-12-30", "2013-12-30T19:40:57z9", "NaN", strings.Repeat("9", 1000),
			} {
				n.refused(t, name+"="+value[:min(len(value), 40)], request{"GET", "/v1/payments?" + url.Values{name: {value}}.Encode(), ann.token, "", ""}, 400, badDate(name))
			}
		}
		n.refused(t, "broken query", request{"GET", "/v1/payments?limit=%zz", ann.token, "", ""}, 400, badQuery)
		n.refused(t, "broken body", request{"GET", "/v1/payments", ann.token, "", "{"}, 400, badBody)
		n.refused(t, "too large", request{"GET", "/v1/payments", ann.token, "", strings.Repeat("a", 64<<10+1)}, 413, tooLarge)
	})
}
