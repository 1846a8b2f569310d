package wallet_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"purse"
	"purse/hub"
	"purse/ledger"
	"purse/order"
	"purse/wallet"
)

// stall is a merchant with a key, and the hub that it sells through.
type stall struct {
	*hub.Service
	seller purse.Seller
	name   string
	made   int
}

// openStall makes a merchant.
func (n *network) openStall(t *testing.T, name string) *stall {
	t.Helper()
	s := &stall{Service: &hub.Service{Store: n.Store}, name: name}
	n.do(t, purse.Needs{}, func(f *purse.Facts) error {
		m := purse.Merchant{ID: purse.MerchantID(f.NextID()), Book: purse.MainBook, Name: name, Accepts: true, Life: purse.AuthorizationLife, Created: f.Now}
		m.Orders.Life = purse.OrderLife
		s.seller = purse.Seller{Book: purse.MainBook, Merchant: m.ID, Key: "key-of-" + strings.ToLower(name), Hash: strings.Repeat("a", 43), Kind: purse.PrivateKey}
		f.Put(m)
		f.Put(purse.APIKey{Username: s.seller.Key, Merchant: m.ID, Book: purse.MainBook, Kind: purse.PrivateKey, Hash: s.seller.Hash, Created: f.Now})
		f.Put(purse.Account{Account: ledger.Account{ID: purse.BalanceOf(m.ID), Currency: f.Book.Currency}, Kind: purse.Balance})
		return nil
	})
	return s
}

