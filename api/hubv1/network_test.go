package hubv1

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/api"
	"purse/hub"
	"purse/identity"
	"purse/internal/doortest"
	"purse/internal/pgtest"
	"purse/sandbox"
	"purse/store"
	"purse/wallet"
)

func TestMain(m *testing.M) { pgtest.Main(m, store.MigratePostgres) }

const publicURL = "https://purse.example"

// network is a sandbox with a merchant and a door, in a database.
type network struct {
	t        testing.TB
	identity *identity.Service
	wallet   *wallet.Service
	hub      *hub.Service
	store    *store.Store
	db       *sql.DB // looks past the store
	door     http.Handler
	log      *doortest.Log
	secrets  []string // what the log must not hold

	merchant        purse.Merchant
	private, public key
	other           key    // another merchant's private key
	origins         string // of every merchant that is made

	touched atomic.Bool // since the last digest was taken
	last    string
}

type key struct{ username, password string }

// onBoth runs a test on either database, and looks for secrets in the log.
func onBoth(t *testing.T, test func(*testing.T, *network)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "purse.db")
		open(t, purse.Sandbox, path, "sqlite", path, test)
	})
	t.Run("postgres", func(t *testing.T) {
		url := pgtest.Database(t)
		open(t, purse.Sandbox, url, "pgx", url, test)
	})
}

// live runs a test on a live network; the tests' PostgreSQL is none that one takes.
func live(t *testing.T, test func(*testing.T, *network)) {
	t.Run("live", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "purse.db")
		open(t, purse.Live, path, "sqlite", path, test)
	})
}

