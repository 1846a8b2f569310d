package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"purse/api"
	"purse/identity"
	"purse/internal/load"
	"purse/internal/pgtest"
	"purse/store"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

// benchSettings are the flags of bench.
type benchSettings struct {
	url, database, runDir, mode, record   string
	connections, accounts, rounds, before int
	merchants                             int
	duration, warmup                      time.Duration
	pgbench, ratio, json, untilBroken     bool
}

// throwAwayPostgres is the database that means a PostgreSQL of bench's own.
const throwAwayPostgres = "postgres"

func newBench() *cobra.Command {
	var b benchSettings
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how many payments a second a server makes durable",
		Long: `Measure how many payments a second a server makes durable: over HTTP, each with an
Idempotency-Key of its own, as a closed loop on every connection.

It starts a server of its own on --database, or drives the one at --url, whose
database --database must then be. Without --database it uses a throw-away SQLite
file; "--database postgres" starts a throw-away PostgreSQL from this machine's
own programs, with PostgreSQL's own settings.

With --mode hub people pay merchants, by agreements that they have given before. A
payment is then two requests, each with a merchantRefNum of its own, which plays
the part of the key: POST /paymenthub/v1/paymenthandles, and with the token that it
answers POST /paymenthub/v1/payments. It counts when that is answered 201 with a
payment that is COMPLETED. --merchants 1 has all pay one; --ratio takes turns with
payments between people, as --mode spread has them. The agreements are made in
bench's own process, so the server must be its own too.

The server must hear orders (see --run-dir): bench has it lift its rate limits for
the people that bench makes, and nobody else, and says so in the report.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("database") {
				b.database = c.Database
			}
			b.runDir = c.RunDir
			return b.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&b.url, "url", "", "a server that is running, on this machine")
	f.StringVar(&b.mode, "mode", "spread", "who pays whom: spread (all pay all), hot (all pay one) or hub (people pay merchants)")
	f.StringVar(&b.record, "record", "", "append the id of each acknowledged payment to this file, one a line")
	f.IntVar(&b.connections, "connections", 64, "payments under way at one time")
	f.IntVar(&b.accounts, "accounts", 10_000, "how many people there are")
	f.IntVar(&b.merchants, "merchants", 100, "how many merchants there are, with --mode hub")
	f.IntVar(&b.rounds, "rounds", 1, "how often to measure; the figures are medians")
	f.IntVar(&b.before, "payments", 0, "how many payments to put into the book before measuring")
	f.DurationVar(&b.duration, "duration", 10*time.Second, "how long a round lasts")
	f.DurationVar(&b.warmup, "warmup", 2*time.Second, "payments before a round that are not measured")
	f.BoolVar(&b.pgbench, "pgbench", false, "also run PostgreSQL's TPC-B on the same server, alternating, and print the ratio")
	f.BoolVar(&b.ratio, "ratio", false, "with --mode hub: also measure --mode spread, alternating, and print the ratio")
	f.BoolVar(&b.json, "json", false, "print JSON")
	f.BoolVar(&b.untilBroken, "until-broken", false, "end, without an error, when the server is gone")
	cmd.AddCommand(newBenchPages(), newBenchCheckout())
	return cmd
}

// check refuses flags that do not go together.
func (b *benchSettings) check() error {
	switch {
	case b.mode != "spread" && b.mode != "hot" && b.mode != modeHub:
		return fmt.Errorf("--mode is spread, hot or hub")
	case b.accounts > identity.KnownMax:
		// The server would limit those that it forgets by their address, which is one.
		return fmt.Errorf("--accounts is at most %d, as many access tokens as a server remembers", identity.KnownMax)
	case b.ratio && (b.mode != modeHub || b.pgbench):
		return fmt.Errorf("--ratio goes with --mode hub, and not with --pgbench")
	case b.mode == modeHub && b.url != "":
		return fmt.Errorf("--mode hub needs a server that bench starts itself")
	case b.mode == modeHub && (b.merchants < 1 || b.merchants > merchantsMax):
		return fmt.Errorf("--merchants is 1 to %d", merchantsMax)
	}
	return nil
}

// modeHub is the mode in which people pay merchants.
const modeHub = "hub"

func (b *benchSettings) run(ctx context.Context, out io.Writer) error {
	if err := b.check(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "purse-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if b.database == "" {
		if b.url != "" {
			return fmt.Errorf("--url needs the --database of that server, to make accounts in it")
		}
		b.database = filepath.Join(dir, "bench.db")
	}
	if b.database == throwAwayPostgres {
		cluster, err := pgtest.Start(pgtest.Options{Durable: true})
		if err != nil {
			return err
		}
		defer cluster.Stop()
		if b.database, err = cluster.Database(); err != nil {
			return err
		}
	}
	if b.pgbench && !store.IsPostgres(b.database) {
		return fmt.Errorf("--pgbench needs a PostgreSQL --database")
	}
	c := config{Database: b.database, RunDir: dir}
	if b.url != "" {
		c.RunDir = b.runDir
	}
	accounts, shops, err := b.prepare(ctx, c)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	server, peak := b.url, func() float64 { return 0 }
	if server == "" {
		s, err := startServer(ctx, dir, b.database)
		if err != nil {
			return err
		}
		defer s.stop()
		server, peak = s.url, s.peakMB
	}
	if err := liftRates(ctx, c, accounts, shops.keys...); err != nil {
		return fmt.Errorf("lift the rate limits: %w", err)
	}
	result, tps, err := b.measure(ctx, server, accounts, shops.sellers)
	if err != nil {
		return err
	}
	if result.RateLimits = ratesLifted; b.mode == modeHub {
		result.RateLimits = hubRatesLifted
	}
	result.ServerPeakMB = peak()
	if tps > 0 {
		result.RatioToPGBench = result.PaymentsPerSecond / tps
	}
	return b.print(out, result, tps)
}

// measure drives the server, alternating with pgbench or with payments between
// people if that was asked for.
func (b *benchSettings) measure(ctx context.Context, url string, accounts []load.Account, sellers []load.Seller) (load.Result, float64, error) {
	plan := load.Plan{
		URL: url, Accounts: accounts, Connections: b.connections, Warmup: b.warmup, Duration: b.duration,
		Hot: b.mode == "hot", Sellers: sellers, Now: time.Now, UntilBroken: b.untilBroken,
	}
	if b.record != "" {
		f, err := os.OpenFile(b.record, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return load.Result{}, 0, err
		}
		defer f.Close()
		plan.Record = f
	}
	var results, beside []load.Result
	drive := func(plan *load.Plan, into *[]load.Result) load.Measure {
		return func(ctx context.Context) (float64, error) {
			plan.Seed++
			r, err := load.Run(ctx, *plan)
			*into = append(*into, r)
			return r.PaymentsPerSecond, err
		}
	}
	ours := drive(&plan, &results)
	switch {
	case b.ratio:
		spread := plan
		spread.Sellers, spread.Record = nil, nil
		rates, others, err := load.Alternate(ctx, b.rounds, ours, drive(&spread, &beside))
		if err != nil {
			return load.Result{}, 0, err
		}
		r, other := b.median(results, rates), b.median(beside, others)
		r.Spread, r.RatioToSpread = &other, r.PaymentsPerSecond/other.PaymentsPerSecond
		return r, 0, nil
	case b.pgbench:
		theirs, drop, err := newPGBench(ctx, b.database)
		if err != nil {
			return load.Result{}, 0, err
		}
		defer drop()
		rates, tps, err := load.Alternate(ctx, b.rounds, ours,
			func(ctx context.Context) (float64, error) { return theirs.Run(ctx, b.duration) })
		if err != nil {
			return load.Result{}, 0, err
		}
		return b.median(results, rates), load.Median(tps), nil
	}
	var rates []float64
	for range b.rounds {
		rate, err := ours(ctx)
		if err != nil {
			return load.Result{}, 0, err
		}
		rates = append(rates, rate)
	}
	return b.median(results, rates), 0, nil
}

func (b *benchSettings) median(results []load.Result, rates []float64) load.Result {
	r := load.Merge(results...)
	r.PaymentsPerSecond = load.Median(rates)
	return r
}

// newPGBench makes a database for pgbench beside ours.
func newPGBench(ctx context.Context, database string) (*load.PGBench, func(), error) {
	path, err := load.FindPGBench()
	if err != nil {
		return nil, nil, err
	}
	beside, drop, err := databaseBeside(ctx, database, "pgbench")
	if err != nil {
		return nil, nil, err
	}
	p := &load.PGBench{URL: beside, Path: path, Scale: 20, Clients: 16}
	if err := p.Init(ctx); err != nil {
		drop()
		return nil, nil, err
	}
	return p, drop, nil
}

// databaseBeside makes a throw-away database on the PostgreSQL server of another.
func databaseBeside(ctx context.Context, database, name string) (beside string, drop func(), err error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", nil, errors.New("the database's URL is not valid")
	}
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return "", nil, err
	}
	name = fmt.Sprintf("purse_%s_%d", name, os.Getpid())
	drop = func() {
		_, _ = conn.Exec(context.Background(), "drop database if exists "+name+" with (force)")
		conn.Close(context.Background())
	}
	if _, err := conn.Exec(ctx, "create database "+name); err != nil {
		drop()
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), drop, nil
}

func (b *benchSettings) print(out io.Writer, r load.Result, tps float64) error {
	if b.json {
		return json.NewEncoder(out).Encode(r)
	}
	kind := "SQLite"
	if store.IsPostgres(b.database) {
		kind = "PostgreSQL"
	}
	mode := b.mode
	if b.mode == modeHub {
		mode = fmt.Sprintf("hub with %d merchants", b.merchants)
	}
	fmt.Fprintf(out, "%s, %d connections, %s, %d accounts, %s x %d\n", kind, b.connections, mode, b.accounts, b.duration, b.rounds)
	printMeasured(out, "", r)
	if r.Spread != nil {
		printMeasured(out, "spread: ", *r.Spread)
		fmt.Fprintf(out, "ratio        %.2f of the payments/s of spread\n", r.RatioToSpread)
	}
	if r.ServerPeakMB > 0 {
		fmt.Fprintf(out, "server peak  %.0f MB\n", r.ServerPeakMB)
	}
	fmt.Fprintf(out, "rate limits  %s\n", r.RateLimits)
	if tps > 0 {
		fmt.Fprintf(out, "pgbench      %.0f TPC-B transactions/s (-M prepared, scale 20, 16 clients)\nratio        %.2f\n", tps, r.RatioToPGBench)
	}
	return nil
}

// printMeasured prints what was seen of one mode, with a word before each line.
func printMeasured(out io.Writer, word string, r load.Result) {
	line := func(name, format string, values ...any) {
		fmt.Fprintf(out, word+"%-12s "+format+"\n", append([]any{name}, values...)...)
	}
	line("payments/s", "%.0f", r.PaymentsPerSecond)
	line("p50", "%.1f ms", r.P50Ms)
	line("p99", "%.1f ms", r.P99Ms)
	line("errors", "%d", r.Errors)
	for _, s := range r.Samples {
		line("error", "%s %d: %s", s.Kind, s.Status, s.Text)
	}
}

// benchWorkers is how many accounts are made, or payments put in, at one time.
const benchWorkers = 128

// prepare makes the people that pay each other, by the same orders that an
// operator gives, and puts payments into the book if any were asked for. With
// --mode hub there are merchants, too.
func (b *benchSettings) prepare(ctx context.Context, c config) ([]load.Account, shops, error) {
	if b.url == "" { // create the network, if it is not there
		n, err := openNetwork(ctx, c.Database, store.Options{Mode: "sandbox", Currency: "USD", Migrate: true})
		if err != nil {
			return nil, shops{}, err
		}
		n.store.Close()
	}
	o, err := newOrderer(ctx, c)
	if err != nil {
		return nil, shops{}, err
	}
	defer o.close()
	run := fmt.Sprintf("b%x", time.Now().UnixMilli())
	accounts := make([]load.Account, b.accounts)
	err = parallel(ctx, benchWorkers, len(accounts), func(i int) error {
		var u userMade
		var t tokenMade
		var e entryMade
		name := fmt.Sprintf("%s-%d", run, i)
		if err := o.give(ctx, "user.create", userArgs{Username: name, FirstName: "Bench", LastName: fmt.Sprint(i)}, &u); err != nil {
			return err
		}
		if err := o.give(ctx, "token.create", tokenArgs{User: u.ID, Scopes: "make_payments access_profile access_balance"}, &t); err != nil {
			return err
		}
		accounts[i] = load.Account{UserID: u.ID, Token: t.AccessToken}
		return o.give(ctx, "treasury.issue", entryArgs{User: u.ID, Amount: "1000.00", Reason: "bench"}, &e)
	})
	if err != nil {
		return nil, shops{}, err
	}
	if o.own == nil && (b.before > 0 || b.mode == modeHub) {
		return nil, shops{}, fmt.Errorf("--payments and --mode hub need a server that bench starts itself")
	}
	if b.before > 0 {
		if err := b.prefill(ctx, o.own, accounts); err != nil {
			return nil, shops{}, err
		}
	}
	if b.mode != modeHub {
		return accounts, shops{}, nil
	}
	s, err := b.openShops(ctx, o, run, accounts)
	return accounts, s, err
}

// prefill puts payments into the book by the handler that serves them, without
// the network in between.
func (b *benchSettings) prefill(ctx context.Context, n *network, accounts []load.Account) error {
	door := n.walletDoor("http://127.0.0.1").Handler()
	return parallel(ctx, benchWorkers, b.before, func(i int) error {
		from, to := accounts[i%len(accounts)], accounts[(i*7+1+i/len(accounts))%len(accounts)]
		if from == to {
			to = accounts[(i+1)%len(accounts)]
		}
		form := url.Values{"user_id": {to.UserID}, "amount": {"0.01"}, "note": {"bench"}}
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/payments", strings.NewReader(form.Encode()))
		r.Header.Set("Authorization", "Bearer "+from.Token)
		r.Header.Set(api.OnceHeader, fmt.Sprintf("prefill-%d", i))
		w := httptest.NewRecorder()
		if door.ServeHTTP(w, r); w.Code != http.StatusOK {
			return fmt.Errorf("payment %d: %d %s", i, w.Code, w.Body)
		}
		return nil
	})
}

// parallel does n things, so many at a time, and stops at the first error.
func parallel(ctx context.Context, atOnce, n int, do func(i int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					stop(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}
