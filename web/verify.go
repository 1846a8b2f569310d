package web

import "purse"

// showVerify answers GET /verify, where the links in mails lead. It does nothing:
// programs that look for bad mail follow links.
func (s *Site) showVerify(t *turn) error {
	return render(t.w, t.status(), "verify", verifyPage{Layout: s.layout(t, "Is this address yours?"), Token: t.query("token")})
}

// verify answers POST /verify.
func (s *Site) verify(t *turn) error {
	_, err := s.Identity.VerifyLink(t.r.Context(), t.visitor, purse.Secret(t.query("token")))
	return t.after(err, "", "/settings/contacts", "verified", func() error { return s.showVerify(t) })
}
