package audit_test

import (
	"database/sql"
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

// sample is a book with one of everything, and the identifiers of some.
type sample struct {
	ann, ben, cat, dan             int64 // dan has never had money
	issue, pay, part, late, action int64
	captured, released, open       int64 // holds
	acked                          []string

	// Charges, and payments to addresses, in every state.
	asked, askedOut, approved, denied, overdue, failed int64
	sent, cancelled, kept, claimed                     int64

	// What came with people and apps.
	claimedCharge, claimedPublic, claimedPaid, returned, trusted, narrow int64
	erin, gone, app, grant, ended                                        int64 // gone has left; the grant ended has

	shops
	tills
}

func write(s *scribe) sample {
	var b sample
	for book := range 2 {
		s.add(insert("heads", "book,mode,currency,last,clock_offset,limit_payment,limit_week"), book, "sandbox", "USD", int64(start), 0, 500000, 2000000)
	}
	s.account(1, "treasury", 1)
	s.account(2, "fees", 0)
	s.account(3, "escrow", 0)
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
	b.waiting(s)
	b.claims(s)
	b.trade(s)
	b.till(s)
	b.people(s)
	b.acked = s.acked
	return b
}

// claims writes what became of payments whose address got an owner, charges that
// were paid at once, and payments that fewer may see than at first.
func (b *sample) claims(s *scribe) {
	const hal = "hal@example.org"
	b.erin = s.user("erin")
	s.user("jane") // who never had anything to do with money
	shown := s.chargeTo("public", b.cat, 0, 38, hal)
	pending, settled, denied := s.charge(b.ann, 0, 31, hal), s.charge(b.ann, 0, 32, hal), s.charge(b.ben, 0, 33, hal)
	ended, blocked, late := s.send(b.ann, hal, 34), s.send(b.cat, hal, 35), s.charge(b.cat, 0, 36, hal)
	seen := s.sendTo("public", b.ann, hal, 37)
	s.commit()
	s.narrow(seen, "friends", b.ann)
	s.commit()
	s.now += 3 * hour
	s.commit()
	for _, p := range []*paid{pending, shown, settled, denied, seen} {
		s.claim(p, b.erin)
	}
	s.end(ended, "cancelled", 0)
	s.end(blocked, "failed", 0)
	s.end(late, "cancelled", 0)
	s.add("update addresses set claimed = $1 where address = $2", s.now, hal)
	s.entry("issue", b.erin, 500)
	s.commit()
	s.remind(settled)
	s.commit()
	s.approve(settled)
	s.end(denied, "cancelled", b.erin)
	trusted := s.trusted(b.cat, b.ann, 44)
	s.commit()
	s.narrow(trusted, "private", b.ann)
	s.narrow(seen, "private", b.erin)
	s.commit()
	b.claimedCharge, b.claimedPublic, b.claimedPaid = pending.id, shown.id, settled.id
	b.returned, b.trusted, b.narrow = blocked.id, trusted.id, seen.id
}

// waiting writes what is pending at first.
func (b *sample) waiting(s *scribe) {
	kept := s.send(b.ann, "15555555555", 900)
	overdue := s.charge(b.cat, b.ann, 50, "")
	s.commit()
	s.now += 40 * 24 * hour
	s.end(kept, "expired", 0) // too late to be taken off its counter
	s.end(overdue, "expired", 0)
	s.commit()

	approved, denied := s.charge(b.ben, b.ann, 700, ""), s.charge(b.ben, b.ann, 80, "")
	failed := s.charge(b.ben, b.ann, 90, "")
	cancelled, claimed := s.send(b.ann, "fay@example.org", 400), s.send(b.ben, "fay@example.org", 500)
	s.commit()
	s.now += 5 * hour
	s.remind(approved)
	s.commit()
	s.remind(approved)
	s.end(cancelled, "cancelled", b.ann)
	s.commit()
	s.approve(approved)
	s.end(denied, "cancelled", b.ann)
	s.end(failed, "failed", 0)
	s.claim(claimed, b.cat)
	s.commit()
	s.carry(b.ben, claimed.counted)
	s.add("update addresses set claimed = $1 where address = $2", s.now, "fay@example.org")
	asked, askedOut, sent := s.charge(b.cat, b.ben, 60, ""), s.charge(b.cat, 0, 70, "gus@example.org"), s.send(b.cat, "gus@example.org", 300)
	s.commit()
	s.remind(asked)
	s.commit()
	b.asked, b.askedOut, b.approved, b.denied, b.overdue, b.failed = asked.id, askedOut.id, approved.id, denied.id, overdue.id, failed.id
	b.sent, b.cancelled, b.kept, b.claimed = sent.id, cancelled.id, kept.id, claimed.id
}

// schema runs the statements of all migrations.
func schema(t testing.TB, db *sql.DB) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "store", "migrations", "*.sql"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names { // Glob sorts them
		migrate(t, db, name)
	}
}

func migrate(t testing.TB, db *sql.DB, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
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
	n := network{name: "sqlite", sample: write(newScribe(t, db, true))}
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
	n := network{name: "postgres", sample: write(newScribe(t, db, false))}
	_, err := db.Exec(`do $$ declare c record; begin
		for c in select conname, conrelid::regclass::text as tab from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace
		loop execute format('alter table %s drop constraint %I', c.tab, c.conname); end loop; end $$`)
	if err != nil {
		t.Fatal(err)
	}
	// Putting back the rows of the tables that were changed is several times faster
	// than a database for each test, or than putting back all of them.
	keep := `create schema keep; create table keep.changed (name text primary key);
		create function keep.note() returns trigger language plpgsql as $$ begin
			insert into keep.changed values (tg_table_name) on conflict do nothing; return null; end $$`
	for _, table := range tables {
		keep += "; create table keep." + table + " as table public." + table +
			"; create trigger note after insert or update or delete on " + table + " for each statement execute function keep.note()"
	}
	if _, err := db.Exec(keep); err != nil {
		t.Fatal(err)
	}
	const again = `do $$ declare name text; begin
		perform set_config('session_replication_role', 'replica', true);
		for name in select c.name from keep.changed c loop
			execute format('delete from %1$I; insert into %1$I table keep.%1$I', name);
		end loop;
		delete from keep.changed; end $$`
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
	"events", "actions", "users", "tokens", "parties", "introductions", "addresses", "apps",
	"old_usernames", "user_words", "credentials", "contacts", "sessions", "tickets", "grants", "ties", "allowances",
	"merchants", "logos", "api_keys", "handles", "operations", "mandates", "consumers", "customers", "cursors",
	"orders", "payment_links", "members"}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(*testing.T, network)) {
	t.Run("sqlite", func(t *testing.T) { test(t, onSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, onPostgres(t)) })
}
