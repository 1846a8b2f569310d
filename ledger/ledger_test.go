package ledger

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"purse/money"

	"pgregory.net/rapid"
)

// book is a small book in memory that scripts and properties run on.
type book struct {
	accounts map[AccountID]Account
	holds    map[string]HeldMoney
	postings []Posting
	next     TransferID
}

const deadline = 100

func (b *book) run(kind Kind, from, to AccountID, minor int64, c money.Currency, hold string, now int64) error {
	b.next++
	t := Transfer{ID: b.next, Kind: kind, Debit: from, Credit: to, Amount: money.Amount{Minor: minor, Currency: c}, Cause: Cause{CausePayment, 7}}
	dr, cr := b.accounts[from], b.accounts[to]
	var err error
	resolves := TransferID(0)
	h := b.holds[hold]
	if kind == Move || kind == Hold {
		dr, cr, err = Apply(dr, cr, t)
	} else {
		resolves = h.ID
		dr, cr, h, err = Resolve(dr, cr, h, t, now)
	}
	if err != nil {
		return err
	}
	if kind == Hold {
		h = Open(t, deadline)
	}
	b.holds[hold] = h
	b.accounts[from], b.accounts[to] = dr, cr
	x, y := Postings(dr, cr, t, resolves)
	b.postings = append(b.postings, x, y)
	return nil
}

// Each line: kind, from, to, minor units, [hold], [@time], then the outcome and, after "=", the
// payer's posted/held debits and the payee's posted/held credits.
const script = `
	# What is refused, in the order in which it is tested for: each line also breaks what the next tests.
	move ann ann -1      amount_not_positive
	move ann ann 0       amount_not_positive
	move ann ann 10 EUR  same_account
	move ann ben 9999 EUR wrong_currency
	move ann eur 10      wrong_currency
	move poor rich 1     would_overflow
	move ann ben 101     not_enough_funds
	hold ann ben 101 h9  not_enough_funds

	# Moves and holds.
	move ann ben 100     ok = 100/0 100/0
	move ann ben 1       not_enough_funds
	move ben ann 100     ok = 100/0 200/0
	hold ann ben 60 h1   ok = 100/60 100/60
	move ann ben 41      not_enough_funds
	hold ann ben 41 h9   not_enough_funds
	move ann ben 40      ok = 140/60 140/60

	# What is held in ben's favour is not his to spend.
	move ben cat 41      not_enough_funds

	# Captures: whole or in part, once, in time.
	capture ann ben 0 h1 amount_not_positive
	capture ann ben 61 h1 more_than_held
	capture ann ben 61 EUR h1 wrong_currency
	capture ann ben 60 h1 @100 hold_expired
	capture ann ben 61 h1 @100 hold_expired
	capture ann ben 20 h1 @99 ok = 160/0 160/0
	capture ann ben 20 h1 hold_captured
	release ann ben 60 h1 hold_captured
	move ann ben 41      not_enough_funds
	move ann ben 40      ok = 200/0 200/0

	# A release, also after the deadline, once.
	hold ben ann 50 h2   ok = 100/50 200/50
	release ben ann 50 h2 @500 ok = 100/0 200/0
	release ben ann 50 h2 hold_released
	capture ben ann 50 h2 hold_released
	capture ben ann 99 h2 @500 hold_released

	# The treasury may overdraw.
	move bank ann 500    ok = 500/0 700/0
`

func TestScript(t *testing.T) {
	name := map[string]AccountID{"ann": 1, "ben": 2, "cat": 3, "bank": 4, "eur": 5, "poor": 6, "rich": 7}
	b := &book{holds: map[string]HeldMoney{}, accounts: map[AccountID]Account{
		1: {ID: 1, Currency: "USD", CreditsPosted: 100},
		2: {ID: 2, Currency: "USD"},
		3: {ID: 3, Currency: "USD"},
		4: {ID: 4, Currency: "USD", MayOverdraw: true},
		5: {ID: 5, Currency: "EUR"},
		6: {ID: 6, Currency: "USD"},
		7: {ID: 7, Currency: "USD", CreditsPosted: math.MaxInt64 - 5, CreditsHeld: 5},
	}}
	for n, line := range strings.Split(script, "\n") {
		line, _, _ = strings.Cut(line, "#")
		does, totals, _ := strings.Cut(line, "=")
		word := strings.Fields(does)
		if len(word) == 0 {
			continue
		}
		var minor, now int64
		currency, hold := money.Currency("USD"), ""
		fmt.Sscan(word[3], &minor)
		for _, w := range word[4 : len(word)-1] {
			switch {
			case w == "EUR":
				currency = "EUR"
			case w[0] == '@':
				fmt.Sscan(w[1:], &now)
			default:
				hold = w
			}
		}
		from, to := name[word[1]], name[word[2]]
		before := fmt.Sprint(b.accounts, b.holds)
		outcome := "ok"
		if err := b.run(Kind(word[0]), from, to, minor, currency, hold, now); err != nil {
			outcome = strings.TrimPrefix(err.Error(), "ledger: ")
			if after := fmt.Sprint(b.accounts, b.holds); after != before {
				t.Errorf("line %d: a refusal changed the book", n)
			}
		}
		if want := word[len(word)-1]; outcome != want {
			t.Errorf("line %d: %s: %s, want %s", n, strings.TrimSpace(line), outcome, want)
		}
		if totals != "" {
			dr, cr := b.accounts[from], b.accounts[to]
			got := fmt.Sprintf("%d/%d %d/%d", dr.DebitsPosted, dr.DebitsHeld, cr.CreditsPosted, cr.CreditsHeld)
			if got != strings.TrimSpace(totals) {
				t.Errorf("line %d: %s: totals %s", n, strings.TrimSpace(line), got)
			}
		}
	}
}

