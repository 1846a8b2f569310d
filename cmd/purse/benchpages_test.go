package main

import (
	"strings"
	"testing"

	"purse/internal/load"
	"purse/store"

	"github.com/jackc/pgx/v5"
)

// onThrowAway runs a test with the flags of a database for bench pages.
func onThrowAway(t *testing.T, test func(t *testing.T, flags ...string)) {
	on(t, func(t *testing.T, database string) {
		if !store.IsPostgres(database) {
			test(t)
			return
		}
		test(t, "--database", database)
		conn, err := pgx.Connect(t.Context(), database)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(t.Context()) }()
		var left int
		err = conn.QueryRow(t.Context(), "select count(*) from pg_database where datname ~ '^purse_(small|large)_'").Scan(&left)
		if err != nil || left > 0 {
			t.Errorf("bench pages leaves %d databases behind, %v", left, err)
		}
	})
}

// In the small book there are 200 payments of one person, of which 66 are pending
// and 132 charges, and 100 made by the person; in the large one three times as
// many.
func TestBenchPagesReports(t *testing.T) {
	onThrowAway(t, func(t *testing.T, flags ...string) {
		args := append([]string{"bench", "pages", "--small", "200", "--large", "2000", "--of-one", "600", "--accounts", "30",
			"--limit", "3", "--page", "40", "--rounds", "3", "--requests", "5", "--warmup", "1"}, flags...)
		var r pagesReport
		decode(t, run(t, append(args, "--json")...), &r)
		if r.Small.Payments != 200 || r.Small.OfOne != 200 || r.Large.Payments != 2000 || r.Large.OfOne != 600 {
			t.Errorf("the books are %+v and %+v", r.Small, r.Large)
		}
		if r.RateLimits != ratesLifted || r.Limit != 3 || r.Rounds != 3 || r.Requests != 5 {
			t.Errorf("the report says %+v", r)
		}
		deep := map[string]int{"none": 40, "status=pending": 22, "action=charge": 40, "actor=own": 33}
		if len(r.Pages) != 2*len(deep) {
			t.Fatalf("%d pages", len(r.Pages))
		}
		worst := 0.0
		for i, p := range r.Pages {
			small, large := 1, 1
			if i%2 == 1 {
				small, large = deep[p.Filter], 40
			}
			if p.Small.Page != small || p.Large.Page != large {
				t.Errorf("filter %s: pages %d and %d, want %d and %d", p.Filter, p.Small.Page, p.Large.Page, small, large)
			}
			for _, b := range []pageOf{p.Small, p.Large} {
				if b.P50Ms <= 0 || b.P99Ms < b.P50Ms {
					t.Errorf("filter %s: %+v", p.Filter, b)
				}
			}
			if p.RatioP50 != p.Large.P50Ms/p.Small.P50Ms || p.RatioP99 != p.Large.P99Ms/p.Small.P99Ms {
				t.Errorf("the ratios are wrong: %+v", p)
			}
			worst = max(worst, p.RatioP99)
		}
		if r.WorstP99 != worst {
			t.Errorf("the worst ratio is %v, said is %v", worst, r.WorstP99)
		}
	})
}

func TestBenchPagesPrints(t *testing.T) {
	r := pagesReport{
		Database: "SQLite", Small: bookReport{200, 200, 1}, Large: bookReport{2000, 600, 2.4}, Limit: 20, Rounds: 2, Requests: 7,
		RateLimits: ratesLifted, Pages: []pageReport{{Filter: "none"}, {Filter: "status=pending"}},
	}
	r.Pages[1].Small.Page, r.Pages[1].Large.Page = 3, 1000
	turn := func(ms ...float64) (times []load.PageTimes) {
		for _, v := range ms {
			times = append(times, load.PageTimes{P50Ms: v, P99Ms: 2 * v})
		}
		return times
	}
	r.sum([][]load.PageTimes{turn(1, 2, 4, 4), turn(1, 2, 4, 5), turn(9, 9, 4, 6)})
	var out strings.Builder
	r.print(&out)
	for _, want := range []string{
		"SQLite, pages of 20 payments, 7 times each x 2\n", "large book  2000 payments, 600 of one person, filled in 2 s\n",
		"status=pending            3    4.00    8.00         1000    5.00   10.00        1.25  1.25\n", "worst ratio of p99  2.00\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

func TestBenchPagesRefuses(t *testing.T) {
	for _, flags := range []string{
		"--database purse.db", "--large 5", "--small 0", "--limit 0", "--limit 1001", "--accounts 2", "--rounds 0", "--accounts 9 --small 9 --of-one 9 --large 9",
	} {
		if out, status := try(t, append([]string{"bench", "pages"}, strings.Fields(flags)...)...); status != 1 {
			t.Errorf("%s: status %d: %s", flags, status, out)
		}
	}
}

// What fill puts into a book is as true as what people put there.
func TestFillKeepsTheBook(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		accounts, _, err := (&benchSettings{accounts: 20}).prepare(t.Context(), config{Database: database, RunDir: shortDir(t)})
		if err != nil {
			t.Fatal(err)
		}
		if err := fill(t.Context(), database, accounts, 150, 900); err != nil {
			t.Fatal(err)
		}
		verify(t, database)
	})
}
