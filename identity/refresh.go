package identity

import (
	"context"

	"purse"
)

// TokenRefresh is a refresh token that an app wants another access token for.
type TokenRefresh struct {
	Client  ClientAuth
	Refresh purse.Secret
	Scope   string // fewer scopes than were granted, as the app wrote them; empty: all
}

var errRefresh = purse.Refuse(purse.CodeRefresh, "This refresh token is not good. Ask for authorization again.")

// Refresh gives an app another access token and another refresh token for a refresh
// token; the old ones are good no longer. Whoever comes with a refresh token a
// second time ends its whole grant, because one of the two has stolen it. So an app
// that refreshes twice at once has to ask the person again, and every app has to a
// year after it was let in.
//
// Refused with CodeMissing, CodeClient, CodeClientSecret, CodeRefresh or
// CodeBadScope.
func (s *Service) Refresh(ctx context.Context, r TokenRefresh) (Given, error) {
	app, err := s.client(ctx, r.Client)
	if err != nil {
		return Given{}, err
	}
	ticket, err := s.ticket(ctx, refreshPrefix, r.Refresh, purse.TicketRefresh, errRefresh)
	if err != nil {
		return Given{}, err
	}
	u, err := s.User(ctx, ticket.Person)
	if err != nil {
		return Given{}, err
	}
	before, err := s.Store.Grant(ctx, ticket.Gave)
	if err != nil {
		return Given{}, absent(err, errRefresh)
	}
	g, err := s.gift(ctx, u, app.ID, "", accessLife)
	if err != nil {
		return Given{}, err
	}
	g.refresh = newSecret(refreshPrefix)
	var used error
	err = s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: purse.Principal{ID: int64(u.ID), App: app.ID},
		Needs: purse.Needs{
			Apps: []purse.AppID{app.ID}, Tickets: []purse.TicketHash{ticket.Hash}, Users: []purse.UserID{u.ID},
			Grants: []purse.GrantID{before.ID}, Tokens: []purse.TokenHash{before.Access},
		},
		Decide: func(f *purse.Facts) (err error) {
			used, err = r.decide(f, ticket.Hash, app.ID, g)
			return err
		},
	})
	if err == nil {
		err = used
	}
	if err != nil {
		return Given{}, err
	}
	return g.given(), nil
}

// decide carries out a refresh. used is as in TokenExchange.decide.
func (r TokenRefresh) decide(f *purse.Facts, hash purse.TicketHash, client purse.AppID, g *gift) (used, err error) {
	app, err := f.App(client)
	if err != nil {
		return nil, err
	}
	if err := r.Client.check(app); err != nil {
		return nil, err
	}
	t, err := f.Ticket(hash)
	switch {
	case err != nil:
		return nil, absent(err, errRefresh)
	case t.App != app.ID:
		return nil, errRefresh
	case t.Used != 0:
		return errRefresh, endGrant(f, t.Gave)
	}
	grant, err := f.Grant(t.Gave)
	if err != nil {
		return nil, absent(err, errRefresh)
	}
	u, err := f.User(t.Person)
	if err != nil {
		return nil, err
	}
	if f.Now >= t.Expires || grant.Revoked != 0 || u.Closed != 0 {
		return nil, errRefresh
	}
	if g.scopes, err = narrowed(grant.Scopes, r.Scope); err != nil {
		return nil, err
	}
	if err := endToken(f, grant.Access); err != nil {
		return nil, err
	}
	t.Used, grant.Used = f.Now, f.Now
	f.Put(t)
	g.give(f, &grant)
	f.Put(grant)
	return nil, nil
}

// narrowed are those of the granted scopes that are asked for.
func narrowed(granted purse.Scopes, asked string) (purse.Scopes, error) {
	if asked == "" {
		return granted, nil
	}
	scopes, err := purse.ParseScopes(asked)
	if err != nil {
		return "", purse.Refuse(purse.CodeBadScope, "A scope does not exist.")
	}
	for _, one := range purse.AllScopes {
		if scopes.Has(one) && !granted.Has(one) {
			return "", purse.Refuse(purse.CodeBadScope, "The scope %s was not granted.", one)
		}
	}
	return scopes, nil
}
