package web

import (
	"net/http"

	"purse"
)

// showReset answers GET /reset.
func (s *Site) showReset(t *turn) error {
	return render(t.w, t.status(), "reset", resetPage{Layout: s.layout(t, "Set a new password"), Typed: t.text("name")})
}

// askReset answers POST /reset, with one and the same page whoever was named:
// only what says nothing about them is told.
func (s *Site) askReset(t *turn) error {
	switch err := s.Identity.AskReset(t.r.Context(), t.text("name"), t.from()); purse.CodeOf(err) {
	case purse.CodeRate, purse.CodeBusy, purse.CodeUnknown, purse.CodeClockJumped:
		return err
	case purse.CodeInternal:
		if err != nil {
			return err
		}
	}
	return render(t.w, http.StatusOK, "reset", resetPage{Layout: s.layout(t, "Look at your mail"), Asked: true})
}

// showNewPassword answers GET /reset/new.
func (s *Site) showNewPassword(t *turn) error {
	p := newPasswordPage{Layout: s.layout(t, "Choose a new password"), Token: t.query("token")}
	if t.form != nil {
		p.Token = t.form.Get("token")
	}
	return render(t.w, t.status(), "newpassword", p)
}

// resetPassword answers POST /reset/new. It signs nobody in: the link was in a
// mail, and a second factor may be due.
func (s *Site) resetPassword(t *turn) error {
	err := s.Identity.ResetPassword(t.r.Context(), purse.Secret(t.form.Get("token")), t.form.Get("password"))
	return t.after(err, "", "/sign-in", "reset", func() error { return s.showNewPassword(t) })
}
