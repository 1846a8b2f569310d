package audit_test

import "fmt"

// asked is the row of a payment handle as the scribe last wrote it.
type asked struct {
	id, merchant, multi, payer, minor, hold, counted, operation int64
	changed, version                                            int64
	kind, consumer, status, fault                               string
	until                                                       int64 // its deadline
}

func (h *asked) cause() cause { return cause{"handle", h.id} }

// done is the row of an operation as the scribe last wrote it.
type done struct {
	id, merchant, handle, parent, payer, minor, fee, auto     int64
	settleable, refundable, hold, deadline, transfer, counted int64
	changed, version                                          int64
	kind, status, fault                                       string
	of                                                        *asked
}

func (o *done) cause() cause { return cause{"operation", o.id} }

const life = 7 * 24 * hour

// shop writes a merchant with everything that one has.
func (s *scribe) shop(name string, lasts int64) int64 {
	id := s.id()
	s.add(insert("merchants", "id,book,name,fee_fixed,fee_basis,accepts,life,created,closed"), id, 1, name, 5, 100, 1, lasts, s.now, 0)
	s.account(id, "merchant", 0)
	s.add(insert("logos", "merchant,type,data"), id, "image/png", "iVBORw0KGgo=")
	for _, kind := range []string{"private", "public"} {
		s.add(insert("api_keys", "username,merchant,book,kind,hash,created,expires,revoked"),
			fmt.Sprint(kind, "-", id), id, 1, kind, hashOf(fmt.Sprint(kind, id)), s.now, 0, 0)
	}
	s.entry("issue", id, 20_000)
	return id
}

// agree makes somebody a consumer of a merchant, with a mandate.
func (s *scribe) agree(merchant, person, number int64) (mandate int64) {
	mandate = s.id()
	name := fmt.Sprint("consumer ", person)
	s.add(insert("consumers", "book,merchant,person,number,email,since,linked"), 1, merchant, person, number, "c@example.org", s.now, 0)
	s.add(insert("mandates", "book,merchant,consumer,id,person,since,revoked,ends,cap_payment,cap_month,month,spent,used,version"),
		1, merchant, name, mandate, person, s.now, 0, 0, -1, 5, 0, 0, 0, 1)
	s.tellMandate("given", mandate, merchant, 1)
	return mandate
}

func (s *scribe) tellMandate(what string, mandate, merchant, seq int64) {
	s.event("mandate."+what, mandate, seq, fmt.Sprintf(`,"merchant":"%d","consumer":"c","person":"5","revoked":"0"`, merchant))
}

func (s *scribe) changeMandate(what string, mandate, merchant, seq int64, columns string) {
	s.add("update mandates set version = $1, "+columns+" where id = $2", seq, mandate)
	s.tellMandate(what, mandate, merchant, seq)
}

// ask writes a new payment handle.
func (s *scribe) ask(merchant, minor int64, kind string) *asked {
	h := &asked{id: s.id(), merchant: merchant, minor: minor, kind: kind, consumer: "c", status: "INITIATED"}
	h.until = epoch + h.id>>10 + hour/4
	s.step(h, "INITIATED")
	s.once(merchant, fmt.Sprint("asked", h.id), fmt.Sprintf(`{"id":"%s","merchantRefNum":"r%d","status":"%s"}`, uuid(h.id), h.id, h.status))
	return h
}

// step brings a handle to a state.
func (s *scribe) step(h *asked, status string) {
	h.status, h.changed = status, s.now
	h.version++
	if status == "FAILED" {
		h.fault = "declined"
	}
	s.putHandle(h)
	news := map[string]string{"INITIATED": "initiated", "PROCESSING": "processing", "PAYABLE": "payable", "COMPLETED": "completed", "FAILED": "failed", "EXPIRED": "expired"}
	s.event("handle."+news[status], h.id, h.version, fmt.Sprintf(`,"merchant":"%d","status":"%s","payer":"%d","minor":%d`, h.merchant, status, h.payer, h.minor))
}

