package audit

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
)

// answer is the row of an idempotency key.
type answer struct {
	principal, app int64
	key            string
	status         int64
	header, body   string
	at, purged     int64
}

const (
	answerColumns = `principal, app, key, status, header, body, at, purged`
	onceText      = `select ` + answerColumns + `
from once where book = $1 and (principal, app, key) > ($2, $3, $4) order by principal, app, key limit $5`
	onceOfText = `select ` + answerColumns + `
from once where book = $1 and principal = $2 and (app, key) > ($3, $4) order by app, key limit $5`
)

func (r *answer) fields() []any {
	return []any{&r.principal, &r.app, &r.key, &r.status, &r.header, &r.body, &r.at, &r.purged}
}

// effect is what an answer says to have made or changed.
type effect struct {
	kind string // payment, treasury, either of them, or merchant's: a handle, an operation or a customer
	id   int64
}

// made says whether the command that r answers made e. A command is answered at
// the moment at which it decides, which is no later than the identifiers it
// takes. One that changes what is there decides after all of that.
func (r *answer) made(e effect) bool { return r.at <= timeOf(e.id) }

// effects looks for what was made by more than one key; it may be changed by
// many. Keys belong to a principal, and what an answer made must be of its
// principal, so it is enough to look at one principal after the other, in which
// order they come. The effects of one principal are remembered, up to
// effectsMax; whoever has more is looked at again, as often as it takes to see a
// share of his effects in each round.
type effects struct {
	check     *Check
	principal int64
	rows      int64
	seen      map[int64]string // what, and by which key; a book's identifiers are all different
	large     map[int64]int64  // principals with too many, with their rows
}

// effectsMax bounds what is remembered of one principal. A variable for tests.
var effectsMax = 1_000_000

func (s *effects) add(principal int64, key string, e effect) {
	if principal != s.principal {
		s.principal, s.rows = principal, 0
		clear(s.seen)
	}
	s.rows++
	if _, large := s.large[principal]; large || len(s.seen) >= effectsMax {
		s.large[principal] = s.rows
		clear(s.seen)
		return
	}
	s.meet(key, e)
}

func (s *effects) meet(key string, e effect) {
	if before, twice := s.seen[e.id]; twice {
		s.check.fail("principal %d: keys %q and %q both made %d", s.principal, before, key, e.id)
		return
	}
	s.seen[e.id] = key
}

func (a *auditor) walkOnce(ctx context.Context) error {
	s := &effects{check: a.checks.once, principal: math.MinInt64, seen: map[int64]string{}, large: map[int64]int64{}}
	err := walk(ctx, a, onceText, answer{principal: math.MinInt64}, (*answer).fields,
		func(r *answer) []any { return []any{a.book, r.principal, r.app, r.key} },
		func(rows []answer) error { return a.judgeAnswers(ctx, rows, s) })
	if err != nil {
		return err
	}
	for principal, rows := range s.large {
		if err := a.walkLarge(ctx, s, principal, rows); err != nil {
			return err
		}
	}
	return nil
}

