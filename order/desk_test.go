package order

import (
	"testing"
	"time"

	"purse"
)

// hire makes somebody work for a merchant, or no longer.
func (n *network) hire(t *testing.T, actor purse.Actor, m purse.MerchantID) {
	t.Helper()
	n.do(t, purse.Needs{}, func(f *purse.Facts) error {
		f.Put(purse.Member{MemberKey: purse.MemberKey{Merchant: m, Person: actor.User}, Since: f.Now})
		return nil
	})
}

// direct is a command of the directory.
func (n *network) direct(t *testing.T, needs purse.Needs, decide func(*purse.Facts) error) {
	t.Helper()
	if err := n.store.Execute(t.Context(), purse.Command{Book: purse.Directory, Needs: needs, Decide: decide}); err != nil {
		t.Fatal(err)
	}
}

// set changes the merchant.
func (n *network) set(t *testing.T, id purse.MerchantID, change func(*purse.Merchant)) {
	t.Helper()
	n.direct(t, purse.Needs{Merchants: []purse.MerchantID{id}}, func(f *purse.Facts) error {
		m, err := f.Merchant(id)
		change(&m)
		f.Put(m)
		return err
	})
}

func TestAPaymentLinkMakesOrders(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ctx := t.Context()
		mia, ada := n.newPerson(t, "mia", 0), n.newPerson(t, "ada", 50_00)
		n.hire(t, mia, n.shop.ID)
		fixed, err := n.CreateLink(ctx, mia, n.shop.ID, LinkRequest{Minor: 7_00, Product: "Cake"})
		if err != nil {
			t.Fatal(err)
		}
		open, err := n.CreateLink(ctx, mia, n.shop.ID, LinkRequest{Product: "A gift"})
		if err != nil {
			t.Fatal(err)
		}
		if links, err := n.Links(ctx, mia, n.shop.ID); err != nil || len(links) != 2 || links[0] != open || links[1] != fixed {
			t.Errorf("links %+v, %v", links, err)
		}
		o, err := n.Take(ctx, fixed.Link, 1)
		if err != nil || o.Minor != 7_00 || o.Product != "Cake" || o.Source != purse.OrderFromLink || o.Deadline != o.Made.Add(n.shop.Orders.Life) {
			t.Errorf("taken %+v, %v", o, err)
		}
		if o, err = n.Take(ctx, open.Link, 3_00); err != nil || o.Minor != 3_00 || o.Link == open.Link {
			t.Errorf("taken %+v, %v", o, err)
		}
		for _, minor := range []int64{0, -1} {
			if _, err := n.Take(ctx, open.Link, minor); code(err) != purse.CodeAmount {
				t.Errorf("%d: %v", minor, err)
			}
		}
		if _, err := n.Take(ctx, "nothing", 1); code(err) != purse.CodeNotFound {
			t.Errorf("no such link: %v", err)
		}
		for range 2 {
			if err := n.CloseLink(ctx, mia, open.PaymentLinkKey); err != nil {
				t.Error(err)
			}
		}
		if _, err := n.Take(ctx, open.Link, 3_00); code(err) != purse.CodeFinal {
			t.Errorf("a closed link: %v", err)
		}
		if offer, err := n.Offer(ctx, open.Link); err != nil || offer.Link.Closed == 0 || offer.Merchant.ID != n.shop.ID {
			t.Errorf("offer %+v, %v", offer, err)
		}
		if _, err := n.Pay(ctx, ada, o.Link); err != nil {
			t.Errorf("what was taken before is paid: %v", err)
		}
	})
}

