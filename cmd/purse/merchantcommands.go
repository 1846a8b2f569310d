package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"purse"
	"purse/identity"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// String is what people are told about one merchant.
func (m merchantShown) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is merchant %s.\n", m.Name, m.ID)
	if m.Balance != "" {
		fmt.Fprintf(&b, "Balance: %s.\n", m.Balance)
	}
	fmt.Fprintf(&b, "It pays %s and %s percent of what it settles, and settles within %s.\n", m.FeeFixed, m.FeePercent, m.Life)
	if m.Accepts {
		b.WriteString("It takes payments from wallets.")
	} else {
		b.WriteString("It takes no payments from wallets.")
	}
	fmt.Fprintf(&b, "\nIts orders can be paid for %s", m.OrderLife)
	if m.PayerFee {
		b.WriteString("; the payer bears the fee")
	}
	b.WriteString(".")
	switch {
	case m.Hook != "" && m.HookTried == "":
		fmt.Fprintf(&b, "\nCallbacks go to %s, once it has answered the test call.", m.Hook)
	case m.Hook != "":
		fmt.Fprintf(&b, "\nCallbacks go to %s, which answered the test call at %s.", m.Hook, m.HookTried)
	}
	if len(m.Origins) > 0 {
		fmt.Fprintf(&b, "\nCustomers go back to %s.", strings.Join(m.Origins, ", "))
	}
	if m.Email != "" {
		fmt.Fprintf(&b, "\nReceipts go to %s.", m.Email)
	}
	if m.Logo != "" {
		fmt.Fprintf(&b, "\nLogo: %s.", m.Logo)
	}
	if m.Closed != "" {
		fmt.Fprintf(&b, "\nClosed at %s.", m.Closed)
	}
	if len(m.Keys) > 0 {
		b.WriteString("\n" + keysShown{m.ID, m.Keys}.String())
	}
	return b.String()
}

