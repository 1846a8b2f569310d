package order

import (
	"strings"
	"sync"
	"testing"

	"purse"
	"purse/notice"
)

// letters is a purse.Courier that keeps what is sent, for several servers.
type letters struct {
	mu   sync.Mutex
	sent []purse.Message
}

func (l *letters) Send(m purse.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, m)
}

// mail lets both servers send, several times at once, and gives what was sent by
// whom it went to.
func (n *network) mail(t *testing.T, box *letters) map[string][]purse.Message {
	t.Helper()
	var group sync.WaitGroup
	for range 3 {
		for _, s := range []*Service{n.Service, n.second} {
			group.Go(func() {
				if err := s.Notify(t.Context(), purse.MainBook); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	all := map[string][]purse.Message{}
	for _, m := range box.sent {
		all[m.To.Text] = append(all[m.To.Text], m)
	}
	box.sent = nil
	return all
}

func TestReceiptsAreMailedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box := &letters{}
		for _, s := range []*Service{n.Service, n.second} {
			s.Courier, s.Network, s.PublicURL = box, "Town", "https://town.example"
		}
		ada, ben := n.newPerson(t, "ada", 50_00), n.newPerson(t, "ben", 50_00)
		n.verified(t, ada, "ada@example.org")
		n.pay(t, ada, n.order(t, 1_00))
		if got := n.mail(t, box); len(got) != 0 {
			t.Errorf("what was before is told: %v", got)
		}

		// No mail for who has shown no address; the merchant has none either.
		n.pay(t, ben, n.order(t, 1_00))
		n.pay(t, ada, n.order(t, 10_00))
		n.order(t, 5_00)
		got := n.mail(t, box)
		if len(got) != 1 || len(got["ada@example.org"]) != 1 {
			t.Fatalf("mailed %d", len(got))
		}
		m := got["ada@example.org"][0]
		want := "You paid Shop.\n\nFor: Tea\nAmount: 10.00 USD\nOrder: 3\nDate: "
		if m.Subject != "You paid Shop 10.00 USD" || !strings.HasPrefix(m.Text, want) ||
			!strings.HasSuffix(m.Text, " UTC\n\nThe receipt is at\nhttps://town.example/receipts/3\n\nTown\n") {
			t.Errorf("%q\n%s", m.Subject, m.Text)
		}

		n.set(t, n.shop.ID, func(m *purse.Merchant) { m.Email = "shop@example.org" })
		n.pay(t, ben, n.order(t, 10_00))
		got = n.mail(t, box)
		if len(got) != 1 || len(got["shop@example.org"]) != 1 {
			t.Fatalf("mailed %d", len(got))
		}
		m = got["shop@example.org"][0]
		want = "(@ben) paid Shop.\n\nFor: Tea\nAmount: 10.00 USD\nFee: 0.40 USD\nAdded to the balance: 9.60 USD\nOrder: 5\n"
		if m.Subject != "Order 5 was paid: 10.00 USD" || !strings.Contains(m.Text, want) {
			t.Errorf("%q\n%s", m.Subject, m.Text)
		}
		if got := n.mail(t, box); len(got) != 0 {
			t.Errorf("told twice: %v", got)
		}
	})
}

func TestReceiptsTellWhoBearsTheFee(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box := &letters{}
		n.Courier, n.second.Courier = box, box
		n.mail(t, box)
		ada := n.newPerson(t, "ada", 50_00)
		n.verified(t, ada, "ada@example.org")
		_, seller := n.newShop(t, purse.Fee{Fixed: 25}, true)
		n.set(t, seller.Merchant, func(m *purse.Merchant) { m.Email = "shop@example.org" })
		o, err := n.create(t.Context(), seller, Request{Minor: 10_00, Customer: "ada@example.org", Product: "Tea"})
		if err != nil {
			t.Fatal(err)
		}
		n.pay(t, ada, o)
		got := n.mail(t, box)
		for to, want := range map[string]string{
			"ada@example.org":  "Amount: 10.00 USD\nFee: 0.25 USD\nTotal: 10.25 USD\nOrder: ",
			"shop@example.org": "Amount: 10.00 USD\nFee, paid by the payer: 0.25 USD\nOrder: ",
		} {
			if len(got[to]) != 1 || !strings.Contains(got[to][0].Text, want) {
				t.Errorf("%s gets %d", to, len(got[to]))
			}
		}
		if m := got["ada@example.org"]; len(m) == 1 && m[0].Subject != "You paid Shop 10.25 USD" {
			t.Errorf("%q", m[0].Subject)
		}
	})
}

func TestNamesEndNoHeader(t *testing.T) {
	const hostile = "X\r\nBcc: all@example.org\n\n\u202eevil\u2028line\u0085next\x00\x1b[31m"
	w := words{currency: "USD", payer: purse.User{Username: "ada", FirstName: hostile, LastName: hostile}}
	w.Product = hostile
	w.merchant = notice.OneLine(hostile)
	s := &Service{}
	for _, l := range []letter{w.paid(), w.sold()} {
		m := s.receiptOf(purse.Address{}, l, w)
		if strings.ContainsAny(m.Subject, "\r\n\x00\x1b\u0085\u2028\u202e") {
			t.Errorf("subject %q", m.Subject)
		}
		for line := range strings.Lines(m.Text) {
			if strings.HasPrefix(line, "Bcc:") || strings.ContainsAny(line, "\r\x00\x1b\u0085\u2028\u202e") {
				t.Errorf("line %q", line)
			}
		}
	}
}

// verified gives somebody an address that was verified.
func (n *network) verified(t *testing.T, actor purse.Actor, email string) {
	t.Helper()
	n.direct(t, purse.Needs{}, func(f *purse.Facts) error {
		a := purse.Address{Kind: purse.Email, Text: email}
		f.Put(purse.Contact{ContactKey: purse.ContactKey{Person: actor.User, Address: a}, Added: f.Now, Verified: f.Now})
		f.Put(purse.AddressOwner{Address: a, Owner: actor.User, Since: f.Now, Claimed: f.Now})
		return nil
	})
}

func (n *network) pay(t *testing.T, actor purse.Actor, o purse.Order) {
	t.Helper()
	if paid, err := n.Pay(t.Context(), actor, o.Link); err != nil || paid.Payer != actor.User {
		t.Fatalf("%+v, %v", paid, err)
	}
}
