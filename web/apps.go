package web

import (
	"net/http"

	"purse"
	"purse/identity"
)

// showApps answers GET /settings/apps.
func (s *Site) showApps(t *turn) error {
	ctx, me := t.r.Context(), t.visitor
	grants, err := s.Identity.Grants(ctx, me)
	if err != nil {
		return err
	}
	var ids []purse.AppID
	for _, g := range grants {
		if g.App.ID > 0 {
			ids = append(ids, g.App.ID)
		}
	}
	caps, err := s.Wallet.AppCaps(ctx, me.Actor, ids...)
	if err != nil {
		return err
	}
	p := appsPage{Layout: s.settings(t, "/settings/apps", "Apps"), Currency: string(s.Currency)}
	for _, g := range grants {
		if g.App.ID == purse.DeveloperApp {
			p.Token = date(g.Since)
			continue
		}
		row := appRow{
			ID: g.App.ID.String(), Name: g.App.Name, Initials: initials(g.App.Name), Since: date(g.Since), Used: date(g.Used),
			Scopes: scopeNames(g.Scopes), Pays: g.App.ID > 0 && g.Scopes.Has(purse.MakePayments),
		}
		if g.App.ID == 0 {
			row.Name, row.Initials = "Tokens that the operator has made for you", "O"
		}
		limit := caps[g.App.ID]
		if limit.Minor >= 0 {
			row.Cap = s.decimal(limit.Minor)
		}
		if t.faultAt == "list" && t.form.Get("app") == row.ID && t.form.Get("do") == "cap" {
			row.Cap = t.text("cap")
		}
		row.Spent = s.decimal(limit.Today)
		p.Apps = append(p.Apps, row)
	}
	return render(t.w, t.status(), "apps", p)
}

// changeApps answers POST /settings/apps.
func (s *Site) changeApps(t *turn) error {
	again := func() error { return s.showApps(t) }
	ctx, here := t.r.Context(), "/settings/apps"
	return act{
		"cap": func() error {
			id, err := readNumber(t.form.Get("app"))
			var minor int64
			if err == nil {
				minor, err = s.readAmount(t.text("cap"))
			}
			if err == nil {
				err = identity.Fresh(t.visitor) // it is money
			}
			if err == nil {
				err = s.Wallet.SetAppCap(ctx, t.visitor.Actor, purse.AppID(id), minor)
			}
			return t.after(err, "list", here, "cap", again)
		},
		"revoke": func() error {
			id, err := readNumber(t.form.Get("app"))
			if err == nil {
				err = s.Identity.RevokeApp(ctx, t.visitor, purse.AppID(id))
			}
			return t.after(err, "list", here, "revoked", again)
		},
		"no-token": func() error {
			return t.after(s.Identity.RevokeApp(ctx, t.visitor, purse.DeveloperApp), "token", here, "revoked", again)
		},
		"token": func() error {
			given, err := s.Identity.DeveloperToken(ctx, t.visitor)
			if err != nil {
				return t.after(err, "token", here, "", again)
			}
			return render(t.w, http.StatusOK, "once", oncePage{
				Layout: s.settings(t, here, "Your developer token"),
				About:  "Whoever has it acts as you. The one that you had before is not good any more.",
				Shown:  []shown{{Name: "Access token", Values: []string{string(given.Access)}}}, Back: here,
			})
		},
	}.do(t)
}
