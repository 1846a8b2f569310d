package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
)

// contactBox keeps messages, the latest of an address last.
type contactBox struct {
	mu   sync.Mutex
	sent []purse.Message
}

func (b *contactBox) Send(m purse.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, m)
}

// take returns what was sent since the last take.
func (b *contactBox) take() []purse.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.sent
	b.sent = nil
	return all
}

// to are the subjects, or for text messages the words, that went to an address.
func to(all []purse.Message, a purse.Address) (subjects []string) {
	for _, m := range all {
		if m.To == a {
			subjects = append(subjects, m.Subject)
		}
	}
	return subjects
}

// link is the secret of the one link that was sent.
func (b *contactBox) link(t *testing.T) purse.Secret {
	t.Helper()
	var links []purse.Secret
	for _, m := range b.take() {
		if _, rest, ok := strings.Cut(m.Text, "https://pay.example.org/verify?token="); ok {
			secret, _, _ := strings.Cut(rest, "\n")
			links = append(links, purse.Secret(secret))
		}
	}
	if len(links) != 1 {
		t.Fatalf("%d links were sent", len(links))
	}
	return links[0]
}

// code is the code of the one text message that was sent to a.
func (b *contactBox) code(t *testing.T, a purse.Address) string {
	t.Helper()
	for _, m := range b.take() {
		if m.To == a && len(m.Text) > 6 {
			return m.Text[:6]
		}
	}
	t.Fatal("no code was sent")
	return ""
}

// withContacts gives a network what contacts need: a courier, and a note of what
// was claimed.
func (n *network) withContacts() (*contactBox, *[]purse.Address) {
	box, claimed := &contactBox{}, &[]purse.Address{}
	n.Courier, n.PublicURL, n.Network = box, "https://pay.example.org", "Campus"
	n.Claim = func(_ context.Context, a purse.Address) { *claimed = append(*claimed, a) }
	return box, claimed
}

// arrives lets somebody sign in.
func (n *network) arrives(t *testing.T, name string) Visitor {
	t.Helper()
	u := n.user(t, name)
	secret := newSecret(sessionPrefix)
	err := n.store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{SessionsOf: []purse.UserID{u.ID}},
		Decide: func(f *purse.Facts) error {
			_, err := openSession(f, u, secret, From{})
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := n.Visit(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// again is a visitor as the next request finds them.
func (n *network) again(t *testing.T, v Visitor) Visitor {
	t.Helper()
	now, err := n.store.Now(t.Context(), purse.Directory)
	if err != nil {
		t.Fatal(err)
	}
	v.Actor.At = now
	return v
}

// passes moves the directory's clock forward.
func (n *network) passes(t *testing.T, by time.Duration) {
	t.Helper()
	err := n.store.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error { return f.AdvanceClock(by) }})
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, what string, err error, wanted purse.Code) {
	t.Helper()
	if code(err) != wanted {
		t.Errorf("%s: %v, want %s", what, err, wanted)
	}
}

func (n *network) owner(t *testing.T, a purse.Address) purse.UserID {
	t.Helper()
	o, err := n.store.AddressOwner(t.Context(), a)
	if err != nil && code(err) != purse.CodeNotFound {
		t.Fatal(err)
	}
	return o.Owner
}

var (
	homeMail  = purse.Address{Kind: purse.Email, Text: "home@example.org"}
	workMail  = purse.Address{Kind: purse.Email, Text: "work@example.org"}
	handPhone = purse.Address{Kind: purse.Phone, Text: "15555550100"}
)

func TestContactIsAddedVerifiedAndRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box, claimed := n.withContacts()
		ann := n.arrives(t, "ann")
		want(t, "add", n.AddContact(t.Context(), ann, homeMail), "ok")
		want(t, "add twice", n.AddContact(t.Context(), ann, homeMail), purse.CodeTaken)
		link := box.link(t)
		if n.owner(t, homeMail) != 0 {
			t.Error("an address that was only added has an owner")
		}
		if a, err := n.VerifyLink(t.Context(), ann, link); err != nil || a != homeMail {
			t.Errorf("%+v, %v", a, err)
		}
		_, err := n.VerifyLink(t.Context(), ann, link)
		want(t, "the same link", err, purse.CodeCode)
		if n.owner(t, homeMail) != ann.User.ID || !slices.Equal(*claimed, []purse.Address{homeMail}) {
			t.Errorf("owner %d, claimed %v", n.owner(t, homeMail), *claimed)
		}
		want(t, "verify what is verified", n.SendVerification(t.Context(), ann, homeMail), purse.CodeTaken)

		box.take()
		want(t, "add a phone", n.AddContact(t.Context(), ann, handPhone), "ok")
		sent := box.take()
		if got := to(sent, homeMail); !slices.Equal(got, []string{"An address was added to your account"}) {
			t.Errorf("the other address is told %q", got)
		}
		want(t, "verify the phone", n.VerifyCode(t.Context(), ann, handPhone, sent[len(sent)-1].Text[:6]), "ok")
		contacts, err := n.Contacts(t.Context(), ann)
		if err != nil || len(contacts) != 2 || contacts[0].Address != homeMail || contacts[1].Verified == 0 {
			t.Errorf("%+v, %v", contacts, err)
		}

		want(t, "remove", n.RemoveContact(t.Context(), ann, homeMail), "ok")
		want(t, "remove twice", n.RemoveContact(t.Context(), ann, homeMail), purse.CodeNotFound)
		if got := to(box.take(), homeMail); !slices.Equal(got, []string{"An address was removed from your account"}) {
			t.Errorf("the removed address is told %q", got)
		}
		if o, err := n.store.AddressOwner(t.Context(), homeMail); err != nil || o.Owner != 0 || o.Claimed != 0 {
			t.Errorf("%+v, %v", o, err)
		}
		ben := n.arrives(t, "ben")
		want(t, "who comes next", n.AddContact(t.Context(), ben, homeMail), "ok")
		_, err = n.VerifyLink(t.Context(), ben, box.link(t))
		want(t, "who comes next", err, "ok")
		if events := n.count(t, "events where kind = 'contact.verified'"); events != 3 {
			t.Errorf("%d events", events)
		}
	})
}

