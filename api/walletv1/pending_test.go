package walletv1

import (
	"net/url"
	"testing"
	"time"

	"purse"
	"purse/identity"
)

// Whatever names the target, it is the person where there is one.
func TestTargets(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		n.owns(t, bob, purse.Address{Kind: purse.Email, Text: "bob@example.org"}, purse.Address{Kind: purse.Phone, Text: "15555550100"})
		balance := int64(100_00)
		for _, tc := range []struct{ field, value, target string }{
			{"user_id", bob.ID.String(), toUser(bob)},
			{"email", "bob@example.org", toUser(bob)}, {"email", " Bob@EXAMPLE.org ", toUser(bob)},
			{"phone", "15555550100", toUser(bob)}, {"phone", "+1 (555) 555-0100", toUser(bob)}, {"phone", "5555550100", toUser(bob)},
			{"email", "Nobody@Example.org", toEmail("nobody@example.org")}, {"email", "o'nobody+x@example.org", toEmail("o'nobody+x@example.org")},
			{"phone", "555-555-0101", toPhone("15555550101")}, {"phone", "+44 20 7946 0000", toPhone("442079460000")},
		} {
			for _, action := range []string{"pay", "charge"} {
				name := action + " " + tc.field + " " + tc.value
				form := url.Values{tc.field: {tc.value}, "amount": {"5"}, "note": {"Canary"}, "audience": {"friends"}}
				want := answered{actor: ann, action: action, amount: "5.00", note: `"Canary"`, audience: "friends", target: tc.target}
				if action == "charge" {
					form.Set("amount", "-5")
				} else {
					balance -= 5_00
				}
				if action == "charge" || tc.target != toUser(bob) {
					want.status = "pending"
				}
				w := n.post(ann.token, form.Encode())
				want.id = madeID(t, w)
				checkAnswer(t, name, w, want.made(decimal(balance)))
				n.looks(t, name, ann, want)
				if tc.target == toUser(bob) {
					n.looks(t, name+", at the target", bob, want)
				} else {
					n.refused(t, name, request{"GET", "/v1/payments/" + want.id.String(), bob.token, "", ""}, 400, notFound)
				}
				if got := n.balance(t, ann); got != balance {
					t.Errorf("%s: %d are left, want %d", name, got, balance)
				}
			}
		}
		if a, b := n.balance(t, ann), n.balance(t, bob); a != 50_00 || b != 30_00 {
			t.Errorf("ann has %d, bob %d", a, b)
		}
	})
}

// looks checks that want, which is p's newest payment, is shown and listed so.
func (n *network) looks(t *testing.T, name string, p person, want answered) {
	t.Helper()
	checkAnswer(t, name+", shown", n.get(p.token, "/v1/payments/"+want.id.String()), want.shown())
	if items, _ := n.list(t, p.token, "limit=1"); len(items) != 1 || items[0] != want.listed() {
		t.Errorf("%s: listed as %s\nwant %s", name, items, want.listed())
	}
}

// What a charge becomes, as either side sees it.
func TestCharges(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 0), n.person(t, purse.User{Username: "bob", FirstName: "Bob"}, 100_00)
		for _, tc := range []struct {
			action, status string
			by             person
			paid           int64
		}{
			{"approve", "settled", bob, 7_00}, {"pay", "settled", bob, 7_00}, {"deny", "cancelled", bob, 0}, {"cancel", "cancelled", ann, 0}, {"remind", "pending", ann, 0},
		} {
			a, b := n.balance(t, ann), n.balance(t, bob)
			w := n.post(ann.token, "user_id="+bob.ID.String()+"&amount=-7&note=a&audience=public")
			want := answered{id: madeID(t, w), status: "pending", action: "charge", amount: "7.00", audience: "public", actor: ann, target: toUser(bob)}
			checkAnswer(t, tc.action+", made", w, want.made(decimal(a)))
			w = n.do(put(tc.by.token, want.id, tc.action))
			if tc.status != "pending" {
				want = n.ended(t, want, tc.status, "")
			}
			checkAnswer(t, tc.action, w, want.changed())
			n.looks(t, tc.action+", to the actor", ann, want)
			n.looks(t, tc.action+", to the target", bob, want)
			if a2, b2 := n.balance(t, ann), n.balance(t, bob); a2-a != tc.paid || b-b2 != tc.paid {
				t.Errorf("%s: ann had %d and has %d, bob had %d and has %d", tc.action, a, a2, b, b2)
			}
		}
	})
}

// Money that was on its way to nobody comes back, whichever way it ends.
func TestEscrowIsGivenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 100_00)
		n.terms(t, func(terms *purse.Terms) { terms.Fee = purse.Fee{Fixed: 10, Basis: 250} })
		for _, end := range []struct {
			status string
			do     func(purse.PaymentID)
		}{
			{"cancelled", func(id purse.PaymentID) {
				checkAnswer(t, "cancel", n.do(put(ann.token, id, "cancel")),
					n.ended(t, answered{id: id, action: "pay", amount: "5.00", actor: ann, target: toEmail("x@example.org")}, "cancelled", "5.23").changed())
			}},
			{"failed", func(id purse.PaymentID) {
				if err := n.wallet.Fail(t.Context(), purse.MainBook, "op", id, "it bounced"); err != nil {
					t.Fatal(err)
				}
			}},
			{"expired", func(purse.PaymentID) { n.advance(t, purse.DefaultTerms.EscrowLife+time.Second) }},
		} {
			w := n.post(ann.token, "email=x%40example.org&amount=5&note=a")
			want := answered{id: madeID(t, w), status: "pending", amount: "5.00", actor: ann, target: toEmail("x@example.org"), fee: "0.23"}
			checkAnswer(t, end.status+", made", w, want.made("94.77"))
			n.looks(t, end.status+", pending", ann, want)
			end.do(want.id)
			shown := n.get(ann.token, "/v1/payments/"+want.id.String())
			want = n.ended(t, want, end.status, "5.23")
			checkAnswer(t, end.status, shown, want.shown())
			n.looks(t, end.status, ann, want)
			if got := n.balance(t, ann); got != 100_00 {
				t.Errorf("%s: ann has %d", end.status, got)
			}
			n.refused(t, end.status+", once more", put(ann.token, want.id, "cancel"), 400, notPending)
		}
	})
}

