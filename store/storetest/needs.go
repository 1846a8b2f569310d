package storetest

import (
	"errors"
	"testing"

	"purse"
	"purse/ledger"
)

func testNeeds(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("WhatIsAskedForLateIsLoadedAndTheCommandRunsAgain", func(t *testing.T) { testLateNeeds(t, s) })
	t.Run("WhatWasLoadedStaysLoadedInLaterRounds", func(t *testing.T) { testUnionOfNeeds(t, s) })
	t.Run("ACommandThatSwallowsMissingRunsAgain", func(t *testing.T) { testSwallowedMissing(t, s) })
	t.Run("ACommandThatPanicsOverMissingRunsAgain", func(t *testing.T) { testPanicOverMissing(t, s) })
	t.Run("ACommandThatAlwaysNeedsMoreIsStopped", func(t *testing.T) { testRounds(t, s) })
	t.Run("TheOthersDoNotWaitForOneThatNeedsMore", func(t *testing.T) { testOthersGoOn(t, s) })
	t.Run("AbsenceIsKnown", func(t *testing.T) { testAbsence(t, s); testMerchantAbsence(t, s); testOrderAbsence(t, s) })
}

func testLateNeeds(t *testing.T, s *server) {
	p := s.crowd(t, 2, 100)
	from, to := purse.WalletOf(p[0].User), purse.WalletOf(p[1].User)
	runs := 0
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		runs++
		f.Put(purse.NewAction(f, "test", "late", "", "")) // must be dropped with each run that lacked something
		_, err := f.Move(from, to, 30, ledger.Cause{Kind: ledger.CausePayment, ID: f.NextID()})
		return err
	})
	if runs != 2 {
		t.Errorf("it ran %d times; both accounts should have come in one more round", runs)
	}
	s.has(t, p[0], 70)
	s.has(t, p[1], 130)
	if n := s.count(t, "actions where name = 'late'"); n != 1 {
		t.Errorf("the changes of dropped rounds are there: %d rows", n)
	}
}

func testUnionOfNeeds(t *testing.T, s *server) {
	p := s.crowd(t, 3, 100)
	runs := 0
	s.do(t, purse.Needs{Users: []purse.UserID{p[0].User}}, func(f *purse.Facts) error {
		runs++
		for _, one := range p {
			if _, err := f.User(one.User); err != nil {
				return err
			}
		}
		if _, err := f.OpenHolds(ledger.Cause{Kind: ledger.CausePayment, ID: 99}); err != nil {
			return err
		}
		_, err := f.Account(purse.WalletOf(p[0].User))
		return err
	})
	if runs != 5 {
		t.Errorf("it ran %d times, want once for each row that was missing and once more", runs)
	}
}

func testSwallowedMissing(t *testing.T, s *server) {
	p := s.crowd(t, 1, 100)
	var seen []int64
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		a, _ := f.Account(purse.WalletOf(p[0].User)) // takes "not loaded" for "has nothing"
		seen = append(seen, a.Spendable())
		f.Put(purse.NewAction(f, "test", "swallow", "", ""))
		return nil
	})
	if len(seen) != 2 || seen[1] != 100 {
		t.Errorf("it saw %v, want the account in a second round", seen)
	}
	if n := s.count(t, "actions where name = 'swallow'"); n != 1 {
		t.Errorf("its round without the account was kept: %d rows", n)
	}
	refusal := errors.New("not today")
	runs := 0
	err := s.Execute(t.Context(), on(purse.Needs{}, func(f *purse.Facts) error {
		if runs++; runs == 1 {
			_, _ = f.Payment(12345)
			return refusal // decided by what it had not seen
		}
		return nil
	}))
	if err != nil || runs != 2 {
		t.Errorf("a refusal that was decided without seeing everything was believed: %d runs, %v", runs, err)
	}
}

func testPanicOverMissing(t *testing.T, s *server) {
	p := s.crowd(t, 1, 100)
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		if _, err := f.Account(purse.WalletOf(p[0].User)); err != nil {
			panic("it did not look at the error")
		}
		return nil
	})
}

