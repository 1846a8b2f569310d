package web

import (
	"strconv"

	"purse"
)

// showSecurity answers GET /settings/security.
func (s *Site) showSecurity(t *turn) error {
	ctx := t.r.Context()
	factors, err := s.Identity.Factors(ctx, t.visitor)
	if err != nil {
		return err
	}
	sessions, err := s.Identity.Sessions(ctx, t.visitor)
	if err != nil {
		return err
	}
	p := securityPage{
		Layout: s.settings(t, "/settings/security", "Security"), Authenticator: factors.App != 0, Recovery: factors.Recovery,
		PasskeysPossible: s.Identity.PasskeysPossible(), Others: len(sessions) > 1,
	}
	for _, k := range factors.Passkeys {
		p.Passkeys = append(p.Passkeys, passkeyRow{ID: k.ID, Name: k.Name, Added: date(k.Added), Used: date(k.Used)})
	}
	for _, one := range sessions {
		p.Sessions = append(p.Sessions, sessionRow{
			ID: strconv.FormatInt(int64(one.ID), 10), Agent: agentWords(one.Agent), Remote: one.Remote,
			Seen: moment(one.Seen), Current: one.ID == t.visitor.Session.ID,
		})
	}
	return render(t.w, t.status(), "security", p)
}

// changeSecurity answers POST /settings/security.
func (s *Site) changeSecurity(t *turn) error {
	again := func() error { return s.showSecurity(t) }
	ctx, here := t.r.Context(), "/settings/security"
	return act{
		"password": func() error {
			err := s.Identity.ChangePassword(ctx, t.visitor, t.form.Get("password"))
			return t.after(err, "password", here, "password", again)
		},
		"recovery": func() error {
			codes, err := s.Identity.NewRecoveryCodes(ctx, t.visitor)
			if err != nil {
				return t.after(err, "authenticator", here, "", again)
			}
			return s.showRecovery(t, codes)
		},
		"no-authenticator": func() error {
			return t.after(s.Identity.RemoveTOTP(ctx, t.visitor), "authenticator", here, "factor-off", again)
		},
		"no-passkey": func() error {
			return t.after(s.Identity.RemovePasskey(ctx, t.visitor, t.form.Get("id")), "passkeys", here, "removed", again)
		},
		"end": func() error {
			id, err := readNumber(t.form.Get("id"))
			if err == nil {
				err = s.Identity.EndSession(ctx, t.visitor, purse.SessionID(id))
			}
			return t.after(err, "sessions", here, "ended", again)
		},
		"end-others": func() error {
			return t.after(s.Identity.EndOtherSessions(ctx, t.visitor), "sessions", here, "ended", again)
		},
	}.do(t)
}

// readNumber reads an identifier that a form of ours carries.
//
// Refused with CodeInvalid.
func readNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, purse.Refuse(purse.CodeInvalid, "The form does not say which one.")
	}
	return n, nil
}
