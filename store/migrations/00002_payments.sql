-- Charges, payments to addresses that nobody owns yet, fees, and lists.
--
-- SQLite has no ADD COLUMN IF NOT EXISTS, so this step is one transaction on
-- either database: it happens whole or not at all.

-- +goose Up

-- The network's terms. See purse.Terms.
ALTER TABLE heads ADD COLUMN fee_fixed BIGINT NOT NULL DEFAULT 0; -- minor units
ALTER TABLE heads ADD COLUMN fee_basis BIGINT NOT NULL DEFAULT 0; -- hundredths of a percent
ALTER TABLE heads ADD COLUMN escrow_life BIGINT NOT NULL DEFAULT 604800000000; -- microseconds: 7 days
ALTER TABLE heads ADD COLUMN charge_life BIGINT NOT NULL DEFAULT 2592000000000; -- microseconds: 30 days

-- A payment from now on is a payment or a charge, and may be pending. See
-- purse.Payment and docs/states.md.
ALTER TABLE payments ADD COLUMN action TEXT NOT NULL DEFAULT 'pay'; -- pay or charge; of a charge the target pays
ALTER TABLE payments ADD COLUMN address_kind TEXT NOT NULL DEFAULT ''; -- email or phone, where the target was an address that nobody owned
ALTER TABLE payments ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN fee BIGINT NOT NULL DEFAULT 0; -- minor units, borne by the payer
ALTER TABLE payments ADD COLUMN deadline BIGINT NOT NULL DEFAULT 0; -- when a pending one expires; 0: settled at once
ALTER TABLE payments ADD COLUMN escrow BIGINT NOT NULL DEFAULT 0; -- the transfer that put minor + fee into escrow, or 0
ALTER TABLE payments ADD COLUMN refund BIGINT NOT NULL DEFAULT 0; -- the transfer that gave them back, or 0
ALTER TABLE payments ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0; -- when the target was reminded, or 0
ALTER TABLE payments ADD COLUMN counted BIGINT NOT NULL DEFAULT 0; -- the hour of the payer's counter in spent that it is in, or 0
-- What was paid before counts in the hour of its identifier; at the end of an hour
-- it may have been counted in the one before, so the counters are made anew.
UPDATE payments SET counted = (id / 1024 + 1230768000000000) / 3600000000;
DELETE FROM spent;
INSERT INTO spent SELECT book, actor, counted, CAST(SUM(minor) AS BIGINT) FROM payments GROUP BY book, actor, counted;

-- The counter of the hour in which a wallet paid last; the rows of spent are
-- those before. See purse.SpentNow.
ALTER TABLE accounts ADD COLUMN spent_hour BIGINT NOT NULL DEFAULT 0; -- hours since 1970; 0: never paid
ALTER TABLE accounts ADD COLUMN spent BIGINT NOT NULL DEFAULT 0; -- minor units paid out in it, on top of the hour's row
ALTER TABLE accounts ADD COLUMN spent_before BIGINT NOT NULL DEFAULT 0; -- the sum of the rows that counted in it
UPDATE accounts SET spent_hour = COALESCE((SELECT MAX(hour) FROM spent s WHERE s.book = accounts.book AND s.account = accounts.id), 0);
UPDATE accounts SET
	spent = (SELECT minor FROM spent s WHERE s.book = accounts.book AND s.account = accounts.id AND s.hour = accounts.spent_hour),
	spent_before = COALESCE((SELECT CAST(SUM(minor) AS BIGINT) FROM spent s WHERE s.book = accounts.book AND s.account = accounts.id
		AND s.hour >= accounts.spent_hour - 167 AND s.hour < accounts.spent_hour), 0)
	WHERE spent_hour > 0;
DELETE FROM spent WHERE EXISTS (SELECT 1 FROM accounts a WHERE a.book = spent.book AND a.id = spent.account AND a.spent_hour = spent.hour);

-- What is to expire, in the order of its deadlines.
CREATE INDEX payments_pending ON payments (book, deadline, id) WHERE status = 'pending';

-- What one person was sent by another, for lists of one actor's payments. The sums
-- hide the columns of the primary key: PostgreSQL would else look payments up here
-- while the table is young, and then read all of the index for each.
CREATE INDEX payments_between ON payments ((book + 0), target, actor, status, action, (id + 0));

-- A row for each person who is party to a payment: lists are ranges of its key.
-- kind says in one number what lists are filtered by; see purse.PartyKind.
CREATE TABLE parties (
	book    BIGINT NOT NULL,
	person  BIGINT NOT NULL,
	kind    BIGINT NOT NULL,
	payment BIGINT NOT NULL,
	PRIMARY KEY (book, person, kind, payment)
);
INSERT INTO parties SELECT book, actor, 4, id FROM payments;
INSERT INTO parties SELECT book, target, 5, id FROM payments;

-- The fees that the network has taken, and the money on its way to addresses
-- that nobody owns yet. A new network gets them when it is created.
INSERT INTO accounts (book, id, kind, currency, may_overdraw, frozen, debits_posted, debits_held, credits_posted, credits_held, number)
	SELECT book, 2, 'fees', currency, 0, 0, 0, 0, 0, 0, 0 FROM heads WHERE book = 1;
INSERT INTO accounts (book, id, kind, currency, may_overdraw, frozen, debits_posted, debits_held, credits_posted, credits_held, number)
	SELECT book, 3, 'escrow', currency, 0, 0, 0, 0, 0, 0, 0 FROM heads WHERE book = 1;

-- The first time that a person names an address that nobody owns: so few an hour
-- are allowed that nobody can find out by trying who has an account.
CREATE TABLE introductions (
	book    BIGINT NOT NULL,
	person  BIGINT NOT NULL,
	kind    TEXT NOT NULL, -- email or phone
	address TEXT NOT NULL,
	at      BIGINT NOT NULL,
	PRIMARY KEY (book, person, at, kind, address)
);
CREATE UNIQUE INDEX introductions_once ON introductions (book, person, kind, address);

-- The directory: e-mail addresses and phone numbers, normalised, and who owns
-- them. A payment to an address holds its row while it commits.
CREATE TABLE addresses (
	kind    TEXT NOT NULL CHECK (kind IN ('email', 'phone')),
	address TEXT NOT NULL, -- an e-mail address in lower case, or E.164 without the plus
	owner   BIGINT NOT NULL, -- 0: nobody
	since   BIGINT NOT NULL, -- when the row was made, or got its owner
	PRIMARY KEY (kind, address)
);

-- Programs that people let in.
CREATE TABLE apps (
	id      BIGINT PRIMARY KEY,
	name    TEXT NOT NULL,
	medium  TEXT NOT NULL, -- what payments made with it carry: api, ios or android
	created BIGINT NOT NULL
);
