package identity

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"slices"
	"strings"

	"purse"
)

// TokenExchange is an authorization code that an app wants a token for.
type TokenExchange struct {
	Client      ClientAuth
	Code        purse.Secret
	RedirectURI string // empty: the one that the code was sent to
	Verifier    string // of PKCE
}

var errCode = purse.Refuse(purse.CodeGrant, "This is not an authorization code.")

// Exchange gives an app a token for an authorization code, and a refresh token
// with it. A code is good once, for ten minutes. Whoever comes with it a second
// time ends what it gave the first time, because one of the two has stolen it. A
// code that is refused for another reason is not used up.
//
// Refused with CodeMissing, CodeClient, CodeClientSecret, CodeGrant,
// CodeGrantClient, CodeGrantUsed or CodeGrantExpired.
func (s *Service) Exchange(ctx context.Context, x TokenExchange) (Given, error) {
	app, err := s.client(ctx, x.Client)
	if err != nil {
		return Given{}, err
	}
	ticket, err := s.ticket(ctx, codePrefix, x.Code, purse.TicketCode, errCode)
	if err != nil {
		return Given{}, err
	}
	u, err := s.User(ctx, ticket.Person)
	if err != nil {
		return Given{}, err
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
			Apps: []purse.AppID{app.ID}, Users: []purse.UserID{u.ID},
			Tickets:  []purse.TicketHash{ticket.Hash, codesOf(u.ID, 0), codesOf(u.ID, app.ID)},
			GrantsOf: []purse.GrantsKey{{Person: u.ID, App: app.ID}},
		},
		Decide: func(f *purse.Facts) (err error) {
			used, err = x.decide(f, ticket.Hash, app.ID, g)
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

// decide carries out an exchange. used is the answer to a code that was used before:
// it is no error, because what the code gave must end.
func (x TokenExchange) decide(f *purse.Facts, hash purse.TicketHash, client purse.AppID, g *gift) (used, err error) {
	app, err := f.App(client)
	if err != nil {
		return nil, err
	}
	if err := x.Client.check(app); err != nil {
		return nil, err
	}
	t, err := f.Ticket(hash)
	switch {
	case err != nil:
		return nil, absent(err, errCode)
	case t.App != app.ID:
		return nil, purse.Refuse(purse.CodeGrantClient, "This authorization code is another app's.")
	case t.Used != 0:
		return purse.Refuse(purse.CodeGrantUsed, "This authorization code was used before. What it gave is revoked."), endGrant(f, t.Gave)
	case f.Now >= t.Expires:
		return nil, purse.Refuse(purse.CodeGrantExpired, "This authorization code has expired.")
	}
	var d codeDetail
	if err := json.Unmarshal([]byte(t.Detail), &d); err != nil {
		return nil, err
	}
	if err := x.fits(d); err != nil {
		return nil, err
	}
	u, err := f.User(t.Person)
	if err != nil {
		return nil, err
	}
	if u.Closed != 0 {
		return nil, errCode
	}
	if err := stopped(f, t); err != nil {
		return nil, err
	}
	g.scopes = d.Scopes
	if err := g.grant(f, app.ID); err != nil {
		return nil, err
	}
	t.Used, t.Gave = f.Now, g.made.Grant
	f.Put(t)
	return nil, nil
}

// fits compares what an app says at the exchange with what it said before.
func (x TokenExchange) fits(d codeDetail) error {
	if x.RedirectURI != "" && !sentTo(d.RedirectURI, x.RedirectURI) {
		return purse.Refuse(purse.CodeGrant, "The redirect_uri is not the one that the code was sent to.")
	}
	switch {
	case d.Challenge == "" && x.Verifier != "":
		// Whoever sends one has sent a challenge too, which somebody took away.
		return purse.Refuse(purse.CodeGrant, "There is a code_verifier, but there was no code_challenge.")
	case d.Challenge != "" && !verifies(x.Verifier, d.Challenge):
		return purse.Refuse(purse.CodeGrant, "The code_verifier does not belong to the code_challenge.")
	}
	return nil
}

// ours are the parameters that Allow has appended.
var ours = []string{"code", "state", issuerParam}

// sentTo says whether uri is redirect, or that with what we have appended and nothing
// else: a common library sends the whole URL that it was called with (wire.md D.1).
func sentTo(redirect, uri string) bool {
	for uri != redirect {
		at := strings.LastIndexAny(uri, "?&")
		if at < 0 || !slices.Contains(ours, parameterName(uri[at+1:])) {
			return false
		}
		if uri[:at+1] == redirect { // which ended like that
			return true
		}
		uri = uri[:at]
	}
	return true
}

func parameterName(parameter string) string {
	name, _, _ := strings.Cut(parameter, "=")
	return name
}

// verifies compares a PKCE verifier with its challenge.
func verifies(verifier, challenge string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	for _, r := range verifier {
		if !isURLSafe(r) && r != '.' && r != '~' {
			return false
		}
	}
	return subtle.ConstantTimeCompare([]byte(hashText(verifier)), []byte(challenge)) == 1
}

// ticket reads the ticket of a secret, to name the rows that a command needs.
func (s *Service) ticket(ctx context.Context, prefix string, secret purse.Secret, kind purse.TicketKind, none error) (purse.Ticket, error) {
	hash, ok := hashSecret(prefix, secret)
	if !ok {
		return purse.Ticket{}, none
	}
	t, _, err := s.Store.Ticket(ctx, purse.TicketHash(hash))
	if err != nil {
		return purse.Ticket{}, absent(err, none)
	}
	if t.Kind != kind {
		return purse.Ticket{}, none
	}
	return t, nil
}

// absent is none for what is not there.
func absent(err, none error) error {
	if purse.CodeOf(err) == purse.CodeNotFound {
		return none
	}
	return err
}
