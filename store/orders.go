package store

import (
	"context"
	"math"

	"purse"
	"purse/ledger"
)

// Orders, payment links, and who works for a merchant.

const orderColumns = `merchant, number, source, key, minor, fee, on_top, customer, product, redirect, link, made, deadline,
	status, payer, transfer, counted, changed, version`

var loadOrder = &statement{`select ` + orderColumns + `
from orders where book = $1 and merchant = $2 and number = $3`, "iii"}

var loadOrderLinked = &statement{`select ` + orderColumns + `
from orders where link = $1`, "t"}

var loadOrderPaidBy = &statement{`select ` + orderColumns + `
from orders where book = $1 and payer = $2 and number = $3 and payer > 0`, "iii"}

func readOrder(r row) purse.Order {
	o := purse.Order{
		OrderKey: purse.OrderKey{Merchant: purse.MerchantID(r.int()), Number: purse.OrderNumber(r.int())},
		Source:   purse.OrderSource(r.text()), Key: r.text(), Minor: r.int(), Fee: r.int(), OnTop: r.int() == 1,
		Customer: r.text(), Product: r.text(), Redirect: r.text(), Link: r.text(), Made: purse.Time(r.int()), Deadline: purse.Time(r.int()),
	}
	o.Status, o.Payer, o.Transfer = purse.OrderStatus(r.text()), purse.UserID(r.int()), ledger.TransferID(r.int())
	o.Counted, o.Changed, o.Version = r.int(), purse.Time(r.int()), r.int()
	return o
}

var insertOrder = &statement{`insert into orders (book, ` + orderColumns + `, waits, listed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
	"iiittiiittttiitiiiiiii"}

func packOrder(book purse.BookID, v purse.Order, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).int(int64(v.Number)).text(string(v.Source)).text(v.Key)
	a.int(v.Minor).int(v.Fee).bool(v.OnTop).text(v.Customer).text(v.Product).text(v.Redirect).text(v.Link)
	a.int(int64(v.Made)).int(int64(v.Deadline)).text(string(v.Status)).int(int64(v.Payer)).int(int64(v.Transfer)).int(v.Counted)
	a.int(int64(v.Changed)).int(v.Version).bool(v.Status == purse.OrderPending).bool(v.Listed())
}

// An order changes once. || hides the column; see plan_test.go.
var updateOrder = &statement{`update orders set status = $4, payer = $5, transfer = $6, counted = $7, changed = $8, version = $9, waits = $10,
	listed = $11
where book = $1 and merchant = $2 and number = $3 and status || '' not in ('SUCCESS', 'EXPIRED', 'CANCELLED')`, "iiitiiiiiii"}

func packOrderChange(book purse.BookID, v purse.Order, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).int(int64(v.Number)).text(string(v.Status)).int(int64(v.Payer)).int(int64(v.Transfer))
	a.int(v.Counted).int(int64(v.Changed)).int(v.Version).bool(v.Status == purse.OrderPending).bool(v.Listed())
}

// Lists, newest first; orders that are overdue, those that have been for longest first.
var (
	listOrders = &statement{`select ` + orderColumns + `
from orders where book - 0 = $1 and merchant = $2 and listed = 1 order by number desc limit $3`, "iii"}
	listOrdersMade = &statement{`select ` + orderColumns + `
from orders where book + 0 = $1 and merchant = $2 and made >= $3 and made < $4 and listed = 1 order by made desc, number desc limit $5`, "iiiii"}
	listOrdersPaidBy = &statement{`select ` + orderColumns + `
from orders where book = $1 and payer = $2 and number < $3 and payer > 0 order by number desc limit $4`, "iiii"}
	listOverdueOrders = &statement{`select merchant, number
from orders where book = $1 and deadline < $2 and waits = 1 order by deadline limit $3`, "iii"}
)

const linkColumns = `merchant, id, link, minor, product, made, closed`

var loadPaymentLink = &statement{`select ` + linkColumns + `
from payment_links where book = $1 and merchant = $2 and id = $3`, "iii"}

var loadPaymentLinked = &statement{`select ` + linkColumns + `
from payment_links where link = $1`, "t"}

// closed + 0 hides the column; see plan_test.go.
var listPaymentLinksOf = &statement{`select ` + linkColumns + `
from payment_links where book = $1 and merchant = $2 and closed + 0 = 0 order by id desc limit 100`, "ii"}

func readPaymentLink(r row) purse.PaymentLink {
	return purse.PaymentLink{
		PaymentLinkKey: purse.PaymentLinkKey{Merchant: purse.MerchantID(r.int()), ID: purse.LinkID(r.int())},
		Link:           r.text(), Minor: r.int(), Product: r.text(), Made: purse.Time(r.int()), Closed: purse.Time(r.int()),
	}
}

var insertPaymentLink = &statement{`insert into payment_links (book, ` + linkColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8)`, "iiititii"}

func packPaymentLink(book purse.BookID, v purse.PaymentLink, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).int(int64(v.ID)).text(v.Link).int(v.Minor).text(v.Product).int(int64(v.Made)).int(int64(v.Closed))
}

