package outbound

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// canary listens on every address of this machine and counts who comes.
func canary(t *testing.T) (port string, came *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	came = &atomic.Int64{}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			c.Close()
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, came
}

// testDialer resolves all names by a server of the test, and lets nothing leave
// this machine that a guard has let through. That is noted in passed. Connections
// come from local, this machine to itself: so even if nothing at all guarded
// them, the kernel would let none out.
func testDialer(t *testing.T, local string, names map[string][]string) (dialer net.Dialer, passed *sync.Map) {
	passed = &sync.Map{}
	return net.Dialer{
		Resolver:  nameServer(t, names),
		LocalAddr: &net.TCPAddr{IP: net.ParseIP(local)},
		Control: func(_, address string, _ syscall.RawConn) error {
			passed.Store(address, true)
			if a := netip.MustParseAddrPort(address).Addr(); !a.Unmap().IsLoopback() {
				return errors.New("a test does not leave this machine")
			}
			return nil
		},
	}, passed
}

// hostile are hosts that all lead to where nobody may go. Names that the test's
// name server does not know are this machine, however they are spelled.
var hostile = strings.Fields(`
	127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.254 0.0.0.0 0.0.0.1 0.255.255.255
	127.1 127.0.1 0 2130706433 0x7f000001 0x7f.1 0x7f.0.0.1 0177.0.0.1 017700000001 127.0.0.01 127.000.000.001 3232235521
	localhost localhost. LOCALHOST foo.localhost localhost.localdomain ip6-localhost ip6-loopback
	10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.254 192.168.0.1 192.168.255.254
	100.64.0.1 100.100.100.200 100.127.255.254 169.254.0.1 169.254.169.254 169.254.170.2 169.254.169.253
	192.0.0.1 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.254 198.51.100.1 203.0.113.1
	224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
	[::1] [::] [0:0:0:0:0:0:0:1] [::127.0.0.1] [::7f00:1]
	[::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:0:127.0.0.1] [::ffff:10.0.0.1]
	[::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [::ffff:192.168.0.1] [::ffff:100.64.0.1] [::ffff:0.0.0.0]
	[64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::169.254.169.254] [64:ff9b::a00:1] [64:ff9b:1::7f00:1]
	[2002:7f00:1::] [2002:7f00:1::1] [2002:a9fe:a9fe::1] [2002:c0a8:1::1] [2002:a00:1::]
	[2001::1] [2001:0:7f00:1::] [2001:10::1] [2001:20::1] [2001:db8::1] [3fff::1] [2620:4f:8000::1]
	[100::1] [5f00::1] [fc00::1] [fd00::1] [fd00:ec2::254] [fd20:ce::254] [fec0::1]
	[fe80::1] [fe80::1%25lo] [fe80::1%251] [fe80::a9fe:a9fe] [ff02::1] [ff02::1%25lo] [ff0e::1] [4000::1]
	metadata metadata.google.internal instance-data kubernetes.default.svc host.docker.internal
	127.0.0.1.nip.example loop.example.org private.example.org linklocal.example.org mapped.example.org
	nat64.example.org sixtofour.example.org carrier.example.org zero.example.org ula.example.org many.example.org
`)

var hostileNames = map[string][]string{
	"private.example.org":   {"10.0.0.7"},
	"linklocal.example.org": {"169.254.169.254", "fe80::1"},
	"mapped.example.org":    {"::ffff:127.0.0.1"},
	"nat64.example.org":     {"64:ff9b::7f00:1"},
	"sixtofour.example.org": {"2002:7f00:1::1"},
	"carrier.example.org":   {"100.64.0.9"},
	"zero.example.org":      {"0.0.0.0", "::"},
	"ula.example.org":       {"fd00::7"},
	"many.example.org":      {"127.0.0.1", "127.0.0.2", "10.0.0.1", "::1", "192.168.1.1"},
}

func TestNoHostLeadsInside(t *testing.T) {
	port, came := canary(t)
	refused := map[string]bool{}
	for _, local := range []string{"127.0.0.1", "::1"} {
		dialer, passed := testDialer(t, local, hostileNames)
		for name, c := range map[string]*Client{
			"strict":  newClient(Access{}, requestMax, dialer),
			"sandbox": newClient(Access{Plain: true}, requestMax, dialer),
			"listing": newClient(Access{Listed: []netip.Prefix{netip.MustParsePrefix("10.9.9.9/32"), netip.MustParsePrefix("fd99::/64")}}, requestMax, dialer),
		} {
			for _, host := range hostile {
				for _, scheme := range []string{"https", "http"} {
					r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, scheme+"://"+host+":"+port+"/", strings.NewReader("secret"))
					if err != nil {
						t.Fatal(err)
					}
					a, err := c.Do(t.Context(), r)
					if errors.Is(err, ErrAddress) {
						refused[host] = true
					} else if !neverDialled(err) {
						t.Errorf("%s: %s://%s: %v %v, want ErrAddress", name, scheme, host, a.Status, err)
					}
				}
			}
		}
		passed.Range(func(address, _ any) bool {
			t.Errorf("the guard let %s through", address)
			return true
		})
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d connections to the canary, want 0", n)
	}
	for _, host := range hostile {
		if digits := strings.Trim(host, "0123456789abcdefx."); digits != "" && !refused[host] {
			t.Errorf("%s was never dialled", host)
		}
	}
	if len(refused) < 100 {
		t.Errorf("only %d hosts were refused", len(refused))
	}
}

