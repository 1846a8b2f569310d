package web

import "purse/identity"

// typed is what somebody has typed to sign in or up, to be shown to them again.
type typed struct{ Name, FirstName, LastName, Email, Phone string }

// typedBy reads what was typed; passwords are not among it.
func typedBy(t *turn) typed {
	name := t.text("name")
	if name == "" {
		name = t.text("username")
	}
	return typed{name, t.text("first_name"), t.text("last_name"), t.text("email"), t.text("phone")}
}

// showPaySign answers GET below /pay/{link}, where only forms are sent: somebody has
// loaded the page again after one was refused.
func showPaySign(how string) func(*Site, *turn) error {
	return func(_ *Site, t *turn) error { return t.go303(signPath(t, how)) }
}

// paySignIn answers POST /pay/{link}/sign-in: signing in without leaving the page.
func (s *Site) paySignIn(t *turn) error {
	return s.paySign(t, "in", s.signInTyped)
}

// paySignUp answers POST /pay/{link}/sign-up.
func (s *Site) paySignUp(t *turn) error {
	return s.paySign(t, "up", s.signUpTyped)
}

// paySign lets somebody in by what they have typed, back to the page of the link. What
// was refused is said there.
func (s *Site) paySign(t *turn, how string, by func(*turn) (identity.SignedIn, error)) error {
	b, err := s.bill(t)
	if err != nil {
		return err
	}
	if !b.waits || b.ofHub && s.simulated(b.question) {
		return t.go303(payPath(t))
	}
	in, err := by(t)
	if err == nil {
		return s.signedIn(t, in, payPath(t))
	}
	if err := t.blame("sign-"+how, err); err != nil {
		return err
	}
	return s.renderPay(t, b, how)
}
