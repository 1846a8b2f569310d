package hub

import (
	"context"

	"purse"
	"purse/policy"
)

// mandatesMax is how many agreements a person is shown.
const mandatesMax = 500

// Standing is an agreement as its person sees it.
type Standing struct {
	Mandate  purse.Mandate
	Merchant purse.Merchant
	Stands   bool  // it may be used now
	Month    int64 // minor units taken this month
}

// Mandates lists the actor's agreements, newest first, those that were revoked at the end.
// Only the actor's own session may ask.
//
// Refused with CodeScope.
func (s *Service) Mandates(ctx context.Context, actor purse.Actor) ([]Standing, error) {
	if actor.Session == "" {
		return nil, errApp
	}
	now, err := s.Store.Now(ctx, actor.Book)
	if err != nil {
		return nil, err
	}
	mandates, err := s.Store.MandatesOf(ctx, actor.Book, actor.User, mandatesMax)
	if err != nil {
		return nil, err
	}
	var ids []purse.MerchantID
	for _, m := range mandates {
		ids = append(ids, m.Merchant)
	}
	merchants, err := s.Store.Merchants(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var all []Standing
	for _, m := range mandates {
		all = append(all, Standing{Mandate: m, Merchant: merchants[m.Merchant], Stands: m.Stands(now), Month: m.ThisMonth(now)})
	}
	return all, nil
}

var errApp = purse.Refuse(purse.CodeScope, "An app cannot look after agreements with merchants.")

// RevokeMandate takes an agreement back: from now on the merchant must ask. What is
// ring-fenced already the merchant may still take. Revoking it once more changes
// nothing.
//
// Refused with CodeScope, CodeSignedOut or CodeNotFound.
func (s *Service) RevokeMandate(ctx context.Context, actor purse.Actor, k purse.MandateKey) error {
	return s.changeMandate(ctx, actor, k, revoke)
}

// revoke decides that an agreement is taken back.
func revoke(f *purse.Facts, m *purse.Mandate) (purse.EventKind, error) {
	if m.Revoked != 0 {
		return "", nil
	}
	m.Revoked = f.Now
	return purse.MandateRevoked, nil
}

// LimitMandate changes how far an agreement goes.
//
// Refused with CodeScope, CodeSignedOut, CodeNotFound or CodeInvalid.
func (s *Service) LimitMandate(ctx context.Context, actor purse.Actor, k purse.MandateKey, a Agreement) error {
	return s.changeMandate(ctx, actor, k, func(f *purse.Facts, m *purse.Mandate) (purse.EventKind, error) {
		if m.CapPayment == a.CapPayment && m.CapMonth == a.CapMonth && m.Ends == a.Ends {
			return "", nil
		}
		if err := a.Check(f.Now); err != nil {
			return "", err
		}
		m.CapPayment, m.CapMonth, m.Ends = a.CapPayment, a.CapMonth, a.Ends
		return purse.MandateChanged, nil
	})
}

// mandateChange decides the change of an agreement, and says which news that is:
// none if nothing changed.
type mandateChange func(*purse.Facts, *purse.Mandate) (purse.EventKind, error)

// changeMandate runs the command that changes an agreement of the actor's.
func (s *Service) changeMandate(ctx context.Context, actor purse.Actor, k purse.MandateKey, change mandateChange) error {
	if actor.Session == "" {
		return errApp
	}
	needs := actor.Credential()
	needs.Mandates = []purse.MandateKey{k}
	return s.Store.Execute(ctx, purse.Command{
		Book: actor.Book, Principal: actor.Principal(), Needs: needs, Decide: alter(actor, k, change),
	})
}

// alter decides the change of an agreement of the actor's.
func alter(actor purse.Actor, k purse.MandateKey, change mandateChange) func(*purse.Facts) error {
	return func(f *purse.Facts) error {
		if err := policy.Authorize(f, actor, purse.MakePayments); err != nil {
			return err
		}
		m, err := f.Mandate(k)
		if err == nil && m.Person != actor.User {
			err = purse.Refuse(purse.CodeNotFound, "There is no such agreement.")
		}
		if err != nil {
			return err
		}
		news, err := change(f, &m)
		if news == "" || err != nil {
			return err
		}
		m.Version++
		f.Put(m)
		f.Emit(news, m)
		return nil
	}
}
