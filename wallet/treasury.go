package wallet

import (
	"context"

	"purse"
	"purse/ledger"
	"purse/policy"
)

// EntryRequest asks for money to enter or leave a wallet, or a merchant's balance.
type EntryRequest struct {
	Wallet   purse.UserID
	Merchant purse.MerchantID // 0: it is about the wallet; else about this merchant's balance
	Minor    int64            // minor units, positive
	Reason   string

	Once   purse.Once
	Encode func(purse.Entry) purse.Answer
}

// Issue lets money enter the network. Only the system and operators call it.
//
// Refused with CodeKeyReused, CodeInvalid, CodeTarget, CodeAmount or, if the merchant
// is closed, CodeMerchant.
func (s *Service) Issue(ctx context.Context, book purse.BookID, by purse.Operator, req EntryRequest) (purse.Answer, error) {
	return s.enter(ctx, book, by, purse.Issue, req)
}

// Redeem lets money leave the network. Only the system and operators call it.
//
// Refused as Issue, and with CodeFrozen and CodeFunds. What a closed merchant has left
// may leave.
func (s *Service) Redeem(ctx context.Context, book purse.BookID, by purse.Operator, req EntryRequest) (purse.Answer, error) {
	return s.enter(ctx, book, by, purse.Redeem, req)
}

func (s *Service) enter(ctx context.Context, book purse.BookID, by purse.Operator, kind purse.EntryKind, req EntryRequest) (purse.Answer, error) {
	if err := purse.CheckReason(req.Reason); err != nil {
		return purse.Answer{}, err
	}
	owner, needs := req.Wallet, purse.Needs{Users: []purse.UserID{req.Wallet}, Once: onceNeeds(req.Once)}
	if req.Merchant != 0 {
		owner = purse.UserID(req.Merchant)
		needs.Users, needs.Merchants = nil, []purse.MerchantID{req.Merchant}
	}
	from, to, news := purse.TreasuryAccount, purse.WalletOf(owner), purse.TreasuryIssued
	if kind == purse.Redeem {
		from, to, news = to, from, purse.TreasuryRedeemed
	}
	needs.Accounts = []ledger.AccountID{from, to}
	var answer purse.Answer
	err := s.Store.Execute(ctx, purse.Command{
		Book: book, Needs: needs,
		Decide: func(f *purse.Facts) (err error) {
			var repeated bool
			if answer, repeated, err = f.Repeated(req.Once); repeated || err != nil {
				return err
			}
			if req.Merchant != 0 {
				err = merchantMay(f, book, kind, req.Merchant)
			} else {
				err = walletMay(f, kind, req.Wallet)
			}
			if err != nil {
				return err
			}
			e := purse.Entry{
				ID: purse.EntryID(f.NextID()), Kind: kind, Wallet: owner,
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

// walletMay refuses money that may not enter or leave a wallet.
func walletMay(f *purse.Facts, kind purse.EntryKind, id purse.UserID) error {
	if err := walletExists(f, id); err != nil {
		return err
	}
	if err := policy.Open(f, id); err != nil || kind == purse.Issue {
		return err
	}
	return policy.NotFrozen(f, id)
}

// merchantMay refuses money that may not enter or leave a merchant's balance. A closed
// merchant gets nothing.
func merchantMay(f *purse.Facts, book purse.BookID, kind purse.EntryKind, id purse.MerchantID) error {
	m, err := f.Merchant(id)
	if purse.CodeOf(err) == purse.CodeNotFound || err == nil && m.Book != book {
		return purse.Refuse(purse.CodeTarget, "There is no such merchant.")
	}
	if err == nil && kind == purse.Issue && m.Closed != 0 {
		return purse.Refuse(purse.CodeMerchant, "This merchant account is closed.")
	}
	return err
}

// walletExists refuses a number that is not a person's.
func walletExists(f *purse.Facts, id purse.UserID) error {
	_, err := f.User(id)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return purse.Refuse(purse.CodeTarget, "There is nobody with this user id.")
	}
	return err
}
