package purse

import "slices"

// Audience is who may see a payment besides its two parties.
type Audience string

// The audiences of seeds/002.
const (
	Private Audience = "private"
	Friends Audience = "friends"
	Public  Audience = "public"
)

// audiences are all of them, each seen by at least those who see the one before.
var audiences = []Audience{Private, Friends, Public}

// ParseAudience reads an audience. Whoever leaves it out means their own setting;
// see User.Audience.
func ParseAudience(s string) (Audience, error) {
	if a := Audience(s); a == "" || slices.Contains(audiences, a) {
		return a, nil
	}
	return "", Refuse(CodeAudience, "Invalid audience: it is public, friends or private.")
}

// Within says whether nobody sees what a allows who would not see what b allows.
func (a Audience) Within(b Audience) bool {
	return slices.Index(audiences, a) <= slices.Index(audiences, b)
}

// Visible says whether a person may see that p was made, and its note; the amount
// is for its two parties only. It is the one place in which that is decided.
// between tells what the viewer and another person are to each other.
//
// The parties see it always. Others see it once it has settled, if its audience
// has them in it, unless the viewer and one of the parties have blocked each other,
// whichever of them did.
func Visible(viewer UserID, p Payment, between func(UserID) Between) bool {
	if viewer == p.Actor || viewer == p.Target {
		return true
	}
	if p.Status != PaymentSettled || p.Audience != Friends && p.Audience != Public {
		return false
	}
	actor, target := between(p.Actor), between(p.Target)
	if actor.Blocked() || target.Blocked() {
		return false
	}
	return p.Audience == Public || actor.Friends() || target.Friends()
}
