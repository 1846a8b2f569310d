package main

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
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
		Identity: n.identity, Wallet: n.wallet, Currency: n.book.Currency, PublicURL: publicURL, Log: n.log,
	}
}

// tidyEvery is how often what is no longer needed is cleared away.
const tidyEvery = time.Minute

// tidy clears away until ctx is done.
func (n *network) tidy(ctx context.Context, keep time.Duration) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if err := n.store.Tidy(ctx, keep); err != nil && ctx.Err() == nil {
			n.log.Error("tidy", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
