package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/api"
	"purse/order"
)

// goes checks where a form led, and what was asked for on the way.
func goes(t *testing.T, s *Site, f *fake, path string, form url.Values, want, asked string, cookies ...string) {
	t.Helper()
	f.since()
	w := ask(s, path, form, cookies...)
	if got := f.since(); w.Code != 303 || w.Header().Get("Location") != want || got != asked {
		t.Errorf("%s: %d to %q, asked %q, want %q, %q\n%s", path, w.Code, w.Header().Get("Location"), got, want, asked, w.Body)
	}
}

func TestDesk(t *testing.T) {
	s, f := newSite(t)
	goes(t, s, f, "/desk", nil, "/desk/90", "", asAda)
	shows(t, "the front page", ask(s, "/", nil, asAda), `href="/desk"`)
	w := ask(s, "/desk/90", nil, asAda)
	shows(t, "the desk", w, "<h1><bdi>Harbour Books</bdi></h1>", "43.21 USD", "No. 17", "Two books", "12.50 USD", "Waiting", "Paid", "Cancelled", "&lt;script&gt;",
		`href="/desk/90/till/17">Show`, `href="/receipts/16">Receipt`, `href="/desk/90/links"`, "!Show older", "!/receipts/15")
	for len(f.desk.sold) <= deskShown {
		f.desk.sold = append(f.desk.sold, f.desk.sold[0])
	}
	shows(t, "the newest", ask(s, "/desk/90", nil, asAda), `href="/desk/90?offset=20">Show older`, "!>Newest<")
	f.since()
	shows(t, "older ones", ask(s, "/desk/90?offset=20", nil, asAda), ">Newest<", "no older ones")
	if said := f.since(); said != "DeskOrders 90 20 21" {
		t.Error(said)
	}
	if w := ask(s, "/desk/90?offset=x", nil, asAda); w.Code != 422 {
		t.Error(w.Code)
	}
	for _, path := range []string{"/desk/91", "/desk/x", "/desk/-90", "/desk/91/links", "/desk/x/links", "/desk/91/till", "/desk/90/till/18", "/desk/90/till/x", "/desk/91/till/17",
		"/desk/91/links/5/print", "/desk/90/links/6/print", "/desk/90/links/x/print", "/receipts/18", "/receipts/x"} {
		if w := ask(s, path, nil, asAda); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	shut := f.desk.desks[0]
	shut.Merchant.Closed, shut.Merchant.Name = noon, hostile
	f.desk.desks = append(f.desk.desks, shut)
	shows(t, "two desks", ask(s, "/desk", nil, asAda), "Harbour Books", "43.21 USD", "&lt;script&gt;", "Closed")
	f.desk.desks = []order.Desk{shut}
	shows(t, "a closed one", ask(s, "/desk/90", nil, asAda), "takes no payments", "!Take a payment", "!/till\"")
	f.desk.desks = nil
	if w := ask(s, "/desk", nil, asAda); w.Code != 404 {
		t.Error(w.Code)
	}
	shows(t, "the front page", ask(s, "/", nil, asAda), `!href="/desk"`)
}

func TestPaymentLinks(t *testing.T) {
	s, f := newSite(t)
	shows(t, "the links", ask(s, "/desk/90/links?done=link", nil, asAda), "&lt;script&gt;", "8.00 USD", "Any amount", "<bdi>https://pay.example.org/to/0ffer</bdi>",
		`href="/desk/90/links/90/print"`, "The payment link is made.")
	for form, asked := range map[string]string{
		"do=make&product=Tea&amount=4": "CreateLink 10 90 400 Tea", "do=make&product=+Tea+&amount=": "CreateLink 10 90 0 Tea", "do=make&product=Tea&amount=4,5": "CreateLink 10 90 450 Tea",
		"do=close&link=5": "CloseLink 10 90 5",
	} {
		values, _ := url.ParseQuery(form)
		values.Set("form", nonce(adasSession))
		done := "link"
		if values.Get("do") == "close" {
			done = "link-closed"
		}
		goes(t, s, f, "/desk/90/links", values, "/desk/90/links?done="+done, asked, asAda)
	}
	w := ask(s, "/desk/90/links", adas("do", "make", "product", "Tea & cake", "amount", "many"), asAda)
	shows(t, "a wrong amount", w, "not an amount", `value="many"`, `value="Tea &amp; cake"`)
	if w := ask(s, "/desk/90/links", adas("do", "make", "amount", "5"), asAda); w.Code != 422 || !strings.Contains(w.Body.String(), "Say what is paid for") || f.since() != "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.refuse["CloseLink"] = purse.Refuse(purse.CodeFinal, "It is closed already.")
	shows(t, "closed twice", ask(s, "/desk/90/links", adas("do", "close", "link", "5"), asAda), "It is closed already.")
	shows(t, "paper", ask(s, "/desk/90/links/5/print", nil, asAda), "<h1 id=\"payee\"><bdi>Harbour Books</bdi></h1>", "8.00 USD", "https://pay.example.org/to/0ffer", "<svg class=\"qr\"")
	shows(t, "paper", ask(s, "/desk/90/links/90/print", nil, asAda), "Tips", "You say how much")
}

func TestTill(t *testing.T) {
	s, f := newSite(t)
	shows(t, "the till", ask(s, "/desk/90/till", nil, asAda), "How much for <bdi>Harbour Books</bdi>?", "USD", `inputmode="decimal"`, "autofocus")
	goes(t, s, f, "/desk/90/till", adas("amount", " 12,50 ", "product", "Two books"), "/desk/90/till/17", "Charge 10 90 1250 Two books", asAda)
	for typed, want := range map[string]string{"": "not an amount", "0": "above zero", "0.00": "above zero", "-3": "not an amount", "1,000": "not an amount", "1.234": "not an amount", "1,2,3": "not an amount"} {
		w := ask(s, "/desk/90/till", adas("amount", typed), asAda)
		if w.Code != 422 || !strings.Contains(w.Body.String(), want) || f.since() != "" {
			t.Errorf("%q: %d %s", typed, w.Code, w.Body)
		}
	}
	f.refuse["Charge"] = purse.Refuse(purse.CodeNotAccepted, "This merchant takes no payments.")
	shows(t, "refused", ask(s, "/desk/90/till", adas("amount", "5", "product", "Tea"), asAda), "takes no payments.", `value="5"`, `value="Tea"`)

	shows(t, "waiting", ask(s, "/desk/90/till/17", nil, asAda), "12.50 USD", "Two books", "https://pay.example.org/pay/l1nk", "<svg class=\"qr\"", "1 minute",
		`data-events="/pay/l1nk/events"`, `data-state="PENDING"`, `data-left="60"`, `<noscript><meta http-equiv="refresh" content="3"></noscript>`, `value="cancel"`, `href="/desk/90/till">Next`)
	goes(t, s, f, "/desk/90/till/17", adas("do", "cancel"), "/desk/90/till/17", "CallOff 10 90 17", asAda)
	f.refuse["CallOff"] = purse.Refuse(purse.CodeFinal, "This was paid already.")
	goes(t, s, f, "/desk/90/till/17", adas("do", "cancel"), "/desk/90/till/17", "CallOff 10 90 17", asAda)
	f.refuse["CallOff"] = errNoDesk
	if w := ask(s, "/desk/91/till/17", adas("do", "cancel"), asAda); w.Code != 404 {
		t.Error(w.Code)
	}
	f.desk.order.OnTop = true
	shows(t, "with a fee on top", ask(s, "/desk/90/till/17", nil, asAda), "12.90 USD", "12.50 USD and the fee")
	f.desk.order.Status, f.desk.order.Payer, f.desk.order.OnTop = purse.OrderPaid, 11, false
	shows(t, "paid", ask(s, "/desk/90/till/17", nil, asAda), "<h1>Paid</h1>", "12.50 USD", "by <bdi>User 11</bdi>", "UTC", `class="till paid"`, "!data-events", "!refresh", `autofocus>Next`, "/receipts/17")
	f.desk.order.Status = purse.OrderExpired
	shows(t, "expired", ask(s, "/desk/90/till/17", nil, asAda), "<h1>Too late</h1>", "No money has moved", `class="till gone"`)
	f.desk.order.Status = purse.OrderCancelled
	shows(t, "cancelled", ask(s, "/desk/90/till/17", nil, asAda), "<h1>Cancelled</h1>", `class="till gone"`)
}

func TestOffer(t *testing.T) {
	s, f := newSite(t)
	shows(t, "an open amount", ask(s, "/to/l1nk", nil), "Pay <bdi>Harbour Books</bdi>", "Tips", "How much?", "!fault")
	goes(t, s, f, "/to/l1nk", url.Values{"amount": {"3,20"}}, "/pay/l1nk", "Take l1nk 320")
	goes(t, s, f, "/to/l1nk", adas("amount", "3.2"), "/pay/l1nk", "Take l1nk 320", asAda)
	w := ask(s, "/to/l1nk", url.Values{"amount": {"a lot"}})
	shows(t, "a wrong amount", w, "not an amount", `value="a lot"`)
	if w.Code != 422 {
		t.Error(w.Code)
	}
	f.refuse["Take"] = purse.Refuse(purse.CodeNotAccepted, "This merchant takes no payments.")
	shows(t, "refused", ask(s, "/to/l1nk", url.Values{"amount": {"3"}}), "takes no payments.", `value="3"`)
	delete(f.refuse, "Take")

	f.desk.offers.Link.Minor = 800
	f.desk.offers.Merchant.Orders.PayerFee, f.desk.offers.Merchant.Plan = true, purse.Fee{Fixed: 30}
	shows(t, "a fixed amount", ask(s, "/to/l1nk", nil), "8.00 USD", "!How much?", "is added: 0.30 USD")
	goes(t, s, f, "/to/l1nk", url.Values{"amount": {"1"}}, "/pay/l1nk", "Take l1nk 0")
	f.desk.offers.Link.Minor = 0
	shows(t, "a fee on an open amount", ask(s, "/to/l1nk", nil), "before you pay")
	for _, end := range []func(){
		func() { f.desk.offers.Link.Closed = noon },
		func() { f.desk.offers.Merchant.Accepts = false },
		func() { f.desk.offers.Merchant.Closed = noon },
	} {
		end()
		f.since()
		for _, form := range []url.Values{nil, {"amount": {"3"}}} {
			shows(t, "ended", ask(s, "/to/l1nk", form), "<h1>No longer open</h1>", "Harbour Books", "Nothing was paid", "!Continue")
		}
		if said := f.since(); said != "" {
			t.Error(said)
		}
	}
	if w := ask(s, "/to/other", nil); w.Code != 404 || !strings.Contains(w.Body.String(), "nothing to pay behind this link") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Orders that nobody has signed in for have a limit of their own, for every address.
func TestOrdersByLinksAreLimited(t *testing.T) {
	s, f := newSite(t)
	now := time.Now()
	s.Takes = api.NewRates(1, 3, func() time.Time { return now })
	take := func() int { return ask(s, "/to/l1nk", url.Values{"amount": {"3"}}).Code }
	for range 3 {
		if code := take(); code != 303 {
			t.Fatal(code)
		}
	}
	f.since()
	w := ask(s, "/to/l1nk", url.Values{"amount": {"3"}})
	if shows(t, "too many", w, "Slowly, please", "Too many requests"); w.Code != 429 || f.since() != "" {
		t.Errorf("%d", w.Code)
	}
	shows(t, "who only looks", ask(s, "/to/l1nk", nil), "How much?")
	if now = now.Add(time.Second); take() != 303 || take() != 429 {
		t.Error("a second gives one more")
	}
}

func TestReceipt(t *testing.T) {
	s, f := newSite(t)
	shows(t, "the payer's", ask(s, "/receipts/17", nil, asAda), "Receipt 17", "Two books", "12.50 USD", "Paid", "Ben &lt;script&gt;", "UTC", `href="/activity"`, "Harbour", "!Fee")
	f.desk.mine, f.desk.order.OnTop = false, true
	shows(t, "the merchant's", ask(s, "/receipts/17", nil, asAda), "12.50 USD", "0.40 USD", "12.90 USD", `href="/desk/90"`)
}
