package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"purse/api"
	"purse/store"

	"github.com/spf13/cobra"
)

// The bounds of a connection, and of a graceful stop.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	drainMax      = 10 * time.Second
)

// listensOn begins the line that says that a server is ready, and where.
const listensOn = "purse listens on "

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve a network",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return err
			}
			lines := newLogLines(cmd.ErrOrStderr())
			defer lines.close()
			log := slog.New(slog.NewJSONHandler(lines, nil))
			return serve(cmd.Context(), c, log, func(s *server) {
				fmt.Fprintf(cmd.OutOrStdout(), "%s%s\n", listensOn, s.url)
			})
		},
	}
	creationFlags(cmd.Flags())
	listenFlags(cmd.Flags(), "127.0.0.1:8080")
	messageFlags(cmd.Flags())
	return cmd
}

// server is a network that is being served.
type server struct {
	*network
	url string // where it listens
}

// serve serves a network until ctx is done, then finishes what it has begun. It
// calls ready once requests are answered. It fails at once when the database
// breaks: only a new start, from what is on disk, can tell what is true.
func serve(ctx context.Context, c config, log *slog.Logger, ready func(*server)) error {
	shapeRuntime()
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	addr := listener.Addr().(*net.TCPAddr)
	if err := c.checkServing(addr.IP.IsLoopback()); err != nil {
		return err
	}
	n, err := openServed(ctx, c, log)
	if err != nil {
		return err
	}
	defer n.store.Close()

	s := &server{network: n, url: "http://" + addr.String()}
	if c.TLSCert != "" {
		s.url = "https://" + addr.String()
	}
	public := cmp.Or(c.PublicURL, s.url)
	web := &http.Server{
		Handler: n.handler(c, public, addr.IP.IsLoopback() && len(c.Proxies) == 0 && leadsHere(public)), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: api.HeaderBytesMax,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	web.RegisterOnShutdown(n.live.Close) // nobody who only watches holds up the stop
	desk, err := n.listenAdmin(c.socket())
	if err != nil {
		return err
	}
	defer os.Remove(c.socket())

	loops, stopLoops := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stopLoops()
	running.Go(func() { n.background(loops, c.Keep) })
	defer n.beginDelivery(ctx)()

	failed := make(chan error, 2)
	go func() {
		if c.TLSCert != "" {
			failed <- web.ServeTLS(listener, c.TLSCert, c.TLSKey)
		} else {
			failed <- web.Serve(listener)
		}
	}()
	if desk != nil {
		go func() { failed <- desk.serve() }()
	}
	c.warnOfProxy(log, public, addr.IP.IsLoopback())
	log.Info("serving", "url", s.url, "public_url", public, "mode", n.book.Mode, "currency", n.book.Currency)
	ready(s)
	select {
	case err = <-failed:
	case <-n.store.Broken():
		err = errors.New("the database is broken; see the log")
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.Background(), drainMax)
	defer cancel()
	if desk != nil {
		err = errors.Join(err, desk.stop(stopping))
	}
	err = errors.Join(err, web.Shutdown(stopping))
	log.Info("stopped", "counts", n.store.Stats())
	return err
}

// warnOfProxy says in the log that a proxy was not declared, where there must be one.
func (c config) warnOfProxy(log *slog.Logger, public string, loopback bool) {
	if loopback && len(c.Proxies) == 0 && !leadsHere(public) {
		log.Warn("all callers seem to come from this machine and share one rate, also of wrong passwords: name the proxy in trusted-proxies")
	}
}

// leadsHere says whether links to public can be followed on this machine only. Where
// they can be elsewhere, something passes requests on to the listener, though it be
// on loopback, and no address shows who asks.
func leadsHere(public string) bool {
	u, err := url.Parse(public)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// The collector is given room: a server keeps little, so that with Go's own
// setting it would collect all the time, for a tenth of the speed. memorySoftMax
// makes it collect more often again before the room is taken.
const (
	collectPercent = 800
	memorySoftMax  = 200 << 20 // bytes
)

// spareProcs is how many goroutines may run besides one for each processor. The
// writer of the book mostly waits for the database; when its answer comes, the
// operating system should wake it before the requests that queue for it, which
// Go's scheduler does not.
const spareProcs = 2

// shapeRuntime sets the collector and the scheduler, unless the environment
// already has.
func shapeRuntime() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + spareProcs)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memorySoftMax)
	}
}

func newMigrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Create a network, or bring its schema up to date",
		Long:  "Create a network, or bring its schema up to date. `purse serve` does so by itself; this is for\ndoing it before, for instance with another database user.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return err
			}
			n, err := openNetwork(cmd.Context(), c.Database, store.Options{Mode: c.Mode, Currency: c.Currency, Migrate: true})
			if err != nil {
				return err
			}
			defer n.store.Close()
			fmt.Fprintf(cmd.OutOrStdout(), "The network is ready: %s, %s.\n", n.book.Mode, n.book.Currency)
			return nil
		},
	}
	creationFlags(cmd.Flags())
	return cmd
}
