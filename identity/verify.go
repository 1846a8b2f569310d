package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"purse"
)

// A person shows that an address is theirs with what is sent to it: a link to an
// e-mail address, a short code to a phone. Either works only for that person,
// signed in to the account that asked for it. So whoever names somebody else's
// address when they sign up cannot have its owner verify it for them.
const (
	linkLife = 24 * time.Hour
	codeLife = 10 * time.Minute
)

// verifying is the detail of a ticket that verifies an address.
type verifying struct {
	Kind    purse.AddressKind `json:"kind"`
	Address string            `json:"address"`
}

var (
	errLink  = purse.Refuse(purse.CodeCode, "This link was used before, is too old, or is for another account. Sign in to the account that asked for it, or ask for a new one.")
	errShort = purse.Refuse(purse.CodeCode, "This code is wrong, was used before, or is too old. After a few wrong ones you need a new one.")
)

// SendVerification sends once more what shows that an address is the visitor's.
//
// Refused with CodeSignedOut, CodeNotFound, CodeTaken (it is verified already) or CodeRate.
func (s *Service) SendVerification(ctx context.Context, v Visitor, a purse.Address) error {
	if err := s.maySend(ctx, v.User.ID, a); err != nil {
		return err
	}
	return s.sendVerification(ctx, v.User.ID, a, &v)
}

// beginVerification sends to an unverified contact of a person what shows that it
// is theirs.
//
// Refused with CodeNotFound, CodeTaken (it is verified already) or CodeRate.
func (s *Service) beginVerification(ctx context.Context, person purse.UserID, a purse.Address) error {
	if err := s.maySend(ctx, person, a); err != nil {
		return err
	}
	return s.sendVerification(ctx, person, a, nil)
}

// sendVerification makes a ticket and sends its secret. The visitor, if there is
// one, must still be signed in.
func (s *Service) sendVerification(ctx context.Context, person purse.UserID, a purse.Address, v *Visitor) error {
	key := purse.ContactKey{Person: person, Address: a}
	ticket, life, message := s.verification(key)
	needs := purse.Needs{Contacts: []purse.ContactKey{key}, Tickets: []purse.TicketHash{ticket.Hash}}
	if v != nil {
		needs.Sessions = []purse.SessionHash{v.Session.Hash}
	}
	err := s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: purse.Principal{ID: int64(person)}, Needs: needs,
		Decide: func(f *purse.Facts) error {
			if v != nil {
				if err := here(f, *v); err != nil {
					return err
				}
			}
			c, err := f.Contact(key)
			if err != nil {
				return err
			}
			if c.Verified != 0 {
				return purse.Refuse(purse.CodeTaken, "%s is verified already.", describe(a))
			}
			made := ticket
			made.Expires = f.Now.Add(life)
			f.Put(made)
			return nil
		},
	})
	if err == nil {
		s.send(message)
	}
	return err
}

// verification draws a secret for a contact: the ticket, how long it is good, and
// the message that brings the secret.
func (s *Service) verification(k purse.ContactKey) (purse.Ticket, time.Duration, purse.Message) {
	detail, _ := json.Marshal(verifying{k.Kind, k.Text}) // two texts: it cannot fail
	t := purse.Ticket{Kind: purse.TicketVerify, Person: k.Person, Detail: string(detail)}
	if k.Kind == purse.Phone {
		code := newShortCode()
		t.Hash, t.Code = codeTicket(k), hashCode(k, code)
		return t, codeLife, purse.Message{To: k.Address, Text: fmt.Sprintf(
			"%s is your code for %s. It is good for %d minutes. Nobody from %[2]s will ask you for it.", code, s.name(), int(codeLife.Minutes()))}
	}
	secret := newSecret(ticketPrefix)
	hash, _ := hashSecret(ticketPrefix, secret)
	t.Hash = purse.TicketHash(hash)
	return t, linkLife, purse.Message{
		To: k.Address, Subject: "Is this your e-mail address?",
		Text: "Somebody with an account at " + s.name() + " says that this is their e-mail address. If that is you, sign in and open this link within " +
			fmt.Sprint(int(linkLife.Hours())) + " hours:\n\n" + s.PublicURL + "/verify?token=" + string(secret) +
			"\n\nIf not, do nothing: without the link they cannot have it.\n",
	}
}

// codeTicket is the hash of the one ticket that a contact has for its code: a new
// code replaces the old.
func codeTicket(k purse.ContactKey) purse.TicketHash {
	return purse.TicketHash(hashText("verify " + k.Person.String() + " " + string(k.Kind) + " " + k.Text))
}

// hashCode is what is stored of a code: one contact's is no good for another.
func hashCode(k purse.ContactKey, code string) string {
	return hashText("code " + k.Person.String() + " " + string(k.Kind) + " " + k.Text + " " + code)
}

// VerifyLink makes the visitor the owner of the address that a link was sent to,
// and has what was paid to it claimed.
//
// Refused with CodeSignedOut, CodeCode or CodeTaken (it is somebody else's).
func (s *Service) VerifyLink(ctx context.Context, v Visitor, secret purse.Secret) (purse.Address, error) {
	text, ok := hashSecret(ticketPrefix, secret)
	if !ok {
		return purse.Address{}, errLink
	}
	hash := purse.TicketHash(text)
	t, _, err := s.Store.Ticket(ctx, hash)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return purse.Address{}, errLink
	}
	if err != nil {
		return purse.Address{}, err
	}
	var detail verifying
	if t.Kind != purse.TicketVerify || t.Person != v.User.ID || json.Unmarshal([]byte(t.Detail), &detail) != nil {
		return purse.Address{}, errLink
	}
	key := purse.ContactKey{Person: v.User.ID, Address: purse.Address{Kind: detail.Kind, Text: detail.Address}}
	err = s.verify(ctx, v, key, hash, func(f *purse.Facts, t purse.Ticket) (bool, error) {
		if t.Valid(f.Now) != nil {
			return false, errLink
		}
		return true, nil
	})
	return key.Address, refusedAs(err, errLink)
}