// walkLarge looks for double effects of one principal, a share in each round.
func (a *auditor) walkLarge(ctx context.Context, s *effects, principal, rows int64) error {
	shares := uint64(rows)/uint64(effectsMax)*2 + 1
	s.principal = principal
	for share := range shares {
		clear(s.seen)
		err := walk(ctx, a, onceOfText, answer{app: math.MinInt64}, (*answer).fields,
			func(r *answer) []any { return []any{a.book, principal, r.app, r.key} },
			func(rows []answer) error {
				for i := range rows {
					e, found, _ := rows[i].effect()
					if found && rows[i].made(e) && mix(a.seed+uint64(e.id))%shares == share {
						s.meet(rows[i].key, e)
					}
				}
				return nil
			})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *auditor) judgeAnswers(ctx context.Context, rows []answer, s *effects) error {
	effects := make([]effect, len(rows))
	var payments, entries []int64
	for i := range rows {
		effects[i] = a.judgeAnswer(&rows[i], s)
		switch effects[i].kind {
		case "payment":
			payments = append(payments, effects[i].id)
		case "treasury":
			entries = append(entries, effects[i].id)
		case "either":
			payments, entries = append(payments, effects[i].id), append(entries, effects[i].id)
		}
	}
	paid, err := a.findPayments(ctx, payments)
	if err != nil {
		return err
	}
	known, err := a.findEntries(ctx, entries)
	if err != nil {
		return err
	}
	if err := a.judgeMerchantsEffects(ctx, rows, effects); err != nil {
		return err
	}
	merchants, err := a.findMerchants(ctx, rows, effects)
	if err != nil {
		return err
	}
	for i, e := range effects {
		p, isPayment := paid[e.id]
		switch r := &rows[i]; {
		case e.kind == "" || e.kind == ofMerchant || e.kind == "either" && merchants[r.principal]:
		case e.kind != "treasury" && isPayment:
			a.judgeEffect(r, &p)
		case e.kind == "payment" || !known[e.id]:
			a.checks.once.fail("principal %d: key %q is about a %s %d that does not exist", r.principal, r.key, e.kind, e.id)
		case !r.made(e):
			a.checks.once.fail("principal %d: key %q has had no effect: treasury entry %d was there before", r.principal, r.key, e.id)
		}
	}
	return nil
}

// judgeEffect judges an answer that made or changed p.
func (a *auditor) judgeEffect(r *answer, p *paymentFound) {
	c := a.checks.once
	switch made := r.made(effect{id: p.id}); {
	case made && r.principal != 0 && r.principal != p.actor:
		c.fail("principal %d: key %q made payment %d of %d", r.principal, r.key, p.id, p.actor)
	case !made && r.principal != 0 && r.principal != p.actor && r.principal != p.target:
		c.fail("principal %d: key %q changed payment %d between %d and %d", r.principal, r.key, p.id, p.actor, p.target)
	case !made && p.version < 2:
		c.fail("principal %d: key %q has had no effect: payment %d was there before and never changed", r.principal, r.key, p.id)
	}
}

// judgeAnswer judges a row by itself and says what it is about, if it says so.
func (a *auditor) judgeAnswer(r *answer, s *effects) effect {
	c := a.checks.once
	c.saw()
	a.seenTime(r.at)
	if r.status < 100 || r.status > 599 {
		c.fail("principal %d: key %q has status %d", r.principal, r.key, r.status)
	}
	switch {
	case r.purged != 0 && r.purged != 1:
		c.fail("principal %d: key %q: purged is %d", r.principal, r.key, r.purged)
	case r.purged == 1 && r.header+r.body != "":
		c.fail("principal %d: key %q is purged and still has an answer", r.principal, r.key)
	case r.purged == 0 && r.body == "":
		c.fail("principal %d: key %q has lost its answer", r.principal, r.key)
	}
	if r.purged == 1 || r.body == "" {
		return effect{}
	}
	e, found, valid := r.effect()
	if !valid {
		c.fail("principal %d: the answer to key %q is not JSON", r.principal, r.key)
	}
	if found && r.made(e) {
		s.add(r.principal, r.key, e)
	}
	return e
}

// effect reads what an answer is about, if it is about something. The doors wrap it differently;
// in all of them it is an object with an id, called payment or entry, or the
// answer itself, or all its data.
func (r *answer) effect() (e effect, found, valid bool) {
	if !json.Valid([]byte(r.body)) {
		return effect{}, false, false
	}
	top := object([]byte(r.body))
	levels := []map[string]json.RawMessage{object(top["data"]), top}
	if id, ok := named(top["id"]); ok && (top["merchantRefNum"] != nil || top["merchantCustomerId"] != nil) {
		return effect{ofMerchant, id}, true, true
	}
	for _, level := range levels {
		for _, noun := range []struct{ name, kind string }{{"payment", "payment"}, {"entry", "treasury"}} {
			if id, ok := number(object(level[noun.name])["id"]); ok {
				return effect{noun.kind, id}, true, true
			}
		}
	}
	for _, level := range levels {
		if id, ok := number(level["id"]); ok {
			return effect{"either", id}, true, true
		}
	}
	return effect{}, false, true
}

// object reads a JSON object; anything else is an empty one.
func object(b []byte) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if len(b) == 0 || json.Unmarshal(b, &m) != nil {
		return nil
	}
	return m
}

// number reads an identifier, which is a number or, mostly, a text of digits.
func number(b json.RawMessage) (int64, bool) {
	s := string(b)
	if text, err := strconv.Unquote(s); err == nil {
		s = text
	}
	id, err := strconv.ParseInt(s, 10, 64)
	return id, err == nil
}

// paymentFound is what a look-up tells of a payment.
type paymentFound struct {
	id, actor, target, transfer, version int64
	status                               string
}

func (a *auditor) findPayments(ctx context.Context, ids []int64) (map[int64]paymentFound, error) {
	rows, err := lookup(ctx, a, `select id, actor, target, transfer, version, status from payments
where book = $1 and id in `, ids,
		func(p *paymentFound) []any {
			return []any{&p.id, &p.actor, &p.target, &p.transfer, &p.version, &p.status}
		})
	found := make(map[int64]paymentFound, len(rows))
	for _, p := range rows {
		found[p.id] = p
	}
	return found, err
}

func (a *auditor) findEntries(ctx context.Context, ids []int64) (map[int64]bool, error) {
	rows, err := lookup(ctx, a, `select id from entries where book = $1 and id in `, ids,
		func(id *int64) []any { return []any{id} })
	found := make(map[int64]bool, len(rows))
	for _, id := range rows {
		found[id] = true
	}
	return found, err
}
