package wallet_test

import (
	"fmt"
	"slices"
	"testing"

	"purse"
	"purse/ledger"
)

// Each line goes on from the line before. The last column is what the first and
// the second are to each other afterwards.
func TestFriends(t *testing.T) {
	const ann, bob = 0, 1
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 2, 0)
		for i, tc := range []struct {
			do     string
			by     int
			want   purse.Code
			mine   string
			theirs string
		}{
			{"accept", ann, purse.CodeNotFound, "", ""},
			{"remove", ann, "", "", ""},
			{"unblock", ann, "", "", ""},
			{"ask", ann, "", "asked", ""},
			{"ask", ann, "", "asked", ""},
			{"accept", ann, purse.CodeNotFound, "asked", ""},
			{"remove", ann, "", "", ""}, // taken back
			{"accept", bob, purse.CodeNotFound, "", ""},
			{"ask", ann, "", "asked", ""},
			{"remove", bob, "", "", ""}, // refused
			{"ask", ann, "", "asked", ""},
			{"accept", bob, "", "friend", "friend"},
			{"accept", bob, "", "friend", "friend"},
			{"accept", ann, "", "friend", "friend"},
			{"ask", bob, "", "friend", "friend"},
			{"unblock", bob, "", "friend", "friend"},
			{"remove", bob, "", "", ""},
			{"remove", bob, "", "", ""},
			{"ask", bob, "", "", "asked"},
			{"ask", ann, "", "friend", "friend"}, // asking who has asked is accepting
			{"block", ann, "", "none blocked", ""},
			{"block", ann, "", "none blocked", ""},
			{"ask", ann, purse.CodeInvalid, "none blocked", ""}, // unblock first
			{"accept", ann, purse.CodeInvalid, "none blocked", ""},
			{"remove", ann, "", "none blocked", ""},
			{"ask", bob, purse.CodeTarget, "none blocked", ""}, // as if there were nobody
			{"accept", bob, purse.CodeTarget, "none blocked", ""},
			{"remove", bob, purse.CodeTarget, "none blocked", ""},
			{"block", bob, purse.CodeTarget, "none blocked", ""},
			{"unblock", bob, purse.CodeTarget, "none blocked", ""},
			{"unblock", ann, "", "", ""},
			{"ask", bob, "", "", "asked"},
			{"block", bob, "", "", "none blocked"}, // it takes back the asking
			{"unblock", bob, "", "", ""},
			{"ask", bob, "", "", "asked"},
			{"block", ann, "", "none blocked", ""}, // it refuses the asking
			{"unblock", ann, "", "", ""},
		} {
			name := fmt.Sprintf("%d: %s by %d", i, tc.do, tc.by)
			err := n.bonds()[tc.do](t.Context(), p[tc.by], p[1-tc.by].User)
			if tc.want != "" {
				refused(t, name, err, tc.want)
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if mine, theirs := n.bondOf(t, p[ann], p[bob]); mine != tc.mine || theirs != tc.theirs {
				t.Errorf("%s: %q and %q, want %q and %q", name, mine, theirs, tc.mine, tc.theirs)
			}
			friends := int64(0)
			if tc.mine == "friend" {
				friends = 1
			}
			for _, a := range p {
				if got := n.user(t, a).Friends; got != friends {
					t.Errorf("%s: %s has %d friends", name, a.User, got)
				}
			}
		}
		if rows := n.rows(t, "ties"); rows != 0 {
			t.Errorf("%d ties are left", rows)
		}
		if !n.user(t, p[ann]).Wary || !n.user(t, p[bob]).Wary {
			t.Error("they are not wary")
		}
	})
}

