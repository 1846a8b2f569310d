package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"purse"
)

func testPeople(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("EveryNounIsStoredAndChanged", func(t *testing.T) { testNouns(t, s) })
	t.Run("WhatIsRemovedIsGone", func(t *testing.T) { testRemoved(t, s) })
	t.Run("SetsFollowTheBatchAndAreBounded", func(t *testing.T) { testPeopleSets(t, s) })
	t.Run("WhatWaitsForAnAddressOrAPerson", func(t *testing.T) { testWaiting(t, s) })
	t.Run("ARenamedPersonIsFoundByTheNewNameOnly", func(t *testing.T) { testRenamed(t, s) })
	t.Run("OnlyTheDirectoryChangesPeople", func(t *testing.T) { testPeopleOutsideTheDirectory(t, s) })
	t.Run("TiesAreListed", func(t *testing.T) { testTies(t, s) })
	t.Run("StoriesAreToldNewestFirst", func(t *testing.T) { testTold(t, s) })
	t.Run("ACommandThatCollidesWithAnotherBookDecidesAgain", func(t *testing.T) { testCollision(t, s) })
}

// inDirectory runs a command of the directory, which must succeed.
func (s *server) inDirectory(t testing.TB, needs purse.Needs, decide func(*purse.Facts) error) {
	t.Helper()
	if err := s.Execute(t.Context(), purse.Command{Book: purse.Directory, Needs: needs, Decide: decide}); err != nil {
		t.Fatalf("a command that should succeed: %v", err)
	}
}

// storedNoun is a noun as it is first stored, as it is changed, and how it is read.
type storedNoun struct {
	book          purse.BookID
	needs         purse.Needs
	first, second any
	get           func(*purse.Facts) (any, error)
	read          func() (any, error) // nil: there is no plain read of one
}

func any2[V any](v V, err error) (any, error) { return v, err }

