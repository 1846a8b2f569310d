package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/internal/pgtest"
	"purse/ledger"
	"purse/store"
)

// cut says where a connection breaks while its COMMIT is under way.
type cut int32

const (
	none   cut = iota
	before     // the server never hears of the commit
	after      // the server has answered; the client never hears of it
	late       // the client is cut off first, and the server hears of it some time later

	cutKinds = iota
)

// lateMax is by how much a late commit is late.
const lateMax = 150 * time.Millisecond

// proxy stands between a store and PostgreSQL and reads along, so that it can
// break a connection at the worst moment.
type proxy struct {
	t        testing.TB
	listener net.Listener
	server   string
	plan     func() cut // asked at each COMMIT
	cuts     [cutKinds]atomic.Int64
	conns    sync.WaitGroup
}

// between starts a proxy to the server of a database and tells the URL by which
// the store reaches it.
func between(t testing.TB, database string, plan func() cut) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, listener: l, server: u.Host, plan: plan}
	u.Host = l.Addr().String()
	p.conns.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.conns.Wait()
	})
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.conns.Go(func() {
			defer client.Close()
			server, err := net.Dial("tcp", p.server)
			if err != nil {
				p.t.Errorf("the proxy does not reach PostgreSQL: %v", err)
				return
			}
			defer server.Close()
			p.carry(client, server)
		})
	}
}

// carry passes a connection's messages on until one side or the plan ends it.
func (p *proxy) carry(client, server net.Conn) {
	var swallow, postponed atomic.Bool // answers; the commit itself
	var answers sync.WaitGroup
	answers.Go(func() {
		defer client.Close()
		for {
			kind, message, err := read(server, false)
			if err != nil {
				return
			}
			if swallow.Load() {
				if kind == 'Z' { // ready for the next query: the commit is over
					if !postponed.Load() {
						p.cuts[after].Add(1)
					}
					return
				}
				continue
			}
			if _, err := client.Write(message); err != nil {
				return
			}
		}
	})
	defer answers.Wait()
	defer client.Close()
	commits := map[string]bool{} // names of prepared statements
	for first := true; ; first = false {
		kind, message, err := read(client, first)
		if err != nil {
			// What the server still says is of no interest, unless it is what the
			// plan waits for.
			if !swallow.Load() {
				server.Close()
			}
			return
		}
		switch name, text := names(kind, message); {
		case kind == 'P' && text == "commit":
			commits[name] = true
		case kind == 'B' && commits[name]:
			switch p.plan() {
			case before:
				p.cuts[before].Add(1)
				server.Close()
				return
			case after:
				swallow.Store(true)
			case late:
				postponed.Store(true)
				swallow.Store(true)
				p.cuts[late].Add(1)
				postpone(client, server, message)
				return
			}
		}
		if _, err := server.Write(message); err != nil {
			return
		}
	}
}

// postpone takes the rest of a commit's exchange from the client, hangs up on it,
// and hands the exchange on after a while, as a network may.
func postpone(client, server net.Conn, message []byte) {
	exchange := message
	for {
		kind, message, err := read(client, false)
		if err != nil {
			server.Close()
			return
		}
		if exchange = append(exchange, message...); kind == 'S' {
			break
		}
	}
	client.Close()
	time.Sleep(rand.N(lateMax)) // the fault itself
	_, _ = server.Write(exchange)
}

// read reads one message; the first one of a client has no kind.
func read(from net.Conn, first bool) (kind byte, message []byte, err error) {
	head := make([]byte, 5)
	if first {
		head = head[:4]
	}
	if _, err := io.ReadFull(from, head); err != nil {
		return 0, nil, err
	}
	if !first {
		kind = head[0]
	}
	size := int(binary.BigEndian.Uint32(head[len(head)-4:])) - 4
	if size < 0 || size > 64<<20 {
		return 0, nil, fmt.Errorf("a message of %d bytes", size)
	}
	message = append(head, make([]byte, size)...)
	_, err = io.ReadFull(from, message[len(head):])
	return kind, message, err
}

// names finds the statement that a Parse or Bind is about, and a Parse's text.
func names(kind byte, message []byte) (name, text string) {
	if kind != 'P' && kind != 'B' {
		return "", ""
	}
	parts := bytes.SplitN(message[5:], []byte{0}, 3)
	if kind == 'B' {
		return string(parts[1]), "" // after the portal's name
	}
	return string(parts[0]), string(parts[1])
}

// TestPostgresCut breaks real connections around real commits, under load:
// whatever is lost, every payment that succeeded is there exactly once, and no
// other.
func TestPostgresCut(t *testing.T) {
	for _, serializable := range []bool{false, true} {
		t.Run(fmt.Sprintf("serializable=%v", serializable), func(t *testing.T) {
			t.Parallel()
			testCut(t, serializable)
		})
	}
}

func testCut(t *testing.T, serializable bool) {
	const callers, each, enough = 8, 60, 3
	database := pgtest.Database(t)
	var armed atomic.Bool
	proxy, through := between(t, database, func() cut {
		if !armed.Load() {
			return none
		}
		return []cut{none, none, none, before, after, late}[rand.IntN(6)]
	})
	s, err := store.Open(t.Context(), through, store.Options{
		Mode: purse.Sandbox, Currency: "USD", Migrate: true, Serializable: serializable,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	accounts := wallets(t, s, callers, each)
	armed.Store(true)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for n := range each {
				if err := move(s, accounts[i], accounts[(i+1)%callers], int64(i), n); err != nil {
					t.Errorf("caller %d, payment %d: %v", i, n, err)
				}
			}
		})
	}
	group.Wait()
	armed.Store(false)
	for kind, what := range map[cut]string{before: "before the commit", after: "after it", late: "with the commit on its way"} {
		n := proxy.cuts[kind].Load()
		t.Logf("%d connections were cut %s", n, what)
		if n < enough {
			t.Errorf("%d connections were cut %s: too few to prove anything", n, what)
		}
	}
	t.Logf("%+v", s.Stats())
	eachOnce(t, database, callers, each)
	for _, id := range accounts {
		a, err := s.Account(t.Context(), purse.MainBook, id)
		if err != nil || a.Balance() != each || a.DebitsPosted != each || a.Number != 2*each+1 {
			t.Errorf("account %+v, %v", a, err)
		}
	}
}

