// Package web is the network's own pages: signing in and up, the settings of a
// person, the pages on which people let an app in or a merchant take money, and
// those of a sandbox.
//
// Every page works without JavaScript, comes whole or not at all, and is given
// to nobody's cache. A page runs no script, style or frame but our own files, and
// no other site can send its forms. What is refused is said in a sentence, on
// the page where it can be mended or on one of its own.
//
// The pages hold no rule: who may do what is decided in identity and wallet.
package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"purse"
	"purse/api"
	"purse/money"
)

// Site serves the pages.
type Site struct {
	Identity people
	Wallet   friendsBook
	Hub      till
	Orders   orders
	Desk     desk
	Store    reader
	Live     *Live // nil: pages do not change by themselves

	Network   string // what the network is called
	Book      purse.BookID
	Mode      purse.Mode
	Currency  money.Currency
	PublicURL string // with https, cookies are sent over TLS only
	Log       *slog.Logger
	Rates     *api.Rates
	Takes     *api.Rates // besides, of orders that are made by payment links, for every address; nil: none

	// Of a sandbox only: its messages are shown to whoever is on this machine
	// (Loopback says that nobody else can reach the listener) or knows the key.
	Mailbox    purse.Mailbox
	Loopback   bool
	SandboxKey purse.Secret
}

// secure says whether people come here by TLS.
func (s *Site) secure() bool { return strings.HasPrefix(s.PublicURL, "https://") }

// headers are those of every page. A form may lead to this site, and to what
// comes of it when that is elsewhere: browsers hold the redirect after a POST
// against form-action too.
//
// The referrer stays among our own pages. With none at all browsers would hide
// where a form comes from, and plain HTTP has nothing else to tell it by.
func (s *Site) headers(h http.Header, formTo string) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "+
		"connect-src 'self'; form-action 'self'"+formTo+"; frame-ancestors 'none'; base-uri 'none'; "+
		"require-trusted-types-for 'script'; trusted-types 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	if s.secure() {
		h.Set("Strict-Transport-Security", "max-age=63072000")
	}
}

// formSource is a redirect URI as form-action names it, with the space before
// it; "" for one that cannot stand there.
func formSource(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" {
		return ""
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return " " + u.Scheme + ":" // url.Parse takes none but letters, digits, "+", "-" and "."
	}
	if u.Host == "" || strings.Trim(u.Host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") != "" {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host
}

// localPath is where to go on to after signing in: next if it is a path on this
// site, else the front page. Browsers take "//" and "/\" for another host, also
// with tabs and line ends between, which they leave out.
func localPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, `\`) || len(next) > nextBytesMax {
		return "/"
	}
	for _, r := range next {
		if r <= ' ' || r == 0x7f {
			return "/"
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, `\`) {
		return "/"
	}
	return next
}

// nextBytesMax bounds where to go on to; an app's question is the longest.
const nextBytesMax = 8 << 10

// withNext is a path of ours that keeps where to go on to.
func withNext(path, next string) string {
	if next = localPath(next); next == "/" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}