// Whoever names another's address cannot have the other verify it, wherever the
// other is signed in (museum 26), nor have it once the other has.
func TestNobodyVerifiesForAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box, claimed := n.withContacts()
		mallory, ann := n.arrives(t, "mallory"), n.arrives(t, "ann")
		want(t, "mallory names ann's address", n.AddContact(t.Context(), mallory, homeMail), "ok")
		lure := box.link(t)
		_, err := n.VerifyLink(t.Context(), ann, lure)
		want(t, "ann follows the link", err, purse.CodeCode)
		if n.owner(t, homeMail) != 0 || len(*claimed) != 0 {
			t.Errorf("the address is %d's", n.owner(t, homeMail))
		}
		want(t, "ann names it herself", n.AddContact(t.Context(), ann, homeMail), "ok")
		_, err = n.VerifyLink(t.Context(), ann, box.link(t))
		want(t, "ann verifies", err, "ok")
		_, err = n.VerifyLink(t.Context(), mallory, lure)
		want(t, "mallory has got hold of the link", err, purse.CodeTaken)
		want(t, "mallory removes it", n.RemoveContact(t.Context(), mallory, homeMail), "ok")
		if got := to(box.take(), homeMail); got != nil {
			t.Errorf("ann is told %q of what mallory never had", got)
		}
		if n.owner(t, homeMail) != ann.User.ID {
			t.Error("ann no longer has it")
		}

		want(t, "mallory names ann's phone", n.AddContact(t.Context(), mallory, handPhone), "ok")
		stolen := box.code(t, handPhone)
		want(t, "ann names it", n.AddContact(t.Context(), ann, handPhone), "ok")
		own := box.code(t, handPhone)
		if stolen != own {
			want(t, "ann types mallory's code", n.VerifyCode(t.Context(), ann, handPhone, stolen), purse.CodeCode)
		}
		want(t, "ann types her own", n.VerifyCode(t.Context(), ann, handPhone, " "+own[:3]+" "+own[3:]), "ok")
	})
}

func TestVerificationEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box, _ := n.withContacts()
		ann := n.arrives(t, "ann")
		for _, wrong := range []purse.Secret{"", "garbage", newSecret(ticketPrefix), newSecret(sessionPrefix)} {
			_, err := n.VerifyLink(t.Context(), ann, wrong)
			want(t, "no link", err, purse.CodeCode)
		}
		want(t, "a code that was never sent", n.VerifyCode(t.Context(), ann, handPhone, "000000"), purse.CodeCode)
		want(t, "add a phone", n.AddContact(t.Context(), ann, handPhone), "ok")
		first := box.code(t, handPhone)
		n.passes(t, codeLife)
		ann = n.again(t, ann)
		want(t, "too late", n.VerifyCode(t.Context(), ann, handPhone, first), purse.CodeCode)
		want(t, "once more", n.SendVerification(t.Context(), ann, handPhone), "ok")
		second := box.code(t, handPhone)
		wrong := fmt.Sprintf("%06d", (int(second[5]-'0')+1)%10)
		for range purse.TicketTriesMax {
			want(t, "a wrong code", n.VerifyCode(t.Context(), ann, handPhone, wrong), purse.CodeCode)
		}
		want(t, "the right one after too many", n.VerifyCode(t.Context(), ann, handPhone, second), purse.CodeCode)
		if tries := n.count(t, fmt.Sprintf("tickets where tries = %d", purse.TicketTriesMax)); tries != 1 {
			t.Errorf("%d tickets count their tries", tries)
		}
		want(t, "a new one", n.SendVerification(t.Context(), ann, handPhone), "ok")
		third := box.code(t, handPhone)
		if second != third {
			want(t, "the old one", n.VerifyCode(t.Context(), ann, handPhone, second), purse.CodeCode)
		}
		want(t, "the new one", n.VerifyCode(t.Context(), ann, handPhone, third), "ok")
		want(t, "the same again", n.VerifyCode(t.Context(), ann, handPhone, third), purse.CodeCode)

		n.passes(t, provedLife)
		want(t, "add long after signing in", n.AddContact(t.Context(), n.again(t, ann), workMail), purse.CodeProve)
		want(t, "remove long after signing in", n.RemoveContact(t.Context(), n.again(t, ann), handPhone), purse.CodeProve)
		want(t, "add", n.AddContact(t.Context(), ann, workMail), "ok")
		link := box.link(t)
		n.passes(t, linkLife)
		_, err := n.VerifyLink(t.Context(), ann, link)
		want(t, "an old link", err, purse.CodeCode)
		var text string
		if err := n.db.QueryRow("select coalesce(max(detail || code), '') from tickets").Scan(&text); err != nil || strings.Contains(text, string(link)) {
			t.Errorf("%q, %v", text, err)
		}
	})
}

// Whoever is signed out changes nothing; a contact that was removed is not verified.
func TestContactsOfThoseWhoHaveLeft(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box, _ := n.withContacts()
		ann := n.arrives(t, "ann")
		want(t, "add", n.AddContact(t.Context(), ann, homeMail), "ok")
		link := box.link(t)
		want(t, "remove", n.RemoveContact(t.Context(), ann, homeMail), "ok")
		_, err := n.VerifyLink(t.Context(), ann, link)
		want(t, "a link to what was removed", err, purse.CodeCode)
		want(t, "begin what was removed", n.beginVerification(t.Context(), ann.User.ID, homeMail), purse.CodeNotFound)

		want(t, "add again", n.AddContact(t.Context(), ann, homeMail), "ok")
		link = box.link(t)
		err = n.store.Execute(t.Context(), purse.Command{
			Book: purse.Directory, Needs: purse.Needs{Sessions: []purse.SessionHash{ann.Session.Hash}},
			Decide: func(f *purse.Facts) error {
				s, err := f.Session(ann.Session.Hash)
				s.Ended = f.Now
				f.Put(s)
				return err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "add", n.AddContact(t.Context(), ann, workMail), purse.CodeSignedOut)
		want(t, "remove", n.RemoveContact(t.Context(), ann, homeMail), purse.CodeSignedOut)
		want(t, "send", n.SendVerification(t.Context(), ann, homeMail), purse.CodeSignedOut)
		_, err = n.VerifyLink(t.Context(), ann, link)
		want(t, "verify", err, purse.CodeSignedOut)
		if n.owner(t, homeMail) != 0 {
			t.Error("it was verified")
		}
	})
}

