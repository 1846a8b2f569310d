package pgtest_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"purse/internal/pgtest"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) {
	if os.Getenv("PGTEST_ORPHAN") != "" {
		orphan()
	}
	pgtest.Main(m)
}

func value(t *testing.T, url, query string) (v string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), query).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDatabaseIsFresh(t *testing.T) {
	a, b := pgtest.Database(t), pgtest.Database(t)
	if a == b {
		t.Fatalf("both databases are %s", a)
	}
	if n := value(t, a, "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'"); n != "0" {
		t.Errorf("a new database has %s tables", n)
	}
	if v := value(t, a, "SHOW server_encoding"); v != "UTF8" {
		t.Errorf("encoding %s", v)
	}
}

func start(t *testing.T, o pgtest.Options) (*pgtest.Cluster, string) {
	t.Helper()
	c, err := pgtest.Start(o)
	if errors.Is(err, pgtest.ErrNoPostgres) {
		pgtest.Database(t) // skips, or fails where PostgreSQL is required
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	url, err := c.Database()
	if err != nil {
		t.Fatal(err)
	}
	return c, url
}

func TestDataOutlivesRestart(t *testing.T) {
	c, url := start(t, pgtest.Options{Durable: true, Settings: map[string]string{"work_mem": "5MB"}})
	if v := value(t, url, "SHOW fsync"); v != "on" {
		t.Errorf("a durable cluster has fsync %s", v)
	}
	if v := value(t, url, "SHOW work_mem"); v != "5MB" {
		t.Errorf("work_mem is %s", v)
	}
	if conn, err := pgx.Connect(t.Context(), url); err != nil {
		t.Fatal(err)
	} else if _, err = conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 'yes' AS v"); err != nil {
		t.Fatal(err)
	} else {
		_ = conn.Close(t.Context())
	}
	for what, again := range map[string]func() error{"restart": c.Restart, "crash": c.Crash} {
		if err := again(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if v := value(t, url, "SELECT v FROM kept"); v != "yes" {
			t.Errorf("after a %s: %q", what, v)
		}
	}
}

func TestBadSettingIsTold(t *testing.T) {
	c, err := pgtest.Start(pgtest.Options{Settings: map[string]string{"no_such_setting": "1"}})
	if errors.Is(err, pgtest.ErrNoPostgres) {
		t.Skip(err)
	}
	if err == nil {
		_ = c.Stop()
		t.Fatal("a server started with a setting that does not exist")
	}
	if !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("the error does not tell the log: %v", err)
	}
}

// orphan is the other process of TestKilledTestLeavesNothing.
func orphan() {
	if _, err := pgtest.Start(pgtest.Options{}); err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString("started\n")
	select {}
}

func TestKilledTestLeavesNothing(t *testing.T) {
	pgtest.Database(t) // skips without PostgreSQL
	if os.Getenv("PURSE_TEST_POSTGRES") != "" {
		t.Skip("PostgreSQL may not be installed here.")
	}
	temp := t.TempDir()
	// The server's user must reach it; t.TempDir keeps both levels to itself.
	for _, dir := range []string{filepath.Dir(temp), temp} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(temp, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PGTEST_ORPHAN=1", "TMPDIR="+temp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	left, tries := []string{"?"}, time.NewTicker(20*time.Millisecond)
	defer tries.Stop()
	for range 1500 {
		if left, err = filepath.Glob(filepath.Join(temp, "*")); err != nil || len(left) == 0 {
			return
		}
		<-tries.C
	}
	t.Errorf("left behind: %v", left)
}
