package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

// sqliteReader reads through database/sql: a read that runs twice does no harm.
// It prepares each statement once for each connection.
type sqliteReader struct {
	db    *sql.DB
	texts *lists

	mu       sync.Mutex
	prepared map[string]*sql.Stmt // by text
}

func newSQLiteReader(db *sql.DB) *sqliteReader {
	// A cross join keeps SQLite from going through all payments, for each whether
	// it is on the page.
	return &sqliteReader{db: db, prepared: map[string]*sql.Stmt{},
		texts: newLists("cross join payments p where p.book = $1 and p.id = page.id")}
}

func (r *sqliteReader) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if st := r.prepared[text]; st != nil {
		return st, nil
	}
	st, err := r.db.PrepareContext(ctx, text)
	if err == nil {
		r.prepared[text] = st
	}
	return st, err
}

func (r *sqliteReader) read(ctx context.Context, s *statement, each func(row), arguments ...any) error {
	return r.run(ctx, s.numbered(), each, arguments)
}

// readAll takes the rows of arguments in the same chunks as the writer.
func (r *sqliteReader) readAll(ctx context.Context, s *statement, a *args, each func(row)) error {
	for at := 0; at < a.rows; {
		n := chunk(a.rows - at)
		var arguments []any
		for row := at; row < at+n; row++ {
			for i := range a.cols {
				arguments = append(arguments, a.cols[i].value(row))
			}
		}
		if err := r.run(ctx, s.joined(n), each, arguments); err != nil {
			return err
		}
		at += n
	}
	return nil
}

func (r *sqliteReader) run(ctx context.Context, text string, each func(row), arguments []any) error {
	st, err := r.prepare(ctx, text)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	vals, dest := make([]driver.Value, len(columns)), make([]any, len(columns))
	for i := range vals {
		dest[i] = &vals[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		each(&valueRow{vals: vals})
	}
	return rows.Err()
}

func (r *sqliteReader) lists() *lists { return r.texts }

func (r *sqliteReader) clock() string { return "cast(unixepoch('subsec') * 1000000 as integer)" }

// postgresReader reads through the pool.
type postgresReader struct {
	pool  *pgxpool.Pool
	texts *lists
}

func newPostgresReader(pool *pgxpool.Pool) *postgresReader {
	// "offset 0" for the reason that statement.lifted gives.
	return &postgresReader{pool,
		newLists("cross join lateral (select * from payments where book = $1 and id = page.id offset 0) p")}
}

func (r *postgresReader) lists() *lists { return r.texts }

func (r *postgresReader) read(ctx context.Context, s *statement, each func(row), arguments ...any) error {
	return r.run(ctx, s.text, each, arguments)
}

func (r *postgresReader) readAll(ctx context.Context, s *statement, a *args, each func(row)) error {
	var arguments []any
	for i := range a.cols {
		if c := &a.cols[i]; c.ints != nil {
			arguments = append(arguments, c.ints)
		} else {
			arguments = append(arguments, c.texts)
		}
	}
	return r.run(ctx, s.lifted(), each, append(arguments, a.rows))
}

func (r *postgresReader) run(ctx context.Context, text string, each func(row), arguments []any) error {
	rows, err := r.pool.Query(ctx, text, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		each(&binaryRow{vals: rows.RawValues()})
	}
	return rows.Err()
}

func (r *postgresReader) clock() string {
	return "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
}
