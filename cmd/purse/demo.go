package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"text/template"

	"purse"
	"purse/identity"
	"purse/money"
	"purse/wallet"

	"github.com/spf13/cobra"
)

func newDemo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Serve a sandbox network with three people in it, ready to try",
		Args:  cobra.NoArgs,
		RunE:  runDemo,
	}
	listenFlags(cmd.Flags(), demoListen)
	cmd.Flags().String("data", "", "keep the network in this folder (default: a temporary one, removed at the end)")
	cmd.Flags().String("credentials", "", "write everything that a script needs to this file, as JSON")
	return cmd
}

const demoListen = "127.0.0.1:8080"

func runDemo(cmd *cobra.Command, _ []string) error {
	c, err := readConfig(cmd)
	if err != nil {
		return err
	}
	dir, err := cmd.Flags().GetString("data")
	if err != nil {
		return err
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "purse-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	c.Database, c.Mode, c.Currency = filepath.Join(dir, "purse.db"), purse.Sandbox, "USD"
	if l, err := net.Listen("tcp", c.Listen); err == nil {
		l.Close()
	} else if !cmd.Flags().Changed("listen") {
		c.Listen = "127.0.0.1:0" // somebody has the usual port; any other will do
	}
	logPath := filepath.Join(dir, "purse.log")
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer logFile.Close()
	lines := newLogLines(logFile)
	defer lines.close()
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	err = serve(ctx, c, slog.New(slog.NewJSONHandler(lines, nil)), func(s *server) {
		public := s.url
		if c.PublicURL != "" {
			public = c.PublicURL
		}
		d := demo{network: s.network, BaseURL: public, Database: c.Database, Log: logPath}
		path, err := cmd.Flags().GetString("credentials")
		if err = errors.Join(err, d.populate(ctx), d.writeCredentials(path), d.print(cmd.OutOrStdout())); err != nil {
			stop(err)
		}
	})
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}

// demo is the network that `purse demo` shows.
type demo struct {
	*network
	BaseURL  string
	Database string
	Log      string
	People   []demoPerson
	Asked    string // the charge that waits for the first of them
	App      demoApp
	Shop     demoShop
}

// demoApp is an app that the people can let in.
type demoApp struct{ ID, Secret, Redirect string }

// demoPassword is the password of a person of the demo.
func demoPassword(username string) string { return "demo password of " + username }

type demoPerson struct {
	purse.User
	Email, Phone string
	Token        string
	Password     string
	Balance      string
}

// demoMoney is what each of the three starts with, in minor units.
var demoMoney = []struct {
	user         purse.User
	email, phone string
	minor        int64
}{
	{purse.User{Username: "ada", FirstName: "Ada", LastName: "Lindqvist", About: "Sails on Sundays"}, "ada@example.org", "15555550101", 100_000},
	{purse.User{Username: "ben", FirstName: "Ben", LastName: "Okafor", About: "Bakes"}, "ben@example.org", "15555550102", 50_000},
	{purse.User{Username: "cleo", FirstName: "Cleo", LastName: "Marsh", About: "New here"}, "cleo@example.org", "15555550103", 0},
}

// demoPayments goes round in a circle, so that everybody ends with what they
// started with.
var demoPayments = []struct {
	from, to int
	note     string
}{{0, 1, "Boat repairs"}, {1, 2, "Concert tickets"}, {2, 0, "Half of the dinner"}}

const demoPaymentMinor = 20_00

// demoOperator stands in the audit lines of what the demo sets up.
const demoOperator purse.Operator = "demo"

// populate makes the people, their tokens and a few payments. In a folder that
// was used before only new tokens are made: the old ones are kept as hashes.
func (d *demo) populate(ctx context.Context) error {
	fresh := false
	for _, m := range demoMoney {
		u, err := d.store.UserNamed(ctx, m.user.Username)
		if purse.CodeOf(err) == purse.CodeNotFound {
			fresh = true
			u, err = d.person(ctx, m.user, m.email, m.phone, m.minor)
		}
		if err != nil {
			return err
		}
		t, err := d.identity.CreateToken(ctx, d.book.ID, demoOperator, identity.TokenRequest{User: u.ID, Scopes: purse.EveryScope()})
		if err != nil {
			return err
		}
		password := demoPassword(u.Username)
		if err := d.identity.SetPassword(ctx, demoOperator, u.ID, password); err != nil {
			return err
		}
		d.People = append(d.People, demoPerson{User: u, Email: m.email, Phone: m.phone, Token: string(t.Secret), Password: password})
	}
	if err := errors.Join(d.register(ctx), d.openShop(ctx)); err != nil {
		return err
	}
	if fresh {
		if err := d.befriend(ctx, d.People[0], d.People[1]); err != nil {
			return err
		}
		for _, p := range demoPayments {
			if err := d.pay(ctx, d.People[p.from], d.People[p.to], p.note); err != nil {
				return err
			}
		}
	}
	if err := d.ask(ctx); err != nil {
		return err
	}
	for i := range d.People {
		a, err := d.store.Account(ctx, d.book.ID, purse.WalletOf(d.People[i].ID))
		if err != nil {
			return err
		}
		d.People[i].Balance = money.Amount{Minor: a.Spendable(), Currency: d.book.Currency}.Decimal()
	}
	return nil
}

// register makes an app, whose people come back to a page of the sandbox's own.
func (d *demo) register(ctx context.Context) error {
	secret, hash := identity.ClientSecret()
	d.App = demoApp{Secret: string(secret), Redirect: d.BaseURL + "/sandbox/callback"}
	a, err := d.identity.CreateApp(ctx, d.book.ID, demoOperator, purse.App{
		Name: "Demo app", Medium: purse.MediumAPI, Secret: hash, Redirects: d.App.Redirect,
	})
	d.App.ID = a.ID.String()
	return err
}

// person makes one of the people, with money.
func (d *demo) person(ctx context.Context, u purse.User, email, phone string, minor int64) (purse.User, error) {
	addresses, err := readAddresses(email, phone)
	if err != nil {
		return u, err
	}
	if u, err = d.identity.CreateUser(ctx, d.book.ID, demoOperator, u, addresses...); err != nil || minor == 0 {
		return u, err
	}
	_, err = d.wallet.Issue(ctx, d.book.ID, demoOperator, wallet.EntryRequest{
		Wallet: u.ID, Minor: minor, Reason: "demo", Encode: d.encodeEntry,
	})
	return u, err
}

func (d *demo) pay(ctx context.Context, from, to demoPerson, note string) error {
	actor, err := d.identity.Recognize(ctx, purse.Secret(from.Token))
	if err != nil {
		return err
	}
	_, err = d.wallet.Pay(ctx, actor, wallet.PayRequest{
		To: wallet.Target{User: to.ID}, Minor: demoPaymentMinor, Note: note, Audience: purse.Friends,
		Encode: func(wallet.Receipt) purse.Answer { return purse.Answer{} },
	})
	return err
}

// befriend makes two people friends.
func (d *demo) befriend(ctx context.Context, a, b demoPerson) error {
	asking, err := d.identity.Recognize(ctx, purse.Secret(a.Token))
	if err != nil {
		return err
	}
	asked, err := d.identity.Recognize(ctx, purse.Secret(b.Token))
	if err != nil {
		return err
	}
	return errors.Join(d.wallet.AskFriend(ctx, asking, b.ID), d.wallet.AcceptFriend(ctx, asked, a.ID))
}

// demoChargeMinor is what the second of the people asks the first for.
const demoChargeMinor = 12_00

// ask makes sure that a charge waits for the first of the people.
func (d *demo) ask(ctx context.Context) error {
	waiting, err := d.store.Payments(ctx, d.book.ID, purse.PaymentQuery{
		Person: d.People[0].ID, Actors: []purse.UserID{d.People[1].ID}, Action: purse.Charge,
		Statuses: []purse.PaymentStatus{purse.PaymentPending}, Limit: 1,
	})
	if err != nil {
		return err
	}
	if len(waiting) > 0 {
		d.Asked = waiting[0].ID.String()
		return nil
	}
	actor, err := d.identity.Recognize(ctx, purse.Secret(d.People[1].Token))
	if err != nil {
		return err
	}
	_, err = d.wallet.Charge(ctx, actor, wallet.PayRequest{
		To: wallet.Target{User: d.People[0].ID}, Minor: demoChargeMinor, Note: "Bread", Audience: purse.Private,
		Encode: func(r wallet.Receipt) purse.Answer {
			d.Asked = r.Payment.ID.String()
			return purse.Answer{}
		},
	})
	return err
}

// credentials is the file that scripts rely on. What this version does not have
// yet is there and empty.
type credentials struct {
	BaseURL  string            `json:"base_url"`
	Users    []credentialsUser `json:"users"`
	App      map[string]string `json:"app"`
	Merchant map[string]string `json:"merchant"`
	Operator map[string]string `json:"operator"`
}

type credentialsUser struct {
	ID          string `json:"id"`
	Username    string `json:"username"`
	Password    string `json:"password"`
	Email       string `json:"email"`
	Phone       string `json:"phone"`
	AccessToken string `json:"access_token"`
}

func (d *demo) writeCredentials(path string) error {
	if path == "" {
		return nil
	}
	c := credentials{
		BaseURL: d.BaseURL,
		App:     map[string]string{"client_id": d.App.ID, "client_secret": d.App.Secret, "redirect_uri": d.App.Redirect},
		Merchant: map[string]string{
			"id": d.Shop.ID, "name": d.Shop.Name, "consumer_id": d.Shop.Consumer,
			"hub_username": d.Shop.Private.Username, "hub_password": string(d.Shop.Private.Password),
			"hub_webhook_key": "", "order_api_key": d.OrderKey(), "order_api_secret": string(d.Shop.Orders.Secret),
		},
		Operator: map[string]string{"username": "", "password": ""},
	}
	for _, p := range d.People {
		c.Users = append(c.Users, credentialsUser{
			ID: p.ID.String(), Username: p.Username, Password: p.Password, Email: p.Email, Phone: p.Phone, AccessToken: p.Token,
		})
	}
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	// Written beside and renamed, so that a script that waits for the file never
	// reads half of it.
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

var demoPage = template.Must(template.New("demo").Parse(`
  purse demo: a sandbox network, at {{.BaseURL}}

  People
{{range .People}}    {{printf "%-5s %10s USD   user id %s   %s" .Username .Balance .ID .Email}}
{{end}}
  Try it: ada pays ben 5.00, and the answer is durable when it arrives

    curl -s {{.BaseURL}}/v1/payments \
      -H 'Authorization: Bearer {{(index .People 0).Token}}' \
      -H 'Idempotency-Key: lunch-1' \
      -d user_id={{(index .People 1).ID}} -d amount=5.00 -d note=Lunch -d audience=private

  Run it again: the same answer comes back, and nothing is paid twice.

  Pay an order of the {{.Shop.Name}}: open this page, and sign in as ada with "{{(index .People 0).Password}}"
    {{.OrderURL}}
  {{.Shop.Keeper.FirstName}} works for the shop: sign in as {{.Shop.Keeper.Username}} with "{{.Shop.Keeper.Password}}", and see what it sells
    {{.BaseURL}}/desk

  The shop makes another order, and looks at what has become of the first

    curl -s {{.BaseURL}}/payment/order -H 'Content-Type: application/json' -H 'Authorization: Bearer {{.OrderKey}}' \
      -d '{"amount":4.20,"currency":"USD","customer":"ben@example.org","product":"Tea","redirect_url":"{{.BaseURL}}/sandbox/callback"}'
    curl -s '{{.BaseURL}}/payment/status?payment_id={{.Shop.Order.Number}}' -H 'Authorization: Bearer {{.OrderKey}}'

  Ben has asked ada for 12.00, and ada approves

    curl -s -X PUT {{.BaseURL}}/v1/payments/{{.Asked}} \
      -H 'Authorization: Bearer {{(index .People 0).Token}}' -d action=approve

  Ada pays somebody who is not here yet: the money waits in escrow, until it is cancelled or a week has passed

    curl -s {{.BaseURL}}/v1/payments \
      -H 'Authorization: Bearer {{(index .People 0).Token}}' \
      -d phone=555-555-0199 -d amount=3 -d note=Ferry

  Everything that ada has to do with, newest first (for programs, {{.BaseURL}}/v1/openapi.yaml says what else there is)

    curl -s '{{.BaseURL}}/v1/payments?access_token={{(index .People 0).Token}}'

  Let an app in: open this page, sign in as ada with "{{(index .People 0).Password}}", and look at what the app would get
    {{.BaseURL}}/v1/oauth/authorize?client_id={{.App.ID}}&response_type=code&state=xyz&scope=make_payments%20access_profile%20access_balance
  then let the app have its tokens for the code that you see there
    curl -s {{.BaseURL}}/v1/oauth/access_token -d client_id={{.App.ID}} \
      -d client_secret={{.App.Secret}} -d code=CODE
  What the network sends to people (codes, links, notices) stays here: {{.BaseURL}}/sandbox/messages

  {{.Shop.Name}} also takes payments through the hub, with a private key for its server and a public one for browsers

    {{.Shop.Private.Username}}:{{.Secret}}
    {{.Shop.Public.Username}}:{{.PublicSecret}}

  It takes 12.50 from ada, who has let it do so before: two calls, and she is not asked

    token=$(curl -s {{.BaseURL}}/paymenthub/v1/paymenthandles -H 'Content-Type: application/json' \
      -u '{{.Shop.Private.Username}}:{{.Secret}}' \
      -d '{"merchantRefNum":"bread-1","transactionType":"PAYMENT","paymentType":"VENMO","amount":1250,"currencyCode":"USD","venmo":{"consumerId":"{{.Shop.Consumer}}"},"returnLinks":[{"rel":"default","href":"{{.BaseURL}}/sandbox/callback"}]}' \
      | tee /dev/stderr | sed 's/.*"paymentHandleToken":"\([^"]*\)".*/\1/')
    curl -s {{.BaseURL}}/paymenthub/v1/payments -H 'Content-Type: application/json' \
      -u '{{.Shop.Private.Username}}:{{.Secret}}' \
      -d '{"merchantRefNum":"bread-1","amount":1250,"currencyCode":"USD","paymentHandleToken":"'"$token"'"}'

  Somebody new must be asked: open the redirect_payment link of the answer, sign in as ben, and pay; then use the token as above

    curl -s {{.BaseURL}}/paymenthub/v1/paymenthandles -H 'Content-Type: application/json' \
      -u '{{.Shop.Private.Username}}:{{.Secret}}' \
      -d '{"merchantRefNum":"bread-2","transactionType":"PAYMENT","paymentType":"VENMO","amount":800,"currencyCode":"USD","venmo":{"consumerId":"ben@example.org"},"returnLinks":[{"rel":"default","href":"{{.BaseURL}}/sandbox/callback"}]}'

  Cleo has nothing to spend: an error in the API's own format, and nothing changes

    curl -s {{.BaseURL}}/v1/payments \
      -H 'Authorization: Bearer {{(index .People 2).Token}}' \
      -d user_id={{(index .People 0).ID}} -d amount=7 -d note=Coffee

  Let money in, and have every cent in the book checked, from another terminal

    go run ./cmd/purse treasury issue cleo 25.00 --database {{.Database}}
    go run ./cmd/purse verify --database {{.Database}}

  Requests are logged to {{.Log}}. Stop with Ctrl-C.

`))

func (d *demo) print(w io.Writer) error {
	if len(d.People) != len(demoMoney) {
		return fmt.Errorf("the demo's people are not there")
	}
	return demoPage.Execute(w, d)
}
