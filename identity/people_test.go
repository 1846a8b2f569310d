package identity

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
)

const goodPassword = "a long walk home"

// atHome is where people of these tests come from.
var atHome = From{Remote: "192.0.2.1", Agent: "Browser/1"}

// letters keeps what is sent.
type letters struct {
	mu   sync.Mutex
	sent []purse.Message
}

func (l *letters) Send(m purse.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, m)
}

// to are the messages to an address, oldest first, without those that verify it.
func (l *letters) to(a purse.Address) (found []purse.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.sent {
		if m.To == a && !strings.Contains(m.Text, "/verify?") {
			found = append(found, m)
		}
	}
	return found
}

// hands is a clock that a test sets.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hands) turn(by time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(by)
}

// town is a network where people sign up, with cheap passwords.
type town struct {
	*network
	post  *letters
	clock *hands
}

func onTown(t *testing.T, test func(*testing.T, *town)) {
	onBoth(t, func(t *testing.T, n *network) {
		v := &town{n, &letters{}, &hands{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
		n.Courier, n.Now, n.Cost = v.post, v.clock.now, PasswordCost{KiB: 8, Passes: 1}
		n.PublicURL, n.SignUpsAnHour = "https://purse.example", 1000
		test(t, v)
	})
}

func mailOf(name string) purse.Address {
	return purse.Address{Kind: purse.Email, Text: strings.ToLower(name) + "@example.org"}
}

func (n *town) request(name string) SignUpRequest {
	return SignUpRequest{Username: name, FirstName: "First", LastName: "Last", Email: mailOf(name).Text, Password: goodPassword}
}

func (n *town) signUp(t *testing.T, name string) Visitor {
	t.Helper()
	in, err := n.SignUp(t.Context(), purse.MainBook, n.request(name), atHome)
	if err != nil {
		t.Fatal(err)
	}
	return n.visit(t, in)
}

func (n *town) visit(t *testing.T, in SignedIn) Visitor {
	t.Helper()
	v, err := n.Visit(t.Context(), in.Session)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (n *town) signIn(t *testing.T, name string) SignedIn {
	t.Helper()
	in, err := n.SignIn(t.Context(), SignInRequest{name, goodPassword}, atHome)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// do runs a command of the directory.
func (n *town) do(t *testing.T, needs purse.Needs, decide func(*purse.Facts) error) {
	t.Helper()
	if err := n.store.Execute(t.Context(), purse.Command{Book: purse.Directory, Needs: needs, Decide: decide}); err != nil {
		t.Fatal(err)
	}
}

// pass moves the directory's clock.
func (n *town) pass(t *testing.T, by time.Duration) {
	t.Helper()
	n.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(by) })
}

// owns makes an address somebody's, verified.
func (n *town) owns(t *testing.T, who purse.UserID, a purse.Address) {
	t.Helper()
	k := purse.ContactKey{Person: who, Address: a}
	n.do(t, purse.Needs{Contacts: []purse.ContactKey{k}, Addresses: []purse.Address{a}}, func(f *purse.Facts) error {
		_, _ = f.Contact(k)
		_, _ = f.AddressOwner(a)
		f.Put(purse.Contact{ContactKey: k, Added: f.Now, Verified: f.Now})
		f.Put(purse.AddressOwner{Address: a, Owner: who, Since: f.Now})
		return nil
	})
}

func wants(t *testing.T, what string, err error, want purse.Code) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("%s: %s, want %s (%v)", what, got, want, err)
	}
	if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), goodPassword) {
		t.Errorf("%s: the password is in the error", what)
	}
}

