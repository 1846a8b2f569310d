package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"purse"
	"purse/identity"

	"github.com/spf13/cobra"
)

type userArgs struct {
	Username  string `json:"username"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	About     string `json:"about"`
	Email     string `json:"email"`
	Phone     string `json:"phone"`
}

type userMade struct {
	ID       string `json:"id"`
	Username string `json:"username"`
}

func createUser(ctx context.Context, n *network, by purse.Operator, in userArgs) (userMade, error) {
	addresses, err := readAddresses(in.Email, in.Phone)
	if err != nil {
		return userMade{}, err
	}
	u, err := n.identity.CreateUser(ctx, n.book.ID, by, purse.User{
		Username: in.Username, FirstName: in.FirstName, LastName: in.LastName, About: in.About,
	}, addresses...)
	return userMade{u.ID.String(), u.Username}, err
}

// readAddresses reads those that are not empty.
func readAddresses(email, phone string) (addresses []purse.Address, err error) {
	var a purse.Address
	if email != "" {
		if a, err = purse.ParseEmail(email); err != nil {
			return nil, err
		}
		addresses = append(addresses, a)
	}
	if phone != "" {
		if a, err = purse.ParsePhone(phone); err != nil {
			return nil, err
		}
		addresses = append(addresses, a)
	}
	return addresses, nil
}

type verifyArgs struct {
	User  string `json:"user"`
	Email string `json:"email"`
	Phone string `json:"phone"`
}

// verifyUser says that addresses are a person's.
func verifyUser(ctx context.Context, n *network, by purse.Operator, in verifyArgs) (done, error) {
	addresses, err := readAddresses(in.Email, in.Phone)
	if err != nil {
		return done{}, err
	}
	if len(addresses) == 0 {
		return done{}, purse.Refuse(purse.CodeMissing, "Say which address: --email or --phone.")
	}
	u, err := n.person(ctx, in.User)
	if err != nil {
		return done{}, err
	}
	for _, a := range addresses {
		if err := n.identity.VouchContact(ctx, n.book.ID, by, u.ID, a); err != nil {
			return done{}, err
		}
	}
	return done{"What is paid there is paid to " + u.Username + "."}, nil
}

// person finds a user by number or by username.
func (n *network) person(ctx context.Context, name string) (purse.User, error) {
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		return n.identity.User(ctx, purse.UserID(id))
	}
	return n.store.UserNamed(ctx, name)
}

type passwordArgs struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

func setPassword(ctx context.Context, n *network, by purse.Operator, in passwordArgs) (done, error) {
	u, err := n.person(ctx, in.User)
	if err != nil {
		return done{}, err
	}
	return done{u.Username + " has a new password."}, n.identity.SetPassword(ctx, by, u.ID, in.Password)
}

func newUser() *cobra.Command {
	user := &cobra.Command{Use: "user", Short: "Look after people"}
	var in userArgs
	create := &cobra.Command{
		Use:   "create USERNAME",
		Short: "Make a person with an empty wallet",
		Args:  cobra.ExactArgs(1),
		RunE: ordered("user.create", func(_ *cobra.Command, words []string) (any, error) {
			in.Username = words[0]
			return in, nil
		}, func(u userMade) string { return fmt.Sprintf("%s has the user id %s.", u.Username, u.ID) }),
	}
	f := create.Flags()
	f.StringVar(&in.FirstName, "first-name", "", "first name (needed)")
	f.StringVar(&in.LastName, "last-name", "", "last name")
	f.StringVar(&in.About, "about", "", "a line about the person")
	f.StringVar(&in.Email, "email", "", "an e-mail address that is the person's, for sure")
	f.StringVar(&in.Phone, "phone", "", "a phone number that is the person's, for sure; without a country code it is a US one")
	f.Bool("json", false, "print JSON")
	password := &cobra.Command{
		Use:   "password USER",
		Short: "Give a person a new password, read from the standard input; their sessions end",
		Args:  cobra.ExactArgs(1),
		RunE: ordered("user.password", func(cmd *cobra.Command, words []string) (any, error) {
			line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, err
			}
			return passwordArgs{words[0], strings.TrimRight(line, "\r\n")}, nil
		}, func(d done) string { return d.Done }),
	}
	password.Flags().Bool("json", false, "print JSON")
	user.AddCommand(password)
	user.AddCommand(create, newUserVerify())
	return user
}

func newUserVerify() *cobra.Command {
	var in verifyArgs
	cmd := &cobra.Command{
		Use:   "verify USER",
		Short: "Say that an address is a person's, by username or user id; what was paid to it is theirs at once",
		Args:  cobra.ExactArgs(1),
		RunE: ordered("user.verify", func(_ *cobra.Command, words []string) (any, error) {
			in.User = words[0]
			return in, nil
		}, func(d done) string { return d.Done }),
	}
	f := cmd.Flags()
	f.StringVar(&in.Email, "email", "", "an e-mail address that is the person's, for sure")
	f.StringVar(&in.Phone, "phone", "", "a phone number that is the person's, for sure; without a country code it is a US one")
	f.Bool("json", false, "print JSON")
	return cmd
}

type tokenArgs struct {
	User   string        `json:"user"`
	App    string        `json:"app"` // an app's number; empty: the person's own
	Scopes string        `json:"scopes"`
	Life   time.Duration `json:"life"` // nanoseconds; 0: for ever
}

type tokenMade struct {
	User        string `json:"user_id"`
	AccessToken string `json:"access_token"`
	Scopes      string `json:"scopes"`
}

func createToken(ctx context.Context, n *network, by purse.Operator, in tokenArgs) (tokenMade, error) {
	u, err := n.person(ctx, in.User)
	if err != nil {
		return tokenMade{}, err
	}
	scopes, err := purse.ParseScopes(in.Scopes)
	if err != nil {
		return tokenMade{}, err
	}
	req := identity.TokenRequest{User: u.ID, Scopes: scopes, Life: in.Life}
	if in.App != "" {
		id, err := strconv.ParseInt(in.App, 10, 64)
		if err != nil {
			return tokenMade{}, purse.Refuse(purse.CodeInvalid, "An app is named by its number.")
		}
		req.App = purse.AppID(id)
	}
	t, err := n.identity.CreateToken(ctx, n.book.ID, by, req)
	return tokenMade{u.ID.String(), string(t.Secret), string(scopes)}, err
}

type revokeArgs struct {
	AccessToken string `json:"access_token"`
}

type done struct {
	Done string `json:"done"`
}

func revokeToken(ctx context.Context, n *network, by purse.Operator, in revokeArgs) (done, error) {
	return done{"The access token is revoked."}, n.identity.RevokeToken(ctx, by, purse.Secret(in.AccessToken))
}

func newToken() *cobra.Command {
	token := &cobra.Command{Use: "token", Short: "Look after access tokens"}
	var in tokenArgs
	create := &cobra.Command{
		Use:   "create USER",
		Short: "Make an access token for a person, by username or user id; it is shown this once",
		Args:  cobra.ExactArgs(1),
		RunE: ordered("token.create", func(_ *cobra.Command, words []string) (any, error) {
			in.User = words[0]
			return in, nil
		}, func(t tokenMade) string { return t.AccessToken }),
	}
	create.Flags().StringVar(&in.Scopes, "scopes", "make_payments access_profile", "what it allows, with spaces or commas between")
	create.Flags().StringVar(&in.App, "app", "", "the number of the app that is to have it (default: the person's own use)")
	create.Flags().DurationVar(&in.Life, "life", 0, "how long it is valid, such as 720h (default: until it is revoked)")
	create.Flags().Bool("json", false, "print JSON")
	revoke := &cobra.Command{
		Use:   "revoke TOKEN",
		Short: "End an access token at once",
		Args:  cobra.ExactArgs(1),
		RunE: ordered("token.revoke", func(_ *cobra.Command, words []string) (any, error) {
			return revokeArgs{words[0]}, nil
		}, func(d done) string { return d.Done }),
	}
	revoke.Flags().Bool("json", false, "print JSON")
	token.AddCommand(create, revoke)
	return token
}