func (s *server) nouns(t *testing.T) map[string]storedNoun {
	a := mail("noun", 0)
	key := purse.ContactKey{Person: 300, Address: a}
	tie, allowance := purse.TieKey{Person: 300, Other: 301}, purse.AllowanceKey{Person: 300, Grantee: 301}
	user := purse.User{ID: 300, Book: purse.MainBook, Username: "Noun-1", FirstName: "Ünï", LastName: "Zöe z", About: "→", Joined: 5, Audience: purse.Private}
	other := user
	other.Username, other.FirstName, other.About, other.Audience = "noun_2", "N", "", purse.Public
	other.HidesFriends, other.Friends, other.Wary, other.Closed = true, 3, true, 9
	ctx := t.Context()
	return map[string]storedNoun{
		"user": {0, purse.Needs{Users: []purse.UserID{300}, Usernames: []string{"noun-1"}}, user, other,
			func(f *purse.Facts) (any, error) { return any2(f.User(300)) },
			func() (any, error) { m, err := s.Users(ctx, 300); return m[300], err }},
		"old username": {0, purse.Needs{OldUsernames: []string{"gone"}}, purse.OldUsername{Folded: "gone", Owner: 300, Until: 7}, purse.OldUsername{Folded: "gone", Owner: 301, Until: 8},
			func(f *purse.Facts) (any, error) { return any2(f.OldUsername("gone")) }, nil},
		"credentials": {0, purse.Needs{Credentials: []purse.UserID{300}}, purse.Credentials{Person: 300},
			purse.Credentials{Person: 300, Password: "p", Changed: 1, TOTP: "t", Confirmed: 2, Step: 3, Recovery: "r", Passkeys: "k", Devices: "d"},
			func(f *purse.Facts) (any, error) { return any2(f.Credentials(300)) }, func() (any, error) { return any2(s.Credentials(ctx, 300)) }},
		"contact": {0, purse.Needs{Contacts: []purse.ContactKey{key}}, purse.Contact{ContactKey: key, Added: 4}, purse.Contact{ContactKey: key, Added: 4, Verified: 5},
			func(f *purse.Facts) (any, error) { return any2(f.Contact(key)) },
			func() (any, error) { m, err := s.Contacts(ctx, 300, 301); return m[300][0], err }},
		"session": {0, purse.Needs{Sessions: []purse.SessionHash{"s"}},
			purse.Session{Hash: "s", ID: 9, Person: 300, Book: 1, Seen: 1, Proved: 2, Agent: "a→", Remote: "::1", Expires: 3},
			purse.Session{Hash: "s", ID: 9, Person: 300, Book: 1, Seen: 4, Proved: 5, Agent: "a→", Remote: "::1", Expires: 6, Ended: 7},
			func(f *purse.Facts) (any, error) { return any2(f.Session("s")) },
			func() (any, error) { v, _, err := s.Session(ctx, "s"); return v, err }},
		"ticket": {0, purse.Needs{Tickets: []purse.TicketHash{"t"}},
			purse.Ticket{Hash: "t", Kind: purse.TicketCode, Person: 300, App: 4, Detail: `{"x":1}`, Expires: 9},
			purse.Ticket{Hash: "t", Kind: purse.TicketCode, Person: 300, App: 4, Detail: `{"x":1}`, Code: "c", Tries: 2, Expires: 10, Used: 11, Gave: 12},
			func(f *purse.Facts) (any, error) { return any2(f.Ticket("t")) },
			func() (any, error) { v, _, err := s.Ticket(ctx, "t"); return v, err }},
		"app": {0, purse.Needs{Apps: []purse.AppID{77}},
			purse.App{ID: 77, Name: "A→", Medium: purse.MediumIOS, Created: 1, Owner: 300, Secret: "x", Redirects: "https://a.example/\nb://c", DayCap: 5},
			purse.App{ID: 77, Name: "B", Medium: purse.MediumIOS, Created: 1, Owner: 300, Redirects: "https://b.example/", Implicit: true, DayCap: -1, Closed: 4},
			func(f *purse.Facts) (any, error) { return any2(f.App(77)) },
			func() (any, error) { m, err := s.Apps(ctx, 77, 78); return m[77], err }},
		"grant": {0, purse.Needs{Grants: []purse.GrantID{78}},
			purse.Grant{ID: 78, Person: 300, App: 77, Scopes: "make_payments", Access: "h", Created: 1},
			purse.Grant{ID: 78, Person: 300, App: 77, Scopes: "access_feed", Access: "i", Refresh: "j", Created: 1, Used: 2, Revoked: 3},
			func(f *purse.Facts) (any, error) { return any2(f.Grant(78)) }, func() (any, error) { return any2(s.Grant(ctx, 78)) }},
		"tie": {0, purse.Needs{Ties: []purse.TieKey{tie}}, purse.Tie{TieKey: tie, State: purse.TieAsked, Since: 1}, purse.Tie{TieKey: tie, State: purse.TieFriend, Blocked: true, Since: 2},
			func(f *purse.Facts) (any, error) { return any2(f.Tie(tie)) },
			func() (any, error) { m, err := s.Between(ctx, 301, 300); return m[300].Theirs, err }},
		"allowance": {1, purse.Needs{Allowances: []purse.AllowanceKey{allowance}}, purse.Allowance{AllowanceKey: allowance, Cap: -1, Day: 1, Spent: 2},
			purse.Allowance{AllowanceKey: allowance, Cap: 4, Day: 5, Spent: 6},
			func(f *purse.Facts) (any, error) { return any2(f.Allowance(allowance)) },
			func() (any, error) { m, err := s.Allowances(ctx, 1, 300, 301, 302); return m[301], err }},
	}
}

func testNouns(t *testing.T, s *server) {
	for name, n := range s.nouns(t) {
		n.isStored(t, s, name)
	}
}

