package walletv1

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"purse"
	"purse/identity"
)

// socialScopes are those that friends and feeds need.
const socialScopes = everyScope + " access_friends access_feed"

// people makes some with money and all scopes.
func (n *network) people(t *testing.T, names ...string) []person {
	t.Helper()
	all := make([]person, len(names))
	for i, name := range names {
		p := n.person(t, purse.User{Username: name, FirstName: strings.ToUpper(name[:1]) + name[1:], About: "Hi"}, 100_00)
		p.token = n.token(t, p.User, socialScopes, 0)
		all[i] = p
	}
	return all
}

// bond is what a token does about a person.
func bond(token, who, action string) request {
	return request{method: http.MethodPut, path: "/v1/users/" + who, token: token, body: "action=" + action}
}

func (n *network) befriend(t *testing.T, a, b person) {
	t.Helper()
	for _, r := range []request{bond(a.token, b.ID.String(), "ask"), bond(b.token, a.ID.String(), "accept")} {
		if w := n.do(r); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
}

// bondJSON is the answer to PUT /v1/users/{id}.
func bondJSON(p person, status string) string {
	user := userJSON(p.User)
	return `{"data":` + user[:len(user)-1] + `,"friend_status":"` + status + `"}}`
}

func TestBefriend(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.people(t, "anna", "Bobby", "cody")
		ann, bob, cal := p[0], p[1], p[2]
		for i, tc := range []struct {
			by     person
			who    string
			action string
			status string
		}{
			{ann, bob.ID.String(), "ask", "asked"}, {ann, "bobby", "ask", "asked"}, {bob, "ANNA", "remove", "none"},
			{bob, "anna", "ask", "asked"}, {ann, "Bobby", "accept", "friend"}, {ann, "Bobby", "ask", "friend"},
			{ann, "Bobby", "remove", "none"}, {ann, "cody", "block", "blocked"}, {ann, "cody", "block", "blocked"},
			{ann, cal.ID.String(), "remove", "blocked"}, {ann, "cody", "unblock", "none"}, {cal, "anna", "ask", "asked"},
			{ann, "cody", "unblock", "asks"},
		} {
			other := p[slices.IndexFunc(p, func(o person) bool { return strings.EqualFold(o.Username, tc.who) || o.ID.String() == tc.who })]
			name := fmt.Sprintf("%d: %s %s", i, tc.action, tc.who)
			checkAnswer(t, name, n.do(bond(tc.by.token, tc.who, tc.action)), bondJSON(other, tc.status))
			w := n.do(request{method: http.MethodPut, path: "/v1/users/" + tc.who + "?action=" + tc.action, token: tc.by.token, body: "{}"})
			checkAnswer(t, name+", again, in the query", w, bondJSON(other, tc.status))
		}
		n.do(bond(ann.token, "cody", "block"))
		poor := n.token(t, ann.User, everyScope, 0)
		for _, tc := range []struct {
			name   string
			r      request
			status int
			body   string
		}{
			{"no action", bond(ann.token, "bobby", ""), 400, `{"error":{"message":"Pass the action: ask, accept, remove, block or unblock.","code":241}}`},
			{"another action", bond(ann.token, "bobby", "poke"), 400, `{"error":{"message":"Invalid parameter : The action is ask, accept, remove, block or unblock.","code":104}}`},
			{"nobody", bond(ann.token, "4", "ask"), 400, notFound},
			{"nobody, by name", bond(ann.token, "nobody", "block"), 400, notFound},
			{"no name", bond(ann.token, "a.b", "block"), 400, notFound},
			{"oneself", bond(ann.token, "anna", "ask"), 400, `{"error":{"message":"This is you.","code":1356}}`},
			{"who has not asked", bond(ann.token, "bobby", "accept"), 400, notFound},
			{"whom one has blocked", bond(ann.token, "cody", "ask"), 400, `{"error":{"message":"You have blocked them: unblock them first.","code":104}}`},
			{"who has blocked one", bond(cal.token, "anna", "ask"), 400, notFound},
			{"who has blocked one, by number", bond(cal.token, ann.ID.String(), "block"), 400, notFound},
			{"without the scope", bond(poor, "bobby", "ask"), 403, lacks("access_friends")},
			{"without a token", bond("", "bobby", "ask"), 401, noToken},
		} {
			n.refused(t, tc.name, tc.r, tc.status, tc.body)
		}
	})
}

