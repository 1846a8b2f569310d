package wallet

import "purse"

// Receipt is a payment with its two people, for whoever encodes it.
type Receipt struct {
	Payment       purse.Payment
	Actor, Target purse.User // no Target if it is an address
	Balance       *int64     // what the actor of the request may spend after it, in minor units; nil unless the token may know
}

// receiptOf puts together what the answer to p shows. The balance is there only
// if the actor's token may know it, or on this network's own pages.
func receiptOf(f *purse.Facts, actor purse.Actor, p purse.Payment) (Receipt, error) {
	r := Receipt{Payment: p}
	var err error
	if r.Actor, err = f.User(p.Actor); err != nil {
		return r, err
	}
	if p.Target != 0 {
		if r.Target, err = f.User(p.Target); err != nil {
			return r, err
		}
	}
	if actor.Session == "" {
		t, err := f.Token(actor.Token)
		if err != nil || !t.Scopes.Has(purse.AccessBalance) {
			return r, err
		}
	}
	a, err := f.Account(purse.WalletOf(actor.User))
	if err != nil {
		return r, err
	}
	spendable := a.Spendable()
	r.Balance = &spendable
	return r, nil
}
