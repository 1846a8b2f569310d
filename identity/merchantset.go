package identity

import (
	"context"
	"fmt"
	"strings"

	"purse"
	"purse/policy"
)

// SetMerchant changes a merchant's name, plan, life, whether it takes payments from
// wallets, what it has settled for its orders, its sites and its e-mail address; what
// else change does is not looked at. A plan holds for what is settled from then on, and
// for orders that are made from then on; a life for what is authorised or ordered from
// then on. A hook that is another than before is told of nothing until it has answered
// the test call. Only operators call it. change must be pure.
//
// Refused with CodeNotFound, CodeMerchant, CodeInvalid, CodeRedirect or CodeHook.
func (s *Service) SetMerchant(ctx context.Context, by purse.Operator, id purse.MerchantID, change func(*purse.Merchant)) (purse.Merchant, error) {
	m, err := s.Merchant(ctx, id)
	if err != nil {
		return purse.Merchant{}, err
	}
	home, err := s.Store.Book(ctx, m.Book) // a merchant stays in its book, and a book has one mode
	if err != nil {
		return purse.Merchant{}, err
	}
	var now purse.Merchant
	err = s.changeMerchant(ctx, id, purse.Needs{}, func(f *purse.Facts, m purse.Merchant) error {
		wanted := m
		change(&wanted)
		var err error
		if now, err = settings(m, wanted, home.Mode); err != nil {
			return err
		}
		f.Put(now)
		f.Put(purse.NewAction(f, by, "merchant.set", id.String(), detail(m, now)))
		return nil
	})
	if err != nil {
		return purse.Merchant{}, err
	}
	return now, nil
}

// settings is a merchant with those settings of wanted that an operator may change, each
// as it is kept.
//
// Refused with CodeInvalid, CodeRedirect or CodeHook.
func settings(m, wanted purse.Merchant, mode purse.Mode) (purse.Merchant, error) {
	m.Name, m.Plan, m.Life, m.Accepts = wanted.Name, wanted.Plan, wanted.Life, wanted.Accepts
	m.Orders.Life, m.Orders.PayerFee = wanted.Orders.Life, wanted.Orders.PayerFee
	if hook := wanted.Orders.Hook; hook != m.Orders.Hook {
		if hook != "" {
			if err := policy.CheckHook(mode, hook); err != nil {
				return m, err
			}
		}
		m.Orders.Hook, m.Orders.HookTried = hook, 0
	}
	var err error
	if m.Origins = ""; wanted.Origins != "" {
		if m.Origins, err = policy.Origins(mode, strings.Split(wanted.Origins, "\n")); err != nil {
			return m, err
		}
	}
	if m.Email = ""; wanted.Email != "" {
		a, err := purse.ParseEmail(wanted.Email)
		if err != nil {
			return m, purse.Refuse(purse.CodeInvalid, "The address for receipts is not an e-mail address.")
		}
		m.Email = a.Text
	}
	return m, m.Check()
}

// detail is what the audit line says of a merchant: what is other than it was. Of a hook
// it leaves out the query, in which some have a secret.
func detail(was, is purse.Merchant) string {
	before, after := traits(was), traits(is)
	var changed []string
	for i, text := range after {
		if was.ID == 0 || text != before[i] {
			changed = append(changed, text)
		}
	}
	if was.Orders.Hook != is.Orders.Hook && before[hookTrait] == after[hookTrait] {
		changed = append(changed, "hook with another query")
	}
	return strings.Join(changed, ", ")
}

// hookTrait is the place of the hook among the traits.
const hookTrait = 6

func traits(m purse.Merchant) []string {
	hook, _, _ := strings.Cut(m.Orders.Hook, "?")
	return []string{
		"name " + m.Name,
		fmt.Sprintf("fee %d minor units and %d hundredths of a percent", m.Plan.Fixed, m.Plan.Basis),
		fmt.Sprintf("accepts %t", m.Accepts),
		fmt.Sprintf("settles within %s", m.Life),
		fmt.Sprintf("orders for %s", m.Orders.Life),
		fmt.Sprintf("payer bears the fee %t", m.Orders.PayerFee),
		"hook " + orNothing(hook),
		"sites " + orNothing(strings.ReplaceAll(m.Origins, "\n", " ")),
		"receipts to " + orNothing(m.Email),
	}
}

func orNothing(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}
