package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"purse"
	"purse/identity"
	"purse/wallet"
)

// fake stands for identity, wallet and store: it notes what it was asked, and
// refuses what a test tells it to. What those decide is tested where they are.
type fake struct {
	mu     sync.Mutex
	asked  []string
	refuse map[string]error // by the name of the function

	proved purse.Time
	second bool // sign-ins take a second factor
	fault  string
	scopes purse.Scopes
	way    string // where apps send people back to
	box    []purse.Delivered

	making, using string // options of passkeys

	balance int64
	terms   purse.Terms
	mandate purse.Mandate
	logo    purse.Logo
	till    *tillFake
	desk    *deskFake
	orders  *orderFake
}

// ada is who is signed in, by this cookie.
const adasSession = "adas-session"

var ada = purse.User{ID: 10, Book: purse.MainBook, Username: "ada", FirstName: "Ada", LastName: "Lovelace", Audience: purse.Friends}

var shop = purse.App{ID: 77, Name: "Rent Reminder", DayCap: 10000, Redirects: "https://rent.example/cb", Secret: "x"}

func (f *fake) did(name string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, strings.TrimSpace(name+" "+strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%+v", args), "["), "]")))
	return f.refuse[name]
}

// since returns what was asked since the last time.
func (f *fake) since() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	said := strings.Join(f.asked, "; ")
	f.asked = nil
	return said
}

func (f *fake) in() identity.SignedIn {
	if f.second {
		return identity.SignedIn{User: ada.ID, Second: "second", Expires: purse.Epoch.Add(1 << 59)}
	}
	return identity.SignedIn{User: ada.ID, Session: adasSession, Expires: purse.Epoch.Add(1 << 59)}
}