func (s *scribe) putHandle(h *asked) {
	waits := 0
	if open := h.status == "INITIATED" || h.status == "PROCESSING" || h.status == "PAYABLE"; open && h.multi == 0 && h.hold == 0 {
		waits = 1
	}
	s.add("delete from handles where book = 1 and merchant = $1 and id = $2", h.merchant, h.id)
	s.add(insert("handles", "book,merchant,id,type,ref,token,multi,consumer,payer,minor,status,fault,processor,hold,counted,link,simulator,details,operation,changed,waits,version"),
		1, h.merchant, h.id, h.kind, fmt.Sprint("r", h.id), fmt.Sprintf("PH%014x", h.id), h.multi, h.consumer, h.payer, h.minor, h.status, h.fault, "",
		h.hold, h.counted, fmt.Sprintf("link%022x", h.id), "EXTERNAL", `{"customerIp":"::1"}`, h.operation, h.changed, waits, h.version)
}

// agreeTo makes a handle payable; its money is held.
func (s *scribe) agreeTo(h *asked, payer int64) {
	s.step(h, "PROCESSING")
	h.payer = payer
	switch h.kind {
	case "PAYMENT":
		h.hold = s.holdUntil(payer, h.merchant, h.minor, h.until, h.cause())
		h.counted = s.now / hour
		s.count(payer, h.counted, h.minor)
	case "STANDALONE_CREDIT":
		h.hold = s.holdUntil(h.merchant, payer, h.minor, h.until, h.cause())
	}
	s.step(h, "PAYABLE")
}

// giveUp ends a handle that was not used.
func (s *scribe) giveUp(h *asked, status string) {
	if h.hold != 0 {
		from, to := h.payer, h.merchant
		if h.kind == "STANDALONE_CREDIT" {
			from, to = to, from
		}
		s.release(h.hold, from, to, h.minor, h.cause())
	}
	if h.counted != 0 {
		s.count(h.payer, h.counted, -h.minor)
	}
	s.step(h, status)
}

func (s *scribe) holdUntil(from, to, minor, deadline int64, c cause) int64 {
	id := s.hold(from, to, minor, c)
	s.add("update holds set deadline = $1 where book = 1 and id = $2", deadline, id)
	return id
}

func (s *scribe) capture(hold, from, to, held, minor int64, c cause) int64 {
	transfer := s.transfer("capture", from, to, minor, minor, -held, hold, c)
	s.add("update holds set state = 'captured', captured = $1, resolved = $2 where book = 1 and id = $3", minor, transfer, hold)
	return transfer
}

// operation begins an operation on a handle.
func (s *scribe) operation(kind string, h *asked, parent *done, minor int64) *done {
	o := &done{id: s.id(), kind: kind, merchant: h.merchant, handle: h.id, payer: h.payer, minor: minor, status: "COMPLETED", version: 1, changed: s.now, of: h}
	if parent != nil {
		o.parent = parent.id
	}
	return o
}

func (s *scribe) putOperation(o *done) {
	s.add("delete from operations where book = 1 and merchant = $1 and kind = $2 and id = $3", o.merchant, o.kind, o.id)
	s.add(insert("operations", "book,merchant,kind,id,ref,handle,parent,payer,minor,fee,auto,settleable,refundable,hold,deadline,transfer,counted,status,fault,processor,details,changed,version"),
		1, o.merchant, o.kind, o.id, fmt.Sprint("r", o.id), o.handle, o.parent, o.payer, o.minor, o.fee, o.auto, o.settleable, o.refundable, o.hold, o.deadline,
		o.transfer, o.counted, o.status, o.fault, "", `{}`, o.changed, o.version)
}

func (s *scribe) tellOperation(o *done, what string) {
	s.event(o.kind+"."+what, o.id, o.version, fmt.Sprintf(`,"merchant":"%d","kind":"%s","status":"%s","payer":"%d","minor":%d,"settleable":%d,"refundable":%d`,
		o.merchant, o.kind, o.status, o.payer, o.minor, o.settleable, o.refundable))
}

// did writes a new operation, which tells that it is completed or failed.
func (s *scribe) did(o *done, what string) {
	s.putOperation(o)
	s.tellOperation(o, what)
	if o.kind != "settlement" || o.parent != o.id {
		s.once(o.merchant, fmt.Sprint("did", o.id), fmt.Sprintf(`{"id":"%s","merchantRefNum":"r%d","status":"%s"}`, uuid(o.id), o.id, o.status))
	}
}

