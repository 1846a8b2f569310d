package web

import (
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"purse"
	"purse/order"
	"purse/wallet"
)

// stall is a merchant without a shop on a real network, and what it has.
type stall struct {
	merchant      purse.MerchantID
	link          purse.PaymentLink
	till, receipt purse.OrderNumber
}

// hires opens a merchant, for which somebody works.
func (s *street) hires(t *testing.T, name string, worker purse.UserID, fee purse.Fee) purse.MerchantID {
	t.Helper()
	m, err := s.people.CreateMerchant(t.Context(), purse.MainBook, "op", purse.Merchant{Name: name, Accepts: true, Plan: fee}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.works(t, m.Merchant.ID, worker)
	return m.Merchant.ID
}

// works has somebody work for a merchant.
func (s *street) works(t *testing.T, m purse.MerchantID, worker purse.UserID) {
	t.Helper()
	if err := s.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error {
		f.Put(purse.Member{MemberKey: purse.MemberKey{Merchant: m, Person: worker}, Since: f.Now})
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
}

// issue gives somebody money.
func (s *street) issue(t *testing.T, to purse.UserID, minor int64) {
	t.Helper()
	req := wallet.EntryRequest{Wallet: to, Minor: minor, Reason: "test", Encode: func(purse.Entry) purse.Answer { return purse.Answer{} }}
	if _, err := s.wallet.Issue(t.Context(), purse.MainBook, "op", req); err != nil {
		t.Fatal(err)
	}
}

// sells gives somebody a stall with one of everything, where a guest has paid, and a
// receipt of the guest's own stall.
func (s *street) sells(t *testing.T, r *resident, name string) {
	t.Helper()
	ctx := t.Context()
	guest, _ := s.signUp(t, name+"Guest", "", "")
	s.issue(t, guest.User.ID, 5000)
	s.issue(t, r.User.ID, 400) // what they pay here
	r.stall.merchant = s.hires(t, name+"Stall", r.User.ID, purse.Fee{})
	corner := s.hires(t, name+"Corner", guest.User.ID, purse.Fee{})
	sale := func(seller, payer purse.Actor, at purse.MerchantID, product string) purse.Order {
		o, err := s.order.Charge(ctx, seller, at, 400, product)
		if err == nil && payer.User != 0 {
			o, err = s.order.Pay(ctx, payer, o.Link)
		}
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	sale(r.Actor, guest.Actor, r.stall.merchant, name+"Sold")
	r.stall.till = sale(r.Actor, purse.Actor{}, r.stall.merchant, name+"Asked").Number
	r.stall.receipt = sale(guest.Actor, r.Actor, corner, name+"Bought").Number
	var err error
	if r.stall.link, err = s.order.CreateLink(ctx, r.Actor, r.stall.merchant, order.LinkRequest{Minor: 700, Product: name + "Offer"}); err != nil {
		t.Fatal(err)
	}
	r.marks = append(r.marks, name+"Stall", name+"Corner", name+"Sold", name+"Asked", name+"Bought", name+"Offer", r.stall.link.Link, name+"GuestFirst")
}

// at is the path of a page as it is for r.
func (r *resident) at(path string) string {
	number := r.stall.till
	if strings.HasPrefix(path, "/receipts/") {
		number = r.stall.receipt
	}
	return strings.NewReplacer("{merchant}", r.stall.merchant.String(), "{id}", r.stall.link.ID.String(), "{number}", number.String()).Replace(path)
}

// countdown is what of a page changes while nothing has happened.
var countdown = regexp.MustCompile(`data-left="\d+">[^<]*`)

// posted follows a form to where it leads.
func (s *street) posted(t *testing.T, path string, form url.Values, cookies ...string) string {
	t.Helper()
	w := ask(s.Site, path, form, cookies...)
	if w.Code != 303 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

var addresses = regexp.MustCompile(`https://pay\.example\.org(/to/[A-Za-z0-9_-]+)`)

// A payment link from the form to the receipt.
func TestPaymentLinkOnARealNetwork(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		desk := s.ada.at("/desk/{merchant}")
		s.posted(t, desk+"/links", s.ada.form("do", "make", "product", "Tips for Ada", "amount", ""), s.ada.cookie)
		page := ask(s.Site, desk+"/links", nil, s.ada.cookie)
		shows(t, "the links", page, "Tips for Ada", "Any amount", "AdelaOffer", "7.00 USD")
		offer := addresses.FindStringSubmatch(page.Body.String())[1] // the newest stands first
		shows(t, "what is scanned", ask(s.Site, offer, nil), "AdelaStall", "Tips for Ada", "How much?")
		for _, typed := range []string{"", "0", "-1", "1.234", "99999999999999999999"} {
			if w := ask(s.Site, offer, url.Values{"amount": {typed}}); w.Code != 422 {
				t.Errorf("%q: %d", typed, w.Code)
			}
		}
		pay := s.posted(t, offer, url.Values{"amount": {"3,50"}})
		shows(t, "its page", ask(s.Site, pay, nil, s.eve.cookie), "AdelaStall", "Tips for Ada", "3.50 USD")
		if w := ask(s.Site, pay, s.eve.form("do", "pay"), s.eve.cookie); w.Code != 303 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		w := ask(s.Site, desk, nil, s.ada.cookie)
		shows(t, "the desk", w, "Tips for Ada", "3.50 USD", "EvelynFirst", "Payment link", "Balance <strong>7.50 USD")
		receipt := regexp.MustCompile(`/receipts/\d+`).FindString(w.Body.String())
		for who, cookie := range map[string]string{"the payer": s.eve.cookie, "the merchant": s.ada.cookie} {
			shows(t, who, ask(s.Site, receipt, nil, cookie), "AdelaStall", "Tips for Ada", "3.50 USD", "EvelynFirst", "Paid")
		}
		_, stranger := s.signUp(t, "Stranger", "", "")
		if w := ask(s.Site, receipt, nil, hostPrefix+sessionCookie+"="+string(stranger)); w.Code != 404 || strings.Contains(w.Body.String(), "Tips") {
			t.Errorf("a stranger sees the receipt: %d", w.Code)
		}

		fixed := "/to/" + s.ada.stall.link.Link
		pay = s.posted(t, fixed, url.Values{"amount": {"0.01"}})
		shows(t, "a fixed amount", ask(s.Site, pay, nil, s.eve.cookie), "7.00 USD")
		s.posted(t, desk+"/links", s.ada.form("do", "close", "link", s.ada.stall.link.ID.String()), s.ada.cookie)
		for _, form := range []url.Values{nil, {}} {
			shows(t, "closed", ask(s.Site, fixed, form), "No longer open", "AdelaStall")
		}
		if w := ask(s.Site, s.ada.at("/desk/{merchant}/links/{id}/print"), nil, s.ada.cookie); w.Code != 404 {
			t.Errorf("a closed link is printed: %d", w.Code)
		}
	})
}

// The till, with a fee that the payer bears.
func TestTillOnARealNetwork(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		till := s.ada.at("/desk/{merchant}/till")
		waiting := s.posted(t, till, s.ada.form("amount", "12.5", "product", ""), s.ada.cookie)
		page := ask(s.Site, waiting, nil, s.ada.cookie)
		shows(t, "waiting", page, "12.50 USD", "Purchase", "Waits for the payment", `data-left="`)
		pay := regexp.MustCompile(`https://pay\.example\.org(/pay/[A-Za-z0-9_-]+)<`).FindStringSubmatch(page.Body.String())[1]
		if w := ask(s.Site, pay, s.eve.form("do", "pay"), s.eve.cookie); w.Code != 303 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		shows(t, "paid", ask(s.Site, waiting, nil, s.ada.cookie), `class="till paid"`, "<h1>Paid</h1>", "12.50 USD", "by <bdi>EvelynFirst EvelynLast</bdi>")
		if way := s.posted(t, waiting, s.ada.form("do", "cancel"), s.ada.cookie); way != waiting {
			t.Error(way)
		}
		shows(t, "paid, called off too late", ask(s.Site, waiting, nil, s.ada.cookie), "<h1>Paid</h1>")

		waiting = s.posted(t, till, s.ada.form("amount", "5", "product", "Tea & cake"), s.ada.cookie)
		s.posted(t, waiting, s.ada.form("do", "cancel"), s.ada.cookie)
		shows(t, "called off", ask(s.Site, waiting, nil, s.ada.cookie), "<h1>Cancelled</h1>", "5.00 USD", "Tea &amp; cake")
	})
}

