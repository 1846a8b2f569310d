package identity

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/policy"
)

// shop makes a merchant.
func (n *network) shop(t *testing.T) NewMerchant {
	t.Helper()
	m, err := n.CreateMerchant(t.Context(), purse.MainBook, "op", purse.Merchant{Name: "A shop", Accepts: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sells is what a use case of a merchant does first: recognise, then check in the batch.
func (n *network) sells(t *testing.T, k NewKey, kind purse.KeyKind) error {
	t.Helper()
	seller, err := n.RecognizeKey(t.Context(), k.Username, k.Password)
	if err != nil {
		return err
	}
	return n.store.Execute(t.Context(), purse.Command{
		Book: seller.Book, Principal: seller.Principal(), Needs: seller.Credential(),
		Decide: func(f *purse.Facts) error {
			_, err := policy.Sells(f, seller, kind)
			return err
		},
	})
}

// good wants a key to be answered so by commands and reads.
func (n *network) good(t *testing.T, name string, k NewKey, want purse.Code) {
	t.Helper()
	if got := code(n.sells(t, k, purse.PublicKey)); got != want {
		t.Errorf("%s: a command is answered %s, want %s", name, got, want)
	}
	if _, err := n.AuthenticateKey(t.Context(), k.Username, k.Password); code(err) != want {
		t.Errorf("%s: a read is answered %s, want %s", name, code(err), want)
	}
}

var (
	privateName = regexp.MustCompile(`^merchant-test-[a-z2-7]{16}$`)
	publicName  = regexp.MustCompile(`^merchant-test-[a-z2-7]{16}-public$`)
)

func TestCreateMerchant(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		plan := purse.Fee{Fixed: 10, Basis: 150}
		made, err := n.CreateMerchant(t.Context(), purse.MainBook, "op", purse.Merchant{Name: "A shop", Plan: plan, Accepts: true, Closed: 7, ID: 8}, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := purse.Merchant{
			ID: made.ID, Book: purse.MainBook, Name: "A shop", Plan: plan, Accepts: true, Life: purse.AuthorizationLife,
			Orders: purse.OrderTerms{Life: purse.OrderLife}, Created: made.Created,
		}
		got, err := n.Merchant(t.Context(), made.ID)
		if err != nil || got != want || made.Merchant != want || made.ID == 8 || made.Created == 0 {
			t.Errorf("%+v, %+v, %v", got, made.Merchant, err)
		}
		a, err := n.store.Account(t.Context(), purse.MainBook, purse.BalanceOf(made.ID))
		if err != nil || a.Kind != purse.Balance || a.Balance() != 0 || a.MayOverdraw || a.Currency != "USD" {
			t.Errorf("%+v, %v", a, err)
		}
		if len(made.Keys) != 2 || !privateName.MatchString(made.Keys[0].Username) || !publicName.MatchString(made.Keys[1].Username) ||
			!strings.HasPrefix(string(made.Keys[0].Password), privatePrefix) || !strings.HasPrefix(string(made.Keys[1].Password), publicPrefix) {
			t.Fatalf("%+v", made.Keys)
		}
		for i, kind := range []purse.KeyKind{purse.PrivateKey, purse.PublicKey} {
			k := made.Keys[i]
			n.good(t, string(kind), k, "ok")
			seller, err := n.AuthenticateKey(t.Context(), k.Username, k.Password)
			want := purse.Seller{Book: purse.MainBook, Merchant: made.ID, Key: k.Username, Hash: hashText(string(k.Password)), Kind: kind}
			if err != nil || seller != want || k.Kind != kind || k.Created != made.Created {
				t.Errorf("%+v, want %+v, %v", seller, want, err)
			}
		}
		if err := n.sells(t, made.Keys[0], purse.PrivateKey); err != nil {
			t.Error(err)
		}
		if err := n.sells(t, made.Keys[1], purse.PrivateKey); code(err) != purse.CodeKeyKind {
			t.Errorf("a public key: %v", err)
		}
		if lines := n.count(t, "actions where operator = 'op' and name = 'merchant.create' and subject = '"+made.ID.String()+"'"); lines != 1 {
			t.Errorf("%d audit lines", lines)
		}
		for _, m := range []purse.Merchant{
			{}, {Name: "a\x00"}, {Name: strings.Repeat("a", 101)}, {Name: "a", Plan: purse.Fee{Fixed: -1}}, {Name: "a", Plan: purse.Fee{Basis: 10_001}},
			{Name: "a", Life: time.Second}, {Name: "a", Life: -time.Hour},
		} {
			if _, err := n.CreateMerchant(t.Context(), purse.MainBook, "op", m, nil); code(err) != purse.CodeInvalid {
				t.Errorf("%+v: %v", m, err)
			}
		}
		if merchants := n.count(t, "merchants"); merchants != 1 {
			t.Errorf("%d merchants", merchants)
		}
	})
}

// A live network's keys say so.
func TestKeysSayTheMode(t *testing.T) {
	k := newKey(purse.Live, purse.PublicKey)
	if !strings.HasPrefix(k.Username, "merchant-live-") {
		t.Error(k.Username)
	}
	if _, _, ok := hashKey(k.Username, k.Password); !ok {
		t.Error("it is not taken for a key")
	}
}

// Whoever guesses hears the same whatever was wrong, and nothing odd gets as far as
// the database.
func TestBadKeysAreAllAlike(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop, other := n.shop(t), n.shop(t)
		k := shop.Keys[0]
		wrong := map[string]NewKey{
			"another key's password": {APIKey: k.APIKey, Password: other.Keys[0].Password},
			"the public password":    {APIKey: k.APIKey, Password: shop.Keys[1].Password},
			"a new password":         {APIKey: k.APIKey, Password: newSecret(privatePrefix)},
			"no password":            {APIKey: k.APIKey, Password: ""},
			"not a password":         {APIKey: k.APIKey, Password: "secret"},
			"a new username":         {APIKey: newKey(purse.Sandbox, purse.PrivateKey).APIKey, Password: k.Password},
			"another mode":           {APIKey: purse.APIKey{Username: strings.Replace(k.Username, "test", "live", 1)}, Password: k.Password},
			"capitals":               {APIKey: purse.APIKey{Username: strings.ToUpper(k.Username)}, Password: k.Password},
			"a public name":          {APIKey: purse.APIKey{Username: k.Username + publicSuffix}, Password: k.Password},
			"a name for orders":      {APIKey: purse.APIKey{Username: k.Username + orderSuffix}, Password: k.Password},
			"no username":            {APIKey: purse.APIKey{}, Password: k.Password},
			"a strange username":     {APIKey: purse.APIKey{Username: "merchant-test-\x00\xff"}, Password: k.Password},
		}
		for _, when := range []string{"before it was used", "after"} {
			for name, w := range wrong {
				_, read := n.AuthenticateKey(t.Context(), w.Username, w.Password)
				for kind, err := range map[string]error{"command": n.sells(t, w, purse.PublicKey), "read": read} {
					if code(err) != purse.CodeBadKey || err.Error() != policy.BadKey().Error() {
						t.Errorf("%s, %s, %s: %v", when, name, kind, err)
					}
				}
				if known, ok := n.KnownKey(w.Username, w.Password); ok || known != "" {
					t.Errorf("%s, %s: known as %s", when, name, known)
				}
			}
			n.good(t, when, k, "ok")
		}
		if _, err := n.RecognizeKey(t.Context(), "", ""); code(err) != purse.CodeNoToken {
			t.Error(err)
		}
		if _, err := n.AuthenticateKey(t.Context(), "", ""); code(err) != purse.CodeNoToken {
			t.Error(err)
		}
	})
}

