package purse

// TieState is how far two people are with being friends, seen from one of them.
type TieState string

// The states of a tie.
const (
	TieNone   TieState = "none"
	TieAsked  TieState = "asked" // the person has asked the other
	TieFriend TieState = "friend"
)

// FriendsMax is how many friends a person may have, and AskedMax how many others
// they may have asked at a time.
const (
	FriendsMax = 5000
	AskedMax   = 1000
)

// Tie is what one person is to another. Friends have one each; whoever has asked
// to be friends has one, and whoever has blocked somebody. Where there is none
// they are nothing to each other.
type Tie struct {
	TieKey
	State   TieState
	Blocked bool // the person wants nothing to do with the other
	Since   Time
}

// TieKey names a tie.
type TieKey struct{ Person, Other UserID }

// Back is the other's tie to the person.
func (k TieKey) Back() TieKey { return TieKey{k.Other, k.Person} }

// Between is both ties of two people; where there is none, it is the zero one.
type Between struct{ Mine, Theirs Tie }

// Friends says whether the two are friends.
func (b Between) Friends() bool { return b.Mine.State == TieFriend && !b.Blocked() }

// Blocked says whether one of the two has blocked the other.
func (b Between) Blocked() bool { return b.Mine.Blocked || b.Theirs.Blocked }

// Tie finds what one person is to another; the zero tie where they are nothing.
// Only what was not loaded is an error.
func (f *Facts) Tie(k TieKey) (Tie, error) {
	t, err := found(f, &f.set.Ties, k, "tie", func(n *Needs) { n.Ties = []TieKey{k} })
	if CodeOf(err) == CodeNotFound {
		return Tie{TieKey: k, State: TieNone}, nil
	}
	return t, err
}

// Between finds both ties of two people.
func (f *Facts) Between(k TieKey) (b Between, err error) {
	var back error
	b.Mine, err = f.Tie(k)
	b.Theirs, back = f.Tie(k.Back())
	if err == nil {
		err = back
	}
	return b, err
}

// FriendQuery says which of a person's friends are to be listed, in the order of
// their numbers.
type FriendQuery struct {
	Person        UserID
	After, Before UserID // only numbers above, only numbers below; 0: all
	Limit, Offset int
}
