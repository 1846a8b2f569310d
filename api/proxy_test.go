package api

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestParseProxies(t *testing.T) {
	for s, want := range map[string]string{
		"":                            "",
		" , ":                         "",
		"10.0.0.1":                    "10.0.0.1/32",
		"10.0.0.0/8, ::1":             "10.0.0.0/8 ::1/128",
		"10.0.0.0/8,2001:db8::/32,":   "10.0.0.0/8 2001:db8::/32",
		"10.0.0.0/33":                 "error",
		"10.0.0":                      "error",
		"localhost":                   "error",
		"10.0.0.1:80":                 "error",
		"10.0.0.1;10.0.0.2":           "error",
		"10.0.0.1, 10.0.0.2, garbage": "error",
	} {
		p, err := ParseProxies(s)
		var list []string
		for _, one := range p {
			list = append(list, one.String())
		}
		got := strings.Join(list, " ")
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %q, want %q (%v)", s, got, want, err)
		}
	}
}

func TestRemoteAddress(t *testing.T) {
	const proxies = "10.0.0.0/8,2001:db8::1"
	for _, tc := range []struct {
		name, proxies, remote string
		forwarded             []string
		want                  string
	}{
		{"straight", proxies, "192.0.2.7:4711", nil, "192.0.2.7"},
		{"straight, over IPv6", proxies, "[2001:db8::7]:4711", nil, "2001:db8::7"},
		{"through a proxy", proxies, "10.0.0.1:80", []string{"192.0.2.7"}, "192.0.2.7"},
		{"through two", proxies, "10.0.0.1:80", []string{"192.0.2.7, 10.0.0.2"}, "192.0.2.7"},
		{"two headers", proxies, "10.0.0.1:80", []string{"192.0.2.7", "10.0.0.2"}, "192.0.2.7"},
		{"over IPv6", proxies, "[2001:db8::1]:80", []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv4 within IPv6", proxies, "[::ffff:10.0.0.1]:80", []string{"::ffff:192.0.2.7"}, "192.0.2.7"},
		{"lie of a caller", proxies, "192.0.2.7:4711", []string{"198.51.100.9"}, "192.0.2.7"},
		{"lie before the proxy's word", proxies, "10.0.0.1:80", []string{"198.51.100.9, 192.0.2.7"}, "192.0.2.7"},
		{"lie in a header of its own", proxies, "10.0.0.1:80", []string{"198.51.100.9", "192.0.2.7"}, "192.0.2.7"},
		{"lie that claims to be a proxy", proxies, "10.0.0.1:80", []string{"198.51.100.9, 10.9.9.9, 192.0.2.7"}, "192.0.2.7"},
		{"a proxy that says nothing", proxies, "10.0.0.1:80", nil, "10.0.0.1"},
		{"proxies only", proxies, "10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"garbage", proxies, "10.0.0.1:80", []string{"<script>"}, "10.0.0.1"},
		{"garbage behind a proxy", proxies, "10.0.0.1:80", []string{"192.0.2.7, garbage, 10.0.0.2"}, "10.0.0.2"},
		{"nobody is trusted", "", "10.0.0.1:80", []string{"198.51.100.9"}, "10.0.0.1"},
		{"a remote address of another kind", "", "@", []string{"198.51.100.9"}, "@"},
		{"a remote address of another kind, with proxies", proxies, "@", []string{"198.51.100.9"}, "@"},
	} {
		r := request("", "", "")
		r.RemoteAddr = tc.remote
		for _, v := range tc.forwarded {
			r.Header.Add("X-Forwarded-For", v)
		}
		var seen string
		a := serve(r, func(_ http.ResponseWriter, r *http.Request) error { seen = Remote(r); return nil }, tc.proxies)
		var line struct{ Remote string }
		if err := json.Unmarshal([]byte(a.log), &line); err != nil {
			t.Fatal(err)
		}
		if seen != tc.want || line.Remote != tc.want {
			t.Errorf("%s: %q, logged %q, want %q", tc.name, seen, line.Remote, tc.want)
		}
	}
}

func TestOrigin(t *testing.T) {
	const fallback = "https://purse.example"
	for _, tc := range []struct {
		name, remote, host, proto, forwarded string
		tls                                  bool
		want                                 string
	}{
		{"as it was asked for", "192.0.2.7:4711", "wallet.example", "", "", false, "http://wallet.example"},
		{"with a port", "192.0.2.7:4711", "127.0.0.1:8080", "", "", false, "http://127.0.0.1:8080"},
		{"over IPv6", "192.0.2.7:4711", "[::1]:8080", "", "", false, "http://[::1]:8080"},
		{"over TLS", "192.0.2.7:4711", "wallet.example", "", "", true, "https://wallet.example"},
		{"through a proxy", "10.0.0.1:80", "inside:80", "https", "wallet.example", false, "https://wallet.example"},
		{"through a proxy that keeps the host", "10.0.0.1:80", "wallet.example", "https", "", false, "https://wallet.example"},
		{"through a proxy without TLS", "10.0.0.1:80", "inside:80", "http", "wallet.example:81", false, "http://wallet.example:81"},
		{"a proxy that says nothing", "10.0.0.1:80", "inside:80", "", "", false, "http://inside:80"},
		{"lie of a caller", "192.0.2.7:4711", "wallet.example", "https", "evil.example", false, "http://wallet.example"},
		{"no host", "192.0.2.7:4711", "", "", "", false, fallback},
		{"path", "192.0.2.7:4711", "evil.example/a", "", "", false, fallback},
		{"query", "192.0.2.7:4711", "evil.example?a", "", "", false, fallback},
		{"fragment", "192.0.2.7:4711", "evil.example#a", "", "", false, fallback},
		{"user", "192.0.2.7:4711", "wallet.example@evil.example", "", "", false, fallback},
		{"space", "192.0.2.7:4711", "evil example", "", "", false, fallback},
		{"line end", "192.0.2.7:4711", "a\r\nb", "", "", false, fallback},
		{"two hosts by the proxy", "10.0.0.1:80", "inside:80", "https", "a.example, b.example", false, fallback},
		{"a scheme that is none", "10.0.0.1:80", "inside:80", "javascript", "wallet.example", false, "http://wallet.example"},
	} {
		r := request("", "", "")
		r.RemoteAddr, r.Host = tc.remote, tc.host
		if tc.tls {
			r.TLS = &tls.ConnectionState{}
		}
		r.Header.Set("X-Forwarded-Proto", tc.proto)
		r.Header.Set("X-Forwarded-Host", tc.forwarded)
		got := ""
		serve(r, func(_ http.ResponseWriter, r *http.Request) error { got = Origin(r, fallback); return nil }, "10.0.0.0/8")
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func FuzzParseProxies(f *testing.F) {
	for _, s := range []string{"", "10.0.0.1", "10.0.0.0/8,::1", "fe80::1%eth0", "::ffff:10.0.0.0/104", "/", "0.0.0.0/0", "1/1"} {
		f.Add(s, "10.0.0.1")
	}
	f.Fuzz(func(t *testing.T, s, addr string) {
		p, err := ParseProxies(s)
		if err != nil {
			if p != nil {
				t.Errorf("%q is refused, and trusts %v", s, p)
			}
			return
		}
		for _, prefix := range p {
			if !prefix.IsValid() {
				t.Errorf("%q trusts %v", s, prefix)
			}
		}
		if a, err := netip.ParseAddr(addr); err == nil && len(p) == 0 && p.trust(a) {
			t.Errorf("%q trusts %v", s, a)
		}
	})
}
