package web

import (
	"net/http"

	"purse"
)

// showReceipt answers GET /receipts/{number}, for who has paid and for those who work
// for the merchant.
func (s *Site) showReceipt(t *turn) error {
	n, err := readNumber(t.r.PathValue("number"))
	if err != nil {
		return errNoPage
	}
	r, err := s.Desk.Receipt(t.r.Context(), t.visitor.Actor, purse.OrderNumber(n))
	if err != nil {
		return err
	}
	o := r.Order
	p := receiptPage{
		Layout: s.layout(t, "Receipt "+o.Number.String()), Number: o.Number.String(), Product: o.Product, Amount: s.amount(o.Minor), Total: s.amount(o.Total()),
		At: moment(o.Changed), Status: soldWords[o.Status].mark, Payer: payerName(r.Payer), Back: "/activity",
	}
	if o.OnTop {
		p.Fee = s.amount(o.Fee)
	}
	if !r.Mine {
		p.Back = deskPath(o.Merchant)
	}
	if p.Payee, err = s.payeeOf(t, r.Merchant); err != nil {
		return err
	}
	return render(t.w, http.StatusOK, "receipt", p)
}

func receiptPath(n purse.OrderNumber) string { return "/receipts/" + n.String() }
