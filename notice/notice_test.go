package notice

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"purse"
	"purse/internal/pgtest"
	"purse/store"
)

func TestMain(m *testing.M) { pgtest.Main(m, store.MigratePostgres) }

// onBoth runs a test on either database.
func onBoth(t *testing.T, test func(*testing.T, *store.Store)) {
	for name, database := range map[string]func() string{
		"sqlite":   func() string { return filepath.Join(t.TempDir(), "purse.db") },
		"postgres": func() string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), database(), store.Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			test(t, s)
		})
	}
}

// happen makes so many pieces of news of two kinds, of which one is told.
func happen(t *testing.T, s *store.Store, many int) {
	t.Helper()
	err := s.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error {
		for range many {
			o := purse.Order{
				OrderKey: purse.OrderKey{Merchant: 5000, Number: f.NextOrder()}, Source: purse.OrderFromTill, Minor: 1, Product: "Tea",
				Made: f.Now, Deadline: f.Now + 1, Status: purse.OrderPending, Version: 1,
			}
			o.Link = strings.Repeat("l", 40) + o.Number.String()
			f.Put(o)
			f.Emit(purse.OrderWasCreated, o)
			f.Emit(purse.OrderWasPaid, o)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// box keeps what was sent.
type box struct {
	mu   sync.Mutex
	sent []string
}

func (b *box) Send(m purse.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, m.Subject)
}

func teller(s *store.Store, b *box) Teller {
	return Teller{
		Store: s, Courier: b, Cursor: "test", Kinds: []purse.EventKind{purse.OrderWasPaid},
		Write: func(_ context.Context, _ purse.BookID, news []purse.Event) ([]purse.Message, error) {
			var messages []purse.Message
			for _, e := range news {
				messages = append(messages, purse.Message{Subject: strconv.FormatInt(e.Subject, 10)})
			}
			return messages, nil
		},
	}
}

// Servers that tell at the same time tell each piece of news once, and only what has
// happened since the first of them began.
func TestNewsAreToldOnceByAllServers(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		happen(t, s, 3) // before anybody told anything
		var b box
		var first Place
		if err := teller(s, &b).Tell(t.Context(), purse.MainBook, &first); err != nil {
			t.Fatal(err)
		}
		const many, servers = 40, 4
		for range many / 4 {
			happen(t, s, 4)
			var all sync.WaitGroup
			for range servers {
				all.Go(func() {
					var place Place
					if err := teller(s, &b).Tell(t.Context(), purse.MainBook, &place); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		var want []string
		for n := 4; n < 4+many; n++ {
			want = append(want, strconv.Itoa(n))
		}
		slices.Sort(want)
		slices.Sort(b.sent)
		if !slices.Equal(b.sent, want) {
			t.Errorf("told: %v\nwant %v", b.sent, want)
		}
	})
}

// What could not be written is told later, and nobody is told by a network without mail.
func TestWhatCannotBeReadIsToldLater(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		var b box
		var place Place
		good := teller(s, &b)
		if err := good.Tell(t.Context(), purse.MainBook, &place); err != nil {
			t.Fatal(err)
		}
		happen(t, s, 2)
		broken, mute := good, good
		broken.Write = func(context.Context, purse.BookID, []purse.Event) ([]purse.Message, error) {
			return nil, errors.New("not now")
		}
		mute.Courier = nil
		if err := broken.Tell(t.Context(), purse.MainBook, &place); err == nil || len(b.sent) != 0 {
			t.Errorf("what cannot be read: %v, told %v", err, b.sent)
		}
		if err := mute.Tell(t.Context(), purse.MainBook, &place); err != nil || len(b.sent) != 0 {
			t.Errorf("without mail: %v, told %v", err, b.sent)
		}
		for range 2 {
			if err := good.Tell(t.Context(), purse.MainBook, &place); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(b.sent, []string{"1", "2"}) {
			t.Errorf("told later: %v", b.sent)
		}
	})
}

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"Ada": "Ada", "  two\n words\t": "two words", "a\r\nBcc: x@example.org": "a Bcc: x@example.org", "\u202egnp": "gnp", "日本 🍕": "日本 🍕", "\x00": "",
	} {
		if got := OneLine(text); got != want {
			t.Errorf("OneLine(%q) is %q, want %q", text, got, want)
		}
	}
}
