package walletv1

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"purse"
)

const reused = `{"error":{"message":"This idempotency key was used for another request.","code":1360}}`

// replayed checks that w is first again, byte for byte, and says so.
func replayed(t *testing.T, name string, w, first *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != 200 || w.Body.String() != first.Body.String() || w.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s: %d %v %s\nwant %s", name, w.Code, w.Header(), w.Body, first.Body)
	}
	checkHeaders(t, name, w)
}

func TestSameKeyGetsTheSameAnswer(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		form := fmt.Sprintf("user_id=%d&amount=1&note=Canary", bob.ID)
		first := n.do(request{"POST", "/v1/payments", ann.token, "k", form})
		madeID(t, first)
		if first.Header().Get("Idempotent-Replayed") != "" {
			t.Error("the first answer says that it is a repetition")
		}
		second, poor := n.token(t, ann.User, everyScope, 0), n.token(t, ann.User, "make_payments", 0)
		before := n.digest(t)
		for name, r := range map[string]request{
			"again":                {"POST", "/v1/payments", ann.token, "k", form},
			"other order":          {"POST", "/v1/payments", ann.token, "k", fmt.Sprintf("note=Canary&amount=1&user_id=%d", bob.ID)},
			"in the query":         {"POST", "/v1/payments?" + form, ann.token, "k", ""},
			"as JSON":              {"POST", "/v1/payments", ann.token, "k", fmt.Sprintf(`{"user_id":%d,"amount":1,"note":"Canary"}`, bob.ID)},
			"token elsewhere":      {"POST", "/v1/payments?access_token=" + ann.token, "", "k", form},
			"other token":          {"POST", "/v1/payments", second, "k", form},
			"token in another way": {"POST", "/v1/payments", "", "k", form + "&access_token=" + second},
		} {
			replayed(t, name, n.do(r), first)
		}
		if n.digest(t) != before {
			t.Error("a repetition has changed something")
		}
		// The stored answer has a balance, which this token may not see.
		n.refused(t, "token that may see less", request{"POST", "/v1/payments", poor, "k", form}, 403, reused)
		n.freeze(t, ann, true) // whatever has happened since
		replayed(t, "frozen", n.do(request{"POST", "/v1/payments", ann.token, "k", form}), first)
		n.refused(t, "frozen, without a key", request{"POST", "/v1/payments", ann.token, "", form}, 403, `{"error":{"message":"This wallet is frozen.","code":1344}}`)

		none := n.token(t, ann.User, "access_profile", 0)
		n.refused(t, "token without the scope", request{"POST", "/v1/payments", none, "k", form}, 403, lacks("make_payments"))
		n.revoke(t, second)
		n.refused(t, "revoked token", request{"POST", "/v1/payments", second, "k", form}, 401, revoked)
	})
}

func TestKeyForAnotherRequestIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		form := fmt.Sprintf("user_id=%d&amount=1&note=Canary", bob.ID)
		madeID(t, n.do(request{"POST", "/v1/payments", ann.token, "k", form}))
		second := n.token(t, ann.User, everyScope, 0)
		for name, r := range map[string]request{
			"other amount":   {"POST", "/v1/payments", ann.token, "k", strings.Replace(form, "amount=1", "amount=2", 1)},
			"other text":     {"POST", "/v1/payments", ann.token, "k", strings.Replace(form, "amount=1", "amount=1.00", 1)},
			"other note":     {"POST", "/v1/payments", ann.token, "k", form + "s"},
			"one more":       {"POST", "/v1/payments", ann.token, "k", form + "&audience=public"},
			"other token":    {"POST", "/v1/payments", second, "k", form + "s"},
			"too much":       {"POST", "/v1/payments", ann.token, "k", strings.Replace(form, "amount=1", "amount=5000", 1)},
			"as a uuid":      {"POST", "/v1/payments", ann.token, "", form + "&uuid=k"},
			"before oneself": {"POST", "/v1/payments", ann.token, "k", fmt.Sprintf("user_id=%d&amount=1&note=a", ann.ID)},
		} {
			n.refused(t, name, r, 403, reused)
		}
		// Another key, none, and the same key of another person are other requests.
		for name, r := range map[string]request{
			"other key": {"POST", "/v1/payments", ann.token, "K", form},
			"no key":    {"POST", "/v1/payments", ann.token, "", form},
			"other person": {"POST", "/v1/payments", bob.token, "k",
				fmt.Sprintf("user_id=%d&amount=1&note=Canary", ann.ID)},
		} {
			if w := n.do(r); w.Code != 200 || w.Header().Get("Idempotent-Replayed") != "" {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
		}
	})
}

