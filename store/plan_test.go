package store

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"purse/internal/pgtest"

	"github.com/jackc/pgx/v5"
)

// TestPlansDoNotDependOnTheTables: every statement of the hot path finds its rows
// by index look-ups on all its keys, whether the table is empty, small or large,
// whether it was analyzed or not, and whether the session that asks prepared the
// statement just now or when the table was empty.
//
// Beware of "and state = 'open'" and its like: of a table that was never analyzed
// the planner believes that one row in two hundred has a given value, and would
// rather read the whole index for those few than look the keys up. Of one that
// was analyzed it knows how few rows "completed < 1" leaves, unless the column is
// hidden from it as in "completed + 0".
func TestPlansDoNotDependOnTheTables(t *testing.T) {
	url := pgtest.Database(t)
	migrated(t, url)
	young := writerSession(t, url)
	prepareAll(t, young)
	at := func(when string, conn *pgx.Conn) {
		t.Helper()
		for name, s := range statements {
			checkPlan(t, conn, when+": "+name, name, s.st)
		}
	}
	at("empty tables", young)
	filled := 0
	for _, size := range []int{1_000, 30_000} {
		fill(t, url, filled+1, size)
		filled = size
		for _, state := range []string{"not analyzed", "analyzed"} {
			if state == "analyzed" {
				run(t, url, "analyze")
			}
			when := fmt.Sprintf("%d rows, %s", size, state)
			at(when+", old session", young)
			fresh := writerSession(t, url)
			prepareAll(t, fresh)
			at(when+", new session", fresh)
		}
	}
}

