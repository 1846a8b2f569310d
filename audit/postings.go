package audit

import (
	"context"
	"math"
	"math/big"
	"slices"
)

// posting is one row of an account's statement.
type posting struct {
	account, number, transfer int64
	kind                      string
	debit, other, otherNumber int64
	minor, hold               int64
	causeKind                 string
	cause                     int64
	after                     totals
}

const postingsText = `select account, number, transfer, kind, debit, other, other_number, minor, hold, cause_kind, cause,
	debits_posted, debits_held, credits_posted, credits_held
from postings where book = $1 and (account, number) > ($2, $3) order by account, number limit $4`

func (p *posting) fields() []any {
	return []any{&p.account, &p.number, &p.transfer, &p.kind, &p.debit, &p.other, &p.otherNumber, &p.minor, &p.hold,
		&p.causeKind, &p.cause, &p.after.debitsPosted, &p.after.debitsHeld, &p.after.creditsPosted, &p.after.creditsHeld}
}

// statements walks all postings, account after account.
type statements struct {
	a      *auditor
	owners *owners

	owner owner
	last  posting // of this account, so far
	sums  map[string]*sum
}

// sum is what all accounts of a currency have together. They are big because a
// sum over many accounts may pass what one account may have.
type sum struct{ balance, held big.Int }

