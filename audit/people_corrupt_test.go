package audit_test

// peopleCorruptions are those of people and apps, and of what came with them.
const peopleCorruptions = `
states; a charge is settled to nobody; update payments set target = 0 where id = {claimed paid}
states; a payment without an address has no target; update payments set target = 0 where id = {pay}
states; a returned payment has a target; update payments set target = {dan} where id = {returned}
states!; an account is more than closed; update accounts set frozen = 3 where id = {dan}
states!; an account is less than open; update accounts set frozen = -1 where id = {dan}
states!; the treasury is closed; update accounts set frozen = 2 where id = 1
states!; a closed wallet has money; update accounts set frozen = 2 where id = {ann}
states!; a closed wallet has money held; update accounts set frozen = 2 where id = {cat}
states!; apps may take less than nothing; update heads set app_cap = -2 where book = 1

parties!; a claimed charge is not listed with its target; delete from parties where payment = {claimed charge} and person = {erin}
parties; a claimed charge has lost its target; update payments set target = 0 where id = {claimed charge}
parties!; a claimed charge is listed with somebody else; update parties set person = {dan} where payment = {claimed charge} and person = {erin}
parties; a charge is claimed by somebody else; update payments set target = {dan} where id = {claimed charge}
parties; a charge was claimed by nobody; update payments set target = {dan} where id = {asked out}

events; nobody told of a claim; delete from events where subject = {claimed charge} and seq = 2
events; nobody told of the end of what was claimed; delete from events where subject = {claimed paid} and seq = 4
events!; told of two claims; update events set kind = 'payment.updated' where subject = {claimed paid} and seq = 3
events!; a claim is a reminder; update events set kind = 'payment.reminded' where subject = {claimed charge} and seq = 2
events!; a claim is a new audience; update events set kind = 'payment.narrowed' where subject = {claimed paid} and seq = 2
events!; a claim ends the payment; update events set snapshot = replace(snapshot, 'pending', 'settled') where subject = {claimed charge} and seq = 2
events; claimed and not told; update payments set target = {dan} where id = {asked out}
events!; a new audience changes the state; update events set kind = 'payment.updated' where subject = {trusted} and seq = 2
events!; a new audience reminds; update events set kind = 'payment.reminded' where subject = {narrow} and seq = 2
events; nobody told of a new audience; delete from events where subject = {trusted} and seq = 2
events!; an end is a new audience; update events set kind = 'payment.narrowed' where subject = {denied} and seq = 2
events!; a new audience comes first; update events set kind = 'payment.narrowed' where subject = {pay}
events!; a wider audience; update payments set audience = 'public' where id = {narrow}
events!; a wider audience than another; update payments set audience = 'friends' where id = {trusted}
events!; a narrower audience than was told; update payments set audience = 'private' where id = {claimed charge public}
events!; an audience that was narrower before; update events set snapshot = replace(snapshot, 'public', 'private') where subject = {claimed charge public} and seq = 1
events!; made narrower and public; update events set snapshot = replace(snapshot, 'friends', 'public') where subject = {narrow} and seq = 2
events!; an audience that nobody knows; update events set snapshot = replace(snapshot, 'friends', 'world') where subject = {narrow} and seq = 2
events!; no audience; update events set snapshot = '{"id":"{pay}","status":"settled"}' where subject = {pay}
events!; made narrower in a state that came later; update events set snapshot = replace(snapshot, 'pending', 'settled') where subject = {narrow} and seq = 2
events!; made narrower in a state of before; update events set snapshot = replace(snapshot, 'settled', 'pending') where subject = {narrow} and seq = 4
events!; made narrower in a state that never was; update events set snapshot = replace(snapshot, 'settled', 'failed') where subject = {trusted} and seq = 2
events!; reminded of what had ended; update events set snapshot = replace(snapshot, 'pending', 'settled') where subject = {approved} and seq = 2
events; reminded at another moment; update payments set reminded = reminded + 30000 where id = {asked}

causes; a trusted charge pays less; update payments set minor = minor - 1 where id = {trusted}
causes; a trusted charge pays nobody; delete from postings where cause = {trusted}
spent; a trusted charge is not counted; update payments set counted = 0 where id = {trusted}

addresses!; never claimed; update addresses set claimed = since, owner = {cat} where address = 'gus@example.org'; insert into contacts (person, kind, address, added, verified) values ({cat}, 'email', 'gus@example.org', 1767263400000000, 1767263400000000)
addresses!; claimed at no time; update addresses set claimed = -1 where address = 'hal@example.org'
addresses!; claimed in time to come; update addresses set claimed = claimed + 31536000000000 where address = 'hal@example.org'

directory!; a contact of nobody; update contacts set person = 5 where person = {ben} and verified = 0
directory!; a contact that is not normal; update contacts set address = 'Ann@example.org' where person = {ben} and verified = 0
directory!; a contact of an unknown kind; update contacts set kind = 'fax' where person = {ben} and verified = 0
directory!; a contact added at no time; update contacts set added = 0 where person = {ben} and verified = 0
directory!; a contact added in time to come; update contacts set added = added + 31536000000000 where person = {ben} and verified = 0
directory!; a contact verified in time to come; update contacts set verified = verified + 31536000000000 where person = {ann}
directory!; two have verified it; update contacts set verified = added where person = {ben} and address = 'ann@example.org'
directory!; its owner has not verified it; update contacts set verified = 0 where person = {ann} and address = 'ann@example.org'
directory!; its owner does not know it; delete from contacts where person = {ann} and address = 'ann@example.org'
directory!; nobody owns what was verified; update addresses set owner = 0 where address = 'ann@example.org'
directory!; somebody else owns it; update addresses set owner = {dan} where address = 'ann@example.org'
directory!; what was verified is no address; delete from addresses where address = 'ann@example.org'

directory!; a tie to itself; insert into ties (person, other, state, blocked, since) values ({dan}, {dan}, 'asked', 0, 1767263400000000)
directory!; a tie of an unknown state; update ties set state = 'foe' where person = {ben} and other = {cat}
directory!; a tie half blocked; update ties set blocked = 2 where person = {cat} and other = {dan}
directory!; a tie that says nothing; update ties set blocked = 0 where person = {cat} and other = {dan}
directory!; a tie since no time; update ties set since = 0 where person = {ben} and other = {cat}
directory!; a tie since time to come; update ties set since = since + 31536000000000 where person = {ben} and other = {cat}
directory!; a friend who is none; delete from ties where person = {ann} and other = {ben}
directory; a friend who only asks; update ties set state = 'asked' where person = {ann} and other = {ben}
directory!; a tie to nobody; update ties set other = 5 where person = {ben} and other = {cat}
directory!; a tie of nobody; update ties set person = 5 where person = {ben} and other = {cat}
directory!; blocked by one who is not wary; update users set wary = 0 where id = {cat}
directory!; blocked and not wary; update users set wary = 0 where id = {dan}
directory!; one friend more; update users set friends = friends + 1 where id = {ann}
directory!; no friends; update users set friends = 0 where id = {ann}
directory!; a friendship that nobody counts; update users set friends = 0 where id in ({ann}, {ben}, {cat})

directory!; an unknown audience; update users set audience = 'world' where id = {ann}
directory!; friends half hidden; update users set hides_friends = 2 where id = {ann}
directory!; half wary; update users set wary = 2 where id = {ann}
directory!; closed in time to come; update users set closed = closed + 31536000000000 where id = {gone}
directory; closed before time; update users set closed = -1 where id = {gone}
directory!; closed and the wallet is open; update accounts set frozen = 0 where id = {gone}
directory!; closed and the wallet is frozen; update accounts set frozen = 1 where id = {gone}
directory; closed and there is no wallet; delete from accounts where id = {gone}
directory; somebody else is closed; update users set closed = 1 where id = {ann}
directory!; closed and has a name; update users set first_name = 'Gus' where id = {gone}
directory!; closed and has a last name; update users set last_name = 'Z' where id = {gone}
directory!; closed and has a story; update users set about = 'was here' where id = {gone}
directory!; closed and has a contact; update contacts set person = {gone} where person = {ben} and verified = 0
directory!; closed and signed in; update sessions set ended = 0 where person = {gone}
directory!; closed and apps may come in; update grants set revoked = 0 where person = {gone}
directory!; closed and has a password; update credentials set password = '$argon2id$x' where person = {gone}
directory!; folded in another way; update users set folded = 'another' where id = {ann}; insert into user_words (word, person) values ('another', {ann})
directory!; not found by their name; delete from user_words where person = {ann} and word = 'anna'
directory!; found by another name; update user_words set word = 'anne' where person = {ann} and word = 'anna'
directory!; a word of nobody; insert into user_words (word, person) values ('nobody', 5)
directory!; an empty word; insert into user_words (word, person) values ('', {ann})
directory!; a username of somebody else; update old_usernames set until = until + 31536000000000 where folded = 'cate'
directory!; an old username in capitals; update old_usernames set folded = 'Anne' where folded = 'anne'
directory!; an old username without letters; update old_usernames set folded = '' where folded = 'anne'
directory!; an old username until no time; update old_usernames set until = 0 where folded = 'anne'
directory!; an old username of nobody; update old_usernames set owner = 5 where folded = 'anne'
directory; an identifier of another book; update users set id = id + 5 where id = {gone}

access!; credentials of nobody; update credentials set person = 5 where person = {gone}
access!; a password that can be read; update credentials set password = 'secret' where person = {ann}
access!; a password set in time to come; update credentials set changed = changed + 31536000000000 where person = {ann}
access!; a password set before time; update credentials set changed = -1 where person = {ann}
access!; codes of no seed; update credentials set totp = '' where person = {ann}
access!; codes from time to come on; update credentials set confirmed = confirmed + 31536000000000 where person = {ann}
access!; a step below zero; update credentials set step = -1 where person = {ann}
access!; a recovery code that can be read; update credentials set recovery = recovery || ' 12345' where person = {ann}
access!; a device that can be read; update credentials set devices = 'phone' where person = {ann}
access!; passkeys that are none; update credentials set passkeys = '{}' where person = {ann}

access!; a session of nobody; update sessions set person = 5 where person = {ben}
access!; a session that can be read; update sessions set hash = 'secret' where person = {ben}
access!; a session without a key; update sessions set hash = '' where person = {ben}
access!; a session of another book; update sessions set id = id + 5 where person = {ben}
access!; a session seen in time to come; update sessions set seen = seen + 31536000000000 where person = {ben}
access!; a session proved in time to come; update sessions set proved = proved + 31536000000000 where person = {ben}
access!; a session that ended in time to come; update sessions set ended = ended + 31536000000000 where person = {ben}
access!; a session that ended before time; update sessions set ended = -1 where person = {ben}
access!; a session that never expires; update sessions set expires = 0 where person = {ben}

access!; a ticket of an unknown kind; update tickets set kind = 'free' where kind = 'verify'
access!; a ticket that can be read; update tickets set hash = 'secret' where kind = 'verify'
access!; a ticket without a key; update tickets set hash = '' where kind = 'verify'
access!; a code that can be read; update tickets set code = '123456' where kind = 'verify'
access!; tries below zero; update tickets set tries = -1 where kind = 'verify'
access!; used before time; update tickets set used = -1 where kind = 'verify'
access!; used in time to come; update tickets set used = used + 31536000000000 where kind = 'code'
access!; a ticket that never expires; update tickets set expires = 0 where kind = 'verify'
access!; a ticket of nobody that is known; update tickets set person = 5 where kind = 'verify'
access!; a ticket of no app that is known; update tickets set app = 5 where kind = 'verify'
access!; a code for a grant that is not there; update tickets set gave = 5 where kind = 'code'
access!; a code for another's grant; update tickets set person = {ben} where kind = 'code'
access!; a refresh token of nothing; update tickets set gave = 0 where hash = '{spare}'

access!; an app of nobody; update apps set owner = 5 where id = {app}
access!; an app half implicit; update apps set implicit = 2 where id = {app}
access!; an app that may take less than nothing; update apps set day_cap = -2 where id = {app}
access!; an app closed in time to come; update apps set closed = 9000000000000000 where id = {app}
access!; an app's secret that can be read; update apps set secret = 'secret' where id = {app}
access!; an app of another book; insert into apps (id, name, medium, created) values (1029, 'five', 'api', 1)
access; an app is gone; delete from apps where id = {app}

access!; a grant of nobody; insert into grants (id, person, app, scopes, access, refresh, created, used, revoked) values (1024, 5, 0, '', '', '', 1767263400000000, 0, 0)
access!; a grant to no app that is known; insert into grants (id, person, app, scopes, access, refresh, created, used, revoked) values (1024, {ann}, 5, '', '', '', 1767263400000000, 0, 0)
access!; a grant of another book; insert into grants (id, person, app, scopes, access, refresh, created, used, revoked) values (1029, {ann}, 0, '', '', '', 1767263400000000, 0, 0)
access!; a grant made at no time; update grants set created = 0 where id = {grant}
access!; a grant used in time to come; update grants set used = 9000000000000000 where id = {grant}
access!; a grant revoked in time to come; update grants set revoked = revoked + 31536000000000 where id = {ended}
access!; a grant for another's token; update grants set access = (select access from grants where id = {grant}) where id = {ended}
access!; a grant refreshed by a link; update grants set refresh = (select hash from tickets where kind = 'verify') where id = {grant}
access!; another's refresh token; update tickets set gave = {ended}, person = {ben} where kind = 'refresh' and person = {ann}

access!; a token without a key; update tokens set hash = '' where grant_id = 0
access!; a token for no app that is known; update tokens set app = 5 where grant_id = 0
access!; a token that expires before time; update tokens set expires = -1 where grant_id = {grant}
access!; a token of no grant that is known; update tokens set grant_id = 5 where grant_id = {grant} and revoked > 0
access!; a token of another's grant; update tokens set user_id = {ben} where grant_id = {grant} and revoked > 0
access!; an app's token of a developer's grant; update grants set app = -1 where id = {grant}
access!; a token of another app's grant; update tokens set app = 1 where grant_id = {grant} and revoked > 0
access!; two good tokens; update tokens set revoked = 0 where grant_id = {grant}
access!; a good token of a revoked grant; update tokens set revoked = 0 where grant_id = {ended}
access!; revoked and its token is not; update grants set revoked = created where id = {grant}
access!; the good token is another; update grants set access = 'none' where id = {grant}

access!; an allowance below all; update allowances set cap = -2 where person = {ben}
access!; an allowance on no day; update allowances set day = -1 where person = {ben}
access!; an allowance on a day to come; update allowances set day = day + 1 where person = {ann} and grantee = {app}
access!; an allowance taken back; update allowances set spent = -1 where person = {ben}
access!; an allowance without a wallet; update allowances set person = 77825 where person = {ben}
access!; an allowance of the treasury; update allowances set person = 1 where person = {ben}
access!; an allowance for nobody; update allowances set grantee = 5 where person = {ben}
access!; an allowance for oneself; update allowances set grantee = {ben} where person = {ben}
`