func TestSignUp(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		req := n.request("Ann_1")
		req.Phone = "(555) 555-0100"
		in, err := n.SignUp(t.Context(), purse.MainBook, req, atHome)
		if err != nil || in.Session == "" || in.Second != "" {
			t.Fatalf("%+v, %v", in, err)
		}
		v := n.visit(t, in)
		if v.User.Username != "Ann_1" || v.User.Audience != purse.Private || v.Session.Agent != "Browser/1" || v.Session.Remote != atHome.Remote ||
			v.Actor.User != in.User || v.Actor.Token != "" || v.Actor.Session == "" || Fresh(v) != nil {
			t.Errorf("%+v", v)
		}
		contacts, err := n.store.Contacts(t.Context(), in.User)
		if err != nil || len(contacts[in.User]) != 2 {
			t.Fatalf("%+v, %v", contacts, err)
		}
		for _, c := range contacts[in.User] {
			if c.Verified != 0 {
				t.Errorf("%v is verified", c.Address)
			}
		}
		if owned := n.count(t, "addresses"); owned != 0 {
			t.Errorf("%d addresses have an owner", owned)
		}
		if a, err := n.store.Account(t.Context(), purse.MainBook, purse.WalletOf(in.User)); err != nil || a.Kind != purse.Wallet || a.Balance() != 0 {
			t.Errorf("wallet %+v, %v", a, err)
		}
		// An address that is somebody's is taken like any other.
		n.owns(t, in.User, mailOf("ann_1"))
		second := n.request("Ben_1")
		second.Email = "ANN_1@example.org"
		if _, err := n.SignUp(t.Context(), purse.MainBook, second, atHome); err != nil {
			t.Errorf("an address that is somebody's: %v", err)
		}
		if o, err := n.store.AddressOwner(t.Context(), mailOf("ann_1")); err != nil || o.Owner != in.User {
			t.Errorf("%+v, %v", o, err)
		}
		for _, secret := range []string{goodPassword, string(in.Session)} {
			for _, table := range []string{"credentials where password", "sessions where hash || agent", "tickets where detail || code", "events where snapshot"} {
				if rows := n.count(t, table+" like '%"+secret+"%'"); rows != 0 {
					t.Errorf("%s: a secret is stored", table)
				}
			}
		}
	})
}

func TestSignUpRefuses(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		n.signUp(t, "taken")
		for name, tc := range map[string]struct {
			change func(*SignUpRequest)
			want   purse.Code
		}{
			"taken":              {func(r *SignUpRequest) { r.Username = "TAKEN" }, purse.CodeTaken},
			"short name":         {func(r *SignUpRequest) { r.Username = "ann" }, purse.CodeInvalid},
			"long name":          {func(r *SignUpRequest) { r.Username = strings.Repeat("a", 30) }, purse.CodeInvalid},
			"name of a phone":    {func(r *SignUpRequest) { r.Username = "15555550100" }, purse.CodeInvalid},
			"name of the closed": {func(r *SignUpRequest) { r.Username = "Closed-1abc" }, purse.CodeInvalid},
			"blank":              {func(r *SignUpRequest) { r.FirstName = " " }, purse.CodeMissing},
			"control character":  {func(r *SignUpRequest) { r.LastName = "a\x00" }, purse.CodeInvalid},
			"no mail":            {func(r *SignUpRequest) { r.Email = " " }, purse.CodeMissing},
			"bad mail":           {func(r *SignUpRequest) { r.Email = "x@" }, purse.CodeInvalid},
			"bad phone":          {func(r *SignUpRequest) { r.Phone = "12" }, purse.CodeInvalid},
			"no password":        {func(r *SignUpRequest) { r.Password = "" }, purse.CodeMissing},
			"short password":     {func(r *SignUpRequest) { r.Password = "ninechars" }, purse.CodeInvalid},
			"long password":      {func(r *SignUpRequest) { r.Password = strings.Repeat("ab", 129) }, purse.CodeInvalid},
			"common password":    {func(r *SignUpRequest) { r.Password = "Password123" }, purse.CodeInvalid},
			"one character":      {func(r *SignUpRequest) { r.Password = "zzzzzzzzzzzzzzz" }, purse.CodeInvalid},
			"the username":       {func(r *SignUpRequest) { r.Username, r.Password = "somebody-else", "Somebody-Else" }, purse.CodeInvalid},
			"the address":        {func(r *SignUpRequest) { r.Email, r.Password = "somebody@example.org", "somebody@example.org" }, purse.CodeInvalid},
			"half the address":   {func(r *SignUpRequest) { r.Email, r.Password = "somebodyelse@example.org", "somebodyelse" }, purse.CodeInvalid},
		} {
			t.Run(name, func(t *testing.T) {
				req := n.request("somebody")
				tc.change(&req)
				_, err := n.SignUp(t.Context(), purse.MainBook, req, atHome)
				wants(t, name, err, tc.want)
			})
		}
		if users, sessions := n.count(t, "users"), n.count(t, "sessions"); users != 1 || sessions != 1 {
			t.Errorf("%d users, %d sessions", users, sessions)
		}
		n.SignUpsAnHour = 0 // the default
		n.clock.turn(2 * time.Hour)
		for i := range signUpsAnHour {
			if _, err := n.SignUp(t.Context(), purse.MainBook, n.request(fmt.Sprintf("many%d", i)), From{Remote: fmt.Sprintf("2001:db8::%x", i)}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := n.SignUp(t.Context(), purse.MainBook, n.request("toomany"), From{Remote: "2001:db8::ffff"})
		wants(t, "one too many", err, purse.CodeRate)
		if _, err := n.SignUp(t.Context(), purse.MainBook, n.request("elsewhere"), From{Remote: "2001:db8:0:1::1"}); err != nil {
			t.Errorf("from elsewhere: %v", err)
		}
	})
}

