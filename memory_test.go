package purse

import (
	"reflect"
	"testing"
	"time"

	"purse/ledger"

	"pgregory.net/rapid"
)

// shop is a merchant with a consumer who has money and an agreement.
func shop() *Memory {
	return NewMemory(testBook, noon,
		User{ID: 10, Username: "Ada"}, wallet(10, 1000), Account{Account: ledger.Account{ID: 9, Currency: "USD"}, Kind: Balance}, wallet(11, 0),
		Merchant{ID: 9, Name: "Shop", Life: time.Hour}, APIKey{Username: "k", Merchant: 9}, Mandate{MandateKey: MandateKey{9, "c"}, ID: 3, Person: 10},
		Consumer{ConsumerKey: ConsumerKey{9, 10}, Number: 123_456_789})
}

// ask makes a payable handle with money that is held for it.
func ask(minor int64, made *HandleKey) Command {
	return Command{Decide: func(f *Facts) error {
		h := Handle{HandleKey: HandleKey{9, HandleID(f.NextID())}, Ref: "r", Status: HandlePayable, Payer: 10, Minor: minor, Version: 1}
		h.Token = MerchantID(h.ID).String()
		held, err := f.Hold(10, 9, minor, h.Cause(), h.Deadline())
		if err != nil {
			return err
		}
		h.Hold = held.ID
		if h.Counted, err = f.CountSpent(10, minor); err != nil {
			return err
		}
		f.Put(h)
		f.Emit(HandleIsPayable, h)
		*made = h.HandleKey
		return nil
	}}
}

// use takes the money of a handle.
func use(k HandleKey) Command {
	return Command{Decide: func(f *Facts) error {
		h, err := f.Handle(k)
		if err != nil {
			return err
		}
		o := Operation{OperationKey: OperationKey{9, Sale, OperationID(f.NextID())}, Ref: "r", Handle: h.ID, Payer: 10, Minor: h.Minor, Auto: true}
		if o.Transfer, err = f.Capture(h.Hold, h.Minor); err != nil {
			return err
		}
		h.Status, h.Operation, o.Status = HandleCompleted, o.ID, OperationCompleted
		f.Put(h)
		f.Put(o)
		return nil
	}}
}

// seen is all that a book knows, as a set.
func seen(m *Memory) map[any]bool {
	all := map[any]bool{}
	for _, noun := range m.Nouns() {
		all[noun] = true
	}
	return all
}

func TestMemoryTakesBackWhatWasRefused(t *testing.T) {
	m := shop()
	before := seen(m)
	var made HandleKey
	refusal := Refuse(CodeDeclined, "No.")
	f, err := m.Run(Command{Decide: func(f *Facts) error {
		if err := ask(100, &made).Decide(f); err != nil {
			return err
		}
		return refusal
	}})
	if err != refusal || !reflect.DeepEqual(seen(m), before) || len(m.Events()) != 0 || len(m.Postings()) != 0 {
		t.Errorf("%v, %d nouns, %v, %v", err, len(seen(m)), m.Events(), m.Postings())
	}
	if _, err := f.Handle(made); CodeOf(err) != CodeNotFound {
		t.Errorf("the handle is there: %v", err)
	}
	if a, _ := f.Account(10); a.Spendable() != 1000 || a.Spent.Minor != 0 {
		t.Errorf("%+v", a)
	}
	// A refusal by something that no store would have loaded is none.
	_, err = m.Run(Command{Decide: func(f *Facts) error {
		_, _ = f.OpenHolds(ledger.Cause{Kind: ledger.CauseHandle, ID: 1})
		return refusal
	}})
	if _, missing := err.(*Missing); !missing {
		t.Errorf("it lacked something, and was told %v", err)
	}
	_, err = m.Run(Command{Decide: func(f *Facts) error {
		_, _ = f.OpenHolds(ledger.Cause{Kind: ledger.CauseHandle, ID: 1})
		return ask(100, &made).Decide(f)
	}})
	if _, missing := err.(*Missing); !missing || !reflect.DeepEqual(seen(m), before) {
		t.Errorf("it lacked something, and was told %v", err)
	}
}