var updatePaymentLink = &statement{`update payment_links set closed = $4
where book = $1 and merchant = $2 and id = $3`, "iiii"}

func packPaymentLinkChange(book purse.BookID, v purse.PaymentLink, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).int(int64(v.ID)).int(int64(v.Closed))
}

var loadMember = &statement{`select merchant, person, since
from members where merchant = $1 and person = $2`, "ii"}

var (
	listMembersOf = &statement{`select merchant, person, since
from members where merchant = $1 order by person limit 100`, "i"}
	listMembershipsOf = &statement{`select merchant, person, since
from members where person = $1 order by merchant limit 100`, "i"}
)

func readMember(r row) purse.Member {
	return purse.Member{MemberKey: purse.MemberKey{Merchant: purse.MerchantID(r.int()), Person: purse.UserID(r.int())}, Since: purse.Time(r.int())}
}

var insertMember = &statement{`insert into members (merchant, person, since)
values ($1, $2, $3)`, "iii"}

func packMember(_ purse.BookID, v purse.Member, a *args) {
	a.int(int64(v.Merchant)).int(int64(v.Person)).int(int64(v.Since))
}

var deleteMember = &statement{`delete from members
where merchant = $1 and person = $2`, "ii"}

func packMemberKey(_ purse.BookID, k purse.MemberKey, a *args) {
	a.int(int64(k.Merchant)).int(int64(k.Person))
}

// loadOrders adds orders, payment links and members.
func (x *exchange) loadOrders(book purse.BookID, ws *purse.WorkingSet, tasks []*task) {
	b := int64(book)
	want(x, loadOrder, each(tasks, func(n *purse.Needs) []purse.OrderKey { return n.Orders }), ws.Orders.Want,
		func(k purse.OrderKey, a *args) { a.int(b).int(int64(k.Merchant)).int(int64(k.Number)) },
		func(r row) { v := readOrder(r); ws.Orders.Load(v.OrderKey, v) })
	want(x, loadPaymentLink, each(tasks, func(n *purse.Needs) []purse.PaymentLinkKey { return n.PaymentLinks }), ws.PaymentLinks.Want,
		func(k purse.PaymentLinkKey, a *args) { a.int(b).int(int64(k.Merchant)).int(int64(k.ID)) },
		func(r row) { v := readPaymentLink(r); ws.PaymentLinks.Load(v.PaymentLinkKey, v) })
	want(x, loadMember, each(tasks, func(n *purse.Needs) []purse.MemberKey { return n.Members }), ws.Members.Want,
		func(k purse.MemberKey, a *args) { a.int(int64(k.Merchant)).int(int64(k.Person)) },
		func(r row) { v := readMember(r); ws.Members.Load(v.MemberKey, v) })
}

