package identity

import (
	"crypto/rand"
	"slices"
	"strings"

	"purse"
)

// Recovery codes stand in for an authenticator app that was lost. There are
// recoveryCodes of them; each has recoveryChars characters of 5 bits each, because
// their plain hashes must be beyond guessing for who has a copy of the database.
const (
	recoveryCodes = 10
	recoveryChars = 16
	recoveryGroup = 4
)

// recoveryAlphabet is Crockford's: without i, l, o and u.
const recoveryAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// newRecoveryCodes draws codes, and hashes them for whom they are.
func newRecoveryCodes(person purse.UserID) (codes []string, hashes string) {
	var kept []string
	for range recoveryCodes {
		b := make([]byte, recoveryChars)
		_, _ = rand.Read(b) // never fails; see crypto/rand
		var code strings.Builder
		for i, x := range b {
			if i > 0 && i%recoveryGroup == 0 {
				code.WriteByte('-')
			}
			code.WriteByte(recoveryAlphabet[int(x)%len(recoveryAlphabet)]) // 32 characters: each as likely
		}
		codes = append(codes, code.String())
		kept = append(kept, hashRecovery(person, code.String()))
	}
	return codes, strings.Join(kept, " ")
}

// recoveryFolds are what people may make of a code when they copy it.
var recoveryFolds = strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1")

// hashRecovery is what is kept of a recovery code. The person is in it, so that one
// guess is good for one person.
func hashRecovery(person purse.UserID, code string) string {
	return hashText("recovery " + person.String() + " " + recoveryFolds.Replace(strings.ToLower(code)))
}

// useRecovery uses up a recovery code of c; false: it is none.
func useRecovery(c *purse.Credentials, code string) bool {
	left := strings.Fields(c.Recovery)
	i := slices.Index(left, hashRecovery(c.Person, code))
	if i < 0 {
		return false
	}
	c.Recovery = strings.Join(slices.Delete(left, i, i+1), " ")
	return true
}
