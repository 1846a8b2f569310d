package hub_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/hub"
)

// Ten thousand handles live on a database while the clock moves and the sweep runs
// beside: no hold outlives its deadline by more than one sweep, in book time, and
// nothing is taken at or after it.
func TestHoldsDoNotOutliveTheSweep(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		lives, workers := 3_000, 48
		switch {
		case os.Getenv("PURSE_TEST_LONG") != "":
			lives = 10_000
		case testing.Short():
			lives = 500
		}
		s.set(t, s.seller.Merchant, func(m *purse.Merchant) { m.Life = 10 * time.Minute })
		people := make([]purse.Actor, 40)
		for i := range people {
			people[i] = s.somebody(t, fmt.Sprintf("person%02d", i), 10_000_00)
		}
		seed := rand.Uint64()
		var fates [6]atomic.Int64 // of handles: taken, to be settled, expired on the way, refused, left alone, payable at once
		done, swept := make(chan struct{}), make(chan int)
		go s.sweepOften(t, seed, done, swept)
		atOnce(lives, workers, func(i int) {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			n := r.IntN(len(people))
			if err := s.live(t.Context(), r, people[n], fmt.Sprint("c", n), &fates); err != nil {
				t.Errorf("seed %d, life %d: %v", seed, i, err)
			}
		})
		close(done)
		sweeps := <-swept
		s.advance(t, time.Hour)
		if err := s.ExpireOverdue(t.Context(), purse.MainBook); err != nil {
			t.Error(err)
		}
		if n := s.number(t, "select count(*) from holds where state = 'open'"); n != 0 {
			t.Errorf("%d holds are open in the end", n)
		}
		if n := s.number(t, "select count(*) from handles where status in ('INITIATED', 'PROCESSING', 'PAYABLE')"); n != 0 {
			t.Errorf("%d handles are open in the end", n)
		}
		t.Logf("%d sweeps; taken %d, to be settled %d, expired on the way %d, refused %d, left alone %d, payable at once %d", sweeps,
			fates[0].Load(), fates[1].Load(), fates[2].Load(), fates[3].Load(), fates[4].Load(), fates[5].Load())
	})
}

// sweepOften moves the clock and sweeps until done, and looks after each sweep
// whether anything is left that was overdue when it began.
func (s *shop) sweepOften(t *testing.T, seed uint64, done <-chan struct{}, swept chan<- int) {
	r := rand.New(rand.NewPCG(seed, 1<<40))
	for n := 1; ; n++ {
		by := time.Duration(r.IntN(60)) * time.Second
		if r.IntN(10) == 0 {
			by = 10 * time.Minute
		}
		s.advance(t, by)
		now := s.now(t)
		if err := s.ExpireOverdue(t.Context(), purse.MainBook); err != nil {
			t.Error(err)
		}
		if left := s.number(t, "select count(*) from holds where state = 'open' and deadline <= $1", int64(now)); left != 0 {
			t.Errorf("%d holds outlive the sweep", left)
		}
		select {
		case <-done:
			swept <- n
			return
		default:
		}
	}
}

// live lets one handle live.
func (s *shop) live(ctx context.Context, r *rand.Rand, who purse.Actor, consumer string, fates *[6]atomic.Int64) error {
	got, err := s.ask(ctx, s.seller, hub.HandleRequest{Minor: 1 + r.Int64N(100), Consumer: consumer})
	h := got.Handle
	if err != nil {
		return err
	}
	switch {
	case h.Status == purse.HandlePayable:
		fates[5].Add(1)
	case r.IntN(10) == 0:
		_, err = s.RefuseHandle(ctx, h.Link)
		fates[3].Add(1)
		return tolerable(err)
	case r.IntN(10) > 0:
		if h, err = s.Authorize(ctx, who, h.Link, hub.Agreement{CapPayment: purse.NoCap, CapMonth: 2000}); err != nil {
			return tolerable(err)
		}
	}
	if h.Status != purse.HandlePayable || r.IntN(4) == 0 {
		fates[4].Add(1)
		return nil
	}
	if r.IntN(50) == 0 { // the merchant takes its time
		if err := s.Store.Execute(ctx, purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error {
			return f.AdvanceClock(time.Duration(r.IntN(20)) * time.Minute)
		}}); err != nil {
			return err
		}
	}
	auto := r.IntN(3) > 0
	sale, err := s.try(ctx, s.Sell, hub.OperationRequest{Minor: h.Minor, Token: h.Token, Auto: auto})
	switch {
	case purse.CodeOf(err) == purse.CodeHandleExpired:
		fates[2].Add(1)
		return nil
	case err != nil:
		return err
	case sale.Now >= h.Deadline():
		return fmt.Errorf("taken %d after the deadline", sale.Now-h.Deadline())
	}
	if auto {
		fates[0].Add(1)
		if r.IntN(4) == 0 {
			_, err = s.try(ctx, s.Refund, hub.OperationRequest{Parent: sale.Operation.ID, Minor: r.Int64N(h.Minor + 1)})
		}
		return err
	}
	fates[1].Add(1)
	return s.settleSome(ctx, r, sale.Operation, who, consumer)
}

// settleSome settles or voids a part of a sale, and leaves the rest to the clock.
func (s *shop) settleSome(ctx context.Context, r *rand.Rand, sale purse.Operation, who purse.Actor, consumer string) error {
	do := s.Settle
	switch r.IntN(6) {
	case 0:
		do = s.Void
	case 1:
		return nil
	case 2:
		return tolerable(s.RevokeMandate(ctx, who, s.mandateOf(consumer)))
	}
	part, err := s.try(ctx, do, hub.OperationRequest{Parent: sale.ID, Minor: 1 + r.Int64N(sale.Minor)})
	if err == nil && part.Operation.Status == purse.OperationCompleted && part.Now >= sale.Deadline {
		err = fmt.Errorf("settled %d after the deadline", part.Now-sale.Deadline)
	}
	return err
}

// tolerable drops a refusal that a clock in a hurry brings about.
func tolerable(err error) error {
	if code := purse.CodeOf(err); code == purse.CodeFinal || code == purse.CodeNotFound {
		return nil
	}
	return err
}