// VerifyCode makes the visitor the owner of a phone number, with the code that was
// sent to it, and has what was paid to it claimed. A wrong code counts.
//
// Refused with CodeSignedOut, CodeCode or CodeTaken (it is somebody else's).
func (s *Service) VerifyCode(ctx context.Context, v Visitor, a purse.Address, code string) error {
	key := purse.ContactKey{Person: v.User.ID, Address: a}
	given := hashCode(key, strings.Join(strings.Fields(code), ""))
	wrong := false
	err := s.verify(ctx, v, key, codeTicket(key), func(f *purse.Facts, t purse.Ticket) (bool, error) {
		if t.Valid(f.Now) != nil {
			return false, errShort
		}
		if wrong = t.Code != given; wrong {
			t.Tries++
			f.Put(t)
		}
		return !wrong, nil
	})
	if err == nil && wrong {
		return errShort
	}
	return refusedAs(err, errShort)
}

// refusedAs says the same of a ticket or a contact that is not there as of one that
// is no longer good.
func refusedAs(err, refusal error) error {
	if purse.CodeOf(err) == purse.CodeNotFound {
		return refusal
	}
	return err
}

// verify is the command that uses up a ticket and makes the visitor the owner of an
// address, if good says so.
func (s *Service) verify(ctx context.Context, v Visitor, k purse.ContactKey, hash purse.TicketHash, good func(*purse.Facts, purse.Ticket) (bool, error)) error {
	verified := false
	err := s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: v.Actor.Principal(),
		Needs: purse.Needs{
			Sessions: []purse.SessionHash{v.Session.Hash}, Tickets: []purse.TicketHash{hash},
			Contacts: []purse.ContactKey{k}, Addresses: []purse.Address{k.Address}, Users: []purse.UserID{k.Person},
		},
		Decide: func(f *purse.Facts) error {
			verified = false
			if err := here(f, v); err != nil {
				return err
			}
			t, err := f.Ticket(hash)
			if err != nil {
				return err
			}
			if verified, err = good(f, t); err != nil || !verified {
				return err
			}
			t.Used = f.Now
			f.Put(t)
			c, err := f.Contact(k)
			if err != nil {
				return err
			}
			return possess(f, c)
		},
	})
	if err == nil && verified {
		s.claim(ctx, k.Address)
	}
	return err
}

// possess makes a person the owner of a contact's address, in a command of the
// directory. What is pending to it is claimed afterwards; see wallet.Claim.
func possess(f *purse.Facts, c purse.Contact) error {
	u, err := f.User(c.Person)
	if err != nil {
		return err
	}
	if u.Closed != 0 {
		return purse.Refuse(purse.CodeNotFound, "This account was closed.")
	}
	o, err := f.AddressOwner(c.Address)
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return err
	}
	if o.Owner == c.Person && c.Verified != 0 {
		return nil
	}
	if o.Owner != 0 && o.Owner != c.Person {
		return purse.Refuse(purse.CodeTaken, "%s belongs to another account. Remove it there first.", describe(c.Address))
	}
	c.Verified = f.Now
	f.Put(c)
	f.Put(purse.AddressOwner{Address: c.Address, Owner: c.Person, Since: f.Now})
	f.Emit(purse.ContactVerified, purse.Verification{ID: f.NextID(), Contact: c})
	return nil
}

// claim has what was paid to an address claimed at once. If that fails, the sweep
// does it.
func (s *Service) claim(ctx context.Context, a purse.Address) {
	if s.Claim != nil {
		s.Claim(ctx, a)
	}
}

// VouchContact makes a person the owner of an address on an operator's word. Only
// operators call it.
//
// Refused with CodeTarget, CodeInvalid (they have too many) or CodeTaken.
func (s *Service) VouchContact(ctx context.Context, book purse.BookID, by purse.Operator, person purse.UserID, a purse.Address) error {
	var added bool
	err := s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory,
		Needs: purse.Needs{
			Users: []purse.UserID{person}, ContactsOf: []purse.UserID{person}, Addresses: []purse.Address{a},
		},
		Decide: func(f *purse.Facts) error {
			u, err := f.User(person)
			if purse.CodeOf(err) == purse.CodeNotFound || err == nil && (u.Book != book || u.Closed != 0) {
				return purse.Refuse(purse.CodeTarget, "There is nobody with this user id.")
			}
			if err != nil {
				return err
			}
			c, err := addContact(f, person, a)
			if added = err == nil; err != nil && c.Address != a {
				return err
			}
			if c.Verified != 0 {
				return nil
			}
			f.Put(purse.NewAction(f, by, "user.verify", person.String(), string(a.Kind)+" "+a.Text))
			return possess(f, c)
		},
	})
	if err != nil {
		return err
	}
	if added {
		s.notify(ctx, person, "An address was added to your account", describe(a)+" was added to your account by "+s.name()+".")
	}
	s.claim(ctx, a)
	return nil
}