func testRounds(t *testing.T, s *server) {
	const most = 5 // rounds in which a command may find that it needs more
	before := s.digest(t)
	runs := 0
	err := s.Execute(t.Context(), on(purse.Needs{}, func(f *purse.Facts) error {
		runs++
		f.Put(purse.NewAction(f, "test", "endless", "", ""))
		_, err := f.Account(ledger.AccountID(1_000_000 + runs))
		if purse.CodeOf(err) == purse.CodeNotFound {
			t.Error("an account that was never asked for is known to be absent")
		}
		return err
	}))
	refused(t, err, purse.CodeInternal)
	if runs != most+1 {
		t.Errorf("it ran %d times, want %d", runs, most+1)
	}
	s.unchanged(t, before)
}

func testOthersGoOn(t *testing.T, s *server) {
	p := s.crowd(t, 2, 100)
	accounts := []ledger.AccountID{purse.WalletOf(p[0].User), purse.WalletOf(p[1].User)}
	order := make([]string, 0, 8)
	move := func(name string, needs purse.Needs) purse.Command {
		return on(needs, func(f *purse.Facts) error {
			_, err := f.Move(accounts[0], accounts[1], 10, ledger.Cause{Kind: ledger.CausePayment, ID: f.NextID()})
			if err == nil {
				order = append(order, name)
			}
			return err
		})
	}
	loaded := purse.Needs{Accounts: accounts}
	lacking := on(purse.Needs{}, func(f *purse.Facts) error {
		if _, err := f.User(p[0].User); err != nil {
			return err
		}
		order = append(order, "late")
		return nil
	})
	succeed(t, s.together(t, lacking, move("first", loaded), move("second", loaded)))
	if len(order) != 3 || order[2] != "late" {
		t.Errorf("order %v, want the command that lacked a row last", order)
	}
	s.has(t, p[1], 120)
}

func testAbsence(t *testing.T, s *server) {
	cause := ledger.Cause{Kind: ledger.CausePayment, ID: 99}
	nobodys := mail("absent", 0)
	once := purse.Once{Principal: purse.Principal{ID: 9}, Key: "nobody", Fingerprint: "f"}
	runs := 0
	s.do(t, purse.Needs{
		Tokens: []purse.TokenHash{"none"}, Users: []purse.UserID{99}, Usernames: []string{"nobody"},
		Accounts: []ledger.AccountID{99}, Spent: []ledger.AccountID{99}, Payments: []purse.PaymentID{99},
		Entries: []purse.EntryID{99}, Holds: []ledger.TransferID{99}, OpenHolds: []ledger.Cause{cause},
		Once: []purse.OnceKey{{Principal: once.Principal, Key: once.Key}},
		Apps: []purse.AppID{99}, Addresses: []purse.Address{nobodys}, Introduced: []purse.UserID{99},
		Introductions: []purse.IntroductionKey{{Person: 99, Address: nobodys}},
	}, func(f *purse.Facts) error {
		runs++
		absent := func(_ any, err error) { refused(t, err, purse.CodeNotFound) }
		absent(f.Token("none"))
		absent(f.User(99))
		absent(f.UserNamed("nobody"))
		absent(f.Account(99))
		absent(f.Payment(99))
		absent(f.Entry(99))
		absent(f.HeldMoney(99))
		absent(f.App(99))
		absent(f.AddressOwner(nobodys))
		if err := f.Introduce(99, nobodys); err != nil {
			t.Errorf("an introduction of somebody who has made none: %v", err)
		}
		if open, err := f.OpenHolds(cause); err != nil || len(open) != 0 {
			t.Errorf("open holds of nothing: %v, %v", open, err)
		}
		absent(f.SpentThisWeek(99))
		if _, repeated, err := f.Repeated(once); err != nil || repeated {
			t.Errorf("a new key was repeated: %v, %v", repeated, err)
		}
		return nil
	})
	if runs != 1 {
		t.Errorf("it ran %d times although everything was named", runs)
	}
}

