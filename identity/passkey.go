package identity

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"purse"
)

// Passkey is a key pair of a person, kept by one of their devices or a password
// manager, of which the network has the public half (WebAuthn).
type Passkey struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Added purse.Time `json:"added"`
	Used  purse.Time `json:"used"` // 0: never
}

// storedPasskey is an element of purse.Credentials.Passkeys.
type storedPasskey struct {
	Passkey
	Key webauthn.Credential `json:"key"`
}

// The bounds of passkeys: how many a person may have, and how long one is as JSON,
// an answer of a browser, and a name, in bytes. passkeyLife is how long a browser
// may take.
const (
	PasskeysMax           = 20
	passkeyBytesMax       = 8 << 10
	passkeyAnswerBytesMax = 64 << 10
	passkeyNameMax        = 100
	passkeyLife           = 5 * time.Minute
)

// passkeyUse says what a challenge was given for. One that was given for one use is
// good for no other.
type passkeyUse string

const (
	passkeyAdd    passkeyUse = "add"
	passkeySignIn passkeyUse = "sign-in"
	passkeyProve  passkeyUse = "prove"
)

// passkeyDetail is Ticket.Detail of a challenge.
type passkeyDetail struct {
	Use       passkeyUse           `json:"use"`
	Challenge webauthn.SessionData `json:"challenge"`
}

func readPasskeys(c purse.Credentials) (keys []storedPasskey, err error) {
	if c.Passkeys == "" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(c.Passkeys), &keys)
	return keys, err
}

func writePasskeys(c *purse.Credentials, keys []storedPasskey) error {
	c.Passkeys = ""
	if len(keys) == 0 {
		return nil
	}
	b, err := json.Marshal(keys)
	c.Passkeys = string(b)
	return err
}

// holder is a person as the library wants to see them.
type holder struct {
	user purse.User
	keys []storedPasskey
}

func (h holder) WebAuthnID() []byte          { return []byte(h.user.ID.String()) }
func (h holder) WebAuthnName() string        { return h.user.Username }
func (h holder) WebAuthnDisplayName() string { return h.user.DisplayName() }
func (h holder) WebAuthnCredentials() (all []webauthn.Credential) {
	for _, k := range h.keys {
		all = append(all, k.Key)
	}
	return all
}

// holder reads a person with their passkeys.
func (s *Service) holder(ctx context.Context, u purse.User) (holder, error) {
	c, err := s.credentials(ctx, u.ID)
	if err != nil {
		return holder{}, err
	}
	keys, err := readPasskeys(c)
	return holder{u, keys}, err
}

// PasskeysPossible says whether people can have passkeys here: browsers have them
// for https and for localhost only, and never for an IP address.
func (s *Service) PasskeysPossible() bool {
	_, err := s.relyingParty()
	return err == nil
}

// relyingParty is this network, for the library.
func (s *Service) relyingParty() (*webauthn.WebAuthn, error) {
	impossible := purse.Refuse(purse.CodeInvalid, "There are no passkeys at this network's address.")
	u, err := url.Parse(s.PublicURL)
	if err != nil || protocol.ValidateRPID(u.Hostname()) != nil {
		return nil, impossible
	}
	local := u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost")
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return nil, impossible
	}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: s.name(), RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationPreferred,
		},
		// Some password managers send what nobody has asked for; none of it is read here.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
}

// Passkeys lists a visitor's passkeys, oldest first.
func (s *Service) Passkeys(ctx context.Context, v Visitor) ([]Passkey, error) {
	f, err := s.Factors(ctx, v)
	return f.Passkeys, err
}

// BeginPasskey begins to add a passkey: options are what the page hands to
// navigator.credentials.create, and what that answers belongs to FinishPasskey, with
// the ticket, within passkeyLife.
//
// Refused with CodeProve, CodeInvalid or CodeSignedOut.
func (s *Service) BeginPasskey(ctx context.Context, v Visitor) (options json.RawMessage, ticket purse.Secret, err error) {
	if err := Fresh(v); err != nil {
		return nil, "", err
	}
	party, err := s.relyingParty()
	if err != nil {
		return nil, "", err
	}
	h, err := s.holder(ctx, v.User)
	if err != nil {
		return nil, "", err
	}
	if err := roomForPasskey(h.keys); err != nil {
		return nil, "", err
	}
	creation, challenge, err := party.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, "", err
	}
	return s.challenge(ctx, passkeyAdd, &v, creation, challenge)
}

func roomForPasskey(keys []storedPasskey) error {
	if len(keys) >= PasskeysMax {
		return purse.Refuse(purse.CodeInvalid, "You have %d passkeys. Remove one first.", len(keys))
	}
	return nil
}

// challenge makes the ticket of a challenge. v is nil for one that nobody has asked
// for by name.
func (s *Service) challenge(ctx context.Context, use passkeyUse, v *Visitor, offer any, data *webauthn.SessionData) (json.RawMessage, purse.Secret, error) {
	options, err := json.Marshal(offer)
	if err != nil {
		return nil, "", err
	}
	detail, err := json.Marshal(passkeyDetail{use, *data})
	if err != nil {
		return nil, "", err
	}
	secret := newSecret(ticketPrefix)
	hash, _ := hashSecret(ticketPrefix, secret)
	command := purse.Command{Book: purse.Directory, Principal: strangers}
	t := purse.Ticket{Hash: purse.TicketHash(hash), Kind: purse.TicketPasskey, Detail: string(detail)}
	if v != nil {
		t.Person = v.User.ID
		command.Principal, command.Needs.Sessions = v.Actor.Principal(), []purse.SessionHash{v.Session.Hash}
	}
	command.Decide = func(f *purse.Facts) error {
		if v != nil {
			if err := here(f, *v); err != nil {
				return err
			}
		}
		made := t
		made.Expires = f.Now.Add(passkeyLife)
		f.Put(made)
		return nil
	}
	if err := s.Store.Execute(ctx, command); err != nil {
		return nil, "", err
	}
	return options, secret, nil
}

