package web

import (
	"context"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/order"
)

// orderFake stands for package order, and notes what it was asked like the fake that
// it is of.
type orderFake struct {
	*fake
	question order.Question
	after    func() // what else happens at an answer
}

// ordered is an order that has just been made: 25.00 for tea.
func ordered() order.Question {
	return order.Question{
		Order: purse.Order{
			OrderKey: purse.OrderKey{Merchant: 90, Number: 17}, Source: purse.OrderFromAPI, Minor: 2500, Fee: 55, Customer: "c@example.org",
			Product: "Two pounds of tea", Redirect: "https://books.example/thanks?o=17", Link: "0rder", Made: noon, Deadline: noon.Add(time.Hour),
			Status: purse.OrderPending, Changed: noon, Version: 1,
		},
		Merchant: purse.Merchant{ID: 90, Book: purse.MainBook, Name: "Harbour Books", Accepts: true, Origins: "https://books.example"}, Now: noon.Add(55 * time.Second),
	}
}

func (f *orderFake) Question(_ context.Context, link string) (order.Question, error) {
	if err := f.refuse["OrderQuestion"]; err != nil {
		return order.Question{}, err
	}
	if link != "0rder" {
		return order.Question{}, purse.Refuse(purse.CodeNotFound, "Resource not found.")
	}
	return f.question, nil
}

func (f *orderFake) Pay(_ context.Context, a purse.Actor, link string) (purse.Order, error) {
	if f.after != nil {
		f.after()
	}
	return f.question.Order, f.did("PayOrder", a.User, link)
}

func (f *orderFake) Refuse(_ context.Context, link string) (purse.Order, error) {
	if f.after != nil {
		f.after()
	}
	return f.question.Order, f.did("RefuseOrder", link)
}

const orderPage = "/pay/0rder"

// Who pays more than an app may in a day has said lately who they are.
func TestPayingMuchNeedsAProof(t *testing.T) {
	for _, tc := range []struct {
		minor, onTop, most int64
		proof              bool
	}{
		{9_999, 0, 100_00, false}, {100_00, 0, 100_00, false}, {100_01, 0, 100_00, true}, {99_00, 1_00, 100_00, false}, {99_00, 1_01, 100_00, true},
		{1, 0, 0, true}, {1 << 60, 0, purse.AppsOwnCap, false},
	} {
		s, f := newSite(t)
		f.terms.AppCap, f.proved = tc.most, -1<<62
		f.orders.question.Order.Minor, f.orders.question.Order.OnTop, f.orders.question.Order.Fee = tc.minor, tc.onTop > 0, tc.onTop
		pay := func() (string, string) {
			return ask(s, orderPage, adas("do", "pay"), asAda).Header().Get("Location"), f.since()
		}
		way, asked := orderPage, "PayOrder 10 0rder"
		if tc.proof {
			way, asked = "/prove?next=%2Fpay%2F0rder", ""
		}
		if to, said := pay(); to != way || said != asked {
			t.Errorf("%+v: to %q, %q", tc, to, said)
		}
		f.proved = 1
		if to, said := pay(); to != orderPage || said != "PayOrder 10 0rder" {
			t.Errorf("%+v, proved: to %q, %q", tc, to, said)
		}
	}
	s, f := newSite(t)
	f.refuse["Book"] = purse.Refuse(purse.CodeBusy, "Not now.")
	if w := ask(s, orderPage, adas("do", "pay"), asAda); w.Code != 503 || f.since() != "" {
		t.Errorf("without the terms: %d", w.Code)
	}
	shows(t, "who only looks", ask(s, orderPage, nil, asAda), "Pay 25.00 USD")
}

// The way back is the merchant's to the byte, and never a script.
func TestLinksAreExact(t *testing.T) {
	for _, way := range []string{
		"https://books.example/a;b,c=d!$&'()*+", "https://books.example/?%zz", "https://books.example/?a[]=1&amp;b=%2F%2f", "https://BOOKS.example/..//x",
	} {
		s, f := newSite(t)
		f.orders.question.Order.Status, f.orders.question.Order.Redirect = purse.OrderPaid, way
		f.orders.question.Order.Changed = f.orders.question.Now
		w := ask(s, orderPage, nil)
		shows(t, way, w, ` href="`+html.EscapeString(way)+`"`)
		if w.Header().Get("Refresh") != "5; url="+way {
			t.Errorf("%q: %v", way, w.Header())
		}
	}
	for _, way := range []string{"javascript:alert(1)", " javascript:alert(1)", "JavaScript://books.example/%0aalert(1)", "data:text/html,x", "//evil.example", "/here", "https:evil.example", ""} {
		if got := exactly(way); got != `href="#"` {
			t.Errorf("%q: %s", way, got)
		}
	}
	if got := exactly(`https://a.example/"><script>'`); got != `href="https://a.example/&#34;&gt;&lt;script&gt;&#39;"` {
		t.Errorf("%s", got)
	}
}

