package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A payment to somebody who is not here, made with an app, fails on an operator's
// word; one that waits too long expires by itself. Either way the money is back.
func TestUndelivered(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		p := start(t, database)
		defer p.stop(t)
		ada := newPerson(t, database, "ada", "10.00")
		var app appMade
		decode(t, run(t, "app", "create", "Phone", "--medium", "android", "--database", database, "--json"), &app)
		var token tokenMade
		decode(t, run(t, "token", "create", "ada", "--app", app.ID, "--scopes", "make_payments,access_profile,access_balance",
			"--database", database, "--json"), &token)

		sent := send(t, p.url, token.AccessToken, "nobody@example.org")
		if sent.Status != "pending" || sent.Medium != "android" {
			t.Errorf("sent: %+v", sent)
		}
		run(t, "payment", "fail", sent.ID, "--reason", "no such mailbox", "--database", database)
		if out, status := try(t, "payment", "fail", sent.ID, "--database", database); status != 1 || !strings.Contains(out, "not pending") {
			t.Errorf("failed twice: status %d: %s", status, out)
		}
		if got := look(t, p.url, ada.token, sent.ID); got.Status != "failed" || got.Refund == nil || got.Refund.Amount != "2.50" {
			t.Errorf("failed: %+v", got)
		}

		run(t, "terms", "--escrow-life", "1s", "--database", database)
		late := send(t, p.url, token.AccessToken, "nobody@example.org")
		until(t, "it expires", func() bool { return look(t, p.url, ada.token, late.ID).Status == "expired" })
		verify(t, database)
	})
}

// A sandbox has somebody to try things out with, from its first start on, and the
// book is in order whatever the script makes of a payment.
func TestSandboxPerson(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		start(t, database).stop(t)
		p := start(t, database)
		defer p.stop(t)
		ada := newPerson(t, database, "ada", "10.00")
		for _, tc := range []struct{ email, amount, want string }{
			{"venmo@venmo.com", "0.10", "settled"}, {"venmo@venmo.com", "0.20", "failed"}, {"foo@venmo.com", "0.30", "pending"},
			{"venmo@venmo.com", "-0.10", "settled"}, {"venmo@venmo.com", "-0.20", "pending"},
		} {
			if got := sendOf(t, p.url, ada.token, tc.email, tc.amount); got.Status != tc.want {
				t.Errorf("%s to %s: %+v, want %s", tc.amount, tc.email, got, tc.want)
			}
		}
		verify(t, database)
	})
}

type shownPayment struct {
	ID, Status, Medium string
	Refund             *struct{ Amount jsonNumber }
}

// jsonNumber is a number as it stands in the text.
type jsonNumber string

func (n *jsonNumber) UnmarshalJSON(b []byte) error {
	*n = jsonNumber(b)
	return nil
}

// send pays 2.50 to an e-mail address.
func send(t *testing.T, base, token, email string) shownPayment {
	t.Helper()
	return sendOf(t, base, token, email, "2.50")
}

func sendOf(t *testing.T, base, token, email, amount string) shownPayment {
	t.Helper()
	var out struct {
		Data struct{ Payment shownPayment }
	}
	decode(t, exchange(t, http.MethodPost, base+"/v1/payments", token,
		url.Values{"email": {email}, "amount": {amount}, "note": {"hello"}}), &out)
	return out.Data.Payment
}

func look(t *testing.T, base, token, id string) shownPayment {
	t.Helper()
	var out struct{ Data shownPayment }
	decode(t, exchange(t, http.MethodGet, base+"/v1/payments/"+id, token, nil), &out)
	return out.Data
}

func exchange(t *testing.T, method, where, token string, form url.Values) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, where, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s, %v", method, where, answer.StatusCode, body, err)
	}
	return string(body)
}

// What was paid to an address is somebody's as soon as an operator says that the
// address is theirs.
func TestUserVerify(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		p := start(t, database)
		defer p.stop(t)
		ada, ben := newPerson(t, database, "ada", "10.00"), newPerson(t, database, "ben", "")
		sent := send(t, p.url, ada.token, "ben@example.org")
		for _, wrong := range [][]string{{"ben"}, {"ben", "--email", "ben"}, {"nobody", "--email", "ben@example.org"}} {
			if out, status := try(t, append([]string{"user", "verify", "--database", database}, wrong...)...); status != 1 {
				t.Errorf("%v: status %d: %s", wrong, status, out)
			}
		}
		run(t, "user", "verify", "ben", "--email", "Ben@example.org", "--phone", "555 555 0100", "--database", database)
		if got := look(t, p.url, ben.token, sent.ID); got.Status != "settled" {
			t.Errorf("claimed: %+v", got)
		}
		if got := send(t, p.url, ada.token, "ben@example.org"); got.Status != "settled" {
			t.Errorf("paid since: %+v", got)
		}
		if out, status := try(t, "user", "verify", "ada", "--phone", "15555550100", "--database", database); status != 1 || !strings.Contains(out, "another account") {
			t.Errorf("somebody else's: status %d: %s", status, out)
		}
		verify(t, database)
	})
}
