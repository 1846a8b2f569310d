package hub

import (
	"context"

	"purse"
	"purse/ledger"
	"purse/policy"
)

// Sell uses a payable handle: its money is captured at once (Auto), or stays
// ring-fenced until it is settled or voided, for as long as the merchant's terms
// say. A handle that may be used many times is charged as the agreement allows.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused, CodeDuplicate,
// CodeHandle, CodeHandleExpired, CodeAmount or CodeNotAccepted, in this order. What is declined is a
// sale that has failed, and so has its handle.
func (s *Service) Sell(ctx context.Context, seller purse.Seller, req OperationRequest) (purse.Answer, error) {
	made, needs, err := s.usingHandle(ctx, seller, purse.Sale, req)
	if err != nil {
		return purse.Answer{}, err
	}
	return s.run(ctx, s.take(seller, req, made, needs))
}

// take is the errand of a sale.
func (s *Service) take(seller purse.Seller, req OperationRequest, made purse.Operation, needs purse.Needs) *errand {
	fresh := token("PH")
	return newErrand(seller, purse.PrivateKey, req.Once, needs, func(f *purse.Facts, m purse.Merchant) (reply, error) {
		h, err := usable(f, req, made)
		if err != nil {
			return nil, err
		}
		if h.Multi {
			if err := policy.Accepts(m); err != nil {
				return nil, err
			}
			if h, err = s.again(f, h, fresh, req); err != nil {
				return nil, err
			}
		}
		o := made
		o.ID, o.Handle, o.Payer = purse.OperationID(f.NextID()), h.ID, h.Payer
		settlement, err := s.sell(f, m, &h, &o)
		if err != nil {
			return nil, err
		}
		r, err := operationReceipt(f, o, h, settlement...)
		if err != nil {
			return nil, err
		}
		return func() purse.Answer { return req.Encode(r) }, nil
	})
}

// usingHandle is an operation that uses a handle, before anything has become of
// it, and what its command must see. Whose the handle is is a guess.
func (s *Service) usingHandle(ctx context.Context, seller purse.Seller, kind purse.OperationKind, req OperationRequest) (purse.Operation, purse.Needs, error) {
	o, err := newOperation(seller, kind, req)
	if err != nil {
		return o, purse.Needs{}, err
	}
	needs := purse.Needs{
		HandleTokens: []string{req.Token},
		References:   []purse.ReferenceKey{{Merchant: seller.Merchant, Kind: kind, Ref: req.Ref}},
	}
	h, known := s.handles.get(req.Token)
	if !known {
		if h, err = s.Store.HandleNamed(ctx, seller.Book, req.Token); err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return o, needs, err
		}
	}
	needs.Accounts = balances(seller.Merchant, h.Payer)
	if h.Payer != 0 {
		needs.Users = []purse.UserID{h.Payer}
		needs.Consumers = []purse.ConsumerKey{{Merchant: seller.Merchant, Person: h.Payer}}
	}
	if h.Hold != 0 {
		needs.Holds = []ledger.TransferID{h.Hold}
	}
	if h.Multi {
		needs.Mandates = []purse.MandateKey{{Merchant: h.Merchant, Consumer: h.Consumer}}
	}
	return o, needs, nil
}

// newOperation is an operation before anything has become of it.
func newOperation(seller purse.Seller, kind purse.OperationKind, req OperationRequest) (purse.Operation, error) {
	details, err := req.Details.encode()
	return purse.Operation{
		OperationKey: purse.OperationKey{Merchant: seller.Merchant, Kind: kind},
		Ref:          req.Ref, Minor: req.Minor, Auto: req.Auto, Details: details,
	}, err
}

// handleTypes says which handles an operation may use.
var handleTypes = map[purse.OperationKind]purse.HandleType{
	purse.Sale:   purse.HandleForPayment,
	purse.Credit: purse.HandleForCredit,
	purse.Verify: purse.HandleForVerification,
}

// usable finds the handle that a request for the operation o wants to use, and
// refuses one that cannot be. One whose time has run out is ended.
func usable(f *purse.Facts, req OperationRequest, o purse.Operation) (purse.Handle, error) {
	if !req.Repeat {
		if err := f.CheckDuplicate(purse.ReferenceKey{Merchant: o.Merchant, Kind: o.Kind, Ref: o.Ref}); err != nil {
			return purse.Handle{}, err
		}
	}
	bad := purse.Refuse(purse.CodeHandle, "The payment handle token is invalid, has been used, or is not payable.")
	h, err := f.HandleNamed(req.Token)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return h, bad
	}
	if err != nil {
		return h, err
	}
	if h.Merchant != o.Merchant || h.Type != handleTypes[o.Kind] {
		return h, bad
	}
	expired := purse.Refuse(purse.CodeHandleExpired, "The payment handle was not used within 15 minutes.")
	if h.Status == purse.HandleExpired && !h.Multi { // a saved one has no time: it was deleted
		return h, expired
	}
	over, err := lapse(f, &h)
	switch {
	case err != nil:
		return h, err
	case over:
		return h, tooLate{expired}
	case h.Status != purse.HandlePayable:
		return h, bad
	case !h.Multi && o.Minor != h.Minor:
		return h, purse.Refuse(purse.CodeAmount, "must equal the amount of the payment handle")
	}
	return h, nil
}

