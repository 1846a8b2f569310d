package audit

import (
	"bufio"
	"context"
	"strconv"
	"strings"
)

// walkAcked looks for every payment that somebody was told of. It does not stop
// at the last judged row: what was acknowledged is there.
func (a *auditor) walkAcked(ctx context.Context) error {
	if a.acked == nil {
		return nil
	}
	var ids []int64
	lines := bufio.NewScanner(a.acked)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		a.checks.acked.saw()
		id, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			a.checks.acked.fail("%q is not the identifier of a payment", line)
			continue
		}
		if ids = append(ids, id); len(ids) == a.chunk {
			if err := a.judgeAcked(ctx, ids); err != nil {
				return err
			}
			ids = ids[:0]
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return a.judgeAcked(ctx, ids)
}

func (a *auditor) judgeAcked(ctx context.Context, ids []int64) error {
	if err := a.db.rest(ctx); err != nil {
		return err
	}
	found, err := a.findPayments(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		switch p, there := found[id]; {
		case !there:
			a.checks.acked.fail("payment %d was acknowledged and is not there", id)
		case p.status != "settled" || p.transfer == 0:
			a.checks.acked.fail("payment %d was acknowledged and is %s, by transfer %d", id, p.status, p.transfer)
		}
	}
	return nil
}
