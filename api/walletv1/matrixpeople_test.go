package walletv1

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"purse"
	"purse/identity"
	"purse/wallet"
)

// role is what somebody is to the owner.
type role string

const (
	owner   role = "owner"
	other   role = "other person"
	friend  role = "friend"
	blocked role = "blocked by the owner"
	blocker role = "who has blocked the owner"
	party   role = "other party" // of the owner's payments
	left    role = "who has closed the account"
)

// roles are those whose tokens are good.
var roles = []role{owner, other, friend, blocked, blocker, party}

// state is what is wrong with a credential.
type state string

const (
	anonymous    state = "no token"
	madeUp       state = "no such token"
	revokedToken state = "revoked"
	expiredToken state = "expired"
	closedApp    state = "of a closed app"
)

// caller is somebody with a token.
type caller struct {
	role   role
	scopes purse.Scopes
	state  state // "": good
	app    purse.AppID
}

func (c caller) String() string {
	if c.role == "" {
		return string(c.state)
	}
	return fmt.Sprintf("%s (%s) %s", c.role, c.scopes, c.state)
}

const (
	ownersEmail = "owner@example.org"
	ownersPhone = "15555550123"
	password    = "a long walk home"
)

// town is a network with somebody of each role, and what the owner has.
type town struct {
	*network
	t      *testing.T
	mux    *http.ServeMux // of the door's patterns
	people map[role]person
	shop   person                     // nobody of a role
	typist person                     // signs in from apps with a password
	made   map[purse.Audience]stamped // payments of the owner to the other party
	tokens map[caller]string          // made before
	apps   map[string]identity.NewApp // the shop's
	fresh  int                        // how many people were made on the way
	second string                     // of a sign-in that is not complete
	clock  time.Time                  // of those who count guesses
}

// stamped is a payment with a note of its own.
type stamped struct {
	id   purse.PaymentID
	note string
}

