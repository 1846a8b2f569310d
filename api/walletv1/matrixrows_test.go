package walletv1

import (
	"fmt"
	"net/url"

	"purse"
)

// matrix is who may ask for what. A row says what is asked for, which scopes are
// enough for it, and what the owner, another person, a friend, whom the owner has
// blocked, who has blocked the owner, and the other party of the owner's payments
// are answered.
var matrix = []row{
	// Everybody pays for themselves, and nobody those with whom they are blocked.
	{route: "POST /v1/payments", about: "to somebody", ask: pays("", "1"), scopes: may(purse.MakePayments),
		expect: everybody{did, didOwn, didOwn, didOwn, didOwn, didOwn}},
	{route: "POST /v1/payments", about: "to the owner", ask: pays(owner, "1"), scopes: may(purse.MakePayments), holder: other,
		expect: everybody{self, did, did, unseen, unseen, did}},
	{route: "POST /v1/payments", about: "a charge of the owner", ask: pays(owner, "-1"), scopes: may(purse.MakePayments), holder: other,
		expect: everybody{self, did, did, unseen, unseen, did}},
	{route: "POST /v1/payments", about: "to the owner's address", ask: paysAddress, scopes: may(purse.MakePayments), holder: other,
		expect: everybody{self, did, did, unseen, unseen, did}},

	// A payment is there for its two parties only.
	{route: "GET /v1/payments", ask: reads("/v1/payments?limit=1000", private), scopes: may(purse.AccessProfile, purse.AccessPaymentHistory),
		expect: everybody{shown, hidden, hidden, hidden, hidden, shown}},
	{route: "GET /v1/payments/{id}", ask: payment, scopes: may(purse.AccessProfile, purse.AccessPaymentHistory),
		expect: everybody{shown, gone, gone, gone, gone, shown}},
	{route: "GET /v1/payments/{id}", about: "of nobody", ask: reads("/v1/payments/4", nothing), scopes: may(purse.AccessProfile, purse.AccessPaymentHistory), expect: only(gone)},

	// Who was asked approves and denies, who has made it cancels and reminds, and
	// either lets fewer see it.
	{route: "PUT /v1/payments/{id}", about: "approve", ask: changes("approve", asksOwner), scopes: may(purse.MakePayments),
		expect: everybody{did, gone, gone, gone, gone, refusedAs(2901)}},
	{route: "PUT /v1/payments/{id}", about: "pay", ask: changes("pay", asksOwner), scopes: may(purse.MakePayments),
		expect: everybody{did, gone, gone, gone, gone, refusedAs(2901)}},
	{route: "PUT /v1/payments/{id}", about: "deny", ask: changes("deny", asksOwner), scopes: may(purse.MakePayments),
		expect: everybody{did, gone, gone, gone, gone, refusedAs(2901)}},
	{route: "PUT /v1/payments/{id}", about: "cancel", ask: changes("cancel", ownerAsks), scopes: may(purse.MakePayments),
		expect: everybody{did, gone, gone, gone, gone, refusedAs(2901)}},
	{route: "PUT /v1/payments/{id}", about: "remind", ask: changes("remind", ownerAsks), scopes: may(purse.MakePayments),
		expect: everybody{did, gone, gone, gone, gone, refusedAs(2905)}},
	{route: "PUT /v1/payments/{id}", about: "cancel what waits for nobody", ask: changes("cancel", (*town).escrow), scopes: may(purse.MakePayments),
		expect: everybody{did, gone, gone, gone, gone, gone}},
	{route: "PUT /v1/payments/{id}", about: "audience", ask: narrows, scopes: may(purse.MakePayments),
		expect: everybody{did, gone, gone, gone, gone, did}},
	{route: "PUT /v1/payments/{id}", about: "of nobody", ask: posted("/v1/payments/4", "action=approve"), scopes: may(purse.MakePayments), expect: only(gone)},

	// Everybody finds themselves there.
	{route: "GET /v1/me", ask: reads("/v1/me", ownersID), scopes: may(purse.AccessProfile),
		expect: everybody{shown, hidden, hidden, hidden, hidden, hidden}},
	{route: "GET /v1/account", ask: reads("/v1/account", ownersID), scopes: may(purse.AccessProfile),
		expect: everybody{shown, hidden, hidden, hidden, hidden, hidden}},
	{route: "GET /v1/payment-methods", ask: reads("/v1/payment-methods", ownersID), scopes: may(purse.AccessProfile),
		expect: everybody{shown, hidden, hidden, hidden, hidden, hidden}},

	// People see each other, unless one has blocked the other.
	{route: "GET /v1/users", ask: reads("/v1/users?query=owner", ownersID), scopes: may(purse.AccessProfile),
		expect: everybody{shown, shown, shown, hidden, hidden, shown}},
	{route: "GET /v1/users/{id}", ask: readsOf("/v1/users/%s", ownersID), scopes: may(purse.AccessProfile),
		expect: everybody{shown, shown, shown, gone, gone, shown}},
	{route: "GET /v1/users/{id}", about: "by name", ask: reads("/v1/users/owner", ownersID), scopes: may(purse.AccessProfile),
		expect: everybody{shown, shown, shown, gone, gone, shown}},
	{route: "GET /v1/users/{id}", about: "of nobody", ask: reads("/v1/users/4", nothing), scopes: may(purse.AccessProfile), expect: only(gone)},
	{route: "GET /v1/users/{id}", about: "of nobody by name", ask: reads("/v1/users/no-one", nothing), scopes: may(purse.AccessProfile), expect: only(gone)},
	{route: "GET /v1/users/{id}/friends", ask: readsOf("/v1/users/%s/friends", friendsID), scopes: may(purse.AccessFriends),
		expect: everybody{shown, shown, shown, gone, gone, shown}},
	{route: "GET /v1/users/{id}/friends", about: "of nobody", ask: reads("/v1/users/no-one/friends", nothing), scopes: may(purse.AccessFriends), expect: only(gone)},

	// Who is blocked cannot tell it from the owner not being there.
	{route: "PUT /v1/users/{id}", about: "ask", ask: bonds("ask"), scopes: may(purse.AccessFriends), holder: other,
		expect: everybody{self, did, shown, gone, refusedAs(104), did}},
	{route: "PUT /v1/users/{id}", about: "accept", ask: bonds("accept"), scopes: may(purse.AccessFriends), holder: other,
		expect: everybody{self, did, shown, gone, refusedAs(104), did}},
	{route: "PUT /v1/users/{id}", about: "remove", ask: bonds("remove"), scopes: may(purse.AccessFriends), holder: friend,
		expect: everybody{self, shown, did, gone, shown, shown}},
	{route: "PUT /v1/users/{id}", about: "block", ask: bonds("block"), scopes: may(purse.AccessFriends), holder: other,
		expect: everybody{self, did, did, gone, shown, did}},
	{route: "PUT /v1/users/{id}", about: "unblock", ask: bonds("unblock"), scopes: may(purse.AccessFriends), holder: blocker,
		expect: everybody{self, shown, shown, gone, did, shown}},
	{route: "PUT /v1/users/{id}", about: "of nobody", ask: posted("/v1/users/4", "action=ask"), scopes: may(purse.AccessFriends), expect: only(gone)},
	{route: "PUT /v1/users/{id}", about: "of nobody by name", ask: posted("/v1/users/no-one", "action=ask"), scopes: may(purse.AccessFriends), expect: only(gone)},

	// Each payment is told to those whom its audience has in it.
	{route: "GET /v1/stories/target-or-actor/{id}", about: "private", ask: stories(purse.Private), scopes: may(purse.AccessFeed),
		expect: everybody{shown, hidden, hidden, gone, gone, shown}},
	{route: "GET /v1/stories/target-or-actor/{id}", about: "friends", ask: stories(purse.Friends), scopes: may(purse.AccessFeed),
		expect: everybody{shown, hidden, shown, gone, gone, shown}},
	{route: "GET /v1/stories/target-or-actor/{id}", about: "public", ask: stories(purse.Public), scopes: may(purse.AccessFeed),
		expect: everybody{shown, shown, shown, gone, gone, shown}},
	{route: "GET /v1/stories/target-or-actor/{id}", about: "of nobody", ask: reads("/v1/stories/target-or-actor/no-one", nothing), scopes: may(purse.AccessFeed), expect: only(gone)},
	{route: "GET /v1/stories/target-or-actor/{a}/target-or-actor/{b}", about: "private", ask: storiesOfTwo(purse.Private), scopes: may(purse.AccessFeed),
		expect: everybody{shown, hidden, hidden, gone, gone, shown}},
	{route: "GET /v1/stories/target-or-actor/{a}/target-or-actor/{b}", about: "friends", ask: storiesOfTwo(purse.Friends), scopes: may(purse.AccessFeed),
		expect: everybody{shown, hidden, shown, gone, gone, shown}},
	{route: "GET /v1/stories/target-or-actor/{a}/target-or-actor/{b}", about: "public", ask: storiesOfTwo(purse.Public), scopes: may(purse.AccessFeed),
		expect: everybody{shown, shown, shown, gone, gone, shown}},

	// A token of any scope may end itself.
	{route: "DELETE /v1/oauth/access_token", ask: itself, scopes: purse.AllScopes, expect: only(outcome{status: 204, changes: true})},
	// Only what came of a password trusts the device that it was typed into.
	{route: "POST /v1/users/devices", about: "from a sign-in", ask: device, app: purse.SignInApp, scopes: purse.AllScopes, expect: only(didOwn)},
	{route: "POST /v1/users/devices", about: "from elsewhere", ask: device, scopes: purse.AllScopes, expect: only(lacking)},

	// Whoever asks here says otherwise who they are: an app by its secret, a person by
	// a password, or the code that a sign-in needs.
	{route: "POST /v1/oauth/access_token", about: "a code", ask: code("/v1/oauth/access_token", itsOwn), open: true, expect: only(did)},
	{route: "POST /v1/oauth/access_token", about: "a refresh token", ask: refresh, open: true, expect: only(did)},
	{route: "POST /v1/oauth/access_token", about: "another app's code", ask: code("/v1/oauth/access_token", anothers), open: true, expect: only(refusedAs(255))},
	{route: "POST /v1/oauth/access_token", about: "a wrong secret", ask: code("/v1/oauth/access_token", guessed), open: true, expect: only(refusedAs(247))},
	{route: "POST /v1/oauth/access_token", about: "a password", ask: signIn(password), open: true,
		expect: only(outcome{status: 201, shows: true, changes: true})},
	{route: "POST /v1/oauth/access_token", about: "a wrong password", ask: signIn("wrong"), open: true, expect: only(refusedAs(264))},
	{route: "POST /v1/access_token", about: "a code", ask: code("/v1/access_token", itsOwn), open: true, expect: only(did)},
	{route: "POST /v1/access_token", about: "another app's code", ask: code("/v1/access_token", anothers), open: true, expect: only(refusedAs(255))},
	{route: "POST /v1/oauth/revoke", about: "its own token", ask: revokes(itsOwn), open: true, expect: only(didOwn)},
	{route: "POST /v1/oauth/revoke", about: "another app's token", ask: revokes(anothers), open: true, expect: only(hidden)},
	{route: "POST /v1/oauth/revoke", about: "a wrong secret", ask: revokes(guessed), open: true,
		expect: only(outcome{status: 400, word: invalidClient})},
	{route: "POST /v1/account/two-factor/token", about: "a sign-in", ask: sendsCode, open: true, expect: only(didOwn)},
	{route: "POST /v1/account/two-factor/token", about: "no sign-in", ask: posted("/v1/account/two-factor/token", ""), open: true, expect: only(refusedAs(81110))},

	// Nothing is said here that is somebody's.
	{route: "GET /v1/users/{id}/picture.svg", ask: readsOf("/v1/users/%s/picture.svg", nothing), open: true, expect: only(hidden)},
	{route: "GET " + MetadataPath, ask: reads(MetadataPath, nothing), open: true, expect: only(hidden)},
	{route: "GET /v1/openapi.yaml", ask: reads("/v1/openapi.yaml", nothing), open: true, expect: only(hidden)},
	{route: "GET /v1/openapi.json", ask: reads("/v1/openapi.json", nothing), open: true, expect: only(hidden)},
}

