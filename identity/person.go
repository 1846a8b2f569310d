package identity

import (
	"context"
	"slices"
	"strings"

	"purse"
)

// Person is a person as somebody else, or an app of theirs, may see them.
type Person struct {
	purse.User
	Email, Phone string // verified ones; empty: none, or not to be seen
	Friend       bool   // of whoever looks
}

// Me is who an actor acts for: with their addresses as far as the scopes go. The
// actor must have been authenticated by a fresh read.
//
// Refused with CodeScope.
func (s *Service) Me(ctx context.Context, actor purse.Actor) (Person, error) {
	if err := actor.Allows(purse.AccessProfile); err != nil {
		return Person{}, err
	}
	return s.Own(ctx, actor)
}

// Own is who an actor acts for, with the addresses that the actor may see. Apps are
// told that much with their token, whatever its scopes.
func (s *Service) Own(ctx context.Context, actor purse.Actor) (Person, error) {
	u, err := s.User(ctx, actor.User)
	if err != nil {
		return Person{}, err
	}
	p := Person{User: u}
	email, phone := actor.Scopes.Has(purse.AccessEmail), actor.Scopes.Has(purse.AccessPhone)
	if !email && !phone {
		return p, nil
	}
	contacts, err := s.Store.Contacts(ctx, actor.User)
	if email {
		p.Email = purse.Verified(contacts[actor.User], purse.Email).Text
	}
	if phone {
		p.Phone = purse.Verified(contacts[actor.User], purse.Phone).Text
	}
	return p, err
}

// Look shows a person to an actor. Closed accounts, and those where one of the two
// has blocked the other, are not there.
//
// Refused with CodeScope or CodeNotFound.
func (s *Service) Look(ctx context.Context, actor purse.Actor, u purse.User) (Person, error) {
	if err := actor.Allows(purse.AccessProfile); err != nil {
		return Person{}, err
	}
	if u.ID == actor.User {
		return s.Own(ctx, actor)
	}
	seen, err := s.seenBy(ctx, actor, []purse.User{u})
	if err != nil {
		return Person{}, err
	}
	if len(seen) == 0 {
		return Person{}, purse.Refuse(purse.CodeNotFound, "Resource not found.")
	}
	return seen[0], nil
}

// seenBy leaves out those whom an actor is not to see.
func (s *Service) seenBy(ctx context.Context, actor purse.Actor, users []purse.User) ([]Person, error) {
	ids := make([]purse.UserID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	between, err := s.Store.Between(ctx, actor.User, ids...)
	if err != nil {
		return nil, err
	}
	var seen []Person
	for _, u := range users {
		b := between[u.ID]
		if u.Closed != 0 || b.Blocked() {
			continue
		}
		if u.HidesFriends && u.ID != actor.User {
			u.Friends = 0
		}
		seen = append(seen, Person{User: u, Friend: b.Friends()})
	}
	return seen, nil
}

// SearchQuery says which people are to be found.
type SearchQuery struct {
	Text          string // the beginning of a username or of a name; a leading @ is left out
	Usernames     bool   // of a username only
	Limit, Offset int
}

// Search finds people by the beginning of a username or name; whoever has exactly
// that username comes first. At most Limit are found, and fewer where some are not
// to be seen; more says that there are others.
//
// Refused with CodeScope.
func (s *Service) Search(ctx context.Context, actor purse.Actor, q SearchQuery) (people []Person, more bool, err error) {
	if err := actor.Allows(purse.AccessProfile); err != nil {
		return nil, false, err
	}
	text := strings.TrimPrefix(strings.TrimSpace(q.Text), "@")
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, false, nil
	}
	ids, err := s.Store.FindUsers(ctx, words[0], q.Limit+1, q.Offset)
	if err != nil {
		return nil, false, err
	}
	if more = len(ids) > q.Limit; more {
		ids = ids[:q.Limit]
	}
	found, err := s.Store.Users(ctx, ids...)
	if err != nil {
		return nil, false, err
	}
	var users []purse.User
	for _, id := range ids {
		if u, ok := found[id]; ok && matches(u, words, q.Usernames) {
			users = append(users, u)
		}
	}
	if named, err := s.Store.UserNamed(ctx, text); err == nil && q.Offset == 0 {
		users = slices.DeleteFunc(users, func(u purse.User) bool { return u.ID == named.ID })
		users = slices.Insert(users, 0, named)
	} else if err == nil {
		users = slices.DeleteFunc(users, func(u purse.User) bool { return u.ID == named.ID })
	}
	people, err = s.seenBy(ctx, actor, users)
	return people, more, err
}

// matches says whether every word begins the username or one of the names of u.
func matches(u purse.User, words []string, usernames bool) bool {
	names := []string{u.Username}
	if !usernames {
		names = append(names, strings.Fields(u.FirstName+" "+u.LastName)...)
	}
	for _, word := range words {
		begins := func(name string) bool { return strings.HasPrefix(strings.ToLower(name), strings.ToLower(word)) }
		if !slices.ContainsFunc(names, begins) {
			return false
		}
	}
	return true
}
