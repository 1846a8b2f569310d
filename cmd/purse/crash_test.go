package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// benching is a bench that runs against a server.
type benching struct {
	cmd    *exec.Cmd
	record string
	out    printed
}

// bench starts a bench against a running server and waits until payments are
// acknowledged.
func bench(t *testing.T, p *process, database, name string, args ...string) *benching {
	t.Helper()
	b := &benching{record: filepath.Join(shortDir(t), name)}
	before := len(b.acked(t))
	b.cmd = command(t, append([]string{"bench", "--url", p.url, "--database", database, "--accounts", "50", "--connections", "16",
		"--warmup", "0s", "--duration", "20s", "--until-broken", "--record", b.record}, args...)...)
	b.cmd.Stdout, b.cmd.Stderr = &b.out, &b.out
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.cmd.Process.Kill() })
	until(t, "payments are acknowledged", func() bool { return len(b.acked(t)) > before+200 })
	return b
}

func (b *benching) acked(t *testing.T) []int64 {
	t.Helper()
	text, err := os.ReadFile(b.record)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for line := range strings.Lines(string(text)) {
		id, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil {
			continue // a line that is being written
		}
		ids = append(ids, id)
	}
	return ids
}

func (b *benching) wait(t *testing.T) {
	t.Helper()
	if err := b.cmd.Wait(); err != nil {
		t.Fatalf("bench: %v: %s", err, b.out.String())
	}
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long until %s", what)
		}
	}
}

// rounds is how often a crash is tried: ten times in the long round, and fewer with -short.
func rounds() int {
	switch {
	case testing.Short():
		return 2
	case os.Getenv("PURSE_TEST_LONG") != "":
		return 10
	}
	return 5
}

// A server that is killed at any moment has lost nothing that it acknowledged.
func TestKill(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		all := filepath.Join(shortDir(t), "all")
		for range rounds() {
			p := start(t, database)
			b := bench(t, p, database, "acked")
			p.kill()
			b.wait(t)
		}
		p := start(t, database)
		b := bench(t, p, database, "acked")
		p.stop(t)
		b.wait(t)
		if err := os.Rename(b.record, all); err != nil {
			t.Fatal(err)
		}
		verify(t, database, "--acked", all)
	})
}

// A server that is asked to stop finishes what it has begun: everything that it
// did it also answered.
func TestStopUnderLoad(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		p := start(t, database)
		b := bench(t, p, database, "acked")
		p.stop(t)
		b.wait(t)
		verify(t, database, "--acked", b.record)
		acked := len(b.acked(t))
		out := run(t, "verify", "--json", "--database", database)
		if payments := rowsOf(t, out); payments != int64(acked) {
			t.Errorf("%d payments were made and %d acknowledged", payments, acked)
		}
	})
}

// rowsOf is how many payments the auditor has compared with the acknowledged ones.
func rowsOf(t *testing.T, report string) int64 {
	t.Helper()
	var r struct {
		Checks []struct {
			ID   string `json:"id"`
			Rows int64  `json:"rows"`
		} `json:"checks"`
	}
	decode(t, report, &r)
	i := slices.IndexFunc(r.Checks, func(c struct {
		ID   string `json:"id"`
		Rows int64  `json:"rows"`
	}) bool {
		return c.ID == "once"
	})
	return r.Checks[i].Rows
}

// Two servers share a PostgreSQL database: the book stays one.
func TestTwoServers(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		p := start(t, database)
		if !strings.HasPrefix(database, "postgres") {
			out, status := try(t, "serve", "--sandbox", "--listen", "127.0.0.1:0", "--database", database)
			if status == 0 || !strings.Contains(out, "already open in another purse process") {
				t.Errorf("a second server on one file: status %d, %s", status, out)
			}
			return
		}
		// Each with a socket of its own, so that each lifts its limits for its bench.
		own := filepath.Join(shortDir(t), "q")
		if err := os.Mkdir(own, 0o700); err != nil {
			t.Fatal(err)
		}
		q := start(t, database, "--run-dir", own)
		a, b := bench(t, p, database, "a"), bench(t, q, database, "b", "--run-dir", own)
		until(t, "both have paid a lot", func() bool { return len(a.acked(t)) > 1000 && len(b.acked(t)) > 1000 })
		p.stop(t)
		q.stop(t)
		a.wait(t)
		b.wait(t)
		verify(t, database, "--acked", a.record)
		verify(t, database, "--acked", b.record)
		ids := append(a.acked(t), b.acked(t)...)
		slices.Sort(ids)
		if len(slices.Compact(slices.Clone(ids))) != len(ids) {
			t.Error("two payments have one id")
		}
	})
}

// A server that is stopped in the middle of whatever it does stops nobody else
// for long.
func TestStoppedServer(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		if !strings.HasPrefix(database, "postgres") {
			t.Skip("one process has a SQLite file; TestTwoServers shows that a second is refused")
		}
		p, q := start(t, database), start(t, database)
		ada, ben := newPerson(t, database, "ada", "100.00"), newPerson(t, database, "ben", "")
		if status, body := pay(t, q.url, ada, ben, "1.00"); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		b := bench(t, p, database, "a")
		for range rounds() {
			n := len(b.acked(t))
			until(t, "the first server is in the middle of it", func() bool { return len(b.acked(t)) > n })
			if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			status, body := pay(t, q.url, ada, ben, "1.00")
			if took := time.Since(began); status != 200 || took > 3*time.Second {
				t.Errorf("the other server answered %d after %s: %s", status, took, body)
			}
			if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
		}
		p.stop(t)
		b.wait(t)
		verify(t, database, "--acked", b.record)
	})
}
