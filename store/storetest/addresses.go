package storetest

import (
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"purse"
	"purse/wallet"
)

func testAddresses(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("AppsAddressesAndIntroductionsAreStored", func(t *testing.T) { testDirectoryRows(t, s) })
	t.Run("IntroductionsFollowTheBatch", func(t *testing.T) { testIntroductions(t, s) })
	t.Run("IntroductionsAreTheLastOfThePerson", func(t *testing.T) { testManyIntroductions(t, s) })
	t.Run("AnAddressIsHeldUntilTheCommit", func(t *testing.T) { testAddressIsHeld(t, s) })
	t.Run("AnAddressThatIsBeingClaimedIsWaitedFor", func(t *testing.T) { testClaimIsWaitedFor(t, s) })
}

func mail(name string, i int) purse.Address {
	return purse.Address{Kind: purse.Email, Text: fmt.Sprintf("%s%d@example.org", name, i)}
}

func testDirectoryRows(t *testing.T, s *server) {
	address := mail("rows", 0)
	key := purse.IntroductionKey{Person: 200, Address: address}
	needs := purse.Needs{Addresses: []purse.Address{address}, Introductions: []purse.IntroductionKey{key}}
	var app purse.App
	var owner purse.AddressOwner
	s.do(t, needs, func(f *purse.Facts) error {
		app = purse.App{ID: purse.AppID(f.NextID()), Name: "ünï→", Medium: purse.MediumAndroid, Created: f.Now}
		owner = purse.AddressOwner{Address: address, Since: f.Now}
		f.Put(app)
		f.Put(owner)
		f.Put(purse.Introduction{IntroductionKey: key, At: f.Now})
		return nil
	})
	if got, err := s.AddressOwner(t.Context(), address); err != nil || got != owner {
		t.Errorf("%+v, %v, want %+v", got, err, owner)
	}
	needs.Apps, needs.Introduced = []purse.AppID{app.ID}, []purse.UserID{200}
	runs := 0
	s.do(t, needs, func(f *purse.Facts) error {
		runs++
		if got, err := f.App(app.ID); err != nil || got != app {
			t.Errorf("%+v, %v, want %+v", got, err, app)
		}
		got, err := f.AddressOwner(address)
		if err != nil || got != owner {
			t.Errorf("%+v, %v, want %+v", got, err, owner)
		}
		if err := f.Introduce(200, address); err != nil {
			t.Errorf("introduced before: %v", err)
		}
		got.Owner, got.Since = 201, f.Now
		owner = got
		f.Put(got)
		return nil
	})
	if runs != 1 {
		t.Errorf("it ran %d times although everything was named", runs)
	}
	if got, err := s.AddressOwner(t.Context(), address); err != nil || got != owner || got.Owner != 201 {
		t.Errorf("%+v, %v, want %+v", got, err, owner)
	}
	for _, other := range []purse.Address{{Kind: purse.Phone, Text: address.Text}, mail("rows", 1)} {
		_, err := s.AddressOwner(t.Context(), other)
		refused(t, err, purse.CodeNotFound)
	}
	if n := s.count(t, "introductions where person = 200"); n != 1 {
		t.Errorf("%d introductions", n)
	}
	_, err := s.AddressOwner(t.Context(), purse.Address{})
	refused(t, err, purse.CodeNotFound)
}

// introduce makes commands that name an address.
func introduce(person purse.UserID, a purse.Address, refuse error) purse.Command {
	needs := purse.Needs{Introductions: []purse.IntroductionKey{{Person: person, Address: a}}, Introduced: []purse.UserID{person}}
	return on(needs, func(f *purse.Facts) error {
		if err := f.Introduce(person, a); err != nil {
			return err
		}
		return refuse
	})
}

func testIntroductions(t *testing.T, s *server) {
	for i := range purse.IntroductionsMax - 2 {
		succeed(t, []error{s.Execute(t.Context(), introduce(210, mail("b", i), nil))})
	}
	errs := s.together(t,
		introduce(210, mail("b", 100), errNo),
		introduce(210, mail("b", 101), nil),
		introduce(210, mail("b", 101), nil),
		introduce(210, mail("b", 102), nil),
		introduce(210, mail("b", 100), nil), // one too many
		introduce(210, mail("b", 0), nil),
		introduce(211, mail("b", 100), nil))
	refused(t, errs[0], codeNo)
	refused(t, errs[4], purse.CodeStrangers)
	succeed(t, append(errs[1:4:4], errs[5:]...))
	if n := s.count(t, "introductions where person = 210"); n != purse.IntroductionsMax {
		t.Errorf("%d introductions", n)
	}
	refused(t, s.Execute(t.Context(), introduce(210, mail("b", 100), nil)), purse.CodeStrangers)
	// Who names nothing in advance is served all the same.
	refused(t, s.Execute(t.Context(), on(purse.Needs{}, func(f *purse.Facts) error { return f.Introduce(210, mail("b", 100)) })), purse.CodeStrangers)
	succeed(t, []error{s.Execute(t.Context(), on(purse.Needs{}, func(f *purse.Facts) error { return f.Introduce(210, mail("b", 101)) }))})
}