func TestKnownKey(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		k := n.shop(t).Keys[0]
		if name, ok := n.KnownKey(k.Username, k.Password); ok {
			t.Errorf("known as %s before it was used", name)
		}
		n.good(t, "a key", k, "ok")
		if name, ok := n.KnownKey(k.Username, k.Password); !ok || name != k.Username {
			t.Errorf("known as %q", name)
		}
		// Recognising it again reads nothing: it works without a store.
		without := &network{&Service{}, n.store, n.db}
		without.keys.put(k.Username, mustRecognize(t, n, k))
		mustRecognize(t, without, k)
	})
}

func mustRecognize(t *testing.T, n *network, k NewKey) purse.Seller {
	t.Helper()
	seller, err := n.RecognizeKey(t.Context(), k.Username, k.Password)
	if err != nil {
		t.Fatal(err)
	}
	return seller
}

// The old keys are good until the overlap has passed in the time of the book.
func TestRotateKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop := n.shop(t)
		n.advance(t, 1000*time.Hour) // the directory's clock stays behind
		fresh, err := n.RotateKeys(t.Context(), "op", shop.ID, DefaultOverlap)
		if err != nil || len(fresh) != 2 {
			t.Fatalf("%+v, %v", fresh, err)
		}
		now, err := n.store.Now(t.Context(), purse.MainBook)
		if err != nil {
			t.Fatal(err)
		}
		if made := fresh[0].Created; made > now || made.Add(time.Hour) < now {
			t.Errorf("made at %s, and it is %s", made.UTC(), now.UTC())
		}
		everybody := func(when string, old purse.Code) {
			t.Helper()
			for i := range 2 {
				n.good(t, when+": an old key", shop.Keys[i], old)
				n.good(t, when+": a new key", fresh[i], "ok")
			}
		}
		everybody("at once", "ok")
		n.advance(t, DefaultOverlap-time.Minute)
		everybody("before the overlap has passed", "ok")
		n.advance(t, time.Minute)
		everybody("when it has passed", purse.CodeBadKey)

		// Only one kind; a longer overlap does not revive anything.
		private, err := n.RotateKeys(t.Context(), "op", shop.ID, time.Hour, purse.PrivateKey)
		if err != nil || len(private) != 1 || private[0].Kind != purse.PrivateKey {
			t.Fatalf("%+v, %v", private, err)
		}
		if _, err = n.RotateKeys(t.Context(), "op", shop.ID, 10*time.Hour, purse.PrivateKey); err != nil {
			t.Fatal(err)
		}
		n.good(t, "an old key", shop.Keys[0], purse.CodeBadKey)
		n.advance(t, time.Hour)
		n.good(t, "the private key before", fresh[0], purse.CodeBadKey)
		n.good(t, "the private key after it", private[0], "ok")
		n.good(t, "the public key", fresh[1], "ok")

		// None at all.
		last, err := n.RotateKeys(t.Context(), "op", shop.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		n.good(t, "the private key after it", private[0], purse.CodeBadKey)
		n.good(t, "the last", last[0], "ok")
		list, err := n.KeysOf(t.Context(), shop.ID)
		if err != nil || len(list) < 2 {
			t.Errorf("%+v, %v", list, err)
		}
		for _, tc := range []struct {
			shop    purse.MerchantID
			overlap time.Duration
			kind    purse.KeyKind
			want    purse.Code
		}{
			{shop.ID, -1, purse.PrivateKey, purse.CodeInvalid}, {shop.ID, 1, "other", purse.CodeInvalid}, {12345, 1, purse.PrivateKey, purse.CodeNotFound},
		} {
			if _, err := n.RotateKeys(t.Context(), "op", tc.shop, tc.overlap, tc.kind); code(err) != tc.want {
				t.Errorf("%+v: %v", tc, err)
			}
		}
	})
}

