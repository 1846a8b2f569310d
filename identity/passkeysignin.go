package identity

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"purse"
)

// strangers is the waiting place of all who begin to sign in: however many they are,
// they leave the others' alone.
var strangers = purse.Principal{ID: -1}

// BeginPasskeySignIn begins to sign somebody in with a passkey; the browser asks
// who. options are what the page hands to navigator.credentials.get, and what that
// answers belongs to FinishPasskeySignIn, with the ticket, within passkeyLife.
//
// Refused with CodeInvalid.
func (s *Service) BeginPasskeySignIn(ctx context.Context) (options json.RawMessage, ticket purse.Secret, err error) {
	party, err := s.relyingParty()
	if err != nil {
		return nil, "", err
	}
	assertion, challenge, err := party.BeginDiscoverableLogin()
	if err != nil {
		return nil, "", err
	}
	return s.challenge(ctx, passkeySignIn, nil, assertion, challenge)
}

// FinishPasskeySignIn signs somebody in: response is what navigator.credentials.get
// answered, as JSON. No second factor is asked for, as the device has verified its
// user; where it has not, the passkey alone is not enough for those who have a
// second factor.
//
// Refused with CodeCode, CodeCredentials, CodeSecond or CodeInvalid.
func (s *Service) FinishPasskeySignIn(ctx context.Context, ticket purse.Secret, response []byte, from From) (SignedIn, error) {
	a, err := s.asserted(ctx, ticket, response, 0, passkeySignIn)
	if err != nil {
		return SignedIn{}, err
	}
	secret := newSecret(sessionPrefix)
	var in SignedIn
	err = s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: purse.Principal{ID: int64(a.person)},
		Needs: purse.Needs{
			Tickets: []purse.TicketHash{a.ticket}, Users: []purse.UserID{a.person},
			Credentials: []purse.UserID{a.person}, SessionsOf: []purse.UserID{a.person},
		},
		Decide: func(f *purse.Facts) error {
			u, err := f.User(a.person)
			if err != nil {
				return err
			}
			if u.Closed != 0 {
				return badPasskey(nil)
			}
			c, err := f.Credentials(a.person)
			if err != nil {
				return err
			}
			if err := a.accept(f, &c); err != nil {
				return err
			}
			f.Put(c)
			in, err = openSession(f, u, secret, from)
			return err
		},
	})
	if err != nil {
		return SignedIn{}, err
	}
	s.tellOfSignIn(ctx, in, from)
	return in, nil
}

// BeginPasskeyProof begins to prove with a passkey who a visitor is; see Prove.
// What it gives is used as that of BeginPasskeySignIn, with FinishPasskeyProof.
//
// Refused with CodeInvalid or CodeSignedOut.
func (s *Service) BeginPasskeyProof(ctx context.Context, v Visitor) (options json.RawMessage, ticket purse.Secret, err error) {
	party, err := s.relyingParty()
	if err != nil {
		return nil, "", err
	}
	h, err := s.holder(ctx, v.User)
	if err != nil {
		return nil, "", err
	}
	if len(h.keys) == 0 {
		return nil, "", purse.Refuse(purse.CodeInvalid, "You have no passkey.")
	}
	assertion, challenge, err := party.BeginLogin(h)
	if err != nil {
		return nil, "", err
	}
	return s.challenge(ctx, passkeyProve, &v, assertion, challenge)
}

// FinishPasskeyProof notes that a visitor has proved with a passkey who they are.
//
// Refused with CodeCode, CodeCredentials, CodeSecond, CodeInvalid or CodeSignedOut.
func (s *Service) FinishPasskeyProof(ctx context.Context, v Visitor, ticket purse.Secret, response []byte) error {
	a, err := s.asserted(ctx, ticket, response, v.User.ID, passkeyProve)
	if err != nil {
		return err
	}
	return s.guard(ctx, v, purse.Needs{Tickets: []purse.TicketHash{a.ticket}}, func(f *purse.Facts, c *purse.Credentials) error {
		if err := a.accept(f, c); err != nil {
			return err
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

// assertion is a use of a passkey whose signature was verified against credentials
// that were read before the command.
type assertion struct {
	ticket   purse.TicketHash
	person   purse.UserID
	count    uint32              // the key's signature counter as it was then
	key      webauthn.Credential // as it is to be stored
	verified bool                // the device has verified its user
}

// badPasskey says the same of every answer that is not good, so that nobody learns
// whose passkeys there are.
func badPasskey(err error) error {
	return &purse.Error{Code: purse.CodeCredentials, Message: "This passkey does not belong to an account here.", Err: err}
}

// asserted verifies a browser's answer to the challenge of a ticket that was given
// to person for use.
//
// Refused with CodeCode, CodeCredentials or CodeInvalid.
func (s *Service) asserted(ctx context.Context, ticket purse.Secret, response []byte, person purse.UserID, use passkeyUse) (assertion, error) {
	party, err := s.relyingParty()
	if err != nil {
		return assertion{}, err
	}
	hash, challenge, err := s.challenged(ctx, ticket, person, use)
	if err != nil {
		return assertion{}, err
	}
	if len(response) > passkeyAnswerBytesMax {
		return assertion{}, badPasskey(nil)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return assertion{}, badPasskey(err)
	}
	if person == 0 {
		// The user handle is the number of a person; see holder.WebAuthnID.
		number, err := strconv.ParseInt(string(parsed.Response.UserHandle), 10, 64)
		if err != nil || number <= 0 {
			return assertion{}, badPasskey(err)
		}
		person = purse.UserID(number)
	}
	u, err := s.User(ctx, person)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return assertion{}, badPasskey(err)
	}
	if err != nil {
		return assertion{}, err
	}
	h, err := s.holder(ctx, u)
	if err != nil {
		return assertion{}, err
	}
	var key *webauthn.Credential
	if use == passkeySignIn {
		_, key, err = party.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return h, nil }, challenge, parsed)
	} else {
		key, err = party.ValidateLogin(h, challenge, parsed)
	}
	if err != nil {
		return assertion{}, badPasskey(err)
	}
	if key.Authenticator.CloneWarning {
		// Only who has the private key gets so far: there are two copies of it.
		s.notify(ctx, person, "A passkey was refused",
			"One of your passkeys was used in a way that points to a second copy of it, and was refused. Remove it if it goes on.")
		return assertion{}, badPasskey(nil)
	}
	a := assertion{ticket: hash, person: person, key: *key, verified: parsed.Response.AuthenticatorData.Flags.HasUserVerified()}
	for _, k := range h.keys {
		if string(k.Key.ID) == string(key.ID) {
			a.count = k.Key.Authenticator.SignCount
		}
	}
	return a, nil
}

// accept takes an assertion in a command: the ticket is used up, and the passkey is
// still there and as it was when the signature was verified. c is the credentials
// as they are now.
func (a assertion) accept(f *purse.Facts, c *purse.Credentials) error {
	if err := useTicket(f, a.ticket); err != nil {
		return err
	}
	keys, err := readPasskeys(*c)
	if err != nil {
		return err
	}
	for i, k := range keys {
		if string(k.Key.ID) != string(a.key.ID) || string(k.Key.PublicKey) != string(a.key.PublicKey) {
			continue
		}
		if k.Key.Authenticator.SignCount != a.count {
			return badPasskey(nil)
		}
		if !a.verified && c.Confirmed != 0 {
			return purse.Refuse(purse.CodeSecond, "Your device did not ask who you are. Use your password and a code.")
		}
		keys[i].Key, keys[i].Used = a.key, f.Now
		return writePasskeys(c, keys)
	}
	return badPasskey(nil)
}
