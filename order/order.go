// Package order is what shops without a program of their own, or with a small one, do:
// one call or one tap makes an order, whoever opens its page pays it, the merchant has
// the money (seeds/000).
//
// Each use case is one file with one command. The package decides and leaves wire
// formats to the door, pages to package web, rules to package policy and arithmetic to
// package ledger. It promises: an order is paid at most once, by one wallet, in full,
// and never at or after its deadline, in book time; what is refused has changed nothing.
// What belongs to a merchant is seen by those who hold its keys and by those who work
// for it; for everybody else it is not there.
package order

import (
	"context"

	"purse"
	"purse/ledger"
	"purse/notice"
	"purse/policy"
)

// Service carries out the use cases of orders.
type Service struct {
	Store      purse.Store
	Courier    purse.Courier                              // for receipts; nil: none are sent
	Caller     Caller                                     // for callbacks
	OpenSecret func(k purse.APIKey) (purse.Secret, error) // the API secret of a key for orders
	Network    string                                     // its name, for receipts
	PublicURL  string                                     // where people reach it, for the links in receipts

	receipts notice.Place
}

// step moves an order on and tells the news.
func step(f *purse.Facts, o *purse.Order, to purse.OrderStatus) {
	o.Status, o.Changed = to, max(f.Now, o.Made)
	o.Version++
	f.Put(*o)
	f.Emit(purse.OrderNews(to), *o)
}

// accounts are those that money moves between when an order is paid.
func accounts(m purse.MerchantID, payer purse.UserID) []ledger.AccountID {
	return []ledger.AccountID{purse.BalanceOf(m), purse.FeesAccount, purse.WalletOf(payer)}
}

// working is a command of somebody who works for a merchant. do decides once that was
// found to be so, in the same batch.
func working(actor purse.Actor, merchant purse.MerchantID, needs purse.Needs, do func(*purse.Facts, purse.Merchant) error) purse.Command {
	needs.Add(actor.Credential())
	needs.Add(purse.Needs{
		Merchants: []purse.MerchantID{merchant}, Members: []purse.MemberKey{{Merchant: merchant, Person: actor.User}},
	})
	return purse.Command{
		Book: actor.Book, Principal: actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) error {
			m, err := policy.WorksFor(f, actor, merchant)
			if err != nil {
				return err
			}
			return do(f, m)
		},
	}
}

// signedIn refuses an actor whose session is not good, for reads.
func (s *Service) signedIn(ctx context.Context, actor purse.Actor) error {
	if actor.Session == "" {
		return purse.Refuse(purse.CodeScope, "An app cannot do this.")
	}
	session, now, err := s.Store.Session(ctx, actor.Session)
	if purse.CodeOf(err) == purse.CodeNotFound || err == nil && (session.Person != actor.User || session.Book != actor.Book) {
		return purse.Refuse(purse.CodeSignedOut, "You are signed out. Sign in again.")
	}
	if err != nil {
		return err
	}
	return session.Valid(now)
}

// employers are the merchants that somebody who has signed in works for, also those
// that were closed, in the order of their numbers.
//
// Refused with CodeScope or CodeSignedOut.
func (s *Service) employers(ctx context.Context, actor purse.Actor) ([]purse.Merchant, error) {
	if err := s.signedIn(ctx, actor); err != nil {
		return nil, err
	}
	memberships, err := s.Store.MembershipsOf(ctx, actor.User)
	if err != nil {
		return nil, err
	}
	ids := make([]purse.MerchantID, len(memberships))
	for i, m := range memberships {
		ids[i] = m.Merchant
	}
	found, err := s.Store.Merchants(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var all []purse.Merchant
	for _, id := range ids {
		if m, ok := found[id]; ok && m.Book == actor.Book {
			all = append(all, m)
		}
	}
	return all, nil
}

// employer is one of the merchants that somebody who has signed in works for.
//
// Refused with CodeScope, CodeSignedOut or CodeNotFound.
func (s *Service) employer(ctx context.Context, actor purse.Actor, merchant purse.MerchantID) (purse.Merchant, error) {
	all, err := s.employers(ctx, actor)
	if err != nil {
		return purse.Merchant{}, err
	}
	for _, m := range all {
		if m.ID == merchant {
			return m, nil
		}
	}
	return purse.Merchant{}, purse.Refuse(purse.CodeNotFound, "There is no such merchant.")
}