// wallets makes accounts with minor units each.
func wallets(t *testing.T, s *store.Store, n int, minor int64) (ids []ledger.AccountID) {
	t.Helper()
	err := s.Execute(t.Context(), purse.Command{
		Book: purse.MainBook, Needs: purse.Needs{Accounts: []ledger.AccountID{purse.TreasuryAccount}},
		Decide: func(f *purse.Facts) error {
			ids = nil
			for range n {
				id := ledger.AccountID(f.NextID())
				f.Put(purse.Account{Account: ledger.Account{ID: id, Currency: "USD"}, Kind: purse.Wallet})
				if _, err := f.Move(purse.TreasuryAccount, id, minor, ledger.Cause{Kind: ledger.CauseTreasury, ID: int64(id)}); err != nil {
					return err
				}
				ids = append(ids, id)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// move pays one minor unit and says so in an audit line.
func move(s *store.Store, from, to ledger.AccountID, caller int64, n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return s.Execute(ctx, purse.Command{
		Book: purse.MainBook, Needs: purse.Needs{Accounts: []ledger.AccountID{from, to}},
		Decide: func(f *purse.Facts) error {
			f.Put(purse.NewAction(f, "test", "move", fmt.Sprint(caller), fmt.Sprint(n)))
			_, err := f.Move(from, to, 1, ledger.Cause{Kind: ledger.CausePayment, ID: f.NextID()})
			return err
		},
	})
}

// eachOnce looks, past the proxy, for the audit line of each payment.
func eachOnce(t *testing.T, database string, callers, each int) {
	t.Helper()
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rows, different int
	err = db.QueryRowContext(t.Context(), `select count(*), count(distinct subject || '/' || detail) from actions where name = 'move'`).Scan(&rows, &different)
	if err != nil {
		t.Fatal(err)
	}
	if rows != callers*each || different != rows {
		t.Errorf("%d payments have %d rows, %d of them different", callers*each, rows, different)
	}
}

// TestPostgresCutForGood: the server is out of reach from the commit on, so the
// outcome cannot be found out in time.
func TestPostgresCutForGood(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	var where atomic.Int32
	var gone atomic.Bool
	proxy, through := between(t, database, func() cut {
		if c := cut(where.Swap(int32(none))); c != none {
			gone.Store(true)
			return c
		}
		return none
	})
	s, err := store.Open(t.Context(), through, store.Options{
		Mode: purse.Sandbox, Currency: "USD", Migrate: true,
		Fault: func(_ purse.BookID, point string) error {
			if point == "before lookup" && gone.Load() {
				return errors.New("no route to the server")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []cut{before, after} {
		accounts := wallets(t, s, 2, 10)
		where.Store(int32(c))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		err := s.Execute(ctx, purse.Command{
			Book: purse.MainBook, Needs: purse.Needs{Accounts: accounts},
			Decide: func(f *purse.Facts) error {
				_, err := f.Move(accounts[0], accounts[1], 1, ledger.Cause{Kind: ledger.CausePayment, ID: 1})
				return err
			},
		})
		cancel()
		if purse.CodeOf(err) != purse.CodeUnknown {
			t.Errorf("cut %d: %v, want %s", c, err, purse.CodeUnknown)
		}
		gone.Store(false)
		want := map[cut]int64{before: 10, after: 9}[c]
		if a, err := s.Account(t.Context(), purse.MainBook, accounts[0]); err != nil || a.Balance() != want {
			t.Errorf("cut %d: it has %d, %v, want %d", c, a.Balance(), err, want)
		}
		if n := proxy.cuts[c].Load(); n != 1 {
			t.Errorf("cut %d: %d times", c, n)
		}
	}
}

// TestPostgresTerminated ends the writers' sessions from the server's side, as an
// administrator, a restart or a failover does, under load.
func TestPostgresTerminated(t *testing.T) {
	t.Parallel()
	const callers, each = 8, 40
	database := pgtest.Database(t)
	s, err := store.Open(t.Context(), database, options(purse.Sandbox))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	accounts := wallets(t, s, callers, each)
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var group, killer sync.WaitGroup
	done := make(chan struct{})
	killed := 0
	killer.Go(func() {
		again := time.NewTicker(25 * time.Millisecond)
		defer again.Stop()
		for {
			var n int
			err := db.QueryRowContext(t.Context(), `select count(pg_terminate_backend(pid)) from pg_stat_activity
				where datname = current_database() and application_name = 'purse writer'`).Scan(&n)
			if err != nil {
				t.Errorf("end the writers: %v", err)
			}
			killed += n
			select {
			case <-again.C:
			case <-done:
				return
			}
		}
	})
	for i := range callers {
		group.Go(func() {
			for n := range each {
				if err := move(s, accounts[i], accounts[(i+1)%callers], int64(i), n); err != nil {
					t.Errorf("caller %d, payment %d: %v", i, n, err)
				}
			}
		})
	}
	group.Wait()
	close(done)
	killer.Wait()
	t.Logf("%d sessions were ended; %+v", killed, s.Stats())
	eachOnce(t, database, callers, each)
}
