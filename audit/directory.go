package audit

import (
	"context"
	"encoding/base64"
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

// nowText is the moment of the last identifier of any book. The directory's
// rows are written by commands of several, each with the time of its own, so
// this is as late as any of them can say.
const nowText = `(select coalesce(max(h.last), 0) from heads h where h.book >= 0)`

// refuseEmpty looks for the one key that no walk comes by, because nothing is
// before it.
func (a *auditor) refuseEmpty(ctx context.Context, c *Check, table, key string) error {
	found, err := read(ctx, a.db, "select count(*) from "+table+" where "+key+" = ''", func(v *int64) []any { return []any{v} })
	if err == nil && found[0] > 0 {
		c.fail("%s: there is a row whose %s is empty", table, key)
	}
	return err
}

// happened says that t, which is 0 if it has not happened, is not after now.
func happened(t, now int64) bool { return t >= 0 && t <= now }

func is01(v int64) bool { return v == 0 || v == 1 }

// base64ed says whether s is padded base64, and not empty.
func base64ed(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil && s != ""
}

// hashed says whether s is a SHA-256 as they are written down.
func hashed(s string) bool {
	const characters = 43
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(s) == characters && len(b) == 32
}
