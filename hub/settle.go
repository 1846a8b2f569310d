package hub

import (
	"context"

	"purse"
	"purse/ledger"
)

// Settle captures a part of a sale, or all that is left of it. What remains stays
// ring-fenced.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused, CodeDuplicate,
// CodeNotFound or CodeAmount, in this order. More than is left is a settlement that has failed,
// with CodeOverSettle.
func (s *Service) Settle(ctx context.Context, seller purse.Seller, req OperationRequest) (purse.Answer, error) {
	return s.changeSale(ctx, seller, purse.Settlement, req, settle)
}

// settle decides a settlement of a part of a sale.
func settle(f *purse.Facts, m purse.Merchant, sale, o *purse.Operation) error {
	transfer, err := f.Capture(sale.Hold, o.Minor)
	if err != nil {
		return err
	}
	sale.Settleable -= o.Minor
	sale.Refundable += o.Minor
	if err := keep(f, sale); err != nil {
		return err
	}
	details := o.Details
	if *o, err = settled(f, m, *sale, o.ID, o.Ref, o.Minor, transfer); err != nil {
		return err
	}
	o.Details = details
	f.Put(*sale)
	complete(f, o, purse.SettlementCompleted)
	return nil
}

// Void gives back a part of what of a sale is not settled, or all of it.
//
// Refused as Settle. More than is left is a void that has failed, with
// CodeOverSettle.
func (s *Service) Void(ctx context.Context, seller purse.Seller, req OperationRequest) (purse.Answer, error) {
	return s.changeSale(ctx, seller, purse.Void, req, void)
}

// void decides that a part of a sale is given back.
func void(f *purse.Facts, _ purse.Merchant, sale, o *purse.Operation) error {
	var err error
	if o.Counted, err = giveUp(f, sale, o.Minor); err != nil {
		return err
	}
	f.Put(*sale)
	complete(f, o, purse.VoidCompleted)
	return nil
}

// giveUp gives back a part of what of a sale is not settled, and says from which hour
// of the payer's counter it was taken off; 0: it no longer counts.
func giveUp(f *purse.Facts, sale *purse.Operation, minor int64) (hour int64, err error) {
	if _, err := f.Release(sale.Hold); err != nil {
		return 0, err
	}
	sale.Settleable -= minor
	if err := keep(f, sale); err != nil {
		return 0, err
	}
	h, err := f.Handle(purse.HandleKey{Merchant: sale.Merchant, ID: sale.Handle})
	if err != nil {
		return 0, err
	}
	return uncount(f, h, minor)
}

// changeSale runs an operation on a sale of which something may be left.
func (s *Service) changeSale(ctx context.Context, seller purse.Seller, kind purse.OperationKind, req OperationRequest, do saleChange) (purse.Answer, error) {
	made, err := newOperation(seller, kind, req)
	if err != nil {
		return purse.Answer{}, err
	}
	needs, err := s.saleNeeds(ctx, seller.Book, purse.OperationKey{Merchant: seller.Merchant, Kind: purse.Sale, ID: req.Parent})
	if err != nil {
		return purse.Answer{}, err
	}
	return s.run(ctx, ofSale(seller, req, made, needs, do))
}

// saleChange decides an operation on a sale, of no more than is left of it.
type saleChange func(f *purse.Facts, m purse.Merchant, sale, o *purse.Operation) error

// ofSale is the errand of an operation on a sale.
func ofSale(seller purse.Seller, req OperationRequest, made purse.Operation, needs purse.Needs, do saleChange) *errand {
	key := purse.OperationKey{Merchant: made.Merchant, Kind: purse.Sale, ID: req.Parent}
	reference := purse.ReferenceKey{Merchant: made.Merchant, Kind: made.Kind, Ref: made.Ref}
	needs.References = []purse.ReferenceKey{reference}
	return newErrand(seller, purse.PrivateKey, req.Once, needs, func(f *purse.Facts, m purse.Merchant) (reply, error) {
		if !req.Repeat {
			if err := f.CheckDuplicate(reference); err != nil {
				return nil, err
			}
		}
		sale, err := f.Operation(key)
		if err != nil {
			return nil, err
		}
		if made.Minor <= 0 {
			return nil, purse.Refuse(purse.CodeAmount, "must be greater than 0")
		}
		if _, err := lapseSale(f, &sale); err != nil {
			return nil, err
		}
		o := made
		o.ID, o.Handle, o.Parent, o.Payer = purse.OperationID(f.NextID()), sale.Handle, sale.ID, sale.Payer
		if o.Minor > sale.Settleable {
			failed(f, &o, purse.Decline{Fault: purse.CodeOverSettle})
		} else if err := do(f, m, &sale, &o); err != nil {
			return nil, err
		}
		return func() purse.Answer { return req.Encode(OperationReceipt{Operation: o, Now: f.Now}) }, nil
	})
}

// saleNeeds is what any change of a sale must see.
func (s *Service) saleNeeds(ctx context.Context, book purse.BookID, key purse.OperationKey) (purse.Needs, error) {
	guess, err := s.Store.Operation(ctx, book, key)
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return purse.Needs{}, err
	}
	needs := purse.Needs{Operations: []purse.OperationKey{key}, Accounts: balances(key.Merchant, guess.Payer)}
	if guess.Payer != 0 {
		needs.Consumers = []purse.ConsumerKey{{Merchant: key.Merchant, Person: guess.Payer}}
		needs.Handles = []purse.HandleKey{{Merchant: key.Merchant, ID: guess.Handle}}
	}
	if guess.Hold != 0 {
		needs.Holds = []ledger.TransferID{guess.Hold}
	}
	return needs, nil
}

// lapseSale gives back what of a sale was not settled in time, and says whether
// there was anything.
func lapseSale(f *purse.Facts, sale *purse.Operation) (bool, error) {
	if !sale.Overdue(f.Now) {
		return false, nil
	}
	if _, err := giveUp(f, sale, sale.Settleable); err != nil {
		return false, err
	}
	sale.Changed = f.Now
	tell(f, sale, purse.SaleExpired)
	return true, nil
}
