package hub

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"purse"
)

// Up to a million payment handles live their lives, many at once and in every order, with
// a clock that jumps: nothing is taken at or after its deadline.

const (
	chunk    = 500 // handles of one desk, so that memory stays flat
	atOnce   = 12  // handles that are alive
	crowd    = 5   // consumers, with an agreement each at times
	crowdHas = 400
)

func TestAMillionLives(t *testing.T) {
	lives := 200_000
	switch {
	case long():
		lives = 1_000_000
	case testing.Short():
		lives = 50_000
	}
	seed := rand.Uint64()
	var sum counts
	inParallel(lives/chunk, func(i int) {
		if t.Failed() {
			return
		}
		c, err := liveChunk(rand.New(rand.NewPCG(seed, uint64(i))))
		if err != nil {
			t.Errorf("seed %d, chunk %d: %v", seed, i, err)
		}
		sum.add(c)
	})
	t.Logf("%s", sum.String())
	for what, n := range sum.all() {
		if n.Load() == 0 {
			t.Errorf("no handle was ever %s", what)
		}
	}
}

// long says that the rounds are to be as long as they ever are, as CI has them.
func long() bool { return os.Getenv("PURSE_TEST_LONG") != "" }

// counts says how the handles fared.
type counts struct {
	agreed, standing, captured, settled, refunded, voided, late, swept, sweptSales atomic.Int64
}

func (c *counts) all() map[string]*atomic.Int64 {
	return map[string]*atomic.Int64{
		"agreed to": &c.agreed, "paid by an agreement": &c.standing, "captured": &c.captured, "settled in parts": &c.settled,
		"refunded": &c.refunded, "voided": &c.voided, "asked for too late": &c.late, "swept": &c.swept, "swept as a sale": &c.sweptSales,
	}
}

func (c *counts) add(more *counts) {
	into := c.all()
	for what, n := range more.all() {
		into[what].Add(n.Load())
	}
}

func (c *counts) String() (s string) {
	for what, n := range c.all() {
		s += fmt.Sprintf("%s: %d. ", what, n.Load())
	}
	return s
}

// one is a handle that lives, and what came of it.
type one struct {
	handle   purse.Handle
	person   purse.UserID
	consumer string
	payable  bool
	sale     purse.Operation
	settled  []purse.OperationID
	steps    int
	dropped  bool // nobody asks for it any more
}

// liveChunk lets some handles live.
func liveChunk(r *rand.Rand) (*counts, error) {
	d := newDesk(purse.DefaultLimits, crowd, crowdHas)
	c := &counts{}
	var alive, open []*one
	var err error
	for born := 0; born < chunk || len(alive) > 0; {
		if born < chunk && len(alive) < atOnce {
			born++
			o, err := d.born(r, c)
			if err != nil {
				return c, err
			}
			alive, open = append(alive, o), append(open, o)
			continue
		}
		i := r.IntN(len(alive))
		if err := d.live(r, c, alive[i]); err != nil {
			return c, err
		}
		if alive[i].steps++; r.IntN(8) < alive[i].steps {
			alive[i].dropped, alive[i] = true, alive[len(alive)-1]
			alive = alive[:len(alive)-1]
		}
		if r.IntN(40) == 0 {
			if open, err = d.sweep(open, c); err != nil {
				return c, err
			}
		}
	}
	if _, err := d.sweep(open, c); err != nil {
		return c, err
	}
	f, err := d.Run(purse.Command{Decide: func(*purse.Facts) error { return nil }})
	if err != nil {
		return c, err
	}
	return c, look(d.Memory, f).sound(began(crowd, crowdHas))
}

func (d *desk) born(r *rand.Rand, c *counts) (*one, error) {
	n := r.IntN(crowd)
	o := &one{person: someone + purse.UserID(n), consumer: fmt.Sprint("c", n)}
	h, _, err := d.create(purse.HandleForPayment, o.consumer, 1+r.Int64N(60))
	o.handle, o.payable = h, h.Status == purse.HandlePayable
	if o.payable {
		c.standing.Add(1)
	}
	return o, err
}

