package audit

import (
	"context"
	"fmt"
	"math"
	"time"
)

// mandate is the row of an agreement, and what stands beside it.
type mandate struct {
	merchant, id, person, since, revoked, ends         int64
	capPayment, capMonth, month, spent, used           int64
	version                                            int64
	consumer                                           string
	now, knownMerchant, wallet, known, given, tookBack int64 // known: the person, as a consumer of the merchant
}

// What was told at a moment is a short range of identifiers; see paymentsText.
var mandatesText = fmt.Sprintf(`select x.merchant, x.consumer, x.id, x.person, x.since, x.revoked, x.ends,
	x.cap_payment, x.cap_month, x.month, x.spent, x.used, x.version, `+bookNow+`, `+knownMerchant+`,
	(select count(*) from accounts a where a.book = x.book and a.id = x.person and a.kind = 'wallet'),
	(select count(*) from consumers c where c.book = x.book and c.merchant = x.merchant and c.person = x.person),
	case when x.since between %[1]d and %[4]d then
		(select count(*) from events e where e.book = x.book
			and e.id >= (x.since - %[1]d) * %[2]d and e.id < (x.since - %[1]d + %[3]d) * %[2]d
			and e.subject = x.id and e.kind = 'mandate.given')
	else 0 end,
	case when x.revoked between %[1]d and %[4]d then
		(select count(*) from events e where e.book = x.book
			and e.id >= (x.revoked - %[1]d) * %[2]d and e.id < (x.revoked - %[1]d + %[3]d) * %[2]d
			and e.subject = x.id and e.kind = 'mandate.revoked')
	else 0 end
from mandates x where x.book = $1 and (x.merchant, x.consumer) > ($2, $3) order by x.merchant, x.consumer limit $4`,
	epoch, 1<<bookBits, batchSpan, int64(timeMax))

func (a *auditor) walkMandates(ctx context.Context) error {
	return walk(ctx, a, mandatesText, mandate{merchant: math.MinInt64},
		func(m *mandate) []any {
			return []any{&m.merchant, &m.consumer, &m.id, &m.person, &m.since, &m.revoked, &m.ends,
				&m.capPayment, &m.capMonth, &m.month, &m.spent, &m.used, &m.version, &m.now, &m.knownMerchant,
				&m.wallet, &m.known, &m.given, &m.tookBack}
		},
		func(m *mandate) []any { return []any{a.book, m.merchant, m.consumer} },
		func(rows []mandate) error {
			if err := a.readLateNews(ctx); err != nil {
				return err
			}
			for i := range rows {
				if a.seenID(rows[i].id); rows[i].id <= a.upTo {
					a.judgeMandate(&rows[i])
				}
			}
			return nil
		})
}

// judgeMandate judges a row as it is now. What was taken in a month may be more than
// the cap, which may have been more then.
func (a *auditor) judgeMandate(m *mandate) {
	c := a.checks.mandates
	c.saw()
	a.ours("agreement", m.id)
	made := timeOf(m.id) - batchSpan
	for _, r := range []rule{
		{"merchant: there is none", m.knownMerchant == 1},
		{"person: no wallet", m.wallet == 1},
		{"person: no consumer of the merchant", m.known == 1},
		{"consumer", m.consumer != ""},
		{"since", m.since >= made && m.since <= m.now},
		{"since: nobody told", m.given > 0},
		{"revoked", m.revoked == 0 || m.revoked >= m.since && m.revoked <= m.now},
		{"revoked: nobody told", m.revoked == 0 || m.tookBack > 0},
		{"end", m.ends >= 0},
		{"cap", m.capPayment >= -1 && m.capMonth >= -1},
		{"month", m.month == monthOf(m.used)},
		{"spent", m.spent >= 0 && (m.spent == 0 || m.used != 0)},
		{"used", m.used == 0 || m.used >= made && m.used <= m.now},
	} {
		if !r.holds {
			c.fail("agreement %d of %q with merchant %d: a wrong %s (person %d, since %d, revoked %d, ends %d, caps %d and %d, month %d, spent %d, used %d)",
				m.id, m.consumer, m.merchant, r.column, m.person, m.since, m.revoked, m.ends, m.capPayment, m.capMonth, m.month, m.spent, m.used)
		}
	}
	a.expectMandateEvents(m)
}

// monthOf is the number of a moment's month since 1970, UTC; 0 of no moment.
func monthOf(t int64) int64 {
	if t == 0 {
		return 0
	}
	u := time.UnixMicro(t).UTC()
	return int64(u.Year()-1970)*12 + int64(u.Month()) - 1
}

// expectMandateEvents shows m to the events: it was given, and then it got as many
// further ones as its version says. Which those were the row tells only of the last.
func (a *auditor) expectMandateEvents(m *mandate) {
	c := a.checks.events
	c.saw()
	if m.version < 1 || m.version > versionMax {
		c.fail("agreement %d: version %d", m.id, m.version)
		return
	}
	a.pairings.events.addRight(record{m.id, code(news, "mandate.given"), 1, 0, m.merchant})
	for seq := int64(2); seq <= a.late.versionAt("mandate", m.id, m.version); seq++ {
		a.pairings.events.addRight(record{m.id, further, seq, 0, m.merchant})
	}
}
