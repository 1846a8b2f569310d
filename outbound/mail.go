package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"purse"

	"github.com/wneessen/go-mail"
)

// TLSUse says whether mail goes to its server encrypted.
type TLSUse string

// The uses of TLS. On port 465 the connection begins with it, on others it
// follows STARTTLS.
const (
	TLSMandatory     TLSUse = "mandatory"
	TLSOpportunistic TLSUse = "opportunistic" // if the server offers it
	TLSNone          TLSUse = "none"
)

// implicitTLSPort is where a connection begins with TLS (RFC 8314).
const implicitTLSPort = 465

// MailSettings say which mail server takes our mail, and as whose. The server is
// the operator's own choice, so its address may be private.
type MailSettings struct {
	Server   string // host:port
	User     string // empty: without signing in
	Password purse.Secret
	From     string // "noreply@example.org" or "Example <noreply@example.org>"
	TLS      TLSUse
	Now      func() time.Time
}

// Mailer delivers messages to e-mail addresses by SMTP.
type Mailer struct {
	settings MailSettings
	host     string
	port     int
	from     *netmail.Address
	domain   string      // of from
	implicit bool        // the connection begins with TLS
	trust    *tls.Config // nil: the system's; tests have their own
}

// NewMailer makes a Mailer. It fails on settings that cannot work, and on those
// with which a password could cross a network in the clear.
func NewMailer(s MailSettings) (*Mailer, error) {
	host, portText, err := net.SplitHostPort(s.Server)
	port, portErr := strconv.Atoi(portText)
	if err != nil || portErr != nil || host == "" || port < 1 || port > 65535 {
		return nil, errors.New("the mail server must look like smtp.example.org:587")
	}
	from, err := netmail.ParseAddress(s.From)
	if err != nil {
		return nil, errors.New("the sender of mail must look like noreply@example.org")
	}
	if _, err := purse.ParseEmail(from.Address); err != nil {
		return nil, errors.New("the sender of mail must look like noreply@example.org")
	}
	if s.TLS != TLSMandatory && s.TLS != TLSOpportunistic && s.TLS != TLSNone {
		return nil, errors.New("TLS to the mail server is mandatory, opportunistic or none")
	}
	if (s.User == "") != (s.Password == "") {
		return nil, errors.New("the mail server's user and password go together")
	}
	if s.User != "" && s.TLS != TLSMandatory {
		return nil, errors.New("signing in to a mail server needs mandatory TLS, or the password could be read on the way")
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	implicit := port == implicitTLSPort && s.TLS != TLSNone
	return &Mailer{settings: s, host: host, port: port, from: from, domain: domain, implicit: implicit}, nil
}

// Deliver implements Sender. A message that the server has taken is delivered,
// whatever happens to the connection afterwards.
func (m *Mailer) Deliver(ctx context.Context, id string, message purse.Message) error {
	if !inForm(message.To, message.To.Text, purse.ParseEmail) {
		return badAddress
	}
	letter, err := m.letter(id, message)
	if err != nil {
		return badAddress // nothing else in a letter can be refused
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := mail.NewClient(m.host, m.options(func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := m.dial(dialing, network, address)
		if err == nil {
			// The library heeds ctx only while it dials, and leaves the connection
			// open when the server refuses early.
			context.AfterFunc(ctx, func() { conn.Close() })
		}
		return conn, err
	})...)
	if err != nil {
		return &Failure{Reason: err.Error(), Final: true}
	}
	err = client.DialAndSendWithContext(ctx, letter)
	if err == nil || letter.IsDelivered() {
		return nil
	}
	return mailFailure(err)
}

// letter is the message with its headers. The library encodes every header and
// the text, so that nothing in them can end a header, the headers or the letter;
// the subject is made one line all the same.
func (m *Mailer) letter(id string, message purse.Message) (*mail.Msg, error) {
	letter := mail.NewMsg(mail.WithNoDefaultUserAgent())
	letter.FromMailAddress(m.from)
	if err := letter.AddTo(message.To.Text); err != nil {
		return nil, err
	}
	letter.Subject(oneLine(message.Subject))
	letter.SetDateWithValue(m.settings.Now())
	letter.SetMessageIDWithValue(id + "@" + m.domain)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday note answers it
	letter.SetBodyString(mail.TypeTextPlain, message.Text)
	return letter, nil
}

// oneLine puts a space for whatever could break a line.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

func (m *Mailer) options(dial mail.DialContextFunc) []mail.Option {
	policy := map[TLSUse]mail.TLSPolicy{
		TLSMandatory: mail.TLSMandatory, TLSOpportunistic: mail.TLSOpportunistic, TLSNone: mail.NoTLS,
	}[m.settings.TLS]
	if m.implicit {
		policy = mail.TLSOpportunistic // the connection has TLS; so the library looks whether it has, and asks for no STARTTLS
	}
	options := []mail.Option{
		mail.WithPort(m.port), mail.WithHELO(m.domain), mail.WithTLSPolicy(policy), mail.WithTLSConfig(m.tls()),
		mail.WithDialContextFunc(dial), mail.WithTimeout(tryMax), mail.WithoutNoop(),
	}
	if m.settings.User != "" {
		options = append(options,
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin),
			mail.WithUsername(m.settings.User), mail.WithPassword(string(m.settings.Password)))
	}
	return options
}

func (m *Mailer) tls() *tls.Config {
	c := &tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12}
	if m.trust != nil {
		c.RootCAs = m.trust.RootCAs
	}
	return c
}

func (m *Mailer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if m.implicit {
		return (&tls.Dialer{Config: m.tls()}).DialContext(ctx, network, address)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// mailFailure puts an error of the library into words that may be logged. What a
// server says may repeat the address, so only its numbers are taken.
func mailFailure(err error) *Failure {
	if e, ok := errors.AsType[*mail.SendError](err); ok {
		f := &Failure{Reason: e.Reason.String(), Final: e.ErrorCode() >= 500}
		if e.ErrorCode() != 0 {
			f.Reason += fmt.Sprintf(": the mail server answered %d %s", e.ErrorCode(), e.EnhancedStatusCode())
		}
		f.Reason = strings.TrimSpace(f.Reason)
		return f
	}
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return &Failure{Reason: fmt.Sprintf("the mail server answered %d before it was told of the message", e.Code), Final: e.Code >= 500}
	}
	return &Failure{Reason: err.Error()} // nothing of the message had been said yet
}
