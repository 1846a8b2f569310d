package web

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"purse"
	"purse/hub"
)

// shows checks what stands on a page and what does not; the latter begins with "!".
func shows(t *testing.T, what string, w *httptest.ResponseRecorder, texts ...string) {
	t.Helper()
	body := w.Body.String()
	for _, text := range texts {
		if no, never := strings.CutPrefix(text, "!"); strings.Contains(body, no) == never {
			t.Errorf("%s: %q: %v", what, text, !never)
		}
	}
	for _, f := range faultsOf(body) {
		t.Errorf("%s: %s", what, f)
	}
}

func TestPayPage(t *testing.T) {
	s, f := newSite(t)
	w := ask(s, "/pay/l1nk", nil)
	shows(t, "of nobody", w, "Harbour Books", "25.00 USD", "14 minutes and 4 seconds", "books.example", `src="/merchants/90/logo?v=`,
		`href="/pay/l1nk?sign=in"`, `href="/pay/l1nk?sign=up"`, `value="refuse"`, `!value="pay"`, "!120.00")
	if got := w.Header().Get("Refresh"); got != "846" {
		t.Errorf("it asks again after %s s", got)
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://books.example https://www.books.example;") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Error(csp)
	}
	w = ask(s, "/pay/l1nk", nil, asAda)
	shows(t, "of ada", w, "Ada Lovelace", "120.00 USD", "Pay 25.00 USD", `name="cap_payment" value=""`, "!too little money")
	f.balance = 2499
	shows(t, "with too little money", ask(s, "/pay/l1nk", nil, asAda), "24.99 USD", "too little money", `value="pay"`)
	f.mandate = purse.Mandate{Person: ada.ID, Since: noon, CapPayment: 1000, CapMonth: 99900, Ends: 1830297600_000_000}
	shows(t, "with limits", ask(s, "/pay/l1nk", nil, asAda), `value="10.00"`, `value="999.00"`, `type="date" value="2027-12-31"`)
	f.mandate.Person = 11
	shows(t, "with somebody else's", ask(s, "/pay/l1nk", nil, asAda), `!value="10.00"`)

	f.till.question.Handle.Type, f.till.question.Handle.Minor = purse.HandleForVerification, 0
	shows(t, "of an agreement", ask(s, "/pay/l1nk", nil, asAda), "No money moves", "!0.00 USD", "!too little", ">Agree<")
	f.till.question.Merchant.ID = 91
	shows(t, "without a logo", ask(s, "/pay/l1nk", nil), "!<img", ">HB<")
	for _, path := range []string{"/pay/other", "/pay/", "/pay"} {
		if w := ask(s, path, nil, asAda); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(s, "/pay/other", adas("do", "pay"), asAda); w.Code != 404 || !strings.Contains(w.Body.String(), "no payment behind this link") || f.since() != "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// What has ended is said in words of its own, and leads back.
func TestAnsweredPages(t *testing.T) {
	for _, tc := range []struct {
		status purse.HandleStatus
		fault  purse.Code
		kind   purse.HandleType
		says   string
		back   string
	}{
		{purse.HandlePayable, "", "", "set aside", "https://books.example/thanks?o=17"},
		{purse.HandlePayable, "", purse.HandleForVerification, "No money has moved", "https://books.example/thanks?o=17"},
		{purse.HandleCompleted, "", "", "Paid already", "https://books.example/thanks?o=17"},
		{purse.HandleCompleted, "", purse.HandleForVerification, "Agreed already", "https://books.example/thanks?o=17"},
		{purse.HandleExpired, "", "", "Too late", "https://books.example/back"},
		{purse.HandleFailed, purse.CodeRefused, "", "It was refused here", "https://www.books.example/basket"},
		{purse.HandleFailed, purse.CodeFunds, "", "too little money", "https://books.example/back"},
		{purse.HandleFailed, purse.CodeFrozen, "", "frozen or closed", "https://books.example/back"},
		{purse.HandleFailed, purse.CodeLimit, "", "more than the wallet may pay out", "https://books.example/back"},
		{purse.HandleFailed, purse.CodeFloor, "", "more than is taken", "https://books.example/back"},
		{purse.HandleFailed, purse.CodeDeclined, "", "It was declined", "https://books.example/back"},
	} {
		s, f := newSite(t)
		h := &f.till.question.Handle
		h.Status, h.Fault = tc.status, tc.fault
		if tc.kind != "" {
			h.Type, h.Minor = tc.kind, 0
		}
		w := ask(s, "/pay/l1nk", nil)
		what := fmt.Sprint(tc.status, tc.fault, tc.kind)
		shows(t, what, w, tc.says, `href="`+tc.back+`"`, "!<form method=\"post\" action=\"/pay")
		if w.Code != 200 || w.Header().Get("Refresh") != "" {
			t.Errorf("%s: %d %v", what, w.Code, w.Header())
		}
		for _, do := range []string{"pay", "refuse"} {
			if w := ask(s, "/pay/l1nk", adas("do", do), asAda); w.Header().Get("Location") != "/pay/l1nk" || f.since() != "" {
				t.Errorf("%s: to %s is answered with %d %s", what, do, w.Code, w.Header().Get("Location"))
			}
		}
	}
}

// The consumer's answer, and where the browser goes with it.
func TestPayAnswers(t *testing.T) {
	const thanks, basket, back = "https://books.example/thanks?o=17", "https://www.books.example/basket", "https://books.example/back"
	payable := purse.Handle{Status: purse.HandlePayable}
	for _, tc := range []struct {
		form    url.Values
		outcome purse.Handle
		asked   string
		then    string
	}{
		{adas("do", "pay"), payable, "AuthorizeHandle 10 l1nk -1 -1 0", thanks},
		{adas("do", "pay", "cap_payment", "30", "cap_month", " 100.50 ", "ends", "2027-12-31"), payable, "AuthorizeHandle 10 l1nk 3000 10050 1830297600000000", thanks},
		{adas("do", "pay"), purse.Handle{Status: purse.HandleFailed, Fault: purse.CodeFunds}, "AuthorizeHandle 10 l1nk -1 -1 0", back},
		{adas("do", "pay"), purse.Handle{Status: purse.HandleExpired}, "AuthorizeHandle 10 l1nk -1 -1 0", back},
		{adas("do", "refuse"), payable, "RefuseHandle l1nk", basket},
	} {
		s, f := newSite(t)
		f.till.outcome = tc.outcome
		w := ask(s, "/pay/l1nk", tc.form, asAda)
		if said := f.since(); w.Code != 303 || w.Header().Get("Location") != tc.then || said != tc.asked {
			t.Errorf("%v: %d %s, %s", tc.form, w.Code, w.Header().Get("Location"), said)
		}
		refusals(t, s, f, "/pay/l1nk", tc.form, strings.Fields(tc.asked)[0])
	}

	s, f := newSite(t)
	for typed, words := range map[string]string{"cap_payment": "not an amount", "cap_month": "not an amount", "ends": "not a day"} {
		w := ask(s, "/pay/l1nk", adas("do", "pay", typed, "many"), asAda)
		shows(t, typed, w, words, `value="many"`, "<details open>")
		if w.Code != 422 || f.since() != "" {
			t.Errorf("%s: %d", typed, w.Code)
		}
	}
	if w := ask(s, "/pay/l1nk", url.Values{"do": {"pay"}}); w.Header().Get("Location") != "/pay/l1nk?sign=in" || f.since() != "" {
		t.Errorf("who is not signed in: %d %v", w.Code, w.Header())
	}
	if w := ask(s, "/pay/l1nk", url.Values{"do": {"refuse"}}); w.Header().Get("Location") != basket {
		t.Errorf("who is not signed in says no: %d %v", w.Code, w.Header())
	}
	f.since()
	f.proved = -1 << 62
	if w := ask(s, "/pay/l1nk", adas("do", "pay"), asAda); w.Header().Get("Location") != "/prove?next=%2Fpay%2Fl1nk" || f.since() != "" {
		t.Errorf("who proved long ago who they are: %d %v", w.Code, w.Header())
	}
}

// Where no merchant's page can be reached, our own says what has happened.
func TestReturnLinks(t *testing.T) {
	for href, want := range map[string]string{
		"https://books.example/a?b=c#d": "https://books.example/a?b=c#d", "http://127.0.0.1:8080/": "http://127.0.0.1:8080/",
		"": "/pay/l1nk", "/here": "/pay/l1nk", "javascript:alert(1)": "/pay/l1nk", "app://back": "/pay/l1nk", "https://": "/pay/l1nk", "https://a;b/": "/pay/l1nk",
	} {
		s, f := newSite(t)
		f.till.question.Details = hub.Details{ReturnLinks: []hub.ReturnLink{{Rel: "default", Href: href}}}
		if got := ask(s, "/pay/l1nk", adas("do", "pay"), asAda).Header().Get("Location"); got != want {
			t.Errorf("%q leads to %q, want %q", href, got, want)
		}
		if csp := ask(s, "/pay/l1nk", nil).Header().Get("Content-Security-Policy"); strings.Count(csp, "form-action 'self';") != strings.Count(want, "/pay/l1nk") {
			t.Errorf("%q: %s", href, csp)
		}
	}
}

// A site that is no longer on the merchant's list is led to no more, nor are others in a
// live network.
func TestReturnLinksAreCheckedAgain(t *testing.T) {
	for _, tc := range []struct {
		mode    purse.Mode
		origins string
		leads   bool
	}{
		{purse.Sandbox, "", true}, {purse.Sandbox, "https://books.example", true}, {purse.Sandbox, "https://other.example", false},
		{purse.Live, "", false}, {purse.Live, "https://books.example", true}, {purse.Live, "https://other.example", false},
	} {
		s, f := newSite(t)
		s.Mode, f.till.question.Merchant.Origins = tc.mode, tc.origins
		want, page := "/pay/l1nk", `!href="https://books.example`
		if tc.leads {
			want, page = "https://books.example/thanks?o=17", `href="https://books.example/thanks?o=17"`
		}
		if csp := ask(s, "/pay/l1nk", nil).Header().Get("Content-Security-Policy"); strings.Contains(csp, "https://books.example") != tc.leads {
			t.Errorf("%+v: %s", tc, csp)
		}
		if got := ask(s, "/pay/l1nk", adas("do", "pay"), asAda).Header().Get("Location"); got != want {
			t.Errorf("%+v leads to %q", tc, got)
		}
		f.till.question.Handle.Status = purse.HandleCompleted
		shows(t, "what has ended", ask(s, "/pay/l1nk", nil), "Paid already", page)
	}
}

// A payment that was answered meanwhile in another window shows what has become of it.
func TestPayAnsweredMeanwhile(t *testing.T) {
	s, f := newSite(t)
	f.refuse["AuthorizeHandle"] = purse.Refuse(purse.CodeFinal, "This has been answered already.")
	f.till.after = func() { f.till.question.Handle.Status = purse.HandleCompleted }
	if w := ask(s, "/pay/l1nk", adas("do", "pay"), asAda); w.Code != 303 || w.Header().Get("Location") != "/pay/l1nk" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestSimulator(t *testing.T) {
	s, f := newSite(t)
	s.Loopback = true
	if w := ask(s, "/sandbox/simulator/l1nk", nil); w.Code != 404 {
		t.Errorf("of a payment that consumers answer: %d", w.Code)
	}
	f.till.question.Handle.Simulator = hub.Internal
	for _, w := range []*httptest.ResponseRecorder{ask(s, "/pay/l1nk", nil), ask(s, "/pay/l1nk", adas("do", "pay"), asAda)} {
		if w.Code != 303 || w.Header().Get("Location") != "/sandbox/simulator/l1nk" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	}
	w := ask(s, "/sandbox/simulator/l1nk", nil)
	shows(t, "the simulator", w, "Harbour Books", "ord-17", "c@example.org", "25.00 USD", "14 minutes")
	if !strings.Contains(w.Header().Get("Content-Security-Policy"), "https://books.example") {
		t.Error(w.Header())
	}
	for do, want := range map[string]string{
		"payable": "Simulate l1nk PAYABLE https://books.example/thanks?o=17", "failed": "Simulate l1nk FAILED https://books.example/back",
	} {
		w := ask(s, "/sandbox/simulator/l1nk", url.Values{"do": {do}})
		if got := f.since() + " " + w.Header().Get("Location"); got != want || w.Code != 303 {
			t.Errorf("%s: %d %s", do, w.Code, got)
		}
	}
	f.refuse["Simulate"] = purse.Refuse(purse.CodeFinal, "Too late for that.")
	if w := ask(s, "/sandbox/simulator/l1nk", url.Values{"do": {"failed"}}); w.Code != 422 || !strings.Contains(w.Body.String(), "Too late for that.") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.Loopback, s.SandboxKey = false, "k"
	f.since()
	for path, code := range map[string]int{"/sandbox/simulator/l1nk": 404, "/sandbox/simulator/l1nk?key=j": 404, "/sandbox/simulator/l1nk?key=k": 200} {
		if w := ask(s, path, nil); w.Code != code {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(s, "/sandbox/simulator/l1nk", url.Values{"do": {"payable"}}); w.Code != 404 || f.since() != "" {
		t.Errorf("posted without the key: %d", w.Code)
	}
	if way := ask(s, "/pay/l1nk?key=k", nil).Header().Get("Location"); way != "/sandbox/simulator/l1nk?key=k" {
		t.Error(way)
	}
	f.till.question.Handle.Status = purse.HandleExpired
	if way := ask(s, "/sandbox/simulator/l1nk?key=k", nil).Header().Get("Location"); way != "/pay/l1nk" {
		t.Error(way)
	}
	shows(t, "what has ended", ask(s, "/pay/l1nk", nil), "Too late")
	f.till.question.Handle.Status = purse.HandleProcessing
	s.Mailbox = nil
	shows(t, "a live network", ask(s, "/pay/l1nk", nil), "Sign in to pay")
	if w := ask(s, "/sandbox/simulator/l1nk?key=k", nil); w.Code != 404 {
		t.Errorf("a live network: %d", w.Code)
	}
}

func TestLogo(t *testing.T) {
	s, f := newSite(t)
	w := ask(s, "/merchants/90/logo?v="+logoVersion(pixel), nil)
	h := w.Header()
	if w.Code != 200 || h.Get("Cache-Control") != "private, max-age=31536000, immutable" || h.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasSuffix(h.Get("Content-Security-Policy"), "; sandbox") || h.Get("Content-Type") != "image/png" {
		t.Errorf("%d %v", w.Code, h)
	}
	if h := ask(s, "/merchants/90/logo?v=x", nil).Header(); h.Get("Cache-Control") != "private, max-age=300" {
		t.Errorf("%v", h)
	}
	for _, path := range []string{"/merchants/91/logo", "/merchants/x/logo", "/merchants/-90/logo", "/merchants/90/", "/merchants/90"} {
		if w := ask(s, path, nil); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, l := range []purse.Logo{{Type: "image/svg+xml", Data: pixel.Data}, {Type: "text/html", Data: pixel.Data}, {Type: "image/png", Data: "!"}} {
		f.logo = l
		if w := ask(s, "/merchants/90/logo", nil); w.Code != 404 {
			t.Errorf("%v: %d", l, w.Code)
		}
	}
}

func TestActivityPage(t *testing.T) {
	s, _ := newSite(t)
	w := ask(s, "/activity", nil, asAda)
	shows(t, "activity", w, "To <bdi>Harbour Books</bdi>", "Captured", "\u221225.00", "Not taken by <bdi>Harbour Books</bdi>", ">&#43;25.00<", "Set aside",
		"To <bdi>Ben</bdi>", "From <bdi>Closed account</bdi>", "To <bdi>new@example.org</bdi>", "Waits", "Fee for the payment to", "Refund from", "Money in", "1000.00",
		`href="/activity?before=1"`, "Left 9.00", "!>Newest<")
	shows(t, "activity", w, "A &lt;map&gt;", `<a href="/receipts/77">Receipt 77</a>`, "Fee for the payment to <bdi>Harbour Books</bdi>", "\u22120.13")
	shows(t, "an older page", ask(s, "/activity?before=3", nil, asAda), ">Newest<", "!Show older")
	if w := ask(s, "/activity?before=x", nil, asAda); w.Code != 422 {
		t.Error(w.Code)
	}
}

func TestMerchantsPage(t *testing.T) {
	s, f := newSite(t)
	w := ask(s, "/settings/merchants", nil, asAda)
	shows(t, "merchants", w, "&lt;script&gt;", "7.00 USD", `value="50.00"`, `value=" c@example.org"`, "A merchant that is gone", "ended")
	w = ask(s, "/settings/merchants", adas("do", "limit", "merchant", "90", "consumer", "other", "cap_month", "many"), asAda)
	shows(t, "merchants", w, "not an amount", `name="cap_month" value="many"`, `value="50.00"`)
	f.proved = -1 << 62
	if ask(s, "/settings/merchants", adas("do", "revoke", "merchant", "90", "consumer", "c"), asAda); !strings.HasPrefix(f.since(), "RevokeMandate") {
		t.Error("to take an agreement back needs a proof")
	}
}
