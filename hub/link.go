package hub

import (
	"crypto/rand"
	"encoding/base64"
)

// newLink draws the secret of a page on which a consumer is asked: 256 bits. It is
// kept as it is, because every answer about the handle shows it; whoever has it
// sees who asks for how much, and must sign in to agree.
func newLink() string {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		panic(err) // the system gives no random numbers: nothing may go on
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
