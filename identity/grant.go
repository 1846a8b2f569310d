package identity

import (
	"context"
	"strconv"
	"time"

	"purse"
)

// Given is an access token with all that an app learns with it. The secrets are
// shown this once.
type Given struct {
	Access  purse.Secret
	Refresh purse.Secret  // empty: there is none
	Life    time.Duration // of the access token; 0: until it is revoked
	Scopes  purse.Scopes  // of the access token
	User    purse.User
	Actor   purse.Actor // who acts with the access token
}

// gift is an access token that is about to be given, drawn before the command that
// gives it, with what the command must know: the person's book, and how far its
// clock is ahead of the directory's.
type gift struct {
	user    purse.User
	app     purse.AppID // 0: none
	scopes  purse.Scopes
	life    time.Duration // 0: until it is revoked
	ahead   time.Duration
	access  purse.Secret
	refresh purse.Secret // empty: none is given
	made    purse.Token  // by the command
}

// gift prepares an access token for a person.
func (s *Service) gift(ctx context.Context, u purse.User, app purse.AppID, scopes purse.Scopes, life time.Duration) (*gift, error) {
	home, err := s.Store.Book(ctx, u.Book)
	if err != nil {
		return nil, err
	}
	directory, err := s.Store.Book(ctx, purse.Directory)
	if err != nil {
		return nil, err
	}
	ahead := time.Duration(home.ClockOffset-directory.ClockOffset) * time.Microsecond
	return &gift{user: u, app: app, scopes: scopes, life: life, ahead: ahead, access: newToken()}, nil
}

func (g *gift) expiresIn() string { return strconv.FormatInt(int64(g.life/time.Second), 10) }

// give puts the access token, and the refresh token if there is one, in place of
// those that a grant has.
func (g *gift) give(f *purse.Facts, grant *purse.Grant) {
	hash, _ := hashToken(g.access)
	g.made = purse.Token{
		Hash: hash, ID: purse.TokenID(f.NextID()), User: g.user.ID, App: g.app, Book: g.user.Book, Scopes: g.scopes, Grant: grant.ID,
	}
	if g.life > 0 {
		g.made.Expires = f.Now.Add(g.ahead + g.life) // counted in the time of its book
	}
	grant.Access = hash
	f.Put(g.made)
	if g.refresh == "" {
		return
	}
	refresh, _ := hashSecret(refreshPrefix, g.refresh)
	grant.Refresh = purse.TicketHash(refresh)
	f.Put(purse.Ticket{
		Hash: grant.Refresh, Kind: purse.TicketRefresh, Person: g.user.ID, App: g.app,
		Expires: grant.Created.Add(refreshLife), Gave: grant.ID,
	})
}

// grant makes a grant to app, with the access token. The command must have asked
// for the grants that there are: when there are as many as there may be, the oldest
// ends.
func (g *gift) grant(f *purse.Facts, app purse.AppID) error {
	live, err := f.Grants(purse.GrantsKey{Person: g.user.ID, App: app})
	if err != nil {
		return err
	}
	if err := endGrants(f, live[:max(0, len(live)-purse.GrantsMax+1)]); err != nil {
		return err
	}
	made := purse.Grant{ID: purse.GrantID(f.NextID()), Person: g.user.ID, App: app, Scopes: g.scopes, Created: f.Now}
	g.give(f, &made)
	f.Put(made)
	return nil
}

// given is what the app is told when the command is done.
func (g *gift) given() Given {
	return Given{
		Access: g.access, Refresh: g.refresh, Life: g.life, Scopes: g.scopes, User: g.user,
		Actor: purse.Actor{Book: g.made.Book, User: g.made.User, App: g.made.App, Token: g.made.Hash, Grant: g.made.Grant, Scopes: g.scopes},
	}
}

// endGrants revokes grants, each with the access token that is good now. Refresh
// tokens are looked at together with their grant.
func endGrants(f *purse.Facts, grants []purse.Grant) error {
	var missing error
	for _, g := range grants {
		if err := endToken(f, g.Access); err != nil {
			missing = err // go on: so that all are loaded at once
			continue
		}
		if g.Revoked == 0 {
			g.Revoked = f.Now
			f.Put(g)
		}
	}
	return missing
}

// endToken revokes an access token, if there is one that was not.
func endToken(f *purse.Facts, hash purse.TokenHash) error {
	t, err := f.Token(hash)
	if err != nil {
		return absent(err, nil)
	}
	if t.Revoked == 0 {
		t.Revoked = f.Now
		f.Put(t)
	}
	return nil
}

// endGrant ends the grant with this number, if there is one.
func endGrant(f *purse.Facts, id purse.GrantID) error {
	g, err := f.Grant(id)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return endGrants(f, []purse.Grant{g})
}
