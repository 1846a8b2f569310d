package audit_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

const (
	epoch  = 1_230_768_000_000_000
	hour   = 3_600_000_000
	start  = 1_767_263_400_000_000 // 2026-01-01 10:30 UTC
	second = 1_000_000
)

// scribe writes a good book by SQL of its own, so that audit is tested against
// the schema and not against whoever writes it.
type scribe struct {
	t      testing.TB
	db     *sql.DB
	sqlite bool
	now    int64 // moment at which the next command decides
	last   int64 // moment of the last identifier
	rows   []string
	args   [][]any
	totals map[int64]*[5]int64 // debits posted, debits held, credits posted, credits held, number
	spent  map[[2]int64]int64
	acked  []string
	orders int64 // how many there are
}

func newScribe(t testing.TB, db *sql.DB, sqlite bool) *scribe {
	return &scribe{
		t: t, db: db, sqlite: sqlite, now: start, last: start,
		totals: map[int64]*[5]int64{}, spent: map[[2]int64]int64{},
	}
}

func (s *scribe) placed(text string) string {
	if s.sqlite {
		return strings.ReplaceAll(text, "$", "?")
	}
	return text
}

func (s *scribe) add(text string, args ...any) {
	s.rows, s.args = append(s.rows, text), append(s.args, args)
}

func insert(table, columns string) string {
	var places []string
	for i := range strings.Split(columns, ",") {
		places = append(places, fmt.Sprintf("$%d", i+1))
	}
	return "insert into " + table + " (" + columns + ") values (" + strings.Join(places, ",") + ")"
}

func (s *scribe) id() int64 {
	s.last = max(s.now, s.last+1)
	return (s.last-epoch)<<10 | 1
}

// commit ends a batch: everything since the last one, at one moment.
func (s *scribe) commit() {
	s.t.Helper()
	s.add(insert("batches", "book,id,nonce"), 1, s.id(), 7)
	s.add("update heads set last = $1 where book in (0, 1)", s.last)
	tx, err := s.db.BeginTx(context.Background(), nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	for i, text := range s.rows {
		if _, err := tx.Exec(s.placed(text), s.args[i]...); err != nil {
			s.t.Errorf("%s %v: %v", text, s.args[i], err)
		}
	}
	if err := tx.Commit(); err != nil {
		s.t.Error(err)
	}
	s.rows, s.args = nil, nil
	s.now = s.last + second
}

func (s *scribe) account(id int64, kind string, overdraw int) {
	s.totals[id] = &[5]int64{}
	s.add(insert("accounts", "book,id,kind,currency,may_overdraw,frozen,debits_posted,debits_held,credits_posted,credits_held,number"),
		1, id, kind, "USD", overdraw, 0, 0, 0, 0, 0, 0)
}

func (s *scribe) user(name string) int64 {
	id := s.id()
	s.add(insert("users", "id,book,username,folded,first_name,last_name,about,joined"), id, 1, name, strings.ToLower(name), name, "", "", s.now)
	s.found(name, id)
	s.account(id, "wallet", 0)
	s.grant(name, id, 0)
	return id
}

type cause struct {
	kind string
	id   int64
}

// transfer writes both postings. held is how much of the held totals it adds or takes.
func (s *scribe) transfer(kind string, from, to, minor, posted, held, hold int64, c cause) int64 {
	id := s.id()
	dr, cr := s.totals[from], s.totals[to]
	dr[0] += posted
	dr[1] += held
	dr[4]++
	cr[2] += posted
	cr[3] += held
	cr[4]++
	text := insert("postings", "book,account,number,transfer,kind,debit,other,other_number,minor,hold,cause_kind,cause,"+
		"debits_posted,debits_held,credits_posted,credits_held")
	s.add(text, 1, from, dr[4], id, kind, 1, to, cr[4], minor, hold, c.kind, c.id, dr[0], dr[1], dr[2], dr[3])
	s.add(text, 1, to, cr[4], id, kind, 0, from, dr[4], minor, hold, c.kind, c.id, cr[0], cr[1], cr[2], cr[3])
	for account, t := range map[int64]*[5]int64{from: dr, to: cr} {
		s.add("update accounts set debits_posted = $1, debits_held = $2, credits_posted = $3, credits_held = $4, number = $5 where book = 1 and id = $6",
			t[0], t[1], t[2], t[3], t[4], account)
	}
	return id
}

func (s *scribe) event(kind string, subject, seq int64, more string) {
	s.add(insert("events", "book,id,kind,subject,seq,snapshot"), 1, s.id(), kind, subject, seq, fmt.Sprintf(`{"id":"%d"%s}`, subject, more))
}

func (s *scribe) once(principal int64, key, body string) {
	s.add(insert("once", "book,principal,app,key,fingerprint,status,header,body,at,purged"),
		1, principal, 0, key, "print", 200, "", body, s.now, 0)
}

func (s *scribe) entry(kind string, user, minor int64) int64 {
	id := s.id()
	from, to, news := int64(1), user, "treasury.issued"
	if kind == "redeem" {
		from, to, news = user, 1, "treasury.redeemed"
	}
	transfer := s.transfer("move", from, to, minor, minor, 0, 0, cause{"treasury", id})
	s.add(insert("entries", "book,id,kind,wallet,minor,operator,reason,transfer"), 1, id, kind, user, minor, "root", "", transfer)
	s.event(news, id, 1, "")
	s.once(0, fmt.Sprint("entry", id), fmt.Sprintf(`{"entry":{"id":"%d"}}`, id))
	return id
}

func (s *scribe) hold(from, to, minor int64, c cause) int64 {
	id := s.transfer("hold", from, to, minor, 0, minor, 0, c)
	s.add(insert("holds", "book,id,debit,credit,currency,minor,deadline,cause_kind,cause,state,captured,resolved"),
		1, id, from, to, "USD", minor, s.now+hour, c.kind, c.id, "open", 0, 0)
	return id
}

func (s *scribe) release(hold, from, to, minor int64, c cause) {
	transfer := s.transfer("release", from, to, minor, 0, -minor, hold, c)
	s.add("update holds set state = 'released', resolved = $1 where book = 1 and id = $2", transfer, hold)
}

func (s *scribe) freeze(user int64, name, news string) {
	id := s.id()
	s.add(insert("actions", "book,id,operator,name,subject,detail"), 1, id, "root", name, fmt.Sprint(user), "")
	s.event(news, id, 1, "")
}
