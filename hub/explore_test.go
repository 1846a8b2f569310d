package hub

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"purse"
	"purse/ledger"
)

// The explorer goes breadth first through everything that a merchant, a consumer
// with little money and the clock can do to at most two handles, on the decisions
// that servers run. States that differ only in numbers and in moments that are over
// are one. On each way it checks the promises of the package.

const (
	depth = 8
	// floors are what was found last: an explorer that sees less has gone blind.
	statesFloor, edgesFloor = 17_489, 211_149

	little = 15 // what the consumer has, in minor units: enough for both handles, just
)

// amounts are what the first handle and the second may be for.
var amounts = [2][]int64{{10}, {5, 9}}

// The agreements that the consumer may make: any amount, or one that lets the
// smaller second handle through, but not in the month in which the first was paid.
var agreements = []Agreement{{CapPayment: purse.NoCap, CapMonth: purse.NoCap}, {CapPayment: 6, CapMonth: 14}}

type verb int

const (
	creating verb = iota
	asking
	agreeingTo
	refusing
	selling
	sellingLater
	settling
	voiding
	cancelling
	refunding
	sweeping
	sweepingSale
	revoking
	waiting
)

// act is one thing that can be done: to the handle, or the operation of a kind, that
// was made n-th.
type act struct {
	verb verb
	n    int
	arg  int64 // minor units; which agreement; of waiting, microseconds
}

// handle is the n-th handle.
func (b books) handle(n int) purse.Handle {
	ids := slices.Sorted(maps.Keys(b.handles))
	return b.handles[ids[n]]
}

// operations lists those of a kind that were not declined, oldest first.
func (b books) operations(kind purse.OperationKind) []purse.Operation {
	var all []purse.Operation
	for k, o := range b.did {
		if k.Kind == kind && o.Status != purse.OperationFailed {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b purse.Operation) int { return int(a.ID - b.ID) })
	return all
}

// acts lists everything that can be tried in a state.
func (b books) acts(now purse.Time) []act {
	var all []act
	if n := len(b.handles); n < len(amounts) {
		for _, minor := range amounts[n] {
			all = append(all, act{creating, n, minor})
		}
	}
	for n := range len(b.handles) {
		for i := range agreements {
			all = append(all, act{agreeingTo, n, int64(i)})
		}
		minor := b.handle(n).Minor
		all = append(all, act{asking, n, 0}, act{refusing, n, 0}, act{selling, n, minor}, act{selling, n, minor - 1},
			act{sellingLater, n, minor}, act{sweeping, n, 0})
	}
	for n, o := range b.operations(purse.Sale) {
		for _, minor := range parts(o.Settleable) {
			all = append(all, act{settling, n, minor}, act{voiding, n, minor})
		}
		all = append(all, act{cancelling, n, 0}, act{sweepingSale, n, 0})
	}
	for n, o := range b.operations(purse.Settlement) {
		all = append(all, act{refunding, n, 0})
		for _, minor := range parts(o.Refundable) {
			all = append(all, act{refunding, n, minor})
		}
	}
	all = append(all, act{verb: revoking})
	return append(all, b.waits(now)...)
}

// parts are a part of what is left, all of it, and more than that.
func parts(left int64) []int64 {
	if left > 3 {
		return []int64{3, left, left + 1}
	}
	return slices.DeleteFunc([]int64{left, left + 1}, func(m int64) bool { return m == 0 })
}

// waits are the moments that matter: just before, at and after each deadline.
func (b books) waits(now purse.Time) (all []act) {
	for _, deadline := range b.deadlines() {
		for _, to := range []purse.Time{deadline.Add(-near), deadline, deadline.Add(time.Minute)} {
			if to > now {
				all = append(all, act{verb: waiting, arg: int64(to - now)})
			}
		}
	}
	return all
}

// near is just before: time for some commands, each of which takes microseconds.
const near = time.Millisecond

// deadlines are those that wait for the clock.
func (b books) deadlines() (all []purse.Time) {
	for n := range len(b.handles) {
		if h := b.handle(n); h.Open() {
			all = append(all, h.Deadline())
		}
	}
	for _, o := range b.operations(purse.Sale) {
		if o.Hold != 0 {
			all = append(all, o.Deadline)
		}
	}
	return all
}