func newTown(t *testing.T, n *network) *town {
	t.Helper()
	w := &town{
		network: n, t: t, mux: http.NewServeMux(), people: map[role]person{}, made: map[purse.Audience]stamped{},
		tokens: map[caller]string{}, apps: map[string]identity.NewApp{}, clock: time.Unix(0, 0),
	}
	for path := range (&Door{}).routes() {
		w.mux.Handle(path, http.NotFoundHandler())
	}
	w.people[owner] = n.member(t, "owner", ownersEmail, ownersPhone, 1_000_00)
	w.typist = n.person(t, purse.User{Username: "typist", FirstName: "T"}, 0)
	for _, p := range []person{w.people[owner], w.typist} {
		if err := n.identity.SetPassword(t.Context(), "op", p.ID, password); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range roles[1:] {
		w.people[r] = n.person(t, purse.User{Username: fmt.Sprint("person", i), FirstName: "P"}, 1_000_00)
		w.tie(w.people[owner], r)
		w.hasCredentials(w.people[r])
	}
	w.people[left] = n.person(t, purse.User{Username: "leaver", FirstName: "L"}, 0)
	w.shop = n.person(t, purse.User{Username: "shop", FirstName: "Shop"}, 0)
	for _, a := range []purse.Audience{purse.Private, purse.Friends, purse.Public} {
		note := "seen by " + string(a)
		body := fmt.Sprintf("user_id=%d&amount=12.34&note=%s&audience=%s", w.people[party].ID, note, a)
		w.made[a] = stamped{madeID(t, n.send("POST", "/v1/payments", formKind, "Bearer "+w.people[owner].token, body)), note}
	}
	// Whoever counts guesses finds them days apart.
	n.identity.AppSignIns, n.identity.Now = true, func() time.Time {
		w.clock = w.clock.Add(48 * time.Hour)
		return w.clock
	}
	w.second = w.beginSignIn()
	w.leave()
	return w
}

// tie makes the one with the role what the role says they are to p.
func (w *town) tie(p person, r role) {
	w.t.Helper()
	they := w.people[r]
	mine, theirs := w.visitor(w.t, p).Actor, w.visitor(w.t, they).Actor
	var err error
	switch r {
	case friend:
		if err = w.wallet.AskFriend(w.t.Context(), mine, they.ID); err == nil {
			err = w.wallet.AcceptFriend(w.t.Context(), theirs, p.ID)
		}
	case blocked:
		err = w.wallet.Block(w.t.Context(), mine, they.ID)
	case blocker:
		err = w.wallet.Block(w.t.Context(), theirs, p.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// hasCredentials lets p have devices; a password takes longer to make.
func (w *town) hasCredentials(p person) {
	w.t.Helper()
	err := w.store.Execute(w.t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Credentials: []purse.UserID{p.ID}},
		Decide: func(f *purse.Facts) error { f.Put(purse.Credentials{Person: p.ID, Changed: f.Now}); return nil },
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// newcomer is somebody fresh to whom the role is what it is to the owner.
func (w *town) newcomer(r role) person {
	w.t.Helper()
	w.fresh++
	p := person{User: w.freshUser()}
	if r != owner {
		w.tie(p, r)
	}
	return p
}

func (w *town) freshUser() purse.User {
	w.t.Helper()
	u, err := w.identity.CreateUser(w.t.Context(), purse.MainBook, "op", purse.User{Username: fmt.Sprint("fresh", w.fresh), FirstName: "F"})
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// charge is a payment that waits: by asks for it from of.
func (w *town) charge(by, of person) purse.PaymentID {
	w.t.Helper()
	id, err := w.paid(by, wallet.PayRequest{To: wallet.Target{User: of.ID}, Minor: 1, Note: "a", Audience: purse.Public}, w.wallet.Charge)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// escrow is a payment of the owner's that waits for whoever has an address.
func (w *town) escrow() purse.PaymentID {
	w.t.Helper()
	to := wallet.Target{Address: purse.Address{Kind: purse.Email, Text: "somebody@example.org"}}
	id, err := w.paid(w.people[owner], wallet.PayRequest{To: to, Minor: 1, Note: "a"}, w.wallet.Pay)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *town) paid(by person, req wallet.PayRequest, use maker) (id purse.PaymentID, err error) {
	req.Encode = func(r wallet.Receipt) purse.Answer { id = r.Payment.ID; return purse.Answer{} }
	_, err = use(w.t.Context(), w.visitor(w.t, by).Actor, req)
	return id, err
}

// app is an app of the shop's, one for each name.
func (w *town) app(name string) identity.NewApp {
	w.t.Helper()
	if _, there := w.apps[name]; !there {
		w.apps[name] = w.network.app(w.t, w.shop)
	}
	return w.apps[name]
}

// credential is the token of a caller, made when it is first used.
func (w *town) credential(c caller) string {
	w.t.Helper()
	switch c.state {
	case anonymous:
		return ""
	case madeUp:
		return "purse_at_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	}
	if w.tokens[c] == "" {
		w.tokens[c] = w.freshToken(c)
	}
	return w.tokens[c]
}

// freshToken makes a token, and what is wrong with it.
func (w *town) freshToken(c caller) string {
	w.t.Helper()
	t := w.t
	if c.role == left {
		return w.tokens[caller{role: left}]
	}
	req := identity.TokenRequest{User: w.people[c.role].ID, App: c.app, Scopes: c.scopes}
	switch c.state {
	case expiredToken:
		req.Life = time.Second
	case closedApp:
		app := w.network.app(t, w.shop)
		req.App = app.ID
		token := w.tokenFor(t, req)
		if err := w.identity.CloseApp(t.Context(), w.visitor(t, w.shop), app.ID); err != nil {
			t.Fatal(err)
		}
		return token
	}
	token := w.tokenFor(t, req)
	switch c.state {
	case expiredToken:
		w.advance(t, time.Minute)
	case revokedToken:
		w.revoke(t, token)
	}
	return token
}

// leave closes an account whose token was good until then.
func (w *town) leave() {
	w.t.Helper()
	t := w.t
	who := w.people[left]
	w.tokens[caller{role: left}] = w.token(t, who.User, purse.EveryScope(), 0)
	v := w.visitor(t, who)
	err := w.store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Sessions: []purse.SessionHash{v.Session.Hash}},
		Decide: func(f *purse.Facts) error {
			s, err := f.Session(v.Session.Hash)
			s.Proved = f.Now
			f.Put(s)
			return err
		},
	})
	if err == nil {
		err = w.wallet.CloseWallet(t.Context(), v.Actor)
	}
	if err == nil {
		err = w.identity.Close(t.Context(), v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// beginSignIn signs the owner in from an app, as far as it goes with a password.
func (w *town) beginSignIn() string {
	w.t.Helper()
	_, second, err := w.identity.SignInApp(w.t.Context(), identity.AppSignIn{Name: "owner", Password: password}, identity.From{})
	if err != nil || second == "" {
		w.t.Fatalf("%q, %v", second, err)
	}
	return string(second)
}
