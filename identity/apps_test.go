package identity

import (
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
)

func TestRegisterApp(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev := n.visitor(t, "dev")
		app := n.register(t, dev, func(r *AppRequest) { r.Redirects = registered })
		want := purse.App{
			ID: app.ID, Name: "An app", Medium: purse.MediumAPI, Created: app.Created, Owner: dev.User.ID, Secret: hashText(string(app.Secret)),
			Redirects: strings.Join(registered, "\n"), DayCap: purse.DefaultTerms.AppCap,
		}
		list, err := n.AppsOf(t.Context(), dev)
		if err != nil || len(list) != 1 || list[0] != want || app.App != want || app.ID <= 1 || app.Created == 0 || !strings.HasPrefix(string(app.Secret), clientPrefix) {
			t.Errorf("%+v, %+v, %v", list, app.App, err)
		}
		open := n.register(t, dev, public, implicit)
		if open.Secret != "" || open.App.Secret != "" || !open.Implicit || open.ID <= app.ID {
			t.Errorf("%+v", open)
		}
		for _, tc := range []struct {
			req  AppRequest
			want purse.Code
		}{
			{AppRequest{Redirects: registered}, purse.CodeInvalid},
			{AppRequest{Name: "a\x00", Redirects: registered}, purse.CodeInvalid},
			{AppRequest{Name: strings.Repeat("a", 101), Redirects: registered}, purse.CodeInvalid},
			{AppRequest{Name: "a"}, purse.CodeMissing},
			{AppRequest{Name: "a", Redirects: []string{callback, "http://app.example"}}, purse.CodeRedirect},
		} {
			if _, err := n.RegisterApp(t.Context(), dev, tc.req); code(err) != tc.want {
				t.Errorf("%+v: %v", tc.req, err)
			}
			if err := n.ChangeApp(t.Context(), dev, app.ID, tc.req.Name, tc.req.Redirects); code(err) != tc.want {
				t.Errorf("change %+v: %v", tc.req, err)
			}
		}
		if apps := n.count(t, "apps where owner > 0"); apps != 2 {
			t.Errorf("%d apps", apps)
		}
	})
}

// Apps are somebody's; to others they do not exist.
func TestAppsAreTheirOwners(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev, eve := n.visitor(t, "dev"), n.visitor(t, "eve")
		app, open := n.register(t, dev), n.register(t, dev, public)
		operators, err := n.CreateApp(t.Context(), purse.MainBook, "op", purse.App{Name: "op's", Medium: purse.MediumAPI, Redirects: callback})
		if err != nil || operators.DayCap != purse.DefaultTerms.AppCap {
			t.Fatalf("%+v, %v", operators, err)
		}
		for _, id := range []purse.AppID{app.ID, operators.ID, purse.SignInApp, purse.DeveloperApp, 0, 12345} {
			_, rotated := n.RotateSecret(t.Context(), eve, id)
			for _, err := range []error{rotated, n.ChangeApp(t.Context(), eve, id, "mine", registered), n.CloseApp(t.Context(), eve, id)} {
				if code(err) != purse.CodeNotFound {
					t.Errorf("app %d: %v", id, err)
				}
			}
		}
		if list, err := n.AppsOf(t.Context(), eve); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := n.RotateSecret(t.Context(), dev, open.ID); code(err) != purse.CodeInvalid {
			t.Errorf("a public client's secret: %v", err)
		}
		if err := n.ChangeApp(t.Context(), dev, app.ID, "New", registered[1:]); err != nil {
			t.Fatal(err)
		}
		if list, err := n.AppsOf(t.Context(), dev); err != nil || len(list) != 2 || list[0].Name != "New" || list[0].Redirects != strings.Join(registered[1:], "\n") || list[0].Secret != app.App.Secret {
			t.Errorf("%+v, %v", list, err)
		}
		out := dev
		out.Session.Hash = "nobody's"
		if _, err := n.RegisterApp(t.Context(), out, AppRequest{Name: "a", Redirects: registered}); err == nil {
			t.Error("an app is registered without a session")
		}
	})
}

func TestRotateSecret(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev := n.visitor(t, "dev")
		app := n.register(t, dev)
		g := n.tokens(t, dev, app, "make_payments")
		secret, err := n.RotateSecret(t.Context(), dev, app.ID)
		if err != nil || secret == app.Secret {
			t.Fatal(err)
		}
		n.works(t, g.Access, "ok")
		if _, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: g.Refresh}); code(err) != purse.CodeClientSecret {
			t.Errorf("the old secret: %v", err)
		}
		app.Secret = secret
		if _, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: g.Refresh}); err != nil {
			t.Errorf("the new secret: %v", err)
		}
	})
}