func (k keysShown) String() string {
	if len(k.Keys) == 0 {
		return "It has no API keys."
	}
	var lines []string
	if k.Keys[0].Password != "" {
		lines = append(lines, "Its new API keys; the passwords are shown this once:")
	}
	for _, key := range k.Keys {
		line := fmt.Sprintf("%-8s%s", key.Kind, key.Username)
		switch {
		case key.Bearer != "":
			line = fmt.Sprintf("%-8s%s\n%-8s%s (the API secret, which signs callbacks)", key.Kind, key.Bearer, "", key.Secret)
		case key.Password != "":
			line += " " + key.Password
		case key.Expired:
			line += "  expired " + key.Expires
		case key.Expires != "":
			line += "  until " + key.Expires
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (l merchantsShown) String() string {
	if len(l.Merchants) == 0 {
		return "There are no merchants."
	}
	var lines []string
	for _, m := range l.Merchants {
		line := m.ID + "  " + m.Name
		if m.Closed != "" {
			line += "  (closed)"
		}
		lines = append(lines, line)
	}
	if l.More {
		lines = append(lines, "There may be more: --after "+l.Merchants[len(l.Merchants)-1].ID)
	}
	return strings.Join(lines, "\n")
}

func newMerchant() *cobra.Command {
	merchant := &cobra.Command{Use: "merchant", Short: "Look after those who take payments"}
	var list listArgs
	all := merchantCommand("list", "List merchants, in the order in which they were made", 0, "merchant.list",
		func(*cobra.Command, []string) (any, error) { return list, nil }, merchantsShown.String)
	all.Flags().StringVar(&list.After, "after", "", "only those that were made after this one, by its number")
	named := func(_ *cobra.Command, words []string) (any, error) { return merchantNamed{words[0]}, nil }
	merchant.AddCommand(
		newMerchantSettings("create NAME", "Make a merchant with an empty balance, API keys", "merchant.create",
			func(in *merchantArgs, word string) { in.Name = word }),
		all,
		merchantCommand("show ID", "Show a merchant and its balance", 1, "merchant.show", named, merchantShown.String),
		newMerchantSettings("set ID", "Change a merchant's settings", "merchant.set", func(in *merchantArgs, word string) { in.ID = word }),
		merchantCommand("keys ID", "List a merchant's API keys that were not revoked", 1, "merchant.keys", named, keysShown.String),
		newKeysCommand("add-keys ID", "Make more API keys for a merchant; those that it has stay good", "merchant.add", false),
		newKeysCommand("rotate ID", "Make new API keys for a merchant, and let the old ones expire", "merchant.rotate", true),
		merchantCommand("revoke USERNAME", "End an API key at once", 1, "merchant.revoke",
			func(_ *cobra.Command, words []string) (any, error) { return keyNamed{words[0]}, nil }, func(d done) string { return d.Done }),
		merchantCommand("close ID", "Close a merchant for good; what it has can still be taken out with treasury redeem", 1, "merchant.close",
			named, func(d done) string { return d.Done }),
		newMember(),
	)
	return merchant
}

func merchantCommand[Out any](use, short string, words int, order string, args func(*cobra.Command, []string) (any, error), say func(Out) string) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(words), RunE: ordered(order, args, say)}
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

// newMerchantSettings is a command that takes a merchant's settings. word says what its
// one word is.
func newMerchantSettings(use, short, order string, word func(*merchantArgs, string)) *cobra.Command {
	var in merchantArgs
	var accepts, payerFee bool
	var logo, hook, origins, email string
	cmd := merchantCommand(use, short, 1, order, func(cmd *cobra.Command, words []string) (any, error) {
		f := cmd.Flags()
		in.Accepts, in.PayerFee = ifNamed(f, "accepts", &accepts), ifNamed(f, "payer-fee", &payerFee)
		in.Hook, in.Origins, in.Email = ifNamed(f, "hook", &hook), ifNamed(f, "origins", &origins), ifNamed(f, "email", &email)
		if logo != "" {
			var err error
			if in.Logo, err = readLogoFile(logo); err != nil {
				return nil, err
			}
		}
		word(&in, words[0])
		return in, nil
	}, merchantShown.String)
	f := cmd.Flags()
	if order == "merchant.create" {
		sealFlag(f)
	} else {
		f.StringVar(&in.Name, "name", "", "what it is called")
	}
	f.StringVar(&in.FeePercent, "fee-percent", "", "what percentage it pays of what it settles, such as 1.5 (default of a new one: 0)")
	f.StringVar(&in.FeeFixed, "fee-fixed", "", "and how much for each settlement, such as 0.10 (default of a new one: 0)")
	f.StringVar(&in.Life, "life", "", "how long money that it has authorised waits to be settled, such as 168h (default of a new one)")
	f.BoolVar(&accepts, "accepts", true, "takes payments from wallets")
	f.StringVar(&in.OrderLife, "order-life", "", "how long an order can be paid, such as 24h (default of a new one: 1h)")
	f.BoolVar(&payerFee, "payer-fee", false, "the payer of an order bears the fee, on top")
	f.StringVar(&hook, "hook", "", "the URL that is told of paid orders, once it has answered the test call; empty: none")
	f.StringVar(&origins, "origins", "", "the sites to which its customers may be sent back, such as https://shop.example, with commas between; empty: none, or in a sandbox all")
	f.StringVar(&email, "email", "", "where its receipts go; empty: nowhere")
	f.StringVar(&logo, "logo", "", "a file with its picture: PNG, JPEG or WebP, at most 64 KiB")
	return cmd
}

// ifNamed is the value of a flag that was named; nil if it was not.
func ifNamed[T any](f *pflag.FlagSet, name string, value *T) *T {
	if !f.Changed(name) {
		return nil
	}
	return value
}

// readLogoFile reads no more of a file than says that it is too large.
func readLogoFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, identity.LogoMax+1))
	if err == nil && len(b) == 0 {
		err = errors.New("the file is empty: " + name)
	}
	return b, err
}

// newKeysCommand is a command that makes API keys.
func newKeysCommand(use, short, order string, overlaps bool) *cobra.Command {
	var in keyArgs
	cmd := merchantCommand(use, short, 1, order, func(_ *cobra.Command, words []string) (any, error) {
		in.ID = words[0]
		return in, nil
	}, keysShown.String)
	kinds := string("which: " + purse.PrivateKey + ", " + purse.PublicKey + " or " + purse.OrderKind)
	if overlaps {
		kinds += " (default: all that it has)"
	} else {
		kinds += string(" (default: " + purse.PrivateKey + " and " + purse.PublicKey + ")")
	}
	cmd.Flags().StringVar((*string)(&in.Kind), "kind", "", kinds)
	sealFlag(cmd.Flags())
	if overlaps {
		cmd.Flags().DurationVar(&in.Overlap, "overlap", identity.DefaultOverlap, "how long the old ones stay good; 0: not at all")
	}
	return cmd
}
