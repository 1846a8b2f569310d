package policy

import "purse"

// PayMerchant refuses money that would be ring-fenced in a wallet for a merchant
// against a rule. It changes nothing: what is ring-fenced is counted afterwards,
// since a decline leaves a trace and must leave no count.
//
// Refused with CodeFrozen or CodeLimit.
func PayMerchant(f *purse.Facts, payer purse.UserID, minor int64) error {
	p := purse.Payment{Action: purse.Pay, Actor: payer, Minor: minor}
	a, err := f.Account(purse.WalletOf(payer))
	if err != nil {
		return err
	}
	if a.Closed {
		return purse.Refuse(purse.CodeFrozen, "This wallet is closed.")
	}
	return check(f, p, []rule{payerNotFrozen, paymentLimit, weekLimit})
}
