package web

import (
	"fmt"
	"html"
	"log/slog"
	"maps"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"purse"
	"purse/hub"
	"purse/identity"
	"purse/internal/pgtest"
	"purse/order"
	"purse/store"
	"purse/wallet"
)

func TestMain(m *testing.M) { pgtest.Main(m, store.MigratePostgres) }

// openToAll are the pages that need nobody signed in, each with its reason. Whatever
// else there is must send whoever is not to sign in.
var openToAll = map[string]string{
	"/{$}": "the front page", "/sign-in": "the way in", "/sign-in/code": "the way in", "/sign-in/passkey": "the way in", "/sign-up": "the way in",
	"/reset": "who has forgotten the password is not in", "/reset/new": "its link says who it is",
	"/pay/{link}": "its link says which payment it is", "/pay/{link}/sign-in": "the way in", "/pay/{link}/sign-up": "the way in", "/merchants/{id}/logo": "whoever pays a merchant sees it",
	"/sandbox/simulator/{link}": "its key opens it, and its link says which payment it is",
	"/to/{link}":                "its link says what is offered",
	"/sandbox/messages":         "its key opens it", "/sandbox/callback": "it shows the address that it was asked with",
}

// resident is somebody on a real network, and what only their own pages show.
type resident struct {
	identity.Visitor
	cookie string
	secret purse.Secret
	app    purse.AppID
	paid   string // the page on which they have paid a merchant
	stall  stall
	marks  []string
}

// street is a site of a real network, where two people have something of everything.
type street struct {
	*Site
	people   *identity.Service
	wallet   *wallet.Service
	order    *order.Service
	store    purse.Store
	shop     *bookshop
	ada, eve *resident
	helper   purse.App    // an operator's
	known    purse.Secret // its secret
}

// onBoth runs a test on a site over either database.
func onBoth(t *testing.T, test func(*testing.T, *street)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newStreet(t, filepath.Join(t.TempDir(), "purse.db"))) })
	t.Run("postgres", func(t *testing.T) { test(t, newStreet(t, pgtest.Database(t))) })
}

func newStreet(t *testing.T, database string) *street {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s, err := store.Open(t.Context(), database, store.Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	people := &identity.Service{
		Store: s, PublicURL: "https://pay.example.org", Network: "Harbour", Cost: identity.PasswordCost{KiB: 8, Passes: 1}, SignUpsAnHour: 100,
	}
	wallets, till, orders := &wallet.Service{Store: s}, &hub.Service{Store: s}, &order.Service{Store: s}
	town := &street{people: people, wallet: wallets, order: orders, store: s, Site: &Site{
		Identity: people, Wallet: wallets, Store: s, Hub: till, Orders: orders, Desk: orders, Mailbox: &fake{}, Network: "Harbour", Book: purse.MainBook, Currency: "USD",
		PublicURL: people.PublicURL, Log: log,
	}}
	var hash string
	town.known, hash = identity.ClientSecret()
	if town.helper, err = people.CreateApp(t.Context(), purse.MainBook, "op", purse.App{
		Name: "Helper", Medium: purse.MediumAPI, Redirects: "https://helper.example/cb", Secret: hash,
	}); err != nil {
		t.Fatal(err)
	}
	town.shop = openShop(t, people, till)
	town.ada, town.eve = town.settle(t, "Adela", "15555550181"), town.settle(t, "Evelyn", "15555550182")
	return town
}

// signUp makes an account; agent is what its browser calls itself.
func (s *street) signUp(t *testing.T, name, phone, agent string) (identity.Visitor, purse.Secret) {
	t.Helper()
	in, err := s.people.SignUp(t.Context(), purse.MainBook, identity.SignUpRequest{
		Username: strings.ToLower(name) + "-u", FirstName: name + "First", LastName: name + "Last",
		Email: strings.ToLower(name) + "@example.org", Phone: phone, Password: "a long walk home",
	}, identity.From{Remote: "192.0.2.1", Agent: agent})
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.people.Visit(t.Context(), in.Session)
	if err != nil {
		t.Fatal(err)
	}
	return v, in.Session
}

// settle makes somebody who has addresses, another session, an app, a friend, and
// others who have asked them, were asked, and are blocked.
func (s *street) settle(t *testing.T, name, phone string) *resident {
	t.Helper()
	v, secret := s.signUp(t, name, phone, name+"Agent/1")
	r := &resident{Visitor: v, secret: secret, cookie: hostPrefix + sessionCookie + "=" + string(secret)}
	ctx := t.Context()
	var tied []string
	var friend purse.UserID
	for i, do := range []func(identity.Visitor) error{
		func(o identity.Visitor) error {
			if err := s.Wallet.AskFriend(ctx, v.Actor, o.User.ID); err != nil {
				return err
			}
			return s.Wallet.AcceptFriend(ctx, o.Actor, v.User.ID)
		},
		func(o identity.Visitor) error { return s.Wallet.AskFriend(ctx, v.Actor, o.User.ID) },
		func(o identity.Visitor) error { return s.Wallet.AskFriend(ctx, o.Actor, v.User.ID) },
		func(o identity.Visitor) error { return s.Wallet.Block(ctx, v.Actor, o.User.ID) },
	} {
		o, _ := s.signUp(t, fmt.Sprintf("%sTie%d", name, i), "", "")
		if err := do(o); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			friend = o.User.ID
		}
		tied = append(tied, o.User.Username, o.User.ID.String())
	}
	if _, err := s.people.SignIn(ctx, identity.SignInRequest{Name: v.User.Username, Password: "a long walk home"},
		identity.From{Remote: "192.0.2.77", Agent: name + "Elsewhere"}); err != nil {
		t.Fatal(err)
	}
	app, err := s.people.RegisterApp(ctx, v, identity.AppRequest{Name: name + "App", Redirects: []string{"https://" + strings.ToLower(name) + ".example/cb"}})
	if err != nil {
		t.Fatal(err)
	}
	for id, secret := range map[purse.AppID]purse.Secret{s.helper.ID: s.known, app.ID: app.Secret} {
		a, err := s.people.Authorize(ctx, identity.AuthorizeRequest{ClientID: id.String(), Scope: "make_payments access_profile"})
		if err != nil {
			t.Fatal(err)
		}
		to, err := s.people.Allow(ctx, v, a, "make_payments access_profile")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.people.Exchange(ctx, identity.TokenExchange{
			Client: identity.ClientAuth{ID: id.String(), Secret: secret}, Code: purse.Secret(u.Query().Get("code")),
		}); err != nil {
			t.Fatal(err)
		}
	}
	r.app = app.ID
	r.marks = append(tied, v.User.Username, name+"First", name+"Last", strings.ToLower(name)+"@example.org", name+"Elsewhere",
		name+"App", app.ID.String(), strings.ToLower(name)+".example/cb")
	s.shops(t, r, name, friend)
	s.sells(t, r, name)
	return r
}

