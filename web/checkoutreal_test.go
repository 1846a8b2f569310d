package web

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"purse"
	"purse/identity"
	"purse/ledger"
	"purse/order"
	"purse/wallet"

	"github.com/pquerna/otp/totp"
)

// orders makes an order of the shop's, and says on which page it is.
func (s *street) orders(t *testing.T, minor int64) (path string) {
	t.Helper()
	key := purse.APIKey{Username: "orders", Merchant: s.shop.seller.Merchant, Book: purse.MainBook, Kind: purse.OrderKind, Hash: "h"}
	if err := s.wallet.Store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Needs: purse.Needs{APIKeys: []string{key.Username}}, Decide: func(f *purse.Facts) error {
		if _, err := f.APIKey(key.Username); purse.CodeOf(err) == purse.CodeNotFound {
			key.Created = f.Now
			f.Put(key)
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	seller := purse.Seller{Book: purse.MainBook, Merchant: key.Merchant, Key: key.Username, Hash: key.Hash, Kind: key.Kind}
	shop := &order.Service{Store: s.wallet.Store}
	_, err := shop.Create(t.Context(), seller, order.Request{
		Minor: minor, Customer: "c@example.org", Product: "Tea", Redirect: "https://books.example/thanks",
		Encode: func(o purse.Order) purse.Answer { path = "/pay/" + o.Link; return purse.Answer{Status: 200} },
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// has is what can be spent of an account.
func (s *street) has(t *testing.T, id ledger.AccountID) int64 {
	t.Helper()
	a, err := s.wallet.Store.Account(t.Context(), purse.MainBook, id)
	if err != nil {
		t.Fatal(err)
	}
	return a.Spendable()
}

// given is the cookie that an answer gives, as a browser sends it back; "" none.
func given(w *httptest.ResponseRecorder, name string) string {
	for _, c := range w.Result().Cookies() {
		if c.Name == hostPrefix+name && c.Value != "" {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

// with is a form on a page of the session in a cookie.
func with(cookie string, pairs ...string) url.Values {
	form := adas(pairs...)
	_, session, _ := strings.Cut(cookie, "=")
	form.Set("form", nonce(purse.Secret(session)))
	return form
}

// An order is paid once, whoever tries it and in however many tabs.
func TestPayAnOrderOnARealNetwork(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		path, balance := s.orders(t, 1250), purse.BalanceOf(s.shop.seller.Merchant)
		before, adas := s.has(t, balance), s.has(t, purse.WalletOf(s.ada.User.ID))
		shows(t, "of nobody", ask(s.Site, path, nil), "Harbour Books", "12.50 USD", "Tea", "Sign in to pay")
		shows(t, "of ada", ask(s.Site, path, nil, s.ada.cookie), "68.00 USD", "Pay 12.50 USD")
		for range 2 { // in two tabs, of which both were open
			w := ask(s.Site, path, s.ada.form("do", "pay"), s.ada.cookie)
			if w.Code != 303 || w.Header().Get("Location") != path {
				t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
			}
		}
		if w := ask(s.Site, path, s.eve.form("do", "pay"), s.eve.cookie); w.Header().Get("Location") != path {
			t.Errorf("eve pays it again: %d", w.Code)
		}
		if got := s.has(t, balance) - before; got != 1250 {
			t.Errorf("the merchant has got %d", got)
		}
		if got := adas - s.has(t, purse.WalletOf(s.ada.User.ID)); got != 1250 {
			t.Errorf("ada has paid %d", got)
		}
		w := ask(s.Site, path, nil, s.ada.cookie)
		shows(t, "what ada has paid", w, "You have paid", `href="/receipts/`, `href="https://books.example/thanks"`)
		if w.Header().Get("Refresh") != "5; url=https://books.example/thanks" {
			t.Errorf("%v", w.Header())
		}
		for _, viewer := range []string{s.eve.cookie, "nothing=1"} {
			w := ask(s.Site, path, nil, viewer)
			shows(t, "what somebody has paid", w, "<h1>Paid</h1>", "12.50 USD", "!receipts")
			for _, mark := range s.ada.marks {
				if strings.Contains(w.Body.String(), mark) {
					t.Errorf("the page shows %s", mark)
				}
			}
		}

		path = s.orders(t, 100_000)
		shows(t, "too dear", ask(s.Site, path, nil, s.ada.cookie), "too little money", "Look again")
		w = ask(s.Site, path, s.ada.form("do", "pay"), s.ada.cookie)
		if shows(t, "too little money", w, `role="alert"`, "Pay 1000.00 USD"); w.Code != 422 {
			t.Errorf("too little money: %d", w.Code)
		}
		if w := ask(s.Site, path, url.Values{"do": {"refuse"}}); w.Header().Get("Location") != path {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		shows(t, "what was refused", ask(s.Site, path, nil, s.ada.cookie), "<h1>Cancelled</h1>", "!books.example")

		path = s.orders(t, 100)
		if err := s.wallet.Store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error { return f.AdvanceClock(purse.OrderLife) }}); err != nil {
			t.Fatal(err)
		}
		if w := ask(s.Site, path, s.ada.form("do", "pay"), s.ada.cookie); w.Header().Get("Location") != path {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		shows(t, "what is too late", ask(s.Site, path, nil), "<h1>Too late</h1>", "!books.example")
	})
}

// Somebody without a wallet signs up on the page, gets money, and pays.
func TestSignUpInPlaceOnARealNetwork(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		path := s.orders(t, 1250)
		form := url.Values{"username": {"adela-u"}, "first_name": {"Nina"}, "email": {"nina@example.org"}, "password": {"a long walk home"}}
		w := ask(s.Site, path+"/sign-up", form)
		shows(t, "a name that is taken", w, `role="alert"`, "12.50 USD", `value="Nina"`, "!a long walk home")
		form.Set("username", "nina-u")
		w = ask(s.Site, path+"/sign-up", form)
		cookie := given(w, sessionCookie)
		if w.Code != 303 || w.Header().Get("Location") != path || cookie == "" {
			t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
		}
		shows(t, "of nina", ask(s.Site, path, nil, cookie), "Nina", "0.00 USD", "too little money", "Pay 12.50 USD")
		nina, err := s.people.Visit(t.Context(), purse.Secret(strings.TrimPrefix(cookie, hostPrefix+sessionCookie+"=")))
		if err != nil {
			t.Fatal(err)
		}
		issue := wallet.EntryRequest{Wallet: nina.User.ID, Minor: 2000, Reason: "test", Encode: func(purse.Entry) purse.Answer { return purse.Answer{} }}
		if _, err := s.wallet.Issue(t.Context(), purse.MainBook, "op", issue); err != nil {
			t.Fatal(err)
		}
		ask(s.Site, path, with(cookie, "do", "pay"), cookie)
		shows(t, "paid", ask(s.Site, path, nil, cookie), "You have paid")
		if got := s.has(t, purse.WalletOf(nina.User.ID)); got != 750 {
			t.Errorf("nina has %d", got)
		}
	})
}

// Somebody signs in on the page: with a wrong password, too often, with a second
// factor, and not as who they meant to be.
func TestSignInPlaceOnARealNetwork(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		path := s.orders(t, 1250)
		in := func(name, password string) *httptest.ResponseRecorder {
			return ask(s.Site, path+"/sign-in", url.Values{"name": {name}, "password": {password}})
		}
		w := in("evelyn-u", "a long walk home")
		cookie := given(w, sessionCookie)
		if w.Code != 303 || w.Header().Get("Location") != path || cookie == "" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		shows(t, "of eve", ask(s.Site, path, nil, cookie), "EvelynFirst", "Pay 12.50 USD")
		if w := ask(s.Site, "/sign-out", with(cookie, "next", path), cookie); w.Header().Get("Location") != path {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		shows(t, "of nobody again", ask(s.Site, path, nil, cookie), "Sign in to pay", "!EvelynFirst")

		for try := range 6 {
			w := in("evelyn-u", "a short walk")
			status := 403
			if try == 5 {
				status = 429
			}
			shows(t, "a wrong password", w, `role="alert"`, "12.50 USD", `value="evelyn-u"`, "!a short walk")
			if w.Code != status || given(w, sessionCookie) != "" {
				t.Errorf("try %d: %d", try, w.Code)
			}
		}

		codes := s.secondFactor(t, s.ada)
		w = in("adela-u", "a long walk home")
		second := given(w, secondCookie)
		if w.Header().Get("Location") != "/sign-in/code?next="+url.QueryEscape(path) || second == "" || given(w, sessionCookie) != "" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		shows(t, "the second factor", ask(s.Site, w.Header().Get("Location"), nil, second), `value="`+path+`"`)
		w = ask(s.Site, "/sign-in/code", url.Values{"do": {"go"}, "next": {path}, "code": {"000000"}}, second)
		shows(t, "a wrong code", w, `role="alert"`, `value="`+path+`"`)
		w = ask(s.Site, "/sign-in/code", url.Values{"do": {"go"}, "next": {path}, "code": {codes[0]}}, second)
		cookie = given(w, sessionCookie)
		if w.Header().Get("Location") != path || cookie == "" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		ask(s.Site, path, with(cookie, "do", "pay"), cookie)
		shows(t, "paid", ask(s.Site, path, nil, cookie), "You have paid")
	})
}

// secondFactor gives somebody an authenticator app, and returns their recovery codes.
func (s *street) secondFactor(t *testing.T, r *resident) []string {
	t.Helper()
	var err error
	if s.people.Vault, err = identity.NewVault(make([]byte, identity.VaultKeyBytes)); err != nil {
		t.Fatal(err)
	}
	setup, err := s.people.BeginTOTP(t.Context(), r.Visitor)
	if err != nil {
		t.Fatal(err)
	}
	now, err := s.wallet.Store.Now(t.Context(), purse.MainBook)
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(setup.Secret, now.UTC())
	if err != nil {
		t.Fatal(err)
	}
	codes, err := s.people.ConfirmTOTP(t.Context(), r.Visitor, code)
	if err != nil {
		t.Fatal(err)
	}
	return codes
}
