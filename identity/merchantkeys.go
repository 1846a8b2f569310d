package identity

import (
	"context"
	"strings"
	"time"

	"purse"
)

// DefaultOverlap is for how long the keys that others take the place of are usually
// still good.
const DefaultOverlap = 24 * time.Hour

// The kinds of keys that are made when none is named: those of the payment hub, or all.
var (
	hubKinds  = []purse.KeyKind{purse.PrivateKey, purse.PublicKey}
	everyKind = []purse.KeyKind{purse.PrivateKey, purse.PublicKey, purse.OrderKind}
)

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

// CreateKeys makes more keys for a merchant, of the kinds that are named or, if none
// is, a private and a public one; those that it has stay good. Without a Vault there are
// no keys for orders. Only operators call it.
//
// Refused with CodeNotFound, CodeMerchant, CodeInvalid or CodeLimit.
func (s *Service) CreateKeys(ctx context.Context, by purse.Operator, merchant purse.MerchantID, kinds ...purse.KeyKind) ([]NewKey, error) {
	if len(kinds) == 0 {
		kinds = hubKinds
	}
	return s.moreKeys(ctx, by, "merchant.keys", merchant, kinds, func(*purse.Facts, []purse.APIKey, purse.Time) {})
}

// RotateKeys makes keys that take the place of a merchant's others of the same kinds:
// those expire when the overlap has passed, counted in the time of the merchant's book,
// unless they do so sooner. It makes the kinds that are named or, if none is, a private
// and a public one, and one for orders if the merchant has one that is good. What was
// ordered with an old key is signed with that key's secret until the end, so a shop that
// still has the old one misses nothing. Only operators call it.
//
// Refused with CodeNotFound, CodeMerchant, CodeInvalid or CodeLimit.
func (s *Service) RotateKeys(ctx context.Context, by purse.Operator, merchant purse.MerchantID, overlap time.Duration, kinds ...purse.KeyKind) ([]NewKey, error) {
	if overlap < 0 {
		return nil, purse.Refuse(purse.CodeInvalid, "The old keys cannot expire before there are new ones.")
	}
	if len(kinds) == 0 {
		var err error
		if kinds, err = s.kindsToRotate(ctx, merchant); err != nil {
			return nil, err
		}
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

// kindsToRotate are the kinds of keys that take the place of all that a merchant has.
func (s *Service) kindsToRotate(ctx context.Context, merchant purse.MerchantID) ([]purse.KeyKind, error) {
	m, err := s.Merchant(ctx, merchant)
	if err != nil {
		return nil, err
	}
	now, err := s.Store.Now(ctx, m.Book)
	if err != nil {
		return nil, err
	}
	have, err := s.Store.KeysOf(ctx, merchant)
	if err != nil {
		return nil, err
	}
	for _, k := range have {
		if k.Kind == purse.OrderKind && k.Valid(now) == nil {
			return everyKind, nil
		}
	}
	return hubKinds, nil
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
	drawn, err := s.newKeys(home.Mode, kinds)
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
