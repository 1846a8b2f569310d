package identity

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
)

const otherPassword = "another walk home"

// asksForSecond gives somebody an authenticator app and recovery codes.
func (n *town) asksForSecond(t *testing.T, who purse.UserID, codes ...string) {
	t.Helper()
	vault, err := NewVault(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	n.Vault = vault
	sealed := vault.Seal("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "totp "+who.String())
	n.do(t, purse.Needs{Credentials: []purse.UserID{who}}, func(f *purse.Facts) error {
		c, err := f.Credentials(who)
		if err != nil {
			return err
		}
		c.TOTP, c.Confirmed = sealed, f.Now
		c.Recovery = ""
		for _, code := range codes {
			c.Recovery += hashRecovery(who, code) + " "
		}
		c.Recovery = strings.TrimSpace(c.Recovery)
		f.Put(c)
		return nil
	})
}

func TestSecondFactor(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		ann := n.signUp(t, "anna").User
		n.owns(t, ann.ID, mailOf("anna"))
		n.asksForSecond(t, ann.ID, "first-code-aaaa-1111", "second-code-bbbb-2222")
		begin := func() purse.Secret {
			t.Helper()
			n.clock.turn(25 * time.Hour)
			in := n.signIn(t, "anna")
			if in.Session != "" || in.Second == "" || in.User != ann.ID {
				t.Fatalf("%+v", in)
			}
			return in.Second
		}
		second := begin()
		if sent := n.post.to(mailOf("anna")); len(sent) != 0 {
			t.Errorf("half a sign-in was told of: %+v", sent)
		}
		for i := range purse.TicketTriesMax {
			_, err := n.SignInSecond(t.Context(), second, "000000", atHome)
			wants(t, "wrong", err, purse.CodeCode)
			n.clock.turn(time.Hour)
			if tries := n.count(t, fmt.Sprintf("tickets where tries = %d", i+1)); tries != 1 {
				t.Errorf("try %d is not kept", i+1)
			}
		}
		_, err := n.SignInSecond(t.Context(), second, "first-code-aaaa-1111", atHome)
		wants(t, "tried too often", err, purse.CodeCode)

		second = begin()
		in, err := n.SignInSecond(t.Context(), second, " FIRST-code-aaaa-1111", atHome)
		if err != nil || in.Second != "" {
			t.Fatalf("%+v, %v", in, err)
		}
		v := n.visit(t, in)
		if sent := n.post.to(mailOf("anna")); len(sent) != 1 {
			t.Errorf("%d notices", len(sent))
		}
		_, err = n.SignInSecond(t.Context(), second, "second-code-bbbb-2222", atHome)
		wants(t, "a ticket that was used", err, purse.CodeCode)
		_, err = n.SignInSecond(t.Context(), begin(), "first-code-aaaa-1111", atHome)
		wants(t, "a code that was used", err, purse.CodeCode)

		second = begin()
		n.pass(t, secondLife)
		_, err = n.SignInSecond(t.Context(), second, "second-code-bbbb-2222", atHome)
		wants(t, "too late", err, purse.CodeCode)
		n.pass(t, sessionIdle/2)

		second = begin()
		wants(t, "prove without a code", n.Prove(t.Context(), v, goodPassword, ""), purse.CodeSecond)
		wants(t, "prove with a wrong one", n.Prove(t.Context(), v, goodPassword, "000000"), purse.CodeCode)
		wants(t, "prove", n.Prove(t.Context(), v, goodPassword, "second-code-bbbb-2222"), "ok")
		v = n.visit(t, in)
		wants(t, "a new password", n.ChangePassword(t.Context(), v, otherPassword), "ok")
		n.asksForSecond(t, ann.ID, "third-code-cccc-3333")
		_, err = n.SignInSecond(t.Context(), second, "third-code-cccc-3333", atHome)
		wants(t, "after the password was changed", err, purse.CodeCode)

		for _, wrong := range []purse.Secret{"", "x", newSecret(ticketPrefix), newSecret(sessionPrefix)} {
			_, err := n.SignInSecond(t.Context(), wrong, "third-code-cccc-3333", atHome)
			wants(t, "no ticket", err, purse.CodeCode)
			wants(t, "no ticket", n.SendSecond(t.Context(), wrong), purse.CodeCode)
		}
	})
}

