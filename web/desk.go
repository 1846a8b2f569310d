package web

import (
	"cmp"
	"context"
	"strings"

	"purse"
	"purse/order"
)

// desk is what the pages of those who work for merchants ask of package order.
type desk interface {
	Desks(ctx context.Context, actor purse.Actor) ([]order.Desk, error)
	Desk(ctx context.Context, actor purse.Actor, merchant purse.MerchantID) (order.Desk, error)
	DeskOrders(ctx context.Context, actor purse.Actor, q purse.OrderQuery) ([]order.Sold, error)
	Links(ctx context.Context, actor purse.Actor, merchant purse.MerchantID) ([]purse.PaymentLink, error)
	CreateLink(ctx context.Context, actor purse.Actor, merchant purse.MerchantID, req order.LinkRequest) (purse.PaymentLink, error)
	CloseLink(ctx context.Context, actor purse.Actor, k purse.PaymentLinkKey) error
	Charge(ctx context.Context, actor purse.Actor, merchant purse.MerchantID, minor int64, product string) (purse.Order, error)
	AtTill(ctx context.Context, actor purse.Actor, k purse.OrderKey) (order.Question, error)
	CallOff(ctx context.Context, actor purse.Actor, k purse.OrderKey) (purse.Order, error)
	Receipt(ctx context.Context, actor purse.Actor, number purse.OrderNumber) (order.Receipt, error)
	Offer(ctx context.Context, link string) (order.Offer, error)
	Take(ctx context.Context, link string, minor int64) (purse.Order, error)
}

// deskShown is how many orders a page of the desk has.
const deskShown = 20

// deskTile is on the front page of those who work for a merchant.
var deskTile = tile{"/desk", "Desk", "Take payments for the merchant that you work for: its till, its payment links, and what was paid."}

// showDesks answers GET /desk. Who works for one merchant goes straight there.
func (s *Site) showDesks(t *turn) error {
	desks, err := s.Desk.Desks(t.r.Context(), t.visitor.Actor)
	switch {
	case err != nil:
		return err
	case len(desks) == 0:
		return errNoPage
	case len(desks) == 1:
		return t.go303(deskPath(desks[0].Merchant.ID))
	}
	p := desksPage{Layout: s.layout(t, "Desk")}
	for _, d := range desks {
		p.Desks = append(p.Desks, deskRow{
			Path: deskPath(d.Merchant.ID), Name: merchantName(d.Merchant), Initials: initials(d.Merchant.Name),
			Balance: s.amount(d.Balance), Closed: d.Merchant.Closed != 0,
		})
	}
	return render(t.w, t.status(), "desks", p)
}

// showDesk answers GET /desk/{merchant}.
func (s *Site) showDesk(t *turn) error {
	d, err := s.atDesk(t)
	if err != nil {
		return err
	}
	var offset int64
	if text := t.query("offset"); text != "" {
		if offset, err = readNumber(text); err != nil {
			return err
		}
	}
	id := d.Merchant.ID
	offset = min(offset, 1<<30)
	sold, err := s.Desk.DeskOrders(t.r.Context(), t.visitor.Actor, purse.OrderQuery{Merchant: id, Offset: int(offset), Limit: deskShown + 1})
	if err != nil {
		return err
	}
	p := deskPage{Layout: s.deskLayout(t, d.Merchant, "", merchantName(d.Merchant)), Balance: s.amount(d.Balance), Closed: d.Merchant.Closed != 0}
	if p.Payee, err = s.payeeOf(t, d.Merchant); err != nil {
		return err
	}
	if offset > 0 {
		p.Newest = deskPath(id)
	}
	if len(sold) > deskShown {
		sold, p.More = sold[:deskShown], deskPath(id)+"?offset="+number(offset+deskShown)
	}
	for _, one := range sold {
		p.Orders = append(p.Orders, s.soldRow(one))
	}
	return render(t.w, t.status(), "desk", p)
}

