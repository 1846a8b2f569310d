package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Two people become friends, one trusts the other, and has had enough.
func TestFriendsAndTrust(t *testing.T) {
	inTown(t, func(t *testing.T, database, base string) {
		hans, inge := signUp(t, base, "hans"), signUp(t, base, "inge")
		run(t, "treasury", "issue", "inge", "100.00", "--database", database)
		hansToken, ingeToken := hans.developerToken(), inge.developerToken()
		idOf := func(token string) string {
			return ask(t, http.MethodGet, base+"/v1/me", token, "").is(http.StatusOK).get("data", "user", "id")
		}
		hansID, ingeID := idOf(hansToken), idOf(ingeToken)
		const friends = "/settings/friends"

		hans.open(friends).press(friends, "ask", "typed=nobody").sees(http.StatusUnprocessableEntity, friends, "There is nobody with this username.")
		hans.press(friends, "ask", "typed=@Inge").sees(http.StatusOK, friends, "You have asked. They decide.", "Take it back")
		inge.open(friends).sees(http.StatusOK, friends, "They ask you HT Hans Test")
		inge.press(friends, "accept", "person="+hansID).sees(http.StatusOK, friends, "You are friends.", "Your friends HT Hans Test")
		hans.open(friends).sees(http.StatusOK, friends, "Your friends IT Inge Test")
		for token, other := range map[string]string{hansToken: ingeID, ingeToken: hansID} {
			a := ask(t, http.MethodGet, base+"/v1/users/"+idOf(token)+"/friends", token, "").is(http.StatusOK)
			if a.get("data", "0", "id") != other {
				t.Errorf("the friends are %s", a.body)
			}
			ask(t, http.MethodGet, base+"/v1/users/"+other, token, "").is(http.StatusOK, `"is_friend":true`, `"friends_count":1`)
		}

		charge := func(amount string) string {
			return ask(t, http.MethodPost, base+"/v1/payments", hansToken, "user_id="+ingeID+"&amount=-"+amount+"&note=Cake&audience=friends").
				is(http.StatusOK).get("data", "payment", "status")
		}
		if got := charge("1.00"); got != "pending" {
			t.Errorf("without trust a charge is %s", got)
		}
		inge.open(friends).press(friends, "trust", "person="+hansID, "trust=20.00").sees(http.StatusOK, friends, "Saved.", "Trusted up to 20.00 USD a day")
		for i, want := range []string{"settled", "pending"} {
			if got := charge("15.00"); got != want {
				t.Errorf("charge %d of a trusted friend is %s, want %s", i+1, got, want)
			}
		}
		if got := charge("5.00"); got != "settled" {
			t.Errorf("what is left of the trust: %s", got)
		}
		if has := balanceOf(t, base, ingeToken); has != "80.00" {
			t.Errorf("inge has %s", has)
		}
		// Friends of either see what is for friends; somebody else does not.
		stranger := newPerson(t, database, "stranger", "").token
		feed := func(token string) string {
			return ask(t, http.MethodGet, base+"/v1/stories/target-or-actor/"+ingeID, token, "").body
		}
		if got := feed(hansToken); !strings.Contains(got, "Cake") {
			t.Errorf("hans sees %s", got)
		}
		if got := feed(stranger); strings.Contains(got, "Cake") {
			t.Errorf("a stranger sees %s", got)
		}

		inge.open(friends).press(friends, "block", "person="+hansID).sees(http.StatusOK, friends, "Blocked.").missing("Trusted")
		if status, body := pay(t, base, person{token: hansToken}, person{id: ingeID}, "1.00"); status != http.StatusBadRequest || !strings.Contains(body, `"code":1343`) {
			t.Errorf("paying who has blocked: %d %s", status, body)
		}
		ask(t, http.MethodPost, base+"/v1/payments", hansToken, "email=inge@example.org&amount=1&note=n").fails(http.StatusBadRequest, codeNobody)
		ask(t, http.MethodPost, base+"/v1/payments", hansToken, "user_id="+ingeID+"&amount=-1&note=n").fails(http.StatusBadRequest, codeNobody)
		for _, path := range []string{ingeID, "inge", ingeID + "/friends"} {
			ask(t, http.MethodGet, base+"/v1/users/"+path, hansToken, "").fails(http.StatusBadRequest, codeNotFound)
		}
		found := ask(t, http.MethodGet, base+"/v1/users?"+url.Values{"query": {"inge"}}.Encode(), hansToken, "").is(http.StatusOK)
		if strings.Contains(found.body, `"inge"`) {
			t.Errorf("who was blocked finds %s", found.body)
		}
		hans.open(friends).missing("Inge").press(friends, "ask", "typed=inge").sees(http.StatusUnprocessableEntity, friends, "There is nobody with this username.")
		// What is pending between them can still be ended, and unblocking makes no friends.
		inge.open(friends).sees(http.StatusOK, friends, "Blocked They cannot pay you", "Hans Test")
		inge.press(friends, "unblock", "person="+hansID).sees(http.StatusOK, friends, "Not blocked any more.").missing("Hans")
		ask(t, http.MethodGet, base+"/v1/users/inge", hansToken, "").is(http.StatusOK, `"is_friend":false`)
		if got := charge("1.00"); got != "pending" {
			t.Errorf("after it all a charge is %s", got)
		}
	})
}
