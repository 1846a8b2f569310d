package hubv1

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/hub"
)

// seedWalk is a consumer, a shop, and what has been seen of the consumer's postings.
type seedWalk struct {
	*network
	t        *testing.T
	consumer purse.Actor
	number   int64 // of the last posting that was seen
}

// entries checks which postings the wallet has got since the last look, oldest
// first: what was done, with how much, at whose other side.
func (w *seedWalk) entries(step string, want ...string) {
	w.t.Helper()
	rows, err := w.store.Postings(w.t.Context(), purse.MainBook, purse.WalletOf(w.consumer.User), 0, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Reverse(rows)
	var got []string
	for _, p := range rows {
		if p.Number <= w.number {
			continue
		}
		w.number = p.Number
		other := "somebody else"
		if p.Other == purse.BalanceOf(w.merchant.ID) {
			other = "the shop"
		}
		got = append(got, fmt.Sprintf("%s %d %s", p.Kind, p.Minor, other))
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: the book has %q, want %q", step, got, want)
	}
}

// handle asks for a payment handle, and checks the answer, its state and whether
// there is a link.
func (w *seedWalk) handle(step, ref string, minor int64, status int, code string, state purse.HandleStatus, redirect bool, others ...string) answer {
	w.t.Helper()
	h := w.post("/paymenthandles", handleBody(ref, append([]string{"amount", fmt.Sprint(minor)}, others...)...)).want(w.t, step, status, code)
	w.shows(step, h, state)
	if got := strings.Contains(h.body, "redirect_payment"); got != redirect {
		w.t.Errorf("%s: a link is %v: %s", step, got, h.body)
	}
	return h
}

// shows checks the state of a handle by a look-up.
func (w *seedWalk) shows(step string, h answer, state purse.HandleStatus) answer {
	w.t.Helper()
	now := w.get("/paymenthandles/" + h.ID) // of one that was declined it says why
	if now.code != 200 || now.Status != string(state) {
		w.t.Errorf("%s: the handle is %s, want %s", step, now.Status, state)
	}
	return now
}

// redirect is the consumer coming to the page.
func (w *seedWalk) redirect(step string, h answer) (link string) {
	w.t.Helper()
	link = strings.TrimPrefix(h.Links[0].Href, publicURL+"/pay/")
	if _, err := w.hub.Question(w.t.Context(), link); err != nil {
		w.t.Fatalf("%s: %v", step, err)
	}
	w.shows(step, h, purse.HandleProcessing)
	return link
}

// agrees is the consumer's yes on the page.
func (w *seedWalk) agrees(step, link string, h answer) answer {
	w.t.Helper()
	if _, err := w.hub.Authorize(w.t.Context(), w.consumer, link, hub.Agreement{CapPayment: purse.NoCap, CapMonth: purse.NoCap}); err != nil {
		w.t.Fatalf("%s: %v", step, err)
	}
	return w.shows(step, h, purse.HandlePayable)
}

func (w *seedWalk) pay(step, ref string, h answer, minor int64, status int, code string) answer {
	w.t.Helper()
	return w.post("/payments", payBody(ref, h.PaymentHandleToken, "amount", fmt.Sprint(minor))).want(w.t, step, status, code)
}

// TestSeed004 walks seeds/004 from its first line to its last: each step and each
// outcome in its tables, with what the book says of it.
func TestSeed004(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		w := &seedWalk{network: n, t: t, consumer: n.visiting(t, n.ada(t))}
		w.number = 1 // what the wallet was given
		w.firstPayment()
		w.unhappyHandles()
		w.unhappyPayments()
		w.subsequentPayments()
		w.notDecidedToProceed()
	})
}

// firstPayment: "For the first payment, you redirect your consumer to Venmo to
// authorize the payment and grant permission for subsequent payments."
func (w *seedWalk) firstPayment() {
	h := w.handle("STEP 1: the request succeeds", "first", 25_00, 201, "", purse.HandleInitiated, true)
	w.entries("nothing is held before the consumer agrees")
	link := w.redirect("STEP 2: redirect consumer", h)
	w.entries("nothing is held while the consumer is asked")
	payable := w.agrees("STEP 2: the consumer authorizes", link, h)
	w.entries("the funds are ring-fenced inside the wallet", "hold 2500 the shop")
	w.gateway(payable)
	p := w.pay("STEP 3: Venmo settles the payment", "first", h, 25_00, 201, "")
	if p.Status != "COMPLETED" {
		w.t.Errorf("the payment is %s", p.Status)
	}
	w.shows("STEP 3: COMPLETED", h, purse.HandleCompleted)
	w.entries("captured", "capture 2500 the shop")
	w.pay("the token was used", "again", h, 25_00, 400, "5283")
	w.entries("nothing twice")
}

