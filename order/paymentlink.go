package order

import (
	"context"

	"purse"
	"purse/secret"
)

// LinkRequest asks for a payment link.
type LinkRequest struct {
	Minor   int64  // minor units; 0: whoever pays says how much
	Product string // what is bought, as the customer reads it
}

// CreateLink makes a payment link of the merchant that the actor works for. That a
// merchant has at most purse.PaymentLinksMax that are open is looked at before the
// command: members who make some at once may end up with a few more.
//
// Refused with CodeScope, CodeMissing, CodeInvalid, CodeAmount, CodeSignedOut,
// CodeNotFound, CodeMerchant or CodeLimit.
func (s *Service) CreateLink(ctx context.Context, actor purse.Actor, merchant purse.MerchantID, req LinkRequest) (purse.PaymentLink, error) {
	if err := checkProduct(req.Product); err != nil {
		return purse.PaymentLink{}, err
	}
	if req.Minor < 0 {
		return purse.PaymentLink{}, purse.Refuse(purse.CodeAmount, "amount must be above zero.")
	}
	open, err := s.Store.PaymentLinksOf(ctx, actor.Book, merchant)
	if err != nil {
		return purse.PaymentLink{}, err
	}
	made := purse.PaymentLink{Link: secret.Link(), Minor: req.Minor, Product: req.Product}
	err = s.Store.Execute(ctx, working(actor, merchant, purse.Needs{}, func(f *purse.Facts, m purse.Merchant) error {
		if len(open) >= purse.PaymentLinksMax {
			return purse.Refuse(purse.CodeLimit, "A merchant has at most %d open payment links. Close one first.", purse.PaymentLinksMax)
		}
		made.PaymentLinkKey = purse.PaymentLinkKey{Merchant: m.ID, ID: purse.LinkID(f.NextID())}
		made.Made = f.Now
		f.Put(made)
		return nil
	}))
	if err != nil {
		return purse.PaymentLink{}, err
	}
	return made, nil
}

// CloseLink ends a payment link for good: its page takes nothing any more, and orders
// that were made by it may still be paid. One that was closed stays so.
//
// Refused with CodeScope, CodeSignedOut, CodeNotFound or CodeMerchant.
func (s *Service) CloseLink(ctx context.Context, actor purse.Actor, k purse.PaymentLinkKey) error {
	return s.Store.Execute(ctx, working(actor, k.Merchant, purse.Needs{PaymentLinks: []purse.PaymentLinkKey{k}},
		func(f *purse.Facts, _ purse.Merchant) error {
			l, err := f.PaymentLink(k)
			if err != nil || l.Closed != 0 {
				return err
			}
			l.Closed = f.Now
			f.Put(l)
			return nil
		}))
}

// Links lists the payment links of a merchant that the actor works for and that are
// open, newest first.
//
// Refused with CodeScope, CodeSignedOut or CodeNotFound.
func (s *Service) Links(ctx context.Context, actor purse.Actor, merchant purse.MerchantID) ([]purse.PaymentLink, error) {
	m, err := s.employer(ctx, actor, merchant)
	if err != nil {
		return nil, err
	}
	return s.Store.PaymentLinksOf(ctx, m.Book, m.ID)
}

// Offer is what the page of a payment link shows.
type Offer struct {
	Link     purse.PaymentLink
	Merchant purse.Merchant
}

// Offer is what the payment link with a secret is about. It may be closed, and so may
// its merchant, or take no payments: look at Link.Closed, Merchant.Closed and
// Merchant.Accepts.
//
// Refused with CodeNotFound.
func (s *Service) Offer(ctx context.Context, link string) (Offer, error) {
	l, err := s.Store.PaymentLinked(ctx, link)
	if err != nil {
		return Offer{}, err
	}
	m, err := s.Store.Merchants(ctx, l.Merchant)
	return Offer{Link: l, Merchant: m[l.Merchant]}, err
}

// Take makes an order from a payment link, for whoever has opened its page. minor units
// count only if the link leaves the amount open. The order can be paid for as long as
// the merchant's orders can.
//
// Anybody may call it, and each call makes an order. Refused with CodeNotFound,
// CodeMerchant, CodeFinal, CodeNotAccepted or CodeAmount, in this order.
func (s *Service) Take(ctx context.Context, link string, minor int64) (purse.Order, error) {
	offer, err := s.Offer(ctx, link)
	if err != nil {
		return purse.Order{}, err
	}
	k := offer.Link.PaymentLinkKey
	draft := purse.Order{OrderKey: purse.OrderKey{Merchant: k.Merchant}, Source: purse.OrderFromLink, Link: secret.Link()}
	var made purse.Order
	err = s.Store.Execute(ctx, purse.Command{
		// Strangers take the places of strangers, and never those of the merchant's server.
		Book: offer.Merchant.Book, Principal: purse.Principal{ID: int64(k.Merchant), App: purse.PublicKeys}, Crowd: true,
		Needs: purse.Needs{Merchants: []purse.MerchantID{k.Merchant}, PaymentLinks: []purse.PaymentLinkKey{k}},
		Decide: func(f *purse.Facts) error {
			m, err := f.Merchant(k.Merchant)
			if err != nil {
				return err
			}
			l, err := f.PaymentLink(k)
			if err != nil {
				return err
			}
			if m.Closed != 0 {
				return purse.Refuse(purse.CodeMerchant, "This merchant account is closed.")
			}
			if l.Closed != 0 {
				return purse.Refuse(purse.CodeFinal, "This link takes no payments any more.")
			}
			o := draft
			if o.Minor, o.Product = l.Minor, l.Product; l.Minor == 0 {
				o.Minor = minor
			}
			made, err = begin(f, m, o)
			return err
		},
	})
	if err != nil {
		return purse.Order{}, err
	}
	return made, nil
}
