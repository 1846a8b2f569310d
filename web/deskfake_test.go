package web

import (
	"context"

	"purse"
	"purse/order"
)

// deskFake stands for package order, and notes what it was asked like the fake that
// it is of. Ada works for merchant 90.
type deskFake struct {
	*fake
	desks  []order.Desk
	sold   []order.Sold
	links  []purse.PaymentLink
	order  purse.Order
	offers order.Offer
	mine   bool // whose receipt it is
}

// newDesk is a merchant without a shop, with one of everything.
func newDesk(f *fake) *deskFake {
	books := asks().Merchant
	till := purse.Order{
		OrderKey: purse.OrderKey{Merchant: 90, Number: 17}, Source: purse.OrderFromTill, Minor: 1250, Fee: 40, Product: "Two books", Link: "l1nk",
		Made: noon, Deadline: noon.Add(90_000_000_000), Status: purse.OrderPending, Changed: noon,
	}
	paid, shop := till, till
	paid.Number, paid.Source, paid.Status, paid.Payer, paid.Product = 16, purse.OrderFromLink, purse.OrderPaid, 11, hostile
	shop.Number, shop.Source, shop.Status = 15, purse.OrderFromAPI, purse.OrderCancelled
	link := purse.PaymentLink{PaymentLinkKey: purse.PaymentLinkKey{Merchant: 90, ID: 5}, Link: "0ffer", Minor: 800, Product: hostile, Made: noon}
	open := purse.PaymentLink{PaymentLinkKey: purse.PaymentLinkKey{Merchant: 90, ID: 90}, Link: "0pen", Product: "Tips", Made: noon}
	return &deskFake{
		fake: f, desks: []order.Desk{{Merchant: books, Balance: 4321}}, sold: []order.Sold{{Order: till}, {Order: paid, Payer: purse.User{ID: 11, FirstName: "Ben", LastName: hostile}}, {Order: shop}},
		links: []purse.PaymentLink{link, open}, order: till, offers: order.Offer{Link: open, Merchant: books}, mine: true,
	}
}

// errNoDesk is what package order says of other merchants.
var errNoDesk = purse.Refuse(purse.CodeNotFound, "There is no such merchant.")

func (f *deskFake) Desks(context.Context, purse.Actor) ([]order.Desk, error) {
	return f.desks, f.refuse["Desks"]
}
func (f *deskFake) Desk(_ context.Context, _ purse.Actor, m purse.MerchantID) (order.Desk, error) {
	if m != 90 {
		return order.Desk{}, errNoDesk
	}
	return f.desks[0], f.refuse["Desk"]
}
func (f *deskFake) DeskOrders(_ context.Context, _ purse.Actor, q purse.OrderQuery) ([]order.Sold, error) {
	if q.Offset > 0 || q.Limit < 3 {
		return nil, f.did("DeskOrders", q.Merchant, q.Offset, q.Limit)
	}
	return f.sold, f.refuse["DeskOrders"]
}
func (f *deskFake) Links(context.Context, purse.Actor, purse.MerchantID) ([]purse.PaymentLink, error) {
	return f.links, f.refuse["Links"]
}
func (f *deskFake) CreateLink(_ context.Context, a purse.Actor, m purse.MerchantID, r order.LinkRequest) (purse.PaymentLink, error) {
	return f.links[0], f.did("CreateLink", a.User, m, r.Minor, r.Product)
}
func (f *deskFake) CloseLink(_ context.Context, a purse.Actor, k purse.PaymentLinkKey) error {
	return f.did("CloseLink", a.User, k.Merchant, k.ID)
}
func (f *deskFake) Charge(_ context.Context, a purse.Actor, m purse.MerchantID, minor int64, product string) (purse.Order, error) {
	return f.order, f.did("Charge", a.User, m, minor, product)
}
func (f *deskFake) AtTill(_ context.Context, _ purse.Actor, k purse.OrderKey) (order.Question, error) {
	if k != f.order.OrderKey {
		return order.Question{}, errNoDesk
	}
	return order.Question{Order: f.order, Merchant: f.desks[0].Merchant, Now: noon.Add(30_000_000_000)}, f.refuse["AtTill"]
}
func (f *deskFake) CallOff(_ context.Context, a purse.Actor, k purse.OrderKey) (purse.Order, error) {
	return f.order, f.did("CallOff", a.User, k.Merchant, k.Number)
}
func (f *deskFake) Receipt(_ context.Context, _ purse.Actor, n purse.OrderNumber) (order.Receipt, error) {
	if n != 17 {
		return order.Receipt{}, purse.Refuse(purse.CodeNotFound, "There is no such receipt.")
	}
	o := f.order
	o.Status, o.Payer = purse.OrderPaid, 11
	return order.Receipt{Order: o, Merchant: f.desks[0].Merchant, Payer: purse.User{ID: 11, FirstName: "Ben", LastName: hostile}, Mine: f.mine}, f.refuse["Receipt"]
}
func (f *deskFake) Offer(_ context.Context, link string) (order.Offer, error) {
	if link != "l1nk" {
		return order.Offer{}, purse.Refuse(purse.CodeNotFound, "There is no such payment link.")
	}
	return f.offers, f.refuse["Offer"]
}
func (f *deskFake) Take(_ context.Context, link string, minor int64) (purse.Order, error) {
	return f.order, f.did("Take", link, minor)
}
