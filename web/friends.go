package web

import (
	"context"

	"purse"
	"purse/identity"
)

// The bounds of the lists on the page of friends.
const (
	friendsShown = 50
	othersShown  = 100
)

// showFriends answers GET /settings/friends.
func (s *Site) showFriends(t *turn) error {
	ctx, me := t.r.Context(), t.visitor
	var after int64
	if text := t.query("after"); text != "" {
		var err error
		if after, err = readNumber(text); err != nil {
			return err
		}
	}
	friends, more, err := s.Wallet.Friends(ctx, me.Actor, purse.FriendQuery{Person: me.User.ID, After: purse.UserID(after), Limit: friendsShown})
	if err != nil {
		return err
	}
	p := friendsPage{Layout: s.settings(t, "/settings/friends", "Friends"), Currency: string(s.Currency), Typed: t.text("typed")}
	if p.Friends, err = s.trusted(ctx, me, friends); err != nil {
		return err
	}
	if more && len(friends) > 0 {
		p.More = "/settings/friends?after=" + friends[len(friends)-1].ID.String()
	}
	if err := s.addOthers(ctx, me, &p); err != nil {
		return err
	}
	return render(t.w, t.status(), "friends", p)
}

// trusted are friends with how far each is trusted.
func (s *Site) trusted(ctx context.Context, me identity.Visitor, friends []purse.User) ([]friendRow, error) {
	ids := make([]purse.UserID, len(friends))
	for i, u := range friends {
		ids[i] = u.ID
	}
	trust, err := s.Wallet.Trusted(ctx, me.Actor, ids...)
	if err != nil {
		return nil, err
	}
	rows := make([]friendRow, len(friends))
	for i, u := range friends {
		rows[i] = friendOf(u)
		if c := trust[u.ID]; c.Minor > 0 {
			rows[i].Trust = s.decimal(c.Minor)
		}
	}
	return rows, nil
}

// addOthers fills in who asks, whom the person has asked, and whom they have blocked.
func (s *Site) addOthers(ctx context.Context, me identity.Visitor, p *friendsPage) error {
	asking, err := s.Store.Asking(ctx, me.User.ID, othersShown)
	if err != nil {
		return err
	}
	ties, err := s.Store.Ties(ctx, me.User.ID, othersShown)
	if err != nil {
		return err
	}
	all, mine := asking, map[purse.UserID]purse.Tie{}
	for _, tie := range ties {
		all = append(all, tie.Other)
		mine[tie.Other] = tie
	}
	users, err := s.Store.Users(ctx, all...)
	if err != nil {
		return err
	}
	for _, id := range asking {
		if u, ok := users[id]; ok && !mine[id].Blocked {
			p.Asking = append(p.Asking, friendOf(u))
		}
	}
	for _, tie := range ties {
		u, ok := users[tie.Other]
		switch {
		case !ok:
		case tie.Blocked:
			p.Blocked = append(p.Blocked, friendOf(u))
		case tie.State == purse.TieAsked:
			p.Asked = append(p.Asked, friendOf(u))
		}
	}
	return nil
}

func friendOf(u purse.User) friendRow {
	return friendRow{ID: u.ID.String(), Name: u.DisplayName(), Username: u.Username, Initials: initials(u.DisplayName())}
}

// changeFriends answers POST /settings/friends.
func (s *Site) changeFriends(t *turn) error {
	ctx, me := t.r.Context(), t.visitor.Actor
	// with does something with the person that the form is about.
	with := func(done string, do func(context.Context, purse.Actor, purse.UserID) error) func() error {
		return func() error {
			form := "list"
			if t.text("typed") != "" {
				form = "ask"
			}
			other, err := s.meant(t)
			if err == nil {
				err = do(ctx, me, other)
			}
			return t.after(err, form, "/settings/friends", done, func() error { return s.showFriends(t) })
		}
	}
	return act{
		"ask":     with("asked", s.Wallet.AskFriend),
		"accept":  with("accepted", s.Wallet.AcceptFriend),
		"remove":  with("removed", s.Wallet.RemoveFriend),
		"block":   with("blocked", s.Wallet.Block),
		"unblock": with("unblocked", s.Wallet.Unblock),
		"trust": with("trust", func(ctx context.Context, me purse.Actor, other purse.UserID) error {
			typed := t.text("trust")
			if typed == "" {
				typed = "0"
			}
			minor, err := s.readAmount(typed)
			if err == nil && minor > 0 {
				err = identity.Fresh(t.visitor) // it is money
			}
			if err != nil {
				return err
			}
			return s.Wallet.Trust(ctx, me, other, minor)
		}),
	}.do(t)
}

// meant is the person that a form is about: by number, or by the username typed.
//
// Refused with CodeInvalid or CodeTarget.
func (s *Site) meant(t *turn) (purse.UserID, error) {
	typed := t.text("typed")
	if typed == "" {
		id, err := readNumber(t.form.Get("person"))
		return purse.UserID(id), err
	}
	u, err := s.Wallet.PersonNamed(t.r.Context(), t.visitor.Actor, username(typed))
	if purse.CodeOf(err) == purse.CodeNotFound || purse.CodeOf(err) == purse.CodeInvalid || err == nil && u.Closed != 0 {
		return 0, purse.Refuse(purse.CodeTarget, "There is nobody with this username.")
	}
	return u.ID, err
}