// settingsPages are those that somebody who is signed in may look at.
func settingsPages() (all []string) {
	for _, path := range slices.Sorted(maps.Keys(routes)) {
		if p := routes[path]; p.person && p.get != nil {
			all = append(all, path)
		}
	}
	return all
}

func TestAnonymousIsSentToSignIn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		question := "?client_id=" + s.helper.ID.String()
		marks := slices.Concat(s.ada.marks, s.eve.marks)
		check := func(path string, w *httptest.ResponseRecorder, script bool) {
			t.Helper()
			text := w.Body.String()
			sent := w.Code == 303 && strings.HasPrefix(w.Header().Get("Location"), "/sign-in?next=")
			if script {
				sent = w.Code == 403 && strings.Contains(text, `"go":"/sign-in?next=`)
			}
			if _, open := openToAll[path]; !open && !sent {
				t.Errorf("%s: %d %q %s", path, w.Code, w.Header().Get("Location"), text)
			}
			for _, mark := range marks {
				if strings.Contains(text, mark) {
					t.Errorf("%s shows %s", path, mark)
				}
			}
		}
		for path, p := range routes {
			if _, open := openToAll[path]; open && p.person {
				t.Errorf("%s is open to all, and is not", path)
			}
			asked := strings.NewReplacer("/pay/l1nk", s.ada.paid, "/l1nk", strings.TrimPrefix(s.ada.paid, "/pay"), "/90/", "/"+s.shop.seller.Merchant.String()+"/").Replace(concrete(path)) + question
			for _, cookies := range [][]string{nil, {hostPrefix + sessionCookie + "=" + string(s.eve.secret[1:])}} {
				if p.get != nil {
					check(path, ask(s.Site, asked, nil, cookies...), false)
				}
				if p.post != nil && p.script {
					check(path, post(s.Site, asked, `{"step":"begin"}`, cookies...), true)
				} else if p.post != nil {
					check(path, ask(s.Site, asked, url.Values{"do": {"allow"}}, cookies...), false)
				}
			}
		}
		for path := range openToAll {
			if _, there := routes[path]; !there {
				t.Errorf("%s is open to all, and goes nowhere", path)
			}
		}
	})
}

