package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
	"purse/wallet"
)

func TestProfile(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		v := n.signUp(t, "anna")
		for name, tc := range map[string]struct {
			profile Profile
			want    purse.Code
		}{
			"blank":    {Profile{FirstName: " "}, purse.CodeMissing},
			"long":     {Profile{FirstName: strings.Repeat("a", 101)}, purse.CodeInvalid},
			"audience": {Profile{FirstName: "A", Audience: "all"}, purse.CodeAudience},
		} {
			wants(t, name, n.ChangeProfile(t.Context(), v, tc.profile), tc.want)
		}
		p := Profile{FirstName: " Anna ", LastName: "Lee", About: "hi", Audience: purse.Friends, HidesFriends: true}
		wants(t, "change", n.ChangeProfile(t.Context(), v, p), "ok")
		want := v.User
		want.FirstName, want.LastName, want.About, want.Audience, want.HidesFriends = "Anna", "Lee", "hi", purse.Friends, true
		if u, err := n.User(t.Context(), v.User.ID); err != nil || u != want {
			t.Errorf("%+v, %v, want %+v", u, err, want)
		}
		for word, found := range map[string]bool{"lee": true, "las": false, "anna": true} {
			if ids, err := n.store.FindUsers(t.Context(), word, 5, 0); err != nil || slices.Contains(ids, v.User.ID) != found {
				t.Errorf("%s finds %v, %v", word, ids, err)
			}
		}
	})
}

func TestRename(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		ann, ben := n.signUp(t, "anna"), n.signUp(t, "benn")
		rename := func(v Visitor, to string, want purse.Code) {
			t.Helper()
			n.clock.turn(25 * time.Hour)
			wants(t, v.User.Username+" to "+to, n.Rename(t.Context(), v, to), want)
		}
		rename(ann, "bob", purse.CodeInvalid)
		rename(ann, "BENN", purse.CodeTaken)
		rename(ann, "ANNA", "ok")
		if old := n.count(t, "old_usernames"); old != 0 {
			t.Errorf("%d names are kept back", old)
		}
		rename(ann, "@Hannah", "ok")
		rename(ben, "anna", purse.CodeTaken)
		_, err := n.SignUp(t.Context(), purse.MainBook, n.request("anna"), atHome)
		wants(t, "one that is kept back", err, purse.CodeTaken)
		if in := n.signIn(t, "hannah"); in.User != ann.User.ID {
			t.Errorf("%+v", in)
		}
		_, err = n.SignIn(t.Context(), SignInRequest{"anna", goodPassword}, atHome)
		wants(t, "the old name", err, purse.CodeCredentials)
		rename(ann, "anna", "ok") // takes it back
		rename(ann, "hanna", "ok")
		inTime := n.visit(t, n.signIn(t, "benn"))
		n.pass(t, purse.OldUsernameKept-time.Minute)
		n.wakeUp(t, inTime)
		rename(inTime, "anna", purse.CodeTaken)
		n.pass(t, time.Minute)
		rename(inTime, "anna", "ok")
		rename(inTime, "benn", "ok") // the row of the name has another owner now
		n.wakeUp(t, ann)
		rename(ann, "anna", purse.CodeTaken)
		rename(inTime, "anna", "ok")

		for i := range freeFailures - 1 { // and the one before
			wants(t, "often", n.Rename(t.Context(), inTime, fmt.Sprintf("anna%d", i)), "ok")
		}
		wants(t, "too often", n.Rename(t.Context(), inTime, "anna9"), purse.CodeRate)
	})
}

// wakeUp makes a session good for a month from now.
func (n *town) wakeUp(t *testing.T, v Visitor) {
	t.Helper()
	n.do(t, purse.Needs{Sessions: []purse.SessionHash{v.Session.Hash}}, func(f *purse.Facts) error {
		s, err := f.Session(v.Session.Hash)
		s.Seen, s.Proved, s.Expires = f.Now, f.Now, f.Now.Add(sessionLife)
		if err == nil {
			f.Put(s)
		}
		return err
	})
}