// neverDialled says whether a host was none: a number that Go does not take for a
// name, or an address that cannot be reached from the local one of the other kind.
func neverDialled(err error) bool {
	e, name := errors.AsType[*net.DNSError](err)
	_, kind := errors.AsType[*net.AddrError](err)
	return name && e.IsNotFound || kind
}

func TestNamesWithMixedAnswersLeadNowhereInside(t *testing.T) {
	port, came := canary(t)
	dialer, passed := testDialer(t, "127.0.0.1", map[string][]string{"mixed.example.org": {"93.184.215.14", "127.0.0.1", "::1", "169.254.169.254"}})
	c := newClient(Access{Plain: true}, requestMax, dialer)
	for _, scheme := range []string{"https", "http"} {
		if _, err := get(t, c, scheme+"://mixed.example.org:"+port); err == nil {
			t.Errorf("%s: an answer", scheme)
		}
	}
	passed.Range(func(address, _ any) bool {
		if address != "93.184.215.14:"+port {
			t.Errorf("the guard let %s through", address)
		}
		return true
	})
	if n := came.Load(); n != 0 {
		t.Errorf("%d connections to the canary, want 0", n)
	}
}

// A name that is public when somebody looks and private when somebody connects
// does not help: there is no look before the connection.
func TestRebindingLeadsNowhereInside(t *testing.T) {
	port, came := canary(t)
	dialer, _ := testDialer(t, "127.0.0.1", map[string][]string{"rebind.example.org": {"turns", "93.184.215.14", "127.0.0.1"}})
	c := newClient(Access{Plain: true}, requestMax, dialer)
	for range 6 {
		if _, err := get(t, c, "http://rebind.example.org:"+port); err == nil {
			t.Error("an answer")
		}
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d connections to the canary, want 0", n)
	}
}

func TestOnlyWebAddressesWithoutUsers(t *testing.T) {
	port, came := canary(t)
	c := NewClient(Access{Plain: true, Listed: loopback})
	for _, u := range []string{
		"ftp://127.0.0.1:" + port, "file:///etc/passwd", "gopher://127.0.0.1:" + port, "unix:///run/x.sock", "//127.0.0.1:" + port,
		"http://ada@127.0.0.1:" + port, "http://ada:pw@127.0.0.1:" + port, "http:127.0.0.1:" + port, "HTTPS+unix://x", "/relative",
	} {
		if _, err := get(t, c, u); !errors.Is(err, ErrURL) {
			t.Errorf("%s: %v, want ErrURL", u, err)
		}
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d connections to the canary, want 0", n)
	}
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")}

func TestListedAddressesMayBeCalled(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "hello")
	}))
	defer s.Close()
	a, err := get(t, NewClient(Access{Listed: loopback}), s.URL)
	if err != nil || a.Status != http.StatusTeapot || string(a.Body) != "hello" || a.Cut {
		t.Errorf("%+v %v", a, err)
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	port, came := canary(t)
	for _, target := range []string{"http://127.0.0.1:" + port, "https://127.0.0.1:" + port, "//127.0.0.1:" + port} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", target)
				w.WriteHeader(status)
			}))
			a, err := get(t, NewClient(Access{Listed: loopback}), s.URL)
			if err != nil || a.Status != status {
				t.Errorf("%d to %s: %+v %v", status, target, a, err)
			}
			s.Close()
		}
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d connections to the canary, want 0", n)
	}
}

func TestNoProxyIsHeeded(t *testing.T) {
	for _, c := range []*http.Client{NewClient(Access{}).https, NewClient(Access{}).http} {
		if c.Transport.(*http.Transport).Proxy != nil {
			t.Error("a proxy would see what is sent, and connect wherever it likes")
		}
	}
}

func TestAnswersAreCut(t *testing.T) {
	for size, cut := range map[int]bool{answerBytesMax: false, answerBytesMax + 1: true, 4 << 20: true} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(make([]byte, size)) // the caller may have gone
		}))
		a, err := get(t, NewClient(Access{Listed: loopback}), s.URL)
		if err != nil || len(a.Body) != min(size, answerBytesMax) || a.Cut != cut {
			t.Errorf("%d bytes: %d read, cut %v, %v", size, len(a.Body), a.Cut, err)
		}
		s.Close()
	}
}

func TestSlowServersAreLeft(t *testing.T) {
	over := make(chan struct{})
	for _, begin := range []bool{false, true} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if begin {
				_, _ = io.WriteString(w, "one byte and then")
				w.(http.Flusher).Flush()
			}
			<-over
		}))
		defer s.Close()
		c := newClient(Access{Listed: loopback}, 50*time.Millisecond, net.Dialer{})
		if _, err := get(t, c, s.URL); !errors.Is(err, ErrTime) {
			t.Errorf("begun %v: %v, want ErrTime", begin, err)
		}
	}
	close(over)
}

func TestErrorsTellNoSecrets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(c)) // the answer is wrong, whatever it was
			_, _ = fmt.Fprintf(c, "HTTP/1.1 hush hush\r\n\r\n")
			c.Close()
		}
	})
	c := NewClient(Access{Listed: loopback})
	if _, err := get(t, c, "http://"+l.Addr().String()+"/hush?key=hush"); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
	l.Close()
	serving.Wait()
	if _, err := get(t, c, "http://"+l.Addr().String()+"/hush?key=hush"); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
}

func get(t *testing.T, c *Client, address string) (Answer, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Do(t.Context(), r)
}
