package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/ledger"
)

// testHub is about what is listed and found of what merchants do.
func testHub(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("HandlesAreListedNewestFirst", func(t *testing.T) { testHandleList(t, s) })
	t.Run("OperationsAreListedByKind", func(t *testing.T) { testOperationList(t, s) })
	t.Run("ACountStopsAtTenThousand", func(t *testing.T) { testLongList(t, s) })
	t.Run("WhatCameOfAnOperation", func(t *testing.T) { testUnder(t, s) })
	t.Run("OverdueHandlesWaitOrAreHeld", func(t *testing.T) { testOverdueHandles(t, s) })
	t.Run("UnsettledSalesAreFoundAtTheirDeadline", func(t *testing.T) { testUnsettled(t, s) })
	t.Run("AgreementsOfAPersonAreListedNewestFirstAndRevokedLast", func(t *testing.T) { testMandatesOf(t, s) })
	t.Run("MerchantsAreListedInOrder", func(t *testing.T) { testMerchantList(t, s) })
	t.Run("NewsAreReadAfterACursor", func(t *testing.T) { testEvents(t, s) })
	t.Run("PostingsAreListedNewestFirst", func(t *testing.T) { testPostings(t, s) })
	s.balanced(t)
}

// hour is a moment in hours since the epoch, of identifiers that a test makes up.
func hour(n int) purse.Time { return purse.Epoch.Add(time.Duration(n) * time.Hour) }

// listing is a query, and the numbers of the rows that it is to list.
type listing struct {
	query purse.HubQuery
	count int
	want  []int
}

// listings ask for seven rows, one an hour; those of hours 3 and 5 have the
// reference "same".
var listings = []listing{
	{purse.HubQuery{To: hour(100), Limit: 10}, 7, []int{7, 6, 5, 4, 3, 2, 1}},
	{purse.HubQuery{To: hour(100), Limit: 3}, 7, []int{7, 6, 5}},
	{purse.HubQuery{To: hour(100), Limit: 3, Offset: 2}, 7, []int{5, 4, 3}},
	{purse.HubQuery{To: hour(100), Limit: 3, Offset: 6}, 7, []int{1}},
	{purse.HubQuery{To: hour(100), Limit: 3, Offset: 7}, 7, nil},
	{purse.HubQuery{To: hour(100), Limit: 3, Offset: 50}, 7, nil},
	{purse.HubQuery{From: hour(3), To: hour(6), Limit: 10}, 3, []int{5, 4, 3}},
	{purse.HubQuery{From: hour(3) + 1, To: hour(6) + 1, Limit: 2}, 3, []int{6, 5}},
	{purse.HubQuery{From: hour(6), To: hour(3), Limit: 2}, 0, nil},
	{purse.HubQuery{Ref: "same", To: hour(100), Limit: 10}, 2, []int{5, 3}},
	{purse.HubQuery{Ref: "same", To: hour(100), Limit: 10, Offset: 1}, 2, []int{3}},
	{purse.HubQuery{Ref: "same", From: hour(4), To: hour(100), Limit: 10}, 1, []int{5}},
	{purse.HubQuery{Ref: "same", To: hour(5), Limit: 10}, 1, []int{3}},
	{purse.HubQuery{Ref: "SAME", To: hour(100), Limit: 10}, 0, nil},
	{purse.HubQuery{Limit: 10}, 0, nil}, // To is the epoch
}

// listedRef is the reference of a row of an hour.
func listedRef(n int) string {
	if n == 3 || n == 5 {
		return "same"
	}
	return fmt.Sprint("ref ", n)
}

func testHandleList(t *testing.T, s *server) {
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for _, m := range []purse.MerchantID{6000, 6001} {
			for n := 1; n <= 7; n++ {
				h := handleOf(m, purse.HandleID(purse.FirstID(hour(n))))
				h.Ref, h.Status = listedRef(n), purse.HandleFailed
				f.Put(h)
			}
		}
		return nil
	})
	for _, l := range listings {
		l.query.Merchant = 6000
		rows, count, err := s.Handles(t.Context(), purse.MainBook, l.query)
		var got []int
		for _, h := range rows {
			got = append(got, int((h.Created()-purse.Epoch)/(hour(1)-purse.Epoch)))
			if h.Merchant != 6000 || h.Ref != listedRef(got[len(got)-1]) {
				t.Errorf("%+v lists %+v", l.query, h)
			}
		}
		if err != nil || count != l.count || !slices.Equal(got, l.want) {
			t.Errorf("%+v: %v of %d, %v, want %v of %d", l.query, got, count, err, l.want, l.count)
		}
	}
	if _, n, err := s.Handles(t.Context(), purse.Directory, purse.HubQuery{Merchant: 6000, To: hour(100), Limit: 1}); n != 0 || err != nil {
		t.Errorf("another book has %d, %v", n, err)
	}
}

