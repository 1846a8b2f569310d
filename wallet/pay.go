package wallet

import (
	"context"

	"purse"
	"purse/ledger"
	"purse/policy"
)

// PayRequest asks for one payment.
type PayRequest struct {
	To       purse.UserID
	Minor    int64 // minor units of the book's currency, positive
	Note     string
	Audience purse.Audience
	Medium   purse.Medium

	Once   purse.Once                 // the key and fingerprint of the request, if it has a key
	Encode func(Receipt) purse.Answer // the door's encoder; pure, as it runs inside the command
}

// Receipt is a payment with its two people, for whoever encodes it.
type Receipt struct {
	Payment       purse.Payment
	Actor, Target purse.User
	Balance       *int64 // what the actor may spend after it, in minor units; nil unless the token may know
}

// Pay moves money from the actor's wallet to another person's, at once.
//
// Refused with CodeBadToken, CodeTokenRevoked, CodeTokenExpired, CodeScope,
// CodeKeyReused, CodeSelf, CodeTarget, CodeFrozen, CodeLimit, CodeAmount or
// CodeFunds, in this order.
func (s *Service) Pay(ctx context.Context, actor purse.Actor, req PayRequest) (purse.Answer, error) {
	from, to := purse.WalletOf(actor.User), purse.WalletOf(req.To)
	needs := purse.Needs{
		Tokens:   []purse.TokenHash{actor.Token},
		Users:    []purse.UserID{actor.User, req.To},
		Accounts: []ledger.AccountID{from, to},
		Spent:    []ledger.AccountID{from},
	}
	if req.Once.Key != "" {
		needs.Once = []purse.OnceKey{{Principal: req.Once.Principal, Key: req.Once.Key}}
	}
	var answer purse.Answer
	err := s.Store.Execute(ctx, purse.Command{
		Book: actor.Book, Principal: actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) (err error) {
			if err := policy.Authorize(f, actor, purse.MakePayments); err != nil {
				return err
			}
			var repeated bool
			if answer, repeated, err = f.Repeated(req.Once); repeated || err != nil {
				return err
			}
			p := purse.Payment{
				ID: purse.PaymentID(f.NextID()), Actor: actor.User, Target: req.To,
				Minor: req.Minor, Note: req.Note, Audience: req.Audience, Medium: req.Medium, App: actor.App,
			}
			if err := policy.Pay(f, p); err != nil {
				return err
			}
			if p.Transfer, err = f.Move(from, to, p.Minor, p.Cause()); err != nil {
				return err
			}
			p.Status, p.Completed, p.Version = purse.PaymentSettled, p.Created(), 1
			f.Put(p)
			f.Emit(purse.PaymentCreated, p)
			receipt, err := receiptOf(f, actor, p)
			if err != nil {
				return err
			}
			answer = f.Answer(req.Once, req.Encode(receipt))
			return nil
		},
	})
	return answer, err
}

// receiptOf puts together what the answer to p shows. The balance is there only
// if the actor's token may know it.
func receiptOf(f *purse.Facts, actor purse.Actor, p purse.Payment) (Receipt, error) {
	r := Receipt{Payment: p}
	var err error
	if r.Actor, err = f.User(p.Actor); err != nil {
		return r, err
	}
	if r.Target, err = f.User(p.Target); err != nil {
		return r, err
	}
	t, err := f.Token(actor.Token)
	if err != nil || !t.Scopes.Has(purse.AccessBalance) {
		return r, err
	}
	a, err := f.Account(purse.WalletOf(actor.User))
	if err != nil {
		return r, err
	}
	spendable := a.Spendable()
	r.Balance = &spendable
	return r, nil
}
