package identity

import (
	"context"
	"strings"
	"testing"
	"time"

	"purse"
)

// Whoever has known the old password keeps nothing that they got with it.
func TestANewPasswordEndsWhatTheOldOneGave(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		n.AppSignIns = true
		changes := map[string]func(t *testing.T, v Visitor){
			"changed": func(t *testing.T, v Visitor) {
				wants(t, "change", n.ChangePassword(t.Context(), v, otherPassword), "ok")
			},
			"reset": func(t *testing.T, v Visitor) {
				wants(t, "ask", n.AskReset(t.Context(), v.User.Username, atHome), "ok")
				wants(t, "reset", n.ResetPassword(t.Context(), n.link(t, mailOf(v.User.Username)), otherPassword), "ok")
			},
			"set": func(t *testing.T, v Visitor) {
				wants(t, "set", n.SetPassword(t.Context(), "op", v.User.ID, otherPassword), "ok")
			},
		}
		dev := n.visitor(t, "developer")
		app := n.register(t, dev)
		for how, change := range changes {
			thief := n.signUp(t, "anna-"+how)
			n.owns(t, thief.User.ID, mailOf("anna-"+how))
			in, _, err := n.SignInApp(t.Context(), AppSignIn{Name: "anna-" + how, Password: goodPassword}, atHome)
			wants(t, "sign in from an app", err, "ok")
			wants(t, "trust", n.TrustDevice(t.Context(), in.Actor, "theirs"), "ok")
			code := n.code(t, thief, app, "make_payments")
			kept := n.tokens(t, thief, app, "make_payments")

			change(t, n.visit(t, n.signIn(t, "anna-"+how)))
			n.works(t, in.Access, purse.CodeTokenRevoked)
			n.works(t, kept.Access, "ok") // an app that was let in stays so
			_, err = n.Refresh(t.Context(), TokenRefresh{Client: ClientAuth{ID: "1"}, Refresh: in.Refresh})
			wants(t, how+": the app refreshes", err, purse.CodeRefresh)
			_, err = n.Exchange(t.Context(), TokenExchange{Client: app.auth(), Code: code})
			wants(t, how+": a code that was on its way", err, purse.CodeGrantExpired)
			if c, err := n.store.Credentials(t.Context(), thief.User.ID); err != nil || c.Devices != "" {
				t.Errorf("%s: a device is trusted still, %v", how, err)
			}
			in2, err := n.SignIn(t.Context(), SignInRequest{"anna-" + how, otherPassword}, atHome)
			wants(t, how+": sign in anew", err, "ok")
			n.tokens(t, n.visit(t, in2), app, "access_profile")
		}
	})
}

func TestCodesOfARevokedAppAreGoodForNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.visitor(t, "ann")
		app, other := n.register(t, ann), n.register(t, ann)
		code, others := n.code(t, ann, app, "make_payments"), n.code(t, ann, other, "make_payments")
		for range 2 {
			if err := n.RevokeApp(t.Context(), ann, app.ID); err != nil {
				t.Fatal(err)
			}
		}
		_, err := n.Exchange(t.Context(), TokenExchange{Client: app.auth(), Code: code})
		wants(t, "a code from before", err, purse.CodeGrantExpired)
		_, err = n.Exchange(t.Context(), TokenExchange{Client: other.auth(), Code: others})
		wants(t, "another app's", err, "ok")
		n.tokens(t, ann, app, "make_payments") // with a code from after
	})
}

func TestAppsAreTheirOwnersOnlyWithAFreshProof(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.visitor(t, "ann")
		app := n.register(t, ann)
		n.passDirectory(t, provedLife)
		later := ann
		later.Actor.At = max(ann.Actor.At, ann.Session.Proved).Add(provedLife)
		_, err := n.RegisterApp(t.Context(), later, AppRequest{Name: "B", Redirects: []string{callback}})
		wants(t, "register", err, purse.CodeProve)
		_, err = n.RotateSecret(t.Context(), later, app.ID)
		wants(t, "rotate", err, purse.CodeProve)
		_, err = n.DeveloperToken(t.Context(), later)
		wants(t, "developer token", err, purse.CodeProve)
		wants(t, "change", n.ChangeApp(t.Context(), later, app.ID, "B", []string{"https://evil.example/"}), purse.CodeProve)
		wants(t, "close", n.CloseApp(t.Context(), later, app.ID), purse.CodeProve)
	})
}

