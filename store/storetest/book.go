package storetest

import (
	"testing"
)

// posted is one row of the postings, as the tables have it.
type posted struct {
	account, number, transfer, debit, other, otherNumber, minor, hold int64
	kind                                                              string
	totals                                                            [4]int64 // debits posted, held, credits posted, held
}

// balanced replays the whole book from its postings: numbered without a gap,
// each with the totals that follow from the one before, every transfer on two
// accounts, and the accounts as their last posting says.
func (n *network) balanced(t testing.TB) {
	t.Helper()
	for what, query := range map[string]string{
		"the sum of all balances":      "select coalesce(cast(sum(credits_posted - debits_posted) as bigint), 0) from accounts",
		"the sum of all that is held":  "select coalesce(cast(sum(credits_held - debits_held) as bigint), 0) from accounts",
		"accounts below zero":          "select count(*) from accounts where may_overdraw = 0 and credits_posted - debits_posted - debits_held < 0",
		"open holds beside the totals": "select coalesce((select cast(sum(debits_held) as bigint) from accounts), 0) - coalesce((select cast(sum(minor) as bigint) from holds where state = 'open'), 0)",
		"events that are not one for each payment and entry": `select (select count(*) from events where kind in ('payment.created', 'treasury.issued'))
			- (select count(*) from payments) - (select count(*) from entries)`,
	} {
		if v := n.number(t, query); v != 0 {
			t.Errorf("%s: %d", what, v)
		}
	}
	n.chained(t)
}

func (n *network) chained(t testing.TB) {
	t.Helper()
	held := map[int64]int64{}
	last := map[int64]posted{}
	sides := map[int64][]posted{}
	rows, err := n.db.QueryContext(t.Context(), `select account, number, transfer, kind, debit, other, other_number, minor, hold,
		debits_posted, debits_held, credits_posted, credits_held from postings order by account, number`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var p posted
		if err := rows.Scan(&p.account, &p.number, &p.transfer, &p.kind, &p.debit, &p.other, &p.otherNumber, &p.minor, &p.hold,
			&p.totals[0], &p.totals[1], &p.totals[2], &p.totals[3]); err != nil {
			t.Fatal(err)
		}
		if p.kind == "hold" {
			held[p.transfer] = p.minor
		}
		before := last[p.account]
		if p.number != before.number+1 || p.transfer <= before.transfer {
			t.Errorf("account %d: posting %d of transfer %d follows %d of %d", p.account, p.number, p.transfer, before.number, before.transfer)
		}
		if want := p.after(before.totals, held[p.hold]); p.totals != want {
			t.Errorf("account %d, posting %d (%s of %d): totals %v, want %v", p.account, p.number, p.kind, p.minor, p.totals, want)
		}
		last[p.account] = p
		sides[p.transfer] = append(sides[p.transfer], p)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for transfer, pair := range sides {
		if len(pair) != 2 || pair[0].account != pair[1].other || pair[1].account != pair[0].other ||
			pair[0].number != pair[1].otherNumber || pair[1].number != pair[0].otherNumber ||
			pair[0].debit+pair[1].debit != 1 || pair[0].minor != pair[1].minor || pair[0].kind != pair[1].kind {
			t.Errorf("transfer %d is not one debit and one credit of the same: %+v", transfer, pair)
		}
	}
	n.endAsAccounts(t, last)
}

// after is what the totals must be after p.
func (p posted) after(totals [4]int64, held int64) [4]int64 {
	side := 2
	if p.debit == 1 {
		side = 0
	}
	switch p.kind {
	case "move":
		totals[side] += p.minor
	case "hold":
		totals[side+1] += p.minor
	case "capture":
		totals[side] += p.minor
		totals[side+1] -= held
	case "release":
		totals[side+1] -= held
	}
	return totals
}

// endAsAccounts compares the accounts with their last postings.
func (n *network) endAsAccounts(t testing.TB, last map[int64]posted) {
	t.Helper()
	rows, err := n.db.QueryContext(t.Context(), "select id, number, debits_posted, debits_held, credits_posted, credits_held from accounts")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	accounts := 0
	for rows.Next() {
		var id, number int64
		var totals [4]int64
		if err := rows.Scan(&id, &number, &totals[0], &totals[1], &totals[2], &totals[3]); err != nil {
			t.Fatal(err)
		}
		if number > 0 {
			accounts++
		}
		if p := last[id]; p.number != number || p.totals != totals {
			t.Errorf("account %d has number %d and totals %v, its last posting %d and %v", id, number, totals, p.number, p.totals)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if accounts != len(last) {
		t.Errorf("%d accounts have moved, %d have postings", accounts, len(last))
	}
}
