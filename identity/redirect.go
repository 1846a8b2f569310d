package identity

import (
	"net/url"
	"slices"
	"strings"

	"purse"
	"purse/policy"
)

// The bounds of an app's redirect URIs.
const (
	redirectsMax      = 10
	redirectsBytesMax = 1000 // of each
)

// checkRedirects refuses redirect URIs that an app may not be registered with, and
// writes them as purse.App keeps them. They are compared byte by byte afterwards and
// never changed, so here is the one place where they are looked into.
//
// Refused with CodeRedirect.
func checkRedirects(uris []string) (string, error) {
	if len(uris) > redirectsMax {
		return "", purse.Refuse(purse.CodeRedirect, "An app has at most %d redirect URIs.", redirectsMax)
	}
	for _, uri := range uris {
		if why := badRedirect(uri); why != "" {
			return "", purse.Refuse(purse.CodeRedirect, "A redirect URI %s", why)
		}
	}
	return strings.Join(uris, "\n"), nil
}

// badRedirect says why people cannot be sent back to uri; empty: they can.
func badRedirect(uri string) string {
	if uri == "" || len(uri) > redirectsBytesMax {
		return "has 1 to 1000 bytes."
	}
	for _, c := range []byte(uri) {
		// Browsers and libraries disagree on what a backslash and the others mean.
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>^`{|}*", c) >= 0 {
			return "is made of those ASCII characters that a URI may have, without wildcards."
		}
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return "must be a URI."
	case strings.Contains(uri, "#"):
		return "has no fragment."
	case !u.IsAbs() || u.Opaque != "" || !strings.HasPrefix(uri[len(u.Scheme):], ":/"):
		return "is absolute, such as https://example.org/callback or myapp://callback."
	case u.User != nil || strings.Contains(u.Host, "@"):
		return "names no user."
	}
	switch u.Scheme {
	case "https":
		if !policy.GoodHost(u) {
			return "names a host."
		}
	case "http":
		if !policy.GoodHost(u) || !loopback(u.Hostname()) {
			return "begins with https://, but on localhost."
		}
	default:
		if !privateScheme(u.Scheme) {
			return "has a scheme of the app's own, or https."
		}
	}
	return ""
}

func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// browserSchemes are those that browsers and systems act upon themselves.
var browserSchemes = []string{
	"about", "blob", "cid", "content", "data", "feed", "file", "filesystem", "ftp", "ftps", "geo", "intent", "irc", "jar", "ldap", "mailto",
	"market", "mid", "mms", "news", "nntp", "resource", "sftp", "smb", "sms", "smsto", "ssh", "tel", "telnet", "urn", "view-source", "ws", "wss",
	"chrome", "chrome-extension", "edge", "moz-extension", "opera", "safari-extension", "wyciwyg",
}

// privateScheme says whether a scheme can be an app's own. Whatever looks like a
// page or a script to some browser is not.
func privateScheme(scheme string) bool {
	scheme = strings.ToLower(scheme)
	return !slices.Contains(browserSchemes, scheme) && !strings.Contains(scheme, "http") && !strings.Contains(scheme, "script") &&
		!strings.HasPrefix(scheme, "ms-")
}