func TestADeveloperTokenIsToldOf(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		ann := n.signUp(t, "anna")
		n.owns(t, ann.User.ID, mailOf("anna"))
		if _, err := n.DeveloperToken(t.Context(), ann); err != nil {
			t.Fatal(err)
		}
		if sent := n.post.to(mailOf("anna")); len(sent) != 1 || sent[0].Subject != "A developer token was made" {
			t.Errorf("sent: %+v", sent)
		}
	})
}

// What an app was given to complete its sign-in with opens no session.
func TestSecondFactorsAreGoodWhereTheyWereAskedFor(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		n.AppSignIns = true
		ann := n.signUp(t, "anna")
		n.asksForSecond(t, ann.User.ID, "first-code-aaaa-1111")
		_, second, err := n.SignInApp(t.Context(), AppSignIn{Name: "anna", Password: goodPassword}, atHome)
		if err != nil || second == "" {
			t.Fatal(err)
		}
		_, err = n.SignInSecond(t.Context(), second, "first-code-aaaa-1111", atHome)
		wants(t, "an app's on our pages", err, purse.CodeCode)
		_, err = n.SignInAppSecond(t.Context(), n.signIn(t, "anna").Second, "first-code-aaaa-1111", atHome)
		wants(t, "ours in an app", err, purse.CodeCode)
		_, err = n.SignInAppSecond(t.Context(), second, "first-code-aaaa-1111", atHome)
		wants(t, "where it belongs", err, "ok")
	})
}

func TestPasswordsAreHashedAnewWhenTheirCostChanges(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		n.AppSignIns = true
		ann := n.signUp(t, "anna")
		stored := func() string {
			c, err := n.store.Credentials(t.Context(), ann.User.ID)
			if err != nil {
				t.Fatal(err)
			}
			return c.Password
		}
		ways := []func(password string) error{
			func(password string) error {
				_, err := n.SignIn(t.Context(), SignInRequest{"anna", password}, atHome)
				return err
			},
			func(password string) error {
				_, _, err := n.SignInApp(t.Context(), AppSignIn{Name: "anna", Password: password}, atHome)
				return err
			},
		}
		for i, way := range ways {
			n.Cost.KiB = uint32(16 << i)
			before := stored()
			wants(t, "a wrong password", way("not the password"), purse.CodeCredentials)
			if stored() != before {
				t.Fatal("a wrong password has changed what is stored")
			}
			wants(t, "the right one", way(goodPassword), "ok")
			after := stored()
			if want := []string{"m=16,", "m=32,"}[i]; after == before || !strings.Contains(after, want) {
				t.Errorf("stored: %s, want %s", after, want)
			}
			wants(t, "once more", way(goodPassword), "ok")
			if stored() != after {
				t.Error("hashed anew without need")
			}
		}
		n.asksForSecond(t, ann.User.ID, "first-code-aaaa-1111")
		n.Cost.KiB = 64
		_, err := n.SignInSecond(t.Context(), n.signIn(t, "anna").Second, "first-code-aaaa-1111", atHome)
		wants(t, "with a second factor", err, "ok")
	})
}

// closing lets something happen right before the last command of closing an account.
type closing struct {
	purse.Store
	before func()
}

func (c *closing) Execute(ctx context.Context, command purse.Command) error {
	if before := c.before; before != nil && len(command.Needs.OldUsernames) > 0 {
		c.before = nil
		before()
	}
	return c.Store.Execute(ctx, command)
}

func TestNoAppActsForAClosedAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		app := n.register(t, n.visitor(t, "dev"))
		ann := n.visitor(t, "ann")
		code := n.code(t, ann, app, "access_profile access_friends")
		n.closeWallet(t, ann)
		var late Given
		people := &Service{Store: &closing{n.store, func() {
			var err error
			late, err = n.Exchange(t.Context(), TokenExchange{Client: app.auth(), Code: code})
			wants(t, "a code while the account closes", err, "ok")
		}}}
		wants(t, "close", people.Close(t.Context(), ann), "ok")
		if late.Access == "" {
			t.Fatal("nothing happened meanwhile")
		}
		n.works(t, late.Access, purse.CodeTokenRevoked)
		_, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: late.Refresh})
		wants(t, "refresh", err, purse.CodeRefresh)
		_, err = n.CreateToken(t.Context(), purse.MainBook, "op", TokenRequest{User: ann.User.ID, Scopes: "access_profile", Life: time.Hour})
		wants(t, "an operator's token", err, purse.CodeTarget)
	})
}

// closeWallet closes somebody's wallet.
func (n *network) closeWallet(t *testing.T, v Visitor) {
	t.Helper()
	err := n.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error {
		return f.CloseAccount(purse.WalletOf(v.User.ID))
	}})
	if err != nil {
		t.Fatal(err)
	}
}
