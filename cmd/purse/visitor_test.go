package main

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// visitor is somebody with a browser that has cookies and no JavaScript.
type visitor struct {
	t      *testing.T
	base   string // the network's URL
	client *http.Client
	agent  string

	at     *url.URL // the page
	status int      // its status
	page   string   // its HTML
	header http.Header
	left   *url.URL // where the browser was sent that is not the network's; nil: nowhere
}

// newVisitor opens a browser. Redirects are followed as long as they stay on the
// network.
func newVisitor(t *testing.T, base string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, base: base, agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// open goes to a page, by its path or by a whole URL, and wants it to be there.
func (v *visitor) open(page string) *visitor {
	v.t.Helper()
	if strings.HasPrefix(page, "/") {
		page = v.base + page
	}
	v.send(http.MethodGet, page, nil)
	if v.status != http.StatusOK && v.left == nil {
		v.t.Fatalf("%s: %d %s", page, v.status, v.main())
	}
	return v
}

// send makes a request as a browser does, and goes where the answer leads.
func (v *visitor) send(method, where string, form url.Values) {
	v.t.Helper()
	var policy string // of the page whose form it is
	if form != nil {
		policy = v.header.Get("Content-Security-Policy")
	}
	for v.left = nil; ; {
		r, err := http.NewRequestWithContext(v.t.Context(), method, where, strings.NewReader(form.Encode()))
		if err != nil {
			v.t.Fatal(err)
		}
		r.Header.Set("User-Agent", v.agent)
		r.Header.Set("Accept", "text/html,application/xhtml+xml")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", v.base)
		}
		w, err := v.client.Do(r)
		if err != nil {
			v.t.Fatal(err)
		}
		b, err := io.ReadAll(w.Body)
		w.Body.Close()
		if err != nil {
			v.t.Fatal(err)
		}
		v.at, v.status, v.page, v.header = r.URL, w.StatusCode, string(b), w.Header
		way := w.Header.Get("Location")
		if way == "" {
			return
		}
		to, err := r.URL.Parse(way)
		if err != nil {
			v.t.Fatal(err)
		}
		if to.Scheme+"://"+to.Host != v.base {
			v.leave(policy, to)
			return
		}
		method, where, form = http.MethodGet, to.String(), nil
	}
}

// leave goes away from the network. A browser does so after a form only if the
// form's page allows it.
func (v *visitor) leave(policy string, to *url.URL) {
	v.t.Helper()
	if _, rest, ok := strings.Cut(policy, "form-action "); ok {
		allowed, _, _ := strings.Cut(rest, ";")
		if !slices.Contains(strings.Fields(allowed), to.Scheme+"://"+to.Host) && !slices.Contains(strings.Fields(allowed), to.Scheme+":") {
			v.t.Fatalf("a form leads to %s, its page allows %s", to, allowed)
		}
	}
	v.left = to
}

var (
	formsOf  = regexp.MustCompile(`(?s)<form\b([^>]*)>(.*?)</form>`)
	fieldsOf = regexp.MustCompile(`(?s)<(input|textarea|button)\b([^>]*)>(?:([^<]*)</textarea>)?`)
	attrsOf  = regexp.MustCompile(`([a-z_-]+)(?:="([^"]*)")?`)
)

func attributes(text string) map[string]string {
	all := map[string]string{}
	for _, m := range attrsOf.FindAllStringSubmatch(text, -1) {
		all[m[1]] = html.UnescapeString(m[2])
	}
	return all
}

// press fills in a form of the page and presses a button of it. The form is the
// first one that leads to action, has a button with this value, and has all the
// fields. A field is name=value; of a hidden field it says which form is meant, of a
// box that it is to be ticked, and with a "-" before it that it is not.
func (v *visitor) press(action, button string, fields ...string) *visitor {
	v.t.Helper()
	for _, m := range formsOf.FindAllStringSubmatch(v.page, -1) {
		way := attributes(m[1])["action"]
		if path, _, _ := strings.Cut(way, "?"); path != action {
			continue
		}
		sent, fault := fillIn(m[2], button, fields)
		if sent == nil {
			continue
		}
		if fault != "" {
			v.t.Fatalf("a browser does not send the form of %s to %s: %s", v.at, action, fault)
		}
		to, err := v.at.Parse(way)
		if err != nil {
			v.t.Fatal(err)
		}
		v.send(http.MethodPost, to.String(), sent)
		return v
	}
	v.t.Fatalf("%s has no form to %s with the button %q and %q: %s", v.at, action, button, fields, v.main())
	return v
}