// A page of a person shows what is theirs, and nothing of anybody else's, whatever
// numbers and names of others stand in its address.
func TestPagesShowOnlyTheirOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		foreign := url.Values{
			"id": {fmt.Sprint(s.eve.Session.ID)}, "person": {s.eve.User.ID.String()}, "user": {s.eve.User.ID.String()}, "after": {"0"},
			"app": {s.eve.app.String()}, "kind": {"email"}, "address": {"evelyn@example.org"}, "username": {s.eve.User.Username},
			"typed": {s.eve.User.Username}, "name": {s.eve.User.Username},
		}
		shown := ""
		for _, path := range settingsPages() {
			for _, query := range []string{"", "?" + foreign.Encode()} {
				w := ask(s.Site, s.ada.at(path)+query, nil, s.ada.cookie)
				if on := w.Header().Get("Location"); w.Code != 200 && (w.Code != 303 || !strings.HasPrefix(on, "/settings") && on != s.ada.at("/desk/{merchant}")) {
					t.Errorf("%s%s: %d %q %s", path, query, w.Code, on, w.Body)
				}
				others := ask(s.Site, s.eve.at(path)+query, nil, s.ada.cookie)
				if path != s.eve.at(path) && others.Code != 404 {
					t.Errorf("%s of somebody else: %d", path, others.Code)
				}
				for _, mark := range s.eve.marks {
					if strings.Contains(w.Body.String()+others.Body.String(), mark) {
						t.Errorf("%s%s shows %s", path, query, mark)
					}
				}
				shown += w.Body.String()
			}
		}
		for _, mark := range s.ada.marks {
			if !strings.Contains(shown, mark) {
				t.Errorf("no page shows %s, which is theirs", mark)
			}
		}
	})
}

var (
	forms   = regexp.MustCompile(`(?s)<form method="post" action="([^"]+)".*?</form>`)
	inputs  = regexp.MustCompile(`<(?:input|button)[^>]* name="([a-z_]+)"[^>]*? value="([^"]*)"`)
	areas   = regexp.MustCompile(`(?s)<textarea[^>]* name="([a-z_]+)"[^>]*>(.*?)</textarea>`)
	someDos = regexp.MustCompile(`name="do" value="([a-z-]+)"`)
)

// Every form of somebody's pages, sent by somebody else as their own, changes nothing
// on the pages that it was on.
func TestFormsOfOthersChangeNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *street) {
		pages := map[string]string{}
		for _, path := range settingsPages() {
			path = s.eve.at(path)
			pages[path] = ask(s.Site, path, nil, s.eve.cookie).Body.String()
		}
		tried := map[string]bool{}
		for from, page := range pages {
			for _, form := range forms.FindAllStringSubmatch(page, -1) {
				values := url.Values{"password": {"another long walk"}}
				for _, field := range slices.Concat(inputs.FindAllStringSubmatch(form[0], -1), areas.FindAllStringSubmatch(form[0], -1)) {
					if field[1] != "do" {
						values.Set(field[1], html.UnescapeString(field[2]))
					}
				}
				dos := []string{""}
				for _, do := range someDos.FindAllStringSubmatch(form[0], -1) {
					dos = append(dos, do[1])
				}
				for name, typed := range map[string]string{"amount": "5", "product": "Tea"} { // what is not empty
					if values.Has(name) {
						values.Set(name, typed)
					}
				}
				path := html.UnescapeString(form[1])
				for _, do := range dos {
					tried[path+" "+do] = true
					in, err := s.people.SignIn(t.Context(), identity.SignInRequest{Name: "adela-u", Password: "a long walk home"}, identity.From{Remote: "192.0.2.9"})
					if err != nil { // the password was changed by such a form
						if in, err = s.people.SignIn(t.Context(), identity.SignInRequest{Name: "adela-u", Password: "another long walk"}, identity.From{Remote: "192.0.2.9"}); err != nil {
							t.Fatal(err)
						}
					}
					values.Set("form", nonce(in.Session))
					values.Set("do", do)
					w := ask(s.Site, path, values, hostPrefix+sessionCookie+"="+string(in.Session))
					if w.Code >= 500 || strings.Contains(w.Body.String(), "out of date") {
						t.Errorf("%s of %s, %s: %d %s", path, from, do, w.Code, w.Body)
					}
				}
			}
		}
		for _, want := range []string{
			"/settings username", "/settings/contacts remove", "/settings/security end", "/settings/friends remove", "/settings/friends unblock",
			"/settings/friends trust", "/settings/apps revoke", "/settings/apps cap", "/settings/merchants limit", "/settings/merchants revoke", "/settings/developer change", "/settings/developer secret",
			"/settings/developer close", "/settings/account ", s.eve.at("/desk/{merchant}/till "), s.eve.at("/desk/{merchant}/till/{number} cancel"),
			s.eve.at("/desk/{merchant}/links make"), s.eve.at("/desk/{merchant}/links close"),
		} {
			if !tried[want] {
				t.Errorf("%s was not tried", want)
			}
		}
		for path, before := range pages {
			after := ask(s.Site, path, nil, s.eve.cookie).Body.String()
			if countdown.ReplaceAllString(after, "") != countdown.ReplaceAllString(before, "") {
				t.Errorf("%s was\n%s\nand is\n%s", path, before, after)
			}
		}
	})
}
