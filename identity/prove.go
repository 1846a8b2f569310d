package identity

import (
	"context"

	"purse"
)

// Prove lets a visitor say once more who they are, before they change what guards
// the account: with the password, and with a second factor where one is asked for.
// Who has no password proves it with the second factor alone.
//
// Refused with CodeCredentials, CodeSecond (a code is needed), CodeCode, CodeRate,
// CodeBusy or CodeSignedOut.
func (s *Service) Prove(ctx context.Context, v Visitor, password, code string) error {
	try, err := s.attempt(guessProve, v.User.ID.String(), nil)
	if err != nil {
		return err
	}
	if err := s.prove(ctx, v, password, code); err != nil {
		return try.outcome(err)
	}
	try.succeeded()
	return nil
}

func (s *Service) prove(ctx context.Context, v Visitor, password, code string) error {
	known, err := s.credentials(ctx, v.User.ID)
	if err != nil {
		return err
	}
	same, err := s.isPassword(ctx, known.Password, password)
	if err != nil {
		return err
	}
	wrong := purse.Refuse(purse.CodeCredentials, "This is not your password.")
	if !same && (known.Password != "" || known.Confirmed == 0) {
		return wrong
	}
	if known.Confirmed != 0 && plainCode(code) == "" {
		return purse.Refuse(purse.CodeSecond, "A code of your authenticator app is needed too.")
	}
	seed, err := s.seed(known, code)
	if err != nil {
		return err
	}
	return s.guard(ctx, v, purse.Needs{}, func(f *purse.Facts, c *purse.Credentials) error {
		if c.Password != known.Password || c.TOTP != known.TOTP || c.Confirmed != known.Confirmed {
			return wrong
		}
		if c.Confirmed != 0 && !checkSecond(f, c, code, seed) {
			return purse.Refuse(purse.CodeCode, "This is not the right code.")
		}
		session, err := f.Session(v.Session.Hash)
		if err != nil {
			return err
		}
		session.Proved = f.Now
		f.Put(session)
		return nil
	})
}

// freshHere is Fresh inside a command.
func freshHere(f *purse.Facts, v Visitor) error {
	session, err := f.Session(v.Session.Hash)
	if err != nil {
		return err
	}
	v.Session, v.Actor.At = session, f.Now
	return Fresh(v)
}

// ChangePassword sets a new password and ends the visitor's other sessions; see
// renewPassword.
//
// Refused with CodeProve, CodeMissing, CodeInvalid, CodeBusy or CodeSignedOut.
func (s *Service) ChangePassword(ctx context.Context, v Visitor, password string) error {
	if err := Fresh(v); err != nil {
		return err
	}
	contacts, err := s.Store.Contacts(ctx, v.User.ID)
	if err != nil {
		return err
	}
	if err := s.checkPassword(password, about(v.User, contacts[v.User.ID])...); err != nil {
		return err
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	err = s.guard(ctx, v, purse.Needs{SessionsOf: []purse.UserID{v.User.ID}}, func(f *purse.Facts, c *purse.Credentials) error {
		if err := freshHere(f, v); err != nil {
			return err
		}
		open, err := f.Sessions(v.User.ID)
		if err != nil {
			return err
		}
		end(f, open, v.Session.Hash)
		return renewPassword(f, c, hash)
	})
	if err != nil {
		return err
	}
	s.tellOfPassword(ctx, v.User.ID)
	return nil
}

// renewPassword puts a new password in place of the one that there was, and ends
// what whoever knew that one may have got with it, besides sessions: the tokens of
// apps that signed in with it, trust in their devices, and authorization codes that
// are on their way.
func renewPassword(f *purse.Facts, c *purse.Credentials, hash string) error {
	c.Password, c.Changed, c.Devices = hash, f.Now, ""
	if err := stopCodes(f, c.Person, 0); err != nil {
		return err
	}
	in, err := f.Grants(purse.GrantsKey{Person: c.Person, App: purse.SignInApp})
	if err != nil {
		return err
	}
	return endGrants(f, in)
}

func (s *Service) tellOfPassword(ctx context.Context, person purse.UserID) {
	s.notify(ctx, person, "Your password was changed",
		"A new password was set for your account. Whoever was signed in elsewhere is signed out, and so are apps that were given the old password.")
}
