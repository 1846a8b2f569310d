package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"purse"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteVersionMin is the first version without the WAL bug that can corrupt a
// database (reliability.md).
const sqliteVersionMin = "3.51.3"

// sqliteDSN asks for the durability that Open then asserts. Nothing is mapped
// into memory, so that a failing disk is an error and not a signal. The log is
// copied into the database after 40,000 pages (80 MB) rather than 1,000: a page
// that many payments touch is then copied once for all of them.
func sqliteDSN(path string, extra ...string) string {
	pragmas := append([]string{
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(5000)", "mmap_size(0)",
		"wal_autocheckpoint(40000)",
	}, extra...)
	q := url.Values{"_pragma": pragmas}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// sqlitePageBytes is the size of a new database's pages. A payment changes a page
// in each of a dozen trees, and the log takes whole pages.
const sqlitePageBytes = 2048

// sqliteApplicationID marks a database as purse's ("purs").
const sqliteApplicationID = 0x70757273

// shapeSQLite gives a database that is still empty the size of its pages, which
// the log fixes: by a connection without one, and by something to write.
func shapeSQLite(path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		return err
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + fmt.Sprintf("?_pragma=page_size(%d)", sqlitePageBytes)
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	_, err = db.Exec(fmt.Sprintf("pragma application_id = %d", sqliteApplicationID))
	return errors.Join(err, db.Close())
}

// assertSQLite refuses a database that would lose what it has acknowledged.
func assertSQLite(db *sql.DB) error {
	for _, want := range []struct{ pragma, value string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"mmap_size", "0"},
	} {
		var got string
		if err := db.QueryRow("pragma " + want.pragma).Scan(&got); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read %s: %w", want.pragma, err)
		} else if err == nil && got != want.value {
			return fmt.Errorf("SQLite has %s = %s and must have %s to be durable", want.pragma, got, want.value)
		}
	}
	var version string
	if err := db.QueryRow("select sqlite_version()").Scan(&version); err != nil {
		return err
	}
	if !versionAtLeast(version, sqliteVersionMin) {
		return fmt.Errorf("SQLite %s can corrupt a database; at least %s is needed", version, sqliteVersionMin)
	}
	return nil
}

func versionAtLeast(have, want string) bool {
	h, w := strings.Split(have, "."), strings.Split(want, ".")
	for i := range w {
		if i == len(h) {
			return false
		}
		a, _ := strconv.Atoi(h[i])
		b, _ := strconv.Atoi(w[i])
		if a != b {
			return a > b
		}
	}
	return true
}

// lockFile makes sure that one process has the database open: two writers
// would each believe that they know the head.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s is already open in another purse process", path)
	}
	return f, nil
}

// sqliteConn is the one connection that writes. It speaks to the driver
// directly: the pool of database/sql may run a statement twice, and its
// conversions cost as much as the statements.
type sqliteConn struct {
	mu    sync.Mutex // held by the writer whose transaction is open
	conn  driver.Conn
	stmts map[prepared]driver.Stmt
}

// prepared names a statement that was prepared for a number of rows.
type prepared struct {
	st   *statement
	rows int
}

// sqliteChunks are how many rows may share one run of a statement: a run has a
// price of its own, and so has each number of rows that is prepared for.
var sqliteChunks = []int{32, 8, 1}

// chunk is how many of the rows that are left go into the next run.
func chunk(left int) int {
	return sqliteChunks[slices.IndexFunc(sqliteChunks, func(size int) bool { return size <= left })]
}

func openSQLite(path string) (*sqliteConn, error) {
	conn, err := (&sqlite.Driver{}).Open(sqliteDSN(path, "cache_size(-65536)"))
	if err != nil {
		return nil, err
	}
	return &sqliteConn{conn: conn, stmts: map[prepared]driver.Stmt{}}, nil
}

// sqliteEngine is a writer's use of the connection.
type sqliteEngine struct {
	*sqliteConn
	open bool // a transaction of this engine is open, and the connection is its
	vals []driver.Value
	args []driver.NamedValue
}

