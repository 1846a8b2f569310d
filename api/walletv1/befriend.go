package walletv1

import (
	"context"
	"net/http"

	"purse"
	"purse/api"
)

// bonds are what may be done about another person, by the word that callers send.
// They are this network's own: the wire that this door speaks only reads friends.
func (d *Door) bonds(action string) func(context.Context, purse.Actor, purse.UserID) error {
	switch action {
	case "ask":
		return d.Wallet.AskFriend
	case "accept":
		return d.Wallet.AcceptFriend
	case "remove":
		return d.Wallet.RemoveFriend
	case "block":
		return d.Wallet.Block
	case "unblock":
		return d.Wallet.Unblock
	}
	return nil
}

// befriend answers PUT /v1/users/{id}. The scope access_friends is needed. It may be
// repeated without a key: each action says how things are to be afterwards.
func (d *Door) befriend(w http.ResponseWriter, r *http.Request) error {
	p, actor, err := d.reader(r)
	if err != nil {
		return err
	}
	action := p.Get("action")
	use := d.bonds(action)
	switch {
	case action == "":
		return purse.Refuse(purse.CodeMissing, "Pass the action: ask, accept, remove, block or unblock.")
	case use == nil:
		return purse.Refuse(purse.CodeInvalid, "Invalid parameter : The action is ask, accept, remove, block or unblock.")
	}
	// Without the scope nobody is told who is there.
	if err := actor.Allows(purse.AccessFriends); err != nil {
		return err
	}
	// Whom the actor has blocked is found here too, or nobody could be unblocked.
	var other purse.UserID
	if id, ok := parseID(r.PathValue("id")); ok {
		other = purse.UserID(id)
	} else {
		u, err := d.Identity.Named(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		other = u.ID
	}
	err = use(r.Context(), actor, other)
	if purse.CodeOf(err) == purse.CodeTarget {
		return purse.Refuse(purse.CodeNotFound, resourceNotFound) // nobody is there to be told apart from who has blocked the actor
	}
	if err != nil {
		return err
	}
	return d.showBond(w, r, actor, other)
}

// showBond writes what two people are to each other now.
func (d *Door) showBond(w http.ResponseWriter, r *http.Request, actor purse.Actor, other purse.UserID) error {
	u, err := d.Identity.User(r.Context(), other)
	if err != nil {
		return err
	}
	ties, err := d.Wallet.Store.Between(r.Context(), actor.User, other)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, answerBytes), `{"data":`...)
	b = d.appendUser(b, u)
	b = purse.AppendQuoted(append(b[:len(b)-1], `,"friend_status":`...), friendStatus(ties[other]))
	return api.WriteJSON(w, http.StatusOK, string(append(b, `}}`...)))
}

// friendStatus says what the other is to the person, and nothing of what only the
// other knows.
func friendStatus(b purse.Between) string {
	switch {
	case b.Mine.Blocked:
		return "blocked"
	case b.Friends():
		return "friend"
	case b.Mine.State == purse.TieAsked:
		return "asked"
	case b.Theirs.State == purse.TieAsked:
		return "asks"
	}
	return "none"
}
