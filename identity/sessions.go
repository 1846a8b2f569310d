package identity

import (
	"context"
	"slices"

	"purse"
)

// SignOut ends the visitor's session. One that has ended before is no matter.
func (s *Service) SignOut(ctx context.Context, v Visitor) error {
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: v.Actor.Principal(),
		Needs: purse.Needs{Sessions: []purse.SessionHash{v.Session.Hash}},
		Decide: func(f *purse.Facts) error {
			session, err := f.Session(v.Session.Hash)
			if err == nil && session.Ended == 0 {
				session.Ended = f.Now
				f.Put(session)
			}
			return err
		},
	})
}

// Sessions lists the visitor's sessions that are good, newest first.
func (s *Service) Sessions(ctx context.Context, v Visitor) ([]purse.Session, error) {
	all, err := s.Store.SessionsOf(ctx, v.User.ID)
	return slices.DeleteFunc(all, func(one purse.Session) bool {
		return one.Valid(v.Actor.At) != nil || idle(one, v.Actor.At)
	}), err
}

// EndSession ends one of the visitor's sessions.
//
// Refused with CodeSignedOut or CodeNotFound.
func (s *Service) EndSession(ctx context.Context, v Visitor, id purse.SessionID) error {
	return s.endSessions(ctx, v, func(f *purse.Facts, open []purse.Session) error {
		i := slices.IndexFunc(open, func(one purse.Session) bool { return one.ID == id })
		if i < 0 {
			return purse.Refuse(purse.CodeNotFound, "There is no such session.")
		}
		end(f, open[i:i+1], "")
		return nil
	})
}

// EndOtherSessions ends all of the visitor's sessions but this one.
//
// Refused with CodeSignedOut.
func (s *Service) EndOtherSessions(ctx context.Context, v Visitor) error {
	return s.endSessions(ctx, v, func(f *purse.Facts, open []purse.Session) error {
		end(f, open, v.Session.Hash)
		return nil
	})
}

func (s *Service) endSessions(ctx context.Context, v Visitor, choose func(*purse.Facts, []purse.Session) error) error {
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: v.Actor.Principal(),
		Needs: purse.Needs{Sessions: []purse.SessionHash{v.Session.Hash}, SessionsOf: []purse.UserID{v.User.ID}},
		Decide: func(f *purse.Facts) error {
			if err := here(f, v); err != nil {
				return err
			}
			open, err := f.Sessions(v.User.ID)
			if err != nil {
				return err
			}
			return choose(f, open)
		},
	})
}

// end ends sessions but one.
func end(f *purse.Facts, sessions []purse.Session, but purse.SessionHash) {
	for _, one := range sessions {
		if one.Hash != but {
			one.Ended = f.Now
			f.Put(one)
		}
	}
}