// A merchant may have KeysMax good keys; those that have expired make room.
func TestKeysHaveACap(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop := n.shop(t)
		for range 3 * purse.KeysMax {
			if _, err := n.RotateKeys(t.Context(), "op", shop.ID, 0); err != nil {
				t.Fatal(err)
			}
		}
		for range purse.KeysMax - 2 {
			if _, err := n.CreateKeys(t.Context(), "op", shop.ID, purse.PrivateKey); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := n.CreateKeys(t.Context(), "op", shop.ID, purse.PublicKey); code(err) != purse.CodeLimit {
			t.Error(err)
		}
		if _, err := n.RotateKeys(t.Context(), "op", shop.ID, time.Hour); code(err) != purse.CodeLimit {
			t.Error(err)
		}
		list, err := n.KeysOf(t.Context(), shop.ID)
		if err != nil || len(list) != purse.KeysMax {
			t.Fatalf("%d keys, %v", len(list), err)
		}
		if err := n.RevokeKey(t.Context(), "op", list[0].Username); err != nil {
			t.Fatal(err)
		}
		if _, err := n.CreateKeys(t.Context(), "op", shop.ID, purse.PublicKey); err != nil {
			t.Error(err)
		}
	})
}

// The command after it already sees that a key was revoked, whatever is remembered.
func TestRevokeKey(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop := n.shop(t)
		n.good(t, "before", shop.Keys[0], "ok")
		if err := n.RevokeKey(t.Context(), "op", shop.Keys[0].Username); err != nil {
			t.Fatal(err)
		}
		n.good(t, "revoked", shop.Keys[0], purse.CodeBadKey)
		n.good(t, "the other", shop.Keys[1], "ok")
		for name, want := range map[string]purse.Code{
			shop.Keys[0].Username: purse.CodeFinal, "merchant-test-nobody": purse.CodeNotFound, "": purse.CodeNotFound, "\x00": purse.CodeNotFound,
		} {
			if err := n.RevokeKey(t.Context(), "op", name); code(err) != want {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}

func TestSetMerchant(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop := n.shop(t)
		now, err := n.SetMerchant(t.Context(), "op", shop.ID, func(m *purse.Merchant) {
			m.Name, m.Plan.Basis, m.Accepts, m.Life = "Another", 100, false, time.Hour
			m.ID, m.Book, m.Closed, m.Created = 1, 2, 3, 4
		})
		want := shop.Merchant
		want.Name, want.Plan.Basis, want.Accepts, want.Life = "Another", 100, false, time.Hour
		if err != nil || now != want {
			t.Errorf("%+v, %v", now, err)
		}
		if got, err := n.Merchant(t.Context(), shop.ID); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		_, err = n.SetMerchant(t.Context(), "op", shop.ID, func(m *purse.Merchant) { m.Name = "" })
		if code(err) != purse.CodeInvalid {
			t.Error(err)
		}
		_, err = n.SetMerchant(t.Context(), "op", 12345, func(*purse.Merchant) {})
		if code(err) != purse.CodeNotFound {
			t.Error(err)
		}
	})
}

