package main

import (
	"context"

	"purse"
	"purse/sandbox"
	"purse/wallet"
)

// sandboxOperator stands in the audit lines of what a sandbox sets up by itself.
const sandboxOperator purse.Operator = "sandbox"

// enterSandbox gives a sandbox what only it has; a live network is left alone.
func (n *network) enterSandbox(ctx context.Context) error {
	if n.book.Mode != purse.Sandbox {
		return nil
	}
	n.wallet.Script, n.hub.Processor, n.hub.Tester = sandbox.Script{}, sandbox.Processor{}, sandbox.Person.ID
	_, err := n.identity.CreateUser(ctx, n.book.ID, sandboxOperator, sandbox.Person, sandbox.Addresses...)
	if err != nil && purse.CodeOf(err) != purse.CodeTaken {
		return err
	}
	a, err := n.store.Account(ctx, n.book.ID, purse.WalletOf(sandbox.Person.ID))
	if purse.CodeOf(err) == purse.CodeNotFound {
		n.log.Warn("somebody else has the name or an address of the sandbox's own person")
		return nil
	}
	if err != nil || a.Number > 0 {
		return err
	}
	_, err = n.wallet.Issue(ctx, n.book.ID, sandboxOperator, wallet.EntryRequest{
		Wallet: sandbox.Person.ID, Minor: sandbox.Minor, Reason: "to try things out", Encode: n.encodeEntry,
	})
	return err
}
