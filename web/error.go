package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"path"

	"purse"
	"purse/api"
)

// statuses is the pages' table of errors.
var statuses = map[purse.Code]int{
	purse.CodeInternal:    http.StatusInternalServerError,
	purse.CodeBusy:        http.StatusServiceUnavailable,
	purse.CodeUnknown:     http.StatusServiceUnavailable,
	purse.CodeClockJumped: http.StatusServiceUnavailable,

	purse.CodeNotFound:  http.StatusNotFound,
	purse.CodeMethod:    http.StatusMethodNotAllowed,
	purse.CodeTooLarge:  http.StatusRequestEntityTooLarge,
	purse.CodeRate:      http.StatusTooManyRequests,
	purse.CodeStrangers: http.StatusTooManyRequests,
	purse.CodeTaken:     http.StatusConflict,
	purse.CodeKeyReused: http.StatusConflict,
	purse.CodeOpen:      http.StatusConflict,

	purse.CodeSignedOut:   http.StatusForbidden,
	purse.CodeProve:       http.StatusForbidden,
	purse.CodeCredentials: http.StatusForbidden,
	purse.CodeSecond:      http.StatusForbidden,
	purse.CodeFrozen:      http.StatusForbidden,
	purse.CodeScope:       http.StatusForbidden,
}

var (
	errNoPage = purse.Refuse(purse.CodeNotFound, "There is no such page. It may have moved, or the address is mistyped.")
	// errForeign is the refusal of a form that is not from our own page.
	errForeign = purse.Refuse(purse.CodeInvalid, "This form is out of date, or from another site. Go back, reload the page and try again.")
)

// statusOf is the status of a refusal; what a person has typed wrong is 422.
func statusOf(err error) int {
	if errors.Is(err, errForeign) {
		return http.StatusForbidden
	}
	if status, ok := statuses[purse.CodeOf(err)]; ok {
		return status
	}
	return http.StatusUnprocessableEntity
}

// sentence is what a person reads of err.
func sentence(err error) string {
	if e, ok := errors.AsType[*purse.Error](err); ok && e.Code != purse.CodeInternal {
		return e.Message
	}
	return "Something went wrong on our side. Try again in a moment."
}

// titles of the pages that say that something could not be done.
var titles = map[int]string{
	http.StatusNotFound:              "Not found",
	http.StatusInternalServerError:   "That is our fault",
	http.StatusServiceUnavailable:    "Not just now",
	http.StatusTooManyRequests:       "Slowly, please",
	http.StatusForbidden:             "Not allowed",
	http.StatusMethodNotAllowed:      "Not like this",
	http.StatusRequestEntityTooLarge: "Too large",
}

// serve makes an http.Handler of a page. Its errors become pages: whoever must
// sign in or prove who they are is sent there.
func (s *Site) serve(h func(*turn) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &turn{}
		handle := func(w http.ResponseWriter, r *http.Request) error {
			s.headers(w.Header(), "")
			t.w, t.r = w, r
			if err := s.Rates.Allow(r, ""); err != nil {
				return err
			}
			return h(t)
		}
		fail := func(w http.ResponseWriter, err error) { s.fail(t, w, r, err) }
		api.Handle(s.Log, handle, fail).ServeHTTP(w, r)
	})
}

// fail answers with why not.
func (s *Site) fail(t *turn, w http.ResponseWriter, r *http.Request, err error) {
	way := ""
	switch purse.CodeOf(err) {
	case purse.CodeSignedOut:
		way = withNext("/sign-in", here(r))
	case purse.CodeProve:
		way = withNext("/prove", here(r))
	}
	status := statusOf(err)
	if isJSON(r) {
		s.failJSON(w, status, way, err)
		return
	}
	if way != "" {
		w.Header().Set("Location", way)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	title, ok := titles[status]
	if !ok {
		title = "That did not work"
	}
	page := errorPage{Layout: s.layout(&turn{w: w, r: r, session: t.session, visitor: t.visitor}, title), Status: status, Sentence: sentence(err)}
	page.Done = ""
	_ = render(w, status, "error", page) // nobody is left to tell
}

// failJSON answers a script of ours.
func (s *Site) failJSON(w http.ResponseWriter, status int, way string, err error) {
	reply := map[string]string{"error": sentence(err)}
	if way != "" {
		reply["go"] = way
	}
	b, _ := json.Marshal(reply) // never fails for two texts
	_ = api.WriteJSON(w, status, string(b))
}

// here is the page that a person was on: where a form leads to is the page that
// it stands on, and what a script asks stands below its page.
func here(r *http.Request) string {
	if isJSON(r) {
		return path.Dir(r.URL.Path)
	}
	return r.URL.RequestURI()
}
