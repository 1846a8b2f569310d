package storetest

import (
	"testing"
	"time"

	"purse"
)

const keepAnswers = 7 * 24 * time.Hour

func testTidy(t *testing.T, open Open) {
	t.Run("NothingYoungIsCleared", func(t *testing.T) {
		s := start(t, open)
		p := s.crowd(t, 2, 100)
		s.mustPay(t, p[0], p[1], 1, "young")
		before := s.digest(t)
		s.tidy(t)
		s.unchanged(t, before)
	})
	t.Run("BatchRowsGoAfterAnHour", func(t *testing.T) { testTidyBatches(t, start(t, open)) })
	t.Run("OldAnswersArePurgedAndTheirKeysStay", func(t *testing.T) { testTidyAnswers(t, start(t, open)) })
	t.Run("EveryOldAnswerIsReached", func(t *testing.T) { testTidyMany(t, start(t, open)) })
	t.Run("OldTicketsAndSessionsGo", func(t *testing.T) { testTidyPeople(t, start(t, open)) })
	t.Run("EveryOldTicketIsReached", func(t *testing.T) { testTidyTickets(t, start(t, open)) })
	t.Run("ItMayRunBesidePayments", func(t *testing.T) { testTidyBesidePayments(t, start(t, open)) })
}

func (s *server) tidy(t testing.TB) {
	t.Helper()
	if err := s.Tidy(t.Context(), keepAnswers); err != nil {
		t.Fatalf("tidy: %v", err)
	}
}

func testTidyBatches(t *testing.T, s *server) {
	p := s.crowd(t, 2, 100)
	s.mustPay(t, p[0], p[1], 1, "old")
	old := s.count(t, "batches where book = 1")
	s.later(t, 2*time.Hour) // one batch of the old time and one of the new
	s.mustPay(t, p[0], p[1], 1, "new")
	before := s.digest(t)
	s.tidy(t)
	s.unchanged(t, before, "batches")
	if n := s.count(t, "batches where book = 1"); n != 2 || old < 2 {
		t.Errorf("%d batch rows of the main book are left of %d old ones and 2 new ones", n, old+1)
	}
}

func testTidyAnswers(t *testing.T, s *server) {
	p := s.crowd(t, 2, 100)
	s.mustPay(t, p[0], p[1], 1, "old")
	s.later(t, keepAnswers-time.Hour)
	young := s.mustPay(t, p[0], p[1], 2, "young")
	s.later(t, 2*time.Hour)
	before := s.digest(t)
	s.tidy(t)
	s.unchanged(t, before, "batches", "once")
	row := func(key string) string {
		got := s.texts(t, "select purged || ' ' || length(header) || ' ' || length(body) || ' ' || status || ' ' || fingerprint from once where key = '"+key+"'")
		if len(got) != 1 {
			t.Fatalf("key %s: %v", key, got)
		}
		return got[0]
	}
	if got, want := row("old"), "1 0 0 200 pay 1 to "+p[1].User.String(); got != want {
		t.Errorf("the old key is %q, want %q", got, want)
	}
	if got := row("young"); got[0] != '0' {
		t.Errorf("the young key is %q", got)
	}
	sameAnswer(t, young, s.mustPay(t, p[0], p[1], 2, "young"))
	_, err := s.pay(t.Context(), p[0], p[1], 1, "old")
	refused(t, err, purse.CodeKeyReused)
	s.has(t, p[0], 97)
}

// testTidyMany has more keys than one step of the walk takes.
func testTidyMany(t *testing.T, s *server) {
	const keys = 1200
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for i := range keys {
			once := purse.Once{Principal: purse.Principal{ID: int64(i % 7), App: purse.AppID(i % 3)}, Key: "key " + decimal(i)}
			f.Answer(once, purse.Answer{Status: 200, Body: "x"})
		}
		return nil
	})
	s.later(t, keepAnswers+time.Hour)
	s.tidy(t)
	if n := s.count(t, "once where purged = 1 and body = ''"); n != keys {
		t.Errorf("%d of %d old answers are purged", n, keys)
	}
	before := s.digest(t)
	s.tidy(t)
	s.unchanged(t, before, "batches")
}

