package orderv1

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/api"
	"purse/identity"
	"purse/internal/doortest"
	"purse/internal/pgtest"
	"purse/money"
	"purse/order"
	"purse/store"
	"purse/wallet"
)

func TestMain(m *testing.M) { pgtest.Main(m, store.MigratePostgres) }

const publicURL = "https://purse.example"

// network is a network with two merchants and a door, in a database.
type network struct {
	t        testing.TB
	identity *identity.Service
	orders   *order.Service
	wallet   *wallet.Service
	store    *store.Store
	db       *sql.DB // looks past the store
	currency money.Currency
	door     http.Handler
	log      doortest.Log
	secrets  []string // what the log must not hold

	shop, rival purse.Merchant
	key, other  string      // the shop's and the rival's
	hubKeys     []string    // the shop's other keys, each in one piece
	called      []call      // what the callback was told
	status      int         // what it says; 0: it does not answer
	touched     atomic.Bool // since the last digest was taken
	last        string      // digest
}

// call is a message to a callback.
type call struct {
	url    string
	header map[string]string
	body   string
}

// onBoth runs a test on either database, and looks for secrets in the log.
func onBoth(t *testing.T, test func(*testing.T, *network)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "purse.db")
		open(t, "USD", path, "sqlite", test)
	})
	t.Run("postgres", func(t *testing.T) {
		open(t, "USD", pgtest.Database(t), "pgx", test)
	})
}

// inCurrency runs a test on a network with another currency.
func inCurrency(t *testing.T, c money.Currency, test func(*testing.T, *network)) {
	open(t, c, filepath.Join(t.TempDir(), "purse.db"), "sqlite", test)
}

