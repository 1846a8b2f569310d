package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purse/hub"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// journeyTime bounds a whole journey.
const journeyTime = time.Minute

// live serves a site to a browser, under a name that passkeys take.
func live(t *testing.T) (string, *fake) {
	t.Helper()
	s, f := newSite(t)
	server := httptest.NewUnstartedServer(nil)
	s.Loopback = true
	s.PublicURL = strings.Replace("http://"+server.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	server.Config.Handler = withoutNews(s.Handler())
	server.Start()
	t.Cleanup(server.Close)
	return s.PublicURL, f
}

// elsewhere is another site, whose pages are given.
func elsewhere(t *testing.T, pages map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><title>Elsewhere</title><link rel=icon href=data:,>%s", pages[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// arrive waits until the browser's address begins with one.
func arrive(t *testing.T, ctx context.Context, want string) {
	t.Helper()
	var at string
	for !strings.HasPrefix(at, want) {
		if err := perform(ctx, chromedp.Location(&at), chromedp.WaitReady("body")); err != nil {
			t.Fatalf("on the way to %s, at %s: %v", want, at, err)
		}
	}
}

func steps(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := perform(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// perform does one thing after the other. What the browser finds on a page that goes away
// at that moment it cannot find again, and says so: it is looked for once more.
func perform(ctx context.Context, actions ...chromedp.Action) error {
	for _, a := range actions {
		err := chromedp.Run(ctx, a)
		for err != nil && ctx.Err() == nil && (strings.Contains(err.Error(), "(-32000)") || strings.Contains(err.Error(), "Inspected target navigated")) {
			err = chromedp.Run(ctx, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A person signs in, lets an app in, adds a passkey and signs in with it, in a
// browser that holds the pages to their policy.
func TestJourneyInABrowser(t *testing.T) {
	ctx, complaints := browser(t)
	ctx, cancel := context.WithTimeout(ctx, journeyTime)
	defer cancel()
	base, f := live(t)
	app := elsewhere(t, nil)
	f.way = app + "/callback"
	f.making = `{"publicKey":{"challenge":"AAAA","rp":{"name":"Harbour"},"user":{"id":"AAAA","name":"ada","displayName":"Ada"},"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}]}}`
	f.using = `{"publicKey":{"challenge":"AAAA","userVerification":"required"}}`

	steps(t, ctx, chromedp.Navigate(base+"/settings"))
	arrive(t, ctx, base+"/sign-in?next=%2Fsettings")
	steps(t, ctx, chromedp.SendKeys("#name", "ada"), chromedp.SendKeys("#password", "pass"), chromedp.Submit("#password"))
	arrive(t, ctx, base+"/settings")

	steps(t, ctx, chromedp.Navigate(base+"/v1/oauth/authorize?client_id=77&state=s"), chromedp.Click("button[value=allow]"))
	arrive(t, ctx, app+"/callback?code=c&state=s")

	key := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
		HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	})
	f.making = strings.Replace(f.making, `"pubKeyCred`, `"authenticatorSelection":{"residentKey":"required"},"pubKeyCred`, 1)
	steps(t, ctx, webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error { _, err := key.Do(ctx); return err }),
		chromedp.Navigate(base+"/settings/security"), chromedp.SendKeys("#passkey-name", "My phone"), chromedp.Click("[data-passkey] button"))
	arrive(t, ctx, base+"/settings/security?done=passkey")
	steps(t, ctx, chromedp.Click(".top button"))
	arrive(t, ctx, base+"/?done=signed-out")
	steps(t, ctx, chromedp.Navigate(base+"/sign-in?next=/settings/apps"), chromedp.Click("[data-passkey] button"))
	arrive(t, ctx, base+"/settings/apps")

	said := f.since()
	for _, want := range []string{"SignIn ada pass", "Allow make_payments access_profile", "FinishPasskey ticket My phone {", "SignOut", "FinishPasskeySignIn ticket {"} {
		if !strings.Contains(said, want) {
			t.Errorf("%s was not asked: %s", want, said)
		}
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

// Pages of other sites, and of other programs on this machine, can neither send
// our forms nor show our pages.
func TestOtherSitesInABrowser(t *testing.T) {
	ctx, complaints := browser(t)
	ctx, cancel := context.WithTimeout(ctx, journeyTime)
	defer cancel()
	base, f := live(t)
	evil := elsewhere(t, map[string]string{
		"/form":  `<form method=post action="` + base + `/settings/friends"><input name=do value=ask><input name=typed value=ben><input name=form value="` + nonce(adasSession) + `"><button>Win</button></form>`,
		"/frame": `<iframe src="` + base + `/settings/account"></iframe>`,
	})
	steps(t, ctx, chromedp.Navigate(base+"/sign-in"), chromedp.SendKeys("#name", "ada"), chromedp.SendKeys("#password", "pass"), chromedp.Submit("#password"))
	arrive(t, ctx, base+"/")
	steps(t, ctx, chromedp.WaitReady(".hello"))
	f.since()
	complaints()
	for _, from := range []string{evil, strings.Replace(evil, "127.0.0.1", "localhost", 1)} {
		var text string
		steps(t, ctx, chromedp.Navigate(from+"/form"), chromedp.Click("button"))
		arrive(t, ctx, base)
		steps(t, ctx, chromedp.Text("main", &text))
		if said := f.since(); said != "" || !strings.Contains(text, "from another site") {
			t.Errorf("a form of %s: %q, %q", from, said, text)
		}
		complaints()
		steps(t, ctx, chromedp.Navigate(from+"/frame"))
		said := strings.Join(complaints(), "\n")
		for !strings.Contains(said, "frame-ancestors") {
			if ctx.Err() != nil {
				t.Fatalf("a frame of %s is shown: %s", from, said)
			}
			steps(t, ctx, chromedp.WaitReady("iframe"))
			said += strings.Join(complaints(), "\n")
		}
	}
}

// readyToPay is the button that pays, when it works: at once it does not.
const readyToPay = "button[value=pay][data-ready]"

// A consumer comes from a shop, signs in on the way, pays, and is back at the shop;
// so is the tester who says what shall become of it.
func TestPayInABrowser(t *testing.T) {
	ctx, complaints := browser(t)
	ctx, cancel := context.WithTimeout(ctx, journeyTime)
	defer cancel()
	base, f := live(t)
	shop := elsewhere(t, map[string]string{"/": `<a href="` + base + `/pay/l1nk">Pay</a>`})
	f.till.question.Details = hub.Details{ReturnLinks: []hub.ReturnLink{
		{Rel: "default", Href: shop + "/back"}, {Rel: "on_completed", Href: shop + "/thanks?o=17#top"}, {Rel: "on_cancelled", Href: shop + "/basket"},
	}}
	steps(t, ctx, chromedp.Navigate(shop+"/"), chromedp.Click("a", chromedp.ByQuery))
	arrive(t, ctx, base+"/pay/l1nk")
	steps(t, ctx, chromedp.Click("button[value=refuse]"))
	arrive(t, ctx, shop+"/basket")

	steps(t, ctx, chromedp.Navigate(base+"/pay/l1nk"), chromedp.Click("main .button[href]", chromedp.ByQuery))
	arrive(t, ctx, base+"/pay/l1nk?sign=in")
	steps(t, ctx, chromedp.SendKeys("#name", "ada"), chromedp.SendKeys("#password", "pass"), chromedp.Submit("#password"), chromedp.WaitReady("button[value=pay]"))
	arrive(t, ctx, base+"/pay/l1nk")
	steps(t, ctx, chromedp.Click("summary", chromedp.ByQuery), chromedp.SendKeys("#cap_payment", "30"), chromedp.Click(readyToPay))
	arrive(t, ctx, shop+"/thanks?o=17#top")

	f.till.question.Handle.Simulator = hub.Internal
	steps(t, ctx, chromedp.Navigate(base+"/pay/l1nk"))
	arrive(t, ctx, base+"/sandbox/simulator/l1nk")
	steps(t, ctx, chromedp.Click("button[value=failed]"))
	arrive(t, ctx, shop+"/back")

	said := f.since()
	for _, want := range []string{"RefuseHandle l1nk", "AuthorizeHandle 10 l1nk 3000 -1 0", "Simulate l1nk FAILED"} {
		if !strings.Contains(said, want) {
			t.Errorf("%s was not asked: %s", want, said)
		}
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}
