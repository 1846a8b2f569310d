package walletv1

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"purse"
)

// madeID reads the payment's number out of an answer, and nothing else.
func madeID(t *testing.T, w *httptest.ResponseRecorder) purse.PaymentID {
	t.Helper()
	var body struct {
		Data struct{ Payment struct{ ID string } }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	id, err := strconv.ParseInt(body.Data.Payment.ID, 10, 64)
	if err != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return purse.PaymentID(id)
}

// paid is the answer to a payment, to the byte. balance is empty without the scope.
func paid(id purse.PaymentID, from, to person, amount, balance, note, audience string) string {
	return answered{id: id, amount: amount, note: note, audience: audience, target: toUser(to), actor: from}.made(balance)
}

func TestPay(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		payOnly := n.token(t, ann.User, "make_payments", 0)
		form := func(amount string) string {
			return url.Values{"user_id": {bob.ID.String()}, "amount": {amount}, "note": {"Delivery."}}.Encode()
		}
		inJSON := func(amount, more string) string {
			return fmt.Sprintf(`{"user_id":"%d","amount":%s,"note":"Delivery."%s}`, bob.ID, amount, more)
		}
		query := func(r string) string { return "/v1/payments?" + r }
		balance := int64(100_00)
		for _, tc := range []struct {
			name, token, path, body string
			minor                   int64
			audience                string
		}{
			{"form", ann.token, "", form("5.00"), 500, "private"},
			{"a tenth", ann.token, "", form("0.10"), 10, "private"},
			{"one decimal", ann.token, "", form("12.5"), 1250, "private"},
			{"no decimals", ann.token, "", form("3"), 300, "private"},
			{"leading zeros", ann.token, "", form("003"), 300, "private"},
			{"space around", ann.token, "", form(" 1 "), 100, "private"},
			{"number", ann.token, "", inJSON(`5`, ""), 500, "private"},
			{"number with decimals", ann.token, "", inJSON(`12.5`, ""), 1250, "private"},
			{"number with a zero at its end", ann.token, "", inJSON(`0.10`, ""), 10, "private"},
			{"text in JSON", ann.token, "", inJSON(`"0.10"`, ""), 10, "private"},
			{"a cent", ann.token, "", inJSON(`0.01`, ""), 1, "private"},
			{"user_id as a number", ann.token, "", fmt.Sprintf(`{"user_id":%d,"amount":1,"note":"Delivery."}`, bob.ID), 100, "private"},
			{"public", ann.token, "", inJSON(`1`, `,"audience":"public"`), 100, "public"},
			{"friends", ann.token, "", inJSON(`1`, `,"audience":"friends"`), 100, "friends"},
			{"private", ann.token, "", inJSON(`1`, `,"audience":"private"`), 100, "private"},
			{"blank audience", ann.token, "", form("1") + "&audience=", 100, "private"},
			{"blank phone and email", ann.token, "", form("1") + "&phone=&email=+", 100, "private"},
			{"null phone and email", ann.token, "", inJSON(`1`, `,"phone":null,"email":null`), 100, "private"},
			{"phone and email beside the user_id", ann.token, "", form("1") + "&phone=15555550100&email=x%40example.org", 100, "private"},
			{"what other clients send", ann.token, "", inJSON(`1`, `,"funding_source_id":"5","metadata":{"quasi_cash_disclaimer_viewed":false},"eligibility_token":null`), 100, "private"},
			{"all in the query", ann.token, query(form("1")), "", 100, "private"},
			{"token in the query", "", query("access_token=" + ann.token), form("1"), 100, "private"},
			{"token and all in the query", "", query("access_token=" + ann.token + "&" + form("1")), "", 100, "private"},
			{"token in the form", "", "", form("1") + "&access_token=" + ann.token, 100, "private"},
			{"token in JSON", "", "", inJSON(`1`, `,"access_token":"`+ann.token+`"`), 100, "private"},
			{"token everywhere", ann.token, query("access_token=" + ann.token), form("1") + "&access_token=" + ann.token, 100, "private"},
			{"without access_balance", payOnly, "", form("1"), 100, "private"},
		} {
			path := tc.path
			if path == "" {
				path = "/v1/payments"
			}
			w := n.do(request{method: "POST", path: path, token: tc.token, body: tc.body})
			if balance -= tc.minor; w.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", tc.name, w.Code, w.Body)
			}
			left := decimal(balance)
			if tc.token == payOnly {
				left = ""
			}
			want := paid(madeID(t, w), ann, bob, decimal(tc.minor), left, `"Delivery."`, tc.audience)
			if w.Body.String() != want {
				t.Errorf("%s: %s\nwant %s", tc.name, w.Body, want)
			}
			checkHeaders(t, tc.name, w)
			if a, b := n.balance(t, ann), n.balance(t, bob); a != balance || a+b != 100_00 {
				t.Errorf("%s: %d and %d are left, want %d", tc.name, a, b, balance)
			}
		}
	})
}

func decimal(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }

func TestPayWithMultipart(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for name, value := range map[string]string{"user_id": bob.ID.String(), "amount": "1", "note": "Delivery.", "access_token": ann.token} {
			if err := form.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		form.Close()
		r := httptest.NewRequest("POST", "/v1/payments", bytes.NewReader(body.Bytes()))
		r.Header.Set("Content-Type", form.FormDataContentType())
		w := n.serve(r, body.Bytes())
		if want := paid(madeID(t, w), ann, bob, "1.00", "99.00", `"Delivery."`, "private"); w.Body.String() != want {
			t.Errorf("%s\nwant %s", w.Body, want)
		}
	})
}