// testTidyPeople has tickets and sessions that expire in turn: what was used is known
// as used for a day after it expired.
func testTidyPeople(t *testing.T, s *server) {
	const day = 24 * time.Hour
	var begun purse.Time
	s.inDirectory(t, purse.Needs{}, func(f *purse.Facts) error {
		begun = f.Now
		for i := range 5 {
			expires := f.Now.Add(time.Duration(i) * day)
			f.Put(purse.Ticket{Hash: purse.TicketHash("t" + decimal(i)), Kind: purse.TicketCode, Expires: expires, Used: f.Now})
			f.Put(purse.Session{Hash: purse.SessionHash("s" + decimal(i)), ID: purse.SessionID(f.NextID()), Expires: expires, Ended: f.Now})
		}
		return nil
	})
	left := func(tickets, sessions int64) {
		t.Helper()
		before := s.digest(t)
		s.tidy(t)
		s.unchanged(t, before, "tickets", "sessions", "batches")
		if n := s.count(t, "tickets"); n != tickets {
			t.Errorf("%d tickets are left, want %d", n, tickets)
		}
		if n := s.count(t, "sessions"); n != sessions {
			t.Errorf("%d sessions are left, want %d", n, sessions)
		}
	}
	at := func(after time.Duration) {
		t.Helper()
		s.inDirectory(t, purse.Needs{}, func(f *purse.Facts) error {
			return f.AdvanceClock(time.Duration(begun.Add(after)-f.Now) * time.Microsecond)
		})
		s.inDirectory(t, purse.Needs{}, func(f *purse.Facts) error { // the head moves on
			f.Put(purse.NewAction(f, "test", "later", "", ""))
			return nil
		})
	}
	left(5, 5)
	at(23 * time.Hour)
	left(5, 5)
	at(2*day + time.Hour) // t1 expired 25 hours ago, t2 an hour ago
	left(3, 5)
	if v, _, err := s.Ticket(t.Context(), "t2"); err != nil || v.Used == 0 {
		t.Errorf("a used ticket that has just expired: %+v, %v", v, err)
	}
	at(31*day + time.Hour) // s1 expired 30 days and an hour ago
	left(0, 3)
}

// testTidyTickets has more tickets than one transaction takes, and one that is made
// anew under the hash of an old one while they go.
func testTidyTickets(t *testing.T, s *server) {
	const tickets = 1200
	s.inDirectory(t, purse.Needs{}, func(f *purse.Facts) error {
		for i := range tickets {
			f.Put(purse.Ticket{Hash: purse.TicketHash("t" + decimal(i)), Kind: purse.TicketVerify, Expires: f.Now})
		}
		return nil
	})
	s.inDirectory(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(48 * time.Hour) })
	renew := purse.Command{Book: purse.Directory, Needs: purse.Needs{Tickets: []purse.TicketHash{"t0"}}, Decide: func(f *purse.Facts) error {
		_, _ = f.Ticket("t0")
		f.Put(purse.Ticket{Hash: "t0", Kind: purse.TicketVerify, Expires: f.Now.Add(time.Hour)})
		return nil
	}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 5 {
			if err := s.Execute(t.Context(), renew); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 3 {
		s.tidy(t)
	}
	wait(t, done, "the commands to end")
	s.tidy(t)
	if n := s.count(t, "tickets"); n != 1 {
		t.Errorf("%d tickets are left, want the one that is good", n)
	}
}

func testTidyBesidePayments(t *testing.T, s *server) {
	p := s.crowd(t, 2, 1000)
	for i := range 5 {
		s.mustPay(t, p[0], p[1], 1, "old "+decimal(i))
	}
	s.later(t, keepAnswers+time.Hour)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := s.pay(t.Context(), p[0], p[1], 1, "beside "+decimal(i%50)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for range 10 {
		s.tidy(t)
	}
	close(stop)
	wait(t, stopped, "the payments to end")
	s.balanced(t)
}
