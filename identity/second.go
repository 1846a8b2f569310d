package identity

import (
	"context"

	"purse"
)

// errSecond answers every ticket of a sign-in that is no longer good.
var errSecond = purse.Refuse(purse.CodeCode, "This sign-in has taken too long. Begin again.")

// secondTicket reads the ticket of a sign-in that lacks its second factor, to know
// whose it is. A command must look at it again.
func (s *Service) secondTicket(ctx context.Context, second purse.Secret) (purse.Ticket, error) {
	hash, ok := hashSecret(ticketPrefix, second)
	if !ok {
		return purse.Ticket{}, errSecond
	}
	t, now, err := s.Store.Ticket(ctx, purse.TicketHash(hash))
	if purse.CodeOf(err) == purse.CodeNotFound || err == nil && (t.Kind != purse.TicketSecond || t.Valid(now) != nil) {
		return purse.Ticket{}, errSecond
	}
	return t, err
}

// SignInSecond goes on with a sign-in: code is one of the authenticator app, a
// recovery code, or one that SendSecond has sent. After purse.TicketTriesMax wrong
// ones the sign-in must begin again.
//
// Refused with CodeCode, CodeRate or CodeBusy.
func (s *Service) SignInSecond(ctx context.Context, second purse.Secret, code string, from From) (SignedIn, error) {
	t, err := s.secondTicket(ctx, second)
	if err != nil {
		return SignedIn{}, err
	}
	if t.App != 0 { // it lets an app in, and nobody into our pages
		return SignedIn{}, errSecond
	}
	try, err := s.attempt(guessSecond, t.Person.String(), &from)
	if err != nil {
		return SignedIn{}, err
	}
	session := newSecret(sessionPrefix)
	var in SignedIn
	err = s.passSecond(ctx, t, code, purse.Needs{SessionsOf: []purse.UserID{t.Person}}, func(f *purse.Facts, u purse.User, _ *purse.Credentials) (err error) {
		in, err = openSession(f, u, session, from)
		return err
	})
	if err != nil {
		return SignedIn{}, try.outcome(err)
	}
	try.succeeded()
	s.throttle.forget(guessSMS, t.Person.String())
	s.tellOfSignIn(ctx, in, from)
	return in, nil
}

// passSecond is the command that completes a sign-in, if code is right: enter lets
// the person in, with the rows that needs names.
func (s *Service) passSecond(ctx context.Context, t purse.Ticket, code string, needs purse.Needs,
	enter func(*purse.Facts, purse.User, *purse.Credentials) error) error {
	known, err := s.credentials(ctx, t.Person)
	if err != nil {
		return err
	}
	typed, seed := hashText(plainCode(code)), ""
	if t.Code != typed { // whoever types what was sent needs no key of the network
		if seed, err = s.seed(known, code); err != nil {
			return err
		}
	}
	needs.Add(purse.Needs{Tickets: []purse.TicketHash{t.Hash}, Users: []purse.UserID{t.Person}, Credentials: []purse.UserID{t.Person}})
	right := false
	err = s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Needs: needs,
		Decide: func(f *purse.Facts) error {
			right = false
			t, err := f.Ticket(t.Hash)
			if err != nil {
				return err
			}
			u, c, err := guarded(f, t.Person)
			if err != nil {
				return err
			}
			if t.Valid(f.Now) != nil || u.Closed != 0 || t.Detail != mark(c) || c.TOTP != known.TOTP {
				return errSecond
			}
			sent := t.Code != "" && t.Code == typed
			if !sent && !checkSecond(f, &c, code, seed) {
				// That it was wrong is kept: this is an outcome and not a refusal.
				t.Tries++
				f.Put(t)
				return nil
			}
			right = true
			t.Used = f.Now
			f.Put(t)
			err = enter(f, u, &c)
			f.Put(c)
			return err
		},
	})
	if err == nil && !right {
		err = purse.Refuse(purse.CodeCode, "This is not the right code.")
	}
	return err
}

// SendSecond sends a code, by a text message to the person's verified phone, that
// completes a sign-in. It replaces one that was sent before.
//
// Refused with CodeCode, CodeInvalid (there is no such phone), CodeRate or CodeBusy.
func (s *Service) SendSecond(ctx context.Context, second purse.Secret) error {
	t, err := s.secondTicket(ctx, second)
	if err != nil {
		return err
	}
	// Whoever has the password must not send as many messages as they like.
	if _, err := s.attempt(guessSMS, t.Person.String(), nil); err != nil {
		return err
	}
	code := newShortCode()
	var phone purse.Address
	err = s.Store.Execute(ctx, purse.Command{
		Book:  purse.Directory,
		Needs: purse.Needs{Tickets: []purse.TicketHash{t.Hash}, ContactsOf: []purse.UserID{t.Person}},
		Decide: func(f *purse.Facts) error {
			t, err := f.Ticket(t.Hash)
			if err != nil {
				return err
			}
			if t.Valid(f.Now) != nil {
				return errSecond
			}
			contacts, err := f.Contacts(t.Person)
			if err != nil {
				return err
			}
			if phone = purse.Verified(contacts, purse.Phone); phone.Text == "" {
				return purse.Refuse(purse.CodeInvalid, "There is no verified phone number to send a code to.")
			}
			t.Code = hashText(code)
			f.Put(t)
			return nil
		},
	})
	if err != nil {
		return err
	}
	s.send(purse.Message{To: phone, Text: code + " is your code to sign in to " + s.name() + ". Tell it to nobody."})
	return nil
}