// sell takes a handle's money now.
func (s *scribe) sell(h *asked) (sale, settled *done) {
	sale = s.operation("sale", h, nil, h.minor)
	sale.auto, sale.refundable, sale.counted = 1, h.minor, h.counted
	settled = s.operation("settlement", h, nil, h.minor)
	settled.id, settled.parent, settled.refundable, settled.fee = sale.id, sale.id, h.minor, 5+h.minor/100
	settled.transfer = s.capture(h.hold, h.payer, h.merchant, h.minor, h.minor, h.cause())
	h.operation = sale.id
	s.step(h, "COMPLETED")
	s.transfer("move", h.merchant, 2, settled.fee, settled.fee, 0, 0, settled.cause())
	s.link(h)
	s.did(sale, "completed")
	s.did(settled, "completed")
	return sale, settled
}

// link notes that somebody has paid a merchant.
func (s *scribe) link(h *asked) {
	s.add("update consumers set linked = $1 where merchant = $2 and person = $3 and linked = 0", s.now, h.merchant, h.payer)
}

// reserve keeps a handle's money, to be settled later.
func (s *scribe) reserve(h *asked, lasts int64) *done {
	sale := s.operation("sale", h, nil, h.minor)
	sale.settleable, sale.counted, sale.deadline = h.minor, h.counted, s.now+lasts
	s.release(h.hold, h.payer, h.merchant, h.minor, h.cause())
	sale.hold = s.holdUntil(h.payer, h.merchant, h.minor, sale.deadline, sale.cause())
	h.operation = sale.id
	s.step(h, "COMPLETED")
	s.did(sale, "completed")
	return sale
}

// settleOf settles a part of a sale and keeps the rest.
func (s *scribe) settleOf(sale *done, minor int64) *done {
	o := s.operation("settlement", sale.of, sale, minor)
	o.refundable, o.fee = minor, 5
	o.transfer = s.capture(sale.hold, sale.payer, sale.merchant, sale.settleable, minor, sale.cause())
	s.transfer("move", sale.merchant, 2, o.fee, o.fee, 0, 0, o.cause())
	sale.settleable, sale.refundable, sale.hold = sale.settleable-minor, sale.refundable+minor, 0
	if sale.settleable > 0 {
		sale.hold = s.holdUntil(sale.payer, sale.merchant, sale.settleable, sale.deadline, sale.cause())
	}
	s.link(sale.of)
	s.putOperation(sale)
	s.did(o, "completed")
	return o
}

// takeOff lowers the counter that a sale counts in, if it is soon enough.
func (s *scribe) takeOff(sale *done, minor int64) (counted int64) {
	if s.now/hour-sale.counted > 167 {
		return 0
	}
	s.count(sale.payer, sale.counted, -minor)
	return sale.counted
}

// voidOf gives a part of a sale back and keeps the rest.
func (s *scribe) voidOf(sale *done, minor int64) *done {
	o := s.operation("void", sale.of, sale, minor)
	s.release(sale.hold, sale.payer, sale.merchant, sale.settleable, sale.cause())
	o.counted = s.takeOff(sale, minor)
	sale.settleable, sale.hold = sale.settleable-minor, 0
	if sale.settleable > 0 {
		sale.hold = s.holdUntil(sale.payer, sale.merchant, sale.settleable, sale.deadline, sale.cause())
	}
	s.putOperation(sale)
	s.did(o, "completed")
	return o
}

// lapse gives back what of a sale was not settled.
func (s *scribe) lapse(sale *done, status, what string) {
	s.release(sale.hold, sale.payer, sale.merchant, sale.settleable, sale.cause())
	s.takeOff(sale, sale.settleable)
	sale.settleable, sale.hold, sale.status, sale.changed = 0, 0, status, s.now
	sale.version++
	s.putOperation(sale)
	s.tellOperation(sale, what)
}

func (s *scribe) refundOf(sale, settled *done, minor int64) *done {
	o := s.operation("refund", settled.of, settled, minor)
	o.transfer = s.transfer("move", o.merchant, o.payer, minor, minor, 0, 0, o.cause())
	o.counted = s.takeOff(sale, minor)
	sale.refundable -= minor
	settled.refundable -= minor
	s.putOperation(sale)
	s.putOperation(settled)
	s.did(o, "completed")
	return o
}

// uuid is how the hub's protocol writes an identifier; the middle is a checksum.
func uuid(id int64) string {
	digits := fmt.Sprintf("%016x", id)
	return fmt.Sprintf("%s-%s-8123-8456-789abcde%s", digits[:8], digits[8:12], digits[12:])
}