var beginImmediate = &statement{"begin immediate", ""}

func (e *sqliteEngine) begin() *statement { return beginImmediate }
func (e *sqliteEngine) lock() *statement  { return loadHead } // begin immediate has locked everything
func (e *sqliteEngine) clock() *statement { return nil }

func (e *sqliteEngine) address(purse.BookID) *statement { return loadAddress }
func (e *sqliteEngine) close()                          {}

// exchange runs the steps one by one. It does not watch ctx: everything happens
// in this process and ends by itself, and watching costs a goroutine a row.
func (e *sqliteEngine) exchange(_ context.Context, x exchange) error {
	for i := range x {
		s := &x[i]
		if s.st == beginImmediate {
			e.mu.Lock()
			e.open = true
		}
		if err := e.step(s); err != nil {
			return err
		}
		if s.st == commit || s.st == rollback {
			e.open = false
			e.mu.Unlock()
		}
	}
	return nil
}

func (e *sqliteEngine) step(s *step) error {
	if s.args == nil {
		return e.run(s, 1, nil)
	}
	for at := 0; at < s.args.rows; {
		n := 1
		if s.st.together() {
			n = chunk(s.args.rows - at)
		}
		e.args = e.args[:0]
		for row := at; row < at+n; row++ {
			for i := range s.args.cols {
				e.args = append(e.args, driver.NamedValue{Ordinal: len(e.args) + 1, Value: s.args.cols[i].value(row)})
			}
		}
		if err := e.run(s, n, e.args); err != nil {
			return err
		}
		at += n
	}
	return nil
}

func (e *sqliteEngine) prepare(s *statement, rows int) (driver.Stmt, error) {
	if st := e.stmts[prepared{s, rows}]; st != nil {
		return st, nil
	}
	text := s.numbered()
	if s.together() {
		text = s.joined(rows)
	}
	st, err := e.conn.Prepare(text)
	if err != nil {
		return nil, err
	}
	e.stmts[prepared{s, rows}] = st
	return st, nil
}

// run runs a step's statement once, for n rows of arguments.
func (e *sqliteEngine) run(s *step, n int, args []driver.NamedValue) error {
	st, err := e.prepare(s.st, n)
	if err != nil {
		return err
	}
	if s.each == nil {
		result, err := st.(driver.StmtExecContext).ExecContext(context.Background(), args)
		if err != nil || !s.counted {
			return err
		}
		if got, err := result.RowsAffected(); err != nil || got != int64(n) {
			return errors.Join(err, miscount(s.st, got, int64(n)))
		}
		return nil
	}
	rows, err := st.(driver.StmtQueryContext).QueryContext(context.Background(), args)
	if err != nil {
		return err
	}
	defer rows.Close()
	if n := len(rows.Columns()); cap(e.vals) < n {
		e.vals = make([]driver.Value, n)
	}
	for {
		vals := e.vals[:len(rows.Columns())]
		if err := rows.Next(vals); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		s.each(&valueRow{vals: vals})
	}
}

// valueRow is a row as SQLite's driver gives it.
type valueRow struct {
	vals []driver.Value
	at   int
}

func (r *valueRow) int() int64 {
	v, _ := r.vals[r.at].(int64)
	r.at++
	return v
}

func (r *valueRow) text() string {
	v, _ := r.vals[r.at].(string)
	r.at++
	return v
}

func (e *sqliteEngine) reset() {
	if !e.open {
		return
	}
	// An error means that SQLite has ended the transaction itself, which is as well.
	_ = e.run(&step{st: rollback}, 1, nil)
	e.open = false
	e.mu.Unlock()
}

// gather does nothing: this goroutine does the database's work, and everybody
// else's can go on beside it.
func (e *sqliteEngine) gather() {}

func (e *sqliteEngine) judge(err error) verdict {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return culprit
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return transient
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return broken
	}
	return culprit
}