func open(t *testing.T, c money.Currency, database, driver string, test func(*testing.T, *network)) {
	n := &network{t: t, currency: c, status: 200}
	n.touched.Store(true) // nothing was summed yet
	s, err := store.Open(t.Context(), database, store.Options{Mode: purse.Sandbox, Currency: c, Migrate: true, Log: slog.New(slog.NewJSONHandler(&n.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n.db, err = sql.Open(driver, database); err != nil {
		t.Fatal(err)
	}
	defer n.db.Close()
	vault, err := identity.NewVault(bytes.Repeat([]byte{7}, identity.VaultKeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	n.store, n.wallet, n.identity, n.orders = s, &wallet.Service{Store: s}, &identity.Service{Store: s, Vault: vault}, &order.Service{Store: s}
	n.orders.Caller, n.orders.OpenSecret = n, n.identity.OpenKeySecret
	n.open(nil)
	n.shop, n.key, n.hubKeys = n.newMerchant(t, "Shop")
	n.rival, n.other, _ = n.newMerchant(t, "Rival")
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
func (n *network) open(rates *api.Rates) {
	n.door = (&Door{
		Identity: n.identity, Orders: n.orders, Book: purse.MainBook, Currency: n.currency, PublicURL: publicURL,
		Log: slog.New(slog.NewJSONHandler(&n.log, nil)), Rates: rates,
	}).Handler()
}

// newMerchant makes a merchant with a key for orders, and others.
func (n *network) newMerchant(t *testing.T, name string) (m purse.Merchant, orders string, others []string) {
	t.Helper()
	n.touched.Store(true)
	made, err := n.identity.CreateMerchant(t.Context(), purse.MainBook, "op", purse.Merchant{Name: name, Accepts: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := n.identity.CreateKeys(t.Context(), "op", made.Merchant.ID, purse.OrderKind, purse.PrivateKey, purse.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		n.secrets = append(n.secrets, string(k.Password))
		if k.Kind == purse.OrderKind {
			n.secrets = append(n.secrets, string(k.Secret))
			orders = string(k.Bearer())
		} else {
			others = append(others, string(k.Bearer()), string(k.Password))
		}
	}
	return made.Merchant, orders, others
}

// set changes the shop.
func (n *network) set(t *testing.T, change func(*purse.Merchant)) {
	t.Helper()
	n.touched.Store(true)
	err := n.store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Merchants: []purse.MerchantID{n.shop.ID}},
		Decide: func(f *purse.Facts) error {
			m, err := f.Merchant(n.shop.ID)
			change(&m)
			f.Put(m)
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// person is somebody who has signed in, with money.
func (n *network) person(t *testing.T, username string, minor int64) purse.Actor {
	t.Helper()
	n.touched.Store(true)
	u, err := n.identity.CreateUser(t.Context(), purse.MainBook, "op", purse.User{Username: username, FirstName: "Ada", LastName: "L"})
	if err != nil {
		t.Fatal(err)
	}
	if minor > 0 {
		req := wallet.EntryRequest{Wallet: u.ID, Minor: minor, Encode: func(purse.Entry) purse.Answer { return purse.Answer{} }}
		if _, err := n.wallet.Issue(t.Context(), purse.MainBook, "op", req); err != nil {
			t.Fatal(err)
		}
	}
	actor := purse.Actor{Book: purse.MainBook, User: u.ID, Session: purse.SessionHash("session of " + username)}
	err = n.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error {
		f.Put(purse.Session{
			Hash: actor.Session, ID: purse.SessionID(f.NextID()), Person: u.ID, Book: purse.MainBook, Seen: f.Now, Proved: f.Now,
			Expires: f.Now.Add(365 * 24 * time.Hour),
		})
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return actor
}

// pay pays an order on its page.
func (n *network) pay(t *testing.T, a purse.Actor, o answer) {
	t.Helper()
	n.touched.Store(true)
	if paid, err := n.orders.Pay(t.Context(), a, o.link()); err != nil || paid.Status != purse.OrderPaid {
		t.Fatalf("%s, %v", paid.Status, err)
	}
}

// advance moves the book's clock forward.
func (n *network) advance(t *testing.T, by time.Duration) {
	t.Helper()
	n.touched.Store(true)
	err := n.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error { return f.AdvanceClock(by) }})
	if err != nil {
		t.Fatal(err)
	}
}

func (n *network) now(t *testing.T) time.Time {
	t.Helper()
	now, err := n.store.Now(t.Context(), purse.MainBook)
	if err != nil {
		t.Fatal(err)
	}
	return now.UTC()
}

// request is what is sent to the door.
type request struct {
	method, path string
	key          string // in one piece
	body         string
	headers      []string // name, value, …
}

func (n *network) do(r request) *httptest.ResponseRecorder {
	n.t.Helper()
	n.touched.Store(true)
	hr := httptest.NewRequest(r.method, r.path, strings.NewReader(r.body))
	if r.key != "" {
		hr.Header.Set("Authorization", "Bearer "+r.key)
	}
	hr.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(r.headers); i += 2 {
		hr.Header.Set(r.headers[i], r.headers[i+1])
	}
	w := httptest.NewRecorder()
	n.door.ServeHTTP(w, hr)
	held(n.t, hr, []byte(r.body), w)
	for header, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if got := w.Header().Values(header); !slices.Equal(got, []string{want}) {
			n.t.Errorf("%s %s: %s is %q", r.method, r.path, header, got)
		}
	}
	return w
}

// answer is what is read of an answer.
type answer struct {
	code   int
	header http.Header
	body   string

	OrderURL string          `json:"order_url"`
	OrderID  int64           `json:"order_id"`
	Amount   json.RawMessage `json:"amount"`
	Limit    int
	Offset   int
	Status   string
	Data     json.RawMessage
	Message  string
	Code     string
}

// record is an order as it is shown.
type record struct {
	ID                                  int64
	Amount                              json.Number
	Currency, Customer, Product, Status string
	HookURL                             string `json:"hook_url"`
}

func read(t testing.TB, w *httptest.ResponseRecorder) answer {
	t.Helper()
	a := answer{code: w.Code, header: w.Header(), body: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return a
}

// link is the secret of the page that a new order has.
func (a answer) link() string { return strings.TrimPrefix(a.OrderURL, publicURL+"/pay/") }

// records are the orders in a list.
func (a answer) records(t testing.TB) (all []record) {
	t.Helper()
	if err := json.Unmarshal(a.Data, &all); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return all
}

// want checks an answer's status, and its code if it is an error.
func (a answer) want(t testing.TB, name string, status int, code string) answer {
	t.Helper()
	if a.code != status || a.Code != code {
		t.Fatalf("%s: %d %s\nwant %d with %q", name, a.code, a.body, status, code)
	}
	return a
}

// post asks with the shop's key.
func (n *network) post(path, body string, headers ...string) answer {
	n.t.Helper()
	return read(n.t, n.do(request{"POST", path, n.key, body, headers}))
}

func (n *network) get(path string) answer {
	n.t.Helper()
	return read(n.t, n.do(request{"GET", path, n.key, "", nil}))
}

// order makes an order of so much.
func (n *network) order(t testing.TB, amount string) answer {
	t.Helper()
	o := n.post("/payment/order", orderBody("amount", amount)).want(t, "order", 200, "")
	n.secrets = append(n.secrets, o.link())
	return o
}

// shows checks what a look-up says of an order.
func (n *network) shows(t testing.TB, name string, o answer, want purse.OrderStatus) {
	t.Helper()
	if got := n.look(o.OrderID).want(t, name, 200, ""); got.Status != string(want) {
		t.Errorf("%s: the order is %s, want %s", name, got.Status, want)
	}
}

// look looks an order up.
func (n *network) look(id int64) answer {
	n.t.Helper()
	return n.get("/payment/status?payment_id=" + strconv.FormatInt(id, 10))
}

func quote(s string) string { return string(purse.AppendQuoted(nil, s)) }

// orderBody is a request for an order, with other members than usual; "" takes one out.
func orderBody(others ...string) string {
	pairs := append([]string{
		"amount", "100", "currency", `"USD"`, "customer", `"test@gmail.com"`, "product", `"test product"`,
		"redirect_url", `"https://your_domain.com/redirect_page"`,
	}, others...)
	var names []string
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		if !slices.Contains(names, pairs[i]) {
			names = append(names, pairs[i])
		}
		values[pairs[i]] = pairs[i+1]
	}
	var members []string
	for _, name := range names {
		if values[name] != "" {
			members = append(members, quote(name)+":"+values[name])
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// digest is the sum of everything that the database holds of merchants and money.
func (n *network) digest(t testing.TB) string {
	t.Helper()
	return doortest.Digest(t, n.db, "heads", "accounts", "postings", "holds", "entries", "spent", "once", "events", "actions", "users",
		"merchants", "api_keys", "members", "orders", "payment_links")
}

// refused checks that an answer is a refusal in this door's format, and that nothing
// changed.
func (n *network) refused(t testing.TB, name string, r request, status int, code string) answer {
	t.Helper()
	if n.touched.Load() {
		n.last = n.digest(t)
	}
	a := read(t, n.do(r))
	if a.code != status || a.Code != code || a.Message == "" || a.OrderURL != "" || (a.Status != "") != (code == "hook") {
		t.Errorf("%s: %d %s\nwant %d with %s", name, a.code, a.body, status, code)
	}
	if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("%s: it is %s", name, got)
	}
	if after := n.digest(t); after != n.last {
		t.Errorf("%s: something was changed", name)
		n.last = after
	}
	n.touched.Store(false)
	return a
}

// Call is the merchant's callback; it implements order.Caller.
func (n *network) Call(_ context.Context, url string, header map[string]string, body []byte) (int, error) {
	n.called = append(n.called, call{url, header, string(body)})
	if n.status == 0 {
		return 0, context.DeadlineExceeded
	}
	return n.status, nil
}
