package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"purse"
)

func testAnswer(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("SameKeyAndRequestGetTheSameBytes", func(t *testing.T) { testSameAnswer(t, s) })
	t.Run("SameKeyAndOtherRequestConflict", func(t *testing.T) { testKeyReused(t, s) })
	t.Run("TwinsHaveOneEffect", func(t *testing.T) { testTwins(t, s) })
	t.Run("ARefusalDoesNotSpendTheKey", func(t *testing.T) { testRefusalKeepsKey(t, s) })
	t.Run("AKeyBelongsToThePersonAndTheApp", func(t *testing.T) { testKeyOfPrincipal(t, s) })
	t.Run("AnAnswerWithoutAKeyIsNotStored", func(t *testing.T) {
		p := s.crowd(t, 2, 100)
		s.mustPay(t, p[0], p[1], 10, "")
		s.mustPay(t, p[0], p[1], 10, "")
		s.has(t, p[0], 80)
	})
	t.Run("AKeyOutlivesTheServer", func(t *testing.T) { testKeyAfterReopening(t, open) })
	t.Run("AKeyOutlivesItsAnswer", func(t *testing.T) { testPurgedKey(t, open) })
}

// sameAnswer checks that second is first, replayed.
func sameAnswer(t testing.TB, first, second purse.Answer) {
	t.Helper()
	if first.Replayed || !second.Replayed {
		t.Errorf("replayed: first %v, second %v", first.Replayed, second.Replayed)
	}
	if first.Status != second.Status || first.Header != second.Header || first.Body != second.Body {
		t.Errorf("the answers differ:\n%+v\n%+v", first, second)
	}
}

func testSameAnswer(t *testing.T, s *server) {
	p := s.crowd(t, 2, 100)
	first := s.mustPay(t, p[0], p[1], 10, "k")
	before := s.digest(t)
	for range 3 {
		sameAnswer(t, first, s.mustPay(t, p[0], p[1], 10, "k"))
	}
	s.unchanged(t, before)
	s.has(t, p[0], 90)
}

func testKeyReused(t *testing.T, s *server) {
	p := s.crowd(t, 2, 100)
	s.mustPay(t, p[0], p[1], 10, "k")
	before := s.digest(t)
	_, err := s.pay(t.Context(), p[0], p[1], 11, "k")
	refused(t, err, purse.CodeKeyReused)
	s.unchanged(t, before)
	first := s.mustPay(t, p[0], p[1], 11, "K ") // keys are compared as they are
	sameAnswer(t, first, s.mustPay(t, p[0], p[1], 11, "K "))
}

func testTwins(t *testing.T, s *server) {
	const pairs, twins = 20, 4
	p := s.crowd(t, 2, 1000)
	var group sync.WaitGroup
	answers := make([][twins]purse.Answer, pairs)
	for i := range pairs {
		for j := range twins {
			group.Go(func() {
				a, err := s.pay(t.Context(), p[0], p[1], 10, fmt.Sprint("pair ", i))
				if err != nil {
					t.Errorf("pair %d, twin %d: %v", i, j, err)
				}
				answers[i][j] = a
			})
		}
		if i%8 == 7 {
			group.Wait() // a person has a bounded number of places
		}
	}
	group.Wait()
	for i, twin := range answers {
		fresh := 0
		for _, a := range twin {
			if !a.Replayed {
				fresh++
			}
			if a.Body != twin[0].Body || a.Header != twin[0].Header {
				t.Errorf("twins of pair %d have different answers: %+v", i, twin)
			}
		}
		if fresh != 1 {
			t.Errorf("pair %d was carried out %d times", i, fresh)
		}
	}
	s.has(t, p[0], 1000-10*pairs)
}

func testRefusalKeepsKey(t *testing.T, s *server) {
	p := s.crowd(t, 3, 100)
	_, err := s.pay(t.Context(), p[0], p[1], 150, "k")
	refused(t, err, purse.CodeFunds)
	s.mustPay(t, p[2], p[0], 60, "")
	first := s.mustPay(t, p[0], p[1], 150, "k")
	sameAnswer(t, first, s.mustPay(t, p[0], p[1], 150, "k"))
	s.has(t, p[0], 10)
}

func testKeyOfPrincipal(t *testing.T, s *server) {
	p := s.crowd(t, 3, 100)
	renewed, app := p[0], p[0]
	renewed.Token = purse.TokenHash("renewed " + p[0].User.String())
	app.Token, app.App = purse.TokenHash("app "+p[0].User.String()), 17
	for i, a := range []purse.Actor{renewed, app} {
		err := s.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
			f.Put(purse.Token{Hash: a.Token, ID: purse.TokenID(i), User: a.User, App: a.App, Book: a.Book, Scopes: a.Scopes})
			if a.App != 0 {
				f.Put(purse.App{ID: a.App, Name: "An app", Medium: purse.MediumAPI, DayCap: purse.AppsOwnCap})
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	first := s.mustPay(t, p[0], p[1], 10, "k")
	sameAnswer(t, first, s.mustPay(t, renewed, p[1], 10, "k"))
	s.has(t, p[0], 90)
	for _, other := range []purse.Actor{app, p[2]} {
		if a := s.mustPay(t, other, p[1], 10, "k"); a.Replayed || a.Body == first.Body {
			t.Errorf("a key of somebody else's was taken for theirs: %+v", a)
		}
	}
	s.has(t, p[0], 80)
	s.has(t, p[2], 90)
}

func testKeyAfterReopening(t *testing.T, open Open) {
	n := found(t, open, purse.Sandbox)
	s := n.serve(t)
	p := s.crowd(t, 2, 100)
	first := s.mustPay(t, p[0], p[1], 10, "k")
	s.Close()
	s = n.serve(t)
	sameAnswer(t, first, s.mustPay(t, p[0], p[1], 10, "k"))
	_, err := s.pay(t.Context(), p[0], p[1], 12, "k")
	refused(t, err, purse.CodeKeyReused)
	s.has(t, p[0], 90)
}

func testPurgedKey(t *testing.T, open Open) {
	s := start(t, open)
	p := s.crowd(t, 2, 100)
	s.mustPay(t, p[0], p[1], 10, "k")
	s.later(t, 8*24*time.Hour)
	if err := s.Tidy(t.Context(), 7*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	before := s.digest(t)
	_, err := s.pay(t.Context(), p[0], p[1], 10, "k")
	refused(t, err, purse.CodeKeyReused)
	s.unchanged(t, before)
	s.has(t, p[0], 90)
}

// later moves a sandbox's clock, and gives the book an identifier of that time.
func (s *server) later(t testing.TB, by time.Duration) {
	t.Helper()
	s.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.AdvanceClock(by) })
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		f.Put(purse.NewAction(f, "test", "later", "", ""))
		return nil
	})
}