// fails writes an operation that has failed.
func (s *scribe) fails(kind string, h *asked, parent *done, minor int64) *done {
	o := s.operation(kind, h, parent, minor)
	o.status, o.fault = "FAILED", "declined"
	s.did(o, "failed")
	return o
}

// use completes a handle that is for no sale.
func (s *scribe) use(h *asked, kind string) *done {
	o := s.operation(kind, h, nil, h.minor)
	if kind == "credit" {
		o.transfer = s.capture(h.hold, h.merchant, h.payer, h.minor, h.minor, h.cause())
	}
	h.operation = o.id
	s.step(h, "COMPLETED")
	s.did(o, "completed")
	return o
}

// shops are the identifiers of what merchants have done.
type shops struct {
	shop, stall, fran, gina                                         int64
	initiated, processing, payable, declined, refused, unpaid       int64
	over, overPaid, paidOut, overCredit, checked, multi, waiting    int64
	sold, part, partSettled, reserved, expired, kept, taken, failed int64
	multiSold, refund, lateRefund, refundFailed, voided, credit     int64
	mandate, revoked, customer, leftCustomer                        int64
	soldBy, partBy, payableHold, partHold                           int64 // handles and holds of the above
}

func (b *sample) trade(s *scribe) {
	v := &b.shops
	v.fran, v.gina = s.user("fran"), s.user("gina")
	s.entry("issue", v.fran, 90_000)
	s.entry("issue", v.gina, 90_000)
	v.shop, v.stall = s.shop("Shop", life), s.shop("Stall", 2*life)
	v.mandate, v.revoked = s.agree(v.shop, v.fran, 123456789), s.agree(v.stall, v.gina, 123456789)
	s.agree(v.stall, v.fran, 987654321)
	s.agree(v.shop, v.gina, 987654321)
	s.commit()
	s.changeMandate("changed", v.mandate, v.shop, 2, "cap_month = 900")
	s.changeMandate("revoked", v.revoked, v.stall, 2, fmt.Sprint("revoked = ", s.now))
	s.commit()
	s.changeMandate("revoked", v.mandate, v.shop, 3, fmt.Sprint("revoked = ", s.now))
	s.commit()
	s.changeMandate("given", v.mandate, v.shop, 4, fmt.Sprintf("revoked = 0, since = %d, used = %d, month = 673, spent = 50", s.now, s.now))
	s.commit()
	b.sales(s, v)
	b.askings(s, v)
	v.customer, v.leftCustomer = s.id(), s.id()
	const customers = "book,merchant,id,ref,token,document,changed,deleted"
	s.add(insert("customers", customers), 1, v.shop, v.customer, "me", "P12345678901234", `{"firstName":"F"}`, s.now, 0)
	s.add(insert("customers", customers), 1, v.shop, v.leftCustomer, "me", "P12345678901235", "", s.now, s.now)
	s.once(v.shop, "customer", fmt.Sprintf(`{"id":"%s","merchantCustomerId":"me"}`, uuid(v.customer)))
	s.once(v.shop, "address", `{"id":"77","zip":"1"}`)
	s.add(insert("cursors", "book,name,at"), 1, "notices", s.id())
	s.add(insert("cursors", "book,name,at"), 1, "never", 0)
	s.commit()
}

