package hub

import (
	"context"
	"slices"
	"time"

	"purse"
)

// CustomerToken lets a browser see what a merchant has saved of a customer, for a
// quarter of an hour. Nobody can pay with it.
type CustomerToken struct {
	Number int64      `json:"number"` // 1 is the customer's first
	Token  string     `json:"token"`
	Made   purse.Time `json:"made"`
}

// customerTokenLife is how long a token of a customer is good.
const customerTokenLife = 15 * time.Minute

// Over says that t is not good any more.
func (t CustomerToken) Over(now purse.Time) bool { return now >= t.Made.Add(customerTokenLife) }

// TimeLeft is for how many whole seconds more t is good, from 899 down to 0.
func (t CustomerToken) TimeLeft(now purse.Time) int64 {
	if t.Over(now) {
		return 0
	}
	return int64(t.Made.Add(customerTokenLife)-max(now, t.Made)-1) / time.Second.Microseconds()
}

// CustomerTokenRequest makes a token of a customer.
type CustomerTokenRequest struct {
	Customer purse.CustomerID

	Once   purse.Once
	Encode func(CustomerTokenReceipt) purse.Answer
}

// CustomerTokenReceipt is a token with what it shows, for whoever encodes it.
type CustomerTokenReceipt struct {
	CustomerReceipt
	Token   CustomerToken
	Handles []HandleReceipt
	Now     purse.Time
}

// MakeCustomerToken makes a token of a customer, and forgets those that are over.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused, CodeNotFound,
// CodeRate if the customer has too many that are not over, or CodeInvalid, in this
// order.
func (s *Service) MakeCustomerToken(ctx context.Context, seller purse.Seller, req CustomerTokenRequest) (purse.Answer, error) {
	key := purse.CustomerKey{Merchant: seller.Merchant, ID: req.Customer}
	c, err := s.Store.Customer(ctx, seller.Book, key)
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return purse.Answer{}, err
	}
	var needs purse.Needs
	for _, h := range readRecord(c.Document).Handles {
		needs.Handles = append(needs.Handles, purse.HandleKey{Merchant: seller.Merchant, ID: h.ID})
	}
	fresh := token("SP")
	return s.customer(ctx, seller, req.Customer, req.Once, needs, func(f *purse.Facts, _ purse.Merchant, c *purse.Customer, r *record) (reply, error) {
		r.Tokens = slices.DeleteFunc(r.Tokens, func(t CustomerToken) bool { return t.Over(f.Now) })
		if len(r.Tokens) >= customerTokensMax {
			return nil, purse.Refuse(purse.CodeRate, "A customer has at most %d tokens at a time. Each is over after 15 minutes.", customerTokensMax)
		}
		r.Made++
		t := CustomerToken{Number: r.Made, Token: fresh, Made: f.Now}
		r.Tokens = append(r.Tokens, t)
		handles, err := savedIn(f, c.Merchant, *r)
		if err != nil {
			return nil, err
		}
		receipt := CustomerTokenReceipt{CustomerReceipt: customerReceipt(*c, *r), Token: t, Handles: make([]HandleReceipt, len(handles)), Now: f.Now}
		for i, h := range handles {
			receipt.Handles[i] = HandleReceipt{Handle: h, Now: f.Now}
		}
		return func() purse.Answer { return req.Encode(receipt) }, nil
	})
}

// CustomerToken finds a token of a customer by its number, with what it shows, as
// long as it is good. The seller's key was checked by whoever asks.
//
// Refused with CodeNotFound.
func (s *Service) CustomerToken(ctx context.Context, seller purse.Seller, customer purse.CustomerID, number int64) (CustomerTokenReceipt, error) {
	c, r, err := s.readCustomer(ctx, seller, customer)
	if err != nil {
		return CustomerTokenReceipt{}, err
	}
	now, err := s.Store.Now(ctx, seller.Book)
	if err != nil {
		return CustomerTokenReceipt{}, err
	}
	i := slices.IndexFunc(r.Tokens, func(t CustomerToken) bool { return t.Number == number && !t.Over(now) })
	if i < 0 {
		return CustomerTokenReceipt{}, purse.Refuse(purse.CodeNotFound, "There is no such token.")
	}
	handles, err := s.readSaved(ctx, seller, r.Handles)
	return CustomerTokenReceipt{CustomerReceipt: customerReceipt(c, r), Token: r.Tokens[i], Handles: handles, Now: now}, err
}
