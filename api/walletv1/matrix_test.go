package walletv1

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"purse"
)

// This file crosses every route of the door with everybody who may ask for it. The
// rows are in matrixrows_test.go and the people in matrixpeople_test.go; a route
// without a row, or a row without a route, fails.

// row is what a route answers to whom, about something of the owner's.
type row struct {
	route string // "GET /v1/me"
	about string // which of several rows of the route it is
	// ask makes something fresh of the owner's, and what c asks about it.
	ask func(w *town, c caller) asking

	scopes []purse.Scope // each of which is enough alone; with none of them it is 403 and 260
	expect everybody
	holder role        // whose tokens are tried with each scope, revoked, expired and so on; "": the owner's
	app    purse.AppID // whose tokens they are; 0: of no app
	open   bool        // tokens do not matter: everybody is answered as the owner is
}

// asking is a request and what gives it away that the owner was seen.
type asking struct {
	path, body string
	headers    map[string]string
	token      string // instead of the caller's
	mark       string // what an answer holds that shows what was asked for
}

// outcome is what a cell of the matrix says.
type outcome struct {
	status  int
	code    int    // of a refusal
	word    string // of a refusal in the words of RFC 6749
	shows   bool   // the mark is in the answer
	changes bool
}

// everybody is what each role is answered.
type everybody struct{ owner, other, friend, blocked, blocker, party outcome }

func (e everybody) of(r role) outcome {
	return map[role]outcome{owner: e.owner, other: e.other, friend: e.friend, blocked: e.blocked, blocker: e.blocker, party: e.party}[r]
}

// only is that everybody is answered the same.
func only(o outcome) everybody { return everybody{o, o, o, o, o, o} }

// The outcomes. What is made or changed is shown to whoever did it.
var (
	shown    = outcome{status: 200, shows: true}
	hidden   = outcome{status: 200} // an answer, with nothing in it of the owner's
	did      = outcome{status: 200, shows: true, changes: true}
	didOwn   = outcome{status: 200, changes: true}
	gone     = outcome{status: 400, code: 283}
	unseen   = outcome{status: 400, code: 1343}
	self     = outcome{status: 400, code: 1356}
	lacking  = outcome{status: 403, code: 260}
	noTokens = outcome{status: 401, code: 267}
	badOne   = outcome{status: 401, code: 261}
	ended    = outcome{status: 401, code: 262}
	late     = outcome{status: 401, code: 265}
)

// cell is one caller of a row, and what they are to be answered.
type cell struct {
	caller
	want outcome
}

// cells are all of a row.
func (r row) cells() []cell {
	holder := r.holder
	if holder == "" {
		holder = owner
	}
	var all []cell
	add := func(c caller, want outcome) {
		if c.app = r.app; r.open {
			want = r.expect.owner
		}
		all = append(all, cell{c, want})
	}
	add(caller{state: anonymous}, noTokens)
	add(caller{state: madeUp}, badOne)
	for _, who := range roles {
		add(caller{role: who, scopes: purse.EveryScope()}, r.expect.of(who))
	}
	add(caller{role: holder, scopes: purse.EveryScope(), state: revokedToken}, ended)
	add(caller{role: holder, scopes: purse.EveryScope(), state: expiredToken}, late)
	add(caller{role: holder, scopes: purse.EveryScope(), state: closedApp}, ended)
	add(caller{role: left, scopes: purse.EveryScope()}, ended)
	if r.open {
		return all
	}
	var rest []string
	for _, one := range purse.AllScopes {
		want := lacking
		if slices.Contains(r.scopes, one) {
			want = r.expect.of(holder)
		} else {
			rest = append(rest, string(one))
		}
		add(caller{role: holder, scopes: purse.Scopes(one)}, want)
	}
	if len(rest) > 0 {
		add(caller{role: holder, scopes: purse.Scopes(strings.Join(rest, " "))}, lacking)
	}
	return all
}

