package web

import (
	"strings"

	"purse/identity"
)

// showSignUp answers GET /sign-up.
func (s *Site) showSignUp(t *turn) error {
	if t.session != "" && t.fault == nil {
		return t.go303(t.next())
	}
	p := signUpPage{
		Layout: s.layout(t, "Sign up"), Next: t.keptNext(), SignIn: withNext("/sign-in", t.next()), Typed: typedBy(t),
	}
	return render(t.w, t.status(), "signup", p)
}

// signUp answers POST /sign-up.
func (s *Site) signUp(t *turn) error {
	in, err := s.signUpTyped(t)
	if err != nil {
		if err := t.blame("", err); err != nil {
			return err
		}
		return s.showSignUp(t)
	}
	return s.signedIn(t, in, t.next())
}

// signUpTyped makes an account of what somebody has typed.
func (s *Site) signUpTyped(t *turn) (identity.SignedIn, error) {
	return s.Identity.SignUp(t.r.Context(), s.Book, identity.SignUpRequest{
		Username: username(t.text("username")), FirstName: t.text("first_name"), LastName: t.text("last_name"),
		Email: t.text("email"), Phone: t.text("phone"), Password: t.form.Get("password"),
	}, t.from())
}

// username is what somebody means who may have typed the @ before it, too.
func username(typed string) string { return strings.TrimPrefix(typed, "@") }
