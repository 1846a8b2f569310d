package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"purse/internal/pgtest"

	"github.com/jackc/pgx/v5"
)

// pageLimit is the default of GET /v1/payments and the one more that tells whether
// there is another page.
const pageLimit = 21

// rangesChecked are the numbers of ranges that are looked at.
var rangesChecked = []int{1, 2, 4, 10, 20}

// page is a text that lists payments, with arguments for it. All ranges have rows
// in a book that listed has filled.
type page struct {
	st        *statement
	arguments []any
	ranges    int
	keys      []string // what each range is looked up by, in the order of its index
}

// pages are texts that list payments, by name, each for the page before an
// identifier: those of few ranges, and of most.
func pages(l *lists, before int64) map[string]page {
	statuses := []string{"pending", "settled", "failed", "expired", "cancelled"}
	all := map[string]page{}
	kinds := []any{int64(1), int64(0), before, int64(pageLimit), int64(2)}
	for i, st := range l.ofKinds {
		if kinds = append(kinds, int64(i)); !slices.Contains(rangesChecked, i+1) {
			continue
		}
		all[fmt.Sprintf("%d kinds before %d", i+1, before)] = page{st, slices.Clone(kinds), i + 1, []string{"book", "person", "kind", "payment"}}
	}
	between := []any{int64(1), int64(0), before, int64(pageLimit), int64(3), int64(2)}
	for i, st := range l.between {
		between = append(between, statuses[i/2], []string{"pay", "charge"}[i%2])
		if !slices.Contains(rangesChecked, i+1) {
			continue
		}
		all[fmt.Sprintf("%d between two before %d", i+1, before)] = page{st, slices.Clone(between), i + 1,
			[]string{"(book + 0)", "target", "actor", "status", "action", "(id + 0)"}}
	}
	return all
}

// listed adds payments between persons 2 and 3, one of each kind in turn, and as
// many between others. It runs on both databases.
func listed(from, to int) []string {
	series := fmt.Sprintf("with recursive s(n) as (select %d union all select n + 1 from s where n < %d) ", from, to)
	payment := "insert into payments (book, id, actor, target, minor, note, audience, medium, app, action, status, completed, transfer, version) " +
		series + "select 1, 2 * n%s, 1, 'note', 'private', 'api', 0, case when n / 5 %% 2 = 0 then 'pay' else 'charge' end, " +
		"case n %% 5 when 0 then 'pending' when 1 then 'settled' when 2 then 'failed' when 3 then 'expired' else 'cancelled' end, n, n, 1 from s"
	const kind = "4 * (n % 5) + 2 * (n / 5 % 2)"
	return []string{
		fmt.Sprintf(payment, ", 2 + n / 10 % 2, 3 - n / 10 % 2"),
		fmt.Sprintf(payment, " + 1, 10 + n % 100, 200 + n % 100"),
		"insert into parties " + series + "select 1, 2, " + kind + " + n / 10 % 2, 2 * n from s",
		"insert into parties " + series + "select 1, 3, " + kind + " + 1 - n / 10 % 2, 2 * n from s",
		"insert into parties " + series + "select 1, 10 + n % 100, " + kind + ", 2 * n + 1 from s",
		"insert into parties " + series + "select 1, 200 + n % 100, " + kind + " + 1, 2 * n + 1 from s",
	}
}

// TestPagesAreLookedUp: on PostgreSQL a page of payments is found by look-ups on
// all keys, and reads no more rows than its ranges may give, and no more of the
// tables than those rows need, whether one person has no payments or 100,000,
// whether the tables were analyzed, and whenever the session prepared the text.
func TestPagesAreLookedUp(t *testing.T) {
	url := pgtest.Database(t)
	migrated(t, url)
	young := readerSession(t, url)
	preparePages(t, young)
	filled := 0
	for _, size := range []int{0, 1_000, 100_000} {
		if size > 0 {
			for _, text := range listed(filled+1, size) {
				run(t, url, text)
			}
			filled = size
		}
		for _, state := range []string{"not analyzed", "analyzed"} {
			if state == "analyzed" {
				run(t, url, "analyze")
			}
			fresh := readerSession(t, url)
			preparePages(t, fresh)
			for session, conn := range map[string]*pgx.Conn{"old": young, "new": fresh} {
				for _, before := range []int64{maxID, int64(size)} {
					for name, p := range pages(newPostgresReader(nil).lists(), before) {
						checkPage(t, conn, fmt.Sprintf("%d rows, %s, %s session: %s", size, state, session, name), p)
					}
				}
			}
		}
	}
}

// readerSession is a PostgreSQL session as reads have it.
func readerSession(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	pool, err := openReaders(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Release)
	return conn.Conn()
}

func preparePages(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for _, p := range pages(newPostgresReader(nil).lists(), maxID) {
		if _, err := conn.Prepare(t.Context(), p.st.text, p.st.text); err != nil {
			t.Fatal(err)
		}
	}
}

