package main

import (
	"context"

	"purse"
	"purse/money"

	"github.com/spf13/cobra"
)

type freezeArgs struct {
	User   string `json:"user"`
	Frozen bool   `json:"frozen"`
	Reason string `json:"reason"`
}

func freezeWallet(ctx context.Context, n *network, by purse.Operator, in freezeArgs) (done, error) {
	u, err := n.person(ctx, in.User)
	if err != nil {
		return done{}, err
	}
	say := done{"The wallet of " + u.Username + " is frozen: it pays nothing out."}
	if !in.Frozen {
		say = done{"The wallet of " + u.Username + " may pay again."}
	}
	return say, n.wallet.Freeze(ctx, n.book.ID, by, u.ID, in.Frozen, in.Reason)
}

func newWallet() *cobra.Command {
	wallet := &cobra.Command{Use: "wallet", Short: "Look after wallets"}
	add := func(name, short string, frozen bool) {
		in := freezeArgs{Frozen: frozen}
		cmd := &cobra.Command{
			Use:   name + " USER",
			Short: short,
			Args:  cobra.ExactArgs(1),
			RunE: ordered("wallet.freeze", func(_ *cobra.Command, words []string) (any, error) {
				in.User = words[0]
				return in, nil
			}, func(d done) string { return d.Done }),
		}
		cmd.Flags().StringVar(&in.Reason, "reason", "", "why, for the audit line")
		cmd.Flags().Bool("json", false, "print JSON")
		wallet.AddCommand(cmd)
	}
	add("freeze", "Stop a wallet from paying anything out; it may still be paid", true)
	add("unfreeze", "Let a frozen wallet pay again", false)
	return wallet
}

// limitArgs are decimals of the network's currency; an empty one stays as it is.
type limitArgs struct {
	Payment string `json:"payment"`
	Week    string `json:"week"`
}

func setLimits(ctx context.Context, n *network, by purse.Operator, in limitArgs) (limitArgs, error) {
	read := func(s string) (int64, error) {
		if s == "" {
			return -1, nil
		}
		a, err := money.Parse(s, n.book.Currency)
		if err != nil || a.Minor < 0 {
			return 0, &purse.Error{Code: purse.CodeAmount, Message: "A limit is an amount of this network's currency.", Err: err}
		}
		return a.Minor, nil
	}
	var l purse.Limits
	var err error
	if l.PaymentMinor, err = read(in.Payment); err != nil {
		return in, err
	}
	if l.WeekMinor, err = read(in.Week); err != nil {
		return in, err
	}
	now := purse.Limits{}
	if in == (limitArgs{}) {
		var b purse.Book
		if b, err = n.store.Book(ctx, n.book.ID); err != nil {
			return in, err
		}
		now = b.Limits
	} else if now, err = n.wallet.SetLimits(ctx, n.book.ID, by, l); err != nil {
		return in, err
	}
	say := func(minor int64) string { return money.Amount{Minor: minor, Currency: n.book.Currency}.String() }
	return limitArgs{say(now.PaymentMinor), say(now.WeekMinor)}, nil
}

func newLimits() *cobra.Command {
	var in limitArgs
	cmd := &cobra.Command{
		Use:   "limits",
		Short: "Show what one wallet may pay out, or change it",
		Args:  cobra.NoArgs,
		RunE: ordered("limits.set", func(*cobra.Command, []string) (any, error) { return in, nil },
			func(l limitArgs) string { return "One payment: " + l.Payment + ". In a week: " + l.Week + "." }),
	}
	cmd.Flags().StringVar(&in.Payment, "payment", "", "the most that one payment may be")
	cmd.Flags().StringVar(&in.Week, "week", "", "the most that a wallet may pay out in 168 hours")
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

func acceptClock(_ context.Context, n *network, _ purse.Operator, _ struct{}) (done, error) {
	n.store.AcceptClock()
	return done{"The clock is accepted."}, nil
}

func newClock() *cobra.Command {
	clock := &cobra.Command{Use: "clock", Short: "Look after the network's clock"}
	accept := &cobra.Command{
		Use:   "accept",
		Short: "Let a live network write again after its clock has jumped",
		Args:  cobra.NoArgs,
		RunE: ordered("clock.accept", func(*cobra.Command, []string) (any, error) { return struct{}{}, nil },
			func(d done) string { return d.Done }),
	}
	accept.Flags().Bool("json", false, "print JSON")
	clock.AddCommand(accept)
	return clock
}
