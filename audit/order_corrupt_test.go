package audit_test

// orderCorruptions are those of orders, payment links and members.
const orderCorruptions = `
orders; of nobody; update orders set merchant = 5 where number = {order late}
orders; of another book's merchant; update merchants set book = 2 where id = {corner}
orders; an unknown state; update orders set status = 'LOST' where number = {order dull}
orders; an unknown source; update orders set source = 'fax' where number = {order dull}
orders!; a till with a key; update orders set key = 'order-{shop}' where number = {order by till}
orders!; made with no key; update orders set key = '' where number = {order paid}
orders!; made with a key that is not there; update orders set key = 'lost' where number = {order paid}
orders!; made with another merchant's key; update orders set key = 'order-{corner}' where number = {order paid}
orders!; made with a key of another kind; update orders set key = 'private-{shop}' where number = {order paid}
orders!; for no customer; update orders set customer = '' where number = {order paid}
orders!; a till with a customer; update orders set customer = 'c@example.org' where number = {order by till}
orders!; of nothing; update orders set product = '' where number = {order dull}
orders!; back to a script; update orders set redirect = 'javascript:alert(1)' where number = {order paid}
orders!; back to an address with a blank; update orders set redirect = 'https://shop.example/ x' where number = {order paid}
orders!; a link that is too short; update orders set link = 'x' where number = {order dull}
orders!; a handle has the link; update handles set link = (select link from orders where number = {order dull}) where id = {initiated}
orders; for less than nothing; update orders set minor = -75 where number = {order pending}
orders; for nothing; update orders set minor = 0 where number = {order pending}
orders!; half on top; update orders set on_top = 2 where number = {order pending}
orders!; nothing on top; update orders set on_top = 1 where number = {order free}
orders; less than no fee; update orders set fee = -1 where number = {order pending}
orders!; more fee than money; update orders set fee = 76 where number = {order pending}
orders!; never to be paid; update orders set deadline = made where number = {order pending}
orders; made at no time; update orders set made = 0 where number = {order late}
orders; made in time to come; update orders set made = made + 31536000000000, deadline = deadline + 31536000000000, changed = changed + 31536000000000 where number = {order dull}

orders; paid by nobody; update orders set payer = 0 where number = {order paid}
orders; paid by no wallet; update orders set payer = {corner} where number = {order paid}
orders!; a payer of what waits; update orders set payer = {fran} where number = {order pending}
orders!; a payer of what has expired; update orders set payer = {fran} where number = {order late}
orders!; a payer of what was cancelled; update orders set payer = {fran} where number = {order off}
orders; paid and nothing moved; update orders set transfer = 0 where number = {order paid}
orders!; a transfer of what waits; update orders set transfer = {order transfer} where number = {order pending}
orders!; a transfer of what has expired; update orders set transfer = {order transfer} where number = {order late}
orders!; a transfer of what was cancelled; update orders set transfer = {order transfer} where number = {order off}
orders; paid long before; update orders set transfer = {issue} where number = {order paid}
orders; paid and not counted; update orders set counted = 0 where number = {order paid}
orders; counted in another hour; update orders set counted = counted - 1 where number = {order paid}
orders!; what waits is counted; update orders set counted = 490000 where number = {order pending}
orders!; what has expired is counted; update orders set counted = 490000 where number = {order late}
orders!; what was cancelled is counted; update orders set counted = 490000 where number = {order off}
orders!; does not wait; update orders set waits = 0 where number = {order pending}
orders!; waits and is paid; update orders set waits = 1 where number = {order paid}
orders!; waits and has expired; update orders set waits = 1 where number = {order late}
orders!; waits and was cancelled; update orders set waits = 1 where number = {order off}
orders!; paid and not listed; update orders set listed = 0 where number = {order paid}
orders!; half listed; update orders set listed = 2 where number = {order pending}
orders!; half waiting; update orders set waits = 2 where number = {order pending}
orders!; changed before it was made; update orders set made = changed + 1 where number = {order off}
orders!; changed and still waiting; update orders set changed = changed + 1 where number = {order pending}
orders!; paid too late; update orders set deadline = changed where number = {order paid}
orders!; cancelled too late; update orders set deadline = changed where number = {order off}
orders!; expired too soon; update orders set deadline = changed + 1 where number = {order late}

orders; one is gone; delete from orders where number = {order dull}
orders; the last is gone; delete from orders where number = {order pending}
orders; a number twice; update orders set number = {order dull} where number = {order by till}
orders; a number that was not counted; update orders set number = 1000 where number = {order pending}
orders; number nothing; update orders set number = 0 where number = {order dull}
orders; a number below it; update orders set number = -1 where number = {order dull}
orders!; the head has counted more; update heads set orders = orders + 1 where book = 1
orders; the head has counted fewer; update heads set orders = orders - 1 where book = 1
orders; the head has counted far too many; update heads set orders = 4611686018427387904 where book = 1
orders; the head has counted less than nothing; update heads set orders = -1 where book = 1

orders; a payment link of nobody; update payment_links set merchant = 5 where id = {open link}
orders!; a payment link that is too short; update payment_links set link = 'x' where id = {open link}
orders!; a payment link for less than nothing; update payment_links set minor = -1 where id = {open link}
orders!; a payment link for no product; update payment_links set product = '' where id = {open link}
orders!; a payment link made in time to come; update payment_links set made = made + 31536000000000 where id = {open link}
orders!; a payment link made before its time; update payment_links set made = made - 1000000 where id = {open link}
orders!; a payment link closed before it was made; update payment_links set closed = made - 1 where id = {closed link}
orders!; a payment link closed in time to come; update payment_links set closed = closed + 31536000000000 where id = {closed link}
states; a payment link of another book; update payment_links set id = id + 1 where id = {open link}

merchants!; a member of nobody; update members set merchant = 5 where merchant = {corner} and person = {ann}
merchants!; a member who is no person; update members set person = 5 where merchant = {corner} and person = {ann}
merchants!; a member who has left; update members set person = {gone} where merchant = {corner} and person = {ann}
merchants!; a member since time to come; update members set since = since + 31536000000000 where merchant = {corner} and person = {ann}
merchants!; a member since no time; update members set since = 0 where merchant = {corner} and person = {ann}
merchants!; orders without an end; update merchants set order_life = 2592000000001 where id = {corner}
merchants!; no time to pay; update merchants set order_life = 59000000 where id = {corner}
merchants!; half the payer's fee; update merchants set payer_fee = 2 where id = {corner}
merchants!; a hook that is none; update merchants set hook = 'shop' where id = {corner}
merchants!; no hook, and it was tried; update merchants set hook = '' where id = {corner}
merchants!; a hook tried in time to come; update merchants set hook_tried = hook_tried + 31536000000000 where id = {corner}
merchants!; an origin with a path; update merchants set origins = 'https://shop.example/cart' where id = {corner}
merchants!; an origin twice; update merchants set origins = substr(origins, 1, 21) || origins where id = {corner}
merchants!; an origin in capitals; update merchants set origins = 'https://Shop.example' where id = {corner}
merchants!; an origin with a user; update merchants set origins = 'https://shop@evil.example' where id = {corner}
merchants!; a line without an origin; update merchants set origins = substr(origins, 1, 21) where id = {corner}
merchants!; receipts to nowhere; update merchants set email = 'shop' where id = {corner}
merchants!; a key for orders without a secret; update api_keys set secret = '' where username = 'order-{corner}'
merchants!; a secret that can be read; update api_keys set secret = 'v1.secret' where username = 'order-{corner}'
merchants!; a secret that was never sealed; update api_keys set secret = 'sk_0123456789012345678901234567890123456789' where username = 'order-{corner}'
merchants!; a private key with a secret; update api_keys set secret = (select secret from api_keys where username = 'order-{corner}') where username = 'private-{corner}'

causes; another amount of an order; update orders set minor = minor + 1 where number = {order paid}
causes!; another fee of an order; update orders set fee = fee + 1 where number = {order paid}
causes!; no fee of an order; update orders set fee = 0 where number = {order paid}
causes!; the other bears the fee; update orders set on_top = 1 where number = {order paid}
causes!; the payer does not bear the fee; update orders set on_top = 0 where number = {order on top}
causes; another payer of an order; update orders set payer = {gina} where number = {order paid}
causes; another transfer of an order; update orders set transfer = transfer + 1024 where number = {order paid}
causes; paid twice; update postings set cause = {order paid} where cause_kind = 'order' and cause = {order by till}
causes; paid and still waiting; update orders set status = 'PENDING', payer = 0, transfer = 0, counted = 0, changed = made, waits = 1, version = 1 where number = {order paid}
causes; an order is gone; delete from orders where number = {order paid}
causes; held for an order; update holds set cause_kind = 'order', cause = {order paid} where id = {open}

events; nobody told of an order; delete from events where kind = 'order.created' and subject = {order late}
events; nobody told that it was paid; delete from events where kind = 'order.paid' and subject = {order paid}
events!; told that it has expired instead; update events set kind = 'order.expired', snapshot = replace(snapshot, 'CANCELLED', 'EXPIRED') where kind = 'order.cancelled' and subject = {order off}
events!; told that it was paid and it waits; update events set snapshot = replace(snapshot, 'SUCCESS', 'PENDING') where kind = 'order.paid' and subject = {order paid}
events!; told of another payer; update events set snapshot = replace(snapshot, '{fran}', '{gina}') where kind = 'order.paid' and subject = {order paid}
events!; told of no payer; update events set snapshot = replace(snapshot, '{fran}', 'fran') where kind = 'order.paid' and subject = {order paid}
events!; told of another amount; update events set snapshot = replace(snapshot, '"minor":700', '"minor":701') where kind = 'order.paid' and subject = {order paid}
events!; told of another's order; update events set snapshot = replace(snapshot, '{shop}', '{corner}') where kind = 'order.paid' and subject = {order paid}
events!; told before it was made; update events set seq = 3 - seq where kind like 'order.%' and subject = {order paid}
events!; told twice; insert into events (book, id, kind, subject, seq, snapshot) select book, id + 10240, kind, subject, 3, snapshot from events where kind = 'order.paid' and subject = {order paid}
events!; an order says more; update orders set version = 3 where number = {order paid}
events!; an order says less; update orders set version = 1 where number = {order late}
events!; an order says none; update orders set version = 0 where number = {order pending}

spent; an order is not counted; update spent set minor = minor - 700 where account = {fran} and hour = (select counted from orders where number = {order paid})
spent; a fee on top is counted; update spent set minor = minor + 8 where account = {fran} and hour = (select counted from orders where number = {order on top})
spent; another amount of an order is counted; update orders set minor = minor + 1 where number = {order paid}
book-time!; an order paid in time to come; update orders set changed = changed + 31536000000000 where number = {order late}
`
