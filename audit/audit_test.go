package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"purse/audit"
)

func run(t *testing.T, o audit.Options) *audit.Report {
	t.Helper()
	r, err := audit.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func check(t *testing.T, r *audit.Report, id string) *audit.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("there is no check %s", id)
	return nil
}

func print(r *audit.Report) string {
	var b bytes.Buffer
	_, _ = r.WriteTo(&b)
	return b.String()
}

func TestGoodBook(t *testing.T) {
	onBoth(t, func(t *testing.T, n network) {
		database, _ := n.copied(t)
		rows := map[string]int64{}
		for _, chunk := range []int{0, 1, 2, 7} {
			r := run(t, audit.Options{Database: database, Acked: strings.NewReader(strings.Join(n.acked, "\n\n"))}.WithChunk(chunk))
			if !r.OK() {
				t.Errorf("chunks of %d:\n%s", chunk, print(r))
			}
			if r.Database != n.name || r.Book != 1 || r.UpTo <= n.late {
				t.Errorf("report on %s, book %d, up to %d", r.Database, r.Book, r.UpTo)
			}
			for _, c := range r.Checks {
				if before, known := rows[c.ID]; known && before != c.Rows || c.Rows == 0 {
					t.Errorf("chunks of %d: %s saw %d rows, before %d", chunk, c.ID, c.Rows, before)
				}
				rows[c.ID] = c.Rows
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestPace(t *testing.T) {
	n := onSQLite(t)
	database, _ := n.copied(t)
	if r := run(t, audit.Options{Database: database, Pace: 0.25}); !r.OK() {
		t.Error(print(r))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := audit.Run(ctx, audit.Options{Database: database}); err == nil {
		t.Error("an audit that was called off found nothing wrong")
	}
	for _, o := range []audit.Options{
		{Database: database, Pace: 2}, {Database: database + "x"}, {Database: database, Book: 3}, {Database: "postgres://:x@:y/z"},
	} {
		if _, err := audit.Run(t.Context(), o); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}

// Findings are bounded, and the rest is counted.
func TestManyFindings(t *testing.T) {
	onBoth(t, func(t *testing.T, n network) {
		database, db := n.copied(t)
		if _, err := db.Exec("update once set status = 7"); err != nil {
			t.Fatal(err)
		}
		acked := strings.Repeat("12\n", 12_000)
		r := run(t, audit.Options{Database: database, Acked: strings.NewReader(acked)})
		if c := check(t, r, "acked"); c.Rows != 12_000 || len(c.Findings) != 20 || c.More != 11_980 {
			t.Errorf("%d findings and %d more in %d rows", len(c.Findings), c.More, c.Rows)
		}
		if text := print(r); !strings.Contains(text, "and 11980 more") || !strings.Contains(text, "WRONG  acked") {
			t.Error(text)
		}
	})
}

// More answers of one principal than are remembered at once.
func TestDoubleEffectOfBusyPrincipal(t *testing.T) {
	defer audit.RememberEffects(3)()
	onBoth(t, func(t *testing.T, n network) {
		database, db := n.copied(t)
		if r := run(t, audit.Options{Database: database}); !r.OK() {
			t.Error(print(r))
		}
		if _, err := db.Exec(fmt.Sprintf(`insert into once (book, principal, app, key, fingerprint, status, header, body, at, purged)
			values (1, %d, 0, 'zzz', '', 200, '', '{"id":%d}', 0, 0)`, n.ann, n.pay)); err != nil {
			t.Fatal(err)
		}
		if c := check(t, run(t, audit.Options{Database: database}), "once"); len(c.Findings) != 1 {
			t.Errorf("findings %q", c.Findings)
		}
	})
}

// directoryTables have no book in their keys.
var directoryTables = []string{"addresses", "users", "tokens", "apps", "old_usernames", "user_words", "credentials", "contacts",
	"sessions", "tickets", "grants", "ties", "merchants", "logos", "api_keys", "members"}

func TestPlansAreIndexRanges(t *testing.T) {
	n := onPostgres(t)
	url, _ := n.copied(t)
	plans, err := audit.Plans(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for name, plan := range plans {
		for _, bad := range []string{"Seq Scan", "Sort", "Bitmap", "Hash"} {
			if strings.Contains(plan, bad) {
				t.Errorf("%s:\n%s", name, plan)
			}
		}
		directory := false // the tables of the directory are of all books
		for line := range strings.Lines(plan) {
			if strings.Contains(line, " Scan using ") {
				directory = slices.ContainsFunc(directoryTables, func(table string) bool { return strings.Contains(line, " on "+table+" ") })
			}
			linked := strings.Contains(line, "(link = x.link)") // links are found in all books
			if strings.Contains(line, "Index Cond") && !strings.Contains(line, "book") && !directory && !linked {
				t.Errorf("%s: an index is not read by the book:\n%s", name, plan)
			}
		}
	}
}
