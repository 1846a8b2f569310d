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
	"purse/api/walletv1"
	"purse/identity"
	"purse/store"
	"purse/wallet"
)

// network is a network's services, put together.
type network struct {
	store    *store.Store
	identity *identity.Service
	wallet   *wallet.Service
	rates    *api.Rates // nil unless it is served
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
	return &network{
		store: s, book: b, log: o.Log,
		identity: &identity.Service{Store: s},
		wallet:   &wallet.Service{Store: s},
	}, nil
}

// openServed opens a network to serve it.
func openServed(ctx context.Context, c config, log *slog.Logger) (*network, error) {
	n, err := openNetwork(ctx, c.Database, store.Options{Mode: c.Mode, Currency: c.Currency, Migrate: true, Log: log})
	if err != nil {
		return nil, err
	}
	if err := n.enterSandbox(ctx); err != nil {
		n.store.Close()
		return nil, err
	}
	n.rates = api.NewRates(c.Rate, c.RateBurst, time.Now)
	return n, nil
}

// handler is everything that the network serves to the public. It picks the door
// by hand: a mux would redirect unclean paths before a door has seen them.
func (n *network) handler(c config, publicURL string) http.Handler {
	wallet := n.walletDoor(publicURL).Handler()
	return c.Proxies.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; p == "/v1" || strings.HasPrefix(p, "/v1/") {
			wallet.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
}

func (n *network) walletDoor(publicURL string) *walletv1.Door {
	return &walletv1.Door{
		Identity: n.identity, Wallet: n.wallet, Currency: n.book.Currency, PublicURL: publicURL, Log: n.log, Rates: n.rates,
	}
}

// How often what is overdue is ended, and what is no longer needed cleared away.
const (
	expireEvery = time.Second
	tidyEvery   = time.Minute
)

// background does what no request waits for, until ctx is done.
func (n *network) background(ctx context.Context, keep time.Duration) {
	var loops sync.WaitGroup
	loops.Go(func() {
		n.every(ctx, expireEvery, "expire", func() error { return n.wallet.ExpireOverdue(ctx, n.book.ID) })
	})
	loops.Go(func() {
		n.every(ctx, tidyEvery, "tidy", func() error { return n.store.Tidy(ctx, keep) })
	})
	loops.Wait()
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
