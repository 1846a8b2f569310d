// Package identity is who people are and what lets programs act for them:
// people, and access tokens with scopes. It turns a credential into an Actor.
//
// A credential is 256 random bits, shown once, and kept as a hash. Whether it is
// still valid is decided where it matters: a command checks the token inside
// its batch (policy.Authorize), and a read reads it fresh (Authenticate).
package identity

import "purse"

// Service carries out the use cases of people and their credentials.
type Service struct {
	Store purse.Store

	known cache
}
