// Package pgtest makes throw-away PostgreSQL servers for tests and
// measurements.
//
// Database hands a test a fresh, empty database: on the server that
// PURSE_TEST_POSTGRES names (a postgres:// URL where databases may be created),
// else on a cluster of its own that all tests of a binary share. Start makes a
// cluster for a test that stops, restarts or measures it.
//
// What it promises: a cluster listens on 127.0.0.1 only, belongs to one
// process, and ends with it, however that process ends; its folder goes too. It
// needs PostgreSQL's programs, not an installed or running server, and works as
// root, for which PostgreSQL itself refuses to run. Anybody on the machine may
// connect without a password, so it is no place for data.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options say what kind of cluster is wanted. The zero Options are for tests.
type Options struct {
	Durable  bool              // true: PostgreSQL's own settings; false: a crash of the machine may lose everything, which is several times faster
	Settings map[string]string // further settings, which win over all others
}

// Cluster is a running PostgreSQL server. Its methods but Database are for one
// caller at a time.
type Cluster struct {
	bin      string // folder of the programs
	dir      string // everything of ours
	port     int
	settings map[string]string
	owner    owner

	postgres *os.Process
	exited   chan struct{} // closed when postgres has ended
	janitor  *janitor
}

// owner is the user as whom the programs run.
type owner struct {
	switched bool // false: as ourselves
	uid, gid int
}

const (
	initTimeout  = 2 * time.Minute
	readyTimeout = time.Minute
	stopTimeout  = time.Minute
	portTries    = 5
)

// ErrNoPostgres says that the programs of PostgreSQL were not found.
var ErrNoPostgres = errors.New("pgtest: initdb, pg_ctl and postgres are neither on PATH nor under /usr/lib/postgresql")

// Start makes a cluster and waits until it accepts connections. The caller
// stops it; it also stops when this process ends.
func Start(o Options) (*Cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, settings: settings(o)}
	if c.owner, err = ownerOf(); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "purse-pgtest-"); err != nil {
		return nil, err
	}
	if err := c.start(); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func settings(o Options) map[string]string {
	s := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "",
		"max_connections":         "100",
		"logging_collector":       "off",
	}
	if !o.Durable {
		s["fsync"] = "off"
		s["full_page_writes"] = "off"
	}
	maps.Copy(s, o.Settings)
	return s
}

func (c *Cluster) start() error {
	if c.owner.switched {
		if err := os.Chown(c.dir, c.owner.uid, c.owner.gid); err != nil {
			return err
		}
	}
	var err error
	if c.janitor, err = hire(c); err != nil {
		return err
	}
	if err := c.initdb(); err != nil {
		return err
	}
	// Between our finding a free port and the server's taking it somebody else
	// may take it: then another one is tried.
	for range portTries {
		if c.port, err = freePort(); err != nil {
			return err
		}
		if err = c.launch(); err == nil || !strings.Contains(err.Error(), "could not bind") {
			return err
		}
	}
	return err
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) log() string { return filepath.Join(c.dir, "log") }

func (c *Cluster) initdb() error {
	ctx, cancel := context.WithTimeout(context.Background(), initTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"), "--pgdata="+c.data(),
		"--auth=trust", "--no-sync", "--username=purse", "--encoding=UTF8", "--locale=C")
	cmd.Dir = c.dir // where the owner may be; our own folder may be closed to it
	cmd.SysProcAttr = c.owner.attributes(false)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w: %s", err, tail(out))
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// launch starts the server and waits until it accepts connections.
func (c *Cluster) launch() error {
	log, err := os.Create(c.log())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own descriptor
	args := []string{"-D", c.data(), "-p", fmt.Sprint(c.port)}
	for _, name := range slices.Sorted(maps.Keys(c.settings)) {
		args = append(args, "-c", name+"="+c.settings[name])
	}
	cmd := exec.Command(filepath.Join(c.bin, "postgres"), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, log, log
	cmd.SysProcAttr = c.owner.attributes(true)

	started := make(chan error)
	exited := make(chan struct{})
	go func() {
		// The kernel ends the server when the thread that started it ends, so
		// that thread must stay as long as the server does.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
			close(exited)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	c.postgres, c.exited = cmd.Process, exited
	return c.ready()
}

// ready waits until the server accepts connections.
func (c *Cluster) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-again.C:
		case <-c.exited:
			return c.failed(errors.New("the server ended"))
		case <-ctx.Done():
			return c.failed(err)
		}
	}
}

// failed adds what the server said last to the error of a start.
func (c *Cluster) failed(err error) error {
	said, _ := os.ReadFile(c.log())
	return fmt.Errorf("pgtest: start: %w: %s", err, tail(said))
}

func tail(out []byte) string {
	const most = 2000
	if len(out) > most {
		out = out[len(out)-most:]
	}
	return strings.TrimSpace(string(out))
}

// end signals the server and waits until it is gone.
func (c *Cluster) end(how syscall.Signal) error {
	if c.postgres == nil {
		return nil
	}
	select {
	case <-c.exited:
		return nil // its number may be somebody else's by now
	default:
	}
	if err := c.postgres.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	late := time.NewTimer(stopTimeout)
	defer late.Stop()
	select {
	case <-c.exited:
		return nil
	case <-late.C:
		return errors.New("pgtest: the server does not stop")
	}
}

// Stop ends the server at once, as a crash would, and removes its folder.
func (c *Cluster) Stop() error {
	err := c.end(syscall.SIGQUIT)
	if err == nil {
		err = os.RemoveAll(c.dir)
	}
	return errors.Join(err, c.janitor.dismiss())
}

// Restart stops the server in an orderly way, which breaks every connection,
// and starts it again with the same port and data.
func (c *Cluster) Restart() error {
	if err := c.end(syscall.SIGINT); err != nil {
		return err
	}
	return c.launch()
}

// Crash ends the server at once, which breaks every connection, and starts it
// again with the same port and data: it recovers from its log.
func (c *Cluster) Crash() error {
	if err := c.end(syscall.SIGQUIT); err != nil {
		return err
	}
	return c.launch()
}

func (c *Cluster) url(database string) string {
	return fmt.Sprintf("postgres://purse@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

// Database makes an empty database and tells its URL.
func (c *Cluster) Database() (url string, err error) {
	name, err := create(c.url("postgres"), "")
	return c.url(name), err
}

// create makes a database with a random name on the server at url: a copy of another,
// or an empty one.
func create(url, of string) (name string, err error) {
	name = "t" + strings.ToLower(rand.Text())
	statement := "CREATE DATABASE " + name
	if of != "" {
		statement += " TEMPLATE " + of
	}
	return name, execute(url, statement)
}

// drop removes a database, also when somebody is still connected to it.
func drop(url, name string) error {
	return execute(url, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

// execute runs a statement that may not run inside a transaction. The names in
// it are ours, made of letters and digits.
func execute(url, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
