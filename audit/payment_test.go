package audit_test

import (
	"cmp"
	"fmt"
	"slices"
)

// paid is the row of a payment as the scribe last wrote it.
type paid struct {
	id, actor, target, minor, fee          int64
	action, status, kind, address          string
	audience                               string // private if empty
	completed, deadline, reminded, version int64
	transfer, escrow, refund, counted      int64
}

func (p *paid) cause() cause { return cause{"payment", p.id} }

func (p *paid) payer() int64 {
	if p.action == "charge" {
		return p.target
	}
	return p.actor
}

func (p *paid) payee() int64 {
	if p.action == "charge" {
		return p.actor
	}
	return p.target
}

func (p *paid) seenBy() string { return cmp.Or(p.audience, "private") }

// put writes the row as it is now, and those of its parties.
func (s *scribe) put(p *paid) {
	s.add("delete from payments where book = 1 and id = $1", p.id)
	s.add(insert("payments", "book,id,actor,target,minor,note,audience,medium,app,status,completed,transfer,version,"+
		"action,address_kind,address,fee,deadline,escrow,refund,reminded,counted"),
		1, p.id, p.actor, p.target, p.minor, "note", p.seenBy(), "api", 0, p.status, p.completed, p.transfer, p.version,
		p.action, p.kind, p.address, p.fee, p.deadline, p.escrow, p.refund, p.reminded, p.counted)
	kind := int64(slices.Index([]string{"pending", "settled", "failed", "expired", "cancelled"}, p.status)) * 4
	if p.action == "charge" {
		kind += 2
	}
	for i, person := range []int64{p.actor, p.target} {
		if person != 0 {
			s.add("delete from parties where book = 1 and person = $1 and kind in ($2, $3) and payment = $4", person, kind%4+int64(i), kind+int64(i), p.id)
			s.add(insert("parties", "book,person,kind,payment"), 1, person, kind+int64(i), p.id)
		}
	}
}

// made writes what there is about every new payment.
func (s *scribe) made(p *paid) {
	p.version = 1
	s.put(p)
	s.tell("payment.created", p)
	s.once(p.actor, fmt.Sprint("made", p.id), fmt.Sprintf(`{"data":{"balance":"1.00","payment":{"id":"%d","status":"%s"}}}`, p.id, p.status))
}

func (s *scribe) tell(news string, p *paid) {
	s.event(news, p.id, p.version, fmt.Sprintf(`,"status":"%s","audience":"%s"`, p.status, p.seenBy()))
}

// changed writes what there is about every change of a payment. by is who asked
// for it, 0 if nobody did.
func (s *scribe) changed(news string, p *paid, by int64) {
	p.version++
	s.put(p)
	s.tell(news, p)
	if by != 0 {
		s.once(by, fmt.Sprint("changed", p.id, p.version), fmt.Sprintf(`{"data":{"id":"%d","status":"%s"}}`, p.id, p.status))
	}
}

// count adds to a counter.
func (s *scribe) count(account, hour, minor int64) {
	s.add("delete from spent where book = 1 and account = $1 and hour = $2", account, hour)
	s.spent[[2]int64{account, hour}] += minor
	s.add(insert("spent", "book,account,hour,minor"), 1, account, hour, s.spent[[2]int64{account, hour}])
	s.add(`insert into spent (book, account, hour, minor) select 1, id, spent_hour, spent from accounts
		where book = 1 and id = $1 and spent_hour < $2 and spent > 0
		on conflict (book, account, hour) do update set minor = spent.minor + excluded.minor`, account, hour)
	s.add("update accounts set spent_hour = $2, spent = 0 where book = 1 and id = $1 and spent_hour < $2", account, hour)
	s.add(`update accounts set spent_before = (select cast(sum(minor) as bigint) from spent where account = $1 and hour >= spent_hour - 167)
		where book = 1 and id = $1`, account)
}

// carry puts the counter of an hour, in which an account paid last, into the
// account; what is counted later comes on top.
func (s *scribe) carry(account, hour int64) {
	delete(s.spent, [2]int64{account, hour})
	const row = "(select minor from spent where account = $1 and hour = spent_hour)"
	s.add("update accounts set spent = "+row+", spent_before = spent_before - "+row+" where book = 1 and id = $1", account)
	s.add("delete from spent where account = $1 and hour = (select spent_hour from accounts where id = $1)", account)
}

// settle moves a payment's money from the payer to the payee.
func (s *scribe) settle(p *paid) {
	p.transfer = s.transfer("move", p.payer(), p.payee(), p.minor, p.minor, 0, 0, p.cause())
	if p.fee > 0 {
		s.transfer("move", p.payer(), 2, p.fee, p.fee, 0, 0, p.cause())
	}
	p.status, p.counted = "settled", s.now/hour
	s.count(p.payer(), p.counted, p.minor)
}

