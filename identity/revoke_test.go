package identity

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"purse"
)

func TestRevoke(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev, ann := n.visitor(t, "dev"), n.visitor(t, "ann")
		app, other := n.register(t, dev), n.register(t, dev)
		one, two, three := n.tokens(t, ann, app, "make_payments"), n.tokens(t, ann, app, "make_payments"), n.tokens(t, ann, app, "make_payments")
		two2, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: two.Refresh})
		if err != nil {
			t.Fatal(err)
		}
		// What is none of the app's is as good as revoked, and stays as it is.
		for name, secret := range map[string]purse.Secret{"none": "", "garbage": "garbage", "never was": newToken(), "never was a refresh token": newSecret(refreshPrefix),
			"old": two.Access, "used": two.Refresh, "own": n.token(t, ann.User, "make_payments", 0), "secret": app.Secret} {
			if err := n.Revoke(t.Context(), app.auth(), secret); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, secret := range []purse.Secret{one.Access, one.Refresh} {
			if err := n.Revoke(t.Context(), other.auth(), secret); err != nil {
				t.Errorf("another app: %v", err)
			}
		}
		if err := n.Revoke(t.Context(), ClientAuth{ID: app.ID.String()}, one.Access); code(err) != purse.CodeClientSecret {
			t.Errorf("without the secret: %v", err)
		}
		for _, g := range []Given{one, two2, three} {
			n.works(t, g.Access, "ok")
		}
		if err := n.Revoke(t.Context(), app.auth(), one.Access); err != nil {
			t.Fatal(err)
		}
		if err := n.Revoke(t.Context(), app.auth(), two2.Refresh); err != nil {
			t.Fatal(err)
		}
		if err := n.RevokeOwn(t.Context(), three.Access); err != nil {
			t.Fatal(err)
		}
		for i, g := range []Given{one, two2, three} {
			n.works(t, g.Access, purse.CodeTokenRevoked)
			if _, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: g.Refresh}); code(err) != purse.CodeRefresh {
				t.Errorf("%d: %v", i, err)
			}
			if err := n.RevokeOwn(t.Context(), g.Access); code(err) != purse.CodeTokenRevoked {
				t.Errorf("%d: %v", i, err)
			}
			if err := n.Revoke(t.Context(), app.auth(), g.Access); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}

func TestRevokeApp(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev, ann := n.visitor(t, "dev"), n.visitor(t, "ann")
		app, other := n.register(t, dev), n.register(t, dev)
		one, two := n.tokens(t, ann, app, "make_payments"), n.tokens(t, ann, app, "make_payments")
		hers, devs := n.tokens(t, ann, other, "make_payments"), n.tokens(t, dev, app, "make_payments")
		operators := n.token(t, ann.User, "make_payments", 0)
		// More than the set of grants holds at once.
		for range purse.GrantsMax + 5 {
			n.token(t, ann.User, "make_payments", 0)
		}
		own, err := n.DeveloperToken(t.Context(), ann)
		if err != nil {
			t.Fatal(err)
		}
		live := func(where string, want int) {
			t.Helper()
			if got := n.count(t, fmt.Sprintf("grants where revoked = 0 and person = %d and %s", ann.User.ID, where)); got != want {
				t.Errorf("%s: %d grants, want %d", where, got, want)
			}
		}
		for range 2 {
			if err := n.RevokeApp(t.Context(), ann, app.ID); err != nil {
				t.Fatal(err)
			}
		}
		n.works(t, one.Access, purse.CodeTokenRevoked)
		n.works(t, two.Access, purse.CodeTokenRevoked)
		for _, secret := range []purse.Secret{hers.Access, devs.Access, operators, own.Access} {
			n.works(t, secret, "ok")
		}
		live("app = 0", purse.GrantsMax+6)
		if err := n.RevokeApp(t.Context(), ann, 0); err != nil {
			t.Fatal(err)
		}
		live("app = 0", 0)
		n.works(t, operators, purse.CodeTokenRevoked)
		n.works(t, own.Access, "ok")
		if err := n.RevokeApp(t.Context(), ann, purse.DeveloperApp); err != nil {
			t.Fatal(err)
		}
		n.works(t, own.Access, purse.CodeTokenRevoked)
		n.works(t, hers.Access, "ok")
		live("app <> 0", 1)
	})
}

