package wallet

import (
	"context"

	"purse"
	"purse/ledger"
	"purse/policy"
)

// EntryRequest asks for money to enter or leave a wallet.
type EntryRequest struct {
	Wallet purse.UserID
	Minor  int64 // minor units, positive
	Reason string

	Once   purse.Once
	Encode func(purse.Entry) purse.Answer
}

// Issue lets money enter the network. Only the system and operators call it.
//
// Refused with CodeKeyReused, CodeInvalid, CodeTarget or CodeAmount.
func (s *Service) Issue(ctx context.Context, book purse.BookID, by purse.Operator, req EntryRequest) (purse.Answer, error) {
	return s.enter(ctx, book, by, purse.Issue, req)
}

// Redeem lets money leave the network. Only the system and operators call it.
//
// Refused as Issue, and with CodeFrozen and CodeFunds.
func (s *Service) Redeem(ctx context.Context, book purse.BookID, by purse.Operator, req EntryRequest) (purse.Answer, error) {
	return s.enter(ctx, book, by, purse.Redeem, req)
}

func (s *Service) enter(ctx context.Context, book purse.BookID, by purse.Operator, kind purse.EntryKind, req EntryRequest) (purse.Answer, error) {
	if err := purse.CheckReason(req.Reason); err != nil {
		return purse.Answer{}, err
	}
	from, to, news := purse.TreasuryAccount, purse.WalletOf(req.Wallet), purse.TreasuryIssued
	if kind == purse.Redeem {
		from, to, news = to, from, purse.TreasuryRedeemed
	}
	needs := purse.Needs{
		Users: []purse.UserID{req.Wallet}, Accounts: []ledger.AccountID{from, to}, Once: onceNeeds(req.Once),
	}
	var answer purse.Answer
	err := s.Store.Execute(ctx, purse.Command{
		Book: book, Needs: needs,
		Decide: func(f *purse.Facts) (err error) {
			var repeated bool
			if answer, repeated, err = f.Repeated(req.Once); repeated || err != nil {
				return err
			}
			if err := walletExists(f, req.Wallet); err != nil {
				return err
			}
			if err := policy.Open(f, req.Wallet); err != nil {
				return err
			}
			if kind == purse.Redeem {
				if err := policy.NotFrozen(f, req.Wallet); err != nil {
					return err
				}
			}
			e := purse.Entry{
				ID: purse.EntryID(f.NextID()), Kind: kind, Wallet: req.Wallet,
				Minor: req.Minor, Operator: by, Reason: req.Reason,
			}
			if e.Transfer, err = f.Move(from, to, e.Minor, e.Cause()); err != nil {
				return err
			}
			f.Put(e)
			f.Emit(news, e)
			answer = f.Answer(req.Once, req.Encode(e))
			return nil
		},
	})
	return answer, err
}

// walletExists refuses a number that is not a person's.
func walletExists(f *purse.Facts, id purse.UserID) error {
	_, err := f.User(id)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return purse.Refuse(purse.CodeTarget, "There is nobody with this user id.")
	}
	return err
}
