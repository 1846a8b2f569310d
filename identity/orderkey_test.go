package identity

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/policy"
)

var orderName = regexp.MustCompile(`^merchant-test-[a-z2-7]{16}-order$`)

// takesOrders makes a merchant that has a key for orders, which is the last.
func (n *network) takesOrders(t *testing.T) (NewMerchant, NewKey) {
	t.Helper()
	if n.Vault == nil {
		n.Vault = vaultOf(t, 7)
	}
	m := n.shop(t)
	if len(m.Keys) != 3 || m.Keys[2].Kind != purse.OrderKind {
		t.Fatalf("%+v", m.Keys)
	}
	return m, m.Keys[2]
}

// goodForOrders wants a key to be answered so by commands and reads about orders.
func (n *network) goodForOrders(t *testing.T, name string, bearer purse.Secret, want purse.Code) {
	t.Helper()
	seller, err := n.RecognizeOrderKey(t.Context(), bearer)
	if err == nil {
		err = n.store.Execute(t.Context(), purse.Command{
			Book: seller.Book, Principal: seller.Principal(), Needs: seller.Credential(),
			Decide: func(f *purse.Facts) error {
				_, err := policy.Sells(f, seller, purse.OrderKind)
				return err
			},
		})
	}
	if code(err) != want {
		t.Errorf("%s: a command is answered %v, want %s", name, err, want)
	}
	if _, err := n.AuthenticateOrderKey(t.Context(), bearer); code(err) != want {
		t.Errorf("%s: a read is answered %v, want %s", name, err, want)
	}
}

func TestOrderKey(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop, k := n.takesOrders(t)
		if !orderName.MatchString(k.Username) || !strings.HasPrefix(string(k.Password), orderPrefix) || !strings.HasPrefix(string(k.Secret), orderSecretPrefix) ||
			k.Bearer() != purse.Secret(k.Username+"."+string(k.Password)) {
			t.Errorf("%s %s %s", k.Username, string(k.Password), string(k.Secret))
		}
		if name, ok := n.KnownOrderKey(k.Bearer()); ok {
			t.Errorf("known as %s before it was used", name)
		}
		n.goodForOrders(t, "a key", k.Bearer(), "ok")
		if name, ok := n.KnownOrderKey(k.Bearer()); !ok || name != k.Username {
			t.Errorf("known as %q", name)
		}
		seller, err := n.AuthenticateOrderKey(t.Context(), k.Bearer())
		want := purse.Seller{Book: purse.MainBook, Merchant: shop.ID, Key: k.Username, Hash: hashText(string(k.Password)), Kind: purse.OrderKind}
		if err != nil || seller != want {
			t.Errorf("%+v, want %+v, %v", seller, want, err)
		}
		if text := fmt.Sprintf("%v %+v %#v", k, k, k); strings.Contains(text, string(k.Password)) || strings.Contains(text, string(k.Secret)) {
			t.Errorf("it prints its secrets: %s", text)
		}
	})
}

// Keys of the hub are no keys where orders are made, and the other way round; whoever
// tries hears what everybody does whose key is wrong.
func TestKeysAreForOneThing(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop, k := n.takesOrders(t)
		_, other := n.takesOrders(t)
		for _, when := range []string{"before they were used", "after"} {
			n.good(t, when+": a key for orders at the hub", k, purse.CodeBadKey)
			if name, ok := n.KnownKey(k.Username, k.Password); ok {
				t.Errorf("%s: known to the hub as %s", when, name)
			}
			wrong := map[string]purse.Secret{
				"a private key": shop.Keys[0].Bearer(), "a public key": shop.Keys[1].Bearer(),
				"another key's password":       purse.Secret(k.Username+".") + other.Password,
				"the private key's password":   purse.Secret(k.Username+".") + shop.Keys[0].Password,
				"the private key's name":       purse.Secret(shop.Keys[0].Username+".") + k.Password,
				"the API secret":               purse.Secret(k.Username+".") + k.Secret,
				"a username":                   purse.Secret(k.Username),
				"a password":                   k.Password,
				"no name":                      "." + k.Password,
				"more than a key":              k.Bearer() + ".",
				"capitals":                     purse.Secret(strings.ToUpper(k.Username)+".") + k.Password,
				"strange":                      "\x00\xff.",
				"only what is between the two": ".",
			}
			for name, bearer := range wrong {
				want := purse.CodeBadKey
				if bearer == "." {
					want = purse.CodeNoToken
				}
				n.goodForOrders(t, when+": "+name, bearer, want)
				if known, ok := n.KnownOrderKey(bearer); ok {
					t.Errorf("%s: %s is known as %s", when, name, known)
				}
			}
			for i := range 2 {
				n.good(t, when, shop.Keys[i], "ok")
			}
			n.goodForOrders(t, when, k.Bearer(), "ok")
		}
		n.goodForOrders(t, "nothing", "", purse.CodeNoToken)
	})
}

