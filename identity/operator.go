package identity

import (
	"context"

	"purse"
)

// SetPassword gives a person a new password, in the operator's name: for those who
// cannot be reached by mail. The sessions end, as with any other new password. Only
// operators call it.
//
// Refused with CodeNotFound, CodeMissing, CodeInvalid or CodeBusy.
func (s *Service) SetPassword(ctx context.Context, by purse.Operator, person purse.UserID, password string) error {
	u, err := s.User(ctx, person)
	if err != nil {
		return err
	}
	contacts, err := s.Store.Contacts(ctx, person)
	if err != nil {
		return err
	}
	if err := s.checkPassword(password, about(u, contacts[person])...); err != nil {
		return err
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	err = s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory,
		Needs: purse.Needs{
			Users: []purse.UserID{person}, Credentials: []purse.UserID{person}, SessionsOf: []purse.UserID{person},
		},
		Decide: func(f *purse.Facts) error {
			u, c, err := guarded(f, person)
			if err != nil {
				return err
			}
			if u.Closed != 0 {
				return purse.Refuse(purse.CodeNotFound, "This account is closed.")
			}
			if err := renewPassword(f, &c, hash); err != nil {
				return err
			}
			f.Put(c)
			open, err := f.Sessions(person)
			if err != nil {
				return err
			}
			end(f, open, "")
			f.Put(purse.NewAction(f, by, "user.password", person.String(), ""))
			return nil
		},
	})
	if err != nil {
		return err
	}
	s.notify(ctx, person, "Your password was changed", "The network's operator has given you a new password.")
	return nil
}