// friendJSON is p in a list of friends.
func friendJSON(p person) string {
	return fmt.Sprintf(`{"id":"%d","username":%q,"first_name":%q,"last_name":%q,"display_name":%q,"about":%q,`+
		`"profile_picture_url":"https://purse.example/v1/users/%d/picture.svg"}`,
		p.ID, p.Username, p.FirstName, p.LastName, p.DisplayName(), p.About, p.ID)
}

func TestListFriends(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.people(t, "anna", "bobby", "cody", "dora", "emil", "fred")
		ann, viewer, foe := p[0], p[5], p[3]
		for _, friend := range p[1:5] {
			n.befriend(t, ann, friend)
		}
		page := func(next string, friends ...person) string {
			var items []string
			for _, f := range friends {
				items = append(items, friendJSON(f))
			}
			if next != "null" {
				next = `"` + strings.ReplaceAll(next, "&", `\u0026`) + `"`
			}
			return `{"pagination":{"next":` + next + `},"data":[` + strings.Join(items, ",") + `]}`
		}
		base := "/v1/users/" + ann.ID.String() + "/friends"
		link := "http://example.com" + base + "?"
		id := func(i int) string { return p[i].ID.String() }
		for query, want := range map[string]string{
			"":                                     page("null", p[1:5]...),
			"limit=3":                              page(link+"after="+id(3)+"&limit=3", p[1:4]...),
			"limit=3&after=" + id(3):               page("null", p[4]),
			"limit=3337&offset=0":                  page("null", p[1:5]...),
			"limit=1337&offset=3":                  page("null", p[4]),
			"limit=2&offset=1":                     page(link+"after="+id(3)+"&limit=2", p[2:4]...),
			"limit=-5":                             page(link+"after="+id(1)+"&limit=1", p[1]),
			"before=" + id(3) + "&limit=1":         page(link+"before="+id(2)+"&limit=1", p[2]),
			"before=" + id(3) + "&limit=9":         page("null", p[1:3]...),
			"after=" + id(1) + "&before=" + id(4):  page("null", p[2:4]...),
			"after=" + id(4):                       page("null"),
			"limit=&offset=&after=&before=&color=": page("null", p[1:5]...),
		} {
			for _, path := range []string{base, "/v1/users/ANNA/friends"} {
				w := n.get(viewer.token, path+"?"+query)
				checkAnswer(t, path+"?"+query, w, want)
			}
		}
		// As callers follow links, with the token added.
		var seen []string
		for next := base + "?limit=1"; next != ""; {
			var items []string
			items, next = n.follow(t, next+"&access_token="+viewer.token)
			seen = append(seen, items...)
		}
		if len(seen) != 4 {
			t.Error(seen)
		}
		n.do(bond(foe.token, viewer.ID.String(), "block"))
		checkAnswer(t, "without who has blocked the viewer", n.get(viewer.token, base), page("null", p[1], p[2], p[4]))
		poor := n.token(t, ann.User, everyScope, 0)
		const number = `{"error":{"message":"Invalid parameter : after and before are user ids.","code":104}}`
		for _, tc := range []struct {
			name, path, token string
			status            int
			body              string
		}{
			{"nobody", "/v1/users/4/friends", ann.token, 400, notFound},
			{"nobody by name", "/v1/users/nobody/friends", ann.token, 400, notFound},
			{"who has blocked one", "/v1/users/dora/friends", viewer.token, 400, notFound},
			{"whom one has blocked", "/v1/users/fred/friends", foe.token, 400, notFound},
			{"after what", base + "?after=bob", ann.token, 400, number},
			{"before what", base + "?before=-1", ann.token, 400, number},
			{"how many", base + "?limit=many", ann.token, 400, `{"error":{"message":"Invalid parameter : The limit is a number.","code":104}}`},
			{"without how many", base + "?offset=-1", ann.token, 400, `{"error":{"message":"Invalid parameter : The offset is a number that is not negative.","code":104}}`},
			{"without the scope", base, poor, 403, lacks("access_friends")},
			{"without a token", base, "", 401, noToken},
		} {
			n.refused(t, tc.name, request{"GET", tc.path, tc.token, "", ""}, tc.status, tc.body)
		}
	})
}

