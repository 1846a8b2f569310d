package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
)

// merchant is who takes payments, and what stands beside it.
type merchant struct {
	id, book                                              int64
	name                                                  string
	feeFixed, feeBasis, accepts, life, created, left, now int64
	balances                                              int64
	terms                                                 orderTerms
}

// lifeMin is the shortest time for which money may wait to be settled, microseconds.
const lifeMin = hour / 60

const merchantsText = `select m.id, m.book, m.name, m.fee_fixed, m.fee_basis, m.accepts, m.life, m.created, m.closed, ` + nowText + `,
	m.order_life, m.payer_fee, m.hook, m.hook_tried, m.origins, m.email,
	(select count(*) from accounts a where a.book = m.book and a.id = m.id and a.kind = 'merchant')
from merchants m where m.id > $1 order by m.id limit $2`

func (a *auditor) walkMerchants(ctx context.Context) error {
	return eachRow(ctx, a, merchantsText, merchant{id: math.MinInt64},
		func(m *merchant) []any {
			return []any{&m.id, &m.book, &m.name, &m.feeFixed, &m.feeBasis, &m.accepts, &m.life, &m.created, &m.left, &m.now,
				&m.terms.life, &m.terms.payerFee, &m.terms.hook, &m.terms.tried, &m.terms.origins, &m.terms.email, &m.balances}
		},
		func(m *merchant) []any { return []any{m.id} },
		a.judgeMerchant)
}

func (a *auditor) judgeMerchant(m *merchant) {
	c := a.checks.merchants
	c.saw()
	a.fromEither(c, "merchant", m.id)
	c.require(m.name != "", "merchant %d: it has no name", m.id)
	c.require(m.feeFixed >= 0 && m.feeBasis >= 0, "merchant %d: a fee of %d and %d hundredths of a percent", m.id, m.feeFixed, m.feeBasis)
	c.require(is01(m.accepts), "merchant %d: accepts is %d", m.id, m.accepts)
	c.require(m.life >= lifeMin, "merchant %d: it may leave money unsettled for %d microseconds", m.id, m.life)
	c.require(m.created > 0 && m.created <= m.now && happened(m.left, m.now), "merchant %d: created at %d, closed at %d", m.id, m.created, m.left)
	a.judgeOrderTerms(m)
	a.checks.orphans.saw()
	a.checks.orphans.require(m.balances == 1, "merchant %d: it has no balance in book %d", m.id, m.book)
	if m.book == a.book && m.id <= a.upTo {
		a.pairings.balances.addRight(record{m.id})
	}
}

// logo is a merchant's picture.
type logo struct {
	merchant, known int64
	kind, data      string
}

// logosAtOnce is how many pictures are read at once, because they are large.
const logosAtOnce = 16

const (
	knownMerchant = `(select count(*) from merchants m where m.id = x.merchant)`
	logosText     = `select x.merchant, x.type, x.data, ` + knownMerchant + ` from logos x where x.merchant > $1 order by x.merchant limit $2`
)

func (a *auditor) walkLogos(ctx context.Context) error {
	c := a.checks.merchants
	return walkBy(ctx, a, min(a.chunk, logosAtOnce), logosText, logo{merchant: math.MinInt64},
		func(l *logo) []any { return []any{&l.merchant, &l.kind, &l.data, &l.known} },
		func(l *logo) []any { return []any{l.merchant} },
		func(rows []logo) error {
			for _, l := range rows {
				c.saw()
				c.require(l.known == 1, "picture of %d: there is no such merchant", l.merchant)
				c.require(slices.Contains([]string{"image/png", "image/jpeg", "image/webp"}, l.kind), "picture of %d: type %q", l.merchant, l.kind)
				c.require(base64ed(l.data), "picture of %d: not base64", l.merchant)
			}
			return nil
		})
}

// apiKey lets whoever holds it act for a merchant.
type apiKey struct {
	username, kind, hash, secret                   string
	merchant, book, created, expires, revoked, now int64
	known                                          int64 // the merchant, in that book
}

const apiKeysText = `select x.username, x.kind, x.hash, x.secret, x.merchant, x.book, x.created, x.expires, x.revoked, ` + nowText + `,
	(select count(*) from merchants m where m.id = x.merchant and m.book = x.book)
from api_keys x where x.username > $1 order by x.username limit $2`

func (a *auditor) walkAPIKeys(ctx context.Context) error {
	c := a.checks.merchants
	if err := a.refuseEmpty(ctx, c, "api_keys", "username"); err != nil {
		return err
	}
	return eachRow(ctx, a, apiKeysText, apiKey{},
		func(k *apiKey) []any {
			return []any{&k.username, &k.kind, &k.hash, &k.secret, &k.merchant, &k.book, &k.created, &k.expires, &k.revoked, &k.now, &k.known}
		},
		func(k *apiKey) []any { return []any{k.username} },
		func(k *apiKey) {
			c.saw()
			c.require(k.known == 1, "API key %s: there is no merchant %d of book %d", k.username, k.merchant, k.book)
			c.require(slices.Contains([]string{"private", "public", forOrders}, k.kind), "API key %s: kind %q", k.username, k.kind)
			c.require(hashed(k.hash), "API key %s: its password is not a hash", k.username)
			c.require(k.secret == "" && k.kind != forOrders || sealed(k.secret) && k.kind == forOrders, "API key %s: of kind %s, with a secret of %d bytes, or one that is not sealed",
				k.username, k.kind, len(k.secret))
			c.require(k.created > 0 && k.created <= k.now && k.expires >= 0 && happened(k.revoked, k.now),
				"API key %s: created at %d, expires at %d, revoked at %d", k.username, k.created, k.expires, k.revoked)
		})
}

