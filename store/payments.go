package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"purse"
	"purse/ledger"
)

// Payments, and the rows of those who are party to them.

const paymentColumns = `id, action, actor, target, address_kind, address, minor, fee, note, audience, medium, app, status,
	deadline, completed, transfer, escrow, refund, counted, reminded, version`

var loadPayment = &statement{`select ` + paymentColumns + `
from payments where book = $1 and id = $2`, "ii"}

func readPayment(r row) purse.Payment {
	p := purse.Payment{
		ID: purse.PaymentID(r.int()), Action: purse.PaymentAction(r.text()), Actor: purse.UserID(r.int()), Target: purse.UserID(r.int()),
		Address: purse.Address{Kind: purse.AddressKind(r.text()), Text: r.text()},
		Minor:   r.int(), Fee: r.int(), Note: r.text(), Audience: purse.Audience(r.text()), Medium: purse.Medium(r.text()),
		App: purse.AppID(r.int()), Status: purse.PaymentStatus(r.text()),
	}
	p.Deadline, p.Completed = purse.Time(r.int()), purse.Time(r.int())
	p.Transfer, p.Escrow, p.Refund = ledger.TransferID(r.int()), ledger.TransferID(r.int()), ledger.TransferID(r.int())
	p.Counted, p.Reminded, p.Version = r.int(), purse.Time(r.int()), r.int()
	return p
}

var insertPayment = &statement{`insert into payments (book, ` + paymentColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
	"iitiittiitttitiiiiiiii"}

func packPayment(book purse.BookID, v purse.Payment, a *args) {
	a.int(int64(book)).int(int64(v.ID)).text(string(v.Action)).int(int64(v.Actor)).int(int64(v.Target))
	a.text(string(v.Address.Kind)).text(v.Address.Text).int(v.Minor).int(v.Fee)
	a.text(v.Note).text(string(v.Audience)).text(string(v.Medium)).int(int64(v.App)).text(string(v.Status))
	a.int(int64(v.Deadline)).int(int64(v.Completed)).int(int64(v.Transfer)).int(int64(v.Escrow)).int(int64(v.Refund))
	a.int(v.Counted).int(int64(v.Reminded)).int(v.Version)
}

// A payment changes until it is no longer pending; after that only its audience
// does.
var updatePayment = &statement{`update payments set target = $3, fee = $4, audience = $5, status = $6,
	completed = $7, transfer = $8, refund = $9, counted = $10, reminded = $11, version = $12
where book = $1 and id = $2 and (completed + 0 < 1 or $7 = completed + 0 and $6 = status)`,
	"iiiittiiiiii"} // + 0: see plan_test.go

func packPaymentChange(book purse.BookID, v purse.Payment, a *args) {
	a.int(int64(book)).int(int64(v.ID)).int(int64(v.Target)).int(v.Fee).text(string(v.Audience)).text(string(v.Status))
	a.int(int64(v.Completed)).int(int64(v.Transfer)).int(int64(v.Refund)).int(v.Counted).int(int64(v.Reminded)).int(v.Version)
}

var insertParty = &statement{`insert into parties (book, person, kind, payment) values ($1, $2, $3, $4)`, "iiii"}

func packParty(book purse.BookID, v purse.Party, a *args) {
	a.int(int64(book)).int(int64(v.Person)).int(int64(v.Kind)).int(int64(v.Payment))
}

var updateParty = &statement{`update parties set kind = $5
where book = $1 and person = $2 and kind = $3 and payment = $4`, "iiiii"}

func packPartyChange(book purse.BookID, v purse.Party, a *args) {
	a.int(int64(book)).int(int64(v.Person)).int(int64(v.Was)).int(int64(v.Payment)).int(int64(v.Kind))
}

// partiesOf yields the rows of the parties to new payments.
func partiesOf(ws *purse.WorkingSet) func(func(purse.PartyKey, purse.Party) bool) {
	return func(yield func(purse.PartyKey, purse.Party) bool) {
		for _, p := range ws.Payments.Added() {
			rows, n := p.Parties()
			for _, r := range rows[:n] {
				if !yield(purse.PartyKey{Person: r.Person, Payment: r.Payment}, r) {
					return
				}
			}
		}
		for k, r := range ws.Parties.Added() {
			if !yield(k, r) {
				return
			}
		}
	}
}

// lists are the texts that list payments out of one, two, three … ranges. A page is
// the newest rows of a few ranges of a key, each cut at the page's length, so that
// it costs the same however many payments there are.
type lists struct{ ofKinds, between []*statement }

