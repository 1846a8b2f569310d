package hub

import (
	"fmt"

	"purse"
	"purse/ledger"
)

// books is a whole book in memory, looked at between two commands.
type books struct {
	now       purse.Time
	plan      map[purse.MerchantID]purse.Fee
	accounts  map[ledger.AccountID]purse.Account
	holds     map[ledger.TransferID]ledger.HeldMoney
	handles   map[purse.HandleID]purse.Handle
	did       map[purse.OperationKey]purse.Operation
	mandates  map[purse.MandateKey]purse.Mandate
	consumers map[purse.ConsumerKey]purse.Consumer
	spent     map[ledger.AccountID]int64 // what counts against the weekly limit
}

// look reads everything. f is what the last command has left.
func look(m *purse.Memory, f *purse.Facts) books {
	b := books{
		now: f.Now, plan: map[purse.MerchantID]purse.Fee{}, accounts: map[ledger.AccountID]purse.Account{},
		holds: map[ledger.TransferID]ledger.HeldMoney{}, handles: map[purse.HandleID]purse.Handle{},
		did: map[purse.OperationKey]purse.Operation{}, mandates: map[purse.MandateKey]purse.Mandate{},
		consumers: map[purse.ConsumerKey]purse.Consumer{}, spent: map[ledger.AccountID]int64{},
	}
	for _, noun := range m.Nouns() {
		switch v := noun.(type) {
		case purse.Merchant:
			b.plan[v.ID] = v.Plan
		case purse.Account:
			b.accounts[v.ID] = v
			b.spent[v.ID], _ = f.SpentThisWeek(v.ID)
		case ledger.HeldMoney:
			b.holds[v.ID] = v
		case purse.Handle:
			b.handles[v.ID] = v
		case purse.Operation:
			b.did[v.OperationKey] = v
		case purse.Mandate:
			b.mandates[v.MandateKey] = v
		case purse.Consumer:
			b.consumers[v.ConsumerKey] = v
		}
	}
	return b
}

// tally is what the handles and operations of a book amount to.
type tally struct {
	balance map[ledger.AccountID]int64    // that operations have brought or taken
	held    map[purse.HandleID]int64      // ring-fenced
	settled map[purse.HandleID]int64      // captured by settlements
	back    map[purse.HandleID]int64      // refunded
	of      map[purse.OperationKey]int64  // settled of a sale, refunded of a settlement
	voided  map[purse.OperationID]int64   // given back of a sale, when asked
	sales   map[purse.HandleID]int        // that were not declined
	owners  map[ledger.TransferID]ownHold // whose each hold is
}

type ownHold struct {
	debit, credit ledger.AccountID
	minor         int64
	deadline      purse.Time
}

// sound says what is wrong with a book whose accounts began with the given money.
func (b books) sound(began map[ledger.AccountID]int64) error {
	t, err := b.tally()
	if err != nil {
		return err
	}
	for _, check := range []func(tally) error{b.soundHandles, b.soundSales, b.soundCounters} {
		if err := check(t); err != nil {
			return err
		}
	}
	return b.soundMoney(t, began)
}

// tally counts, and makes sure that each settlement and refund has its ground.
func (b books) tally() (tally, error) {
	t := tally{
		balance: map[ledger.AccountID]int64{}, held: map[purse.HandleID]int64{}, settled: map[purse.HandleID]int64{},
		back: map[purse.HandleID]int64{}, of: map[purse.OperationKey]int64{}, voided: map[purse.OperationID]int64{},
		sales: map[purse.HandleID]int{}, owners: map[ledger.TransferID]ownHold{},
	}
	for k, o := range b.did {
		if o.Status == purse.OperationFailed {
			if o.Transfer != 0 || o.Hold != 0 || o.Settleable != 0 || o.Refundable != 0 || o.Fault == "" {
				return t, fmt.Errorf("a declined %s has effects: %+v", k.Kind, o)
			}
			continue
		}
		if (o.Transfer != 0) != (k.Kind == purse.Settlement || k.Kind == purse.Refund || k.Kind == purse.Credit) {
			return t, fmt.Errorf("the transfer of %+v", o)
		}
		wallet, balance := purse.WalletOf(o.Payer), purse.BalanceOf(o.Merchant)
		switch k.Kind {
		case purse.Sale, purse.Credit, purse.Verify:
			t.sales[o.Handle]++
			if k.Kind == purse.Credit {
				t.balance[wallet] += o.Minor
				t.balance[balance] -= o.Minor
			}
		case purse.Settlement:
			if fee := min(b.plan[o.Merchant].Of(o.Minor), o.Minor); o.Fee != fee {
				return t, fmt.Errorf("a settlement of %d has a fee of %d, want %d", o.Minor, o.Fee, fee)
			}
			t.settled[o.Handle] += o.Minor
			t.of[purse.OperationKey{Merchant: o.Merchant, Kind: purse.Sale, ID: o.Parent}] += o.Minor
			t.balance[wallet] -= o.Minor
			t.balance[balance] += o.Minor - o.Fee
			t.balance[purse.FeesAccount] += o.Fee
		case purse.Void:
			t.voided[o.Parent] += o.Minor
		case purse.Refund:
			t.back[o.Handle] += o.Minor
			t.of[purse.OperationKey{Merchant: o.Merchant, Kind: purse.Settlement, ID: o.Parent}] += o.Minor
			t.balance[wallet] += o.Minor
			t.balance[balance] -= o.Minor
		}
	}
	return t, nil
}

