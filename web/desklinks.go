package web

import (
	"net/http"
	"slices"

	"purse"
	"purse/order"
)

// showLinks answers GET /desk/{merchant}/links.
func (s *Site) showLinks(t *turn) error {
	d, err := s.atDesk(t)
	if err != nil {
		return err
	}
	links, err := s.Desk.Links(t.r.Context(), t.visitor.Actor, d.Merchant.ID)
	if err != nil {
		return err
	}
	p := linksPage{
		Layout: s.deskLayout(t, d.Merchant, "/links", "Payment links"), Path: linksPath(d.Merchant.ID), Name: merchantName(d.Merchant), Currency: string(s.Currency),
	}
	if t.faultAt == "make" {
		p.Amount, p.Product = t.text("amount"), t.text("product")
	}
	for _, l := range links {
		p.Links = append(p.Links, s.linkRow(l))
	}
	return render(t.w, t.status(), "links", p)
}

func (s *Site) linkRow(l purse.PaymentLink) linkRow {
	row := linkRow{ID: l.ID.String(), Product: l.Product, Made: date(l.Made), Address: s.offerAddress(l), Print: linksPath(l.Merchant) + "/" + l.ID.String() + "/print"}
	if l.Minor > 0 {
		row.Amount = s.amount(l.Minor)
	}
	return row
}

// changeLinks answers POST /desk/{merchant}/links.
func (s *Site) changeLinks(t *turn) error {
	m, err := t.merchant()
	if err != nil {
		return err
	}
	ctx, me, here := t.r.Context(), t.visitor.Actor, linksPath(m)
	again := func() error { return s.showLinks(t) }
	return act{
		"make": func() error {
			req := order.LinkRequest{Product: t.text("product")}
			var err error
			switch typed := t.text("amount"); {
			case req.Product == "":
				err = purse.Refuse(purse.CodeMissing, "Say what is paid for: whoever pays reads it.")
			case typed != "":
				req.Minor, err = s.readSum(typed)
			}
			if err == nil {
				_, err = s.Desk.CreateLink(ctx, me, m, req)
			}
			return t.after(err, "make", here, "link", again)
		},
		"close": func() error {
			id, err := readNumber(t.form.Get("link"))
			if err == nil {
				err = s.Desk.CloseLink(ctx, me, purse.PaymentLinkKey{Merchant: m, ID: purse.LinkID(id)})
			}
			return t.after(err, "list", here, "link-closed", again)
		},
	}.do(t)
}

// printLink answers GET /desk/{merchant}/links/{id}/print: a payment link as it is
// put up on a wall. One that is closed is not printed any more.
func (s *Site) printLink(t *turn) error {
	d, err := s.atDesk(t)
	if err != nil {
		return err
	}
	links, err := s.Desk.Links(t.r.Context(), t.visitor.Actor, d.Merchant.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(links, func(l purse.PaymentLink) bool { return l.ID.String() == t.r.PathValue("id") })
	if i < 0 {
		return errNoPage
	}
	row := s.linkRow(links[i])
	p := posterPage{
		Layout: s.layout(t, "Pay "+merchantName(d.Merchant)), Product: row.Product, Amount: row.Amount, Address: row.Address, Back: linksPath(d.Merchant.ID),
	}
	if p.Payee, err = s.payeeOf(t, d.Merchant); err != nil {
		return err
	}
	if p.QR, err = newQR(p.Address); err != nil {
		return err
	}
	return render(t.w, http.StatusOK, "poster", p)
}

func linksPath(m purse.MerchantID) string { return deskPath(m) + "/links" }

// offerAddress is where whoever scans a payment link comes to.
func (s *Site) offerAddress(l purse.PaymentLink) string { return s.PublicURL + "/to/" + l.Link }
