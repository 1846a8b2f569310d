package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"purse"
	"purse/money"
)

// merchantArgs are a merchant's settings as an operator writes them; when one is
// changed, what is empty stays as it is.
type merchantArgs struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	FeeFixed   string `json:"fee_fixed"`   // a decimal of the network's currency
	FeePercent string `json:"fee_percent"` // a decimal with at most two places
	Life       string `json:"life"`        // such as 168h
	Accepts    *bool  `json:"accepts"`
	Logo       []byte `json:"logo"` // base64

	OrderLife string  `json:"order_life"` // such as 1h
	PayerFee  *bool   `json:"payer_fee"`
	Hook      *string `json:"hook"`    // empty: none
	Origins   *string `json:"origins"` // with commas between; empty: none
	Email     *string `json:"email"`   // empty: none
}

// some says whether settings are given, besides the logo.
func (in merchantArgs) some() bool {
	return in.Name+in.FeeFixed+in.FeePercent+in.Life+in.OrderLife != "" || in.Accepts != nil || in.PayerFee != nil ||
		in.Hook != nil || in.Origins != nil || in.Email != nil
}

// change reads the settings that are given.
func (in merchantArgs) change(currency money.Currency) (func(*purse.Merchant), error) {
	given := purse.Merchant{Name: in.Name}
	var err error
	if given.Plan.Fixed, err = readFee(in.FeeFixed, currency); err != nil {
		return nil, err
	}
	if given.Plan.Basis, err = readFee(in.FeePercent, hundredths); err != nil {
		return nil, err
	}
	if given.Life, err = readLife(in.Life, "How long money waits to be settled is written like 168h."); err != nil {
		return nil, err
	}
	if given.Orders.Life, err = readLife(in.OrderLife, "How long an order can be paid is written like 1h."); err != nil {
		return nil, err
	}
	if in.Origins != nil {
		given.Origins = lines(*in.Origins)
	}
	return func(m *purse.Merchant) {
		if in.Name != "" {
			m.Name = given.Name
		}
		if in.FeeFixed != "" {
			m.Plan.Fixed = given.Plan.Fixed
		}
		if in.FeePercent != "" {
			m.Plan.Basis = given.Plan.Basis
		}
		if in.Life != "" {
			m.Life = given.Life
		}
		if in.OrderLife != "" {
			m.Orders.Life = given.Orders.Life
		}
		if in.Origins != nil {
			m.Origins = given.Origins
		}
		take(in.Accepts, &m.Accepts)
		take(in.PayerFee, &m.Orders.PayerFee)
		take(in.Hook, &m.Orders.Hook)
		take(in.Email, &m.Email)
	}, nil
}

// take sets what is given.
func take[T any](given, to *T) {
	if given != nil {
		*to = *given
	}
}

// lines writes a list with commas between as one with a line for each.
func lines(list string) string {
	var each []string
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one != "" {
			each = append(each, one)
		}
	}
	return strings.Join(each, "\n")
}

// readLife reads a time, 0 if it is empty; wrong says how it is written.
func readLife(text, wrong string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err == nil && d == 0 {
		err = errors.New("zero")
	}
	if err != nil {
		return 0, &purse.Error{Code: purse.CodeInvalid, Message: wrong, Err: err}
	}
	return d, nil
}

// readFee reads a part of a fee, 0 if it is empty.
func readFee(text string, c money.Currency) (int64, error) {
	if text == "" {
		return 0, nil
	}
	a, err := money.Parse(text, c)
	if err != nil {
		return 0, &purse.Error{Code: purse.CodeAmount, Message: "A fee is a decimal, such as 0.10 or 1.5.", Err: err}
	}
	return a.Minor, nil
}

func merchantNumber(text string) (purse.MerchantID, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, purse.Refuse(purse.CodeInvalid, "A merchant is named by its number.")
	}
	return purse.MerchantID(id), nil
}

// keyShown is an API key; it has a password only when it was made just now.
type keyShown struct {
	Username string `json:"username"`
	Kind     string `json:"kind"`
	Password string `json:"password,omitempty"`
	Bearer   string `json:"bearer,omitempty"` // of one for orders: the key in one piece, as it is sent
	Secret   string `json:"secret,omitempty"` // of one for orders: what signs callbacks
	Created  string `json:"created,omitempty"`
	Expires  string `json:"expires,omitempty"` // empty: never
	Expired  bool   `json:"expired,omitempty"`
}

type merchantShown struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Balance    string     `json:"balance,omitempty"` // what it may pay out, without what holds keep
	FeeFixed   string     `json:"fee_fixed"`
	FeePercent string     `json:"fee_percent"`
	Accepts    bool       `json:"accepts"`
	Life       string     `json:"life"`
	Logo       string     `json:"logo,omitempty"` // its media type
	OrderLife  string     `json:"order_life"`
	PayerFee   bool       `json:"payer_fee"`
	Hook       string     `json:"hook,omitempty"`
	HookTried  string     `json:"hook_tried,omitempty"` // empty: it has not answered the test call
	Origins    []string   `json:"origins,omitempty"`
	Email      string     `json:"email,omitempty"`
	Created    string     `json:"created"`
	Closed     string     `json:"closed,omitempty"`
	Keys       []keyShown `json:"keys,omitempty"`
}

