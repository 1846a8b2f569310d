package identity

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"

	"purse"
	"purse/policy"
)

// An API key's username says what it is for: merchant-<mode>- and 16 random letters
// and digits, with -public at the end of a public one. The mode is live or test. A
// network makes keys of its own mode only, so one of the other mode never exists in it,
// and a test key that was put into a live shop by mistake is refused like any other
// name that nobody has.
const (
	keyNamePrefix = "merchant-"
	publicSuffix  = "-public"
	keyNameRandom = 16 // letters and digits
)

// keyModes is how usernames write the mode of a network.
var keyModes = map[purse.Mode]string{purse.Live: "live", purse.Sandbox: "test"}

// passwordPrefixes are those of the keys' passwords.
var passwordPrefixes = map[purse.KeyKind]string{purse.PrivateKey: privatePrefix, purse.PublicKey: publicPrefix}

// DefaultOverlap is for how long the keys that others take the place of are usually
// still good.
const DefaultOverlap = 24 * time.Hour

// keyNameAlphabet is that of base32, in small letters.
const keyNameAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

// NewKey is an API key that was made. The password is shown this once.
type NewKey struct {
	purse.APIKey
	Password purse.Secret
}

// newKey draws a key for a network of a mode. Whose it is is not known yet.
func newKey(mode purse.Mode, kind purse.KeyKind) NewKey {
	random := make([]byte, keyNameRandom*5/8)
	_, _ = rand.Read(random) // never fails; see crypto/rand
	name := keyNamePrefix + keyModes[mode] + "-" + base32.NewEncoding(keyNameAlphabet).EncodeToString(random)
	if kind == purse.PublicKey {
		name += publicSuffix
	}
	password := newSecret(passwordPrefixes[kind])
	hash, _ := hashSecret(passwordPrefixes[kind], password)
	return NewKey{purse.APIKey{Username: name, Kind: kind, Hash: hash}, password}
}

// newKeys draws a key of each kind; a private and a public one if none is named.
//
// Refused with CodeInvalid.
func newKeys(mode purse.Mode, kinds ...purse.KeyKind) ([]NewKey, error) {
	if len(kinds) == 0 {
		kinds = []purse.KeyKind{purse.PrivateKey, purse.PublicKey}
	}
	var keys []NewKey
	for _, kind := range kinds {
		if passwordPrefixes[kind] == "" {
			return nil, purse.Refuse(purse.CodeInvalid, "An API key is private or public.")
		}
		keys = append(keys, newKey(mode, kind))
	}
	return keys, nil
}

// giveKeys makes keys a merchant's, from now on.
func giveKeys(f *purse.Facts, keys []NewKey, m purse.Merchant, now purse.Time) []NewKey {
	given := make([]NewKey, len(keys)) // Decide may run again
	for i, k := range keys {
		k.Merchant, k.Book, k.Created = m.ID, m.Book, now
		f.Put(k.APIKey)
		given[i] = k
	}
	return given
}

// hashKey is what is stored of a password; ok is false if the two cannot be a key.
// What is asked of the database is then plain text, and short.
func hashKey(username string, password purse.Secret) (hash string, ok bool) {
	name, public := strings.CutSuffix(username, publicSuffix)
	kind := purse.PrivateKey
	if public {
		kind = purse.PublicKey
	}
	name, ok = strings.CutPrefix(name, keyNamePrefix)
	mode, random, found := strings.Cut(name, "-")
	if !ok || !found || mode != keyModes[purse.Live] && mode != keyModes[purse.Sandbox] || len(random) != keyNameRandom ||
		strings.Trim(random, keyNameAlphabet) != "" {
		return "", false
	}
	return hashSecret(passwordPrefixes[kind], password)
}

// RecognizeKey says for which merchant a key acts, for a command, which will check the
// key itself. It reads only the first time.
//
// Refused with CodeNoToken if nothing was given, and with CodeBadKey.
func (s *Service) RecognizeKey(ctx context.Context, username string, password purse.Secret) (purse.Seller, error) {
	if hash, ok := hashKey(username, password); ok {
		if seller, ok := s.keys.get(username); ok {
			if !policy.SameHash(seller.Hash, hash) { // a key's password never changes
				return purse.Seller{}, policy.BadKey()
			}
			return seller, nil
		}
	}
	seller, _, _, err := s.readKey(ctx, username, password)
	return seller, err
}

// KnownKey names a key that was recognised before, without reading. The name is for
// counting what is asked with it; see Known.
func (s *Service) KnownKey(username string, password purse.Secret) (string, bool) {
	hash, ok := hashKey(username, password)
	if !ok {
		return "", false
	}
	seller, ok := s.keys.get(username)
	if !ok || !policy.SameHash(seller.Hash, hash) || seller.Kind == purse.PublicKey {
		return "", false
	}
	return username, true
}

// AuthenticateKey says for which merchant a key acts and that it is valid now, for a
// read. A merchant that was closed may still look at what it has done.
//
// Refused as RecognizeKey.
func (s *Service) AuthenticateKey(ctx context.Context, username string, password purse.Secret) (purse.Seller, error) {
	seller, k, now, err := s.readKey(ctx, username, password)
	if err != nil {
		return purse.Seller{}, err
	}
	if err := k.Valid(now); err != nil {
		return purse.Seller{}, err
	}
	return seller, nil
}