func TestOrderPage(t *testing.T) {
	s, f := newSite(t)
	w := ask(s, orderPage, nil)
	shows(t, "of nobody", w, "Harbour Books", "25.00 USD", "Two pounds of tea", "59 minutes and 5 seconds", `data-left="3545"`, `data-state="PENDING"`, `data-events="/pay/0rder/events"`,
		"books.example", `src="/merchants/90/logo?v=`, `href="/pay/0rder?sign=in"`, `href="/pay/0rder?sign=up"`, `value="refuse"`, `!value="pay"`, "!120.00", "!<input",
		`<noscript><meta http-equiv="refresh" content="5"></noscript>`, `class="qr"`, "!set aside", "!e-mail address", `!<a class="brand"`, "!>Settings<")
	if got := w.Header().Get("Refresh"); got != "3547" {
		t.Errorf("it asks again after %s s", got)
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self';") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Error(csp)
	}
	shows(t, "of ada", ask(s, orderPage, nil, asAda), "Ada Lovelace", "120.00 USD", "Pay 25.00 USD", "!cap_payment", "!too little", "!class=\"qr\"", "Not you?", `content="30"`,
		`name="next" value="/pay/0rder"`)
	f.balance = 2554
	shows(t, "with just enough", ask(s, orderPage, nil, asAda), "!too little")
	f.orders.question.Order.OnTop = true
	shows(t, "with a fee", ask(s, orderPage, nil, asAda), "too little money", "25.55 USD", "0.55 USD", "Pay 25.55 USD", `value="pay"`)
	f.orders.question.Merchant.ID, f.orders.question.Merchant.Origins = 91, "https://other.example"
	shows(t, "without a logo, and a site that is gone", ask(s, orderPage, nil), "!<img", ">HB<", "!books.example")

	f.refuse["OrderQuestion"] = purse.Refuse(purse.CodeBusy, "Try again.")
	if w := ask(s, orderPage, nil); w.Code != 503 {
		t.Errorf("when all is busy: %d", w.Code)
	}
}

// What nobody can pay any more is said in words of its own.
func TestOrderStates(t *testing.T) {
	const back = `href="https://books.example/thanks?o=17"`
	adas, bens, gone := purse.UserID(10), purse.UserID(11), "!books.example"
	for name, tc := range map[string]struct {
		change func(o *purse.Order, m *purse.Merchant)
		cookie string
		shows  []string
	}{
		"paid by ada":           {paid(adas), asAda, []string{"<h1>Paid</h1>", "You have paid", "25.00 USD", "Two pounds of tea", ">17<", moment(noon), `href="/receipts/17"`, back, "!Ada", "goes there by itself"}},
		"paid by ada, seen":     {paid(adas), "a=b", []string{"<h1>Paid</h1>", "The merchant has the money", ">17<", back, "!receipts", "!Ada", "!You have"}},
		"paid by somebody else": {paid(bens), asAda, []string{"<h1>Paid</h1>", "not from your wallet", back, "!receipts", "!Ben"}},
		"expired": {func(o *purse.Order, _ *purse.Merchant) { o.Status = purse.OrderExpired }, "a=b",
			[]string{"<h1>Too late</h1>", moment(noon.Add(time.Hour)), "Nothing was paid", gone}},
		"overdue": {func(o *purse.Order, _ *purse.Merchant) { o.Deadline = noon }, "a=b", []string{"<h1>Too late</h1>", gone}},
		"cancelled": {func(o *purse.Order, _ *purse.Merchant) { o.Status = purse.OrderCancelled }, asAda,
			[]string{"<h1>Cancelled</h1>", "Nothing was paid", gone}},
		"closed":  {func(_ *purse.Order, m *purse.Merchant) { m.Closed = noon }, "a=b", []string{"<h1>Closed</h1>", "Nothing was paid", gone}},
		"not now": {func(_ *purse.Order, m *purse.Merchant) { m.Accepts = false }, asAda, []string{"<h1>Not now</h1>", "Nothing was paid", gone}},
	} {
		s, f := newSite(t)
		tc.change(&f.orders.question.Order, &f.orders.question.Merchant)
		w := ask(s, orderPage, nil, tc.cookie)
		shows(t, name, w, append(tc.shows, `!<form`, "!checkout.")...)
		if leads := w.Header().Get("Refresh") == "5; url=https://books.example/thanks?o=17"; w.Code != 200 || leads != strings.HasPrefix(name, "paid") {
			t.Errorf("%s: %d, %q", name, w.Code, w.Header().Get("Refresh"))
		}
		for _, do := range []string{"pay", "refuse"} {
			form := url.Values{"do": {do}}
			if tc.cookie == asAda {
				form.Set("form", nonce(adasSession))
			}
			if w := ask(s, orderPage, form, tc.cookie); w.Header().Get("Location") != orderPage || f.since() != "" {
				t.Errorf("%s: to %s is answered with %d %s", name, do, w.Code, w.Header().Get("Location"))
			}
		}
		for _, how := range []string{"sign-in", "sign-up"} {
			if w := ask(s, orderPage+"/"+how, url.Values{}); w.Header().Get("Location") != orderPage || f.since() != "" {
				t.Errorf("%s: %s: %d", name, how, w.Code)
			}
		}
	}
}

