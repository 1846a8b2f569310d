package identity

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
)

// postbox keeps what is sent.
type postbox struct {
	mu   sync.Mutex
	sent []purse.Message
}

func (p *postbox) Send(m purse.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, m)
}

// guarded gives a network a key, an address, and a postbox for its messages.
func (n *network) guarded(t *testing.T) *postbox {
	t.Helper()
	n.Vault = vaultOf(t, 7)
	n.PublicURL, n.Network = "https://pay.example.org", "Campus: pay"
	box := &postbox{}
	n.Courier = box
	return box
}

func vaultOf(t *testing.T, fill byte) *Vault {
	t.Helper()
	v, err := NewVault(bytes.Repeat([]byte{fill}, VaultKeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// expectNotice wants that the last message went to name's mailbox, and has the subject.
func (p *postbox) expectNotice(t *testing.T, name, subject string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sent) == 0 {
		t.Fatalf("nothing was sent; want %q", subject)
	}
	last := p.sent[len(p.sent)-1]
	p.sent = nil
	if last.Subject != subject || last.To.Text != name+"@example.org" || !strings.Contains(last.Text, "If that was not you") {
		t.Errorf("sent %+v, want %q", last, subject)
	}
}

// expectNone wants that nothing was sent.
func (p *postbox) expectNone(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sent) > 0 {
		t.Errorf("sent %+v", p.sent)
	}
	p.sent = nil
}

// guest makes a person with a mailbox, who has just signed in.
func (n *network) guest(t *testing.T, name string) Visitor {
	t.Helper()
	u, err := n.CreateUser(t.Context(), purse.MainBook, "op", purse.User{Username: name, FirstName: "F"},
		purse.Address{Kind: purse.Email, Text: name + "@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	secret := newSecret(sessionPrefix)
	err = n.store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{SessionsOf: []purse.UserID{u.ID}},
		Decide: func(f *purse.Facts) error {
			_, err := openSession(f, u, secret, From{})
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return n.visit(t, secret)
}

func (n *network) visit(t *testing.T, secret purse.Secret) Visitor {
	t.Helper()
	v, err := n.Visit(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// stale is v as it is once its proof is too old.
func stale(v Visitor) Visitor {
	v.Session.Proved = v.Actor.At.Add(-provedLife)
	return v
}

// ended ends the session of v.
func (n *network) ended(t *testing.T, v Visitor) Visitor {
	t.Helper()
	err := n.store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Sessions: []purse.SessionHash{v.Session.Hash}},
		Decide: func(f *purse.Facts) error {
			s, err := f.Session(v.Session.Hash)
			if err != nil {
				return err
			}
			s.Ended = f.Now
			f.Put(s)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// later moves the directory's clock forward.
func (n *network) later(t *testing.T, by time.Duration) {
	t.Helper()
	err := n.store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Decide: func(f *purse.Facts) error { return f.AdvanceClock(by) },
	})
	if err != nil {
		t.Fatal(err)
	}
}

// credentialsOf reads a person's.
func (n *network) credentialsOf(t *testing.T, v Visitor) purse.Credentials {
	t.Helper()
	c, err := n.credentials(t.Context(), v.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
