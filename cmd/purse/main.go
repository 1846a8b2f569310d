// Command purse runs a payments network and looks after it.
//
// This package is the wiring: flags and configuration, the services put
// together, the listeners, the background loops, and the subcommands that
// operators type. It decides nothing about money.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"purse"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "purse:", message(err))
		status := 1
		if e, ok := errors.AsType[exit](err); ok {
			status = e.status
		}
		os.Exit(status)
	}
}

// newRoot makes the command line.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "purse",
		Short:         "A payments network in one program",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	networkFlags(root.PersistentFlags())
	root.AddCommand(
		newServe(), newDemo(), newMigrate(),
		newUser(), newToken(), newTreasury(), newWallet(), newLimits(), newTerms(), newPayment(), newApp(), newMerchant(), newClock(),
		newVerify(), newBench(),
	)
	return root
}

// message is what an operator reads of an error: the refusal's own words, with
// the cause behind it.
func message(err error) string {
	if e, ok := errors.AsType[*purse.Error](err); ok {
		if e.Err != nil {
			return e.Message + " (" + e.Err.Error() + ")"
		}
		return e.Message
	}
	return err.Error()
}
