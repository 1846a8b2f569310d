package wallet

import (
	"context"

	"purse"
)

// Person finds somebody for the actor to see. The actor must have been
// authenticated by a fresh read.
//
// Refused with CodeNotFound for somebody who does not exist, has left, or has
// blocked the actor or was blocked by them.
func (s *Service) Person(ctx context.Context, actor purse.Actor, id purse.UserID) (purse.User, error) {
	users, err := s.Store.Users(ctx, id)
	if err != nil {
		return purse.User{}, err
	}
	return s.seen(ctx, actor, users[id])
}

// PersonNamed finds somebody by username, in any case, as Person does.
func (s *Service) PersonNamed(ctx context.Context, actor purse.Actor, username string) (purse.User, error) {
	u, err := s.Store.UserNamed(ctx, username)
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return purse.User{}, err
	}
	return s.seen(ctx, actor, u)
}

func (s *Service) seen(ctx context.Context, actor purse.Actor, u purse.User) (purse.User, error) {
	nobody := purse.Refuse(purse.CodeNotFound, "There is no such user.")
	if u.ID == 0 || u.Closed != 0 {
		return purse.User{}, nobody
	}
	if u.ID == actor.User {
		return u, nil
	}
	ties, err := s.Store.Between(ctx, actor.User, u.ID)
	if err != nil {
		return purse.User{}, err
	}
	if ties[u.ID].Blocked() {
		return purse.User{}, nobody
	}
	return u, nil
}