func may(scopes ...purse.Scope) []purse.Scope { return scopes }

func refusedAs(code int) outcome { return outcome{status: 400, code: code} }

// The marks.
func nothing(*town) string     { return "" }
func ownersID(w *town) string  { return quotedID(w.people[owner]) }
func friendsID(w *town) string { return quotedID(w.people[friend]) }
func private(w *town) string   { return w.made[purse.Private].note }

func quotedID(p person) string { return `"id":"` + p.ID.String() + `"` }

// reads asks for a path.
func reads(path string, mark func(*town) string) func(*town, caller) asking {
	return func(w *town, _ caller) asking { return asking{path: path, mark: mark(w)} }
}

// readsOf asks for a path with the owner in it.
func readsOf(path string, mark func(*town) string) func(*town, caller) asking {
	return func(w *town, _ caller) asking {
		return asking{path: fmt.Sprintf(path, w.people[owner].ID), mark: mark(w)}
	}
}

func posted(path, body string) func(*town, caller) asking {
	return func(*town, caller) asking { return asking{path: path, body: body} }
}

// pays is a payment to somebody of a role, or to nobody of one.
func pays(to role, amount string) func(*town, caller) asking {
	return func(w *town, _ caller) asking {
		target := w.shop
		if to != "" {
			target = w.people[to]
		}
		return asking{path: "/v1/payments", body: fmt.Sprintf("user_id=%d&amount=%s&note=a", target.ID, amount), mark: ownersID(w)}
	}
}