// consumer is what a merchant knows a wallet by.
type consumer struct {
	merchant, person, number, since, linked int64
	email                                   string
	now, knownMerchant, knownPerson, same   int64 // same: consumers of the merchant with that number
}

// The numbers by which merchants know wallets have nine digits.
const (
	consumerMin = 100_000_000
	consumerMax = 999_999_999
)

// bookNow is the moment of the last identifier of the book that a row is in.
const (
	bookNow       = `coalesce((select h.last from heads h where h.book = x.book), 0)`
	consumersText = `select x.merchant, x.person, x.number, x.since, x.linked, x.email, ` + bookNow + `, ` + knownMerchant + `,
	(select count(*) from users u where u.id = x.person),
	(select count(*) from consumers y where y.book + 0 = x.book and y.merchant = x.merchant and y.number = x.number)
from consumers x where x.book = $1 and (x.merchant, x.person) > ($2, $3) order by x.merchant, x.person limit $4`
)

func (a *auditor) walkConsumers(ctx context.Context) error {
	c := a.checks.merchants
	return eachRow(ctx, a, consumersText, consumer{merchant: math.MinInt64},
		func(r *consumer) []any {
			return []any{&r.merchant, &r.person, &r.number, &r.since, &r.linked, &r.email, &r.now, &r.knownMerchant, &r.knownPerson, &r.same}
		},
		func(r *consumer) []any { return []any{a.book, r.merchant, r.person} },
		func(r *consumer) {
			c.saw()
			c.require(r.knownMerchant == 1, "consumer %d of merchant %d: there is no such merchant", r.person, r.merchant)
			c.require(r.knownPerson == 1, "consumer %d of merchant %d: there is no such user", r.person, r.merchant)
			c.require(r.number >= consumerMin && r.number <= consumerMax && r.same == 1,
				"consumer %d of merchant %d: number %d, which %d have", r.person, r.merchant, r.number, r.same)
			c.require(r.email == "" || normal("email", r.email), "consumer %d of merchant %d: e-mail address %q", r.person, r.merchant, r.email)
			c.require(r.since > 0 && r.since <= r.now && (r.linked == 0 || r.linked >= r.since && r.linked <= r.now),
				"consumer %d of merchant %d: since %d, linked at %d", r.person, r.merchant, r.since, r.linked)
		})
}

// detailsAtOnce is how many rows are read at once that hold what merchants have sent.
const detailsAtOnce = 500

// customer is a merchant's own record of somebody.
type customer struct {
	merchant, id         int64
	ref, token, document string
	changed, deleted     int64
	now, known           int64
	same                 int64 // customers that have the reference and are not deleted
}

const customersText = `select x.merchant, x.id, x.ref, x.token, x.document, x.changed, x.deleted, ` + bookNow + `, ` + knownMerchant + `,
	(select count(*) from customers y where y.book + 0 = x.book and y.merchant = x.merchant and y.ref = x.ref and y.deleted < 1)
from customers x where x.book = $1 and (x.merchant, x.id) > ($2, $3) order by x.merchant, x.id limit $4`

func (a *auditor) walkCustomers(ctx context.Context) error {
	return walkBy(ctx, a, min(a.chunk, detailsAtOnce), customersText, customer{merchant: math.MinInt64},
		func(r *customer) []any {
			return []any{&r.merchant, &r.id, &r.ref, &r.token, &r.document, &r.changed, &r.deleted, &r.now, &r.known, &r.same}
		},
		func(r *customer) []any { return []any{a.book, r.merchant, r.id} },
		func(rows []customer) error {
			for i := range rows {
				a.judgeCustomer(&rows[i])
			}
			return nil
		})
}

func (a *auditor) judgeCustomer(r *customer) {
	c := a.checks.merchants
	c.saw()
	a.ours("customer", r.id)
	a.seenID(r.id)
	c.require(r.known == 1, "customer %d: there is no merchant %d", r.id, r.merchant)
	c.require(r.ref != "" && (r.deleted != 0 || r.same == 1), "customer %d: the reference %q, which %d have", r.id, r.ref, r.same)
	c.require(plainToken(r.token), "customer %d: its token is not one", r.id)
	c.require(r.changed >= timeOf(r.id)-batchSpan && r.changed <= r.now, "customer %d: changed at %d", r.id, r.changed)
	if r.deleted == 0 {
		c.require(isObject(r.document), "customer %d: its document is not a JSON object", r.id)
		return
	}
	c.require(r.deleted >= timeOf(r.id)-batchSpan && r.deleted <= r.now, "customer %d: deleted at %d", r.id, r.deleted)
	c.require(strings.Trim(r.document, "{}") == "", "customer %d: deleted, and its document is not empty", r.id)
}

// cursor is how far somebody has read the news.
type cursor struct {
	name     string
	at, last int64
}

const cursorsText = `select x.name, x.at, ` + bookNow + ` from cursors x where x.book = $1 and x.name > $2 order by x.name limit $3`

func (a *auditor) walkCursors(ctx context.Context) error {
	c := a.checks.merchants
	return eachRow(ctx, a, cursorsText, cursor{},
		func(r *cursor) []any { return []any{&r.name, &r.at, &r.last} },
		func(r *cursor) []any { return []any{a.book, r.name} },
		func(r *cursor) {
			c.saw()
			c.require(r.at >= 0 && r.at <= (r.last-epoch)<<bookBits|a.book, "cursor %q: at event %d, which is to come", r.name, r.at)
		})
}

// plainToken says whether s is a name that the network has made up, which goes
// into a URL as it is: of a handle, a link or a customer.
func plainToken(s string) bool {
	const shortest = 15
	return len(s) >= shortest && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// isObject says whether s is a JSON object.
func isObject(s string) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal([]byte(cmp.Or(s, "null")), &fields) == nil && fields != nil
}
