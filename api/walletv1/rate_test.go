package walletv1

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/api"
)

const tooFast = `{"error":{"message":"Too many requests. Try again shortly.","code":277}}`

// limited opens n's door again: three writing requests at once, one a second.
// The clock stands still but for what the returned function adds.
func (n *network) limited() (pass func(time.Duration)) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	n.open(slog.New(slog.NewJSONHandler(n.log, nil)), api.NewRates(1, 3, func() time.Time { return now }))
	return func(d time.Duration) { now = now.Add(d) }
}

// slowed checks that r is refused for its haste, and told when to come again.
func (n *network) slowed(t *testing.T, name string, r request) {
	t.Helper()
	n.refused(t, name, r, 429, tooFast)
	if got := n.do(r).Header().Get("Retry-After"); got != "1" {
		t.Errorf("%s: Retry-After is %q", name, got)
	}
}

func TestRates(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		post := request{"POST", "/v1/payments", ann.token, "", fmt.Sprintf("user_id=%d&amount=1&note=a", bob.ID)}
		id := madeID(t, n.do(request{"POST", "/v1/payments", bob.token, "", fmt.Sprintf("user_id=%d&amount=-1&note=a", ann.ID)}))
		n.do(post) // the door knows both tokens from now on
		pass := n.limited()
		for range 3 {
			madeID(t, n.do(post))
		}
		n.slowed(t, "a fourth payment", post)
		n.slowed(t, "a change", put(ann.token, id, "approve"))
		n.slowed(t, "a list", request{"GET", "/v1/payments", ann.token, "", ""})
		n.slowed(t, "a look", request{"GET", "/v1/payments/" + id.String(), ann.token, "", ""})
		if w := n.get(bob.token, "/v1/payments"); w.Code != 200 {
			t.Errorf("somebody else: %d %s", w.Code, w.Body)
		}
		pass(time.Second)
		if w := n.do(put(ann.token, id, "approve")); w.Code != 200 {
			t.Errorf("a second later: %d %s", w.Code, w.Body)
		}
		n.slowed(t, "one more", post)

		// Looking costs a tenth of paying.
		pass(3 * time.Second)
		for i := range 30 {
			path := []string{"/v1/payments", "/v1/payments/" + id.String()}[i%2]
			if w := n.get(ann.token, path); w.Code != 200 {
				t.Fatalf("look %d: %d %s", i, w.Code, w.Body)
			}
		}
		n.slowed(t, "the 31st look", request{"GET", "/v1/payments", ann.token, "", ""})
		pass(100 * time.Millisecond)
		if w := n.get(ann.token, "/v1/payments"); w.Code != 200 {
			t.Errorf("a tenth of a second later: %d %s", w.Code, w.Body)
		}
		if got := n.balance(t, bob); got != 5_00 {
			t.Errorf("bob has %d", got)
		}
	})
}

// Whoever tries tokens pays with their address, and not with those of others.
func TestGuessesAreTheAddresss(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		post := request{"POST", "/v1/payments", ann.token, "", fmt.Sprintf("user_id=%d&amount=1&note=a", bob.ID)}
		madeID(t, n.do(post))
		pass := n.limited()
		guess := func(i int) request {
			r := post
			r.token = fmt.Sprint("purse_at_guess", i)
			return r
		}
		for i := range 3 {
			n.refused(t, "guess", guess(i), 401, badToken)
		}
		n.slowed(t, "another guess", guess(3))
		n.slowed(t, "no token", request{"GET", "/v1/payments", "", "", ""})
		n.slowed(t, "a token that the door does not know yet", request{"GET", "/v1/payments", bob.token, "", ""})
		madeID(t, n.do(post)) // the known one goes on

		r := httptest.NewRequest("GET", "/v1/payments?access_token="+bob.token, strings.NewReader(""))
		r.RemoteAddr = "198.51.100.9:4711"
		if w := n.serve(r, nil); w.Code != 200 {
			t.Errorf("from another address: %d %s", w.Code, w.Body)
		}
		if w := n.get(bob.token, "/v1/payments"); w.Code != 200 {
			t.Errorf("known now: %d %s", w.Code, w.Body)
		}
		pass(time.Second)
		n.refused(t, "a guess a second later", guess(4), 401, badToken)
	})
}

// A revoked token has a bucket of its own, and a refusal costs what an answer does.
func TestRefusalsCount(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 0)
		if w := n.get(ann.token, "/v1/payments"); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		n.limited()
		for range 3 {
			n.refused(t, "nobody", request{"POST", "/v1/payments", ann.token, "", "user_id=4&amount=1&note=a"}, 400, nobody)
		}
		n.slowed(t, "a fourth", request{"POST", "/v1/payments", ann.token, "", "user_id=4&amount=1&note=a"})
	})
}

// Whoever names many addresses that nobody owns may be looking for those that
// somebody does.
func TestIntroductionsAreCounted(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		n.owns(t, bob, purse.Address{Kind: purse.Email, Text: "bob@example.org"})
		name := func(i int, amount string) string {
			if i%2 == 0 {
				return fmt.Sprintf("email=x%d%%40example.org&amount=%s&note=a", i, amount)
			}
			return fmt.Sprintf("phone=155555501%02d&amount=%s&note=a", i, amount)
		}
		amounts := []string{"1", "-1"} // charges count like payments
		for i := range purse.IntroductionsMax {
			madeID(t, n.post(ann.token, name(i, amounts[i/2%2])))
			madeID(t, n.post(ann.token, name(i, "1"))) // and an address only once
		}
		const many = `{"error":{"message":"You have named 20 new addresses within an hour. Try again later.","code":277}}`
		for i := 20; i < 24; i++ {
			n.refused(t, name(i, "1"), request{"POST", "/v1/payments", ann.token, "k", name(i, "1")}, 429, many)
			n.refused(t, name(i, "-1"), request{"POST", "/v1/payments", ann.token, "", name(i, "-1")}, 429, many)
		}
		madeID(t, n.post(ann.token, name(0, "1")))
		madeID(t, n.post(ann.token, name(19, "-1")))
		const bobs = "email=bob%40example.org&amount=1&note=a"
		n.refused(t, "somebody's, or it would tell", request{"POST", "/v1/payments", ann.token, "", bobs}, 429, many)
		madeID(t, n.post(ann.token, fmt.Sprintf("user_id=%d&amount=1&note=a", bob.ID)))
		madeID(t, n.post(bob.token, name(21, "-1")))
		n.refused(t, "what somebody else has named", request{"POST", "/v1/payments", ann.token, "", name(21, "-1")}, 429, many)
		n.advance(t, 59*time.Minute)
		n.refused(t, "before the hour is over", request{"POST", "/v1/payments", ann.token, "k", name(20, "1")}, 429, many)
		n.advance(t, time.Minute)
		if w := n.do(request{"POST", "/v1/payments", ann.token, "k", name(20, "1")}); w.Code != 200 || w.Header().Get("Idempotent-Replayed") != "" {
			t.Errorf("an hour later: %d %s", w.Code, w.Body)
		}
	})
}