// sell decides a sale with a payable handle, and gives the settlement that it makes
// by itself.
func (s *Service) sell(f *purse.Facts, m purse.Merchant, h *purse.Handle, o *purse.Operation) ([]purse.Operation, error) {
	if h.Status == purse.HandleFailed { // again was declined
		h.Operation = o.ID
		f.Put(*h)
		failed(f, o, purse.Decline{Fault: h.Fault, Processor: h.Processor})
		return nil, nil
	}
	if d, declined := s.refuses(f, purse.StepSale, *h); declined {
		if err := letGo(f, *h); err != nil {
			return nil, err
		}
		h.Operation = o.ID
		fail(f, h, d)
		failed(f, o, d)
		return nil, nil
	}
	o.Counted = h.Counted
	var settlement []purse.Operation
	if o.Auto {
		transfer, err := f.Capture(h.Hold, o.Minor)
		if err != nil {
			return nil, err
		}
		one, err := settled(f, m, *o, o.ID, o.Ref, o.Minor, transfer)
		if err != nil {
			return nil, err
		}
		o.Refundable, settlement = o.Minor, []purse.Operation{one}
	} else {
		if _, err := f.Release(h.Hold); err != nil {
			return nil, err
		}
		o.Settleable, o.Deadline = o.Minor, f.Now.Add(m.Life)
		if err := keep(f, o); err != nil {
			return nil, err
		}
	}
	h.Operation = o.ID
	step(f, h, purse.HandleCompleted)
	complete(f, o, purse.SaleCompleted)
	if o.Auto {
		complete(f, &settlement[0], purse.SettlementCompleted)
	}
	return settlement, nil
}

// keep ring-fences what of a sale may still be settled.
func keep(f *purse.Facts, o *purse.Operation) error {
	o.Hold = 0
	if o.Settleable == 0 {
		return nil
	}
	held, err := f.Hold(purse.WalletOf(o.Payer), purse.BalanceOf(o.Merchant), o.Settleable, o.Cause(), o.Deadline)
	o.Hold = held.ID
	return err
}

// settled is a settlement of money that was captured: the merchant pays the
// network's fee, and the consumer is linked.
func settled(f *purse.Facts, m purse.Merchant, sale purse.Operation, id purse.OperationID, ref string, minor int64, transfer ledger.TransferID) (purse.Operation, error) {
	o := purse.Operation{
		OperationKey: purse.OperationKey{Merchant: sale.Merchant, Kind: purse.Settlement, ID: id},
		Ref:          ref, Handle: sale.Handle, Parent: sale.ID, Payer: sale.Payer, Minor: minor,
		Fee: min(m.Plan.Of(minor), minor), Refundable: minor, Transfer: transfer,
	}
	if o.Fee > 0 {
		if _, err := f.Move(purse.BalanceOf(o.Merchant), purse.FeesAccount, o.Fee, o.Cause()); err != nil {
			return o, err
		}
	}
	c, err := f.Consumer(purse.ConsumerKey{Merchant: o.Merchant, Person: o.Payer})
	if err != nil {
		return o, err
	}
	if c.Linked == 0 {
		c.Linked = f.Now
		f.Put(c)
	}
	return o, nil
}

// complete writes an operation that is done, and its news.
func complete(f *purse.Facts, o *purse.Operation, news purse.EventKind) {
	o.Status, o.Changed = purse.OperationCompleted, max(f.Now, o.Created())
	tell(f, o, news)
}

// tell writes an operation that has changed, and its news.
func tell(f *purse.Facts, o *purse.Operation, news purse.EventKind) {
	o.Version++
	f.Put(*o)
	f.Emit(news, *o)
}

// failures is the news of each kind of operation that it was declined. A
// verification never is.
var failures = map[purse.OperationKind]purse.EventKind{
	purse.Sale: purse.SaleFailed, purse.Settlement: purse.SettlementFailed, purse.Void: purse.VoidFailed,
	purse.Refund: purse.RefundFailed, purse.Credit: purse.CreditFailed,
}

// failed writes an operation that was declined. No money was moved for it.
func failed(f *purse.Facts, o *purse.Operation, d purse.Decline) {
	o.Status, o.Fault, o.Processor, o.Changed = purse.OperationFailed, d.Fault, d.Processor, max(f.Now, o.Created())
	o.Settleable, o.Refundable, o.Hold, o.Deadline = 0, 0, 0, 0
	tell(f, o, failures[o.Kind])
}

// again makes a handle for one use out of one that may be used many times, as the
// agreement allows. One that the agreement does not allow has failed.
func (s *Service) again(f *purse.Facts, many purse.Handle, token string, req OperationRequest) (purse.Handle, error) {
	h := purse.Handle{
		HandleKey: purse.HandleKey{Merchant: many.Merchant, ID: purse.HandleID(f.NextID())},
		Type:      many.Type, Ref: req.Ref, Token: token, Consumer: many.Consumer, Minor: req.Minor, Simulator: many.Simulator,
	}
	if d, declined := s.refuses(f, purse.StepHandle, h); declined {
		fail(f, &h, d)
		return h, nil
	}
	m, err := f.Mandate(purse.MandateKey{Merchant: h.Merchant, Consumer: h.Consumer})
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return h, err
	}
	if !m.Stands(f.Now) || m.Person != many.Payer || !m.Take(f.Now, h.Minor) {
		fail(f, &h, purse.Decline{Fault: purse.CodeRefused})
		return h, nil
	}
	h.Payer = m.Person
	if err := ringFence(f, &h); err != nil {
		return h, declined(f, &h, err)
	}
	f.Put(m)
	steps(f, &h, purse.HandleInitiated, purse.HandleProcessing, purse.HandlePayable)
	return h, nil
}
