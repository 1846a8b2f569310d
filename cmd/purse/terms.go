package main

import (
	"context"
	"fmt"
	"time"

	"purse"
	"purse/money"

	"github.com/spf13/cobra"
)

// termArgs are the terms as an operator writes them; an empty one stays as it is.
type termArgs struct {
	FeeFixed   string `json:"fee_fixed"`   // a decimal of the network's currency
	FeePercent string `json:"fee_percent"` // a decimal with at most two places
	EscrowLife string `json:"escrow_life"` // such as 168h
	ChargeLife string `json:"charge_life"`
	AppCap     string `json:"app_cap"` // a decimal of the network's currency, or "none"
}

// hundredths reads a percentage as if it were money, which has two places too.
const hundredths money.Currency = "USD"

// noCap is how an operator writes that apps may pay out any amount.
const noCap = "none"

// change reads the terms that are to change.
func (in termArgs) change(currency money.Currency) (func(*purse.Terms), error) {
	var steps []func(*purse.Terms)
	amount := func(text string, c money.Currency, set func(*purse.Terms, int64)) error {
		if text == "" {
			return nil
		}
		a, err := money.Parse(text, c)
		if err != nil {
			return &purse.Error{Code: purse.CodeAmount, Message: "A fee or a cap is a decimal, such as 0.30 or 2.9.", Err: err}
		}
		steps = append(steps, func(t *purse.Terms) { set(t, a.Minor) })
		return nil
	}
	life := func(text string, set func(*purse.Terms, time.Duration)) error {
		if text == "" {
			return nil
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return &purse.Error{Code: purse.CodeInvalid, Message: "How long payments wait is written like 168h.", Err: err}
		}
		steps = append(steps, func(t *purse.Terms) { set(t, d) })
		return nil
	}
	if in.AppCap == noCap {
		steps = append(steps, func(t *purse.Terms) { t.AppCap = purse.AppsOwnCap })
		in.AppCap = ""
	}
	for _, err := range []error{
		amount(in.AppCap, currency, func(t *purse.Terms, v int64) { t.AppCap = v }),
		amount(in.FeeFixed, currency, func(t *purse.Terms, v int64) { t.Fee.Fixed = v }),
		amount(in.FeePercent, hundredths, func(t *purse.Terms, v int64) { t.Fee.Basis = v }),
		life(in.EscrowLife, func(t *purse.Terms, d time.Duration) { t.EscrowLife = d }),
		life(in.ChargeLife, func(t *purse.Terms, d time.Duration) { t.ChargeLife = d }),
	} {
		if err != nil {
			return nil, err
		}
	}
	return func(t *purse.Terms) {
		for _, step := range steps {
			step(t)
		}
	}, nil
}

func setTerms(ctx context.Context, n *network, by purse.Operator, in termArgs) (termArgs, error) {
	change, err := in.change(n.book.Currency)
	if err != nil {
		return in, err
	}
	var now purse.Terms
	if in == (termArgs{}) {
		b, err := n.store.Book(ctx, n.book.ID)
		if err != nil {
			return in, err
		}
		now = b.Terms
	} else if now, err = n.wallet.SetTerms(ctx, n.book.ID, by, change); err != nil {
		return in, err
	}
	appCap := noCap
	if now.AppCap >= 0 {
		appCap = money.Amount{Minor: now.AppCap, Currency: n.book.Currency}.String()
	}
	return termArgs{
		AppCap:     appCap,
		FeeFixed:   money.Amount{Minor: now.Fee.Fixed, Currency: n.book.Currency}.String(),
		FeePercent: money.Amount{Minor: now.Fee.Basis, Currency: hundredths}.Decimal(),
		EscrowLife: now.EscrowLife.String(), ChargeLife: now.ChargeLife.String(),
	}, nil
}

func newTerms() *cobra.Command {
	var in termArgs
	cmd := &cobra.Command{
		Use:   "terms",
		Short: "Show what payments cost and how long they may wait, or change it",
		Args:  cobra.NoArgs,
		RunE: ordered("terms.set", func(*cobra.Command, []string) (any, error) { return in, nil }, func(t termArgs) string {
			return fmt.Sprintf("A payment costs its payer %s and %s percent.\nA payment waits for the owner of its address for %s, a charge for %s.\nA new app may pay out for one person in a day: %s.",
				t.FeeFixed, t.FeePercent, t.EscrowLife, t.ChargeLife, t.AppCap)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&in.FeeFixed, "fee-fixed", "", "what a payment costs its payer, such as 0.30")
	f.StringVar(&in.FeePercent, "fee-percent", "", "and what percentage of it, such as 2.9")
	f.StringVar(&in.EscrowLife, "escrow-life", "", "how long a payment waits for the owner of its address, such as 168h")
	f.StringVar(&in.ChargeLife, "charge-life", "", "how long a charge waits to be approved, such as 720h")
	f.StringVar(&in.AppCap, "app-cap", "", "what apps that are registered from now on may pay out for one person in a day, unless they say otherwise, such as 100.00, or none")
	f.Bool("json", false, "print JSON")
	return cmd
}