func (a *auditor) walkPostings(ctx context.Context) error {
	s := &statements{a: a, owners: &owners{a: a}, sums: map[string]*sum{}}
	first := posting{account: math.MinInt64, number: math.MinInt64}
	err := walk(ctx, a, postingsText, first, (*posting).fields,
		func(p *posting) []any {
			// Transfers rise within an account, so what follows a posting that came
			// too late came too late as well.
			number := p.number
			if p.transfer > a.upTo {
				number = math.MaxInt64
			}
			return []any{a.book, p.account, number}
		},
		func(rows []posting) error {
			for i := range rows {
				if err := s.judge(ctx, &rows[i]); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil {
		return err
	}
	s.endAccount()
	s.judgeSums()
	return nil
}

func (s *statements) judge(ctx context.Context, p *posting) error {
	a := s.a
	a.seenID(p.transfer)
	if p.transfer > a.upTo {
		return nil
	}
	if p.account != s.last.account || s.last.number == 0 {
		s.endAccount()
		found, there, err := s.owners.find(ctx, p.account)
		if err != nil {
			return err
		}
		if !there {
			a.checks.chain.fail("account %d: has postings and does not exist", p.account)
		}
		s.owner, s.last = found, posting{account: p.account}
	}
	a.checks.chain.saw()
	if p.number != s.last.number+1 {
		a.checks.chain.fail("account %d: posting %d follows %d", p.account, p.number, s.last.number)
	}
	if p.transfer <= s.last.transfer {
		a.checks.chain.fail("account %d: posting %d is of transfer %d, the one before it of %d", p.account, p.number, p.transfer, s.last.transfer)
	}
	released, wrong := follows(&s.last.after, p)
	if wrong != "" {
		a.checks.chain.fail("account %d: posting %d: %s", p.account, p.number, wrong)
	}
	a.checks.overdraft.saw()
	if s.owner.kind != "treasury" && p.after.spendable() < 0 {
		a.checks.overdraft.fail("account %d: spendable is %d after posting %d", p.account, p.after.spendable(), p.number)
	}
	a.judgeWords(p)
	a.pair(p, released)
	s.last = *p
	return nil
}

// follows says how the totals after p differ from what those before it and p
// itself make of them, and how much p took off what was held.
func follows(before *totals, p *posting) (released int64, wrong string) {
	postedBefore, heldBefore := before.creditsPosted, before.creditsHeld
	posted, held := p.after.creditsPosted, p.after.creditsHeld
	otherPosted, otherHeld := p.after.debitsPosted-before.debitsPosted, p.after.debitsHeld-before.debitsHeld
	if p.debit == 1 {
		postedBefore, posted, otherPosted = before.debitsPosted, p.after.debitsPosted, posted-postedBefore
		heldBefore, held, otherHeld = before.debitsHeld, p.after.debitsHeld, held-heldBefore
	}
	if otherPosted != 0 || otherHeld != 0 {
		return heldBefore - held, "the totals of the other side changed"
	}
	byPosted, byHeld, minor := posted-postedBefore, held-heldBefore, p.minor
	var ok bool
	switch p.kind {
	case "move":
		ok = byPosted == minor && byHeld == 0
	case "hold":
		ok = byPosted == 0 && byHeld == minor
	case "capture": // the whole hold ends; how much that was, holds say
		ok = byPosted == minor && byHeld <= -minor
	case "release":
		ok = byPosted == 0 && byHeld == -minor
	}
	switch {
	case minor <= 0:
		return -byHeld, "its amount is not positive"
	case !ok:
		return -byHeld, "its totals do not follow from those before it"
	}
	return -byHeld, ""
}

func (a *auditor) judgeWords(p *posting) {
	c := a.checks.states
	c.saw()
	if !slices.Contains(transferKinds[1:], p.kind) {
		c.fail("account %d: posting %d: kind %q", p.account, p.number, p.kind)
	}
	if !slices.Contains(causeKinds[1:], p.causeKind) {
		c.fail("account %d: posting %d: cause %q", p.account, p.number, p.causeKind)
	}
	if p.debit != 0 && p.debit != 1 {
		c.fail("account %d: posting %d: debit is %d", p.account, p.number, p.debit)
	}
	if resolves := p.kind == "capture" || p.kind == "release"; resolves != (p.hold != 0) {
		c.fail("account %d: posting %d: a %s of hold %d", p.account, p.number, p.kind, p.hold)
	}
	if ownMoney := p.account == fees || p.account == escrow || p.other == fees || p.other == escrow; ownMoney && p.kind != "move" {
		c.fail("account %d: posting %d: a %s between it and %d", p.account, p.number, p.kind, p.other)
	}
	a.ours("transfer", p.transfer)
}

// pair shows p to everything that must agree with it.
func (a *auditor) pair(p *posting, released int64) {
	kind, causeKind := code(transferKinds, p.kind), code(causeKinds, p.causeKind)
	twins := &a.pairings.twins
	a.checks.twins.saw()
	if p.debit == 1 {
		(*twins).addLeft(record{p.transfer, kind, p.minor, p.hold, causeKind, p.cause, p.account, p.number, p.other, p.otherNumber})
	} else {
		(*twins).addRight(record{p.transfer, kind, p.minor, p.hold, causeKind, p.cause, p.other, p.otherNumber, p.account, p.number})
	}
	switch p.kind {
	case "hold":
		a.checks.holds.saw()
		a.pairings.held.addLeft(record{p.transfer, p.minor, p.debit, p.account, p.other, causeKind, p.cause})
	case "capture", "release":
		a.checks.holds.saw()
		a.pairings.resolved.addLeft(record{p.hold, p.transfer, kind, p.minor, released, p.debit, p.account, p.other, causeKind, p.cause})
	}
	if p.debit == 1 && (p.kind == "move" || p.kind == "capture") {
		a.checks.causes.saw()
		transfer := p.transfer
		if p.other == fees {
			transfer = 0 // payments do not say which it was
		}
		a.pairings.causes.addLeft(record{p.cause, causeKind, transfer, p.minor, p.account, p.other})
	}
}

// endAccount adds an account, as it is after its last posting, to the sums.
func (s *statements) endAccount() {
	if s.last.number == 0 {
		return
	}
	s.a.checks.balance.saw()
	of := s.sums[s.owner.currency]
	if of == nil {
		of = &sum{}
		s.sums[s.owner.currency] = of
	}
	t := s.last.after
	of.balance.Add(&of.balance, big.NewInt(t.creditsPosted)).Sub(&of.balance, big.NewInt(t.debitsPosted))
	of.held.Add(&of.held, big.NewInt(t.creditsHeld)).Sub(&of.held, big.NewInt(t.debitsHeld))
}

func (s *statements) judgeSums() {
	for currency, of := range s.sums {
		if of.balance.Sign() != 0 {
			s.a.checks.balance.fail("%s: all balances together are %s", currency, &of.balance)
		}
		if of.held.Sign() != 0 {
			s.a.checks.balance.fail("%s: held in somebody's favour is %s more than held back", currency, &of.held)
		}
	}
}
