package identity

import (
	"context"
	"strings"
	"time"

	"purse"
)

// resetLife is how long a link for a new password is good.
const resetLife = 15 * time.Minute

var errReset = purse.Refuse(purse.CodeCode, "This link was used before, or is too old. Ask for a new one.")

// AskReset sends a link that sets a new password to the verified e-mail addresses of
// the person who is called so; see SignIn for what may be a name. The answer comes
// before anybody has looked whether there is such a person, so nothing of it, nor
// how long it takes, can tell; see Service.Later.
//
// Refused with CodeMissing, CodeRate or CodeBusy.
func (s *Service) AskReset(ctx context.Context, name string, from From) error {
	if strings.TrimSpace(name) == "" {
		return purse.Refuse(purse.CodeMissing, "A username or an e-mail address is needed.")
	}
	who := called(name)
	// Each counts as a failure: nobody's mailbox is to be filled.
	try, err := s.attempt(guessReset, who.key, &from)
	if err != nil {
		return err
	}
	return try.outcome(s.later(ctx, func(ctx context.Context) error { return s.sendReset(ctx, who) }))
}

// sendReset sends the link, if there is somebody to send it to.
func (s *Service) sendReset(ctx context.Context, who calling) error {
	person, err := s.find(ctx, who)
	if err != nil {
		return err
	}
	secret := newSecret(ticketPrefix)
	hash, _ := hashSecret(ticketPrefix, secret)
	open := false
	err = s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: purse.Principal{ID: -1}, // the one waiting place of all who are not signed in
		Needs: purse.Needs{Users: []purse.UserID{person}, Credentials: []purse.UserID{person}},
		Decide: func(f *purse.Facts) error {
			u, err := f.User(person)
			if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
				return err
			}
			c, err := orNone(person)(f.Credentials(person))
			if err != nil {
				return err
			}
			open = u.ID != 0 && u.Closed == 0
			f.Put(purse.Ticket{
				Hash: purse.TicketHash(hash), Kind: purse.TicketReset, Person: u.ID, Detail: mark(c), Expires: f.Now.Add(resetLife),
			})
			return nil
		},
	})
	if err != nil {
		return err
	}
	contacts, err := s.Store.Contacts(ctx, person)
	if err != nil {
		return err
	}
	text := "Whoever opens this link within 15 minutes can set a new password for your account:\n\n" +
		s.PublicURL + "/reset/new?token=" + string(secret) +
		"\n\nIf you have not asked for it, do nothing: your password stays as it is."
	for _, c := range contacts[person] {
		if open && c.Kind == purse.Email && c.Verified != 0 {
			s.send(purse.Message{To: c.Address, Subject: "A new password", Text: text})
		}
	}
	return nil
}

// ResetPassword sets a new password with the secret of a link, which is good once,
// and ends all sessions of the person; see renewPassword for what else. It signs nobody in. It is also how somebody
// gets a first password whose account an operator has made.
//
// Refused with CodeCode, CodeMissing, CodeInvalid or CodeBusy.
func (s *Service) ResetPassword(ctx context.Context, secret purse.Secret, password string) error {
	hash, ok := hashSecret(ticketPrefix, secret)
	if !ok {
		return errReset
	}
	t, now, err := s.Store.Ticket(ctx, purse.TicketHash(hash))
	if purse.CodeOf(err) == purse.CodeNotFound || err == nil && (t.Kind != purse.TicketReset || t.Person == 0 || t.Valid(now) != nil) {
		return errReset
	}
	if err != nil {
		return err
	}
	u, err := s.User(ctx, t.Person)
	if err != nil {
		return err
	}
	contacts, err := s.Store.Contacts(ctx, u.ID)
	if err != nil {
		return err
	}
	if err := s.checkPassword(password, about(u, contacts[u.ID])...); err != nil {
		return err
	}
	password, err = s.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	if err := s.Store.Execute(ctx, reset(t, password)); err != nil {
		return err
	}
	// Who has shown that the mailbox is theirs need not wait for whoever was guessing.
	names := []calling{called(u.Username)}
	for _, c := range contacts[u.ID] {
		names = append(names, called(c.Text))
	}
	for _, n := range names {
		s.throttle.forget(guessSignIn, n.key)
		s.throttle.forget(guessReset, n.key)
	}
	s.tellOfPassword(ctx, u.ID)
	return nil
}

// reset is the command that uses up a ticket to set a password.
func reset(t purse.Ticket, password string) purse.Command {
	person := []purse.UserID{t.Person}
	return purse.Command{
		Book:  purse.Directory,
		Needs: purse.Needs{Tickets: []purse.TicketHash{t.Hash}, Users: person, Credentials: person, SessionsOf: person},
		Decide: func(f *purse.Facts) error {
			t, err := f.Ticket(t.Hash)
			if err != nil {
				return err
			}
			u, c, err := guarded(f, t.Person)
			if err != nil {
				return err
			}
			// Another link may have set a password meanwhile.
			if t.Valid(f.Now) != nil || u.Closed != 0 || t.Detail != mark(c) {
				return errReset
			}
			open, err := f.Sessions(u.ID)
			if err != nil {
				return err
			}
			end(f, open, "")
			t.Used = f.Now
			f.Put(t)
			if err := renewPassword(f, &c, password); err != nil {
				return err
			}
			f.Put(c)
			return nil
		},
	}
}