// story is a payment as a story, to the byte.
func (n *network) story(t *testing.T, id purse.PaymentID, actor, target person, app, amount string) string {
	t.Helper()
	p, err := n.store.Payment(t.Context(), purse.MainBook, id)
	if err != nil {
		t.Fatal(err)
	}
	at := func(v purse.Time) string { return v.UTC().Format("2006-01-02T15:04:05") }
	const none = `{"count":0,"data":[]}`
	return fmt.Sprintf(`{"id":"%d","date_created":%q,"date_updated":%q,"type":"payment","audience":%q,"note":%q,"app":%s,`+
		`"payment":{"id":"%d","status":"settled","date_completed":%q,"target":%s,"actor":%s,"note":%q,"action":%q,"amount":%s},`+
		`"comments":%s,"likes":%s,"mentions":%s}`,
		p.ID, at(p.Created()), at(p.Completed), p.Audience, p.Note, app, p.ID, at(p.Completed), toUser(target), userJSON(actor.User), p.Note,
		p.Action, amount, none, none, none)
}

func TestStories(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.people(t, "anna", "bobby", "cody", "dora")
		ann, bob, cal, foe := p[0], p[1], p[2], p[3]
		app, err := n.identity.CreateApp(t.Context(), purse.MainBook, "op", purse.App{Name: "Shop", Medium: purse.MediumIOS})
		if err != nil {
			t.Fatal(err)
		}
		n.befriend(t, bob, cal)
		pay := func(by, to person, token, audience string) purse.PaymentID {
			form := url.Values{"user_id": {to.ID.String()}, "amount": {"1.50"}, "note": {"Canary"}, "audience": {audience}}
			return madeID(t, n.post(token, form.Encode()))
		}
		public := pay(ann, bob, n.tokenFor(t, identity.TokenRequest{User: ann.ID, App: app.ID, Scopes: everyScope}), "public")
		friends := pay(bob, ann, bob.token, "friends")
		private := pay(ann, bob, ann.token, "")
		pay(cal, ann, cal.token, "private")
		n.post(ann.token, "user_id="+bob.ID.String()+"&amount=-1&note=Canary&audience=public") // pending
		shop, none := fmt.Sprintf(`{"id":"%d","name":"Shop"}`, app.ID), `{"id":"0","name":"api"}`
		page := func(next string, items ...string) string {
			return `{"pagination":{"next":` + next + `,"previous":null},"data":[` + strings.Join(items, ",") + `]}`
		}
		one := func(who person) string { return "/v1/stories/target-or-actor/" + who.ID.String() }
		two := func(a, b string) string { return "/v1/stories/target-or-actor/" + a + "/target-or-actor/" + b }
		link := func(path string, id purse.PaymentID) string {
			return fmt.Sprintf(`"http://example.com%s?before_id=%d\u0026limit=1"`, path, id)
		}
		pub, fri, pri := n.story(t, public, ann, bob, shop, "1.50"), n.story(t, friends, bob, ann, none, "1.50"), n.story(t, private, ann, bob, none, "1.50")
		hidden := func(s string) string { return strings.Replace(s, `"amount":1.50`, `"amount":null`, 1) }
		for i, tc := range []struct {
			token, path, want string
		}{
			{bob.token, one(bob), page("null", pri, fri, pub)},
			{bob.token, one(bob) + "?limit=50", page("null", pri, fri, pub)},
			{bob.token, one(bob) + "?limit=1", page(link(one(bob), private), pri)},
			{bob.token, one(bob) + "?limit=1&before_id=" + private.String(), page(link(one(bob), friends), fri)},
			{bob.token, one(bob) + "?limit=1&before_id=" + friends.String(), page("null", pub)},
			{bob.token, one(ann), page("null", pri, fri, pub)}, // not what cal paid her
			{cal.token, one(bob), page("null", hidden(fri), hidden(pub))},
			{cal.token, "/v1/stories/target-or-actor/BOBBY?before_id=" + friends.String(), page("null", hidden(pub))},
			{foe.token, one(bob), page("null", hidden(pub))},
			{foe.token, one(cal), page("null")},
			{ann.token, two("anna", "bobby"), page("null", pri, fri, pub)},
			{ann.token, two("bobby", "anna"), page("null", pri, fri, pub)},
			{cal.token, two("bobby", "anna") + "?limit=1", page(link(two(bob.ID.String(), ann.ID.String()), friends), hidden(fri))},
			{foe.token, two("bobby", "anna"), page("null", hidden(pub))},
			{bob.token, two("anna", "anna"), page("null")},
		} {
			checkAnswer(t, fmt.Sprint(i, " ", tc.path), n.get(tc.token, tc.path), tc.want)
		}
		n.do(bond(ann.token, "dora", "block"))
		checkAnswer(t, "a payment of who has blocked one", n.get(foe.token, one(bob)), page("null"))
		for _, tc := range []struct {
			name, path, token string
			status            int
			body              string
		}{
			{"nobody", "/v1/stories/target-or-actor/4", ann.token, 400, notFound},
			{"nobody by name", "/v1/stories/target-or-actor/nobody", ann.token, 400, notFound},
			{"who has blocked one", one(ann), foe.token, 400, notFound},
			{"with who has blocked one", two("bobby", "anna"), foe.token, 400, notFound},
			{"whom one has blocked", one(foe), ann.token, 400, notFound},
			{"before what", one(bob) + "?before_id=x", ann.token, 400, `{"error":{"message":"Invalid parameter : before_id is the id of a story.","code":104}}`},
			{"without the scope", one(bob), n.token(t, ann.User, everyScope, 0), 403, lacks("access_feed")},
			{"without a token", one(bob), "", 401, noToken},
		} {
			n.refused(t, tc.name, request{"GET", tc.path, tc.token, "", ""}, tc.status, tc.body)
		}
	})
}

