package policy

import (
	"bufio"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"purse"

	"pgregory.net/rapid"
)

// shops has two sites; an operator wrote the third row by hand.
var shops = purse.Merchant{ID: 50, Origins: "https://shop.example\nhttps://www.shop.example:8443\nhttp://legacy.example"}

// table reads a list of addresses: whether each is accepted.
func table(t testing.TB, file string) map[string]bool {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		word, uri, found := strings.Cut(lines.Text(), "\t")
		if strings.HasPrefix(uri, `"`) {
			if uri, err = strconv.Unquote(uri); err != nil {
				t.Fatalf("%q: %v", lines.Text(), err)
			}
		}
		if _, twice := all[uri]; twice || !found || word != "refused" && word != "accepted" {
			t.Fatalf("%q", lines.Text())
		}
		all[uri] = word == "accepted"
	}
	return all
}

func TestCheckReturn(t *testing.T) {
	for _, tc := range []struct {
		file  string
		shop  purse.Merchant
		mode  purse.Mode
		least int
	}{
		{"redirects.txt", shops, purse.Live, 300},
		{"redirects-sandbox.txt", purse.Merchant{ID: 50}, purse.Sandbox, 80},
	} {
		all := table(t, tc.file)
		if len(all) < tc.least {
			t.Errorf("%s has %d addresses", tc.file, len(all))
		}
		for uri, accepted := range all {
			err := CheckReturn(tc.shop, tc.mode, uri)
			if err == nil != accepted || err != nil && code(err) != purse.CodeRedirect {
				t.Errorf("%s: %q: %v", tc.file, uri, err)
			}
			if without := (purse.Merchant{ID: 50}); code(CheckReturn(without, purse.Live, uri)) != purse.CodeRedirect {
				t.Errorf("%q is a site of a live merchant without sites", uri)
			}
		}
	}
	// In a sandbox, too, a list counts once there is one; and http is allowed on it.
	for uri, want := range map[string]purse.Code{
		"https://shop.example/": "ok", "http://legacy.example/": "ok", "http://shop.example/": purse.CodeRedirect, "http://localhost/": purse.CodeRedirect,
	} {
		if err := CheckReturn(shops, purse.Sandbox, uri); code(err) != want {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, tc := range []struct {
		name  string
		sites string // separated by spaces
		mode  purse.Mode
		want  string // the rows, separated by spaces; or "refused"
	}{
		{"none", "", purse.Live, ""},
		{"one", "https://shop.example", purse.Live, "https://shop.example"},
		{"with a slash", "https://shop.example/", purse.Live, "https://shop.example"},
		{"the scheme's own port", "https://Shop.example:443/", purse.Live, "https://shop.example"},
		{"twice", "https://shop.example https://SHOP.example:443", purse.Live, "https://shop.example"},
		{"two", "https://shop.example https://www.shop.example:8443", purse.Live, "https://shop.example https://www.shop.example:8443"},
		{"http", "http://shop.example", purse.Live, "refused"},
		{"http in a sandbox", "http://localhost:80 http://[::1]:3000", purse.Sandbox, "http://localhost http://[::1]:3000"},
		{"a path", "https://shop.example/back", purse.Live, "refused"},
		{"a path behind a port", "https://shop.example:443/back", purse.Live, "refused"},
		{"a question mark", "https://shop.example?", purse.Live, "refused"},
		{"a fragment", "https://shop.example/#", purse.Live, "refused"},
		{"a user", "https://a@shop.example", purse.Live, "refused"},
		{"any subdomain", "https://*.shop.example", purse.Live, "refused"},
		{"no scheme", "shop.example", purse.Live, "refused"},
		{"a line break", "https://shop.example\nhttps://evil.example", purse.Live, "refused"},
		{"too many", strings.Repeat("https://shop.example ", 21), purse.Live, "refused"},
	} {
		var sites []string
		for site := range strings.SplitSeq(tc.sites, " ") {
			if site != "" {
				sites = append(sites, site)
			}
		}
		got, err := Origins(tc.mode, sites)
		if tc.want == "refused" {
			if code(err) != purse.CodeRedirect || got != "" {
				t.Errorf("%s: %q, %v", tc.name, got, err)
			}
			continue
		}
		if err != nil || strings.ReplaceAll(got, "\n", " ") != tc.want {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
		for origin := range strings.FieldsSeq(got) {
			if err := CheckReturn(purse.Merchant{Origins: got}, tc.mode, origin+"/back"); err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
		}
	}
}

// checkAccepted says what must be true of an address that was accepted.
func checkAccepted(t interface{ Errorf(string, ...any) }, uri string) {
	if CheckReturn(shops, purse.Live, uri) == nil {
		u, err := url.Parse(uri)
		if err != nil {
			t.Errorf("%q is accepted: %v", uri, err)
			return
		}
		origin := u.Scheme + "://" + strings.ToLower(strings.TrimSuffix(u.Host, ":443"))
		if !slices.Contains([]string{"https://shop.example", "https://www.shop.example:8443"}, origin) {
			t.Errorf("%q leads to %s", uri, origin)
		}
	}
	if CheckReturn(purse.Merchant{}, purse.Sandbox, uri) == nil {
		u, err := url.Parse(uri)
		if err != nil {
			t.Errorf("%q is accepted: %v", uri, err)
			return
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Scheme != u.Scheme || again.Host != u.Host || again.User != nil || u.User != nil || !strings.HasPrefix(uri, u.Scheme+"://"+u.Host) {
			t.Errorf("%q is %s, and then %v, %v", uri, u.Host, again, err)
		}
		// Nothing that a browser takes out or turns round is left in it.
		if strings.ContainsAny(uri, "\\\t\r\n \"<>") {
			t.Errorf("%q is accepted", uri)
		}
	}
}

func TestAcceptedReturnsStayOnTheList(t *testing.T) {
	pieces := []string{
		"https", "http", ":", "/", "//", "\\", "@", "shop.example", "www.shop.example", "evil.example", ":443", ":8443", ":0443", ":", "?", "#", ".", "..", "%2e", "%40",
		"%2f", "%00", "\t", "\n", "\x00", " ", "[::1]", "[", "]", "0x7f.1", "2130706433", "user", ";", ",", "*", "javascript:", "a", "S", "ö", "。", "%zz", "127.0.0.1", "80",
	}
	rapid.Check(t, func(t *rapid.T) {
		begin := rapid.SampledFrom([]string{"", "https://", "https://shop.example", "https://www.shop.example:8443", "http://"}).Draw(t, "begin")
		rest := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.StringN(0, 3, 6)), 0, 8).Draw(t, "rest")
		checkAccepted(t, begin+strings.Join(rest, ""))
	})
}

func FuzzCheckReturn(f *testing.F) {
	for _, file := range []string{"redirects.txt", "redirects-sandbox.txt"} {
		for uri := range table(f, file) {
			f.Add(uri)
		}
	}
	f.Fuzz(func(t *testing.T, uri string) { checkAccepted(t, uri) })
}
