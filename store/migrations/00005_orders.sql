-- Orders of merchants without a hub of their own, their payment links, and who works
-- for a merchant.
--
-- One transaction, as before.

-- +goose Up

ALTER TABLE heads ADD COLUMN orders BIGINT NOT NULL DEFAULT 0; -- how many orders were counted

ALTER TABLE merchants ADD COLUMN order_life BIGINT NOT NULL DEFAULT 3600000000; -- microseconds for which an order can be paid
ALTER TABLE merchants ADD COLUMN payer_fee BIGINT NOT NULL DEFAULT 0; -- 1: the payer of an order bears the fee
ALTER TABLE merchants ADD COLUMN hook TEXT NOT NULL DEFAULT ''; -- the URL that is told of paid orders
ALTER TABLE merchants ADD COLUMN hook_tried BIGINT NOT NULL DEFAULT 0; -- when it last answered the test call; 0: never
ALTER TABLE merchants ADD COLUMN origins TEXT NOT NULL DEFAULT ''; -- where customers may be sent back to, one a line
ALTER TABLE merchants ADD COLUMN email TEXT NOT NULL DEFAULT ''; -- where receipts go

ALTER TABLE api_keys ADD COLUMN secret TEXT NOT NULL DEFAULT ''; -- what signs callbacks, sealed

-- The directory: who works for whom.
CREATE TABLE members (
	merchant BIGINT NOT NULL,
	person   BIGINT NOT NULL,
	since    BIGINT NOT NULL,
	PRIMARY KEY (merchant, person)
);
CREATE INDEX members_person ON members (person, merchant);

-- In the book: orders. Numbers are counted by the head, from 1. See handles for
-- book + 0.
CREATE TABLE orders (
	book     BIGINT NOT NULL,
	merchant BIGINT NOT NULL,
	number   BIGINT NOT NULL,
	source   TEXT NOT NULL, -- api, link or till
	key      TEXT NOT NULL, -- the username of the API key that made it
	minor    BIGINT NOT NULL CHECK (minor > 0),
	fee      BIGINT NOT NULL CHECK (fee >= 0), -- what the network takes
	on_top   BIGINT NOT NULL, -- 1: the payer pays it besides minor
	customer TEXT NOT NULL,
	product  TEXT NOT NULL,
	redirect TEXT NOT NULL,
	link     TEXT NOT NULL, -- the secret of its page
	made     BIGINT NOT NULL,
	deadline BIGINT NOT NULL,
	status   TEXT NOT NULL, -- see docs/states.md
	payer    BIGINT NOT NULL, -- 0: nobody has paid
	transfer BIGINT NOT NULL, -- what moved the money, or 0
	counted  BIGINT NOT NULL, -- the hour of the payer's counter in spent, or 0
	changed  BIGINT NOT NULL,
	waits    BIGINT NOT NULL, -- 1: it can still be paid
	version  BIGINT NOT NULL, -- how many events are about it
	listed   BIGINT NOT NULL, -- 1: it stands in lists; see purse.Order.Listed
	PRIMARY KEY (book, merchant, number)
);
CREATE UNIQUE INDEX orders_link ON orders (link);
CREATE INDEX orders_listed ON orders ((book - 0), merchant, number) WHERE listed = 1;
CREATE INDEX orders_made ON orders ((book + 0), merchant, made, number) WHERE listed = 1;
CREATE INDEX orders_payer ON orders (book, payer, number) WHERE payer > 0;
CREATE INDEX orders_waiting ON orders (book, deadline, number) WHERE waits = 1;

-- In the book: standing offers. See purse.PaymentLink.
CREATE TABLE payment_links (
	book     BIGINT NOT NULL,
	merchant BIGINT NOT NULL,
	id       BIGINT NOT NULL,
	link     TEXT NOT NULL,
	minor    BIGINT NOT NULL, -- 0: whoever pays says how much
	product  TEXT NOT NULL,
	made     BIGINT NOT NULL,
	closed   BIGINT NOT NULL, -- 0: open
	PRIMARY KEY (book, merchant, id)
);
CREATE UNIQUE INDEX payment_links_link ON payment_links (link);