// soundHandles: what is PAYABLE is ring-fenced until its deadline, nothing else is,
// and a handle is used once.
func (b books) soundHandles(t tally) error {
	for id, h := range b.handles {
		hold := b.holds[h.Hold]
		payable := h.Status == purse.HandlePayable && h.Type != purse.HandleForVerification
		if payable != (hold.State == ledger.HoldOpen) {
			return fmt.Errorf("handle %d is %s and its hold is %q", id, h.Status, hold.State)
		}
		if payable {
			own := ownHold{purse.WalletOf(h.Payer), purse.BalanceOf(h.Merchant), h.Minor, h.Deadline()}
			if h.Type == purse.HandleForCredit {
				own.debit, own.credit = own.credit, own.debit
			} else {
				t.held[id] += h.Minor
			}
			t.owners[h.Hold] = own
		}
		want := 0
		if h.Status == purse.HandleCompleted {
			want = 1
		}
		if t.sales[id] != want {
			return fmt.Errorf("handle %d is %s and was used %d times", id, h.Status, t.sales[id])
		}
		if (h.Status == purse.HandleFailed) != (h.Fault != "") {
			return fmt.Errorf("handle %d is %s with the fault %q", id, h.Status, h.Fault)
		}
	}
	return nil
}

// soundSales: nothing is captured twice, nothing is refunded that was not captured,
// and what may still be settled is ring-fenced until the sale's deadline.
func (b books) soundSales(t tally) error {
	for k, o := range b.did {
		switch {
		case o.Status == purse.OperationFailed:
		case k.Kind == purse.Settlement:
			if o.Refundable < 0 || o.Refundable+t.of[k] != o.Minor {
				return fmt.Errorf("of a settlement of %d, %d were refunded and %d may be", o.Minor, t.of[k], o.Refundable)
			}
		case k.Kind == purse.Sale:
			captured := t.of[k]
			if o.Settleable < 0 || captured+t.voided[o.ID]+o.Settleable > o.Minor || captured > b.handles[o.Handle].Minor {
				return fmt.Errorf("of a sale of %d, %d were settled, %d voided, and %d may be settled", o.Minor, captured, t.voided[o.ID], o.Settleable)
			}
			if o.Refundable != captured-t.back[o.Handle] || o.Refundable < 0 {
				return fmt.Errorf("of a sale, %d were settled, %d refunded, and %d may be refunded", captured, t.back[o.Handle], o.Refundable)
			}
			if o.Auto && captured != o.Minor || o.Status == purse.OperationCancelled && captured+o.Settleable != 0 {
				return fmt.Errorf("of a sale %d are settled: %+v", captured, o)
			}
			if o.Settleable != 0 {
				t.held[o.Handle] += o.Settleable
				t.owners[o.Hold] = ownHold{purse.WalletOf(o.Payer), purse.BalanceOf(o.Merchant), o.Settleable, o.Deadline}
			} else if o.Hold != 0 {
				return fmt.Errorf("nothing may be settled of a sale with a hold: %+v", o)
			}
		}
	}
	return nil
}

// soundCounters: what counts against the weekly limit and the month's cap is what
// is ring-fenced or was captured then, less what went back.
func (b books) soundCounters(t tally) error {
	spent, taken := map[ledger.AccountID]int64{}, map[purse.MandateKey]int64{}
	for id, h := range b.handles {
		if h.Counted >= purse.SpentSince(b.now) {
			spent[purse.WalletOf(h.Payer)] += t.held[id] + t.settled[id] - t.back[id]
		}
		if counted(h).UTC().Format("2006-01") == b.now.UTC().Format("2006-01") {
			taken[purse.MandateKey{Merchant: h.Merchant, Consumer: h.Consumer}] += t.held[id] + t.settled[id]
		}
	}
	for id, a := range b.accounts {
		if a.Kind == purse.Wallet && b.spent[id] != spent[id] {
			return fmt.Errorf("%d count against the weekly limit, want %d", b.spent[id], spent[id])
		}
	}
	for k, m := range b.mandates {
		if got := m.ThisMonth(b.now); got != taken[k] {
			return fmt.Errorf("%d count against the cap of a month, want %d", got, taken[k])
		}
	}
	return nil
}

// soundMoney: the book is balanced, nobody is below zero, and what is held is held
// for somebody.
func (b books) soundMoney(t tally, began map[ledger.AccountID]int64) error {
	var sum int64
	debits, credits := map[ledger.AccountID]int64{}, map[ledger.AccountID]int64{}
	for id, h := range b.holds {
		if h.State != ledger.HoldOpen {
			continue
		}
		own, known := t.owners[id]
		if got := (ownHold{h.Debit, h.Credit, h.Amount.Minor, purse.Time(h.Deadline)}); !known || got != own {
			return fmt.Errorf("a hold %+v, want %+v", got, own)
		}
		debits[h.Debit] += h.Amount.Minor
		credits[h.Credit] += h.Amount.Minor
	}
	for id, a := range b.accounts {
		sum += a.Balance()
		if !a.MayOverdraw && a.Spendable() < 0 || a.DebitsHeld != debits[id] || a.CreditsHeld != credits[id] {
			return fmt.Errorf("account %d: %+v, holds of %d and %d", id, a.Account, debits[id], credits[id])
		}
		if want := began[id] + t.balance[id]; a.Balance() != want {
			return fmt.Errorf("account %d has %d, want %d", id, a.Balance(), want)
		}
	}
	if sum != 0 {
		return fmt.Errorf("all balances together are %d", sum)
	}
	return nil
}