// soldRow is an order in words.
func (s *Site) soldRow(one order.Sold) soldRow {
	o := one.Order
	words := soldWords[o.Status]
	row := soldRow{
		Number: o.Number.String(), Product: o.Product, Amount: s.amount(o.Minor), At: moment(o.Made), Source: sourceWords[o.Source],
		State: words.mark, Paid: o.Status == purse.OrderPaid,
	}
	switch {
	case row.Paid:
		row.At, row.Payer, row.Path, row.Link = moment(o.Changed), payerName(one.Payer), receiptPath(o.Number), "Receipt"
	case o.Status == purse.OrderPending && o.Source == purse.OrderFromTill:
		row.Path, row.Link = tillPath(o.OrderKey), "Show"
	}
	return row
}

// soldWords says where an order is in its life: in a list, as a title, and in a sentence.
var soldWords = map[purse.OrderStatus]struct{ mark, title, sentence string }{
	purse.OrderPending:   {"Waiting", "To pay", ""},
	purse.OrderPaid:      {"Paid", "Paid", ""},
	purse.OrderExpired:   {"Expired", "Too late", "Nobody has paid in time. No money has moved."},
	purse.OrderCancelled: {"Cancelled", "Cancelled", "It cannot be paid any more. No money has moved."},
}

// sourceWords says where an order was made.
var sourceWords = map[purse.OrderSource]string{
	purse.OrderFromAPI: "Shop", purse.OrderFromLink: "Payment link", purse.OrderFromTill: "Till",
}

// payerName is how a merchant's people call who has paid.
func payerName(u purse.User) string {
	return cmp.Or(strings.TrimSpace(u.DisplayName()), "Closed account")
}

// atDesk is the merchant of the page, as somebody sees it who works there.
//
// Refused with CodeNotFound.
func (s *Site) atDesk(t *turn) (order.Desk, error) {
	id, err := t.merchant()
	if err != nil {
		return order.Desk{}, err
	}
	return s.Desk.Desk(t.r.Context(), t.visitor.Actor, id)
}

// merchant is the one that the page's address names.
//
// Refused with CodeNotFound.
func (t *turn) merchant() (purse.MerchantID, error) {
	id, err := readNumber(t.r.PathValue("merchant"))
	if err != nil {
		return 0, errNoPage
	}
	return purse.MerchantID(id), nil
}

// payeeOf is a merchant as pages show it.
func (s *Site) payeeOf(t *turn, m purse.Merchant) (payee, error) {
	logo, err := s.logoPath(t, m.ID)
	return payee{Name: merchantName(m), Initials: initials(m.Name), Logo: logo}, err
}

// deskLayout is the layout of a page of a merchant's desk; at is the page below it.
func (s *Site) deskLayout(t *turn, m purse.Merchant, at, title string) Layout {
	l := s.layout(t, title)
	l.TabsOf = "Desk"
	if m.Closed == 0 {
		l.Tabs = deskTabs(m.ID, at)
	}
	return l
}

// deskTabs are the pages of a merchant's desk, with the one at the path below it marked.
func deskTabs(m purse.MerchantID, at string) []tab {
	all := []tab{{Name: "Orders"}, {Path: "/till", Name: "Till"}, {Path: "/links", Name: "Payment links"}}
	for i := range all {
		all[i].Current = all[i].Path == at
		all[i].Path = deskPath(m) + all[i].Path
	}
	return all
}

func deskPath(m purse.MerchantID) string { return "/desk/" + m.String() }

// readSum reads what somebody has typed as money that is to be paid. The keypads of
// many countries have a comma and no point; three digits after one may be thousands,
// and are nobody's guess.
//
// Refused with CodeAmount.
func (s *Site) readSum(typed string) (int64, error) {
	if _, decimals, ok := strings.Cut(typed, ","); ok && len(decimals) < 3 {
		typed = strings.Replace(typed, ",", ".", 1)
	}
	minor, err := s.readAmount(typed)
	if err == nil && minor == 0 {
		err = purse.Refuse(purse.CodeAmount, "The amount must be above zero.")
	}
	return minor, err
}
