package identity

import (
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
		Needs: purse.Needs{Usernames: []string{folded}, Addresses: addresses},
		Decide: func(f *purse.Facts) error {
			_, err := f.UserNamed(folded)
			if err == nil {
				return purse.Refuse(purse.CodeTaken, "The username %s is taken.", u.Username)
			}
			if purse.CodeOf(err) != purse.CodeNotFound {
				return err
			}
			made = u
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

// own gives an address that nobody owns to a person.
func own(f *purse.Facts, a purse.Address, owner purse.UserID) error {
	now, err := f.AddressOwner(a)
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return err
	}
	if now.Owner != 0 {
		return purse.Refuse(purse.CodeTaken, "Somebody else has the %s %s.", a.Kind, a.Text)
	}
	f.Put(purse.AddressOwner{Address: a, Owner: owner, Since: f.Now})
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