// Who works for two merchants chooses; of a third there is nothing to see, nor to do.
func TestDesksOnARealNetwork(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		if way := s.posted(t, "/desk", nil, s.ada.cookie); way != s.ada.at("/desk/{merchant}") {
			t.Error(way)
		}
		s.works(t, s.eve.stall.merchant, s.ada.User.ID)
		shows(t, "two desks", ask(s.Site, "/desk", nil, s.ada.cookie), "AdelaStall", "EvelynStall", "!EvelynCorner")
		shows(t, "a colleague's desk", ask(s.Site, s.eve.at("/desk/{merchant}"), nil, s.ada.cookie), "EvelynSold")
		_, stranger := s.signUp(t, "Stranger", "", "")
		cookie := hostPrefix + sessionCookie + "=" + string(stranger)
		shows(t, "the front page of a stranger", ask(s.Site, "/", nil, cookie), `!href="/desk"`)
		form := url.Values{"form": {nonce(stranger)}, "amount": {"5"}, "product": {"Tea"}, "link": {s.ada.stall.link.ID.String()}}
		missing := func(what string, w *httptest.ResponseRecorder) {
			t.Helper()
			if w.Code != 404 || strings.Contains(w.Body.String(), "Adela") {
				t.Errorf("%s: %d %s", what, w.Code, w.Body)
			}
		}
		for _, path := range settingsPages() {
			if strings.HasPrefix(path, "/desk") || strings.HasPrefix(path, "/receipts") {
				missing(path, ask(s.Site, s.ada.at(path), nil, cookie))
			}
		}
		for _, do := range []string{"make", "close", "cancel"} {
			form.Set("do", do)
			for _, path := range []string{"/desk/{merchant}/links", "/desk/{merchant}/till", "/desk/{merchant}/till/{number}"} {
				if w := ask(s.Site, s.ada.at(path), form, cookie); w.Code != 422 || !strings.Contains(w.Body.String(), "does not say what to do") {
					missing(do+" on "+path, w)
				}
			}
		}
		shows(t, "the links", ask(s.Site, s.ada.at("/desk/{merchant}/links"), nil, s.ada.cookie), "AdelaOffer", "!Tea")
	})
}
