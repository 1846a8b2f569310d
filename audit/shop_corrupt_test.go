package audit_test

import "fmt"

// names are the names that corruptions have for the identifiers.
func (v *shops) names() (pairs []string) {
	for name, id := range map[string]int64{
		"shop": v.shop, "stall": v.stall, "fran": v.fran, "gina": v.gina, "customer": v.customer, "left customer": v.leftCustomer,
		"mandate": v.mandate, "revoked mandate": v.revoked,
		"initiated": v.initiated, "processing": v.processing, "payable": v.payable, "declined": v.declined, "refused": v.refused,
		"unpaid": v.unpaid, "over": v.over, "over paid": v.overPaid, "paid out": v.paidOut, "waiting": v.waiting,
		"sold by": v.soldBy, "part by": v.partBy, "payable hold": v.payableHold, "part hold": v.partHold,
		"sold": v.sold, "part sale": v.part, "part settled": v.partSettled, "reserved": v.reserved, "expired": v.expired, "kept sale": v.kept,
		"failed sale": v.failed, "multi sold": v.multiSold, "refund": v.refund, "late refund": v.lateRefund, "refund failed": v.refundFailed,
		"voided": v.voided, "credit": v.credit,
	} {
		pairs = append(pairs, "{"+name+"}", fmt.Sprint(id))
	}
	return append(pairs, "{refund uuid}", uuid(v.refund))
}

