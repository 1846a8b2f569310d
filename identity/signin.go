package identity

import (
	"context"
	"strings"
	"time"

	"purse"
)

// SignInRequest is a name and a password.
type SignInRequest struct {
	Name     string // username, or an e-mail address or phone number that was verified
	Password string
}

// secondLife is how long the second factor may take.
const secondLife = 10 * time.Minute

var errCredentials = purse.Refuse(purse.CodeCredentials, "The name or the password is wrong.")

// calling is a name that somebody has typed.
type calling struct {
	username string // folded; empty: it cannot be one
	address  purse.Address
	key      string // what it is throttled as
}

// called reads a name: what has an @ in it is an e-mail address, but for a username
// written as @ann; other names may be both a username and a phone number.
func called(name string) (c calling) {
	name = strings.ToLower(strings.TrimSpace(name))
	if local, found := strings.CutPrefix(name, "@"); found {
		name = local
	} else if strings.Contains(name, "@") {
		c.address, _ = purse.ParseEmail(name)
	} else {
		c.address, _ = purse.ParsePhone(name)
	}
	c.username, _ = purse.Username(name)
	if c.key = c.address.Text; c.key == "" {
		c.key = hashText(name)
	}
	return c
}

// find says whose name it is; 0: nobody's. What is read depends on the name alone,
// not on whether somebody has it. An address comes before a username that looks the
// same: it was verified.
func (s *Service) find(ctx context.Context, c calling) (found purse.UserID, err error) {
	if c.username != "" {
		u, err := s.Store.UserNamed(ctx, c.username)
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return 0, err
		}
		found = u.ID
	}
	if c.address != (purse.Address{}) {
		o, err := s.Store.AddressOwner(ctx, c.address)
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return 0, err
		}
		if o.Owner != 0 {
			found = o.Owner
		}
	}
	return found, nil
}

// SignIn opens a session, or gives a ticket for SignInSecond if a second factor is
// asked for. Whether it is the name or the password that is wrong cannot be told
// from the answer, nor from how long it takes.
//
// Refused with CodeCredentials, CodeRate or CodeBusy.
func (s *Service) SignIn(ctx context.Context, req SignInRequest, from From) (SignedIn, error) {
	name := called(req.Name)
	try, err := s.attempt(guessSignIn, name.key, &from)
	if err != nil {
		return SignedIn{}, err
	}
	in, err := s.signIn(ctx, name, req.Password, from)
	if err != nil {
		return SignedIn{}, try.outcome(err)
	}
	try.succeeded()
	if in.Session != "" {
		s.tellOfSignIn(ctx, in, from)
	}
	return in, nil
}

// knows finds whose name and password these are, with what proves who they are. The
// command that goes on must see that the password is still the same.
//
// Refused with CodeCredentials or CodeBusy.
func (s *Service) knows(ctx context.Context, name calling, password string) (purse.Credentials, error) {
	person, err := s.find(ctx, name)
	if err != nil {
		return purse.Credentials{}, err
	}
	known, err := s.credentials(ctx, person)
	if err != nil {
		return known, err
	}
	same, err := s.isPassword(ctx, known.Password, password)
	if err == nil && !same {
		err = errCredentials
	}
	return known, err
}

func (s *Service) signIn(ctx context.Context, name calling, password string, from From) (SignedIn, error) {
	known, err := s.knows(ctx, name, password)
	if err != nil {
		return SignedIn{}, err
	}
	person, hash := known.Person, s.renewed(ctx, known.Password, password)
	session, second := newSecret(sessionPrefix), newSecret(ticketPrefix)
	ticket, _ := hashSecret(ticketPrefix, second)
	var in SignedIn
	err = s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory,
		Needs: purse.Needs{
			Users: []purse.UserID{person}, Credentials: []purse.UserID{person}, SessionsOf: []purse.UserID{person},
		},
		Decide: func(f *purse.Facts) error {
			u, c, err := guarded(f, person)
			if err != nil {
				return err
			}
			if u.Closed != 0 || c.Password != known.Password {
				return errCredentials
			}
			if c.Password = hash; hash != known.Password {
				f.Put(c)
			}
			if c.Confirmed != 0 {
				f.Put(purse.Ticket{
					Hash: purse.TicketHash(ticket), Kind: purse.TicketSecond, Person: person, Detail: mark(c), Expires: f.Now.Add(secondLife),
				})
				in = SignedIn{User: person, Second: second}
				return nil
			}
			in, err = openSession(f, u, session, from)
			return err
		},
	})
	return in, err
}

// guarded is a person with what guards the account.
func guarded(f *purse.Facts, person purse.UserID) (purse.User, purse.Credentials, error) {
	u, err := f.User(person)
	if err != nil {
		return u, purse.Credentials{}, err
	}
	c, err := orNone(person)(f.Credentials(person))
	return u, c, err
}

// mark is the detail of a ticket that is good only as long as the password stays the
// same.
func mark(c purse.Credentials) string { return `{"password":"` + hashText(c.Password) + `"}` }

// tellOfSignIn sends word of a new session.
func (s *Service) tellOfSignIn(ctx context.Context, in SignedIn, from From) {
	agent := agentOf(from)
	if agent == "" {
		agent = "an unknown browser"
	}
	when := in.Expires.Add(-sessionLife).UTC().Format("2 January 2006 at 15:04 UTC")
	s.notify(ctx, in.User, "A new sign-in", "Somebody has signed in to your account on "+when+" with "+agent+".")
}