func TestSignInByEveryName(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		req := n.request("Ann_1")
		req.Phone = "+1 555 555 0100"
		in, err := n.SignUp(t.Context(), purse.MainBook, req, atHome)
		if err != nil {
			t.Fatal(err)
		}
		phone := purse.Address{Kind: purse.Phone, Text: "15555550100"}
		try := func(name, password string) purse.Code {
			n.clock.turn(time.Hour)
			got, err := n.SignIn(t.Context(), SignInRequest{name, password}, atHome)
			if err == nil && (got.User != in.User || n.visit(t, got).User.ID != in.User) {
				t.Errorf("%s is %+v", name, got)
			}
			return code(err)
		}
		for _, name := range []string{"ann_1@example.org", "555-555-0100"} {
			if got := try(name, goodPassword); got != purse.CodeCredentials {
				t.Errorf("%s is not verified: %s", name, got)
			}
		}
		n.owns(t, in.User, mailOf("ann_1"))
		n.owns(t, in.User, phone)
		for _, name := range []string{"ann_1", "ANN_1", " @Ann_1 ", "Ann_1@Example.org", "555-555-0100", "+1 (555) 555-0100", "15555550100"} {
			if got := try(name, goodPassword); got != "ok" {
				t.Errorf("%s: %s", name, got)
			}
			if got := try(name, goodPassword+"."); got != purse.CodeCredentials {
				t.Errorf("%s with a wrong password: %s", name, got)
			}
		}
		for _, name := range []string{"", "nobody", "@", "a\x00b", strings.Repeat("x", 100_000), "\xff"} {
			if got := try(name, goodPassword); got != purse.CodeCredentials {
				t.Errorf("%.20q: %s", name, got)
			}
		}
		ben := n.user(t, "ben") // an operator's word, without a password
		if got := try("ben", ""); got != purse.CodeCredentials {
			t.Errorf("%v without a password: %s", ben.ID, got)
		}
		told := n.post.to(mailOf("ann_1"))
		if len(told) != 7 || told[0].Subject != "A new sign-in" || !strings.Contains(told[0].Text, "UTC with Browser/1") {
			t.Errorf("%d notices, %+v", len(told), told)
		}
	})
}

