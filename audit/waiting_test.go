package audit_test

// waitingCorruptions are those of what is pending at first, and of what came
// with it.
const waitingCorruptions = `
states!; no flat fee; update heads set fee_fixed = -1 where book = 1
states!; a fee below zero; update heads set fee_basis = -1 where book = 1
states!; nothing waits; update heads set escrow_life = 0 where book = 1
states!; no charge waits; update heads set charge_life = 0 where book = 1
states!; the account of fees is no more; update accounts set kind = 'treasure' where id = 2
states; the account of fees is not there; delete from accounts where id = 2
states; the account of escrow is not there; delete from accounts where id = 3
states; the account of fees is a wallet; update accounts set kind = 'wallet' where id = 2
states; a wallet is for escrow; update accounts set kind = 'escrow' where id = {dan}
no-overdraft!; escrow may overdraw; update accounts set may_overdraw = 1 where id = 3
no-overdraft!; fees may overdraw; update accounts set may_overdraw = 1 where id = 2
states; an entry of escrow; update entries set wallet = 3 where id = {issue}
states; held in escrow; update postings set kind = 'hold' where account = 3 and number = 1

states; an unknown action; update payments set action = 'give' where id = {pay}
states!; an impossible audience of a charge; update payments set audience = 'none' where id = {asked}
states; settled and said to be pending; update payments set status = 'pending' where id = {approved}
states; pending and said to be settled; update payments set status = 'settled' where id = {asked}
states; a charge that was given to the actor; update payments set action = 'pay' where id = {approved}
states; a pay is a charge; update payments set action = 'charge' where id = {sent}
states; expired before its deadline; update payments set status = 'expired' where id = {denied}
states!; a fee for nothing; update payments set fee = 1 where id = {asked}
states; a fee below zero for nothing; update payments set fee = -1 where id = {asked}
states!; not completed; update payments set completed = 0 where id = {denied}
states!; completed at another time than it settled; update payments set completed = completed - 500000 where id = {approved}
states!; completed at another time than it was given back; update payments set completed = completed - 60000000 where id = {cancelled}
states!; completed later than it was made; update payments set completed = completed + 60000000 where id = {pay}
states!; a deadline before it was made; update payments set deadline = 5 where id = {asked}
states; a deadline of what never waited; update payments set deadline = completed + 60000000 where id = {pay}
states; a pending charge without a deadline; update payments set deadline = 0 where id = {asked}
states!; expired and its deadline is later; update payments set deadline = completed + 1 where id = {overdue}
states; a cancelled charge with a transfer; update payments set transfer = id + 1024 where id = {denied}
states; a charge in escrow; update payments set escrow = id + 1024 where id = {asked}
states; a pending payment outside escrow; update payments set escrow = 0 where id = {sent}
states; a pending payment was given back; update payments set refund = escrow + 1024 where id = {sent}
states; a cancelled payment was not given back; update payments set refund = 0 where id = {cancelled}
states; given back before it came; update payments set refund = escrow where id = {cancelled}
states; settled before it was in escrow; update payments set transfer = id + 1 where id = {claimed}
states; a payment is settled to nobody; update payments set target = 0 where id = {claimed}
states; a cancelled payment has a target; update payments set target = {dan} where id = {cancelled}
states; a pending payment has a target; update payments set target = {dan} where id = {sent}
states; counted and not paid; update payments set counted = 490000 where id = {denied}
states; paid and not counted; update payments set counted = 0 where id = {approved}
states; in escrow and not counted; update payments set counted = 0 where id = {sent}
states; counted in the hour it was asked; update payments set counted = counted - 5 where id = {approved}
states; given back soon and counted; update payments set counted = (escrow / 1024 + 1230768000000000) / 3600000000 where id = {cancelled}
states; given back late and not counted; update payments set counted = 0 where id = {kept}
states; reminded of a payment; update payments set reminded = deadline - 1 where id = {sent}
states; reminded before it was made; update payments set reminded = 5 where id = {asked}
states; reminded after it had ended; update payments set reminded = completed + 1 where id = {approved}

causes; the money of a charge is gone; delete from postings where cause = {approved} and cause_kind = 'payment'
causes; a charge pays the wrong way round; update payments set actor = target, target = actor where id = {approved}
causes!; another fee; update payments set fee = fee + 1 where id = {approved}
causes!; the fee is forgotten; update payments set fee = 0 where id = {pay}
causes; the fee is taken twice; update postings set cause = {pay} where cause = {approved} and (account = 2 or other = 2)
causes; the fee of nothing; update postings set cause = {denied} where cause = {approved} and (account = 2 or other = 2)
causes; the fee goes to somebody; update postings set other = {dan} where cause = {approved} and other = 2
causes!; another fee in escrow; update payments set fee = fee + 1 where id = {sent}
causes; more is in escrow; update payments set minor = minor + 1 where id = {sent}
causes!; another transfer to escrow; update payments set escrow = escrow + 2048 where id = {sent}
causes!; another transfer gave it back; update payments set refund = refund + 2048 where id = {cancelled}
causes; what came from escrow goes to another; update payments set target = {dan} where id = {claimed}
causes; escrow pays without a cause; update payments set status = 'pending', transfer = 0, completed = 0, target = 0 where id = {claimed}
causes; two pay one charge; update postings set cause = {approved} where cause = {pay}

events; nobody told of a change; delete from events where subject = {denied} and seq = 2
events; nobody told of a reminder; delete from events where subject = {asked} and seq = 2
events; nobody told of a charge; delete from events where subject = {asked} and seq = 1
events; a change is a reminder; update events set kind = 'payment.reminded' where subject = {denied} and seq = 2
events; a reminder is a change; update events set kind = 'payment.updated' where subject = {asked} and seq = 2
events; a change makes a payment; update events set kind = 'payment.created' where subject = {denied} and seq = 2
events; a gap; update events set seq = 4 where subject = {approved} and seq = 3
events!; two of one number; update events set seq = 2 where subject = {approved} and seq = 3
events!; an old snapshot; update events set snapshot = '{"id":"{denied}","status":"pending"}' where subject = {denied} and seq = 2
events!; a snapshot of another state; update events set snapshot = '{"id":"{denied}","status":"failed"}' where subject = {denied} and seq = 2
events!; settled from the start; update events set snapshot = '{"id":"{approved}","status":"settled"}' where subject = {approved} and seq = 1
events!; a snapshot without a state; update events set snapshot = '{"id":"{pay}"}' where subject = {pay}
events!; the payment says more; update payments set version = version + 1 where id = {approved}
events!; the payment says less; update payments set version = version - 1 where id = {approved}
events!; reminded without a reminder; update payments set reminded = completed where id = {denied}
events!; a reminder without being reminded; update payments set reminded = 0 where id = {asked}

parties!; the actor's is gone; delete from parties where payment = {pay} and person = {ann}
parties!; the target's is gone; delete from parties where payment = {pay} and person = {ben}
parties!; a pending one's is gone; delete from parties where payment = {asked} and person = {ben}
parties!; a pending one's actor's is gone; delete from parties where payment = {sent}
parties!; a settled one is listed as pending; update parties set kind = kind - 4 where payment = {pay} and person = {ann}
parties!; a pending one is listed as settled; update parties set kind = kind + 4 where payment = {asked} and person = {ben}
parties!; a cancelled one is listed as expired; update parties set kind = kind - 4 where payment = {denied} and person = {ben}
parties!; a charge is listed as a pay; update parties set kind = kind - 2 where payment = {approved} and person = {ben}
parties!; a pending charge is listed as a pay; update parties set kind = kind - 2 where payment = {asked} and person = {ben}
parties!; the target is listed as the actor; update parties set kind = kind - 1 where payment = {pay} and person = {ben}
parties!; a stranger's; update parties set person = {dan} where payment = {pay} and person = {ben}
parties!; one too many; insert into parties (book, person, kind, payment) values (1, {dan}, 4, {pay})
parties!; a pending one too many; insert into parties (book, person, kind, payment) values (1, {dan}, 2, {asked})
parties!; in two states; insert into parties (book, person, kind, payment) values (1, {ann}, 0, {pay})
parties!; nobody's; insert into parties (book, person, kind, payment) values (1, 0, 1, {sent})
parties!; of a payment that is not there; insert into parties (book, person, kind, payment) values (1, {dan}, 4, {pay} + 1024)
parties!; of an unknown kind; insert into parties (book, person, kind, payment) values (1, {dan}, 20, {pay})
parties!; of a kind below all; insert into parties (book, person, kind, payment) values (1, {dan}, -1, {pay})
parties; a state was not followed; update payments set status = 'failed' where id = {denied}
parties; somebody without a wallet; update parties set person = 77825 where payment = {asked} and person = {ben}
book-time!; of a payment to come; insert into parties (book, person, kind, payment) values (1, {dan}, 4, {pay} + 104857600000000000)
book-time!; completed in time to come; update payments set completed = completed + 31536000000000 where id = {denied}

addresses!; not in the directory; delete from addresses where address = 'gus@example.org'
addresses!; not in the directory any more; delete from addresses where address = '15555555555'
addresses!; never introduced; delete from introductions where address = 'gus@example.org' and person = {cat}
addresses!; introduced by somebody else; update introductions set person = {dan} where address = '15555555555'
addresses!; introduced for nothing; insert into introductions (book, person, kind, address, at) values (1, {dan}, 'email', 'gus@example.org', 1767263400000000)
addresses!; introduced at no time; update introductions set at = 0 where address = 'gus@example.org'
addresses; introduced in time to come; update introductions set at = 9000000000000000000 where address = 'gus@example.org'
addresses!; introduced after it was named; update introductions set at = at + 1000000 where address = '15555555555'
addresses!; an address of another kind; update payments set address_kind = 'phone' where id = {sent}
addresses!; an address of no kind; update payments set address_kind = '' where id = {sent}
addresses!; a kind without an address; update payments set address_kind = 'email' where id = {pay}
addresses!; not normal; insert into addresses (kind, address, owner, since) values ('email', 'Hal@example.org', 0, 1)
addresses!; not a number; insert into addresses (kind, address, owner, since) values ('phone', '+15555555556', 0, 1)
addresses!; of an unknown kind; insert into addresses (kind, address, owner, since) values ('fax', '15555555556', 0, 1)
addresses; owned by nobody that is known; update addresses set owner = 5 where address = 'fay@example.org'
addresses!; at no time; update addresses set since = 0 where address = 'fay@example.org'

spent!; a charge is not counted; update spent set minor = minor - 700 where account = {ann} and minor = (select max(minor) from spent where account = {ann} and minor < 1000 and minor <> 900)
spent!; what was given back is counted; update spent set minor = minor + 400 where account = {ann} and minor = 0
spent!; in escrow and not counted; delete from spent where account = {cat} and hour = (select max(hour) from spent where account = {cat})
spent; counted in another hour; update payments set counted = counted - 1 where id = {sent}

acked; it is pending; update payments set status = 'pending' where id = {pay}
acked; it was given back; update payments set status = 'cancelled', transfer = 0 where id = {pay}

once!; somebody else changed it; update once set principal = {dan} where body like '%{denied}%' and principal = {ann}
once!; a change of what never changed; update once set body = '{"data":{"id":"{pay}","status":"settled"}}' where body like '%{denied}%' and principal = {ann}
once!; a change of what is not there; update once set body = '{"data":{"id":"77","status":"settled"}}' where body like '%{denied}%' and principal = {ann}
once!; made by two at once; update once set body = '{"data":{"payment":{"id":"{sent}"}}}' where body like '%{asked out}%' and principal = {cat}
once!; an entry was there before; update once set body = '{"entry":{"id":"{issue}"}}' where body like '%{denied}%' and principal = {ann}
`