func TestContactsAreFew(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box, _ := n.withContacts()
		ann := n.arrives(t, "ann")
		number := func(i int) purse.Address {
			return purse.Address{Kind: purse.Email, Text: fmt.Sprintf("a%d@example.org", i)}
		}
		for i := range purse.ContactsMax {
			want(t, "add", n.AddContact(t.Context(), ann, number(i)), "ok")
		}
		want(t, "one more", n.AddContact(t.Context(), ann, number(10)), purse.CodeInvalid)
		want(t, "remove", n.RemoveContact(t.Context(), ann, number(0)), "ok")
		want(t, "instead", n.AddContact(t.Context(), ann, number(10)), "ok")
		box.take()
		for range contactSendingsMax - 1 {
			want(t, "send", n.SendVerification(t.Context(), ann, number(1)), "ok")
		}
		want(t, "send too often", n.SendVerification(t.Context(), ann, number(1)), purse.CodeRate)
		if sent := len(box.take()); sent != contactSendingsMax-1 {
			t.Errorf("%d messages", sent)
		}
		for i := 2; n.SendVerification(t.Context(), ann, number(i%8+2)) == nil; i++ {
			if i > 2*personSendingsMax {
				t.Fatal("one person may send any number")
			}
		}
		n.passes(t, time.Hour)
		want(t, "an hour later", n.SendVerification(t.Context(), n.again(t, ann), number(1)), "ok")
		for i := range 2 {
			other := n.arrives(t, fmt.Sprintf("other%d", i))
			want(t, "add", n.AddContact(t.Context(), other, number(1)), "ok")
			for range contactSendingsMax - 1 {
				if err := n.SendVerification(t.Context(), other, number(1)); err != nil && i == 0 {
					t.Error(err)
				}
			}
		}
		last := n.arrives(t, "last")
		want(t, "to one address, from many", n.AddContact(t.Context(), last, number(1)), purse.CodeRate)
	})
}

func TestSendingsForgetRatherThanGrow(t *testing.T) {
	var c sendings
	for i := range sendingsKept + 100 {
		if !c.allow(purse.Time(i), quota{fmt.Sprint(i), 1}) {
			t.Fatal("refused")
		}
	}
	if len(c.at) > sendingsKept {
		t.Errorf("%d are counted for", len(c.at))
	}
	if c.allow(purse.Time(sendingsKept+100), quota{"new", 1}, quota{fmt.Sprint(sendingsKept + 99), 1}) || c.at["new"] != nil {
		t.Error("what one quota refuses counts under another")
	}
}

func TestOperatorsVouch(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box, claimed := n.withContacts()
		ann, ben := n.arrives(t, "ann"), n.arrives(t, "ben")
		vouch := func(v Visitor, a purse.Address) error {
			return n.VouchContact(t.Context(), purse.MainBook, "op", v.User.ID, a)
		}
		want(t, "a new one", vouch(ann, homeMail), "ok")
		want(t, "again", vouch(ann, homeMail), "ok")
		want(t, "somebody's", vouch(ben, homeMail), purse.CodeTaken)
		want(t, "nobody", n.VouchContact(t.Context(), purse.MainBook, "op", 5, workMail), purse.CodeTarget)
		want(t, "add", n.AddContact(t.Context(), ann, handPhone), "ok")
		box.take()
		want(t, "one that waits", vouch(ann, handPhone), "ok")
		if sent := box.take(); len(sent) != 0 {
			t.Errorf("%d messages tell what is known", len(sent))
		}
		if n.owner(t, homeMail) != ann.User.ID || n.owner(t, handPhone) != ann.User.ID || n.owner(t, workMail) != 0 {
			t.Error("the owners are others")
		}
		if len(*claimed) != 3 {
			t.Errorf("claimed %v", *claimed)
		}
		if lines, events := n.count(t, "actions where name = 'user.verify'"), n.count(t, "events where kind = 'contact.verified'"); lines != 2 || events != 2 {
			t.Errorf("%d audit lines, %d events", lines, events)
		}
	})
}

// Of several who show at once that an address is theirs, one has it.
func TestOneAddressHasOneOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box, _ := n.withContacts()
		n.Claim = nil
		var all []Visitor
		var links []purse.Secret
		for i := range 6 {
			all = append(all, n.arrives(t, fmt.Sprintf("ann%d", i)))
			want(t, "add", n.AddContact(t.Context(), all[i], homeMail), "ok")
			links = append(links, box.link(t))
		}
		errs := make([]error, len(all))
		var group sync.WaitGroup
		for i := range all {
			group.Go(func() { _, errs[i] = n.VerifyLink(t.Context(), all[i], links[i]) })
		}
		group.Wait()
		winners := 0
		for i, err := range errs {
			if err == nil {
				winners++
				if n.owner(t, homeMail) != all[i].User.ID {
					t.Error("another was told that it is theirs")
				}
			} else {
				want(t, "the others", err, purse.CodeTaken)
			}
		}
		if verified := n.count(t, "contacts where verified > 0"); winners != 1 || verified != 1 {
			t.Errorf("%d were told yes, %d contacts are verified", winners, verified)
		}
	})
}
