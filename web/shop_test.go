package web

import (
	"net/url"
	"strings"
	"testing"

	"purse"
	"purse/hub"
	"purse/identity"
	"purse/wallet"
)

// bookshop is a merchant of a real network.
type bookshop struct {
	*hub.Service
	seller purse.Seller
}

// openShop makes a merchant.
func openShop(t *testing.T, people *identity.Service, till *hub.Service) *bookshop {
	t.Helper()
	m, err := people.CreateMerchant(t.Context(), purse.MainBook, "op", purse.Merchant{Name: "Harbour Books", Accepts: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &bookshop{Service: till}
	if s.seller, err = people.RecognizeKey(t.Context(), m.Keys[0].Username, m.Keys[0].Password); err != nil {
		t.Fatal(err)
	}
	return s
}

// asks asks a consumer for money, and says on which page.
func (s *bookshop) asks(t *testing.T, consumer string, minor int64) (path string) {
	t.Helper()
	_, err := s.CreateHandle(t.Context(), s.seller, hub.HandleRequest{
		Type: purse.HandleForPayment, Ref: consumer, Minor: minor, Consumer: consumer, Repeat: true,
		Details: hub.Details{ReturnLinks: []hub.ReturnLink{
			{Rel: "default", Href: "https://books.example/back"}, {Rel: "on_completed", Href: "https://books.example/thanks"},
		}},
		Encode: func(r hub.HandleReceipt) purse.Answer {
			path = "/pay/" + r.Handle.Link
			return purse.Answer{Status: 201}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// shops gives somebody money, of which they pay some to a merchant on its page and
// some to another person.
func (s *street) shops(t *testing.T, r *resident, name string, friend purse.UserID) {
	t.Helper()
	issue := wallet.EntryRequest{Wallet: r.User.ID, Minor: 10000, Reason: "test", Encode: func(purse.Entry) purse.Answer { return purse.Answer{} }}
	if _, err := s.wallet.Issue(t.Context(), purse.MainBook, "op", issue); err != nil {
		t.Fatal(err)
	}
	pay := wallet.PayRequest{To: wallet.Target{User: friend}, Minor: 700, Note: name + "Note", Audience: purse.Private,
		Encode: func(wallet.Receipt) purse.Answer { return purse.Answer{} }}
	if _, err := s.wallet.Pay(t.Context(), r.Actor, pay); err != nil {
		t.Fatal(err)
	}
	r.paid = s.shop.asks(t, name+"Consumer", 2500)
	if w := ask(s.Site, r.paid, r.form("do", "pay", "cap_month", "50"), r.cookie); w.Header().Get("Location") != "https://books.example/thanks" {
		t.Fatalf("%d %s %s", w.Code, w.Header().Get("Location"), w.Body)
	}
	r.marks = append(r.marks, name+"Note", name+"Consumer")
}

// form is one of the resident's pages.
func (r *resident) form(pairs ...string) url.Values {
	form := adas(pairs...)
	form.Set("form", nonce(r.secret))
	return form
}

// A payment from the link to the statement, on a real network.
func TestPayOnARealNetwork(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		path := s.shop.asks(t, "new consumer", 1250)
		shows(t, "of nobody", ask(s.Site, path, nil), "Harbour Books", "12.50 USD", "Sign in to pay")
		shows(t, "of ada", ask(s.Site, path, nil, s.ada.cookie), "68.00 USD", "Pay 12.50 USD") // 100 less 7 and 25
		w := ask(s.Site, path, s.ada.form("do", "pay", "ends", "2000-01-01"), s.ada.cookie)
		if shows(t, "an end in the past", w, "end before it begins", "Pay 12.50 USD"); w.Code != 422 {
			t.Error(w.Code)
		}
		w = ask(s.Site, path, s.ada.form("do", "pay"), s.ada.cookie)
		if w.Code != 303 || w.Header().Get("Location") != "https://books.example/thanks" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		for _, viewer := range []string{s.ada.cookie, s.eve.cookie, "nothing=1"} {
			shows(t, "what was paid", ask(s.Site, path, nil, viewer), "Authorised", "12.50 USD", `href="https://books.example/thanks"`)
		}
		activity := ask(s.Site, "/activity", nil, s.ada.cookie)
		shows(t, "activity", activity, "For <bdi>Harbour Books</bdi>", "\u221212.50", "Left 55.50", "Set aside 37.50", "AdelaNote", "Money in")
		shows(t, "merchants", ask(s.Site, "/settings/merchants", nil, s.ada.cookie), "new consumer", "AdelaConsumer", "12.50 USD", `value="50.00"`)

		path = s.shop.asks(t, "dear", 100_000)
		shows(t, "too dear", ask(s.Site, path, nil, s.ada.cookie), "too little money")
		if w := ask(s.Site, path, s.ada.form("do", "pay"), s.ada.cookie); w.Header().Get("Location") != "https://books.example/back" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		shows(t, "what has failed", ask(s.Site, path, nil), "too little money", "!Authorised")
		path = s.shop.asks(t, "dear", 100)
		if w := ask(s.Site, path, url.Values{"do": {"refuse"}}); w.Header().Get("Location") != "https://books.example/back" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		shows(t, "what was refused", ask(s.Site, path, nil), "It was refused here")

		path = s.shop.asks(t, "late", 100)
		if err := s.wallet.Store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error { return f.AdvanceClock(purse.HandleLife) }}); err != nil {
			t.Fatal(err)
		}
		if w := ask(s.Site, path, s.ada.form("do", "pay"), s.ada.cookie); w.Header().Get("Location") != path {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		shows(t, "what is too late", ask(s.Site, path, nil), "Too late")

		key := []string{"merchant", s.shop.seller.Merchant.String(), "consumer", "new consumer"}
		if w := ask(s.Site, "/settings/merchants", s.eve.form(append(key, "do", "revoke")...), s.eve.cookie); w.Code != 404 {
			t.Errorf("eve takes ada's agreement back: %d", w.Code)
		}
		ask(s.Site, "/settings/merchants", s.ada.form(append(key, "do", "limit", "cap_payment", "9.99")...), s.ada.cookie)
		shows(t, "limits", ask(s.Site, "/settings/merchants", nil, s.ada.cookie), `value="9.99"`, "!Ended")
		ask(s.Site, "/settings/merchants", s.ada.form(append(key, "do", "revoke")...), s.ada.cookie)
		shows(t, "taken back", ask(s.Site, "/settings/merchants", nil, s.ada.cookie), "Ended", `!value="9.99"`)
	})
}

// What a link shows is the merchant's question, and nothing of who has answered it.
func TestLinksShowNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		for _, cookie := range []string{s.eve.cookie, "nothing=1"} {
			body := ask(s.Site, s.ada.paid, nil, cookie).Body.String()
			for _, mark := range s.ada.marks {
				if strings.Contains(body, mark) {
					t.Errorf("the page shows %s", mark)
				}
			}
		}
	})
}
