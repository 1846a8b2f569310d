package web

// showProve answers GET /prove.
func (s *Site) showProve(t *turn) error {
	factors, err := s.Identity.Factors(t.r.Context(), t.visitor)
	if err != nil {
		return err
	}
	return render(t.w, t.status(), "prove", provePage{
		Layout: s.layout(t, "Is it still you?"), Next: t.keptNext(), Code: factors.App != 0,
		Passkey: len(factors.Passkeys) > 0 && s.Identity.PasskeysPossible(),
	})
}

// prove answers POST /prove.
func (s *Site) prove(t *turn) error {
	if err := s.Identity.Prove(t.r.Context(), t.visitor, t.form.Get("password"), t.text("code")); err != nil {
		if err := t.blame("", err); err != nil {
			return err
		}
		return s.showProve(t)
	}
	return t.go303(t.next())
}