// handle makes a payment handle.
func (s *stall) handle(t *testing.T, kind purse.HandleType, minor int64) (h purse.Handle) {
	t.Helper()
	s.made++
	_, err := s.CreateHandle(t.Context(), s.seller, hub.HandleRequest{
		Type: kind, Ref: fmt.Sprint(s.made), Minor: minor, Consumer: "ann@" + s.name,
		Encode: func(r hub.HandleReceipt) purse.Answer { h = r.Handle; return purse.Answer{Status: 201} },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// does what a merchant does, which must succeed.
func (s *stall) does(t *testing.T, do func(hub.OperationRequest) (purse.Answer, error), req hub.OperationRequest) (o purse.Operation) {
	t.Helper()
	s.made++
	req.Ref = fmt.Sprint(s.made)
	req.Encode = func(r hub.OperationReceipt) purse.Answer { o = r.Operation; return purse.Answer{Status: 201} }
	if _, err := do(req); err != nil {
		t.Fatal(err)
	}
	return o
}

// told is an activity as one would read it, oldest first.
func told(lines []wallet.ActivityLine) string {
	var b strings.Builder
	for _, l := range slices.Backward(lines) {
		who := l.Other.DisplayName() + l.Merchant.Name
		if l.Order.Number != 0 {
			l.Payment.Note = fmt.Sprint(l.Order.Product, " ", l.Order.Number)
		}
		if who == "" {
			who = l.Payment.Address.Text
		}
		fmt.Fprintf(&b, "%d %s %s %+d %q %s left %d held %d\n", l.Number, l.What, l.Kind, l.Minor, who, l.Payment.Note, l.Spendable, l.Held)
	}
	return strings.ReplaceAll(b.String(), "\"\"  ", "")
}

func TestActivity(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		all := n.crowd(t, 2, 1000)
		ann, ben := all[0], all[1]
		n.terms(t, func(t *purse.Terms) { t.Fee.Fixed = 1 })
		made(t, n.Pay, ann, person(ben), 100)
		changed(t, n.Approve, ann, made(t, n.Charge, ben, person(ann), 200).ID)
		changed(t, n.Cancel, ann, made(t, n.Pay, ann, mail(1), 50).ID)
		made(t, n.Pay, ben, person(ann), 300)

		shop := n.openStall(t, "Stall")
		in := n.in(t, ann, 'a')
		h := shop.handle(t, purse.HandleForPayment, 400)
		h, err := shop.Authorize(t.Context(), in, h.Link, hub.Agreement{CapPayment: purse.NoCap, CapMonth: purse.NoCap})
		if err != nil || h.Status != purse.HandlePayable {
			t.Fatalf("%v %+v", err, h)
		}
		sale := shop.does(t, func(r hub.OperationRequest) (purse.Answer, error) { return shop.Sell(t.Context(), shop.seller, r) },
			hub.OperationRequest{Token: h.Token, Minor: 400, Auto: true})
		shop.does(t, func(r hub.OperationRequest) (purse.Answer, error) { return shop.Refund(t.Context(), shop.seller, r) },
			hub.OperationRequest{Parent: sale.ID, Minor: 150})
		out := shop.handle(t, purse.HandleForCredit, 60)
		shop.does(t, func(r hub.OperationRequest) (purse.Answer, error) { return shop.Credit(t.Context(), shop.seller, r) },
			hub.OperationRequest{Token: out.Token, Minor: 60})
		shop.handle(t, purse.HandleForPayment, 70)
		n.advance(t, purse.HandleLife)
		if err := shop.ExpireOverdue(t.Context(), purse.MainBook); err != nil {
			t.Fatal(err)
		}

		lines, more, err := n.Activity(t.Context(), ann, 0, 50)
		if err != nil || more {
			t.Fatalf("%v, more: %v", err, more)
		}
		want := `1 treasury move +1000 left 1000 held 0
2 payment move -100 "P" n left 900 held 0
3 fee move -1 "P" n left 899 held 0
4 payment move -200 "P" n left 699 held 0
5 fee move -1 "P" n left 698 held 0
6 escrow move -51 "a1@example.org" n left 647 held 0
7 escrow move +51 "a1@example.org" n left 698 held 0
8 payment move +300 "P" n left 998 held 0
9 purchase hold -400 "Stall"  left 598 held 400
10 purchase capture -400 "Stall"  left 598 held 0
11 refund move +150 "Stall"  left 748 held 0
12 credit hold +60 "Stall"  left 748 held 0
13 credit capture +60 "Stall"  left 808 held 0
14 purchase hold -70 "Stall"  left 738 held 70
15 purchase release +70 "Stall"  left 808 held 0
`
		if got := told(lines); got != want {
			t.Errorf("told\n%s\nwant\n%s", got, want)
		}
		n.has(t, "ann", purse.WalletOf(ann.User), lines[0].Spendable)
		if lines[0].At <= lines[14].At {
			t.Errorf("at %d, after %d", lines[0].At, lines[14].At)
		}
		var paged []wallet.ActivityLine
		for before, more := int64(0), true; more; before = paged[len(paged)-1].Number {
			var page []wallet.ActivityLine
			if page, more, err = n.Activity(t.Context(), ann, before, 4); err != nil || len(page) == 0 {
				t.Fatalf("%v, %d lines", err, len(page))
			}
			paged = append(paged, page...)
		}
		if told(paged) != want {
			t.Errorf("in pages\n%s", told(paged))
		}
		n.isNobodysElse(t, ann, ben)
	})
}

// isNobodysElse checks that what merchants took shows nowhere but in the activity of
// its person, and that names that are gone stay gone.
func (n *network) isNobodysElse(t *testing.T, ann, ben purse.Actor) {
	t.Helper()
	seen, _, err := n.List(t.Context(), n.fresh(t, ann), purse.PaymentQuery{Limit: 50})
	if err != nil || len(seen) != 4 {
		t.Errorf("%d payments, %v", len(seen), err)
	}
	feeder := n.fresh(t, ann)
	feeder.Scopes = purse.EveryScope()
	stories, _, err := n.Feed(t.Context(), feeder, wallet.FeedQuery{Person: ann.User, Limit: 50})
	if err != nil || len(stories) != 3 {
		t.Errorf("%d stories, %v", len(stories), err)
	}
	bens, _, err := n.Activity(t.Context(), ben, 0, 50)
	if err != nil || strings.Contains(told(bens), "Stall") || len(bens) != 5 {
		t.Errorf("%v: ben is told\n%s", err, told(bens))
	}
	stranger := ann
	stranger.Scopes = "make_payments"
	_, _, err = n.Activity(t.Context(), stranger, 0, 1)
	refused(t, "without a scope", err, purse.CodeScope)

	left := &wallet.Service{Store: leaving{n.Store, ben.User}}
	lines, _, err := left.Activity(t.Context(), ann, 0, 50)
	if err != nil || !strings.Contains(told(lines), `payment move -100 "Closed account"`) {
		t.Errorf("%v: after ben has left\n%s", err, told(lines))
	}
}

// leaving is a store in which somebody has left.
type leaving struct {
	purse.Store
	who purse.UserID
}

func (s leaving) Users(ctx context.Context, ids ...purse.UserID) (map[purse.UserID]purse.User, error) {
	users, err := s.Store.Users(ctx, ids...)
	if u, there := users[s.who]; there {
		u.Closed, u.FirstName = 1, ""
		users[s.who] = u
	}
	return users, err
}

// sells lets a merchant make orders, for a fee of 3.
func (n *network) sells(t *testing.T, s *stall, payerFee bool) (seller purse.Seller) {
	t.Helper()
	seller = s.seller
	seller.Key, seller.Kind = "orders-of-"+s.name, purse.OrderKind
	decide := func(f *purse.Facts) error {
		m, err := f.Merchant(seller.Merchant)
		m.Plan.Fixed, m.Orders.PayerFee = 3, payerFee
		f.Put(m)
		f.Put(purse.APIKey{
			Username: seller.Key, Merchant: m.ID, Book: m.Book, Kind: seller.Kind, Hash: seller.Hash, Secret: "v1." + strings.Repeat("a", 43), Created: f.Now,
		})
		return err
	}
	err := n.Store.Execute(t.Context(), purse.Command{Book: purse.Directory, Needs: purse.Needs{Merchants: []purse.MerchantID{s.seller.Merchant}}, Decide: decide})
	if err != nil {
		t.Fatal(err)
	}
	return seller
}

// in is somebody who has signed in.
func (n *network) in(t *testing.T, who purse.Actor, session byte) purse.Actor {
	t.Helper()
	in := purse.Actor{Book: purse.MainBook, User: who.User, Session: purse.SessionHash(strings.Repeat(string(session), 43)), Scopes: purse.EveryScope()}
	n.do(t, purse.Needs{}, func(f *purse.Facts) error {
		f.Put(purse.Session{Hash: in.Session, ID: purse.SessionID(f.NextID()), Person: who.User, Book: purse.MainBook, Expires: f.Now.Add(1 << 50)})
		return nil
	})
	return in
}

// TestActivityOfOrders: what was bought, from whom and in which order stands in it, and
// a fee that the payer bears has a line of its own.
func TestActivityOfOrders(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		all := n.crowd(t, 2, 1000)
		ann, ben := n.in(t, all[0], 'a'), n.in(t, all[1], 'b')
		kiosk, barrow := n.sells(t, n.openStall(t, "Kiosk"), false), n.sells(t, n.openStall(t, "Barrow"), true)
		s := &order.Service{Store: n.Store}
		buy := func(from purse.Seller, payer purse.Actor, minor int64, what string) {
			t.Helper()
			var o purse.Order
			_, err := s.Create(t.Context(), from, order.Request{
				Minor: minor, Customer: "c@example.org", Product: what, Encode: func(made purse.Order) purse.Answer { o = made; return purse.Answer{Status: 200} },
			})
			if err == nil {
				_, err = s.Pay(t.Context(), payer, o.Link)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		buy(kiosk, ann, 100, "Tea")
		buy(barrow, ben, 50, "Milk")
		buy(barrow, ann, 200, "Flour")

		lines, more, err := n.Activity(t.Context(), ann, 0, 50)
		const want = `1 treasury move +1000 left 1000 held 0
2 order move -100 "Kiosk" Tea 1 left 900 held 0
3 order move -200 "Barrow" Flour 3 left 700 held 0
4 order fee move -3 "Barrow" Flour 3 left 697 held 0
`
		if got := told(lines); err != nil || more || got != want {
			t.Errorf("%v, more: %v, told\n%s\nwant\n%s", err, more, got, want)
		}
		reads := &counted{Store: n.Store}
		w := &wallet.Service{Store: reads}
		if page, more, err := w.Activity(t.Context(), ann, 0, 2); err != nil || !more || len(page) != 2 || page[1].Order.Number != 3 || reads.orders != 1 {
			t.Errorf("%v, %d lines, %d orders read", err, len(page), reads.orders)
		}
	})
}

// counted counts the orders that are read.
type counted struct {
	purse.Store
	orders int
}

func (s *counted) OrderPaidBy(ctx context.Context, book purse.BookID, payer purse.UserID, number purse.OrderNumber) (purse.Order, error) {
	s.orders++
	return s.Store.OrderPaidBy(ctx, book, payer, number)
}
