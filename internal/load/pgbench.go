package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	pgbenchScale   = 20
	pgbenchClients = 16
	pgbenchThreads = 2

	// pgbenchEndWait is what a stopped pgbench gets to close its pipes.
	pgbenchEndWait = 2 * time.Second
	messageMax     = 2 << 10 // bytes of what it said that an error repeats
)

// FindPGBench returns the path of PostgreSQL's pgbench: the one in PATH, else
// the newest below /usr/lib/postgresql, where Debian keeps them.
func FindPGBench() (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil {
		return "", fmt.Errorf("load: %w", err)
	}
	if len(found) == 0 {
		return "", errors.New("load: no pgbench in PATH or below /usr/lib/postgresql")
	}
	return slices.MaxFunc(found, func(a, b string) int { return pgbenchVersion(a) - pgbenchVersion(b) }), nil
}

// pgbenchVersion reads the 15 in /usr/lib/postgresql/15/bin/pgbench.
func pgbenchVersion(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0 // not a version: older than any
	}
	return n
}

// PGBench is PostgreSQL's own benchmark, the TPC-B that comes with it, as a
// measure of what the machine can do today.
type PGBench struct {
	URL     string // postgres://… of an empty database of its own, as libpq reads it
	Path    string // of the program; empty: FindPGBench
	Scale   int    // 0: 20
	Clients int    // 0: 16
}

// Init makes the tables, once for a database.
func (p PGBench) Init(ctx context.Context) error {
	scale := p.Scale
	if scale == 0 {
		scale = pgbenchScale
	}
	_, err := p.command(ctx, "-i", "-q", "-s", strconv.Itoa(scale))
	return err
}

// Run runs it for d, rounded up to whole seconds, and returns its transactions
// a second.
func (p PGBench) Run(ctx context.Context, d time.Duration) (float64, error) {
	if d <= 0 {
		return 0, errors.New("load: pgbench needs a time to run")
	}
	clients := p.Clients
	if clients == 0 {
		clients = pgbenchClients
	}
	seconds := (d + time.Second - 1) / time.Second
	out, err := p.command(ctx, "-M", "prepared", "-c", strconv.Itoa(clients),
		"-j", strconv.Itoa(min(pgbenchThreads, clients)), "-T", strconv.FormatInt(int64(seconds), 10))
	if err != nil {
		return 0, err
	}
	return parseTPS(out)
}

// command runs pgbench on the database and returns what it prints.
func (p PGBench) command(ctx context.Context, args ...string) (string, error) {
	path := p.Path
	if path == "" {
		var err error
		if path, err = FindPGBench(); err != nil {
			return "", err
		}
	}
	database, password, err := splitPassword(p.URL)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path, append(args, database)...)
	cmd.WaitDelay = pgbenchEndWait
	cmd.Env = append(os.Environ(), "LC_ALL=C") // its figures are read, so they must be in one form
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("load: pgbench %s: %w", args[0], ctx.Err())
		}
		text := strings.TrimSpace(said.String())
		return "", fmt.Errorf("load: pgbench %s: %w: %s", args[0], err, text[max(0, len(text)-messageMax):])
	}
	return out.String(), nil
}

// splitPassword takes the password out of a URL. Everybody on a machine can
// read the arguments of its programs, but not their environment.
func splitPassword(rawURL string) (stripped, password string, err error) {
	u, err := url.Parse(rawURL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		// The error of url.Parse repeats the URL, password and all.
		return "", "", errors.New("load: pgbench needs a URL of the form postgres://user@host:port/database")
	}
	if u.User != nil {
		password, _ = u.User.Password()
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	if query.Has("password") {
		password = query.Get("password")
		query.Del("password")
		u.RawQuery = query.Encode()
	}
	return u.String(), password, nil
}

var (
	tpsLine    = regexp.MustCompile(`(?m)^tps = ([0-9]+(?:\.[0-9]+)?) \(without initial connection time\)$`)
	failedLine = regexp.MustCompile(`(?m)^number of failed transactions: ([0-9]+) `)
)

// parseTPS finds the rate in what pgbench prints. Failed transactions are an
// error: the rate leaves them out and would flatter or slander the machine.
func parseTPS(out string) (float64, error) {
	if m := failedLine.FindStringSubmatch(out); m != nil && m[1] != "0" {
		return 0, fmt.Errorf("load: pgbench had %s failed transactions", m[1])
	}
	m := tpsLine.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("load: pgbench printed no rate: %q", out[:min(len(out), messageMax)])
	}
	tps, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, fmt.Errorf("load: pgbench's rate: %w", err)
	}
	if tps <= 0 {
		return 0, errors.New("load: pgbench did nothing")
	}
	return tps, nil
}
