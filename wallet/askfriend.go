package wallet

import (
	"context"

	"purse"
)

// AskFriend asks somebody to be friends, or accepts if they have asked already.
// Whoever has asked before, or is a friend, has nothing more to do.
//
// Refused as a change of a tie is (see tie), and with CodeTarget, CodeLimit, or
// CodeInvalid for somebody whom the actor has blocked.
func (s *Service) AskFriend(ctx context.Context, actor purse.Actor, other purse.UserID) error {
	// Counted before, as nothing else depends on it: requests that are on their way
	// at the same time may make it a few more.
	full, err := s.askedMany(ctx, actor.User)
	if err != nil {
		return err
	}
	return s.tie(ctx, actor, other, func(p *pair) error {
		if err := p.open(); err != nil {
			return err
		}
		switch {
		case p.Mine.State != purse.TieNone:
			return nil
		case p.Theirs.State == purse.TieAsked:
			return p.befriend()
		case full:
			return purse.Refuse(purse.CodeLimit, "You have asked %d people, and can ask more when they have answered.", purse.AskedMax)
		}
		p.become(&p.Mine, purse.TieAsked)
		return nil
	})
}

// tiesMax is how many ties are looked at to count whom somebody has asked: whoever
// has blocked a thousand people may ask fewer.
const tiesMax = 2 * purse.AskedMax

func (s *Service) askedMany(ctx context.Context, person purse.UserID) (bool, error) {
	ties, err := s.Store.Ties(ctx, person, tiesMax)
	asked := 0
	for _, t := range ties {
		if t.State == purse.TieAsked {
			asked++
		}
	}
	return asked >= purse.AskedMax || len(ties) >= tiesMax, err
}
