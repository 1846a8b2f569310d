package identity

import (
	"strings"
	"testing"

	"purse"
)

func TestApps(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		for _, tc := range []struct {
			app  purse.App
			want purse.Code
		}{
			{purse.App{Medium: purse.MediumAPI}, purse.CodeInvalid},
			{purse.App{Name: "a\x00", Medium: purse.MediumAPI}, purse.CodeInvalid},
			{purse.App{Name: strings.Repeat("a", 101), Medium: purse.MediumAPI}, purse.CodeInvalid},
			{purse.App{Name: "shop"}, purse.CodeInvalid},
			{purse.App{Name: "shop", Medium: purse.MediumWeb}, purse.CodeInvalid},
			{purse.App{Name: "shop", Medium: "fax"}, purse.CodeInvalid},
		} {
			if _, err := n.CreateApp(t.Context(), purse.MainBook, "op", tc.app); code(err) != tc.want {
				t.Errorf("%+v: %v", tc.app, err)
			}
		}
		if apps, actions := n.count(t, "apps"), n.count(t, "actions"); apps != 1 || actions != 0 { // the built-in one
			t.Errorf("refusals have left %d apps and %d audit lines", apps, actions)
		}
		app, err := n.CreateApp(t.Context(), purse.MainBook, "op", purse.App{Name: "shop", Medium: purse.MediumIOS})
		if err != nil || app.ID == 0 || app.Created == 0 || app.Name != "shop" {
			t.Fatalf("%+v, %v", app, err)
		}
		if lines := n.count(t, "actions where name = 'app.create' and subject = '"+app.ID.String()+"' and detail = 'shop'"); lines != 1 {
			t.Errorf("%d audit lines", lines)
		}
		ann := n.user(t, "ann")
		made, err := n.CreateToken(t.Context(), purse.MainBook, "op", TokenRequest{User: ann.ID, App: app.ID, Scopes: "make_payments"})
		if err != nil {
			t.Fatal(err)
		}
		if a, err := n.Authenticate(t.Context(), made.Secret); err != nil || a.App != app.ID || a.Principal() == (purse.Principal{ID: int64(ann.ID)}) {
			t.Errorf("%+v, %v", a, err)
		}
		if _, err := n.CreateToken(t.Context(), purse.MainBook, "op", TokenRequest{User: ann.ID, App: app.ID + 1, Scopes: "make_payments"}); code(err) != purse.CodeNotFound {
			t.Errorf("a token of no app: %v", err)
		}
		if tokens := n.count(t, "tokens"); tokens != 1 {
			t.Errorf("%d tokens", tokens)
		}
	})
}

func TestPeopleOwnTheirAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		home, phone := purse.Address{Kind: purse.Email, Text: "ann@example.org"}, purse.Address{Kind: purse.Phone, Text: "15555550100"}
		named := purse.Address{Kind: purse.Email, Text: "named@example.org"}
		// Somebody has been paid at this one, before anybody owned it.
		err := n.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Needs: purse.Needs{Addresses: []purse.Address{named}}, Decide: func(f *purse.Facts) error {
			f.Put(purse.AddressOwner{Address: named, Since: f.Now})
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		create := func(name string, addresses ...purse.Address) (purse.User, error) {
			return n.CreateUser(t.Context(), purse.MainBook, "op", purse.User{Username: name, FirstName: "F"}, addresses...)
		}
		ann, err := create("ann", home, phone, named)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []purse.Address{home, phone, named} {
			if o, err := n.store.AddressOwner(t.Context(), a); err != nil || o != (purse.AddressOwner{Address: a, Owner: ann.ID, Since: ann.Joined}) {
				t.Errorf("%+v, %v", o, err)
			}
		}
		fresh := purse.Address{Kind: purse.Email, Text: "ben@example.org"}
		for _, taken := range []purse.Address{home, phone, named} {
			if _, err := create("ben", fresh, taken); code(err) != purse.CodeTaken {
				t.Errorf("%v twice: %v", taken, err)
			}
		}
		if o, err := n.store.AddressOwner(t.Context(), fresh); code(err) != purse.CodeNotFound {
			t.Errorf("who was refused owns %+v", o)
		}
		if users, addresses := n.count(t, "users"), n.count(t, "addresses"); users != 1 || addresses != 3 {
			t.Errorf("%d people, %d addresses", users, addresses)
		}
	})
}