// newLists makes the texts. join finds the payments of a page, as p.
func newLists(join string) *lists {
	return &lists{
		ofKinds: ranges(join, `select payment as id from parties
	where book = $1 and person = $5 and kind = $%d and payment > $2 and payment < $3
	order by payment desc limit $4`, 1, 20),
		between: ranges(join, `select id from payments
	where book + 0 = $1 and target = $5 and actor = $6 and status = $%d and action = $%d and id + 0 > $2 and id + 0 < $3
	order by id + 0 desc limit $4`, 2, 10),
	}
}

// ranges makes the texts that list payments out of up to n ranges. one is a
// range's text; it names as many arguments of its own, after the common ones.
func ranges(join, one string, own, n int) []*statement {
	common := strings.Count(one, "$") - own
	var texts []*statement
	var parts []string
	for i := range n {
		var args []any
		for j := range own {
			args = append(args, common+own*i+j+1)
		}
		parts = append(parts, "select id from ("+fmt.Sprintf(one, args...)+fmt.Sprintf(") r%d", i))
		texts = append(texts, &statement{text: `select ` + qualified(paymentColumns) + ` from (
select id from (` + strings.Join(parts, "\nunion all ") + `) u order by id desc limit $4) page
` + join + ` order by page.id desc`})
	}
	return texts
}

// qualified names the columns of p, where another table has some of the names.
func qualified(columns string) string {
	names := strings.Split(columns, ",")
	for i, name := range names {
		names[i] = "p." + strings.TrimSpace(name)
	}
	return strings.Join(names, ", ")
}

// Payments implements purse.Reader.
func (s *Store) Payments(ctx context.Context, book purse.BookID, q purse.PaymentQuery) ([]purse.Payment, error) {
	common := []any{int64(book), q.After, cmp.Or(q.Before, maxID), int64(q.Limit)}
	var all []purse.Payment
	list := func(texts []*statement, n int, arguments []any) error {
		if n == 0 {
			return nil
		}
		rows, err := query(ctx, s.reader, texts[n-1], readPayment, append(common[:len(common):len(common)], arguments...)...)
		all = append(all, rows...)
		return err
	}
	arguments := []any{int64(q.Person)}
	kinds := q.Kinds()
	for _, k := range kinds {
		arguments = append(arguments, int64(k))
	}
	if err := list(s.reader.lists().ofKinds, len(kinds), arguments); err != nil {
		return nil, err
	}
	statuses, actions := q.Matches()
	for _, other := range q.Others() {
		arguments := []any{int64(q.Person), int64(other)}
		for _, status := range statuses {
			for _, action := range actions {
				arguments = append(arguments, string(status), string(action))
			}
		}
		if err := list(s.reader.lists().between, len(statuses)*len(actions), arguments); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b purse.Payment) int { return cmp.Compare(b.ID, a.ID) })
	return all[:min(len(all), q.Limit)], nil
}

// maxID is above every identifier.
const maxID int64 = 1<<63 - 1

var listOverdue = &statement{`select id
from payments where book = $1 and status = 'pending' and deadline <= $2 order by deadline, id limit $3`, "iii"}

// Overdue implements purse.Reader.
func (s *Store) Overdue(ctx context.Context, book purse.BookID, now purse.Time, limit int) ([]purse.PaymentID, error) {
	return query(ctx, s.reader, listOverdue, func(r row) purse.PaymentID { return purse.PaymentID(r.int()) },
		int64(book), int64(now), int64(limit))
}

// What waits for an address to have an owner, and what waits for a person.
var (
	loadPendingTo = &statement{`select ` + paymentColumns + `
from payments
where book = $1 and address_kind = $2 and address = $3 and status = 'pending' and target < 1 order by id limit 100`, "itt"}

	// Kinds below 4 are pending, see purse.PartyKind.
	loadWaiting = &statement{`select p.id, p.action, p.actor, p.target, p.address_kind, p.address, p.minor, p.fee, p.note, p.audience, p.medium, p.app,
	p.status, p.deadline, p.completed, p.transfer, p.escrow, p.refund, p.counted, p.reminded, p.version
from (select book, payment from parties
	where book = $1 and person = $2 and kind < 4 order by kind, payment limit 100) q cross join payments p
where p.book = q.book and p.id = q.payment`, "ii"}
)

// What others than the parties may see of a person's payments.
var listTold = &statement{`select ` + paymentColumns + ` from (select * from payments
	where book = $1 and actor = $2 and status = 'settled' and audience <> 'private' and id < $3
	order by id desc limit $4) by_them
union all select ` + paymentColumns + ` from (select * from payments
	where book = $1 and target = $2 and status = 'settled' and audience <> 'private' and id < $3
	order by id desc limit $4) to_them
order by id desc limit $4`, "iiii"}
