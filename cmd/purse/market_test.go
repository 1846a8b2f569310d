package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"purse"

	"github.com/boombuler/barcode/qr"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// market is a network with a merchant, whose server makes orders and waits for its
// customers to come back.
type market struct {
	t              *testing.T
	database, base string
	shop           merchantShown
	key            string // for orders
	site           *shopSite
	browser        *chromium
}

// shopSite is the merchant's own site.
type shopSite struct {
	URL    string
	mu     sync.Mutex
	visits map[string]bool // what was asked for
	people atomic.Int64
}

// openMarket makes a merchant on a network that is served.
func openMarket(t *testing.T, database, base string, browser *chromium) *market {
	t.Helper()
	site := &shopSite{visits: map[string]bool{}}
	m := &market{t: t, database: database, base: base, browser: browser, site: site}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site.mu.Lock()
		defer site.mu.Unlock()
		site.visits[r.URL.RequestURI()] = true
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><title>Shop</title><h1>Thank you</h1>`)
	}))
	t.Cleanup(server.Close)
	site.URL = server.URL
	m.newShop(site.URL)
	return m
}

// newShop makes a merchant that may send its customers back to some sites.
func (m *market) newShop(origins string) {
	m.t.Helper()
	decode(m.t, run(m.t, "merchant", "create", "Harbour Books", "--origins", origins, "--database", m.database, "--json"), &m.shop)
	for _, k := range m.shop.Keys {
		if k.Kind == string(purse.OrderKind) {
			m.key = k.Bearer
		}
	}
	if m.key == "" {
		m.t.Fatalf("there is no key for orders: %+v", m.shop)
	}
}

// in is the market for one scenario of several.
func (m *market) in(t *testing.T) *market {
	here := *m
	here.t = t
	return &here
}

// visited says whether somebody has asked the merchant's site for a path.
func (m *market) visited(path string) bool {
	m.site.mu.Lock()
	defer m.site.mu.Unlock()
	return m.site.visits[path]
}

// bill is an order as its merchant sees it.
type bill struct {
	m              *market
	url, id, thank string // where it is paid, its number, and the path to which its customer comes back
}

func (m *market) order(amount string) bill {
	m.t.Helper()
	thank := fmt.Sprintf("/thanks?order=%d", m.site.people.Add(1))
	a := m.asks(amount, m.site.URL+thank).is(http.StatusOK)
	return bill{m, a.get("order_url"), a.get("order_id"), thank}
}

// asks asks for an order as the merchant's server does.
func (m *market) asks(amount, back string) answer {
	m.t.Helper()
	b, err := json.Marshal(map[string]any{
		"amount": json.Number(amount), "currency": "USD", "customer": "c@example.org", "product": "Two pounds of tea", "redirect_url": back,
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return ask(m.t, http.MethodPost, m.base+"/payment/order", m.key, string(b))
}

// is wants the order to have a status.
func (b bill) is(want string) {
	b.m.t.Helper()
	ask(b.m.t, http.MethodGet, b.m.base+"/payment/status?payment_id="+b.id, b.m.key, "").is(http.StatusOK, `"status":"`+want+`"`)
}

// has is what the merchant has.
func (m *market) has() string {
	m.t.Helper()
	var shown merchantShown
	decode(m.t, run(m.t, "merchant", "show", m.shop.ID, "--database", m.database, "--json"), &shown)
	return shown.Balance
}

// customer is a person of the market and their browser.
type customer struct {
	*chromium
	m    *market
	name string // empty: they have no wallet
}

// shapeOf is the size of a screen.
type shapeOf struct {
	width, height int64
	mobile        bool
}

var (
	phone   = shapeOf{360, 740, true}
	desktop = shapeOf{1280, 800, false}
)

// comes is somebody with a browser of that size, without a wallet.
func (m *market) comes(t *testing.T, s shapeOf) *customer {
	t.Helper()
	c := &customer{chromium: m.browser.beside(t), m: m}
	c.run(emulation.SetDeviceMetricsOverride(s.width, s.height, 1, s.mobile))
	return c
}

// rich is somebody who has a wallet with money, and is not signed in.
func (m *market) rich(t *testing.T, s shapeOf) *customer {
	t.Helper()
	c := m.comes(t, s)
	c.name = m.newName()
	signUp(t, m.base, c.name)
	m.issue(c.name)
	return c
}

func (m *market) newName() string {
	return fmt.Sprintf("customer-%d", m.site.people.Add(1))
}

// issue gives somebody money, as an operator does.
func (m *market) issue(name string) {
	m.t.Helper()
	run(m.t, "treasury", "issue", name, "100.00", "--reason", "test", "--database", m.database)
}

func (c *customer) open(where string) { c.t.Helper(); c.run(chromedp.Navigate(where)) }

// says waits until the page says a text.
func (c *customer) says(want string) {
	c.t.Helper()
	until(c.t, "the page says "+want, func() bool {
		var text string
		err := chromedp.Run(c.ctx, chromedp.Text("body", &text)) // the page may be on its way out
		if c.ctx.Err() != nil {
			c.t.Fatalf("waiting for %q: %v", want, err)
		}
		return err == nil && strings.Contains(text, want)
	})
}

// press clicks what is at a place, and waits until another page is there.
func (c *customer) press(selector string) {
	c.t.Helper()
	if err := chromedp.Run(c.ctx, chromedp.ScrollIntoView(selector), chromedp.WaitVisible(selector)); err != nil {
		c.t.Fatalf("%s: %v", selector, err)
	}
	if _, err := chromedp.RunResponse(c.ctx, chromedp.Click(selector)); err != nil {
		c.t.Fatalf("press %s: %v", selector, err)
	}
}

// pay presses the button that pays, as soon as it works.
func (c *customer) pay() {
	c.t.Helper()
	c.press(readyButton)
}

const (
	payButton    = `button[value=pay]`
	readyButton  = `button[value=pay][data-ready]` // with JavaScript it does not work at once
	refuseButton = `button[value=refuse]`
	signInLink   = `a[href$="?sign=in"]`
	signUpLink   = `a[href$="?sign=up"]`
	backLink     = `main .stack a.button.wide`
	submit       = `form[action*="/sign-"] button.wide`
)

// signUpThere makes a wallet on the page of an order.
func (c *customer) signUpThere() {
	c.t.Helper()
	c.name = c.m.newName()
	c.press(signUpLink)
	c.run(chromedp.SendKeys("#username", c.name), chromedp.SendKeys("#first_name", "New"), chromedp.SendKeys("#last_name", "Comer"),
		chromedp.SendKeys("#email", c.name+"@example.org"), chromedp.SendKeys("#password", passwordOf(c.name)))
	c.press(submit)
}

// signInThere signs in on the page of an order.
func (c *customer) signInThere() {
	c.t.Helper()
	c.press(signInLink)
	c.run(chromedp.SendKeys("#name", c.name), chromedp.SendKeys("#password", passwordOf(c.name)))
	c.press(submit)
}

// comesBack waits until the browser is at the merchant's again.
func (c *customer) comesBack(b bill) {
	c.t.Helper()
	until(c.t, "the customer is back at the merchant's", func() bool { return c.m.visited(b.thank) })
	if at := c.arrive(c.m.site.URL); at != c.m.site.URL+b.thank {
		c.t.Errorf("the customer is at %s", at)
	}
}

var qrSteps = regexp.MustCompile(`([Mmh])(\d+)(?: ([\d.]+))?`)

// scans wants the QR code of the page to be that of an address: each of its squares.
func (c *customer) scans(address string) {
	c.t.Helper()
	var path, box string
	var ok bool
	c.run(chromedp.AttributeValue("svg.qr path", "d", &path, &ok), chromedp.AttributeValue("svg.qr", "viewBox", &box, &ok))
	drawn := map[[2]int]bool{}
	x, y := 0, 0
	for _, step := range qrSteps.FindAllStringSubmatch(path, -1) {
		n, _ := strconv.Atoi(step[2])
		switch step[1] {
		case "M":
			row, _ := strconv.ParseFloat(step[3], 64)
			x, y = n, int(row)
		case "m":
			x += n
		case "h":
			for range n {
				drawn[[2]int{x, y}] = true
				x++
			}
		}
	}
	code, err := qr.Encode(address, qr.M, qr.Auto)
	if err != nil {
		c.t.Fatal(err)
	}
	const zone = 4
	side := code.Bounds().Dx()
	if want := fmt.Sprintf("0 0 %d %d", side+2*zone, side+2*zone); box != want {
		c.t.Errorf("the QR code is %s, want %s", box, want)
	}
	for i := range side {
		for j := range side {
			if drawn[[2]int{i + zone, j + zone}] != (color.GrayModel.Convert(code.At(i, j)) == color.Gray{}) {
				c.t.Fatalf("the QR code is not that of %s", address)
			}
		}
	}
}
