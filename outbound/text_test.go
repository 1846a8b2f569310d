package outbound

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purse"
)

func TestTextsArrive(t *testing.T) {
	type asked struct{ Method, Path, Auth, Type, Body string }
	var got asked
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = asked{r.Method, r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(b)}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer s.Close()
	g, err := NewHTTPGateway(NewClient(Access{Listed: loopback}), s.URL+"/send?from=purse", "hush")
	if err != nil {
		t.Fatal(err)
	}
	m := purse.Message{To: purse.Address{Kind: purse.Phone, Text: "15555550100"}, Subject: "not sent", Text: "Code: 123456 \"✓\"\n"}
	if err := (&Texter{g}).Deliver(t.Context(), "id", m); err != nil {
		t.Fatal(err)
	}
	want := asked{"POST", "/send?from=purse", "Bearer hush", "application/json", `{"to":"+15555550100","text":"Code: 123456 \"✓\"\n"}`}
	if got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestWhatGatewaysRefuse(t *testing.T) {
	for status, final := range map[int]bool{
		200: false, 204: false, 302: true, 400: true, 401: true, 404: true, 422: true, 408: false, 429: false, 500: false, 503: false,
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			if status != http.StatusNoContent {
				_, _ = io.Copy(w, r.Body) // a gateway that repeats what it was asked
			}
		}))
		g, err := NewHTTPGateway(NewClient(Access{Listed: loopback}), s.URL, "token")
		if err != nil {
			t.Fatal(err)
		}
		err = g.SendText(t.Context(), "+15555550100", "hush")
		if status < 300 {
			if err != nil {
				t.Errorf("%d: %v", status, err)
			}
		} else if f, ok := errors.AsType[*Failure](err); !ok || f.Final != final || strings.Contains(f.Reason, "hush") || strings.Contains(f.Reason, "5555") {
			t.Errorf("%d: %#v", status, err)
		}
		s.Close()
	}
}

func TestAPrivateGatewayMustBeListed(t *testing.T) {
	port, came := canary(t)
	for _, scheme := range []string{"https", "http"} {
		g, err := NewHTTPGateway(NewClient(Access{}), scheme+"://127.0.0.1:"+port+"/hush", "hush")
		if err != nil {
			t.Fatal(err)
		}
		err = g.SendText(t.Context(), "+15555550100", "hush")
		if f, ok := errors.AsType[*Failure](err); !ok || f.Reason != ErrAddress.Error() {
			t.Errorf("%s: %v", scheme, err)
		}
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d connections to the canary, want 0", n)
	}
}

// gatewayFunc is a Gateway.
type gatewayFunc func(to, text string) error

func (f gatewayFunc) SendText(_ context.Context, to, text string) error { return f(to, text) }

func TestOnlyPhonesGetTexts(t *testing.T) {
	texter := &Texter{gatewayFunc(func(to, _ string) error {
		t.Errorf("a text to %q", to)
		return nil
	})}
	for _, to := range []purse.Address{
		{Kind: purse.Phone, Text: ""}, {Kind: purse.Phone, Text: "+15555550100"}, {Kind: purse.Phone, Text: "1 555 555 0100"},
		{Kind: purse.Phone, Text: "ada@example.org"}, {Kind: purse.Phone, Text: "911"}, {Kind: purse.Email, Text: "15555550100"}, {},
	} {
		err := texter.Deliver(t.Context(), "id", purse.Message{To: to, Text: "x"})
		if f, ok := errors.AsType[*Failure](err); !ok || !f.Final {
			t.Errorf("%q: %v", to, err)
		}
	}
}

func TestGatewaySettings(t *testing.T) {
	for _, c := range []struct{ url, token string }{
		{"", "token"}, {"sms.example.org", "token"}, {"ftp://sms.example.org", "token"}, {"https://", "token"},
		{"https://ada:hush@sms.example.org", "token"}, {"https://sms.example.org/#x", "token"}, {"https://sms.example.org:%zz", "token"},
		{"https://sms.example.org", ""}, {"https://sms.example.org", "hush\r\nX: y"}, {"https://sms.example.org", "hush hush"}, {"https://sms.example.org", "hüsh"},
	} {
		if _, err := NewHTTPGateway(NewClient(Access{}), c.url, purse.Secret(c.token)); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q, %q: %v", c.url, c.token, err)
		}
	}
}