func paysAddress(w *town, _ caller) asking {
	return asking{path: "/v1/payments", body: url.Values{"email": {ownersEmail}, "amount": {"1"}, "note": {"a"}}.Encode(), mark: ownersID(w)}
}

func payment(w *town, _ caller) asking {
	return asking{path: "/v1/payments/" + w.made[purse.Private].id.String(), mark: private(w)}
}

// changes does something about a fresh payment.
func changes(action string, fresh func(*town) purse.PaymentID) func(*town, caller) asking {
	return func(w *town, _ caller) asking {
		id := fresh(w).String()
		return asking{path: "/v1/payments/" + id, body: "action=" + action, mark: id}
	}
}

func asksOwner(w *town) purse.PaymentID { return w.charge(w.people[party], w.people[owner]) }
func ownerAsks(w *town) purse.PaymentID { return w.charge(w.people[owner], w.people[party]) }

func narrows(w *town, c caller) asking {
	w.t.Helper()
	r := changes("", asksOwner)(w, c)
	r.body = "audience=private"
	return r
}

// bonds does something about somebody to whom the caller is what their role says. To
// accept somebody they must have asked.
func bonds(action string) func(*town, caller) asking {
	return func(w *town, c caller) asking {
		w.t.Helper()
		p := w.people[owner]
		if c.role != "" && c.role != owner && c.role != left {
			p = w.newcomer(c.role)
		}
		if asks := c.role == other || c.role == party; asks && action == "accept" {
			if err := w.wallet.AskFriend(w.t.Context(), w.visitor(w.t, p).Actor, w.people[c.role].ID); err != nil {
				w.t.Fatal(err)
			}
		}
		return asking{path: "/v1/users/" + p.ID.String(), body: "action=" + action, mark: quotedID(p)}
	}
}

