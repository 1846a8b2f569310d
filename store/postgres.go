package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"time"

	"purse"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// writerSettings bound how long a writer's session may hold a book's head, so
// that a stopped server stops nobody for long.
var writerSettings = map[string]string{
	"application_name":                    "purse writer",
	"idle_in_transaction_session_timeout": "2s",
	"lock_timeout":                        "5s",
	"statement_timeout":                   "10s",
	"tcp_user_timeout":                    "5s",
}

// readerSettings keep reads from changing anything, and from holding one
// snapshot for long, which would bloat the head's row.
var readerSettings = map[string]string{
	"application_name":              "purse reader",
	"default_transaction_read_only": "on",
	"statement_timeout":             "2s",
	"tcp_user_timeout":              "5s",
}

// plannerSettings leave the planner only index look-ups and nested loops: a plan
// made while a table was young must not scan it once it is old.
var plannerSettings = map[string]string{
	"enable_seqscan":    "off",
	"enable_bitmapscan": "off",
	"enable_hashjoin":   "off",
	"enable_mergejoin":  "off",
	"enable_material":   "off",
	"enable_memoize":    "off",
	"plan_cache_mode":   "force_generic_plan",
	"jit":               "off",
}

// readersMax is how many connections serve plain reads.
const readersMax = 8

func openReaders(ctx context.Context, url string) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database's URL is not valid") // the error would show its password
	}
	c.MaxConns = readersMax
	maps.Copy(c.ConnConfig.RuntimeParams, readerSettings)
	maps.Copy(c.ConnConfig.RuntimeParams, plannerSettings)
	return pgxpool.NewWithConfig(ctx, c)
}

// assertPostgres refuses a server that would lose what it has acknowledged.
// Outside a live network only a replica is refused.
func assertPostgres(ctx context.Context, pool *pgxpool.Pool, live bool) error {
	var version int
	var fsync, pages, commits string
	var replica bool
	err := pool.QueryRow(ctx, `select current_setting('server_version_num')::int, current_setting('fsync'),
		current_setting('full_page_writes'), current_setting('synchronous_commit'), pg_is_in_recovery()`).
		Scan(&version, &fsync, &pages, &commits, &replica)
	switch {
	case err != nil:
		return err
	case version < 150000:
		return fmt.Errorf("PostgreSQL 15 or newer is needed")
	case replica:
		return errors.New("this PostgreSQL is a replica; purse needs the primary")
	case live && (fsync != "on" || pages != "on"):
		return fmt.Errorf("PostgreSQL has fsync = %s and full_page_writes = %s; a live network needs both on", fsync, pages)
	case live && commits != "on" && commits != "remote_apply":
		return fmt.Errorf("PostgreSQL has synchronous_commit = %s; a live network needs at least on", commits)
	}
	return nil
}

// postgresEngine is a writer's own session.
type postgresEngine struct {
	config *pgx.ConnConfig
	start  *statement
	conn   *pgconn.PgConn
	names  map[*statement]string // prepared on conn
}

var (
	beginCommitted    = &statement{"begin isolation level read committed", ""}
	beginSerializable = &statement{"begin isolation level serializable", ""}
	// The database's clock, so that all servers agree, read under the lock.
	databaseClock = &statement{"select (extract(epoch from clock_timestamp()) * 1000000)::bigint", ""}
)

func newPostgresEngine(url string, serializable bool) (*postgresEngine, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database's URL is not valid")
	}
	maps.Copy(c.RuntimeParams, writerSettings)
	maps.Copy(c.RuntimeParams, plannerSettings)
	c.ConnectTimeout = 5 * time.Second
	e := &postgresEngine{config: c, start: beginCommitted}
	if serializable {
		e.start = beginSerializable
	}
	return e, nil
}

func (e *postgresEngine) begin() *statement { return e.start }
func (e *postgresEngine) lock() *statement  { return lockHead }
func (e *postgresEngine) clock() *statement { return databaseClock }

func (e *postgresEngine) address(book purse.BookID) *statement {
	if book == purse.Directory {
		return lockAddress
	}
	return shareAddress
}

func (e *postgresEngine) close() {
	if e.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		e.conn.Close(ctx)
		e.conn = nil
	}
}

// exchange sends all steps in one pipeline and reads all answers.
func (e *postgresEngine) exchange(ctx context.Context, x exchange) error {
	if err := e.connect(ctx, x[0].st == e.start); err != nil {
		return err
	}
	if err := e.prepare(ctx, x); err != nil {
		return err
	}
	p := e.conn.StartPipeline(ctx)
	binaryRows := []int16{pgx.BinaryFormatCode}
	for _, s := range x {
		p.SendQueryPrepared(e.names[s.st], e.encode(s.args), binaryFormats(s.args), binaryRows)
	}
	if err := p.Sync(); err != nil {
		return errors.Join(err, p.Close())
	}
	// A count is known only after the commit that was sent with it; the caller
	// treats a wrong one as the damage that it is.
	var wrong error
	for i := range x {
		if err := readResult(p, &x[i], &wrong); err != nil {
			return errors.Join(err, p.Close())
		}
	}
	return errors.Join(p.Close(), wrong)
}