func TestWhoCannotBeAFriend(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 4, 0)
		gone, poor := p[1], n.crowd(t, 1, 0)[0]
		n.must(t, "ask", gone, p[3])
		n.befriend(t, gone, p[2])
		n.leave(t, gone)
		stranger := p[0]
		stranger.Session = "none"
		for name, tc := range map[string]struct {
			do   string
			by   purse.Actor
			to   purse.UserID
			want purse.Code
		}{
			"oneself":                 {"ask", p[0], p[0].User, purse.CodeSelf},
			"oneself, accepting":      {"accept", p[0], p[0].User, purse.CodeSelf},
			"oneself, blocking":       {"block", p[0], p[0].User, purse.CodeSelf},
			"nobody":                  {"ask", p[0], 12345, purse.CodeTarget},
			"nobody, blocking":        {"block", p[0], 12345, purse.CodeTarget},
			"who has left":            {"ask", p[0], gone.User, purse.CodeTarget},
			"who has left, blocking":  {"block", p[0], gone.User, purse.CodeTarget},
			"who has asked and left":  {"accept", p[3], gone.User, purse.CodeTarget},
			"without the scope":       {"ask", poor, p[0].User, purse.CodeScope},
			"signed out":              {"ask", stranger, p[1].User, purse.CodeSignedOut},
			"signed out, removing":    {"remove", stranger, p[1].User, purse.CodeSignedOut},
			"without it, unblocking":  {"unblock", poor, p[0].User, purse.CodeScope},
			"the treasury":            {"ask", p[0], purse.UserID(purse.TreasuryAccount), purse.CodeTarget},
			"nobody, being unblocked": {"unblock", p[0], 12345, purse.CodeTarget},
		} {
			refused(t, name, n.bonds()[tc.do](t.Context(), tc.by, tc.to), tc.want)
		}
		n.must(t, "remove", p[2], gone)
		n.must(t, "remove", p[3], gone)
		if rows := n.rows(t, "ties"); rows != 0 {
			t.Errorf("%d ties are left", rows)
		}
	})
}

// Nobody has more friends than there may be, and nobody asks more people.
func TestFriendsAreNotTooMany(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 4, 0)
		ann, bob, popular := p[0], p[1], p[2]
		n.must(t, "ask", ann, popular)
		n.must(t, "ask", popular, bob)
		full := func(count int64) { n.change(t, popular, func(u *purse.User) { u.Friends = count }) }
		full(purse.FriendsMax)
		refused(t, "accepting one more", n.AcceptFriend(t.Context(), popular, ann.User), purse.CodeLimit)
		refused(t, "asking one more back", n.AskFriend(t.Context(), popular, ann.User), purse.CodeLimit)
		refused(t, "being accepted by one more", n.AcceptFriend(t.Context(), bob, popular.User), purse.CodeLimit)
		full(purse.FriendsMax - 1)
		n.must(t, "accept", popular, ann)
		full(1)
		n.must(t, "remove", popular, bob)
		n.must(t, "remove", popular, ann)

		asker := p[3]
		crowd := n.crowd(t, purse.AskedMax, 0)
		put := func(from, to int) {
			err := n.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
				for _, other := range crowd[from:to] {
					f.Put(purse.Tie{TieKey: purse.TieKey{Person: asker.User, Other: other.User}, State: purse.TieAsked, Since: f.Now})
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		put(0, purse.AskedMax-1)
		n.must(t, "ask", asker, bob)
		refused(t, "asking too many", n.AskFriend(t.Context(), asker, popular.User), purse.CodeLimit)
		n.must(t, "ask", asker, bob) // once more
		n.must(t, "ask", ann, asker)
		n.must(t, "ask", asker, ann) // accepts
		n.must(t, "remove", asker, bob)
		n.must(t, "ask", asker, popular)
	})
}

// Whoever asks whom at the same time, there is one friendship in the end, counted
// once on either side.
func TestAskingEachOtherAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		const pairs = 30
		p := n.visitors(t, 2*pairs, 0)
		inParallel(pairs, func(i int) {
			a, b := p[2*i], p[2*i+1]
			errs := race(i, func() error { return n.AskFriend(t.Context(), a, b.User) }, func() error { return n.AskFriend(t.Context(), b, a.User) })
			if errs[0] != nil || errs[1] != nil {
				t.Error(errs)
			}
		})
		for i := range pairs {
			if mine, theirs := n.bondOf(t, p[2*i], p[2*i+1]); mine != "friend" || theirs != "friend" {
				t.Errorf("%q and %q", mine, theirs)
			}
			if a, b := n.user(t, p[2*i]).Friends, n.user(t, p[2*i+1]).Friends; a != 1 || b != 1 {
				t.Errorf("%d and %d friends", a, b)
			}
		}
		// Some remove and some block, and none is counted below none.
		inParallel(pairs, func(i int) {
			a, b := p[2*i], p[2*i+1]
			race(i, func() error { return n.RemoveFriend(t.Context(), a, b.User) }, func() error { return n.Block(t.Context(), b, a.User) },
				func() error { return n.RemoveFriend(t.Context(), b, a.User) })
		})
		for i := range p {
			if u := n.user(t, p[i]); u.Friends != 0 || !u.Wary {
				t.Errorf("%+v", u)
			}
		}
	})
}

