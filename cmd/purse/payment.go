package main

import (
	"context"
	"strconv"

	"purse"

	"github.com/spf13/cobra"
)

type failArgs struct {
	Payment string `json:"payment"`
	Reason  string `json:"reason"`
}

func failPayment(ctx context.Context, n *network, by purse.Operator, in failArgs) (done, error) {
	id, err := strconv.ParseInt(in.Payment, 10, 64)
	if err != nil {
		return done{}, purse.Refuse(purse.CodeInvalid, "A payment is named by its number.")
	}
	say := done{"The payment has failed; what was in escrow is back."}
	return say, n.wallet.Fail(ctx, n.book.ID, by, purse.PaymentID(id), in.Reason)
}

func newPayment() *cobra.Command {
	payment := &cobra.Command{Use: "payment", Short: "Look after payments"}
	var in failArgs
	fail := &cobra.Command{
		Use:   "fail PAYMENT",
		Short: "End a pending payment that cannot be delivered; what is in escrow goes back",
		Args:  cobra.ExactArgs(1),
		RunE: ordered("payment.fail", func(_ *cobra.Command, words []string) (any, error) {
			in.Payment = words[0]
			return in, nil
		}, func(d done) string { return d.Done }),
	}
	fail.Flags().StringVar(&in.Reason, "reason", "", "why, for the audit line")
	fail.Flags().Bool("json", false, "print JSON")
	payment.AddCommand(fail)
	return payment
}
