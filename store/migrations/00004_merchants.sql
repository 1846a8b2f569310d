-- Merchants, the payment hub, and agreements of consumers with merchants.
--
-- One transaction, as before.

-- +goose Up

-- The money that is ring-fenced for a payment handle, or for what is left of a
-- sale. SQLite cannot change a CHECK, so the table is made anew.
CREATE TABLE held (
	book       BIGINT NOT NULL,
	id         BIGINT NOT NULL, -- the transfer that made it
	debit      BIGINT NOT NULL,
	credit     BIGINT NOT NULL,
	currency   TEXT NOT NULL,
	minor      BIGINT NOT NULL CHECK (minor > 0),
	deadline   BIGINT NOT NULL,
	cause_kind TEXT NOT NULL, -- payment, handle or operation
	cause      BIGINT NOT NULL,
	state      TEXT NOT NULL CHECK (state IN ('open', 'captured', 'released')),
	captured   BIGINT NOT NULL CHECK (captured >= 0 AND captured <= minor),
	resolved   BIGINT NOT NULL, -- the transfer that ended it, 0 while open
	PRIMARY KEY (book, id),
	CHECK ((state = 'open') = (resolved = 0)),
	CHECK ((state = 'captured') = (captured > 0))
);
INSERT INTO held SELECT * FROM holds;
DROP TABLE holds;
ALTER TABLE held RENAME TO holds;
CREATE INDEX holds_open ON holds (book, cause_kind, cause, id) WHERE state = 'open';

-- The directory: who takes payments, and with which keys.
CREATE TABLE merchants (
	id        BIGINT PRIMARY KEY, -- its balance is the account of the same number
	book      BIGINT NOT NULL,
	name      TEXT NOT NULL,
	fee_fixed BIGINT NOT NULL, -- minor units; see purse.Fee
	fee_basis BIGINT NOT NULL, -- hundredths of a percent
	accepts   BIGINT NOT NULL, -- 1: takes payments from wallets
	life      BIGINT NOT NULL, -- microseconds for which it may leave money unsettled
	created   BIGINT NOT NULL,
	closed    BIGINT NOT NULL -- 0: open
);

CREATE TABLE logos (
	merchant BIGINT PRIMARY KEY,
	type     TEXT NOT NULL, -- image/png, image/jpeg or image/webp
	data     TEXT NOT NULL -- base64
);

CREATE TABLE api_keys (
	username TEXT PRIMARY KEY,
	merchant BIGINT NOT NULL,
	book     BIGINT NOT NULL,
	kind     TEXT NOT NULL, -- private or public
	hash     TEXT NOT NULL, -- SHA-256 of the password, unpadded base64url
	created  BIGINT NOT NULL,
	expires  BIGINT NOT NULL, -- 0: never
	revoked  BIGINT NOT NULL -- 0: not
);
CREATE INDEX api_keys_merchant ON api_keys (merchant, username) WHERE revoked < 1;

-- In the book: payment handles. Merchants see their own only, so the merchant
-- comes first in the key. Indexes of which another might be taken for the primary
-- key's have book + 0 or book - 0; see payments_between.
CREATE TABLE handles (
	book      BIGINT NOT NULL,
	merchant  BIGINT NOT NULL,
	id        BIGINT NOT NULL,
	type      TEXT NOT NULL, -- PAYMENT, STANDALONE_CREDIT or VERIFICATION
	ref       TEXT NOT NULL, -- the merchant's own reference
	token     TEXT NOT NULL,
	multi     BIGINT NOT NULL, -- 1: may be used many times
	consumer  TEXT NOT NULL, -- the merchant's own name of the consumer
	payer     BIGINT NOT NULL, -- whose wallet it is; 0: not known yet
	minor     BIGINT NOT NULL,
	status    TEXT NOT NULL, -- see docs/states.md
	fault     TEXT NOT NULL, -- why it failed, a purse.Code
	processor TEXT NOT NULL,
	hold      BIGINT NOT NULL, -- what ring-fences the money; 0: nothing
	counted   BIGINT NOT NULL, -- the hour of the payer's counter in spent that it is in, or 0
	link      TEXT NOT NULL, -- the secret of the page on which the consumer answers
	simulator TEXT NOT NULL,
	details   TEXT NOT NULL, -- what else the merchant has sent, as JSON
	operation BIGINT NOT NULL, -- what has used it; 0: nothing
	changed   BIGINT NOT NULL,
	waits     BIGINT NOT NULL, -- 1: it has not ended, and no money is held for it
	version   BIGINT NOT NULL, -- how many events are about it
	PRIMARY KEY (book, merchant, id)
);
CREATE UNIQUE INDEX handles_token ON handles ((book - 0), token);
CREATE INDEX handles_ref ON handles ((book + 0), merchant, ref, id);
CREATE INDEX handles_link ON handles (link) WHERE link <> '';
CREATE INDEX handles_waiting ON handles (book, id) WHERE waits = 1;

