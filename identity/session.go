package identity

import (
	"context"
	"time"

	"purse"
)

// How long a session is good: at most sessionLife, and sessionIdle since it was
// last used; and how long after proving who they are a person may change what
// guards the account.
const (
	sessionLife = 30 * 24 * time.Hour
	sessionIdle = 7 * 24 * time.Hour
	provedLife  = 15 * time.Minute
)

// From is where a request comes from.
type From struct {
	Remote string // the caller's address
	Agent  string // what the browser calls itself
}

// agentMax is how many bytes of an agent are kept.
const agentMax = 200

// Visitor is a person on this network's own pages.
type Visitor struct {
	Actor   purse.Actor
	User    purse.User
	Session purse.Session
}

// SignedIn is what signing in gives: a session, or a ticket if a second factor is
// needed, to go on with SignInSecond. Either secret is shown this once.
type SignedIn struct {
	User    purse.UserID
	Session purse.Secret
	Second  purse.Secret
	Expires purse.Time // of the session
}

// openSession begins a session, in a command of any book that was asked for the
// person's sessions if there can be any; secret was drawn before it. A person who
// has as many as there may be loses the oldest, and all that expired.
func openSession(f *purse.Facts, u purse.User, secret purse.Secret, from From) (SignedIn, error) {
	open, err := f.Sessions(u.ID)
	if err != nil {
		return SignedIn{}, err
	}
	for i, s := range open {
		if s.Valid(f.Now) != nil || idle(s, f.Now) || i <= len(open)-purse.SessionsMax {
			s.Ended = f.Now
			f.Put(s)
		}
	}
	return addSession(f, u, secret, from), nil
}

// addSession is openSession for somebody who has no sessions yet.
func addSession(f *purse.Facts, u purse.User, secret purse.Secret, from From) SignedIn {
	hash, _ := hashSecret(sessionPrefix, secret)
	s := purse.Session{
		Hash: purse.SessionHash(hash), ID: purse.SessionID(f.NextID()), Person: u.ID, Book: u.Book,
		Seen: f.Now, Proved: f.Now, Agent: agentOf(from), Remote: from.Remote, Expires: f.Now.Add(sessionLife),
	}
	f.Put(s)
	return SignedIn{User: u.ID, Session: secret, Expires: s.Expires}
}

// agentOf is what is kept of what a browser calls itself.
func agentOf(from From) string {
	agent := from.Agent
	if len(agent) > agentMax {
		agent = agent[:agentMax]
	}
	if !purse.PlainText(agent) {
		return ""
	}
	return agent
}

func idle(s purse.Session, now purse.Time) bool { return now >= s.Seen.Add(sessionIdle) }

// Visit says who uses this network's pages with a session, freshly read.
//
// Refused with CodeSignedOut.
func (s *Service) Visit(ctx context.Context, secret purse.Secret) (Visitor, error) {
	out := purse.Refuse(purse.CodeSignedOut, "You are signed out. Sign in again.")
	hash, ok := hashSecret(sessionPrefix, secret)
	if !ok {
		return Visitor{}, out
	}
	session, now, err := s.Store.Session(ctx, purse.SessionHash(hash))
	if purse.CodeOf(err) == purse.CodeNotFound {
		return Visitor{}, out
	}
	if err != nil {
		return Visitor{}, err
	}
	if session.Valid(now) != nil || idle(session, now) {
		return Visitor{}, out
	}
	u, err := s.User(ctx, session.Person)
	if err != nil {
		return Visitor{}, err
	}
	if now >= session.Seen.Add(seenEvery) {
		s.seen.session(session.Hash)
	}
	return Visitor{
		User: u, Session: session,
		Actor: purse.Actor{Book: session.Book, User: u.ID, Session: session.Hash, Scopes: purse.EveryScope(), At: now},
	}, nil
}

// Fresh refuses a visitor who proved too long ago who they are.
//
// Refused with CodeProve.
func Fresh(v Visitor) error {
	if v.Actor.At >= v.Session.Proved.Add(provedLife) {
		return purse.Refuse(purse.CodeProve, "Say once more who you are.")
	}
	return nil
}

// here refuses, inside a command of the directory, a visitor whose session is no
// longer good.
func here(f *purse.Facts, v Visitor) error {
	s, err := f.Session(v.Session.Hash)
	if err != nil {
		return err
	}
	return s.Valid(f.Now)
}
