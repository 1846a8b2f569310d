package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axe is the source of axe-core, which finds what keeps people from using a page. It
// skips the test where there is none, unless PURSE_TEST_REQUIRE contains "axe":
// then it fails.
func axe(t *testing.T) string {
	t.Helper()
	path := os.Getenv("PURSE_TEST_AXE")
	if path == "" {
		path = "../.ci/axe/node_modules/axe-core/axe.min.js"
	}
	source, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !slices.Contains(strings.Split(os.Getenv("PURSE_TEST_REQUIRE"), ","), "axe"):
		t.Skip("axe-core is not here; .ci/run fetches it")
	case err != nil:
		t.Fatal(err)
	}
	return string(source)
}

// inspect runs all rules of axe-core on a page in some shapes.
func inspect(t *testing.T, ctx context.Context, url, axe string, shapes []shape) {
	t.Helper()
	actions := []chromedp.Action{chromedp.Navigate(url), chromedp.Evaluate(axe, nil)}
	found := make([]string, len(shapes))
	for i, s := range shapes {
		height := int64(800)
		if s.width < 600 {
			height = 740
		}
		actions = append(actions,
			emulation.SetDeviceMetricsOverride(s.width, height, 1, s.width < 600),
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}}),
			chromedp.Poll(fmt.Sprintf(`matchMedia("(width: %dpx) and (prefers-color-scheme: %s)").matches`, s.width, s.scheme), nil),
			chromedp.Evaluate(`axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(
				r.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.map((n) => n.html.slice(0, 120) + " " + n.failureSummary).join(" | "))))`,
				&found[i], func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		)
	}
	if err := perform(ctx, actions...); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	for i, s := range shapes {
		var violations []string
		if err := json.Unmarshal([]byte(found[i]), &violations); err != nil {
			t.Fatal(err)
		}
		for _, v := range violations {
			t.Errorf("%s at %d px, %s: %s", url, s.width, s.scheme, v)
		}
	}
}

// Nothing keeps anybody from using a page: on a phone and on a desk, by day and by
// night.
func TestEverybodyCanUseThePages(t *testing.T) {
	source := axe(t)
	ctx, _ := browser(t)
	if err := chromedp.Run(ctx, cdppage.SetBypassCSP(true)); err != nil {
		t.Fatal(err)
	}
	all := []shape{{360, "light"}, {1280, "dark"}}
	if os.Getenv("PURSE_TEST_LONG") != "" {
		all = append(all, shape{360, "dark"}, shape{1280, "light"})
	}
	server := gallery(t, samples())
	for name := range samples() {
		inspect(t, ctx, server.URL+"/page/"+name, source, all)
	}
}
