package hub

import (
	"context"

	"purse"
)

// Credit pays a consumer what a payable credit handle has ring-fenced in the
// merchant's balance.
//
// Refused as Sell.
func (s *Service) Credit(ctx context.Context, seller purse.Seller, req OperationRequest) (purse.Answer, error) {
	made, needs, err := s.usingHandle(ctx, seller, purse.Credit, req)
	if err != nil {
		return purse.Answer{}, err
	}
	return s.run(ctx, use(seller, req, made, needs, payOut))
}

// payOut decides a credit.
func payOut(f *purse.Facts, h *purse.Handle, o *purse.Operation) error {
	var err error
	if o.Transfer, err = f.Capture(h.Hold, o.Minor); err != nil {
		return err
	}
	complete(f, o, purse.CreditCompleted)
	return nil
}

// Verify uses a payable handle for a verification: the consumer has agreed, and no
// money is moved.
//
// Refused as Sell.
func (s *Service) Verify(ctx context.Context, seller purse.Seller, req OperationRequest) (purse.Answer, error) {
	made, needs, err := s.usingHandle(ctx, seller, purse.Verify, req)
	if err != nil {
		return purse.Answer{}, err
	}
	return s.run(ctx, use(seller, req, made, needs, verify))
}

// verify decides a verification.
func verify(f *purse.Facts, _ *purse.Handle, o *purse.Operation) error {
	complete(f, o, purse.VerificationCompleted)
	return nil
}

// use is the errand of an operation that uses a handle up.
func use(seller purse.Seller, req OperationRequest, made purse.Operation, needs purse.Needs,
	do func(*purse.Facts, *purse.Handle, *purse.Operation) error) *errand {
	return newErrand(seller, purse.PrivateKey, req.Once, needs, func(f *purse.Facts, _ purse.Merchant) (reply, error) {
		h, err := usable(f, req, made)
		if err != nil {
			return nil, err
		}
		o := made
		o.ID, o.Handle, o.Payer = purse.OperationID(f.NextID()), h.ID, h.Payer
		if err := do(f, &h, &o); err != nil {
			return nil, err
		}
		h.Operation = o.ID
		step(f, &h, purse.HandleCompleted)
		r, err := operationReceipt(f, o, h)
		if err != nil {
			return nil, err
		}
		return func() purse.Answer { return req.Encode(r) }, nil
	})
}
