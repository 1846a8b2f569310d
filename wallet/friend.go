package wallet

import (
	"context"

	"purse"
	"purse/policy"
)

// This file is what the use cases of ties have in common: each is a command of
// the directory that changes what two people are to each other.

// pair is the two people of such a command and both of their ties, as it goes on
// to change them.
type pair struct {
	f        *purse.Facts
	me, they purse.User
	purse.Between
}

// tie is the command that changes what the actor and another person are to each
// other; do decides how.
//
// Refused as policy.Authorize, and with CodeSelf, or with CodeTarget for somebody
// who does not exist, and in the same words for somebody who has blocked the actor
// and whom the actor has not blocked.
func (s *Service) tie(ctx context.Context, actor purse.Actor, other purse.UserID, do func(*pair) error) error {
	k := purse.TieKey{Person: actor.User, Other: other}
	needs := purse.Needs{Users: []purse.UserID{actor.User, other}, Ties: []purse.TieKey{k, k.Back()}}
	needs.Add(actor.Credential())
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) error {
			if err := policy.Authorize(f, actor, purse.AccessFriends); err != nil {
				return err
			}
			if other == actor.User {
				return purse.Refuse(purse.CodeSelf, "This is you.")
			}
			p := &pair{f: f}
			var err error
			if p.Between, err = f.Between(k); err != nil {
				return err
			}
			if p.me, err = f.User(actor.User); err != nil {
				return err
			}
			p.they, err = f.User(other)
			if purse.CodeOf(err) == purse.CodeNotFound || err == nil && p.Theirs.Blocked && !p.Mine.Blocked {
				return policy.Nobody()
			}
			if err != nil {
				return err
			}
			return do(p)
		},
	})
}

// open refuses a person who has left, or whom the actor has blocked.
func (p *pair) open() error {
	switch {
	case p.they.Closed != 0:
		return policy.Nobody()
	case p.Mine.Blocked:
		return purse.Refuse(purse.CodeInvalid, "You have blocked them: unblock them first.")
	}
	return nil
}

// befriend makes the two friends.
func (p *pair) befriend() error {
	switch {
	case p.me.Friends >= purse.FriendsMax:
		return purse.Refuse(purse.CodeLimit, "You have %d friends, and cannot have more.", purse.FriendsMax)
	case p.they.Friends >= purse.FriendsMax:
		return purse.Refuse(purse.CodeLimit, "They have %d friends, and cannot have more.", purse.FriendsMax)
	}
	p.become(&p.Mine, purse.TieFriend)
	p.become(&p.Theirs, purse.TieFriend)
	p.count(1)
	return nil
}

// part makes the two nothing to each other: neither friends nor asking to be. What
// was blocked stays so.
func (p *pair) part() {
	if p.Mine.State == purse.TieFriend {
		p.count(-1)
	}
	p.become(&p.Mine, purse.TieNone)
	p.become(&p.Theirs, purse.TieNone)
}

// count changes how many friends both have.
func (p *pair) count(by int64) {
	p.me.Friends += by
	p.they.Friends += by
	p.f.Put(p.me)
	p.f.Put(p.they)
}

// become changes a tie's state. A tie that says nothing any more is forgotten.
func (p *pair) become(t *purse.Tie, state purse.TieState) {
	if t.State == state {
		return
	}
	t.State, t.Since = state, p.f.Now
	p.keep(*t)
}

func (p *pair) keep(t purse.Tie) {
	if t.State == purse.TieNone && !t.Blocked {
		p.f.Remove(t)
	} else {
		p.f.Put(t)
	}
}
