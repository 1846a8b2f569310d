package wallet

import (
	"context"
	"slices"

	"purse"
)

// friendsChunk is how many friends are read at a time.
const friendsChunk = 1000

// Friends lists the friends of a person as the actor may see them, in the order of
// their numbers, and says whether there are more in the direction that q goes:
// behind the last, or, if q only has a Before, before the first. Who has left is
// left out, and so is who has blocked the actor or was blocked by them. The actor
// must have been authenticated by a fresh read.
//
// Refused with CodeScope, or with CodeNotFound as Person. The list of somebody who
// hides it is empty.
func (s *Service) Friends(ctx context.Context, actor purse.Actor, q purse.FriendQuery) (friends []purse.User, more bool, err error) {
	if err := actor.Allows(purse.AccessFriends); err != nil {
		return nil, false, err
	}
	u, err := s.Person(ctx, actor, q.Person)
	if err != nil || u.HidesFriends && u.ID != actor.User {
		return nil, false, err
	}
	back := q.Before != 0 && q.After == 0
	wanted := q.Offset + q.Limit + 1 // one more tells whether there are more
	read := q
	read.Offset, read.Limit = 0, min(wanted, friendsChunk)
	// A person has at most purse.FriendsMax friends, so this ends soon.
	for len(friends) < wanted {
		ids, err := s.Store.FriendsOf(ctx, read)
		if err != nil || len(ids) == 0 {
			return cut(friends, q, back), false, err
		}
		seen, err := s.known(ctx, actor, ids)
		if err != nil {
			return nil, false, err
		}
		if back {
			read.Before = ids[0]
			slices.Reverse(seen)
		} else {
			read.After = ids[len(ids)-1]
		}
		friends = append(friends, seen...)
	}
	return cut(friends, q, back), true, nil
}

// cut is the page of those that were found, nearest first.
func cut(friends []purse.User, q purse.FriendQuery, back bool) []purse.User {
	friends = friends[min(q.Offset, len(friends)):min(q.Offset+q.Limit, len(friends))]
	if back {
		slices.Reverse(friends)
	}
	return friends
}

// known are those people of some that the actor may see, in their order.
func (s *Service) known(ctx context.Context, actor purse.Actor, ids []purse.UserID) ([]purse.User, error) {
	users, err := s.Store.Users(ctx, ids...)
	if err != nil {
		return nil, err
	}
	ties, err := s.Store.Between(ctx, actor.User, ids...)
	if err != nil {
		return nil, err
	}
	var seen []purse.User
	for _, id := range ids {
		if u := users[id]; u.ID != 0 && u.Closed == 0 && !ties[id].Blocked() {
			seen = append(seen, u)
		}
	}
	return seen, nil
}
