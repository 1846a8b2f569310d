package audit_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purse/internal/pgtest"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

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
	s.add("update heads set last = $1 where book = 1", s.last)
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
	s.add(insert("users", "id,book,username,folded,first_name,last_name,about,joined"), id, 1, name, name, name, "", "", s.now)
	s.account(id, "wallet", 0)
	s.add(insert("tokens", "hash,id,user_id,app,book,scopes,expires,revoked"), "hash-"+name, s.id(), id, 0, 1, "make_payments", 0, 0)
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

func (s *scribe) event(kind string, subject int64) {
	s.add(insert("events", "book,id,kind,subject,seq,snapshot"), 1, s.id(), kind, subject, 1, fmt.Sprintf(`{"id":"%d"}`, subject))
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
	s.event(news, id)
	s.once(0, fmt.Sprint("entry", id), fmt.Sprintf(`{"entry":{"id":"%d"}}`, id))
	return id
}

// pay writes a payment, settled by a move or by the capture of a hold of more.
func (s *scribe) pay(from, to, minor int64, captured bool) (payment, hold int64) {
	id := s.id()
	var transfer int64
	if captured {
		hold = s.hold(from, to, minor+5, cause{"payment", id})
		transfer = s.transfer("capture", from, to, minor, minor, -minor-5, hold, cause{"payment", id})
		s.add("update holds set state = 'captured', captured = $1, resolved = $2 where book = 1 and id = $3", minor, transfer, hold)
	} else {
		transfer = s.transfer("move", from, to, minor, minor, 0, 0, cause{"payment", id})
	}
	s.add(insert("payments", "book,id,actor,target,minor,note,audience,medium,app,status,completed,transfer,version"),
		1, id, from, to, minor, "note", "private", "api", 0, "settled", max(s.now, epoch+id>>10), transfer, 1)
	s.event("payment.created", id)
	h := s.now / hour
	s.add("delete from spent where book = 1 and account = $1 and hour = $2", from, h)
	s.spent[[2]int64{from, h}] += minor
	s.add(insert("spent", "book,account,hour,minor"), 1, from, h, s.spent[[2]int64{from, h}])
	s.once(from, fmt.Sprint("pay", id), fmt.Sprintf(`{"data":{"balance":"1.00","payment":{"id":"%d"}}}`, id))
	s.acked = append(s.acked, fmt.Sprint(id))
	return id, hold
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
	s.event(news, id)
}

// sample is a book with one of everything, and the identifiers of some.
type sample struct {
	ann, ben, cat, dan             int64 // dan has never had money
	issue, pay, part, late, action int64
	captured, released, open       int64 // holds
	acked                          []string
}

func write(s *scribe) sample {
	var b sample
	s.now, s.last = start, start
	s.totals, s.spent = map[int64]*[5]int64{}, map[[2]int64]int64{}
	for book := range 2 {
		s.add(insert("heads", "book,mode,currency,last,clock_offset,limit_payment,limit_week"), book, "sandbox", "USD", int64(start), 0, 500000, 2000000)
	}
	s.account(1, "treasury", 1)
	b.ann, b.ben, b.cat, b.dan = s.user("anna"), s.user("benn"), s.user("cate"), s.user("dane")
	s.commit()
	b.issue = s.entry("issue", b.ann, 100_000)
	s.entry("issue", b.ben, 50_000)
	b.pay, _ = s.pay(b.ann, b.ben, 1250, false)
	s.pay(b.ann, b.cat, 300, false)
	s.commit()
	b.part, b.captured = s.pay(b.ben, b.cat, 700, true)
	c := cause{"treasury", b.issue}
	b.released = s.hold(b.ann, b.cat, 400, c)
	s.commit()
	s.release(b.released, b.ann, b.cat, 400, c)
	b.open = s.hold(b.cat, b.ann, 55, c)
	s.freeze(b.dan, "wallet.freeze", "wallet.frozen")
	b.action = (s.last - 1 - epoch) << 10 // the identifier before its event's
	b.action |= 1
	s.freeze(b.dan, "wallet.unfreeze", "wallet.unfrozen")
	s.add(insert("once", "book,principal,app,key,fingerprint,status,header,body,at,purged"), 1, b.cat, 0, "old", "print", 201, "", "", s.now, 1)
	s.commit()
	// Decided just before the full hour, with identifiers from both sides of it.
	s.now = (start/hour+1)*hour - 2
	for range 3 {
		s.pay(b.ben, b.ann, 10, false)
	}
	s.commit()
	s.entry("redeem", b.ben, 40)
	b.late, _ = s.pay(b.cat, b.ben, 20, false)
	s.now += 3 * hour
	s.commit()
	for range 5 {
		s.pay(b.ann, b.cat, 1, false)
		s.commit()
	}
	b.acked = s.acked
	return b
}

// schema runs the migration's statements.
func schema(t testing.TB, db *sql.DB) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "store", "migrations", "00001_book.sql"))
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "--")
		kept = append(kept, line)
	}
	for statement := range strings.SplitSeq(strings.Join(kept, "\n"), ";") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// network is a sample on one kind of database.
type network struct {
	sample
	name string
	// copied is a database with the sample in it as it was written, and a
	// connection that no constraint stops. It is good until the next call.
	copied func(t *testing.T) (database string, db *sql.DB)
}

func connect(t testing.TB, driver, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func onSQLite(t *testing.T) network {
	t.Helper()
	base := filepath.Join(t.TempDir(), "base.db")
	db := connect(t, "sqlite", "file:"+base+"?_pragma=journal_mode(wal)")
	schema(t, db)
	n := network{name: "sqlite", sample: write(&scribe{t: t, db: db, sqlite: true})}
	if err := db.Close(); err != nil { // the last connection empties the log
		t.Fatal(err)
	}
	n.copied = func(t *testing.T) (string, *sql.DB) {
		t.Helper()
		name := filepath.Join(t.TempDir(), "copy?#%.db") // a name that a URL must quote
		copyFile(t, base, name)
		db := connect(t, "sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(name)+
			"?_pragma=ignore_check_constraints(1)&_pragma=busy_timeout(10000)&_pragma=synchronous(off)")
		return name, db
	}
	return n
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func onPostgres(t *testing.T) network {
	t.Helper()
	base := pgtest.Database(t)
	db := connect(t, "pgx", base)
	schema(t, db)
	n := network{name: "postgres", sample: write(&scribe{t: t, db: db})}
	_, err := db.Exec(`do $$ declare c record; begin
		for c in select conname, conrelid::regclass::text as tab from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace
		loop execute format('alter table %s drop constraint %I', c.tab, c.conname); end loop; end $$`)
	if err != nil {
		t.Fatal(err)
	}
	// Putting the rows back is several times faster than a database for each test.
	again := "truncate " + strings.Join(tables, ", ")
	keep := "create schema keep"
	for _, table := range tables {
		keep += "; create table keep." + table + " as table public." + table
		again += "; insert into " + table + " table keep." + table
	}
	if _, err := db.Exec(keep); err != nil {
		t.Fatal(err)
	}
	n.copied = func(t *testing.T) (string, *sql.DB) {
		t.Helper()
		if _, err := db.Exec(again); err != nil {
			t.Fatal(err)
		}
		return base, db
	}
	return n
}

// tables are all tables of the schema.
var tables = []string{"heads", "batches", "accounts", "postings", "holds", "payments", "entries", "spent", "once",
	"events", "actions", "users", "tokens"}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(*testing.T, network)) {
	t.Run("sqlite", func(t *testing.T) { test(t, onSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, onPostgres(t)) })
}