func TestRefusalDoesNotSpendTheKey(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 1_00), n.bob(t)
		form := fmt.Sprintf("user_id=%d&amount=1.01&note=Canary", bob.ID)
		n.refused(t, "too little", request{"POST", "/v1/payments", ann.token, "k", form}, 400, noFunds)
		first := n.do(request{"POST", "/v1/payments", ann.token, "k", strings.Replace(form, "1.01", "1", 1)})
		madeID(t, first)
		n.refused(t, "spent now", request{"POST", "/v1/payments", ann.token, "k", form}, 403, reused)
	})
}

func TestChargesHaveKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 0), n.bob(t)
		for name, target := range map[string]string{"k": "user_id=" + bob.ID.String(), "l": "email=x%40example.org"} {
			form := target + "&amount=-1&note=Canary"
			first := n.do(request{"POST", "/v1/payments", ann.token, name, form})
			id := madeID(t, first)
			replayed(t, "again", n.do(request{"POST", "/v1/payments", ann.token, name, form}), first)
			if w := n.do(put(ann.token, id, "cancel")); w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			replayed(t, "cancelled", n.do(request{"POST", "/v1/payments", ann.token, name, form}), first)
			n.refused(t, "as a payment", request{"POST", "/v1/payments", ann.token, name, target + "&amount=1&note=Canary"}, 403, reused)
			n.refused(t, "of more", request{"POST", "/v1/payments", ann.token, name, target + "&amount=-2&note=Canary"}, 403, reused)
		}
		n.refused(t, "of nobody", request{"POST", "/v1/payments", ann.token, "m", "user_id=4&amount=-1&note=Canary"}, 400, nobody)
		madeID(t, n.do(request{"POST", "/v1/payments", ann.token, "m", "user_id=" + bob.ID.String() + "&amount=-1&note=Canary"})) // not spent
		if got := len(n.dump(t, "payments")); got != 3 {
			t.Errorf("%d payments", got)
		}
	})
}

func TestChangesHaveKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 0), n.person(t, purse.User{Username: "bob", FirstName: "Bob"}, 100_00)
		second, poor := n.token(t, bob.User, everyScope, 0), n.token(t, bob.User, "make_payments", 0)
		charge := func() string {
			return "/v1/payments/" + madeID(t, n.post(ann.token, fmt.Sprintf("user_id=%d&amount=-1&note=a", bob.ID))).String()
		}
		one, other := charge(), charge()
		for _, action := range []string{"cancel", "remind"} { // a refusal does not spend the key
			if w := n.do(request{"PUT", one, bob.token, "k", "action=" + action}); w.Code != 400 {
				t.Errorf("%s: %d %s", action, w.Code, w.Body)
			}
		}
		first := n.do(request{"PUT", one, bob.token, "k", "action=approve"})
		if first.Code != 200 || first.Header().Get("Idempotent-Replayed") != "" {
			t.Fatalf("%d %s", first.Code, first.Body)
		}
		before := n.digest(t)
		for name, r := range map[string]request{
			"again":         {"PUT", one, bob.token, "k", "action=approve"},
			"in the query":  {"PUT", one + "?action=approve", bob.token, "k", ""},
			"as JSON":       {"PUT", one, bob.token, "k", `{"action":"approve"}`},
			"other token":   {"PUT", one, second, "k", "action=approve"},
			"token within":  {"PUT", one, "", "k", "action=approve&access_token=" + second},
			"that may less": {"PUT", one, poor, "k", "action=approve"}, // there is no balance in it
		} {
			replayed(t, name, n.do(r), first)
		}
		if n.digest(t) != before {
			t.Error("a repetition has changed something")
		}
		n.refused(t, "other action", request{"PUT", one, bob.token, "k", "action=deny"}, 403, reused)
		n.refused(t, "same action by another word", request{"PUT", one, bob.token, "k", "action=pay"}, 403, reused)
		n.refused(t, "other payment", request{"PUT", other, bob.token, "k", "action=approve"}, 403, reused)
		n.refused(t, "no such payment", request{"PUT", "/v1/payments/4", bob.token, "k", "action=approve"}, 403, reused)
		n.refused(t, "a payment", request{"POST", "/v1/payments", bob.token, "k", fmt.Sprintf("user_id=%d&amount=1&note=a", ann.ID)}, 403, reused)
		n.refused(t, "without the key", request{"PUT", one, bob.token, "", "action=approve"}, 400, notPending)
		n.refused(t, "other person's key", request{"PUT", one, ann.token, "k", "action=approve"}, 400, notTheAsked)
		if got := n.balance(t, ann); got != 1_00 {
			t.Errorf("ann has %d", got)
		}
	})
}