func (f *fake) SignUp(_ context.Context, book purse.BookID, r identity.SignUpRequest, _ identity.From) (identity.SignedIn, error) {
	return f.in(), f.did("SignUp", book, r)
}
func (f *fake) SignIn(_ context.Context, r identity.SignInRequest, from identity.From) (identity.SignedIn, error) {
	return f.in(), f.did("SignIn", r.Name, r.Password, from.Remote, from.Agent)
}
func (f *fake) SignInSecond(_ context.Context, second purse.Secret, code string, _ identity.From) (identity.SignedIn, error) {
	return identity.SignedIn{User: ada.ID, Session: adasSession}, f.did("SignInSecond", string(second), code)
}
func (f *fake) SendSecond(_ context.Context, second purse.Secret) error {
	return f.did("SendSecond", string(second))
}
func (f *fake) Visit(_ context.Context, session purse.Secret) (identity.Visitor, error) {
	if session != adasSession {
		return identity.Visitor{}, purse.Refuse(purse.CodeSignedOut, "You are signed out.")
	}
	return identity.Visitor{
		Actor: purse.Actor{Book: purse.MainBook, User: ada.ID, Session: "hash"}, User: ada, Session: purse.Session{ID: 1, Proved: f.proved},
	}, f.refuse["Visit"]
}
func (f *fake) SignOut(context.Context, identity.Visitor) error { return f.did("SignOut") }
func (f *fake) Sessions(context.Context, identity.Visitor) ([]purse.Session, error) {
	return []purse.Session{{ID: 1, Agent: "curl/8"}, {ID: 2, Agent: hostile}}, f.refuse["Sessions"]
}
func (f *fake) EndSession(_ context.Context, _ identity.Visitor, id purse.SessionID) error {
	return f.did("EndSession", id)
}
func (f *fake) EndOtherSessions(context.Context, identity.Visitor) error {
	return f.did("EndOtherSessions")
}
func (f *fake) Prove(_ context.Context, _ identity.Visitor, password, code string) error {
	return f.did("Prove", password, code)
}
func (f *fake) ChangePassword(_ context.Context, _ identity.Visitor, p string) error {
	return f.did("ChangePassword", p)
}
func (f *fake) AskReset(_ context.Context, name string, _ identity.From) error {
	return f.did("AskReset", name)
}
func (f *fake) ResetPassword(_ context.Context, s purse.Secret, p string) error {
	return f.did("ResetPassword", string(s), p)
}
func (f *fake) ChangeProfile(_ context.Context, _ identity.Visitor, p identity.Profile) error {
	return f.did("ChangeProfile", p)
}
func (f *fake) Rename(_ context.Context, _ identity.Visitor, name string) error {
	return f.did("Rename", name)
}
func (f *fake) Close(context.Context, identity.Visitor) error { return f.did("Close") }
func (f *fake) Export(_ context.Context, _ identity.Visitor, w io.Writer) error {
	if err := f.did("Export"); err != nil {
		return err
	}
	_, err := io.WriteString(w, `{"a":1}`)
	return err
}
func (f *fake) Contacts(context.Context, identity.Visitor) ([]purse.Contact, error) {
	return []purse.Contact{{ContactKey: purse.ContactKey{Address: purse.Address{Kind: purse.Phone, Text: "15555550100"}}}}, f.refuse["Contacts"]
}
func (f *fake) AddContact(_ context.Context, _ identity.Visitor, a purse.Address) error {
	return f.did("AddContact", a)
}
func (f *fake) RemoveContact(_ context.Context, _ identity.Visitor, a purse.Address) error {
	return f.did("RemoveContact", a)
}
func (f *fake) SendVerification(_ context.Context, _ identity.Visitor, a purse.Address) error {
	return f.did("SendVerification", a)
}
func (f *fake) VerifyLink(_ context.Context, _ identity.Visitor, s purse.Secret) (purse.Address, error) {
	return purse.Address{}, f.did("VerifyLink", string(s))
}
func (f *fake) VerifyCode(_ context.Context, _ identity.Visitor, a purse.Address, code string) error {
	return f.did("VerifyCode", a, code)
}
func (f *fake) BeginTOTP(context.Context, identity.Visitor) (identity.TOTPSetup, error) {
	return identity.TOTPSetup{Secret: "JBSWY3DPEHPK3PXP", URI: "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"}, f.did("BeginTOTP")
}
func (f *fake) ConfirmTOTP(_ context.Context, _ identity.Visitor, code string) ([]string, error) {
	return []string{"aaaa-bbbb"}, f.did("ConfirmTOTP", code)
}
func (f *fake) RemoveTOTP(context.Context, identity.Visitor) error { return f.did("RemoveTOTP") }
func (f *fake) NewRecoveryCodes(context.Context, identity.Visitor) ([]string, error) {
	return []string{"cccc-dddd"}, f.did("NewRecoveryCodes")
}
func (f *fake) Factors(context.Context, identity.Visitor) (identity.Factors, error) {
	return identity.Factors{App: 1, Recovery: 9, Passkeys: []identity.Passkey{{ID: "k", Name: hostile}}}, f.refuse["Factors"]
}
func (f *fake) PasskeysPossible() bool { return true }
func (f *fake) BeginPasskeyProof(context.Context, identity.Visitor) (json.RawMessage, purse.Secret, error) {
	return json.RawMessage(f.using), "ticket", f.did("BeginPasskeyProof")
}
func (f *fake) FinishPasskeyProof(_ context.Context, _ identity.Visitor, ticket purse.Secret, response []byte) error {
	return f.did("FinishPasskeyProof", string(ticket), string(response))
}
func (f *fake) BeginPasskey(context.Context, identity.Visitor) (json.RawMessage, purse.Secret, error) {
	return json.RawMessage(f.making), "ticket", f.did("BeginPasskey")
}
func (f *fake) FinishPasskey(_ context.Context, _ identity.Visitor, ticket purse.Secret, name string, response []byte) error {
	return f.did("FinishPasskey", string(ticket), name, string(response))
}
func (f *fake) RemovePasskey(_ context.Context, _ identity.Visitor, id string) error {
	return f.did("RemovePasskey", id)
}
func (f *fake) BeginPasskeySignIn(context.Context) (json.RawMessage, purse.Secret, error) {
	return json.RawMessage(f.using), "ticket", f.did("BeginPasskeySignIn")
}
func (f *fake) FinishPasskeySignIn(_ context.Context, ticket purse.Secret, response []byte, _ identity.From) (identity.SignedIn, error) {
	return f.in(), f.did("FinishPasskeySignIn", string(ticket), string(response))
}
func (f *fake) RegisterApp(_ context.Context, _ identity.Visitor, r identity.AppRequest) (identity.NewApp, error) {
	return identity.NewApp{App: shop, Secret: "client-secret"}, f.did("RegisterApp", r)
}
func (f *fake) ChangeApp(_ context.Context, _ identity.Visitor, id purse.AppID, name string, redirects []string) error {
	return f.did("ChangeApp", id, name, redirects)
}
func (f *fake) RotateSecret(_ context.Context, _ identity.Visitor, id purse.AppID) (purse.Secret, error) {
	return "client-secret", f.did("RotateSecret", id)
}
func (f *fake) CloseApp(_ context.Context, _ identity.Visitor, id purse.AppID) error {
	return f.did("CloseApp", id)
}
func (f *fake) AppsOf(context.Context, identity.Visitor) ([]purse.App, error) {
	return []purse.App{shop}, f.refuse["AppsOf"]
}
func (f *fake) Authorize(_ context.Context, r identity.AuthorizeRequest) (identity.Authorization, error) {
	return identity.Authorization{App: shop, RedirectURI: f.way, Code: true, Scopes: f.scopes, State: r.State, Fault: f.fault}, f.did("Authorize", r.ClientID, r.Scope, r.State)
}
func (f *fake) Allow(_ context.Context, _ identity.Visitor, a identity.Authorization, s purse.Scopes) (string, error) {
	return a.RedirectURI + "?code=c&state=" + url.QueryEscape(a.State), f.did("Allow", s)
}
func (f *fake) Refuse(a identity.Authorization) string { return a.RedirectURI + "?error=" + a.Fault }
func (f *fake) DeveloperToken(context.Context, identity.Visitor) (identity.Given, error) {
	return identity.Given{Access: "purse_at_developer"}, f.did("DeveloperToken")
}
func (f *fake) Grants(context.Context, identity.Visitor) ([]identity.AppGrant, error) {
	return []identity.AppGrant{
		{App: shop, Scopes: "make_payments"}, {Scopes: "make_payments"}, {App: purse.App{ID: purse.DeveloperApp}, Since: purse.Epoch},
	}, f.refuse["Grants"]
}
func (f *fake) RevokeApp(_ context.Context, _ identity.Visitor, id purse.AppID) error {
	return f.did("RevokeApp", id)
}