// fillIn fills in a form; nil if it is not the one that is meant. fault is why a
// browser would not send it.
func fillIn(form, button string, fields []string) (sent url.Values, fault string) {
	sent = url.Values{}
	wanted := map[string]bool{}
	for _, f := range fields {
		wanted[f] = true
	}
	pressed := false
	for _, m := range fieldsOf.FindAllStringSubmatch(form, -1) {
		a := attributes(m[2])
		name, value := a["name"], a["value"]
		if m[1] == "textarea" {
			value = html.UnescapeString(m[3])
		}
		_, required := a["required"]
		_, ticked := a["checked"]
		switch {
		case m[1] == "button":
			if value == button && !pressed {
				pressed = true
				if name != "" {
					sent.Set(name, value)
				}
			}
		case a["type"] == "hidden":
			for f := range wanted {
				if n, given, _ := strings.Cut(f, "="); n == name && given != value {
					return nil, ""
				}
			}
			delete(wanted, name+"="+value)
			sent.Add(name, value)
		case a["type"] == "checkbox", a["type"] == "radio":
			box := name + "=" + value
			if wanted[box] {
				ticked = true
			}
			if wanted["-"+box] {
				ticked = false
			}
			delete(wanted, box)
			delete(wanted, "-"+box)
			if a["type"] == "radio" && ticked {
				sent.Del(name)
			}
			if ticked {
				sent.Add(name, value)
			}
		default:
			for f := range wanted {
				if n, given, _ := strings.Cut(f, "="); n == name {
					value = given
					delete(wanted, f)
				}
			}
			if required && value == "" {
				fault = name + " is required"
			}
			for attr, wrong := range map[string]func(n int) bool{
				"minlength": func(n int) bool { return value != "" && len(value) < n },
				"maxlength": func(n int) bool { return len(value) > n },
			} {
				if n, err := strconv.Atoi(a[attr]); err == nil && wrong(n) {
					fault = name + " is not as long as " + attr + " says"
				}
			}
			sent.Add(name, strings.ReplaceAll(value, "\n", "\r\n"))
		}
	}
	if !pressed || len(wanted) > 0 {
		return nil, ""
	}
	return sent, fault
}

var (
	mainOf = regexp.MustCompile(`(?s)<main\b.*</main>`)
	inline = regexp.MustCompile(`</?(a|bdi|strong)\b[^>]*>`)
	tagsOf = regexp.MustCompile(`<[^>]*>`)
	blanks = regexp.MustCompile(`\s+`)
)

// main is what the page says, without its frame.
func (v *visitor) main() string { return words(mainOf.FindString(v.page)) }

func words(page string) string {
	text := tagsOf.ReplaceAllString(inline.ReplaceAllString(page, ""), " ")
	return strings.TrimSpace(blanks.ReplaceAllString(html.UnescapeString(text), " "))
}

// sees wants the page to have a status, to be at a path, and to say all of texts.
func (v *visitor) sees(status int, path string, texts ...string) *visitor {
	v.t.Helper()
	if v.left != nil || v.status != status || v.at.Path != path {
		v.t.Fatalf("%d at %s, left for %v, want %d at %s: %s", v.status, v.at, v.left, status, path, v.main())
	}
	for _, text := range texts {
		if !strings.Contains(v.main(), text) {
			v.t.Errorf("%s does not say %q: %s", v.at, text, v.main())
		}
	}
	return v
}

// missing wants the page not to say any of texts.
func (v *visitor) missing(texts ...string) *visitor {
	v.t.Helper()
	for _, text := range texts {
		if strings.Contains(v.main(), text) {
			v.t.Errorf("%s says %q: %s", v.at, text, v.main())
		}
	}
	return v
}

