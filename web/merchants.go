package web

import (
	"cmp"

	"purse"
	"purse/identity"
)

// showMerchants answers GET /settings/merchants.
func (s *Site) showMerchants(t *turn) error {
	ctx, me := t.r.Context(), t.visitor.Actor
	all, err := s.Hub.Mandates(ctx, me)
	if err != nil {
		return err
	}
	p := merchantsPage{Layout: s.settings(t, "/settings/merchants", "Merchants")}
	for i, one := range all {
		m := one.Mandate
		row := mandateRow{
			Number: i + 1, Merchant: m.Merchant.String(), Consumer: m.Consumer, Name: merchantName(one.Merchant), Initials: initials(one.Merchant.Name),
			Since: date(m.Since), Used: date(m.Used), Limits: s.limitsOf(m), Bounds: s.boundsOf(m), Month: s.amount(one.Month),
		}
		if !one.Stands {
			row.Ended = date(cmp.Or(m.Revoked, m.Ends))
			p.Ended = append(p.Ended, row)
			continue
		}
		if t.faultAt == "list" && t.form.Get("do") == "limit" && t.form.Get("merchant") == row.Merchant && t.form.Get("consumer") == row.Consumer {
			row.Limits, row.Open = typedLimits(t), true
			row.Limits.Currency = string(s.Currency)
		}
		p.Mandates = append(p.Mandates, row)
	}
	return render(t.w, t.status(), "merchants", p)
}

// changeMerchants answers POST /settings/merchants.
func (s *Site) changeMerchants(t *turn) error {
	ctx, here := t.r.Context(), "/settings/merchants"
	again := func() error { return s.showMerchants(t) }
	id, err := readNumber(t.form.Get("merchant"))
	if err != nil {
		return t.after(err, "list", here, "", again)
	}
	key := purse.MandateKey{Merchant: purse.MerchantID(id), Consumer: t.form.Get("consumer")}
	return act{
		"limit": func() error {
			a, err := s.readLimits(t)
			if err == nil {
				err = identity.Fresh(t.visitor) // it is money
			}
			if err == nil {
				err = s.Hub.LimitMandate(ctx, t.visitor.Actor, key, a)
			}
			return t.after(err, "list", here, "limits", again)
		},
		"revoke": func() error {
			return t.after(s.Hub.RevokeMandate(ctx, t.visitor.Actor, key), "list", here, "taken-back", again)
		},
	}.do(t)
}

// merchantName is how a merchant is called on pages.
func merchantName(m purse.Merchant) string {
	if m.Name == "" {
		return "A merchant that is gone"
	}
	return m.Name
}
