package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"purse/internal/load"
	"purse/internal/pgtest"
	"purse/store"

	"github.com/spf13/cobra"
)

// pagesSettings are the flags of bench pages.
type pagesSettings struct {
	database               string
	small, large, ofOne    int
	accounts, limit, page  int
	rounds, requests, warm int
	json                   bool
}

func newBenchPages() *cobra.Command {
	var s pagesSettings
	cmd := &cobra.Command{
		Use:   "pages",
		Short: "Measure what a page of payments costs in a small book and in a large one",
		Long: `Measure how long GET /v1/payments takes in a small book and in a large one: the
first page and a deep one, without a filter and with each.

It makes two networks on the same database and fills them by the use cases that
serve everybody. In the large one, one person is party to --of-one of --large
payments, which lie evenly among the others'; in the small one all of the --small
payments are that person's (at most --of-one), the best that a small book can do.
In equal parts they are pending charges, settled charges and payments, half of
each made by the person. Each network gets a server of its own, and the pages are
asked for over HTTP, one at a time, in turn between the two servers, so that
whatever else the machine does hits both alike. Figures are the medians of the
rounds, each with its own p50 and p99.

The deep page is page number --page, reached by the link that the page before
gives. Where a book has not that many pages for a filter it is the last full
page, and the report says which: with the usual --limit of 20 a book of 10,000
payments has no thousandth page. With --limit 3 it has one for every filter.

Without --database it uses throw-away SQLite files; "--database postgres" starts a
throw-away PostgreSQL from this machine's own programs, with PostgreSQL's own
settings; with a postgres:// URL it makes two databases beside that one, and drops
them. PostgreSQL vacuums both before the measuring, as it would do by itself a while
after a book has grown. The person's access token is exempt from the rate limits.`,
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
				return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
			}
			r.print(cmd.OutOrStdout())
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&s.small, "small", 10_000, "payments in the small book")
	f.IntVar(&s.large, "large", 1_000_000, "payments in the large book")
	f.IntVar(&s.ofOne, "of-one", 100_000, "how many payments of the large book one person is party to")
	f.IntVar(&s.accounts, "accounts", 10_000, "how many people there are in each")
	f.IntVar(&s.limit, "limit", 20, "how many payments a page has")
	f.IntVar(&s.page, "page", 1000, "which page is the deep one")
	f.IntVar(&s.rounds, "rounds", 5, "how often to measure; the figures are medians")
	f.IntVar(&s.requests, "requests", 1000, "how often each page is asked for in a round")
	f.IntVar(&s.warm, "warmup", 200, "how often each page is asked for before the first round")
	f.BoolVar(&s.json, "json", false, "print JSON")
	return cmd
}

func (s *pagesSettings) check() error {
	switch {
	case s.accounts < 3:
		return fmt.Errorf("--accounts is at least 3")
	case s.small < 1 || s.large < s.ofOne || s.ofOne < 1:
		return fmt.Errorf("--small and --of-one are at least 1, --large at least --of-one")
	case s.limit < 1 || s.limit > listMax || s.page < 1:
		return fmt.Errorf("--limit is from 1 to %d, --page at least 1", listMax)
	case s.rounds < 1 || s.requests < 1 || s.warm < 0:
		return fmt.Errorf("--rounds and --requests are at least 1, --warmup is not negative")
	}
	return nil
}

func (s *pagesSettings) run(ctx context.Context) (*pagesReport, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "purse-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if s.database == throwAwayPostgres {
		cluster, err := pgtest.Start(pgtest.Options{Durable: true})
		if err != nil {
			return nil, err
		}
		defer cluster.Stop()
		if s.database, err = cluster.Database(); err != nil {
			return nil, err
		}
	}
	r := &pagesReport{Database: "SQLite", Limit: s.limit, Rounds: s.rounds, Requests: s.requests, RateLimits: ratesLifted}
	if store.IsPostgres(s.database) {
		r.Database = "PostgreSQL"
	} else if s.database != "" {
		return nil, fmt.Errorf("--database is a PostgreSQL server; without it, SQLite is measured")
	}
	small, err := s.shelve(ctx, dir, "small", min(s.small, s.ofOne), s.small)
	if err != nil {
		return nil, fmt.Errorf("the small book: %w", err)
	}
	defer small.close()
	large, err := s.shelve(ctx, dir, "large", s.ofOne, s.large)
	if err != nil {
		return nil, fmt.Errorf("the large book: %w", err)
	}
	defer large.close()
	r.Small, r.Large = small.bookReport, large.bookReport
	for _, b := range []*shelf{small, large} { // not before: a server hangs up on who says nothing
		if err := b.call(ctx); err != nil {
			return nil, err
		}
	}
	return r, s.measure(ctx, small, large, r)
}

// shelf is a book that is served, and the one person with many payments.
type shelf struct {
	bookReport
	url    string
	owner  load.Account
	caller *load.Caller
	ends   []func() // in the order in which they began
}

func (b *shelf) close() {
	for i := len(b.ends) - 1; i >= 0; i-- {
		b.ends[i]()
	}
}

