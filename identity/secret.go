package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"

	"purse"
)

// A secret is a prefix, 32 random bytes and a CRC-32 of those, in base64url. The
// prefix says what it is for and lets scanners recognise a leaked one; the checksum
// lets a door refuse what was never one without asking the database.
const (
	tokenPrefix   = "purse_at_" // access tokens
	refreshPrefix = "purse_rt_" // refresh tokens
	codePrefix    = "purse_ac_" // authorization codes
	clientPrefix  = "purse_cs_" // apps' secrets
	sessionPrefix = "purse_se_" // sessions, in cookies
	ticketPrefix  = "purse_tk_" // links in mails, and sign-ins that are not complete
	privatePrefix = "purse_sk_" // passwords of merchants' private API keys
	publicPrefix  = "purse_pk_" // and of their public ones
	orderPrefix   = "purse_ok_" // and of those for orders

	orderSecretPrefix = "purse_os_" // what signs callbacks about orders
)

// newSecret draws a secret.
func newSecret(prefix string) purse.Secret {
	b := make([]byte, 32, 36)
	_, _ = rand.Read(b) // never fails; see crypto/rand
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return purse.Secret(prefix + base64.RawURLEncoding.EncodeToString(b))
}

// hashSecret is what is stored of a secret; ok is false for a text that cannot be
// one with this prefix.
func hashSecret(prefix string, secret purse.Secret) (hash string, ok bool) {
	text, found := strings.CutPrefix(string(secret), prefix)
	var b [36]byte
	if !found || len(text) != base64.RawURLEncoding.EncodedLen(len(b)) {
		return "", false
	}
	// The decoder skips line ends, so a text of the right length may still be short.
	if n, err := base64.RawURLEncoding.Decode(b[:], []byte(text)); err != nil || n != len(b) {
		return "", false
	}
	if crc32.ChecksumIEEE(b[:32]) != binary.BigEndian.Uint32(b[32:]) {
		return "", false
	}
	return hashText(string(secret)), true
}

// hashText is the SHA-256 of a text, as 43 characters of unpadded base64url.
func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
