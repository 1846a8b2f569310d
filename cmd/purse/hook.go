package main

import (
	"bytes"
	"context"
	"net/http"
	"net/netip"

	"purse"
	"purse/outbound"
)

// hookCaller posts to the URLs that merchants are told at; see order.Caller.
type hookCaller struct{ client *outbound.Client }

// newCaller makes one for a network of a mode. A live network calls public addresses,
// by https; a sandbox also by http, and this machine: there a shop is tried out.
func newCaller(mode purse.Mode) hookCaller {
	var a outbound.Access
	if mode == purse.Sandbox {
		a = outbound.Access{Plain: true, Listed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	}
	return hookCaller{outbound.NewClient(a)}
}

// Call implements order.Caller.
func (c hookCaller) Call(ctx context.Context, url string, header map[string]string, body []byte) (status int, err error) {
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, outbound.ErrURL // net/http's own words have the URL in them
	}
	r.Header.Set("User-Agent", "purse")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := c.client.Do(ctx, r)
	return answer.Status, err
}