// TestOneNameIsOnePersons: people who sign up and people who rename decide in
// different books about one name.
func TestOneNameIsOnePersons(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		const crowd, rounds = 6, 5
		visitors := make([]Visitor, crowd)
		for i := range visitors {
			visitors[i] = n.signUp(t, fmt.Sprintf("person%d", i))
		}
		for round := range rounds {
			n.clock.turn(25 * time.Hour)
			name := fmt.Sprintf("wanted%d", round)
			errs := make([]error, 2*crowd)
			var all sync.WaitGroup
			for i := range crowd {
				all.Go(func() { errs[2*i] = n.Rename(t.Context(), visitors[i], strings.ToUpper(name)) })
				all.Go(func() {
					_, errs[2*i+1] = n.SignUp(t.Context(), purse.MainBook, n.request(name), atHome)
				})
			}
			all.Wait()
			got := 0
			for _, err := range errs {
				if err == nil {
					got++
				} else {
					wants(t, name, err, purse.CodeTaken)
				}
			}
			if rows := n.count(t, "users where folded = '"+name+"'"); got != 1 || rows != 1 {
				t.Errorf("%d were told that they have %s, %d have it", got, name, rows)
			}
		}
		// Who gives a name up meanwhile keeps it from all others.
		giver := n.signUp(t, "giver")
		var all sync.WaitGroup
		errs := make([]error, crowd)
		all.Go(func() { wants(t, "give up", n.Rename(t.Context(), giver, "forgiver"), "ok") })
		for i := range crowd {
			all.Go(func() {
				_, errs[i] = n.SignUp(t.Context(), purse.MainBook, n.request("giver"), atHome)
			})
		}
		all.Wait()
		for _, err := range errs {
			wants(t, "a name that is given up", err, purse.CodeTaken)
		}
	})
}

// befriend makes friends of people.
func (n *town) befriend(t *testing.T, who purse.UserID, others ...purse.UserID) {
	t.Helper()
	n.do(t, purse.Needs{Users: append([]purse.UserID{who}, others...)}, func(f *purse.Facts) error {
		u, err := f.User(who)
		if err != nil {
			return err
		}
		for _, o := range others {
			other, err := f.User(o)
			if err != nil {
				return err
			}
			k := purse.TieKey{Person: who, Other: o}
			f.Put(purse.Tie{TieKey: k, State: purse.TieFriend, Since: f.Now})
			f.Put(purse.Tie{TieKey: k.Back(), State: purse.TieFriend, Since: f.Now})
			other.Friends++
			f.Put(other)
			u.Friends++
		}
		f.Put(u)
		return nil
	})
}

func TestClose(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		v := n.signUp(t, "anna")
		n.owns(t, v.User.ID, mailOf("anna"))
		unverified := n.signUp(t, "other")
		var friends []purse.UserID
		for i := range 2*closeStep + 3 {
			friends = append(friends, n.user(t, fmt.Sprintf("friend%d", i)).ID)
		}
		n.befriend(t, v.User.ID, friends...)
		asked, blocks := n.user(t, "asked").ID, n.user(t, "blocks").ID
		n.do(t, purse.Needs{Users: []purse.UserID{v.User.ID, blocks}}, func(f *purse.Facts) error {
			for _, id := range []purse.UserID{v.User.ID, blocks} {
				u, err := f.User(id)
				if err != nil {
					return err
				}
				u.Wary = true
				f.Put(u)
			}
			f.Put(purse.Tie{TieKey: purse.TieKey{Person: v.User.ID, Other: asked}, State: purse.TieAsked, Since: f.Now})
			f.Put(purse.Tie{TieKey: purse.TieKey{Person: blocks, Other: v.User.ID}, State: purse.TieAsked, Blocked: true, Since: f.Now})
			return nil
		})
		var tokens []purse.Secret
		for range closeStep + 1 {
			tokens = append(tokens, n.token(t, v.User, "make_payments", 0))
		}
		w := &wallet.Service{Store: n.store}
		wants(t, "with a wallet", n.Close(t.Context(), v), purse.CodeOpen)
		wants(t, "the wallet", w.CloseWallet(t.Context(), v.Actor), "ok")
		wants(t, "the wallet again", w.CloseWallet(t.Context(), v.Actor), "ok")
		late := v
		late.Session.Proved -= purse.Time(provedLife.Microseconds())
		wants(t, "without proof", n.Close(t.Context(), late), purse.CodeProve)
		wants(t, "close", n.Close(t.Context(), v), "ok")

		u, err := n.User(t.Context(), v.User.ID)
		if err != nil || u.Closed == 0 || u.Friends != 0 || u.FirstName+u.LastName+u.About != "" || !strings.HasPrefix(u.Username, closedPrefix) {
			t.Errorf("%+v, %v", u, err)
		}
		for table, want := range map[string]int{
			"users where friends <> 0": 0, "ties where state <> 'none'": 0, "ties": 1,
			"sessions where ended < 1": 1, "grants where revoked < 1": 0, "tokens where revoked < 1": 0,
			fmt.Sprintf("contacts where person = %d", v.User.ID): 0, "addresses where owner > 0": 0,
			"credentials where password <> ''": 1, "user_words where word = 'anna'": 0,
		} {
			if got := n.count(t, table); got != want {
				t.Errorf("%s: %d, want %d", table, got, want)
			}
		}
		for _, token := range tokens {
			n.expect(t, token, purse.MakePayments, purse.CodeTokenRevoked, purse.CodeTokenRevoked)
		}
		_, err = n.SignIn(t.Context(), SignInRequest{u.Username, goodPassword}, atHome)
		wants(t, "sign in", err, purse.CodeCredentials)
		wants(t, "close again", n.Close(t.Context(), v), purse.CodeSignedOut)
		_, err = n.SignUp(t.Context(), purse.MainBook, n.request("anna"), atHome)
		wants(t, "the name", err, purse.CodeTaken)
		n.owns(t, unverified.User.ID, mailOf("anna")) // anybody's again
		sent := n.post.to(mailOf("anna"))
		if len(sent) == 0 || sent[len(sent)-1].Subject != "Your account was closed" {
			t.Errorf("%+v", sent)
		}
	})
}

