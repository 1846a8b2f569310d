package web

import (
	"strings"

	"purse"
)

// showContacts answers GET /settings/contacts.
func (s *Site) showContacts(t *turn) error {
	contacts, err := s.Identity.Contacts(t.r.Context(), t.visitor)
	if err != nil {
		return err
	}
	p := contactsPage{Layout: s.settings(t, "/settings/contacts", "Contacts"), Typed: t.text("typed")}
	for i, c := range contacts {
		p.Contacts = append(p.Contacts, contactRow{
			Number: i + 1, Kind: string(c.Kind), Text: c.Text, Shown: addressWords(c.Address), Words: kindWords(c.Kind),
			Added: date(c.Added), Verified: c.Verified != 0, Code: c.Kind == purse.Phone && c.Verified == 0,
		})
	}
	return render(t.w, t.status(), "contacts", p)
}

// changeContacts answers POST /settings/contacts.
func (s *Site) changeContacts(t *turn) error {
	again := func() error { return s.showContacts(t) }
	ctx, here := t.r.Context(), "/settings/contacts"
	one := purse.Address{Kind: purse.AddressKind(t.form.Get("kind")), Text: t.form.Get("address")}
	return act{
		"add": func() error {
			a, err := readAddress(t.text("typed"))
			if err == nil {
				err = s.Identity.AddContact(ctx, t.visitor, a)
			}
			return t.after(err, "add", here, "added", again)
		},
		"send": func() error {
			return t.after(s.Identity.SendVerification(ctx, t.visitor, one), "list", here, "sent", again)
		},
		"code": func() error {
			return t.after(s.Identity.VerifyCode(ctx, t.visitor, one, t.text("code")), "list", here, "verified", again)
		},
		"remove": func() error {
			return t.after(s.Identity.RemoveContact(ctx, t.visitor, one), "list", here, "removed", again)
		},
	}.do(t)
}

// readAddress reads an e-mail address or a phone number.
//
// Refused with CodeTarget.
func readAddress(typed string) (purse.Address, error) {
	if strings.Contains(typed, "@") {
		return purse.ParseEmail(typed)
	}
	a, err := purse.ParsePhone(typed)
	if err != nil {
		return a, purse.Refuse(purse.CodeTarget, "This is neither an e-mail address nor a phone number.")
	}
	return a, nil
}
