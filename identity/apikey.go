package identity

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"

	"purse"
	"purse/policy"
)

// An API key's username says what it is for: merchant-<mode>- and 16 random letters
// and digits, with -public at the end of a public one and -order of one for orders. The
// mode is live or test. A network makes keys of its own mode only, so one of the other
// mode never exists in it, and a test key that was put into a live shop by mistake is
// refused like any other name that nobody has.
const (
	keyNamePrefix = "merchant-"
	publicSuffix  = "-public"
	orderSuffix   = "-order"
	keyNameRandom = 16 // letters and digits
)

// keyModes is how usernames write the mode of a network.
var keyModes = map[purse.Mode]string{purse.Live: "live", purse.Sandbox: "test"}

// passwordPrefixes are those of the keys' passwords.
var passwordPrefixes = map[purse.KeyKind]string{
	purse.PrivateKey: privatePrefix, purse.PublicKey: publicPrefix, purse.OrderKind: orderPrefix,
}

// keySuffixes are the ends of their usernames.
var keySuffixes = map[purse.KeyKind]string{purse.PrivateKey: "", purse.PublicKey: publicSuffix, purse.OrderKind: orderSuffix}

// keyNameAlphabet is that of base32, in small letters.
const keyNameAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

// NewKey is an API key that was made. The password and the secret are shown this once.
type NewKey struct {
	purse.APIKey
	Password purse.Secret
	Secret   purse.Secret // of one for orders: what signs callbacks; else empty
}

// newKey draws a key for a network of a mode. Whose it is is not known yet.
func newKey(mode purse.Mode, kind purse.KeyKind) NewKey {
	random := make([]byte, keyNameRandom*5/8)
	_, _ = rand.Read(random) // never fails; see crypto/rand
	name := keyNamePrefix + keyModes[mode] + "-" + base32.NewEncoding(keyNameAlphabet).EncodeToString(random) + keySuffixes[kind]
	password := newSecret(passwordPrefixes[kind])
	hash, _ := hashSecret(passwordPrefixes[kind], password)
	return NewKey{APIKey: purse.APIKey{Username: name, Kind: kind, Hash: hash}, Password: password}
}

// newKeys draws a key of each kind.
//
// Refused with CodeInvalid.
func (s *Service) newKeys(mode purse.Mode, kinds []purse.KeyKind) ([]NewKey, error) {
	var keys []NewKey
	for _, kind := range kinds {
		if passwordPrefixes[kind] == "" {
			return nil, purse.Refuse(purse.CodeInvalid, "An API key is private, public or for orders (order).")
		}
		k := newKey(mode, kind)
		if kind == purse.OrderKind {
			if err := s.addSecret(&k); err != nil {
				return nil, err
			}
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// hashKey is what is stored of a password, and the kind that a username says; ok is
// false if the two cannot be a key. What is asked of the database is then plain text,
// and short.
func hashKey(username string, password purse.Secret) (hash string, kind purse.KeyKind, ok bool) {
	name, kind := username, purse.PrivateKey
	for _, other := range []purse.KeyKind{purse.PublicKey, purse.OrderKind} {
		if rest, ends := strings.CutSuffix(username, keySuffixes[other]); ends {
			name, kind = rest, other
		}
	}
	name, ok = strings.CutPrefix(name, keyNamePrefix)
	mode, random, found := strings.Cut(name, "-")
	if !ok || !found || mode != keyModes[purse.Live] && mode != keyModes[purse.Sandbox] || len(random) != keyNameRandom ||
		strings.Trim(random, keyNameAlphabet) != "" {
		return "", kind, false
	}
	hash, ok = hashSecret(passwordPrefixes[kind], password)
	return hash, kind, ok
}

// shown is a key as it came with a request.
type shown struct {
	username string
	password purse.Secret
	orders   bool // it is shown where orders are made; elsewhere, keys for those are no keys
}

// hash is what is stored of the password; ok is false if this cannot be a key.
func (k shown) hash() (hash string, ok bool) {
	hash, kind, ok := hashKey(k.username, k.password)
	return hash, ok && (kind == purse.OrderKind) == k.orders
}

// RecognizeKey says for which merchant a private or public key acts, for a command,
// which will check the key itself. It reads only the first time.
//
// Refused with CodeNoToken if nothing was given, and with CodeBadKey.
func (s *Service) RecognizeKey(ctx context.Context, username string, password purse.Secret) (purse.Seller, error) {
	return s.recognizeKey(ctx, shown{username: username, password: password})
}

func (s *Service) recognizeKey(ctx context.Context, k shown) (purse.Seller, error) {
	if hash, ok := k.hash(); ok {
		if seller, ok := s.keys.get(k.username); ok {
			if !policy.SameHash(seller.Hash, hash) { // a key's password never changes
				return purse.Seller{}, policy.BadKey()
			}
			return seller, nil
		}
	}
	seller, _, _, err := s.readKey(ctx, k)
	return seller, err
}

// KnownKey names a private key that was recognised before, without reading. The name is
// for counting what is asked with it; see Known.
func (s *Service) KnownKey(username string, password purse.Secret) (string, bool) {
	return s.knownKey(shown{username: username, password: password})
}

func (s *Service) knownKey(k shown) (string, bool) {
	hash, ok := k.hash()
	if !ok {
		return "", false
	}
	seller, ok := s.keys.get(k.username)
	if !ok || !policy.SameHash(seller.Hash, hash) || seller.Kind == purse.PublicKey {
		return "", false
	}
	return k.username, true
}

// AuthenticateKey says for which merchant a private or public key acts and that it is
// valid now, for a read. A merchant that was closed may still look at what it has done.
//
// Refused as RecognizeKey.
func (s *Service) AuthenticateKey(ctx context.Context, username string, password purse.Secret) (purse.Seller, error) {
	return s.authenticateKey(ctx, shown{username: username, password: password})
}

func (s *Service) authenticateKey(ctx context.Context, given shown) (purse.Seller, error) {
	seller, k, now, err := s.readKey(ctx, given)
	if err != nil {
		return purse.Seller{}, err
	}
	if err := k.Valid(now); err != nil {
		return purse.Seller{}, err
	}
	return seller, nil
}

// readKey reads a key and the time of its book.
func (s *Service) readKey(ctx context.Context, given shown) (purse.Seller, purse.APIKey, purse.Time, error) {
	if given.username == "" && given.password == "" {
		return purse.Seller{}, purse.APIKey{}, 0, purse.Refuse(purse.CodeNoToken, "The authentication credentials were not provided.")
	}
	hash, ok := given.hash()
	if !ok {
		return purse.Seller{}, purse.APIKey{}, 0, policy.BadKey()
	}
	k, now, err := s.Store.APIKey(ctx, given.username)
	if err != nil {
		return purse.Seller{}, purse.APIKey{}, 0, absent(err, policy.BadKey())
	}
	if !policy.SameHash(k.Hash, hash) {
		return purse.Seller{}, purse.APIKey{}, 0, policy.BadKey()
	}
	seller := purse.Seller{Book: k.Book, Merchant: k.Merchant, Key: given.username, Hash: hash, Kind: k.Kind}
	s.keys.put(given.username, seller)
	return seller, k, now, nil
}