// shopCorruptions are those of what merchants and consumers do.
const shopCorruptions = `
orphans; a merchant without a balance; delete from accounts where id = {stall}
orphans; a balance without a merchant; delete from merchants where id = {stall}
orphans; a merchant's balance in another book; update merchants set book = 2 where id = {stall}
orphans; a merchant has a wallet; update accounts set kind = 'wallet' where id = {stall}
states; an unknown kind of balance; update accounts set kind = 'till' where id = {stall}
no-overdraft!; a merchant may; update accounts set may_overdraw = 1 where id = {stall}

merchants; a merchant of another book; update merchants set id = id + 5 where id = {stall}
merchants!; no name; update merchants set name = '' where id = {stall}
merchants!; a fee below zero; update merchants set fee_fixed = -1 where id = {stall}
merchants!; a share below zero; update merchants set fee_basis = -1 where id = {stall}
merchants!; half accepting; update merchants set accepts = 2 where id = {stall}
merchants!; no time to settle; update merchants set life = 0 where id = {stall}
merchants!; created in time to come; update merchants set created = created + 31536000000000 where id = {stall}
merchants!; created at no time; update merchants set created = 0 where id = {stall}
merchants!; closed in time to come; update merchants set closed = created + 31536000000000 where id = {stall}
merchants!; a picture of nobody; update logos set merchant = 5 where merchant = {stall}
merchants!; a picture that is a page; update logos set type = 'text/html' where merchant = {stall}
merchants!; a picture that is not written in base64; update logos set data = '<svg>' where merchant = {stall}
merchants!; no picture; update logos set data = '' where merchant = {stall}
merchants!; a key of nobody; update api_keys set merchant = 5 where merchant = {stall}
merchants!; a key of another book; update api_keys set book = 2 where merchant = {stall}
merchants!; a key without a name; update api_keys set username = '' where merchant = {stall} and kind = 'public'
merchants!; a key of an unknown kind; update api_keys set kind = 'master' where merchant = {stall} and kind = 'public'
merchants!; a key that can be read; update api_keys set hash = 'secret' where merchant = {stall}
merchants!; a key made in time to come; update api_keys set created = created + 31536000000000 where merchant = {stall}
merchants!; a key that expires before time; update api_keys set expires = -1 where merchant = {stall}
merchants!; a key revoked in time to come; update api_keys set revoked = created + 31536000000000 where merchant = {stall}

merchants!; a consumer of nobody; insert into consumers (book, merchant, person, number, email, since, linked) values (1, 5, {fran}, 111111111, '', 1767263400000000, 0)
merchants!; a consumer who is no person; insert into consumers (book, merchant, person, number, email, since, linked) values (1, {shop}, 5, 111111111, '', 1767263400000000, 0)
merchants!; a number of eight digits; update consumers set number = 12345678 where merchant = {shop} and person = {fran}
merchants!; a number of ten digits; update consumers set number = 1234567890 where merchant = {shop} and person = {fran}
merchants!; an e-mail address that is none; update consumers set email = 'C' where merchant = {shop} and person = {fran}
merchants!; a consumer since time to come; update consumers set since = since + 31536000000000 where merchant = {shop} and person = {fran}
merchants; linked in time to come; update consumers set linked = linked + 31536000000000 where merchant = {shop} and person = {fran}
merchants!; linked before they were known; update consumers set linked = 5 where merchant = {shop} and person = {fran}
operations!; settled and not linked; update consumers set linked = 0 where merchant = {shop} and person = {fran}
merchants!; a customer of nobody; update customers set merchant = 5 where id = {left customer}
merchants!; a customer without a reference; update customers set ref = '' where id = {customer}
merchants!; a customer with a token that is none; update customers set token = 'P1' where id = {customer}
merchants!; a customer's document that is none; update customers set document = '[]' where id = {customer}
merchants!; a customer who has lost the document; update customers set document = '' where id = {customer}
merchants!; a customer changed in time to come; update customers set changed = changed + 31536000000000 where id = {customer}
merchants!; a customer changed before they were made; update customers set changed = changed - 31536000000000 where id = {customer}
merchants!; deleted and still there; update customers set document = '{"firstName":"F"}' where id = {left customer}
merchants!; deleted in time to come; update customers set deleted = deleted + 31536000000000 where id = {left customer}
merchants!; deleted before they were there; update customers set deleted = 1 where id = {left customer}
states; a customer of another book; update customers set id = id + 1 where id = {left customer}
merchants!; a reader ahead of the news; update cursors set at = at + 104857600000000000 where name = 'notices'
merchants!; a reader before all news; update cursors set at = -1 where name = 'never'

handles; an unknown type; update handles set type = 'GIFT' where id = {initiated}
handles; an unknown state; update handles set status = 'LOST' where id = {initiated}
handles; of nobody; update handles set merchant = 5 where id = {refused}
handles!; half multiple; update handles set multi = 2 where id = {refused}
handles!; no reference; update handles set ref = '' where id = {initiated}
handles!; no consumer; update handles set consumer = '' where id = {initiated}
handles!; a token that is none; update handles set token = 'a/b' where id = {initiated}
handles!; a link that is none; update handles set link = 'x' where id = {initiated}
handles!; an unknown simulator; update handles set simulator = 'REAL' where id = {initiated}
handles!; details that are none; update handles set details = '[1' where id = {initiated}
handles; for nothing; update handles set minor = 0 where id = {refused}
handles; a verification with an amount; update handles set minor = 5 where id = {waiting}
handles!; failed without a reason; update handles set fault = '' where id = {declined}
handles!; a reason to be payable; update handles set fault = 'funds' where id = {payable}
handles; payable by nobody; update handles set payer = 0 where id = {payable}
handles; payable by no wallet; update handles set payer = {stall} where id = {payable}
handles; payable by a stranger; update handles set payer = {dan} where id = {payable}
handles; the payer is no consumer; delete from consumers where merchant = {shop} and person = {gina}
handles!; does not wait; update handles set waits = 0 where id = {initiated}
handles!; waits with money; update handles set waits = 1 where id = {payable}
handles!; waits when it has ended; update handles set waits = 1 where id = {refused}
handles; used by nothing; update handles set operation = 0 where id = {sold by}
handles; used by another; update handles set operation = {part sale} where id = {sold by}
handles; used by something of another kind; update handles set operation = {credit} where id = {sold by}
handles; used and payable; update handles set operation = {sold} where id = {payable}
handles!; changed before it was made; update handles set changed = changed - 3600000000 where id = {initiated}
handles!; used too late; update handles set changed = changed + 3600000000 where id = {sold by}
handles!; expired too soon; update handles set changed = changed - 3600000000 where id = {over}
handles; nothing is held; update handles set hold = 0, waits = 1 where id = {payable}
handles; nothing was held; update handles set hold = 0 where id = {sold by}
handles; held for another; update handles set hold = {part hold} where id = {payable}
handles; held and refused; update handles set hold = {payable hold}, waits = 0 where id = {refused}
handles; another amount is held; update handles set minor = minor + 1 where id = {payable}
handles; held for longer; update holds set deadline = deadline + 1 where id = {payable hold}
handles; the hold is gone; delete from holds where id = {payable hold}
handles; the hold has ended; update holds set state = 'released', resolved = id + 1024 where id = {payable hold}
handles; failed and the money is held; update handles set status = 'FAILED', fault = 'funds', version = 4 where id = {payable}
handles; expired and the money is held; update handles set status = 'EXPIRED', version = 4, changed = changed + 900000000 where id = {payable}
handles; counted and not paid; update handles set counted = 490000 where id = {refused}
handles; paid and not counted; update handles set counted = 0 where id = {payable}
handles; what was given back was never counted; update handles set counted = 0 where id = {over paid}
handles; counted in another hour; update handles set counted = counted - 1 where id = {payable}
handles; a credit is counted; update handles set counted = 490000 where id = {paid out}
handles; a payable one is a verification; update handles set type = 'VERIFICATION' where id = {payable}
handles!; one for many uses has ended; update handles set multi = 1 where id = {refused}
states; a handle of another book; update handles set id = id + 1 where id = {initiated}
states; a handle's number is none; update handles set id = -5 where id = {initiated}
book-time; a handle to come; update handles set id = id + 104857600000000000 where id = {initiated}
book-time!; changed in time to come; update handles set changed = changed + 31536000000000 where id = {refused}

holds; the money of a handle is still there; update holds set state = 'open', resolved = 0 where cause = {over paid}
causes; held for a handle that is not there; delete from handles where id = {payable}
causes; held for a sale that is not there; delete from operations where id = {reserved}
causes; held for another reason; update holds set cause_kind = 'payment' where id = {payable hold}
causes; held for no reason that is known; update holds set cause_kind = 'whim' where id = {payable hold}
causes; held for an entry of that number; update holds set cause_kind = 'treasury', cause = {issue} + 1024 where id = {payable hold}
causes; a sale's hold is the consumer's; update holds set debit = credit, credit = debit where id = {part hold}
causes; a handle's hold is the consumer's; update holds set debit = credit, credit = debit where id = {payable hold}
causes; held for more than the sale; update holds set minor = minor + 100000 where id = {part hold}
causes!; held for longer than the sale; update holds set deadline = deadline + 1 where cause = {part sale}
states; moved for no reason that is known; update postings set cause_kind = 'whim' where cause = {refund}

operations; an unknown kind; update operations set kind = 'gift' where id = {credit}
operations; an unknown state; update operations set status = 'HELD' where id = {credit}
operations; of nobody; update operations set merchant = 5 where id = {credit}
operations!; no reference; update operations set ref = '' where id = {credit}
operations!; details that are none; update operations set details = '[1' where id = {credit}
operations; for nothing; update operations set minor = 0 where id = {refund}
operations!; failed without a reason; update operations set fault = '' where id = {refund failed}
operations!; a reason to succeed; update operations set fault = 'funds' where id = {credit}
operations; more fee than money; update operations set fee = minor + 1 where id = {part settled}
operations!; a fee of a credit; update operations set fee = 1 where id = {credit}
operations; half automatic; update operations set auto = 2 where id = {part sale}
operations!; an automatic credit; update operations set auto = 1 where id = {credit}
operations!; a void has something left; update operations set settleable = 1 where id = {voided}
operations!; a credit may be refunded; update operations set refundable = 1 where id = {credit}
operations!; a void holds money; update operations set hold = {part hold} where id = {voided}
operations; a settlement moved nothing; update operations set transfer = 0 where id = {part settled}
operations!; a void has moved money; update operations set transfer = id + 1024 where id = {voided}
operations; moved before it was asked for; update operations set transfer = {issue} where id = {credit}
operations!; a credit has a deadline; update operations set deadline = 5 where id = {credit}
operations!; changed before it was made; update operations set changed = changed - 3600000000 where id = {credit}
operations; of a handle that is not there; update operations set handle = 5 where id = {voided}
operations; of another handle; update operations set handle = {part by} where id = {credit}
operations; of another's handle; update operations set payer = {dan} where id = {voided}
operations; of a handle that is not used; update operations set handle = {payable} where id = {voided}
operations; another amount than the handle's; update operations set minor = minor + 1 where id = {sold}
operations; a sale comes from a sale; update operations set parent = {part sale} where id = {reserved}
operations; a void comes from nothing; update operations set parent = 0 where id = {voided}
operations; a void of nothing; update operations set parent = {issue} where id = {voided}
operations; a refund of nothing; update operations set parent = {issue} where id = {refund}
operations; a refund of a sale; update operations set parent = {part sale} where id = {refund}
operations; a settlement of another sale; update operations set parent = {reserved} where id = {part settled}
operations; a settlement of what has failed; update operations set parent = {failed sale} where id = {part settled}
operations; settled after the deadline; update operations set deadline = deadline - 700000000000 where id = {part sale}
operations; a refund is not taken off; update operations set counted = 0 where id = {refund}
operations; a late refund is taken off; update operations set counted = (select counted from operations where id = {sold} and kind = 'sale') where id = {late refund}
operations; taken off another hour; update operations set counted = counted - 1 where id = {refund}
operations!; a failed refund is taken off; update operations set counted = (select counted from operations where id = {sold} and kind = 'sale') where id = {refund failed}
operations; a void is taken off another hour; update operations set counted = counted - 1 where id = {voided}
operations!; a credit is taken off; update operations set counted = 490000 where id = {credit}
operations; a sale is not counted; update operations set counted = 0 where id = {part sale}
operations; a sale is counted in another hour; update operations set counted = counted + 1 where id = {part sale}
operations!; a failed sale is counted; update operations set counted = 490000 where id = {failed sale}

operations; more is settled than sold; update operations set minor = minor + 10000 where id = {part settled}
operations; less is settled; update operations set minor = minor - 1 where id = {part settled}
operations; more is left to settle; update operations set settleable = settleable + 1 where id = {reserved}
operations; less is left to settle; update operations set settleable = settleable - 1 where id = {reserved}
operations; something is left of what has expired; update operations set settleable = 1 where id = {expired}
operations; expired and is said to stand; update operations set version = 1 where id = {expired}
operations; stands and is said to have expired; update operations set version = 2 where id = {multi sold} and kind = 'sale'
operations; cancelled and settled; update operations set status = 'CANCELLED' where id = {expired}
operations; cancelled and held; update operations set status = 'CANCELLED', version = 2 where id = {reserved}
operations; does not settle by itself; delete from operations where id = {sold} and kind = 'settlement'
operations; settles by itself in part; update operations set minor = minor - 1 where id = {sold} and kind = 'settlement'
operations!; more may be refunded; update operations set refundable = refundable + 1 where id = {part sale}
operations!; less may be refunded; update operations set refundable = refundable - 1 where id = {sold} and kind = 'sale'
operations; more of a settlement may be refunded; update operations set refundable = refundable + 1 where id = {part settled}
operations; more was refunded; update operations set minor = minor + 1 where id = {refund}
operations; a refund is gone; delete from operations where id = {refund}
events; a void is gone; delete from operations where id = {voided}
operations; no deadline; update operations set deadline = 0 where id = {kept sale}
operations; an automatic sale has a deadline; update operations set deadline = changed + 5 where id = {sold} and kind = 'sale'
operations; nothing is held for what is left; update operations set hold = 0 where id = {reserved}
operations; another's is held for what is left; update operations set hold = {payable hold} where id = {reserved}
operations; another amount is held than is left; update holds set minor = minor - 1 where id = {part hold}
operations; another amount is held; update operations set settleable = 299 where id = {reserved}
operations; what is held for what is left has ended; update holds set state = 'released', resolved = id + 1024 where id = {part hold}
operations; held for another deadline; update holds set deadline = deadline + 1 where id = {part hold}
operations; a failed sale has money; update operations set refundable = 1 where id = {failed sale}
states; an operation of another book; update operations set id = id + 1 where id = {credit}
book-time; an operation to come; update operations set id = id + 104857600000000000 where id = {credit}

causes; a credit pays another; update operations set payer = {gina} where id = {credit}
causes; a credit is gone; delete from operations where id = {credit}
causes; a refund pays another; update operations set payer = {gina} where id = {refund}
causes; another transfer has settled; update operations set transfer = transfer + 1024 where id = {part settled}
causes; another fee; update operations set fee = fee + 1 where id = {part settled}
causes; no fee; update operations set fee = 0 where id = {part settled}
causes; another fee of an automatic one; update operations set fee = fee - 1 where id = {sold} and kind = 'settlement'
causes; captured for another handle; update operations set handle = {part by} where id = {sold}
causes; the money of a refund is gone; delete from postings where cause = {refund}
causes; a failed refund moves money; update postings set cause = {refund failed} where cause = {refund}

mandates; of nobody; update mandates set merchant = 5 where id = {revoked mandate}
mandates!; with nobody; update mandates set person = 5 where id = {revoked mandate}
mandates!; with no consumer; update mandates set person = {dan} where id = {mandate}
mandates!; without a name; update mandates set consumer = '' where id = {mandate}
mandates!; since another moment; update mandates set since = since - 500000 where id = {revoked mandate}
mandates!; since time to come; update mandates set since = since + 31536000000000 where id = {mandate}
mandates!; revoked before it was given; update mandates set revoked = since - 1 where id = {revoked mandate}
mandates!; revoked at another moment; update mandates set revoked = revoked + 500000 where id = {revoked mandate}
mandates!; revoked and nobody told; update mandates set revoked = since + 1 where id = {mandate}
mandates!; revoked in time to come; update mandates set revoked = revoked + 31536000000000 where id = {revoked mandate}
mandates!; ends before time; update mandates set ends = -1 where id = {mandate}
mandates!; a cap below all; update mandates set cap_payment = -2 where id = {mandate}
mandates!; a cap of a month below all; update mandates set cap_month = -2 where id = {mandate}
mandates!; used in another month; update mandates set month = month + 1 where id = {mandate}
mandates!; used before it was there; update mandates set used = used - 86400000000 where id = {mandate}
mandates!; used in time to come; update mandates set used = used + 31536000000000, month = month + 12 where id = {mandate}
mandates!; more came back than was taken; update mandates set spent = -1 where id = {mandate}
mandates!; taken and never used; update mandates set spent = 5 where id = {revoked mandate}
states; an agreement of another book; update mandates set id = id + 1 where id = {mandate}

events; nobody told of a handle; delete from events where subject = {initiated}
events; nobody told of a step; delete from events where subject = {sold by} and seq = 2
events!; another step; update events set kind = 'handle.failed', snapshot = replace(snapshot, 'PROCESSING', 'FAILED') where subject = {sold by} and seq = 2
events!; a step shows another; update events set snapshot = replace(snapshot, 'PROCESSING', 'PAYABLE') where subject = {sold by} and seq = 2
events!; a step of another merchant; update events set snapshot = replace(snapshot, '{shop}', '{stall}') where subject = {initiated}
events!; a step shows no merchant; update events set snapshot = replace(snapshot, '{shop}', 'shop') where subject = {initiated}
events!; a step shows another amount; update events set snapshot = replace(snapshot, '"minor":16', '"minor":17') where subject = {initiated}
events!; a step shows no amount; update events set snapshot = replace(snapshot, '"minor":16', '"minor":"x"') where subject = {initiated}
events; a handle says more; update handles set version = 4 where id = {processing}
events; a handle says less; update handles set version = 3 where id = {sold by}
events; a handle says another end; update handles set status = 'EXPIRED' where id = {unpaid}
events; nobody told of a sale; delete from events where subject = {part sale} and seq = 1
events; nobody told that it expired; delete from events where subject = {expired} and seq = 2
events; nobody told of an automatic settlement; delete from events where subject = {sold} and kind = 'settlement.completed'
events; told of a sale as a settlement; update events set kind = 'settlement.completed' where subject = {part sale} and seq = 1
events!; a refund shows a void; update events set snapshot = replace(snapshot, 'refund', 'void') where subject = {refund}
events!; a refund has not failed; update events set kind = 'refund.completed', snapshot = replace(snapshot, 'FAILED', 'COMPLETED') where subject = {refund failed}
events; a void says more; update operations set version = 2 where id = {voided}
events; nobody told of an agreement; delete from events where subject = {mandate} and seq = 1
events; nobody told of a change of it; delete from events where subject = {mandate} and seq = 2
events!; an agreement says more; update mandates set version = version + 1 where id = {mandate}
events; an agreement says none; update mandates set version = 0 where id = {mandate}
events!; an agreement begins with a change; update events set kind = 'mandate.changed' where subject = {mandate} and seq = 1

spent; what is held for a handle is not counted; update spent set minor = minor - 18 where account = {fran} and hour = (select counted from handles where id = {payable})
spent; a sale is counted twice; update spent set minor = minor + 1000 where account = {fran} and hour = (select counted from operations where id = {sold} and kind = 'sale')
spent; a refund is taken off twice; update spent set minor = minor - 100 where account = {fran} and hour = (select counted from operations where id = {sold} and kind = 'sale')
spent; what was voided is counted; update spent set minor = minor + 200 where account = {gina} and hour = (select counted from operations where id = {part sale} and kind = 'sale')
spent; a sale is no more counted; update operations set counted = 0 where id = {part sale}

once!; a handle that is not there; update once set body = '{"id":"00000000-0000-8123-8456-789abcde0077","merchantRefNum":"r"}' where key = 'asked{initiated}'
once!; another merchant's handle; update once set principal = {stall} where key = 'asked{initiated}'
once!; two keys made one refund; update once set body = '{"id":"{refund uuid}","merchantRefNum":"r"}' where key = 'did{part settled}'
once!; a change of what never changed; update once set body = '{"id":"{refund uuid}","merchantRefNum":"r"}' where key = 'cancel'
once!; a customer that is not there; update once set body = '{"id":"00000000-0000-8123-8456-789abcde0077","merchantCustomerId":"me"}' where key = 'customer'
`