func prepareAll(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for name, s := range statements {
		if _, err := conn.Prepare(t.Context(), name, s.st.lifted()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func run(t *testing.T, url, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%.60s: %v", text, err)
	}
}

// fill adds rows from a number up to a number to every table that is searched.
// Half of the counters and keys belong to one account, as a popular merchant's do.
func fill(t *testing.T, url string, from, to int) {
	t.Helper()
	series := fmt.Sprintf("from generate_series(%d, %d) as n", from, to)
	for _, text := range []string{
		"insert into batches select 1, n, n " + series,
		"insert into accounts select 1, 1000 + n, 'wallet', 'USD', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 " + series,
		"insert into holds select 1, n, 2, 3, 'USD', 1, 1, 'payment', n % 100, case when n % 10 = 0 then 'open' else 'released' end, 0, case when n % 10 = 0 then 0 else n end " + series,
		"insert into payments (book, id, actor, target, minor, note, audience, medium, app, status, completed, transfer, version) " +
			"select 1, n, 2, 3, 1, 'note', 'private', 'api', 0, case when n % 100 = 0 then 'pending' else 'settled' end, n, n, 1 " + series,
		"insert into parties select 1, case when n % 2 = 0 then 2 else n end, 4, n " + series,
		"insert into addresses select 'email', 'a' || n || '@example.org', 0, 0 " + series,
		"insert into introductions select 1, case when n % 2 = 0 then 2 else n end, 'email', 'a' || n || '@example.org', n " + series,
		"insert into apps (id, name, medium, created, owner) select 1000 + n, '', 'api', 0, n % 100 " + series,
		"insert into grants select n, n % 1000, n % 10, '', '', '', 0, 0, case when n % 3 = 0 then 0 else n end " + series,
		"insert into allowances select 1, n % 1000, n, -1, 0, 0 " + series,
		"insert into old_usernames select 'o' || n, n, n " + series,
		"insert into user_words select 'w' || n, n " + series,
		"insert into credentials select n, '', 0, '', 0, 0, '', '', '' " + series,
		"insert into contacts select n % 1000, 'email', 'a' || n || '@example.org', 0, 0 " + series,
		"insert into sessions select 'h' || n, n, n % 1000, 1, 0, 0, '', '', 0, case when n % 3 = 0 then 0 else n end " + series,
		"insert into tickets select 'h' || n, 'reset', n, 0, '', '', 0, 0, 0, 0 " + series,
		"insert into ties select n % 100, 1000 + n, case when n % 10 = 0 then 'asked' else 'friend' end, 0, 0 " + series,
		"insert into merchants (id, book, name, fee_fixed, fee_basis, accepts, life, created, closed) select 1000 + n, 1, 'm', 0, 0, 1, 1, 0, 0 " + series,
		"insert into logos select 1000 + n, 'image/png', '' " + series,
		"insert into api_keys (username, merchant, book, kind, hash, created, expires, revoked) select 'k' || n, n % 1000, 1, 'private', '', 0, 0, case when n % 3 = 0 then 0 else n end " + series,
		"insert into orders select 1, n % 50, n, 'api', 'k', 1, 0, 0, 'c', 'p', '', 'l' || n, n, n, case when n % 10 = 0 then 'PENDING' else 'SUCCESS' end, n % 100, n, 0, n, case when n % 10 = 0 then 1 else 0 end, 1, case when n % 7 = 0 then 0 else 1 end " + series,
		"insert into payment_links select 1, n % 50, n, 'l' || n, 1, 'p', n, case when n % 3 = 0 then 0 else n end " + series,
		"insert into members select n % 100, n, n " + series,
		"insert into handles select 1, n % 50, n, 'PAYMENT', 'ref ' || n, 't' || n, 0, 'c', 0, 1, 'COMPLETED', '', '', 0, 0, case when n % 10 = 0 then 'l' || n else '' end, '', '', 0, 0, case when n % 10 = 0 then 1 else 0 end, 1 " + series,
		"insert into operations select 1, n % 50, 'sale', n, 'ref ' || n, n, case when n % 10 = 0 then n - 1 else 0 end, 0, 1, 0, 1, 0, 0, case when n % 10 = 0 then n else 0 end, n, 0, 0, 'COMPLETED', '', '', '', 0, 1 " + series,
		"insert into mandates select 1, n % 50, 'c' || n, n, n % 1000, 0, 0, 0, -1, -1, 0, 0, 0, 1 " + series,
		"insert into consumers select 1, n % 50, n, 100000000 + n, '', 0, 0 " + series,
		"insert into customers select 1, n % 50, n, 'r' || n, '', '', 0, case when n % 10 = 0 then n else 0 end " + series,
		"insert into cursors select 1, 'c' || n, n " + series,
		"insert into events select 1, n, 'k', n, 1, '' " + series,
		"insert into postings select 1, case when n % 2 = 0 then 2 else n end, n, n, 'move', 1, 3, n, 1, 0, 'payment', n, 0, 0, 0, 0 " + series,
		"insert into entries select 1, n, 'issue', 2, 1, '', '', n " + series,
		"insert into spent select 1, case when n % 2 = 0 then 2 else n end, n, 1 " + series,
		"insert into once select 1, case when n % 2 = 0 then 2 else n end, 0, 'key ' || n, 'f', 200, '', '', n, 0 " + series,
		"insert into users select n, 1, 'u' || n, 'u' || n, '', '', '', 0 " + series,
		"insert into tokens select 'h' || n, n, n, 0, 1, '', 0, 0 " + series,
	} {
		run(t, url, text)
	}
}

// node is one step of a plan.
type node struct {
	Kind     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Filter   string `json:"Filter"`
	Plans    []node `json:"Plans"`

	// What came of it, where it was run.
	Rows  float64 `json:"Actual Rows"` // a loop
	Loops float64 `json:"Actual Loops"`
	Hits  float64 `json:"Shared Hit Blocks"` // with those of its children
	Reads float64 `json:"Shared Read Blocks"`
}

// keyed is what a statement compares with its arguments.
var keyed = regexp.MustCompile(`(\w+)(?: [+-] 0)? (?:=|<|>=) \$\d`)

func checkPlan(t *testing.T, conn *pgx.Conn, what, name string, st *statement) {
	t.Helper()
	plan := explain(t, conn, name, st)
	keys := keyed.FindAllStringSubmatch(afterWhere(st.text), -1)
	if st == updateHead {
		keys = nil // the table has one row a book, and is read whole as quickly
	}
	// Each of their two scans looks for keys of its own; checkPrefix judges them.
	two := st == listTold || st == loadWaiting
	if two {
		keys = nil
	}
	found := 0
	for _, n := range flat(plan) {
		switch n.Kind {
		case "Merge Append":
			if !two {
				t.Errorf("%s: its plan has a %s", what, n.Kind)
			}
		case "Aggregate":
			if !strings.Contains(name, "count") && name != "lastEvent" {
				t.Errorf("%s: its plan has a %s", what, n.Kind)
			}
		case "Function Scan", "Nested Loop", "ModifyTable", "Limit", "LockRows", "Result", "Subquery Scan", "ProjectSet":
		case "Index Scan", "Index Only Scan":
			found++
			checkPrefix(t, conn, what, n)
			for _, key := range keys {
				if !strings.Contains(n.Cond, key[1]+" ") {
					t.Errorf("%s: its scan of %s does not look for %s: condition %q, filter %q", what, n.Relation, key[1], n.Cond, n.Filter)
				}
			}
		default:
			t.Errorf("%s: its plan has a %s on %q", what, n.Kind, n.Relation)
		}
	}
	want := min(len(keys), 1)
	if two {
		want = 2
	}
	if found < want {
		t.Errorf("%s: its plan has %d index scans, want at least %d", what, found, want)
	}
}

// checkPrefix wants a scan to look for the first columns of its index: what it
// looks for behind a column that it does not know it looks for all along the index.
func checkPrefix(t *testing.T, conn *pgx.Conn, what string, n node) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `select pg_get_indexdef(indexrelid, k, true)
		from pg_index, generate_series(1, indnkeyatts) k where indexrelid = $1::text::regclass order by k`, n.Index)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(columns) == 0 {
		t.Fatal(columns, err)
	}
	known := true
	for _, column := range columns {
		equal := strings.Contains(n.Cond, "("+column+" = ")
		if !known && strings.Contains(n.Cond, "("+column+" ") {
			t.Errorf("%s: it looks all along the index %s (%s): %s", what, n.Index, strings.Join(columns, ", "), n.Cond)
		}
		known = known && equal
	}
}

