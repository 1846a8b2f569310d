package order

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"purse"
)

func TestOrdersThatCannotBeMade(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		good := Request{Minor: 1, Customer: "c@example.org", Product: "Tea"}
		_, onTop := n.newShop(t, purse.Fee{Fixed: 1}, true)
		for name, c := range map[string]struct {
			change func(*Request, *purse.Seller)
			want   purse.Code
		}{
			"no customer":       {func(r *Request, _ *purse.Seller) { r.Customer = "" }, purse.CodeMissing},
			"a name":            {func(r *Request, _ *purse.Seller) { r.Customer = "Ada" }, purse.CodeInvalid},
			"a name and more":   {func(r *Request, _ *purse.Seller) { r.Customer = "Ada <a@example.org>" }, purse.CodeInvalid},
			"a header":          {func(r *Request, _ *purse.Seller) { r.Customer = "a@example.org\r\nBcc: b@example.org" }, purse.CodeInvalid},
			"no product":        {func(r *Request, _ *purse.Seller) { r.Product = "" }, purse.CodeMissing},
			"a blank product":   {func(r *Request, _ *purse.Seller) { r.Product = " \n" }, purse.CodeMissing},
			"a long product":    {func(r *Request, _ *purse.Seller) { r.Product = strings.Repeat("x", 501) }, purse.CodeInvalid},
			"a control":         {func(r *Request, _ *purse.Seller) { r.Product = "Tea\x00" }, purse.CodeInvalid},
			"no key":            {func(_ *Request, s *purse.Seller) { s.Key = "nothing" }, purse.CodeBadKey},
			"a bad password":    {func(_ *Request, s *purse.Seller) { s.Hash = "x" }, purse.CodeBadKey},
			"another merchant":  {func(_ *Request, s *purse.Seller) { s.Merchant++ }, purse.CodeBadKey},
			"nothing":           {func(r *Request, _ *purse.Seller) { r.Minor = 0 }, purse.CodeAmount},
			"less than nothing": {func(r *Request, _ *purse.Seller) { r.Minor = -1 }, purse.CodeAmount},
			"the least number":  {func(r *Request, _ *purse.Seller) { r.Minor = math.MinInt64 }, purse.CodeAmount},
			"too much":          {func(r *Request, s *purse.Seller) { r.Minor, *s = math.MaxInt64, onTop }, purse.CodeAmount},
			"a script":          {func(r *Request, _ *purse.Seller) { r.Redirect = "javascript:alert(1)" }, purse.CodeRedirect},
			"a relative way":    {func(r *Request, _ *purse.Seller) { r.Redirect = "//elsewhere.example" }, purse.CodeRedirect},
			"a user":            {func(r *Request, _ *purse.Seller) { r.Redirect = "https://shop.example@elsewhere.example/" }, purse.CodeRedirect},
		} {
			req, seller := good, n.seller
			c.change(&req, &seller)
			if o, err := n.create(t.Context(), seller, req); code(err) != c.want || o.Number != 0 {
				t.Errorf("%s: %+v, %v, want %s", name, o, err, c.want)
			}
		}
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Origins = "https://shop.example" })
		for uri, want := range map[string]purse.Code{
			"https://shop.example/thanks": "ok", "https://elsewhere.example/": purse.CodeRedirect, "http://shop.example/": purse.CodeRedirect,
		} {
			req := good
			req.Redirect = uri
			if _, err := n.create(t.Context(), n.seller, req); code(err) != want {
				t.Errorf("%s: %v, want %s", uri, err, want)
			}
		}
		if o := n.order(t, 1); o.Number != 2 {
			t.Errorf("refusals have used numbers up: %d", o.Number)
		}
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Accepts = false })
		if _, err := n.create(t.Context(), n.seller, good); code(err) != purse.CodeNotAccepted {
			t.Errorf("it takes no payments: %v", err)
		}
	})
}

