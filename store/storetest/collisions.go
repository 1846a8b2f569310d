package storetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"purse"
)

// testCollisions is about rows that writers of two books both insert: whoever
// verifies an address and whoever pays to it.
func testCollisions(t *testing.T, open Open) {
	s := start(t, open)
	t.Run("WhoComesSecondDecidesOnceMore", func(t *testing.T) { testInsertedByBoth(t, s) })
	t.Run("AmongOthersToo", func(t *testing.T) { testInsertedByBothAmongOthers(t, s) })
	t.Run("OneRowAfterTheOther", func(t *testing.T) { testInsertedOneByOne(t, s) })
	t.Run("TwiceIsRefused", func(t *testing.T) { testInsertedTwice(t, s) })
	t.Run("ManyAtOnceNeverWaitInACircle", func(t *testing.T) { testCircles(t, s) })
}

// take makes a command of a book that makes somebody the owner of an address,
// unless it has one. It waits for meet in its first run, and counts its runs.
func take(book purse.BookID, a purse.Address, owner purse.UserID, meet func(), runs *atomic.Int64) purse.Command {
	return purse.Command{Book: book, Needs: purse.Needs{Addresses: []purse.Address{a}}, Decide: func(f *purse.Facts) error {
		if runs.Add(1) == 1 {
			meet()
		}
		o, err := f.AddressOwner(a)
		if err == nil && o.Owner != 0 {
			return purse.Refuse(codeNo, "%d has it", o.Owner)
		}
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return err
		}
		f.Put(purse.AddressOwner{Address: a, Owner: owner, Since: f.Now})
		return nil
	}}
}

// meeting lets n callers go on once all of them are there.
func meeting(n int) func() {
	var group sync.WaitGroup
	group.Add(n)
	return func() { group.Done(); group.Wait() }
}

func testInsertedByBoth(t *testing.T, s *server) {
	s.onlyPostgres(t)
	for i := range 10 {
		a, meet := mail("both", i), meeting(2)
		var runs [2]atomic.Int64
		book := s.queue(t, t.Context(), take(purse.MainBook, a, 1, meet, &runs[0]))
		directory := s.queue(t, t.Context(), take(purse.Directory, a, 2, meet, &runs[1]))
		errs := []error{book.wait(t), directory.wait(t)}
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		if errs[winner] != nil {
			t.Errorf("nobody has it: %v", errs)
		}
		refused(t, errs[1-winner], codeNo)
		if o, err := s.AddressOwner(t.Context(), a); err != nil || o.Owner != purse.UserID(winner+1) {
			t.Errorf("%+v, %v", o, err)
		}
		if runs[winner].Load() != 1 || runs[1-winner].Load() != 2 {
			t.Errorf("who has it ran %d times, and who was refused %d times", runs[winner].Load(), runs[1-winner].Load())
		}
	}
}

// testInsertedByBothAmongOthers: those that share the batch of the second happen.
func testInsertedByBothAmongOthers(t *testing.T, s *server) {
	s.onlyPostgres(t)
	const n = 9
	before := s.count(t, "actions where name = 'beside'")
	a, meet := mail("among", 0), meeting(2)
	var runs [2]atomic.Int64
	free := s.busy(t, purse.MainBook)
	var all []*pending
	for i := range n {
		c := on(purse.Needs{}, func(f *purse.Facts) error {
			f.Put(purse.NewAction(f, "test", "beside", "", ""))
			return nil
		})
		if i == n/2 {
			c = take(purse.MainBook, a, 1, meet, &runs[0])
		}
		all = append(all, s.queue(t, context.Background(), c))
	}
	free()
	directory := s.queue(t, t.Context(), take(purse.Directory, a, 2, meet, &runs[1]))
	succeeded := 0
	for i, p := range append(all, directory) {
		err := p.wait(t)
		switch {
		case err == nil:
			succeeded++
		case i == n/2 || i == n:
			refused(t, err, codeNo)
		default:
			t.Errorf("command %d: %v", i, err)
		}
	}
	if beside := s.count(t, "actions where name = 'beside'") - before; succeeded != n || beside != n-1 {
		t.Errorf("%d of %d succeeded, and %d of those beside are stored", succeeded, n, beside)
	}
}

// testInsertedOneByOne: whoever adds several rows may come second with each of them.
func testInsertedOneByOne(t *testing.T, s *server) {
	s.onlyPostgres(t)
	const rows = 4
	var needs purse.Needs
	for i := range rows {
		needs.Addresses = append(needs.Addresses, mail("by one", i))
	}
	runs, had := 0, 0
	s.do(t, needs, func(f *purse.Facts) error {
		had = 0
		for i, a := range needs.Addresses {
			_, err := f.AddressOwner(a)
			switch {
			case err == nil:
				had++
			case purse.CodeOf(err) != purse.CodeNotFound:
				return err
			default:
				f.Put(purse.AddressOwner{Address: a, Since: f.Now})
			}
			if i == runs {
				s.meanwhileOwned(t, a)
			}
		}
		runs++
		return nil
	})
	if runs != rows+1 || had != rows {
		t.Errorf("it ran %d times, and found %d of %d rows", runs, had, rows)
	}
}

// testInsertedTwice: a command that did not look whether its row is there cannot be
// stored, and deciding again does not help it.
func testInsertedTwice(t *testing.T, s *server) {
	a := mail("twice", 0)
	succeed(t, []error{s.Execute(t.Context(), take(purse.Directory, a, 1, func() {}, new(atomic.Int64)))})
	for _, book := range []purse.BookID{purse.MainBook, purse.Directory} {
		before, runs := s.digest(t), 0
		refused(t, s.Execute(t.Context(), purse.Command{Book: book, Decide: func(f *purse.Facts) error {
			runs++
			f.Put(purse.AddressOwner{Address: a, Owner: 2, Since: f.Now})
			return nil
		}}), purse.CodeInternal)
		s.unchanged(t, before)
		if runs != 5 {
			t.Errorf("it ran %d times", runs)
		}
	}
}

// testCircles lets both writers take the same addresses, old ones in any order and
// a new one each.
func testCircles(t *testing.T, s *server) {
	const old, rounds = 20, 15
	s.do(t, purse.Needs{}, func(f *purse.Facts) error {
		for i := range old {
			f.Put(purse.AddressOwner{Address: mail("old", i), Since: f.Now})
		}
		return nil
	})
	before := s.Stats()
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for j := range rounds {
				needs := purse.Needs{Addresses: []purse.Address{mail("new", j)}}
				for k := range 4 {
					needs.Addresses = append(needs.Addresses, mail("old", (j+k*(2*i+1))%old))
				}
				err := s.Execute(context.Background(), purse.Command{Book: purse.BookID(i % 2), Needs: needs, Decide: func(f *purse.Facts) error {
					for _, a := range needs.Addresses {
						if _, err := f.AddressOwner(a); err != nil && purse.CodeOf(err) != purse.CodeNotFound {
							return err
						}
						f.Put(purse.AddressOwner{Address: a, Owner: purse.UserID(i + 1), Since: f.Now})
					}
					return nil
				}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	// A serializable transaction may have to run again without waiting for anybody.
	if retries := s.Stats().Retries - before.Retries; retries > 0 && !s.Options.Serializable {
		t.Errorf("%d batches had to be run again", retries)
	}
}
