package outbound

import (
	"context"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"purse"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// mailer is a Mailer to a server of the test.
func mailer(t *testing.T, s *smtpServer, change func(*MailSettings)) *Mailer {
	t.Helper()
	settings := MailSettings{Server: s.address, From: "Purse <noreply@pay.example.org>", TLS: TLSNone, Now: func() time.Time { return noon }}
	if change != nil {
		change(&settings)
	}
	m, err := NewMailer(settings)
	if err != nil {
		t.Fatal(err)
	}
	m.trust = s.trust
	return m
}

func toAda(subject, text string) purse.Message {
	return purse.Message{To: purse.Address{Kind: purse.Email, Text: "ada@example.org"}, Subject: subject, Text: text}
}

// open reads the one letter that a server has got.
func open(t *testing.T, s *smtpServer) (*netmail.Message, string) {
	t.Helper()
	letters := s.letters()
	if len(letters) != 1 {
		t.Fatalf("%d letters, want 1", len(letters))
	}
	m, err := netmail.ReadMessage(strings.NewReader(letters[0]))
	if err != nil {
		t.Fatalf("%v in %q", err, letters[0])
	}
	b, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	return m, strings.ReplaceAll(string(b), "\r\n", "\n")
}

func TestMailArrives(t *testing.T) {
	s := newSMTP(t, &smtpServer{})
	text := "Hello Ada,\n\nyour code is 123456. Grüße, 你好\n.\n..dots\nFrom here on: " + strings.Repeat("a long line ", 40)
	if err := mailer(t, s, nil).Deliver(t.Context(), "abc123", toAda("Dein Code für Purse ✓", text)); err != nil {
		t.Fatal(err)
	}
	m, body := open(t, s)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"From": `"Purse" <noreply@pay.example.org>`, "To": "<ada@example.org>", "Message-Id": "<abc123@pay.example.org>",
		"Date": "Wed, 04 Mar 2026 12:00:00 +0000", "Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
		"Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "quoted-printable", "Subject": m.Header.Get("Subject"),
	}
	for name, value := range want {
		if got := m.Header[name]; !slices.Equal(got, []string{value}) {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	for name := range m.Header {
		if want[name] == "" {
			t.Errorf("%s: %q", name, m.Header[name])
		}
	}
	if subject != "Dein Code für Purse ✓" || strings.TrimSuffix(body, "\n") != text {
		t.Errorf("%q\n%q", subject, body)
	}
	if from, to := s.heard("MAIL"), s.heard("RCPT"); len(from) != 1 || len(to) != 1 || to[0] != "RCPT TO:<ada@example.org>" {
		t.Errorf("%q %q", from, to)
	}
}

func TestNothingOfAMessageBecomesAHeader(t *testing.T) {
	plain := newSMTP(t, &smtpServer{})
	if err := mailer(t, plain, nil).Deliver(t.Context(), "id", toAda("x", "x")); err != nil {
		t.Fatal(err)
	}
	usual, _ := open(t, plain)
	for _, end := range []string{"\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\n ", "\r\n\t", "\v", "\f", "\x00", "\u0085", "\u2028", "=0A", "?=\r\n", "\r\n.\r\n", "\n.\n"} {
		for _, tail := range []string{"Bcc: eve@example.org", "To: eve@example.org", "MAIL FROM:<eve@example.org>", "Content-Type: text/html\r\n\r\n<b>", strings.Repeat("long ", 100) + end + "Cc: eve@example.org"} {
			s := newSMTP(t, &smtpServer{})
			if err := mailer(t, s, nil).Deliver(t.Context(), "id", toAda("Hi Ünal"+end+tail, "Hello"+end+tail)); err != nil {
				t.Fatal(err)
			}
			m, _ := open(t, s)
			names, want := slices.Sorted(maps.Keys(m.Header)), slices.Sorted(maps.Keys(usual.Header))
			if !slices.Equal(names, want) {
				t.Errorf("%q: headers %q, want %q", end+tail, names, want)
			}
			for name, values := range m.Header {
				if len(values) != 1 || name != "Subject" && values[0] != usual.Header.Get(name) {
					t.Errorf("%q: %s: %q", end+tail, name, values)
				}
			}
			if from, to := s.heard("MAIL"), s.heard("RCPT"); len(from) != 1 || len(to) != 1 || to[0] != "RCPT TO:<ada@example.org>" {
				t.Errorf("%q: %q %q", end+tail, from, to)
			}
		}
	}
}

func TestOnlyPlainAddressesGetMail(t *testing.T) {
	s := newSMTP(t, &smtpServer{})
	for _, to := range []purse.Address{
		{Kind: purse.Email, Text: "ada@example.org\r\nRCPT TO:<eve@example.org>"}, {Kind: purse.Email, Text: "ada@example.org, eve@example.org"},
		{Kind: purse.Email, Text: "Ada <ada@example.org>"}, {Kind: purse.Email, Text: "ada@example.org> SIZE=1"}, {Kind: purse.Email, Text: "ADA@example.org"},
		{Kind: purse.Email, Text: ""}, {Kind: purse.Phone, Text: "15555550100"}, {Kind: purse.Phone, Text: "ada@example.org"}, {},
	} {
		err := mailer(t, s, nil).Deliver(t.Context(), "id", purse.Message{To: to, Text: "x"})
		if f, ok := errors.AsType[*Failure](err); !ok || !f.Final {
			t.Errorf("%q: %v", to, err)
		}
	}
	if len(s.letters())+len(s.heard("")) != 0 {
		t.Error("the server was spoken to")
	}
}

func TestTLSOfMail(t *testing.T) {
	for _, c := range []struct {
		use      TLSUse
		offered  bool
		arrives  bool
		starttls int
	}{
		{TLSMandatory, true, true, 1},
		{TLSMandatory, false, false, 0},
		{TLSOpportunistic, true, true, 1},
		{TLSOpportunistic, false, true, 0},
		{TLSNone, true, true, 0},
	} {
		s := newSMTP(t, &smtpServer{starttls: c.offered})
		err := mailer(t, s, func(m *MailSettings) { m.TLS = c.use }).Deliver(t.Context(), "id", toAda("x", "x"))
		if (err == nil) != c.arrives || len(s.letters()) > 0 != c.arrives || len(s.heard("STARTTLS")) != c.starttls {
			t.Errorf("%s, offered %v: %v, %d letters, %q", c.use, c.offered, err, len(s.letters()), s.heard(""))
		}
		if !c.arrives && len(s.heard("MAIL")) > 0 {
			t.Errorf("%s, offered %v: the server was told of the message", c.use, c.offered)
		}
	}
}

func TestAnotherCertificateIsNotTrusted(t *testing.T) {
	s := newSMTP(t, &smtpServer{starttls: true})
	m := mailer(t, s, func(m *MailSettings) { m.TLS, m.User, m.Password = TLSMandatory, "purse", "hush" })
	_, m.trust = certificate(t)
	if err := m.Deliver(t.Context(), "id", toAda("x", "x")); err == nil || len(s.heard("AUTH"))+len(s.heard("MAIL")) > 0 {
		t.Errorf("%v: %q", err, s.heard(""))
	}
}

func TestSigningInToTheMailServer(t *testing.T) {
	for _, implicit := range []bool{false, true} {
		s := newSMTP(t, &smtpServer{starttls: true, implicit: implicit})
		m := mailer(t, s, func(m *MailSettings) { m.TLS, m.User, m.Password = TLSMandatory, "purse", "hush" })
		m.implicit = implicit
		if err := m.Deliver(t.Context(), "id", toAda("x", "x")); err != nil {
			t.Error(err)
		}
		if in := s.heard("AUTH"); len(s.letters()) != 1 || len(in) != 1 || !strings.HasPrefix(in[0], "AUTH PLAIN ") {
			t.Errorf("implicit %v: %d letters, %q", implicit, len(s.letters()), in)
		}
	}
}

func TestWhatMailServersRefuse(t *testing.T) {
	for _, c := range []struct {
		name  string
		says  map[string]string
		fails bool
		final bool
		tells string
	}{
		{"a receiver that is not there", map[string]string{"RCPT": "550 5.1.1 <ada@example.org> who?"}, true, true, "550 5.1.1"},
		{"greylisting", map[string]string{"RCPT": "450 4.2.0 ada@example.org: later"}, true, false, "450 4.2.0"},
		{"the sender", map[string]string{"MAIL": "550 5.7.1 not you"}, true, true, "550 5.7.1"},
		{"spam", map[string]string{".": "554 5.7.1 your code hush to ada@example.org is spam"}, true, true, "554 5.7.1"},
		{"a full disk", map[string]string{".": "452 4.3.1 full"}, true, false, "452 4.3.1"},
		{"no greeting", map[string]string{"EHLO": "421 4.3.2 closing", "HELO": "421 closing"}, true, false, "421"},
		{"hanging up early", map[string]string{"MAIL": "hang up"}, true, false, ""},
		{"hanging up before the text", map[string]string{"DATA": "hang up"}, true, false, ""},
		{"hanging up after all", map[string]string{"RSET": "hang up"}, false, false, ""},
		{"a rude end", map[string]string{"RSET": "500 what?", "QUIT": "500 what?"}, false, false, ""},
	} {
		s := newSMTP(t, &smtpServer{says: c.says})
		err := mailer(t, s, nil).Deliver(t.Context(), "id", toAda("hush", "hush"))
		if !c.fails {
			if err != nil || len(s.letters()) != 1 {
				t.Errorf("%s: %v, %d letters", c.name, err, len(s.letters()))
			}
			continue
		}
		f, ok := errors.AsType[*Failure](err)
		if !ok || f.Final != c.final || !strings.Contains(f.Reason, c.tells) {
			t.Errorf("%s: %#v", c.name, err)
		}
		if ok && (strings.Contains(f.Reason, "hush") || strings.Contains(f.Reason, "ada")) {
			t.Errorf("%s: told %q", c.name, f.Reason)
		}
	}
}

// A mail server that says nothing at some point holds a delivery only until its
// context ends, also after the dialling.
func TestSilentMailServersAreLeft(t *testing.T) {
	for _, verb := range []string{"EHLO", "MAIL", "DATA"} {
		heard := make(chan struct{})
		s := newSMTP(t, &smtpServer{silent: verb, heardSilent: heard})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		m := mailer(t, s, nil)
		go func() { done <- m.Deliver(ctx, "id", toAda("x", "x")) }()
		<-heard
		cancel()
		if err := <-done; err == nil {
			t.Errorf("%s: no error", verb)
		}
	}
}

func TestMailSettings(t *testing.T) {
	good := MailSettings{Server: "smtp.example.org:587", User: "purse", Password: "hush", From: "noreply@example.org", TLS: TLSMandatory}
	if _, err := NewMailer(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*MailSettings){
		"no port":                    func(s *MailSettings) { s.Server = "smtp.example.org" },
		"no host":                    func(s *MailSettings) { s.Server = ":587" },
		"a port that is none":        func(s *MailSettings) { s.Server = "smtp.example.org:0" },
		"a URL":                      func(s *MailSettings) { s.Server = "smtp://smtp.example.org:587" },
		"a socket":                   func(s *MailSettings) { s.Server = "unix:///run/smtp:1" },
		"no sender":                  func(s *MailSettings) { s.From = "" },
		"two senders":                func(s *MailSettings) { s.From = "a@example.org, b@example.org" },
		"a sender with two lines":    func(s *MailSettings) { s.From = "a@example.org\r\nBcc: b@example.org" },
		"a sender in Greek":          func(s *MailSettings) { s.From = "α@example.org" },
		"no use of TLS":              func(s *MailSettings) { s.TLS = "" },
		"a user without a password":  func(s *MailSettings) { s.Password = "" },
		"a password without a user":  func(s *MailSettings) { s.User = "" },
		"a password in the clear":    func(s *MailSettings) { s.TLS = TLSNone },
		"a password maybe encrypted": func(s *MailSettings) { s.TLS = TLSOpportunistic },
	} {
		s := good
		change(&s)
		if _, err := NewMailer(s); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
