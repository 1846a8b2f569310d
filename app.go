package purse

import (
	"cmp"
	"strings"
)

// Medium is what a payment was made with; the words are those of seeds/002.
type Medium string

// The media of a payment.
const (
	MediumAPI     Medium = "api" // a program that speaks the wallet API
	MediumIOS     Medium = "ios"
	MediumAndroid Medium = "android"
	MediumWeb     Medium = "web" // this network's own pages
)

// App is a program that people let act for them.
//
// Life: registered by a person or by an operator, until it is closed.
type App struct {
	ID        AppID
	Name      string
	Medium    Medium // what payments made with it carry
	Created   Time
	Owner     UserID // who has registered it; 0: an operator
	Secret    string // SHA-256 of its secret, as 43 characters of unpadded base64url; empty: a public client, which cannot keep one
	Redirects string // where its people may be sent back to, one URI a line; the first is the default
	Implicit  bool   // may have tokens without a code (response_type=token)
	DayCap    int64  // what it may pay out for one person in a day unless they say otherwise, minor units; AppsOwnCap: any amount
	Closed    Time   // 0: open
}

// SignInApp is the app that the tokens of the app-style sign-in belong to. Its
// number is the client id that the clients of those years send (wire.md A.8).
const SignInApp AppID = 1

// DeveloperApp is no app: it stands in Grant.App for the token that a person has
// made to try things out with, so that each has one of these at most. The token
// itself belongs to no app.
const DeveloperApp AppID = -1

// AppsMax is how many open apps a person may have registered.
const AppsMax = 50

// RedirectURIs are where the app's people may be sent back to.
func (a App) RedirectURIs() []string { return strings.Fields(a.Redirects) }

// Check refuses an app that cannot be stored. Only the network's own pages are
// MediumWeb.
func (a App) Check() error {
	if a.Name == "" || !PlainText(a.Name) || len(a.Name) > nameMax {
		return Refuse(CodeInvalid, "An app's name has 1 to %d bytes and no control characters.", nameMax)
	}
	switch a.Medium {
	case MediumAPI, MediumIOS, MediumAndroid:
		return nil
	}
	return Refuse(CodeInvalid, "An app's medium is api, ios or android.")
}

// Open refuses an app that was closed.
func (a App) Open() error {
	if a.Closed != 0 {
		return Refuse(CodeClient, "This app was closed.")
	}
	return nil
}

// App finds an app.
func (f *Facts) App(id AppID) (App, error) {
	return found(f, &f.set.Apps, id, "app", func(n *Needs) { n.Apps = []AppID{id} })
}

// AppsOf is the set of the open apps that a person has registered, oldest first.
func (f *Facts) AppsOf(owner UserID) ([]App, error) {
	return members(f, f.set.appsOf[owner], &f.set.Apps, Needs{AppsOf: []UserID{owner}},
		func(a App) bool { return a.Closed == 0 }, func(a, b App) int { return cmp.Compare(a.ID, b.ID) })
}

// LoadApp brings in an app, and into the set of its owner if that was wanted.
func (w *WorkingSet) LoadApp(a App) { load(&w.Apps, w.appsOf[a.Owner], a.ID, a) }

// WantApps says that the apps of a person will be asked for; true the first time.
func (w *WorkingSet) WantApps(owner UserID) bool { return wantSet(&w.appsOf, owner) }
