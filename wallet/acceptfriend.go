package wallet

import (
	"context"

	"purse"
)

// AcceptFriend makes friends with somebody who has asked. Whoever is a friend
// already stays one.
//
// Refused as a change of a tie is (see tie), and with CodeTarget, CodeLimit,
// CodeInvalid for somebody whom the actor has blocked, or CodeNotFound for
// somebody who has not asked.
func (s *Service) AcceptFriend(ctx context.Context, actor purse.Actor, other purse.UserID) error {
	return s.tie(ctx, actor, other, func(p *pair) error {
		if err := p.open(); err != nil {
			return err
		}
		switch {
		case p.Mine.State == purse.TieFriend:
			return nil
		case p.Theirs.State != purse.TieAsked:
			return purse.Refuse(purse.CodeNotFound, "They have not asked you to be friends.")
		}
		return p.befriend()
	})
}