func afterWhere(text string) string {
	if strings.HasPrefix(text, "insert") {
		return ""
	}
	_, where, _ := strings.Cut(text, "where")
	return where
}

func flat(n node) []node {
	all := []node{n}
	for _, child := range n.Plans {
		all = slices.Concat(all, flat(child))
	}
	return all
}

// explain asks for the plan that the session uses for a prepared statement.
func explain(t *testing.T, conn *pgx.Conn, name string, st *statement) node {
	t.Helper()
	d, err := conn.Prepare(t.Context(), name, st.lifted()) // again: to see its arguments
	if err != nil {
		t.Fatal(err)
	}
	samples := map[uint32]string{
		1016: "'{1,2}'::bigint[]", 1009: "'{open,b}'::text[]", 23: "2", 20: "2::bigint", 25: "'open'::text",
	}
	arguments := make([]string, len(d.ParamOIDs))
	for i, oid := range d.ParamOIDs {
		if arguments[i] = samples[oid]; arguments[i] == "" {
			t.Fatalf("%s: argument %d is of type %d", name, i+1, oid)
		}
	}
	return planned(t, conn, fmt.Sprintf(`explain (format json, costs off) execute %q(%s)`, name, strings.Join(arguments, ", ")))
}

// planned asks for a plan in JSON.
func planned(t *testing.T, conn *pgx.Conn, text string) node {
	t.Helper()
	var raw []byte
	if err := conn.QueryRow(t.Context(), text, pgx.QueryExecModeSimpleProtocol).Scan(&raw); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal(raw, &plans); err != nil || len(plans) != 1 {
		t.Fatalf("%s: %v, %s", text, err, raw)
	}
	return plans[0].Plan
}