// isStored checks that a noun is stored as it was put, and as it was changed.
func (n storedNoun) isStored(t *testing.T, s *server, name string) {
	t.Helper()
	for _, noun := range []any{n.first, n.second} {
		if err := s.Execute(t.Context(), purse.Command{Book: n.book, Needs: n.needs, Decide: func(f *purse.Facts) error {
			f.Put(noun)
			if got, err := n.get(f); err != nil || got != noun {
				t.Errorf("%s: within the command it is %+v, %v, want %+v", name, got, err, noun)
			}
			return nil
		}}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n.is(t, s, name, noun)
	}
	// Who names nothing in advance is served all the same.
	err := s.Execute(t.Context(), purse.Command{Book: n.book, Decide: func(f *purse.Facts) error { _, err := n.get(f); return err }})
	if err != nil {
		t.Errorf("%s, not named in advance: %v", name, err)
	}
}

// is checks what a later batch and a plain read see of a noun.
func (n storedNoun) is(t *testing.T, s *server, name string, noun any) {
	t.Helper()
	runs := 0
	if err := s.Execute(t.Context(), purse.Command{Book: n.book, Needs: n.needs, Decide: func(f *purse.Facts) error {
		runs++
		if got, err := n.get(f); err != nil || got != noun {
			t.Errorf("%s: stored it is %+v, %v, want %+v", name, got, err, noun)
		}
		return nil
	}}); err != nil || runs != 1 {
		t.Errorf("%s: %v after %d runs", name, err, runs)
	}
	if n.read == nil {
		return
	}
	if got, err := n.read(); err != nil || got != noun {
		t.Errorf("%s: read it is %+v, %v, want %+v", name, got, err, noun)
	}
}

func testRemoved(t *testing.T, s *server) {
	c := purse.Contact{ContactKey: purse.ContactKey{Person: 310, Address: mail("gone", 0)}, Added: 1}
	tie := purse.Tie{TieKey: purse.TieKey{Person: 310, Other: 311}, State: purse.TieAsked}
	needs := purse.Needs{Contacts: []purse.ContactKey{c.ContactKey}, ContactsOf: []purse.UserID{310}, Ties: []purse.TieKey{tie.TieKey}}
	look := func(f *purse.Facts, want int) {
		t.Helper()
		_, err := f.Contact(c.ContactKey)
		all, setErr := f.Contacts(310)
		got, tieErr := f.Tie(tie.TieKey)
		if (err == nil) != (want == 1) || len(all) != want || setErr != nil || tieErr != nil || (got.State == purse.TieAsked) != (want == 1) {
			t.Errorf("%v, %d contacts, tie %+v, want %d", err, len(all), got, want)
		}
	}
	s.inDirectory(t, needs, func(f *purse.Facts) error { f.Put(c); f.Put(tie); look(f, 1); return nil })
	refused(t, s.Execute(t.Context(), purse.Command{Needs: needs, Decide: func(f *purse.Facts) error {
		f.Remove(c)
		f.Remove(tie)
		look(f, 0)
		return errNo
	}}), codeNo)
	s.inDirectory(t, needs, func(f *purse.Facts) error {
		look(f, 1)
		f.Remove(c)
		f.Remove(tie)
		look(f, 0)
		f.Put(c)
		f.Put(tie)
		look(f, 1)
		f.Remove(c)
		f.Remove(tie)
		return nil
	})
	s.inDirectory(t, needs, func(f *purse.Facts) error {
		look(f, 0)
		f.Put(c)
		f.Put(tie)
		f.Remove(c)
		f.Remove(tie)
		look(f, 0)
		return nil
	})
	if n := s.count(t, "contacts where person = 310") + s.count(t, "ties where person = 310"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func testPeopleSets(t *testing.T, s *server) {
	grants := purse.GrantsKey{Person: 320, App: 5}
	needs := purse.Needs{SessionsOf: []purse.UserID{320}, GrantsOf: []purse.GrantsKey{grants}}
	s.inDirectory(t, needs, func(f *purse.Facts) error {
		for i := range purse.SessionsMax + 5 {
			id := f.NextID()
			f.Put(purse.Session{Hash: purse.SessionHash(fmt.Sprint("set", i)), ID: purse.SessionID(id), Person: 320, Expires: 1, Ended: purse.Time(i % 2)})
			f.Put(purse.Grant{ID: purse.GrantID(id), Person: 320, App: 5, Revoked: purse.Time(i % 2)})
			f.Put(purse.Grant{ID: purse.GrantID(f.NextID()), Person: 320, App: 6})
		}
		sessions, err := f.Sessions(320)
		given, err2 := f.Grants(grants)
		if len(sessions) != (purse.SessionsMax+6)/2 || len(given) != len(sessions) || err != nil || err2 != nil {
			t.Errorf("%d sessions, %d grants, %v, %v", len(sessions), len(given), err, err2)
		}
		return nil
	})
	s.inDirectory(t, needs, func(f *purse.Facts) error {
		sessions, err := f.Sessions(320)
		given, err2 := f.Grants(grants)
		if len(sessions) != (purse.SessionsMax+6)/2 || len(given) != purse.GrantsMax || err != nil || err2 != nil {
			t.Errorf("stored: %d sessions, %d grants, %v, %v", len(sessions), len(given), err, err2)
		}
		if sessions[0].ID > sessions[1].ID || given[0].ID > given[1].ID {
			t.Error("not the oldest first")
		}
		return nil
	})
	listed, err := s.SessionsOf(t.Context(), 320)
	if err != nil || len(listed) != (purse.SessionsMax+6)/2 || listed[0].ID < listed[1].ID {
		t.Errorf("%d sessions are listed, %v", len(listed), err)
	}
	if all, err := s.GrantsOf(t.Context(), 320); err != nil || len(all) != purse.SessionsMax+5+(purse.SessionsMax+6)/2 {
		t.Errorf("%d grants are listed, %v", len(all), err)
	}
}

func testWaiting(t *testing.T, s *server) {
	p := s.crowd(t, 2, 1_000_000)
	a := mail("waits", 0)
	send := func(i int) purse.Payment {
		return purse.Payment{
			ID: purse.PaymentID(i), Action: purse.Charge, Actor: p[0].User, Address: a, Minor: 1, Note: "n", Audience: purse.Private,
			Medium: purse.MediumAPI, Status: purse.PaymentPending, Deadline: 1 << 60, Version: 1,
		}
	}
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for range purse.PendingToMax + 1 {
			f.Put(send(int(f.NextID())))
		}
		return nil
	})
	needs := purse.Needs{PendingTo: []purse.Address{a}, Waiting: []purse.UserID{p[0].User, p[1].User}}
	look := func(f *purse.Facts, pending int, more bool, first, second int) []purse.Payment {
		t.Helper()
		got, again, err := f.PendingTo(a)
		w0, err0 := f.Waiting(p[0].User)
		w1, err1 := f.Waiting(p[1].User)
		if len(got) != pending || again != more || err != nil || err0 != nil || err1 != nil || len(w0) != first || len(w1) != second {
			t.Errorf("%d pending, more %v, %d and %d waiting; want %d, %v, %d, %d (%v, %v, %v)", len(got), again, len(w0), len(w1), pending, more, first, second, err, err0, err1)
		}
		return got
	}
	s.do(t, needs, func(f *purse.Facts) error {
		for _, c := range look(f, purse.PendingToMax, true, purse.WaitingMax, 0) {
			c.Target = p[1].User
			c.Version++
			f.Put(c)
		}
		look(f, 0, true, purse.WaitingMax, purse.PendingToMax)
		return nil
	})
	s.do(t, needs, func(f *purse.Facts) error {
		look(f, 1, false, purse.WaitingMax, purse.WaitingMax)
		return nil
	})
	if n := s.count(t, fmt.Sprintf("parties where person = %d and kind = 3", p[1].User)); n != purse.PendingToMax {
		t.Errorf("%d rows list it with its target", n)
	}
}

func testRenamed(t *testing.T, s *server) {
	s.inDirectory(t, purse.Needs{}, func(f *purse.Facts) error {
		f.Put(purse.User{ID: 330, Book: 1, Username: "zelda-z_1", FirstName: "Zoë Anne", LastName: "O'Hara", Audience: purse.Private})
		f.Put(purse.User{ID: 331, Book: 1, Username: "zelda-z-2", FirstName: "Other", Audience: purse.Private})
		return nil
	})
	find := func(word string, want ...purse.UserID) {
		t.Helper()
		if got, err := s.FindUsers(t.Context(), word, 10, 0); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q finds %v, %v, want %v", word, got, err, want)
		}
	}
	find("ZELDA-Z", 331, 330)
	find("zelda-z_", 330)
	find("zoë", 330)
	find("hara", 330)
	find("zelda-z_11")
	find("%")
	if got, err := s.FindUsers(t.Context(), "zelda", 1, 1); err != nil || !slices.Equal(got, []purse.UserID{330}) {
		t.Errorf("the second is %v, %v", got, err)
	}
	s.inDirectory(t, purse.Needs{Users: []purse.UserID{330}, Usernames: []string{"zelda-z_1", "yara"}}, func(f *purse.Facts) error {
		u, err := f.User(330)
		u.Username, u.LastName = "Yara", "Anne"
		f.Put(u)
		if id, err := f.UserNamed("yara"); id != 330 || err != nil {
			t.Errorf("within the command yara is %d, %v", id, err)
		}
		_, gone := f.UserNamed("zelda-z_1")
		refused(t, gone, purse.CodeNotFound)
		return err
	})
	find("zelda", 331)
	find("hara")
	find("anne", 330)
	find("yar", 330)
	if u, err := s.UserNamed(t.Context(), "YARA"); u.ID != 330 || err != nil {
		t.Errorf("yara is %+v, %v", u, err)
	}
	_, err := s.UserNamed(t.Context(), "zelda-z_1")
	refused(t, err, purse.CodeNotFound)
}

