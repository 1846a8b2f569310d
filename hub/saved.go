package hub

import (
	"context"
	"slices"

	"purse"
	"purse/policy"
)

// SaveRequest saves a payment handle with a customer, or deletes one.
type SaveRequest struct {
	Customer purse.CustomerID
	Handle   purse.HandleID // which is deleted
	From     string         // the token of a handle that the consumer has authorised
	Ref      string         // the merchant's own reference; empty: none
	Repeat   bool           // the reference may be that of another handle of the customer's

	Once   purse.Once
	Encode func(HandleReceipt) purse.Answer
}

// SaveHandle makes a handle that may be used many times out of one that a consumer
// has authorised, as long as the consumer's agreement with the merchant stands. It
// rings no money in: each sale with it asks the agreement. Merchants find it with
// the customer; its own reference is its token, so that it is never taken for an
// order's.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused, CodeNotFound,
// CodeNotAccepted, CodeDuplicate, CodeInvalid, CodeHandle or CodeHandleExpired, in
// this order.
func (s *Service) SaveHandle(ctx context.Context, seller purse.Seller, req SaveRequest) (purse.Answer, error) {
	needs, err := s.sourceNeeds(ctx, seller, req.From)
	if err != nil {
		return purse.Answer{}, err
	}
	fresh := token("PH")
	return s.customer(ctx, seller, req.Customer, req.Once, needs, func(f *purse.Facts, m purse.Merchant, c *purse.Customer, r *record) (reply, error) {
		h, err := save(f, m, *c, r, req, fresh)
		if err != nil {
			return nil, err
		}
		return func() purse.Answer { return req.Encode(HandleReceipt{Handle: h, Now: f.Now}) }, nil
	})
}

// sourceNeeds is what a command must see that saves a handle from another. Whose
// that is is a guess.
func (s *Service) sourceNeeds(ctx context.Context, seller purse.Seller, from string) (purse.Needs, error) {
	needs := purse.Needs{HandleTokens: []string{from}}
	h, err := s.Store.HandleNamed(ctx, seller.Book, from)
	if purse.CodeOf(err) == purse.CodeNotFound || err == nil && h.Merchant != seller.Merchant {
		return needs, nil
	}
	if err != nil {
		return needs, err
	}
	more, err := s.handleNeeds(ctx, seller.Book, h.HandleKey)
	needs.Add(more)
	return needs, err
}

// save decides the saving of a handle.
func save(f *purse.Facts, m purse.Merchant, c purse.Customer, r *record, req SaveRequest, token string) (purse.Handle, error) {
	if err := policy.Accepts(m); err != nil {
		return purse.Handle{}, err
	}
	if req.Ref != "" && !req.Repeat && slices.ContainsFunc(r.Handles, func(h savedHandle) bool { return h.Ref == req.Ref }) {
		return purse.Handle{}, purse.Refuse(purse.CodeDuplicate, "The merchantRefNum has already been used for another payment handle of this customer.")
	}
	if len(r.Handles) >= savedMax {
		return purse.Handle{}, purse.Refuse(purse.CodeInvalid, "A customer has at most %d payment handles.", savedMax)
	}
	from, err := source(f, c.Merchant, req.From)
	if err != nil {
		return purse.Handle{}, err
	}
	details, err := Details{Customer: c.ID, Ref: req.Ref}.encode()
	if err != nil {
		return purse.Handle{}, err
	}
	h := purse.Handle{
		HandleKey: purse.HandleKey{Merchant: c.Merchant, ID: purse.HandleID(f.NextID())},
		Type:      purse.HandleForPayment, Ref: token, Token: token, Multi: true,
		Consumer: from.Consumer, Payer: from.Payer, Simulator: from.Simulator, Details: details,
	}
	steps(f, &h, purse.HandleInitiated, purse.HandleProcessing, purse.HandlePayable)
	r.Handles = append(r.Handles, savedHandle{ID: h.ID, Ref: req.Ref})
	return h, nil
}