// gateway checks the six values of gatewayResponse, by the table of the seed.
func (w *seedWalk) gateway(h answer) {
	if h.GatewayResponse == nil || len(h.GatewayResponse.BrainTreeCustomerID) != 9 || strings.Trim(h.GatewayResponse.BrainTreeCustomerID, "0123456789") != "" {
		w.t.Errorf("brainTreeCustomerId is not a numeric 9 digit string: %s", h.body)
	}
	for _, member := range []string{`"processor":"Braintree"`, `"username":"@ada-l"`, `"firstName":"Ada"`, `"lastName":"L"`} {
		if !strings.Contains(h.body, member) {
			w.t.Errorf("gatewayResponse lacks %s: %s", member, h.body)
		}
	}
}

// unhappyHandles: "Negative outcomes" of STEP 1. A system error (5042) stands for a
// fault between two companies, and here there is only one.
func (w *seedWalk) unhappyHandles() {
	stranger := []string{"venmo", `{"consumerId":"stranger@example.org"}`}
	w.post("/paymenthandles", handleBody("nonsense", "amount", `"much"`)).want(w.t, "a request that makes no sense", 400, "5068")
	set := func(accepts bool) {
		if _, err := w.identity.SetMerchant(w.t.Context(), "op", w.merchant.ID, func(m *purse.Merchant) { m.Accepts = accepts }); err != nil {
			w.t.Fatal(err)
		}
	}
	set(false)
	w.post("/paymenthandles", handleBody("setup")).want(w.t, "a setup error", 401, "5040")
	set(true)
	for i, minor := range []int64{3000_00, 3000_99} {
		h := w.handle("declined: the floor limit", fmt.Sprint("floor ", i), minor, 402, "3049", purse.HandleFailed, false, stranger...)
		if h.ID == "" || h.Status != "FAILED" || h.Error == nil {
			w.t.Errorf("a 402 is the resource with the error: %s", h.body)
		}
	}
	for i, minor := range []int64{1, 1999_99, 3001_00} {
		w.handle("accepted", fmt.Sprint("not floor ", i), minor, 201, "", purse.HandleInitiated, true, stranger...)
	}
	h := w.handle("the consumer says no", "no", 10_00, 201, "", purse.HandleInitiated, true, stranger...)
	link := w.redirect("the consumer says no", h)
	if _, err := w.hub.RefuseHandle(w.t.Context(), link); err != nil {
		w.t.Fatal(err)
	}
	w.shows("the consumer says no", h, purse.HandleFailed)
	w.pay("what was refused cannot be taken", "no", h, 10_00, 400, "5283")
	w.entries("no money was touched")
}

// unhappyPayments: "Negative outcomes" of STEP 3.
func (w *seedWalk) unhappyPayments() {
	h := w.handle("payable by the agreement", "lapses", 30_00, 201, "", purse.HandlePayable, false)
	w.entries("ring-fenced", "hold 3000 the shop")
	w.advance(w.t, purse.HandleLife-time.Minute)
	if left := w.shows("a minute is left", h, purse.HandlePayable); left.TimeToLiveSeconds > 60 {
		w.t.Errorf("%d seconds are left", left.TimeToLiveSeconds)
	}
	w.advance(w.t, time.Minute)
	late := w.pay("the token is not used within 15 minutes", "lapses", h, 30_00, 400, "5283")
	if !slices.Contains(late.Error.Details, "PAYMENT_HANDLE_EXPIRED") {
		w.t.Errorf("it does not say PAYMENT_HANDLE_EXPIRED: %s", late.body)
	}
	w.shows("EXPIRED", h, purse.HandleExpired)
	w.entries("the money rolls back to the consumer", "release 3000 the shop")

	h = w.handle("payable", "declined", 2000_00, 201, "", purse.HandlePayable, false)
	p := w.pay("the payment is declined", "declined", h, 2000_00, 402, "3047")
	if p.Status != "FAILED" || p.ID == "" {
		w.t.Errorf("a 402 is the resource with the error: %s", p.body)
	}
	w.shows("FAILED", h, purse.HandleFailed)
	w.entries("declined", "hold 200000 the shop", "release 200000 the shop")
}