-- What merchants have done: sales, settlements, voids, refunds, credits and
-- verifications. See purse.Operation.
CREATE TABLE operations (
	book       BIGINT NOT NULL,
	merchant   BIGINT NOT NULL,
	kind       TEXT NOT NULL,
	id         BIGINT NOT NULL,
	ref        TEXT NOT NULL,
	handle     BIGINT NOT NULL,
	parent     BIGINT NOT NULL, -- settlement, void: the sale; refund: the settlement; else 0
	payer      BIGINT NOT NULL,
	minor      BIGINT NOT NULL,
	fee        BIGINT NOT NULL, -- settlement: what the merchant has paid for it
	auto       BIGINT NOT NULL, -- 1: a sale that settles by itself
	settleable BIGINT NOT NULL CHECK (settleable >= 0),
	refundable BIGINT NOT NULL CHECK (refundable >= 0),
	hold       BIGINT NOT NULL, -- what keeps settleable ring-fenced; 0: nothing
	deadline   BIGINT NOT NULL, -- until when
	transfer   BIGINT NOT NULL, -- what moved the money, or 0
	counted    BIGINT NOT NULL, -- an hour of the payer's counter in spent, or 0
	status     TEXT NOT NULL, -- see docs/states.md
	fault      TEXT NOT NULL,
	processor  TEXT NOT NULL,
	details    TEXT NOT NULL,
	changed    BIGINT NOT NULL,
	version    BIGINT NOT NULL,
	PRIMARY KEY (book, merchant, kind, id)
);
CREATE INDEX operations_ref ON operations ((book + 0), merchant, kind, ref, id);
CREATE INDEX operations_parent ON operations (book, parent, id) WHERE parent > 0 AND parent <> id;
CREATE INDEX operations_unsettled ON operations (book, deadline, id) WHERE hold > 0;

-- Agreements of consumers with merchants. See purse.Mandate.
CREATE TABLE mandates (
	book        BIGINT NOT NULL,
	merchant    BIGINT NOT NULL,
	consumer    TEXT NOT NULL,
	id          BIGINT NOT NULL,
	person      BIGINT NOT NULL,
	since       BIGINT NOT NULL,
	revoked     BIGINT NOT NULL, -- 0: not
	ends        BIGINT NOT NULL, -- 0: never
	cap_payment BIGINT NOT NULL, -- minor units; -1: none
	cap_month   BIGINT NOT NULL,
	month       BIGINT NOT NULL, -- months since 1970
	spent       BIGINT NOT NULL, -- minor units taken in it
	used        BIGINT NOT NULL,
	version     BIGINT NOT NULL,
	PRIMARY KEY (book, merchant, consumer)
);
CREATE INDEX mandates_person ON mandates (book, person, (revoked > 0), id DESC);

-- What merchants know wallets by.
CREATE TABLE consumers (
	book     BIGINT NOT NULL,
	merchant BIGINT NOT NULL,
	person   BIGINT NOT NULL,
	number   BIGINT NOT NULL, -- nine digits
	email    TEXT NOT NULL,
	since    BIGINT NOT NULL,
	linked   BIGINT NOT NULL, -- since when the merchant may send money; 0: not yet
	PRIMARY KEY (book, merchant, person)
);
CREATE UNIQUE INDEX consumers_number ON consumers ((book + 0), merchant, number);

-- Merchants' own records of who buys there.
CREATE TABLE customers (
	book     BIGINT NOT NULL,
	merchant BIGINT NOT NULL,
	id       BIGINT NOT NULL,
	ref      TEXT NOT NULL, -- merchantCustomerId
	token    TEXT NOT NULL,
	document TEXT NOT NULL, -- JSON
	changed  BIGINT NOT NULL,
	deleted  BIGINT NOT NULL, -- 0: not
	PRIMARY KEY (book, merchant, id)
);
CREATE UNIQUE INDEX customers_ref ON customers ((book + 0), merchant, ref) WHERE deleted < 1;

-- How far the news of a book were read by somebody who must not read them twice.
CREATE TABLE cursors (
	book BIGINT NOT NULL,
	name TEXT NOT NULL,
	at   BIGINT NOT NULL,
	PRIMARY KEY (book, name)
);