func TestUUIDIsAKey(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		form := fmt.Sprintf("user_id=%d&amount=1&note=Canary&uuid=", bob.ID)
		first := n.post(ann.token, form+"u-1")
		madeID(t, first)
		replayed(t, "again", n.post(ann.token, form+"u-1"), first)
		replayed(t, "as the header", n.do(request{"POST", "/v1/payments", ann.token, "u-1", form + "u-1"}), first)
		n.refused(t, "other request", request{"POST", "/v1/payments", ann.token, "", form + "u-1&audience=public"}, 403, reused)
		// The header goes before the field; a blank field is no key.
		header := n.do(request{"POST", "/v1/payments", ann.token, "h-1", form + "u-1"})
		madeID(t, header)
		replayed(t, "header and field", n.do(request{"POST", "/v1/payments", ann.token, "h-1", form + "u-1"}), header)
		for range 2 {
			if w := n.post(ann.token, form); w.Code != 200 || w.Header().Get("Idempotent-Replayed") != "" {
				t.Errorf("blank uuid: %d %s", w.Code, w.Body)
			}
		}
		if got := n.balance(t, bob); got != 4_00 {
			t.Errorf("bob has %d", got)
		}
	})
}

func TestTwinsPayOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		second := n.token(t, ann.User, everyScope, 0)
		form := fmt.Sprintf("user_id=%d&amount=1&note=Canary", bob.ID)
		answers := make([]*httptest.ResponseRecorder, 24)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				token := []string{ann.token, second}[i%2]
				answers[i] = n.do(request{"POST", "/v1/payments", token, fmt.Sprint("k", i%3), form})
			})
		}
		all.Wait()
		first := map[int]*httptest.ResponseRecorder{}
		for i, w := range answers {
			if w.Header().Get("Idempotent-Replayed") == "" {
				if first[i%3] != nil {
					t.Errorf("key %d was carried out twice", i%3)
				}
				first[i%3] = w
			}
		}
		for i, w := range answers {
			if first[i%3] == nil || w.Code != 200 || w.Body.String() != first[i%3].Body.String() {
				t.Errorf("request %d: %d %s", i, w.Code, w.Body)
			}
		}
		if got := n.balance(t, bob); got != 3_00 || len(n.dump(t, "payments")) != 3 {
			t.Errorf("bob has %d, by %d payments", got, len(n.dump(t, "payments")))
		}
	})
}

func TestTwinsWithoutKeysSpendNoMoreThanThereIs(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 5_00), n.bob(t)
		form := fmt.Sprintf("user_id=%d&amount=1&note=Canary", bob.ID)
		answers := make([]*httptest.ResponseRecorder, 16)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = n.post(ann.token, form) })
		}
		all.Wait()
		paid := 0
		for _, w := range answers {
			if w.Code == 200 {
				paid++
			} else if w.Code != 400 || w.Body.String() != noFunds {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		if a, b := n.balance(t, ann), n.balance(t, bob); paid != 5 || a != 0 || b != 5_00 {
			t.Errorf("%d were paid; ann has %d, bob %d", paid, a, b)
		}
	})
}