func TestCloseApp(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev, ann := n.visitor(t, "dev"), n.visitor(t, "ann")
		app := n.register(t, dev)
		g, ready := n.tokens(t, ann, app, "make_payments"), n.code(t, ann, app, "")
		n.works(t, g.Access, "ok")
		ask := AuthorizeRequest{ClientID: app.ID.String(), ResponseType: "code"}
		asked, err := n.Authorize(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.CloseApp(t.Context(), dev, app.ID); err != nil {
			t.Fatal(err)
		}
		n.works(t, g.Access, purse.CodeTokenRevoked)
		fresh := &network{&Service{Store: n.store}, n.store, n.db}
		fresh.works(t, g.Access, purse.CodeTokenRevoked)
		_, authorized := n.Authorize(t.Context(), ask)
		_, allowed := n.Allow(t.Context(), ann, asked, purse.EveryScope())
		_, exchanged := n.Exchange(t.Context(), TokenExchange{Client: app.auth(), Code: ready})
		_, refreshed := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: g.Refresh})
		revoked := n.Revoke(t.Context(), app.auth(), g.Access)
		for name, err := range map[string]error{"authorize": authorized, "allow": allowed, "exchange": exchanged, "refresh": refreshed, "revoke": revoked} {
			if code(err) != purse.CodeClient {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, err := range []error{n.ChangeApp(t.Context(), dev, app.ID, "a", registered), n.CloseApp(t.Context(), dev, app.ID)} {
			if code(err) != purse.CodeNotFound {
				t.Errorf("a closed app: %v", err)
			}
		}
		mine, err := n.AppsOf(t.Context(), dev)
		granted, err2 := n.Grants(t.Context(), ann)
		if len(mine) != 0 || len(granted) != 0 || err != nil || err2 != nil {
			t.Errorf("%+v, %+v, %v, %v", mine, granted, err, err2)
		}
	})
}

// Decide checks again what was read before it.
func TestAppClosedMeanwhile(t *testing.T) {
	now := purse.Time(1000)
	app := purse.App{ID: 7, Secret: hashText("x"), Closed: now}
	ticket := purse.Ticket{Hash: "c", Kind: purse.TicketCode, Person: 1, App: 7, Detail: `{}`, Expires: now.Add(time.Hour)}
	f := purse.NewFacts(purse.Book{}, now, app, ticket)
	if _, err := (TokenExchange{}).decide(f, "c", 7, &gift{}); code(err) != purse.CodeClient {
		t.Errorf("exchange: %v", err)
	}
	if _, err := (TokenRefresh{}).decide(f, "c", 7, &gift{}); code(err) != purse.CodeClient {
		t.Errorf("refresh: %v", err)
	}
	app.Closed = 0
	f = purse.NewFacts(purse.Book{}, now, app, ticket)
	if _, err := (TokenExchange{}).decide(f, "c", 7, &gift{}); code(err) != purse.CodeClientSecret {
		t.Errorf("exchange after the secret was changed: %v", err)
	}
	if _, err := (TokenRefresh{}).decide(f, "c", 7, &gift{}); code(err) != purse.CodeClientSecret {
		t.Errorf("refresh after the secret was changed: %v", err)
	}
}

// The cap holds however many are registered at once, and closed ones make room.
func TestAppsHaveACap(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev := n.visitor(t, "dev")
		const crowd = purse.AppsMax + 10
		errs := make([]error, crowd)
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() {
				_, errs[i] = n.RegisterApp(t.Context(), dev, AppRequest{Name: "a", Redirects: registered})
			})
		}
		all.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if code(err) != purse.CodeLimit {
				t.Error(err)
			}
		}
		list, err := n.AppsOf(t.Context(), dev)
		if made != purse.AppsMax || len(list) != purse.AppsMax || err != nil {
			t.Fatalf("%d were made, %d are listed, %v", made, len(list), err)
		}
		if err := n.CloseApp(t.Context(), dev, list[0].ID); err != nil {
			t.Fatal(err)
		}
		last := n.register(t, dev)
		if list, err := n.AppsOf(t.Context(), dev); err != nil || list[len(list)-1].ID != last.ID {
			t.Errorf("%v", err)
		}
		n.register(t, n.visitor(t, "eve"))
	})
}

// What an operator registers is held against the same rules.
func TestOperatorsApps(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.visitor(t, "ann")
		secret, hash := ClientSecret()
		app, err := n.CreateApp(t.Context(), purse.MainBook, "op", purse.App{
			Name: "a", Medium: purse.MediumIOS, Redirects: strings.Join(registered, "\n"), Secret: hash, Implicit: true, DayCap: purse.AppsOwnCap,
		})
		if err != nil || app.Owner != 0 || app.DayCap != purse.AppsOwnCap {
			t.Fatalf("%+v, %v", app, err)
		}
		n.works(t, n.tokens(t, ann, NewApp{app, secret}, "make_payments").Access, "ok")
		_, err = n.CreateApp(t.Context(), purse.MainBook, "op", purse.App{Name: "a", Medium: purse.MediumAPI, Redirects: "javascript:alert(1)"})
		if code(err) != purse.CodeRedirect {
			t.Error(err)
		}
	})
}
