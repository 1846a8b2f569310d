package hub

import (
	"context"
	"errors"

	"purse"
)

// CustomerRequest makes or changes a customer.
type CustomerRequest struct {
	ID      purse.CustomerID // whose; 0 for a new one
	Ref     string           // the merchant's own reference; empty in a change: it stays
	Details CustomerDetails
	From    string // the token of a handle that is saved with a new customer; empty: none is

	Once   purse.Once
	Encode func(CustomerReceipt) purse.Answer
}

// CustomerReceipt is a customer, for whoever encodes it.
type CustomerReceipt struct {
	Customer  purse.Customer
	Details   CustomerDetails
	Addresses []Address
	Saved     *HandleReceipt // what was saved with a new one
}

func customerReceipt(c purse.Customer, r record) CustomerReceipt {
	return CustomerReceipt{Customer: c, Details: r.CustomerDetails, Addresses: r.Addresses}
}

// CreateCustomer writes down a customer of the merchant's.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused, CodeCustomer,
// CodeInvalid, or as SaveHandle.
func (s *Service) CreateCustomer(ctx context.Context, seller purse.Seller, req CustomerRequest) (purse.Answer, error) {
	var needs purse.Needs
	if req.From != "" {
		var err error
		if needs, err = s.sourceNeeds(ctx, seller, req.From); err != nil {
			return purse.Answer{}, err
		}
	}
	ref := purse.CustomerReference{Merchant: seller.Merchant, Ref: req.Ref}
	needs.CustomerRefs = []purse.CustomerReference{ref}
	named, saved := token("P"), token("PH")
	return s.run(ctx, newErrand(seller, purse.PrivateKey, req.Once, needs, func(f *purse.Facts, m purse.Merchant) (reply, error) {
		if err := unused(f, ref); err != nil {
			return nil, err
		}
		c := purse.Customer{CustomerKey: purse.CustomerKey{Merchant: seller.Merchant, ID: purse.CustomerID(f.NextID())}, Ref: req.Ref, Token: named}
		r := record{CustomerDetails: req.Details}
		var with *HandleReceipt
		if req.From != "" {
			h, err := save(f, m, c, &r, SaveRequest{From: req.From}, saved)
			if err != nil {
				return nil, err
			}
			with = &HandleReceipt{Handle: h, Now: f.Now}
		}
		if err := keepCustomer(f, &c, r); err != nil {
			return nil, err
		}
		receipt := customerReceipt(c, r)
		receipt.Saved = with
		return func() purse.Answer { return req.Encode(receipt) }, nil
	}))
}

// ChangeCustomer puts other details in the place of a customer's. Addresses, saved
// handles and tokens stay.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused, CodeNotFound,
// CodeCustomer or CodeInvalid, in this order.
func (s *Service) ChangeCustomer(ctx context.Context, seller purse.Seller, req CustomerRequest) (purse.Answer, error) {
	ref := purse.CustomerReference{Merchant: seller.Merchant, Ref: req.Ref}
	needs := purse.Needs{CustomerRefs: []purse.CustomerReference{ref}}
	return s.customer(ctx, seller, req.ID, req.Once, needs, func(f *purse.Facts, _ purse.Merchant, c *purse.Customer, r *record) (reply, error) {
		if req.Ref != "" && req.Ref != c.Ref {
			if err := unused(f, ref); err != nil {
				return nil, err
			}
			c.Ref = req.Ref
		}
		r.CustomerDetails = req.Details
		return func() purse.Answer { return req.Encode(customerReceipt(*c, *r)) }, nil
	})
}

// DeleteCustomer forgets a customer: nothing is left of the record, handles that
// were saved with it cannot be used any more, and its reference is free.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused or CodeNotFound,
// in this order.
func (s *Service) DeleteCustomer(ctx context.Context, seller purse.Seller, req CustomerRequest) (purse.Answer, error) {
	return s.customer(ctx, seller, req.ID, req.Once, purse.Needs{}, func(f *purse.Facts, _ purse.Merchant, c *purse.Customer, r *record) (reply, error) {
		handles, err := savedIn(f, c.Merchant, *r)
		if err != nil {
			return nil, err
		}
		for _, h := range handles {
			endSaved(f, h)
		}
		c.Deleted = f.Now
		*r = record{}
		return func() purse.Answer { return req.Encode(customerReceipt(*c, *r)) }, nil
	})
}

