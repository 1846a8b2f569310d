package order

import (
	"context"
	"math"
	"strings"

	"purse"
	"purse/policy"
	"purse/secret"
)

// Request asks for an order.
type Request struct {
	Minor    int64  // minor units
	Customer string // the customer's e-mail address
	Product  string // what is bought, as the customer reads it
	Redirect string // where the customer goes when it is paid; empty: nowhere

	Once   purse.Once
	Encode func(purse.Order) purse.Answer // the door's encoder; pure, as it runs inside the command
}

// productMax is how many bytes the name of what is bought may have.
const productMax = 500

// checkProduct refuses what cannot be shown as the name of what is bought.
func checkProduct(product string) error {
	switch {
	case strings.TrimSpace(product) == "":
		return purse.Refuse(purse.CodeMissing, "product is required: what the customer buys.")
	case len(product) > productMax || !purse.PlainText(product):
		return purse.Refuse(purse.CodeInvalid, "product has at most %d bytes and no control characters.", productMax)
	}
	return nil
}

func (r Request) check() error {
	if r.Customer == "" {
		return purse.Refuse(purse.CodeMissing, "customer is required: the customer's e-mail address.")
	}
	if _, err := purse.ParseEmail(r.Customer); err != nil {
		return purse.Refuse(purse.CodeInvalid, "customer must be an e-mail address.")
	}
	return checkProduct(r.Product)
}

// Create makes an order with an API key for orders.
//
// Refused with CodeMissing, CodeInvalid, CodeBadKey, CodeKeyKind, CodeMerchant,
// CodeKeyReused, CodeNotAccepted, CodeRedirect or CodeAmount, in this order.
func (s *Service) Create(ctx context.Context, seller purse.Seller, req Request) (purse.Answer, error) {
	if err := req.check(); err != nil {
		return purse.Answer{}, err
	}
	draft := purse.Order{
		OrderKey: purse.OrderKey{Merchant: seller.Merchant}, Source: purse.OrderFromAPI, Key: seller.Key,
		Minor: req.Minor, Customer: req.Customer, Product: req.Product, Redirect: req.Redirect, Link: secret.Link(),
	}
	needs := seller.Credential()
	if req.Once.Key != "" {
		needs.Once = []purse.OnceKey{{Principal: req.Once.Principal, Key: req.Once.Key}}
	}
	var answer purse.Answer
	err := s.Store.Execute(ctx, purse.Command{
		Book: seller.Book, Principal: seller.Principal(), Crowd: true, Needs: needs,
		Decide: func(f *purse.Facts) error {
			m, err := policy.Sells(f, seller, purse.OrderKind)
			if err != nil {
				return err
			}
			var repeated bool
			if answer, repeated, err = f.Repeated(req.Once); repeated || err != nil {
				return err
			}
			o, err := begin(f, m, draft)
			if err != nil {
				return err
			}
			answer = f.Answer(req.Once, req.Encode(o))
			return nil
		},
	})
	return answer, err
}

// begin puts a new order, with the fee of the merchant's plan of today.
//
// Refused with CodeNotAccepted, CodeRedirect or CodeAmount.
func begin(f *purse.Facts, m purse.Merchant, o purse.Order) (purse.Order, error) {
	if err := policy.Accepts(m); err != nil {
		return o, err
	}
	if o.Redirect != "" {
		if err := policy.CheckReturn(m, f.Book.Mode, o.Redirect); err != nil {
			return o, err
		}
	}
	if o.Minor > purse.OrderMax {
		return o, purse.Refuse(purse.CodeAmount, "amount is too large.")
	}
	if o.Minor <= 0 {
		return o, purse.Refuse(purse.CodeAmount, "amount must be above zero.")
	}
	o.Fee, o.OnTop = m.Plan.Of(o.Minor), m.Orders.PayerFee
	if !o.OnTop {
		o.Fee = min(o.Fee, o.Minor)
	}
	if o.Fee > math.MaxInt64-o.Minor {
		return o, purse.Refuse(purse.CodeAmount, "amount is larger than can be paid.")
	}
	o.OnTop = o.OnTop && o.Fee > 0
	o.Number = f.NextOrder()
	life := m.Orders.Life
	if o.Source == purse.OrderFromTill {
		life = min(life, tillLife)
	}
	o.Made, o.Deadline = f.Now, f.Now.Add(life)
	step(f, &o, purse.OrderPending)
	return o, nil
}
