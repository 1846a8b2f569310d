package identity

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"purse"
)

// closeStep is how many ties or grants of an account that is being closed a command
// ends.
const closeStep = 50

// Close closes a visitor's account, whose wallet was closed before (see
// wallet.CloseWallet): ends friendships, work for merchants, what apps may do and all
// sessions, frees the addresses, and forgets names and credentials. Payments stay, since they are
// others' too; the username is kept back for a while. What was begun and could not
// be finished is gone on with when it is asked for again.
//
// Refused with CodeProve, CodeOpen (the wallet is not closed), CodeBusy or
// CodeSignedOut.
func (s *Service) Close(ctx context.Context, v Visitor) error {
	if err := Fresh(v); err != nil {
		return err
	}
	a, err := s.Store.Account(ctx, v.User.Book, purse.WalletOf(v.User.ID))
	if err != nil {
		return err
	}
	if !a.Closed {
		return purse.Refuse(purse.CodeOpen, "The wallet must be closed first.")
	}
	if err := s.untie(ctx, v); err != nil {
		return err
	}
	if err := s.letNobodyIn(ctx, v); err != nil {
		return err
	}
	contacts, err := s.Store.Contacts(ctx, v.User.ID)
	if err != nil {
		return err
	}
	if err := s.blank(ctx, v, contacts[v.User.ID]); err != nil {
		return err
	}
	for _, c := range contacts[v.User.ID] {
		if c.Kind == purse.Email && c.Verified != 0 {
			s.send(purse.Message{To: c.Address, Subject: "Your account was closed", Text: "Your account with " + s.name() + " was closed."})
		}
	}
	// An app or a merchant may have come in between; from now on none does.
	return errors.Join(s.letNobodyIn(ctx, v), s.workForNobody(ctx, v.User.ID))
}

// untie ends what the visitor and others are to each other, a few at a time. That
// others have blocked the visitor stays.
func (s *Service) untie(ctx context.Context, v Visitor) error {
	for {
		others, err := s.Store.FriendsOf(ctx, purse.FriendQuery{Person: v.User.ID, Limit: closeStep})
		if err != nil {
			return err
		}
		mine, err := s.Store.Ties(ctx, v.User.ID, closeStep)
		if err != nil {
			return err
		}
		asking, err := s.Store.Asking(ctx, v.User.ID, closeStep)
		if err != nil {
			return err
		}
		for _, t := range mine {
			others = append(others, t.Other)
		}
		others = append(others, asking...)
		if len(others) == 0 {
			return nil
		}
		slices.Sort(others)
		if err := s.untieSome(ctx, v, slices.Compact(others)); err != nil {
			return err
		}
	}
}

func (s *Service) untieSome(ctx context.Context, v Visitor, others []purse.UserID) error {
	needs := purse.Needs{Users: others}
	for _, other := range others {
		k := purse.TieKey{Person: v.User.ID, Other: other}
		needs.Ties = append(needs.Ties, k, k.Back())
	}
	return s.changeUser(ctx, v, needs, func(f *purse.Facts, u *purse.User) error {
		for _, other := range others {
			b, err := f.Between(purse.TieKey{Person: u.ID, Other: other})
			if err != nil {
				return err
			}
			if b.Mine.State == purse.TieFriend {
				friend, err := f.User(other)
				if err != nil {
					return err
				}
				friend.Friends--
				f.Put(friend)
				u.Friends--
			}
			f.Remove(b.Mine)
			if b.Theirs.State = purse.TieNone; b.Theirs.Blocked {
				f.Put(b.Theirs)
			} else {
				f.Remove(b.Theirs)
			}
		}
		return nil
	})
}

// letNobodyIn revokes what the visitor has let apps do, a few at a time.
func (s *Service) letNobodyIn(ctx context.Context, v Visitor) error {
	for {
		grants, err := s.Store.GrantsOf(ctx, v.User.ID)
		if err != nil || len(grants) == 0 {
			return err
		}
		for some := range slices.Chunk(grants, closeStep) {
			if err := s.revokeSome(ctx, v, some); err != nil {
				return err
			}
		}
	}
}

