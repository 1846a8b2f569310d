package web

import (
	"cmp"
	"net/http"
	"strings"

	"purse"
	"purse/ledger"
	"purse/wallet"
)

// activityShown is how many lines a page has.
const activityShown = 30

// showActivity answers GET /activity.
func (s *Site) showActivity(t *turn) error {
	var before int64
	if text := t.query("before"); text != "" {
		var err error
		if before, err = readNumber(text); err != nil {
			return err
		}
	}
	lines, more, err := s.Wallet.Activity(t.r.Context(), t.visitor.Actor, before, activityShown)
	if err != nil {
		return err
	}
	p := activityPage{Layout: s.layout(t, "Activity"), Currency: string(s.Currency)}
	for _, l := range lines {
		p.Lines = append(p.Lines, s.activityRow(l))
	}
	if before != 0 {
		p.Newest = "/activity"
	}
	if more && len(lines) > 0 {
		p.More = "/activity?before=" + number(lines[len(lines)-1].Number)
	}
	return render(t.w, http.StatusOK, "activity", p)
}

// activityRow is a line in words. Amounts have a sign; what is left is said after it.
func (s *Site) activityRow(l wallet.ActivityLine) activityRow {
	row := activityRow{
		At: moment(l.At), Amount: "+" + s.decimal(l.Minor), Gain: l.Minor > 0, Quiet: l.Kind == ledger.Hold || l.Kind == ledger.Release,
		Balance: s.decimal(l.Spendable), Mark: markOf(l),
	}
	if l.Minor < 0 {
		row.Amount = "\u2212" + s.decimal(-l.Minor)
	}
	if l.Held > 0 {
		row.Held = s.decimal(l.Held)
	}
	row.Words, row.Name = activityWords(l)
	if l.What == wallet.ActivityPayment || l.What == wallet.ActivityEscrow {
		row.Note = l.Payment.Note
	}
	if l.What == wallet.ActivityOrder {
		row.Note, row.Receipt = l.Order.Product, l.Order.Number.String()
	}
	return row
}

// activityWords says what a line is about: words of ours, and whose name ends them.
func activityWords(l wallet.ActivityLine) (words, name string) {
	pick := func(gain, loss string) string {
		if l.Minor > 0 {
			return gain
		}
		return loss
	}
	switch l.What {
	case wallet.ActivityTreasury:
		return pick("Money in", "Money out"), ""
	case wallet.ActivityFee:
		return "Fee for the payment to", personOf(l)
	case wallet.ActivityOrderFee:
		return "Fee for the payment to", merchantName(l.Merchant)
	case wallet.ActivityEscrow:
		return pick("Back from", "To"), personOf(l)
	case wallet.ActivityPayment:
		return pick("From", "To"), personOf(l)
	case wallet.ActivityRefund:
		return "Refund from", merchantName(l.Merchant)
	case wallet.ActivityCredit:
		return pick("From", "Not from"), merchantName(l.Merchant)
	}
	switch l.Kind {
	case ledger.Hold:
		return "For", merchantName(l.Merchant)
	case ledger.Release:
		return "Not taken by", merchantName(l.Merchant)
	}
	return "To", merchantName(l.Merchant)
}

// personOf is how the one on the other side of a payment is called.
func personOf(l wallet.ActivityLine) string {
	if l.Other.ID == 0 {
		return cmp.Or(addressWords(l.Payment.Address), "nobody any more")
	}
	return cmp.Or(strings.TrimSpace(l.Other.DisplayName()), "Closed account")
}

// markOf says what is not simply paid.
func markOf(l wallet.ActivityLine) string {
	switch {
	case l.What == wallet.ActivityCredit && l.Kind == ledger.Hold:
		return "On its way"
	case l.What == wallet.ActivityCredit && l.Kind == ledger.Release:
		return "Called off"
	case l.Kind == ledger.Hold:
		return "Set aside"
	case l.Kind == ledger.Release:
		return "Released"
	case l.What == wallet.ActivityPurchase && l.Kind == ledger.Capture:
		return "Captured"
	case l.What == wallet.ActivityEscrow && l.Minor < 0 && l.Payment.Status == purse.PaymentPending:
		return "Waits"
	}
	return ""
}
