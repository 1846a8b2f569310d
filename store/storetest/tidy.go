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