// paid is an order that somebody has just paid.
func paid(by purse.UserID) func(*purse.Order, *purse.Merchant) {
	return func(o *purse.Order, _ *purse.Merchant) { o.Status, o.Payer = purse.OrderPaid, by }
}

// The way back is offered where the merchant may send people, and followed by itself
// only as long as somebody waits for it.
func TestWayBackOfAnOrder(t *testing.T) {
	const href, leads = `href="https://books.example/thanks?o=17"`, "goes there by itself"
	for name, tc := range map[string]struct {
		change func(*order.Question)
		shows  []string
	}{
		"at once":       {func(*order.Question) {}, []string{href, leads}},
		"after a while": {func(q *order.Question) { q.Now = noon.Add(2 * time.Minute) }, []string{href, "!" + leads}},
		"nowhere":       {func(q *order.Question) { q.Order.Redirect = "" }, []string{"!Back to", "!" + leads, `href="/"`}},
		"off the list":  {func(q *order.Question) { q.Merchant.Origins = "https://books.example:8443" }, []string{"!" + href, "!" + leads}},
		"any, of a test": {func(q *order.Question) {
			q.Merchant.Origins, q.Order.Redirect = "", "http://127.0.0.1:8080/"
		}, []string{`href="http://127.0.0.1:8080/"`, leads}},
		"no web address": {func(q *order.Question) { q.Merchant.Origins, q.Order.Redirect = "", "javascript:alert(1)" }, []string{"!alert", "!" + leads}},
	} {
		s, f := newSite(t)
		paid(11)(&f.orders.question.Order, nil)
		tc.change(&f.orders.question)
		w := ask(s, orderPage, nil)
		shows(t, name, w, tc.shows...)
		if follows := w.Header().Get("Refresh") != ""; follows == strings.Contains(strings.Join(tc.shows, " "), "!"+leads) {
			t.Errorf("%s: Refresh: %q", name, w.Header().Get("Refresh"))
		}
	}
	s, f := newSite(t)
	s.Mode = purse.Live
	paid(11)(&f.orders.question.Order, nil)
	f.orders.question.Merchant.Origins = ""
	shows(t, "a live merchant without a list", ask(s, orderPage, nil), "!"+href)
}

