package identity

import (
	"context"

	"purse"
)

// AddMember lets a person work for a merchant: at its till, with its payment links and
// its orders. Only operators call it.
//
// Refused with CodeNotFound, CodeMerchant, CodeTaken or CodeLimit.
func (s *Service) AddMember(ctx context.Context, by purse.Operator, merchant purse.MerchantID, username string) (purse.Member, error) {
	u, err := s.worker(ctx, username)
	if err != nil {
		return purse.Member{}, err
	}
	if err := s.roomForMember(ctx, merchant, u.ID); err != nil {
		return purse.Member{}, err
	}
	k := purse.MemberKey{Merchant: merchant, Person: u.ID}
	var made purse.Member
	needs := purse.Needs{Users: []purse.UserID{u.ID}, Members: []purse.MemberKey{k}}
	err = s.changeMerchant(ctx, merchant, needs, func(f *purse.Facts, m purse.Merchant) error {
		u, err := f.User(k.Person)
		if err != nil {
			return err
		}
		if u.Closed != 0 {
			return nobody()
		}
		if _, err := f.Member(k); err == nil {
			return purse.Refuse(purse.CodeTaken, "%s works for %s already.", u.Username, m.Name)
		} else if purse.CodeOf(err) != purse.CodeNotFound {
			return err
		}
		made = purse.Member{MemberKey: k, Since: f.Now}
		f.Put(made)
		f.Put(purse.NewAction(f, by, "merchant.member.add", merchant.String(), k.Person.String()))
		return nil
	})
	if err != nil {
		return purse.Member{}, err
	}
	return made, nil
}

// roomForMember refuses one more than the lists show. It reads before the command, so
// two operators at once may get past it by one.
//
// Refused with CodeLimit.
func (s *Service) roomForMember(ctx context.Context, merchant purse.MerchantID, person purse.UserID) error {
	members, err := s.Store.MembersOf(ctx, merchant)
	if err != nil {
		return err
	}
	if len(members) >= purse.MembersMax {
		return purse.Refuse(purse.CodeLimit, "%d people work for this merchant. Remove some first.", len(members))
	}
	merchants, err := s.Store.MembershipsOf(ctx, person)
	if err == nil && len(merchants) >= purse.MembersMax {
		return purse.Refuse(purse.CodeLimit, "This person works for %d merchants.", len(merchants))
	}
	return err
}

// RemoveMember ends it that a person works for a merchant, from the next command on. A
// merchant that was closed may lose members, too. Only operators call it.
//
// Refused with CodeNotFound.
func (s *Service) RemoveMember(ctx context.Context, by purse.Operator, merchant purse.MerchantID, username string) error {
	u, err := s.worker(ctx, username)
	if err != nil {
		return err
	}
	k := purse.MemberKey{Merchant: merchant, Person: u.ID}
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Members: []purse.MemberKey{k}},
		Decide: func(f *purse.Facts) error {
			m, err := f.Member(k)
			if err != nil {
				return absent(err, purse.Refuse(purse.CodeNotFound, "%s does not work for this merchant.", u.Username))
			}
			f.Remove(m)
			f.Put(purse.NewAction(f, by, "merchant.member.remove", merchant.String(), k.Person.String()))
			return nil
		},
	})
}

// worker finds a person by name.
func (s *Service) worker(ctx context.Context, username string) (purse.User, error) {
	if !purse.PlainText(username) {
		return purse.User{}, nobody()
	}
	u, err := s.Store.UserNamed(ctx, username)
	return u, absent(err, nobody())
}

func nobody() error { return purse.Refuse(purse.CodeNotFound, "There is nobody of this name.") }

// leave ends the memberships that are given, in a command that closes an account.
func leave(f *purse.Facts, memberships []purse.MemberKey) error {
	for _, k := range memberships {
		m, err := f.Member(k)
		switch {
		case err == nil:
			f.Remove(m)
		case purse.CodeOf(err) != purse.CodeNotFound:
			return err
		}
	}
	return nil
}

// memberships are the merchants for which a person works.
func (s *Service) memberships(ctx context.Context, person purse.UserID) ([]purse.MemberKey, error) {
	members, err := s.Store.MembershipsOf(ctx, person)
	var keys []purse.MemberKey
	for _, m := range members {
		keys = append(keys, m.MemberKey)
	}
	return keys, err
}

// workForNobody ends the memberships that came while the account was being closed. From
// then on AddMember adds none.
func (s *Service) workForNobody(ctx context.Context, person purse.UserID) error {
	for {
		left, err := s.memberships(ctx, person)
		if err != nil || len(left) == 0 {
			return err
		}
		err = s.Store.Execute(ctx, purse.Command{
			Book: purse.Directory, Needs: purse.Needs{Members: left},
			Decide: func(f *purse.Facts) error { return leave(f, left) },
		})
		if err != nil {
			return err
		}
	}
}