func TestSecondFactorByMessage(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		phone := purse.Address{Kind: purse.Phone, Text: "15555550100"}
		ann := n.signUp(t, "anna").User
		n.asksForSecond(t, ann.ID)
		second := n.signIn(t, "anna").Second
		wants(t, "without a phone", n.SendSecond(t.Context(), second), purse.CodeInvalid)
		_, err := n.SignInSecond(t.Context(), second, "", atHome)
		wants(t, "no code", err, purse.CodeCode)
		n.owns(t, ann.ID, phone)
		for range 2 {
			wants(t, "send", n.SendSecond(t.Context(), second), "ok")
		}
		digits := regexp.MustCompile(`^\d{6} is your code`)
		sent := n.post.to(phone)
		if len(sent) != 2 || !digits.MatchString(sent[1].Text) || sent[1].Subject != "" {
			t.Fatalf("%+v", sent)
		}
		code := sent[1].Text[:6]
		if rows := n.count(t, "tickets where code = '"+code+"'"); rows != 0 {
			t.Error("the code is stored")
		}
		if old := sent[0].Text[:6]; old != code {
			_, err := n.SignInSecond(t.Context(), second, old, atHome)
			wants(t, "one that was replaced", err, purse.CodeCode)
		}
		in, err := n.SignInSecond(t.Context(), second, " "+code[:3]+" "+code[3:], atHome)
		wants(t, "the code", err, "ok")
		n.visit(t, in)
		second = n.signIn(t, "anna").Second
		_, err = n.SignInSecond(t.Context(), second, code, atHome)
		wants(t, "a code of another sign-in", err, purse.CodeCode)
		for range freeFailures {
			wants(t, "send", n.SendSecond(t.Context(), second), "ok")
		}
		wants(t, "too many messages", n.SendSecond(t.Context(), second), purse.CodeRate)
	})
}

func TestProveAndChangePassword(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		first := n.signUp(t, "anna")
		n.owns(t, first.User.ID, mailOf("anna"))
		in := n.signIn(t, "anna")
		n.pass(t, provedLife)
		v := n.visit(t, in)
		wants(t, "too long ago", n.ChangePassword(t.Context(), v, otherPassword), purse.CodeProve)
		v.Session.Proved = v.Actor.At // a lie, which the command sees through
		wants(t, "too long ago", n.ChangePassword(t.Context(), v, otherPassword), purse.CodeProve)
		wants(t, "a wrong password", n.Prove(t.Context(), v, otherPassword, ""), purse.CodeCredentials)
		wants(t, "the password", n.Prove(t.Context(), v, goodPassword, ""), "ok")
		v = n.visit(t, in)
		wants(t, "an easy one", n.ChangePassword(t.Context(), v, "anna@example.org"), purse.CodeInvalid)
		wants(t, "another", n.ChangePassword(t.Context(), v, otherPassword), "ok")
		n.visit(t, in) // stays signed in
		wants(t, "the others are out", n.SignOut(t.Context(), first), "ok")
		if open := n.count(t, "sessions where ended < 1"); open != 1 {
			t.Errorf("%d are open", open)
		}
		_, err := n.SignIn(t.Context(), SignInRequest{"anna", goodPassword}, atHome)
		wants(t, "the old one", err, purse.CodeCredentials)
		_, err = n.SignIn(t.Context(), SignInRequest{"anna", otherPassword}, atHome)
		wants(t, "the new one", err, "ok")
		for range freeFailures {
			wants(t, "wrong", n.Prove(t.Context(), v, "wrong", ""), purse.CodeCredentials)
		}
		wants(t, "guessed too often", n.Prove(t.Context(), v, otherPassword, ""), purse.CodeRate)
		subjects := ""
		for _, m := range n.post.to(mailOf("anna")) {
			subjects += m.Subject + "; "
		}
		if subjects != "A new sign-in; Your password was changed; A new sign-in; " {
			t.Errorf("told: %s", subjects)
		}
	})
}

