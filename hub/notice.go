package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"purse"
	"purse/money"
	"purse/notice"
)

// noticesCursor is how far the news were read for Notify.
const noticesCursor = "hub.notices"

// Notify tells people by mail what merchants have done with their wallets, and what
// they have agreed to: everything that has happened since it was called for the first
// time in the life of the book. Who has no verified e-mail address is told nothing. Any
// number of servers may do so at once; see package notice.
func (s *Service) Notify(ctx context.Context, book purse.BookID) error {
	t := notice.Teller{
		Store: s.Store, Courier: s.Courier, Cursor: noticesCursor,
		Kinds: slices.Collect(maps.Keys(noticeWords)), Write: s.notices,
	}
	return t.Tell(ctx, book, &s.noticed)
}

// subject is what the snapshots of operations and agreements have in common; see
// their eventSubject.
type subject struct {
	Merchant   purse.MerchantID `json:"merchant,string"`
	Payer      purse.UserID     `json:"payer,string"`
	Person     purse.UserID     `json:"person,string"`
	Minor      int64            `json:"minor"`
	Settleable int64            `json:"settleable"`
}

// notices makes the messages of news. All that they are about is read at once.
func (s *Service) notices(ctx context.Context, book purse.BookID, news []purse.Event) ([]purse.Message, error) {
	var told []purse.Event
	var about []subject
	var people []purse.UserID
	var merchants []purse.MerchantID
	for _, e := range news {
		var v subject
		if err := json.Unmarshal([]byte(e.Snapshot), &v); err != nil {
			return nil, fmt.Errorf("hub: the snapshot of event %d: %w", e.ID, err)
		}
		v.Person = cmp.Or(v.Person, v.Payer)
		told, about = append(told, e), append(about, v)
		people, merchants = append(people, v.Person), append(merchants, v.Merchant)
	}
	home, err := s.Store.Book(ctx, book)
	if err != nil {
		return nil, err
	}
	contacts, err := s.Store.Contacts(ctx, people...)
	if err != nil {
		return nil, err
	}
	names, err := s.Store.Merchants(ctx, merchants...)
	if err != nil {
		return nil, err
	}
	var all []purse.Message
	for i, v := range about {
		to := purse.Verified(contacts[v.Person], purse.Email)
		words, ok := noticeWords[told[i].Kind](v, notice.OneLine(names[v.Merchant].Name), money.Amount{Minor: v.Minor, Currency: home.Currency}.String())
		if ok && to != (purse.Address{}) {
			all = append(all, purse.Message{To: to, Subject: words.subject, Text: s.notice(words)})
		}
	}
	return all, nil
}

// words are what a notice says: in one line, more about it, and what to do if that was
// not you.
type words struct{ subject, text, otherwise string }

const (
	notYours = "If you do not know what this is for, ask the merchant, and look after your agreements with merchants at"
	notYou   = "If that was not you, somebody else is using your account: set a new password and end the other sessions at"
)

// noticeWords are the words for each kind of news that people are told, with the
// merchant's name and the amount; false if this piece of it is not told.
var noticeWords = map[purse.EventKind]func(v subject, merchant, amount string) (words, bool){
	// A sale that settles by itself is told as the settlement that it makes.
	purse.SaleCompleted: func(v subject, merchant, amount string) (words, bool) {
		return words{merchant + " has reserved " + amount,
			merchant + " has reserved " + amount + " in your wallet and may take it later. What it does not take in time is yours again.", notYours}, v.Settleable > 0
	},
	purse.SettlementCompleted: func(_ subject, merchant, amount string) (words, bool) {
		return words{"You paid " + merchant + " " + amount, "You paid " + merchant + " " + amount + " out of your wallet.", notYours}, true
	},
	purse.SaleCancelled: func(_ subject, merchant, amount string) (words, bool) {
		return words{merchant + " has cancelled a payment of " + amount,
			merchant + " has cancelled a payment: the " + amount + " that it had reserved is yours again.", ""}, true
	},
	purse.VoidCompleted: func(_ subject, merchant, amount string) (words, bool) {
		return words{merchant + " will not take " + amount,
			merchant + " will not take " + amount + " of what it had reserved: it is yours again.", ""}, true
	},
	purse.RefundCompleted: func(_ subject, merchant, amount string) (words, bool) {
		return words{merchant + " has refunded " + amount, merchant + " has refunded " + amount + ". It is in your wallet.", ""}, true
	},
	purse.CreditCompleted: func(_ subject, merchant, amount string) (words, bool) {
		return words{merchant + " has sent you " + amount, merchant + " has sent you " + amount + ". It is in your wallet.", ""}, true
	},
	purse.MandateGiven: func(_ subject, merchant, _ string) (words, bool) {
		return words{"You let " + merchant + " take payments",
			"You let " + merchant + " take payments out of your wallet without asking each time. You can limit that, or take it back, at any time.", notYou}, true
	},
	purse.MandateRevoked: func(_ subject, merchant, _ string) (words, bool) {
		return words{merchant + " must ask you again",
			"You no longer let " + merchant + " take payments out of your wallet without asking. What it had reserved before, it may still take.", notYou}, true
	},
}

// Where the pages are that notices send people to.
const (
	merchantsPage = "/settings/merchants"
	securityPage  = "/settings/security"
)

// notice is the whole text of a mail.
func (s *Service) notice(w words) string {
	text := w.text + "\n\n"
	switch w.otherwise {
	case notYours:
		text += notYours + "\n" + s.PublicURL + merchantsPage + "\n\n"
	case notYou:
		text += notYou + "\n" + s.PublicURL + securityPage + "\n\n"
	}
	return text + cmp.Or(s.Network, "purse") + "\n"
}
