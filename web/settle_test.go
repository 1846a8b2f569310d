package web

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A click, a tap or a key at once, meant for what was there before, pays nothing; a
// later one does. Whatever takes the page from in front of somebody starts it again.
func TestPayButtonWaitsForALook(t *testing.T) {
	ctx, complaints := browser(t)
	ctx, cancel := context.WithTimeout(ctx, journeyTime)
	defer cancel()
	base, f := live(t)
	steps(t, ctx, emulation.SetFocusEmulationEnabled(true), chromedp.ActionFunc(func(ctx context.Context) error {
		return network.SetCookie(sessionCookie, adasSession).WithURL(base).Do(ctx)
	}))
	for _, path := range []string{orderPage, "/pay/l1nk"} {
		steps(t, ctx, chromedp.Navigate(base+path), chromedp.WaitReady(readyToPay))
		for _, again := range []string{
			`window.dispatchEvent(new Event("focus"))`, `window.dispatchEvent(new Event("blur"))`,
			`window.dispatchEvent(new Event("pageshow"))`, `document.dispatchEvent(new Event("visibilitychange"))`,
		} {
			var ready, still bool
			// In one task, so that no time passes between.
			steps(t, ctx, chromedp.Evaluate(`(() => {
				const button = document.querySelector("button[value=pay]");
				`+again+`;
				const ready = "ready" in button.dataset;
				button.click();
				button.form.requestSubmit(button);
				button.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
				return ready;
			})()`, &ready), chromedp.WaitReady(readyToPay), chromedp.Evaluate(`document.querySelector("button[value=pay]").disabled`, &still))
			if said := f.since(); ready || still || said != "" {
				t.Errorf("%s, %s: ready %t, disabled %t, asked %q", path, again, ready, still, said)
			}
		}
		// Without the focus it does not even begin to wait.
		var begun bool
		steps(t, ctx, chromedp.Evaluate(`(() => {
			let begun = false;
			window.setTimeout = () => { begun = true; };
			document.hasFocus = () => false;
			window.dispatchEvent(new Event("blur"));
			return begun || "ready" in document.querySelector("button[value=pay]").dataset;
		})()`, &begun))
		if begun {
			t.Errorf("%s: it comes to work without the focus", path)
		}
	}
	opens := func(actions ...chromedp.Action) {
		t.Helper()
		steps(t, ctx, append([]chromedp.Action{chromedp.Navigate(base + orderPage)}, actions...)...)
	}
	asks := func(want string, action chromedp.Action) {
		t.Helper()
		if _, err := chromedp.RunResponse(ctx, action); err != nil {
			t.Fatal(err)
		}
		if said := f.since(); said != want {
			t.Errorf("%q was asked, want %q", said, want)
		}
	}
	opens()
	asks("PayOrder 10 0rder", chromedp.Click(readyToPay))
	opens(chromedp.WaitReady(readyToPay), chromedp.Focus("button[value=pay]"))
	asks("PayOrder 10 0rder", chromedp.KeyEvent(kb.Enter))
	opens()
	asks("RefuseOrder 0rder", chromedp.Evaluate(`window.dispatchEvent(new Event("focus")); document.querySelector("button[value=refuse]").click()`, nil))
	steps(t, ctx, emulation.SetScriptExecutionDisabled(true))
	opens()
	asks("PayOrder 10 0rder", chromedp.Click("button[value=pay]"))
	for _, c := range complaints() {
		t.Error(c)
	}
}

// Several buttons that copy are told apart by what they are called.
func TestCopyButtonsHaveNames(t *testing.T) {
	ctx, complaints := browser(t)
	ctx, cancel := context.WithTimeout(ctx, journeyTime)
	defer cancel()
	server := gallery(t, samples())
	for page, want := range map[string]string{"links": "Copy the address of ", "once": ""} {
		var names []string
		steps(t, ctx, chromedp.Navigate(server.URL+"/page/"+page), chromedp.WaitReady("p.actions button.plain.little", chromedp.ByQuery),
			chromedp.Evaluate(`[...document.querySelectorAll("[data-copy] + p button")].map((b) => b.getAttribute("aria-label") ?? "")`, &names))
		seen := map[string]bool{}
		for _, name := range names {
			if !strings.HasPrefix(name, want) || seen[name] || (want == "") != (name == "") {
				t.Errorf("%s: a button is called %q", page, name)
			}
			seen[name] = true
		}
		if len(names) == 0 {
			t.Errorf("%s: there is no button", page)
		}
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}
