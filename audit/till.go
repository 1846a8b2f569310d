package audit

import (
	"context"
	"encoding/base64"
	"math"
	"slices"
	"strings"
)

// orderTerms are what a merchant has settled for its orders.
type orderTerms struct {
	life, payerFee, tried int64
	hook, origins, email  string
}

const (
	orderLifeMax = 30 * day
	originsMax   = 20
	forOrders    = "order" // the kind of keys with which orders are made
)

func (a *auditor) judgeOrderTerms(m *merchant) {
	c, t := a.checks.merchants, &m.terms
	c.require(t.life >= lifeMin && t.life <= orderLifeMax, "merchant %d: its orders can be paid for %d microseconds", m.id, t.life)
	c.require(is01(t.payerFee), "merchant %d: payer_fee is %d", m.id, t.payerFee)
	c.require(t.hook == "" || webAddress(t.hook), "merchant %d: the hook is no web address", m.id)
	c.require(happened(t.tried, m.now) && (t.tried == 0 || t.hook != ""), "merchant %d: the hook %q was tried at %d", m.id, t.hook, t.tried)
	c.require(goodOrigins(t.origins), "merchant %d: origins %q", m.id, t.origins)
	c.require(t.email == "" || strings.Contains(t.email, "@"), "merchant %d: e-mail address %q", m.id, t.email)
}

// goodOrigins says whether s is a list of origins, as browsers write them: each once,
// with nothing behind the host and its port.
func goodOrigins(s string) bool {
	if s == "" {
		return true
	}
	all := strings.Split(s, "\n")
	for i, origin := range all {
		_, host, _ := strings.Cut(origin, "://")
		if !webAddress(origin) || origin != strings.ToLower(origin) || strings.ContainsAny(host, "/?#@") || slices.Contains(all[:i], origin) {
			return false
		}
	}
	return len(all) <= originsMax
}

// sealed says whether s may be what a vault makes of a secret.
func sealed(s string) bool {
	const least = 12 + 16 // the nonce, and the tag of an empty text
	text, ok := strings.CutPrefix(s, "v1.")
	b, err := base64.RawURLEncoding.DecodeString(text)
	return ok && err == nil && len(b) > least
}

// member is somebody who works for a merchant, and what stands beside it.
type member struct {
	merchant, person, since, now int64
	knownMerchant, knownPerson   int64 // knownPerson: who has not left
}

const membersText = `select x.merchant, x.person, x.since, ` + nowText + `, ` + knownMerchant + `,
	(select count(*) from users u where u.id = x.person and u.closed < 1)
from members x where (x.merchant, x.person) > ($1, $2) order by x.merchant, x.person limit $3`

func (a *auditor) walkMembers(ctx context.Context) error {
	c := a.checks.merchants
	return eachRow(ctx, a, membersText, member{merchant: math.MinInt64},
		func(r *member) []any {
			return []any{&r.merchant, &r.person, &r.since, &r.now, &r.knownMerchant, &r.knownPerson}
		},
		func(r *member) []any { return []any{r.merchant, r.person} },
		func(r *member) {
			c.saw()
			c.require(r.knownMerchant == 1, "member %d of merchant %d: there is no such merchant", r.person, r.merchant)
			c.require(r.knownPerson == 1, "member %d of merchant %d: there is no such user, or they have left", r.person, r.merchant)
			c.require(r.since > 0 && r.since <= r.now, "member %d of merchant %d: since %d", r.person, r.merchant, r.since)
		})
}

// paymentLink is a standing offer, and what stands beside it.
type paymentLink struct {
	merchant, id, minor, made, left, now int64
	link, product                        string
	knownMerchant, same                  int64 // same: payment links that have its link
}

const paymentLinksText = `select x.merchant, x.id, x.minor, x.made, x.closed, x.link, x.product, ` + bookNow + `,
	(select count(*) from merchants m where m.id = x.merchant and m.book = x.book),
	(select count(*) from payment_links y where y.link = x.link)
from payment_links x where x.book = $1 and (x.merchant, x.id) > ($2, $3) order by x.merchant, x.id limit $4`

func (a *auditor) walkPaymentLinks(ctx context.Context) error {
	return eachRow(ctx, a, paymentLinksText, paymentLink{merchant: math.MinInt64},
		func(r *paymentLink) []any {
			return []any{&r.merchant, &r.id, &r.minor, &r.made, &r.left, &r.link, &r.product, &r.now, &r.knownMerchant, &r.same}
		},
		func(r *paymentLink) []any { return []any{a.book, r.merchant, a.skipLate(r.id)} },
		func(r *paymentLink) {
			if a.seenID(r.id); r.id <= a.upTo {
				a.judgePaymentLink(r)
			}
		})
}

func (a *auditor) judgePaymentLink(r *paymentLink) {
	c := a.checks.orders
	c.saw()
	a.ours("payment link", r.id)
	c.require(r.knownMerchant == 1, "payment link %d: there is no merchant %d of book %d", r.id, r.merchant, a.book)
	c.require(hashed(r.link), "payment link %d: its link is not one", r.id) // it is as long
	c.require(r.same == 1, "payment link %d: its link, which %d have", r.id, r.same)
	c.require(r.minor >= 0, "payment link %d: %d", r.id, r.minor)
	c.require(r.product != "", "payment link %d: for nothing", r.id)
	c.require(within(r.made, r.id), "payment link %d: made at %d", r.id, r.made)
	c.require(r.left == 0 || r.left >= r.made && r.left <= r.now, "payment link %d: made at %d, closed at %d", r.id, r.made, r.left)
}
