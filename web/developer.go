package web

import (
	"net/http"
	"strings"

	"purse"
	"purse/identity"
)

// showDeveloper answers GET /settings/developer.
func (s *Site) showDeveloper(t *turn) error {
	apps, err := s.Identity.AppsOf(t.r.Context(), t.visitor)
	if err != nil {
		return err
	}
	p := developerPage{Layout: s.settings(t, "/settings/developer", "Developer")}
	if t.faultAt == "new" {
		p.Name, p.Redirects = t.text("name"), t.text("redirects")
		p.Public, p.Implicit = t.ticked("public"), t.ticked("implicit")
	}
	for _, a := range apps {
		if a.Closed != 0 {
			continue
		}
		row := ownAppRow{
			ID: a.ID.String(), Name: a.Name, Initials: initials(a.Name), Since: date(a.Created),
			Redirects: a.RedirectURIs(), Lines: strings.Join(a.RedirectURIs(), "\n"), Public: a.Secret == "", Implicit: a.Implicit,
		}
		if t.faultAt == "list" && t.form.Get("app") == row.ID && t.form.Get("do") == "change" {
			row.Open, row.Lines = true, t.text("redirects")
		}
		p.Apps = append(p.Apps, row)
	}
	return render(t.w, t.status(), "developer", p)
}

// appRequest is an app as a form describes it.
func (t *turn) appRequest() identity.AppRequest {
	return identity.AppRequest{
		Name: t.text("name"), Redirects: strings.Fields(t.form.Get("redirects")),
		Public: t.ticked("public"), Implicit: t.ticked("implicit"),
	}
}

// changeDeveloper answers POST /settings/developer.
func (s *Site) changeDeveloper(t *turn) error {
	again := func() error { return s.showDeveloper(t) }
	ctx, here := t.r.Context(), "/settings/developer"
	// one does something with the app that the form is about.
	one := func(do func(purse.AppID) error) error {
		id, err := readNumber(t.form.Get("app"))
		if err != nil {
			return err
		}
		return do(purse.AppID(id))
	}
	return act{
		"new": func() error {
			made, err := s.Identity.RegisterApp(ctx, t.visitor, t.appRequest())
			if err != nil {
				return t.after(err, "new", here, "", again)
			}
			return s.showSecret(t, "The app is registered", made.App.ID, made.Secret)
		},
		"change": func() error {
			in := t.appRequest()
			err := one(func(id purse.AppID) error { return s.Identity.ChangeApp(ctx, t.visitor, id, in.Name, in.Redirects) })
			return t.after(err, "list", here, "app", again)
		},
		"secret": func() error {
			return one(func(id purse.AppID) error {
				secret, err := s.Identity.RotateSecret(ctx, t.visitor, id)
				if err != nil {
					return t.after(err, "list", here, "", again)
				}
				return s.showSecret(t, "The app has a new secret", id, secret)
			})
		},
		"close": func() error {
			err := one(func(id purse.AppID) error { return s.Identity.CloseApp(ctx, t.visitor, id) })
			return t.after(err, "list", here, "app-closed", again)
		},
	}.do(t)
}

// showSecret shows what an app proves with who it is; a public client has no secret.
func (s *Site) showSecret(t *turn, title string, id purse.AppID, secret purse.Secret) error {
	p := oncePage{
		Layout: s.settings(t, "/settings/developer", title), About: "The app says with this which one it is.",
		Shown: []shown{{Name: "Client ID", Values: []string{id.String()}}}, Back: "/settings/developer",
	}
	if secret != "" {
		p.About = "With these two the app proves which one it is. A secret that it had before is not good any more."
		p.Shown = append(p.Shown, shown{Name: "Client secret", Values: []string{string(secret)}})
	}
	return render(t.w, http.StatusOK, "once", p)
}
