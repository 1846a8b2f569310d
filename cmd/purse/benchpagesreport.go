package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"purse/internal/load"
)

// pagesReport is what bench pages has found out.
type pagesReport struct {
	Database   string       `json:"database"`
	Small      bookReport   `json:"small"`
	Large      bookReport   `json:"large"`
	Limit      int          `json:"limit"` // payments a page
	Rounds     int          `json:"rounds"`
	Requests   int          `json:"requests"` // for each page, in each round
	RateLimits string       `json:"rate_limits"`
	Pages      []pageReport `json:"pages"`
	WorstP99   float64      `json:"worst_ratio_p99"`
}

// bookReport is what is in a book.
type bookReport struct {
	Payments    int     `json:"payments"`
	OfOne       int     `json:"of_one"` // to which the one person is party
	FillSeconds float64 `json:"fill_seconds"`
}

// pageReport compares a page of the two books; the ratios are the large book's
// time by the small one's.
type pageReport struct {
	Filter   string  `json:"filter"`
	Small    pageOf  `json:"small"`
	Large    pageOf  `json:"large"`
	RatioP50 float64 `json:"ratio_p50"`
	RatioP99 float64 `json:"ratio_p99"`
}

type pageOf struct {
	Page int `json:"page"`
	load.PageTimes
}

// sum takes the medians of the rounds. Each has the small book's page and the
// large one's, for every page of the report.
func (r *pagesReport) sum(rounds [][]load.PageTimes) {
	median := func(i int) load.PageTimes {
		var p50s, p99s []float64
		for _, times := range rounds {
			p50s, p99s = append(p50s, times[i].P50Ms), append(p99s, times[i].P99Ms)
		}
		return load.PageTimes{P50Ms: load.Median(p50s), P99Ms: load.Median(p99s)}
	}
	for i := range r.Pages {
		p := &r.Pages[i]
		p.Small.PageTimes, p.Large.PageTimes = median(2*i), median(2*i+1)
		p.RatioP50, p.RatioP99 = p.Large.P50Ms/p.Small.P50Ms, p.Large.P99Ms/p.Small.P99Ms
		r.WorstP99 = max(r.WorstP99, p.RatioP99)
	}
}

func (r *pagesReport) print(out io.Writer) {
	fmt.Fprintf(out, "%s, pages of %d payments, %d times each x %d\n", r.Database, r.Limit, r.Requests, r.Rounds)
	for _, b := range []struct {
		name string
		bookReport
	}{{"small", r.Small}, {"large", r.Large}} {
		fmt.Fprintf(out, "%s book  %d payments, %d of one person, filled in %.0f s\n", b.name, b.Payments, b.OfOne, b.FillSeconds)
	}
	fmt.Fprintf(out, "rate limits %s\n", r.RateLimits)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "filter\tsmall: page\tp50 ms\tp99 ms\tlarge: page\tp50 ms\tp99 ms\tratio: p50\tp99\t")
	for _, p := range r.Pages {
		fmt.Fprintf(w, "%s\t%d\t%.2f\t%.2f\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t\n", p.Filter,
			p.Small.Page, p.Small.P50Ms, p.Small.P99Ms, p.Large.Page, p.Large.P50Ms, p.Large.P99Ms, p.RatioP50, p.RatioP99)
	}
	_ = w.Flush() // as all prints here: who reads has gone
	fmt.Fprintf(out, "worst ratio of p99  %.2f\n", r.WorstP99)
}