// subsequentPayments: "As long as the agreement … remains in force, the response
// won't contain a redirect URL." And: "If the consumer has invalidated the agreement
// with you, the response contains a redirect URL that prompts the consumer to recreate
// the agreement."
func (w *seedWalk) subsequentPayments() {
	t, key := w.t, purse.MandateKey{Merchant: w.merchant.ID, Consumer: "c@example.org"}
	h := w.handle("a subsequent payment", "second", 12_00, 201, "", purse.HandlePayable, false)
	w.news(h, "handle.initiated", "handle.processing", "handle.payable")
	w.gateway(w.shows("a subsequent payment", h, purse.HandlePayable))
	w.pay("a subsequent payment", "second", h, 12_00, 201, "")
	w.entries("a subsequent payment", "hold 1200 the shop", "capture 1200 the shop")

	h = w.handle("before it is revoked", "third", 5_00, 201, "", purse.HandlePayable, false)
	if err := w.hub.RevokeMandate(t.Context(), w.consumer, key); err != nil {
		t.Fatal(err)
	}
	w.pay("what was ring-fenced before is honoured", "third", h, 5_00, 201, "")
	w.entries("revoked in between", "hold 500 the shop", "capture 500 the shop")

	h = w.handle("the agreement was revoked", "fourth", 7_00, 201, "", purse.HandleInitiated, true)
	w.entries("nothing is held")
	link := w.redirect("recreate the agreement", h)
	w.agrees("recreate the agreement", link, h)
	w.pay("the agreement is recreated", "fourth", h, 7_00, 201, "")
	w.entries("recreated", "hold 700 the shop", "capture 700 the shop")
	w.handle("and remains in force", "fifth", 1_00, 201, "", purse.HandlePayable, false)
	w.entries("and remains in force", "hold 100 the shop")

	balance := w.balance(t, w.consumer.User)
	h = w.handle("more than the wallet has", "too much", 59_000_00, 201, "", purse.HandlePayable, false)
	w.entries("held", "hold 5900000 the shop")
	if _, err := w.wallet.SetLimits(t.Context(), purse.MainBook, "op", purse.Limits{PaymentMinor: 60_000_00, WeekMinor: 900_000_00}); err != nil {
		t.Fatal(err)
	}
	declined := w.handle("declined: more than is left", "too much more", 50_000_00, 402, "3022", purse.HandleFailed, false)
	if declined.Status != "FAILED" {
		t.Errorf("it is %s", declined.Status)
	}
	w.entries("a decline holds nothing")
	if got := w.balance(t, w.consumer.User); got != balance {
		t.Errorf("the balance is %d, was %d", got, balance)
	}
	w.shows("what was held stays so", h, purse.HandlePayable)
}

// notDecidedToProceed: "If you decide not to proceed with the payment, the
// ring-fenced funds in the consumer's wallet are released after 15 minutes." By
// themselves: nobody asks.
func (w *seedWalk) notDecidedToProceed() {
	w.advance(w.t, purse.HandleLife)
	if err := w.hub.ExpireOverdue(w.t.Context(), purse.MainBook); err != nil {
		w.t.Fatal(err)
	}
	w.entries("released", "release 100 the shop", "release 5900000 the shop")
	a, err := w.store.Account(w.t.Context(), purse.MainBook, purse.WalletOf(w.consumer.User))
	if err != nil || a.DebitsHeld != 0 || a.Balance() != 100_000_00-25_00-12_00-5_00-7_00 {
		w.t.Errorf("the wallet has %d, %d of it held, %v", a.Balance(), a.DebitsHeld, err)
	}
}

// news checks what was told about a handle, in order.
func (w *seedWalk) news(h answer, want ...string) {
	w.t.Helper()
	id, _ := parseID(h.ID)
	rows, err := w.store.Events(w.t.Context(), purse.MainBook, id-1, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	var got []string
	for _, e := range rows {
		if e.Subject == id {
			got = append(got, string(e.Kind))
		}
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("the news of the handle are %q, want %q", got, want)
	}
}