func TestMatrixHasEveryRoute(t *testing.T) {
	known, written := map[string]bool{}, map[string]bool{}
	for path, methods := range (&Door{}).routes() {
		for method := range methods {
			known[method+" "+path] = true
		}
	}
	for _, r := range matrix {
		if written[r.route] = true; !known[r.route] {
			t.Errorf("there is a row for %s, which goes nowhere", r.route)
		}
		if !r.open && r.expect.other == (outcome{}) {
			t.Errorf("%s %s does not say what others get", r.route, r.about)
		}
	}
	for route := range known {
		if !written[route] {
			t.Errorf("%s has no row in the matrix: who may ask for it?", route)
		}
	}
}

// TestMatrix asks every cell. All that must change nothing is asked between two
// looks at the whole database; how many commands were carried out says which it was.
func TestMatrix(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		w := newTown(t, n)
		for _, r := range matrix {
			t.Run(strings.TrimSpace(r.route+" "+r.about), func(t *testing.T) { w.cross(t, r) })
		}
	})
}

// cross asks all cells of a row, each for something fresh.
func (w *town) cross(t *testing.T, r row) {
	w.network.t, w.t = t, t
	cells := r.cells()
	requests := make([]*asked, len(cells))
	for i, c := range cells {
		if c.want.status == 0 {
			t.Fatalf("%s has no outcome", c)
		}
		requests[i] = w.request(r, c)
	}
	before := w.digest(t)
	for i, c := range cells {
		if !c.want.changes {
			before := w.commands()
			w.check(c, requests[i])
			if w.commands() != before {
				t.Errorf("%s changes something", c)
			}
		}
	}
	if w.digest(t) != before {
		t.Error("what was refused, or only shown, has changed something")
	}
	for i, c := range cells {
		if c.want.changes {
			before := w.commands()
			w.check(c, requests[i])
			if w.commands() == before {
				t.Errorf("%s changes nothing", c)
			}
		}
	}
}

// commands counts those that were carried out.
func (w *town) commands() (n int) {
	w.t.Helper()
	if err := w.db.QueryRowContext(w.t.Context(), "select count(*) from batches").Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// asked is a request that is ready to be sent.
type asked struct {
	*http.Request
	body, mark string
}

// request makes the request of a cell, and checks that the row is about its route.
func (w *town) request(r row, c cell) *asked {
	w.t.Helper()
	a := r.ask(w, c.caller)
	method, pattern, _ := strings.Cut(r.route, " ")
	hr := httptest.NewRequest(method, a.path, strings.NewReader(a.body))
	if a.body != "" {
		hr.Header.Set("Content-Type", formKind)
	}
	token := a.token
	if token == "" {
		token = w.credential(c.caller)
	}
	if token != "" {
		hr.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range a.headers {
		hr.Header.Set(name, value)
	}
	if _, got := w.mux.Handler(hr); got != pattern {
		w.t.Fatalf("a row of %s asks for %s, which is %s", pattern, a.path, got)
	}
	return &asked{hr, a.body, a.mark}
}

// check asks, and looks at what comes back: also that the owner's addresses are in
// no answer but those to the owner's own tokens that may see them.
func (w *town) check(c cell, a *asked) {
	w.t.Helper()
	got := w.serve(a.Request, []byte(a.body))
	text := got.Body.String()
	var refusal struct{ Error json.RawMessage }
	var said struct{ Code int }
	var word string
	if got.Code >= 300 {
		if err := json.Unmarshal(got.Body.Bytes(), &refusal); err != nil {
			w.t.Errorf("%s: %v", c, err)
		}
		if json.Unmarshal(refusal.Error, &said) != nil {
			_ = json.Unmarshal(refusal.Error, &word) // then it is a word
		}
	}
	if got.Code != c.want.status || said.Code != c.want.code || word != c.want.word {
		w.t.Errorf("%s: %d %s\nwant %+v", c, got.Code, text, c.want)
	}
	if shows := a.mark != "" && strings.Contains(text, a.mark); shows != c.want.shows {
		w.t.Errorf("%s: shows %q: %v\n%s", c, a.mark, shows, text)
	}
	for scope, address := range map[purse.Scope]string{purse.AccessEmail: ownersEmail, purse.AccessPhone: ownersPhone} {
		if strings.Contains(text, address) && (c.role != owner || !c.scopes.Has(scope)) {
			w.t.Errorf("%s: is told %s", c, address)
		}
	}
}
