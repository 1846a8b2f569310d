package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"purse"
)

func TestTokenFormat(t *testing.T) {
	form := regexp.MustCompile(`^purse_at_[A-Za-z0-9_-]{48}$`)
	seen := map[purse.Secret]bool{}
	for range 100 {
		token := newToken()
		if !form.MatchString(string(token)) || seen[token] {
			t.Fatalf("token %q", string(token))
		}
		seen[token] = true
		hash, ok := hashToken(token)
		sum := sha256.Sum256([]byte(token))
		if !ok || string(hash) != base64.RawURLEncoding.EncodeToString(sum[:]) {
			t.Fatalf("hash %q, %v", hash, ok)
		}
		if strings.Contains(fmt.Sprintf("%v %+v", NewToken{Secret: token}, &NewToken{Secret: token}), string(token)) {
			t.Fatal("the token is printed")
		}
	}
}

func TestChecksumCatchesEveryChangedCharacter(t *testing.T) {
	const others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\r\t\x00\xff"
	token := []byte(newToken())
	for i := range token {
		kept := token[i]
		for _, c := range []byte(others) {
			if token[i] = c; c == kept {
				continue
			}
			if _, ok := hashToken(purse.Secret(token)); ok {
				t.Errorf("character %d changed from %q to %q is not noticed", i, kept, c)
			}
		}
		token[i] = kept
	}
	if _, ok := hashToken(purse.Secret(token)); !ok {
		t.Error("the token itself is not one")
	}
}

func TestWhatCannotBeAToken(t *testing.T) {
	good := string(newToken())
	// A missing last byte must not pass for one that is zero.
	zero := newToken()
	for lastByte(zero) != 0 {
		zero = newToken()
	}
	for name, text := range map[string]string{
		"empty": "", "prefix only": tokenPrefix, "cut": good[:len(good)-1], "longer": good + "A", "no prefix": good[len(tokenPrefix):],
		"other prefix": "purse_rt_" + good[len(tokenPrefix):], "upper case prefix": strings.ToUpper(tokenPrefix) + good[len(tokenPrefix):],
		"padded": good + "=", "space before": " " + good, "newline after": good + "\n",
		"newline for the last": good[:len(good)-1] + "\n", "newline for a last zero": string(zero)[:len(zero)-1] + "\n", "twice": good + good,
		"swapped": good[:20] + good[21:22] + good[20:21] + good[22:],
	} {
		if name == "swapped" && text == good {
			continue // two equal neighbours
		}
		if _, ok := hashToken(purse.Secret(text)); ok {
			t.Errorf("%s passes for a token", name)
		}
	}
}

// lastByte is the last of the checksum.
func lastByte(token purse.Secret) byte {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(string(token), tokenPrefix))
	if err != nil {
		panic(err)
	}
	return b[len(b)-1]
}

func TestCacheForgetsRatherThanGrows(t *testing.T) {
	var c cache[purse.TokenHash, purse.Actor]
	for i := range KnownMax + 100 {
		c.put(purse.TokenHash(fmt.Sprint(i)), purse.Actor{})
	}
	if len(c.whose) != KnownMax {
		t.Errorf("%d tokens are remembered", len(c.whose))
	}
	if _, ok := c.get(purse.TokenHash(fmt.Sprint(KnownMax + 99))); !ok {
		t.Error("the latest was forgotten")
	}
}

func FuzzHashToken(f *testing.F) {
	good := string(newToken())
	for _, s := range []string{"", tokenPrefix, good, good[1:], good + "\n", good[:len(good)-1] + "\n", strings.Repeat("A", 57)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		hash, ok := hashToken(purse.Secret(s))
		if !ok {
			if hash != "" {
				t.Errorf("%q is no token, and has the hash %q", s, hash)
			}
			return
		}
		b, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(s, tokenPrefix))
		if err != nil || len(b) != 36 || len(hash) != 43 {
			t.Errorf("%q passes for a token", s)
		}
		again, _ := hashToken(purse.Secret(tokenPrefix + base64.RawURLEncoding.EncodeToString(b)))
		if again != hash {
			t.Errorf("%q is one of two texts of a token", s)
		}
	})
}
