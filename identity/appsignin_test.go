package identity

import (
	"regexp"
	"testing"

	"purse"
)

func TestSignInFromAnApp(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		ann := n.signUp(t, "annie")
		in := func(password, device string) (Given, purse.Secret, error) {
			return n.SignInApp(t.Context(), AppSignIn{Name: "Annie", Password: password, Device: device}, atHome)
		}
		if _, _, err := in(goodPassword, ""); code(err) != purse.CodeGrantType {
			t.Fatalf("where it is not offered: %v", err)
		}
		n.AppSignIns = true
		if _, _, err := in("wrong password", ""); code(err) != purse.CodeCredentials {
			t.Errorf("a wrong password: %v", err)
		}
		if _, _, err := n.SignInApp(t.Context(), AppSignIn{Name: "nobody", Password: goodPassword}, atHome); code(err) != purse.CodeCredentials {
			t.Errorf("a wrong name: %v", err)
		}
		g, second, err := in(goodPassword, "")
		if err != nil || second != "" || g.User.ID != ann.User.ID || g.Refresh == "" || g.Actor.App != purse.SignInApp {
			t.Fatalf("%+v, %v", g, err)
		}
		actor, err := n.Authenticate(t.Context(), g.Access)
		if err != nil || actor.Scopes != purse.EveryScope() {
			t.Fatalf("%+v, %v", actor, err)
		}
		if grants, err := n.Grants(t.Context(), ann); err != nil || len(grants) != 1 || grants[0].App.ID != purse.SignInApp {
			t.Errorf("the apps page shows %+v, %v", grants, err)
		}
		n.phone(t, ann, "15555550188")

		// From now on a device that is not trusted needs a code.
		if _, second, err = in(goodPassword, "phone-1"); second == "" || err != nil {
			t.Fatalf("with a phone: %v", err)
		}
		if err := n.SendSecond(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		sent := n.post.to(purse.Address{Kind: purse.Phone, Text: "15555550188"})
		text := regexp.MustCompile(`\d{6}`).FindString(sent[len(sent)-1].Text)
		if _, err := n.SignInAppSecond(t.Context(), second, wrong(text), atHome); code(err) != purse.CodeCode {
			t.Errorf("a wrong code: %v", err)
		}
		if g, err = n.SignInAppSecond(t.Context(), second, text, atHome); err != nil {
			t.Fatal(err)
		}
		if _, err := n.SignInAppSecond(t.Context(), second, text, atHome); code(err) != purse.CodeCode {
			t.Errorf("the same code again: %v", err)
		}
		if err := n.TrustDevice(t.Context(), g.Actor, "phone-1"); err != nil {
			t.Fatal(err)
		}
		if _, second, err = in(goodPassword, "phone-1"); second != "" || err != nil {
			t.Errorf("a trusted device is asked, %v", err)
		}
		if _, second, err = in(goodPassword, "phone-2"); second == "" || err != nil {
			t.Errorf("another device is not asked, %v", err)
		}
		// A sign-in on a page does not complete as one of an app.
		own := n.token(t, ann.User, purse.EveryScope(), 0)
		mine, err := n.Authenticate(t.Context(), own)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.TrustDevice(t.Context(), mine, "phone-2"); code(err) != purse.CodeScope {
			t.Errorf("any token may trust a device: %v", err)
		}

		// With a passkey a password is not enough, unless there are codes besides.
		n.inDirectory(t, purse.Needs{Credentials: []purse.UserID{ann.User.ID}}, func(f *purse.Facts) error {
			c, err := f.Credentials(ann.User.ID)
			c.Passkeys = `[{"id":"x"}]`
			f.Put(c)
			return err
		})
		if _, _, err := in(goodPassword, "phone-1"); code(err) != purse.CodeCredentials {
			t.Errorf("with a passkey: %v", err)
		}
	})
}

// wrong is a code that is not c.
func wrong(c string) string {
	if c[0] == '0' {
		return "1" + c[1:]
	}
	return "0" + c[1:]
}

// inDirectory runs a command of the directory, which must succeed.
func (n *network) inDirectory(t *testing.T, needs purse.Needs, decide func(*purse.Facts) error) {
	t.Helper()
	if err := n.store.Execute(t.Context(), purse.Command{Book: purse.Directory, Needs: needs, Decide: decide}); err != nil {
		t.Fatal(err)
	}
}

// phone makes a number a verified contact of somebody.
func (n *network) phone(t *testing.T, v Visitor, number string) {
	t.Helper()
	a := purse.Address{Kind: purse.Phone, Text: number}
	n.inDirectory(t, purse.Needs{}, func(f *purse.Facts) error {
		f.Put(purse.AddressOwner{Address: a, Owner: v.User.ID, Since: f.Now})
		f.Put(purse.Contact{ContactKey: purse.ContactKey{Person: v.User.ID, Address: a}, Added: f.Now, Verified: f.Now})
		return nil
	})
}

func TestOperatorSetsAPassword(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		u := n.user(t, "made-by-hand")
		if err := n.SetPassword(t.Context(), "op", u.ID, "short"); code(err) != purse.CodeInvalid {
			t.Errorf("a short one: %v", err)
		}
		if err := n.SetPassword(t.Context(), "op", 5, goodPassword); code(err) != purse.CodeNotFound {
			t.Errorf("nobody's: %v", err)
		}
		if err := n.SetPassword(t.Context(), "op", u.ID, goodPassword); err != nil {
			t.Fatal(err)
		}
		in, err := n.SignIn(t.Context(), SignInRequest{Name: "Made-By-Hand", Password: goodPassword}, atHome)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.SetPassword(t.Context(), "op", u.ID, goodPassword+"!"); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Visit(t.Context(), in.Session); code(err) != purse.CodeSignedOut {
			t.Errorf("the session goes on: %v", err)
		}
	})
}
