package hub

import (
	"context"
	"slices"

	"purse"
)

// Address is where a customer lives or gets what was bought.
type Address struct {
	ID        int64  `json:"id"`
	NickName  string `json:"nickName,omitempty"`
	Street    string `json:"street,omitempty"`
	Street2   string `json:"street2,omitempty"`
	City      string `json:"city,omitempty"`
	State     string `json:"state,omitempty"`
	Zip       string `json:"zip,omitempty"`
	Country   string `json:"country,omitempty"`
	Recipient string `json:"recipientName,omitempty"`
	Phone     string `json:"phone,omitempty"`
	Default   bool   `json:"default,omitempty"` // where things are sent; at most one of a customer's
}

// AddressRequest adds, changes or deletes an address of a customer's.
type AddressRequest struct {
	Customer purse.CustomerID
	Address  Address // ID says which; 0 for a new one

	Once   purse.Once
	Encode func(Address) purse.Answer
}

// AddAddress adds an address to a customer's.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused, CodeNotFound or
// CodeInvalid, in this order.
func (s *Service) AddAddress(ctx context.Context, seller purse.Seller, req AddressRequest) (purse.Answer, error) {
	return s.customer(ctx, seller, req.Customer, req.Once, purse.Needs{}, func(f *purse.Facts, _ purse.Merchant, _ *purse.Customer, r *record) (reply, error) {
		if len(r.Addresses) >= addressesMax {
			return nil, purse.Refuse(purse.CodeInvalid, "A customer has at most %d addresses.", addressesMax)
		}
		a := req.Address
		a.ID = f.NextID()
		r.Addresses = append(r.Addresses, a)
		r.onlyDefault(a)
		return func() purse.Answer { return req.Encode(a) }, nil
	})
}

// ChangeAddress puts an address in the place of another.
//
// Refused as AddAddress.
func (s *Service) ChangeAddress(ctx context.Context, seller purse.Seller, req AddressRequest) (purse.Answer, error) {
	return s.customer(ctx, seller, req.Customer, req.Once, purse.Needs{}, func(_ *purse.Facts, _ purse.Merchant, _ *purse.Customer, r *record) (reply, error) {
		i, err := r.address(req.Address.ID)
		if err != nil {
			return nil, err
		}
		r.Addresses[i] = req.Address
		r.onlyDefault(req.Address)
		return func() purse.Answer { return req.Encode(req.Address) }, nil
	})
}

// DeleteAddress takes an address away.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused or CodeNotFound,
// in this order.
func (s *Service) DeleteAddress(ctx context.Context, seller purse.Seller, req AddressRequest) (purse.Answer, error) {
	return s.customer(ctx, seller, req.Customer, req.Once, purse.Needs{}, func(_ *purse.Facts, _ purse.Merchant, _ *purse.Customer, r *record) (reply, error) {
		i, err := r.address(req.Address.ID)
		if err != nil {
			return nil, err
		}
		a := r.Addresses[i]
		r.Addresses = slices.Delete(r.Addresses, i, i+1)
		return func() purse.Answer { return req.Encode(a) }, nil
	})
}

// Address finds an address of a customer's. The seller's key was checked by whoever
// asks.
//
// Refused with CodeNotFound.
func (s *Service) Address(ctx context.Context, seller purse.Seller, customer purse.CustomerID, id int64) (Address, error) {
	_, r, err := s.readCustomer(ctx, seller, customer)
	if err != nil {
		return Address{}, err
	}
	i, err := r.address(id)
	if err != nil {
		return Address{}, err
	}
	return r.Addresses[i], nil
}

// address finds the place of an address.
//
// Refused with CodeNotFound.
func (r record) address(id int64) (int, error) {
	i := slices.IndexFunc(r.Addresses, func(a Address) bool { return a.ID == id })
	if i < 0 {
		return i, purse.Refuse(purse.CodeNotFound, "There is no such address.")
	}
	return i, nil
}

// onlyDefault makes sure that no other address is the default if a is.
func (r record) onlyDefault(a Address) {
	for i := range r.Addresses {
		if a.Default && r.Addresses[i].ID != a.ID {
			r.Addresses[i].Default = false
		}
	}
}