func stories(of purse.Audience) func(*town, caller) asking {
	return func(w *town, _ caller) asking {
		return asking{path: "/v1/stories/target-or-actor/" + w.people[owner].ID.String(), mark: w.made[of].note}
	}
}

func storiesOfTwo(of purse.Audience) func(*town, caller) asking {
	return func(w *town, _ caller) asking {
		path := fmt.Sprintf("/v1/stories/target-or-actor/%d/target-or-actor/%d", w.people[party].ID, w.people[owner].ID)
		return asking{path: path, mark: w.made[of].note}
	}
}

// itself is about the very token that asks.
func itself(w *town, c caller) asking {
	w.t.Helper()
	a := asking{path: "/v1/oauth/access_token"}
	if c.state != anonymous && c.state != madeUp && c.role != left {
		a.token = w.freshToken(c)
	}
	return a
}

// device is another one each time.
func device(w *town, _ caller) asking {
	w.fresh++
	return asking{path: "/v1/users/devices", headers: map[string]string{deviceHeader: fmt.Sprint("device-", w.fresh)}}
}

// asker says who an app claims to be that has what an app was given.
type asker func(*town) (id, secret string)

func itsOwn(w *town) (id, secret string) {
	a := w.app("its own")
	return a.ID.String(), string(a.Secret)
}
func anothers(w *town) (id, secret string) {
	a := w.app("another")
	return a.ID.String(), string(a.Secret)
}
func guessed(w *town) (id, secret string) {
	return w.app("its own").ID.String(), string(w.app("another").Secret)
}

// code asks for a token, with a code for the owner.
func code(path string, who asker) func(*town, caller) asking {
	return func(w *town, _ caller) asking {
		w.t.Helper()
		id, secret := who(w)
		given := w.grant(w.t, w.people[owner], w.app("its own"), "access_profile")
		return asking{path: path, body: url.Values{"client_id": {id}, "client_secret": {secret}, "code": {given}}.Encode(), mark: ownersID(w)}
	}
}

func refresh(w *town, c caller) asking {
	w.t.Helper()
	first := code("/v1/oauth/access_token", itsOwn)(w, c)
	given := w.gave(w.t, "first", w.form(first.path, first.body))
	id, secret := itsOwn(w)
	first.body = url.Values{"client_id": {id}, "client_secret": {secret}, "refresh_token": {given.Refresh}}.Encode()
	return first
}

// signIn is that of somebody who types a password into an app.
func signIn(typed string) func(*town, caller) asking {
	return func(w *town, _ caller) asking {
		form := url.Values{nameParam: {w.typist.Username}, "password": {typed}}
		return asking{path: "/v1/oauth/access_token", body: form.Encode(), mark: quotedID(w.typist)}
	}
}

// revokes ends a token of the app that is called its own.
func revokes(who asker) func(*town, caller) asking {
	return func(w *town, c caller) asking {
		w.t.Helper()
		id, secret := who(w)
		token := w.freshToken(caller{role: owner, scopes: "access_profile", app: w.app("its own").ID})
		return asking{path: "/v1/oauth/revoke", body: url.Values{"client_id": {id}, "client_secret": {secret}, "token": {token}}.Encode()}
	}
}

func sendsCode(w *town, _ caller) asking {
	return asking{path: "/v1/account/two-factor/token", headers: map[string]string{secondHeader: w.second}}
}
