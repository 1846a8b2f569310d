package web

import (
	"net/http"
	"strings"
)

// showAuthenticator answers GET /settings/security/authenticator, which nothing
// links to: whoever has proved who they are comes by.
func (s *Site) showAuthenticator(t *turn) error { return t.go303("/settings/security") }

// setUpAuthenticator answers POST /settings/security/authenticator.
func (s *Site) setUpAuthenticator(t *turn) error {
	title := "Set up an authenticator app"
	return act{
		"begin": func() error {
			setup, err := s.Identity.BeginTOTP(t.r.Context(), t.visitor)
			if err != nil {
				if err := t.blame("authenticator", err); err != nil {
					return err
				}
				return s.showSecurity(t)
			}
			code, err := newQR(setup.URI)
			if err != nil {
				return err
			}
			p := authenticatorPage{Layout: s.settings(t, "/settings/security", title), QR: code, Secret: inFours(setup.Secret)}
			return render(t.w, http.StatusOK, "authenticator", p)
		},
		"confirm": func() error {
			codes, err := s.Identity.ConfirmTOTP(t.r.Context(), t.visitor, t.text("code"))
			if err != nil {
				if err := t.blame("", err); err != nil {
					return err
				}
				return render(t.w, t.status(), "authenticator", authenticatorPage{Layout: s.settings(t, "/settings/security", title)})
			}
			return s.showRecovery(t, codes)
		},
	}.do(t)
}

// showRecovery shows recovery codes. What is shown once is the answer to the form
// itself: it is kept nowhere that a redirect could lead to.
func (s *Site) showRecovery(t *turn, codes []string) error {
	return render(t.w, http.StatusOK, "once", oncePage{
		Layout: s.settings(t, "/settings/security", "Your recovery codes"),
		About:  "The authenticator app is asked for from now on. Each of these codes gets you in once when you do not have it at hand.",
		Shown:  []shown{{Values: codes, Columns: true}}, Back: "/settings/security",
	})
}

// inFours writes a secret in groups that can be typed.
func inFours(secret string) string {
	var b strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
