package audit

import (
	"context"
	"math"
)

func (a *auditor) walkUsers(ctx context.Context) error {
	return walk(ctx, a, `select id from users where book = $1 and id > $2 and id <= $3 order by id limit $4`,
		int64(math.MinInt64),
		func(id *int64) []any { return []any{id} },
		func(id *int64) []any { return []any{a.book, *id, a.upTo} },
		func(ids []int64) error {
			for _, id := range ids {
				a.checks.orphans.saw()
				a.pairings.wallets.addRight(record{id})
			}
			return nil
		})
}

type token struct {
	hash  string
	id    int64
	user  int64
	known int64
}

func (a *auditor) walkTokens(ctx context.Context) error {
	return walk(ctx, a, `select t.hash, t.id, t.user_id, (select count(*) from users u where u.id = t.user_id)
from tokens t where t.hash > $1 order by t.hash limit $2`, token{},
		func(t *token) []any { return []any{&t.hash, &t.id, &t.user, &t.known} },
		func(t *token) []any { return []any{t.hash} },
		func(rows []token) error {
			for _, t := range rows {
				a.checks.orphans.saw()
				if t.known == 0 {
					a.checks.orphans.fail("token %d: there is no user %d", t.id, t.user)
				}
			}
			return nil
		})
}
