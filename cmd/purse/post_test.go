package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purse"
	"purse/outbound"
	"purse/sandbox"
)

// served is the settings with which serve would start.
func served(t *testing.T, args ...string) (config, error) {
	t.Helper()
	cmd := newServe()
	networkFlags(cmd.Flags()) // the root command's
	if err := cmd.ParseFlags(append([]string{"--public-url", "https://pay.example.org"}, args...)); err != nil {
		t.Fatal(err)
	}
	c, err := readConfig(cmd)
	if err != nil {
		return c, err
	}
	return c, c.checkServing(true)
}

func TestMessageSettings(t *testing.T) {
	for _, c := range []struct{ args, refused string }{
		{"", ""},
		{"--smtp smtp.example.org:587 --mail-from noreply@example.org", ""},
		{"--smtp smtp.example.org:465 --mail-from noreply@example.org --smtp-user purse --smtp-password hush", ""},
		{"--smtp 127.0.0.1:25 --mail-from noreply@example.org --smtp-tls none", ""},
		{"--sms-url https://sms.example.org/send --sms-token hush", ""},
		{"--sms-url http://10.0.0.5/send --sms-token hush --outbound-allow 10.0.0.5,fd00::/8", ""},
		{"--smtp smtp.example.org --mail-from noreply@example.org", "smtp.example.org:587"},
		{"--smtp smtp.example.org:587", "noreply@example.org"},
		{"--smtp smtp.example.org:587 --mail-from noreply@example.org --smtp-tls yes", "mandatory, opportunistic or none"},
		{"--smtp smtp.example.org:587 --mail-from noreply@example.org --smtp-user purse", "go together"},
		{"--smtp smtp.example.org:587 --mail-from noreply@example.org --smtp-user purse --smtp-password hush --smtp-tls none", "mandatory TLS"},
		{"--mail-from noreply@example.org", "need smtp"},
		{"--smtp-password hush", "need smtp"},
		{"--sms-url https://sms.example.org/send", "token"},
		{"--sms-url sms.example.org --sms-token hush", "sms-url"},
		{"--sms-token hush", "needs sms-url"},
		{"--outbound-allow everybody", "outbound-allow"},
		{"--outbound-allow ::ffff:10.0.0.0/104", "IPv4"},
	} {
		_, err := served(t, strings.Fields(c.args)...)
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v, want %q", c.args, err, c.refused)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: told %v", c.args, err)
		}
	}
}

func TestMessageSecretsComeFromTheEnvironmentOrAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "purse.yaml")
	if err := os.WriteFile(path, []byte("smtp: smtp.example.org:587\nmail-from: noreply@example.org\nsmtp-user: purse\nsmtp-password: hush1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PURSE_SMS_URL", "https://sms.example.org/send")
	t.Setenv("PURSE_SMS_TOKEN", "hush2")
	c, err := served(t, "--config", path)
	if err != nil || c.Messages.SMTPPassword != "hush1" || c.Messages.SMSToken != "hush2" || c.Messages.SMTPTLS != "mandatory" {
		t.Errorf("%v: %+v", err, c.Messages)
	}
	if s := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(s, "hush") {
		t.Error("the settings tell their secrets")
	}
}

func TestMessagesOfASandboxStay(t *testing.T) {
	var log bytes.Buffer
	c, err := served(t, "--smtp", "127.0.0.1:1", "--mail-from", "noreply@example.org", "--sandbox")
	if err != nil {
		t.Fatal(err)
	}
	post, run, mailbox, err := courier(c, purse.Sandbox, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil || !strings.Contains(log.String(), "stay in its mailbox") {
		t.Errorf("%v %s", err, &log)
	}
	if _, ok := post.(*sandbox.Mailbox); !ok {
		t.Errorf("a %T", post)
	}
	post.Send(purse.Message{To: purse.Address{Kind: purse.Email, Text: "ada@example.org"}, Subject: "Hello", Text: "Ada"})
	if got := mailbox.Delivered(); len(got) != 1 || got[0].Subject != "Hello" || got[0].At == 0 {
		t.Errorf("%d messages", len(got))
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := run(ctx); err != nil {
		t.Error(err)
	}
}

func TestALiveNetworkStartsWithoutMail(t *testing.T) {
	var log bytes.Buffer
	c, err := served(t)
	if err != nil {
		t.Fatal(err)
	}
	post, run, mailbox, err := courier(c, purse.Live, slog.New(slog.NewTextHandler(&log, nil)))
	if _, ok := post.(*outbound.Post); err != nil || !ok || mailbox != nil || !strings.Contains(log.String(), "no mail server is configured") {
		t.Errorf("%v, %T, %v, %s", err, post, mailbox, &log)
	}
	post.Send(purse.Message{To: purse.Address{Kind: purse.Email, Text: "ada@example.org"}, Subject: "hush!", Text: "hush!"})
	if s := log.String(); !strings.Contains(s, "message lost") || strings.Contains(s, "hush!") || strings.Contains(s, "ada@") {
		t.Error(s)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := run(ctx); err != nil {
		t.Error(err)
	}
}