// do does a. What has a deadline takes two seconds, so that no two are at once.
func (d *desk) do(b books, a act) (f *purse.Facts, err error) {
	const spell = 2 * time.Second
	switch a.verb {
	case creating:
		_, f, err = d.create(purse.HandleForPayment, "c", a.arg)
		d.Advance(spell)
	case asking:
		return d.answer(b.handle(a.n).HandleKey, ask)
	case agreeingTo:
		return d.answer(b.handle(a.n).HandleKey, agreeing(actor(someone), agreements[a.arg]).decide)
	case refusing:
		return d.answer(b.handle(a.n).HandleKey, no(purse.CodeRefused))
	case selling:
		return d.sell(purse.Sale, b.handle(a.n).Token, a.arg, true)
	case sellingLater:
		f, err = d.sell(purse.Sale, b.handle(a.n).Token, a.arg, false)
		d.Advance(spell)
	case settling:
		return d.change(purse.Settlement, b.operations(purse.Sale)[a.n].ID, a.arg)
	case voiding:
		return d.change(purse.Void, b.operations(purse.Sale)[a.n].ID, a.arg)
	case cancelling:
		return d.change(purse.Sale, b.operations(purse.Sale)[a.n].ID, 0)
	case refunding:
		return d.change(purse.Refund, b.operations(purse.Settlement)[a.n].ID, a.arg)
	case sweeping:
		_, f, err = d.sweepHandle(b.handle(a.n).HandleKey)
	case sweepingSale:
		_, f, err = d.sweepSale(b.operations(purse.Sale)[a.n].OperationKey)
	case revoking:
		return d.revoke(someone, "c")
	case waiting:
		d.Advance(time.Duration(a.arg) * time.Microsecond)
		return d.Run(purse.Command{Decide: func(*purse.Facts) error { return nil }})
	}
	return f, err
}

// key tells apart the states that are not one: whatever later decisions can see,
// and nothing else. now is when the next command decides.
func (b books) key(now purse.Time) string {
	k := make([]byte, 0, 200)
	number := func(n int64) { k = append(strconv.AppendInt(k, n, 10), ' ') }
	till := func(t purse.Time) { // in steps of 10 ms, and no difference once it is over
		number(max((int64(t-now)+9999)/10_000, 0))
	}
	for n := range len(b.handles) {
		h := b.handle(n)
		k = append(append(k, h.Status...), ' ')
		number(h.Minor)
		if h.Open() {
			till(h.Deadline())
		}
	}
	for _, o := range b.operations(purse.Sale) {
		k = append(append(k, o.Status...), ' ')
		number(b.handles[o.Handle].Minor)
		number(o.Minor)
		number(o.Settleable)
		number(o.Refundable)
		if o.Hold != 0 {
			till(o.Deadline)
		}
	}
	for _, o := range b.operations(purse.Settlement) {
		number(o.Minor)
		number(o.Refundable)
	}
	for _, m := range b.mandates {
		k = strconv.AppendBool(k, m.Revoked == 0)
		number(m.CapMonth)
		number(m.ThisMonth(now))
	}
	for _, c := range b.consumers {
		k = strconv.AppendBool(k, c.Linked != 0)
	}
	for _, id := range []ledger.AccountID{purse.WalletOf(someone), purse.BalanceOf(shop), purse.FeesAccount} {
		number(b.accounts[id].Balance())
		number(b.accounts[id].Spendable())
		number(b.spent[id])
	}
	return string(k)
}

// found is what the explorer has found in one state.
type found struct {
	edges, refused int
	next           []place
	err            error
}

// place is a state and a way to it.
type place struct {
	key string
	way []act
}

// at walks the way to a state anew.
func at(way []act) (*desk, books, error) {
	d := newDesk(purse.DefaultLimits, 1, little)
	f, err := d.Run(purse.Command{Decide: func(*purse.Facts) error { return nil }})
	b := look(d.Memory, f)
	for _, a := range way {
		f, _ = d.do(b, a) // what came too late is refused, and ends what has lapsed
		b = look(d.Memory, f)
	}
	return d, b, err
}

// explore tries everything in one state.
func explore(p place, known map[string]bool) (r found) {
	way := p.way
	from, before, err := at(way)
	if err == nil && before.key(from.Now()) != p.key {
		err = fmt.Errorf("%v leads elsewhere when it is walked again", way)
	}
	if err != nil {
		return found{err: err}
	}
	var d *desk
	for _, a := range before.acts(from.Now()) {
		if d == nil {
			d = from.fork()
		}
		f, err := d.do(before, a)
		after := look(d.Memory, f)
		var agreed purse.HandleID
		if a.verb == agreeingTo {
			agreed = before.handle(a.n).ID
		}
		wrong := expected(before, after, a, err)
		if wrong == nil {
			wrong = before.step(after, d.Events(), agreed)
		}
		if wrong == nil {
			wrong = after.sound(began(1, little))
		}
		if wrong != nil {
			return found{err: fmt.Errorf("%w\nafter %v then %v, which was answered %v", wrong, way, a, err)}
		}
		r.edges++
		if err != nil {
			r.refused++
		}
		spare := err != nil && after.same(before) && a.verb != creating && a.verb != sellingLater
		if k := after.key(d.Now()); !known[k] {
			r.next = append(r.next, place{k, append(slices.Clip(slices.Clone(way)), a)})
		}
		if !spare { // what was refused has left the book as it was, for the next
			d = nil
		}
	}
	return r
}

