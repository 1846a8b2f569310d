package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"purse"
)

// The payment hub is served beside all else, and its link leads to a page.
func TestPaymentHubIsServed(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		for path, want := range map[string]int{"/paymenthub/v1/monitor": 200, "/paymenthub/v1/monitor/": 200, "/paymenthub/v1//monitor": 404, "/paymenthub/v1": 404, "/paymenthub/": 404} {
			a := w.send("GET", path, "")
			if a.Code != want || !strings.HasPrefix(a.Header().Get("Content-Type"), "application/json") || a.Header().Get("X-Internal-Correlation-Id") == "" {
				t.Errorf("%s: %d %v %s", path, a.Code, a.Header(), a.Body)
			}
		}
		shop, err := w.identity.CreateMerchant(t.Context(), w.book.ID, "op", purse.Merchant{Name: "The shop", Accepts: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		const ask = `{"merchantRefNum":"a","transactionType":"PAYMENT","paymentType":"VENMO","amount":2500,"currencyCode":"USD","venmo":{"consumerId":"c"}}`
		for _, k := range shop.Keys {
			if k.Kind != purse.PrivateKey {
				continue
			}
			a := w.send("POST", "/paymenthub/v1/paymenthandles", ask, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(k.Username+":"+string(k.Password))))
			var h struct{ Links []struct{ Rel, Href string } }
			if err := json.Unmarshal(a.Body.Bytes(), &h); err != nil || a.Code != 201 || len(h.Links) != 1 || h.Links[0].Rel != "redirect_payment" {
				t.Fatalf("%d %s, %v", a.Code, a.Body, err)
			}
			path, ok := strings.CutPrefix(h.Links[0].Href, wireURL)
			if page := w.send("GET", path, "", "Cookie", w.cookie); !ok || page.Code != 200 || !strings.Contains(page.Body.String(), "The shop") {
				t.Errorf("%s: %d %s", path, page.Code, page.Body)
			}
		}
	})
}