// saveOrders adds the storing of orders, payment links and members.
func (x *exchange) saveOrders(ws *purse.WorkingSet) {
	b := ws.Book.ID
	put(x, insertOrder, b, ws.Orders.Added(), packOrder)
	put(x, updateOrder, b, ws.Orders.Updated(), packOrderChange)
	put(x, insertPaymentLink, b, ws.PaymentLinks.Added(), packPaymentLink)
	put(x, updatePaymentLink, b, ws.PaymentLinks.Updated(), packPaymentLinkChange)
	put(x, deleteMember, b, keysOf(ws.Members.Removed()), packMemberKey)
	put(x, insertMember, b, ws.Members.Added(), packMember)
}

// Order implements purse.Reader.
func (s *Store) Order(ctx context.Context, book purse.BookID, k purse.OrderKey) (purse.Order, error) {
	rows, err := query(ctx, s.reader, loadOrder, readOrder, int64(book), int64(k.Merchant), int64(k.Number))
	return found(rows, err, "order")
}

// OrderLinked implements purse.Reader.
func (s *Store) OrderLinked(ctx context.Context, link string) (purse.Order, error) {
	rows, err := query(ctx, s.reader, loadOrderLinked, readOrder, link)
	return found(rows, err, "order")
}

// OrderPaidBy implements purse.Reader.
func (s *Store) OrderPaidBy(ctx context.Context, book purse.BookID, payer purse.UserID, number purse.OrderNumber) (purse.Order, error) {
	rows, err := query(ctx, s.reader, loadOrderPaidBy, readOrder, int64(book), int64(payer), int64(number))
	return found(rows, err, "order")
}

// OrdersPaidBy implements purse.Reader.
func (s *Store) OrdersPaidBy(ctx context.Context, book purse.BookID, payer purse.UserID, before purse.OrderNumber, limit int) ([]purse.Order, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return query(ctx, s.reader, listOrdersPaidBy, readOrder, int64(book), int64(payer), int64(before), int64(limit))
}

// Orders implements purse.Reader.
func (s *Store) Orders(ctx context.Context, book purse.BookID, q purse.OrderQuery) ([]purse.Order, error) {
	var rows []purse.Order
	var err error
	if q.From == 0 && q.To == 0 {
		rows, err = query(ctx, s.reader, listOrders, readOrder, int64(book), int64(q.Merchant), int64(q.Offset+q.Limit))
	} else {
		until := int64(math.MaxInt64)
		if q.To != 0 {
			until = int64(q.To) + 1
		}
		rows, err = query(ctx, s.reader, listOrdersMade, readOrder, int64(book), int64(q.Merchant), int64(q.From), until, int64(q.Offset+q.Limit))
	}
	return rows[min(q.Offset, len(rows)):], err
}

// OverdueOrders implements purse.Reader.
func (s *Store) OverdueOrders(ctx context.Context, book purse.BookID, now purse.Time, limit int) ([]purse.OrderKey, error) {
	return query(ctx, s.reader, listOverdueOrders, func(r row) purse.OrderKey {
		return purse.OrderKey{Merchant: purse.MerchantID(r.int()), Number: purse.OrderNumber(r.int())}
	}, int64(book), int64(now)+1, int64(limit))
}

// PaymentLinked implements purse.Reader.
func (s *Store) PaymentLinked(ctx context.Context, link string) (purse.PaymentLink, error) {
	rows, err := query(ctx, s.reader, loadPaymentLinked, readPaymentLink, link)
	return found(rows, err, "payment link")
}

// PaymentLinksOf implements purse.Reader.
func (s *Store) PaymentLinksOf(ctx context.Context, book purse.BookID, merchant purse.MerchantID) ([]purse.PaymentLink, error) {
	return query(ctx, s.reader, listPaymentLinksOf, readPaymentLink, int64(book), int64(merchant))
}

// MembersOf implements purse.Reader.
func (s *Store) MembersOf(ctx context.Context, merchant purse.MerchantID) ([]purse.Member, error) {
	return query(ctx, s.reader, listMembersOf, readMember, int64(merchant))
}

// MembershipsOf implements purse.Reader.
func (s *Store) MembershipsOf(ctx context.Context, person purse.UserID) ([]purse.Member, error) {
	return query(ctx, s.reader, listMembershipsOf, readMember, int64(person))
}
