package identity

import (
	"context"
	"strings"

	"purse"
)

// Profile is what a person says about themselves and decides for themselves.
type Profile struct {
	FirstName, LastName, About string
	Audience                   purse.Audience // of their payments that do not say
	HidesFriends               bool           // others do not see whom they are friends with
}

// ChangeProfile changes what a visitor says about themselves.
//
// Refused with CodeMissing, CodeInvalid, CodeAudience or CodeSignedOut.
func (s *Service) ChangeProfile(ctx context.Context, v Visitor, p Profile) error {
	audience, err := purse.ParseAudience(string(p.Audience))
	if err != nil {
		return err
	}
	return s.changeUser(ctx, v, purse.Needs{}, func(_ *purse.Facts, u *purse.User) error {
		u.FirstName, u.LastName, u.About = strings.TrimSpace(p.FirstName), strings.TrimSpace(p.LastName), strings.TrimSpace(p.About)
		u.Audience, u.HidesFriends = audience, p.HidesFriends
		return u.Check()
	})
}

// Rename gives a visitor another username. Nobody else gets the old one for
// purse.OldUsernameKept, while they may take it back. Another case of the letters is
// the same name.
//
// Refused with CodeInvalid, CodeTaken, CodeRate or CodeSignedOut.
func (s *Service) Rename(ctx context.Context, v Visitor, username string) error {
	username = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(username), "@"))
	now, err := picked(username)
	if err != nil {
		return err
	}
	// Each counts as a failure: nobody is to keep many names back.
	try, err := s.attempt(guessRename, v.User.ID.String(), nil)
	if err != nil {
		return err
	}
	before, err := purse.Username(v.User.Username)
	if err != nil {
		return err
	}
	needs := purse.Needs{Usernames: []string{now}, OldUsernames: []string{now, before}}
	err = s.changeUser(ctx, v, needs, func(f *purse.Facts, u *purse.User) error {
		if err := free(f, now, u.ID); err != nil {
			return err
		}
		if err := giveUp(f, *u, now); err != nil {
			return err
		}
		u.Username = username
		return nil
	})
	if err != nil {
		try.void()
	}
	return err
}

// giveUp keeps a person's username back from others, unless it stays the same.
func giveUp(f *purse.Facts, u purse.User, next string) error {
	folded, err := purse.Username(u.Username)
	if err != nil || folded == next {
		return err
	}
	// Who had it before, if it is kept back at all, is looked at, to replace that row.
	if _, err := f.OldUsername(folded); err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return err
	}
	f.Put(purse.OldUsername{Folded: folded, Owner: u.ID, Until: f.Now.Add(purse.OldUsernameKept)})
	return nil
}

// changeUser changes a visitor's own row in a command. change is pure.
func (s *Service) changeUser(ctx context.Context, v Visitor, needs purse.Needs, change func(*purse.Facts, *purse.User) error) error {
	needs.Add(purse.Needs{Sessions: []purse.SessionHash{v.Session.Hash}, Users: []purse.UserID{v.User.ID}})
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: v.Actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) error {
			if err := here(f, v); err != nil {
				return err
			}
			u, err := f.User(v.User.ID)
			if err != nil {
				return err
			}
			if err := change(f, &u); err != nil {
				return err
			}
			f.Put(u)
			return nil
		},
	})
}
