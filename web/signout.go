package web

import (
	"net/http"

	"purse"
)

// showSignOut answers GET /sign-out.
func (s *Site) showSignOut(t *turn) error {
	return render(t.w, http.StatusOK, "signout", signOutPage{s.layout(t, "Sign out")})
}

// signOut answers POST /sign-out.
func (s *Site) signOut(t *turn) error {
	if err := s.Identity.SignOut(t.r.Context(), t.visitor); err != nil && purse.CodeOf(err) != purse.CodeSignedOut {
		return err
	}
	http.SetCookie(t.w, s.cookie(sessionCookie, "", 0))
	if next := t.keptNext(); next != "" {
		return t.go303(next)
	}
	return t.go303("/?done=signed-out")
}
