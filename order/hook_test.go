package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"

	"purse"
	"purse/outbound"
)

// The signatures of testdata/luxfintech.json were computed without this program:
//
//	printf '%s' "$body" | openssl dgst -sha256 -hmac "$secret"
func TestSignaturesAreThoseThatOthersCompute(t *testing.T) {
	b, err := os.ReadFile("testdata/luxfintech.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Secret          purse.Secret
		Body, Signature string
	}
	if err := json.Unmarshal(b, &vectors); err != nil || len(vectors) < 5 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for _, v := range vectors {
		if got := Sign(v.Secret, []byte(v.Body)); got != v.Signature {
			t.Errorf("%s is signed %s, want %s", v.Body, got, v.Signature)
		}
	}
}

// caller is a Caller as the program makes it; what it could not do comes as fail.
type caller struct {
	client *outbound.Client
	fail   error
}

func (c caller) Call(ctx context.Context, url string, header map[string]string, body []byte) (int, error) {
	if c.fail != nil {
		return 0, c.fail
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		return 0, outbound.ErrURL
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	a, err := c.client.Do(ctx, r)
	return a.Status, err
}

// listing may call this machine.
var listing = outbound.Access{Listed: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")}}

func TestACallbackIsTried(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		status, came := http.StatusNoContent, 0
		during := func() {}
		shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			const want = `{"order_id":0,"status":"SUCCESS","amount":0.01,"product":"test product"}`
			if string(body) != want || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" ||
				r.Header.Get("X-Luxfintech-Signature") != Sign("of the key", body) {
				t.Errorf("%s %s %v", r.Method, body, r.Header)
			}
			came++
			during()
			w.Header().Set("Location", "http://169.254.169.254/")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.Repeat(" ", 1+status/300)+"what it says is its own affair") // of 204 nothing
		}))
		defer shop.Close()
		n.Caller = caller{client: outbound.NewClient(listing)}
		n.OpenSecret = func(k purse.APIKey) (purse.Secret, error) {
			if k.Username != n.seller.Key {
				t.Errorf("the secret of key %q", k.Username)
			}
			return "of the key", nil
		}
		tried := func() bool { return n.terms(t).HookTried != 0 }

		if _, err := n.TestHook(t.Context(), n.seller); code(err) != purse.CodeHook || !strings.Contains(err.Error(), "No callback URL") {
			t.Errorf("none is set: %v", err)
		}
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Orders.Hook = shop.URL + "/hook" })
		for _, status = range []int{302, 400, 500} {
			a, err := n.TestHook(t.Context(), n.seller)
			if code(err) != purse.CodeHook || a.Status != status || tried() || strings.Contains(err.Error(), "affair") || strings.Contains(err.Error(), "169.254") ||
				!strings.Contains(err.Error(), fmt.Sprint(status)) {
				t.Errorf("%d: %+v, %v", status, a, err)
			}
		}
		status = http.StatusAccepted
		during = func() { n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Orders.Hook = shop.URL + "/other" }) }
		if _, err := n.TestHook(t.Context(), n.seller); code(err) != purse.CodeHook || tried() {
			t.Errorf("another was set meanwhile: %v", err)
		}
		during = func() {}
		for _, status = range []int{200, 204, 299} {
			n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Orders.HookTried = 0 })
			if a, err := n.TestHook(t.Context(), n.seller); err != nil || a.Status != status || !tried() {
				t.Errorf("%d: %+v, %v", status, a, err)
			}
		}
		if came != 7 {
			t.Errorf("it was called %d times", came)
		}
		stranger := n.seller
		stranger.Hash = "another"
		if _, err := n.TestHook(t.Context(), stranger); code(err) != purse.CodeBadKey {
			t.Errorf("a bad key: %v", err)
		}
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Closed = 1 + m.Created })
		if _, err := n.TestHook(t.Context(), n.seller); code(err) != purse.CodeMerchant || came != 7 {
			t.Errorf("a closed merchant: %v", err)
		}
	})
}

// terms are what the merchant has settled for its orders.
func (n *network) terms(t *testing.T) purse.OrderTerms {
	t.Helper()
	m, err := n.store.Merchants(t.Context(), n.shop.ID)
	if err != nil {
		t.Fatal(err)
	}
	return m[n.shop.ID].Orders
}

func TestWhyACallbackDoesNotAnswer(t *testing.T) {
	inside := errors.New("dial tcp 10.0.0.7:80: connection refused")
	for want, errs := range map[string][]error{
		"not an address that may be called": {outbound.ErrURL, outbound.ErrAddress, fmt.Errorf("it: %w", outbound.ErrAddress)},
		"did not answer in time":            {outbound.ErrTime},
		"could not be reached":              {inside, outbound.ErrAnswer},
	} {
		for _, err := range errs {
			got := unanswered(err)
			if code(got) != purse.CodeHook || !strings.Contains(got.Error(), want) || strings.Contains(got.Error(), "10.0.0.7") {
				t.Errorf("%v is told as %v", err, got)
			}
		}
	}
}

func TestNoCallbackLeadsInside(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.Caller = caller{client: outbound.NewClient(outbound.Access{Plain: true})}
		n.OpenSecret = func(purse.APIKey) (purse.Secret, error) { return "s", nil }
		for _, hook := range []string{"http://127.0.0.1:1/", "https://[::1]/", "http://10.0.0.1/", "http://169.254.169.254/latest", "ftp://example.org/", "http://u:p@example.org/", "//x", "::"} {
			n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Orders.Hook = hook })
			if a, err := n.TestHook(t.Context(), n.seller); code(err) != purse.CodeHook || a.Status != 0 || strings.Contains(err.Error(), "127") {
				t.Errorf("%s: %+v, %v", hook, a, err)
			}
			if n.terms(t).HookTried != 0 {
				t.Errorf("%s was tried", hook)
			}
		}
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Orders.Hook = "" })
	})
}