// The beginnings of pictures, and of what only says that it is one.
var (
	png  = append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 100)...)
	jpeg = append([]byte("\xff\xd8\xff\xe0"), make([]byte, 100)...)
	webp = append([]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), make([]byte, 100)...)
	svg  = []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	html = []byte(`<html>`)
)

func TestSetLogo(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop := n.shop(t)
		if _, err := n.store.Logo(t.Context(), shop.ID); code(err) != purse.CodeNotFound {
			t.Error(err)
		}
		for kind, data := range map[string][]byte{"image/png": png, "image/jpeg": jpeg, "image/webp": webp} {
			if err := n.SetLogo(t.Context(), "op", shop.ID, data); err != nil {
				t.Error(err)
			}
			want := purse.Logo{Merchant: shop.ID, Type: kind, Data: base64.StdEncoding.EncodeToString(data)}
			if got, err := n.store.Logo(t.Context(), shop.ID); err != nil || got != want {
				t.Errorf("%+v, %v", got, err)
			}
		}
		for name, data := range map[string][]byte{"SVG": svg, "HTML": html, "GIF": []byte("GIF89a..........."), "nothing": {}, "nil": nil} {
			if err := n.SetLogo(t.Context(), "op", shop.ID, data); code(err) != purse.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		full := append(bytes.Clone(png), make([]byte, LogoMax-len(png))...)
		if err := n.SetLogo(t.Context(), "op", shop.ID, full); err != nil {
			t.Error(err)
		}
		if err := n.SetLogo(t.Context(), "op", shop.ID, append(full, 0)); code(err) != purse.CodeTooLarge {
			t.Error(err)
		}
		if err := n.SetLogo(t.Context(), "op", 12345, png); code(err) != purse.CodeNotFound {
			t.Error(err)
		}
		made, err := n.CreateMerchant(t.Context(), purse.MainBook, "op", purse.Merchant{Name: "a"}, png)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := n.store.Logo(t.Context(), made.ID); err != nil || got.Type != "image/png" {
			t.Errorf("%+v, %v", got, err)
		}
		before := n.count(t, "merchants")
		if _, err := n.CreateMerchant(t.Context(), purse.MainBook, "op", purse.Merchant{Name: "a"}, svg); code(err) != purse.CodeInvalid {
			t.Error(err)
		}
		if after := n.count(t, "merchants"); after != before {
			t.Error("a merchant was made although its logo was refused")
		}
	})
}

func TestCloseMerchant(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop := n.shop(t)
		n.good(t, "before", shop.Keys[0], "ok")
		if err := n.CloseMerchant(t.Context(), "op", shop.ID); err != nil {
			t.Fatal(err)
		}
		if err := n.sells(t, shop.Keys[0], purse.PublicKey); code(err) != purse.CodeMerchant {
			t.Errorf("a command: %v", err)
		}
		if _, err := n.AuthenticateKey(t.Context(), shop.Keys[0].Username, shop.Keys[0].Password); err != nil {
			t.Errorf("a read: %v", err)
		}
		_, set := n.SetMerchant(t.Context(), "op", shop.ID, func(*purse.Merchant) {})
		_, rotated := n.RotateKeys(t.Context(), "op", shop.ID, 0)
		_, more := n.CreateKeys(t.Context(), "op", shop.ID)
		for name, err := range map[string]error{
			"set": set, "rotate": rotated, "keys": more, "logo": n.SetLogo(t.Context(), "op", shop.ID, png), "close": n.CloseMerchant(t.Context(), "op", shop.ID),
		} {
			if code(err) != purse.CodeMerchant {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := n.RevokeKey(t.Context(), "op", shop.Keys[0].Username); err != nil {
			t.Errorf("revoke: %v", err)
		}
		if err := n.CloseMerchant(t.Context(), "op", 12345); code(err) != purse.CodeNotFound {
			t.Error(err)
		}
	})
}