func open(t *testing.T, mode purse.Mode, database, driver, dsn string, test func(*testing.T, *network)) {
	n := &network{t: t, log: &doortest.Log{}}
	n.touched.Store(true) // nothing was summed yet
	log := slog.New(slog.NewJSONHandler(n.log, nil))
	s, err := store.Open(t.Context(), database, store.Options{Mode: mode, Currency: "USD", Migrate: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n.db, err = sql.Open(driver, dsn); err != nil {
		t.Fatal(err)
	}
	defer n.db.Close()
	n.store, n.identity, n.wallet, n.hub = s, &identity.Service{Store: s}, &wallet.Service{Store: s}, &hub.Service{Store: s}
	if mode == purse.Sandbox {
		n.hub.Processor = sandbox.Processor{}
	}
	n.open(mode, nil)
	if mode == purse.Live {
		n.origins = "https://shop.example\nhttps://www.shop.example:8443"
	}
	n.merchant, n.private, n.public = n.newMerchant(t, "Shop")
	_, n.other, _ = n.newMerchant(t, "Other")
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
func (n *network) open(mode purse.Mode, rates *api.Rates) {
	n.door = (&Door{
		Identity: n.identity, Hub: n.hub, Book: purse.MainBook, Currency: "USD", Sandbox: mode == purse.Sandbox,
		PublicURL: publicURL, Log: slog.New(slog.NewJSONHandler(n.log, nil)), Rates: rates,
	}).Handler()
}

func (n *network) newMerchant(t *testing.T, name string) (m purse.Merchant, private, public key) {
	t.Helper()
	made, err := n.identity.CreateMerchant(t.Context(), purse.MainBook, "op", purse.Merchant{Name: name, Accepts: true, Origins: n.origins}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range made.Keys {
		n.secrets = append(n.secrets, string(k.Password))
		one := key{k.Username, string(k.Password)}
		switch k.Kind {
		case purse.PrivateKey:
			private = one
		case purse.PublicKey:
			public = one
		}
	}
	return made.Merchant, private, public
}

// ada is somebody with a wallet and 100,000.00 that may be spent.
func (n *network) ada(t *testing.T) purse.Actor { return n.person(t, "ada-l", 100_000_00) }

func (n *network) person(t *testing.T, username string, minor int64) purse.Actor {
	t.Helper()
	n.touched.Store(true)
	if _, err := n.wallet.SetLimits(t.Context(), purse.MainBook, "op", purse.Limits{PaymentMinor: 60_000_00, WeekMinor: 90_000_00}); err != nil {
		t.Fatal(err)
	}
	u, err := n.identity.CreateUser(t.Context(), purse.MainBook, "op", purse.User{Username: username, FirstName: "Ada", LastName: "L"})
	if err != nil {
		t.Fatal(err)
	}
	if minor > 0 {
		n.issue(t, wallet.EntryRequest{Wallet: u.ID, Minor: minor})
	}
	made, err := n.identity.CreateToken(t.Context(), purse.MainBook, "op", identity.TokenRequest{User: u.ID, Scopes: "make_payments"})
	if err != nil {
		t.Fatal(err)
	}
	n.secrets = append(n.secrets, string(made.Secret))
	actor, err := n.identity.Authenticate(t.Context(), made.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return actor
}

func (n *network) issue(t *testing.T, req wallet.EntryRequest) {
	t.Helper()
	n.touched.Store(true)
	req.Encode = func(purse.Entry) purse.Answer { return purse.Answer{} }
	if _, err := n.wallet.Issue(t.Context(), purse.MainBook, "op", req); err != nil {
		t.Fatal(err)
	}
}

// agree is a consumer's yes to a handle.
func (n *network) agree(t *testing.T, a purse.Actor, handle answer) {
	t.Helper()
	n.touched.Store(true)
	link := strings.TrimPrefix(handle.Links[0].Href, publicURL+"/pay/")
	h, err := n.hub.Authorize(t.Context(), n.visiting(t, a), link, hub.Agreement{CapPayment: purse.NoCap, CapMonth: purse.NoCap})
	if err != nil || h.Status != purse.HandlePayable {
		t.Fatalf("%s, %v", h.Status, err)
	}
}

// visiting is a person on the network's own pages.
func (n *network) visiting(t *testing.T, a purse.Actor) purse.Actor {
	t.Helper()
	if a.Session != "" {
		return a
	}
	hash := sha256.Sum256(fmt.Append(nil, a.User, time.Now().UnixNano()))
	a.Session, a.Token = purse.SessionHash(base64.RawURLEncoding.EncodeToString(hash[:])), ""
	err := n.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Decide: func(f *purse.Facts) error {
		f.Put(purse.Session{Hash: a.Session, ID: purse.SessionID(f.NextID()), Person: a.User, Book: a.Book, Seen: f.Now, Proved: f.Now, Expires: f.Now.Add(365 * 24 * time.Hour)})
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return a
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

func (n *network) balance(t *testing.T, u purse.UserID) int64 {
	t.Helper()
	a, err := n.store.Account(t.Context(), purse.MainBook, purse.WalletOf(u))
	if err != nil {
		t.Fatal(err)
	}
	return a.Balance()
}

// request is what is sent to the door. path is that below root.
type request struct {
	method, path string
	key          key
	body         string
	headers      []string // name, value, …
}

func (n *network) do(r request) *httptest.ResponseRecorder {
	n.t.Helper()
	n.touched.Store(true)
	hr := httptest.NewRequest(r.method, root+r.path, strings.NewReader(r.body))
	if r.key != (key{}) {
		hr.SetBasicAuth(r.key.username, r.key.password)
	}
	hr.Header.Set("Content-Type", "application/json;charset=utf-8")
	hr.Header.Set("X-Transaction-Source", "JavaSDK")
	for i := 0; i < len(r.headers); i += 2 {
		hr.Header.Set(r.headers[i], r.headers[i+1])
	}
	w := httptest.NewRecorder()
	n.door.ServeHTTP(w, hr)
	held(n.t, hr, []byte(r.body), w)
	checkHeaders(n.t, r.method+" "+r.path, w)
	return w
}

// answer is what is read of an answer.
type answer struct {
	code   int
	header http.Header
	body   string

	ID, Status, Action string
	PaymentHandleToken string
	MerchantRefNum     string
	Simulator          string
	Amount             int64
	AvailableToRefund  int64
	AvailableToSettle  int64
	TimeToLiveSeconds  int64
	LiveMode           bool
	Links              []struct{ Rel, Href string }
	GatewayResponse    *struct{ BrainTreeCustomerID string }
	Settlements        []struct{ ID string }
	Error              *struct {
		Code              string
		Message           string
		Details           []string
		FieldErrors       []struct{ Field, Error string }
		AdditionalDetails []struct{ Type, Code, Message string }
	}
}

func read(t testing.TB, w *httptest.ResponseRecorder) answer {
	t.Helper()
	a := answer{code: w.Code, header: w.Header(), body: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return a
}

// post asks with the private key.
func (n *network) post(path, body string, headers ...string) answer {
	n.t.Helper()
	return read(n.t, n.do(request{"POST", path, n.private, body, headers}))
}

func (n *network) get(path string) answer {
	n.t.Helper()
	return read(n.t, n.do(request{"GET", path, n.private, "", nil}))
}

// want checks an answer's status, and its code if it is an error.
func (a answer) want(t testing.TB, name string, status int, code string) answer {
	t.Helper()
	got := ""
	if a.Error != nil {
		got = a.Error.Code
	}
	if a.code != status || got != code {
		t.Fatalf("%s: %d %s\nwant %d with %q", name, a.code, a.body, status, code)
	}
	return a
}

// handleBody is a request for a handle, with other members than usual; "" takes one out.
func handleBody(ref string, others ...string) string {
	return body(append([]string{
		"merchantRefNum", quote(ref), "transactionType", `"PAYMENT"`, "paymentType", `"VENMO"`, "amount", "2500", "currencyCode", `"USD"`,
		"venmo", `{"consumerId":"c@example.org"}`, "returnLinks", `[{"rel":"default","href":"https://shop.example/back"}]`,
	}, others...)...)
}

// payBody is a request for a payment.
func payBody(ref, token string, others ...string) string {
	return body(append([]string{
		"merchantRefNum", quote(ref), "amount", "2500", "currencyCode", `"USD"`, "paymentHandleToken", quote(token),
	}, others...)...)
}

func quote(s string) string { return string(purse.AppendQuoted(nil, s)) }

// body makes an object of names and JSON; a later one takes the place of an earlier.
func body(pairs ...string) string {
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

// payable is a handle that a consumer has agreed to.
func (n *network) payable(t *testing.T, a purse.Actor, ref string, others ...string) answer {
	t.Helper()
	h := n.post("/paymenthandles", handleBody(ref, others...)).want(t, ref, 201, "")
	if h.Action == "REDIRECT" {
		n.agree(t, a, h)
	}
	return n.get("/paymenthandles/"+h.ID).want(t, ref, 200, "")
}

// paid is a payment.
func (n *network) paid(t *testing.T, a purse.Actor, ref string, others ...string) answer {
	t.Helper()
	h := n.payable(t, a, ref)
	return n.post("/payments", payBody(ref, h.PaymentHandleToken, others...)).want(t, ref, 201, "")
}

// digest is the sum of everything that the database holds.
func (n *network) digest(t *testing.T) string {
	t.Helper()
	return doortest.Digest(t, n.db,
		"heads", "accounts", "postings", "holds", "entries", "spent", "once", "events", "actions", "users", "merchants", "api_keys",
		"handles", "operations", "mandates", "consumers", "customers",
	)
}

// refused checks that an answer is a refusal, and that nothing changed.
func (n *network) refused(t *testing.T, name string, r request, status int, code string) answer {
	t.Helper()
	if n.touched.Load() {
		n.last = n.digest(t)
	}
	a := read(t, n.do(r))
	if a.Error == nil || a.code != status || a.Error.Code != code || a.ID != "" {
		t.Errorf("%s: %d %s\nwant %d with %s", name, a.code, a.body, status, code)
	}
	if after := n.digest(t); after != n.last {
		t.Errorf("%s: something was changed", name)
		n.last = after
	}
	n.touched.Store(false)
	return a
}

// checkHeaders checks the headers that every answer has.
func checkHeaders(t testing.TB, name string, w *httptest.ResponseRecorder) {
	t.Helper()
	for header, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if got := w.Header().Values(header); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %s is %q", name, header, got)
		}
	}
	if id := w.Header().Get("X-Internal-Correlation-Id"); len(id) != uuidBytes || id[14] != '4' {
		t.Errorf("%s: the correlation id is %q", name, id)
	}
	code := w.Header().Get("X-Application-Status-Code")
	if (w.Code >= 400) != (code != "") || code != "" && !strings.Contains(w.Body.String(), `"code":"`+code+`"`) {
		t.Errorf("%s: %d with the code %q in its header: %s", name, w.Code, code, w.Body)
	}
	if strings.Contains(w.Body.String(), "null") && !strings.Contains(name, "openapi") {
		t.Errorf("%s: there is a null in %s", name, w.Body)
	}
}
