package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// chromiumTime bounds what a test does in a browser.
const chromiumTime = time.Minute

// chromium is a tab of a browser, and what its console complains about.
type chromium struct {
	t          *testing.T
	browser    context.Context      // as long as the test
	jar        cdp.BrowserContextID // whose cookies it has; empty: the browser's own
	ctx        context.Context
	mu         sync.Mutex
	complaints []string
}

// newChromium starts a browser.
func newChromium(t *testing.T, more ...chromedp.ExecAllocatorOption) *chromium {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if slices.Contains(strings.Split(os.Getenv("PURSE_TEST_REQUIRE"), ","), "browser") {
			t.Fatal("there is no Chromium")
		}
		t.Skip("there is no Chromium")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true))
	allocated, stop := chromedp.NewExecAllocator(t.Context(), append(options, more...)...)
	t.Cleanup(stop)
	return newTab(t, allocated)
}

// beside opens another browser of the same process, which shares nothing with b.
func (b *chromium) beside(t *testing.T) *chromium {
	t.Helper()
	var id cdp.BrowserContextID
	b.ask(t, func(ctx context.Context) (err error) { id, err = target.CreateBrowserContext().Do(ctx); return err })
	t.Cleanup(func() { // with all its tabs
		_ = chromedp.Run(b.browser, chromedp.ActionFunc(func(ctx context.Context) error {
			return target.DisposeBrowserContext(id).Do(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser))
		}))
	})
	other := &chromium{browser: b.browser, jar: id}
	return other.tab(t)
}

// tab opens another tab of b.
func (b *chromium) tab(t *testing.T) *chromium {
	t.Helper()
	var id target.ID
	b.ask(t, func(ctx context.Context) (err error) {
		id, err = target.CreateTarget("about:blank").WithBrowserContextID(b.jar).WithNewWindow(true).Do(ctx)
		return err
	})
	tab := newTab(t, b.browser, chromedp.WithTargetID(id))
	tab.browser, tab.jar = b.browser, b.jar
	return tab
}

// ask asks the browser, and not a tab of it.
func (b *chromium) ask(t *testing.T, do func(context.Context) error) {
	t.Helper()
	err := chromedp.Run(b.browser, chromedp.ActionFunc(func(ctx context.Context) error {
		return do(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser))
	}))
	if err != nil {
		t.Fatal(err)
	}
}

func newTab(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *chromium {
	t.Helper()
	ctx, end := chromedp.NewContext(parent, options...)
	t.Cleanup(end)
	b := &chromium{t: t, browser: ctx}
	say := func(format string, args ...any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.complaints = append(b.complaints, fmt.Sprintf(format, args...))
	}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level != log.LevelVerbose { // it has opinions, too
				say("%s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			say("exception: %s", e.ExceptionDetails.Error())
		}
	})
	if err := chromedp.Run(ctx, log.Enable(), emulation.SetFocusEmulationEnabled(true)); err != nil { // starts it, for as long as the test
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, chromiumTime)
	t.Cleanup(cancel)
	b.ctx = ctx
	return b
}

// quiet wants the browser not to have complained.
func (b *chromium) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, said := range b.complaints {
		b.t.Errorf("the browser complains: %s", said)
	}
}

func (b *chromium) run(actions ...chromedp.Action) {
	b.t.Helper()
	for _, a := range actions {
		err := chromedp.Run(b.ctx, a)
		for err != nil && strings.Contains(err.Error(), lost) && b.ctx.Err() == nil {
			err = chromedp.Run(b.ctx, a) // it is looked for once more
		}
		if err != nil {
			var at, text string
			_ = chromedp.Run(b.ctx, chromedp.Location(&at), chromedp.Text("body", &text)) // as far as it can tell
			b.t.Fatalf("at %s: %v: %s", at, err, text)
		}
	}
}

// lost is what the browser says of something that it has found on a page that then went.
const lost = "(-32000)"

// leaving is what the browser says of a page that goes while it is looked at.
const leaving = "Inspected target navigated or closed"

// arrive waits until the browser's address begins with one.
func (b *chromium) arrive(want string) (at string) {
	b.t.Helper()
	for !strings.HasPrefix(at, want) {
		err := chromedp.Run(b.ctx, chromedp.Location(&at), chromedp.WaitReady("body"))
		switch {
		case err != nil && strings.Contains(err.Error(), leaving) && b.ctx.Err() == nil:
			at = "" // look again
		case err != nil:
			b.t.Fatalf("on the way to %s, at %s: %v", want, at, err)
		}
	}
	return at
}

// text is what a part of the page says.
func (b *chromium) text(part string) (text string) {
	b.t.Helper()
	b.run(chromedp.Text(part, &text))
	return text
}

