package web

import (
	"net/http"

	"purse"
	"purse/identity"
)

// showSignIn answers GET /sign-in.
func (s *Site) showSignIn(t *turn) error {
	if t.session != "" && t.fault == nil {
		return t.go303(t.next())
	}
	p := signInPage{Layout: s.layout(t, "Sign in"), Passkey: s.Identity.PasskeysPossible(), Next: t.keptNext(), SignUp: withNext("/sign-up", t.next()), Typed: typedBy(t)}
	return render(t.w, t.status(), "signin", p)
}

// signIn answers POST /sign-in. Whoever was signed in before in this browser
// is not any more.
func (s *Site) signIn(t *turn) error {
	in, err := s.signInTyped(t)
	if err != nil {
		if err := t.blame("", err); err != nil {
			return err
		}
		return s.showSignIn(t)
	}
	return s.signedIn(t, in, t.next())
}

// signInTyped signs in whoever has typed a name and a password.
func (s *Site) signInTyped(t *turn) (identity.SignedIn, error) {
	return s.Identity.SignIn(t.r.Context(), identity.SignInRequest{Name: t.text("name"), Password: t.form.Get("password")}, t.from())
}

// signedIn goes on after a sign-in: to where the person was heading, or to the
// second factor.
func (s *Site) signedIn(t *turn, in identity.SignedIn, next string) error {
	if in.Second != "" {
		http.SetCookie(t.w, s.cookie(secondCookie, in.Second, in.Expires))
		return t.go303(withNext("/sign-in/code", next))
	}
	if err := s.enter(t, in); err != nil {
		return err
	}
	return t.go303(next)
}

// enter gives the browser its new session, and ends the one it had.
func (s *Site) enter(t *turn, in identity.SignedIn) error {
	if t.session != "" {
		if err := s.Identity.SignOut(t.r.Context(), t.visitor); err != nil && purse.CodeOf(err) != purse.CodeSignedOut {
			return err
		}
	}
	http.SetCookie(t.w, s.cookie(sessionCookie, in.Session, in.Expires))
	http.SetCookie(t.w, s.cookie(secondCookie, "", 0))
	return nil
}

// showCode answers GET /sign-in/code.
func (s *Site) showCode(t *turn) error {
	if s.kept(t.r, secondCookie) == "" {
		return t.go303(withNext("/sign-in", t.next()))
	}
	p := codePage{Layout: s.layout(t, "One more step"), Next: t.keptNext(), SignIn: withNext("/sign-in", t.next()), Sent: t.query("sent") != "" && t.fault == nil}
	return render(t.w, t.status(), "code", p)
}

// signInCode answers POST /sign-in/code.
func (s *Site) signInCode(t *turn) error {
	second := s.kept(t.r, secondCookie)
	if second == "" {
		return t.go303(withNext("/sign-in", t.next()))
	}
	return act{
		"go": func() error {
			in, err := s.Identity.SignInSecond(t.r.Context(), second, t.text("code"), t.from())
			if err != nil {
				if err := t.blame("", err); err != nil {
					return err
				}
				return s.showCode(t)
			}
			return s.signedIn(t, in, t.next())
		},
		"text": func() error {
			if err := s.Identity.SendSecond(t.r.Context(), second); err != nil {
				if err := t.blame("", err); err != nil {
					return err
				}
				return s.showCode(t)
			}
			way := withNext("/sign-in/code", t.next())
			if t.keptNext() == "" {
				return t.go303(way + "?sent=1")
			}
			return t.go303(way + "&sent=1")
		},
	}.do(t)
}
