package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/money"
	"purse/store"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// What people do in front of the page of an order, from their browsers' windows: on
// both databases by day, and everything else where it is quicker.
func TestCheckoutInABrowser(t *testing.T) {
	t.Parallel()
	browser := newChromium(t)
	on(t, func(t *testing.T, database string) {
		key := filepath.Join(shortDir(t), "key")
		if err := makeKey(key); err != nil {
			t.Fatal(err)
		}
		p := start(t, database, "--key-file", key, "--rate", "0")
		m := openMarket(t, database, p.url, browser)
		scenarios := []scenario{
			{"new on a desk", func(t *testing.T, m *market) { wholeCheckout(t, m, desktop) }, 12_50},
			{"second device", secondDevice, 7_00},
			{"two tabs", payInTwoTabs, 30_00},
			{"no JavaScript", checkoutWithoutScripts, 12_50},
			{"new on a phone", func(t *testing.T, m *market) { wholeCheckout(t, m, phone) }, 12_50},
			{"refuse", refuseOrder, 0},
			{"second device, no JavaScript", secondDeviceWithoutScripts, 0},
			{"keyboard", checkoutByKeyboard, 3_00},
		}
		switch {
		case store.IsPostgres(database):
			scenarios = scenarios[:1]
		case os.Getenv("PURSE_TEST_LONG") == "":
			scenarios = scenarios[:4]
		}
		var credit int64
		t.Run("at once", func(t *testing.T) {
			for _, s := range scenarios {
				credit += s.minor
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					s.act(t, m.in(t))
				})
			}
		})
		if store.IsPostgres(database) { // beside a server, only this one lets others in
			t.Run("expire", func(t *testing.T) { expireOrder(t, m.in(t)) })
		}
		if want := (money.Amount{Minor: credit, Currency: "USD"}).String(); m.has() != want {
			t.Errorf("the merchant has %s, want %s", m.has(), want)
		}
		for line := range strings.Lines(p.log.String()) {
			if !strings.Contains(line, `"level":"INFO"`) || strings.Contains(line, "/pay/") && !strings.Contains(line, "/pay/{link}") {
				t.Errorf("the server says %s", line)
			}
		}
		p.stop(t)
		verify(t, database)
	})
}

// scenario is what somebody does, and what the merchant gets of it.
type scenario struct {
	name  string
	act   func(*testing.T, *market)
	minor int64
}

// wholeCheckout is somebody without a wallet who follows the link of an order: they sign
// up on its page, get money, pay, and are led back.
func wholeCheckout(t *testing.T, m *market, s shapeOf) {
	b := m.order("12.50")
	c := m.comes(t, s)
	c.open(b.url)
	c.says("12.50 USD")
	c.signUpThere()
	c.says("There is too little money in your wallet")
	b.is("PENDING")
	m.issue(c.name)
	c.press(`.note a[href^="/pay/"]`)
	c.says("100.00 USD")
	c.pay()
	c.says("You have paid")
	b.is("SUCCESS")
	if s.mobile {
		c.press(backLink) // on a desk it goes there by itself
	}
	c.comesBack(b)
	c.quiet()
}

// secondDevice is somebody who goes on with their phone, by the QR code of the page: it
// follows by itself.
func secondDevice(t *testing.T, m *market) {
	b := m.order("7")
	first := m.comes(t, desktop)
	first.open(b.url)
	first.scans(b.url)
	first.says("go on with your phone")
	c := m.rich(t, phone)
	c.open(b.url)
	c.signInThere()
	c.pay()
	b.is("SUCCESS")
	began := time.Now()
	first.says("The merchant has the money")
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the first page follows after %s", took)
	}
	first.press(backLink)
	first.comesBack(b)
	first.quiet()
	c.quiet()
}

func refuseOrder(t *testing.T, m *market) {
	b := m.order("8")
	watching, c := m.comes(t, phone), m.comes(t, desktop)
	watching.open(b.url)
	c.open(b.url)
	c.press(refuseButton)
	c.says("Cancelled")
	watching.says("Nothing was paid")
	b.is("EXPIRED")
	c.open(b.url)
	c.says("Cancelled")
	c.quiet()
	watching.quiet()
}

