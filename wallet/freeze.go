package wallet

import (
	"context"

	"purse"
	"purse/ledger"
)

// Freeze stops a wallet from paying anything out, or lets it pay again. It may
// still be paid. Only operators call it.
//
// Refused with CodeTarget or CodeInvalid.
func (s *Service) Freeze(ctx context.Context, book purse.BookID, by purse.Operator, id purse.UserID, frozen bool, reason string) error {
	if err := purse.CheckReason(reason); err != nil {
		return err
	}
	name, news := "wallet.freeze", purse.WalletFrozen
	if !frozen {
		name, news = "wallet.unfreeze", purse.WalletUnfrozen
	}
	return s.Store.Execute(ctx, purse.Command{
		Book: book,
		Needs: purse.Needs{
			Users: []purse.UserID{id}, Accounts: []ledger.AccountID{purse.WalletOf(id)},
		},
		Decide: func(f *purse.Facts) error {
			if err := walletExists(f, id); err != nil {
				return err
			}
			if err := f.Freeze(purse.WalletOf(id), frozen); err != nil {
				return err
			}
			action := purse.NewAction(f, by, name, id.String(), reason)
			f.Put(action)
			f.Emit(news, action)
			return nil
		},
	})
}
