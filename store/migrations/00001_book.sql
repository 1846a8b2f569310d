-- The schema of purse. One text for SQLite and PostgreSQL: BIGINT and TEXT only,
-- booleans as 0 and 1, money in minor units, times in microseconds since 1970
-- (UTC), identifiers as package purse hands them out. Each statement may run
-- twice. Book tables have the book first in every key.
--
-- The tables that every payment writes check amounts, and leave the checking of
-- words to the types of the code and to `purse verify`: a list of words in a
-- CHECK costs each payment more than the row it guards.

-- +goose NO TRANSACTION
-- +goose Up

-- A book's head. Every writer of the book holds its row, so the book is a
-- serial log. Book 0 is the directory.
CREATE TABLE IF NOT EXISTS heads (
	book          BIGINT PRIMARY KEY,
	mode          TEXT NOT NULL CHECK (mode IN ('live', 'sandbox')),
	currency      TEXT NOT NULL,
	last          BIGINT NOT NULL, -- time part of the last identifier handed out
	clock_offset  BIGINT NOT NULL DEFAULT 0 CHECK (clock_offset >= 0), -- how far a sandbox's clock was moved forward
	limit_payment BIGINT NOT NULL CHECK (limit_payment >= 0), -- see purse.Limits
	limit_week    BIGINT NOT NULL CHECK (limit_week >= 0)
);

-- One row a committed batch, kept for an hour. Whoever lost a connection while
-- its COMMIT ran looks here for its nonce.
CREATE TABLE IF NOT EXISTS batches (
	book  BIGINT NOT NULL,
	id    BIGINT NOT NULL,
	nonce BIGINT NOT NULL,
	PRIMARY KEY (book, id)
);

-- Posted totals only grow. What an owner may spend is
-- credits_posted - debits_posted - debits_held; see ledger.Account.
CREATE TABLE IF NOT EXISTS accounts (
	book           BIGINT NOT NULL,
	id             BIGINT NOT NULL, -- a wallet has its owner's number; 1 is the treasury
	kind           TEXT NOT NULL, -- wallet or treasury
	currency       TEXT NOT NULL,
	may_overdraw   BIGINT NOT NULL, -- 1: yes
	frozen         BIGINT NOT NULL, -- 1: yes
	debits_posted  BIGINT NOT NULL CHECK (debits_posted >= 0),
	debits_held    BIGINT NOT NULL CHECK (debits_held >= 0),
	credits_posted BIGINT NOT NULL CHECK (credits_posted >= 0),
	credits_held   BIGINT NOT NULL CHECK (credits_held >= 0),
	number         BIGINT NOT NULL CHECK (number >= 0), -- of its last posting
	PRIMARY KEY (book, id),
	-- The same rule as ledger.Apply, so that no code path can break it.
	CHECK (may_overdraw = 1 OR credits_posted - debits_posted - debits_held >= 0)
);

-- One row for each side of a transfer, never changed. The twin of a row is the
-- one that (other, other_number) names. A statement is one range of this key.
CREATE TABLE IF NOT EXISTS postings (
	book           BIGINT NOT NULL,
	account        BIGINT NOT NULL,
	number         BIGINT NOT NULL CHECK (number > 0), -- 1, 2, 3 … within the account
	transfer       BIGINT NOT NULL,
	kind           TEXT NOT NULL, -- move, hold, capture or release
	debit          BIGINT NOT NULL, -- 1: this account pays
	other          BIGINT NOT NULL,
	other_number   BIGINT NOT NULL,
	minor          BIGINT NOT NULL CHECK (minor > 0),
	hold           BIGINT NOT NULL, -- what a capture or release resolves, else 0
	cause_kind     TEXT NOT NULL, -- payment or treasury
	cause          BIGINT NOT NULL,
	debits_posted  BIGINT NOT NULL, -- the account's totals after this posting
	debits_held    BIGINT NOT NULL,
	credits_posted BIGINT NOT NULL,
	credits_held   BIGINT NOT NULL,
	PRIMARY KEY (book, account, number)
);

-- Ring-fenced money. See ledger.HeldMoney.
CREATE TABLE IF NOT EXISTS holds (
	book       BIGINT NOT NULL,
	id         BIGINT NOT NULL, -- the transfer that made it
	debit      BIGINT NOT NULL,
	credit     BIGINT NOT NULL,
	currency   TEXT NOT NULL,
	minor      BIGINT NOT NULL CHECK (minor > 0),
	deadline   BIGINT NOT NULL,
	cause_kind TEXT NOT NULL CHECK (cause_kind IN ('payment', 'treasury')),
	cause      BIGINT NOT NULL,
	state      TEXT NOT NULL CHECK (state IN ('open', 'captured', 'released')),
	captured   BIGINT NOT NULL CHECK (captured >= 0 AND captured <= minor),
	resolved   BIGINT NOT NULL, -- the transfer that ended it, 0 while open
	PRIMARY KEY (book, id),
	CHECK ((state = 'open') = (resolved = 0)),
	CHECK ((state = 'captured') = (captured > 0))
);

