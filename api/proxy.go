package api

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Proxies are the addresses whose word about the caller is taken.
type Proxies []netip.Prefix

// ParseProxies reads a list of addresses and networks with commas between.
func ParseProxies(s string) (Proxies, error) {
	var p Proxies
	for one := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		prefix, err := netip.ParsePrefix(one)
		if err != nil {
			addr, err2 := netip.ParseAddr(one)
			if err2 != nil {
				return nil, err
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		p = append(p, prefix)
	}
	return p, nil
}

func (p Proxies) trust(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

type (
	remoteKey struct{}
	originKey struct{}
)

// origin is what a caller has used, where a trusted proxy says so.
type origin struct{ scheme, host string }

// Handler tells the handlers behind it the caller's address: the connection's,
// or, as long as those that speak are trusted, the one that they pass on in
// X-Forwarded-For, read from the right.
func (p Proxies) Handler(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		addr, err := netip.ParseAddr(host)
		chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(chain) - 1; i >= 0 && err == nil && p.trust(addr); i-- {
			var hop netip.Addr
			if hop, err = netip.ParseAddr(strings.TrimSpace(chain[i])); err == nil {
				addr = hop
			}
		}
		if addr.IsValid() {
			r = r.WithContext(context.WithValue(r.Context(), remoteKey{}, addr.Unmap().String()))
		}
		if direct, err := netip.ParseAddr(host); err == nil && p.trust(direct) {
			used := origin{scheme: r.Header.Get("X-Forwarded-Proto"), host: r.Header.Get("X-Forwarded-Host")}
			r = r.WithContext(context.WithValue(r.Context(), originKey{}, used))
		}
		next.ServeHTTP(w, r)
	})
}

// Remote is the caller's address, as far as it is known.
func Remote(r *http.Request) string {
	if a, ok := r.Context().Value(remoteKey{}).(string); ok {
		return a
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Origin is the scheme and host that the caller of r has used: public if it is
// the network's own address or cannot stand in a link. Only links back to the
// very caller may start with it: a caller can name any host.
func Origin(r *http.Request, public string) string {
	used, _ := r.Context().Value(originKey{}).(origin)
	scheme, host := "http", cmp.Or(used.host, r.Host)
	if r.TLS != nil || used.scheme == "https" {
		scheme = "https"
	}
	if u, err := url.Parse(public); err == nil && u.Host == host || strings.Trim(host, hostCharacters) != "" || host == "" {
		return public
	}
	return scheme + "://" + host
}

// hostCharacters are what names and addresses of hosts are made of.
const hostCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]"