// challenged reads the challenge of a ticket that was given to person for use.
//
// Refused with CodeCode.
func (s *Service) challenged(ctx context.Context, secret purse.Secret, person purse.UserID, use passkeyUse) (purse.TicketHash, webauthn.SessionData, error) {
	none := purse.Refuse(purse.CodeCode, "This took too long, or was done before. Try again.")
	hash, ok := hashSecret(ticketPrefix, secret)
	if !ok {
		return "", webauthn.SessionData{}, none
	}
	t, now, err := s.Store.Ticket(ctx, purse.TicketHash(hash))
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return "", webauthn.SessionData{}, err
	}
	if err != nil || t.Kind != purse.TicketPasskey || t.Person != person {
		return "", webauthn.SessionData{}, none
	}
	if err := t.Valid(now); err != nil {
		return "", webauthn.SessionData{}, err
	}
	var d passkeyDetail
	if err := json.Unmarshal([]byte(t.Detail), &d); err != nil {
		return "", webauthn.SessionData{}, err
	}
	if d.Use != use {
		return "", webauthn.SessionData{}, none
	}
	return t.Hash, d.Challenge, nil
}

// useTicket uses up a ticket in a command that has asked for it.
func useTicket(f *purse.Facts, hash purse.TicketHash) error {
	t, err := f.Ticket(hash)
	if err != nil {
		return err
	}
	if err := t.Valid(f.Now); err != nil {
		return err
	}
	t.Used = f.Now
	f.Put(t)
	return nil
}

// FinishPasskey adds a passkey: response is what navigator.credentials.create
// answered, as JSON, to the options that BeginPasskey gave with the ticket. An
// empty name is "Passkey".
//
// Refused with CodeProve, CodeCode, CodeInvalid, CodeTaken or CodeSignedOut.
func (s *Service) FinishPasskey(ctx context.Context, v Visitor, ticket purse.Secret, name string, response []byte) error {
	if err := Fresh(v); err != nil {
		return err
	}
	if name = strings.TrimSpace(name); name == "" {
		name = "Passkey"
	}
	if len(name) > passkeyNameMax || !purse.PlainText(name) || strings.ContainsAny(name, "\n\t") {
		return purse.Refuse(purse.CodeInvalid, "A name has at most %d bytes and no control characters.", passkeyNameMax)
	}
	hash, key, err := s.attested(ctx, v, ticket, response)
	if err != nil {
		return err
	}
	err = s.guard(ctx, v, purse.Needs{Tickets: []purse.TicketHash{hash}}, func(f *purse.Facts, c *purse.Credentials) error {
		if err := useTicket(f, hash); err != nil {
			return err
		}
		keys, err := readPasskeys(*c)
		if err != nil {
			return err
		}
		if err := roomForPasskey(keys); err != nil {
			return err
		}
		if slices.ContainsFunc(keys, func(k storedPasskey) bool { return string(k.Key.ID) == string(key.ID) }) {
			return purse.Refuse(purse.CodeTaken, "You have this passkey already.")
		}
		made := Passkey{ID: strconv.FormatInt(f.NextID(), 10), Name: name, Added: f.Now}
		return writePasskeys(c, append(keys, storedPasskey{made, key}))
	})
	if err != nil {
		return err
	}
	s.notify(ctx, v.User.ID, "A passkey was added",
		"The passkey “"+name+"” was added to your account. It can be used to sign in.")
	return nil
}

// attested verifies a browser's answer that a new passkey was made.
func (s *Service) attested(ctx context.Context, v Visitor, ticket purse.Secret, response []byte) (purse.TicketHash, webauthn.Credential, error) {
	none := webauthn.Credential{}
	party, err := s.relyingParty()
	if err != nil {
		return "", none, err
	}
	hash, challenge, err := s.challenged(ctx, ticket, v.User.ID, passkeyAdd)
	if err != nil {
		return "", none, err
	}
	bad := func(err error) error {
		return &purse.Error{Code: purse.CodeInvalid, Message: "The browser's answer is not that of a new passkey.", Err: err}
	}
	if len(response) > passkeyAnswerBytesMax {
		return "", none, bad(nil)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return "", none, bad(err)
	}
	key, err := party.CreateCredential(holder{user: v.User}, challenge, parsed)
	if err != nil {
		return "", none, bad(err)
	}
	// Nobody will ask which maker's device it is, so what would prove it is not kept.
	key.Attestation = webauthn.CredentialAttestation{}
	if b, err := json.Marshal(key); err != nil || len(b) > passkeyBytesMax {
		return "", none, bad(err)
	}
	return hash, *key, nil
}

// RemovePasskey forgets a passkey.
//
// Refused with CodeProve, CodeNotFound or CodeSignedOut.
func (s *Service) RemovePasskey(ctx context.Context, v Visitor, id string) error {
	if err := Fresh(v); err != nil {
		return err
	}
	var name string
	err := s.guard(ctx, v, purse.Needs{}, func(_ *purse.Facts, c *purse.Credentials) error {
		keys, err := readPasskeys(*c)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(keys, func(k storedPasskey) bool { return k.ID == id })
		if i < 0 {
			return purse.Refuse(purse.CodeNotFound, "There is no such passkey.")
		}
		name = keys[i].Name
		return writePasskeys(c, slices.Delete(keys, i, i+1))
	})
	if err != nil {
		return err
	}
	s.notify(ctx, v.User.ID, "A passkey was removed",
		"The passkey “"+name+"” was removed from your account and can no longer be used to sign in.")
	return nil
}
