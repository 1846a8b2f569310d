package wallet

import (
	"context"

	"purse"
)

// RemoveFriend ends a friendship, takes back an asking or refuses one: afterwards
// neither is anything to the other, and neither trusts the other's charges.
//
// Refused as a change of a tie is (see tie).
func (s *Service) RemoveFriend(ctx context.Context, actor purse.Actor, other purse.UserID) error {
	return s.partly(ctx, actor, other, func(p *pair) error {
		p.part()
		return nil
	})
}

// partly is a change of a tie after which two people do not trust each other. Trust
// is in the book, so it takes commands of its own: one before, so that no trust
// outlives the friendship if this stops half way, and one after, for what was
// trusted between the two.
func (s *Service) partly(ctx context.Context, actor purse.Actor, other purse.UserID, do func(*pair) error) error {
	if err := s.distrust(ctx, actor, other); err != nil {
		return err
	}
	if err := s.tie(ctx, actor, other, do); err != nil {
		return err
	}
	return s.distrust(ctx, actor, other)
}
