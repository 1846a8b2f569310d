package identity

import (
	"context"
	"time"

	"purse"
)

func newToken() purse.Secret { return newSecret(tokenPrefix) }

// hashToken is what is stored of a token; ok is false for a text that cannot be one.
func hashToken(token purse.Secret) (hash purse.TokenHash, ok bool) {
	text, ok := hashSecret(tokenPrefix, token)
	return purse.TokenHash(text), ok
}

// Recognize says whose token it is, for a command, which will check the token
// itself. It reads only the first time.
//
// Refused with CodeNoToken or CodeBadToken.
func (s *Service) Recognize(ctx context.Context, token purse.Secret) (purse.Actor, error) {
	if hash, ok := hashToken(token); ok {
		if a, ok := s.known.get(hash); ok {
			s.seen.grant(a.Grant)
			return a, nil
		}
	}
	a, _, _, err := s.read(ctx, token)
	return a, err
}

// Known names a credential that was recognised before, without reading. The name
// is for counting what is asked with it: the token may have been revoked since,
// and what was recognised may have been forgotten (KnownMax).
func (s *Service) Known(token purse.Secret) (purse.TokenHash, bool) {
	hash, ok := hashToken(token)
	if !ok {
		return "", false
	}
	if _, ok = s.known.get(hash); !ok {
		return "", false
	}
	return hash, true
}

// Authenticate says whose token it is and that it is valid now, for a read.
//
// Refused as Recognize, and with CodeTokenRevoked or CodeTokenExpired.
func (s *Service) Authenticate(ctx context.Context, token purse.Secret) (purse.Actor, error) {
	a, t, now, err := s.read(ctx, token)
	if err != nil {
		return purse.Actor{}, err
	}
	if err := t.Valid(now); err != nil {
		return purse.Actor{}, err
	}
	a.At = now
	return a, nil
}

func (s *Service) read(ctx context.Context, token purse.Secret) (purse.Actor, purse.Token, purse.Time, error) {
	if token == "" {
		return purse.Actor{}, purse.Token{}, 0, purse.Refuse(purse.CodeNoToken, "You did not pass an OAuth access token.")
	}
	bad := purse.Refuse(purse.CodeBadToken, "You did not pass a valid OAuth access token.")
	hash, ok := hashToken(token)
	if !ok {
		return purse.Actor{}, purse.Token{}, 0, bad
	}
	t, now, err := s.Store.Token(ctx, hash)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return purse.Actor{}, purse.Token{}, 0, bad
	}
	if err != nil {
		return purse.Actor{}, purse.Token{}, 0, err
	}
	a := purse.Actor{Book: t.Book, User: t.User, App: t.App, Token: hash, Grant: t.Grant, Scopes: t.Scopes}
	s.known.put(hash, a)
	if t.Valid(now) == nil {
		s.seen.grant(a.Grant)
	}
	return a, t, now, nil
}

// NewToken is what CreateToken gives: the token itself is shown this once.
type NewToken struct {
	Token  purse.Token
	Secret purse.Secret
}

// TokenRequest asks for an access token.
type TokenRequest struct {
	User   purse.UserID
	App    purse.AppID // 0: for the person's own use
	Scopes purse.Scopes
	Life   time.Duration // how long it is valid; 0: for ever
}

// CreateToken makes an access token. Only operators call it.
//
// Refused with CodeInvalid, CodeTarget or CodeNotFound.
func (s *Service) CreateToken(ctx context.Context, book purse.BookID, by purse.Operator, req TokenRequest) (NewToken, error) {
	if req.Life < 0 {
		return NewToken{}, purse.Refuse(purse.CodeInvalid, "A token cannot expire before it is made.")
	}
	secret := newToken()
	hash, _ := hashToken(secret)
	needs := purse.Needs{Users: []purse.UserID{req.User}, Tokens: []purse.TokenHash{hash}}
	if req.App != 0 {
		needs.Apps = []purse.AppID{req.App}
	}
	var made purse.Token
	err := s.Store.Execute(ctx, purse.Command{
		Book:  book, // whose time the token's life is counted in
		Needs: needs,
		Decide: func(f *purse.Facts) error {
			u, err := f.User(req.User)
			if purse.CodeOf(err) == purse.CodeNotFound || err == nil && u.Closed != 0 {
				return purse.Refuse(purse.CodeTarget, "There is nobody with this user id.")
			}
			if err != nil {
				return err
			}
			if req.App != 0 {
				if _, err := f.App(req.App); err != nil {
					return err
				}
			}
			made = purse.Token{
				Hash: hash, ID: purse.TokenID(f.NextID()), User: req.User, App: req.App, Book: u.Book, Scopes: req.Scopes,
			}
			made.Grant = purse.GrantID(made.ID)
			if req.Life > 0 {
				made.Expires = f.Now.Add(req.Life)
			}
			f.Put(made)
			f.Put(purse.Grant{
				ID: made.Grant, Person: req.User, App: req.App, Scopes: req.Scopes, Access: hash, Created: f.Now,
			})
			f.Put(purse.NewAction(f, by, "token.create", req.User.String(), string(req.Scopes)))
			return nil
		},
	})
	if err != nil {
		return NewToken{}, err
	}
	return NewToken{made, secret}, nil
}

// revoke ends a token, with what it was given for.
func revoke(f *purse.Facts, t purse.Token) error {
	t.Revoked = f.Now
	f.Put(t)
	if t.Grant == 0 {
		return nil
	}
	g, err := f.Grant(t.Grant)
	if err != nil {
		return err
	}
	if g.Revoked == 0 {
		g.Revoked = f.Now
		f.Put(g)
	}
	return nil
}

// RevokeToken ends a token at once. Only operators call it.
//
// Refused with CodeBadToken or CodeTokenRevoked.
func (s *Service) RevokeToken(ctx context.Context, by purse.Operator, token purse.Secret) error {
	hash, ok := hashToken(token)
	if !ok {
		return purse.Refuse(purse.CodeBadToken, "This is not an access token.")
	}
	return s.Store.Execute(ctx, purse.Command{
		Book:  purse.Directory,
		Needs: purse.Needs{Tokens: []purse.TokenHash{hash}},
		Decide: func(f *purse.Facts) error {
			t, err := f.Token(hash)
			if purse.CodeOf(err) == purse.CodeNotFound {
				return purse.Refuse(purse.CodeBadToken, "This is not an access token.")
			}
			if err != nil {
				return err
			}
			if t.Revoked != 0 {
				return purse.Refuse(purse.CodeTokenRevoked, "This access token was revoked before.")
			}
			if err := revoke(f, t); err != nil {
				return err
			}
			f.Put(purse.NewAction(f, by, "token.revoke", t.User.String(), ""))
			return nil
		},
	})
}
