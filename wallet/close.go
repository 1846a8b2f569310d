package wallet

import (
	"context"

	"purse"
	"purse/ledger"
	"purse/money"
	"purse/policy"
)

// CloseWallet stops the actor's wallet for good: nothing goes out or in any more.
// It must be empty, and nothing may wait that the actor is party to. Closing it once
// more changes nothing. Only the actor's own session may do it; no app may.
//
// Refused with CodeSignedOut, CodeScope, CodeFrozen or CodeOpen, whose message says
// what is in the way.
//
// Agreements with merchants end with it, and merchants keep no address.
func (s *Service) CloseWallet(ctx context.Context, actor purse.Actor) error {
	if actor.Session == "" {
		return purse.Refuse(purse.CodeScope, "An app cannot close a wallet.")
	}
	id := purse.WalletOf(actor.User)
	needs := actor.Credential()
	needs.Accounts, needs.Waiting = []ledger.AccountID{id}, []purse.UserID{actor.User}
	agreed, err := s.Store.MandatesOf(ctx, actor.Book, actor.User, agreedMax)
	if err != nil {
		return err
	}
	for _, m := range agreed {
		needs.Mandates = append(needs.Mandates, m.MandateKey)
		needs.Consumers = append(needs.Consumers, purse.ConsumerKey{Merchant: m.Merchant, Person: m.Person})
	}
	return s.Store.Execute(ctx, purse.Command{
		Book: actor.Book, Principal: actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) error {
			if err := policy.Authorize(f, actor, purse.MakePayments); err != nil {
				return err
			}
			a, err := f.Account(id)
			if err != nil {
				return err
			}
			waiting, err := f.Waiting(actor.User)
			if err != nil {
				return err
			}
			if a.Closed {
				return nil
			}
			if err := closable(a, waiting, actor.User); err != nil {
				return err
			}
			if err := leaveMerchants(f, actor.User, needs); err != nil {
				return err
			}
			return f.CloseAccount(id)
		},
	})
}

// agreedMax is how many agreements are ended when a wallet is closed. Those beyond
// cannot be used either: nothing goes out of a closed wallet.
const agreedMax = 500

// leaveMerchants ends a person's agreements, and takes away the address that
// merchants were shown.
func leaveMerchants(f *purse.Facts, person purse.UserID, agreed purse.Needs) error {
	for _, k := range agreed.Mandates {
		m, err := f.Mandate(k)
		if err != nil {
			return err
		}
		if m.Person != person || m.Revoked != 0 {
			continue
		}
		m.Revoked = f.Now
		m.Version++
		f.Put(m)
		f.Emit(purse.MandateRevoked, m)
	}
	for _, k := range agreed.Consumers {
		c, err := f.Consumer(k)
		if purse.CodeOf(err) == purse.CodeNotFound {
			continue
		}
		if err != nil {
			return err
		}
		c.Email = ""
		f.Put(c)
	}
	return nil
}

// closable says what is in the way of closing a wallet.
func closable(a purse.Account, waiting []purse.Payment, owner purse.UserID) error {
	if a.Frozen {
		return purse.Refuse(purse.CodeFrozen, "This wallet is frozen. Only the network's operator can let it go on.")
	}
	if left := a.Spendable(); left != 0 {
		return purse.Refuse(purse.CodeOpen, "There are still %s in the wallet. Pay them out first.", money.Amount{Minor: left, Currency: a.Currency})
	}
	if a.DebitsHeld != 0 || a.CreditsHeld != 0 {
		return purse.Refuse(purse.CodeOpen, "Some money of the wallet is still set aside. Wait until that has ended.")
	}
	for _, p := range waiting {
		switch {
		case p.Actor != owner:
			return purse.Refuse(purse.CodeOpen, "Somebody has asked for a payment that waits for an answer. Pay or deny it first.")
		case p.Action == purse.Charge:
			return purse.Refuse(purse.CodeOpen, "A charge of yours waits for an answer. Cancel it first.")
		default:
			return purse.Refuse(purse.CodeOpen, "A payment of yours waits for whom it was sent to. Cancel it first.")
		}
	}
	return nil
}
