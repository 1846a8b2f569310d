package order

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purse"
)

// Races, on two servers where there can be two: whatever meets, exactly one effect is
// there in the end, and verify is content.

// server is one of both.
func (n *network) server(i int) *Service { return []*Service{n.Service, n.second}[i%2] }

// patiently does something again as long as the network is busy.
func patiently(ctx context.Context, do func() error) error {
	for {
		if err := do(); purse.CodeOf(err) != purse.CodeBusy || ctx.Err() != nil {
			return err
		}
	}
}

// together lets n go at once.
func together(n int, contestant func(i int)) {
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			contestant(i)
		})
	}
	close(start)
	group.Wait()
}

func TestManyPayOneOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		people := make([]purse.Actor, 20)
		for i := range people {
			people[i] = n.newPerson(t, fmt.Sprint("person", i), 50_00)
		}
		o := n.order(t, 10_00)
		const payments = 200
		paid, errs := make([]purse.Order, payments), make([]error, payments)
		together(payments, func(i int) {
			errs[i] = patiently(t.Context(), func() (err error) {
				paid[i], err = n.server(i/len(people)).Pay(t.Context(), people[i%len(people)], o.Link)
				return err
			})
		})
		after, err := n.store.Order(t.Context(), purse.MainBook, o.OrderKey)
		if err != nil || after.Status != purse.OrderPaid {
			t.Fatalf("%+v, %v", after, err)
		}
		yes := 0
		for i := range payments {
			switch {
			case errs[i] == nil && paid[i] == after && after.Payer == people[i%len(people)].User:
				yes++
			case code(errs[i]) != purse.CodeFinal:
				t.Errorf("answered %+v, %v", paid[i], errs[i])
			}
		}
		if yes != payments/len(people) {
			t.Errorf("the payer was told %d times that it is paid", yes)
		}
		for _, p := range people {
			want := int64(50_00)
			if p.User == after.Payer {
				want -= 10_00
			}
			if got := n.balance(t, purse.WalletOf(p.User)); got != want {
				t.Errorf("%d has %d, want %d", p.User, got, want)
			}
		}
		if got := n.balance(t, purse.BalanceOf(n.shop.ID)); got != 9_60 {
			t.Errorf("the merchant has %d", got)
		}
	})
}

// rounds is how often a race is run.
func rounds() int {
	if testing.Short() {
		return 5
	}
	return 20
}

func TestPayAgainstRefuseAgainstTheDeadline(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada, ben := n.newPerson(t, "ada", 500_00), n.newPerson(t, "ben", 500_00)
		n.stay(t, ada, ben)
		outcomes := map[purse.OrderStatus]int{}
		var paid int64
		for round := range rounds() {
			o := n.order(t, 10_00)
			contestants := []func() error{
				func() error { _, err := n.Pay(t.Context(), ada, o.Link); return err },
				func() error { _, err := n.second.Pay(t.Context(), ben, o.Link); return err },
				func() error { _, err := n.second.Refuse(t.Context(), o.Link); return err },
				func() error { return n.advance(t.Context(), purse.OrderLife) },
				func() error { return n.ExpireOverdue(t.Context(), purse.MainBook) },
			}
			var yes atomic.Int64
			together(len(contestants), func(i int) {
				i = (i + round) % len(contestants)
				err := patiently(t.Context(), contestants[i])
				switch {
				case i >= 3 && err != nil, err != nil && purse.CodeOf(err) != purse.CodeFinal:
					t.Error(err)
				case i < 3 && err == nil:
					yes.Add(1)
				}
			})
			if err := n.ExpireOverdue(t.Context(), purse.MainBook); err != nil {
				t.Fatal(err)
			}
			after, err := n.store.Order(t.Context(), purse.MainBook, o.OrderKey)
			if err != nil {
				t.Fatal(err)
			}
			outcomes[after.Status]++
			want := int64(1)
			switch after.Status {
			case purse.OrderPending:
				t.Errorf("it still waits: %+v", after)
			case purse.OrderExpired:
				want = 0
			case purse.OrderPaid:
				paid++
				fallthrough
			default:
				if after.Changed >= after.Deadline {
					t.Errorf("it came to its state too late: %+v", after)
				}
			}
			if yes.Load() != want {
				t.Errorf("%d were told yes: %+v", yes.Load(), after)
			}
		}
		t.Log(outcomes)
		gone := 2*500_00 - n.balance(t, purse.WalletOf(ada.User)) - n.balance(t, purse.WalletOf(ben.User))
		if gone != paid*10_00 || n.balance(t, purse.BalanceOf(n.shop.ID)) != paid*9_60 {
			t.Errorf("%d were paid, %d is gone", paid, gone)
		}
	})
}