func testOperationList(t *testing.T, s *server) {
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for _, kind := range purse.OperationKinds {
			for n := 1; n <= 7; n++ {
				key := purse.OperationKey{Merchant: 6010, Kind: kind, ID: purse.OperationID(purse.FirstID(hour(n)))}
				f.Put(purse.Operation{OperationKey: key, Ref: listedRef(n), Status: purse.OperationFailed, Version: 1})
			}
		}
		return nil
	})
	for _, kind := range purse.OperationKinds {
		for _, l := range listings {
			l.query.Merchant = 6010
			rows, count, err := s.Operations(t.Context(), purse.MainBook, kind, l.query)
			var got []int
			for _, o := range rows {
				got = append(got, int((o.Created()-purse.Epoch)/(hour(1)-purse.Epoch)))
				if o.Kind != kind || o.Ref != listedRef(got[len(got)-1]) {
					t.Errorf("%s %+v lists %+v", kind, l.query, o)
				}
			}
			if err != nil || count != l.count || !slices.Equal(got, l.want) {
				t.Errorf("%s %+v: %v of %d, %v, want %v of %d", kind, l.query, got, count, err, l.want, l.count)
			}
		}
	}
	if _, n, err := s.Operations(t.Context(), purse.MainBook, purse.Sale, purse.HubQuery{Merchant: 6011, To: hour(100), Limit: 1}); n != 0 || err != nil {
		t.Errorf("another merchant has %d, %v", n, err)
	}
}

// testLongList has rows that only the tables know of.
func testLongList(t *testing.T, s *server) {
	const most = 10_000
	for _, text := range []string{
		`insert into handles select 1, 6020, n, 'PAYMENT', 'long', 'long ' || n, 0, '', 0, 1, 'FAILED', '', '', 0, 0, '', '', '', 0, 0, 0, 1 from numbers`,
		`insert into operations select 1, 6020, 'sale', n, 'long', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 'FAILED', '', '', '', 0, 1 from numbers`,
	} {
		into, rows, _ := strings.Cut(text, "select")
		numbers := fmt.Sprintf("with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < %d) select", most+50)
		if _, err := s.db.ExecContext(t.Context(), into+numbers+rows); err != nil {
			t.Fatal(err)
		}
	}
	for _, ref := range []string{"", "long"} {
		q := purse.HubQuery{Merchant: 6020, Ref: ref, To: hour(100), Limit: 3, Offset: most - 2}
		handles, n, err := s.Handles(t.Context(), purse.MainBook, q)
		if err != nil || n != most || len(handles) != 3 || handles[0].ID != 52 {
			t.Errorf("reference %q: %d handles of %d, %v", ref, len(handles), n, err)
		}
		sales, n, err := s.Operations(t.Context(), purse.MainBook, purse.Sale, q)
		if err != nil || n != most || len(sales) != 3 || sales[0].ID != 52 {
			t.Errorf("reference %q: %d sales of %d, %v", ref, len(sales), n, err)
		}
	}
}

func testUnder(t *testing.T, s *server) {
	const m = 6030
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		put := func(kind purse.OperationKind, id, parent purse.OperationID) {
			f.Put(purse.Operation{OperationKey: purse.OperationKey{Merchant: m, Kind: kind, ID: id}, Ref: "r", Parent: parent, Status: purse.OperationCompleted, Version: 1})
		}
		put(purse.Sale, 50, 0)
		put(purse.Settlement, 50, 50) // its own
		put(purse.Refund, 52, 50)
		put(purse.Refund, 51, 50)
		put(purse.Sale, 60, 0)
		put(purse.Settlement, 61, 60)
		put(purse.Void, 62, 60)
		put(purse.Refund, 63, 61)
		for i := range purse.OperationID(110) {
			put(purse.Refund, 200+i, 70)
		}
		return nil
	})
	for parent, want := range map[purse.OperationID][]purse.OperationID{50: {51, 52}, 60: {61, 62}, 61: {63}, 62: nil, 0: nil} {
		rows, err := s.Under(t.Context(), purse.MainBook, parent)
		var got []purse.OperationID
		for _, o := range rows {
			if got = append(got, o.ID); o.Parent != parent || o.Merchant != m {
				t.Errorf("under %d there is %+v", parent, o)
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("under %d: %v, %v, want %v", parent, got, err, want)
		}
	}
	if rows, err := s.Under(t.Context(), purse.MainBook, 70); err != nil || len(rows) != 100 || rows[0].ID != 200 || rows[99].ID != 299 {
		t.Errorf("of many there are %d, %v", len(rows), err)
	}
}

