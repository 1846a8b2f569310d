package hub

import (
	"context"

	"purse"
)

// Cancel takes back a sale of which nothing was settled, and gives the money back.
// All other operations have come to their end when they are answered.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused, CodeNotFound or
// CodeFinal, in this order.
func (s *Service) Cancel(ctx context.Context, seller purse.Seller, kind purse.OperationKind, req OperationRequest) (purse.Answer, error) {
	key := purse.OperationKey{Merchant: seller.Merchant, Kind: kind, ID: req.Parent}
	needs, err := s.saleNeeds(ctx, seller.Book, key)
	if err != nil {
		return purse.Answer{}, err
	}
	return s.run(ctx, cancel(seller, key, req, needs))
}

// cancel is the errand of Cancel.
func cancel(seller purse.Seller, key purse.OperationKey, req OperationRequest, needs purse.Needs) *errand {
	return newErrand(seller, purse.PrivateKey, req.Once, needs, func(f *purse.Facts, _ purse.Merchant) (reply, error) {
		o, err := f.Operation(key)
		if err != nil {
			return nil, err
		}
		final := purse.Refuse(purse.CodeFinal, "This has come to its end and cannot be cancelled.")
		if over, err := lapseSale(f, &o); err != nil {
			return nil, err
		} else if over {
			return nil, tooLate{final}
		}
		if o.Kind != purse.Sale || o.Status != purse.OperationCompleted || o.Settleable == 0 || o.Settleable != o.Minor {
			return nil, final
		}
		if _, err := giveUp(f, &o, o.Settleable); err != nil {
			return nil, err
		}
		o.Status, o.Changed = purse.OperationCancelled, f.Now
		tell(f, &o, purse.SaleCancelled)
		h, err := f.Handle(purse.HandleKey{Merchant: o.Merchant, ID: o.Handle})
		if err != nil {
			return nil, err
		}
		r, err := operationReceipt(f, o, h)
		if err != nil {
			return nil, err
		}
		return func() purse.Answer { return req.Encode(r) }, nil
	})
}
