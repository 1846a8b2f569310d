package identity

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func TestVault(t *testing.T) {
	key := bytes.Repeat([]byte{7}, VaultKeyBytes)
	vault := func(key []byte) *Vault {
		v, err := NewVault(key)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, short := range [][]byte{nil, key[1:], append(bytes.Clone(key), 7), key[:16]} {
		if v, err := NewVault(short); v != nil || err == nil {
			t.Errorf("a key of %d bytes is taken", len(short))
		}
	}
	v := vault(key)
	for _, plain := range []string{"", "JBSWY3DPEHPK3PXP", strings.Repeat("a", 10_000)} {
		sealed := v.Seal(plain, "totp 1")
		if got, err := vault(bytes.Clone(key)).Open(sealed, "totp 1"); err != nil || got != plain {
			t.Errorf("%q, %v", got, err)
		}
		if plain != "" && strings.Contains(sealed, plain) {
			t.Error("a sealed text can be read")
		}
		if sealed == v.Seal(plain, "totp 1") {
			t.Error("sealed twice alike")
		}
	}
	sealed := v.Seal("seed", "totp 1")
	refused := func(what string, v *Vault, sealed, name string) {
		t.Helper()
		if got, err := v.Open(sealed, name); err == nil || got != "" {
			t.Errorf("%s: opened as %q", what, got)
		}
	}
	refused("other key", vault(bytes.Repeat([]byte{8}, VaultKeyBytes)), sealed, "totp 1")
	refused("other name", v, sealed, "totp 2")
	refused("no name", v, sealed, "")
	refused("nothing", v, "", "totp 1")
	refused("not sealed", v, "seed", "totp 1")
	refused("prefix only", v, sealedPrefix, "totp 1")
	refused("other version", v, "v2."+sealed[len(sealedPrefix):], "totp 1")
	b, err := base64.RawURLEncoding.DecodeString(sealed[len(sealedPrefix):])
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		changed := bytes.Clone(b)
		changed[i] ^= 1
		refused("changed byte", v, sealedPrefix+base64.RawURLEncoding.EncodeToString(changed), "totp 1")
		refused("cut off", v, sealedPrefix+base64.RawURLEncoding.EncodeToString(b[:i]), "totp 1")
	}
}
