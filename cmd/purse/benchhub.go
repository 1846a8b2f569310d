package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"

	"purse"
	"purse/hub"
	"purse/internal/load"
)

// merchantsMax is how many merchants bench makes at most: the server must know the
// keys of all of them.
const merchantsMax = 1000

// shops are merchants that people have agreed to pay.
type shops struct {
	sellers []load.Seller
	keys    []exemptKey
}

// openShops makes merchants, by the order that an operator gives, and has each
// account agree with the one that it pays, by the use cases that the merchant's
// program and the consumer's page call.
func (b *benchSettings) openShops(ctx context.Context, o *orderer, run string, accounts []load.Account) (shops, error) {
	s := shops{make([]load.Seller, b.merchants), make([]exemptKey, b.merchants)}
	err := parallel(ctx, benchWorkers, b.merchants, func(i int) error {
		var made merchantShown
		if err := o.give(ctx, "merchant.create", merchantArgs{Name: run + "-" + strconv.Itoa(i)}, &made); err != nil {
			return err
		}
		for _, k := range made.Keys {
			if k.Kind == string(purse.PrivateKey) {
				s.keys[i] = exemptKey{k.Username, k.Password}
				s.sellers[i].Key = base64.StdEncoding.EncodeToString([]byte(k.Username + ":" + k.Password))
			}
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	people, err := signInAll(ctx, o.own, accounts)
	if err != nil {
		return s, err
	}
	return s, parallel(ctx, agreeAtOnce, len(accounts), func(i int) error {
		accounts[i].Consumer = "consumer-" + strconv.Itoa(i)
		return agreeInProcess(ctx, o.own, s.keys[i%len(s.keys)], people[i], accounts[i].Consumer)
	})
}

// signInAll begins a session for each account, as signing in would if bench's people
// had passwords: only a session may agree. Its secret was never anybody's, and it
// ends within the hour.
func signInAll(ctx context.Context, n *network, accounts []load.Account) ([]purse.Actor, error) {
	people := make([]purse.Actor, len(accounts))
	for i, a := range accounts {
		actor, err := n.identity.Recognize(ctx, purse.Secret(a.Token))
		if err != nil {
			return nil, err
		}
		hash := sha256.Sum256([]byte(rand.Text()))
		people[i] = purse.Actor{
			Book: actor.Book, User: actor.User, Scopes: purse.EveryScope(),
			Session: purse.SessionHash(base64.RawURLEncoding.EncodeToString(hash[:])),
		}
	}
	for some := range slices.Chunk(people, exemptedAtOnce) {
		err := n.store.Execute(ctx, purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
			for _, p := range some {
				f.Put(purse.Session{
					Hash: p.Session, ID: purse.SessionID(f.NextID()), Person: p.User, Book: p.Book,
					Seen: f.Now, Proved: f.Now, Expires: f.Now.Add(time.Hour),
				})
			}
			return nil
		}})
		if err != nil {
			return nil, err
		}
	}
	return people, nil
}

// agreeAtOnce is less than may wait for one merchant at a time.
const agreeAtOnce = 48

// agreeInProcess asks a person for the first payment to a merchant, and agrees.
func agreeInProcess(ctx context.Context, n *network, key exemptKey, actor purse.Actor, consumer string) error {
	seller, err := n.identity.RecognizeKey(ctx, key.Username, purse.Secret(key.Password))
	if err != nil {
		return err
	}
	var link string
	_, err = n.hub.CreateHandle(ctx, seller, hub.HandleRequest{
		Type: purse.HandleForPayment, Ref: consumer, Minor: 1, Consumer: consumer, Simulator: hub.External,
		Encode: func(r hub.HandleReceipt) purse.Answer { link = r.Handle.Link; return purse.Answer{} },
	})
	if err != nil {
		return fmt.Errorf("ask for a payment: %w", err)
	}
	h, err := n.hub.Authorize(ctx, actor, link, hub.Agreement{CapPayment: purse.NoCap, CapMonth: purse.NoCap})
	if err == nil && h.Status != purse.HandlePayable {
		err = fmt.Errorf("the payment handle is %s: %s", h.Status, h.Fault)
	}
	if err != nil {
		return fmt.Errorf("agree: %w", err)
	}
	return nil
}