// A charge that ends without money has neither fee nor refund.
func TestChargesThatEndUnanswered(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 0), n.bob(t)
		n.terms(t, func(terms *purse.Terms) { terms.Fee = purse.Fee{Fixed: 10} })
		for _, status := range []string{"failed", "expired"} {
			w := n.post(ann.token, "user_id="+bob.ID.String()+"&amount=-5&note=a")
			want := answered{id: madeID(t, w), status: "pending", action: "charge", amount: "5.00", actor: ann, target: toUser(bob)}
			checkAnswer(t, status+", made", w, want.made("0.00"))
			if status == "failed" {
				if err := n.wallet.Fail(t.Context(), purse.MainBook, "op", want.id, ""); err != nil {
					t.Fatal(err)
				}
			} else {
				n.advance(t, purse.DefaultTerms.ChargeLife+time.Second)
			}
			shown := n.get(bob.token, "/v1/payments/"+want.id.String())
			want = n.ended(t, want, status, "")
			checkAnswer(t, status, shown, want.shown())
			n.looks(t, status, ann, want)
			n.looks(t, status, bob, want)
		}
	})
}

// Nobody has swept; what is asked for decides what is looked at first.
func TestOverdueIsExpiredWhoeverLooks(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		for _, tc := range []struct {
			query string
			want  int
		}{
			{"", 6}, {"status=expired", 6}, {"status=expired&limit=2", 2}, {"status=pending", 0}, {"status=pending&limit=1", 0}, {"status=pending,expired&limit=3", 3},
			{"status=settled", 0}, {"status=expired&action=charge", 3}, {"status=expired&actor=" + ann.ID.String(), 6},
		} {
			var made []purse.PaymentID
			for range 3 {
				made = append(made, madeID(t, n.post(ann.token, "email=x%40example.org&amount=5&note=a")))
				made = append(made, madeID(t, n.post(ann.token, "user_id="+bob.ID.String()+"&amount=-5&note=a")))
			}
			n.advance(t, purse.DefaultTerms.ChargeLife+time.Second)
			before := purse.Created(int64(made[0])).Add(-time.Microsecond).UTC().Format("2006-01-02T15:04:05.000000")
			items, _ := n.list(t, ann.token, tc.query+"&after="+before)
			if len(items) != tc.want {
				t.Errorf("%q lists %d, want %d", tc.query, len(items), tc.want)
			}
			for _, item := range items {
				if readItem(t, item).Status != "expired" {
					t.Errorf("%q lists %s", tc.query, item)
				}
			}
		}
		if got := n.balance(t, ann); got != 100_00 {
			t.Errorf("ann has %d", got)
		}
	})
}

func TestFees(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		n.terms(t, func(terms *purse.Terms) { terms.Fee = purse.Fee{Fixed: 10, Basis: 250} })
		w := n.post(ann.token, "user_id="+bob.ID.String()+"&amount=5&note=a")
		want := answered{id: madeID(t, w), amount: "5.00", actor: ann, target: toUser(bob), fee: "0.23"} // 0.10 and 0.125
		checkAnswer(t, "pay", w, want.made("94.77"))
		n.looks(t, "pay", ann, want)
		n.looks(t, "pay", bob, want)

		w = n.post(bob.token, "user_id="+ann.ID.String()+"&amount=-20&note=a")
		want = answered{id: madeID(t, w), status: "pending", action: "charge", amount: "20.00", actor: bob, target: toUser(ann)}
		checkAnswer(t, "charge", w, want.made("5.00"))
		w = n.do(put(ann.token, want.id, "approve"))
		want = n.ended(t, want, "settled", "")
		want.fee = "0.60"
		checkAnswer(t, "approve", w, want.changed())
		n.looks(t, "approve", ann, want)
		if a, b := n.balance(t, ann), n.balance(t, bob); a != 74_17 || b != 25_00 {
			t.Errorf("ann has %d, bob %d", a, b)
		}
		// The fee is refused with the payment.
		n.refused(t, "no money for the fee", request{"POST", "/v1/payments", ann.token, "", "user_id=" + bob.ID.String() + "&amount=74.17&note=a"}, 400, noFunds)
		n.refused(t, "no money for the fee, in escrow", request{"POST", "/v1/payments", ann.token, "", "phone=15555550100&amount=74.17&note=a"}, 400, noFunds)
	})
}

func TestMediumIsTheApps(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		for _, medium := range []purse.Medium{purse.MediumIOS, purse.MediumAndroid, purse.MediumAPI} {
			app, err := n.identity.CreateApp(t.Context(), purse.MainBook, "op", purse.App{Name: "An app", Medium: medium})
			if err != nil {
				t.Fatal(err)
			}
			token := n.tokenFor(t, identity.TokenRequest{User: ann.ID, App: app.ID, Scopes: everyScope})
			w := n.post(token, "user_id="+bob.ID.String()+"&amount=-1&note=a&medium=web")
			want := answered{id: madeID(t, w), status: "pending", action: "charge", actor: ann, target: toUser(bob), medium: string(medium)}
			checkAnswer(t, string(medium), w, want.made("100.00"))
			n.looks(t, string(medium), bob, want)
		}
	})
}
