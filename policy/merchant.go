package policy

import (
	"crypto/subtle"

	"purse"
)

// Sells finds the merchant that a seller asks for, and refuses a key that does not
// exist, is another merchant's or book's, does not go with the password, has expired
// or was revoked (CodeBadKey, in one wording for all), a public key where a private
// one is needed or one for orders where another is (CodeKeyKind), and a merchant that was closed (CodeMerchant). A
// private key may do all that a public one may; one for orders is for orders, and
// nothing else is.
//
// Whether the merchant takes payments from wallets is another question; see Accepts.
func Sells(f *purse.Facts, s purse.Seller, kind purse.KeyKind) (purse.Merchant, error) {
	k, err := f.APIKey(s.Key)
	m, err2 := f.Merchant(s.Merchant) // before either is judged, so that both are missing at once
	for _, err := range []error{err, err2} {
		if purse.CodeOf(err) == purse.CodeNotFound {
			return purse.Merchant{}, BadKey()
		}
		if err != nil {
			return purse.Merchant{}, err
		}
	}
	if !SameHash(k.Hash, s.Hash) || k.Merchant != s.Merchant || k.Book != s.Book || m.Book != s.Book {
		return purse.Merchant{}, BadKey()
	}
	if err := k.Valid(f.Now); err != nil {
		return purse.Merchant{}, err
	}
	if (kind == purse.OrderKind) != (k.Kind == purse.OrderKind) {
		return purse.Merchant{}, purse.Refuse(purse.CodeKeyKind, "This API key is for something else.")
	}
	if kind == purse.PrivateKey && k.Kind != purse.PrivateKey {
		return purse.Merchant{}, purse.Refuse(purse.CodeKeyKind, "This needs a private API key.")
	}
	if m.Closed != 0 {
		return purse.Merchant{}, purse.Refuse(purse.CodeMerchant, "This merchant account is closed.")
	}
	return m, nil
}

// Accepts refuses a merchant that takes no payments from wallets.
func Accepts(m purse.Merchant) error {
	if !m.Accepts {
		return purse.Refuse(purse.CodeNotAccepted, "Venmo accounts are not accepted by this merchant account.")
	}
	return nil
}

// BadKey is the refusal of an API key that is not good, whatever is wrong with it: who
// guesses learns nothing. APIKey.Valid has the same words.
func BadKey() error {
	return purse.Refuse(purse.CodeBadKey, "The authentication credentials are invalid.")
}

// SameHash compares hashes of secrets in a time that says nothing about them.
func SameHash(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