func TestDeveloperToken(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, ben := n.visitor(t, "ann"), n.visitor(t, "ben")
		operators := n.token(t, ann.User, "make_payments", 0)
		first, err := n.DeveloperToken(t.Context(), ann)
		if err != nil || first.Refresh != "" || first.Life != 0 || first.Scopes != developerScopes || first.Actor.App != 0 {
			t.Fatalf("%+v, %v", first, err)
		}
		bens, err := n.DeveloperToken(t.Context(), ben)
		if err != nil {
			t.Fatal(err)
		}
		n.pass(t, 5000*24*60*60*1e9)
		n.works(t, first.Access, "ok")
		n.expect(t, first.Access, purse.AccessPaymentHistory, purse.CodeScope, "ok")
		second, err := n.DeveloperToken(t.Context(), n.visitor(t, "ann"))
		if err != nil {
			t.Fatal(err)
		}
		n.works(t, first.Access, purse.CodeTokenRevoked)
		for _, secret := range []purse.Secret{second.Access, bens.Access, operators} {
			n.works(t, secret, "ok")
		}
		if err := n.RevokeOwn(t.Context(), second.Access); err != nil {
			t.Fatal(err)
		}
		n.works(t, second.Access, purse.CodeTokenRevoked)
		if _, err := n.DeveloperToken(t.Context(), ann); code(err) != purse.CodeSignedOut {
			t.Errorf("a session that has expired: %v", err)
		}
	})
}

// One more than there may be ends the oldest, also of another way.
func TestGrantsHaveACap(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev := n.visitor(t, "dev")
		app := n.register(t, dev, implicit)
		var all []Given
		for range purse.GrantsMax + 1 {
			all = append(all, n.tokens(t, dev, app, "make_payments"))
		}
		n.allow(t, dev, AuthorizeRequest{ClientID: app.ID.String(), ResponseType: "token"})
		for i, g := range all {
			want := purse.Code("ok")
			if i < 2 {
				want = purse.CodeTokenRevoked
			}
			n.works(t, g.Access, want)
		}
		if _, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: all[0].Refresh}); code(err) != purse.CodeRefresh {
			t.Error(err)
		}
		if live := n.count(t, "grants where revoked = 0"); live != purse.GrantsMax {
			t.Errorf("%d grants", live)
		}
	})
}

func TestGrantsAreListed(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev, ann := n.visitor(t, "dev"), n.visitor(t, "ann")
		app, other := n.register(t, dev), n.register(t, dev)
		if list, err := n.Grants(t.Context(), ann); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		n.token(t, ann.User, "access_feed", 0)
		first := n.tokens(t, ann, app, "access_balance")
		n.tokens(t, ann, app, "make_payments access_balance")
		n.tokens(t, ann, other, "make_payments")
		n.tokens(t, dev, other, "access_email")
		if _, err := n.DeveloperToken(t.Context(), ann); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Refresh(t.Context(), TokenRefresh{Client: app.auth(), Refresh: first.Refresh}); err != nil {
			t.Fatal(err)
		}
		err := n.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error {
			f.Put(purse.Allowance{AllowanceKey: purse.AllowanceKey{Person: ann.User.ID, Grantee: int64(other.ID)}, Cap: 7_00})
			f.Put(purse.Allowance{AllowanceKey: purse.AllowanceKey{Person: ann.User.ID, Grantee: int64(app.ID)}, Cap: purse.AppsOwnCap, Spent: 1})
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		list, err := n.Grants(t.Context(), ann)
		if err != nil || len(list) != 4 {
			t.Fatalf("%+v, %v", list, err)
		}
		for i, want := range []AppGrant{
			{App: purse.App{ID: purse.DeveloperApp, DayCap: purse.AppsOwnCap}, Scopes: developerScopes, Cap: purse.AppsOwnCap},
			{App: purse.App{DayCap: purse.AppsOwnCap}, Scopes: "access_feed", Cap: purse.AppsOwnCap},
			{App: app.App, Scopes: "make_payments access_balance", Cap: purse.DefaultTerms.AppCap},
			{App: other.App, Scopes: "make_payments", Cap: 7_00},
		} {
			got := list[i]
			if got.Since == 0 || (got.Used != 0) != (got.App.ID == app.ID) {
				t.Errorf("%+v", got)
			}
			if got.Since, got.Used = 0, 0; got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
	})
}

// No secret is stored as it is.
func TestSecretsAreStoredAsHashes(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		dev := n.visitor(t, "dev")
		app := n.register(t, dev)
		code := n.code(t, dev, app, "make_payments")
		g, err := n.Exchange(t.Context(), TokenExchange{Client: app.auth(), Code: code})
		if err != nil {
			t.Fatal(err)
		}
		own, err := n.DeveloperToken(t.Context(), dev)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"apps", "tickets", "tokens", "grants", "sessions", "actions", "events"} {
			for _, row := range dump(t, n.db, table) {
				for _, secret := range []purse.Secret{app.Secret, code, g.Access, g.Refresh, own.Access} {
					if strings.Contains(row, string(secret)) {
						t.Errorf("%s holds a secret", table)
					}
				}
			}
		}
		if strings.Contains(fmt.Sprintf("%v %+v %+v", app, g, TokenExchange{Client: app.auth(), Code: code}), "purse_") {
			t.Error("a secret is printed")
		}
	})
}

func dump(t *testing.T, db *sql.DB, table string) (rows []string) {
	t.Helper()
	found, err := db.Query("select * from " + table)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, _ := found.Columns()
	for found.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = &values[i]
		}
		if err := found.Scan(values...); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprintf("%s", values))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}
