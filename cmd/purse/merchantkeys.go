package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"purse"
	"purse/identity"
)

type keyArgs struct {
	ID      string        `json:"id"`
	Kind    purse.KeyKind `json:"kind"`    // empty: see identity.CreateKeys and RotateKeys
	Overlap time.Duration `json:"overlap"` // nanoseconds
}

type keysShown struct {
	Merchant string     `json:"merchant"`
	Keys     []keyShown `json:"keys"`
}

func newKeysShown(keys []identity.NewKey) []keyShown {
	var out []keyShown
	for _, k := range keys {
		one := keyShown{Username: k.Username, Kind: string(k.Kind), Password: string(k.Password)}
		if k.Kind == purse.OrderKind {
			one.Bearer, one.Secret = string(k.Bearer()), string(k.Secret)
		}
		out = append(out, one)
	}
	return out
}

// kindsShown is the order in which keys are shown.
var kindsShown = []purse.KeyKind{purse.PrivateKey, purse.PublicKey, purse.OrderKind}

// listKeys shows a merchant's keys, by their kinds and then those first that are oldest,
// without passwords: nobody has those.
func listKeys(ctx context.Context, n *network, _ purse.Operator, in merchantNamed) (keysShown, error) {
	m, err := n.merchant(ctx, in.ID)
	if err != nil {
		return keysShown{}, err
	}
	keys, err := n.identity.KeysOf(ctx, m.ID)
	if err != nil {
		return keysShown{}, err
	}
	now, err := n.store.Now(ctx, m.Book)
	if err != nil {
		return keysShown{}, err
	}
	slices.SortFunc(keys, func(a, b purse.APIKey) int {
		return cmp.Or(cmp.Compare(slices.Index(kindsShown, a.Kind), slices.Index(kindsShown, b.Kind)), cmp.Compare(a.Created, b.Created), strings.Compare(a.Username, b.Username))
	})
	out := keysShown{m.ID.String(), []keyShown{}}
	for _, k := range keys {
		out.Keys = append(out.Keys, keyShown{
			Username: k.Username, Kind: string(k.Kind), Created: stamp(k.Created), Expires: stamp(k.Expires), Expired: k.Valid(now) != nil,
		})
	}
	return out, nil
}

// kinds are those that are asked for; nil if none is named.
func (in keyArgs) kinds() []purse.KeyKind {
	if in.Kind == "" {
		return nil
	}
	return []purse.KeyKind{in.Kind}
}

func addKeys(ctx context.Context, n *network, by purse.Operator, in keyArgs) (keysShown, error) {
	id, err := merchantNumber(in.ID)
	if err != nil {
		return keysShown{}, err
	}
	keys, err := n.identity.CreateKeys(ctx, by, id, in.kinds()...)
	return keysShown{id.String(), newKeysShown(keys)}, err
}

func rotateKeys(ctx context.Context, n *network, by purse.Operator, in keyArgs) (keysShown, error) {
	id, err := merchantNumber(in.ID)
	if err != nil {
		return keysShown{}, err
	}
	keys, err := n.identity.RotateKeys(ctx, by, id, in.Overlap, in.kinds()...)
	return keysShown{id.String(), newKeysShown(keys)}, err
}

type keyNamed struct {
	Username string `json:"username"`
}

func revokeKey(ctx context.Context, n *network, by purse.Operator, in keyNamed) (done, error) {
	return done{"The API key is revoked."}, n.identity.RevokeKey(ctx, by, in.Username)
}
