package walletv1

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"purse"
)

// This file has the members of the answers that depend on scopes and on who asks:
// for each set of scopes they are those that are written here, and no others.

// The members of a short user, of a person, and of a payment in lists.
var (
	userNames  = []string{"username", "first_name", "last_name", "display_name", "about", "profile_picture_url", "id"}
	userFields = append(slices.Clone(userNames), "date_joined")
	settled    = slices.Concat([]string{"id", "status", "note", "amount", "action", "date_created", "date_completed", "audience"},
		under("target", "type", "phone=null", "email=null"), under("target.user", userFields...), under("actor", userFields...))
	pending      = replaced(settled, "date_completed", "date_completed=null")
	wholeSettled = append(slices.Clone(settled), "fee=null", "refund=null", "medium")
	wholePending = append(slices.Clone(pending), "fee=null", "refund=null", "medium")
	refusal      = under("error", "message", "code")
)

// under are names below another.
func under(above string, names ...string) (all []string) {
	for _, name := range names {
		all = append(all, above+"."+name)
	}
	return all
}

func replaced(names []string, old, now string) []string {
	all := slices.Clone(names)
	all[slices.Index(all, old)] = now
	return all
}

// unless is a name that is null without a scope.
func unless(s purse.Scopes, needed purse.Scope, name string) string {
	if s.Has(needed) {
		return name
	}
	return name + "=null"
}

// selfFields is how a token's own person is shown to it.
func selfFields(s purse.Scopes) []string {
	return append(slices.Clone(userFields), unless(s, purse.AccessEmail, "email"), unless(s, purse.AccessPhone, "phone"))
}

// personFields is how a token's own person is shown with what others see, too; of
// others nobody sees an address, whatever the scopes are.
func personFields(s purse.Scopes) []string {
	return append(selfFields(s), "friends_count", "is_friend")
}

func storyFields(amount string) []string {
	none := []string{"count", "data[]"}
	return slices.Concat([]string{"id", "date_created", "date_updated", "type", "audience", "note", "app.id", "app.name"},
		under("payment", "id", "status", "date_completed", "note", "action", amount), under("payment.actor", userFields...),
		under("payment.target", "type", "phone=null", "email=null"), under("payment.target.user", userFields...),
		under("comments", none...), under("likes", none...), under("mentions", none...))
}

// fields are the members of a JSON value by their paths, each once; what is null is
// there as such.
func fields(v any, path string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			fields(member, strings.TrimPrefix(path+"."+name, "."), into)
		}
	case []any:
		for _, one := range v {
			fields(one, path+"[]", into)
		}
		if len(v) == 0 {
			into[path+"[]"] = true
		}
	case nil:
		into[path+"=null"] = true
	default:
		into[path] = true
	}
}

// hasFields checks that an answer has these members, and no others.
func hasFields(t *testing.T, name string, w *httptest.ResponseRecorder, want []string) {
	t.Helper()
	var v any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	got := map[string]bool{}
	fields(v, "", got)
	for field := range got {
		if !slices.Contains(want, field) {
			t.Errorf("%s: there is %s, which may not be there", name, field)
		}
	}
	for _, field := range want {
		if !got[field] {
			t.Errorf("%s: there is no %s", name, field)
		}
	}
}

// scopeSets are each scope alone, each with access_profile, all without one, all,
// and those of a developer token.
func scopeSets() []purse.Scopes {
	all := []purse.Scopes{purse.EveryScope(), "make_payments access_profile access_email access_phone access_balance access_friends access_feed"}
	for i, one := range purse.AllScopes {
		all = append(all, purse.Scopes(one))
		if one != purse.AccessProfile {
			all = append(all, purse.Scopes(purse.AccessProfile+" "+one))
		}
		var names []string
		for _, other := range slices.Delete(slices.Clone(purse.AllScopes), i, i+1) {
			names = append(names, string(other))
		}
		all = append(all, purse.Scopes(strings.Join(names, " ")))
	}
	return all
}

// question is one request, and the members of its answer for a token that has the
// scope that is needed for it; without that scope they are those of a refusal.
type question struct {
	method, path, body string
	needs              purse.Scope
	want               func(purse.Scopes) []string
}

func always(want []string) func(purse.Scopes) []string {
	return func(purse.Scopes) []string { return want }
}