// testManyIntroductions: of many the last are looked at, not any.
func testManyIntroductions(t *testing.T, s *server) {
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for i := range 60 {
			at := f.Now.Add(-2 * time.Hour)
			if i%3 == 0 && i > 0 { // 19 of them
				at = f.Now.Add(-time.Minute)
			}
			f.Put(purse.Introduction{IntroductionKey: purse.IntroductionKey{Person: 220, Address: mail("c", i)}, At: at})
		}
		return nil
	})
	succeed(t, []error{s.Execute(t.Context(), introduce(220, mail("c", 100), nil))})
	refused(t, s.Execute(t.Context(), introduce(220, mail("c", 101), nil)), purse.CodeStrangers)
	succeed(t, []error{s.Execute(t.Context(), introduce(220, mail("c", 1), nil))}) // named long ago
}

// lockWaiters counts the sessions of the network that wait for a row.
func (n *network) lockWaiters(t testing.TB) int64 {
	t.Helper()
	return n.count(t, "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
}

func (n *network) onlyPostgres(t testing.TB) {
	t.Helper()
	if !n.postgres() {
		t.Skip("one process has a file open, and its writers take turns")
	}
}

// testAddressIsHeld: nobody becomes the owner of an address between the decision
// that it is nobody's and the commit.
func testAddressIsHeld(t *testing.T, s *server) {
	s.onlyPostgres(t)
	address := mail("held", 0)
	s.do(t, purse.Needs{Addresses: []purse.Address{address}}, func(f *purse.Facts) error {
		f.Put(purse.AddressOwner{Address: address, Since: f.Now})
		return nil
	})
	entered, gate := make(chan struct{}), make(chan struct{})
	enter, leave := sync.OnceFunc(func() { close(entered) }), sync.OnceFunc(func() { close(gate) })
	defer leave() // also when the test gives up early
	paying := s.queue(t, t.Context(), on(purse.Needs{Addresses: []purse.Address{address}}, func(f *purse.Facts) error {
		enter()
		<-gate
		f.Put(purse.NewAction(f, "test", "held", "", ""))
		return nil
	}))
	wait(t, entered, "the payment to hold the address")
	claimed := make(chan error, 1)
	go func() {
		_, err := s.db.ExecContext(t.Context(), "update addresses set owner = 230 where address = '"+address.Text+"'")
		claimed <- err
	}()
	eventually(t, "the claim to wait for the payment", func() bool { return s.lockWaiters(t) == 1 })
	leave()
	succeed(t, []error{paying.wait(t)})
	if err := <-claimed; err != nil {
		t.Fatal(err)
	}
	if o, err := s.AddressOwner(t.Context(), address); err != nil || o.Owner != 230 {
		t.Errorf("%+v, %v", o, err)
	}
	if n := s.count(t, "actions where name = 'held'"); n != 1 {
		t.Errorf("%d audit lines", n)
	}
}

// testClaimIsWaitedFor: a payment to an address that is just being claimed is
// the claimer's.
func testClaimIsWaitedFor(t *testing.T, s *server) {
	s.onlyPostgres(t)
	p := s.crowd(t, 2, 100)
	address := mail("claimed", 0)
	s.do(t, purse.Needs{Addresses: []purse.Address{address}}, func(f *purse.Facts) error {
		f.Put(purse.AddressOwner{Address: address, Since: f.Now})
		return nil
	})
	claim, err := s.db.BeginTx(t.Context(), &sql.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = claim.Rollback() }()
	if _, err := claim.ExecContext(t.Context(), fmt.Sprintf("update addresses set owner = %d where address = '%s'", p[1].User, address.Text)); err != nil {
		t.Fatal(err)
	}
	paid := make(chan error, 1)
	var made purse.Payment
	go func() {
		_, err := s.wallet.Pay(t.Context(), p[0], wallet.PayRequest{
			To: wallet.Target{Address: address}, Minor: 10, Note: "n", Audience: purse.Private,
			Encode: func(r wallet.Receipt) purse.Answer { made = r.Payment; return s.encode(r) },
		})
		paid <- err
	}()
	eventually(t, "the payment to wait for the claim", func() bool { return s.lockWaiters(t) == 1 })
	if err := claim.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-paid; err != nil || made.Target != p[1].User || made.Status != purse.PaymentSettled {
		t.Errorf("%+v, %v", made, err)
	}
	s.has(t, p[1], 110)
}