// merchant makes a merchant with minor units on its balance.
func (s *server) merchant(t testing.TB, minor int64) purse.MerchantID {
	t.Helper()
	var m purse.MerchantID
	s.do(t, purse.Needs{Accounts: []ledger.AccountID{purse.TreasuryAccount}}, func(f *purse.Facts) error {
		m = purse.MerchantID(f.NextID())
		f.Put(purse.Merchant{ID: m, Book: f.Book.ID, Name: "Shop", Accepts: true, Life: purse.AuthorizationLife, Created: f.Now})
		f.Put(purse.Account{Account: ledger.Account{ID: purse.BalanceOf(m), Currency: f.Book.Currency}, Kind: purse.Balance})
		if minor == 0 {
			return nil
		}
		_, err := f.Move(purse.TreasuryAccount, purse.BalanceOf(m), minor, ledger.Cause{Kind: ledger.CauseTreasury, ID: f.NextID()})
		return err
	})
	return m
}

// testOverdueHandles has one handle of each kind at each of several moments.
func testOverdueHandles(t *testing.T, s *server) {
	p, m := s.crowd(t, 1, 1000)[0], s.merchant(t, 1000)
	wallet, balance := purse.WalletOf(p.User), purse.BalanceOf(m)
	var made []purse.Handle // overdue in this order
	var last purse.Time
	s.do(t, purse.Needs{Accounts: []ledger.AccountID{wallet, balance}}, func(f *purse.Facts) error {
		made = nil
		for i, status := range []purse.HandleStatus{
			purse.HandleInitiated, purse.HandleProcessing, purse.HandlePayable, purse.HandlePayable, // waiting, asked, a payment, a credit
			purse.HandleCompleted, purse.HandleFailed, purse.HandleExpired, purse.HandlePayable, // ended, and usable many times
			purse.HandlePayable, purse.HandleInitiated,
		} {
			h := handleOf(m, purse.HandleID(f.NextID()))
			h.Status, h.Multi = status, i == 7
			from, to := wallet, balance
			if i == 3 {
				from, to = balance, wallet
			}
			if status == purse.HandlePayable && !h.Multi {
				held, err := f.Hold(from, to, 5, h.Cause(), h.Deadline())
				if err != nil {
					return err
				}
				h.Hold = held.ID
			}
			f.Put(h)
			if h.Open() && !h.Multi {
				made = append(made, h)
			}
			last = h.Created()
		}
		// Money that is held for what else there is with such a number is none of theirs.
		_, err := f.Hold(wallet, balance, 5, ledger.Cause{Kind: ledger.CauseOperation, ID: int64(made[0].ID)}, f.Now)
		return err
	})
	overdue := func(now purse.Time, limit int, want []purse.Handle) {
		t.Helper()
		got, err := s.OverdueHandles(t.Context(), purse.MainBook, now, limit)
		var keys []purse.HandleKey
		for _, h := range want {
			keys = append(keys, h.HandleKey)
		}
		if err != nil || !slices.Equal(got, keys) {
			t.Errorf("at %d up to %d: %v, %v, want %v", now, limit, got, err, keys)
		}
	}
	for i, h := range made {
		overdue(h.Deadline()-1, 100, made[:i])
		overdue(h.Deadline(), 100, made[:i+1])
	}
	overdue(last.Add(time.Hour), 100, made)
	for limit := range made {
		overdue(last.Add(time.Hour), limit, made[:limit])
	}
	// One by one they come to an end.
	for i, h := range made {
		s.do(t, purse.Needs{Handles: []purse.HandleKey{h.HandleKey}, Holds: []ledger.TransferID{h.Hold}}, func(f *purse.Facts) error {
			if h.Hold != 0 {
				if _, err := f.Release(h.Hold); err != nil {
					return err
				}
			}
			h.Status, h.Version = purse.HandleExpired, 2
			f.Put(h)
			return nil
		})
		overdue(last.Add(time.Hour), 100, made[i+1:])
	}
	s.do(t, purse.Needs{OpenHolds: []ledger.Cause{{Kind: ledger.CauseOperation, ID: int64(made[0].ID)}}}, func(f *purse.Facts) error {
		open, err := f.OpenHolds(ledger.Cause{Kind: ledger.CauseOperation, ID: int64(made[0].ID)})
		if err == nil && len(open) == 1 {
			_, err = f.Release(open[0].ID)
		}
		return err
	})
}

