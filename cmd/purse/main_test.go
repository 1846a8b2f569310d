package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"purse/internal/pgtest"
	"purse/store"
)

// runMain makes this test binary behave as purse itself, so that tests start
// real processes, with the race detector in them if it is in the tests.
const runMain = "PURSE_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	pgtest.Main(m, store.MigratePostgres)
}

// command is a purse command that has not been started.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), runMain+"=1", "XDG_RUNTIME_DIR="+shortDir(t))
	return cmd
}

var shortDirs sync.Map // of a test

// shortDir is a folder of the test whose name is short enough for a socket's.
func shortDir(t *testing.T) string {
	t.Helper()
	if dir, ok := shortDirs.Load(t.Name()); ok {
		return dir.(string)
	}
	dir, err := os.MkdirTemp("", "purse")
	if err != nil {
		t.Fatal(err)
	}
	shortDirs.Store(t.Name(), dir)
	t.Cleanup(func() { shortDirs.Delete(t.Name()); os.RemoveAll(dir) })
	return dir
}

// run runs a command to its end, and wants it to succeed.
func run(t *testing.T, args ...string) string {
	t.Helper()
	out, status := try(t, args...)
	if status != 0 {
		t.Fatalf("purse %s: status %d: %s", strings.Join(args, " "), status, out)
	}
	return strings.TrimSpace(out)
}

// try runs a command to its end and returns all that it printed.
func try(t *testing.T, args ...string) (string, int) {
	t.Helper()
	out, err := command(t, args...).CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	status := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		status = e.ExitCode()
	}
	return string(out), status
}

// printed is what a process has printed so far; it may be read while it prints.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// process is a server that a test has started.
type process struct {
	cmd *exec.Cmd
	url string
	log *printed
	end chan error
}

// start starts a server and waits until it says where it listens.
func start(t *testing.T, database string, args ...string) *process {
	t.Helper()
	args = append([]string{"serve", "--sandbox", "--listen", "127.0.0.1:0", "--database", database}, args...)
	p := &process{cmd: command(t, args...), log: &printed{}, end: make(chan error, 1)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() { p.end <- p.cmd.Wait() }()
	if err != nil || !strings.HasPrefix(line, listensOn) {
		<-p.end
		t.Fatalf("the server did not start: %s", p.log)
	}
	p.url = strings.TrimSpace(strings.TrimPrefix(line, listensOn))
	t.Cleanup(func() { p.kill() })
	return p
}

// stop ends the server as an operator would, and wants it to end well.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.end:
		p.end <- err
		if err != nil {
			t.Fatalf("the server ended with %v: %s", err, p.log)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the server does not stop")
	}
}

// kill ends the server at once.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGCONT) // a stopped process does not end
	_ = p.cmd.Process.Kill()                  // it may have ended
	err := <-p.end
	p.end <- err
}

// on runs a test on both databases.
func on(t *testing.T, test func(t *testing.T, database string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, filepath.Join(shortDir(t), "purse.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, pgtest.Database(t)) })
}

// person is somebody who can pay.
type person struct{ id, token string }

// newPerson makes a person with money by the commands that operators type.
func newPerson(t *testing.T, database, name, amount string) person {
	t.Helper()
	var u userMade
	decode(t, run(t, "user", "create", name, "--first-name", name, "--json", "--database", database), &u)
	var k tokenMade
	decode(t, run(t, "token", "create", name, "--scopes", "make_payments,access_profile,access_balance", "--json", "--database", database), &k)
	if amount != "" {
		run(t, "treasury", "issue", name, amount, "--database", database)
	}
	return person{u.ID, k.AccessToken}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// pay makes a payment and returns the status and the body.
func pay(t *testing.T, url string, from, to person, amount string) (int, string) {
	t.Helper()
	body := `{"user_id":"` + to.id + `","amount":` + amount + `,"note":"test"}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/payments", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+from.token)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, string(b)
}

// verify wants the auditor to find nothing.
func verify(t *testing.T, database string, args ...string) {
	t.Helper()
	if out, status := try(t, append([]string{"verify", "--pace", "1", "--database", database}, args...)...); status != 0 {
		t.Errorf("verify: status %d\n%s", status, out)
	}
}