// stamp writes a time; none is empty.
func stamp(t purse.Time) string {
	if t == 0 {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (n *network) shown(m purse.Merchant) merchantShown {
	return merchantShown{
		ID: m.ID.String(), Name: m.Name, Accepts: m.Accepts, Life: m.Life.String(),
		FeeFixed:   money.Amount{Minor: m.Plan.Fixed, Currency: n.book.Currency}.String(),
		FeePercent: money.Amount{Minor: m.Plan.Basis, Currency: hundredths}.Decimal(),
		OrderLife:  m.Orders.Life.String(), PayerFee: m.Orders.PayerFee, Hook: m.Orders.Hook, HookTried: stamp(m.Orders.HookTried),
		Origins: strings.Fields(m.Origins), Email: m.Email,
		Created: stamp(m.Created), Closed: stamp(m.Closed),
	}
}

func createMerchant(ctx context.Context, n *network, by purse.Operator, in merchantArgs) (merchantShown, error) {
	change, err := in.change(n.book.Currency)
	if err != nil {
		return merchantShown{}, err
	}
	m := purse.Merchant{Accepts: true}
	change(&m)
	made, err := n.identity.CreateMerchant(ctx, n.book.ID, by, m, in.Logo)
	if err != nil {
		return merchantShown{}, err
	}
	out := n.shown(made.Merchant)
	out.Keys = newKeysShown(made.Keys)
	return out, nil
}

type listArgs struct {
	After string `json:"after"`
}

type merchantsShown struct {
	Merchants []merchantShown `json:"merchants"`
	More      bool            `json:"more"` // there may be others after the last
}

// merchantsAtOnce is how many merchants a list shows.
const merchantsAtOnce = 100

func listMerchants(ctx context.Context, n *network, _ purse.Operator, in listArgs) (merchantsShown, error) {
	var after purse.MerchantID
	var err error
	if in.After != "" {
		if after, err = merchantNumber(in.After); err != nil {
			return merchantsShown{}, err
		}
	}
	list, err := n.store.MerchantsAfter(ctx, after, merchantsAtOnce)
	if err != nil {
		return merchantsShown{}, err
	}
	out := merchantsShown{Merchants: []merchantShown{}, More: len(list) == merchantsAtOnce}
	for _, m := range list {
		out.Merchants = append(out.Merchants, n.shown(m))
	}
	return out, nil
}

type merchantNamed struct {
	ID string `json:"id"`
}

// merchant finds the merchant of an order.
func (n *network) merchant(ctx context.Context, number string) (purse.Merchant, error) {
	id, err := merchantNumber(number)
	if err != nil {
		return purse.Merchant{}, err
	}
	return n.identity.Merchant(ctx, id)
}

func showMerchant(ctx context.Context, n *network, _ purse.Operator, in merchantNamed) (merchantShown, error) {
	m, err := n.merchant(ctx, in.ID)
	if err != nil {
		return merchantShown{}, err
	}
	out := n.shown(m)
	balance, err := n.store.Account(ctx, m.Book, purse.BalanceOf(m.ID))
	if err != nil {
		return merchantShown{}, err
	}
	out.Balance = money.Amount{Minor: balance.Spendable(), Currency: balance.Currency}.String()
	logo, err := n.store.Logo(ctx, m.ID)
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return merchantShown{}, err
	}
	out.Logo = logo.Type
	return out, nil
}

func setMerchant(ctx context.Context, n *network, by purse.Operator, in merchantArgs) (merchantShown, error) {
	id, err := merchantNumber(in.ID)
	if err != nil {
		return merchantShown{}, err
	}
	change, err := in.change(n.book.Currency)
	if err != nil {
		return merchantShown{}, err
	}
	if !in.some() && in.Logo == nil {
		return merchantShown{}, purse.Refuse(purse.CodeMissing, "Say what is to change.")
	}
	if in.some() {
		if _, err := n.identity.SetMerchant(ctx, by, id, change); err != nil {
			return merchantShown{}, err
		}
	}
	if in.Logo != nil { // a command of its own: if it is refused, the settings hold
		if err := n.identity.SetLogo(ctx, by, id, in.Logo); err != nil {
			return merchantShown{}, err
		}
	}
	return showMerchant(ctx, n, by, merchantNamed{in.ID})
}

func closeMerchant(ctx context.Context, n *network, by purse.Operator, in merchantNamed) (done, error) {
	m, err := n.merchant(ctx, in.ID)
	if err != nil {
		return done{}, err
	}
	return done{m.Name + " is closed."}, n.identity.CloseMerchant(ctx, by, m.ID)
}