func checkPage(t *testing.T, conn *pgx.Conn, what string, p page) {
	t.Helper()
	prepared, err := conn.Prepare(t.Context(), p.st.text, p.st.text) // again: to see its name
	if err != nil {
		t.Fatal(err)
	}
	var literals []string
	for _, a := range p.arguments {
		literals = append(literals, strings.ReplaceAll(fmt.Sprintf("%#v", a), `"`, `'`))
	}
	plan := planned(t, conn, fmt.Sprintf(`explain (analyze, buffers, costs off, timing off, format json) execute "%s"(%s)`,
		prepared.Name, strings.Join(literals, ", ")))
	scans, rows := 0, 0.0
	for _, n := range flat(plan) {
		switch n.Kind {
		case "Nested Loop", "Limit", "Subquery Scan", "Append", "Merge Append", "Sort", "Incremental Sort":
			continue
		case "Index Scan", "Index Only Scan":
		default:
			t.Errorf("%s: its plan has a %s on %q", what, n.Kind, n.Relation)
			continue
		}
		keys := p.keys
		if scans++; scans > p.ranges { // the last step: the payments themselves
			keys = []string{"book", "id"}
		}
		for _, key := range keys {
			if !regexp.MustCompile(`\(` + regexp.QuoteMeta(key) + ` [=<>]`).MatchString(n.Cond) {
				t.Errorf("%s: its scan of %s does not look for %s: condition %q, filter %q", what, n.Relation, key, n.Cond, n.Filter)
			}
		}
		checkPrefix(t, conn, what, n)
		if n.Filter != "" {
			t.Errorf("%s: its scan of %s leaves rows out that it has read: %s", what, n.Relation, n.Filter)
		}
		rows += n.Rows * n.Loops
	}
	if scans != p.ranges+1 {
		t.Errorf("%s: its plan has %d index scans, want one for each of %d ranges and one for the payments", what, scans, p.ranges)
	}
	if most := float64((p.ranges + 1) * pageLimit); rows > most {
		t.Errorf("%s: it reads %.0f rows, at most %.0f can be on the page", what, rows, most)
	}
	// An index has three levels here, and each row of a table is in a block of its
	// own. The first time there is a little more to look at.
	if blocks, most := plan.Hits+plan.Reads, 4*(rows+float64(p.ranges))+20; blocks > most {
		t.Errorf("%s: it looks at %.0f blocks for %.0f rows, want at most %.0f", what, blocks, rows, most)
	}
}

// TestPagesAreLookedUpOnSQLite: here too each range is a look-up on all its keys,
// which its own limit cuts, and then each payment of the page is looked up.
func TestPagesAreLookedUpOnSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "purse.db")
	migrated(t, path)
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	at := func(when string) {
		for name, p := range pages(newSQLiteReader(db).lists(), maxID) {
			checkSQLitePage(t, db, when+": "+name, p)
		}
	}
	at("empty tables")
	for _, text := range listed(1, 20_000) {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	at("not analyzed")
	if _, err := db.ExecContext(t.Context(), "analyze"); err != nil {
		t.Fatal(err)
	}
	at("analyzed")
}

var (
	search   = regexp.MustCompile(`^SEARCH (\w+) USING (?:COVERING )?INDEX \w+ \((.*)\)$`)
	inMemory = regexp.MustCompile(`^SCAN (page|u|r\d+)$`)
	oneRange = regexp.MustCompile(`^CO-ROUTINE r\d+$`)
)

func checkSQLitePage(t *testing.T, db *sql.DB, what string, p page) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "explain query plan "+p.st.numbered(), p.arguments...)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer rows.Close()
	last := len(p.keys) - 1
	of := strings.Join(p.keys[:last], "=? AND ") + "=? AND " + p.keys[last] + ">? AND " + p.keys[last] + "<?"
	of = regexp.MustCompile(`\(.*?\)`).ReplaceAllString(of, "<expr>") // as SQLite writes it
	ranges, lookups := map[int]int{}, 0                               // steps of each range by its number; look-ups of payments
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		_, inRange := ranges[parent]
		if inRange {
			ranges[parent]++
		}
		switch found := search.FindStringSubmatch(step); {
		case oneRange.MatchString(step):
			ranges[id] = 0
		case found != nil && inRange && found[2] == of:
		case found != nil && !inRange && found[1] == "p" && found[2] == "book=? AND id=?":
			lookups++
		case found != nil || strings.HasPrefix(step, "SCAN ") && !inMemory.MatchString(step):
			t.Errorf("%s: %s, want a look-up by %s", what, step, of)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(ranges) != p.ranges || lookups != 1 {
		t.Errorf("%s: %d ranges and %d look-ups of payments, want %d and 1", what, len(ranges), lookups, p.ranges)
	}
	for _, steps := range ranges {
		if steps != 1 { // a sort, for instance, would read the whole range first
			t.Errorf("%s: a range takes %d steps, want its look-up alone", what, steps)
		}
	}
}
