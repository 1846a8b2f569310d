package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
)

// Vault seals secrets that must be read again, such as the seeds of one-time codes,
// with a key that is kept outside of the database (AES-256-GCM).
type Vault struct{ aead cipher.AEAD }

// VaultKeyBytes is how long the key of a Vault is.
const VaultKeyBytes = 32

// sealedPrefix says how a text was sealed.
const sealedPrefix = "v1."

// NewVault makes a Vault of a key.
func NewVault(key []byte) (*Vault, error) {
	if len(key) != VaultKeyBytes {
		return nil, errors.New("identity: the key has 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Vault{aead}, err
}

// Seal seals a text. name says what it is and whose; only who names it so can open it.
func (v *Vault) Seal(plain, name string) string {
	nonce := make([]byte, v.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails; see crypto/rand
	return sealedPrefix + base64.RawURLEncoding.EncodeToString(v.aead.Seal(nonce, nonce, []byte(plain), []byte(name)))
}

var errSealed = errors.New("identity: a sealed text cannot be opened with this key")

// Open opens a text that was sealed under name.
func (v *Vault) Open(sealed, name string) (string, error) {
	text, ok := strings.CutPrefix(sealed, sealedPrefix)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(b) < v.aead.NonceSize() {
		return "", errSealed
	}
	plain, err := v.aead.Open(nil, b[:v.aead.NonceSize()], b[v.aead.NonceSize():], []byte(name))
	if err != nil {
		return "", errSealed
	}
	return string(plain), nil
}
