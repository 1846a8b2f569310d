package main

import (
	"context"
	"fmt"

	"purse"

	"github.com/spf13/cobra"
)

type appArgs struct {
	Name   string       `json:"name"`
	Medium purse.Medium `json:"medium"`
}

type appMade struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func createApp(ctx context.Context, n *network, by purse.Operator, in appArgs) (appMade, error) {
	a, err := n.identity.CreateApp(ctx, n.book.ID, by, purse.App{Name: in.Name, Medium: in.Medium})
	return appMade{a.ID.String(), a.Name}, err
}

func newApp() *cobra.Command {
	app := &cobra.Command{Use: "app", Short: "Look after programs that people let in"}
	var in appArgs
	create := &cobra.Command{
		Use:   "create NAME",
		Short: "Register a program",
		Args:  cobra.ExactArgs(1),
		RunE: ordered("app.create", func(_ *cobra.Command, words []string) (any, error) {
			in.Name = words[0]
			return in, nil
		}, func(a appMade) string { return fmt.Sprintf("%s is app %s.", a.Name, a.ID) }),
	}
	create.Flags().StringVar((*string)(&in.Medium), "medium", string(purse.MediumAPI), "what payments made with it carry: api, ios or android")
	create.Flags().Bool("json", false, "print JSON")
	app.AddCommand(create)
	return app
}
