package identity

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"time"

	"purse"
	"purse/money"
)

// exportPage is how many rows of a long list are read at once.
const exportPage = 100

// Export writes everything that the network knows about a visitor as one JSON
// document. It reads in small steps, so that others' payments do not wait; what
// changes meanwhile may be in it or not. Secrets are not in it, not even as hashes.
//
// Refused with CodeProve before anything is written. What ends an export later leaves
// a document that is cut off.
func (s *Service) Export(ctx context.Context, v Visitor, w io.Writer) error {
	if err := Fresh(v); err != nil {
		return err
	}
	out := &document{w: bufio.NewWriter(w)}
	for _, part := range []func(context.Context, Visitor, *document) error{
		s.exportProfile, s.exportContacts, s.exportSessions, s.exportApps, s.exportTies, s.exportMerchants, s.exportWork, s.exportPayments, s.exportOrders,
	} {
		if err := part(ctx, v, out); err != nil {
			return err
		}
	}
	out.text("\n}\n")
	if out.err != nil {
		return out.err
	}
	return out.w.Flush()
}

// document is a JSON object that is written one member at a time.
type document struct {
	w    *bufio.Writer
	some bool // members are there already
	err  error
}

func (d *document) text(s string) {
	if d.err == nil {
		_, d.err = d.w.WriteString(s)
	}
}

func (d *document) json(v any) {
	b, err := json.Marshal(v)
	if err != nil && d.err == nil {
		d.err = err
	}
	d.text(string(b))
}

// member begins a member.
func (d *document) member(name string) {
	if d.some {
		d.text(",\n")
	} else {
		d.text("{\n")
	}
	d.some = true
	d.json(name)
	d.text(": ")
}

// list writes a member that is a list, one page after the other: next returns the
// next page and nothing at the end.
func list[V any](d *document, name string, next func() ([]V, error)) error {
	d.member(name)
	d.text("[")
	for first := true; d.err == nil; {
		page, err := next()
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, v := range page {
			if !first {
				d.text(",")
			}
			first = false
			d.text("\n\t")
			d.json(v)
		}
	}
	d.text("]")
	return d.err
}

// once is a list of one page.
func once[V any](page []V) func() ([]V, error) {
	return func() ([]V, error) {
		given := page
		page = nil
		return given, nil
	}
}

