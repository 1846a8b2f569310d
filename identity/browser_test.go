package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"purse"
)

// browser starts a headless Chromium with a virtual authenticator, and skips the
// test where there is none, unless PURSE_TEST_REQUIRE, a list with commas, contains
// "browser": then it fails.
func browser(t *testing.T) (ctx context.Context, device webauthn.AuthenticatorID) {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if slices.Contains(strings.Split(os.Getenv("PURSE_TEST_REQUIRE"), ","), "browser") {
			t.Fatal("there is no Chromium")
		}
		t.Skip("there is no Chromium")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute), chromedp.UserDataDir(profile(t)))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's sandbox does not run as root
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(stop)
	ctx, closeAll := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(closeAll)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) })
	err := chromedp.Run(ctx, webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) (err error) {
		device, err = webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return ctx, device
}

// profile makes a folder for a browser. Its last processes may still write when it
// has said that it is closed, which t.TempDir takes for a failure.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "purse-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for end := time.Now().Add(10 * time.Second); os.RemoveAll(dir) != nil && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
	})
	return dir
}

// passkeyPage does what this network's pages do with the options that they are given.
const passkeyPage = `<!doctype html><title>passkeys</title><script src="page.js"></script><p id="said">`

const passkeyScript = `
async function answer(kind) {
	const said = document.getElementById("said");
	said.textContent = "";
	try {
		const options = (await (await fetch("/" + kind + "/begin", {method: "POST"})).json()).publicKey;
		const made = kind === "add"
			? await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})
			: await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)});
		const reply = await fetch("/" + kind + "/finish", {method: "POST", body: JSON.stringify(made)});
		said.textContent = await reply.text();
	} catch (e) {
		said.textContent = String(e);
	}
}`

// TestBrowserKeepsPasskeys has a real browser make a passkey and sign in with it.
func TestBrowserKeepsPasskeys(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx, device := browser(t)
	onBoth(t, func(t *testing.T, n *network) {
		n.guarded(t)
		ann := n.guest(t, "anna")
		var ticket purse.Secret
		var in SignedIn
		mux := http.NewServeMux()
		mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, passkeyPage)
		})
		mux.HandleFunc("GET /page.js", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, passkeyScript)
		})
		begins := func(begin func(context.Context) (json.RawMessage, purse.Secret, error)) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				options, secret, err := begin(r.Context())
				if err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
					return
				}
				ticket = secret
				_, _ = w.Write(options)
			}
		}
		finishes := func(finish func(context.Context, []byte) error) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err == nil {
					err = finish(r.Context(), body)
				}
				fmt.Fprintf(w, "answered %v", err)
			}
		}
		mux.Handle("POST /add/begin", begins(func(ctx context.Context) (json.RawMessage, purse.Secret, error) { return n.BeginPasskey(ctx, ann) }))
		mux.Handle("POST /add/finish", finishes(func(ctx context.Context, b []byte) error { return n.FinishPasskey(ctx, ann, ticket, "", b) }))
		mux.Handle("POST /in/begin", begins(n.BeginPasskeySignIn))
		mux.Handle("POST /in/finish", finishes(func(ctx context.Context, b []byte) (err error) {
			in, err = n.FinishPasskeySignIn(ctx, ticket, b, From{})
			return err
		}))
		server := httptest.NewServer(mux)
		defer server.Close()
		n.PublicURL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)

		run := func(kind, want string) {
			t.Helper()
			var said string
			err := chromedp.Run(ctx,
				chromedp.Evaluate(`answer("`+kind+`").then(() => document.getElementById("said").textContent)`, &said, chromedp.EvalAsValue,
					func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
			if err != nil || !strings.HasPrefix(said, want) {
				t.Fatalf("%s: the page says %q, %v; want %q", kind, said, err, want)
			}
		}
		if err := chromedp.Run(ctx, webauthn.ClearCredentials(device), chromedp.Navigate(n.PublicURL), chromedp.WaitReady("#said")); err != nil {
			t.Fatal(err)
		}
		run("add", "answered <nil>")
		run("in", "answered <nil>")
		if in.User != ann.User.ID || n.visit(t, in.Session).User != ann.User {
			t.Errorf("%+v", in)
		}
		run("in", "answered <nil>")
		run("add", "InvalidStateError") // the browser has one of this person already
		keys := n.passkeys(t, ann)
		if len(keys) != 1 || keys[0].Used == 0 {
			t.Fatalf("%+v", keys)
		}
		if err := n.RemovePasskey(t.Context(), ann, keys[0].ID); err != nil {
			t.Fatal(err)
		}
		run("in", "answered credentials")
	})
}