func TestOrdersThatCannotBePaid(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ctx := t.Context()
		ada, poor := n.newPerson(t, "ada", 5000_00), n.newPerson(t, "poor", 9_99)
		n.stay(t, ada, poor)
		o := n.order(t, 10_00)
		check := func(name string, actor purse.Actor, link string, want purse.Code) {
			t.Helper()
			before := n.balance(t, purse.WalletOf(actor.User))
			if _, err := n.Pay(ctx, actor, link); code(err) != want {
				t.Errorf("%s: %v, want %s", name, err, want)
			}
			if after := n.balance(t, purse.WalletOf(actor.User)); after != before {
				t.Errorf("%s: %d are gone", name, before-after)
			}
			if q, err := n.Question(ctx, o.Link); err != nil || q.Order != o {
				t.Errorf("%s has changed the order to %+v, %v", name, q.Order, err)
			}
		}
		app := ada
		app.Session, app.Token = "", "token"
		check("an app", app, o.Link, purse.CodeScope)
		check("no such link", ada, "x", purse.CodeNotFound)
		stranger := ada
		stranger.Session = "nobody's"
		check("no session", stranger, o.Link, purse.CodeSignedOut)
		stranger = ada
		stranger.User = poor.User
		check("somebody else's session", stranger, o.Link, purse.CodeSignedOut)
		check("too little", poor, o.Link, purse.CodeFunds)
		check("too much at once", ada, n.order(t, purse.DefaultLimits.PaymentMinor+1).Link, purse.CodeLimit)
		n.do(t, purse.Needs{}, func(f *purse.Facts) error {
			f.SetLimits(purse.Limits{PaymentMinor: f.Book.Limits.PaymentMinor, WeekMinor: 9_99})
			return nil
		})
		check("too much in a week", ada, o.Link, purse.CodeLimit)
		n.do(t, purse.Needs{}, func(f *purse.Facts) error { f.SetLimits(purse.DefaultLimits); return nil })
		gone := n.newPerson(t, "gone", 0)
		n.do(t, accountsOf(gone), func(f *purse.Facts) error { return f.CloseAccount(purse.WalletOf(gone.User)) })
		check("a closed wallet", gone, o.Link, purse.CodeFrozen)
		n.do(t, accountsOf(ada), func(f *purse.Facts) error { return f.Freeze(purse.WalletOf(ada.User), true) })
		check("a frozen wallet", ada, o.Link, purse.CodeFrozen)
		n.do(t, accountsOf(ada), func(f *purse.Facts) error { return f.Freeze(purse.WalletOf(ada.User), false) })
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Accepts = false })
		check("a merchant that takes none", ada, o.Link, purse.CodeNotAccepted)
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Accepts = true })

		no := n.order(t, 1_00)
		if _, err := n.Refuse(ctx, no.Link); err != nil {
			t.Fatal(err)
		}
		check("a refused order", ada, no.Link, purse.CodeFinal)
		if _, err := n.Refuse(ctx, no.Link); code(err) != purse.CodeFinal {
			t.Errorf("refused twice: %v", err)
		}
		if _, err := n.Refuse(ctx, "x"); code(err) != purse.CodeNotFound {
			t.Errorf("no such link: %v", err)
		}
		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Orders.Life = time.Minute })
		late := n.order(t, 1_00)
		if err := n.advance(ctx, time.Minute); err != nil {
			t.Fatal(err)
		}
		check("an order that nobody has swept", ada, late.Link, purse.CodeFinal)
		if q, err := n.Question(ctx, late.Link); err != nil || q.Order.Status != purse.OrderExpired || q.Order.Changed < late.Deadline {
			t.Errorf("it is %+v, %v", q.Order, err)
		}
		if _, err := n.Refuse(ctx, late.Link); code(err) != purse.CodeFinal {
			t.Errorf("it is refused: %v", err)
		}
		if _, err := n.Pay(ctx, ada, o.Link); err != nil {
			t.Errorf("after all that: %v", err)
		}
	})
}

func accountsOf(a purse.Actor) purse.Needs { return purse.Needs{Accounts: accounts(0, a.User)[2:]} }

