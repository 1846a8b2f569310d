package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"purse"
	"purse/api"
	"purse/identity"
)

// turn is one request for a page, and what is known of who asks.
type turn struct {
	w       http.ResponseWriter
	r       *http.Request
	form    url.Values   // what was posted
	session purse.Secret // "": nobody is signed in
	visitor identity.Visitor

	fault   error  // why what was asked for was refused; the page says it
	faultAt string // in which of its forms
}

// The names of our cookies. The prefix makes browsers hold us to Secure and to
// this very host, so that no neighbour can plant one.
const (
	sessionCookie = "purse"
	secondCookie  = "purse-second"
	hostPrefix    = "__Host-"
)

// cookie is one of ours; a value of "" takes it away.
func (s *Site) cookie(name string, value purse.Secret, expires purse.Time) *http.Cookie {
	c := &http.Cookie{
		Name: name, Value: string(value), Path: "/", HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	}
	if c.Secure {
		c.Name = hostPrefix + name
	}
	switch {
	case value == "":
		c.MaxAge = -1
	case expires != 0:
		c.Expires = expires.UTC()
	}
	return c
}

// kept is the value of one of our cookies.
func (s *Site) kept(r *http.Request, name string) purse.Secret {
	if s.secure() {
		name = hostPrefix + name
	}
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return purse.Secret(c.Value)
}

// begin finds out who asks. A session that is over is as good as none, and its
// cookie goes.
func (s *Site) begin(t *turn) error {
	if t.r.Method == http.MethodPost && !isJSON(t.r) {
		if err := t.readForm(); err != nil {
			return err
		}
	}
	session := s.kept(t.r, sessionCookie)
	if session == "" {
		return nil
	}
	v, err := s.Identity.Visit(t.r.Context(), session)
	if purse.CodeOf(err) == purse.CodeSignedOut {
		http.SetCookie(t.w, s.cookie(sessionCookie, "", 0))
		return nil
	}
	if err != nil {
		return err
	}
	t.session, t.visitor = session, v
	return nil
}

// readForm reads what was posted, and nothing of the query.
//
// Refused with CodeInvalid or CodeTooLarge.
func (t *turn) readForm() error {
	if err := t.r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return &purse.Error{Code: purse.CodeTooLarge, Message: "What was sent is larger than 64 KiB.", Err: err}
		}
		return &purse.Error{Code: purse.CodeInvalid, Message: "The form could not be read.", Err: err}
	}
	t.form = t.r.PostForm
	for name, values := range t.form {
		for i, v := range values {
			values[i] = strings.ReplaceAll(v, "\r\n", "\n")
			if !utf8.ValidString(v) || !purse.PlainText(values[i]) {
				return purse.Refuse(purse.CodeInvalid, "A field holds control characters.")
			}
		}
		t.form[name] = values
	}
	return nil
}

// text is a field without the space around it.
func (t *turn) text(name string) string { return strings.TrimSpace(t.form.Get(name)) }

// ticked says whether a box was.
func (t *turn) ticked(name string) bool { return t.form.Get(name) != "" }

// query is a parameter of the page's address.
func (t *turn) query(name string) string { return t.r.URL.Query().Get(name) }

// next is where to go on to.
func (t *turn) next() string {
	if t.form != nil {
		return localPath(t.form.Get("next"))
	}
	return localPath(t.query("next"))
}

// kept is next where it is worth keeping.
func (t *turn) keptNext() string {
	if next := t.next(); next != "/" {
		return next
	}
	return ""
}

// from is where the request comes from.
func (t *turn) from() identity.From {
	return identity.From{Remote: api.Remote(t.r), Agent: t.r.UserAgent()}
}

// go303 sends the browser on to a page of ours.
func (t *turn) go303(path string) error {
	t.w.Header().Set("Location", path)
	t.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// blame keeps an error for the page to show beside a form, if people can mend
// it there; any other is returned.
func (t *turn) blame(form string, err error) error {
	switch purse.CodeOf(err) {
	case purse.CodeInternal, purse.CodeBusy, purse.CodeUnknown, purse.CodeClockJumped, purse.CodeSignedOut, purse.CodeProve:
		return err
	}
	t.fault, t.faultAt = err, form
	return nil
}

// status is that of a page: what refused the form that was posted, if anything.
func (t *turn) status() int {
	if t.fault != nil {
		return statusOf(t.fault)
	}
	return http.StatusOK
}

// nonce proves that a form is from a page of the person who sends it: other sites
// cannot know it, and it tells them nothing about the session.
func nonce(session purse.Secret) string {
	if session == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(session))
	mac.Write([]byte("form"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// sameForm compares in a time that tells nothing.
func sameForm(session purse.Secret, given string) bool {
	return session != "" && hmac.Equal([]byte(nonce(session)), []byte(given))
}

// layout is what the page has in common with all others.
func (s *Site) layout(t *turn, title string) Layout {
	l := Layout{Title: title, Network: s.Network, Sandbox: s.Mailbox != nil, Form: nonce(t.session), FaultAt: t.faultAt}
	if t.session != "" {
		l.Username, l.Name = t.visitor.User.Username, t.visitor.User.DisplayName()
		l.Initials = initials(l.Name)
	}
	if t.fault != nil {
		l.Fault = sentence(t.fault)
	}
	l.Done = doneWords[t.query("done")]
	if t.form != nil {
		l.Done = ""
	}
	return l
}

// isJSON says whether a script of ours has sent r.
func isJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}
