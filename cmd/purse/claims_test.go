package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purse"
	"purse/audit"
	"purse/identity"
	"purse/ledger"
	"purse/store"
	"purse/wallet"
)

// claimPairs is how many addresses are paid and verified at once.
func claimPairs() int {
	if testing.Short() {
		return 100
	}
	return 1000
}

// claimWait is how long after the last answer everything is claimed.
const claimWait = 2 * time.Second

// postbox keeps what was sent last to each address.
type postbox struct{ last sync.Map }

func (p *postbox) Send(m purse.Message) { p.last.Store(m.To, m.Text) }

// secret is the link's secret, or the code, that was sent to an address.
func (p *postbox) secret(t *testing.T, a purse.Address) string {
	t.Helper()
	text, ok := p.last.Load(a)
	if !ok {
		t.Fatalf("nothing was sent to %s", a.Text)
	}
	if a.Kind == purse.Phone {
		return text.(string)[:6]
	}
	_, rest, _ := strings.Cut(text.(string), "/verify?token=")
	secret, _, _ := strings.Cut(rest, "\n")
	return secret
}

// claimer is somebody who says that an address is theirs, and those who pay to it.
type claimer struct {
	identity.Visitor
	address  purse.Address
	payers   []purse.Actor
	charge   bool // the last of them asks for money instead
	payments []purse.PaymentID
	charged  purse.PaymentID
	paid     chan struct{} // closed once the first payment was answered; nil: the claimer does not wait for it
}

const claimMinor, claimFee = 100, 7

