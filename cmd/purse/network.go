package main

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"purse"
	"purse/api"
	"purse/api/hubv1"
	"purse/api/orderv1"
	"purse/api/walletv1"
	"purse/hub"
	"purse/identity"
	"purse/order"
	"purse/store"
	"purse/wallet"
	"purse/web"
)

// network is a network's services, put together.
type network struct {
	store    *store.Store
	identity *identity.Service
	wallet   *wallet.Service
	hub      *hub.Service
	orders   *order.Service
	live     *web.Live
	rates    *api.Rates // nil unless it is served
	takes    *api.Rates // of orders that are made by payment links; nil: no limit
	mailbox  purse.Mailbox
	later    *later
	deliver  func(context.Context) error // takes messages to people until its context ends; nil unless it is served
	book     purse.Book
	log      *slog.Logger
}

func openNetwork(ctx context.Context, database string, o store.Options) (*network, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, err := store.Open(ctx, database, o)
	if err != nil {
		return nil, err
	}
	b, err := s.Book(ctx, purse.MainBook)
	if err != nil {
		s.Close()
		return nil, err
	}
	n := &network{
		store: s, book: b, log: o.Log,
		identity: &identity.Service{Store: s},
		wallet:   &wallet.Service{Store: s},
		hub:      &hub.Service{Store: s},
		orders:   &order.Service{Store: s},
		live:     web.NewLive(s, b.ID),
	}
	n.orders.OpenSecret = n.identity.OpenKeySecret
	n.identity.Claim = func(ctx context.Context, a purse.Address) {
		_ = n.wallet.Claim(ctx, n.book.ID, a) // the sweep does it again, and says what is wrong
	}
	return n, nil
}

// How many orders an address may make by payment links: a stall that many people
// behind one address pay at sells no faster, and whoever fills the book is held.
const (
	takesASecond = 1
	takesAtOnce  = 60
)

// openServed opens a network to serve it.
func openServed(ctx context.Context, c config, log *slog.Logger) (*network, error) {
	n, err := openNetwork(ctx, c.Database, store.Options{Mode: c.Mode, Currency: c.Currency, Migrate: true, Log: log})
	if err != nil {
		return nil, err
	}
	vault, made, err := c.openVault()
	if err == nil {
		err = n.enterSandbox(ctx)
	}
	if err != nil {
		n.store.Close()
		return nil, err
	}
	if made != "" {
		n.log.Info("made a key; keep a copy of it apart from the database's", "file", made)
	}
	if n.identity.Courier, n.deliver, n.mailbox, err = courier(c, n.book.Mode, log); err != nil {
		n.store.Close()
		return nil, err
	}
	n.hub.Courier, n.hub.Network = n.identity.Courier, c.Name
	n.orders.Courier, n.orders.Network, n.orders.Caller = n.identity.Courier, c.Name, newCaller(n.book.Mode)
	n.later = newLater(log)
	n.identity.Later = n.later.add
	n.identity.Vault, n.identity.Network, n.identity.AppSignIns, n.identity.Now = vault, c.Name, c.appSignIns(n.book.Mode), time.Now
	n.rates = api.NewRates(c.Rate, c.RateBurst, time.Now)
	if c.Rate > 0 {
		n.takes = api.NewRates(takesASecond, takesAtOnce, time.Now)
	}
	return n, nil
}

// handler is everything that the network serves to the public. It picks the door
// by hand: a mux would redirect unclean paths before a door has seen them. loopback
// says that only this machine reaches the listener.
func (n *network) handler(c config, publicURL string, loopback bool) http.Handler {
	n.identity.PublicURL, n.hub.PublicURL, n.orders.PublicURL = publicURL, publicURL, publicURL
	wallet, pages := n.walletDoor(publicURL).Handler(), n.site(c, publicURL, loopback).Handler()
	hub, orders := n.hubDoor(publicURL).Handler(), n.orderDoor(publicURL).Handler()
	return c.Proxies.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch p := r.URL.Path; {
		case p == "/v1/oauth/authorize":
			pages.ServeHTTP(w, r)
		case p == "/v1" || strings.HasPrefix(p, "/v1/") || p == walletv1.MetadataPath:
			wallet.ServeHTTP(w, r)
		case strings.HasPrefix(p, "/paymenthub/"):
			hub.ServeHTTP(w, r)
		case p == "/payments" || strings.HasPrefix(p, "/payments/") || strings.HasPrefix(p, "/payment/"):
			orders.ServeHTTP(w, r)
		case shortened(p):
			long := r.Clone(r.Context())
			long.URL.Path, long.URL.RawPath = "/v1"+p, ""
			wallet.ServeHTTP(w, long)
		default:
			pages.ServeHTTP(w, r)
		}
	}))
}