func testUnsettled(t *testing.T, s *server) {
	const m = 6050
	sale := func(id purse.OperationID, hold ledger.TransferID, deadline purse.Time) purse.Operation {
		return purse.Operation{
			OperationKey: purse.OperationKey{Merchant: m, Kind: purse.Sale, ID: id}, Ref: "r", Hold: hold, Deadline: deadline,
			Status: purse.OperationCompleted, Version: 1,
		}
	}
	first, second, third := sale(100, 1, 20), sale(102, 2, 10), sale(101, 3, 10)
	needs := purse.Needs{Operations: []purse.OperationKey{first.OperationKey}}
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for _, o := range []purse.Operation{first, second, third, sale(103, 0, 10), sale(104, 0, 0)} {
			f.Put(o)
		}
		return nil
	})
	unsettled := func(now purse.Time, limit int, want ...purse.Operation) {
		t.Helper()
		got, err := s.Unsettled(t.Context(), purse.MainBook, now, limit)
		var keys []purse.OperationKey
		for _, o := range want {
			keys = append(keys, o.OperationKey)
		}
		if err != nil || !slices.Equal(got, keys) {
			t.Errorf("at %d up to %d: %v, %v, want %v", now, limit, got, err, keys)
		}
	}
	unsettled(9, 10)
	unsettled(10, 10, third, second)
	unsettled(19, 10, third, second)
	unsettled(20, 10, third, second, first)
	unsettled(20, 1, third)
	s.do(t, needs, func(f *purse.Facts) error { first.Hold = 0; f.Put(first); return nil })
	unsettled(20, 10, third, second)
}

func testMandatesOf(t *testing.T, s *server) {
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for i := range purse.MandateID(5) {
			f.Put(purse.Mandate{
				MandateKey: purse.MandateKey{Merchant: 6060 + purse.MerchantID(i%2), Consumer: fmt.Sprint("c", i)}, ID: 10 - i,
				Person: 370 + purse.UserID(i/4), Revoked: purse.Time(i % 3), Version: 1,
			})
		}
		return nil
	})
	for _, tc := range []struct {
		person purse.UserID
		limit  int
		want   []purse.MandateID
	}{{370, 10, []purse.MandateID{10, 7, 9, 8}}, {370, 2, []purse.MandateID{10, 7}}, {371, 10, []purse.MandateID{6}}, {372, 10, nil}} {
		all, err := s.MandatesOf(t.Context(), purse.MainBook, tc.person, tc.limit)
		var got []purse.MandateID
		for _, m := range all {
			got = append(got, m.ID)
		}
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%d has %v, %v, want %v", tc.person, got, err, tc.want)
		}
	}
	key := purse.MandateKey{Merchant: 6061, Consumer: "c3"}
	s.do(t, purse.Needs{Mandates: []purse.MandateKey{key}}, func(f *purse.Facts) error { // given anew, by somebody else
		m, err := f.Mandate(key)
		m.Person, m.Revoked = 372, 0
		f.Put(m)
		return err
	})
	for person, want := range map[purse.UserID]int{370: 3, 372: 1} {
		if all, err := s.MandatesOf(t.Context(), purse.MainBook, person, 10); err != nil || len(all) != want {
			t.Errorf("then %d has %d, %v", person, len(all), err)
		}
	}
}

