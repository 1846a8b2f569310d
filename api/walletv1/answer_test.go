package walletv1

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"purse"
)

// answered is a payment as an answer shows it. What is left out is as in a
// payment of 1.00 that settled at once, to nobody but its two parties.
type answered struct {
	id             purse.PaymentID
	status, action string
	amount, note   string
	audience       string
	target         string // JSON
	actor          person
	completed      purse.Time // 0: it is pending, or settled at once
	fee, refund    string     // JSON
	medium         string
}

func toUser(p person) string {
	return `{"type":"user","phone":null,"email":null,"user":` + userJSON(p.User) + `}`
}

func toEmail(text string) string {
	return fmt.Sprintf(`{"type":"email","phone":null,"email":%q,"user":null}`, text)
}

func toPhone(text string) string {
	return fmt.Sprintf(`{"type":"phone","phone":%q,"email":null,"user":null}`, text)
}

// members are those that every view has, with times in a layout.
func (a answered) members(layout string) string {
	created := purse.Created(int64(a.id))
	status := cmp.Or(a.status, "settled")
	completed := "null"
	if status != "pending" {
		completed = `"` + cmp.Or(a.completed, created).UTC().Format(layout) + `"`
	}
	return fmt.Sprintf(`"id":"%d","status":%q,"note":%s,"amount":%s,"action":%q,"date_created":%q,"date_completed":%s,"audience":%q,"target":%s,"actor":%s`,
		a.id, status, cmp.Or(a.note, `"a"`), cmp.Or(a.amount, "1.00"), cmp.Or(a.action, "pay"), created.UTC().Format(layout), completed,
		cmp.Or(a.audience, "private"), a.target, userJSON(a.actor.User))
}

func (a answered) extras() string {
	return fmt.Sprintf(`,"fee":%s,"refund":%s,"medium":%q`, cmp.Or(a.fee, "null"), cmp.Or(a.refund, "null"), cmp.Or(a.medium, "api"))
}

// made is the answer to POST /v1/payments, to the byte; balance is empty without
// the scope.
func (a answered) made(balance string) string {
	if balance != "" {
		balance = `"balance":` + balance + `,`
	}
	return `{"data":{` + balance + `"payment":{` + a.members("2006-01-02T15:04:05.000000") + a.extras() + `}}}`
}

// shown is the answer to GET /v1/payments/:id.
func (a answered) shown() string {
	return `{"data":{` + a.members("2006-01-02T15:04:05") + a.extras() + `}}`
}

// changed is the answer to PUT /v1/payments/:id.
func (a answered) changed() string { return `{"data":` + a.listed() + `}` }

// listed is an item of the answer to GET /v1/payments.
func (a answered) listed() string { return `{` + a.members("2006-01-02T15:04:05") + `}` }

// ended is a after it has left pending, with the times and numbers that the book
// gave it. back is what was given back, "" if nothing was.
func (n *network) ended(t *testing.T, a answered, status, back string) answered {
	t.Helper()
	p, err := n.store.Payment(t.Context(), purse.MainBook, a.id)
	if err != nil {
		t.Fatal(err)
	}
	if a.status, a.completed = status, p.Completed; p.Completed < p.Created() {
		t.Errorf("completed at %d, made at %d", p.Completed, p.Created())
	}
	if (p.Refund != 0) != (back != "") {
		t.Fatalf("refund is %d", p.Refund)
	}
	if back != "" {
		at := p.Completed.UTC().Format("2006-01-02T15:04:05")
		a.refund = fmt.Sprintf(`{"id":"%d","status":"settled","amount":%s,"date_created":%q,"date_completed":%q}`, p.Refund, back, at, at)
	}
	return a
}

// checkAnswer checks that w is a success, to the byte.
func checkAnswer(t *testing.T, name string, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	if w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("%s: %d %s\nwant %s", name, w.Code, w.Body, want)
	}
	checkHeaders(t, name, w)
}
