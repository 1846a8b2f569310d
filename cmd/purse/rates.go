package main

import (
	"context"
	"fmt"

	"purse"
)

type exemptArgs struct {
	Tokens []string    `json:"tokens"`
	Keys   []exemptKey `json:"keys"` // API keys of merchants
}

type exemptKey struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// exemptTokens lifts this server's rate limits for some access tokens and API keys,
// for all of them or, if one is none, for none. Unlike other orders it cannot be
// carried out without a server: nothing of it is kept.
func exemptTokens(ctx context.Context, n *network, _ purse.Operator, in exemptArgs) (done, error) {
	if n.rates == nil {
		return done{}, purse.Refuse(purse.CodeInvalid, "No server is running here, and only a server has rate limits to lift.")
	}
	credentials := make([]string, len(in.Tokens))
	for i, token := range in.Tokens {
		// From now on the server knows it; otherwise its next request would be
		// charged to the address that it comes from.
		actor, err := n.identity.Recognize(ctx, purse.Secret(token))
		if err != nil {
			return done{}, err
		}
		credentials[i] = string(actor.Token)
	}
	for _, k := range in.Keys {
		seller, err := n.identity.RecognizeKey(ctx, k.Username, purse.Secret(k.Password))
		if err != nil {
			return done{}, err
		}
		credentials = append(credentials, seller.Key)
	}
	n.rates.Exempt(credentials...)
	return done{fmt.Sprintf("The rate limits are lifted for %d access tokens and %d API keys until the server stops.", len(in.Tokens), len(in.Keys))}, nil
}
