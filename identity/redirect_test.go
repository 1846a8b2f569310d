package identity

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"purse"
)

// hostile reads the corpus: whether nobody may register a URI, by URI.
func hostile(t *testing.T) map[string]bool {
	t.Helper()
	f, err := os.Open("testdata/redirects.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	uris := map[string]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		kind, quoted, _ := strings.Cut(lines.Text(), " ")
		if kind == "#" {
			continue
		}
		uri, err := strconv.Unquote(quoted)
		if err != nil || kind != "never" && kind != "other" {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		uris[uri] = kind == "never"
	}
	if len(uris) < 200 {
		t.Fatalf("%d hostile URIs", len(uris))
	}
	return uris
}

var registered = []string{callback, "https://app.example/cb?tenant=1", "myapp://callback"}

func TestNobodyIsSentElsewhere(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev := n.visitor(t, "dev")
		app := n.register(t, dev, func(r *AppRequest) { r.Redirects = registered })
		ask := AuthorizeRequest{ClientID: app.ID.String(), ResponseType: "code"}
		for _, uri := range registered {
			ask.RedirectURI = uri
			back := n.allow(t, dev, ask)
			g := TokenExchange{Client: app.auth(), Code: purse.Secret(back.Get("code")), RedirectURI: uri}
			for other := range hostile(t) {
				if other == "" || sentTo(uri, other) {
					continue
				}
				g.RedirectURI = other
				if err := g.fits(codeDetail{RedirectURI: uri}); code(err) != purse.CodeGrant {
					t.Errorf("%q is exchanged for %q: %v", uri, other, err)
				}
			}
			g.RedirectURI = uri
			if _, err := n.Exchange(t.Context(), g); err != nil {
				t.Errorf("%q: %v", uri, err)
			}
		}
		for uri, never := range hostile(t) {
			if _, err := checkRedirects([]string{uri}); (code(err) == purse.CodeRedirect) != never || err == nil == never {
				t.Errorf("%q is registered: %v", uri, err)
			}
			if uri == "" {
				continue // means the first one
			}
			ask.RedirectURI = uri
			if a, err := n.Authorize(t.Context(), ask); code(err) != purse.CodeRedirect || a.RedirectURI != "" {
				t.Errorf("%q is authorized: %+v, %v", uri, a, err)
			}
		}
	})
}

// What is taken for a callback URL with our parameters must be that.
func TestSentTo(t *testing.T) {
	for _, tc := range []struct {
		uri  string
		want bool
	}{
		{callback + "?code=a", true}, {callback + "?code=a&state=b", true}, {callback + "?code=a&state=b&iss=c", true}, {callback + "?code", true},
		{callback + "?code=a&x=1", false}, {callback + "?x=1&code=a", false}, {callback + "?x=1", false}, {callback + "&code=a", true},
		{callback + "/?code=a", false}, {callback + "?code=a#x", true}, {callback + "#code=a", false}, {callback + "x?code=a", false},
		{callback + "?CODE=a", false}, {callback + "?codes=a", false}, {"https://evil.example/?code=" + callback, false}, {"?code=a", false}, {"", false}, {"&", false},
	} {
		if got := sentTo(callback, tc.uri); got != tc.want {
			t.Errorf("%q: %v", tc.uri, got)
		}
	}
	if !sentTo(callback+"?code=1", callback+"?code=1&code=a&state=b") || sentTo(callback+"?code=1", callback+"?code=2") {
		t.Error("a parameter of the app's own is not told from ours")
	}
}

func TestRegisteredRedirects(t *testing.T) {
	long := "https://app.example/" + strings.Repeat("a", redirectsBytesMax-20)
	for _, uri := range append(registered, long, "http://localhost:3000/cb", "http://127.0.0.1/", "http://[::1]:9/x", "com.example.app:/oauth2redirect", "venmo12://oauth",
		"https://app.example:8443/a%20b?x=%2f", "https://[2001:db8::1]/cb", "https://xn--bcher-kva.example/cb") {
		if _, err := checkRedirects([]string{uri}); err != nil {
			t.Errorf("%q: %v", uri, err)
		}
	}
	if _, err := checkRedirects([]string{long + "a"}); code(err) != purse.CodeRedirect {
		t.Errorf("a long one: %v", err)
	}
	many := make([]string, redirectsMax+1)
	for i := range many {
		many[i] = callback + strconv.Itoa(i)
	}
	if list, err := checkRedirects(many[1:]); err != nil || len((purse.App{Redirects: list}).RedirectURIs()) != redirectsMax {
		t.Errorf("%q, %v", list, err)
	}
	if _, err := checkRedirects(many); code(err) != purse.CodeRedirect {
		t.Errorf("too many: %v", err)
	}
}
