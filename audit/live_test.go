package audit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"purse/audit"
)

// changer makes payments that wait, and lets them end in every way.
type changer struct {
	*scribe
	b      sample
	random *rand.Rand
	open   []*paid
	seen   []*paid // by others than their parties
	made   int
	own0   int64 // dan's grant that is renewed again and again
	unpaid []*sold
}

// emptied is a changer of a fresh sample.
func emptied(t *testing.T, n network) (database string, c *changer) {
	t.Helper()
	database, db := n.copied(t)
	for _, table := range tables {
		if _, err := db.Exec("delete from " + table); err != nil {
			t.Fatal(err)
		}
	}
	c = &changer{scribe: newScribe(t, db, n.name == "sqlite"), random: rand.New(rand.NewPCG(1, 2))}
	c.b = write(c.scribe)
	c.own0 = c.grant("dan 0", c.b.dan, 0)
	c.befriend(c.b.ben, c.b.dan)
	c.own("email", "dan@example.org", c.b.dan)
	c.session("dan 0", c.b.dan)
	c.rename(c.b.dan, "dane", "Dan-iel")
	c.commit()
	return database, c
}

// more makes some payments and ends some older ones.
func (c *changer) more() {
	c.made++
	c.churn()
	c.moreOrders()
	c.open = append(c.open,
		c.charge(c.b.ann, c.b.ben, 20, ""), c.charge(c.b.ben, c.b.ann, 30, ""), c.charge(c.b.cat, c.b.ben, 5, ""),
		c.charge(c.b.cat, 0, 6, fmt.Sprint("asked", c.made%7, "@example.org")),
		c.send(c.b.ann, fmt.Sprint("user", c.made%5, "@example.org"), 3), c.send(c.b.ben, fmt.Sprint("1555", c.made), 4))
	c.pay(c.b.ann, c.b.ben, 1, c.made%3 == 0)
	c.pay(c.b.ben, c.b.ann, 1, false)
	c.seen = append(c.seen, c.trusted(c.b.ann, c.b.ben, 1), c.sendTo("public", c.b.ann, "user@example.org", 1))
	c.open = append(c.open, c.seen[len(c.seen)-1])
	c.commit()
	c.random.Shuffle(len(c.seen), func(i, j int) { c.seen[i], c.seen[j] = c.seen[j], c.seen[i] })
	for _, p := range c.seen[len(c.seen)/2:] {
		if p.audience == "public" {
			c.narrow(p, "friends", p.actor)
		} else {
			c.narrow(p, "private", p.actor)
		}
	}
	c.seen = slices.DeleteFunc(c.seen, func(p *paid) bool { return p.audience == "private" })
	c.commit()
	c.random.Shuffle(len(c.open), func(i, j int) { c.open[i], c.open[j] = c.open[j], c.open[i] })
	var still []*paid
	for i, p := range c.open {
		if i%3 == 0 || len(c.open) < 12 {
			still = append(still, p)
			continue
		}
		c.change(p)
		if p.status == "pending" {
			still = append(still, p)
		}
	}
	c.commit()
	c.open = still
	c.now += c.random.Int64N(2 * hour)
	switch {
	case c.made%23 == 0:
		c.now += 8 * 24 * hour // longer than what is given back is taken off
	case c.made%5 == 0:
		c.now = (c.now/hour+1)*hour - 3
	}
}

// moreOrders makes some orders, and ends some older ones.
func (c *changer) moreOrders() {
	c.unpaid = append(c.unpaid, c.order(c.b.shop, "api", 7, 2, 0), c.order(c.b.corner, "link", 8, 3, 1), c.order(c.b.corner, "till", 9, 0, 0))
	c.offer(c.b.corner, 5, 0)
	c.random.Shuffle(len(c.unpaid), func(i, j int) { c.unpaid[i], c.unpaid[j] = c.unpaid[j], c.unpaid[i] })
	var still []*sold
	for i, o := range c.unpaid {
		switch {
		case i%3 == 0:
			still = append(still, o)
		case c.now >= o.deadline:
			c.turn(o, "EXPIRED", "expired")
		case c.random.IntN(4) == 0:
			c.turn(o, "CANCELLED", "cancelled")
		default:
			c.payOrder(o, c.b.ann)
		}
	}
	c.unpaid = still
}

