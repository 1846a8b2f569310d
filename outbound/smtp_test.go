package outbound

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"
)

// smtpServer is a mail server of a test. It says what it is told to say, and
// keeps what it has heard.
type smtpServer struct {
	address string
	trust   *tls.Config // for clients

	starttls bool              // offers it
	implicit bool              // begins with TLS
	says     map[string]string // to a verb, instead of yes

	silent      string // the verb to which it never answers
	heardSilent chan struct{}

	cert tls.Certificate
	mu   sync.Mutex
	told []string // commands
	data []string // letters
}

// newSMTP starts a mail server.
func newSMTP(t *testing.T, s *smtpServer) *smtpServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	s.cert, s.trust = certificate(t)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				if s.implicit {
					c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.cert}})
				}
				s.serve(c, "220 test ESMTP")
			})
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return s
}

func (s *smtpServer) serve(c net.Conn, hello string) {
	text := textproto.NewConn(c)
	say := func(line string) { _ = text.PrintfLine("%s", line) } // whoever has gone hears nothing
	if hello != "" {
		say(hello)
	}
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.told = append(s.told, line)
		s.mu.Unlock()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		if verb == s.silent {
			close(s.heardSilent)
			_, _ = text.ReadLine() // until the client has gone
			return
		}
		switch answer := s.says[verb]; {
		case answer == "hang up":
			return
		case answer != "":
			say(answer)
		case verb == "EHLO":
			say("250-test")
			if _, secure := c.(*tls.Conn); secure {
				say("250-AUTH PLAIN LOGIN")
			} else if s.starttls {
				say("250-STARTTLS")
			}
			say("250-ENHANCEDSTATUSCODES")
			say("250 8BITMIME")
		case verb == "STARTTLS":
			say("220 go")
			s.serve(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.cert}}), "")
			return
		case verb == "AUTH":
			say("235 in")
		case verb == "DATA":
			say("354 go")
			b, err := io.ReadAll(text.DotReader())
			if err != nil {
				return
			}
			s.mu.Lock()
			s.data = append(s.data, string(b))
			s.mu.Unlock()
			if answer := s.says["."]; answer != "" {
				say(answer)
			} else {
				say("250 taken")
			}
		default:
			say("250 ok")
		}
	}
}

// heard is the commands of a verb.
func (s *smtpServer) heard(verb string) (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.told {
		if strings.HasPrefix(strings.ToUpper(line), verb) {
			lines = append(lines, line)
		}
	}
	return lines
}

func (s *smtpServer) letters() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.data...)
}

// certificate is one of 127.0.0.1, and what a client needs to trust it.
func certificate(t *testing.T) (tls.Certificate, *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(made)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, &tls.Config{RootCAs: pool}
}
