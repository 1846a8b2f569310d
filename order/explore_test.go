package order

import (
	"context"
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

// The explorer goes breadth first through everything that two payers, somebody who works
// for a merchant, its program and the clock can do to at most two orders, by the use cases
// that servers run. States that differ only in numbers and in moments that are over are
// one. After each step it checks the promises of the package.

// floors are what was found last, with the fee borne by the merchant and by the payer:
// an explorer that sees less has gone blind.
var floors = map[bool]struct{ states, edges int }{false: {1_900, 29_484}, true: {1_588, 24_804}}

const (
	theShop = purse.MerchantID(1000)
	clerk   = purse.UserID(2000)
	rich    = purse.UserID(2001) // can pay both orders
	poor    = purse.UserID(2002) // can pay one of them, without a fee on top of the larger

	noon = purse.Epoch + purse.Time(10_000*time.Hour/time.Microsecond)
	near = time.Millisecond // just before: time for some commands, each of which takes microseconds
)

var began = map[ledger.AccountID]int64{purse.WalletOf(rich): 40, purse.WalletOf(poor): 10}

// memory is a store of which one book is there, in memory.
type memory struct {
	purse.Store // what the use cases do not read is not there
	book        *purse.Memory
	clock       purse.Time    // what the book was told of the time
	events      []purse.Event // since it was forked
	seen        *books        // as it stands, if somebody has looked
}

func (m *memory) Execute(_ context.Context, c purse.Command) error {
	_, err := m.book.Run(c)
	if err == nil {
		m.seen = nil
		m.events = append(m.events, m.book.Events()...)
	}
	return err
}

func (m *memory) Now(context.Context, purse.BookID) (purse.Time, error) { return m.book.Now(), nil }

func (m *memory) OrderLinked(_ context.Context, link string) (purse.Order, error) {
	for _, o := range m.look().orders {
		if o.Link == link {
			return o, nil
		}
	}
	return purse.Order{}, purse.Refuse(purse.CodeNotFound, "There is no such order.")
}

func (m *memory) PaymentLinked(context.Context, string) (purse.PaymentLink, error) {
	return m.look().link, nil
}

func (m *memory) Merchants(context.Context, ...purse.MerchantID) (map[purse.MerchantID]purse.Merchant, error) {
	return map[purse.MerchantID]purse.Merchant{theShop: m.look().shop}, nil
}

// books is what is in a memory.
type books struct {
	orders   []purse.Order // by number
	accounts map[ledger.AccountID]int64
	shop     purse.Merchant
	link     purse.PaymentLink
	working  bool // the clerk works for the shop
}

func (m *memory) look() books {
	if m.seen != nil {
		return *m.seen
	}
	b := books{}
	b.accounts = map[ledger.AccountID]int64{}
	for _, noun := range m.book.Nouns() {
		switch v := noun.(type) {
		case purse.Order:
			b.orders = append(b.orders, v)
		case purse.Account:
			b.accounts[v.ID] = v.Balance()
		case purse.Merchant:
			b.shop = v
		case purse.PaymentLink:
			b.link = v
		}
	}
	slices.SortFunc(b.orders, func(a, b purse.Order) int { return int(a.Number - b.Number) })
	_, _ = m.book.Run(purse.Command{Decide: func(f *purse.Facts) error {
		_, err := f.Member(purse.MemberKey{Merchant: theShop, Person: clerk})
		b.working = err == nil
		return nil
	}})
	m.seen = &b
	return b
}

func openMemory(onTop bool) *memory {
	total := began[purse.WalletOf(rich)] + began[purse.WalletOf(poor)]
	account := func(id ledger.AccountID, kind purse.AccountKind, minor int64) purse.Account {
		return purse.Account{Kind: kind, Account: ledger.Account{
			ID: id, Currency: "USD", MayOverdraw: kind == purse.Treasury, CreditsPosted: max(minor, 0), DebitsPosted: max(-minor, 0),
		}}
	}
	nouns := []any{
		purse.Merchant{
			ID: theShop, Book: purse.MainBook, Name: "Shop", Plan: purse.Fee{Fixed: 1, Basis: 1000}, Accepts: true,
			Orders: purse.OrderTerms{Life: 90 * time.Minute, PayerFee: onTop}, Created: noon,
		},
		purse.APIKey{Username: "key", Merchant: theShop, Book: purse.MainBook, Kind: purse.OrderKind, Hash: "h", Created: noon},
		purse.Member{MemberKey: purse.MemberKey{Merchant: theShop, Person: clerk}, Since: noon},
		purse.PaymentLink{PaymentLinkKey: purse.PaymentLinkKey{Merchant: theShop, ID: 7}, Link: "open", Product: "A gift", Made: noon},
		account(purse.TreasuryAccount, purse.Treasury, -total), account(purse.FeesAccount, purse.Fees, 0),
		account(purse.BalanceOf(theShop), purse.Balance, 0), account(purse.WalletOf(clerk), purse.Wallet, 0),
	}
	for _, id := range []purse.UserID{clerk, rich, poor} {
		nouns = append(nouns, purse.User{ID: id, Book: purse.MainBook, Username: id.String()}, purse.Session{
			Hash: signedInAs(id).Session, Person: id, Book: purse.MainBook, Expires: noon.Add(1000 * time.Hour),
		})
	}
	for id, minor := range began {
		nouns = append(nouns, account(id, purse.Wallet, minor))
	}
	book := purse.Book{ID: purse.MainBook, Mode: purse.Live, Currency: "USD", Limits: purse.DefaultLimits}
	return &memory{book: purse.NewMemory(book, noon, nouns...), clock: noon}
}

func (m *memory) fork() *memory { return &memory{book: m.book.Fork(), clock: m.clock, seen: m.seen} }

func signedInAs(id purse.UserID) purse.Actor {
	return purse.Actor{Book: purse.MainBook, User: id, Session: purse.SessionHash("of " + id.String())}
}

type verb string

const (
	asking     verb = "the program asks for"
	taking     verb = "a link is taken for"
	charging   verb = "the till charges"
	paying     verb = "paid by"
	refusing   verb = "refused"
	callingOff verb = "called off"
	sweeping   verb = "swept"
	closing    verb = "the link is closed"
	firing     verb = "the clerk is fired"
	waiting    verb = "waited for"
)

// act is one thing that can be done: to the n-th order, or by a payer.
type act struct {
	verb verb
	n    int
	arg  int64 // minor units; the payer; of waiting, microseconds
}

// acts lists everything that can be tried in a state.
func (b books) acts(now purse.Time) []act {
	all := []act{{verb: closing}, {verb: firing}}
	if len(b.orders) < 2 {
		all = append(all, act{asking, 0, 10}, act{charging, 0, 8}, act{taking, 0, 9})
	}
	for n, o := range b.orders {
		for _, payer := range []purse.UserID{rich, poor, clerk} {
			all = append(all, act{paying, n, int64(payer)})
		}
		all = append(all, act{refusing, n, 0}, act{callingOff, n, 0}, act{sweeping, n, 0})
		for _, to := range []purse.Time{o.Deadline.Add(-near), o.Deadline, o.Deadline.Add(time.Minute)} {
			if o.Status == purse.OrderPending && to > now {
				all = append(all, act{waiting, n, int64(to - now)})
			}
		}
	}
	return all
}

// do does a.
func (m *memory) do(b books, a act) (err error) {
	s := &Service{Store: m}
	ctx := context.Background()
	switch a.verb {
	case asking:
		seller := purse.Seller{Book: purse.MainBook, Merchant: theShop, Key: "key", Hash: "h", Kind: purse.OrderKind}
		_, err = s.Create(ctx, seller, Request{
			Minor: a.arg, Customer: "c@example.org", Product: "Tea", Encode: func(purse.Order) purse.Answer { return purse.Answer{} },
		})
	case taking:
		_, err = s.Take(ctx, "open", a.arg)
	case charging:
		_, err = s.Charge(ctx, signedInAs(clerk), theShop, a.arg, "")
	case paying:
		_, err = s.Pay(ctx, signedInAs(purse.UserID(a.arg)), b.orders[a.n].Link)
	case refusing:
		_, err = s.Refuse(ctx, b.orders[a.n].Link)
	case callingOff:
		_, err = s.CallOff(ctx, signedInAs(clerk), b.orders[a.n].OrderKey)
	case sweeping:
		_, err = s.end(ctx, purse.MainBook, []purse.OrderKey{b.orders[a.n].OrderKey})
	case closing:
		err = s.CloseLink(ctx, signedInAs(clerk), b.link.PaymentLinkKey)
	case firing:
		return m.Execute(ctx, purse.Command{Decide: func(f *purse.Facts) error {
			f.Remove(purse.Member{MemberKey: purse.MemberKey{Merchant: theShop, Person: clerk}})
			return nil
		}})
	case waiting:
		m.advance(a.arg)
	}
	if created := a.verb == asking || a.verb == taking || a.verb == charging; created && err == nil {
		m.advance(2 * time.Second.Microseconds()) // so that no two deadlines are at once
	}
	return err
}

// advance lets so many microseconds pass from now on.
func (m *memory) advance(by int64) {
	to := m.book.Now() + purse.Time(by) // identifiers have pushed it on
	m.book.Advance(time.Duration(to-m.clock) * time.Microsecond)
	m.clock = to
}

// expected is the answer to a, by what stood in the books.
func (b books) expected(a act, now purse.Time) purse.Code {
	var o purse.Order
	if a.n < len(b.orders) {
		o = b.orders[a.n]
	}
	over := o.Status != purse.OrderPending || now >= o.Deadline
	member := a.verb == charging || a.verb == callingOff || a.verb == closing
	switch {
	case member && !b.working:
		return purse.CodeNotFound
	case a.verb == taking && b.link.Closed != 0:
		return purse.CodeFinal
	case a.verb == paying && o.Status == purse.OrderPaid && o.Payer == purse.UserID(a.arg):
		return "ok"
	case (a.verb == paying || a.verb == refusing) && over:
		return purse.CodeFinal
	case a.verb == paying && b.accounts[purse.WalletOf(purse.UserID(a.arg))] < o.Total():
		return purse.CodeFunds
	case a.verb == callingOff && o.Source == purse.OrderFromAPI && now < o.Deadline:
		return purse.CodeInvalid
	case a.verb == callingOff && o.Source == purse.OrderFromAPI && o.Status != purse.OrderPending:
		return purse.CodeInvalid
	case a.verb == callingOff && over:
		return purse.CodeFinal
	}
	return "ok"
}

// step checks one step: nothing but what was asked for has happened, and each change is
// news, once.
func (b books) step(after books, a act, err error, now purse.Time, events []purse.Event) error {
	if want := b.expected(a, now); code(err) != want {
		return fmt.Errorf("answered %v, want %s", err, want)
	}
	news := map[purse.OrderNumber]purse.EventKind{}
	for _, e := range events {
		number := purse.OrderNumber(e.Subject)
		if news[number] != "" {
			return fmt.Errorf("two pieces of news of order %d", number)
		}
		news[number] = e.Kind
	}
	for i, o := range after.orders {
		before := purse.Order{}
		if i < len(b.orders) {
			before = b.orders[i]
		}
		if before == o {
			continue
		}
		if !slices.Contains(purse.OrderMoves[before.Status], o.Status) || o.Version != before.Version+1 {
			return fmt.Errorf("%+v became %+v", before, o)
		}
		if news[o.Number] != purse.OrderNews(o.Status) {
			return fmt.Errorf("the news of %+v are %q", o, news[o.Number])
		}
		delete(news, o.Number)
		switch {
		case o.Status == purse.OrderExpired && o.Changed < o.Deadline:
			return fmt.Errorf("it expired early: %+v", o)
		case o.Status == purse.OrderExpired:
		case err != nil:
			return fmt.Errorf("a refusal has changed %+v to %+v", before, o)
		case o.Status != purse.OrderPending && o.Changed >= o.Deadline:
			return fmt.Errorf("it came to its state too late: %+v", o)
		}
	}
	if len(news) > 0 {
		return fmt.Errorf("news of nothing: %v", news)
	}
	if err != nil && (!maps.Equal(b.accounts, after.accounts) || b.link != after.link || len(b.orders) != len(after.orders)) {
		return fmt.Errorf("a refusal has changed something")
	}
	return nil
}

// sound checks what holds in every state: all the money is there, and everybody has what
// the orders that were paid say, no more and no less.
func (b books) sound() error {
	want := maps.Clone(b.accounts)
	for id := range want {
		want[id] = began[id]
	}
	for i, o := range b.orders {
		if o.Number != purse.OrderNumber(i+1) {
			return fmt.Errorf("order %d has number %d", i+1, o.Number)
		}
		if (o.Status == purse.OrderPaid) != (o.Payer != 0) || (o.Payer != 0) != (o.Transfer != 0) {
			return fmt.Errorf("who has paid %+v?", o)
		}
		if o.Status != purse.OrderPaid {
			continue
		}
		want[purse.WalletOf(o.Payer)] -= o.Total()
		want[purse.BalanceOf(theShop)] += o.Total() - o.Fee
		want[purse.FeesAccount] += o.Fee
	}
	want[purse.TreasuryAccount] = b.accounts[purse.TreasuryAccount]
	if !maps.Equal(want, b.accounts) {
		return fmt.Errorf("accounts %v, want %v", b.accounts, want)
	}
	var sum int64
	for id, minor := range b.accounts {
		if sum += minor; minor < 0 && id != purse.TreasuryAccount {
			return fmt.Errorf("account %d has %d", id, minor)
		}
	}
	if sum != 0 {
		return fmt.Errorf("the balances add up to %d", sum)
	}
	return nil
}

// key tells apart the states that are not one: whatever later decisions can see, and
// nothing else.
func (b books) key(now purse.Time) string {
	k := strconv.AppendBool(nil, b.link.Closed == 0)
	k = strconv.AppendBool(k, b.working)
	for _, o := range b.orders {
		left := int64(0)
		if o.Status == purse.OrderPending { // in steps of 10 ms, and no difference once it is over
			left = max((int64(o.Deadline-now)+9999)/10_000, 0)
		}
		k = fmt.Appendf(k, " %s %s %d %d", o.Source, o.Status, o.Payer, left)
	}
	return string(k)
}

// place is a state, and the way to it that was found.
type place struct {
	memory *memory
	way    []act
}

// explore tries everything in one state.
func (p place) explore(found func(key string, next place)) (edges, refused int, err error) {
	before := p.memory.look()
	var m *memory
	for _, a := range before.acts(p.memory.book.Now()) {
		if m == nil {
			m = p.memory.fork()
		}
		now := m.book.Now()
		err := m.do(before, a)
		after := m.look()
		wrong := before.step(after, a, err, now, m.events)
		if wrong == nil {
			wrong = after.sound()
		}
		way := append(slices.Clip(p.way), a)
		if wrong != nil {
			return edges, refused, fmt.Errorf("%w\nafter %v, which was answered %v", wrong, way, err)
		}
		if edges++; err != nil {
			refused++
		}
		if err != nil && len(m.events) == 0 { // it has left the book as it was, for the next
			continue
		}
		found(after.key(m.book.Now()), place{m, way})
		m = nil
	}
	return edges, refused, nil
}

func TestExploreEverything(t *testing.T) {
	for onTop, floor := range floors {
		t.Run(fmt.Sprint("fee on top ", onTop), func(t *testing.T) {
			t.Parallel()
			states, edges, refused := exploreAll(t, place{memory: openMemory(onTop)})
			t.Logf("%d states, %d edges, of which %d refused", states, edges, refused)
			if states < floor.states || edges < floor.edges {
				t.Errorf("at least %d states and %d edges were there before", floor.states, floor.edges)
			}
		})
	}
}

func exploreAll(t *testing.T, start place) (states, edges, refused int) {
	known := map[string]bool{start.memory.look().key(noon): true}
	var mu sync.Mutex
	for frontier := []place{start}; len(frontier) > 0; {
		var next []place
		for _, p := range frontier {
			e, r, err := p.explore(func(key string, n place) {
				mu.Lock()
				defer mu.Unlock()
				if !known[key] {
					known[key] = true
					next = append(next, n)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			edges, refused = edges+e, refused+r
		}
		frontier = next
	}
	return len(known), edges, refused
}
