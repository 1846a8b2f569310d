package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"purse/internal/load"
)

// benchServer is a `purse serve` that bench has started.
type benchServer struct {
	cmd *exec.Cmd
	url string
	log string
}

// startServer starts this program as a server on database and waits until it
// says where it listens.
func startServer(ctx context.Context, dir, database string) (*benchServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &benchServer{log: filepath.Join(dir, "server.log")}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd = exec.CommandContext(ctx, self, "serve", "--sandbox", "--database", database, "--listen", "127.0.0.1:0", "--run-dir", dir)
	s.cmd.Stderr = log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if s.url = strings.TrimSpace(strings.TrimPrefix(line, listensOn)); err != nil || !strings.HasPrefix(line, listensOn) {
		s.stop()
		b, _ := os.ReadFile(s.log)
		return nil, fmt.Errorf("the server did not start: %s", b[max(0, len(b)-1000):])
	}
	return s, nil
}

// stop ends the server as an operator would.
func (s *benchServer) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	_ = s.cmd.Wait()
}

// peakMB is the most memory that the server has had, in MiB; 0 where the system
// does not tell while it runs.
func (s *benchServer) peakMB() float64 {
	mb, err := load.PeakMemoryMB(s.cmd.Process.Pid)
	if err != nil {
		return 0
	}
	return mb
}

const (
	// ratesLifted is what the report says of the rate limits.
	ratesLifted = "lifted for bench's own access tokens"
	// hubRatesLifted is what it says where merchants are paid.
	hubRatesLifted = ratesLifted + " and API keys"
	// exemptedAtOnce is how many tokens or keys fit into one order.
	exemptedAtOnce = 500
)

// liftRates has the server exempt bench's own people, and merchants, from its rate
// limits: they are few, and ask as fast as they are answered.
func liftRates(ctx context.Context, c config, accounts []load.Account, keys ...exemptKey) error {
	o, err := newOrderer(ctx, c)
	if err != nil {
		return err
	}
	defer o.close()
	var orders []exemptArgs
	for some := range slices.Chunk(accounts, exemptedAtOnce) {
		var in exemptArgs
		for _, a := range some {
			in.Tokens = append(in.Tokens, a.Token)
		}
		orders = append(orders, in)
	}
	for some := range slices.Chunk(keys, exemptedAtOnce) {
		orders = append(orders, exemptArgs{Keys: some})
	}
	return parallel(ctx, benchWorkers, len(orders), func(i int) error {
		return o.give(ctx, "rates.exempt", orders[i], &done{})
	})
}