func (f *fake) AskFriend(_ context.Context, _ purse.Actor, id purse.UserID) error {
	return f.did("AskFriend", id)
}
func (f *fake) AcceptFriend(_ context.Context, _ purse.Actor, id purse.UserID) error {
	return f.did("AcceptFriend", id)
}
func (f *fake) RemoveFriend(_ context.Context, _ purse.Actor, id purse.UserID) error {
	return f.did("RemoveFriend", id)
}
func (f *fake) Block(_ context.Context, _ purse.Actor, id purse.UserID) error {
	return f.did("Block", id)
}
func (f *fake) Unblock(_ context.Context, _ purse.Actor, id purse.UserID) error {
	return f.did("Unblock", id)
}
func (f *fake) Trust(_ context.Context, _ purse.Actor, id purse.UserID, minor int64) error {
	return f.did("Trust", id, minor)
}
func (f *fake) Friends(_ context.Context, _ purse.Actor, q purse.FriendQuery) ([]purse.User, bool, error) {
	return []purse.User{{ID: 11, Username: "ben", FirstName: hostile}}, true, f.refuse["Friends"]
}
func (f *fake) SetAppCap(_ context.Context, _ purse.Actor, id purse.AppID, minor int64) error {
	return f.did("SetAppCap", id, minor)
}
func (f *fake) CloseWallet(context.Context, purse.Actor) error { return f.did("CloseWallet") }

