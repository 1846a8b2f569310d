package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"purse"
	"purse/api"
	"purse/outbound"
	"purse/sandbox"

	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// messageConfig is how messages leave a live network.
type messageConfig struct {
	SMTP         string // host:port; empty: no mail
	SMTPUser     string
	SMTPPassword purse.Secret
	MailFrom     string
	SMTPTLS      string
	SMSURL       string // empty: no text messages
	SMSToken     purse.Secret
	Allow        string // see access
}

// messageFlags are those of the commands that may serve a live network.
func messageFlags(f *pflag.FlagSet) {
	const secret = "; a secret: say it in PURSE_%s or in the configuration file, since others on the machine can read a command's flags"
	f.String("smtp", "", "the mail server that takes mail from a live network, host:port")
	f.String("smtp-user", "", "whom to sign in as at the mail server, if anybody; needs --smtp-tls mandatory")
	f.String("smtp-password", "", "the password of --smtp-user"+fmt.Sprintf(secret, "SMTP_PASSWORD"))
	f.String("mail-from", "", "whose mail it is: noreply@example.org, or Example <noreply@example.org>")
	f.String("smtp-tls", string(outbound.TLSMandatory), "mandatory, opportunistic (if the mail server offers it) or none")
	f.String("sms-url", "", "the gateway that takes text messages from a live network: see docs/operate.md")
	f.String("sms-token", "", "the token for the gateway"+fmt.Sprintf(secret, "SMS_TOKEN"))
	f.String("outbound-allow", "", "private addresses and networks that --sms-url may lead to, also with http, with commas between")
}

func readMessages(k *koanf.Koanf) messageConfig {
	return messageConfig{
		SMTP: k.String("smtp"), SMTPUser: k.String("smtp-user"), SMTPPassword: purse.Secret(k.String("smtp-password")),
		MailFrom: k.String("mail-from"), SMTPTLS: k.String("smtp-tls"),
		SMSURL: k.String("sms-url"), SMSToken: purse.Secret(k.String("sms-token")), Allow: k.String("outbound-allow"),
	}
}

// access reads which private addresses may be called.
func (m messageConfig) access() (outbound.Access, error) {
	listed, err := api.ParseProxies(m.Allow) // a list of the same form
	if err != nil {
		return outbound.Access{}, fmt.Errorf("outbound-allow: %w", err)
	}
	var a outbound.Access
	for _, p := range listed {
		if p.Addr().Is4In6() {
			return a, fmt.Errorf("outbound-allow: write %s as an IPv4 network", p)
		}
		a.Listed = append(a.Listed, netip.PrefixFrom(p.Addr().WithZone(""), p.Bits()))
	}
	return a, nil
}

// senders makes what delivers the messages of a live network, and refuses
// settings that cannot work.
func (m messageConfig) senders() (map[purse.AddressKind]outbound.Sender, error) {
	made := map[purse.AddressKind]outbound.Sender{}
	access, err := m.access()
	if err != nil {
		return nil, err
	}
	switch {
	case m.SMTP != "":
		mailer, err := outbound.NewMailer(outbound.MailSettings{
			Server: m.SMTP, User: m.SMTPUser, Password: m.SMTPPassword, From: m.MailFrom, TLS: outbound.TLSUse(m.SMTPTLS), Now: time.Now,
		})
		if err != nil {
			return nil, fmt.Errorf("smtp, smtp-user, smtp-password, smtp-tls, mail-from: %w", err)
		}
		made[purse.Email] = mailer
	case m.SMTPUser != "" || m.SMTPPassword != "" || m.MailFrom != "":
		return nil, fmt.Errorf("smtp-user, smtp-password and mail-from need smtp")
	}
	switch {
	case m.SMSURL != "":
		gateway, err := outbound.NewHTTPGateway(outbound.NewClient(access), m.SMSURL, m.SMSToken)
		if err != nil {
			return nil, fmt.Errorf("sms-url, sms-token: %w", err)
		}
		made[purse.Phone] = &outbound.Texter{Gateway: gateway}
	case m.SMSToken != "":
		return nil, fmt.Errorf("sms-token needs sms-url")
	}
	return made, nil
}

// courier makes what takes messages to people. In a sandbox that is a mailbox,
// whatever the settings say, so that no message leaves it; run then only waits. In
// a live network it is a post, which delivers while run runs, until its context
// ends; there is no mailbox (nil).
func courier(c config, mode purse.Mode, log *slog.Logger) (purse.Courier, func(context.Context) error, purse.Mailbox, error) {
	if mode == purse.Sandbox {
		if c.Messages.SMTP != "" || c.Messages.SMSURL != "" {
			log.Warn("messages of a sandbox stay in its mailbox; smtp and sms-url are not used")
		}
		b := &sandbox.Mailbox{Now: func() purse.Time { return purse.TimeOf(time.Now()) }}
		return b, func(ctx context.Context) error { <-ctx.Done(); return nil }, b, nil
	}
	senders, err := c.Messages.senders()
	if err != nil {
		return nil, nil, nil, err
	}
	if senders[purse.Email] == nil {
		log.Warn("no mail server is configured (smtp): nobody can verify an e-mail address or reset a password")
	}
	post := outbound.NewPost(log, senders)
	return post, post.Run, nil, nil
}