// questions are what ada asks, once there is something to be asked about.
func (n *network) questions(t *testing.T, ada person) []question {
	t.Helper()
	ben := n.member(t, "benn", "ben@example.org", "15555550124", 100_00)
	cy := n.member(t, "cyra", "cy@example.org", "15555550125", 0)
	n.befriend(t, ada, cy)
	id := madeID(t, n.post(ada.token, fmt.Sprintf("user_id=%d&amount=1&note=a", cy.ID)))
	charge := madeID(t, n.post(cy.token, fmt.Sprintf("user_id=%d&amount=-1&note=a", ada.ID)))
	madeID(t, n.post(ben.token, fmt.Sprintf("user_id=%d&amount=1&note=a&audience=public", cy.ID)))
	page := func(item ...string) []string { return append(under("data[]", item...), "pagination.next=null") }
	others := slices.Concat(userFields, []string{"email=null", "phone=null", "friends_count", "is_friend"})
	me := func(s purse.Scopes) []string {
		return append(under("data.user", personFields(s)...), unless(s, purse.AccessBalance, "data.balance"))
	}
	made := func(payment []string) func(purse.Scopes) []string {
		return func(s purse.Scopes) []string {
			want := under("data.payment", payment...)
			if s.Has(purse.AccessBalance) {
				want = append(want, "data.balance")
			}
			return want
		}
	}
	story := func(amount string) func(purse.Scopes) []string {
		return always(append(page(storyFields(amount)...), "pagination.previous=null"))
	}
	return []question{
		{"GET", "/v1/me", "", purse.AccessProfile, me},
		{"GET", "/v1/account", "", purse.AccessProfile, me},
		{"GET", "/v1/users/" + ada.ID.String(), "", purse.AccessProfile, func(s purse.Scopes) []string { return under("data", personFields(s)...) }},
		{"GET", "/v1/users/" + ben.ID.String(), "", purse.AccessProfile, always(under("data", others...))},
		{"GET", "/v1/users/" + cy.ID.String(), "", purse.AccessProfile, always(under("data", others...))}, // a friend
		{"GET", "/v1/users?query=lind", "", purse.AccessProfile, always(page(others...))},
		{"GET", "/v1/users/adah/friends", "", purse.AccessFriends, always(page(userNames...))},
		{"GET", "/v1/payment-methods", "", purse.AccessProfile, always(under("data[]", "id", "name", "type", "peer_payment_role"))},
		{"POST", "/v1/payments", fmt.Sprintf("user_id=%d&amount=0.01&note=a", ben.ID), purse.MakePayments, made(wholeSettled)},
		{"POST", "/v1/payments", fmt.Sprintf("user_id=%d&amount=-0.01&note=a", ben.ID), purse.MakePayments, made(wholePending)},
		{"GET", "/v1/payments/" + id.String(), "", purse.AccessProfile, always(under("data", wholeSettled...))},
		{"GET", "/v1/payments?status=settled", "", purse.AccessProfile, always(page(settled...))},
		{"PUT", "/v1/payments/" + charge.String(), "audience=private", purse.MakePayments, always(under("data", pending...))},
		{"PUT", "/v1/users/" + ben.ID.String(), "action=remove", purse.AccessFriends,
			always(under("data", append(slices.Clone(userFields), "friend_status")...))},
		{"GET", "/v1/stories/target-or-actor/adah", "", purse.AccessFeed, story("amount")},
		{"GET", "/v1/stories/target-or-actor/adah/target-or-actor/cyra", "", purse.AccessFeed, story("amount")},
		{"GET", "/v1/stories/target-or-actor/cyra/target-or-actor/benn", "", purse.AccessFeed, story("amount=null")},
	}
}

func TestFields(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.member(t, "adah", "adah@example.org", "15555550123", 1000_00)
		questions := n.questions(t, ada)
		app := n.app(t, ada)
		for _, s := range scopeSets() {
			token := n.token(t, ada.User, s, 0)
			for _, q := range questions {
				name := fmt.Sprintf("%s %s %s with %s", q.method, q.path, q.body, s)
				w := n.do(request{method: q.method, path: q.path, token: token, body: q.body})
				want, status := refusal, 403
				if s.Has(q.needs) || s.Has(purse.AccessPaymentHistory) && q.method == "GET" && strings.HasPrefix(q.path, "/v1/payments") {
					want, status = q.want(s), 200
				}
				if w.Code != status {
					t.Errorf("%s: %d %s", name, w.Code, w.Body)
				}
				hasFields(t, name, w, want)
			}
			given := url.Values{"client_id": {app.ID.String()}, "client_secret": {string(app.Secret)}, "code": {n.grant(t, ada, app, string(s))}}
			want := append(under("user", selfFields(s)...), "access_token", "expires_in", "token_type", "refresh_token", "scope")
			if s.Has(purse.AccessBalance) {
				want = append(want, "balance")
			}
			w := n.form("/v1/oauth/access_token", given.Encode())
			n.gave(t, string(s), w)
			hasFields(t, "a token of "+string(s), w, want)
		}
	})
}

// Whoever may not see an amount is not told it by another way: with the payment, in
// its list, or in the feed of whom it was paid to.
func TestAmountsOfOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada, ben := n.member(t, "adah", "adah@example.org", "15555550123", 2000_00), n.member(t, "benn", "ben@example.org", "15555550124", 0)
		cy := n.member(t, "cyra", "cy@example.org", "15555550125", 0)
		n.befriend(t, ada, cy)
		const amount = "432.10"
		var ids []purse.PaymentID
		for _, audience := range []string{"private", "friends", "public"} {
			ids = append(ids, madeID(t, n.post(ada.token, fmt.Sprintf("user_id=%d&amount=%s&note=a&audience=%s", ben.ID, amount, audience))))
		}
		paths := []string{
			"/v1/payments?limit=1000", "/v1/users/adah", "/v1/users/benn", "/v1/me", "/v1/stories/target-or-actor/adah", "/v1/stories/target-or-actor/benn",
			"/v1/stories/target-or-actor/adah/target-or-actor/benn",
		}
		for _, id := range ids {
			paths = append(paths, "/v1/payments/"+id.String(), fmt.Sprintf("/v1/payments?actor=%d&before_id=%d", ada.ID, id+1))
		}
		for _, path := range paths {
			if w := n.get(cy.token, path); strings.Contains(w.Body.String(), amount) {
				t.Errorf("%s: %s", path, w.Body)
			}
		}
	})
}