func TestExport(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		req := n.request("anna")
		req.Phone = "+1 555 555 0100"
		in, err := n.SignUp(t.Context(), purse.MainBook, req, atHome)
		if err != nil {
			t.Fatal(err)
		}
		v := n.visit(t, in)
		ben := n.user(t, "benn")
		n.befriend(t, v.User.ID, ben.ID)
		token := n.token(t, v.User, "make_payments", 0)
		actor, err := n.Recognize(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		const payments = exportPage + 5
		w := &wallet.Service{Store: n.store}
		_, err = w.Issue(t.Context(), purse.MainBook, "op", wallet.EntryRequest{
			Wallet: v.User.ID, Minor: 100_000, Reason: "start", Encode: func(purse.Entry) purse.Answer { return purse.Answer{} },
		})
		if err != nil {
			t.Fatal(err)
		}
		for range payments {
			_, err := w.Pay(t.Context(), actor, wallet.PayRequest{
				To: wallet.Target{User: ben.ID}, Minor: 125, Note: "tea <&>", Encode: func(wallet.Receipt) purse.Answer { return purse.Answer{} },
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var b bytes.Buffer
		wants(t, "export", n.Export(t.Context(), v, &b), "ok")
		var got struct {
			Profile  struct{ Username, Balance, Currency string }
			Contacts []struct{ Kind, Address, Verified string }
			Sessions []struct{ Browser, Address string }
			Apps     []struct{ App, Scopes string }
			Friends  []string
			Asked    []string
			Payments []struct{ ID, Actor, Target, Amount, Note string }
		}
		d := json.NewDecoder(bytes.NewReader(b.Bytes()))
		if err := d.Decode(&got); err != nil || d.More() {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		if got.Profile.Username != "anna" || got.Profile.Balance != "868.75" || got.Profile.Currency != "USD" || len(got.Contacts) != 2 ||
			len(got.Sessions) != 1 || got.Sessions[0].Browser != "Browser/1" || len(got.Apps) != 1 || got.Apps[0].Scopes != "make_payments" ||
			!slices.Equal(got.Friends, []string{"benn"}) || got.Asked == nil || len(got.Payments) != payments {
			t.Errorf("%+v", got)
		}
		ids := map[string]bool{}
		for _, p := range got.Payments {
			ids[p.ID] = true
			if p.Actor != "anna" || p.Target != "benn" || p.Amount != "1.25" || p.Note != "tea <&>" {
				t.Errorf("%+v", p)
			}
		}
		if len(ids) != payments {
			t.Errorf("%d payments", len(ids))
		}
		c, err := n.store.Credentials(t.Context(), v.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		hash, _ := hashToken(token)
		for _, secret := range []string{c.Password, string(v.Session.Hash), string(hash), goodPassword} {
			if strings.Contains(b.String(), secret) {
				t.Errorf("%q is in it", secret)
			}
		}
		late := v
		late.Session.Proved -= purse.Time(provedLife.Microseconds())
		b.Reset()
		if err := n.Export(t.Context(), late, &b); code(err) != purse.CodeProve || b.Len() != 0 {
			t.Errorf("without proof: %v, %d bytes", err, b.Len())
		}
	})
}
