package identity

import (
	"context"

	"purse"
)

// Contacts lists the addresses that the visitor has said are theirs, in the order
// in which they were added.
func (s *Service) Contacts(ctx context.Context, v Visitor) ([]purse.Contact, error) {
	all, err := s.Store.Contacts(ctx, v.User.ID)
	return all[v.User.ID], err
}

// AddContact notes that the visitor says that an address is theirs, sends what
// will show it there, and tells their other addresses. That it is somebody's is not
// said before the visitor has shown that they receive what is sent to it.
//
// Refused with CodeProve, CodeSignedOut, CodeTaken (it is theirs already),
// CodeInvalid (they have too many) or CodeRate.
func (s *Service) AddContact(ctx context.Context, v Visitor, a purse.Address) error {
	if err := Fresh(v); err != nil {
		return err
	}
	if err := s.maySend(ctx, v.User.ID, a); err != nil {
		return err
	}
	err := s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: v.Actor.Principal(),
		Needs: purse.Needs{Sessions: []purse.SessionHash{v.Session.Hash}, ContactsOf: []purse.UserID{v.User.ID}},
		Decide: func(f *purse.Facts) error {
			if err := here(f, v); err != nil {
				return err
			}
			_, err := addContact(f, v.User.ID, a)
			return err
		},
	})
	if err != nil {
		return err
	}
	s.notify(ctx, v.User.ID, "An address was added to your account",
		describe(a)+" was added to your account. It is yours as soon as it is verified.")
	return s.sendVerification(ctx, v.User.ID, a, nil)
}

// addContact adds an address to a person's contacts, which the command was asked for.
func addContact(f *purse.Facts, person purse.UserID, a purse.Address) (purse.Contact, error) {
	has, err := f.Contacts(person)
	if err != nil {
		return purse.Contact{}, err
	}
	for _, c := range has {
		if c.Address == a {
			return c, purse.Refuse(purse.CodeTaken, "%s is among your addresses already.", describe(a))
		}
	}
	if len(has) >= purse.ContactsMax {
		return purse.Contact{}, purse.Refuse(purse.CodeInvalid, "An account has at most %d addresses. Remove one first.", purse.ContactsMax)
	}
	c := purse.Contact{ContactKey: purse.ContactKey{Person: person, Address: a}, Added: f.Now}
	f.Put(c)
	return c, nil
}

// RemoveContact takes an address off the visitor's account. One that was verified
// is nobody's from then on, and is told of it, as are the visitor's other addresses.
//
// Refused with CodeProve, CodeSignedOut or CodeNotFound.
func (s *Service) RemoveContact(ctx context.Context, v Visitor, a purse.Address) error {
	if err := Fresh(v); err != nil {
		return err
	}
	key := purse.ContactKey{Person: v.User.ID, Address: a}
	var removed purse.Contact
	err := s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: v.Actor.Principal(),
		Needs: purse.Needs{
			Sessions: []purse.SessionHash{v.Session.Hash}, Contacts: []purse.ContactKey{key}, Addresses: []purse.Address{a},
		},
		Decide: func(f *purse.Facts) (err error) {
			if err := here(f, v); err != nil {
				return err
			}
			if removed, err = f.Contact(key); err != nil {
				return err
			}
			return disown(f, removed)
		},
	})
	if err != nil {
		return err
	}
	const subject = "An address was removed from your account"
	text := describe(a) + " was removed from your account. What is paid to it no longer reaches you."
	s.notify(ctx, v.User.ID, subject, text)
	if removed.Verified != 0 {
		s.send(purse.Message{To: a, Subject: subject, Text: s.notice(text)})
	}
	return nil
}

// disown takes an address off a person's account, in a command that was asked for
// its owner.
func disown(f *purse.Facts, c purse.Contact) error {
	if c.Verified != 0 {
		o, err := f.AddressOwner(c.Address)
		if err != nil {
			return err
		}
		if o.Owner == c.Person {
			f.Put(purse.AddressOwner{Address: c.Address, Since: f.Now})
		}
	}
	f.Remove(c)
	return nil
}

// describe begins a sentence about an address.
func describe(a purse.Address) string {
	if a.Kind == purse.Phone {
		return "The phone number +" + a.Text
	}
	return "The e-mail address " + a.Text
}
