package main

import (
	"bufio"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// ownSites are those of the merchant of policy/testdata/redirects.txt.
const ownSites = "https://shop.example,https://www.shop.example:8443"

// redirects are the addresses of that file, and whether a merchant may send its
// customers there.
func redirects(t *testing.T) (accepted, refused []string) {
	t.Helper()
	file, err := os.Open("../../policy/testdata/redirects.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		judged, address, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			continue
		}
		if strings.HasPrefix(address, `"`) {
			if address, err = strconv.Unquote(address); err != nil {
				t.Fatal(err)
			}
		}
		if judged == "accepted" {
			accepted = append(accepted, address)
		} else {
			refused = append(refused, address)
		}
	}
	if len(accepted) < 10 || len(refused) < 100 {
		t.Fatalf("%d accepted and %d refused, %v", len(accepted), len(refused), lines.Err())
	}
	return accepted, refused
}

// Whatever a merchant's key asks for, the customer's browser goes to the merchant's own
// sites or nowhere. Every name in the world leads to a listener that notes it.
func TestRedirectsStayOnTheMerchantsSites(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	hosts := map[string]bool{}
	world := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Header.Get("Sec-Fetch-Dest") == "document" { // browsers ask their makers for this and that
			hosts[r.Host] = true
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><link rel="icon" href="data:,"><title>Somewhere</title>`))
	}))
	world.Config.ErrorLog = log.New(io.Discard, "", 0) // of those
	world.StartTLS()
	defer world.Close()
	browser := newChromium(t, chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("host-resolver-rules", "MAP * "+world.Listener.Addr().String()+", EXCLUDE 127.0.0.1"))
	database, key := filepath.Join(shortDir(t), "purse.db"), filepath.Join(shortDir(t), "key")
	if err := makeKey(key); err != nil {
		t.Fatal(err)
	}
	p := start(t, database, "--key-file", key, "--rate", "0")
	m := openMarket(t, database, p.url, browser)
	m.newShop(ownSites)

	accepted, refused := redirects(t)
	for _, address := range refused {
		if address == "" {
			continue // nobody asks to go anywhere
		}
		if a := m.asks("1", address); a.status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", address, a.status, a.body)
		}
	}
	v := signUp(t, m.base, "payer")
	m.issue("payer")
	c := &customer{chromium: browser, m: m}
	followed := len(accepted)
	if os.Getenv("PURSE_TEST_LONG") == "" {
		followed = 5
	}
	for i, address := range accepted {
		order := m.asks("1", address).is(http.StatusOK).get("order_url")
		v.open(order).press(strings.TrimPrefix(order, m.base), "pay")
		if want := "5; url=" + address; v.status != http.StatusOK || v.header.Get("Refresh") != want {
			t.Errorf("%q: %d, Refresh: %q", address, v.status, v.header.Get("Refresh"))
		}
		if i >= followed {
			continue
		}
		c.open(order)
		var link string
		var ok bool
		if c.run(chromedp.AttributeValue("main a.button", "href", &link, &ok)); link != address {
			t.Errorf("%q: the page leads to %q", address, link)
		}
		c.press("main a.button")
		var at string
		c.run(chromedp.Location(&at))
		u, err := url.Parse(at)
		if err != nil || !slices.Contains(strings.Split(ownSites, ","), u.Scheme+"://"+u.Host) {
			t.Errorf("%q leads to %s", address, at)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for host := range hosts {
		if host != "shop.example" && host != "www.shop.example:8443" {
			t.Errorf("the browser has asked %s", host)
		}
	}
	if len(hosts) == 0 {
		t.Error("the browser has asked nobody")
	}
	p.stop(t)
}
