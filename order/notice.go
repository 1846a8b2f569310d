package order

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"purse"
	"purse/money"
	"purse/notice"
)

// receiptsCursor is how far the news were read for Notify.
const receiptsCursor = "order.receipts"

// Notify mails receipts of the orders that were paid since it was called for the first
// time in the life of the book: to the payer, who gets none without a verified e-mail
// address, and to the merchant, if it has said where to. Any number of servers may do so
// at once; see package notice.
func (s *Service) Notify(ctx context.Context, book purse.BookID) error {
	t := notice.Teller{
		Store: s.Store, Courier: s.Courier, Cursor: receiptsCursor,
		Kinds: []purse.EventKind{purse.OrderWasPaid}, Write: s.mails,
	}
	return t.Tell(ctx, book, &s.receipts)
}

// sale is what the snapshot of an order says; see its eventSubject.
type sale struct {
	ID       purse.OrderNumber `json:"id,string"`
	Merchant purse.MerchantID  `json:"merchant,string"`
	Payer    purse.UserID      `json:"payer,string"`
}

// mails makes the receipts of orders that were paid.
func (s *Service) mails(ctx context.Context, book purse.BookID, news []purse.Event) ([]purse.Message, error) {
	sales := make([]sale, len(news))
	people, merchants := make([]purse.UserID, len(news)), make([]purse.MerchantID, len(news))
	for i, e := range news {
		if err := json.Unmarshal([]byte(e.Snapshot), &sales[i]); err != nil {
			return nil, fmt.Errorf("order: the snapshot of event %d: %w", e.ID, err)
		}
		people[i], merchants[i] = sales[i].Payer, sales[i].Merchant
	}
	home, err := s.Store.Book(ctx, book)
	if err != nil {
		return nil, err
	}
	payers, err := s.Store.Users(ctx, people...)
	if err != nil {
		return nil, err
	}
	contacts, err := s.Store.Contacts(ctx, people...)
	if err != nil {
		return nil, err
	}
	shops, err := s.Store.Merchants(ctx, merchants...)
	if err != nil {
		return nil, err
	}
	var all []purse.Message
	for _, v := range sales {
		m := shops[v.Merchant]
		payer := purse.Verified(contacts[v.Payer], purse.Email)
		merchant, err := purse.ParseEmail(m.Email)
		if payer == (purse.Address{}) && err != nil {
			continue // nobody to tell
		}
		o, err2 := s.Store.Order(ctx, book, purse.OrderKey{Merchant: v.Merchant, Number: v.ID})
		if err2 != nil {
			return nil, err2
		}
		w := words{Order: o, currency: home.Currency, merchant: notice.OneLine(m.Name), payer: payers[v.Payer]}
		if payer != (purse.Address{}) {
			all = append(all, s.receiptOf(payer, w.paid(), w))
		}
		if err == nil {
			all = append(all, s.receiptOf(merchant, w.sold(), w))
		}
	}
	return all, nil
}

// words is what a receipt says.
type words struct {
	purse.Order
	currency money.Currency
	merchant string
	payer    purse.User
}

// letter is the beginning of a mail: its subject, and lines about it.
type letter struct {
	subject string
	lines   []string
}

func (w words) amount(minor int64) string {
	return money.Amount{Minor: minor, Currency: w.currency}.String()
}

// paid is what the payer reads.
func (w words) paid() letter {
	l := letter{subject: "You paid " + w.merchant + " " + w.amount(w.Total())}
	l.lines = append(l.lines, "You paid "+w.merchant+".", "", "For: "+notice.OneLine(w.Product), "Amount: "+w.amount(w.Minor))
	if w.OnTop {
		l.lines = append(l.lines, "Fee: "+w.amount(w.Fee), "Total: "+w.amount(w.Total()))
	}
	return l
}

// sold is what the merchant reads.
func (w words) sold() letter {
	who := notice.OneLine(w.payer.DisplayName())
	if w.payer.Closed == 0 {
		who = strings.TrimSpace(who + " (@" + w.payer.Username + ")")
	}
	l := letter{subject: fmt.Sprintf("Order %d was paid: %s", w.Number, w.amount(w.Minor))}
	l.lines = append(l.lines, who+" paid "+w.merchant+".", "", "For: "+notice.OneLine(w.Product), "Amount: "+w.amount(w.Minor))
	switch {
	case w.OnTop:
		l.lines = append(l.lines, "Fee, paid by the payer: "+w.amount(w.Fee))
	case w.Fee > 0:
		l.lines = append(l.lines, "Fee: "+w.amount(w.Fee), "Added to the balance: "+w.amount(w.Minor-w.Fee))
	}
	return l
}

// receiptsPage is where the pages of receipts are.
const receiptsPage = "/receipts/"

// receiptOf is the whole mail.
func (s *Service) receiptOf(to purse.Address, l letter, w words) purse.Message {
	network := s.Network
	if network == "" {
		network = "purse"
	}
	lines := append(l.lines,
		"Order: "+w.Number.String(),
		"Date: "+w.Changed.UTC().Format("2 January 2006, 15:04 UTC"),
		"", "The receipt is at", s.PublicURL+receiptsPage+w.Number.String(), "", network, "")
	return purse.Message{To: to, Subject: l.subject, Text: strings.Join(lines, "\n")}
}
