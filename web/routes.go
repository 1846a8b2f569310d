package web

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"purse"
)

// page answers for one address. What has no get is only posted to.
type page struct {
	get, post func(*Site, *turn) error
	person    bool // only for who is signed in
	sandbox   bool // only in a sandbox
	script    bool // what is posted is JSON of a script of ours
}

// routes are all pages.
var routes = map[string]page{
	"/{$}":                             {get: (*Site).home},
	"/sign-in":                         {get: (*Site).showSignIn, post: (*Site).signIn},
	"/sign-in/code":                    {get: (*Site).showCode, post: (*Site).signInCode},
	"/sign-in/passkey":                 {post: (*Site).signInPasskey, script: true},
	"/sign-up":                         {get: (*Site).showSignUp, post: (*Site).signUp},
	"/sign-out":                        {get: (*Site).showSignOut, post: (*Site).signOut, person: true},
	"/reset":                           {get: (*Site).showReset, post: (*Site).askReset},
	"/reset/new":                       {get: (*Site).showNewPassword, post: (*Site).resetPassword},
	"/verify":                          {get: (*Site).showVerify, post: (*Site).verify, person: true},
	"/prove":                           {get: (*Site).showProve, post: (*Site).prove, person: true},
	"/prove/passkey":                   {post: (*Site).provePasskey, person: true, script: true},
	"/settings":                        {get: (*Site).showProfile, post: (*Site).changeProfile, person: true},
	"/settings/contacts":               {get: (*Site).showContacts, post: (*Site).changeContacts, person: true},
	"/settings/security":               {get: (*Site).showSecurity, post: (*Site).changeSecurity, person: true},
	"/settings/security/authenticator": {get: (*Site).showAuthenticator, post: (*Site).setUpAuthenticator, person: true},
	"/settings/security/passkey":       {post: (*Site).addPasskey, person: true, script: true},
	"/settings/apps":                   {get: (*Site).showApps, post: (*Site).changeApps, person: true},
	"/settings/developer":              {get: (*Site).showDeveloper, post: (*Site).changeDeveloper, person: true},
	"/settings/friends":                {get: (*Site).showFriends, post: (*Site).changeFriends, person: true},
	"/settings/account":                {get: (*Site).showAccount, post: (*Site).closeAccount, person: true},
	"/settings/account/export":         {get: (*Site).export, person: true},
	"/settings/merchants":              {get: (*Site).showMerchants, post: (*Site).changeMerchants, person: true},
	"/activity":                        {get: (*Site).showActivity, person: true},
	"/pay/{link}":                      {get: (*Site).showPay, post: (*Site).pay},
	"/pay/{link}/sign-in":              {get: showPaySign("in"), post: (*Site).paySignIn},
	"/pay/{link}/sign-up":              {get: showPaySign("up"), post: (*Site).paySignUp},
	"/merchants/{id}/logo":             {get: (*Site).showLogo},
	"/v1/oauth/authorize":              {get: (*Site).showConsent, post: (*Site).consent},
	"/oauth/authorize":                 {get: (*Site).showConsent, post: (*Site).consent},
	"/sandbox/messages":                {get: (*Site).showMessages, sandbox: true},
	"/sandbox/callback":                {get: (*Site).showCallback, sandbox: true},
	"/sandbox/simulator/{link}":        {get: (*Site).showSimulator, post: (*Site).simulate, sandbox: true},

	"/desk":                             {get: (*Site).showDesks, person: true},
	"/desk/{merchant}":                  {get: (*Site).showDesk, person: true},
	"/desk/{merchant}/links":            {get: (*Site).showLinks, post: (*Site).changeLinks, person: true},
	"/desk/{merchant}/links/{id}/print": {get: (*Site).printLink, person: true},
	"/desk/{merchant}/till":             {get: (*Site).showTill, post: (*Site).charge, person: true},
	"/desk/{merchant}/till/{number}":    {get: (*Site).showCharge, post: (*Site).callOff, person: true},
	"/receipts/{number}":                {get: (*Site).showReceipt, person: true},
	"/to/{link}":                        {get: (*Site).showOffer, post: (*Site).take},
}

