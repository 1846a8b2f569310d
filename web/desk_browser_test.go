package web

import (
	"context"
	"strings"
	"testing"

	"purse"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Whoever is at the till needs the keyboard only: an amount, Enter; the page turns green
// by itself, with JavaScript and without; Enter, and the next amount.
func TestTillInABrowser(t *testing.T) {
	onStand(t, nil, func(t *testing.T, s *stand) {
		ctx, complaints := browser(t)
		ctx, cancel := context.WithTimeout(ctx, journeyTime)
		defer cancel()
		s.PublicURL = s.url
		till := s.url + s.ada.at("/desk/{merchant}/till")
		steps(t, ctx, emulation.SetFocusEmulationEnabled(true), chromedp.ActionFunc(func(ctx context.Context) error {
			return network.SetCookie(sessionCookie, string(s.ada.secret)).WithURL(s.url).Do(ctx)
		}))
		for _, script := range []bool{true, false} {
			var at, text string
			steps(t, ctx, emulation.SetScriptExecutionDisabled(!script), chromedp.Navigate(till), chromedp.WaitVisible("#amount:focus", chromedp.ByQuery), chromedp.KeyEvent("12,50\r"))
			arrive(t, ctx, till+"/")
			steps(t, ctx, chromedp.WaitVisible(".charge .qr", chromedp.ByQuery), chromedp.Location(&at), chromedp.Text("main", &text))
			if !strings.Contains(text, "12.50 USD") || !strings.Contains(text, "Waits for the payment") {
				t.Errorf("the page that waits: %q", text)
			}
			number, err := readNumber(at[len(till)+1:])
			if err != nil {
				t.Fatalf("at %s: %v", at, err)
			}
			o, err := s.store.Order(t.Context(), purse.MainBook, purse.OrderKey{Merchant: s.ada.stall.merchant, Number: purse.OrderNumber(number)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.orders.Pay(t.Context(), s.eve.Actor, o.Link); err != nil {
				t.Fatal(err)
			}
			steps(t, ctx, chromedp.WaitVisible("main.paid a.button:focus", chromedp.ByQuery), chromedp.Text("main", &text))
			if !strings.Contains(text, "Paid") || !strings.Contains(text, "12.50 USD") || !strings.Contains(text, "EvelynFirst") {
				t.Errorf("the green page: %q", text)
			}
			steps(t, ctx, chromedp.KeyEvent("\r"), chromedp.WaitVisible("#amount:focus", chromedp.ByQuery))
		}
		for _, c := range complaints() {
			t.Error(c)
		}
	})
}
