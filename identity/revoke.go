package identity

import (
	"context"

	"purse"
)

// Revoke ends an access or refresh token of an app's, with the grant that it belongs
// to (RFC 7009). A text that is none, or another app's, is no error: the app wants it
// not to be good, and for this app it is not.
//
// Refused with CodeMissing, CodeClient or CodeClientSecret.
func (s *Service) Revoke(ctx context.Context, c ClientAuth, token purse.Secret) error {
	app, err := s.client(ctx, c)
	if err != nil {
		return err
	}
	none := purse.Refuse(purse.CodeNotFound, "There is no such token.")
	var id purse.GrantID
	if hash, ok := hashToken(token); ok {
		t, _, err := s.Store.Token(ctx, hash)
		if err != nil || t.App != app.ID || t.Revoked != 0 {
			return silent(err)
		}
		id = t.Grant
	} else {
		t, err := s.ticket(ctx, refreshPrefix, token, purse.TicketRefresh, none)
		if err != nil || t.App != app.ID || t.Used != 0 {
			return silent(err)
		}
		id = t.Gave
	}
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Apps: []purse.AppID{app.ID}, Grants: []purse.GrantID{id}},
		Decide: func(f *purse.Facts) error {
			app, err := f.App(app.ID)
			if err != nil {
				return err
			}
			if err := c.check(app); err != nil {
				return err
			}
			return endGrant(f, id)
		},
	})
}

// silent leaves out that something is not there.
func silent(err error) error { return absent(err, nil) }

// RevokeOwn ends the access token that it is asked with, and the grant that it
// belongs to.
//
// Refused with CodeNoToken, CodeBadToken, CodeTokenRevoked or CodeTokenExpired.
func (s *Service) RevokeOwn(ctx context.Context, token purse.Secret) error {
	actor, err := s.Authenticate(ctx, token)
	if err != nil {
		return err
	}
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: actor.Principal(),
		Needs: purse.Needs{Tokens: []purse.TokenHash{actor.Token}, Grants: []purse.GrantID{actor.Grant}},
		Decide: func(f *purse.Facts) error {
			t, err := f.Token(actor.Token)
			if err != nil {
				return err
			}
			if t.Revoked != 0 {
				return purse.Refuse(purse.CodeTokenRevoked, "This access token was revoked.")
			}
			return revoke(f, t)
		},
	})
}

// RevokeApp ends everything that the visitor has granted to an app, with codes that
// it has not exchanged yet. 0 stands for the
// tokens that an operator has made for the visitor's own use, purse.DeveloperApp for
// the developer token.
//
// Refused with CodeSignedOut.
func (s *Service) RevokeApp(ctx context.Context, v Visitor, app purse.AppID) error {
	key := purse.GrantsKey{Person: v.User.ID, App: app}
	for {
		ended := 0
		err := s.oauthCommand(ctx, v, purse.Needs{GrantsOf: []purse.GrantsKey{key}}, func(f *purse.Facts) error {
			live, err := f.Grants(key)
			if err != nil {
				return err
			}
			ended = len(live)
			if app > 0 {
				if err := stopCodes(f, v.User.ID, app); err != nil {
					return err
				}
			}
			return endGrants(f, live)
		})
		if err != nil || ended < purse.GrantsMax {
			return err
		}
	}
}

// developerScopes are those of a developer token.
const developerScopes purse.Scopes = "make_payments access_profile access_email access_phone access_balance access_friends access_feed"

// DeveloperToken makes an access token for the visitor's own use, which is good until
// it is revoked. The one that there was is good no longer.
//
// Refused with CodeProve or CodeSignedOut.
func (s *Service) DeveloperToken(ctx context.Context, v Visitor) (Given, error) {
	if err := Fresh(v); err != nil {
		return Given{}, err
	}
	g, err := s.gift(ctx, v.User, 0, developerScopes, 0)
	if err != nil {
		return Given{}, err
	}
	key := purse.GrantsKey{Person: v.User.ID, App: purse.DeveloperApp}
	err = s.oauthCommand(ctx, v, purse.Needs{GrantsOf: []purse.GrantsKey{key}}, func(f *purse.Facts) error {
		before, err := f.Grants(key)
		if err != nil {
			return err
		}
		if err := endGrants(f, before); err != nil {
			return err
		}
		return g.grant(f, purse.DeveloperApp)
	})
	if err != nil {
		return Given{}, err
	}
	s.notify(ctx, v.User.ID, "A developer token was made",
		"A developer token was made for your account. Whoever has it can pay with your wallet until it is revoked.")
	return g.given(), nil
}

// AppGrant is all that a person has granted to one app.
type AppGrant struct {
	App    purse.App // without more than its number if that is 0 or purse.DeveloperApp
	Scopes purse.Scopes
	Since  purse.Time // the first time
	Used   purse.Time // about when it was last used; 0: never
	Cap    int64      // what it may pay out in a day, minor units; below 0: any amount
}

// Grants lists what the visitor has granted and not revoked, one line an app.
func (s *Service) Grants(ctx context.Context, v Visitor) ([]AppGrant, error) {
	grants, err := s.Store.GrantsOf(ctx, v.User.ID)
	if err != nil {
		return nil, err
	}
	var ids []purse.AppID
	var numbers []int64
	for i, g := range grants { // by app
		if (i == 0 || grants[i-1].App != g.App) && g.App > 0 {
			ids, numbers = append(ids, g.App), append(numbers, int64(g.App))
		}
	}
	apps, err := s.Store.Apps(ctx, ids...)
	if err != nil {
		return nil, err
	}
	caps, err := s.Store.Allowances(ctx, v.User.Book, v.User.ID, numbers...)
	if err != nil {
		return nil, err
	}
	var list []AppGrant
	for _, g := range grants {
		app, known := apps[g.App]
		if !known {
			app = purse.App{ID: g.App, DayCap: purse.AppsOwnCap}
		}
		if app.Closed != 0 {
			continue
		}
		if len(list) == 0 || list[len(list)-1].App.ID != g.App {
			list = append(list, AppGrant{App: app, Since: g.Created, Cap: app.DayCap})
			if a, changed := caps[int64(g.App)]; changed && a.Cap != purse.AppsOwnCap {
				list[len(list)-1].Cap = a.Cap
			}
		}
		list[len(list)-1].add(g)
	}
	return list, nil
}

// add makes one more grant part of the line of its app.
func (a *AppGrant) add(g purse.Grant) {
	var scopes []byte
	for _, one := range purse.AllScopes {
		if a.Scopes.Has(one) || g.Scopes.Has(one) {
			scopes = append(append(scopes, one...), ' ')
		}
	}
	a.Scopes = purse.Scopes(scopes[:max(0, len(scopes)-1)])
	a.Since, a.Used = min(a.Since, g.Created), max(a.Used, g.Used)
}