// shortened says whether a path is one of the wallet API's as several old clients
// write it, without /v1. Those of payments are not among them: they are others'
// (wire.md A.1).
func shortened(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "me", "account", "users", "stories", "payment-methods", "access_token":
		return true
	}
	return path == "/oauth/access_token" || path == "/oauth/revoke"
}

func (n *network) site(c config, publicURL string, loopback bool) *web.Site {
	return &web.Site{
		Identity: n.identity, Wallet: n.wallet, Hub: n.hub, Orders: n.orders, Desk: n.orders, Store: n.store, Live: n.live, Network: c.Name, Book: n.book.ID, Mode: n.book.Mode, Currency: n.book.Currency,
		PublicURL: publicURL, Log: n.log, Rates: n.rates, Takes: n.takes, Mailbox: n.mailbox, Loopback: loopback, SandboxKey: c.SandboxKey,
	}
}

func (n *network) walletDoor(publicURL string) *walletv1.Door {
	return &walletv1.Door{
		Identity: n.identity, Wallet: n.wallet, Currency: n.book.Currency, PublicURL: publicURL, Log: n.log, Rates: n.rates,
	}
}

func (n *network) hubDoor(publicURL string) *hubv1.Door {
	return &hubv1.Door{
		Identity: n.identity, Hub: n.hub, Book: n.book.ID, Currency: n.book.Currency, Sandbox: n.book.Mode == purse.Sandbox,
		PublicURL: publicURL, Log: n.log, Rates: n.rates,
	}
}

func (n *network) orderDoor(publicURL string) *orderv1.Door {
	return &orderv1.Door{
		Identity: n.identity, Orders: n.orders, Book: n.book.ID, Currency: n.book.Currency, PublicURL: publicURL, Log: n.log, Rates: n.rates,
	}
}

// How often what is overdue is ended, what waits for the owner of an address is
// claimed, people are told the news, and what is no longer needed is cleared away.
const (
	expireEvery = time.Second
	claimEvery  = 500 * time.Millisecond
	noticeEvery = time.Second
	tidyEvery   = time.Minute
	flushEvery  = time.Minute
	reviveEvery = time.Second // what follows the news, after an error
)

// background does what no request waits for, until ctx is done.
func (n *network) background(ctx context.Context, keep time.Duration) {
	var loops sync.WaitGroup
	loops.Go(func() {
		n.every(ctx, expireEvery, "expire", func() error { return n.wallet.ExpireOverdue(ctx, n.book.ID) })
	})
	loops.Go(func() {
		n.every(ctx, expireEvery, "expire handles", func() error { return n.hub.ExpireOverdue(ctx, n.book.ID) })
	})
	loops.Go(func() {
		n.every(ctx, expireEvery, "expire orders", func() error { return n.orders.ExpireOverdue(ctx, n.book.ID) })
	})
	loops.Go(func() {
		n.every(ctx, claimEvery, "claim", func() error { return n.wallet.ClaimOwed(ctx, n.book.ID) })
	})
	loops.Go(func() {
		n.every(ctx, noticeEvery, "tell", func() error { return n.hub.Notify(ctx, n.book.ID) })
	})
	loops.Go(func() {
		n.every(ctx, reviveEvery, "follow the news", func() error { return n.live.Run(ctx) })
	})
	loops.Go(func() {
		n.every(ctx, noticeEvery, "send receipts", func() error { return n.orders.Notify(ctx, n.book.ID) })
	})
	loops.Go(func() {
		n.every(ctx, tidyEvery, "tidy", func() error { return n.store.Tidy(ctx, keep) })
	})
	loops.Go(func() {
		n.every(ctx, flushEvery, "flush", func() error { return n.identity.FlushSeen(ctx) })
	})
	loops.Wait()
}

// beginDelivery does what was left for later, and takes messages to people, until
// stop is called: after the last request was answered.
func (n *network) beginDelivery(ctx context.Context) (stop func()) {
	ctx = context.WithoutCancel(ctx)
	working, noMore := context.WithCancel(ctx)
	posting, cancel := context.WithCancel(ctx)
	var worked, posted sync.WaitGroup
	worked.Go(func() { n.later.run(working) })
	posted.Go(func() {
		if err := n.deliver(posting); err != nil && posting.Err() == nil {
			n.log.Error("deliver", "error", err)
		}
	})
	return func() {
		noMore()
		worked.Wait() // it has messages to send
		cancel()
		posted.Wait()
	}
}

func (n *network) every(ctx context.Context, pause time.Duration, name string, do func() error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := do(); err != nil && ctx.Err() == nil {
			n.log.Error(name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
