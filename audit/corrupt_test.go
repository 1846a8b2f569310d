package audit_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"purse/audit"
)

// corruption is one deliberate fault and the check that must see it.
type corruption struct {
	check, name, statements string
	only                    bool // no other check sees it
}

// corruptions are written for a sample whose identifiers stand in for the names
// in braces. After the check a ! says that no other one sees it.
const corruptions = `
balance-zero; a last posting; update postings set credits_posted = credits_posted + 5 where account = {cat} and number = (select max(number) from postings where account = {cat})
balance-zero; a last held total; update postings set credits_held = credits_held + 5 where account = {cat} and number = (select max(number) from postings where account = {cat})

totals-match; more money; update accounts set credits_posted = credits_posted + 1 where id = {ann}
totals-match; less held; update accounts set debits_held = 0 where id = {cat}
totals-match; another number; update accounts set number = number + 1 where id = {ann}
totals-match; money without postings; update accounts set credits_posted = 5 where id = {dan}
totals-match; the last posting is gone; delete from postings where account = {cat} and number = (select max(number) from postings where account = {cat})

chain; a posting is gone; delete from postings where account = {ann} and number = 2
chain; the first posting is gone; delete from postings where account = {ann} and number = 1
chain; totals in the middle; update postings set debits_posted = debits_posted + 1 where account = {ann} and number = 2
chain; the other side's totals; update postings set credits_held = credits_held + 1 where account = {ann} and number = 2
chain; a lost update; update postings set debits_posted = 0 where account = {ann} and number = 3
chain; transfers run back; update postings set transfer = {issue} where account = {ann} and number = 2
chain; nobody's posting; update postings set account = 77825 where account = {dan} or account = {cat}
chain; a capture posts less than its amount; update postings set minor = minor + 1 where kind = 'capture'
chain; a hold becomes a move; update postings set kind = 'move' where transfer = {released}

twins; another amount; update postings set minor = minor + 1 where account = {ann} and number = 2
twins; another twin; update postings set other_number = other_number + 1 where account = {ann} and number = 2
twins; the same side; update postings set debit = 1 where account = {ben} and number = 2
twins; one side is gone; delete from postings where account = {ben} and number = 2
twins; another cause; update postings set cause = cause + 1024 where account = {ben} and number = 2
twins; another account; update postings set other = {dan} where account = {ben} and number = 2

no-overdraft; once in the past; update postings set debits_held = 1000000 where account = {ann} and number = 2
no-overdraft; now; update accounts set debits_held = 1000000 where id = {ann}
no-overdraft; a wallet may; update accounts set may_overdraw = 1 where id = {ann}
no-overdraft; the treasury may not; update accounts set may_overdraw = 0 where id = 1

holds; the row is gone; delete from holds where id = {open}
holds; nobody made it; insert into holds (book, id, debit, credit, currency, minor, deadline, cause_kind, cause, state, captured, resolved) values (1, {issue} + 1024000, {ann}, {ben}, 'USD', 5, 1, 'treasury', {issue}, 'open', 0, 0)
holds; an open one is said to be released; update holds set state = 'released', resolved = id + 1024 where id = {open}
holds; a released one is said to be open; update holds set state = 'open', resolved = 0 where id = {released}
holds; captured is said to be released; update holds set state = 'released', captured = 0 where id = {captured}
holds; another amount captured; update holds set captured = captured - 1 where id = {captured}
holds; another amount held; update holds set minor = minor + 1 where id = {captured}
holds; another amount is open; update holds set minor = minor + 1 where id = {open}
holds; resolved by another transfer; update holds set resolved = resolved + 1024 where id = {captured}
holds; captured after the deadline; update holds set deadline = deadline - 3700000000 where id = {captured}
holds; another account; update holds set credit = {dan} where id = {open}
holds; a release of nothing; update postings set hold = {captured} where kind = 'release'
holds; more is released than was held; update postings set debits_held = debits_held - 1 where kind = 'capture' and debit = 1

causes; the payment is gone; delete from payments where id = {pay}
causes; another amount; update payments set minor = minor + 1 where id = {pay}
causes; another payer; update payments set actor = {dan} where id = {pay}
causes; another payee; update payments set target = {dan} where id = {pay}
causes; another transfer; update payments set transfer = transfer + 1024 where id = {pay}
causes; captured for another amount; update payments set minor = minor + 5 where id = {part}
causes; the entry is gone; delete from entries where id = {issue}
causes; an entry of another kind; update entries set kind = 'redeem' where id = {issue}
causes; settled without a transfer; insert into payments (book, id, actor, target, minor, note, audience, medium, app, status, completed, transfer, version) values (1, {pay} + 512000, {ann}, {ben}, 1250, 'n', 'private', 'api', 0, 'settled', 1, {pay} + 513024, 1)
causes; two for one; update postings set cause = {pay} where cause_kind = 'payment' and account in ({ann}, {cat}) and number <= 4
causes; a hold without; update holds set cause = cause + 1024 where id = {open}

states; an unknown status; update payments set status = 'pending' where id = {pay}
states; settled and not completed; update payments set completed = 0 where id = {pay}
states; completed before it was made; update payments set completed = completed - 1000000 where id = {pay}
states; an unknown audience; update payments set audience = 'world' where id = {pay}
states; settled before it was made; update payments set transfer = {issue} where id = {pay}
states; a payment of another book; update payments set id = id + 1 where id = {pay}
states; a transfer of another book; update postings set transfer = transfer + 1 where transfer = {open}
states; an event of another book; update events set id = id + 1 where subject = {pay}
states; an unknown hold state; update holds set state = 'lost' where id = {open}
states; open and resolved; update holds set resolved = id + 1024 where id = {open}
states; released and captured; update holds set captured = 1 where id = {released}
states; an unknown kind of account; update accounts set kind = 'purse' where id = {dan}
states; a second treasury; update accounts set kind = 'treasury' where id = {dan}
states; another currency; update accounts set currency = 'EUR' where id = {dan}
states; a hold in another currency; update holds set currency = 'EUR' where id = {open}
states; an unknown kind of transfer; update postings set kind = 'gift' where account = {ann} and number = 2
states; a move that resolves; update postings set hold = {open} where account = {ann} and number = 2
states; an unknown kind of entry; update entries set kind = 'gift' where id = {issue}
states; an unknown mode; update heads set mode = 'test'

once; a status that is none; update once set status = 42 where principal = {ben}
once; the answer is lost; update once set body = '' where principal = {ben}
once; purged and still there; update once set purged = 1 where principal = {ben}
once; not JSON; update once set body = substr(body, 1, 20) where principal = {ben}
once; somebody else's payment; update once set principal = {dan} where principal = {ben}
once; a payment that does not exist; update once set body = '{"data":{"payment":{"id":"77"}}}' where principal = {ben}
once; an entry that does not exist; update once set body = '{"entry":{"id":"77"}}' where principal = 0
once; two keys made one payment; update once set body = '{"data":{"payment":{"id":"{part}"}}}' where principal = {ben}
once; two keys made one entry; update once set body = '{"entry":{"id":"{issue}"}}' where principal = 0

events; one is gone; delete from events where subject = {pay}
events; an entry's is gone; delete from events where subject = {issue}
events; an action's is gone; delete from events where subject = {action}
events; one too many; insert into events (book, id, kind, subject, seq, snapshot) values (1, {late} + 15360000, 'payment.created', {pay}, 1, '{"id":"{pay}"}')
events; two about an entry; insert into events (book, id, kind, subject, seq, snapshot) values (1, {late} + 15360000, 'treasury.issued', {issue}, 2, '{"id":"{issue}"}')
events; another number; update events set seq = 2 where subject = {pay}
events; the payment says two; update payments set version = 2 where id = {pay}
events; the payment says none; update payments set version = 0 where id = {pay}
events; an unknown kind; update events set kind = 'payment.lost' where subject = {pay}
events; the wrong kind; update events set kind = 'treasury.redeemed' where subject = {issue}
events; another subject; update events set subject = {part} where subject = {pay}
events; somebody else's snapshot; update events set snapshot = '{"id":"5"}' where subject = {pay}
events; a broken snapshot; update events set snapshot = '{' where subject = {pay}

spent; more; update spent set minor = minor + 1 where account = {ben}
spent; one is gone; delete from spent where account = {cat}
spent; of somebody else; update spent set account = {dan} where account = {cat}
spent; in another hour; update spent set hour = hour - 1 where account = {cat}
spent; in the last hour; update spent set minor = minor + 1 where hour = (select max(hour) from spent)
spent; more in the account; update accounts set spent = spent + 1 where id = {ben}
spent; in the account, of another hour; update accounts set spent_hour = spent_hour - 1 where id = {ben}
spent; below zero; update accounts set spent = -1 where id = {dan}
spent!; more before; update accounts set spent_before = spent_before + 1 where id = {ann}
spent!; less before; update accounts set spent_before = 0 where id = {ann}
spent; in an hour without payments; insert into spent (book, account, hour, minor) values (1, {dan}, 400000, 5)
spent; in an hour to come; insert into spent (book, account, hour, minor) values (1, {dan}, 900000, 5)
spent; a payment changed; update payments set minor = minor + 1 where id = {pay}

acked; it is gone; delete from payments where id = {pay}
acked; it is not settled; update payments set transfer = 0 where id = {pay}

book-time; the head ran back; update heads set last = last - 1000000
book-time; an event to come; update events set id = {late} + 104857600000000000 where subject = {pay}
book-time; a batch to come; insert into batches (book, id, nonce) values (1, {late} + 104857600000000000, 1)
book-time; a transfer to come; update postings set transfer = transfer + 104857600000000000 where account = {cat} and number = (select max(number) from postings where account = {cat})
book-time; an answer to come; update once set at = at + 31536000000000 where principal = {ben}

orphans; a wallet without an owner; delete from users where id = {dan}
orphans; a person without a wallet; delete from accounts where id = {dan}
orphans; a token without a person; update tokens set user_id = 5 where user_id = {dan}
`

