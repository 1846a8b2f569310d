package main

import (
	"context"
	"fmt"
	"strings"

	"purse"
	"purse/identity"

	"github.com/spf13/cobra"
)

type appArgs struct {
	Name      string       `json:"name"`
	Medium    purse.Medium `json:"medium"`
	Redirects []string     `json:"redirect_uris"`
	Public    bool         `json:"public"`
	Implicit  bool         `json:"implicit"`
}

type appMade struct {
	ID     string `json:"id"` // the client id
	Name   string `json:"name"`
	Secret string `json:"client_secret,omitempty"`
}

// String is what people are told.
func (a appMade) String() string {
	if a.Secret == "" {
		return fmt.Sprintf("%s is app %s.", a.Name, a.ID)
	}
	return fmt.Sprintf("%s is app %s. Its client secret is shown this once: %s", a.Name, a.ID, a.Secret)
}

func createApp(ctx context.Context, n *network, by purse.Operator, in appArgs) (appMade, error) {
	app := purse.App{Name: in.Name, Medium: in.Medium, Redirects: strings.Join(in.Redirects, "\n"), Implicit: in.Implicit}
	var secret purse.Secret
	if !in.Public {
		secret, app.Secret = identity.ClientSecret()
	}
	a, err := n.identity.CreateApp(ctx, n.book.ID, by, app)
	return appMade{a.ID.String(), a.Name, string(secret)}, err
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
		}, appMade.String),
	}
	create.Flags().StringVar((*string)(&in.Medium), "medium", string(purse.MediumAPI), "what payments made with it carry: api, ios or android")
	create.Flags().StringArrayVar(&in.Redirects, "redirect-uri", nil, "where its people may be sent back to; may be given several times, the first is the default")
	create.Flags().BoolVar(&in.Public, "public", false, "it cannot keep a secret, as programs on people's devices cannot, and gets none")
	create.Flags().BoolVar(&in.Implicit, "implicit", false, "it may have tokens without a code (response_type=token)")
	create.Flags().Bool("json", false, "print JSON")
	app.AddCommand(create)
	return app
}