// link is the secret in the last mail to an address.
func (n *town) link(t *testing.T, to purse.Address) purse.Secret {
	t.Helper()
	sent := n.post.to(to)
	if len(sent) == 0 {
		t.Fatal("nothing was sent")
	}
	m := regexp.MustCompile(`https://purse\.example/reset/new\?token=(\S+)`).FindStringSubmatch(sent[len(sent)-1].Text)
	if m == nil {
		t.Fatalf("no link in %q", sent[len(sent)-1].Text)
	}
	return purse.Secret(m[1])
}

func TestReset(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		v := n.signUp(t, "anna")
		ask := func(name string) {
			t.Helper()
			wants(t, name, n.AskReset(t.Context(), name, atHome), "ok")
		}
		ask("anna")
		ask("anna@example.org")
		if sent := n.post.to(mailOf("anna")); len(sent) != 0 {
			t.Fatalf("to an address that nobody verified: %+v", sent)
		}
		n.owns(t, v.User.ID, mailOf("anna"))
		wants(t, "no name", n.AskReset(t.Context(), " ", atHome), purse.CodeMissing)
		ask("ANNA")
		first := n.link(t, mailOf("anna"))
		ask("anna@example.org")
		second := n.link(t, mailOf("anna"))
		if first == second {
			t.Fatal("one link twice")
		}
		wants(t, "an easy one", n.ResetPassword(t.Context(), first, "password123"), purse.CodeInvalid)
		wants(t, "one's name", n.ResetPassword(t.Context(), first, "anna@example.org"), purse.CodeInvalid)
		open := n.hashing.done.Load()
		for what, wrong := range map[string]purse.Secret{
			"none": "", "garbage": "purse_tk_x", "guessed": newSecret(ticketPrefix), "of a session": newSecret(sessionPrefix),
		} {
			wants(t, what, n.ResetPassword(t.Context(), wrong, otherPassword), purse.CodeCode)
		}
		if n.hashing.done.Load() != open {
			t.Error("guesses cost work")
		}
		// One link, used by many at once, is good once.
		const crowd = 4
		errs := make([]error, crowd)
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() { errs[i] = n.ResetPassword(t.Context(), first, otherPassword) })
		}
		all.Wait()
		good := 0
		for _, err := range errs {
			if err == nil {
				good++
			} else {
				wants(t, "used", err, purse.CodeCode)
			}
		}
		if good != 1 {
			t.Errorf("%d have set a password", good)
		}
		wants(t, "the other link", n.ResetPassword(t.Context(), second, otherPassword), purse.CodeCode)
		if open := n.count(t, "sessions where ended < 1"); open != 0 {
			t.Errorf("%d sessions are open", open)
		}
		_, err := n.SignIn(t.Context(), SignInRequest{"anna", goodPassword}, atHome)
		wants(t, "the old one", err, purse.CodeCredentials)
		_, err = n.SignIn(t.Context(), SignInRequest{"anna", otherPassword}, atHome)
		wants(t, "the new one", err, "ok")
		ask("anna")
		late := n.link(t, mailOf("anna"))
		n.pass(t, resetLife)
		wants(t, "late", n.ResetPassword(t.Context(), late, goodPassword), purse.CodeCode)
		// Nobody's ticket is good for anything.
		ask("nobody")
		if rows := n.count(t, "tickets where kind = 'reset' and person = 0"); rows != 2 {
			t.Errorf("%d tickets for nobody", rows)
		}
	})
}

func TestFirstPasswordByReset(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		u, err := n.CreateUser(t.Context(), purse.MainBook, "op", purse.User{Username: "carl", FirstName: "Carl"}, mailOf("carl"))
		if err != nil {
			t.Fatal(err)
		}
		// A row of wrong guesses does not keep out who has the mailbox.
		for range freeFailures + 1 {
			_, err = n.SignIn(t.Context(), SignInRequest{"carl", goodPassword}, atHome)
		}
		wants(t, "throttled", err, purse.CodeRate)
		wants(t, "ask", n.AskReset(t.Context(), "carl", atHome), "ok")
		wants(t, "set", n.ResetPassword(t.Context(), n.link(t, mailOf("carl")), goodPassword), "ok")
		if in := n.signIn(t, "carl"); in.User != u.ID {
			t.Errorf("%+v", in)
		}
	})
}
