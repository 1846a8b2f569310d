package purse

import "cmp"

// Grant is what a person has let an app do, once for each time that they did. At
// any time one access token and at most one refresh token of it are good.
//
// Life: from the first token until it is revoked.
type Grant struct {
	ID      GrantID
	Person  UserID
	App     AppID // 0: the person's own use; DeveloperApp
	Scopes  Scopes
	Access  TokenHash  // the access token that is good now
	Refresh TicketHash // the refresh token that is good now; empty: none
	Created Time
	Used    Time // about when it was last used; 0: never
	Revoked Time // 0: not
}

// GrantsKey names the grants that a person has given to an app.
type GrantsKey struct {
	Person UserID
	App    AppID
}

// GrantsMax bounds the set of the grants of a person to an app: one more revokes
// the oldest.
const GrantsMax = 50

// Grant finds a grant.
func (f *Facts) Grant(id GrantID) (Grant, error) {
	return found(f, &f.set.Grants, id, "grant", func(n *Needs) { n.Grants = []GrantID{id} })
}

// Grants is the set of what a person has granted to an app and not revoked,
// oldest first.
func (f *Facts) Grants(k GrantsKey) ([]Grant, error) {
	return members(f, f.set.grantsOf[k], &f.set.Grants, Needs{GrantsOf: []GrantsKey{k}},
		func(g Grant) bool { return g.Revoked == 0 }, func(a, b Grant) int { return cmp.Compare(a.ID, b.ID) })
}

// LoadGrant brings in a grant, and into its set if that was wanted.
func (w *WorkingSet) LoadGrant(g Grant) {
	load(&w.Grants, w.grantsOf[GrantsKey{g.Person, g.App}], g.ID, g)
}

// WantGrants says that the grants of k will be asked for; true the first time.
func (w *WorkingSet) WantGrants(k GrantsKey) bool { return wantSet(&w.grantsOf, k) }