// pay writes a payment, settled by a move or by the capture of a hold of more.
func (s *scribe) pay(from, to, minor int64, captured bool) (payment, hold int64) {
	p := &paid{id: s.id(), action: "pay", actor: from, target: to, minor: minor}
	p.completed = epoch + p.id>>10
	if captured {
		hold = s.hold(from, to, minor+5, p.cause())
		p.transfer = s.transfer("capture", from, to, minor, minor, -minor-5, hold, p.cause())
		s.add("update holds set state = 'captured', captured = $1, resolved = $2 where book = 1 and id = $3", minor, p.transfer, hold)
		p.status, p.counted = "settled", s.now/hour
		s.count(from, p.counted, minor)
	} else {
		p.fee = minor / 100
		s.settle(p)
	}
	s.made(p)
	s.acked = append(s.acked, fmt.Sprint(p.id))
	return p.id, hold
}

// charge asks the target for money, or whoever an address belongs to.
func (s *scribe) charge(actor, target, minor int64, address string) *paid {
	return s.chargeTo("private", actor, target, minor, address)
}

func (s *scribe) chargeTo(audience string, actor, target, minor int64, address string) *paid {
	p := &paid{id: s.id(), action: "charge", status: "pending", actor: actor, target: target, minor: minor, deadline: s.now + 30*24*hour}
	p.audience = audience
	s.name(p, address)
	s.made(p)
	return p
}

// trusted charges somebody who has agreed to pay at once.
func (s *scribe) trusted(actor, target, minor int64) *paid {
	p := &paid{id: s.id(), action: "charge", actor: actor, target: target, minor: minor, fee: 1, audience: "friends"}
	p.completed = epoch + p.id>>10
	s.settle(p)
	s.made(p)
	return p
}

func (s *scribe) remind(p *paid) {
	p.reminded = s.now
	s.changed("payment.reminded", p, p.actor)
}

// narrow lets fewer people see a payment.
func (s *scribe) narrow(p *paid, audience string, by int64) {
	p.audience = audience
	s.changed("payment.narrowed", p, by)
}

func (s *scribe) approve(p *paid) {
	p.fee, p.completed = p.minor/50, s.now
	s.settle(p)
	s.changed("payment.updated", p, p.target)
}

// end ends what is pending without a payment: it was cancelled, or expired if
// nobody asked for it, or failed.
func (s *scribe) end(p *paid, status string, by int64) {
	p.status, p.completed = status, s.now
	if p.escrow != 0 {
		p.refund = s.transfer("move", 3, p.actor, p.minor+p.fee, p.minor+p.fee, 0, 0, p.cause())
		if s.now/hour-p.counted <= 167 {
			s.count(p.actor, p.counted, -p.minor)
			p.counted = 0
		}
	}
	s.changed("payment.updated", p, by)
}

// send pays to an address that nobody owns.
func (s *scribe) send(from int64, address string, minor int64) *paid {
	return s.sendTo("private", from, address, minor)
}

func (s *scribe) sendTo(audience string, from int64, address string, minor int64) *paid {
	p := &paid{id: s.id(), action: "pay", status: "pending", actor: from, minor: minor, fee: minor / 100, deadline: s.now + 7*24*hour}
	p.audience = audience
	p.escrow = s.transfer("move", from, 3, minor+p.fee, minor+p.fee, 0, 0, p.cause())
	p.counted = s.now / hour
	s.count(from, p.counted, minor)
	s.name(p, address)
	s.made(p)
	return p
}

// claim gives what is in escrow to who turns out to own the address, or asks them
// for what was charged.
func (s *scribe) claim(p *paid, owner int64) {
	s.own(p.kind, p.address, owner)
	if p.target = owner; p.action == "charge" {
		s.changed("payment.updated", p, 0)
		return
	}
	p.transfer = s.transfer("move", 3, owner, p.minor, p.minor, 0, 0, p.cause())
	if p.fee > 0 {
		s.transfer("move", 3, 2, p.fee, p.fee, 0, 0, p.cause())
	}
	p.status, p.completed = "settled", s.now
	s.changed("payment.updated", p, 0)
}

// name writes down the address of a payment, if it has one.
func (s *scribe) name(p *paid, address string) {
	if address == "" {
		return
	}
	p.kind, p.address = "email", address
	if address[0] >= '0' && address[0] <= '9' {
		p.kind = "phone"
	}
	const unless = " on conflict do nothing"
	s.add(insert("addresses", "kind,address,owner,since")+unless, p.kind, address, 0, s.now)
	s.add(insert("introductions", "book,person,kind,address,at")+unless, 1, p.actor, p.kind, address, s.now)
}