// source finds the handle that another is made from. One whose time has run out is
// ended.
func source(f *purse.Facts, m purse.MerchantID, token string) (purse.Handle, error) {
	bad := purse.Refuse(purse.CodeHandle, "The payment handle token is invalid, or nobody has authorised it.")
	h, err := f.HandleNamed(token)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return h, bad
	}
	if err != nil {
		return h, err
	}
	if h.Merchant != m || h.Multi || h.Payer == 0 || h.Type == purse.HandleForCredit {
		return h, bad
	}
	expired := purse.Refuse(purse.CodeHandleExpired, "The payment handle was not used within 15 minutes.")
	if over, err := lapse(f, &h); err != nil {
		return h, err
	} else if over {
		return h, tooLate{expired}
	}
	switch h.Status {
	case purse.HandlePayable, purse.HandleCompleted:
	case purse.HandleExpired:
		return h, expired
	default:
		return h, bad
	}
	agreement, err := f.Mandate(purse.MandateKey{Merchant: m, Consumer: h.Consumer})
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return h, err
	}
	if !agreement.Stands(f.Now) || agreement.Person != h.Payer {
		return h, purse.Refuse(purse.CodeHandle, "The consumer's agreement with the merchant does not stand any more.")
	}
	return h, nil
}

// DeleteHandle takes a saved handle away from its customer: it cannot be used any
// more. The agreement with its consumer stays.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused or CodeNotFound,
// in this order.
func (s *Service) DeleteHandle(ctx context.Context, seller purse.Seller, req SaveRequest) (purse.Answer, error) {
	key := purse.HandleKey{Merchant: seller.Merchant, ID: req.Handle}
	needs := purse.Needs{Handles: []purse.HandleKey{key}}
	return s.customer(ctx, seller, req.Customer, req.Once, needs, func(f *purse.Facts, _ purse.Merchant, _ *purse.Customer, r *record) (reply, error) {
		i, err := r.saved(req.Handle)
		if err != nil {
			return nil, err
		}
		h, err := f.Handle(key)
		if err != nil {
			return nil, err
		}
		r.Handles = slices.Delete(r.Handles, i, i+1)
		h = endSaved(f, h)
		return func() purse.Answer { return req.Encode(HandleReceipt{Handle: h, Now: f.Now}) }, nil
	})
}

// endSaved ends a saved handle.
func endSaved(f *purse.Facts, h purse.Handle) purse.Handle {
	if h.Status == purse.HandlePayable {
		step(f, &h, purse.HandleExpired)
	}
	return h
}

// saved finds the place of a saved handle.
//
// Refused with CodeNotFound.
func (r record) saved(id purse.HandleID) (int, error) {
	i := slices.IndexFunc(r.Handles, func(h savedHandle) bool { return h.ID == id })
	if i < 0 {
		return i, purse.Refuse(purse.CodeNotFound, "There is no such payment handle.")
	}
	return i, nil
}

// SavedHandles lists the handles that were saved with a customer, oldest first. The
// seller's key was checked by whoever asks.
//
// Refused with CodeNotFound.
func (s *Service) SavedHandles(ctx context.Context, seller purse.Seller, customer purse.CustomerID) ([]HandleReceipt, error) {
	_, r, err := s.readCustomer(ctx, seller, customer)
	if err != nil {
		return nil, err
	}
	return s.readSaved(ctx, seller, r.Handles)
}

// SavedHandle finds a handle that was saved with a customer, as SavedHandles does.
func (s *Service) SavedHandle(ctx context.Context, seller purse.Seller, customer purse.CustomerID, id purse.HandleID) (HandleReceipt, error) {
	_, r, err := s.readCustomer(ctx, seller, customer)
	if err != nil {
		return HandleReceipt{}, err
	}
	i, err := r.saved(id)
	if err != nil {
		return HandleReceipt{}, err
	}
	all, err := s.readSaved(ctx, seller, r.Handles[i:i+1])
	if err != nil {
		return HandleReceipt{}, err
	}
	return all[0], nil
}

func (s *Service) readSaved(ctx context.Context, seller purse.Seller, saved []savedHandle) ([]HandleReceipt, error) {
	now, err := s.Store.Now(ctx, seller.Book)
	if err != nil {
		return nil, err
	}
	all := make([]HandleReceipt, len(saved))
	for i, one := range saved {
		h, err := s.Store.Handle(ctx, seller.Book, purse.HandleKey{Merchant: seller.Merchant, ID: one.ID})
		if err != nil {
			return nil, err
		}
		all[i] = HandleReceipt{Handle: h, Now: now}
	}
	return all, nil
}