func (b sample) corruptions(t *testing.T) []corruption {
	names := strings.NewReplacer(append(append(b.shops.names(), b.tills.names()...),
		"{ann}", fmt.Sprint(b.ann), "{ben}", fmt.Sprint(b.ben), "{cat}", fmt.Sprint(b.cat), "{dan}", fmt.Sprint(b.dan),
		"{issue}", fmt.Sprint(b.issue), "{pay}", fmt.Sprint(b.pay), "{part}", fmt.Sprint(b.part), "{late}", fmt.Sprint(b.late),
		"{action}", fmt.Sprint(b.action),
		"{asked}", fmt.Sprint(b.asked), "{asked out}", fmt.Sprint(b.askedOut), "{approved}", fmt.Sprint(b.approved),
		"{denied}", fmt.Sprint(b.denied), "{overdue}", fmt.Sprint(b.overdue), "{failed}", fmt.Sprint(b.failed),
		"{sent}", fmt.Sprint(b.sent), "{cancelled}", fmt.Sprint(b.cancelled), "{kept}", fmt.Sprint(b.kept), "{claimed}", fmt.Sprint(b.claimed),
		"{returned}", fmt.Sprint(b.returned), "{claimed charge}", fmt.Sprint(b.claimedCharge), "{claimed charge public}", fmt.Sprint(b.claimedPublic),
		"{claimed paid}", fmt.Sprint(b.claimedPaid), "{trusted}", fmt.Sprint(b.trusted), "{narrow}", fmt.Sprint(b.narrow),
		"{erin}", fmt.Sprint(b.erin), "{gone}", fmt.Sprint(b.gone), "{app}", fmt.Sprint(b.app), "{grant}", fmt.Sprint(b.grant),
		"{ended}", fmt.Sprint(b.ended), "{spare}", hashOf("spare"),
		"{captured}", fmt.Sprint(b.captured), "{released}", fmt.Sprint(b.released), "{open}", fmt.Sprint(b.open))...)
	var all []corruption
	for line := range strings.Lines(corruptions + waitingCorruptions + peopleCorruptions + shopCorruptions + orderCorruptions) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		parts := strings.SplitN(line, "; ", 3)
		if len(parts) != 3 {
			t.Fatalf("corruption %q", line)
		}
		id, only := strings.CutSuffix(parts[0], "!")
		all = append(all, corruption{id, parts[1], names.Replace(parts[2]), only})
	}
	return all
}