// Of what is a merchant's, those who do not work there are told that it is not there.
func TestNobodyElseSeesADesk(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ctx := t.Context()
		mia, eve := n.newPerson(t, "mia", 0), n.newPerson(t, "eve", 0)
		other, _ := n.newShop(t, purse.Fee{}, false)
		n.hire(t, mia, n.shop.ID)
		n.hire(t, eve, other.ID)
		o, err := n.Charge(ctx, mia, n.shop.ID, 1_00, "Tea")
		if err != nil {
			t.Fatal(err)
		}
		link, err := n.CreateLink(ctx, mia, n.shop.ID, LinkRequest{Minor: 1, Product: "Tea"})
		if err != nil {
			t.Fatal(err)
		}
		app, gone, borrowed := mia, mia, mia
		app.Session = ""
		gone.Session = "nobody's"
		borrowed.Session = eve.Session
		for verb, do := range n.asMember(ctx, n.shop.ID, o.OrderKey, link.PaymentLinkKey) {
			for who, c := range map[string]struct {
				actor purse.Actor
				want  purse.Code
			}{
				"an app": {app, purse.CodeScope}, "nobody": {gone, purse.CodeSignedOut},
				"another's session": {borrowed, purse.CodeSignedOut}, "another merchant's": {eve, purse.CodeNotFound},
			} {
				if err := do(c.actor); code(err) != c.want {
					t.Errorf("%s: %s: %v, want %s", verb, who, err, c.want)
				}
			}
		}
		wrong := o.OrderKey
		wrong.Merchant = other.ID
		if _, err := n.AtTill(ctx, eve, wrong); code(err) != purse.CodeNotFound {
			t.Errorf("another merchant's order: %v", err)
		}
		if _, err := n.CallOff(ctx, eve, wrong); code(err) != purse.CodeNotFound {
			t.Errorf("another merchant's order is called off: %v", err)
		}
		if desks, err := n.Desks(ctx, n.newPerson(t, "zoe", 0)); err != nil || len(desks) != 0 {
			t.Errorf("who works nowhere sees %+v, %v", desks, err)
		}
		// Not even one that is overdue, which whoever looks ends.
		if err := n.advance(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		n.stay(t, eve)
		if got, err := n.CallOff(ctx, eve, o.OrderKey); code(err) != purse.CodeNotFound || got != (purse.Order{}) {
			t.Errorf("an overdue order is shown: %+v, %v", got, err)
		}
	})
}

// asMember is all that somebody who works for a merchant may do.
func (n *network) asMember(ctx context.Context, m purse.MerchantID, o purse.OrderKey, l purse.PaymentLinkKey) map[string]func(purse.Actor) error {
	return map[string]func(purse.Actor) error{
		"Charge": func(a purse.Actor) error { _, err := n.Charge(ctx, a, m, 1_00, ""); return err },
		"CreateLink": func(a purse.Actor) error {
			_, err := n.CreateLink(ctx, a, m, LinkRequest{Product: "Tea"})
			return err
		},
		"CloseLink": func(a purse.Actor) error { return n.CloseLink(ctx, a, l) },
		"CallOff":   func(a purse.Actor) error { _, err := n.CallOff(ctx, a, o); return err },
		"AtTill":    func(a purse.Actor) error { _, err := n.AtTill(ctx, a, o); return err },
		"Links":     func(a purse.Actor) error { _, err := n.Links(ctx, a, m); return err },
		"Desk":      func(a purse.Actor) error { _, err := n.Desk(ctx, a, m); return err },
		"DeskOrders": func(a purse.Actor) error {
			_, err := n.DeskOrders(ctx, a, purse.OrderQuery{Merchant: m, Limit: 1})
			return err
		},
		"Receipt": func(a purse.Actor) error { _, err := n.Receipt(ctx, a, o.Number); return err },
	}
}

