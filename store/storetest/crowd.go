package storetest

import (
	"math/rand/v2"
	"sync"
	"testing"

	"purse"
)

func testCrowd(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("EverybodyPaysAnybody", func(t *testing.T) {
		testEverybodyPays(t, s, func(r *rand.Rand, i, n int) int { return (i + 1 + r.IntN(n-1)) % n })
	})
	t.Run("EverybodyPaysOne", func(t *testing.T) {
		testEverybodyPays(t, s, func(_ *rand.Rand, i, n int) int {
			if i == 0 {
				return 1
			}
			return 0
		})
	})
}

// testEverybodyPays lets 64 people pay at once, some of it twice and some of it
// more than they have.
func testEverybodyPays(t *testing.T, s *server, choose func(r *rand.Rand, i, n int) int) {
	const people, payments, start = 64, 8, 100
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	p := s.crowd(t, people, start)
	net := make([][]int64, people) // what each goroutine moved, by person
	var group sync.WaitGroup
	for i := range people {
		net[i] = make([]int64, people)
		group.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			for n := range payments {
				to, minor, key := choose(r, i, people), r.Int64N(60)+1, decimal(n)
				first, err := s.pay(t.Context(), p[i], p[to], minor, key)
				if purse.CodeOf(err) == purse.CodeFunds {
					continue
				}
				if err != nil {
					t.Errorf("person %d: %v", i, err)
					return
				}
				net[i][i] -= minor
				net[i][to] += minor
				if n%3 == 0 {
					again, err := s.pay(t.Context(), p[i], p[to], minor, key)
					if err != nil {
						t.Errorf("person %d repeats: %v", i, err)
					}
					sameAnswer(t, first, again)
				}
			}
		})
	}
	group.Wait()
	for i := range people {
		want := int64(start)
		for j := range people {
			want += net[j][i]
		}
		s.has(t, p[i], want)
	}
	s.balanced(t)
	if n, m := s.count(t, "payments"), s.count(t, "once"); n != m {
		t.Errorf("%d payments with %d keys", n, m)
	}
}