func (f *fake) Users(_ context.Context, ids ...purse.UserID) (map[purse.UserID]purse.User, error) {
	m := map[purse.UserID]purse.User{}
	for _, id := range ids {
		m[id] = purse.User{ID: id, Username: "user" + id.String(), FirstName: "User", LastName: id.String()}
	}
	return m, nil
}
func (f *fake) PersonNamed(_ context.Context, _ purse.Actor, name string) (purse.User, error) {
	if name != "ben" {
		return purse.User{}, purse.Refuse(purse.CodeNotFound, "No such user.")
	}
	return purse.User{ID: 11}, nil
}
func (f *fake) Ties(context.Context, purse.UserID, int) ([]purse.Tie, error) {
	return []purse.Tie{
		{TieKey: purse.TieKey{Person: 10, Other: 12}, State: purse.TieAsked},
		{TieKey: purse.TieKey{Person: 10, Other: 13}, State: purse.TieNone, Blocked: true},
	}, nil
}
func (f *fake) Asking(context.Context, purse.UserID, int) ([]purse.UserID, error) {
	return []purse.UserID{13, 14}, nil
}
func (f *fake) Trusted(context.Context, purse.Actor, ...purse.UserID) (map[purse.UserID]wallet.Cap, error) {
	return map[purse.UserID]wallet.Cap{11: {Minor: 2500}}, nil
}
func (f *fake) AppCaps(_ context.Context, _ purse.Actor, ids ...purse.AppID) (map[purse.AppID]wallet.Cap, error) {
	for _, id := range ids {
		if id != shop.ID {
			return nil, errors.New("asked for what is no app")
		}
	}
	return map[purse.AppID]wallet.Cap{shop.ID: {Minor: 10000, Today: 1}}, nil
}

func (f *fake) Book(context.Context, purse.BookID) (purse.Book, error) {
	return purse.Book{Terms: f.terms}, f.refuse["Book"]
}

func (f *fake) Delivered() []purse.Delivered { return f.box }

// newSite makes a site whose doings f notes.
func newSite(t *testing.T) (*Site, *fake) {
	f := &fake{refuse: map[string]error{}, scopes: "make_payments access_profile", way: "https://rent.example/cb",
		proved: 1, making: `{"challenge":"AA"}`, using: `{"challenge":"AA"}`, balance: 12000, logo: pixel, terms: purse.DefaultTerms}
	f.till = &tillFake{fake: f, question: asks(), outcome: purse.Handle{Status: purse.HandlePayable}}
	f.desk = newDesk(f)
	f.orders = &orderFake{fake: f, question: ordered()}
	return &Site{
		Identity: f, Wallet: f, Store: f, Hub: f.till, Orders: f.orders, Desk: f.desk, Mailbox: f, Network: "Harbour", Book: purse.MainBook, Currency: "USD",
		PublicURL: "https://pay.example.org", Log: slog.New(slog.NewTextHandler(&lines{t: t}, nil)),
	}, f
}

// lines passes a log on to a test.
type lines struct{ t *testing.T }

func (l *lines) Write(b []byte) (int, error) {
	l.t.Log(string(bytes.TrimSpace(b)))
	return len(b), nil
}

// ask asks the site as a browser would: form is posted, if it is not nil. cookies are
// "name=value".
func ask(s *Site, path string, form url.Values, cookies ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "https://pay.example.org"+path, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, "https://pay.example.org"+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://pay.example.org")
	}
	for _, c := range cookies {
		r.Header.Add("Cookie", c)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// asAda is the cookie of ada's session.
const asAda = "__Host-purse=" + adasSession

// adas is a form on one of ada's pages.
func adas(pairs ...string) url.Values {
	form := url.Values{"form": {nonce(adasSession)}}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return form
}
