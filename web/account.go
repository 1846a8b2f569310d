package web

import (
	"net/http"
	"strings"

	"purse"
	"purse/identity"
)

// showAccount answers GET /settings/account.
func (s *Site) showAccount(t *turn) error {
	return render(t.w, t.status(), "account", accountPage{s.settings(t, "/settings/account", "Account")})
}

// export answers GET /settings/account/export with a file. It is sent while it is
// read; what was refused before is a page.
func (s *Site) export(t *turn) error {
	return s.Identity.Export(t.r.Context(), t.visitor, &attachment{w: t.w, name: t.visitor.User.Username + ".json"})
}

// attachment is an answer that becomes a file when the first of it is written.
type attachment struct {
	w     http.ResponseWriter
	name  string
	begun bool
}

func (a *attachment) Write(b []byte) (int, error) {
	if !a.begun {
		a.begun = true
		a.w.Header().Set("Content-Type", "application/json; charset=utf-8")
		a.w.Header().Set("Content-Disposition", `attachment; filename="`+a.name+`"`)
	}
	return a.w.Write(b)
}

// closeAccount answers POST /settings/account. The wallet goes first: it refuses
// when there is money, and then nothing has happened.
func (s *Site) closeAccount(t *turn) error {
	ctx := t.r.Context()
	return act{
		"close": func() error {
			err := identity.Fresh(t.visitor)
			if err == nil && !strings.EqualFold(username(t.text("username")), t.visitor.User.Username) {
				err = purse.Refuse(purse.CodeInvalid, "This is not your username.")
			}
			if err == nil {
				err = s.Wallet.CloseWallet(ctx, t.visitor.Actor)
			}
			if err == nil {
				err = s.Identity.Close(ctx, t.visitor)
			}
			if err == nil {
				http.SetCookie(t.w, s.cookie(sessionCookie, "", 0))
			}
			return t.after(err, "close", "/", "closed", func() error { return s.showAccount(t) })
		},
	}.do(t)
}
