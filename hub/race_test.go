package hub_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/hub"
)

// Races: whatever meets, exactly one effect is there in the end, and verify is
// content (see openShop).

const captures = 200

// capture lets 200 captures of one handle go at once.
func (s *shop) capture(t *testing.T, h purse.Handle, req func(i int) hub.OperationRequest) (answers []purse.Answer, errs []error) {
	t.Helper()
	answers, errs = make([]purse.Answer, captures), make([]error, captures)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range captures {
		r := req(i)
		r.Minor, r.Token, r.Auto, r.Encode = h.Minor, h.Token, true, asJSON[hub.OperationReceipt]
		group.Go(func() {
			<-start
			errs[i] = patiently(t.Context(), func() (err error) {
				answers[i], err = s.Sell(t.Context(), s.seller, r)
				return err
			})
		})
	}
	close(start)
	group.Wait()
	return answers, errs
}

// oneWins checks that one capture has won, and that all others were told why not.
func (s *shop) oneWins(t *testing.T, h purse.Handle, errs []error, code purse.Code) {
	t.Helper()
	wins := 0
	for _, err := range errs {
		if err == nil {
			wins++
		} else if purse.CodeOf(err) != code {
			t.Errorf("refused with %v, want %s", err, code)
		}
	}
	if wins != 1 {
		t.Errorf("%d captures have won", wins)
	}
	s.taken(t, h, 1)
}

// taken checks that a handle's money was taken n times.
func (s *shop) taken(t *testing.T, h purse.Handle, n int64) {
	t.Helper()
	if got := s.number(t, "select count(*) from operations where handle = $1 and kind = 'sale' and status <> 'FAILED'", int64(h.ID)); got != n {
		t.Errorf("it was taken %d times, want %d", got, n)
	}
	if got := s.number(t, "select coalesce(sum(captured), 0) from holds where cause_kind = 'handle' and cause = $1", int64(h.ID)); got != n*h.Minor {
		t.Errorf("%d were captured, want %d", got, n*h.Minor)
	}
}

func TestManyCaptureOneHandle(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.pays(t, s.person, "c", 500, anything)
		_, errs := s.capture(t, h, func(i int) hub.OperationRequest { return hub.OperationRequest{Ref: fmt.Sprint("different ", i)} })
		s.oneWins(t, h, errs, purse.CodeHandle)
		s.has(t, "after the first", purse.BalanceOf(s.seller.Merchant), 500)

		h = s.pays(t, s.person, "c", 500, anything)
		_, errs = s.capture(t, h, func(int) hub.OperationRequest { return hub.OperationRequest{Ref: "the same"} })
		s.oneWins(t, h, errs, purse.CodeDuplicate)
		s.has(t, "after the second", purse.BalanceOf(s.seller.Merchant), 1000)
	})
}

func TestManyCaptureWithOneKey(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.pays(t, s.person, "c", 500, anything)
		answers, errs := s.capture(t, h, func(int) hub.OperationRequest {
			return hub.OperationRequest{Ref: "r", Once: once(s.seller, "key", "f")}
		})
		fresh := 0
		for i, a := range answers {
			if errs[i] != nil {
				t.Errorf("refused: %v", errs[i])
			}
			if a.Body == "" || a.Body != answers[0].Body || a.Status != answers[0].Status || a.Header != answers[0].Header {
				t.Errorf("another answer: %+v", a)
			}
			if !a.Replayed {
				fresh++
			}
		}
		if fresh != 1 {
			t.Errorf("%d answers were no replays", fresh)
		}
		s.taken(t, h, 1)
	})
}

// rounds is how often each race below is run.
func rounds() int {
	if testing.Short() {
		return 20
	}
	return 100
}

// together lets all go at once, and another one first each round.
func together(round int, contestants ...func()) {
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range contestants {
		group.Go(func() {
			<-start
			contestants[(i+round)%len(contestants)]()
		})
	}
	close(start)
	group.Wait()
}

// Whoever has taken an agreement back is not charged after they were told so.
func TestRevokeAgainstSubsequentPayments(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		var before, after atomic.Int64
		for i := range rounds() {
			c := fmt.Sprint("c", i)
			s.pays(t, s.person, c, 1, anything)
			var revoked atomic.Bool
			pay := func() {
				told := revoked.Load()
				r, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Minor: 1, Consumer: c})
				switch {
				case err != nil:
					t.Error(err)
				case r.Handle.Status == purse.HandleInitiated:
					after.Add(1)
				case r.Handle.Status == purse.HandlePayable && told:
					t.Errorf("charged after the revocation: %+v", r.Handle)
				case r.Handle.Status == purse.HandlePayable:
					before.Add(1)
				}
			}
			together(i, pay, pay, func() {
				if err := s.RevokeMandate(t.Context(), s.person, s.mandateOf(c)); err != nil {
					t.Error(err)
				}
				revoked.Store(true)
				pay()
			})
		}
		t.Logf("%d handles came before the revocation, %d after", before.Load(), after.Load())
		// Events are numbered in the order in which commands were decided.
		if n := s.number(t, `select count(*) from events e
			join handles h on h.book = 1 and h.id = e.subject and h.link = ''
			join mandates m on m.book = h.book and m.merchant = h.merchant and m.consumer = h.consumer
			join events r on r.subject = m.id and r.kind = 'mandate.revoked'
			where e.kind = 'handle.payable' and e.id > r.id`); n != 0 {
			t.Errorf("%d handles were made payable after the revocation", n)
		}
	})
}

