package audit_test

import "fmt"

// sold is the row of an order as the scribe last wrote it.
type sold struct {
	number, merchant, minor, fee, onTop, made, deadline int64
	payer, transfer, counted, changed, version          int64
	source, key, customer, status                       string
}

func (o *sold) cause() cause { return cause{"order", o.number} }

// tills are the identifiers of what has to do with orders.
type tills struct {
	corner                                             int64 // a merchant whose customers bear the fee
	pending, paid, onTop, late, off, free, dull        int64
	byLink, byTill, paidTransfer, openLink, closedLink int64
}

// names are the names that corruptions have for the identifiers.
func (v *tills) names() (pairs []string) {
	for name, id := range map[string]int64{
		"corner": v.corner, "order pending": v.pending, "order paid": v.paid, "order on top": v.onTop, "order late": v.late, "order off": v.off,
		"order free": v.free, "order dull": v.dull, "order by link": v.byLink, "order by till": v.byTill, "order transfer": v.paidTransfer,
		"open link": v.openLink, "closed link": v.closedLink,
	} {
		pairs = append(pairs, "{"+name+"}", fmt.Sprint(id))
	}
	return pairs
}

// keyForOrders is the username of a merchant's key for orders.
func keyForOrders(merchant int64) string { return fmt.Sprint("order-", merchant) }

// sellOrders lets a merchant make orders.
func (s *scribe) sellOrders(merchant int64) {
	s.add(insert("api_keys", "username,merchant,book,kind,hash,secret,created,expires,revoked"),
		keyForOrders(merchant), merchant, 1, "order", hashOf(keyForOrders(merchant)), "v1."+hashOf("sealed"), s.now, 0, 0)
	s.add(`update merchants set hook = 'https://shop.example/paid', hook_tried = $1, origins = $2, email = 'shop@example.org' where id = $3`,
		s.now, "https://shop.example\nhttp://shop.example:8080", merchant)
}

// order writes a new order.
func (s *scribe) order(merchant int64, source string, minor, fee, onTop int64) *sold {
	s.orders++
	o := &sold{
		number: s.orders, merchant: merchant, minor: minor, fee: fee, onTop: onTop,
		made: s.now, deadline: s.now + hour, source: source,
	}
	if source == "api" {
		o.key, o.customer = keyForOrders(merchant), "c@example.org"
		s.once(merchant, fmt.Sprint("ordered", o.number), fmt.Sprintf(`{"order_url":"https://purse.example/pay/x","order_id":%d,"amount":"1"}`, o.number))
	}
	s.add("update heads set orders = $1 where book = 1", s.orders)
	s.turn(o, "PENDING", "created")
	return o
}

// turn brings an order to a state.
func (s *scribe) turn(o *sold, status, what string) {
	o.status, o.changed = status, s.now
	o.version++
	waits := 0
	if status == "PENDING" {
		waits = 1
	}
	listed := 1
	if o.source == "link" && status != "SUCCESS" {
		listed = 0
	}
	s.add("delete from orders where book = 1 and merchant = $1 and number = $2", o.merchant, o.number)
	s.add(insert("orders", "book,merchant,number,source,key,minor,fee,on_top,customer,product,redirect,link,made,deadline,status,payer,transfer,counted,changed,waits,version,listed"),
		1, o.merchant, o.number, o.source, o.key, o.minor, o.fee, o.onTop, o.customer, "Tea", "https://shop.example/thanks?id=1",
		hashOf(fmt.Sprint("order", o.number)), o.made, o.deadline, o.status, o.payer, o.transfer, o.counted, o.changed, waits, o.version, listed)
	s.event("order."+what, o.number, o.version, fmt.Sprintf(`,"merchant":"%d","status":"%s","payer":"%d","minor":%d`, o.merchant, status, o.payer, o.minor))
}

// payOrder pays an order.
func (s *scribe) payOrder(o *sold, payer int64) {
	o.payer, o.counted = payer, s.now/hour
	o.transfer = s.transfer("move", payer, o.merchant, o.minor, o.minor, 0, 0, o.cause())
	if o.fee > 0 {
		bearer := o.merchant
		if o.onTop == 1 {
			bearer = payer
		}
		s.transfer("move", bearer, 2, o.fee, o.fee, 0, 0, o.cause())
	}
	s.count(payer, o.counted, o.minor)
	s.turn(o, "SUCCESS", "paid")
}

// offer writes a payment link.
func (s *scribe) offer(merchant, minor, closed int64) int64 {
	id := s.id()
	s.add(insert("payment_links", "book,merchant,id,link,minor,product,made,closed"), 1, merchant, id, hashOf(fmt.Sprint("link", id)), minor, "Tea", s.now, closed)
	return id
}

func (s *scribe) hire(merchant, person int64) {
	s.add(insert("members", "merchant,person,since"), merchant, person, s.now)
}

// till writes orders in every state, and what they are sold with.
func (b *sample) till(s *scribe) {
	v := &b.tills
	v.corner = s.shop("Corner", life)
	s.add("update merchants set payer_fee = 1, order_life = 86400000000 where id = $1", v.corner)
	s.sellOrders(b.shop)
	s.sellOrders(v.corner)
	s.hire(v.corner, b.ann)
	s.hire(v.corner, b.ben)
	s.hire(b.shop, b.ann)
	s.commit()
	v.openLink, v.closedLink = s.offer(v.corner, 0, 0), s.offer(b.shop, 500, s.now+second)
	paid, onTop, free := s.order(b.shop, "api", 700, 12, 0), s.order(v.corner, "api", 300, 8, 1), s.order(v.corner, "link", 40, 0, 0)
	late, off, dull := s.order(b.shop, "api", 50, 5, 0), s.order(b.shop, "link", 60, 5, 0), s.order(v.corner, "till", 2, 9, 1)
	byLink, byTill := s.order(v.corner, "link", 80, 6, 1), s.order(b.shop, "till", 90, 90, 0)
	s.commit()
	s.now += second
	s.payOrder(paid, b.fran)
	s.payOrder(onTop, b.fran)
	s.payOrder(free, b.gina)
	s.turn(off, "CANCELLED", "cancelled")
	s.commit()
	s.payOrder(byLink, b.gina)
	s.payOrder(byTill, b.fran)
	s.commit()
	s.now += hour
	s.turn(late, "EXPIRED", "expired")
	s.commit()
	pending := s.order(b.shop, "api", 75, 5, 0)
	s.commit()
	v.pending, v.paid, v.onTop, v.late, v.off, v.free, v.dull = pending.number, paid.number, onTop.number, late.number, off.number, free.number, dull.number
	v.byLink, v.byTill, v.paidTransfer = byLink.number, byTill.number, paid.transfer
}