func testMerchantAbsence(t *testing.T, s *server) {
	handle, operation := purse.HandleKey{Merchant: 99, ID: 9}, purse.OperationKey{Merchant: 99, Kind: purse.Sale, ID: 9}
	mandate, consumer := purse.MandateKey{Merchant: 99, Consumer: "c"}, purse.ConsumerKey{Merchant: 99, Person: 9}
	number, customer := purse.ConsumerNumber{Merchant: 99, Number: 9}, purse.CustomerKey{Merchant: 99, ID: 9}
	reference := purse.CustomerReference{Merchant: 99, Ref: "r"}
	sold, asked := purse.ReferenceKey{Merchant: 99, Kind: purse.Sale, Ref: "r"}, purse.ReferenceKey{Merchant: 99, Kind: purse.ReferenceToHandle, Ref: "r"}
	runs := 0
	s.do(t, purse.Needs{
		Merchants: []purse.MerchantID{99}, Logos: []purse.MerchantID{99}, APIKeys: []string{"none"}, KeysOf: []purse.MerchantID{99},
		Handles: []purse.HandleKey{handle}, HandleTokens: []string{"none"}, Operations: []purse.OperationKey{operation},
		References: []purse.ReferenceKey{sold, asked}, Mandates: []purse.MandateKey{mandate}, Consumers: []purse.ConsumerKey{consumer},
		ConsumerNumbers: []purse.ConsumerNumber{number}, Customers: []purse.CustomerKey{customer},
		CustomerRefs: []purse.CustomerReference{reference}, Cursors: []string{"none"},
	}, func(f *purse.Facts) error {
		runs++
		absent := func(_ any, err error) { t.Helper(); refused(t, err, purse.CodeNotFound) }
		absent(f.Merchant(99))
		absent(f.Logo(99))
		absent(f.APIKey("none"))
		absent(f.Handle(handle))
		absent(f.HandleNamed("none"))
		absent(f.Operation(operation))
		absent(f.Referenced(sold))
		absent(f.Referenced(asked))
		absent(f.Mandate(mandate))
		absent(f.Consumer(consumer))
		absent(f.ConsumerNumbered(number))
		absent(f.Customer(customer))
		absent(f.CustomerReferenced(reference))
		if keys, err := f.KeysOf(99); err != nil || len(keys) != 0 {
			t.Errorf("keys of nobody: %v, %v", keys, err)
		}
		if c, err := f.Cursor("none"); err != nil || c.At != 0 {
			t.Errorf("a cursor that was never moved: %+v, %v", c, err)
		}
		return nil
	})
	if runs != 1 {
		t.Errorf("it ran %d times although everything was named", runs)
	}
}

func testOrderAbsence(t *testing.T, s *server) {
	order, link, member := purse.OrderKey{Merchant: 99, Number: 9}, purse.PaymentLinkKey{Merchant: 99, ID: 9}, purse.MemberKey{Merchant: 99, Person: 9}
	runs := 0
	s.do(t, purse.Needs{Orders: []purse.OrderKey{order}, PaymentLinks: []purse.PaymentLinkKey{link}, Members: []purse.MemberKey{member}}, func(f *purse.Facts) error {
		runs++
		absent := func(_ any, err error) { t.Helper(); refused(t, err, purse.CodeNotFound) }
		absent(f.Order(order))
		absent(f.PaymentLink(link))
		absent(f.Member(member))
		return nil
	})
	if runs != 1 {
		t.Errorf("it ran %d times although everything was named", runs)
	}
	runs = 0
	s.do(t, purse.Needs{}, func(f *purse.Facts) error { // one after the other, as they turn out to be lacking
		runs++
		_, err := f.Order(order)
		if purse.CodeOf(err) == purse.CodeNotFound {
			_, err = f.PaymentLink(link)
		}
		if purse.CodeOf(err) == purse.CodeNotFound {
			_, err = f.Member(member)
		}
		if purse.CodeOf(err) == purse.CodeNotFound {
			return nil
		}
		return err
	})
	if runs != 4 {
		t.Errorf("it ran %d times, want once for each that was lacking and once more", runs)
	}
}
