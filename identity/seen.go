package identity

import (
	"context"
	"sync"
	"time"

	"purse"
)

// When a session or a grant was last used is kept in memory, and stored by
// FlushSeen: no request waits for that, and it may be lost when the process ends.
const (
	// seenEvery is how old the stored time of a session is before it is noted again.
	seenEvery = time.Minute
	// seenMax bounds the memory, and seenBatch is how many rows a command stores.
	seenMax   = 50_000
	seenBatch = 200
)

// seen is what was used since the last flush.
type seen struct {
	mu       sync.Mutex
	sessions map[purse.SessionHash]bool
	grants   map[purse.GrantID]bool
}

func (s *seen) session(h purse.SessionHash) { note(s, &s.sessions, h) }

// grant notes one; those of before there were grants are 0.
func (s *seen) grant(id purse.GrantID) {
	if id != 0 {
		note(s, &s.grants, id)
	}
}

// note leaves out what is too much; it will be used again.
func note[K comparable](s *seen, used *map[K]bool, k K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *used == nil {
		*used = map[K]bool{}
	}
	if len(*used) < seenMax {
		(*used)[k] = true
	}
}

// take empties a set into lists of at most seenBatch.
func take[K comparable](s *seen, used *map[K]bool) (lists [][]K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range *used {
		if n := len(lists); n == 0 || len(lists[n-1]) == seenBatch {
			lists = append(lists, nil)
		}
		lists[len(lists)-1] = append(lists[len(lists)-1], k)
	}
	*used = nil
	return lists
}

// FlushSeen stores which sessions and grants were used since it was called last:
// once a minute is often enough. Only the system calls it.
func (s *Service) FlushSeen(ctx context.Context) error {
	sessions, grants := take(&s.seen, &s.seen.sessions), take(&s.seen, &s.seen.grants)
	for i, list := range sessions {
		if err := s.flushSessions(ctx, list); err != nil {
			keep(sessions[i:], s.seen.session)
			keep(grants, s.seen.grant)
			return err
		}
	}
	for i, list := range grants {
		if err := s.flushGrants(ctx, list); err != nil {
			keep(grants[i:], s.seen.grant)
			return err
		}
	}
	return nil
}

// keep puts back what could not be stored.
func keep[K comparable](lists [][]K, note func(K)) {
	for _, list := range lists {
		for _, k := range list {
			note(k)
		}
	}
}

func (s *Service) flushSessions(ctx context.Context, list []purse.SessionHash) error {
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Sessions: list},
		Decide: func(f *purse.Facts) error {
			for _, h := range list {
				v, err := f.Session(h)
				if purse.CodeOf(err) == purse.CodeNotFound {
					continue // it was cleared away
				}
				if err != nil {
					return err
				}
				if v.Valid(f.Now) == nil && v.Seen < f.Now {
					v.Seen = f.Now
					f.Put(v)
				}
			}
			return nil
		},
	})
}

func (s *Service) flushGrants(ctx context.Context, list []purse.GrantID) error {
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Grants: list},
		Decide: func(f *purse.Facts) error {
			for _, id := range list {
				g, err := f.Grant(id)
				if purse.CodeOf(err) == purse.CodeNotFound {
					continue // a token that names a grant which was never stored
				}
				if err != nil {
					return err
				}
				if g.Revoked == 0 && g.Used < f.Now {
					g.Used = f.Now
					f.Put(g)
				}
			}
			return nil
		},
	})
}