func TestMemoryKeepsWhatWasDecided(t *testing.T) {
	m := shop()
	var made HandleKey
	if _, err := m.Run(ask(100, &made)); err != nil {
		t.Fatal(err)
	}
	if len(m.Events()) != 1 || len(m.Postings()) != 2 || made.ID == 0 || Handle.Created(Handle{HandleKey: made}) != noon {
		t.Errorf("%v, %v, handle %v", m.Events(), m.Postings(), made)
	}
	f, err := m.Run(use(made))
	if err != nil {
		t.Fatal(err)
	}
	from, _ := f.Account(10)
	to, _ := f.Account(9)
	h, err := f.Handle(made)
	if from.Spendable() != 900 || to.Spendable() != 100 || h.Status != HandleCompleted || err != nil {
		t.Errorf("%d, %d, %s, %v", from.Spendable(), to.Spendable(), h.Status, err)
	}
	if len(m.Events()) != 0 || len(m.Postings()) != 2 {
		t.Errorf("news and postings are not the last command's: %v, %v", m.Events(), m.Postings())
	}
}

func TestMemoryClockRunsForward(t *testing.T) {
	m := shop()
	tick := func() (now Time) {
		if _, err := m.Run(Command{Decide: func(f *Facts) error { now = f.Now; f.NextID(); f.NextID(); return nil }}); err != nil {
			t.Fatal(err)
		}
		return now
	}
	if now := tick(); now != noon {
		t.Errorf("it begins at %d", now-noon)
	}
	if now := tick(); now != noon+2 {
		t.Errorf("after two identifiers it is %d", now-noon)
	}
	m.Advance(time.Hour)
	m.Advance(-2 * time.Hour)
	if now := tick(); now != noon.Add(time.Hour) {
		t.Errorf("after an hour it is %d", now-noon)
	}
	if m.Now() != noon.Add(time.Hour)+2 {
		t.Errorf("now it is %d", m.Now()-noon)
	}
}

// TestMemoryIsMadeAnew: of what a book knows another can be made that goes on as it
// would have.
func TestMemoryIsMadeAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := shop()
		var asked []HandleKey
		for range rapid.IntRange(1, 12).Draw(t, "commands") {
			if rapid.Bool().Draw(t, "anew") {
				before := seen(m)
				m = NewMemory(testBook, m.Now(), m.Nouns()...)
				if after := seen(m); !reflect.DeepEqual(after, before) {
					t.Fatalf("%v has become %v", before, after)
				}
			}
			m.Advance(time.Duration(rapid.Int64Range(0, int64(4*time.Hour)).Draw(t, "wait")) * time.Duration(rapid.IntRange(0, 1).Draw(t, "if")))
			if n := len(asked); n > 0 && rapid.Bool().Draw(t, "use") {
				_, _ = m.Run(use(asked[rapid.IntRange(0, n-1).Draw(t, "which")]))
				continue
			}
			var k HandleKey
			minor := rapid.Int64Range(1, 400).Draw(t, "minor")
			f, err := m.Run(ask(minor, &k))
			if CodeOf(err) == CodeFunds {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			asked = append(asked, k)
			if id, err := f.Referenced(ReferenceKey{9, ReferenceToHandle, "r"}); id != int64(k.ID) || err != nil {
				t.Fatalf("the newest of its reference is %d, %v, not %d", id, err, k.ID)
			}
		}
		checkMemory(t, m, asked)
	})
}

// checkMemory wants every handle once, by its own number, and the money to add up.
func checkMemory(t *rapid.T, m *Memory, asked []HandleKey) {
	f, err := m.Run(Command{Decide: func(*Facts) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	var held, taken, counted int64
	last := HandleID(0)
	for _, k := range asked {
		h, err := f.Handle(k)
		if err != nil || h.ID <= last {
			t.Fatalf("handle %v after %d: %v", h, last, err)
		}
		if last = h.ID; h.Status == HandleCompleted {
			taken += h.Minor
		} else {
			held += h.Minor
		}
		counted += h.Minor
	}
	from, _ := f.Account(10)
	to, _ := f.Account(9)
	spent, err := f.SpentThisWeek(10)
	if from.DebitsHeld != held || to.Balance() != taken || from.Balance() != 1000-taken || spent != counted || err != nil {
		t.Fatalf("held %d, taken %d, counted %d, %v; want %d, %d, %d", from.DebitsHeld, to.Balance(), spent, err, held, taken, counted)
	}
}
