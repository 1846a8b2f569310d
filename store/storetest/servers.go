package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/ledger"
)

// testServers is about several servers on one database.
func testServers(t *testing.T, open Open) {
	n := found(t, open, purse.Sandbox)
	if !n.postgres() {
		t.Skip("one process has a file open")
	}
	a, b := n.serve(t), n.serve(t)
	t.Run("EachSeesWhatTheOtherDid", func(t *testing.T) { testTwoServersPay(t, a, b) })
	t.Run("IdentifiersAreOneIncreasingRow", func(t *testing.T) { testTwoServersDraw(t, a, b) })
	t.Run("TwinsAtTwoServersHaveOneEffect", func(t *testing.T) { testTwinsAtTwoServers(t, a, b) })
	t.Run("ARevocationAtOneIsSeenAtTheOther", func(t *testing.T) { testRevokedElsewhere(t, a, b) })
	t.Run("APersonWhoHasChangedIsSeenChanged", func(t *testing.T) { testChangedElsewhere(t, a, b) })
	t.Run("AUniqueKeyIsTakenAtOneOnly", func(t *testing.T) { testTakenAtTwoServers(t, a, b) })
	t.Run("AStoppedServerStopsNobodyForLong", func(t *testing.T) { testStoppedServer(t, a, b) })
	n.balanced(t)
}

func testTwoServersPay(t *testing.T, a, b *server) {
	p := a.crowd(t, 2, 100)
	for i := range 10 {
		s := []*server{a, b}[i%2]
		s.mustPay(t, p[i%2], p[1-i%2], 100+int64(i%2)*100, "") // all that the payer has
		if i%2 == 1 {
			s.mustPay(t, p[0], p[1], 100, "")
		}
	}
	b.has(t, p[1], 100)
}

// testRevokedElsewhere: what a server remembers of the directory counts only as
// long as nobody, at any server, has changed the directory.
func testRevokedElsewhere(t *testing.T, a, b *server) {
	p := a.crowd(t, 2, 1000)
	for range 5 {
		one, secret := b.member(t, fmt.Sprintf("rev%d", a.names.Add(1)), "make_payments", 0)
		for _, s := range []*server{a, b} {
			s.mustPay(t, p[0], one, 10, "")
			s.mustPay(t, one, p[1], 5, "") // both know the token now
		}
		if err := b.people.RevokeToken(t.Context(), "test", secret); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*server{a, b} {
			_, err := s.pay(t.Context(), one, p[1], 5, "")
			refused(t, err, purse.CodeTokenRevoked)
			s.mustPay(t, p[1], p[0], 1, "") // others go on
		}
	}
}