// Customer finds a customer of the merchant's. The seller's key was checked by
// whoever asks.
//
// Refused with CodeNotFound.
func (s *Service) Customer(ctx context.Context, seller purse.Seller, id purse.CustomerID) (CustomerReceipt, error) {
	c, r, err := s.readCustomer(ctx, seller, id)
	return customerReceipt(c, r), err
}

// CustomerReferenced finds a customer by the merchant's own reference, as Customer
// does.
func (s *Service) CustomerReferenced(ctx context.Context, seller purse.Seller, ref string) (CustomerReceipt, error) {
	c, err := s.Store.CustomerReferenced(ctx, seller.Book, purse.CustomerReference{Merchant: seller.Merchant, Ref: ref})
	return customerReceipt(c, readRecord(c.Document)), err
}

func (s *Service) readCustomer(ctx context.Context, seller purse.Seller, id purse.CustomerID) (purse.Customer, record, error) {
	c, err := s.Store.Customer(ctx, seller.Book, purse.CustomerKey{Merchant: seller.Merchant, ID: id})
	if err == nil && c.Deleted != 0 {
		err = errNoCustomer
	}
	if err != nil {
		return purse.Customer{}, record{}, err
	}
	return c, readRecord(c.Document), nil
}

var errNoCustomer = purse.Refuse(purse.CodeNotFound, "There is no such customer.")

// customer is a command that changes a customer of the merchant's.
func (s *Service) customer(ctx context.Context, seller purse.Seller, id purse.CustomerID, once purse.Once, needs purse.Needs,
	do func(*purse.Facts, purse.Merchant, *purse.Customer, *record) (reply, error)) (purse.Answer, error) {
	key := purse.CustomerKey{Merchant: seller.Merchant, ID: id}
	needs.Customers = []purse.CustomerKey{key}
	return s.run(ctx, newErrand(seller, purse.PrivateKey, once, needs, func(f *purse.Facts, m purse.Merchant) (reply, error) {
		c, err := f.Customer(key)
		if err == nil && c.Deleted != 0 {
			err = errNoCustomer
		}
		if err != nil {
			return nil, err
		}
		r := readRecord(c.Document)
		answer, err := do(f, m, &c, &r)
		if err != nil {
			return nil, err
		}
		return answer, keepCustomer(f, &c, r)
	}))
}

// keepCustomer writes a customer that has changed.
func keepCustomer(f *purse.Facts, c *purse.Customer, r record) (err error) {
	c.Document = ""
	if c.Deleted == 0 {
		c.Document, err = r.encode()
	}
	if err != nil {
		return err
	}
	c.Changed = max(f.Now, purse.Created(int64(c.ID)))
	f.Put(*c)
	return nil
}

// unused refuses a reference that another customer has.
func unused(f *purse.Facts, k purse.CustomerReference) error {
	switch _, err := f.CustomerReferenced(k); {
	case purse.CodeOf(err) == purse.CodeNotFound:
		return nil
	case err != nil:
		return err
	}
	return purse.Refuse(purse.CodeCustomer, "The merchantCustomerId provided for this profile has already been used for another profile.")
}

// savedIn finds the handles that were saved with a customer, oldest first.
func savedIn(f *purse.Facts, m purse.MerchantID, r record) ([]purse.Handle, error) {
	handles := make([]purse.Handle, len(r.Handles))
	var missing error
	for i, saved := range r.Handles {
		h, err := f.Handle(purse.HandleKey{Merchant: m, ID: saved.ID})
		handles[i], missing = h, errors.Join(missing, err) // all of them are named, so that they are loaded at once
	}
	return handles, missing
}
