package web

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shownAs renders a page.
func shownAs(t *testing.T, name string, page any) string {
	t.Helper()
	w := httptest.NewRecorder()
	template, _, _ := strings.Cut(name, ".")
	if err := render(w, 200, template, page); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

func TestEveryPageIsSampled(t *testing.T) {
	seen := map[string]bool{"layout": true, "fields": true}
	for name := range samples() {
		template, _, _ := strings.Cut(name, ".")
		seen[template] = true
	}
	files, err := os.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[strings.TrimSuffix(f.Name(), ".html")] {
			t.Errorf("%s is not sampled", f.Name())
		}
	}
}

func TestPagesAreWellFormed(t *testing.T) {
	for name, page := range samples() {
		for _, f := range faultsOf(shownAs(t, name, page)) {
			t.Errorf("%s: %s", name, f)
		}
	}
}

// Every text of every page is hostile, and does nothing.
func TestHostileTextIsOnlyText(t *testing.T) {
	for name, page := range samples() {
		html := shownAs(t, name, poison(page))
		for _, f := range faultsOf(html) {
			t.Errorf("%s: %s", name, f)
		}
		for _, bad := range []string{"<script>alert", "<img src=x", `onerror=alert(1)>"`, `href="javascript:`, `action="javascript:`} {
			if strings.Contains(html, bad) {
				t.Errorf("%s holds %s", name, bad)
			}
		}
		if !strings.Contains(html, "&lt;script&gt;alert(1)") {
			t.Errorf("%s does not show the text at all", name)
		}
		for _, f := range looseText(html) {
			t.Errorf("%s: text that may turn the direction is not held in by bdi: %.60q", name, f)
		}
	}
}

func TestBrokenPageIsNoPage(t *testing.T) {
	for _, name := range []string{"nothing", "home"} {
		w := httptest.NewRecorder()
		if err := render(w, 200, name, struct{}{}); err == nil || w.Body.Len() != 0 {
			t.Errorf("%s: %v, %q", name, err, w.Body)
		}
	}
}

var (
	tag  = regexp.MustCompile(`^<(/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z][a-zA-Z:-]*(?:="[^"<>]*")?)*)\s*(/?)>`)
	attr = regexp.MustCompile(`\s([a-zA-Z][a-zA-Z:-]*)(?:="([^"<>]*)")?`)
	void = []string{"meta", "link", "input", "img"}
)

// element is a start tag and where it stands.
type element struct {
	name   string
	attrs  map[string]string
	inside []string // names, outermost first
}

// faultsOf reads a page strictly, and says what is wrong with it.
func faultsOf(html string) (faults []string) {
	all, problem := elements(html)
	if problem != "" {
		return []string{problem}
	}
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	ids, labelled, count := map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, e := range all {
		count[e.name]++
		if id, ok := e.attrs["id"]; ok {
			if ids[id] && !strings.Contains(id, "alert") { // the hostile samples repeat themselves
				say("id %s stands twice", id)
			}
			ids[id] = true
		}
		if e.name == "label" {
			labelled[e.attrs["for"]] = true
		}
	}
	for _, once := range []string{"h1", "main", "title", "header", "footer"} {
		if count[once] == 0 || once != "header" && count[once] != 1 {
			say("%d %s", count[once], once)
		}
	}
	for _, e := range all {
		for name := range e.attrs {
			if strings.HasPrefix(name, "on") || name == "style" {
				say("<%s> has %s", e.name, name)
			}
		}
		for _, name := range []string{"aria-describedby", "aria-labelledby"} {
			for id := range strings.FieldsSeq(e.attrs[name]) {
				if !ids[id] && !strings.Contains(e.attrs[name], "alert") {
					say("%s names %s, which is not there", name, id)
				}
			}
		}
		faults = append(faults, faultsOfElement(e, labelled)...)
	}
	posts := strings.Count(html, `method="post"`)
	if strings.Contains(html, `action="/sign-out"`) && posts != strings.Count(html, `name="form"`) {
		say("%d forms of somebody signed in, %d nonces", posts, strings.Count(html, `name="form"`))
	}
	return faults
}