// Handler serves all pages, their files, and an error page for everything else.
func (s *Site) Handler() http.Handler {
	pages() // stops the program if one cannot be read
	mux := http.NewServeMux()
	for where, p := range routes {
		if p.sandbox && s.Mailbox == nil {
			continue
		}
		mux.Handle(where, s.serve(s.answer(p)))
	}
	if s.Live != nil {
		mux.Handle("/pay/{link}/events", s.serveEvents())
	}
	mux.Handle("/static/", s.serveAssets())
	mux.Handle("/", s.serve(func(*turn) error { return errNoPage }))

	missing := s.serve(func(*turn) error { return errNoPage })
	clean := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would redirect to the path as it should be written, with the query
		// and its secrets, to be kept by any cache.
		if p := r.URL.Path; p == "/static" || strings.TrimSuffix(p, "/") != strings.TrimSuffix(path.Clean("/"+p), "/") {
			missing.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})

	cross := http.NewCrossOriginProtection()
	if u, err := url.Parse(s.PublicURL); err == nil && u.Host != "" {
		_ = cross.AddTrustedOrigin(u.Scheme + "://" + u.Host) // it has no path, which is all that it minds
	}
	cross.SetDenyHandler(s.serve(func(*turn) error { return errForeign }))
	return cross.Handler(clean)
}

// answer lets a page answer, once it is known who asks and that they may.
func (s *Site) answer(p page) func(*turn) error {
	return func(t *turn) error {
		act := p.get
		if t.r.Method == http.MethodPost {
			act = p.post
		}
		if act == nil || t.r.Method != http.MethodPost && t.r.Method != http.MethodGet && t.r.Method != http.MethodHead {
			t.w.Header().Set("Allow", p.methods())
			return purse.Refuse(purse.CodeMethod, "This page does not know that method.")
		}
		if t.r.Method == http.MethodPost && isJSON(t.r) != p.script {
			return purse.Refuse(purse.CodeInvalid, "This page does not take that kind of content.")
		}
		if err := s.begin(t); err != nil {
			return err
		}
		if p.person {
			if err := t.signedInOnly(); err != nil {
				return err
			}
		}
		if t.session != "" && t.r.Method == http.MethodPost && !p.script && !sameForm(t.session, t.form.Get("form")) {
			return errForeign
		}
		return act(s, t)
	}
}

func (p page) methods() string {
	var all []string
	if p.get != nil {
		all = append(all, "GET, HEAD")
	}
	if p.post != nil {
		all = append(all, "POST")
	}
	return strings.Join(all, ", ")
}

// act is what a form asks for: the value of the button that was pressed.
type act map[string]func() error

// do carries out what a form asks for.
//
// Refused with CodeInvalid.
func (a act) do(t *turn) error {
	f, ok := a[t.form.Get("do")]
	if !ok {
		return purse.Refuse(purse.CodeInvalid, "The form does not say what to do.")
	}
	return f()
}

// after ends what a form has asked for: on to the page with what was done, or, if
// it was refused, the page again with the reason in the form.
func (t *turn) after(err error, form, path, done string, again func() error) error {
	if err == nil {
		return t.go303(path + "?done=" + done)
	}
	if err := t.blame(form, err); err != nil {
		return err
	}
	return again()
}

// tabs are the pages of the settings, with the one at path marked.
func tabs(path string) []tab {
	all := []tab{
		{Path: "/settings", Name: "Profile"},
		{Path: "/settings/contacts", Name: "Contacts"},
		{Path: "/settings/security", Name: "Security"},
		{Path: "/settings/friends", Name: "Friends"},
		{Path: "/settings/apps", Name: "Apps"},
		{Path: "/settings/merchants", Name: "Merchants"},
		{Path: "/settings/developer", Name: "Developer"},
		{Path: "/settings/account", Name: "Account"},
	}
	for i := range all {
		all[i].Current = all[i].Path == path
	}
	return all
}

// settings is the layout of a page of the settings.
func (s *Site) settings(t *turn, path, title string) Layout {
	l := s.layout(t, title)
	l.Tabs = tabs(path)
	return l
}
