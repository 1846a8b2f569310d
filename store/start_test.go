package store_test

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purse"
	"purse/internal/pgtest"
	"purse/store"

	"github.com/jackc/pgx/v5"
)

func options(mode purse.Mode) store.Options {
	return store.Options{Mode: mode, Currency: "USD", Migrate: true}
}

// TestPostgresThatMayLoseCommits: what a server loses in a crash a live network
// must not have acknowledged. A sandbox may run on anything but a replica.
func TestPostgresThatMayLoseCommits(t *testing.T) {
	t.Parallel()
	setting := func(t *testing.T, database, name string) (value string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), database)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(t.Context()) }()
		if err := conn.QueryRow(t.Context(), "select current_setting($1)", name).Scan(&value); err != nil {
			t.Fatal(err)
		}
		return value
	}
	refuses := func(t *testing.T, database, word string) {
		t.Helper()
		s, err := store.Open(t.Context(), database, options(purse.Live))
		if err == nil {
			s.Close()
			t.Errorf("a live network runs with %s off", word)
		} else if !strings.Contains(err.Error(), word) {
			t.Errorf("the message does not name %s: %v", word, err)
		}
	}
	accepts := func(t *testing.T, database string, mode purse.Mode) {
		t.Helper()
		s, err := store.Open(t.Context(), database, options(mode))
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	t.Run("FsyncOff", func(t *testing.T) {
		database := pgtest.Database(t)
		if setting(t, database, "fsync") == "on" {
			t.Skip("this server has it on")
		}
		refuses(t, database, "fsync")
		accepts(t, pgtest.Database(t), purse.Sandbox)
	})
	t.Run("SynchronousCommitOff", func(t *testing.T) {
		for _, value := range []string{"off", "local"} {
			database := durableDatabase(t)
			u, err := url.Parse(database)
			if err != nil {
				t.Fatal(err)
			}
			execute(t, database, "alter database "+strings.TrimPrefix(u.Path, "/")+" set synchronous_commit = "+value)
			refuses(t, database, "synchronous_commit")
		}
	})
	t.Run("TheServersOwnSettings", func(t *testing.T) { accepts(t, durableDatabase(t), purse.Live) })
}

func execute(t *testing.T, database, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// TestPostgresOutOfReach: an error must not show the password of the URL.
func TestPostgresOutOfReach(t *testing.T) {
	t.Parallel()
	for _, database := range []string{
		"postgres://purse:hunter2@127.0.0.1:1/purse?sslmode=disable&connect_timeout=1",
		"postgres://purse:hunter2@127.0.0.1:notaport/purse",
		"postgres://purse:hunter2@127.0.0.1:1/purse?sslmode=nonsense",
	} {
		s, err := store.Open(t.Context(), database, options(purse.Sandbox))
		if err == nil {
			s.Close()
			t.Fatal("it was opened")
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestSQLiteFileThatIsNotOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "purse.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := store.Open(t.Context(), path, options(purse.Sandbox)); err == nil {
		s.Close()
		t.Error("it was opened")
	}
	if s, err := store.Open(t.Context(), filepath.Join(path, "below", "it.db"), options(purse.Sandbox)); err == nil {
		s.Close()
		t.Error("a file below a file was opened")
	}
}

// TestSQLiteIsLive: SQLite brings the durability that a live network needs with
// it, in every file name.
func TestSQLiteIsLive(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a folder", "what? a #file%20 & more.db")
	s, err := store.Open(t.Context(), path, options(purse.Live))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the file has another name: %v", err)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var mode string
	if err := db.QueryRowContext(t.Context(), "pragma journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal mode %s, %v", mode, err)
	}
}

// TestOpenWithoutTime: a start that is called off leaves nothing open.
func TestOpenWithoutTime(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "purse.db")
	s, err := store.Open(gone, path, options(purse.Sandbox))
	if err == nil {
		s.Close()
		t.Fatal("it was opened")
	}
	if s, err = store.Open(t.Context(), path, options(purse.Sandbox)); err != nil {
		t.Fatalf("the failed start is in the way of the next: %v", err)
	}
	s.Close()
}
