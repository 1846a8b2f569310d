package identity

import (
	"context"

	"purse"
	"purse/money"
)

// exportWork writes for which merchants the person works.
func (s *Service) exportWork(ctx context.Context, v Visitor, d *document) error {
	type row struct {
		ID       string `json:"id"`
		Merchant string `json:"merchant"`
		Since    string `json:"since"`
	}
	members, err := s.Store.MembershipsOf(ctx, v.User.ID)
	if err != nil {
		return err
	}
	var ids []purse.MerchantID
	for _, m := range members {
		ids = append(ids, m.Merchant)
	}
	merchants, err := s.Store.Merchants(ctx, ids...)
	if err != nil {
		return err
	}
	var rows []row
	for _, m := range members {
		rows = append(rows, row{m.Merchant.String(), merchants[m.Merchant].Name, at(m.Since)})
	}
	return list(d, "works_for", once(rows))
}

// exportOrders writes what the person has paid of orders: to whom, for what, how much
// and when.
func (s *Service) exportOrders(ctx context.Context, v Visitor, d *document) error {
	type row struct {
		Number   string `json:"number"`
		Merchant string `json:"merchant"`
		Product  string `json:"product"`
		Amount   string `json:"amount"`        // what the merchant has asked for
		Fee      string `json:"fee,omitempty"` // what was paid besides
		Made     string `json:"made"`
		Paid     string `json:"paid"`
	}
	book, err := s.Store.Book(ctx, v.User.Book)
	if err != nil {
		return err
	}
	decimal := func(minor int64) string { return money.Amount{Minor: minor, Currency: book.Currency}.Decimal() }
	before := purse.OrderNumber(0)
	return list(d, "orders", func() ([]row, error) {
		page, err := s.Store.OrdersPaidBy(ctx, v.User.Book, v.User.ID, before, exportPage)
		if err != nil || len(page) == 0 {
			return nil, err
		}
		before = page[len(page)-1].Number
		var ids []purse.MerchantID
		for _, o := range page {
			ids = append(ids, o.Merchant)
		}
		merchants, err := s.Store.Merchants(ctx, ids...)
		var rows []row
		for _, o := range page {
			r := row{
				Number: o.Number.String(), Merchant: merchants[o.Merchant].Name, Product: o.Product,
				Amount: decimal(o.Minor), Made: at(o.Made), Paid: at(o.Changed),
			}
			if o.OnTop {
				r.Fee = decimal(o.Fee)
			}
			rows = append(rows, r)
		}
		return rows, err
	})
}