func faultsOfElement(e element, labelled map[string]bool) (faults []string) {
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	switch e.name {
	case "script":
		_, deferred := e.attrs["defer"]
		if !strings.HasPrefix(e.attrs["src"], "/static/") || e.attrs["type"] != "module" && !deferred {
			say("a script that is not one of our files: %v", e.attrs)
		}
	case "input", "textarea", "select":
		if _, unseen := e.attrs["hidden"]; unseen || e.attrs["type"] == "hidden" {
			break
		}
		if !labelled[e.attrs["id"]] && !slices.Contains(e.inside, "label") {
			say("%s %s has no label", e.name, e.attrs["name"])
		}
		if _, ok := e.attrs["autocomplete"]; !ok && e.name == "input" && e.attrs["type"] != "checkbox" && e.attrs["type"] != "radio" {
			say("%s does not say what browsers may fill in", e.attrs["name"])
		}
	case "form":
		if e.attrs["method"] != "post" || !strings.HasPrefix(e.attrs["action"], "/") && !strings.Contains(e.attrs["action"], "alert") && e.attrs["action"] != "#ZgotmplZ" {
			say("a form that leads to %s", e.attrs["action"])
		}
	case "img":
		if _, ok := e.attrs["alt"]; !ok || !strings.HasPrefix(e.attrs["src"], "/merchants/") && !strings.Contains(e.attrs["src"], "alert") {
			say("a picture that is not a merchant's: %v", e.attrs)
		}
	case "style", "iframe", "object", "base":
		say("<%s>", e.name)
	}
	return faults
}

// elements reads tags strictly: whatever looks like one must be one, and closed
// in its place.
func elements(html string) (all []element, problem string) {
	html, ok := strings.CutPrefix(html, "<!doctype html>")
	if !ok {
		return nil, "no doctype"
	}
	var open []string
	for html != "" {
		i := strings.IndexAny(html, "<>")
		if i < 0 {
			break
		}
		html = html[i:]
		m := tag.FindStringSubmatch(html)
		if m == nil {
			return nil, fmt.Sprintf("not a tag: %.80q", html)
		}
		html = html[len(m[0]):]
		name := m[2]
		if m[1] == "/" {
			if len(open) == 0 || open[len(open)-1] != name {
				return nil, fmt.Sprintf("</%s> within %v", name, open)
			}
			open = open[:len(open)-1]
			continue
		}
		e := element{name: name, attrs: map[string]string{}, inside: slices.Clone(open)}
		for _, a := range attr.FindAllStringSubmatch(m[3], -1) {
			if _, twice := e.attrs[a[1]]; twice {
				return nil, fmt.Sprintf("<%s> has %s twice", name, a[1])
			}
			e.attrs[a[1]] = a[2]
		}
		all = append(all, e)
		if m[4] == "" && !slices.Contains(void, name) {
			open = append(open, name)
		}
	}
	if len(open) > 0 {
		return nil, fmt.Sprintf("never closed: %v", open)
	}
	return all, ""
}

// looseText finds text that turns the direction of writing, and that no element
// keeps it from turning what stands beside it.
func looseText(html string) (loose []string) {
	var open []string
	html = strings.TrimPrefix(html, "<!doctype html>")
	for html != "" {
		i := strings.Index(html, "<")
		if i < 0 {
			i = len(html)
		}
		text := html[:i]
		held := slices.ContainsFunc(open, func(name string) bool {
			return slices.Contains([]string{"bdi", "title", "textarea"}, name)
		})
		if strings.Contains(text, "\u202e") && !held {
			loose = append(loose, strings.TrimSpace(text))
		}
		html = html[i:]
		if m := tag.FindStringSubmatch(html); m != nil {
			html = html[len(m[0]):]
			if m[1] == "/" {
				open = open[:len(open)-1]
			} else if m[4] == "" && !slices.Contains(void, m[2]) {
				open = append(open, m[2])
			}
		}
	}
	return loose
}