// startDemoByName starts a demo that people reach by a name of this machine, since
// passkeys belong to names. Whoever stands in front has a port before the demo has
// its own.
func startDemoByName(t *testing.T) (cmd *exec.Cmd, page *printed, c credentials, database string) {
	t.Helper()
	front := httptest.NewUnstartedServer(nil)
	t.Cleanup(front.Close)
	_, port, _ := strings.Cut(front.Listener.Addr().String(), ":")
	dir := filepath.Join(shortDir(t), "data")
	cmd, page, c = startDemo(t, "--data", dir, "--public-url", "http://localhost:"+port)
	listens := ""
	until(t, "the log says where the demo listens", func() bool {
		lines, _ := os.ReadFile(filepath.Join(dir, "purse.log")) // it may not be there yet
		_, rest, _ := strings.Cut(string(lines), `"msg":"serving","url":"`)
		var whole bool
		listens, _, whole = strings.Cut(rest, `"`)
		return whole
	})
	behind, err := url.Parse(listens)
	if err != nil {
		t.Fatal(err)
	}
	// It does not say that it passes requests on: the mailbox is shown to this machine only.
	front.Config.Handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = r.In.Host
	}}
	front.Start()
	return cmd, page, c, filepath.Join(dir, "purse.db")
}

// What the demo says to try in a browser works in one, and so do passkeys.
func TestDemoInABrowser(t *testing.T) {
	t.Parallel()
	b := newChromium(t)
	cmd, page, c, database := startDemoByName(t)
	base, ada := c.BaseURL, c.Users[0]

	question := client{id: c.App["client_id"]}.question(base, "make_payments access_profile access_balance", "state", "xyz")
	b.run(chromedp.Navigate(question))
	b.arrive(base + "/sign-in?next=")
	b.run(chromedp.SendKeys("#name", ada.Username), chromedp.SendKeys("#password", ada.Password), chromedp.Submit("#password"))
	b.arrive(base + "/v1/oauth/authorize?")
	consent := b.text("main")
	for _, want := range []string{"Let Demo app in?", "Ada Lindqvist", "See your balance", "at most 100.00 USD a day"} {
		if !strings.Contains(consent, want) {
			t.Errorf("the consent page does not say %q: %s", want, consent)
		}
	}
	b.run(chromedp.Click("input[value=access_balance]"), chromedp.Click("button[value=allow]"))
	at, err := url.Parse(b.arrive(c.App["redirect_uri"] + "?code="))
	if err != nil {
		t.Fatal(err)
	}
	code := at.Query().Get("code")
	if shown := b.text("main"); !strings.Contains(shown, code) || !strings.Contains(shown, "xyz") {
		t.Errorf("the callback shows %s", shown)
	}
	form := url.Values{"client_id": {c.App["client_id"]}, "client_secret": {c.App["client_secret"]}, "code": {code}}
	got := ask(t, http.MethodPost, base+"/v1/oauth/access_token", "", form.Encode()).is(http.StatusOK)
	if scope := got.get("scope"); scope != "make_payments access_profile" {
		t.Errorf("the app may %s", scope)
	}
	me(t, base, got.get("access_token"), ada.Username)

	b.passkey(base, ada)
	// A password alone, which the old apps ask for, is not enough any more.
	ask(t, http.MethodPost, base+"/v1/oauth/access_token", "", `{"phone_email_or_username":"ada","client_id":"1","password":"`+ada.Password+`"}`).
		is(http.StatusBadRequest, `"code":264`)
	b.quiet()
	stopDemo(t, cmd, page)
	verify(t, database)
}

// passkey adds one, signs out, signs in with it, and proves with it who is there.
func (b *chromium) passkey(base string, who credentialsUser) {
	b.t.Helper()
	key := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
		HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	})
	b.run(webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error { _, err := key.Do(ctx); return err }),
		chromedp.Navigate(base+"/settings/security"), chromedp.SendKeys("#passkey-name", "My laptop"), chromedp.Click("[data-passkey] button"))
	b.arrive(base + "/settings/security?done=passkey")
	if text := b.text("main"); !strings.Contains(text, "My laptop") || !strings.Contains(text, "The passkey is added.") {
		b.t.Errorf("the page says %s", text)
	}
	mailTo(b.t, base, who.Email, "A passkey was added")
	b.run(chromedp.Click(".top button"))
	b.arrive(base + "/?done=signed-out")
	b.run(chromedp.Navigate(base + "/settings/apps"))
	b.arrive(base + "/sign-in?next=")
	b.run(chromedp.Click("[data-passkey] button"))
	b.arrive(base + "/settings/apps")
	if text := b.text("main"); !strings.Contains(text, "Demo app") {
		b.t.Errorf("the page says %s", text)
	}
	b.run(chromedp.Navigate(base+"/prove?next=/settings/security"), chromedp.Click("[data-passkey] button"))
	b.arrive(base + "/settings/security")
}
