package purse

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"purse/ledger"

	"pgregory.net/rapid"
)

// orderUntil is an order that was made at noon and can be paid for an hour.
func orderUntil(status OrderStatus) Order {
	return Order{OrderKey: OrderKey{9, 7}, Made: noon, Deadline: noon.Add(time.Hour), Status: status, Version: 1}
}

func TestOrderCountsDown(t *testing.T) {
	second := Time(time.Second / time.Microsecond)
	for _, tc := range []struct {
		after, left Time
		overdue     bool
	}{
		{0, 3600, false}, {1, 3599, false}, {second, 3599, false}, {second + 1, 3598, false}, {3599 * second, 1, false}, {3600*second - 1, 0, false},
		{3600 * second, 0, true}, {3600*second + 1, 0, true}, {math.MaxInt64 - noon, 0, true},
	} {
		o := orderUntil(OrderPending)
		if left, overdue := o.TimeLeft(noon+tc.after), o.Overdue(noon+tc.after); left != int64(tc.left) || overdue != tc.overdue {
			t.Errorf("%d microseconds old: %d left, overdue %v, want %d and %v", tc.after, left, overdue, tc.left, tc.overdue)
		}
		for _, status := range []OrderStatus{OrderPaid, OrderExpired, OrderCancelled, ""} {
			if o := orderUntil(status); o.TimeLeft(noon+tc.after) != 0 || o.Overdue(noon+tc.after) {
				t.Errorf("%q has %d seconds left, overdue %v", status, o.TimeLeft(noon+tc.after), o.Overdue(noon+tc.after))
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		o, now := orderUntil(OrderPending), noon+Time(rapid.Int64Range(0, 4000*int64(second)).Draw(t, "age"))
		left, later := o.TimeLeft(now), o.TimeLeft(now+Time(rapid.Int64Range(0, int64(second)).Draw(t, "step")))
		if left < 0 || left > 3600 || later > left || later < left-1 || o.Overdue(now) && left != 0 {
			t.Fatalf("%d seconds are left, and then %d", left, later)
		}
	})
}

func TestOrderTotal(t *testing.T) {
	for _, tc := range []struct {
		minor, fee int64
		onTop      bool
		want       int64
	}{
		{100, 0, false, 100}, {100, 7, false, 100}, {100, 7, true, 107}, {100, 100, false, 100}, {1, 30, true, 31}, {math.MaxInt64 - 1, 1, true, math.MaxInt64},
	} {
		if got := (Order{Minor: tc.minor, Fee: tc.fee, OnTop: tc.onTop}).Total(); got != tc.want {
			t.Errorf("%+v costs %d", tc, got)
		}
	}
}

// An order waits until it has ended, once; every state is news of its own.
func TestOrderMoves(t *testing.T) {
	var news []EventKind
	for from, to := range OrderMoves {
		if from != "" {
			news = append(news, OrderNews(from))
		}
		if ended := len(to) == 0; from != "" && orderUntil(from).Overdue(math.MaxInt64) == ended {
			t.Errorf("%s: what can be overdue goes on, and nothing else", from)
		}
		for _, s := range to {
			if _, known := OrderMoves[s]; !known || s == "" {
				t.Errorf("%s may become %q, which is no state", from, s)
			}
		}
	}
	slices.Sort(news)
	want := []EventKind{OrderWasCancelled, OrderWasCreated, OrderHasExpired, OrderWasPaid}
	slices.Sort(want)
	if !slices.Equal(news, want) {
		t.Errorf("%v", news)
	}
}

// TestOrderSnapshotsStayAsTheyAre: whoever reads old news must understand them.
func TestOrderSnapshotsStayAsTheyAre(t *testing.T) {
	for _, tc := range []struct {
		order Order
		want  string
	}{
		{Order{OrderKey: OrderKey{9, 7}, Status: OrderPending, Minor: 2500, Fee: 30, Product: hostile, Version: 1},
			`{"id":"7","merchant":"9","status":"PENDING","payer":"0","minor":2500}`},
		{Order{OrderKey: OrderKey{9, 7}, Status: OrderPaid, Payer: 10, Minor: 2500, Version: 2},
			`{"id":"7","merchant":"9","status":"SUCCESS","payer":"10","minor":2500}`},
		{Order{OrderKey: OrderKey{math.MaxInt64, math.MaxInt64}, Payer: math.MaxInt64, Minor: math.MaxInt64, Version: math.MaxInt64},
			`{"id":"9223372036854775807","merchant":"9223372036854775807","status":"","payer":"9223372036854775807","minor":9223372036854775807}`},
	} {
		id, seq, got := tc.order.eventSubject()
		if id != int64(tc.order.Number) || seq != tc.order.Version || got != tc.want {
			t.Errorf("%d, %d, %s, want %s", id, seq, got, tc.want)
		}
	}
	_, _, snapshot := Order{Status: hostile}.eventSubject()
	var read map[string]any
	if err := json.Unmarshal([]byte(snapshot), &read); err != nil || read["status"] != hostile {
		t.Errorf("%s: %v", snapshot, err)
	}
}

func TestOrderNamesItsCauseAndNumber(t *testing.T) {
	o := orderUntil(OrderPending)
	if o.Cause() != (ledger.Cause{Kind: ledger.CauseOrder, ID: 7}) || o.Number.String() != "7" {
		t.Errorf("%v, %s", o.Cause(), o.Number)
	}
}

// order makes an order of the shop, which is then refused or not.
func order(refusal error, made *OrderNumber) Command {
	return Command{Decide: func(f *Facts) error {
		o := orderUntil(OrderPending)
		o.Number = f.NextOrder()
		if *made = o.Number; f.Book.Orders != int64(o.Number) {
			return Refuse(CodeInternal, "It is order %d of %d.", o.Number, f.Book.Orders)
		}
		f.Put(o)
		f.Emit(OrderWasCreated, o)
		return refusal
	}}
}

// TestMemoryCountsOrders: what was refused has taken no number, a fork counts by
// itself, and a book that is made anew goes on.
func TestMemoryCountsOrders(t *testing.T) {
	m := NewMemory(testBook, noon, Merchant{ID: 9, Name: "Shop", Life: time.Hour}, PaymentLink{PaymentLinkKey: PaymentLinkKey{9, 3}, Product: "p"}, Member{MemberKey: MemberKey{9, 10}})
	refusal := Refuse(CodeDeclined, "No.")
	var n OrderNumber
	makes := func(m *Memory, refusal error, want OrderNumber) {
		t.Helper()
		if _, err := m.Run(order(refusal, &n)); err != refusal || n != want {
			t.Errorf("%v, number %d, want %d", err, n, want)
		}
	}
	makes(m, nil, 1)
	before := seen(m)
	makes(m, refusal, 2)
	if after := seen(m); !reflect.DeepEqual(after, before) {
		t.Errorf("%v has become %v", before, after)
	}
	makes(m, nil, 2)
	fork := m.Fork()
	makes(fork, nil, 3)
	makes(fork, nil, 4)
	makes(m, nil, 3)
	f, err := m.Run(Command{Decide: func(f *Facts) error {
		o, err := f.Order(OrderKey{9, 3})
		o.Status, o.Version = OrderCancelled, 2
		f.Put(o)
		f.Remove(Member{MemberKey: MemberKey{9, 10}})
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Order(OrderKey{9, 4}); CodeOf(err) != CodeNotFound {
		t.Errorf("the fork's order is there: %v", err)
	}
	theirs, _ := fork.Run(Command{Decide: func(*Facts) error { return nil }})
	if o, err := theirs.Order(OrderKey{9, 3}); err != nil || o.Status != OrderPending {
		t.Errorf("in the fork it is %s, %v", o.Status, err)
	}
	if _, err := theirs.Member(MemberKey{9, 10}); err != nil {
		t.Errorf("in the fork they have left: %v", err)
	}
	anew := NewMemory(testBook, m.Now(), m.Nouns()...)
	if after := seen(anew); !reflect.DeepEqual(after, seen(m)) || len(after) != 5 {
		t.Errorf("%v has become %v", seen(m), after)
	}
	makes(anew, nil, 4)
}