// testChangedElsewhere: once a change of a person was answered (a name, that they
// have blocked somebody, that they have left), every batch at every server that is
// asked for later decides by it, whatever the servers remember.
func testChangedElsewhere(t *testing.T, a, b *server) {
	who := a.crowd(t, 1, 0)[0].User
	var answered atomic.Int64
	changes := make(chan struct{})
	var readers sync.WaitGroup
	for i := range 6 {
		s := []*server{a, b}[i%2]
		readers.Go(func() {
			for going := true; going; {
				select {
				case <-changes:
					going = false
				default:
				}
				least := answered.Load()
				err := s.Execute(context.Background(), on(purse.Needs{Users: []purse.UserID{who}}, func(f *purse.Facts) error {
					u, err := f.User(who)
					if n := u.Friends; err == nil && (n < least || n > 0 && u != changedPerson(u, n)) {
						t.Errorf("after change %d it sees %+v", least, u)
					}
					return err
				}))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range int64(60) {
		s := []*server{b, a}[n/2%2]
		s.inDirectory(t, purse.Needs{Users: []purse.UserID{who}}, func(f *purse.Facts) error {
			u, err := f.User(who)
			f.Put(changedPerson(u, n+1))
			return err
		})
		answered.Store(n + 1)
	}
	close(changes)
	readers.Wait()
}

// changedPerson is somebody after the change of a number.
func changedPerson(u purse.User, n int64) purse.User {
	u.Username, u.Friends, u.Wary, u.Closed = fmt.Sprintf("changed-%d", n), n, n%2 == 1, purse.Time(n)
	return u
}

func testTwoServersDraw(t *testing.T, a, b *server) {
	defer b.skew.Store(0)
	a.skew.Store(int64(time.Hour))
	defer a.skew.Store(0)
	var ids []int64
	for range 5 {
		for _, s := range []*server{a, b} {
			_, drawn := s.look(t, nil)
			ids = append(ids, drawn...)
		}
	}
	increasing(t, ids)
	b.skew.Store(-int64(time.Hour))
	drawn := make([][]int64, 8)
	var group sync.WaitGroup
	for i := range drawn {
		group.Go(func() {
			for range 10 {
				_, more := []*server{a, b}[i%2].look(t, nil)
				drawn[i] = append(drawn[i], more...)
			}
		})
	}
	group.Wait()
	for _, one := range drawn {
		increasing(t, one)
	}
	everything := slices.Sorted(slices.Values(slices.Concat(drawn...)))
	increasing(t, everything) // none twice
	if everything[0] <= ids[len(ids)-1] {
		t.Error("an identifier is smaller than one that was there before it was drawn")
	}
}

func testTwinsAtTwoServers(t *testing.T, a, b *server) {
	const pairs = 20
	p := a.crowd(t, 2, 1000)
	var answers [2][pairs]purse.Answer
	var group sync.WaitGroup
	for i := range pairs {
		for j, s := range []*server{a, b} {
			group.Go(func() {
				var err error
				if answers[j][i], err = s.pay(t.Context(), p[0], p[1], 5, "twin "+decimal(i)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	for i := range pairs {
		one, two := answers[0][i], answers[1][i]
		if one.Replayed {
			one, two = two, one
		}
		sameAnswer(t, one, two)
	}
	a.has(t, p[0], 1000-5*pairs)
}

// testStoppedServer stops server a inside a batch, as SIGSTOP would, while it
// holds the book's head.
func testStoppedServer(t *testing.T, a, b *server) {
	const soon = 3 * time.Second
	p := a.crowd(t, 3, 100)
	from, to := purse.WalletOf(p[0].User), purse.WalletOf(p[1].User)
	entered, gate := make(chan struct{}), make(chan struct{})
	enter, leave := sync.OnceFunc(func() { close(entered) }), sync.OnceFunc(func() { close(gate) })
	defer leave() // also when the test gives up early
	var runs atomic.Int64
	stopped := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	go func() {
		stopped <- a.Execute(ctx, on(purse.Needs{Accounts: []ledger.AccountID{from, to}}, func(f *purse.Facts) error {
			runs.Add(1)
			enter()
			<-gate
			f.Put(purse.NewAction(f, "test", "stopped", "", ""))
			_, err := f.Move(from, to, 10, ledger.Cause{Kind: ledger.CausePayment, ID: f.NextID()})
			return err
		}))
	}()
	wait(t, entered, "the server to hold the head")
	began := time.Now()
	until := time.NewTimer(4 * time.Second)
	for i := range 3 {
		b.mustPay(t, p[2], p[1], 5, "meanwhile "+decimal(i))
		if took := time.Since(began); i == 0 && took > soon {
			t.Errorf("the other server could not pay for %s", took)
		}
	}
	<-until.C // the stop itself
	leave()
	if err := <-stopped; err != nil {
		t.Errorf("the stopped server's command: %v", err)
	}
	if n := a.count(t, "actions where name = 'stopped'"); n != 1 || runs.Load() < 2 {
		t.Errorf("it happened %d times in %d runs, want once in 2", n, runs.Load())
	}
	b.has(t, p[0], 90)
	b.has(t, p[1], 125)
}