// shelve makes a network, fills it and serves it.
func (s *pagesSettings) shelve(ctx context.Context, dir, name string, of, total int) (b *shelf, err error) {
	b = &shelf{bookReport: bookReport{Payments: total, OfOne: of}}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	dir = filepath.Join(dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return b, err
	}
	c := config{Database: filepath.Join(dir, "bench.db"), RunDir: dir}
	if s.database != "" {
		var drop func()
		if c.Database, drop, err = databaseBeside(ctx, s.database, name); err != nil {
			return b, err
		}
		b.ends = append(b.ends, drop)
	}
	accounts, _, err := (&benchSettings{accounts: s.accounts}).prepare(ctx, c)
	if err != nil {
		return b, fmt.Errorf("prepare: %w", err)
	}
	began := time.Now()
	if err := fill(ctx, c.Database, accounts, of, total); err != nil {
		return b, fmt.Errorf("fill: %w", err)
	}
	b.FillSeconds = time.Since(began).Seconds()
	if err := tidy(ctx, c.Database); err != nil {
		return b, fmt.Errorf("tidy: %w", err)
	}
	server, err := startServer(ctx, dir, c.Database)
	if err != nil {
		return b, err
	}
	b.ends = append(b.ends, server.stop)
	b.url, b.owner = server.url, accounts[0]
	if err := liftRates(ctx, c, accounts[:1]); err != nil {
		return b, fmt.Errorf("lift the rate limits: %w", err)
	}
	return b, nil
}

// call connects the owner to the server.
func (b *shelf) call(ctx context.Context) (err error) {
	if b.caller, err = load.Dial(ctx, b.url, b.owner.Token, time.Now); err == nil {
		b.ends = append(b.ends, b.caller.HangUp)
	}
	return err
}

// filters are what a list is asked for with, and the report's names for it.
func (b *shelf) filters() []filter {
	return []filter{
		{"none", url.Values{}},
		{"status=pending", url.Values{"status": {"pending"}}},
		{"action=charge", url.Values{"action": {"charge"}}},
		{"actor=own", url.Values{"actor": {b.owner.UserID}}},
	}
}

type filter struct {
	name  string
	query url.Values
}

// measure takes the times of all pages of both books.
func (s *pagesSettings) measure(ctx context.Context, small, large *shelf, r *pagesReport) error {
	var pages []load.Page
	add := func(b *shelf, q url.Values, number int) (int, error) {
		path, number, err := b.find(q, s.limit, number)
		pages = append(pages, load.Page{Caller: b.caller, Path: path})
		return number, err
	}
	for i, f := range large.filters() {
		for _, number := range []int{1, s.page} {
			row := pageReport{Filter: f.name}
			var err error
			if row.Small.Page, err = add(small, small.filters()[i].query, number); err == nil {
				row.Large.Page, err = add(large, f.query, number)
			}
			if err != nil {
				return fmt.Errorf("find page %d, filter %s: %w", number, f.name, err)
			}
			r.Pages = append(r.Pages, row)
		}
	}
	if _, err := load.TakeTurns(ctx, pages, s.warm); err != nil {
		return err
	}
	var rounds [][]load.PageTimes
	for range s.rounds {
		times, err := load.TakeTurns(ctx, pages, s.requests)
		if err != nil {
			return err
		}
		rounds = append(rounds, times)
	}
	r.sum(rounds)
	return nil
}

// listMax is how many payments are asked for at once: an answer must not be longer
// than a caller reads.
const listMax = 200

// find returns the path of a page, or of the last full one if there are not so
// many, and its number. It turns the pages over as a caller would, but for their
// length.
func (b *shelf) find(q url.Values, limit, number int) (path string, at int, err error) {
	skip, seen := (number-1)*limit, 0
	for {
		q.Set("limit", strconv.Itoa(limit))
		path = "/v1/payments?" + q.Encode()
		if seen < skip {
			q.Set("limit", strconv.Itoa(min(skip-seen, listMax)))
		}
		body, err := b.caller.Get("/v1/payments?" + q.Encode())
		if err != nil {
			return "", 0, err
		}
		var list listed
		if err := json.Unmarshal(body, &list); err != nil {
			return "", 0, err
		}
		full := len(list.Data) == limit
		if seen == skip && full {
			return path, number, nil
		}
		seen += len(list.Data)
		if list.Pagination.Next == nil {
			if seen < limit {
				return "", 0, fmt.Errorf("%d payments do not fill a page of %d", seen, limit)
			}
			return b.find(b.again(q), limit, seen/limit)
		}
		next, err := url.Parse(*list.Pagination.Next)
		if err != nil {
			return "", 0, err
		}
		q = next.Query()
	}
}

// again is a query without what leads behind its first page.
func (b *shelf) again(q url.Values) url.Values {
	q.Del("before")
	q.Del("before_id")
	return q
}

// listed is what is read of a page.
type listed struct {
	Pagination struct {
		Next *string `json:"next"`
	} `json:"pagination"`
	Data []json.RawMessage `json:"data"`
}
