package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser starts Chromium, and says what its console complains about.
func browser(t *testing.T) (context.Context, func() []string) {
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
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("force-prefers-reduced-motion", true))
	allocated, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(allocated)
	t.Cleanup(end)
	var mu sync.Mutex
	var complaints []string
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, fmt.Sprintf(format, args...))
	}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level != log.LevelVerbose { // it has opinions, too
				say("%s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			say("exception: %s", e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			say("console.%s", e.Type)
		case *cdppage.EventJavascriptDialogOpening:
			say("a dialog: %s", e.Message)
		}
	})
	if err := chromedp.Run(ctx, log.Enable()); err != nil {
		t.Fatal(err)
	}
	return ctx, func() []string {
		mu.Lock()
		defer mu.Unlock()
		said := complaints
		complaints = nil
		return said
	}
}

// withoutNews has no news for pages that ask for some; h answers everything else.
func withoutNews(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") == "text/event-stream" || r.URL.Query().Has("once") {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// gallery serves pages by their names, as the site would.
func gallery(t *testing.T, pages map[string]any) *httptest.Server {
	t.Helper()
	s := &Site{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	mux := http.NewServeMux()
	mux.Handle("/static/", s.Handler())
	mux.HandleFunc("/merchants/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write(assets()["icon.svg"].body)
	})
	mux.Handle("/", withoutNews(http.NotFoundHandler()))
	for name, p := range pages {
		template, _, _ := strings.Cut(name, ".")
		mux.Handle("/page/"+name, s.serve(func(t *turn) error { return render(t.w, http.StatusOK, template, p) }))
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// overflow finds what stands out of a page to the side.
const overflow = `(() => {
	const wide = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= wide) return "";
	const out = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > wide + 1);
	return out.slice(0, 4).map((e) => e.outerHTML.slice(0, 100)).join(" | ") || "something";
})()`

// small finds what is too small for a finger (WCAG 2.5.8); links within text may be.
const small = `[...document.querySelectorAll("button, input:not([type=hidden], [hidden]), summary, .button, textarea")].
	filter((e) => e.checkVisibility()).map((e) => e.closest("label.check") ?? e).
	filter((e) => { const r = e.getBoundingClientRect(); return r.height < 24 || r.width < 24; }).
	map((e) => e.outerHTML.slice(0, 80)).join(" | ")`

// shape is how a page is looked at.
type shape struct {
	width  int64
	scheme string
}

// look shows a page once, and looks at it in some shapes: changing those takes a
// fraction of what showing the page does. shots names its pictures; empty: none.
func look(t *testing.T, ctx context.Context, url, shots string, shapes []shape) {
	t.Helper()
	for i, s := range shapes {
		actions := []chromedp.Action{
			emulation.SetDeviceMetricsOverride(s.width, 800, 1, s.width < 600),
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}}),
		}
		if i == 0 {
			actions = append(actions, chromedp.Navigate(url))
		}
		var out, tiny string
		taken := fmt.Sprintf(`matchMedia("(width: %dpx) and (prefers-color-scheme: %s)").matches`, s.width, s.scheme)
		actions = append(actions, chromedp.Poll(taken, nil), chromedp.Evaluate(overflow, &out), chromedp.Evaluate(small, &tiny))
		var picture []byte
		shot := shots != "" && s.width > 320
		if shot {
			actions = append(actions, chromedp.FullScreenshot(&picture, 100))
		}
		if err := perform(ctx, actions...); err != nil {
			t.Fatalf("%s, %+v: %v", url, s, err)
		}
		if out != "" {
			t.Errorf("%s at %d px: %s stands out", url, s.width, out)
		}
		if tiny != "" {
			t.Errorf("%s at %d px: %s is too small", url, s.width, tiny)
		}
		if shot {
			if err := os.WriteFile(fmt.Sprintf("%s-%d-%s.png", shots, s.width, s.scheme), picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Every page, in a browser: it complains about nothing, and nothing stands out.
func TestPagesInABrowser(t *testing.T) {
	ctx, complaints := browser(t)
	complained := func(url string) {
		for _, c := range complaints() {
			if strings.HasPrefix(url, "harmful ") && (strings.Contains(c, "does not conform to the required format") || strings.Contains(c, "attribute d: Expected")) {
				continue // the browser leaves out what is no date, and no drawing
			}
			t.Errorf("%s: %s", url, c)
		}
	}
	nice, harmful := samples(), map[string]any{}
	var all []shape
	for _, width := range []int64{320, 390, 1280} {
		all = append(all, shape{width, "light"}, shape{width, "dark"})
	}
	server := gallery(t, nice)
	for name, p := range nice {
		harmful[name] = poison(p)
		shots := os.Getenv("PURSE_SHOTS")
		if shots != "" {
			shots = filepath.Join(shots, name)
		}
		look(t, ctx, server.URL+"/page/"+name, shots, all)
		complained(name)
	}
	server = gallery(t, harmful)
	for name := range harmful {
		look(t, ctx, server.URL+"/page/"+name, "", []shape{{320, "light"}, {1280, "light"}})
		complained("harmful " + name)
	}
}