// shownOnce is what the page shows this once under each heading.
func (v *visitor) shownOnce() [][]string {
	v.t.Helper()
	var all [][]string
	for _, m := range regexp.MustCompile(`(?s)<ul class="once[^>]*>(.*?)</ul>`).FindAllStringSubmatch(v.page, -1) {
		var one []string
		for _, item := range regexp.MustCompile(`<bdi>([^<]*)</bdi>`).FindAllStringSubmatch(m[1], -1) {
			one = append(one, html.UnescapeString(item[1]))
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		v.t.Fatalf("%s shows nothing once: %d %s", v.at, v.status, v.main())
	}
	return all
}

// passwordOf is the password of whoever signs up in a test.
func passwordOf(username string) string { return "tulips for " + username }

// signUp makes an account by the pages, and shows that its e-mail address is theirs.
func signUp(t *testing.T, base, username string) *visitor {
	t.Helper()
	v := newVisitor(t, base)
	email := username + "@example.org"
	v.open("/").open("/sign-up").press("/sign-up", "", "username="+username, "first_name="+strings.ToUpper(username[:1])+username[1:],
		"last_name=Test", "email="+email, "password="+passwordOf(username)).sees(http.StatusOK, "/", "Hello, ")
	v.open(linkIn(t, mailTo(t, base, email, "/verify?token="))).sees(http.StatusOK, "/verify", "Is this address yours?")
	v.press("/verify", "").sees(http.StatusOK, "/settings/contacts", "The address is verified.", email+" Verified")
	return v
}

// signIn signs in by the page, as somebody who has no second factor.
func (v *visitor) signIn(name, password string) *visitor {
	v.t.Helper()
	return v.open("/sign-in").press("/sign-in", "", "name="+name, "password="+password)
}

// developerToken makes a token for somebody's own use.
func (v *visitor) developerToken() string {
	v.t.Helper()
	return v.open("/settings/apps").press("/settings/apps", "token").sees(http.StatusOK, "/settings/apps").shownOnce()[0][0]
}

// mail is a message in a sandbox's mailbox.
type mail struct{ ID, To, Kind, Subject, Text, At string }

// mailTo waits for a message with a text in it, and gives the newest.
func mailTo(t *testing.T, base, to, with string) mail {
	t.Helper()
	var found mail
	until(t, "a message to "+to+" with "+with, func() bool {
		var all []mail
		decode(t, ask(t, http.MethodGet, base+"/sandbox/messages?format=json", "", "").body, &all)
		for _, m := range all {
			if m.To == to && (strings.Contains(m.Text, with) || strings.Contains(m.Subject, with)) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// linkIn is the first link of a message.
func linkIn(t *testing.T, m mail) string {
	t.Helper()
	link := strings.TrimRight(regexp.MustCompile(`https?://\S+`).FindString(m.Text), ".")
	if link == "" {
		t.Fatalf("there is no link in %s", m.Text)
	}
	return link
}

// codeIn is the first code of a message.
func codeIn(t *testing.T, m mail) string {
	t.Helper()
	code := regexp.MustCompile(`\b\d{6}\b`).FindString(m.Text)
	if code == "" {
		t.Fatalf("there is no code in %s", m.Text)
	}
	return code
}

// answer is what a program gets.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   string
}

// ask makes a request as a program does. A body that begins with { is JSON, any
// other a form. more are headers, name and value in turn.
func ask(t *testing.T, method, where, token, body string, more ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, where, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case strings.HasPrefix(body, "{"):
		r.Header.Set("Content-Type", "application/json")
	case body != "":
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	return do(t, r)
}

func do(t *testing.T, r *http.Request) answer {
	t.Helper()
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{t, r.Method + " " + r.URL.Path, w.StatusCode, w.Header, string(b)}
}

// is wants a status, and each of the texts in the body.
func (a answer) is(status int, texts ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: %d %s, want %d", a.what, a.status, a.body, status)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.t.Errorf("%s: %s, want %s", a.what, a.body, text)
		}
	}
	return a
}

// fails wants a status and the API's code.
func (a answer) fails(status, code int) {
	a.t.Helper()
	a.is(status, fmt.Sprintf(`"code":%d}}`, code))
}

// get is a member of the JSON, by the names and numbers on the way to it.
func (a answer) get(way ...string) string {
	a.t.Helper()
	d := json.NewDecoder(strings.NewReader(a.body))
	d.UseNumber()
	var at any
	if err := d.Decode(&at); err != nil {
		a.t.Fatalf("%s: %v in %d %s", a.what, err, a.status, a.body)
	}
	for _, step := range way {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(v) {
				a.t.Fatalf("%s: no %v in %s", a.what, way, a.body)
			}
			at = v[n]
		default:
			a.t.Fatalf("%s: no %v in %s", a.what, way, a.body)
		}
	}
	if at == nil {
		return ""
	}
	return fmt.Sprint(at)
}

// balanceOf is what the holder of a token can spend.
func balanceOf(t *testing.T, base, token string) string {
	t.Helper()
	return ask(t, http.MethodGet, base+"/v1/me", token, "").is(http.StatusOK).get("data", "balance")
}

// inTown runs a test on both databases, each with a server, and has the auditor
// look at what it leaves.
func inTown(t *testing.T, test func(t *testing.T, database, base string)) {
	t.Parallel()
	on(t, func(t *testing.T, database string) {
		t.Parallel()
		key := filepath.Join(shortDir(t), "key")
		if err := makeKey(key); err != nil {
			t.Fatal(err)
		}
		p := start(t, database, "--key-file", key)
		test(t, database, p.url)
		for line := range strings.Lines(p.log.String()) {
			if !strings.Contains(line, `"level":"INFO"`) {
				t.Errorf("the server says %s", line)
			}
		}
		p.stop(t)
		verify(t, database)
	})
}