func TestManyRefundsNeverExceed(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		h := s.pays(t, s.person, "c", 1000, anything)
		sale := s.must(t, s.Sell, hub.OperationRequest{Minor: 1000, Token: h.Token, Auto: true})
		var done, declined atomic.Int64
		atOnce(100, 100, func(int) {
			r, err := s.try(t.Context(), s.Refund, hub.OperationRequest{Minor: 30, Parent: sale.ID})
			switch {
			case err != nil:
				t.Error(err)
			case r.Operation.Status == purse.OperationCompleted:
				done.Add(1)
			case r.Operation.Fault == purse.CodeOverRefund:
				declined.Add(1)
			default:
				t.Errorf("%+v", r.Operation)
			}
		})
		if done.Load() != 33 || declined.Load() != 67 {
			t.Errorf("%d refunds were made and %d declined", done.Load(), declined.Load())
		}
		s.has(t, "what is left", purse.BalanceOf(s.seller.Merchant), 10)
		s.spent(t, "what is left", s.person, 10)
	})
}

// A person who agrees in two browsers pays once.
func TestAuthorizeTwice(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		other := s.somebody(t, "bob", 1_000_00)
		for i := range rounds() {
			r, err := s.ask(t.Context(), s.seller, hub.HandleRequest{Minor: 10, Consumer: fmt.Sprint("c", i)})
			if err != nil {
				t.Fatal(err)
			}
			var errs [2]error
			yes := func(n int, who purse.Actor) func() {
				return func() { _, errs[n] = s.Authorize(t.Context(), who, r.Handle.Link, anything) }
			}
			second := s.person
			if i%2 == 0 {
				second = other
			}
			together(i, yes(0, s.person), yes(1, second))
			if won := errs[0] == nil; won == (errs[1] == nil) || purse.CodeOf(errors.Join(errs[0], errs[1])) != purse.CodeFinal {
				t.Errorf("round %d: %v, %v", i, errs[0], errs[1])
			}
		}
		if n := s.number(t, "select count(*) from holds where state = 'open'"); n != int64(rounds()) {
			t.Errorf("%d holds, want %d", n, rounds())
		}
		a, _ := s.Store.Account(t.Context(), purse.MainBook, purse.WalletOf(s.person.User))
		b, _ := s.Store.Account(t.Context(), purse.MainBook, purse.WalletOf(other.User))
		if held := a.DebitsHeld + b.DebitsHeld; held != int64(10*rounds()) {
			t.Errorf("%d are ring-fenced", held)
		}
	})
}

// At the deadline the sweep and the merchant meet: the money goes one way.
func TestExpireAgainstCapture(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		const some = 20
		var captured, expired atomic.Int64
		for i := range max(rounds()/some, 3) {
			handles := make([]purse.Handle, some)
			for n := range handles {
				handles[n] = s.pays(t, s.person, "c", 5, anything)
			}
			left := time.Duration(handles[some/2].Deadline()-s.now(t)) * time.Microsecond
			s.advance(t, left-10*time.Millisecond)
			var going []func()
			for _, h := range handles {
				going = append(going, func() {
					r, err := s.try(t.Context(), s.Sell, hub.OperationRequest{Minor: 5, Token: h.Token, Auto: true})
					switch {
					case err == nil && r.Now >= h.Deadline():
						t.Errorf("taken %d after the deadline", r.Now-h.Deadline())
					case err == nil:
						captured.Add(1)
					case purse.CodeOf(err) == purse.CodeHandleExpired:
						expired.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			going = append(going, func() {
				if err := s.ExpireOverdue(t.Context(), purse.MainBook); err != nil {
					t.Error(err)
				}
			}, func() { s.advance(t, 5*time.Millisecond) })
			together(i, going...)
			s.advance(t, 20*time.Minute)
			if err := s.ExpireOverdue(t.Context(), purse.MainBook); err != nil {
				t.Error(err)
			}
		}
		t.Logf("%d captured, %d expired", captured.Load(), expired.Load())
		s.has(t, "the merchant", purse.BalanceOf(s.seller.Merchant), 5*captured.Load())
		s.has(t, "the consumer", purse.WalletOf(s.person.User), 1_000_00-5*captured.Load())
		s.spent(t, "the consumer", s.person, 5*captured.Load())
	})
}