// stay lets people be signed in for as long as a test lets time pass.
func (n *network) stay(t *testing.T, people ...purse.Actor) {
	t.Helper()
	for _, p := range people {
		n.direct(t, purse.Needs{Sessions: []purse.SessionHash{p.Session}}, func(f *purse.Facts) error {
			s, err := f.Session(p.Session)
			s.Expires = s.Expires.Add(365 * 24 * time.Hour)
			f.Put(s)
			return err
		})
	}
}

// advance moves the book's clock on.
func (n *network) advance(ctx context.Context, by time.Duration) error {
	return n.store.Execute(ctx, purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error { return f.AdvanceClock(by) }})
}

func TestOrderNumbersHaveNoGap(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		_, other := n.newShop(t, purse.Fee{}, true)
		const writers, each = 8, 25
		var mu sync.Mutex
		var numbers []int64
		together(writers, func(w int) {
			seller := []purse.Seller{n.seller, other}[w%2]
			for i := range each {
				for _, minor := range []int64{0, 1} { // a refusal uses no number up
					var made purse.Order
					req := Request{Minor: minor, Customer: "c@example.org", Product: fmt.Sprint(w, i)}
					req.Encode = func(o purse.Order) purse.Answer { made = o; return purse.Answer{} }
					err := patiently(t.Context(), func() error { _, err := n.server(w/2).Create(t.Context(), seller, req); return err })
					switch {
					case minor == 0 && code(err) == purse.CodeAmount:
					case minor == 1 && err == nil:
						mu.Lock()
						numbers = append(numbers, int64(made.Number))
						mu.Unlock()
					default:
						t.Error(err)
					}
				}
			}
		})
		slices.Sort(numbers)
		if len(numbers) != writers*each || numbers[0] != 1 || numbers[len(numbers)-1] != writers*each || len(slices.Compact(numbers)) != writers*each {
			t.Errorf("numbers %v", numbers)
		}
	})
}

func TestOneKeyOneOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		const requests = 50
		answers, errs := make([]purse.Answer, requests), make([]error, requests)
		together(requests, func(i int) {
			errs[i] = patiently(t.Context(), func() (err error) {
				answers[i], err = n.server(i).Create(t.Context(), n.seller, n.keyed("key", "f", 5_00))
				return err
			})
		})
		fresh := 0
		for i, a := range answers {
			if errs[i] != nil || a.Body != answers[0].Body || a.Status != 200 || a.Header != answers[0].Header {
				t.Errorf("answered %+v, %v", a, errs[i])
			}
			if !a.Replayed {
				fresh++
			}
		}
		if o := n.order(t, 1); fresh != 1 || o.Number != 2 {
			t.Errorf("%d answers were no replays, and the next order has number %d", fresh, o.Number)
		}
	})
}

// keyed asks for an order with an idempotency key.
func (n *network) keyed(key, fingerprint string, minor int64) Request {
	return Request{
		Minor: minor, Customer: "c@example.org", Product: "Tea",
		Once: purse.Once{Principal: n.seller.Principal(), Key: key, Fingerprint: fingerprint},
		Encode: func(o purse.Order) purse.Answer {
			return purse.Answer{Status: 200, Body: `{"link":"` + o.Link + `"}`, Header: "X: y\r\n"}
		},
	}
}

func TestAKeyIsSpentByAYesOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ask := func(fingerprint string, minor int64) (purse.Answer, error) {
			return n.Create(t.Context(), n.seller, n.keyed("k", fingerprint, minor))
		}
		if _, err := ask("none", 0); code(err) != purse.CodeAmount {
			t.Errorf("no amount: %v", err)
		}
		first, err := ask("five", 5_00)
		if err != nil || first.Replayed {
			t.Fatalf("a refusal has spent the key: %+v, %v", first, err)
		}
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Accepts = false })
		again, err := ask("five", 5_00)
		if err != nil || !again.Replayed || again.Body != first.Body || again.Status != first.Status || again.Header != first.Header {
			t.Errorf("%+v, want %+v, %v", again, first, err)
		}
		if _, err := ask("six", 6_00); code(err) != purse.CodeKeyReused {
			t.Errorf("another request: %v", err)
		}
	})
}
