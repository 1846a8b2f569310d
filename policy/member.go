package policy

import "purse"

// WorksFor finds the merchant that somebody who has signed in works for. Of others
// there is none: who works where is nobody else's business.
//
// Refused as Authorize, and with CodeScope, CodeNotFound or, if it was closed, CodeMerchant.
func WorksFor(f *purse.Facts, actor purse.Actor, merchant purse.MerchantID) (purse.Merchant, error) {
	if actor.Session == "" {
		return purse.Merchant{}, purse.Refuse(purse.CodeScope, "An app cannot do this.")
	}
	if err := Authorize(f, actor, purse.MakePayments); err != nil {
		return purse.Merchant{}, err
	}
	m, err := f.Merchant(merchant)
	_, err2 := f.Member(purse.MemberKey{Merchant: merchant, Person: actor.User})
	for _, err := range []error{err, err2} {
		if purse.CodeOf(err) == purse.CodeNotFound {
			return purse.Merchant{}, purse.Refuse(purse.CodeNotFound, "There is no such merchant.")
		}
		if err != nil {
			return purse.Merchant{}, err
		}
	}
	if m.Book != actor.Book {
		return purse.Merchant{}, purse.Refuse(purse.CodeNotFound, "There is no such merchant.")
	}
	if m.Closed != 0 {
		return purse.Merchant{}, purse.Refuse(purse.CodeMerchant, "This merchant account is closed.")
	}
	return m, nil
}
