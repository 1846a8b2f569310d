package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"purse/internal/pgtest"

	"github.com/jackc/pgx/v5"
)

// orderList is a text that lists what shops have, and the most that it may read.
type orderList struct {
	st        *statement
	arguments []any
	most      float64 // rows
}

// orderLists are of a merchant, a payer and a book that have many times as much.
func orderLists() map[string]orderList {
	return map[string]orderList{
		"orders":                  {listOrders, []any{1, 7, 20}, 20},
		"orders of a period":      {listOrdersMade, []any{1, 7, 100, 15_000, 20}, 20},
		"orders paid":             {listOrdersPaidBy, []any{1, 3, 15_000, 20}, 20},
		"orders of nobody's":      {listOrdersPaidBy, []any{1, 0, 15_000, 20}, 0},
		"overdue orders":          {listOverdueOrders, []any{1, 15_000, 20}, 20},
		"payment links":           {listPaymentLinksOf, []any{1, 7}, 200}, // every second one is closed
		"members":                 {listMembersOf, []any{7}, 100},
		"memberships":             {listMembershipsOf, []any{3}, 100},
		"an order that is linked": {loadOrderLinked, []any{"'l77'"}, 1},
		"an order that is paid":   {loadOrderPaidBy, []any{1, 3, 1003}, 1},
		"a link that is linked":   {loadPaymentLinked, []any{"'l77'"}, 1},
	}
}

// ordered adds rows to the tables of orders. It runs on both databases.
func ordered(from, to int) []string {
	series := fmt.Sprintf("with recursive s(n) as (select %d union all select n + 1 from s where n < %d) ", from, to)
	return []string{
		"insert into orders " + series + `select 1, n % 20, n, 'api', 'k', 1, 0, 0, 'c', 'p', '', 'l' || n, n, n,
			case when n % 10 = 5 then 'PENDING' else 'SUCCESS' end, case when n % 10 = 5 then 0 else n % 10 end, n, 0, n, case when n % 10 = 5 then 1 else 0 end, 1, case when n % 7 = 0 then 0 else 1 end from s`,
		"insert into payment_links " + series + "select 1, n % 20, n, 'l' || n, 1, 'p', n, n / 20 % 2 from s",
		"insert into members " + series + "select n % 20, n, n from s",
		"insert into members " + series + "select 1000 + n, n % 10, n from s",
	}
}

const orderedMost = 20_000

// TestOrdersAreLookedUp: on PostgreSQL a list of orders, payment links or members reads
// no more rows than it tells, whatever the tables hold and whenever it was prepared.
func TestOrdersAreLookedUp(t *testing.T) {
	url := pgtest.Database(t)
	migrated(t, url)
	young := readerSession(t, url)
	prepare := func(conn *pgx.Conn) {
		for name, l := range orderLists() {
			if _, err := conn.Prepare(t.Context(), l.st.text, l.st.text); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	prepare(young)
	for _, text := range ordered(1, orderedMost) {
		run(t, url, text)
	}
	for _, state := range []string{"not analyzed", "analyzed"} {
		if state == "analyzed" {
			run(t, url, "analyze")
		}
		fresh := readerSession(t, url)
		prepare(fresh)
		for session, conn := range map[string]*pgx.Conn{"old": young, "new": fresh} {
			for name, l := range orderLists() {
				checkOrderList(t, conn, fmt.Sprintf("%s, %s session: %s", state, session, name), l)
			}
		}
	}
}

func checkOrderList(t *testing.T, conn *pgx.Conn, what string, l orderList) {
	t.Helper()
	prepared, err := conn.Prepare(t.Context(), l.st.text, l.st.text) // again: to see its name
	if err != nil {
		t.Fatal(err)
	}
	literals := strings.Trim(strings.ReplaceAll(fmt.Sprint(l.arguments), " ", ", "), "[]")
	plan := planned(t, conn, fmt.Sprintf(`explain (analyze, buffers, costs off, timing off, format json) execute "%s"(%s)`, prepared.Name, literals))
	rows := 0.0
	for _, n := range flat(plan) {
		switch n.Kind {
		case "Limit", "Result":
		case "Index Scan", "Index Only Scan":
			checkPrefix(t, conn, what, n)
			rows += n.Rows * n.Loops
			if n.Filter != "" && !strings.Contains(n.Filter, "closed") {
				t.Errorf("%s: it leaves rows out that it has read: %s", what, n.Filter)
			}
		default:
			t.Errorf("%s: its plan has a %s on %q", what, n.Kind, n.Relation)
		}
	}
	if rows > l.most {
		t.Errorf("%s: it reads %.0f rows, want at most %.0f", what, rows, l.most)
	}
	// Each row of a table may be in a block of its own, and an index has three levels.
	if blocks, most := plan.Hits+plan.Reads, 2*l.most+20; blocks > most {
		t.Errorf("%s: it looks at %.0f blocks, want at most %.0f", what, blocks, most)
	}
}

// TestOrdersAreLookedUpOnSQLite: here too every list is a range of an index, in its order.
func TestOrdersAreLookedUpOnSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "purse.db")
	migrated(t, path)
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	good := regexp.MustCompile(`^SEARCH \w+ USING (COVERING )?(INDEX \w+|PRIMARY KEY) \(.*\)$`)
	at := func(when string) {
		t.Helper()
		for name, l := range orderLists() {
			rows, err := db.QueryContext(t.Context(), "explain query plan "+l.st.numbered(), l.arguments...)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for rows.Next() {
				var id, parent, unused int
				var step string
				if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
					t.Fatal(err)
				}
				if !good.MatchString(step) {
					t.Errorf("%s: %s: %s", when, name, step)
				}
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			_ = rows.Close()
		}
	}
	at("empty tables")
	for _, text := range ordered(1, orderedMost) {
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