func testMerchantList(t *testing.T, s *server) {
	s.inDirectory(t, purse.Needs{}, func(f *purse.Facts) error {
		for i := range purse.MerchantID(4) { // behind all others
			f.Put(purse.Merchant{ID: 1<<62 - i*2, Book: 1, Name: "Last", Closed: purse.Time(i % 2)})
		}
		return nil
	})
	for _, tc := range []struct {
		after purse.MerchantID
		limit int
		want  []purse.MerchantID // before 1<<62
	}{{1<<62 - 7, 10, []purse.MerchantID{6, 4, 2, 0}}, {1<<62 - 6, 2, []purse.MerchantID{4, 2}}, {1<<62 - 1, 10, []purse.MerchantID{0}}, {1 << 62, 10, nil}} {
		all, err := s.MerchantsAfter(t.Context(), tc.after, tc.limit)
		var got []purse.MerchantID
		for _, m := range all {
			got = append(got, 1<<62-m.ID)
		}
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("after %d: %v, %v, want %v", tc.after, got, err, tc.want)
		}
	}
}

func testEvents(t *testing.T, s *server) {
	newest := s.number(t, "select max(id) from events where book = 1")
	h := handleOf(6070, 7)
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		f.Emit(purse.HandleWasInitiated, h)
		return nil
	})
	h.Status, h.Version = purse.HandleProcessing, 2
	refused(t, s.Execute(t.Context(), on(purse.Needs{}, func(f *purse.Facts) error { f.Emit(purse.HandleHasFailed, h); return errNo })), codeNo)
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		f.Emit(purse.HandleIsProcessing, h)
		f.Emit(purse.HandleIsPayable, h)
		return nil
	})
	all, err := s.Events(t.Context(), purse.MainBook, newest, 100)
	if err != nil || len(all) != 3 || all[0].ID <= newest || all[0].ID >= all[1].ID || all[1].ID >= all[2].ID {
		t.Fatalf("%+v, %v", all, err)
	}
	if e := all[1]; e.Kind != purse.HandleIsProcessing || e.Subject != 7 || e.Seq != 2 || !strings.Contains(e.Snapshot, `"status":"PROCESSING"`) {
		t.Errorf("%+v", e)
	}
	for i, limit := range []int{1, 2, 3} {
		if got, err := s.Events(t.Context(), purse.MainBook, newest, limit); err != nil || !slices.Equal(got, all[:i+1]) {
			t.Errorf("the first %d are %+v, %v", limit, got, err)
		}
	}
	if got, err := s.Events(t.Context(), purse.MainBook, all[0].ID, 10); err != nil || !slices.Equal(got, all[1:]) {
		t.Errorf("after the first there are %+v, %v", got, err)
	}
	if got, err := s.Events(t.Context(), purse.MainBook, all[2].ID, 10); err != nil || len(got) != 0 {
		t.Errorf("after the last there are %+v, %v", got, err)
	}
}

func testPostings(t *testing.T, s *server) {
	p, m := s.crowd(t, 1, 1000)[0], s.merchant(t, 0)
	wallet, balance := purse.WalletOf(p.User), purse.BalanceOf(m)
	cause := ledger.Cause{Kind: ledger.CauseHandle, ID: 77}
	var hold, took ledger.TransferID
	s.do(t, purse.Needs{Accounts: []ledger.AccountID{wallet, balance}}, func(f *purse.Facts) error {
		h, err := f.Hold(wallet, balance, 60, cause, f.Now.Add(time.Hour))
		if err != nil {
			return err
		}
		hold = h.ID
		took, err = f.Capture(h.ID, 25)
		return err
	})
	all, err := s.Postings(t.Context(), purse.MainBook, wallet, 0, 10)
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	want := ledger.Posting{
		Account: wallet, Number: 3, Transfer: took, Kind: ledger.Capture, Debit: true, Other: balance, OtherNumber: 2, Minor: 25,
		Hold: hold, Cause: cause, DebitsPosted: 25, CreditsPosted: 1000,
	}
	if all[0] != want {
		t.Errorf("the newest is %+v, want %+v", all[0], want)
	}
	if all[1].Kind != ledger.Hold || all[1].DebitsHeld != 60 || all[2].Kind != ledger.Move || all[2].Debit {
		t.Errorf("%+v", all[1:])
	}
	for _, tc := range []struct {
		before int64
		limit  int
		want   []ledger.Posting
	}{{0, 2, all[:2]}, {3, 10, all[1:]}, {3, 1, all[1:2]}, {1, 10, nil}} {
		if got, err := s.Postings(t.Context(), purse.MainBook, wallet, tc.before, tc.limit); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("before %d up to %d: %+v, %v", tc.before, tc.limit, got, err)
		}
	}
	if got, err := s.Postings(t.Context(), purse.Directory, wallet, 0, 10); err != nil || len(got) != 0 {
		t.Errorf("another book has %+v, %v", got, err)
	}
}