// The API secret can be opened as long as the key's row is there, with the vault under
// which it was sealed, and stands nowhere as it is.
func TestAPISecret(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop, k := n.takesOrders(t)
		_, other := n.takesOrders(t)
		stored := func() purse.APIKey {
			t.Helper()
			row, _, err := n.store.APIKey(t.Context(), k.Username)
			if err != nil {
				t.Fatal(err)
			}
			return row
		}
		opens := func(when string) {
			t.Helper()
			if secret, err := n.OpenKeySecret(stored()); err != nil || secret != k.Secret {
				t.Errorf("%s: %v", when, err)
			}
		}
		opens("at first")
		if sealed := stored().Secret; sealed == "" || strings.Contains(sealed, string(k.Secret)) {
			t.Errorf("stored as %s", sealed)
		}
		if rows := n.count(t, "api_keys where secret like '%"+orderSecretPrefix+"%'"); rows != 0 {
			t.Errorf("%d secrets are stored as they are", rows)
		}
		swapped := stored()
		swapped.Secret = other.APIKey.Secret
		bare := stored()
		bare.Secret = ""
		for name, row := range map[string]purse.APIKey{"another key's": swapped, "none": bare, "a private key's": shop.Keys[0].APIKey} {
			if secret, err := n.OpenKeySecret(row); err == nil || secret != "" {
				t.Errorf("%s secret is opened", name)
			}
		}
		fresh, err := n.RotateKeys(t.Context(), "op", shop.ID, time.Hour)
		if err != nil || len(fresh) != 3 || fresh[2].Secret == k.Secret {
			t.Fatalf("%+v, %v", fresh, err)
		}
		n.goodForOrders(t, "the old key during the overlap", k.Bearer(), "ok")
		n.goodForOrders(t, "the new key", fresh[2].Bearer(), "ok")
		n.advance(t, time.Hour)
		n.goodForOrders(t, "the old key after it", k.Bearer(), purse.CodeBadKey)
		opens("after it has expired")
		if err := n.RevokeKey(t.Context(), "op", k.Username); err != nil {
			t.Fatal(err)
		}
		opens("after it was revoked")
		for _, v := range []*Vault{nil, vaultOf(t, 8)} {
			n.Vault = v
			if secret, err := n.OpenKeySecret(stored()); err == nil || secret != "" {
				t.Error("it opens with another vault")
			}
		}
	})
}

// Keys are made of the kinds that are named; when all are replaced, so is the one for
// orders, where there is one.
func TestKindsOfNewKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		hub := n.shop(t) // before there is a vault
		if len(hub.Keys) != 2 {
			t.Fatalf("%+v", hub.Keys)
		}
		if _, err := n.CreateKeys(t.Context(), "op", hub.ID, purse.OrderKind); code(err) != purse.CodeInvalid || !strings.Contains(err.Error(), "--key-file") {
			t.Errorf("without a vault: %v", err)
		}
		shop, k := n.takesOrders(t)
		kinds := func(name, want string, keys []NewKey, err error) {
			t.Helper()
			var got []string
			for _, k := range keys {
				got = append(got, string(k.Kind))
			}
			if err != nil || strings.Join(got, " ") != want {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
		more, err := n.CreateKeys(t.Context(), "op", shop.ID)
		kinds("more keys", "private public", more, err)
		all, err := n.RotateKeys(t.Context(), "op", shop.ID, 0)
		kinds("a rotation", "private public order", all, err)
		n.goodForOrders(t, "an old key", k.Bearer(), purse.CodeBadKey)
		one, err := n.RotateKeys(t.Context(), "op", shop.ID, 0, purse.OrderKind)
		kinds("a rotation of one kind", "order", one, err)
		n.good(t, "the private key", all[0], "ok")
		n.goodForOrders(t, "the key for orders before it", all[2].Bearer(), purse.CodeBadKey)
		n.goodForOrders(t, "the last key for orders", one[0].Bearer(), "ok")
		none, err := n.RotateKeys(t.Context(), "op", hub.ID, 0)
		kinds("a rotation where there are no orders", "private public", none, err)
		first, err := n.CreateKeys(t.Context(), "op", hub.ID, purse.OrderKind)
		kinds("a first key for orders", "order", first, err)
		n.Vault = nil
		if _, err := n.RotateKeys(t.Context(), "op", shop.ID, 0); code(err) != purse.CodeInvalid {
			t.Errorf("a rotation without a vault: %v", err)
		}
		n.goodForOrders(t, "after that was refused", one[0].Bearer(), "ok")
		if first[0].Secret == one[0].Secret {
			t.Error("two keys have one secret")
		}
	})
}
