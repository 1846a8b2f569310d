package identity

import (
	"context"
	"slices"
	"strings"

	"purse"
)

// AppSignIn is a name and a password that somebody has typed into an app, as apps
// did before there was OAuth (wire.md A.8). What it gives is a token of the app
// purse.SignInApp.
type AppSignIn struct {
	Name     string
	Password string
	Device   string // what the app calls the device; one that is trusted is not asked for a second factor
}

var errNoAppSignIn = purse.Refuse(purse.CodeGrantType, "Signing in with a password is not offered to apps here.")

// SignInApp lets an app in with a name and a password, or gives a ticket for
// SignInAppSecond: where the person has an authenticator app or a verified phone and
// the device is not trusted. Whoever has a passkey, and no authenticator app, cannot
// sign in so: a passkey is there so that no password is enough.
//
// Refused with CodeGrantType where the network does not offer it, and as SignIn.
func (s *Service) SignInApp(ctx context.Context, req AppSignIn, from From) (given Given, second purse.Secret, err error) {
	if !s.AppSignIns {
		return Given{}, "", errNoAppSignIn
	}
	name := called(req.Name)
	try, err := s.attempt(guessSignIn, name.key, &from)
	if err != nil {
		return Given{}, "", err
	}
	if given, second, err = s.signInApp(ctx, name, req); err != nil {
		return Given{}, "", try.outcome(err)
	}
	try.succeeded()
	if second == "" {
		s.tellOfAppSignIn(ctx, given.User.ID)
	}
	return given, second, nil
}

func (s *Service) signInApp(ctx context.Context, name calling, req AppSignIn) (Given, purse.Secret, error) {
	known, err := s.knows(ctx, name, req.Password)
	if err != nil {
		return Given{}, "", err
	}
	u, err := s.User(ctx, known.Person)
	if err != nil {
		return Given{}, "", err
	}
	g, err := s.gift(ctx, u, purse.SignInApp, purse.EveryScope(), accessLife)
	if err != nil {
		return Given{}, "", err
	}
	g.refresh = newSecret(refreshPrefix)
	second, hash := newSecret(ticketPrefix), s.renewed(ctx, known.Password, req.Password)
	ticket, _ := hashSecret(ticketPrefix, second)
	asked := false
	err = s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory,
		Needs: purse.Needs{
			Users: []purse.UserID{u.ID}, Credentials: []purse.UserID{u.ID}, ContactsOf: []purse.UserID{u.ID},
			GrantsOf: []purse.GrantsKey{{Person: u.ID, App: purse.SignInApp}},
		},
		Decide: func(f *purse.Facts) error {
			u, c, err := guarded(f, u.ID)
			if err != nil {
				return err
			}
			if u.Closed != 0 || c.Password != known.Password || hasPasskeys(c) && c.Confirmed == 0 {
				return errCredentials
			}
			if c.Password = hash; hash != known.Password {
				f.Put(c)
			}
			contacts, err := f.Contacts(u.ID)
			if err != nil {
				return err
			}
			hasSecond := c.Confirmed != 0 || purse.Verified(contacts, purse.Phone).Text != ""
			if asked = hasSecond && !trusts(c, req.Device); asked {
				f.Put(purse.Ticket{
					Hash: purse.TicketHash(ticket), Kind: purse.TicketSecond, Person: u.ID, App: purse.SignInApp, Detail: mark(c), Expires: f.Now.Add(secondLife),
				})
				return nil
			}
			return g.grant(f, purse.SignInApp)
		},
	})
	if err != nil {
		return Given{}, "", err
	}
	if asked {
		return Given{}, second, nil
	}
	return g.given(), "", nil
}

// SignInAppSecond goes on with the sign-in of an app, as SignInSecond does.
func (s *Service) SignInAppSecond(ctx context.Context, second purse.Secret, code string, from From) (Given, error) {
	if !s.AppSignIns {
		return Given{}, errNoAppSignIn
	}
	t, err := s.secondTicket(ctx, second)
	if err != nil {
		return Given{}, err
	}
	if t.App != purse.SignInApp {
		return Given{}, errSecond
	}
	try, err := s.attempt(guessSecond, t.Person.String(), &from)
	if err != nil {
		return Given{}, err
	}
	u, err := s.User(ctx, t.Person)
	if err != nil {
		return Given{}, err
	}
	g, err := s.gift(ctx, u, purse.SignInApp, purse.EveryScope(), accessLife)
	if err != nil {
		return Given{}, err
	}
	g.refresh = newSecret(refreshPrefix)
	needs := purse.Needs{GrantsOf: []purse.GrantsKey{{Person: t.Person, App: purse.SignInApp}}}
	err = s.passSecond(ctx, t, code, needs, func(f *purse.Facts, _ purse.User, _ *purse.Credentials) error {
		return g.grant(f, purse.SignInApp)
	})
	if err != nil {
		return Given{}, try.outcome(err)
	}
	try.succeeded()
	s.throttle.forget(guessSMS, t.Person.String())
	s.tellOfAppSignIn(ctx, u.ID)
	return g.given(), nil
}

func (s *Service) tellOfAppSignIn(ctx context.Context, person purse.UserID) {
	s.notify(ctx, person, "An app has signed in", "An app has signed in to your account with your password.")
}

// devicesMax is how many devices are trusted; one more drops the oldest.
const devicesMax = 20

// TrustDevice lets a device of the actor's sign in without a second factor from now
// on. Only whoever signed in with a password from an app can say so.
//
// Refused with CodeMissing or CodeScope, and as Authenticate.
func (s *Service) TrustDevice(ctx context.Context, actor purse.Actor, device string) error {
	if device == "" {
		return purse.Refuse(purse.CodeMissing, "Pass the device-id.")
	}
	if actor.App != purse.SignInApp {
		return purse.Refuse(purse.CodeScope, "Only an app that has signed in with a password can do this.")
	}
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: actor.Principal(),
		Needs: purse.Needs{Credentials: []purse.UserID{actor.User}, Tokens: []purse.TokenHash{actor.Token}},
		Decide: func(f *purse.Facts) error {
			t, err := f.Token(actor.Token)
			if err != nil {
				return err
			}
			if t.Revoked != 0 {
				return t.Valid(f.Now)
			}
			c, err := f.Credentials(actor.User)
			if err != nil {
				return err
			}
			if trusts(c, device) {
				return nil
			}
			devices := append(strings.Fields(c.Devices), hashDevice(actor.User, device))
			c.Devices = strings.Join(devices[max(0, len(devices)-devicesMax):], " ")
			f.Put(c)
			return nil
		},
	})
}

func trusts(c purse.Credentials, device string) bool {
	return device != "" && slices.Contains(strings.Fields(c.Devices), hashDevice(c.Person, device))
}

func hashDevice(person purse.UserID, device string) string {
	return hashText("device " + person.String() + " " + device)
}

func hasPasskeys(c purse.Credentials) bool { return c.Passkeys != "" }
