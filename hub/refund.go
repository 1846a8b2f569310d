package hub

import (
	"context"

	"purse"
	"purse/policy"
)

// Refund gives a part of a settlement back to the consumer, or all that is left of
// it, out of the merchant's balance. The network keeps its fee.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused, CodeDuplicate
// or CodeNotFound, in this order. What is declined is a refund that has failed: with
// CodeOverRefund, CodeFunds, or CodeDeclined if the consumer's wallet is closed.
func (s *Service) Refund(ctx context.Context, seller purse.Seller, req OperationRequest) (purse.Answer, error) {
	made, err := newOperation(seller, purse.Refund, req)
	if err != nil {
		return purse.Answer{}, err
	}
	key := purse.OperationKey{Merchant: seller.Merchant, Kind: purse.Settlement, ID: req.Parent}
	guess, err := s.Store.Operation(ctx, seller.Book, key)
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return purse.Answer{}, err
	}
	sold := purse.OperationKey{Merchant: seller.Merchant, Kind: purse.Sale, ID: guess.Parent}
	needs := purse.Needs{Operations: []purse.OperationKey{key, sold}, Accounts: balances(seller.Merchant, guess.Payer)}
	return s.run(ctx, giveBack(seller, req, made, needs))
}

// giveBack is the errand of a refund.
func giveBack(seller purse.Seller, req OperationRequest, made purse.Operation, needs purse.Needs) *errand {
	key := purse.OperationKey{Merchant: made.Merchant, Kind: purse.Settlement, ID: req.Parent}
	reference := purse.ReferenceKey{Merchant: made.Merchant, Kind: purse.Refund, Ref: made.Ref}
	needs.References = []purse.ReferenceKey{reference}
	return newErrand(seller, purse.PrivateKey, req.Once, needs, func(f *purse.Facts, _ purse.Merchant) (reply, error) {
		if !req.Repeat {
			if err := f.CheckDuplicate(reference); err != nil {
				return nil, err
			}
		}
		settlement, err := f.Operation(key)
		if err == nil && settlement.Status != purse.OperationCompleted {
			err = purse.Refuse(purse.CodeNotFound, "There is no such settlement.")
		}
		if err != nil {
			return nil, err
		}
		sale, err := f.Operation(purse.OperationKey{Merchant: key.Merchant, Kind: purse.Sale, ID: settlement.Parent})
		if err != nil {
			return nil, err
		}
		o := made
		o.ID, o.Handle, o.Parent, o.Payer = purse.OperationID(f.NextID()), settlement.Handle, settlement.ID, settlement.Payer
		if o.Minor == 0 {
			o.Minor = settlement.Refundable
		}
		if err := refund(f, &sale, &settlement, &o); err != nil {
			return nil, err
		}
		return func() purse.Answer { return req.Encode(OperationReceipt{Operation: o, Now: f.Now}) }, nil
	})
}

// refund decides a refund.
func refund(f *purse.Facts, sale, settlement, o *purse.Operation) error {
	if o.Minor > settlement.Refundable || o.Minor == 0 {
		o.Minor = max(o.Minor, 1) // an operation has an amount: nothing was left of all
		failed(f, o, purse.Decline{Fault: purse.CodeOverRefund})
		return nil
	}
	if err := policy.Open(f, o.Payer); err != nil {
		if purse.CodeOf(err) != purse.CodeTarget {
			return err
		}
		failed(f, o, purse.Decline{Fault: purse.CodeDeclined})
		return nil
	}
	var err error
	if o.Transfer, err = f.Move(purse.BalanceOf(o.Merchant), purse.WalletOf(o.Payer), o.Minor, o.Cause()); err != nil {
		code, ok := declines(err)
		if ok {
			o.Transfer = 0
			failed(f, o, purse.Decline{Fault: code})
			return nil
		}
		return err
	}
	counted, err := f.UncountSpent(purse.WalletOf(o.Payer), sale.Counted, o.Minor)
	if err != nil {
		return err
	}
	if counted {
		o.Counted = sale.Counted
	}
	settlement.Refundable -= o.Minor
	sale.Refundable -= o.Minor
	f.Put(*settlement)
	f.Put(*sale)
	complete(f, o, purse.RefundCompleted)
	return nil
}
