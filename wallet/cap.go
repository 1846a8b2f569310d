package wallet

import (
	"context"

	"purse"
	"purse/policy"
)

// Cap is how much somebody's wallet lets an app, or a trusted friend's charges,
// take out of it in a day.
type Cap struct {
	Minor int64 // minor units a day; below 0: any amount
	Own   bool  // it is what the app starts with: the person has set nothing
	Today int64 // minor units taken today, UTC
}

// SetAppCap changes what an app may pay out for the actor in a day, in minor units;
// purse.AppsOwnCap: what the app starts with. What was taken today stays counted.
// Only people on this network's own pages do so: an app cannot help itself.
//
// Refused with CodeScope, CodeSignedOut, CodeInvalid or CodeNotFound.
func (s *Service) SetAppCap(ctx context.Context, actor purse.Actor, app purse.AppID, minor int64) error {
	if minor < purse.AppsOwnCap {
		return purse.Refuse(purse.CodeInvalid, "What an app may pay out in a day is an amount, and not negative.")
	}
	needs := purse.Needs{Apps: []purse.AppID{app}}
	return s.setCap(ctx, actor, int64(app), needs, func(f *purse.Facts, a *purse.Allowance) error {
		a.Cap = minor
		_, err := f.App(app)
		return err
	})
}

// Trust lets a friend's charges take so much out of the actor's wallet in a day
// without being asked, in minor units; 0 ends it. What was taken today stays
// counted. Only people on this network's own pages do so.
//
// Refused with CodeScope, CodeSignedOut or CodeInvalid.
func (s *Service) Trust(ctx context.Context, actor purse.Actor, friend purse.UserID, minor int64) error {
	if minor < 0 {
		return purse.Refuse(purse.CodeInvalid, "What a friend may take in a day is an amount, and not negative.")
	}
	k := purse.TieKey{Person: actor.User, Other: friend}
	needs := purse.Needs{Ties: []purse.TieKey{k, k.Back()}}
	return s.setCap(ctx, actor, int64(friend), needs, func(f *purse.Facts, a *purse.Allowance) error {
		if minor == 0 {
			a.Cap = min(a.Cap, 0) // where there is no trust yet, it stays as it is
			return nil
		}
		a.Cap = minor
		b, err := f.Between(k)
		if err == nil && !b.Friends() {
			return purse.Refuse(purse.CodeInvalid, "Only a friend can be trusted.")
		}
		return err
	})
}

// setCap is the command that lets set change an allowance.
func (s *Service) setCap(ctx context.Context, actor purse.Actor, grantee int64, needs purse.Needs, set func(*purse.Facts, *purse.Allowance) error) error {
	if actor.Session == "" {
		return purse.Refuse(purse.CodeScope, "Only you yourself can change this, on this network's own pages.")
	}
	k := purse.AllowanceKey{Person: actor.User, Grantee: grantee}
	needs.Allowances = []purse.AllowanceKey{k}
	needs.Add(actor.Credential())
	return s.Store.Execute(ctx, purse.Command{
		Book: actor.Book, Principal: actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) error {
			if err := policy.Authorize(f, actor, purse.MakePayments); err != nil {
				return err
			}
			before, err := f.Allowance(k)
			if err != nil {
				return err
			}
			after := before
			if err := set(f, &after); err != nil {
				return err
			}
			if after != before {
				f.Put(after)
			}
			return nil
		},
	})
}

// distrust ends what two people trust each other with.
func (s *Service) distrust(ctx context.Context, actor purse.Actor, other purse.UserID) error {
	mine := purse.AllowanceKey{Person: actor.User, Grantee: int64(other)}
	theirs := purse.AllowanceKey{Person: other, Grantee: int64(actor.User)}
	needs := purse.Needs{Allowances: []purse.AllowanceKey{mine, theirs}}
	needs.Add(actor.Credential())
	return s.Store.Execute(ctx, purse.Command{
		Book: actor.Book, Principal: actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) error {
			if err := policy.Authorize(f, actor, purse.AccessFriends); err != nil {
				return err
			}
			for _, k := range needs.Allowances {
				a, err := f.Allowance(k)
				if err != nil {
					return err
				}
				if a.Cap > 0 {
					a.Cap = 0
					f.Put(a)
				}
			}
			return nil
		},
	})
}

// AppCaps tells what apps may pay out for the actor. An app that does not exist is
// not in the map. The actor must have been authenticated by a fresh read.
func (s *Service) AppCaps(ctx context.Context, actor purse.Actor, apps ...purse.AppID) (map[purse.AppID]Cap, error) {
	found, err := s.Store.Apps(ctx, apps...)
	if err != nil {
		return nil, err
	}
	grantees := make([]int64, len(apps))
	for i, id := range apps {
		grantees[i] = int64(id)
	}
	allowances, now, err := s.allowances(ctx, actor, grantees)
	if err != nil {
		return nil, err
	}
	caps := make(map[purse.AppID]Cap, len(found))
	for id, app := range found {
		a, set := allowances[int64(id)]
		if !set {
			a.Cap = purse.AppsOwnCap
		}
		caps[id] = Cap{Minor: policy.AppCap(a, app), Own: a.Cap == purse.AppsOwnCap, Today: a.Today(now)}
	}
	return caps, nil
}

// Trusted tells what the actor trusts friends with; those who are not trusted are
// not in the map. The actor must have been authenticated by a fresh read.
func (s *Service) Trusted(ctx context.Context, actor purse.Actor, friends ...purse.UserID) (map[purse.UserID]Cap, error) {
	grantees := make([]int64, len(friends))
	for i, id := range friends {
		grantees[i] = int64(id)
	}
	allowances, now, err := s.allowances(ctx, actor, grantees)
	if err != nil {
		return nil, err
	}
	caps := make(map[purse.UserID]Cap, len(allowances))
	for grantee, a := range allowances {
		if a.Cap > 0 {
			caps[purse.UserID(grantee)] = Cap{Minor: a.Cap, Today: a.Today(now)}
		}
	}
	return caps, nil
}

func (s *Service) allowances(ctx context.Context, actor purse.Actor, grantees []int64) (map[int64]purse.Allowance, purse.Time, error) {
	now, err := s.Store.Now(ctx, actor.Book)
	if err != nil {
		return nil, 0, err
	}
	found, err := s.Store.Allowances(ctx, actor.Book, actor.User, grantees...)
	return found, now, err
}