// options are those of runs on what n.copied returns: on PostgreSQL it is always
// the same database.
func (n network) options(t *testing.T) func(database string) audit.Options {
	if n.name != "postgres" {
		return func(database string) audit.Options { return audit.Options{Database: database} }
	}
	database, _ := n.copied(t)
	kept, stop, err := audit.Keep(audit.Options{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stop() })
	return func(string) audit.Options { return kept }
}

func TestCorruptions(t *testing.T) {
	onBoth(t, func(t *testing.T, n network) {
		t.Parallel() // beside the other database's
		covered := map[string]bool{}
		options := n.options(t)
		for i, c := range n.corruptions(t) {
			covered[c.check] = true
			if os.Getenv("PURSE_TEST_LONG") == "" && (i%2 == 0) != (n.name == "sqlite") {
				continue // the long round has each of them on both databases
			}
			t.Run(c.check+"/"+c.name, func(t *testing.T) {
				database, db := n.copied(t)
				o := options(database)
				result, err := db.Exec(c.statements)
				if err != nil {
					t.Fatal(err)
				}
				if rows, _ := result.RowsAffected(); rows == 0 {
					t.Fatal("the corruption changed nothing")
				}
				o.Acked = strings.NewReader(strings.Join(n.acked, "\n"))
				r := run(t, o.WithChunk(25))
				if len(check(t, r, c.check).Findings) == 0 {
					t.Errorf("nothing was found:\n%s", print(r))
				}
				for _, other := range r.Checks {
					if c.only && other.ID != c.check && len(other.Findings) > 0 {
						t.Errorf("%s complains, too: %q", other.ID, other.Findings)
					}
				}
				if testing.Verbose() {
					t.Logf("%q", check(t, r, c.check).Findings)
				}
			})
		}
		database, _ := n.copied(t)
		for _, c := range run(t, audit.Options{Database: database}).Checks {
			if !covered[c.ID] {
				t.Errorf("no corruption for %s", c.ID)
			}
		}
	})
}
