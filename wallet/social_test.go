package wallet_test

import (
	"context"
	"fmt"
	"testing"

	"purse"
	"purse/wallet"
)

// visitors makes people with money who use this network's own pages.
func (n *network) visitors(t *testing.T, people int, minor int64) []purse.Actor {
	t.Helper()
	actors := n.crowd(t, people, minor)
	err := n.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
		for i, a := range actors {
			s := purse.Session{
				Hash: purse.SessionHash(fmt.Sprintf("%043d", a.User)), ID: purse.SessionID(f.NextID()), Person: a.User, Book: a.Book,
				Seen: f.Now, Proved: f.Now, Expires: f.Now.Add(1000 * 24 * 60 * 60 * 1e9),
			}
			f.Put(s)
			actors[i] = purse.Actor{Book: a.Book, User: a.User, Session: s.Hash, Scopes: purse.EveryScope()}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return actors
}

// through makes an app with a cap, and a token of it for each of some people.
func (n *network) through(t *testing.T, dayCap int64, people ...purse.Actor) (purse.AppID, []purse.Actor) {
	t.Helper()
	var app purse.App
	actors := make([]purse.Actor, len(people))
	n.do(t, purse.Needs{}, func(f *purse.Facts) error {
		app = purse.App{ID: purse.AppID(f.NextID()), Name: "App", Medium: purse.MediumIOS, Created: f.Now, DayCap: dayCap}
		f.Put(app)
		for i, a := range people {
			id := purse.TokenID(f.NextID())
			actors[i] = purse.Actor{Book: a.Book, User: a.User, App: app.ID, Token: purse.TokenHash(fmt.Sprintf("%043d", id)), Scopes: purse.EveryScope()}
			f.Put(purse.Token{Hash: actors[i].Token, ID: id, User: a.User, App: app.ID, Book: a.Book, Scopes: actors[i].Scopes, Grant: purse.GrantID(id)})
			f.Put(purse.Grant{ID: purse.GrantID(id), Person: a.User, App: app.ID, Scopes: actors[i].Scopes, Access: actors[i].Token, Created: f.Now})
		}
		return nil
	})
	return app.ID, actors
}

// bond is a use case that changes what two people are to each other.
type bond func(context.Context, purse.Actor, purse.UserID) error

// bonds are all of them, by name.
func (n *network) bonds() map[string]bond {
	return map[string]bond{"ask": n.AskFriend, "accept": n.AcceptFriend, "remove": n.RemoveFriend, "block": n.Block, "unblock": n.Unblock}
}

// befriend makes two people friends.
func (n *network) befriend(t *testing.T, a, b purse.Actor) {
	t.Helper()
	for _, by := range [][2]purse.Actor{{a, b}, {b, a}} {
		if err := n.AskFriend(t.Context(), by[0], by[1].User); err != nil {
			t.Fatal(err)
		}
	}
}

// must carries out a bond.
func (n *network) must(t *testing.T, do string, by, to purse.Actor) {
	t.Helper()
	if err := n.bonds()[do](t.Context(), by, to.User); err != nil {
		t.Fatal(do, err)
	}
}

// tieWords says what a person is to another, as it is stored.
func tieWords(t purse.Tie) string {
	words := string(t.State)
	if t.Blocked {
		words += " blocked"
	}
	return words
}

func (n *network) bondOf(t *testing.T, a, b purse.Actor) (mine, theirs string) {
	t.Helper()
	ties, err := n.Between(t.Context(), a.User, b.User)
	if err != nil {
		t.Fatal(err)
	}
	return tieWords(ties[b.User].Mine), tieWords(ties[b.User].Theirs)
}

func (n *network) user(t *testing.T, a purse.Actor) purse.User {
	t.Helper()
	users, err := n.Users(t.Context(), a.User)
	if err != nil {
		t.Fatal(err)
	}
	return users[a.User]
}

// change puts a person as change makes them, in a command of the directory.
func (n *network) change(t *testing.T, a purse.Actor, change func(*purse.User)) {
	t.Helper()
	err := n.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Users: []purse.UserID{a.User}},
		Decide: func(f *purse.Facts) error {
			u, err := f.User(a.User)
			if err != nil {
				return err
			}
			change(&u)
			f.Put(u)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// leave closes somebody's wallet and account, as far as others see it.
func (n *network) leave(t *testing.T, a purse.Actor) {
	t.Helper()
	n.do(t, purse.Needs{}, func(f *purse.Facts) error { return f.CloseAccount(purse.WalletOf(a.User)) })
	n.change(t, a, func(u *purse.User) { u.Closed, u.FirstName, u.LastName, u.About = u.Joined+1, "", "", "" })
	err := n.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
		s, err := f.Session(a.Session)
		s.Ended = f.Now
		f.Put(s)
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// narrow lets fewer people see a payment.
func (n *network) narrow(t *testing.T, by purse.Actor, id purse.PaymentID, to purse.Audience) (shown wallet.Receipt, err error) {
	t.Helper()
	_, err = n.Narrow(t.Context(), by, wallet.ChangeRequest{
		Payment: id, Encode: func(r wallet.Receipt) purse.Answer { shown = r; return purse.Answer{Status: 200} },
	}, to)
	return shown, err
}

// told makes a payment with an audience.
func (n *network) told(t *testing.T, by, to purse.Actor, audience purse.Audience) purse.Payment {
	t.Helper()
	var shown wallet.Receipt
	_, err := n.Pay(t.Context(), by, wallet.PayRequest{
		To: person(to), Minor: 1, Note: "n", Audience: audience,
		Encode: func(r wallet.Receipt) purse.Answer { shown = r; return purse.Answer{Status: 200} },
	})
	if err != nil {
		t.Fatal(err)
	}
	return shown.Payment
}

func feedOf(a purse.Actor) wallet.FeedQuery { return wallet.FeedQuery{Person: a.User, Limit: 10} }

// entering is a use case that lets money in or out.
type entering func(context.Context, purse.BookID, purse.Operator, wallet.EntryRequest) (purse.Answer, error)

func entry(who purse.Actor, minor int64) wallet.EntryRequest {
	return wallet.EntryRequest{Wallet: who.User, Minor: minor, Encode: func(purse.Entry) purse.Answer { return purse.Answer{} }}
}
