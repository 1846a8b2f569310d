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
	merchant := &cobra.Command{Use: "merchant", Short: "Look after those who take payments through the payment hub"}
	var list listArgs
	all := merchantCommand("list", "List merchants, in the order in which they were made", 0, "merchant.list",
		func(*cobra.Command, []string) (any, error) { return list, nil }, merchantsShown.String)
	all.Flags().StringVar(&list.After, "after", "", "only those that were made after this one, by its number")
	named := func(_ *cobra.Command, words []string) (any, error) { return merchantNamed{words[0]}, nil }
	merchant.AddCommand(
		newMerchantSettings("create NAME", "Make a merchant with an empty balance, a private and a public API key", "merchant.create",
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
	var accepts bool
	var logo string
	cmd := merchantCommand(use, short, 1, order, func(cmd *cobra.Command, words []string) (any, error) {
		if cmd.Flags().Changed("accepts") {
			in.Accepts = &accepts
		}
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
	if order == "merchant.set" {
		f.StringVar(&in.Name, "name", "", "what it is called")
	}
	f.StringVar(&in.FeePercent, "fee-percent", "", "what percentage it pays of what it settles, such as 1.5 (default of a new one: 0)")
	f.StringVar(&in.FeeFixed, "fee-fixed", "", "and how much for each settlement, such as 0.10 (default of a new one: 0)")
	f.StringVar(&in.Life, "life", "", "how long money that it has authorised waits to be settled, such as 168h (default of a new one)")
	f.BoolVar(&accepts, "accepts", true, "takes payments from wallets")
	f.StringVar(&logo, "logo", "", "a file with its picture: PNG, JPEG or WebP, at most 64 KiB")
	return cmd
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
	cmd.Flags().StringVar((*string)(&in.Kind), "kind", "", string("which: "+purse.PrivateKey+" or "+purse.PublicKey+" (default: both)"))
	if overlaps {
		cmd.Flags().DurationVar(&in.Overlap, "overlap", identity.DefaultOverlap, "how long the old ones stay good; 0: not at all")
	}
	return cmd
}