// The audience alone makes a payment's narrower; beside an action it is ignored.
func TestNarrow(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.people(t, "anna", "bobby", "cody")
		ann, bob, cal := p[0], p[1], p[2]
		w := n.post(ann.token, "user_id="+bob.ID.String()+"&amount=1&note=a&audience=public")
		want := answered{id: madeID(t, w), audience: "public", actor: ann, target: toUser(bob)}
		narrow := func(by person, audience string) request {
			return request{method: http.MethodPut, path: "/v1/payments/" + want.id.String(), token: by.token, body: "audience=" + audience}
		}
		checkAnswer(t, "as it is", n.do(narrow(ann, "public")), want.changed())
		want.audience = "friends"
		keyed := narrow(bob, "friends")
		keyed.key = "k"
		checkAnswer(t, "narrower, by the target", n.do(keyed), want.changed())
		n.looks(t, "narrower", ann, want)
		const wider = `{"error":{"message":"The audience can only become narrower than friends.","code":3104}}`
		n.refused(t, "wider", narrow(ann, "public"), 400, wider)
		n.refused(t, "no audience", narrow(ann, "all"), 400, badAudience)
		n.refused(t, "neither", narrow(ann, ""), 400, `{"error":{"message":"Pass the action: approve, deny or cancel.","code":241}}`)
		n.refused(t, "somebody else's", narrow(cal, "private"), 400, notFound)
		want.audience = "private"
		checkAnswer(t, "narrowest", n.do(narrow(ann, "private")), want.changed())
		if w := n.do(keyed); w.Header().Get("Idempotent-Replayed") != "true" || !strings.Contains(w.Body.String(), `"audience":"friends"`) {
			t.Errorf("repeated: %s", w.Body)
		}

		w = n.post(ann.token, "user_id="+bob.ID.String()+"&amount=-1&note=a&audience=public")
		charge := answered{id: madeID(t, w), status: "pending", action: "charge", audience: "public", actor: ann, target: toUser(bob)}
		r := put(bob.token, charge.id, "deny")
		r.body += "&audience=private"
		w = n.do(r)
		checkAnswer(t, "beside an action", w, n.ended(t, charge, "cancelled", "").changed())
	})
}

// Whoever leaves the audience out gets their own.
func TestOwnAudience(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.people(t, "anna", "bobby")
		for _, set := range []purse.Audience{purse.Private, purse.Friends, purse.Public} {
			err := n.store.Execute(t.Context(), purse.Command{
				Book: purse.Directory, Needs: purse.Needs{Users: []purse.UserID{p[0].ID}},
				Decide: func(f *purse.Facts) error {
					u, err := f.User(p[0].ID)
					u.Audience = set
					f.Put(u)
					return err
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, amount := range []string{"1", "-1"} {
				var made struct {
					Data struct {
						Payment struct{ Audience purse.Audience }
					}
				}
				w := n.post(p[0].token, "user_id="+p[1].ID.String()+"&note=a&audience=&amount="+amount)
				if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.Data.Payment.Audience != set {
					t.Errorf("%s: %s", set, w.Body)
				}
			}
		}
	})
}