// testPeopleOutsideTheDirectory: as with tokens, writers of books remember people.
func testPeopleOutsideTheDirectory(t *testing.T, s *server) {
	p := s.crowd(t, 1, 0)
	before := s.digest(t)
	refused(t, s.Execute(t.Context(), on(purse.Needs{Users: []purse.UserID{p[0].User}}, func(f *purse.Facts) error {
		u, err := f.User(p[0].User)
		u.About = "changed"
		f.Put(u)
		return err
	})), purse.CodeInternal)
	s.unchanged(t, before)
	s.inDirectory(t, purse.Needs{Users: []purse.UserID{p[0].User}}, func(f *purse.Facts) error {
		u, err := f.User(p[0].User)
		u.About = "changed"
		f.Put(u)
		return err
	})
	s.do(t, purse.Needs{Users: []purse.UserID{p[0].User}}, func(f *purse.Facts) error {
		if u, err := f.User(p[0].User); u.About != "changed" || err != nil {
			t.Errorf("the book sees %+v, %v", u, err)
		}
		return nil
	})
}

func testTies(t *testing.T, s *server) {
	s.inDirectory(t, purse.Needs{}, func(f *purse.Facts) error {
		for i := range purse.UserID(20) {
			tie := purse.Tie{TieKey: purse.TieKey{Person: 340, Other: 350 + i}, State: purse.TieFriend}
			switch i {
			case 3:
				tie.State = purse.TieAsked
			case 4:
				tie.State, tie.Blocked = purse.TieNone, true
			}
			f.Put(tie)
			f.Put(purse.Tie{TieKey: tie.Back(), State: purse.TieAsked})
		}
		return nil
	})
	ctx := t.Context()
	list := func(q purse.FriendQuery, want ...purse.UserID) {
		t.Helper()
		q.Person = 340
		if got, err := s.FriendsOf(ctx, q); err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v: %v, %v, want %v", q, got, err, want)
		}
	}
	list(purse.FriendQuery{Limit: 4}, 350, 351, 352, 355)
	list(purse.FriendQuery{Limit: 2, Offset: 3}, 355, 356)
	list(purse.FriendQuery{After: 352, Limit: 2}, 355, 356)
	list(purse.FriendQuery{Before: 356, Limit: 2}, 352, 355)
	list(purse.FriendQuery{Before: 356, After: 351, Limit: 5}, 352, 355)
	list(purse.FriendQuery{Before: 356, Limit: 2, Offset: 1}, 351, 352)
	list(purse.FriendQuery{After: 369, Limit: 5})
	list(purse.FriendQuery{Limit: 5, Offset: 30})
	if ties, err := s.Ties(ctx, 340, 10); err != nil || len(ties) != 2 || ties[0].Other != 353 || !ties[1].Blocked {
		t.Errorf("ties %+v, %v", ties, err)
	}
	if asking, err := s.Asking(ctx, 340, 3); err != nil || !slices.Equal(asking, []purse.UserID{350, 351, 352}) {
		t.Errorf("%v ask, %v", asking, err)
	}
	got, err := s.Between(ctx, 340, 350, 354, 999)
	if err != nil || !(got[354].Blocked() && !got[354].Friends()) || got[350].Theirs.State != purse.TieAsked || got[999] != (purse.Between{}) {
		t.Errorf("between: %+v, %v", got, err)
	}
}