func TestSessions(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		ann, ben := n.signUp(t, "anna"), n.signUp(t, "benn")
		second, third := n.visit(t, n.signIn(t, "anna")), n.visit(t, n.signIn(t, "anna"))
		list := func(want ...purse.SessionID) {
			t.Helper()
			all, err := n.Sessions(t.Context(), third)
			if err != nil || len(all) != len(want) {
				t.Fatalf("%+v, %v", all, err)
			}
			for i, s := range all {
				if s.ID != want[i] {
					t.Errorf("%d is %d, want %d", i, s.ID, want[i])
				}
			}
		}
		list(third.Session.ID, second.Session.ID, ann.Session.ID)
		wants(t, "another's", n.EndSession(t.Context(), third, ben.Session.ID), purse.CodeNotFound)
		wants(t, "one", n.EndSession(t.Context(), third, second.Session.ID), "ok")
		list(third.Session.ID, ann.Session.ID)
		wants(t, "who is out", n.EndOtherSessions(t.Context(), second), purse.CodeSignedOut)
		wants(t, "the others", n.EndOtherSessions(t.Context(), third), "ok")
		list(third.Session.ID)
		wants(t, "out", n.SignOut(t.Context(), third), "ok")
		wants(t, "out again", n.SignOut(t.Context(), third), "ok")
		for _, v := range []Visitor{ann, second, third} {
			wants(t, "who is out", n.ChangeProfile(t.Context(), v, Profile{FirstName: "X"}), purse.CodeSignedOut)
		}
		if rows := n.count(t, "sessions where ended < 1"); rows != 1 {
			t.Errorf("%d are open, want Ben's", rows)
		}
	})
}

func TestSessionsEndByThemselves(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		n.signUp(t, "anna")
		in, idle := n.signIn(t, "anna"), n.signIn(t, "anna")
		for day := 0; day < 30; day += 6 {
			n.visit(t, in)
			if err := n.FlushSeen(t.Context()); err != nil {
				t.Fatal(err)
			}
			n.pass(t, 6*24*time.Hour-time.Minute)
			if day == 6 {
				_, err := n.Visit(t.Context(), idle.Session)
				wants(t, "not used for a week", err, purse.CodeSignedOut)
			}
		}
		v := n.visit(t, in)
		if all, err := n.Sessions(t.Context(), v); err != nil || len(all) != 1 {
			t.Errorf("%+v, %v", all, err)
		}
		wants(t, "too long ago", Fresh(v), purse.CodeProve)
		n.pass(t, 5*time.Minute)
		_, err := n.Visit(t.Context(), in.Session)
		wants(t, "a month old", err, purse.CodeSignedOut)
		for _, wrong := range []purse.Secret{"", "x", newSecret(sessionPrefix), newSecret(ticketPrefix), in.Session + "A"} {
			_, err := n.Visit(t.Context(), wrong)
			wants(t, "no session", err, purse.CodeSignedOut)
		}
	})
}

func TestFlushSeen(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		in := n.signIn(t, n.signUp(t, "anna").User.Username)
		token := n.token(t, n.visit(t, in).User, "make_payments", 0)
		commands := func() int { return n.count(t, "batches where book = 0") }
		before := commands()
		n.visit(t, in) // too soon
		if err := n.FlushSeen(t.Context()); err != nil || commands() != before {
			t.Errorf("%v, %d commands", err, commands()-before)
		}
		n.pass(t, 2*time.Minute)
		before = commands()
		for range 10 {
			n.visit(t, in)
			if _, err := n.Recognize(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		v := n.visit(t, in)
		if err := n.FlushSeen(t.Context()); err != nil || commands() != before+2 {
			t.Errorf("%v, %d commands", err, commands()-before)
		}
		if seen := n.visit(t, in).Session.Seen; seen < v.Actor.At {
			t.Errorf("seen at %v, before %v", seen, v.Actor.At)
		}
		grants, err := n.store.GrantsOf(t.Context(), v.User.ID)
		if err != nil || len(grants) != 1 || grants[0].Used < v.Actor.At {
			t.Errorf("%+v, %v", grants, err)
		}
		// What cannot be stored now is stored later.
		if _, err := n.Recognize(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		open := n.Service.Store
		n.Service.Store = refusing{open}
		if err := n.FlushSeen(t.Context()); err == nil {
			t.Error("nothing was refused")
		}
		n.Service.Store = open
		n.pass(t, time.Minute)
		if err := n.FlushSeen(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again, err := n.store.GrantsOf(t.Context(), v.User.ID); err != nil || again[0].Used <= grants[0].Used {
			t.Errorf("%+v, %v", again, err)
		}
	})
}