// expireOrder is an order whose time comes while its page is open. The clock is moved
// from beside the server.
func expireOrder(t *testing.T, m *market) {
	b := m.order("9")
	c := m.comes(t, phone)
	c.open(b.url)
	c.says("left")
	s, err := store.Open(t.Context(), m.database, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error { return f.AdvanceClock(purse.OrderLife) }}); err != nil {
		t.Fatal(err)
	}
	c.says("Too late")
	b.is("EXPIRED")
	c.quiet()
}

// payInTwoTabs is one person who presses the button in two tabs, with the page of
// before: one payment.
func payInTwoTabs(t *testing.T, m *market) {
	b := m.order("30")
	c := m.rich(t, desktop)
	c.open(b.url)
	c.signInThere()
	// The other tab's page does not follow, as if it had been away.
	other := &customer{chromium: c.tab(t), m: m, name: c.name}
	other.run(emulation.SetScriptExecutionDisabled(true))
	other.open(b.url)
	other.says("100.00 USD")
	c.pay()
	c.says("You have paid")
	other.press(payButton)
	other.says("You have paid")
	b.is("SUCCESS")
	c.open(m.base + "/activity")
	c.says("70.00")
	var text string
	if c.run(chromedp.Text("main", &text)); strings.Count(text, "30.00") != 1 {
		t.Errorf("the statement says %s", text)
	}
}

// checkoutWithoutScripts is the whole way with JavaScript off.
func checkoutWithoutScripts(t *testing.T, m *market) {
	b := m.order("12.50")
	c := m.comes(t, phone)
	c.run(emulation.SetScriptExecutionDisabled(true))
	c.open(b.url)
	c.signUpThere()
	c.says("There is too little money in your wallet")
	m.issue(c.name)
	c.press(`.note a[href^="/pay/"]`)
	c.press(payButton)
	c.says("You have paid")
	b.is("SUCCESS")
	c.comesBack(b)
	c.quiet()
}

// secondDeviceWithoutScripts is a first page that follows without JavaScript.
func secondDeviceWithoutScripts(t *testing.T, m *market) {
	b := m.order("7")
	first := m.comes(t, desktop)
	first.run(emulation.SetScriptExecutionDisabled(true))
	first.open(b.url)
	first.scans(b.url)
	ask(t, http.MethodPost, b.url, "", "do=refuse").is(http.StatusOK, "Nothing was paid")
	first.says("Nothing was paid")
	first.quiet()
}

// checkoutByKeyboard pays an order with Tab and Enter.
func checkoutByKeyboard(t *testing.T, m *market) {
	b := m.order("3")
	c := m.rich(t, desktop)
	c.open(b.url)
	c.reach(signInLink)
	c.strike(kb.Enter)
	c.says("Sign in to pay")
	c.reach("#name")
	c.run(chromedp.KeyEvent(c.name))
	c.reach("#password")
	c.run(chromedp.KeyEvent(passwordOf(c.name)))
	c.strike(kb.Enter)
	c.says("100.00 USD")
	c.reach(payButton)
	c.run(chromedp.WaitReady(readyButton))
	c.strike(kb.Enter)
	c.says("You have paid")
	c.reach(`a[href="` + m.site.URL + b.thank + `"]`)
	c.strike(kb.Enter)
	c.comesBack(b)
	b.is("SUCCESS")
	c.quiet()
}

// reach presses Tab until something has the focus, which must be seen.
func (c *customer) reach(selector string) {
	c.t.Helper()
	const tabsMax = 30
	for range tabsMax {
		var there, seen bool
		c.run(chromedp.KeyEvent(kb.Tab),
			chromedp.Evaluate("document.activeElement.matches(`"+selector+"`)", &there),
			chromedp.Evaluate(`(() => { const e = document.activeElement, s = getComputedStyle(e);
				return e === document.body || s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none"; })()`, &seen))
		if !seen {
			c.t.Errorf("on the way to %s, nobody sees where the focus is", selector)
		}
		if there {
			return
		}
	}
	c.t.Fatalf("%s cannot be reached with the keyboard", selector)
}

// strike presses a key that leads to another page.
func (c *customer) strike(key string) {
	c.t.Helper()
	if _, err := chromedp.RunResponse(c.ctx, chromedp.ActionFunc(func(ctx context.Context) error { return chromedp.KeyEvent(key).Do(ctx) })); err != nil {
		c.t.Fatal(err)
	}
}
