package policy

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"purse"
)

// returnMax is how many bytes an address may have to which customers are sent back.
const returnMax = 2000

// CheckReturn refuses an address to which a merchant's customers cannot be sent back.
// It is a web address that every parser reads in the same way, and one of the
// merchant's own origins, where the merchant has named any. In a live network it has
// to, and https only: whoever gets hold of an API key sends nobody elsewhere.
//
// Refused with CodeRedirect.
func CheckReturn(m purse.Merchant, mode purse.Mode, uri string) error {
	origin, _, why := originOf(uri)
	switch {
	case why != "":
		return purse.Refuse(purse.CodeRedirect, "The address to return to %s", why)
	case mode == purse.Live && !strings.HasPrefix(origin, "https://"):
		// Whatever stands in the merchant's row.
		return purse.Refuse(purse.CodeRedirect, "The address to return to begins with https://.")
	case m.Origins == "" && mode != purse.Live:
		return nil
	case !slices.Contains(strings.Split(m.Origins, "\n"), origin):
		return purse.Refuse(purse.CodeRedirect, "The address to return to is not on one of the merchant's own sites.")
	}
	return nil
}

// Origins reads the origins of a merchant's sites, such as https://shop.example, and
// writes them as purse.Merchant keeps them. Live networks take https only.
//
// Refused with CodeRedirect.
func Origins(mode purse.Mode, sites []string) (string, error) {
	const originsMax = 20
	if len(sites) > originsMax {
		return "", purse.Refuse(purse.CodeRedirect, "A merchant has at most %d sites.", originsMax)
	}
	var all []string
	for _, site := range sites {
		origin, rest, why := originOf(site)
		switch {
		case why != "":
			return "", purse.Refuse(purse.CodeRedirect, "The address of a site %s", why)
		case mode == purse.Live && !strings.HasPrefix(origin, "https://"):
			return "", purse.Refuse(purse.CodeRedirect, "The address of a site begins with https://.")
		case rest != "" && rest != "/":
			return "", purse.Refuse(purse.CodeRedirect, "The address of a site ends with its host, such as https://shop.example.")
		}
		if !slices.Contains(all, origin) {
			all = append(all, origin)
		}
	}
	return strings.Join(all, "\n"), nil
}

// CheckHook refuses a URL to which a merchant's callbacks cannot go. Those of a live
// network go out by https only.
//
// Refused with CodeHook.
func CheckHook(mode purse.Mode, uri string) error {
	origin, _, why := originOf(uri)
	switch {
	case why != "":
	case strings.Contains(uri, "#"):
		why = "has no fragment."
	case mode == purse.Live && !strings.HasPrefix(origin, "https://"):
		why = "begins with https://."
	default:
		return nil
	}
	return purse.Refuse(purse.CodeHook, "The address for callbacks %s", why)
}

// originOf is the origin of a web address as browsers write it: scheme, host in small
// letters, and a port that is not the scheme's own; rest is what stands behind it. why
// says what is wrong with the address; empty: nothing.
func originOf(uri string) (origin, rest, why string) {
	if uri == "" || len(uri) > returnMax {
		return "", "", "has 1 to 2000 bytes."
	}
	for _, c := range []byte(uri) {
		// Browsers and libraries disagree on what a backslash and the others mean.
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>^`{|}", c) >= 0 {
			return "", "", "is made of those ASCII characters that a URL may have; write others as %XX."
		}
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "" {
		return "", "", "is absolute and begins with https:// or http://."
	}
	if u.User != nil || strings.Contains(u.Host, "@") {
		return "", "", "names no user."
	}
	// What stands in the text must be what was read.
	rest, ok := strings.CutPrefix(uri, u.Scheme+"://"+u.Host)
	if !ok || !GoodHost(u) || rest != "" && !strings.ContainsRune("/?#", rune(rest[0])) {
		return "", "", "begins with https:// or http:// and names a host."
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host, rest, ""
}

// GoodHost looks at the text of a host and its port, which the parser lets pass with
// what a resolver or a browser may read in another way, or would write in another:
// then the same place has two names, of which one is on nobody's list.
func GoodHost(u *url.URL) bool {
	name, port := strings.ToLower(u.Hostname()), u.Port()
	if n, err := strconv.ParseUint(port, 10, 16); strings.HasSuffix(u.Host, ":") || port != "" && (err != nil || port != strconv.FormatUint(n, 10)) {
		return false
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return a.String() == name && a.Zone() == "" && !a.Is4In6() && a.Is6() == strings.HasPrefix(u.Host, "[")
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	labels := strings.Split(name, ".")
	// A name whose last part is a number, such as 0x7f.1, is an IPv4 address to browsers
	// and nothing to others. No top-level domain begins with a digit, or has the underline
	// that stands in the host of seeds/000.
	last := labels[len(labels)-1]
	return !slices.Contains(labels, "") && (last[0] < '0' || last[0] > '9') && !strings.Contains(last, "_") && strings.Trim(name, ".-") != ""
}
