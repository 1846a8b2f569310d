package walletv1

import (
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/api"
	"purse/identity"
	"purse/internal/doortest"
	"purse/internal/pgtest"
	"purse/store"
	"purse/wallet"
)

func TestMain(m *testing.M) { pgtest.Main(m, store.MigratePostgres) }

const publicURL = "https://purse.example"

// network is a sandbox with a door, in a database.
type network struct {
	t        testing.TB
	identity *identity.Service
	wallet   *wallet.Service
	store    *store.Store
	db       *sql.DB // looks past the store
	door     http.Handler
	log      *doortest.Log
	secrets  []string // what the log must not hold

	touched atomic.Bool // since the last digest was taken
	last    string
}

// onBoth runs a test on either database, and looks for secrets in the log.
func onBoth(t *testing.T, test func(*testing.T, *network)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "purse.db")
		open(t, path, "sqlite", path, test)
	})
	t.Run("postgres", func(t *testing.T) {
		url := pgtest.Database(t)
		open(t, url, "pgx", url, test)
	})
}

func open(t *testing.T, database, driver, dsn string, test func(*testing.T, *network)) {
	n := &network{t: t, log: &doortest.Log{}, secrets: []string{canary}}
	log := slog.New(slog.NewJSONHandler(n.log, nil))
	s, err := store.Open(t.Context(), database, store.Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n.db, err = sql.Open(driver, dsn); err != nil {
		t.Fatal(err)
	}
	defer n.db.Close()
	n.store, n.identity, n.wallet = s, &identity.Service{Store: s}, &wallet.Service{Store: s}
	n.open(log, nil)
	test(t, n)
	text := n.log.String()
	for _, secret := range n.secrets {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if strings.Contains(text, `"level":"ERROR"`) {
		t.Errorf("the log holds errors:\n%s", text)
	}
}

// open opens the door, limited by rates.
func (n *network) open(log *slog.Logger, rates *api.Rates) {
	n.door = (&Door{
		Identity: n.identity, Wallet: n.wallet, Currency: "USD", PublicURL: publicURL, Log: log, Rates: rates,
	}).Handler()
}

// canary stands in notes, and nowhere else.
const canary = "Canary"

// person is somebody with a wallet and a token.
type person struct {
	purse.User
	token string
}

const everyScope = "make_payments access_profile access_balance"

// person makes somebody who has minor units.
func (n *network) person(t *testing.T, u purse.User, minor int64) person {
	t.Helper()
	u, err := n.identity.CreateUser(t.Context(), purse.MainBook, "op", u)
	if err != nil {
		t.Fatal(err)
	}
	if minor > 0 {
		_, err := n.wallet.Issue(t.Context(), purse.MainBook, "op", wallet.EntryRequest{
			Wallet: u.ID, Minor: minor, Encode: func(purse.Entry) purse.Answer { return purse.Answer{} },
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return person{u, n.token(t, u, everyScope, 0)}
}

func (n *network) ann(t *testing.T, minor int64) person {
	t.Helper()
	return n.person(t, purse.User{Username: "Ann", FirstName: "Ann", LastName: "L", About: "So happy"}, minor)
}

func (n *network) bob(t *testing.T) person {
	t.Helper()
	return n.person(t, purse.User{Username: "bob", FirstName: "Bob", LastName: "De La Vara"}, 0)
}

func (n *network) token(t *testing.T, u purse.User, scopes purse.Scopes, life time.Duration) string {
	t.Helper()
	return n.tokenFor(t, identity.TokenRequest{User: u.ID, Scopes: scopes, Life: life})
}

func (n *network) tokenFor(t *testing.T, req identity.TokenRequest) string {
	t.Helper()
	n.touched.Store(true)
	made, err := n.identity.CreateToken(t.Context(), purse.MainBook, "op", req)
	if err != nil {
		t.Fatal(err)
	}
	n.secrets = append(n.secrets, string(made.Secret))
	return string(made.Secret)
}

func (n *network) freeze(t *testing.T, p person, frozen bool) {
	t.Helper()
	n.touched.Store(true)
	if err := n.wallet.Freeze(t.Context(), purse.MainBook, "op", p.ID, frozen, ""); err != nil {
		t.Fatal(err)
	}
}

func (n *network) revoke(t *testing.T, token string) {
	t.Helper()
	n.touched.Store(true)
	if err := n.identity.RevokeToken(t.Context(), "op", purse.Secret(token)); err != nil {
		t.Fatal(err)
	}
}

func (n *network) limits(t *testing.T, l purse.Limits) {
	t.Helper()
	n.touched.Store(true)
	if _, err := n.wallet.SetLimits(t.Context(), purse.MainBook, "op", l); err != nil {
		t.Fatal(err)
	}
}

func (n *network) terms(t *testing.T, change func(*purse.Terms)) {
	t.Helper()
	n.touched.Store(true)
	if _, err := n.wallet.SetTerms(t.Context(), purse.MainBook, "op", change); err != nil {
		t.Fatal(err)
	}
}

// owns gives p addresses that nobody has named yet.
func (n *network) owns(t *testing.T, p person, addresses ...purse.Address) {
	t.Helper()
	n.touched.Store(true)
	err := n.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error {
		for _, a := range addresses {
			f.Put(purse.AddressOwner{Address: a, Owner: p.ID, Since: f.Now})
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// advance moves the book's clock forward.
func (n *network) advance(t *testing.T, by time.Duration) {
	t.Helper()
	n.touched.Store(true)
	err := n.store.Execute(t.Context(), purse.Command{
		Book: purse.MainBook, Decide: func(f *purse.Facts) error { return f.AdvanceClock(by) },
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (n *network) balance(t *testing.T, p person) int64 {
	t.Helper()
	a, err := n.store.Account(t.Context(), purse.MainBook, purse.WalletOf(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	return a.Balance()
}

// request is what is sent to the door. A body that starts with '{' is JSON.
type request struct {
	method, path, token, key, body string
}

func (n *network) do(r request) *httptest.ResponseRecorder {
	n.t.Helper()
	n.touched.Store(true)
	hr := httptest.NewRequest(r.method, r.path, strings.NewReader(r.body))
	if strings.HasPrefix(r.body, "{") {
		hr.Header.Set("Content-Type", "application/json")
	} else if r.body != "" {
		hr.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.token != "" {
		hr.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.key != "" {
		hr.Header.Set("Idempotency-Key", r.key)
	}
	return n.serve(hr, []byte(r.body))
}

// serve sends a request to the door, and holds it and the answer against the
// description.
func (n *network) serve(r *http.Request, body []byte) *httptest.ResponseRecorder {
	n.t.Helper()
	w := httptest.NewRecorder()
	n.door.ServeHTTP(w, r)
	held(n.t, r, body, w)
	return w
}

// post pays with a token.
func (n *network) post(token, body string) *httptest.ResponseRecorder {
	return n.do(request{method: http.MethodPost, path: "/v1/payments", token: token, body: body})
}

// get looks with a token.
func (n *network) get(token, path string) *httptest.ResponseRecorder {
	return n.do(request{method: http.MethodGet, path: path, token: token})
}

// put is what a token does to a payment.
func put(token string, id purse.PaymentID, action string) request {
	return request{method: http.MethodPut, path: "/v1/payments/" + id.String(), token: token, body: "action=" + action}
}

// tables are those that a refusal must leave alone; what is left out is goose's.
var tables = []string{
	"heads", "batches", "accounts", "postings", "holds", "payments", "entries", "spent", "once", "events", "actions", "users", "tokens",
	"parties", "addresses", "introductions", "apps", "credentials", "contacts", "sessions", "tickets", "grants", "ties", "allowances", "old_usernames", "user_words",
}

// digest is the sum of everything that the database holds.
func (n *network) digest(t *testing.T) string {
	t.Helper()
	return doortest.Digest(t, n.db, tables...)
}

func (n *network) dump(t *testing.T, table string) []string {
	t.Helper()
	return doortest.Rows(t, n.db, table)
}

// refused checks that an answer is a refusal, to the byte, and that nothing changed.
func (n *network) refused(t *testing.T, name string, r request, status int, body string) {
	t.Helper()
	if n.touched.Load() {
		n.last = n.digest(t)
	}
	w := n.do(r)
	if w.Code != status || w.Body.String() != body {
		t.Errorf("%s: %d %s\nwant %d %s", name, w.Code, w.Body, status, body)
	}
	if after := n.digest(t); after != n.last {
		t.Errorf("%s: something was changed", name)
		n.last = after
	}
	n.touched.Store(false)
	checkHeaders(t, name, w)
}

func checkHeaders(t *testing.T, name string, w *httptest.ResponseRecorder) {
	t.Helper()
	for header, want := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if got := w.Header().Values(header); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %s is %q", name, header, got)
		}
	}
}

// userJSON is u as actor or target.
func userJSON(u purse.User) string {
	return fmt.Sprintf(`{"username":%q,"first_name":%q,"last_name":%q,"display_name":%q,"about":%q,`+
		`"profile_picture_url":"https://purse.example/v1/users/%d/picture.svg","id":"%d","date_joined":%q}`,
		u.Username, u.FirstName, u.LastName, u.DisplayName(), u.About, u.ID, u.ID, u.Joined.UTC().Format("2006-01-02T15:04:05"))
}
