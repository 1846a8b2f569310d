// Package identity is who people are and what lets programs act for them:
// people, how they sign in, apps, and access tokens with scopes. It turns a
// credential into an Actor.
//
// A credential is 256 random bits, shown once, and kept as a hash. Whether it is
// still valid is decided where it matters: a command checks the token inside
// its batch (policy.Authorize), and a read reads it fresh (Authenticate).
package identity

import (
	"context"
	"time"

	"purse"
)

// Service carries out the use cases of people and their credentials.
type Service struct {
	Store   purse.Store
	Courier purse.Courier // nil: no messages are sent
	Vault   *Vault        // nil: there are no one-time codes of authenticator apps, and no keys for orders

	PublicURL string // what links in messages start with, without a slash at the end
	Network   string // how the network calls itself in messages

	AppSignIns bool // apps may sign people in with their password; see SignInApp

	// Claim gives the owner of an address what was paid to it before, as soon as
	// there is one. It may fail in silence: a sweep finds what it has left. nil: only
	// the sweep does it.
	Claim func(context.Context, purse.Address)

	// Later carries out what nobody waits for, in its turn, so that the answer to
	// whoever asked for it cannot tell what came of it. Refused with CodeBusy if too
	// much waits already. nil: it is done at once.
	Later func(func(context.Context) error) error

	Now           func() time.Time // the clock of throttles; nil: it stands still, and what is shut stays shut
	Cost          PasswordCost     // of passwords that are set from now on
	SignUpsAnHour int              // how many accounts may be made from one address; 0: 20

	known    cache[purse.TokenHash, purse.Actor]
	keys     cache[string, purse.Seller] // by username
	hashing  hashing
	throttle throttle
	seen     seen
	sent     sendings
}

// later does what nobody waits for.
func (s *Service) later(ctx context.Context, do func(context.Context) error) error {
	if s.Later == nil {
		return do(ctx)
	}
	return s.Later(do)
}
