package web

// What each page may show, by the name of its template. See the file of the
// page for how it is filled.

// homePage is home.html.
type homePage struct {
	Layout
	FirstName string
	Tiles     []tile
}

type tile struct{ Path, Name, About string }

// signInPage is signin.html.
type signInPage struct {
	Layout
	Passkey bool   // can be signed in with
	Next    string // where to go on to, "" the front page
	SignUp  string // the way to that page, which keeps Next
	Typed   typed
}

// codePage is code.html.
type codePage struct {
	Layout
	Next, SignIn string
	Sent         bool // a text message was asked for
}

// signUpPage is signup.html.
type signUpPage struct {
	Layout
	Next, SignIn string
	Typed        typed
}

// signOutPage is signout.html.
type signOutPage struct{ Layout }

// resetPage is reset.html.
type resetPage struct {
	Layout
	Typed string
	Asked bool
}

// newPasswordPage is newpassword.html.
type newPasswordPage struct {
	Layout
	Token string
}

// verifyPage is verify.html.
type verifyPage struct {
	Layout
	Token string
}

// provePage is prove.html.
type provePage struct {
	Layout
	Next    string
	Code    bool // a code of an authenticator app is asked for, too
	Passkey bool // or a passkey
}

// profilePage is profile.html.
type profilePage struct {
	Layout
	FirstName, LastName, About, Typed string
	Audiences                         []choice
	HidesFriends                      bool
}

// choice is one of several things to pick.
type choice struct {
	Value, Name, About string
	Chosen             bool
}

// contactsPage is contacts.html.
type contactsPage struct {
	Layout
	Contacts []contactRow
	Typed    string
}

type contactRow struct {
	Number                          int
	Kind, Text, Shown, Words, Added string
	Verified                        bool
	Code                            bool // it is verified by a code in a text message
}

// securityPage is security.html.
type securityPage struct {
	Layout
	Authenticator    bool
	Recovery         int // how many recovery codes are left
	PasskeysPossible bool
	Passkeys         []passkeyRow
	Sessions         []sessionRow
	Others           bool // there are sessions but this one
}

type passkeyRow struct{ ID, Name, Added, Used string }

type sessionRow struct {
	ID, Agent, Remote, Seen string
	Current                 bool
}

// authenticatorPage is authenticator.html. Without a QR code it is the second
// try at a code.
type authenticatorPage struct {
	Layout
	QR     qrCode
	Secret string
}

// oncePage is once.html: what is shown this once.
type oncePage struct {
	Layout
	About string
	Shown []shown
	Back  string
}

type shown struct {
	Name    string
	Values  []string
	Columns bool // they are short
}

// appsPage is apps.html.
type appsPage struct {
	Layout
	Apps     []appRow
	Currency string
	Token    string // since when there is a developer token, "" there is none
}

type appRow struct {
	ID, Name, Initials, Since, Used string
	Scopes                          []string
	Pays                            bool
	Cap, Spent                      string // a day
}

// developerPage is developer.html.
type developerPage struct {
	Layout
	Apps             []ownAppRow
	Name, Redirects  string
	Public, Implicit bool
}

type ownAppRow struct {
	ID, Name, Initials, Since string
	Redirects                 []string
	Lines                     string // the same, one a line
	Public, Implicit          bool
	Open                      bool // it is being changed
}

// friendsPage is friends.html.
type friendsPage struct {
	Layout
	Friends, Asking, Asked, Blocked []friendRow
	More                            string // the way to the next friends, "" there are none
	Typed, Currency                 string
}

type friendRow struct {
	ID, Name, Username, Initials string
	Trust                        string // a day, "" none
}

// accountPage is account.html.
type accountPage struct{ Layout }

// consentPage is consent.html.
type consentPage struct {
	Layout
	App, AppInitials string
	Path             string // which asks the app's question again
	Scopes           []choice
	Terms            []string
	Host             string // where the browser goes next
}

// payPage is pay.html: what a merchant asks somebody to pay.
type payPage struct {
	Layout
	Path           string
	Payee          payee
	Order          bool   // it asks nobody in particular, and money moves at once
	Product        string // what is bought, "" not said
	Amount         string // all that is paid; "" it is about an agreement only
	Asked, Fee     string // what it is made of, "" nothing is paid besides
	Left           string // how long it can be answered
	Seconds        int64  // the same
	Host           string // where the browser goes next
	Consumer       string // the merchant's name of whom the agreement is about
	Once           bool   // it is about this payment only
	Balance        string // "" nobody is signed in
	Short          bool   // there is less in the wallet
	Limits         limits
	SignIn, SignUp string // the same page, with their forms
	Sign           string // "in" or "up": the form that is shown
	Typed          typed  // into it
	Passkey        bool   // can be signed in with
	Fields         bool   // something can be typed, which loading the page again would lose
	QR             qrCode // the page's address, for a phone
}

// payee is a merchant as it is shown. Without a logo its initials stand for it.
type payee struct {
	Name, Initials string
	Logo           string // where it is, below /merchants/
}

// answeredPage is answered.html: a question that was answered, or has ended.
type answeredPage struct {
	Layout
	Payee    payee
	Product  string
	Amount   string
	Fee      string // is part of it, "" none
	Sentence string
	Good     bool
	Number   string // of an order
	At       string // when it was paid
	Receipt  string // the way to it, "" for others than who has paid
	Back     string // to the merchant, "" nowhere
	Leads    bool   // goes there by itself
}

// simulatorPage is simulator.html.
type simulatorPage struct {
	Layout
	Path, Merchant, Ref, Consumer, Amount, Left string
}

// merchantsPage is merchants.html.
type merchantsPage struct {
	Layout
	Mandates, Ended []mandateRow
}

type mandateRow struct {
	Number                      int
	Merchant, Consumer          string // the agreement's key
	Name, Initials, Since, Used string
	Month                       string // what was taken in this month
	Bounds                      string // the limits in words
	Limits                      limits
	Open                        bool   // they are being changed
	Ended                       string // when
}

// activityPage is activity.html.
type activityPage struct {
	Layout
	Currency     string
	Lines        []activityRow
	More, Newest string // the ways to older lines and to the newest, "" there are none
}

type activityRow struct {
	Words, Name, Note, Mark, At string
	Amount                      string
	Gain                        bool   // it comes in
	Quiet                       bool   // nothing has moved: it was set aside, or that has ended
	Balance, Held               string // after it; Held "" nothing
	Receipt                     string // the number of the order that was paid; empty: it was none
}

// callbackPage is callback.html.
type callbackPage struct {
	Layout
	Code, State, Token string
	Error, Message     string
	Endpoint           string // where tokens are given
}

// messagesPage is messages.html.
type messagesPage struct {
	Layout
	Messages []messageRow
}

type messageRow struct {
	Number                 int
	Subject, Words, To, At string
	Parts                  []part
}

// part is some of a message's text: a link if it has one.
type part struct{ Text, Link string }

// errorPage is error.html.
type errorPage struct {
	Layout
	Status   int
	Sentence string
}