// Whoever is blocked can do nothing with who has blocked them, nor the other way
// round, and sees nobody there.
func TestBlockedPeople(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 3, 1000)
		ann, bob, cal := p[0], p[1], p[2]
		n.befriend(t, ann, cal)
		n.befriend(t, bob, cal)
		charge, back := made(t, n.Charge, bob, person(ann), 10), made(t, n.Charge, ann, person(bob), 10)
		n.must(t, "block", ann, bob)
		for name, by := range map[string][2]purse.Actor{"who has blocked": {ann, bob}, "who is blocked": {bob, ann}} {
			me, they := by[0], by[1]
			_, err := maker(n.Pay).make(t.Context(), me, person(they), 1)
			refused(t, name+" pays", err, purse.CodeTarget)
			_, err = maker(n.Charge).make(t.Context(), me, person(they), 1)
			refused(t, name+" charges", err, purse.CodeTarget)
			_, err = n.Person(t.Context(), me, they.User)
			refused(t, name+" looks", err, purse.CodeNotFound)
			_, err = n.PersonNamed(t.Context(), me, n.user(t, they).Username)
			refused(t, name+" looks by name", err, purse.CodeNotFound)
			_, _, err = n.Service.Friends(t.Context(), me, purse.FriendQuery{Person: they.User, Limit: 10})
			refused(t, name+" lists friends", err, purse.CodeNotFound)
			_, _, err = n.Feed(t.Context(), me, feedOf(they))
			refused(t, name+" lists payments", err, purse.CodeNotFound)
			friends, more, err := n.Service.Friends(t.Context(), me, purse.FriendQuery{Person: cal.User, Limit: 10})
			if err != nil || more || len(friends) != 1 || friends[0].ID != me.User {
				t.Errorf("%s: cal's friends are %v, %v, %v", name, friends, more, err)
			}
			if _, err := n.Person(t.Context(), me, cal.User); err != nil {
				t.Error(err)
			}
			made(t, n.Pay, me, person(cal), 1)
		}
		_, err := changer(n.Approve).change(t.Context(), ann, charge.ID)
		refused(t, "approve the charge of who is blocked", err, purse.CodeTarget)
		_, err = changer(n.Approve).change(t.Context(), bob, back.ID)
		refused(t, "approve the charge of who has blocked", err, purse.CodeTarget)
		_, err = changer(n.Remind).change(t.Context(), bob, charge.ID)
		refused(t, "remind who has blocked", err, purse.CodeTarget)
		changed(t, n.Deny, ann, charge.ID)
		changed(t, n.Cancel, ann, back.ID)
		n.must(t, "unblock", ann, bob)
		made(t, n.Pay, bob, person(ann), 1)
		changed(t, n.Approve, ann, made(t, n.Charge, bob, person(ann), 1).ID)
	})
}