// claimers makes people, each with an address that is not verified.
func claimers(t *testing.T, n *network, box *postbox) []claimer {
	t.Helper()
	all, payers := make([]claimer, claimPairs()), make([]purse.Actor, claimPairs()/4)
	person := func(f *purse.Facts, name string) purse.Actor {
		id := purse.UserID(f.NextID())
		a := purse.Actor{Book: purse.MainBook, User: id, Token: purse.TokenHash(hashOf(id)), Scopes: purse.EveryScope()}
		f.Put(purse.User{ID: id, Book: a.Book, Username: name, FirstName: "P", Joined: f.Now, Audience: purse.Private})
		f.Put(purse.Token{Hash: a.Token, ID: purse.TokenID(f.NextID()), User: id, Book: a.Book, Scopes: a.Scopes})
		f.Put(purse.Account{Account: ledger.Account{ID: purse.WalletOf(id), Currency: f.Book.Currency}, Kind: purse.Wallet})
		return a
	}
	err := n.store.Execute(t.Context(), purse.Command{
		Book: purse.MainBook, Needs: purse.Needs{Accounts: []ledger.AccountID{purse.TreasuryAccount}},
		Decide: func(f *purse.Facts) error {
			for i := range payers {
				payers[i] = person(f, fmt.Sprintf("payer%d", i))
				e := purse.Entry{ID: purse.EntryID(f.NextID()), Kind: purse.Issue, Wallet: payers[i].User, Minor: 100_000, Operator: "test"}
				var err error
				if e.Transfer, err = f.Move(purse.TreasuryAccount, purse.WalletOf(e.Wallet), e.Minor, e.Cause()); err != nil {
					return err
				}
				f.Put(e)
				f.Emit(purse.TreasuryIssued, e)
			}
			for i := range all {
				all[i] = claimer{address: purse.Address{Kind: purse.Email, Text: fmt.Sprintf("c%d@example.org", i)}, charge: i%4 == 0}
				if i%2 == 1 {
					all[i].address = purse.Address{Kind: purse.Phone, Text: fmt.Sprint(15555550000 + i)}
				}
				if i%3 == 0 {
					all[i].paid = make(chan struct{})
				}
				all[i].Actor = person(f, fmt.Sprintf("claimer%d", i))
				for j := range []int{1, 1, 2, 3, 5}[i%5] {
					all[i].payers = append(all[i].payers, payers[(i+j)%len(payers)])
				}
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = n.store.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
		for i := range all {
			c := &all[i]
			c.Actor.At, c.User = f.Now, purse.User{ID: c.Actor.User}
			c.Session = purse.Session{
				Hash: purse.SessionHash(hashOf(c.Actor.User)), ID: purse.SessionID(f.NextID()), Person: c.Actor.User, Book: purse.MainBook,
				Seen: f.Now, Proved: f.Now, Expires: f.Now.Add(time.Hour),
			}
			f.Put(c.Session)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	n.identity.Courier = box
	atOnce(len(all), func(i int) {
		if err := n.identity.AddContact(t.Context(), all[i].Visitor, all[i].address); err != nil {
			t.Error(err)
		}
	})
	return all
}

// hashOf is what somebody's only token and only session have for their hashes.
func hashOf(id purse.UserID) string {
	sum := sha256.Sum256([]byte(id.String()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// atOnce runs rounds, many at a time.
func atOnce(rounds int, round func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(rounds, 64) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < rounds; i = int(next.Add(1)) - 1 {
				round(i)
			}
		})
	}
	group.Wait()
}

// pay makes the payments to the address, one after the other.
func (c *claimer) pay(ctx context.Context, n *network) error {
	for i, payer := range c.payers {
		do := n.wallet.Pay
		if c.charge && i == len(c.payers)-1 {
			do = n.wallet.Charge
		}
		var made purse.PaymentID
		_, err := do(ctx, payer, wallet.PayRequest{
			To: wallet.Target{Address: c.address}, Minor: claimMinor, Note: "n", Audience: purse.Private,
			Encode: func(r wallet.Receipt) purse.Answer { made = r.Payment.ID; return purse.Answer{} },
		})
		if err != nil {
			return err
		}
		if i == 0 && c.paid != nil {
			close(c.paid)
		}
		if c.charge && i == len(c.payers)-1 {
			c.charged = made
		} else {
			c.payments = append(c.payments, made)
		}
	}
	return nil
}

func (c *claimer) verify(t *testing.T, n *network, box *postbox) error {
	if c.paid != nil {
		<-c.paid
	}
	secret := box.secret(t, c.address)
	if c.address.Kind == purse.Phone {
		return n.identity.VerifyCode(t.Context(), c.Visitor, c.address, secret)
	}
	_, err := n.identity.VerifyLink(t.Context(), c.Visitor, purse.Secret(secret))
	return err
}

// Whatever is paid to an address while its owner turns up is the owner's, two
// seconds after the last answer.
func TestClaimsAgainstPayments(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		log := &printed{}
		n, err := openNetwork(t.Context(), database, store.Options{
			Mode: purse.Sandbox, Currency: "USD", Migrate: true, Log: slog.New(slog.NewTextHandler(log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer n.store.Close()
		_, err = n.wallet.SetTerms(t.Context(), purse.MainBook, "test", func(terms *purse.Terms) { terms.Fee.Fixed = claimFee })
		if err != nil {
			t.Fatal(err)
		}
		box := &postbox{}
		all := claimers(t, n, box)
		ctx, stop := context.WithCancel(t.Context())
		var loops sync.WaitGroup
		defer loops.Wait()
		defer stop()
		loops.Go(func() { n.background(ctx, time.Hour) })

		began := time.Now()
		atOnce(2*len(all), func(i int) {
			c := &all[i/2]
			do := func() error { return c.pay(t.Context(), n) }
			if i%2 == (i/2)%2 {
				do = func() error { return c.verify(t, n, box) }
			}
			if err := do(); err != nil {
				t.Errorf("%s: %v", c.address.Text, err)
			}
		})
		answered := time.Now()
		for len(unclaimed(t, n)) > 0 {
			if time.Since(answered) > claimWait {
				t.Fatalf("%s after the last answer not all is claimed: %v", claimWait, unclaimed(t, n))
			}
		}
		t.Logf("%d pairs took %s, and were all claimed %s later; %+v", len(all), answered.Sub(began), time.Since(answered), n.store.Stats())
		for _, code := range []string{"40P01", "23505", "40001"} {
			t.Logf("%d batches met a %s", strings.Count(log.String(), code), code)
		}
		if strings.Contains(log.String(), "40P01") {
			t.Error("writers have waited for each other in a circle")
		}
		claimed(t, n, all)
		report, err := audit.Run(t.Context(), audit.Options{Database: database})
		if err != nil {
			t.Fatal(err)
		}
		if !report.OK() {
			var b strings.Builder
			_, _ = report.WriteTo(&b)
			t.Errorf("verify:\n%s", b.String())
		}
	})
}

func unclaimed(t *testing.T, n *network) []purse.AddressOwner {
	t.Helper()
	owed, err := n.store.Unclaimed(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	return owed
}

// claimed checks that everybody has what was paid to them, once.
func claimed(t *testing.T, n *network, all []claimer) {
	t.Helper()
	escrowed, fees := 0, int64(0)
	for _, c := range all {
		for _, id := range c.payments {
			p, err := n.store.Payment(t.Context(), purse.MainBook, id)
			if err != nil || p.Status != purse.PaymentSettled || p.Target != c.Actor.User || p.Fee != claimFee {
				t.Errorf("%+v, %v", p, err)
			}
			if p.Escrow != 0 {
				escrowed++
			}
		}
		fees += claimFee * int64(len(c.payments))
		has(t, n, purse.WalletOf(c.Actor.User), claimMinor*int64(len(c.payments)))
		if c.charged != 0 {
			p, err := n.store.Payment(t.Context(), purse.MainBook, c.charged)
			if err != nil || p.Status != purse.PaymentPending || p.Target != c.Actor.User {
				t.Errorf("%+v, %v", p, err)
			}
		}
	}
	has(t, n, purse.EscrowAccount, 0)
	has(t, n, purse.FeesAccount, fees)
	t.Logf("%d payments came before the owner", escrowed)
	if escrowed == 0 {
		t.Error("no payment came before the owner")
	}
}

func has(t *testing.T, n *network, id ledger.AccountID, minor int64) {
	t.Helper()
	a, err := n.store.Account(t.Context(), purse.MainBook, id)
	if err != nil || a.Spendable() != minor {
		t.Errorf("account %d has %d, want %d; %v", id, a.Spendable(), minor, err)
	}
}