func testTold(t *testing.T, s *server) {
	p := s.crowd(t, 2, 0)
	var want []purse.PaymentID
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		want = nil
		for i, audience := range []purse.Audience{purse.Public, purse.Private, purse.Friends, purse.Public} {
			m := purse.Payment{
				ID: purse.PaymentID(f.NextID()), Action: purse.Pay, Actor: p[i%2].User, Target: p[1-i%2].User, Minor: 1, Note: "n",
				Audience: audience, Medium: purse.MediumAPI, Status: purse.PaymentSettled, Completed: f.Now, Version: 1,
			}
			if i == 3 {
				m.Status = purse.PaymentFailed
			}
			f.Put(m)
			if audience != purse.Private && i != 3 {
				want = append(want, m.ID)
			}
		}
		return nil
	})
	slices.Reverse(want)
	for _, person := range p {
		got, err := s.Told(t.Context(), purse.MainBook, purse.StoryQuery{Person: person.User, Limit: 5})
		if err != nil || len(got) != 2 || got[0].ID != want[0] || got[1].ID != want[1] {
			t.Errorf("%d stories, %v", len(got), err)
		}
		got, err = s.Told(t.Context(), purse.MainBook, purse.StoryQuery{Person: person.User, Limit: 5, Before: int64(want[0])})
		if err != nil || len(got) != 1 || got[0].ID != want[1] {
			t.Errorf("before: %d stories, %v", len(got), err)
		}
	}
}