// readKey reads a key and the time of its book.
func (s *Service) readKey(ctx context.Context, username string, password purse.Secret) (purse.Seller, purse.APIKey, purse.Time, error) {
	if username == "" && password == "" {
		return purse.Seller{}, purse.APIKey{}, 0, purse.Refuse(purse.CodeNoToken, "The authentication credentials were not provided.")
	}
	hash, ok := hashKey(username, password)
	if !ok {
		return purse.Seller{}, purse.APIKey{}, 0, policy.BadKey()
	}
	k, now, err := s.Store.APIKey(ctx, username)
	if err != nil {
		return purse.Seller{}, purse.APIKey{}, 0, absent(err, policy.BadKey())
	}
	if !policy.SameHash(k.Hash, hash) {
		return purse.Seller{}, purse.APIKey{}, 0, policy.BadKey()
	}
	seller := purse.Seller{Book: k.Book, Merchant: k.Merchant, Key: username, Hash: hash, Kind: k.Kind}
	s.keys.put(username, seller)
	return seller, k, now, nil
}

// CreateKeys makes more keys for a merchant, of the kinds that are named or, if none
// is, a private and a public one; those that it has stay good. Only operators call it.
//
// Refused with CodeNotFound, CodeMerchant, CodeInvalid or CodeLimit.
func (s *Service) CreateKeys(ctx context.Context, by purse.Operator, merchant purse.MerchantID, kinds ...purse.KeyKind) ([]NewKey, error) {
	return s.moreKeys(ctx, by, "merchant.keys", merchant, kinds, func(*purse.Facts, []purse.APIKey, purse.Time) {})
}

// RotateKeys makes keys that take the place of a merchant's others of the same kinds:
// those expire when the overlap has passed, counted in the time of the merchant's book,
// unless they do so sooner. It makes the kinds that are named, or both. Only operators
// call it.
//
// Refused with CodeNotFound, CodeMerchant, CodeInvalid or CodeLimit.
func (s *Service) RotateKeys(ctx context.Context, by purse.Operator, merchant purse.MerchantID, overlap time.Duration, kinds ...purse.KeyKind) ([]NewKey, error) {
	if overlap < 0 {
		return nil, purse.Refuse(purse.CodeInvalid, "The old keys cannot expire before there are new ones.")
	}
	return s.moreKeys(ctx, by, "merchant.rotate", merchant, kinds, func(f *purse.Facts, old []purse.APIKey, now purse.Time) {
		for _, k := range old {
			if end := now.Add(overlap); k.Expires == 0 || end < k.Expires {
				k.Expires = end
				f.Put(k)
			}
		}
	})
}

// moreKeys makes keys for a merchant. retire is given the good ones of the same kinds
// that the merchant has, and the time of its book.
func (s *Service) moreKeys(
	ctx context.Context, by purse.Operator, name string, merchant purse.MerchantID, kinds []purse.KeyKind,
	retire func(f *purse.Facts, old []purse.APIKey, now purse.Time),
) ([]NewKey, error) {
	m, err := s.Merchant(ctx, merchant)
	if err != nil {
		return nil, err
	}
	home, err := s.Store.Book(ctx, m.Book)
	if err != nil {
		return nil, err
	}
	now, err := s.Store.Now(ctx, m.Book) // the command's own time is the directory's
	if err != nil {
		return nil, err
	}
	drawn, err := newKeys(home.Mode, kinds...)
	if err != nil {
		return nil, err
	}
	var given []NewKey
	err = s.changeMerchant(ctx, merchant, purse.Needs{KeysOf: []purse.MerchantID{merchant}}, func(f *purse.Facts, m purse.Merchant) error {
		have, err := f.KeysOf(merchant)
		if err != nil {
			return err
		}
		good := 0
		var same []purse.APIKey
		for _, k := range have {
			if k.Valid(now) != nil { // it leaves the set, which has room for so many
				k.Revoked = now
				f.Put(k)
				continue
			}
			good++
			if hasKind(drawn, k.Kind) {
				same = append(same, k)
			}
		}
		if good+len(drawn) > purse.KeysMax {
			return purse.Refuse(purse.CodeLimit, "This merchant has %d API keys. Revoke some first.", good)
		}
		retire(f, same, now)
		given = giveKeys(f, drawn, m, now)
		f.Put(purse.NewAction(f, by, name, m.ID.String(), usernames(given)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return given, nil
}

func hasKind(keys []NewKey, kind purse.KeyKind) bool {
	for _, k := range keys {
		if k.Kind == kind {
			return true
		}
	}
	return false
}

func usernames(keys []NewKey) string {
	var names []string
	for _, k := range keys {
		names = append(names, k.Username)
	}
	return strings.Join(names, " ")
}

// RevokeKey ends an API key at once. Only operators call it.
//
// Refused with CodeNotFound or, if that was done before, CodeFinal.
func (s *Service) RevokeKey(ctx context.Context, by purse.Operator, username string) error {
	if !purse.PlainText(username) {
		return purse.Refuse(purse.CodeNotFound, "There is no such API key.")
	}
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Needs: purse.Needs{APIKeys: []string{username}},
		Decide: func(f *purse.Facts) error {
			k, err := f.APIKey(username)
			if err != nil {
				return err
			}
			if k.Revoked != 0 {
				return purse.Refuse(purse.CodeFinal, "This API key was revoked before.")
			}
			k.Revoked = f.Now
			f.Put(k)
			f.Put(purse.NewAction(f, by, "merchant.revoke", username, k.Merchant.String()))
			return nil
		},
	})
}

// KeysOf lists the keys of a merchant that were not revoked, also those that have
// expired, by username.
func (s *Service) KeysOf(ctx context.Context, merchant purse.MerchantID) ([]purse.APIKey, error) {
	return s.Store.KeysOf(ctx, merchant)
}
