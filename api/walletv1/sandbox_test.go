package walletv1

import (
	"encoding/json"
	"testing"

	"purse/sandbox"
)

// TestSandboxAmounts is the table of wire.md D.1: what integrations try first. In
// a network without the script the same amounts are plain money.
func TestSandboxAmounts(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 100_00)
		n.owns(t, n.person(t, sandbox.Person, 100_00), sandbox.Addresses...)
		for _, scripted := range []bool{false, true} {
			if scripted {
				n.wallet.Script = sandbox.Script{}
			}
			for _, tc := range []struct{ target, amount, plain, scripted string }{
				{"user_id=145434160922624933", "0.10", "settled", "settled"},
				{"email=venmo%40venmo.com", "0.10", "settled", "settled"},
				{"phone=15555555555", "0.10", "settled", "settled"},
				{"user_id=145434160922624933&email=venmo%40venmo.com&phone=15555555555", "0.10", "settled", "settled"},
				{"email=venmo%40venmo.com", "0.20", "settled", "failed"},
				{"user_id=145434160922624933", "0.20", "settled", "failed"},
				{"email=foo%40venmo.com", "0.30", "pending", "pending"},
				{"phone=5555555556", "0.30", "pending", "pending"},
				{"email=venmo%40venmo.com", "-0.10", "pending", "settled"},
				{"email=venmo%40venmo.com", "-0.20", "pending", "pending"},
				{"user_id=145434160922624933", "0.21", "settled", "settled"},
			} {
				want := tc.plain
				if scripted {
					want = tc.scripted
				}
				before := n.balance(t, ann)
				w := n.post(ann.token, tc.target+"&amount="+tc.amount+"&note=try")
				var got struct {
					Data struct {
						Balance json.Number
						Payment struct{ ID, Status string }
					}
				}
				if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Data.Payment.Status != want {
					t.Errorf("%s %s, scripted %v: %d %s, want %s", tc.target, tc.amount, scripted, w.Code, w.Body, want)
				}
				if moved := n.balance(t, ann) - before; want == "failed" && moved != 0 || tc.amount == "-0.10" && want == "settled" && moved != 10 {
					t.Errorf("%s %s, scripted %v: %d moved", tc.target, tc.amount, scripted, moved)
				}
				if want == "failed" {
					n.refused(t, "what has failed is over", request{"PUT", "/v1/payments/" + got.Data.Payment.ID, ann.token, "", "action=cancel"},
						400, `{"error":{"message":"This payment is not pending.","code":2901}}`)
				}
			}
		}
		// What would be refused anyway is refused, and nothing is scripted away.
		n.refused(t, "no note", request{"POST", "/v1/payments", ann.token, "", "email=venmo%40venmo.com&amount=0.20"}, 400, noNote)
		n.freeze(t, ann, true)
		n.refused(t, "frozen", request{"POST", "/v1/payments", ann.token, "", "email=venmo%40venmo.com&amount=0.10&note=a"}, 403, `{"error":{"message":"This wallet is frozen.","code":1344}}`)
	})
}
