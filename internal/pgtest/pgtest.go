package pgtest

import (
	"context"
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

// template is the database that those of tests are copies of, where Main was told how
// to prepare one.
var template struct {
	prepare func(ctx context.Context, url string) error
	once    sync.Once
	server  string
	name    string
	err     error
}

// Database makes an empty database for a test, or one as Main was told to prepare it, tells its URL, and drops it when
// the test is over. Without PostgreSQL the test is skipped, unless
// PURSE_TEST_REQUIRE, a list with commas, contains "postgres": then it fails.
func Database(t testing.TB) string {
	t.Helper()
	server := os.Getenv("PURSE_TEST_POSTGRES")
	if server == "" {
		server = sharedServer(t)
	}
	if template.prepare != nil {
		template.once.Do(func() { template.err = makeTemplate(server) })
		if template.err != nil {
			t.Fatalf("prepare a database: %v", template.err)
		}
	}
	name, err := create(server, template.name)
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

// makeTemplate prepares the database that others are copies of.
func makeTemplate(server string) error {
	name, err := create(server, "")
	if err != nil {
		return err
	}
	template.server, template.name = server, name
	u, err := at(server, name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	return template.prepare(ctx, u)
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
//
// prepare, if there is one, is what every database of a test has gone through: it is
// done once, and copied, which is several times faster. It leaves no connection behind.
func Main(m *testing.M, prepare ...func(ctx context.Context, url string) error) {
	for _, p := range prepare {
		template.prepare = p
	}
	code := m.Run()
	if template.name != "" && shared.cluster == nil { // somebody else's server
		if err := drop(template.server, template.name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	if shared.cluster != nil {
		if err := shared.cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}