// Whatever is asked of a book, in any order: the balances sum to zero, nobody
// who may not overdraw does, totals are their last posting's, postings are
// numbered without a gap, twins name each other, posted totals never shrink,
// and what is held is the sum of the open holds.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &book{accounts: map[AccountID]Account{}, holds: map[string]HeldMoney{}}
		for id := AccountID(1); id <= 4; id++ {
			b.accounts[id] = Account{ID: id, Currency: "USD", MayOverdraw: id == 1}
		}
		account := rapid.Custom(func(t *rapid.T) AccountID { return AccountID(rapid.IntRange(1, 4).Draw(t, "account")) })
		names := rapid.SampledFrom([]string{"h1", "h2", "h3", "h4", "h5"})
		minor := rapid.OneOf(rapid.Int64Range(-1, 100), rapid.SampledFrom([]int64{math.MaxInt64, math.MaxInt64 / 2}))
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			hold := names.Draw(t, "hold")
			h, known := b.holds[hold]
			kind := rapid.SampledFrom([]Kind{Move, Hold, Capture, Release}).Draw(t, "kind")
			switch {
			case kind == Capture && known:
				_ = b.run(kind, h.Debit, h.Credit, minor.Draw(t, "minor"), "USD", hold, rapid.Int64Range(0, 120).Draw(t, "now"))
			case kind == Release && known:
				_ = b.run(kind, h.Debit, h.Credit, h.Amount.Minor, "USD", hold, 0)
			case kind == Move:
				_ = b.run(kind, account.Draw(t, "from"), account.Draw(t, "to"), minor.Draw(t, "minor"), "USD", "", 0)
			case kind == Hold && !known:
				_ = b.run(kind, account.Draw(t, "from"), account.Draw(t, "to"), minor.Draw(t, "minor"), "USD", hold, 0)
			}
			check(t, b)
		}
	})
}

func check(t *rapid.T, b *book) {
	var sum int64
	heldBy, heldFor := map[AccountID]int64{}, map[AccountID]int64{}
	for _, h := range b.holds {
		if h.State == HoldOpen {
			heldBy[h.Debit] += h.Amount.Minor
			heldFor[h.Credit] += h.Amount.Minor
		}
		if h.Captured > h.Amount.Minor {
			t.Fatalf("hold %d captured more than it held", h.ID)
		}
	}
	last := map[AccountID]Posting{}
	for i, p := range b.postings {
		before := last[p.Account]
		if p.Number != before.Number+1 {
			t.Fatalf("account %d: posting %d follows %d", p.Account, p.Number, before.Number)
		}
		if p.DebitsPosted < before.DebitsPosted || p.CreditsPosted < before.CreditsPosted {
			t.Fatalf("account %d: a posted total shrank", p.Account)
		}
		twin := b.postings[i^1]
		if twin.Account != p.Other || twin.Number != p.OtherNumber || twin.Debit == p.Debit || twin.Minor != p.Minor {
			t.Fatalf("posting %+v is not the twin of %+v", p, twin)
		}
		last[p.Account] = p
	}
	for id, a := range b.accounts {
		sum += a.Balance()
		p := last[id]
		if p.Number != a.Number || p.DebitsPosted != a.DebitsPosted || p.DebitsHeld != a.DebitsHeld ||
			p.CreditsPosted != a.CreditsPosted || p.CreditsHeld != a.CreditsHeld {
			t.Fatalf("account %+v is not as after its last posting %+v", a, p)
		}
		if !a.MayOverdraw && a.Spendable() < 0 {
			t.Fatalf("account %d is overdrawn", id)
		}
		if a.DebitsHeld != heldBy[id] || a.CreditsHeld != heldFor[id] {
			t.Fatalf("account %d: held totals are not its open holds", id)
		}
	}
	if sum != 0 {
		t.Fatalf("the book sums to %d", sum)
	}
}