func TestLinksThatCannotBeMade(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ctx := t.Context()
		mia := n.newPerson(t, "mia", 0)
		n.hire(t, mia, n.shop.ID)
		for _, c := range []struct {
			req  LinkRequest
			want purse.Code
		}{
			{LinkRequest{Minor: -1, Product: "Tea"}, purse.CodeAmount}, {LinkRequest{Minor: 1}, purse.CodeMissing},
			{LinkRequest{Product: "Tea\x1b"}, purse.CodeInvalid}, {LinkRequest{Product: strings.Repeat("x", 501)}, purse.CodeInvalid},
		} {
			if _, err := n.CreateLink(ctx, mia, n.shop.ID, c.req); code(err) != c.want {
				t.Errorf("%+v: %v, want %s", c.req, err, c.want)
			}
		}
		var last purse.PaymentLink
		for i := range purse.PaymentLinksMax {
			var err error
			if last, err = n.CreateLink(ctx, mia, n.shop.ID, LinkRequest{Minor: 1, Product: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := n.CreateLink(ctx, mia, n.shop.ID, LinkRequest{Minor: 1, Product: "Tea"}); code(err) != purse.CodeLimit {
			t.Errorf("one more: %v", err)
		}
		if err := n.CloseLink(ctx, mia, last.PaymentLinkKey); err != nil {
			t.Fatal(err)
		}
		if _, err := n.CreateLink(ctx, mia, n.shop.ID, LinkRequest{Minor: 1, Product: "Tea"}); err != nil {
			t.Errorf("instead of one that was closed: %v", err)
		}
		k := last.PaymentLinkKey
		k.ID++
		if err := n.CloseLink(ctx, mia, k); code(err) != purse.CodeNotFound {
			t.Errorf("no such link: %v", err)
		}
	})
}

// What the directory has taken back is refused in the very next batch, on every server.
func TestWhoMayNoLongerIsRefusedAtOnce(t *testing.T) {
	for name, take := range map[string]struct {
		back func(*network, *testing.T, purse.Actor)
		want purse.Code
	}{
		"a member": {func(n *network, t *testing.T, mia purse.Actor) {
			k := purse.MemberKey{Merchant: n.shop.ID, Person: mia.User}
			n.direct(t, purse.Needs{Members: []purse.MemberKey{k}}, func(f *purse.Facts) error {
				f.Remove(purse.Member{MemberKey: k})
				return nil
			})
		}, purse.CodeNotFound},
		"a session": {func(n *network, t *testing.T, mia purse.Actor) {
			n.direct(t, purse.Needs{Sessions: []purse.SessionHash{mia.Session}}, func(f *purse.Facts) error {
				s, err := f.Session(mia.Session)
				s.Ended = f.Now
				f.Put(s)
				return err
			})
		}, purse.CodeSignedOut},
		"a merchant": {func(n *network, t *testing.T, _ purse.Actor) {
			n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Closed = m.Created + 1 })
		}, purse.CodeMerchant},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, n *network) {
				ctx := t.Context()
				mia := n.newPerson(t, "mia", 10_00)
				n.hire(t, mia, n.shop.ID)
				var orders [2]purse.Order
				var links [2]purse.PaymentLink
				for i := range 2 { // so that each server knows everybody
					var err, err2 error
					orders[i], err = n.server(i).Charge(ctx, mia, n.shop.ID, 1_00, "")
					links[i], err2 = n.server(i).CreateLink(ctx, mia, n.shop.ID, LinkRequest{Minor: 1_00, Product: "Tea"})
					if err != nil || err2 != nil {
						t.Fatal(err, err2)
					}
				}
				take.back(n, t, mia)
				for i := range 2 {
					s := network{Service: n.server(i)}
					for verb, do := range s.asMember(ctx, n.shop.ID, orders[i].OrderKey, links[i].PaymentLinkKey) {
						want := take.want
						if reads := verb == "AtTill" || verb == "Links" || verb == "Desk" || verb == "DeskOrders"; want == purse.CodeMerchant && reads {
							want = "ok"
						}
						if verb == "Receipt" && want != purse.CodeSignedOut {
							want = purse.CodeNotFound // it was not paid
						}
						if err := do(mia); code(err) != want {
							t.Errorf("server %d: %s: %v, want %s", i, verb, err, want)
						}
					}
					_, err := s.Take(ctx, links[i].Link, 0)
					_, err2 := s.Pay(ctx, mia, orders[i].Link)
					want, want2 := purse.Code("ok"), purse.Code("ok")
					switch take.want {
					case purse.CodeMerchant:
						want, want2 = purse.CodeMerchant, purse.CodeMerchant
					case purse.CodeSignedOut:
						want2 = purse.CodeSignedOut
					}
					if code(err) != want || code(err2) != want2 {
						t.Errorf("server %d: Take: %v, Pay: %v", i, err, err2)
					}
				}
			})
		})
	}
}
