package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver
)

// database is a connection that can only read.
type database struct {
	db   *sql.DB
	kind string
	pace float64

	working time.Time // since when it has not rested
}

func open(name string, pace float64) (*database, error) {
	d := &database{kind: "sqlite", pace: pace}
	if pace == 0 {
		d.pace = 1
	}
	var err error
	if strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://") {
		d.kind = "postgres"
		d.db, err = openPostgres(name)
	} else {
		d.db, err = openSQLite(name)
	}
	if err != nil {
		return nil, err
	}
	d.db.SetMaxOpenConns(1) // one reader is enough of a guest
	return d, nil
}

func openPostgres(name string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(name)
	if err != nil {
		return nil, errors.New("the database's URL is not valid") // err may hold a password
	}
	// Every statement is one range of an index. What the planner knows about a
	// young or fast-growing table may be so stale that it would rather read it
	// all, so it is left no other way, and looks at each statement anew.
	for setting, value := range map[string]string{
		"application_name":                "purse verify",
		"default_transaction_read_only":   "on",
		"plan_cache_mode":                 "force_custom_plan",
		"enable_seqscan":                  "off",
		"enable_bitmapscan":               "off",
		"enable_sort":                     "off",
		"max_parallel_workers_per_gather": "0",
		"jit":                             "off",
	} {
		config.RuntimeParams[setting] = value
	}
	return stdlib.OpenDB(*config), nil
}

func openSQLite(name string) (*sql.DB, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: url.Values{
		"mode":    {"ro"},
		"_pragma": {"busy_timeout(10000)", "query_only(1)"},
	}.Encode()}
	return sql.Open("sqlite", u.String())
}

func (d *database) close() error { return d.db.Close() }

// placed writes a statement's $1, $2 … as the database wants them.
func (d *database) placed(text string) string {
	if d.kind == "sqlite" {
		return strings.ReplaceAll(text, "$", "?")
	}
	return text
}

// rest sleeps as long as the pace demands for the work since the last rest.
func (d *database) rest(ctx context.Context) error {
	if d.pace < 1 && !d.working.IsZero() {
		worked := time.Since(d.working)
		t := time.NewTimer(time.Duration(float64(worked) * (1/d.pace - 1)))
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d.working = time.Now()
	return ctx.Err()
}

// read runs one statement, which is one short read of its own, and returns its
// rows. fields says where the columns of a row go.
func read[T any](ctx context.Context, d *database, text string, fields func(*T) []any, args ...any) (all []T, err error) {
	rows, err := d.db.QueryContext(ctx, d.placed(text), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var zero T
		all = append(all, zero)
		if err := rows.Scan(fields(&all[len(all)-1])...); err != nil {
			return nil, err
		}
	}
	return all, rows.Err()
}

// walk reads a table by its key, a chunk at a time. args are the statement's
// arguments, but for the last, which is the chunk's size, given the row after
// which the chunk begins; first is that row for the first chunk.
func walk[T any](ctx context.Context, a *auditor, text string, first T, fields, args func(*T) []any, visit func([]T) error) error {
	return walkBy(ctx, a, a.chunk, text, first, fields, args, visit)
}

// walkBy is walk with chunks of another size.
func walkBy[T any](ctx context.Context, a *auditor, chunk int, text string, first T, fields, args func(*T) []any, visit func([]T) error) error {
	after := first
	for {
		if err := a.db.rest(ctx); err != nil {
			return err
		}
		rows, err := read(ctx, a.db, text, fields, append(args(&after), chunk)...)
		if err != nil {
			return err
		}
		if err := visit(rows); err != nil {
			return err
		}
		if len(rows) < chunk {
			return nil
		}
		after = rows[len(rows)-1]
	}
}

// eachRow reads a table as walk does, and judges its rows one by one.
func eachRow[T any](ctx context.Context, a *auditor, text string, first T, fields, args func(*T) []any, judge func(*T)) error {
	return walk(ctx, a, text, first, fields, args, func(rows []T) error {
		for i := range rows {
			judge(&rows[i])
		}
		return nil
	})
}

// lookupKeys is how many keys one look-up names.
const lookupKeys = 500

// lookup finds the rows of many keys. text ends in "in "; the list follows. $1
// is the book.
func lookup[T any](ctx context.Context, a *auditor, text string, ids []int64, fields func(*T) []any) ([]T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	text += lookupList
	var all []T
	for len(ids) > 0 {
		n := min(len(ids), lookupKeys)
		args := make([]any, 1, lookupKeys+1)
		args[0] = a.book
		for i := range lookupKeys { // a short list is filled up, so that there is one statement
			args = append(args, ids[min(i, n-1)])
		}
		rows, err := read(ctx, a.db, text, fields, args...)
		if err != nil {
			return nil, err
		}
		all, ids = append(all, rows...), ids[n:]
	}
	return all, nil
}

var lookupList = func() string {
	places := make([]string, lookupKeys)
	for i := range places {
		places[i] = "$" + strconv.Itoa(i+2)
	}
	return fmt.Sprintf("(%s)", strings.Join(places, ", "))
}()
