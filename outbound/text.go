package outbound

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"purse"
)

// Gateway sends text messages to phones.
type Gateway interface {
	// SendText hands a text to the gateway. The number is in E.164, with the
	// plus. Neither the number nor the text may be in its error.
	SendText(ctx context.Context, to, text string) error
}

// Texter delivers messages to phones. Their subjects are not sent.
type Texter struct{ Gateway Gateway }

// Deliver implements Sender.
func (t *Texter) Deliver(ctx context.Context, _ string, m purse.Message) error {
	number := "+" + m.To.Text
	if !inForm(m.To, number, purse.ParsePhone) {
		return badAddress
	}
	return t.Gateway.SendText(ctx, number, m.Text)
}

// HTTPGateway is a Gateway that is asked with
//
//	POST url
//	Authorization: Bearer token
//	Content-Type: application/json
//
//	{"to":"+15555550100","text":"…"}
//
// Any 2xx means that the gateway has taken the text. docs/operate.md describes
// it to operators.
type HTTPGateway struct {
	client *Client
	url    string
	token  purse.Secret
}

// NewHTTPGateway makes an HTTPGateway. The operator chooses the URL; still it may
// be a private address only if the client's Access lists it.
func NewHTTPGateway(c *Client, address string, token purse.Secret) (*HTTPGateway, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("the gateway for text messages must look like https://sms.example.org/send")
	}
	if token == "" {
		return nil, errors.New("the gateway for text messages needs a token")
	}
	for _, c := range string(token) {
		if c <= ' ' || c >= 0x7f {
			return nil, errors.New("the token of the gateway for text messages must be of visible ASCII characters")
		}
	}
	return &HTTPGateway{c, address, token}, nil
}

// SendText implements Gateway.
func (g *HTTPGateway) SendText(ctx context.Context, to, text string) error {
	body, err := json.Marshal(struct {
		To   string `json:"to"`
		Text string `json:"text"`
	}{to, text})
	if err != nil {
		return &Failure{Reason: "the text cannot be encoded", Final: true}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(body))
	if err != nil {
		return &Failure{Reason: ErrURL.Error(), Final: true}
	}
	r.Header.Set("Authorization", "Bearer "+string(g.token))
	r.Header.Set("Content-Type", "application/json")
	a, err := g.client.Do(ctx, r)
	switch {
	case err != nil:
		return &Failure{Reason: err.Error()} // the errors of a Client do not tell what was asked
	case a.Status >= 200 && a.Status < 300:
		return nil
	}
	return &Failure{Reason: fmt.Sprintf("the gateway answered %d", a.Status), Final: forGood(a.Status)}
}

// forGood says whether a status is about the request, so that the same one would
// be refused again.
func forGood(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 300 && status < 500
}