func (s *Service) revokeSome(ctx context.Context, v Visitor, grants []purse.Grant) error {
	var needs purse.Needs
	for _, g := range grants {
		needs.Grants = append(needs.Grants, g.ID)
		needs.Tokens = append(needs.Tokens, g.Access)
		if g.Refresh != "" {
			needs.Tickets = append(needs.Tickets, g.Refresh)
		}
	}
	needs.Users, needs.Sessions = []purse.UserID{v.User.ID}, []purse.SessionHash{v.Session.Hash}
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: v.Actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) error {
			u, err := f.User(v.User.ID)
			if err != nil {
				return err
			}
			if err := here(f, v); err != nil && u.Closed == 0 {
				return err
			}
			for _, g := range grants {
				if err := cutOff(f, g.ID); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// cutOff revokes a grant with the token and the refresh token that are good now.
func cutOff(f *purse.Facts, id purse.GrantID) error {
	g, err := f.Grant(id)
	if err != nil {
		return err
	}
	t, err := f.Token(g.Access)
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return err
	}
	if err == nil && t.Revoked == 0 {
		t.Revoked = f.Now
		f.Put(t)
	}
	if g.Refresh != "" {
		r, err := f.Ticket(g.Refresh)
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return err
		}
		if err == nil && r.Used == 0 {
			r.Used = f.Now
			f.Put(r)
		}
	}
	if g.Revoked == 0 {
		g.Revoked = f.Now
		f.Put(g)
	}
	return nil
}

// blank is the last command of closing an account.
func (s *Service) blank(ctx context.Context, v Visitor, contacts []purse.Contact) error {
	apps, err := s.Store.AppsOf(ctx, v.User.ID)
	if err != nil {
		return err
	}
	work, err := s.memberships(ctx, v.User.ID)
	if err != nil {
		return err
	}
	before, err := purse.Username(v.User.Username)
	if err != nil {
		return err
	}
	after := closedPrefix + strconv.FormatInt(int64(v.User.ID), 36)
	needs := purse.Needs{
		Credentials: []purse.UserID{v.User.ID}, ContactsOf: []purse.UserID{v.User.ID}, SessionsOf: []purse.UserID{v.User.ID},
		Usernames: []string{after}, OldUsernames: []string{after, before}, Members: work,
	}
	for _, c := range contacts {
		needs.Addresses = append(needs.Addresses, c.Address)
	}
	for _, a := range apps {
		needs.Apps = append(needs.Apps, a.ID)
	}
	return s.changeUser(ctx, v, needs, func(f *purse.Facts, u *purse.User) error {
		if err := freshHere(f, v); err != nil {
			return err
		}
		if u.Friends != 0 {
			return purse.Refuse(purse.CodeBusy, "Somebody became your friend meanwhile. Try again.")
		}
		if err := free(f, after, u.ID); err != nil {
			return err
		}
		if err := giveUp(f, *u, after); err != nil {
			return err
		}
		if err := errors.Join(loseContacts(f, u.ID), leave(f, work)); err != nil {
			return err
		}
		for _, a := range apps {
			app, err := f.App(a.ID)
			if err != nil {
				return err
			}
			if app.Closed == 0 {
				app.Closed = f.Now
				f.Put(app)
			}
		}
		open, err := f.Sessions(u.ID)
		if err != nil {
			return err
		}
		end(f, open, "")
		if _, err := f.Credentials(u.ID); err == nil {
			f.Put(purse.Credentials{Person: u.ID, Changed: f.Now})
		} else if purse.CodeOf(err) != purse.CodeNotFound {
			return err
		}
		u.Username, u.FirstName, u.LastName, u.About = after, "", "", ""
		u.Audience, u.HidesFriends, u.Closed = purse.Private, true, f.Now
		return nil
	})
}

// loseContacts removes all contacts of a person, and lets the addresses that were
// theirs be anybody's.
func loseContacts(f *purse.Facts, person purse.UserID) error {
	contacts, err := f.Contacts(person)
	if err != nil {
		return err
	}
	for _, c := range contacts {
		o, err := f.AddressOwner(c.Address)
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return err
		}
		if err == nil && o.Owner == person {
			f.Put(purse.AddressOwner{Address: c.Address, Since: f.Now})
		}
		f.Remove(c)
	}
	return nil
}
