package walletv1

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
)

// The refusals of a change.
const (
	noAction     = `{"error":{"message":"Pass the action: approve, deny or cancel.","code":241}}`
	badAction    = `{"error":{"message":"Invalid parameter : The action is approve, deny or cancel.","code":104}}`
	notPending   = `{"error":{"message":"This payment is not pending.","code":2901}}`
	notTheAsked  = `{"error":{"message":"Only who was asked to pay can approve or deny.","code":2901}}`
	notTheMaker  = `{"error":{"message":"Only who made the payment can cancel it.","code":2901}}`
	nothingToAsk = `{"error":{"message":"There is no pending charge of yours to remind of.","code":2905}}`
	reminded     = `{"error":{"message":"You have sent a reminder already.","code":2907}}`
)

func TestChangeRefusesRequests(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		id := madeID(t, n.post(bob.token, fmt.Sprintf("user_id=%d&amount=-1&note=Canary", ann.ID)))
		path := "/v1/payments/" + id.String()
		for body, want := range map[string]string{
			"": noAction, "{}": noAction, "action=": noAction, "action=+%09": noAction, `{"action":null}`: noAction, `{"action":" "}`: noAction, "status=settled": noAction,
			"action=settle": badAction, "action=Approve": badAction, "action=APPROVE": badAction, "action=approve,deny": badAction, "action=expire": badAction,
			"action=fail": badAction, "action=5": badAction, "action=-1": badAction, `{"action":["approve"]}`: badAction, `{"action":true}`: badAction, `{"action":1e400}`: badAction,
			"action=" + strings.Repeat("a", 60_000): badAction,
			"action=approve%00":                     badText, "action=%ff": badText, "action=approve&x=%1b": badText, `{"action":"a\u0000"}`: badText,
			"action=%zz": badBody, `{"action":"approve"`: badBody, `{"action":approve}`: badBody, "{\"action\":\"\xff\"}": badBody,
		} {
			n.refused(t, body[:min(len(body), 40)], request{"PUT", path, ann.token, "", body}, 400, want)
		}
		n.refused(t, "too large", request{"PUT", path, ann.token, "", "action=" + strings.Repeat("a", 64<<10)}, 413, tooLarge)
		n.refused(t, "broken query", request{"PUT", path + "?a=b;c", ann.token, "", "action=approve"}, 400, badQuery)
		n.refused(t, "long key", request{"PUT", path, ann.token, strings.Repeat("k", 256), "action=approve"}, 400, badKey)
		for _, id := range []string{
			"4", ann.ID.String(), "9223372036854775807", "abc", "007", "0" + id.String(), "0", "-4", "+4", id.String() + ".0", "9223372036854775808",
			strings.Repeat("9", 1000), "%00", "%ff", "4%2f5", "%D9%A3", "NaN",
		} {
			n.refused(t, id, request{"PUT", "/v1/payments/" + id, ann.token, "", "action=approve"}, 400, notFound)
		}
	})
}

// Who may do what to a payment, in each of its states.
func TestWhoMayChange(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.person(t, purse.User{Username: "bob", FirstName: "Bob"}, 100_00)
		eve := n.person(t, purse.User{Username: "eve", FirstName: "Eve"}, 100_00)
		charge := func() purse.PaymentID {
			return madeID(t, n.post(ann.token, fmt.Sprintf("user_id=%d&amount=-1&note=a", bob.ID)))
		}
		after := func(id purse.PaymentID, by person, action string) purse.PaymentID {
			if w := n.do(put(by.token, id, action)); w.Code != 200 {
				t.Fatalf("%s: %d %s", action, w.Code, w.Body)
			}
			return id
		}
		escrow := func() purse.PaymentID { return madeID(t, n.post(ann.token, "email=x%40example.org&amount=1&note=a")) }
		overdue, overdueEscrow := charge(), escrow()
		n.advance(t, purse.DefaultTerms.ChargeLife)
		n.refused(t, "approve in the moment of the deadline", put(bob.token, overdue, "approve"), 400, notPending)
		failed := charge()
		if err := n.wallet.Fail(t.Context(), purse.MainBook, "op", failed, ""); err != nil {
			t.Fatal(err)
		}
		// What approve, pay, deny, cancel and remind are answered; "": they are done.
		actions := []string{"approve", "pay", "deny", "cancel", "remind"}
		maker := []string{notTheAsked, notTheAsked, notTheAsked, notPending, nothingToAsk}
		asked := []string{notPending, notPending, notPending, notTheMaker, nothingToAsk}
		nobody := []string{notFound, notFound, notFound, notFound, notFound}
		for _, tc := range []struct {
			name     string
			id       purse.PaymentID
			ann, bob []string
		}{
			{"pending", charge(), []string{notTheAsked, notTheAsked, notTheAsked, "", ""}, []string{"", "", "", notTheMaker, nothingToAsk}},
			{"paid at once", madeID(t, n.post(ann.token, fmt.Sprintf("user_id=%d&amount=1&note=a", bob.ID))),
				maker, []string{notTheAsked, notTheAsked, notTheAsked, notTheMaker, nothingToAsk}},
			{"approved", after(charge(), bob, "approve"), maker, asked},
			{"denied", after(charge(), bob, "deny"), maker, asked},
			{"cancelled", after(charge(), ann, "cancel"), maker, asked},
			{"failed", failed, maker, asked},
			{"overdue", overdue, maker, asked},
			{"in escrow", escrow(), []string{notTheAsked, notTheAsked, notTheAsked, "", nothingToAsk}, nobody},
			{"overdue in escrow", overdueEscrow, maker, nobody},
			{"cancelled in escrow", after(escrow(), ann, "cancel"), maker, nobody},
		} {
			for i, action := range actions {
				for who, want := range map[*person]string{&ann: tc.ann[i], &bob: tc.bob[i], &eve: notFound} {
					if want != "" {
						n.refused(t, tc.name+", "+who.Username+", "+action, put(who.token, tc.id, action), 400, want)
					}
				}
			}
		}
	})
}

func TestRemindOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 0), n.bob(t)
		id := madeID(t, n.post(ann.token, fmt.Sprintf("user_id=%d&amount=-1&note=a", bob.ID)))
		pending := answered{id: id, status: "pending", action: "charge", actor: ann, target: toUser(bob)}
		first := n.do(request{"PUT", "/v1/payments/" + id.String(), ann.token, "k", "action=remind"})
		checkAnswer(t, "remind", first, pending.changed())
		n.refused(t, "again", put(ann.token, id, "remind"), 400, reminded)
		replayed(t, "the same again", n.do(request{"PUT", "/v1/payments/" + id.String(), ann.token, "k", "action=remind"}), first)
		if w := n.do(put(bob.token, id, "deny")); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		n.refused(t, "after it was denied", put(ann.token, id, "remind"), 400, nothingToAsk)
		nobodys := madeID(t, n.post(ann.token, "phone=15555550100&amount=-1&note=a"))
		if w := n.do(put(ann.token, nobodys, "remind")); w.Code != 200 {
			t.Errorf("a charge of nobody: %d %s", w.Code, w.Body)
		}
		n.advance(t, purse.DefaultTerms.ChargeLife+time.Second)
		n.refused(t, "after it has expired", put(ann.token, nobodys, "remind"), 400, nothingToAsk)
	})
}

// What cannot be paid stays pending, until it can.
func TestApproveThatIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 0), n.person(t, purse.User{Username: "bob", FirstName: "Bob"}, 10_00)
		id := madeID(t, n.post(ann.token, fmt.Sprintf("user_id=%d&amount=-10&note=a", bob.ID)))
		r := put(bob.token, id, "approve")
		r.key = "k" // a refusal does not spend it
		n.freeze(t, bob, true)
		n.refused(t, "frozen", r, 403, `{"error":{"message":"This wallet is frozen.","code":1344}}`)
		n.freeze(t, bob, false)
		n.limits(t, purse.Limits{PaymentMinor: 9_99, WeekMinor: -1})
		n.refused(t, "over the limit for one", r, 400, overLimit)
		n.limits(t, purse.Limits{PaymentMinor: 10_00, WeekMinor: 9_99})
		n.refused(t, "over the limit for a week", r, 400, `{"error":{"message":"This would pass your weekly limit.","code":1357}}`)
		n.limits(t, purse.Limits{PaymentMinor: 10_00, WeekMinor: 10_00})
		n.terms(t, func(terms *purse.Terms) { terms.Fee.Fixed = 1 })
		n.refused(t, "no money for the fee", r, 400, noFunds)
		n.terms(t, func(terms *purse.Terms) { terms.Fee.Fixed = 0 })
		n.freeze(t, ann, true) // whoever is paid may be frozen
		w := n.do(r)
		checkAnswer(t, "approve", w, n.ended(t, answered{id: id, action: "charge", amount: "10.00", actor: ann, target: toUser(bob)}, "settled", "").changed())
		replayed(t, "again", n.do(r), w)
		if a, b := n.balance(t, ann), n.balance(t, bob); a != 10_00 || b != 0 {
			t.Errorf("ann has %d, bob %d", a, b)
		}
		ten := fmt.Sprintf("user_id=%d&amount=-0.01&note=a", bob.ID)
		n.refused(t, "the week is over", put(bob.token, madeID(t, n.post(ann.token, ten)), "approve"), 400, `{"error":{"message":"This would pass your weekly limit.","code":1357}}`)
	})
}

// An escrow that is given back no longer counts against the week.
func TestCancelledEscrowDoesNotCount(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 100_00)
		n.limits(t, purse.Limits{PaymentMinor: 50_00, WeekMinor: 50_00})
		const body = "email=x%40example.org&amount=50&note=a"
		for range 3 {
			id := madeID(t, n.post(ann.token, body))
			n.refused(t, "the week is full", request{"POST", "/v1/payments", ann.token, "", "phone=15555550100&amount=0.01&note=a"}, 400,
				`{"error":{"message":"This would pass your weekly limit.","code":1357}}`)
			if w := n.do(put(ann.token, id, "cancel")); w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
	})
}

// Approve, deny and cancel at once: one of them is done, and the money says which.
func TestOneChangeIsDone(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 0), n.person(t, purse.User{Username: "bob", FirstName: "Bob"}, 100_00)
		for range 5 {
			before := n.balance(t, ann)
			id := madeID(t, n.post(ann.token, fmt.Sprintf("user_id=%d&amount=-1&note=a", bob.ID)))
			requests := []request{put(bob.token, id, "approve"), put(bob.token, id, "deny"), put(ann.token, id, "cancel"), put(bob.token, id, "pay")}
			answers := make([]*httptest.ResponseRecorder, len(requests))
			var all sync.WaitGroup
			for i, r := range requests {
				all.Go(func() { answers[i] = n.do(r) })
			}
			all.Wait()
			done, paid := 0, int64(0)
			for i, w := range answers {
				switch {
				case w.Code == 200:
					done++
					if i == 0 || i == 3 {
						paid = 1_00
					}
				case w.Code != 400 || w.Body.String() != notPending:
					t.Errorf("%s: %d %s", requests[i].body, w.Code, w.Body)
				}
			}
			if got := n.balance(t, ann) - before; done != 1 || got != paid {
				t.Errorf("%d were done, and ann got %d, want %d", done, got, paid)
			}
		}
	})
}
