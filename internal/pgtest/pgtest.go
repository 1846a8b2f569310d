package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// shared is the cluster of this test binary, started when it is first needed.
var shared struct {
	once    sync.Once
	cluster *Cluster
	err     error
}

// Database makes an empty database for a test, tells its URL, and drops it when
// the test is over. Without PostgreSQL the test is skipped, unless
// PURSE_TEST_REQUIRE, a list with commas, contains "postgres": then it fails.
func Database(t testing.TB) string {
	t.Helper()
	server := os.Getenv("PURSE_TEST_POSTGRES")
	if server == "" {
		server = sharedServer(t)
	}
	name, err := create(server)
	if err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		if err := drop(server, name); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	u, err := at(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func sharedServer(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = Start(Options{}) })
	switch {
	case errors.Is(shared.err, ErrNoPostgres) && !required():
		t.Skip("PostgreSQL is not installed here, and PURSE_TEST_POSTGRES names no server.")
	case shared.err != nil:
		t.Fatal(shared.err)
	}
	return shared.cluster.url("postgres")
}

func required() bool {
	return slices.Contains(strings.Split(os.Getenv("PURSE_TEST_REQUIRE"), ","), "postgres")
}

// at is the URL of another database of the same server.
func at(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("PURSE_TEST_POSTGRES: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// Main runs the tests of a package and stops the shared cluster before it
// exits. A package without it leaves that to the end of the process.
func Main(m *testing.M) {
	code := m.Run()
	if shared.cluster != nil {
		if err := shared.cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}
