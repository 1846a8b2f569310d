package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purse"
	"purse/identity"
	"purse/outbound"
)

// The order API is served beside all else, its link leads to a page, and keys of the hub
// and for orders are good for the one only.
func TestOrdersAreServed(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		var err error
		if w.identity.Vault, err = identity.NewVault(make([]byte, identity.VaultKeyBytes)); err != nil {
			t.Fatal(err)
		}
		shop, err := w.identity.CreateMerchant(t.Context(), w.book.ID, "op", purse.Merchant{Name: "The shop", Accepts: true}, nil)
		if err != nil || len(shop.Keys) != 3 {
			t.Fatalf("%+v, %v", shop, err)
		}
		key := shop.Keys[2]
		for path, want := range map[string]int{
			"/payments": 401, "/payment/status": 401, "/payments/1": 404, "/payment/": 404, "/payment/nothing": 404, "/payment/openapi.json": 200,
		} {
			if a := w.send("GET", path, ""); a.Code != want || !strings.HasPrefix(a.Header().Get("Content-Type"), "application/json") {
				t.Errorf("%s: %d %v %s", path, a.Code, a.Header(), a.Body)
			}
		}
		if a := w.send("GET", "/payment-methods", ""); a.Code != 401 || !strings.Contains(a.Body.String(), `"error"`) {
			t.Errorf("the wallet's payment-methods: %d %s", a.Code, a.Body)
		}
		const ask = `{"amount":12.5,"currency":"USD","customer":"c@example.org","product":"Tea"}`
		for _, bearer := range []string{string(shop.Keys[0].Bearer()), string(shop.Keys[1].Bearer()), string(key.Bearer()) + "x", string(key.Password), ""} {
			if a := w.send("POST", "/payment/order", ask, "Authorization", "Bearer "+bearer); a.Code != 401 {
				t.Errorf("%s makes an order: %d %s", bearer, a.Code, a.Body)
			}
		}
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(key.Username+":"+string(key.Password)))
		for _, path := range []string{"/paymenthub/v1/paymentmethods?currencyCode=USD", "/paymenthub/v1/payments/00000000-0000-0000-0000-000000000000"} {
			if a := w.send("GET", path, "", "Authorization", basic); a.Code != 401 {
				t.Errorf("a key for orders at %s: %d %s", path, a.Code, a.Body)
			}
		}
		a := w.send("POST", "/payment/order", ask, "Authorization", "Bearer "+string(key.Bearer()))
		var made struct {
			URL string `json:"order_url"`
			ID  int64  `json:"order_id"`
		}
		if err := json.Unmarshal(a.Body.Bytes(), &made); err != nil || a.Code != 200 || made.ID != 1 {
			t.Fatalf("%d %s, %v", a.Code, a.Body, err)
		}
		path, ok := strings.CutPrefix(made.URL, wireURL)
		if page := w.send("GET", path, "", "Cookie", w.cookie); !ok || page.Code != 200 || !strings.Contains(page.Body.String(), "The shop") {
			t.Errorf("%s: %d %s", path, page.Code, page.Body)
		}
	})
}

// A sandbox tries the hook of a shop on this machine, signed with the API secret of the
// key that asks.
func TestHookOnThisMachine(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		type call struct{ signature, contentType, body string }
		calls := make(chan call, 9)
		status := http.StatusNoContent
		shopServer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			calls <- call{r.Header.Get("X-Luxfintech-Signature"), r.Header.Get("Content-Type"), string(b)}
			w.WriteHeader(status)
		}))
		defer shopServer.Close()
		s := serveHere(t, database)
		hook := shopServer.URL + "/hook?k=1"
		shop := obeyed[merchantShown](t, s, "merchant.create", merchantArgs{Name: "A shop", Hook: &hook})
		for i, want := range []int{http.StatusOK, http.StatusBadRequest} {
			if i == 1 {
				status = http.StatusBadRequest
			}
			r := httptest.NewRequest("POST", "/payment/test_webhook", nil)
			r.Header.Set("Authorization", "Bearer "+shop.Keys[2].Bearer)
			a := httptest.NewRecorder()
			s.handler.ServeHTTP(a, r)
			if a.Code != want {
				t.Errorf("%d: %d %s", i, a.Code, a.Body)
			}
			if len(calls) != 1 {
				t.Fatalf("%d calls came", len(calls))
			}
			got := <-calls
			mac := hmac.New(sha256.New, []byte(shop.Keys[2].Secret))
			mac.Write([]byte(got.body))
			if got.signature != hex.EncodeToString(mac.Sum(nil)) || got.contentType != "application/json" || !strings.Contains(got.body, `"order_id":0`) {
				t.Errorf("%+v", got)
			}
		}
		if shown := obeyed[merchantShown](t, s, "merchant.show", merchantNamed{shop.ID}); shown.HookTried == "" || !strings.Contains(shown.String(), "answered the test call at") {
			t.Errorf("%+v", shown)
		}
	})
}

// What a live network never calls, and what a sandbox does.
func TestWhomHooksReach(t *testing.T) {
	here := httptest.NewServer(http.NotFoundHandler())
	defer here.Close()
	status, err := newCaller(purse.Sandbox).Call(t.Context(), here.URL, nil, nil)
	if err != nil || status != http.StatusNotFound {
		t.Errorf("a sandbox: %d, %v", status, err)
	}
	for url, want := range map[string]error{
		here.URL: outbound.ErrAddress, "https" + strings.TrimPrefix(here.URL, "http"): outbound.ErrAddress, "http://10.0.0.1/": outbound.ErrAddress, "::": outbound.ErrURL,
	} {
		if _, err := newCaller(purse.Live).Call(t.Context(), url, nil, nil); err != want {
			t.Errorf("live, %s: %v", url, err)
		}
	}
	for _, inside := range []string{"http://10.0.0.1/", "http://169.254.169.254/", "http://[fd00::1]/"} {
		if _, err := newCaller(purse.Sandbox).Call(t.Context(), inside, nil, nil); err != outbound.ErrAddress {
			t.Errorf("a sandbox, %s: %v", inside, err)
		}
	}
}