func TestFriendsList(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 9, 0)
		ann, viewer, gone, foe := p[0], p[1], p[4], p[6]
		for _, friend := range p[2:] {
			n.befriend(t, ann, friend)
		}
		n.leave(t, gone)
		n.must(t, "block", foe, viewer)
		all := []purse.UserID{p[2].User, p[3].User, p[5].User, p[7].User, p[8].User}
		own := []purse.UserID{p[2].User, p[3].User, p[5].User, p[6].User, p[7].User, p[8].User}
		for name, tc := range map[string]struct {
			by   purse.Actor
			q    purse.FriendQuery
			want []purse.UserID
			more bool
		}{
			"all":                          {viewer, purse.FriendQuery{Limit: 10}, all, false},
			"one's own":                    {ann, purse.FriendQuery{Limit: 10}, own, false},
			"just all":                     {viewer, purse.FriendQuery{Limit: 5}, all, false},
			"the first":                    {viewer, purse.FriendQuery{Limit: 2}, all[:2], true},
			"after":                        {viewer, purse.FriendQuery{Limit: 2, After: all[1]}, all[2:4], true},
			"after, to the end":            {viewer, purse.FriendQuery{Limit: 3, After: all[1]}, all[2:], false},
			"after the last":               {viewer, purse.FriendQuery{Limit: 3, After: all[4]}, nil, false},
			"offset":                       {viewer, purse.FriendQuery{Limit: 2, Offset: 2}, all[2:4], true},
			"offset, to the end":           {viewer, purse.FriendQuery{Limit: 10, Offset: 3}, all[3:], false},
			"offset behind the end":        {viewer, purse.FriendQuery{Limit: 10, Offset: 100}, nil, false},
			"right before":                 {viewer, purse.FriendQuery{Limit: 2, Before: all[4]}, all[2:4], true},
			"right before, with an offset": {viewer, purse.FriendQuery{Limit: 2, Offset: 1, Before: all[4]}, all[1:3], true},
			"before, to the beginning":     {viewer, purse.FriendQuery{Limit: 9, Before: all[4]}, all[:4], false},
			"between":                      {viewer, purse.FriendQuery{Limit: 9, After: all[0], Before: all[3]}, all[1:3], false},
		} {
			tc.q.Person = ann.User
			users, more, err := n.Service.Friends(t.Context(), tc.by, tc.q)
			var got []purse.UserID
			for _, u := range users {
				got = append(got, u.ID)
			}
			if err != nil || more != tc.more || !slices.Equal(got, tc.want) {
				t.Errorf("%s: %v, %v, %v, want %v, %v", name, got, more, err, tc.want, tc.more)
			}
		}
		poor := viewer
		poor.Scopes = "access_feed make_payments"
		_, _, err := n.Service.Friends(t.Context(), poor, purse.FriendQuery{Person: ann.User, Limit: 10})
		refused(t, "without the scope", err, purse.CodeScope)
		for name, who := range map[string]purse.UserID{"nobody": 5, "who has left": gone.User} {
			_, _, err = n.Service.Friends(t.Context(), viewer, purse.FriendQuery{Person: who, Limit: 10})
			refused(t, name, err, purse.CodeNotFound)
		}
		n.change(t, ann, func(u *purse.User) { u.HidesFriends = true })
		for name, tc := range map[string]struct {
			by   purse.Actor
			want int
		}{"others": {viewer, 0}, "a friend": {p[2], 0}, "oneself": {ann, len(own)}} {
			users, more, err := n.Service.Friends(t.Context(), tc.by, purse.FriendQuery{Person: ann.User, Limit: 10})
			if err != nil || more || len(users) != tc.want {
				t.Errorf("%s of a hidden list: %v, %v, %v", name, users, more, err)
			}
		}
	})
}

// A closed wallet pays nothing and gets nothing.
func TestClosedWallets(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.crowd(t, 2, 0)
		rich := n.crowd(t, 1, 100)[0]
		ann, gone := p[0], p[1]
		charge := made(t, n.Charge, gone, person(rich), 10)
		invited := made(t, n.Charge, ann, person(gone), 10)
		n.do(t, purse.Needs{Accounts: []ledger.AccountID{purse.WalletOf(gone.User)}}, func(f *purse.Facts) error {
			return f.CloseAccount(purse.WalletOf(gone.User))
		})
		_, err := maker(n.Pay).make(t.Context(), rich, person(gone), 1)
		refused(t, "pay", err, purse.CodeTarget)
		_, err = maker(n.Pay).make(t.Context(), gone, person(ann), 1)
		refused(t, "be paid by", err, purse.CodeFrozen)
		_, err = maker(n.Charge).make(t.Context(), gone, person(ann), 1)
		refused(t, "be charged by", err, purse.CodeTarget)
		_, err = changer(n.Approve).change(t.Context(), rich, charge.ID)
		refused(t, "approve the charge of", err, purse.CodeTarget)
		_, err = changer(n.Approve).change(t.Context(), gone, invited.ID)
		refused(t, "approve by", err, purse.CodeFrozen)
		for name, do := range map[string]entering{"issue": n.Issue, "redeem": n.Redeem} {
			_, err = do(t.Context(), purse.MainBook, "op", entry(gone, 1))
			refused(t, name, err, purse.CodeTarget)
		}
		changed(t, n.Deny, rich, charge.ID)
		changed(t, n.Cancel, ann, invited.ID)
	})
}
