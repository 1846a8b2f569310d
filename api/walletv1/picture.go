package walletv1

import (
	"fmt"
	"html"
	"net/http"
	"strings"
	"unicode/utf8"

	"purse"
)

// picture answers GET /v1/users/{id}/picture.svg: a person's initials on a
// colour of their own. It needs no token, because it shows less than any
// payment does, and browsers fetch pictures without one.
func (d *Door) picture(w http.ResponseWriter, r *http.Request) error {
	if err := d.Rates.Allow(r, ""); err != nil {
		return err
	}
	id, ok := parseID(r.PathValue("id"))
	if !ok {
		return purse.Refuse(purse.CodeNotFound, "Resource not found.")
	}
	u, err := d.Identity.User(r.Context(), purse.UserID(id))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, err = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" role="img" aria-label="%s">`+
		`<rect width="96" height="96" rx="48" fill="hsl(%d 45%% 38%%)"/>`+
		`<text x="48" y="50" fill="#fff" font-family="system-ui,sans-serif" font-size="38" text-anchor="middle" dominant-baseline="middle">%s</text></svg>`,
		html.EscapeString(initials(u)), (id>>10)%360, html.EscapeString(initials(u)))
	return err
}

func initials(u purse.User) string {
	var s strings.Builder
	for _, name := range []string{u.FirstName, u.LastName} {
		// U+FFFE and U+FFFF are text, but no XML.
		if first, _ := utf8.DecodeRuneInString(name); first != utf8.RuneError && first != 0xfffe && first != 0xffff {
			s.WriteRune(first)
		}
	}
	return strings.ToUpper(s.String())
}
