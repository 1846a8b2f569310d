package identity

import (
	"context"
	"strings"

	"purse"
)

// A key for orders is shown in one piece, as whoever asks for an order writes it behind
// "Bearer": its username, a full stop and its password. Neither has a full stop in it.

// Bearer is a key for orders in one piece.
func (k NewKey) Bearer() purse.Secret { return purse.Secret(k.Username+".") + k.Password }

// shownBearer takes a key for orders apart.
func shownBearer(bearer purse.Secret) shown {
	username, password, _ := strings.Cut(string(bearer), ".")
	return shown{username, purse.Secret(password), true}
}

// RecognizeOrderKey says for which merchant a key for orders acts, for a command, which
// will check the key itself. It reads only the first time.
//
// Refused with CodeNoToken if nothing was given, and with CodeBadKey, also if it is a key
// for something else.
func (s *Service) RecognizeOrderKey(ctx context.Context, bearer purse.Secret) (purse.Seller, error) {
	return s.recognizeKey(ctx, shownBearer(bearer))
}

// AuthenticateOrderKey says for which merchant a key for orders acts and that it is
// valid now, for a read. A merchant that was closed may still look at its orders.
//
// Refused as RecognizeOrderKey.
func (s *Service) AuthenticateOrderKey(ctx context.Context, bearer purse.Secret) (purse.Seller, error) {
	return s.authenticateKey(ctx, shownBearer(bearer))
}

// KnownOrderKey names a key for orders that was recognised before, without reading; see
// KnownKey.
func (s *Service) KnownOrderKey(bearer purse.Secret) (string, bool) {
	return s.knownKey(shownBearer(bearer))
}

// keySealedAs names the API secret of a key to the vault.
func keySealedAs(username string) string { return "api secret of " + username }

// addSecret draws the API secret of a key for orders.
//
// Refused with CodeInvalid.
func (s *Service) addSecret(k *NewKey) error {
	if s.Vault == nil {
		return purse.Refuse(purse.CodeInvalid, "An API key for orders has a secret to seal, and this network has no key for that. Start it with --key-file.")
	}
	k.Secret = newSecret(orderSecretPrefix)
	k.APIKey.Secret = s.Vault.Seal(string(k.Secret), keySealedAs(k.Username))
	return nil
}

// OpenKeySecret is the API secret of a key for orders, with which callbacks are signed.
// It stays the same when the key has expired or was revoked. It fails for a key that has
// none, and where the Vault is not that under which the secret was sealed.
func (s *Service) OpenKeySecret(k purse.APIKey) (purse.Secret, error) {
	if s.Vault == nil || k.Secret == "" {
		return "", errSealed
	}
	secret, err := s.Vault.Open(k.Secret, keySealedAs(k.Username))
	return purse.Secret(secret), err
}