func TestATillTakesPayments(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ctx := t.Context()
		mia, ada := n.newPerson(t, "mia", 0), n.newPerson(t, "ada", 50_00)
		n.hire(t, mia, n.shop.ID)
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Orders.Life = 48 * time.Hour })
		o, err := n.Charge(ctx, mia, n.shop.ID, 10_00, "")
		if err != nil || o.Source != purse.OrderFromTill || o.Product == "" || o.Deadline != o.Made.Add(time.Hour) {
			t.Fatalf("charged %+v, %v", o, err)
		}
		other, err := n.Charge(ctx, mia, n.shop.ID, 1_00, "Tea")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Pay(ctx, ada, o.Link); err != nil {
			t.Fatal(err)
		}
		if q, err := n.AtTill(ctx, mia, o.OrderKey); err != nil || q.Order.Status != purse.OrderPaid || q.Merchant.ID != n.shop.ID {
			t.Errorf("at the till %+v, %v", q, err)
		}
		if _, err := n.CallOff(ctx, mia, o.OrderKey); code(err) != purse.CodeFinal {
			t.Errorf("a paid order is called off: %v", err)
		}
		if o, err := n.CallOff(ctx, mia, other.OrderKey); err != nil || o.Status != purse.OrderCancelled {
			t.Errorf("called off %+v, %v", o, err)
		}
		if _, err := n.CallOff(ctx, mia, n.order(t, 1_00).OrderKey); code(err) != purse.CodeInvalid {
			t.Errorf("a program's order is called off: %v", err)
		}
		if q, err := n.AtTill(ctx, mia, n.order(t, 1_00).OrderKey); code(err) != purse.CodeNotFound {
			t.Errorf("a program's order is shown at the till, with its link: %+v, %v", q, err)
		}
		if _, err := n.Charge(ctx, mia, n.shop.ID, purse.OrderMax+1, ""); code(err) != purse.CodeAmount {
			t.Errorf("more than an order may be: %v", err)
		}
		d, err := n.Desk(ctx, mia, n.shop.ID)
		if all, err2 := n.Desks(ctx, mia); err != nil || err2 != nil || d.Balance != 9_60 || len(all) != 1 || all[0] != d {
			t.Errorf("desks %+v %+v, %v %v", d, all, err, err2)
		}
		sold, err := n.DeskOrders(ctx, mia, purse.OrderQuery{Merchant: n.shop.ID, Limit: 2, Offset: 2})
		if err != nil || len(sold) != 2 || sold[0].Order.Number != other.Number || sold[0].Payer.ID != 0 || sold[1].Payer.Username != "ada" {
			t.Errorf("sold %+v, %v", sold, err)
		}
		for actor, mine := range map[purse.Actor]bool{ada: true, mia: false} {
			r, err := n.Receipt(ctx, actor, o.Number)
			if err != nil || r.Mine != mine || r.Order.Number != o.Number || r.Payer.Username != "ada" || r.Merchant.ID != n.shop.ID {
				t.Errorf("receipt %+v, %v", r, err)
			}
		}
		if _, err := n.Receipt(ctx, mia, other.Number); code(err) != purse.CodeNotFound {
			t.Errorf("a receipt of what was not paid: %v", err)
		}
	})
}

// Whatever strangers begin to pay by a link, the merchant's lists and sums tell of what
// was paid.
func TestWhatStrangersBeginIsNotListed(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ctx := t.Context()
		mia, ada := n.newPerson(t, "mia", 0), n.newPerson(t, "ada", 50_00)
		n.hire(t, mia, n.shop.ID)
		l, err := n.CreateLink(ctx, mia, n.shop.ID, LinkRequest{Product: "Tips"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Take(ctx, l.Link, purse.OrderMax+1); code(err) != purse.CodeAmount {
			t.Errorf("more than an order may be: %v", err)
		}
		var last purse.Order
		for range 5 {
			if last, err = n.Take(ctx, l.Link, purse.OrderMax); err != nil {
				t.Fatal(err)
			}
		}
		tip, err := n.Take(ctx, l.Link, 2_00)
		if err == nil {
			_, err = n.Pay(ctx, ada, tip.Link)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Refuse(ctx, last.Link); err != nil {
			t.Fatal(err)
		}
		all, err := n.Orders(ctx, n.seller, purse.OrderQuery{Limit: 10})
		if err != nil || len(all) != 1 || all[0].Number != tip.Number {
			t.Errorf("listed: %+v, %v", all, err)
		}
		if h, err := n.History(ctx, n.seller, 0, last.Deadline); err != nil || len(h.Orders) != 1 || h.Minor != 2_00 {
			t.Errorf("history: %+v, %v", h, err)
		}
		if o, err := n.Order(ctx, n.seller, last.Number); err != nil || o.Status != purse.OrderCancelled {
			t.Errorf("one that is asked for by its number: %+v, %v", o, err)
		}
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Accepts = false })
		if _, err := n.Take(ctx, l.Link, 1); code(err) != purse.CodeNotAccepted {
			t.Errorf("a link of a merchant that takes no payments: %v", err)
		}
		if _, err := n.Charge(ctx, mia, n.shop.ID, 1, ""); code(err) != purse.CodeNotAccepted {
			t.Errorf("its till: %v", err)
		}
	})
}