func TestPayIsWrittenToTheBook(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		count := func() (counts []int) {
			for _, table := range []string{"payments", "parties", "postings", "events", "spent", "once", "holds"} {
				counts = append(counts, len(n.dump(t, table)))
			}
			return counts
		}
		before := count()
		n.post(ann.token, fmt.Sprintf(`{"user_id":%d,"amount":5,"note":"a"}`, bob.ID))
		for i, more := range []int{1, 2, 2, 1, 0, 0, 0} {
			if after := count(); after[i]-before[i] != more {
				t.Fatalf("payments, parties, postings, events, spent, once, holds: %v, then %v", before, after)
			}
		}
	})
}

func TestHostileTextRoundTrips(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.person(t, purse.User{Username: "a-_", FirstName: `<script>alert("1")</script>`, LastName: `O'Brien & "Söhne"`, About: "👩‍👩‍👧 \u202egnp"}, 100_00)
		bob := n.person(t, purse.User{Username: "bob", FirstName: "\uffff'; drop table users; --", LastName: "עברית 日本", About: "{{.}} ${x} %s \\"}, 0)
		for _, note := range []string{
			`<b onclick="x">"quoted" & 'single'</b>`, "🍕👩‍👩‍👧‍👦", "an em dash — and … more", "\u202eright to left עברית", "two\nlines\tand a tab",
			`back\slash \u0041 %41 + &amp;`, "'; drop table payments; --", "$1 ? :a @b", "a\u2028\u2029b", "ﬀ ẞ İ ǅ", "\ufeffmark", "a\u0301", "null", "{\"json\":[]}", "-", "0",
			strings.Repeat("é", 1000),
		} {
			asJSON, err := json.Marshal(note)
			if err != nil {
				t.Fatal(err)
			}
			for kind, body := range map[string]string{
				"form": url.Values{"user_id": {bob.ID.String()}, "amount": {"0.01"}, "note": {note}}.Encode(),
				"JSON": fmt.Sprintf(`{"user_id":"%d","amount":0.01,"note":%s}`, bob.ID, asJSON),
			} {
				w := n.post(ann.token, body)
				id := madeID(t, w)
				shown := n.do(request{method: "GET", path: "/v1/payments/" + id.String(), token: bob.token})
				for _, body := range [][]byte{w.Body.Bytes(), bytes.Replace(shown.Body.Bytes(), []byte(`{"data":`), []byte(`{"data":{"payment":`), 1)} {
					type user struct {
						FirstName   string `json:"first_name"`
						LastName    string `json:"last_name"`
						DisplayName string `json:"display_name"`
						About       string `json:"about"`
					}
					var got struct {
						Data struct {
							Payment struct {
								Note   string
								Actor  user
								Target struct{ User user }
							}
						}
					}
					if err := json.NewDecoder(bytes.NewReader(append(body, '}'))).Decode(&got); err != nil {
						t.Fatalf("%q as %s: %v: %s", note, kind, err, body)
					}
					p := got.Data.Payment
					if p.Note != note || p.Actor.FirstName != ann.FirstName || p.Actor.LastName != ann.LastName || p.Actor.About != ann.About ||
						p.Target.User.FirstName != bob.FirstName || p.Target.User.DisplayName != bob.DisplayName() || p.Target.User.About != bob.About {
						t.Errorf("%q as %s came back as %s", note, kind, body)
					}
					if bytes.ContainsAny(body, "<>\u2028") {
						t.Errorf("%q as %s: the answer holds HTML: %s", note, kind, body)
					}
				}
			}
		}
	})
}

func TestFrozenPayeeIsStillPaid(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		body := fmt.Sprintf("user_id=%d&amount=1&note=a", bob.ID)
		n.freeze(t, bob, true)
		madeID(t, n.post(ann.token, body))
		n.freeze(t, ann, true)
		n.refused(t, "frozen payer", request{"POST", "/v1/payments", ann.token, "", body}, 403,
			`{"error":{"message":"This wallet is frozen.","code":1344}}`)
		n.freeze(t, ann, false)
		madeID(t, n.post(ann.token, body))
		if got := n.balance(t, bob); got != 200 {
			t.Errorf("bob has %d", got)
		}
	})
}

func TestLimits(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 1000_00), n.bob(t)
		const (
			one  = `{"error":{"message":"The amount is over the limit for one payment.","code":1357}}`
			week = `{"error":{"message":"This would pass your weekly limit.","code":1357}}`
		)
		pay := func(amount, want string) {
			t.Helper()
			body := fmt.Sprintf("user_id=%d&amount=%s&note=a", bob.ID, amount)
			if want == "" {
				madeID(t, n.post(ann.token, body))
				return
			}
			n.refused(t, amount, request{"POST", "/v1/payments", ann.token, "", body}, 400, want)
		}
		n.limits(t, purse.Limits{PaymentMinor: 50_00, WeekMinor: 120_00})
		pay("50.01", one)
		pay("50", "")
		pay("50", "")
		pay("20.01", week)
		pay("20", "")
		pay("0.01", week)
		n.advance(t, 166*time.Hour)
		pay("0.01", week)
		n.advance(t, 3*time.Hour) // past the hours that the payments fell into
		pay("50", "")
		n.limits(t, purse.Limits{PaymentMinor: 0, WeekMinor: -1})
		pay("0.01", one)
		n.limits(t, purse.Limits{PaymentMinor: 50_00, WeekMinor: 10_00})
		pay("0.01", week)
		// What was received does not count.
		madeID(t, n.post(bob.token, fmt.Sprintf("user_id=%d&amount=10&note=a", ann.ID)))
	})
}
