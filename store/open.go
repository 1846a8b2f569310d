package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"purse"

	_ "github.com/jackc/pgx/v5/stdlib" // goose speaks database/sql
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// sqliteReaders is how many connections serve plain reads.
const sqliteReaders = 4

func (s *Store) openSQLite(ctx context.Context, path string) (func() (engine, error), error) {
	if s.options.Mode == "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no network at %s", path)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	lock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	// SQLite would let everybody on the machine read it.
	file, err := os.OpenFile(path, os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() { lock.Close() })
	if err := shapeSQLite(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(sqliteReaders)
	db.SetMaxIdleConns(sqliteReaders)
	s.closers = append(s.closers, func() { db.Close() })
	if err := assertSQLite(db); err != nil {
		return nil, err
	}
	if s.options.Migrate {
		if err := migrate(ctx, goose.DialectSQLite3, db); err != nil {
			return nil, err
		}
	}
	conn, err := openSQLite(path)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() { conn.conn.Close() })
	s.reader = newSQLiteReader(db)
	newEngine := func() (engine, error) { return &sqliteEngine{sqliteConn: conn}, nil }
	return newEngine, s.found(ctx, newEngine)
}

func (s *Store) openPostgres(ctx context.Context, url string) (func() (engine, error), error) {
	pool, err := openReaders(ctx, url)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, pool.Close)
	if s.options.Migrate {
		if err := MigratePostgres(ctx, url); err != nil {
			return nil, err
		}
	}
	s.reader = newPostgresReader(pool)
	newEngine := func() (engine, error) { return newPostgresEngine(url, s.options.Serializable) }
	if err := s.found(ctx, newEngine); err != nil {
		return nil, err
	}
	b, err := s.Book(ctx, purse.MainBook)
	if err != nil {
		return nil, err
	}
	return newEngine, assertPostgres(ctx, pool, b.Mode == purse.Live)
}

// MigratePostgres brings the schema of a PostgreSQL database to that of this program. It
// makes no network in it.
func MigratePostgres(ctx context.Context, url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return errors.New("the database's URL is not valid")
	}
	defer db.Close()
	return migrate(ctx, goose.DialectPostgres, db)
}

// migrateTries is how often servers that start together may get into each
// other's way; each statement of a migration may run twice.
const migrateTries = 5

func migrate(ctx context.Context, d goose.Dialect, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(d, db, files)
	if err != nil {
		return err
	}
	for range migrateTries {
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("migrate: %w", err)
}

// foundTries is how often that is tried: servers that start together get into each
// other's way, and a busy database may not answer in time.
const foundTries = 5

// found creates the network's rows if they are not there, and checks that the
// network is the one that was asked for.
func (s *Store) found(ctx context.Context, newEngine func() (engine, error)) error {
	b, err := s.Book(ctx, purse.MainBook)
	for try := 0; purse.CodeOf(err) == purse.CodeNotFound && s.options.Mode != "" && try < foundTries; try++ {
		failure := s.create(ctx, newEngine)
		if b, err = s.Book(ctx, purse.MainBook); err != nil {
			err = errors.Join(failure, err)
			backoff(try)
		}
	}
	switch o := s.options; {
	case err != nil:
		return fmt.Errorf("this is not a database of purse: %w", err)
	case o.Mode != "" && b.Mode != o.Mode:
		return fmt.Errorf("this is a %s network, not a %s one; what a network is for is fixed when it is created", b.Mode, o.Mode)
	case o.Mode != "" && b.Currency != o.Currency:
		return fmt.Errorf("this network's currency is %s, not %s", b.Currency, o.Currency)
	}
	return nil
}

// create writes the rows of a new network, unless another server has been first:
// whether they are there is looked at next.
func (s *Store) create(ctx context.Context, newEngine func() (engine, error)) error {
	e, err := newEngine()
	if err != nil {
		return err
	}
	defer e.close()
	x := exchange{{st: e.begin()}}
	for _, book := range []purse.BookID{purse.Directory, purse.MainBook} {
		a := newArgs(insertHead).int(int64(book)).text(string(s.options.Mode)).text(string(s.options.Currency))
		packHead(purse.Book{Limits: purse.DefaultLimits, Terms: purse.DefaultTerms}, purse.Epoch, a)
		x = append(x, step{st: insertHead, args: a})
	}
	a := newArgs(insertAccount)
	for id, kind := range purse.OwnAccounts {
		account := purse.Account{Kind: kind}
		account.ID, account.Currency, account.MayOverdraw = id, s.options.Currency, kind == purse.Treasury
		packAccount(purse.MainBook, account, a)
	}
	x = append(x, step{st: insertAccount, args: a}, step{st: commit})
	err = e.exchange(ctx, x)
	if err != nil {
		e.reset()
	}
	return err
}