func readResult(p *pgconn.Pipeline, s *step, wrong *error) error {
	results, err := p.GetResults()
	if err != nil {
		return err
	}
	rr, ok := results.(*pgconn.ResultReader)
	if !ok {
		return fmt.Errorf("store: unexpected %T in a pipeline", results)
	}
	for rr.NextRow() {
		if s.each != nil {
			s.each(&binaryRow{vals: rr.Values()})
		}
	}
	tag, err := rr.Close()
	if err != nil {
		return err
	}
	if s.counted && tag.RowsAffected() != int64(s.args.rows) && *wrong == nil {
		*wrong = miscount(s.st, tag.RowsAffected(), int64(s.args.rows))
	}
	return nil
}

// errSession means that the session has ended with the transaction in it. To go
// on in another would be to commit without the lock.
var errSession = errors.New("store: the session ended in the middle of a transaction")

// connect makes sure that there is a session, but only at the beginning of a
// transaction.
func (e *postgresEngine) connect(ctx context.Context, begins bool) error {
	if e.conn != nil && !e.conn.IsClosed() {
		return nil
	}
	if !begins {
		return errSession
	}
	conn, err := pgconn.ConnectConfig(ctx, &e.config.Config)
	if err != nil {
		return err
	}
	e.conn, e.names = conn, map[*statement]string{}
	return nil
}

// prepare makes sure that the session knows the statements, each once.
func (e *postgresEngine) prepare(ctx context.Context, x exchange) error {
	for _, s := range x {
		if _, ok := e.names[s.st]; ok {
			continue
		}
		name := fmt.Sprintf("s%d", len(e.names))
		if _, err := e.conn.Prepare(ctx, name, s.st.lifted(), nil); err != nil {
			return fmt.Errorf("prepare %.40q: %w", s.st.text, err)
		}
		e.names[s.st] = name
	}
	return nil
}

func (e *postgresEngine) reset() {
	if e.conn == nil || e.conn.IsClosed() {
		return
	}
	if e.conn.TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), exchangeTimeout)
	defer cancel()
	if _, err := e.conn.Exec(ctx, "rollback").ReadAll(); err != nil {
		e.conn.Close(ctx)
	}
}

// gather lets those run first who can: a batch has a price of its own in the
// database, and this goroutine has only waited for it.
func (e *postgresEngine) gather() { runtime.Gosched() }

// judge goes by SQLSTATE, and takes everything else for a lost connection.
func (e *postgresEngine) judge(err error) verdict {
	var pe *pgconn.PgError
	if !errors.As(err, &pe) {
		return lost
	}
	switch {
	case pe.Code == "58030" || pe.Code == "XX001" || pe.Code == "XX002": // io_error, data_corrupted, index_corrupted
		return broken
	case pe.Severity == "FATAL" || pe.Severity == "PANIC":
		return lost // the session has ended, perhaps after the commit
	}
	switch pe.Code {
	case "40001", "40P01", "57P01", "57P02", "57P03", "25P03", "25006", "53100", "53200", "53300", "55P03", "57014", "25P02":
		return transient
	}
	if strings.HasPrefix(pe.Code, "08") {
		return lost
	}
	return culprit
}

// The binary formats of the two array types, and of the two types that rows are
// made of. See "Binary format" in src/backend/utils/adt/arrayfuncs.c.
const (
	oidInt8 = 20
	oidText = 25
)

// encode writes each column of arguments as one array, and how many rows there are.
func (e *postgresEngine) encode(a *args) [][]byte {
	if a == nil {
		return nil
	}
	params := make([][]byte, len(a.cols)+1)
	params[len(a.cols)] = binary.BigEndian.AppendUint32(nil, uint32(a.rows))
	for i := range a.cols {
		b := make([]byte, 0, arraySize(&a.cols[i], a.rows))
		params[i] = appendArray(b, &a.cols[i], a.kinds[i] == 'i', a.rows)
	}
	return params
}

func arraySize(c *column, rows int) int {
	size := 20 + 12*rows
	for _, t := range c.texts {
		size += len(t)
	}
	return size
}

func appendArray(b []byte, c *column, ints bool, rows int) []byte {
	oid := uint32(oidText)
	if ints {
		oid = oidInt8
	}
	for _, v := range [...]uint32{1, 0, oid, uint32(rows), 1} { // dimensions, has nulls, type, length, lower bound
		b = binary.BigEndian.AppendUint32(b, v)
	}
	for _, v := range c.ints {
		b = binary.BigEndian.AppendUint32(b, 8)
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	for _, v := range c.texts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
	}
	return b
}

func binaryFormats(a *args) []int16 {
	if a == nil {
		return nil
	}
	return []int16{pgx.BinaryFormatCode}
}

// binaryRow is a row as PostgreSQL sends it.
type binaryRow struct {
	vals [][]byte
	at   int
}

func (r *binaryRow) int() int64 {
	v := r.vals[r.at]
	r.at++
	return int64(binary.BigEndian.Uint64(v))
}

func (r *binaryRow) text() string {
	v := r.vals[r.at]
	r.at++
	return string(v)
}