func (c *changer) change(p *paid) {
	switch way := c.random.IntN(8); {
	case c.now >= p.deadline:
		c.end(p, "expired", 0)
	case way < 3 && p.escrow != 0:
		c.end(p, "cancelled", p.actor)
	case way == 3 && p.escrow != 0:
		c.claim(p, c.b.cat)
	case way == 7 && p.action == "charge" && p.target == 0:
		c.claim(p, c.b.ann)
	case way < 2 && p.target != 0:
		c.approve(p)
	case way == 2:
		c.end(p, "cancelled", p.actor)
	case way == 3 && p.target != 0:
		c.end(p, "cancelled", p.target)
	case way == 4:
		c.end(p, "failed", 0)
	case way < 7 && p.action == "charge":
		c.remind(p)
	}
}

// A server that goes on writing makes no findings.
func TestBesideWriter(t *testing.T) {
	onBoth(t, func(t *testing.T, n network) {
		database, c := emptied(t, n)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for i := int64(1); ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				c.more()
				if i%5 == 0 {
					c.user(fmt.Sprint("user", i))
					c.entry("issue", c.b.ann, 300)
					c.entry("issue", c.b.ben, 300)
				}
				if i == 10 {
					c.release(c.b.open, c.b.cat, c.b.ann, 55, cause{"treasury", c.b.issue})
				}
				c.commit()
			}
		}()
		for range 4 {
			if r := run(t, audit.Options{Database: database}.WithChunk(20)); !r.OK() {
				t.Error(print(r))
			}
		}
		close(stop)
		<-stopped
		if r := run(t, audit.Options{Database: database}); !r.OK() {
			t.Error(print(r))
		}
	})
}

// Changes between any two tables make no findings, and do not hide any.
func TestBetweenTables(t *testing.T) {
	onBoth(t, func(t *testing.T, n network) {
		database, c := emptied(t, n)
		for range 30 {
			c.more()
		}
		back := c.send(c.b.ann, "user@example.org", 3)
		c.commit()
		walked := map[string]int{}
		o := audit.Options{Database: database}.WithChunk(20).Before(func(table string) {
			walked[table]++
			if table == "postings" && walked[table] == 1 { // after the counters, before the payments
				c.end(back, "cancelled", c.b.ann)
			}
			c.more()
		})
		if r := run(t, o); !r.OK() {
			t.Error(print(r))
		}
		if _, err := c.db.Exec(fmt.Sprintf("delete from parties where payment = %d and person = %d; update spent set minor = minor + 1 where hour = %d and account = %d",
			c.b.pay, c.b.ann, start/hour, c.b.ann)); err != nil {
			t.Fatal(err)
		}
		r := run(t, o)
		for _, id := range []string{"parties", "spent"} {
			if found := check(t, r, id).Findings; len(found) != 1 {
				t.Errorf("%s: %q", id, found)
			}
		}
		if walked["spent"] < 4 || walked["parties"] != 3 {
			t.Errorf("what was read how often: %v", walked)
		}
	})
}

// A counter that is lowered before each look at it is right at any moment.
func TestCounterThatFalls(t *testing.T) {
	onBoth(t, func(t *testing.T, n network) {
		database, c := emptied(t, n)
		for range 40 {
			c.open = append(c.open, c.send(c.b.ann, "user@example.org", 3))
		}
		c.commit()
		c.now += 2 * hour
		c.commit()
		looks := 0
		r := run(t, audit.Options{Database: database}.Before(func(table string) {
			if table == "spent" || table == "payments" {
				looks++
				c.end(c.open[looks], "cancelled", c.b.ann)
				c.commit()
			}
		}))
		if !r.OK() || looks != 4 {
			t.Errorf("after %d looks:\n%s", looks, print(r))
		}
	})
}
