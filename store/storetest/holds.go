package storetest

import (
	"testing"
	"time"

	"purse"
	"purse/ledger"
)

func testHolds(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("AHoldRingFencesMoney", func(t *testing.T) { testRingFence(t, s) })
	t.Run("ACaptureInPartReleasesTheRest", func(t *testing.T) { testPartialCapture(t, s) })
	t.Run("AReleaseGivesEverythingBack", func(t *testing.T) { testRelease(t, s) })
	t.Run("AnEndedHoldIsNotEndedAgain", func(t *testing.T) { testEndedHold(t, s) })
	t.Run("AnExpiredHoldIsNotCaptured", func(t *testing.T) { testExpiredHold(t, s) })
	t.Run("TwoCapturesAtOnceTakeOnce", func(t *testing.T) { testRacingCaptures(t, s) })
	s.balanced(t)
}

// held makes a hold of minor units between two new people with 100 each.
func held(t *testing.T, s *server, minor int64, life time.Duration) (p []purse.Actor, id ledger.TransferID) {
	t.Helper()
	p = s.crowd(t, 2, 100)
	from, to := purse.WalletOf(p[0].User), purse.WalletOf(p[1].User)
	s.do(t, purse.Needs{Accounts: []ledger.AccountID{from, to}}, func(f *purse.Facts) error {
		h, err := f.Hold(from, to, minor, ledger.Cause{Kind: ledger.CausePayment, ID: int64(p[0].User)}, f.Now.Add(life))
		id = h.ID
		return err
	})
	return p, id
}

func capture(id ledger.TransferID, minor int64) purse.Command {
	return on(purse.Needs{Holds: []ledger.TransferID{id}}, func(f *purse.Facts) error {
		_, err := f.Capture(id, minor)
		return err
	})
}

func release(id ledger.TransferID) purse.Command {
	return on(purse.Needs{Holds: []ledger.TransferID{id}}, func(f *purse.Facts) error {
		_, err := f.Release(id)
		return err
	})
}

// totals checks the four totals of a wallet: debits posted and held, credits
// posted and held.
func (s *server) totals(t *testing.T, who purse.Actor, want [4]int64) {
	t.Helper()
	a := s.account(t, purse.WalletOf(who.User))
	if got := [4]int64{a.DebitsPosted, a.DebitsHeld, a.CreditsPosted, a.CreditsHeld}; got != want {
		t.Errorf("totals %v, want %v", got, want)
	}
}

func (s *server) holdIs(t *testing.T, id ledger.TransferID, want string) {
	t.Helper()
	got := s.texts(t, "select state || ' ' || captured || ' ' || case when resolved > id then 'resolved' else 'unresolved' end from holds where id = "+decimal(id))
	if len(got) != 1 || got[0] != want {
		t.Errorf("the hold is %v, want %s", got, want)
	}
}

func testRingFence(t *testing.T, s *server) {
	p, id := held(t, s, 60, time.Hour)
	s.totals(t, p[0], [4]int64{0, 60, 100, 0})
	s.totals(t, p[1], [4]int64{0, 0, 100, 60})
	s.holdIs(t, id, "open 0 unresolved")
	_, err := s.pay(t.Context(), p[0], p[1], 41, "")
	refused(t, err, purse.CodeFunds)
	s.mustPay(t, p[0], p[1], 40, "")
	_, err = s.pay(t.Context(), p[1], p[0], 141, "")
	refused(t, err, purse.CodeFunds) // what is held in one's favour is not there yet
}

func testPartialCapture(t *testing.T, s *server) {
	p, id := held(t, s, 60, time.Hour)
	refused(t, s.Execute(t.Context(), capture(id, 61)), purse.CodeAmount)
	refused(t, s.Execute(t.Context(), capture(id, 0)), purse.CodeAmount)
	if err := s.Execute(t.Context(), capture(id, 25)); err != nil {
		t.Fatal(err)
	}
	s.totals(t, p[0], [4]int64{25, 0, 100, 0})
	s.totals(t, p[1], [4]int64{0, 0, 125, 0})
	s.holdIs(t, id, "captured 25 resolved")
	rows := s.texts(t, "select kind, debit, minor, hold, debits_posted, debits_held from postings where number = 3 and account = "+decimal(p[0].User))
	if want := "capture\x011\x0125\x01" + decimal(id) + "\x0125\x010"; len(rows) != 1 || rows[0] != want {
		t.Errorf("the payer's posting is %q, want %q", rows, want)
	}
}

func testRelease(t *testing.T, s *server) {
	p, id := held(t, s, 60, time.Hour)
	if err := s.Execute(t.Context(), release(id)); err != nil {
		t.Fatal(err)
	}
	s.totals(t, p[0], [4]int64{0, 0, 100, 0})
	s.totals(t, p[1], [4]int64{0, 0, 100, 0})
	s.holdIs(t, id, "released 0 resolved")
}

func testEndedHold(t *testing.T, s *server) {
	for _, end := range []func(ledger.TransferID) purse.Command{release, func(id ledger.TransferID) purse.Command { return capture(id, 10) }} {
		_, id := held(t, s, 60, time.Hour)
		if err := s.Execute(t.Context(), end(id)); err != nil {
			t.Fatal(err)
		}
		before := s.digest(t)
		for _, again := range []purse.Command{capture(id, 10), capture(id, 60), release(id)} {
			refused(t, s.Execute(t.Context(), again), purse.CodeInvalid)
		}
		for _, err := range s.together(t, capture(id, 10), release(id)) {
			refused(t, err, purse.CodeInvalid)
		}
		s.unchanged(t, before)
	}
	refused(t, s.Execute(t.Context(), capture(12345, 1)), purse.CodeNotFound)
}

func testExpiredHold(t *testing.T, s *server) {
	p, id := held(t, s, 60, 15*time.Minute)
	s.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(15 * time.Minute) })
	before := s.digest(t)
	refused(t, s.Execute(t.Context(), capture(id, 10)), purse.CodeInvalid)
	s.unchanged(t, before)
	s.has(t, p[0], 40) // until it is released
	if err := s.Execute(t.Context(), release(id)); err != nil {
		t.Fatal(err)
	}
	s.has(t, p[0], 100)
}

func testRacingCaptures(t *testing.T, s *server) {
	p, id := held(t, s, 60, time.Hour)
	errs := s.together(t, capture(id, 10), capture(id, 20), release(id))
	if errs[0] != nil {
		t.Error(errs[0])
	}
	refused(t, errs[1], purse.CodeInvalid)
	refused(t, errs[2], purse.CodeInvalid)
	s.has(t, p[0], 90)
	s.has(t, p[1], 110)
}