// sales writes sales in every state.
func (b *sample) sales(s *scribe, v *shops) {
	ask := func(merchant, payer, minor int64) *asked {
		h := s.ask(merchant, minor, "PAYMENT")
		s.agreeTo(h, payer)
		return h
	}
	sold, part := ask(v.shop, v.fran, 1000), ask(v.shop, v.gina, 2000)
	reserved, expired, kept, taken := ask(v.shop, v.fran, 300), ask(v.stall, v.fran, 400), ask(v.stall, v.gina, 500), ask(v.shop, v.fran, 60)
	failed := ask(v.shop, v.fran, 70)
	multi := s.ask(v.shop, 0, "PAYMENT")
	multi.multi, multi.payer = 1, v.fran
	s.step(multi, "PROCESSING")
	s.step(multi, "PAYABLE")
	s.commit()
	s.now += 2 * second
	sale, settled := s.sell(sold)
	partly := s.reserve(part, life)
	open, ended, late, cancelled := s.reserve(reserved, 60*24*hour), s.reserve(expired, 2*hour), s.reserve(kept, 2*life), s.reserve(taken, life)
	v.failed = s.fails("sale", failed, nil, 70).id
	failed.operation = v.failed
	s.giveUp(failed, "FAILED")
	s.fails("settlement", failed, &done{id: v.failed}, 70)
	once := ask(v.shop, v.fran, 80) // made from multi
	again, _ := s.sell(once)
	gone := s.ask(v.shop, 0, "PAYMENT")
	gone.multi, gone.payer = 1, v.fran
	s.step(gone, "PROCESSING")
	s.step(gone, "PAYABLE")
	s.step(gone, "EXPIRED") // deleted
	s.commit()
	s.now += hour
	v.refund = s.refundOf(sale, settled, 100).id
	first := s.settleOf(partly, 700)
	s.settleOf(partly, 300)
	v.voided = s.voidOf(partly, 200).id
	s.fails("void", part, partly, 100_000)
	s.fails("settlement", sold, sale, 1)
	s.settleOf(ended, 150)
	s.settleOf(late, 120)
	s.lapse(cancelled, "CANCELLED", "cancelled")
	s.once(v.shop, "cancel", fmt.Sprintf(`{"id":"%s","merchantRefNum":"x","status":"CANCELLED"}`, uuid(cancelled.id)))
	s.commit()
	s.now += hour
	s.lapse(ended, "COMPLETED", "expired")
	s.refundOf(partly, first, 50)
	s.commit()
	s.now += 8 * 24 * hour
	v.lateRefund = s.refundOf(sale, settled, 30).id
	v.refundFailed = s.fails("refund", sold, settled, 40).id
	s.lapse(partly, "COMPLETED", "expired")
	s.now += 7 * 24 * hour
	s.lapse(late, "COMPLETED", "expired")
	s.commit()
	v.sold, v.part, v.partSettled, v.reserved, v.expired = sale.id, partly.id, first.id, open.id, ended.id
	v.kept, v.taken, v.multi, v.multiSold = late.id, cancelled.id, multi.id, again.id
	v.soldBy, v.partBy, v.partHold = sold.id, part.id, open.hold
}

// askings writes payment handles in every state.
func (b *sample) askings(s *scribe, v *shops) {
	refused, unpaid, over, overPaid := s.ask(v.shop, 10, "PAYMENT"), s.ask(v.shop, 11, "PAYMENT"), s.ask(v.shop, 12, "PAYMENT"), s.ask(v.stall, 13, "PAYMENT")
	paidOut, overCredit := s.ask(v.shop, 14, "STANDALONE_CREDIT"), s.ask(v.shop, 15, "STANDALONE_CREDIT")
	checked, waiting := s.ask(v.shop, 0, "VERIFICATION"), s.ask(v.shop, 0, "VERIFICATION")
	declined := &asked{id: s.id(), merchant: v.shop, minor: 300_000, kind: "PAYMENT", consumer: "c"}
	s.step(declined, "FAILED")
	s.step(refused, "PROCESSING")
	s.agreeTo(unpaid, v.fran)
	s.agreeTo(overPaid, v.gina)
	s.agreeTo(paidOut, v.fran)
	s.agreeTo(overCredit, v.fran)
	s.agreeTo(checked, v.fran)
	s.commit()
	s.step(refused, "FAILED")
	s.giveUp(unpaid, "FAILED")
	v.credit = s.use(paidOut, "credit").id
	s.use(checked, "verification")
	s.commit()
	s.now += hour
	s.giveUp(over, "EXPIRED")
	s.giveUp(overPaid, "EXPIRED")
	s.giveUp(overCredit, "EXPIRED")
	s.giveUp(waiting, "EXPIRED")
	s.commit()
	initiated, processing, payable := s.ask(v.shop, 16, "PAYMENT"), s.ask(v.stall, 17, "PAYMENT"), s.ask(v.shop, 18, "PAYMENT")
	s.step(processing, "PROCESSING")
	s.agreeTo(payable, v.fran)
	s.commit()
	v.initiated, v.processing, v.payable, v.payableHold = initiated.id, processing.id, payable.id, payable.hold
	v.declined, v.refused, v.unpaid, v.over, v.overPaid = declined.id, refused.id, unpaid.id, over.id, overPaid.id
	v.paidOut, v.overCredit, v.checked, v.waiting = paidOut.id, overCredit.id, checked.id, waiting.id
}
