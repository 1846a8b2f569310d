package wallet

import (
	"context"

	"purse"
	"purse/ledger"
)

// ActivityLine is one posting of a person's wallet, as the person may know it.
type ActivityLine struct {
	Number int64 // of the posting: 1, 2, 3 … within the wallet
	At     purse.Time
	Kind   ledger.Kind
	Minor  int64 // minor units; below 0 if they leave the wallet or are set aside in it
	What   ActivityKind

	Payment  purse.Payment  // of a payment between people, its fee, and what it has in escrow
	Other    purse.User     // the one on its other side; none if that is nobody's address
	Merchant purse.Merchant // of what merchants have to do with; its name is empty if there is none any more
	Order    purse.Order    // of what was paid for one, and the fee beside it

	Spendable, Held int64 // minor units, after this posting: to spend, and set aside for somebody
}

// ActivityKind says what a line of an activity is about.
type ActivityKind string

// The kinds of activity. Which way the money goes, and whether it moves or is only
// set aside, say Minor and Kind.
const (
	ActivityPayment  ActivityKind = "payment"   // between people
	ActivityFee      ActivityKind = "fee"       // the network's, for a payment
	ActivityEscrow   ActivityKind = "escrow"    // the payer's: on its way to an address, or back from it
	ActivityTreasury ActivityKind = "treasury"  // money enters or leaves the network
	ActivityPurchase ActivityKind = "purchase"  // paid to a merchant
	ActivityRefund   ActivityKind = "refund"    // a merchant gives back
	ActivityCredit   ActivityKind = "credit"    // a merchant pays out
	ActivityOrder    ActivityKind = "order"     // paid for an order
	ActivityOrderFee ActivityKind = "order fee" // the network's, which the payer of an order bears
)

// Activity tells the actor what has moved in their wallet, newest first: at most
// limit lines, from the one before a number on (0: from the newest), and whether
// there are more behind the last of them. Nobody else is ever told. The actor must
// have been authenticated by a fresh read.
//
// Refused with CodeScope.
func (s *Service) Activity(ctx context.Context, actor purse.Actor, before int64, limit int) (page []ActivityLine, more bool, err error) {
	if err := mayRead(actor); err != nil {
		return nil, false, err
	}
	// One more tells whether there is another page.
	postings, err := s.Store.Postings(ctx, actor.Book, purse.WalletOf(actor.User), before, limit+1)
	if err != nil {
		return nil, false, err
	}
	if more = len(postings) > limit; more {
		postings = postings[:limit]
	}
	page = make([]ActivityLine, len(postings))
	for i, p := range postings {
		page[i] = lineOf(p)
	}
	if err := s.addPayments(ctx, actor, postings, page); err != nil {
		return nil, false, err
	}
	if err := s.addOrders(ctx, actor, postings, page); err != nil {
		return nil, false, err
	}
	return page, more, s.addMerchants(ctx, postings, page)
}

// lineOf is what a posting says by itself.
func lineOf(p ledger.Posting) ActivityLine {
	line := ActivityLine{
		Number: p.Number, At: purse.Created(int64(p.Transfer)), Kind: p.Kind, Minor: p.Minor,
		Spendable: p.CreditsPosted - p.DebitsPosted - p.DebitsHeld, Held: p.DebitsHeld,
	}
	if p.Debit != (p.Kind == ledger.Release) {
		line.Minor = -p.Minor
	}
	switch p.Cause.Kind {
	case ledger.CauseTreasury:
		line.What = ActivityTreasury
	case ledger.CausePayment:
		line.What = ActivityPayment
		if p.Other == purse.FeesAccount {
			line.What = ActivityFee
		}
	case ledger.CauseOrder:
		line.What = ActivityOrder
		if p.Other == purse.FeesAccount {
			line.What = ActivityOrderFee
		}
	case ledger.CauseHandle, ledger.CauseOperation:
		switch {
		case p.Debit:
			line.What = ActivityPurchase
		case p.Kind == ledger.Move:
			line.What = ActivityRefund
		default: // only what is paid out is held in a wallet's favour first
			line.What = ActivityCredit
		}
	}
	return line
}

// addPayments fills in the payments between people, and who is on their other side.
func (s *Service) addPayments(ctx context.Context, actor purse.Actor, postings []ledger.Posting, page []ActivityLine) error {
	payments := map[int64]purse.Payment{}
	var others []purse.UserID
	for _, p := range postings {
		if _, there := payments[p.Cause.ID]; there || p.Cause.Kind != ledger.CausePayment {
			continue
		}
		payment, err := s.Store.Payment(ctx, actor.Book, purse.PaymentID(p.Cause.ID))
		if err != nil {
			return err
		}
		payments[p.Cause.ID] = payment
		if other := otherOf(payment, actor.User); other != 0 {
			others = append(others, other)
		}
	}
	users, err := s.Store.Users(ctx, others...)
	if err != nil {
		return err
	}
	for i, p := range postings {
		if p.Cause.Kind != ledger.CausePayment {
			continue
		}
		payment := payments[p.Cause.ID]
		page[i].Payment, page[i].Other = payment, users[otherOf(payment, actor.User)]
		if p.Other == purse.EscrowAccount && payment.Actor == actor.User {
			page[i].What = ActivityEscrow
		}
	}
	return nil
}

// otherOf is who stands on the other side of a payment; 0: nobody's address.
func otherOf(p purse.Payment, person purse.UserID) purse.UserID {
	if p.Actor == person {
		return p.Target
	}
	return p.Actor
}

// addOrders fills in the orders that the actor has paid.
func (s *Service) addOrders(ctx context.Context, actor purse.Actor, postings []ledger.Posting, page []ActivityLine) error {
	orders := map[int64]purse.Order{}
	for i, p := range postings {
		if p.Cause.Kind != ledger.CauseOrder {
			continue
		}
		o, there := orders[p.Cause.ID]
		if !there {
			var err error
			if o, err = s.Store.OrderPaidBy(ctx, actor.Book, actor.User, purse.OrderNumber(p.Cause.ID)); err != nil {
				return err
			}
			orders[p.Cause.ID] = o
		}
		page[i].Order = o
	}
	return nil
}

// addMerchants fills in the merchants: the account on the other side is theirs, unless
// their order says who they are.
func (s *Service) addMerchants(ctx context.Context, postings []ledger.Posting, page []ActivityLine) error {
	of := func(i int) purse.MerchantID {
		switch page[i].What {
		case ActivityPurchase, ActivityRefund, ActivityCredit:
			return purse.MerchantID(postings[i].Other)
		}
		return page[i].Order.Merchant // 0: none
	}
	var ids []purse.MerchantID
	for i := range postings {
		if id := of(i); id != 0 {
			ids = append(ids, id)
		}
	}
	merchants, err := s.Store.Merchants(ctx, ids...)
	if err != nil {
		return err
	}
	for i := range postings {
		page[i].Merchant = merchants[of(i)]
	}
	return nil
}
