package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ofMerchant is the kind of an effect that a merchant's answer tells of: a payment
// handle, an operation or a customer. Such answers say by which of the merchant's
// own references it goes.
const ofMerchant = "merchant's"

// named reads the number in a UUID: its first six bytes and its last two. Those of
// the book's numbers have version 8.
func named(b json.RawMessage) (int64, bool) {
	digits := strings.ReplaceAll(strings.Trim(string(b), `"`), "-", "")
	if len(digits) != 32 || digits[12] != '8' {
		return 0, false
	}
	id, err := strconv.ParseInt(digits[:12]+digits[28:], 16, 64)
	return id, err == nil
}

// judgeMerchantsEffects looks for what merchants' answers say to have made or
// changed. Answers come in the order of principals, so that there are few look-ups.
func (a *auditor) judgeMerchantsEffects(ctx context.Context, rows []answer, effects []effect) error {
	ids := map[int64][]int64{}
	for i, e := range effects {
		if e.kind == ofMerchant {
			ids[rows[i].principal] = append(ids[rows[i].principal], e.id)
		}
	}
	versions := map[int64]map[int64]int64{}
	for _, merchant := range slices.Sorted(maps.Keys(ids)) {
		found, err := a.findOfMerchant(ctx, merchant, ids[merchant])
		if err != nil {
			return err
		}
		versions[merchant] = found
	}
	for i, e := range effects {
		if e.kind != ofMerchant {
			continue
		}
		r := &rows[i]
		switch version, there := versions[r.principal][e.id]; {
		case !there:
			a.checks.once.fail("principal %d: key %q is about %d, which no merchant of that number has", r.principal, r.key, e.id)
		case version < 2 && !r.made(e):
			a.checks.once.fail("principal %d: key %q has had no effect: %d was there before and never changed", r.principal, r.key, e.id)
		}
	}
	return nil
}

// findOfMerchant looks up what belongs to a merchant, and how many events are about
// it. Customers have none and may always have changed.
func (a *auditor) findOfMerchant(ctx context.Context, merchant int64, ids []int64) (map[int64]int64, error) {
	found := make(map[int64]int64, len(ids))
	for _, text := range []string{
		`select id, version from handles where book = $1 and merchant = %d and id in `,
		`select id, version from operations where book = $1 and merchant = %d
			and kind in ('sale', 'settlement', 'void', 'refund', 'credit', 'verification') and id in `,
		`select id, 2 from customers where book = $1 and merchant = %d and id in `,
	} {
		rows, err := lookup(ctx, a, fmt.Sprintf(text, merchant), ids, func(v *[2]int64) []any { return []any{&v[0], &v[1]} })
		if err != nil {
			return nil, err
		}
		for _, v := range rows {
			found[v[0]] = max(found[v[0]], v[1])
		}
	}
	return found, nil
}

// findMerchants says which principals are merchants, among those whose answers name
// a number and not of what. A merchant's is of a part of a customer.
func (a *auditor) findMerchants(ctx context.Context, rows []answer, effects []effect) (map[int64]bool, error) {
	asked := map[int64]bool{}
	for i, e := range effects {
		if e.kind == "either" {
			asked[rows[i].principal] = true
		}
	}
	found, err := lookup(ctx, a, `select id from merchants where book = $1 and id in `, slices.Sorted(maps.Keys(asked)),
		func(id *int64) []any { return []any{id} })
	merchants := make(map[int64]bool, len(found))
	for _, id := range found {
		merchants[id] = true
	}
	return merchants, err
}
