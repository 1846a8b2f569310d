// Package secret draws what nobody can guess.
package secret

import (
	"crypto/rand"
	"encoding/base64"
)

// Link draws the secret at the end of a page's address: 256 bits, in 43 characters of
// base64url. It is kept as it is, because answers about what the page shows hold it;
// whoever has it sees who asks for how much, and must sign in to pay.
func Link() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails; see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}
