package audit

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// introduction is the first time that a person named an address.
type introduction struct {
	person, at    int64
	kind, address string
	payments      int64 // of that person to that address, made at that moment
}

// What was made at a moment is a short range of identifiers. The moment is
// bounded because the range would overflow if it were absurd.
var introductionsText = fmt.Sprintf(`select i.person, i.kind, i.address, i.at,
	case when i.at between %[1]d and %[4]d then
		(select count(*) from payments p where p.book = i.book
			and p.id >= (i.at - %[1]d) * %[2]d and p.id < (i.at - %[1]d + %[3]d) * %[2]d
			and p.actor = i.person and p.address_kind = i.kind and p.address = i.address)
	else 0 end
from introductions i where i.book = $1 and (i.person, i.kind, i.address) > ($2, $3, $4)
order by i.person, i.kind, i.address limit $5`, epoch, 1<<bookBits, batchSpan, int64(timeMax))

func (a *auditor) walkIntroductions(ctx context.Context) error {
	c := a.checks.addresses
	return walk(ctx, a, introductionsText, introduction{person: math.MinInt64},
		func(r *introduction) []any { return []any{&r.person, &r.kind, &r.address, &r.at, &r.payments} },
		func(r *introduction) []any { return []any{a.book, r.person, r.kind, r.address} },
		func(rows []introduction) error {
			for _, r := range rows {
				c.saw()
				a.seenTime(r.at)
				if r.payments == 0 {
					c.fail("person %d: introduced %s %q at %d, and made no payment to it then", r.person, r.kind, r.address, r.at)
				}
			}
			return nil
		})
}

// address is a row of the directory of addresses.
type address struct {
	kind, address                string
	owner, since, claimed, known int64
	verified, now                int64
}

const addressesText = `select d.kind, d.address, d.owner, d.since, d.claimed, (select count(*) from users u where u.id = d.owner),
	(select count(*) from contacts c where c.person = d.owner and c.kind = d.kind and c.address = d.address and c.verified > 0), ` + nowText + `
from addresses d where (d.kind, d.address) > ($1, $2) order by d.kind, d.address limit $3`

func (a *auditor) walkAddresses(ctx context.Context) error {
	c := a.checks.addresses
	return walk(ctx, a, addressesText, address{},
		func(r *address) []any {
			return []any{&r.kind, &r.address, &r.owner, &r.since, &r.claimed, &r.known, &r.verified, &r.now}
		},
		func(r *address) []any { return []any{r.kind, r.address} },
		func(rows []address) error {
			for _, r := range rows {
				c.saw()
				if !normal(r.kind, r.address) {
					c.fail("%s %q: not an address as they are written down", r.kind, r.address)
				}
				if r.owner != 0 && r.known == 0 {
					c.fail("%s %q: there is no user %d, who owns it", r.kind, r.address, r.owner)
				}
				if r.since <= 0 {
					c.fail("%s %q: it is there since %d", r.kind, r.address, r.since)
				}
				c.require(happened(r.claimed, r.now), "%s %q: claimed at %d", r.kind, r.address, r.claimed)
				a.checks.directory.saw()
				a.checks.directory.require(r.owner == 0 || r.verified == 1,
					"%s %q: owned by %d, who has no such verified contact", r.kind, r.address, r.owner)
			}
			return nil
		})
}

// normal says whether an address has the form in which it is stored.
func normal(kind, address string) bool {
	switch kind {
	case "email":
		return strings.Contains(address, "@") && !strings.ContainsAny(address, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	case "phone":
		return address != "" && strings.Trim(address, "0123456789") == ""
	}
	return false
}

// judgePaymentAddress judges the address that a payment names, if it names one.
func (a *auditor) judgePaymentAddress(p *payment) {
	c := a.checks.addresses
	if p.address == "" {
		if p.addressKind != "" {
			c.fail("payment %d: an address of kind %q that is empty", p.id, p.addressKind)
		}
		return
	}
	c.saw()
	if p.known == 0 {
		c.fail("payment %d: its address, %s %q, is not in the directory", p.id, p.addressKind, p.address)
	}
	if p.known == 2 && p.pending() && p.target == 0 {
		c.fail("payment %d: pending to %s %q, which has an owner for whom all was claimed", p.id, p.addressKind, p.address)
	}
	if p.introduced <= 0 || p.introduced > timeOf(p.id) {
		c.fail("payment %d: its actor %d introduced %s %q at %d", p.id, p.actor, p.addressKind, p.address, p.introduced)
	}
}