// at is a time as it stands in an export; empty for never.
func at(t purse.Time) string {
	if t == 0 {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (s *Service) exportProfile(ctx context.Context, v Visitor, d *document) error {
	a, err := s.Store.Account(ctx, v.User.Book, purse.WalletOf(v.User.ID))
	if err != nil {
		return err
	}
	c, err := s.credentials(ctx, v.User.ID)
	if err != nil {
		return err
	}
	u := v.User
	d.member("profile")
	d.json(struct {
		ID              string         `json:"id"`
		Username        string         `json:"username"`
		FirstName       string         `json:"first_name"`
		LastName        string         `json:"last_name"`
		About           string         `json:"about"`
		Joined          string         `json:"joined"`
		Audience        purse.Audience `json:"audience"`
		HidesFriends    bool           `json:"hides_friends"`
		Friends         int64          `json:"friends"`
		Balance         string         `json:"balance"`
		Currency        string         `json:"currency"`
		PasswordChanged string         `json:"password_changed,omitempty"`
		SecondFactor    string         `json:"second_factor_since,omitempty"`
	}{
		u.ID.String(), u.Username, u.FirstName, u.LastName, u.About, at(u.Joined), u.Audience, u.HidesFriends, u.Friends,
		money.Amount{Minor: a.Balance(), Currency: a.Currency}.Decimal(), string(a.Currency), at(c.Changed), at(c.Confirmed),
	})
	return d.err
}

func (s *Service) exportContacts(ctx context.Context, v Visitor, d *document) error {
	type row struct {
		Kind     purse.AddressKind `json:"kind"`
		Address  string            `json:"address"`
		Added    string            `json:"added"`
		Verified string            `json:"verified,omitempty"`
	}
	contacts, err := s.Store.Contacts(ctx, v.User.ID)
	if err != nil {
		return err
	}
	var rows []row
	for _, c := range contacts[v.User.ID] {
		rows = append(rows, row{c.Kind, c.Text, at(c.Added), at(c.Verified)})
	}
	return list(d, "contacts", once(rows))
}

func (s *Service) exportSessions(ctx context.Context, v Visitor, d *document) error {
	type row struct {
		Began   string `json:"began"`
		Seen    string `json:"seen"`
		Expires string `json:"expires"`
		Browser string `json:"browser"`
		Address string `json:"address"`
	}
	sessions, err := s.Sessions(ctx, v)
	if err != nil {
		return err
	}
	var rows []row
	for _, one := range sessions {
		rows = append(rows, row{at(purse.Created(int64(one.ID))), at(one.Seen), at(one.Expires), one.Agent, one.Remote})
	}
	return list(d, "sessions", once(rows))
}

// exportApps writes whom the person has let in, and what they have registered.
func (s *Service) exportApps(ctx context.Context, v Visitor, d *document) error {
	type grant struct {
		App    string `json:"app"` // 0: the person's own use; -1: their developer token
		Name   string `json:"name,omitempty"`
		Scopes string `json:"scopes"`
		Since  string `json:"since"`
		Used   string `json:"used,omitempty"`
	}
	type app struct {
		ID        string   `json:"id"`
		Name      string   `json:"name"`
		Since     string   `json:"registered"`
		Redirects []string `json:"redirect_uris"`
		Closed    string   `json:"closed,omitempty"`
	}
	grants, err := s.Store.GrantsOf(ctx, v.User.ID)
	if err != nil {
		return err
	}
	var ids []purse.AppID
	for _, g := range grants {
		if g.App != 0 && !slices.Contains(ids, g.App) {
			ids = append(ids, g.App)
		}
	}
	apps, err := s.Store.Apps(ctx, ids...)
	if err != nil {
		return err
	}
	var granted []grant
	for _, g := range grants {
		granted = append(granted, grant{g.App.String(), apps[g.App].Name, string(g.Scopes), at(g.Created), at(g.Used)})
	}
	if err := list(d, "apps", once(granted)); err != nil {
		return err
	}
	own, err := s.Store.AppsOf(ctx, v.User.ID)
	if err != nil {
		return err
	}
	var registered []app
	for _, a := range own {
		registered = append(registered, app{a.ID.String(), a.Name, at(a.Created), a.RedirectURIs(), at(a.Closed)})
	}
	return list(d, "registered_apps", once(registered))
}

// exportTies writes who the person's friends are, whom they have asked or blocked,
// and who has asked them.
func (s *Service) exportTies(ctx context.Context, v Visitor, d *document) error {
	after := purse.UserID(0)
	friends := func() ([]string, error) {
		page, err := s.Store.FriendsOf(ctx, purse.FriendQuery{Person: v.User.ID, After: after, Limit: exportPage})
		if len(page) > 0 {
			after = page[len(page)-1]
		}
		return s.names(ctx, page, err)
	}
	if err := list(d, "friends", friends); err != nil {
		return err
	}
	ties, err := s.Store.Ties(ctx, v.User.ID, tiesMax)
	if err != nil {
		return err
	}
	var asked, blocked []purse.UserID
	for _, t := range ties {
		if t.State == purse.TieAsked {
			asked = append(asked, t.Other)
		}
		if t.Blocked {
			blocked = append(blocked, t.Other)
		}
	}
	asking, err := s.Store.Asking(ctx, v.User.ID, tiesMax)
	if err != nil {
		return err
	}
	for _, l := range []struct {
		name string
		ids  []purse.UserID
	}{{"asked", asked}, {"asked_by", asking}, {"blocked", blocked}} {
		names, err := s.names(ctx, l.ids, nil)
		if err != nil {
			return err
		}
		if err := list(d, l.name, once(names)); err != nil {
			return err
		}
	}
	return nil
}

// tiesMax is how many of those whom somebody has asked or blocked are exported.
const tiesMax = 1000

// names are the usernames of people, as far as they are still there.
func (s *Service) names(ctx context.Context, ids []purse.UserID, err error) ([]string, error) {
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	users, err := s.Store.Users(ctx, ids...)
	var names []string
	for _, id := range ids {
		names = append(names, users[id].Username)
	}
	return names, err
}

// payment is one as it stands in an export.
type payment struct {
	ID        string              `json:"id"`
	Action    purse.PaymentAction `json:"action"`
	Actor     string              `json:"actor"`
	Target    string              `json:"target"` // a username or an address
	Amount    string              `json:"amount"`
	Fee       string              `json:"fee,omitempty"`
	Note      string              `json:"note"`
	Audience  purse.Audience      `json:"audience"`
	Status    purse.PaymentStatus `json:"status"`
	Created   string              `json:"created"`
	Completed string              `json:"completed,omitempty"`
}

func (s *Service) exportPayments(ctx context.Context, v Visitor, d *document) error {
	book, err := s.Store.Book(ctx, v.User.Book)
	if err != nil {
		return err
	}
	decimal := func(minor int64) string { return money.Amount{Minor: minor, Currency: book.Currency}.Decimal() }
	before := int64(0)
	return list(d, "payments", func() ([]payment, error) {
		page, err := s.Store.Payments(ctx, v.User.Book, purse.PaymentQuery{Person: v.User.ID, Before: before, Limit: exportPage})
		if err != nil || len(page) == 0 {
			return nil, err
		}
		before = int64(page[len(page)-1].ID)
		var ids []purse.UserID
		for _, p := range page {
			ids = append(ids, p.Actor, p.Target)
		}
		users, err := s.Store.Users(ctx, ids...)
		var rows []payment
		for _, p := range page {
			row := payment{
				ID: strconv.FormatInt(int64(p.ID), 10), Action: p.Action, Actor: users[p.Actor].Username, Target: users[p.Target].Username,
				Amount: decimal(p.Minor), Note: p.Note, Audience: p.Audience, Status: p.Status, Created: at(p.Created()), Completed: at(p.Completed),
			}
			if p.Target == 0 {
				row.Target = p.Address.Text
			}
			if p.Fee != 0 && p.Payer() == v.User.ID {
				row.Fee = decimal(p.Fee)
			}
			rows = append(rows, row)
		}
		return rows, err
	})
}

// exportMerchants writes which merchants may take payments without asking, and what
// they know of the person.
func (s *Service) exportMerchants(ctx context.Context, v Visitor, d *document) error {
	type row struct {
		Merchant   string `json:"merchant"`
		Consumer   string `json:"consumer"` // what the merchant calls the person
		Number     int64  `json:"number,omitempty"`
		Email      string `json:"email,omitempty"` // what the merchant was shown
		Since      string `json:"since"`
		Revoked    string `json:"revoked,omitempty"`
		Ends       string `json:"ends,omitempty"`
		Used       string `json:"used,omitempty"`
		CapPayment int64  `json:"cap_payment_minor"` // -1: none
		CapMonth   int64  `json:"cap_month_minor"`
	}
	agreed, err := s.Store.MandatesOf(ctx, v.User.Book, v.User.ID, exportedMax)
	if err != nil {
		return err
	}
	var ids []purse.MerchantID
	var keys []purse.ConsumerKey
	for _, m := range agreed {
		ids, keys = append(ids, m.Merchant), append(keys, purse.ConsumerKey{Merchant: m.Merchant, Person: m.Person})
	}
	merchants, err := s.Store.Merchants(ctx, ids...)
	if err != nil {
		return err
	}
	known, err := s.Store.Consumers(ctx, v.User.Book, keys...)
	if err != nil {
		return err
	}
	var rows []row
	for i, m := range agreed {
		rows = append(rows, row{
			merchants[m.Merchant].Name, m.Consumer, known[keys[i]].Number, known[keys[i]].Email,
			at(m.Since), at(m.Revoked), at(m.Ends), at(m.Used), m.CapPayment, m.CapMonth,
		})
	}
	return list(d, "merchants", once(rows))
}

// exportedMax is how many agreements with merchants an export has at most.
const exportedMax = 1000