func TestExploreEverything(t *testing.T) {
	start, b, err := at(nil)
	if err != nil {
		t.Fatal(err)
	}
	frontier := []place{{key: b.key(start.Now())}}
	known := map[string]bool{frontier[0].key: true}
	edges, refused := 0, 0
	for level := 1; level <= depth; level++ {
		results := make([]found, len(frontier))
		inParallel(len(frontier), func(i int) { results[i] = explore(frontier[i], known) })
		frontier = nil
		for _, r := range results {
			if r.err != nil {
				t.Fatal(r.err)
			}
			edges, refused = edges+r.edges, refused+r.refused
			for _, p := range r.next {
				if !known[p.key] {
					known[p.key] = true
					frontier = append(frontier, p)
				}
			}
		}
		t.Logf("depth %d: %d states, %d edges, of which %d refused", level, len(known), edges, refused)
	}
	if len(known) < statesFloor || edges < edgesFloor {
		t.Errorf("%d states and %d edges, at least %d and %d were there before", len(known), edges, statesFloor, edgesFloor)
	}
}

// inParallel runs n rounds on two cores.
func inParallel(n int, round func(int)) {
	var group sync.WaitGroup
	for core := range 2 {
		group.Go(func() {
			for i := core; i < n; i += 2 {
				round(i)
			}
		})
	}
	group.Wait()
}

// expected says what is wrong with the answer to an act: a refusal that changed
// anything but what had lapsed, one of what must be possible, or a yes to what must not.
func expected(before, after books, a act, err error) error {
	if err != nil && purse.CodeOf(err) == purse.CodeInternal {
		return err
	}
	lapsed := len(after.overdue(after.now)) < len(before.overdue(after.now))
	if err != nil && !lapsed && !after.same(before) {
		return fmt.Errorf("a refusal has changed something")
	}
	now := after.now
	var must bool
	switch a.verb {
	case creating:
		must = true
	case selling, sellingLater:
		h := before.handle(a.n)
		must = h.Status == purse.HandlePayable && now < h.Deadline() && a.arg == h.Minor
		if err == nil && !must {
			return fmt.Errorf("a sale of %d with %+v", a.arg, h)
		}
		if err != nil && purse.CodeOf(err) != unsold(h, now) {
			return fmt.Errorf("a sale with %+v: %w", h, err)
		}
	case agreeingTo, refusing:
		h := before.handle(a.n)
		must = h.Status == purse.HandleInitiated || h.Status == purse.HandleProcessing
	case asking:
		must = true
	case settling, voiding:
		o := before.operations(purse.Sale)[a.n]
		must = true
		kind := map[verb]purse.OperationKind{settling: purse.Settlement, voiding: purse.Void}[a.verb]
		done := len(after.operations(kind)) - len(before.operations(kind))
		if can := a.arg <= o.Settleable && now < o.Deadline; can != (done == 1) {
			return fmt.Errorf("%d of %+v were settled or voided %d times", a.arg, o, done)
		}
	case cancelling:
		o := before.operations(purse.Sale)[a.n]
		must = o.Status == purse.OperationCompleted && o.Settleable == o.Minor && now < o.Deadline
		if err == nil && !must {
			return fmt.Errorf("cancelled: %+v", o)
		}
	case refunding:
		o := before.operations(purse.Settlement)[a.n]
		must = true
		minor := a.arg
		if minor == 0 {
			minor = o.Refundable
		}
		done := len(after.operations(purse.Refund)) - len(before.operations(purse.Refund))
		if can := minor > 0 && minor <= o.Refundable && minor <= before.accounts[purse.BalanceOf(shop)].Spendable(); can != (done == 1) {
			return fmt.Errorf("%d of %+v were refunded %d times", a.arg, o, done)
		}
	case sweeping, sweepingSale:
		must = true
		if h := after.overdue(now); a.verb == sweeping && slices.Contains(h, int64(before.handle(a.n).ID)) ||
			a.verb == sweepingSale && slices.Contains(h, int64(before.operations(purse.Sale)[a.n].ID)) {
			return fmt.Errorf("the sweep has left something overdue")
		}
	}
	if must && err != nil {
		return fmt.Errorf("refused: %w", err)
	}
	return nil
}

// unsold is the refusal of a sale that cannot be made with h.
func unsold(h purse.Handle, now purse.Time) purse.Code {
	switch {
	case h.Status == purse.HandleExpired || h.Overdue(now):
		return purse.CodeHandleExpired
	case h.Status != purse.HandlePayable:
		return purse.CodeHandle
	}
	return purse.CodeAmount
}

// overdue lists the handles and sales that have not ended in time.
func (b books) overdue(now purse.Time) (all []int64) {
	for id, h := range b.handles {
		if h.Overdue(now) {
			all = append(all, int64(id))
		}
	}
	for _, o := range b.operations(purse.Sale) {
		if o.Overdue(now) {
			all = append(all, int64(o.ID))
		}
	}
	return all
}

// same says that nothing is different but the time.
func (b books) same(as books) bool {
	return maps.Equal(b.accounts, as.accounts) && maps.Equal(b.holds, as.holds) && maps.Equal(b.handles, as.handles) &&
		maps.Equal(b.did, as.did) && maps.Equal(b.mandates, as.mandates) && maps.Equal(b.consumers, as.consumers) && maps.Equal(b.spent, as.spent)
}
