package identity

import (
	"cmp"
	"context"

	"purse"
	"purse/ledger"
)

// CreateUser makes a person with an empty wallet, who owns the addresses: the
// operator vouches for that. The person gets an identifier, unless u has one, which
// only a sandbox takes. Only operators call it.
//
// Refused with CodeInvalid, CodeMissing or CodeTaken.
func (s *Service) CreateUser(ctx context.Context, book purse.BookID, by purse.Operator, u purse.User, addresses ...purse.Address) (purse.User, error) {
	if err := u.Check(); err != nil {
		return purse.User{}, err
	}
	folded, err := purse.Username(u.Username)
	if err != nil {
		return purse.User{}, err
	}
	var made purse.User
	err = s.Store.Execute(ctx, purse.Command{
		Book:  book,
		Needs: purse.Needs{Usernames: []string{folded}, OldUsernames: []string{folded}, Addresses: addresses},
		Decide: func(f *purse.Facts) error {
			if err := free(f, folded, 0); err != nil {
				return err
			}
			made = u
			made.Audience = cmp.Or(made.Audience, purse.Private)
			made.Book, made.Joined = book, f.Now
			switch {
			case u.ID == 0:
				made.ID = purse.UserID(f.NextID())
			case f.Book.Mode != purse.Sandbox:
				return purse.Refuse(purse.CodeInvalid, "Only a sandbox takes identifiers of others.")
			}
			f.Put(made)
			for _, a := range addresses {
				if err := own(f, a, made.ID); err != nil {
					return err
				}
			}
			f.Put(purse.Account{
				Account: ledger.Account{ID: purse.WalletOf(made.ID), Currency: f.Book.Currency},
				Kind:    purse.Wallet,
			})
			f.Put(purse.NewAction(f, by, "user.create", made.ID.String(), made.Username))
			return nil
		},
	})
	return made, err
}

// free refuses a username that somebody has, or that somebody else has given up
// not long ago. by is who wants it; 0: a new person.
func free(f *purse.Facts, folded string, by purse.UserID) error {
	has, err := f.UserNamed(folded)
	old, oldErr := f.OldUsername(folded)
	for _, err := range []error{err, oldErr} {
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return err
		}
	}
	if err == nil && has != by || oldErr == nil && old.Owner != by && f.Now < old.Until {
		return purse.Refuse(purse.CodeTaken, "The username %s is taken.", folded)
	}
	return nil
}

// own gives an address that nobody owns to a person. What is pending to it is
// claimed afterwards; see wallet.Claim.
func own(f *purse.Facts, a purse.Address, owner purse.UserID) error {
	now, err := f.AddressOwner(a)
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return err
	}
	if now.Owner != 0 {
		return purse.Refuse(purse.CodeTaken, "Somebody else has the %s %s.", a.Kind, a.Text)
	}
	f.Put(purse.AddressOwner{Address: a, Owner: owner, Since: f.Now})
	f.Put(purse.Contact{ContactKey: purse.ContactKey{Person: owner, Address: a}, Added: f.Now, Verified: f.Now})
	return nil
}

// User finds a person.
func (s *Service) User(ctx context.Context, id purse.UserID) (purse.User, error) {
	users, err := s.Store.Users(ctx, id)
	if err != nil {
		return purse.User{}, err
	}
	u, ok := users[id]
	if !ok {
		return u, purse.Refuse(purse.CodeNotFound, "Resource not found.")
	}
	return u, nil
}

// Named finds a person by username, in any case.
func (s *Service) Named(ctx context.Context, username string) (purse.User, error) {
	return s.Store.UserNamed(ctx, username)
}