// The customer's answer to an order.
func TestOrderAnswers(t *testing.T) {
	for do, asked := range map[string]string{"pay": "PayOrder 10 0rder", "refuse": "RefuseOrder 0rder"} {
		s, f := newSite(t)
		f.proved = -1 << 62 // paying once needs no proof
		if w := ask(s, orderPage, adas("do", do), asAda); w.Code != 303 || w.Header().Get("Location") != orderPage || f.since() != asked {
			t.Errorf("%s: %d %v", do, w.Code, w.Header())
		}
		refusals(t, s, f, orderPage, adas("do", do), strings.Fields(asked)[0])
	}
	s, f := newSite(t)
	for code, status := range map[purse.Code]int{purse.CodeFunds: 422, purse.CodeLimit: 422, purse.CodeFrozen: 403, purse.CodeRate: 429} {
		f.refuse["PayOrder"] = purse.Refuse(code, "Not like this.")
		w := ask(s, orderPage, adas("do", "pay"), asAda)
		shows(t, string(code), w, "Not like this.", `role="alert"`, "Pay 25.00 USD", "<title>Error: ")
		if w.Code != status {
			t.Errorf("%s: %d", code, w.Code)
		}
	}
	f.refuse["PayOrder"] = purse.Refuse(purse.CodeSignedOut, "You are signed out.")
	if w := ask(s, orderPage, adas("do", "pay"), asAda); w.Header().Get("Location") != orderPage+"?sign=in" {
		t.Errorf("a session that has just ended: %d %v", w.Code, w.Header())
	}
	f.refuse["PayOrder"] = purse.Refuse(purse.CodeFinal, "This was paid already. Nothing is paid twice.")
	f.orders.after = func() { paid(11)(&f.orders.question.Order, nil) }
	if w := ask(s, orderPage, adas("do", "pay"), asAda); w.Code != 303 || w.Header().Get("Location") != orderPage {
		t.Errorf("paid meanwhile: %d %v", w.Code, w.Header())
	}

	s, f = newSite(t)
	if w := ask(s, orderPage, url.Values{"do": {"pay"}}); w.Header().Get("Location") != orderPage+"?sign=in" || f.since() != "" {
		t.Errorf("who is not signed in: %d %v", w.Code, w.Header())
	}
	if w := ask(s, orderPage, url.Values{"do": {"refuse"}}); w.Header().Get("Location") != orderPage || f.since() != "RefuseOrder 0rder" {
		t.Errorf("who is not signed in says no: %d %v", w.Code, w.Header())
	}
	if w := ask(s, orderPage, adas("do", "give"), asAda); w.Code != 422 || f.since() != "" {
		t.Errorf("something else: %d", w.Code)
	}
}

