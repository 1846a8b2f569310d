package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"purse"
	"purse/identity"
	"purse/internal/load"
	"purse/internal/pgtest"
	ordering "purse/order"
	"purse/secret"
	"purse/store"

	"github.com/spf13/cobra"
)

// checkoutBytesMax is what the page of an order may weigh with all that it loads.
const checkoutBytesMax = 60_000

// checkoutSettings are the flags of bench checkout.
type checkoutSettings struct {
	database         string
	viewers          int
	duration, warmup time.Duration
	most             time.Duration
	json             bool
}

func newBenchCheckout() *cobra.Command {
	var s checkoutSettings
	cmd := &cobra.Command{
		Use:   "checkout",
		Short: "Measure how soon the page of an order comes, and what it weighs",
		Long: `Measure how soon the page on which an order is paid comes to those who look at it,
first as nobody in particular and then signed in. Each viewer has an order of their
own, and asks for its page once a second, whether or not the page before has come;
the time is taken from the moment at which the request was due until the first byte.

It also adds up the page and all that it loads. It fails when that is more than
60,000 bytes, when anything comes from elsewhere, and when the 99th percentile is
--most or longer.

It starts a server of its own. Without --database that has a throw-away SQLite file;
"--database postgres" starts a throw-away PostgreSQL from this machine's own programs,
with PostgreSQL's own settings; a postgres:// URL names a database that is filled and
left as it is. The server's rate limits hold.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("database") {
				s.database = c.Database
			}
			r, err := s.run(cmd.Context())
			if err != nil {
				return err
			}
			if s.json {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(r)
			} else {
				r.print(cmd.OutOrStdout())
			}
			if err != nil {
				return err
			}
			return r.check(s.most)
		},
	}
	f := cmd.Flags()
	f.IntVar(&s.viewers, "viewers", 50, "how many look at once")
	f.DurationVar(&s.duration, "duration", 20*time.Second, "how long they look, each time")
	f.DurationVar(&s.warmup, "warmup", 2*time.Second, "how long they look before the measuring")
	f.DurationVar(&s.most, "most", 20*time.Millisecond, "fail when the 99th percentile is not below this; 0: never")
	f.BoolVar(&s.json, "json", false, "print JSON")
	return cmd
}

func (s *checkoutSettings) run(ctx context.Context) (*checkoutReport, error) {
	const viewersMax = 1000
	if s.viewers < 1 || s.viewers > viewersMax {
		return nil, fmt.Errorf("--viewers is 1 to %d", viewersMax)
	}
	dir, err := os.MkdirTemp("", "purse-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	switch s.database {
	case "":
		s.database = filepath.Join(dir, "bench.db")
	case throwAwayPostgres:
		cluster, err := pgtest.Start(pgtest.Options{Durable: true})
		if err != nil {
			return nil, err
		}
		defer cluster.Stop()
		if s.database, err = cluster.Database(); err != nil {
			return nil, err
		}
	}
	r := &checkoutReport{Database: "SQLite", Viewers: s.viewers, Seconds: s.duration.Seconds()}
	if store.IsPostgres(s.database) {
		r.Database = "PostgreSQL"
	}
	links, sessions, err := s.prepare(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	server, err := startServer(ctx, dir, s.database)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	for _, look := range []struct {
		seen    *checkoutSeen
		cookies []string
	}{{&r.Anonymous, make([]string, s.viewers)}, {&r.SignedIn, sessions}} {
		v := load.Views{URL: server.url, Every: time.Second, Warmup: s.warmup, Duration: s.duration, Now: time.Now}
		for i, cookie := range look.cookies {
			v.Viewers = append(v.Viewers, load.Viewer{Path: "/pay/" + links[i], Cookie: cookie})
		}
		if look.seen.Bytes, err = load.Weigh(ctx, server.url, v.Viewers[0]); err != nil {
			return nil, err
		}
		if look.seen.ViewTimes, err = load.Look(ctx, v); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// prepare makes a network with an order for each viewer, by the use cases that serve
// everybody, and the cookies of as many people.
func (s *checkoutSettings) prepare(ctx context.Context) (links, cookies []string, err error) {
	n, err := openNetwork(ctx, s.database, store.Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
	if err != nil {
		return nil, nil, err
	}
	defer n.store.Close()
	// Nobody learns these people's passwords, so that hashing them may be cheap.
	n.identity.Cost, n.identity.SignUpsAnHour = identity.PasswordCost{KiB: 8, Passes: 1}, s.viewers
	shop, err := n.identity.CreateMerchant(ctx, n.book.ID, "bench", purse.Merchant{Name: "Harbour Books", Accepts: true}, nil)
	if err != nil {
		return nil, nil, err
	}
	offer := purse.PaymentLink{PaymentLinkKey: purse.PaymentLinkKey{Merchant: shop.ID}, Link: secret.Link(), Minor: 2500, Product: "Two pounds of tea"}
	err = n.store.Execute(ctx, purse.Command{Book: n.book.ID, Decide: func(f *purse.Facts) error {
		put := offer
		put.ID, put.Made = purse.LinkID(f.NextID()), f.Now
		f.Put(put)
		return nil
	}})
	if err != nil {
		return nil, nil, err
	}
	orders := &ordering.Service{Store: n.store}
	run := fmt.Sprintf("b%x", time.Now().UnixMilli())
	for i := range s.viewers {
		o, err := orders.Take(ctx, offer.Link, 0)
		if err != nil {
			return nil, nil, err
		}
		name := fmt.Sprintf("%s-%d", run, i)
		in, err := n.identity.SignUp(ctx, n.book.ID, identity.SignUpRequest{
			Username: name, FirstName: "Bench", LastName: fmt.Sprint(i), Email: name + "@example.org", Password: "measured " + run + " times",
		}, identity.From{Remote: "127.0.0.1"})
		if err != nil {
			return nil, nil, err
		}
		links, cookies = append(links, o.Link), append(cookies, "purse="+string(in.Session))
	}
	return links, cookies, nil
}

// checkoutReport is what bench checkout has found out.
type checkoutReport struct {
	Database  string       `json:"database"`
	Viewers   int          `json:"viewers"`
	Seconds   float64      `json:"seconds"`
	Anonymous checkoutSeen `json:"anonymous"`
	SignedIn  checkoutSeen `json:"signed_in"`
}

// checkoutSeen is how a page was seen.
type checkoutSeen struct {
	load.ViewTimes     // to the first byte
	Bytes          int `json:"bytes"` // of the page and all that it loads
}

func (r *checkoutReport) print(out io.Writer) {
	fmt.Fprintf(out, "%s, %d viewers, a request a second each, %.0f s\n", r.Database, r.Viewers, r.Seconds)
	for _, who := range r.both() {
		fmt.Fprintf(out, "%-10s  %5d requests  first byte p50 %.2f ms  p99 %.2f ms  %d bytes in all\n", who.name, who.Requests, who.P50Ms, who.P99Ms, who.Bytes)
	}
}

type checkoutNamed struct {
	name string
	checkoutSeen
}

func (r *checkoutReport) both() []checkoutNamed {
	return []checkoutNamed{{"anonymous", r.Anonymous}, {"signed in", r.SignedIn}}
}

// check says what is not as it must be.
func (r *checkoutReport) check(most time.Duration) error {
	for _, who := range r.both() {
		switch bound := float64(most.Microseconds()) / 1000; {
		case who.Bytes > checkoutBytesMax:
			return fmt.Errorf("the page weighs %d bytes %s, at most %d", who.Bytes, who.name, checkoutBytesMax)
		case bound > 0 && who.P99Ms >= bound:
			return fmt.Errorf("the first byte takes %.2f ms %s at the 99th percentile, less than %s is asked for", who.P99Ms, who.name, most)
		}
	}
	return nil
}