-- The open holds of one cause.
CREATE INDEX IF NOT EXISTS holds_open ON holds (book, cause_kind, cause, id) WHERE state = 'open';

CREATE TABLE IF NOT EXISTS payments (
	book      BIGINT NOT NULL,
	id        BIGINT NOT NULL,
	actor     BIGINT NOT NULL,
	target    BIGINT NOT NULL,
	minor     BIGINT NOT NULL CHECK (minor > 0),
	note      TEXT NOT NULL,
	audience  TEXT NOT NULL, -- private, friends or public
	medium    TEXT NOT NULL,
	app       BIGINT NOT NULL, -- 0: the person's own token
	status    TEXT NOT NULL, -- see docs/states.md
	completed BIGINT NOT NULL, -- 0 before
	transfer  BIGINT NOT NULL, -- what settled it, 0 before
	version   BIGINT NOT NULL, -- how many events are about it
	PRIMARY KEY (book, id),
	CHECK (actor <> target)
);

-- Money entering (issue) or leaving (redeem) the network. Never changed.
CREATE TABLE IF NOT EXISTS entries (
	book     BIGINT NOT NULL,
	id       BIGINT NOT NULL,
	kind     TEXT NOT NULL CHECK (kind IN ('issue', 'redeem')),
	wallet   BIGINT NOT NULL,
	minor    BIGINT NOT NULL CHECK (minor > 0),
	operator TEXT NOT NULL,
	reason   TEXT NOT NULL,
	transfer BIGINT NOT NULL,
	PRIMARY KEY (book, id)
);

-- What a wallet has paid out in one hour (hours since 1970), for the weekly limit.
CREATE TABLE IF NOT EXISTS spent (
	book    BIGINT NOT NULL,
	account BIGINT NOT NULL,
	hour    BIGINT NOT NULL,
	minor   BIGINT NOT NULL CHECK (minor >= 0),
	PRIMARY KEY (book, account, hour)
);

-- Idempotency keys with the answers that repetitions get. After a while the
-- header and body are emptied and purged is set; the row stays.
CREATE TABLE IF NOT EXISTS once (
	book        BIGINT NOT NULL,
	principal   BIGINT NOT NULL, -- a person (or, later, a merchant)
	app         BIGINT NOT NULL,
	key         TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	status      BIGINT NOT NULL,
	header      TEXT NOT NULL,
	body        TEXT NOT NULL,
	at          BIGINT NOT NULL,
	purged      BIGINT NOT NULL, -- 1: yes
	PRIMARY KEY (book, principal, app, key)
);

-- The news, in the order of the book. See purse.Event.
CREATE TABLE IF NOT EXISTS events (
	book     BIGINT NOT NULL,
	id       BIGINT NOT NULL,
	kind     TEXT NOT NULL,
	subject  BIGINT NOT NULL,
	seq      BIGINT NOT NULL CHECK (seq > 0),
	snapshot TEXT NOT NULL,
	PRIMARY KEY (book, id)
);

-- What operators did. See purse.Action.
CREATE TABLE IF NOT EXISTS actions (
	book     BIGINT NOT NULL,
	id       BIGINT NOT NULL,
	operator TEXT NOT NULL,
	name     TEXT NOT NULL,
	subject  TEXT NOT NULL,
	detail   TEXT NOT NULL,
	PRIMARY KEY (book, id)
);

-- The directory: people, and what lets programs act for them.

CREATE TABLE IF NOT EXISTS users (
	id         BIGINT PRIMARY KEY,
	book       BIGINT NOT NULL, -- where the wallet is
	username   TEXT NOT NULL,
	folded     TEXT NOT NULL, -- the username without regard to case
	first_name TEXT NOT NULL,
	last_name  TEXT NOT NULL,
	about      TEXT NOT NULL,
	joined     BIGINT NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS users_folded ON users (folded);

CREATE TABLE IF NOT EXISTS tokens (
	hash    TEXT PRIMARY KEY, -- SHA-256, unpadded base64url
	id      BIGINT NOT NULL,
	user_id BIGINT NOT NULL,
	app     BIGINT NOT NULL,
	book    BIGINT NOT NULL,
	scopes  TEXT NOT NULL,
	expires BIGINT NOT NULL, -- 0: never
	revoked BIGINT NOT NULL -- 0: not
);