// Who is not signed in may do so on the page itself, which keeps what was asked for.
func TestSigningInPlace(t *testing.T) {
	for _, page := range []string{orderPage, "/pay/l1nk"} {
		s, f := newSite(t)
		shows(t, "in", ask(s, page+"?sign=in", nil), "25.00 USD", `action="`+page+`/sign-in"`, `autocomplete="username"`, `autocomplete="current-password"`,
			"data-passkey=", `data-next="`+page+`"`, "passkey.", `href="`+page+`?sign=up"`, "!http-equiv", "!class=\"qr\"", "<h2>Sign in to pay</h2>")
		shows(t, "up", ask(s, page+"?sign=up", nil), "25.00 USD", `action="`+page+`/sign-up"`, `autocomplete="new-password"`, `autocomplete="given-name"`,
			`autocomplete="family-name"`, `autocomplete="email"`, `autocomplete="tel"`, "!data-passkey", "!http-equiv")
		shows(t, "neither", ask(s, page+"?sign=off", nil), "Sign in to pay", "!current-password")
		shows(t, "of ada", ask(s, page+"?sign=in", nil, asAda), "Pay 25.00 USD", "!current-password")
		for _, how := range []string{"in", "up"} {
			if w := ask(s, page+"/sign-"+how, nil); w.Code != 303 || w.Header().Get("Location") != page+"?sign="+how {
				t.Errorf("loaded again: %d %v", w.Code, w.Header())
			}
		}

		in, up := url.Values{"name": {"ada"}, "password": {"pass word"}}, url.Values{"username": {"@ada"}, "first_name": {"Ada"}, "last_name": {"Lovelace"},
			"email": {"ada@example.org"}, "phone": {"555"}, "password": {"pass word"}}
		for how, form := range map[string]url.Values{"in": in, "up": up} {
			f.since()
			name := map[string]string{"in": "SignIn", "up": "SignUp"}[how]
			w := ask(s, page+"/sign-"+how, form)
			if said := f.since(); w.Code != 303 || w.Header().Get("Location") != page || !strings.HasPrefix(said, name) || !strings.Contains(w.Header().Get("Set-Cookie"), adasSession) {
				t.Errorf("%s: %d %v, %s", how, w.Code, w.Header(), said)
			}
			for code, status := range map[purse.Code]int{purse.CodeCredentials: 403, purse.CodeRate: 429, purse.CodeInvalid: 422, purse.CodeTaken: 409} {
				f.refuse[name] = purse.Refuse(code, "Not like this.")
				w := ask(s, page+"/sign-"+how, form)
				shows(t, how+" refused", w, "Not like this.", `role="alert"`, "25.00 USD", `value="`, "ada", "!pass word", `action="`+page+`/sign-`+how+`"`, "!http-equiv")
				if w.Code != status || w.Header().Get("Set-Cookie") != "" {
					t.Errorf("%s: %d", how, w.Code)
				}
			}
			f.refuse[name] = purse.Refuse(purse.CodeBusy, "Try again.")
			if w := ask(s, page+"/sign-"+how, form); w.Code != 503 {
				t.Errorf("%s when all is busy: %d", how, w.Code)
			}
			delete(f.refuse, name)
		}
		f.since()
		f.second = true
		if w := ask(s, page+"/sign-in", in); w.Header().Get("Location") != "/sign-in/code?next="+url.QueryEscape(page) {
			t.Errorf("a second factor: %d %v", w.Code, w.Header())
		}
		w := ask(s, "/sign-in/code?next="+url.QueryEscape(page), nil, "__Host-purse-second=second")
		shows(t, "the second factor", w, `name="next" value="`+page+`"`, `href="/sign-in?next=`+url.QueryEscape(page)+`"`)
		if w := ask(s, "/sign-in/code", url.Values{"do": {"go"}, "code": {"123456"}, "next": {page}}, "__Host-purse-second=second"); w.Header().Get("Location") != page {
			t.Errorf("after it: %d %v", w.Code, w.Header())
		}
		if w := ask(s, "/sign-out", adas("next", page), asAda); w.Header().Get("Location") != page {
			t.Errorf("somebody else: %d %v", w.Code, w.Header())
		}
		f.since()
		for _, how := range []string{"in", "up"} {
			if w := ask(s, "/pay/other/sign-"+how, in); w.Code != 404 || f.since() != "" {
				t.Errorf("a link that leads to nothing: %d", w.Code)
			}
		}
	}
}

// The whole page, as a browser loads it, is small and all our own.
func TestCheckoutIsLight(t *testing.T) {
	const bytesMax = 60_000
	loaded := regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)
	elsewhere := regexp.MustCompile(`(?:src|href|action)="(?:[a-z]+:)?//`)
	for name, page := range checkoutSamples() {
		html := shownAs(t, name, page)
		sum := len(html)
		for _, m := range loaded.FindAllStringSubmatch(html, -1) {
			size := 0
			for _, a := range assets() {
				if a.address == m[1] {
					size = len(a.body)
				}
			}
			if size == 0 && m[1] != assets()["checkout.js"].address {
				t.Errorf("%s: %s is not there", name, m[1])
			}
			sum += size
		}
		if sum >= bytesMax {
			t.Errorf("%s weighs %d bytes", name, sum)
		}
		if found := elsewhere.FindAllString(html, -1); len(found) > 0 && !strings.HasPrefix(name, "answered") {
			t.Errorf("%s leads elsewhere: %v", name, found)
		}
		if strings.Count(html, "http-equiv") > 0 && (strings.Contains(html, "<input id=") || !strings.Contains(html, `<noscript><meta http-equiv="refresh"`)) {
			t.Errorf("%s is loaded again while somebody types, or in spite of the script", name)
		}
		t.Logf("%-22s %5d bytes of HTML, %5d in all", name, len(html), sum)
	}
}

func TestTimeLeftInWords(t *testing.T) {
	for seconds, words := range map[int64]string{
		0: "0 seconds", 1: "1 second", 59: "59 seconds", 60: "1 minute and 0 seconds", 3599: "59 minutes and 59 seconds", 3600: "1 hour and 0 minutes",
		86399: "23 hours and 59 minutes", 86400: "1 day and 0 hours", 2591999: "29 days and 23 hours",
	} {
		if got := leftWords(seconds); got != words {
			t.Errorf("%d: %s", seconds, got)
		}
	}
}