// live takes a step in the life of o, or lets time pass.
func (d *desk) live(r *rand.Rand, c *counts, o *one) error {
	if r.IntN(3) == 0 {
		d.pass(r, o)
	}
	var f *purse.Facts
	var err error
	deadline := o.handle.Deadline()
	switch {
	case r.IntN(30) == 0:
		_, err = d.revoke(o.person, o.consumer)
	case o.sale.ID == 0 && !o.payable:
		err = d.answered(r, c, o)
	case o.sale.ID == 0:
		if f, err = d.sell(purse.Sale, o.handle.Token, o.handle.Minor, r.IntN(2) == 0); err == nil {
			o.sale = d.did
			c.captured.Add(1)
			if o.sale.Auto {
				o.settled = append(o.settled, o.sale.ID)
			}
			if f.Now >= deadline {
				return fmt.Errorf("taken %v after the deadline", time.Duration(f.Now-deadline)*time.Microsecond)
			}
		}
	case !o.sale.Auto && r.IntN(3) > 0:
		err = d.part(r, c, o)
	case len(o.settled) > 0:
		if _, err = d.change(purse.Refund, o.settled[r.IntN(len(o.settled))], r.Int64N(o.handle.Minor+2)); err == nil && d.did.Status == purse.OperationCompleted {
			c.refunded.Add(1)
		}
	}
	switch purse.CodeOf(err) {
	case purse.CodeHandleExpired:
		c.late.Add(1)
		if d.Now() < deadline {
			return fmt.Errorf("called too late before the deadline")
		}
	case purse.CodeInternal:
		return err
	}
	return nil
}

// answered lets the consumer answer.
func (d *desk) answered(r *rand.Rand, c *counts, o *one) error {
	if r.IntN(6) == 0 {
		_, err := d.answer(o.handle.HandleKey, no(purse.CodeRefused))
		return err
	}
	a := Agreement{CapPayment: r.Int64N(80) - 1, CapMonth: r.Int64N(300) - 1}
	f, err := d.answer(o.handle.HandleKey, agreeing(actor(o.person), a).decide)
	if err == nil {
		h, err := f.Handle(o.handle.HandleKey)
		if o.payable = h.Status == purse.HandlePayable; o.payable {
			c.agreed.Add(1)
		}
		return err
	}
	return err
}

// part settles or voids a part of a sale.
func (d *desk) part(r *rand.Rand, c *counts, o *one) error {
	kind := [...]purse.OperationKind{purse.Settlement, purse.Void, purse.Sale}[r.IntN(3)]
	f, err := d.change(kind, o.sale.ID, 1+r.Int64N(o.handle.Minor))
	if err != nil || d.did.Status != purse.OperationCompleted {
		return err
	}
	if f.Now >= o.sale.Deadline {
		return fmt.Errorf("a %s %v after the deadline", kind, time.Duration(f.Now-o.sale.Deadline)*time.Microsecond)
	}
	if kind == purse.Settlement {
		o.settled = append(o.settled, d.did.ID)
		c.settled.Add(1)
	} else {
		c.voided.Add(1)
	}
	return nil
}

// pass lets time pass: a little, or until about a deadline, or for weeks.
func (d *desk) pass(r *rand.Rand, o *one) {
	deadline := o.handle.Deadline()
	if o.sale.Hold != 0 {
		deadline = o.sale.Deadline
	}
	left := time.Duration(deadline-d.Now()) * time.Microsecond
	switch r.IntN(12) {
	case 0:
		d.Advance(left - time.Microsecond)
	case 1:
		d.Advance(left)
	case 2:
		d.Advance(left + time.Microsecond)
	case 3:
		d.Advance(time.Duration(r.Int64N(int64(time.Hour))))
	case 4:
		if r.IntN(20) == 0 {
			d.Advance(time.Duration(r.Int64N(int64(40 * 24 * time.Hour))))
		}
	default:
		d.Advance(time.Duration(r.Int64N(int64(time.Minute))))
	}
}

// sweep ends whatever is overdue, as ExpireOverdue does, and gives what goes on.
func (d *desk) sweep(all []*one, c *counts) (open []*one, err error) {
	for _, o := range all {
		ended, f, err := d.sweepHandle(o.handle.HandleKey)
		if err != nil {
			return nil, err
		}
		if ended {
			c.swept.Add(1)
		}
		h, err := f.Handle(o.handle.HandleKey)
		if err != nil || h.Overdue(f.Now) {
			return nil, fmt.Errorf("%+v outlives a sweep: %w", h, err)
		}
		sale := purse.Operation{}
		if o.sale.Hold != 0 {
			if ended, f, err = d.sweepSale(o.sale.OperationKey); err != nil {
				return nil, err
			}
			if ended {
				c.sweptSales.Add(1)
			}
			if sale, err = f.Operation(o.sale.OperationKey); err != nil || sale.Overdue(f.Now) {
				return nil, fmt.Errorf("%+v outlives a sweep: %w", sale, err)
			}
		}
		if h.Open() || sale.Hold != 0 || !o.dropped {
			open = append(open, o)
		}
	}
	return open, nil
}