// testCollision: a command decides by a row that another book's writer adds before
// it can; it sees the row when it decides again.
func testCollision(t *testing.T, s *server) {
	a := mail("collides", 0)
	runs := 0
	s.do(t, purse.Needs{Addresses: []purse.Address{a}}, func(f *purse.Facts) error {
		if runs++; runs == 1 {
			s.meanwhileOwned(t, a)
		}
		owner, err := f.AddressOwner(a)
		if purse.CodeOf(err) == purse.CodeNotFound {
			f.Put(purse.AddressOwner{Address: a, Since: f.Now})
			return nil
		}
		if owner.Owner != 360 {
			t.Errorf("it is %+v, %v", owner, err)
		}
		return err
	})
	if want := 2; s.postgres() && runs != want {
		t.Errorf("it ran %d times, want %d", runs, want)
	}
	if owner, err := s.AddressOwner(t.Context(), a); err != nil || s.postgres() && owner.Owner != 360 {
		t.Errorf("%+v, %v", owner, err)
	}
	refused(t, s.Execute(t.Context(), on(purse.Needs{}, func(f *purse.Facts) error {
		f.Put(purse.AddressOwner{Address: a}) // without having looked
		return nil
	})), purse.CodeInternal)
}

// meanwhileOwned gives an address an owner in a transaction of its own, as the other
// book's writer does. SQLite has one writer, so nothing can come between there.
func (s *server) meanwhileOwned(t testing.TB, a purse.Address) {
	t.Helper()
	if !s.postgres() {
		return
	}
	_, err := s.db.ExecContext(t.Context(), strings.ReplaceAll(
		`insert into addresses (kind, address, owner, since) values ('email', '?', 360, 1)`, "?", a.Text))
	if err != nil {
		t.Error(err)
	}
}
