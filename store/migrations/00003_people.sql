-- People and apps: sign-in, contacts, friends, what apps may do, stories.
--
-- One transaction, for the reason that 00002 gives.

-- +goose Up

-- People.
ALTER TABLE users ADD COLUMN audience TEXT NOT NULL DEFAULT 'private'; -- what their payments get that do not say
ALTER TABLE users ADD COLUMN hides_friends BIGINT NOT NULL DEFAULT 0; -- 1: others do not see their list of friends
ALTER TABLE users ADD COLUMN friends BIGINT NOT NULL DEFAULT 0; -- how many they have
ALTER TABLE users ADD COLUMN wary BIGINT NOT NULL DEFAULT 0; -- 1: has blocked somebody or was blocked, once; only then are ties looked at when they pay
ALTER TABLE users ADD COLUMN closed BIGINT NOT NULL DEFAULT 0; -- when the account was closed, and the names blanked; 0: open

-- Usernames that somebody has given up. They are not given out again for a while.
CREATE TABLE old_usernames (
	folded TEXT PRIMARY KEY,
	owner  BIGINT NOT NULL, -- who may take it back at any time
	until  BIGINT NOT NULL
);

-- The words by which people are found: usernames and names. See purse.SearchWord
-- for how they are written: in any collation the words with one beginning are
-- one range. The names of those who are here already are added when they change.
CREATE TABLE user_words (
	word   TEXT NOT NULL,
	person BIGINT NOT NULL,
	PRIMARY KEY (word, person)
);
INSERT INTO user_words SELECT REPLACE(REPLACE(REPLACE(folded, 'z', 'z0'), '-', 'z1'), '_', 'z2'), id FROM users;

-- What proves who a person is. One row a person, who may have none.
CREATE TABLE credentials (
	person    BIGINT PRIMARY KEY,
	password  TEXT NOT NULL, -- argon2id; empty: none
	changed   BIGINT NOT NULL, -- when the password was set
	totp      TEXT NOT NULL, -- the sealed seed; empty: none
	confirmed BIGINT NOT NULL, -- since when codes of it are asked for; 0: not yet
	step      BIGINT NOT NULL, -- the time step of the last code that was taken: none is taken twice
	recovery  TEXT NOT NULL, -- SHA-256 of the recovery codes that are left, with spaces between
	passkeys  TEXT NOT NULL, -- a JSON list, see package identity
	devices   TEXT NOT NULL -- SHA-256 of devices that need no second factor, with spaces between
);

-- E-mail addresses and phone numbers that people say are theirs. The one that
-- is, whose owner stands in addresses, is verified.
CREATE TABLE contacts (
	person   BIGINT NOT NULL,
	kind     TEXT NOT NULL, -- email or phone
	address  TEXT NOT NULL,
	added    BIGINT NOT NULL,
	verified BIGINT NOT NULL, -- when; 0: not
	PRIMARY KEY (person, kind, address)
);
INSERT INTO contacts SELECT owner, kind, address, since, since FROM addresses WHERE owner > 0;

-- What is pending to an address is claimed by its owner, in as many commands as it
-- takes; claimed is when that was done, 0: it is to be done.
ALTER TABLE addresses ADD COLUMN claimed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX addresses_unclaimed ON addresses (kind, address) WHERE owner > 0 AND claimed < 1;
CREATE INDEX payments_unclaimed ON payments (book, address_kind, address, id) WHERE status = 'pending' AND target < 1;

-- Browsers in which somebody has signed in.
CREATE TABLE sessions (
	hash    TEXT PRIMARY KEY, -- SHA-256, unpadded base64url
	id      BIGINT NOT NULL,
	person  BIGINT NOT NULL,
	book    BIGINT NOT NULL,
	seen    BIGINT NOT NULL, -- about when it was last used
	proved  BIGINT NOT NULL, -- when the person last proved who they are
	agent   TEXT NOT NULL, -- what the browser calls itself
	remote  TEXT NOT NULL, -- the address that the person signed in from
	expires BIGINT NOT NULL,
	ended   BIGINT NOT NULL -- 0: not
);
CREATE INDEX sessions_person ON sessions (person, id) WHERE ended < 1;
CREATE INDEX sessions_expires ON sessions (expires, hash); -- those that nobody needs any more

-- Secrets that are good for one thing, once: links in mails, one-time codes,
-- OAuth codes, refresh tokens, sign-ins that lack a second factor. See purse.Ticket.
CREATE TABLE tickets (
	hash    TEXT PRIMARY KEY, -- SHA-256, unpadded base64url
	kind    TEXT NOT NULL,
	person  BIGINT NOT NULL, -- 0: nobody, to spend the same work on those who do not exist
	app     BIGINT NOT NULL,
	detail  TEXT NOT NULL, -- what it is good for, as JSON; what is in it depends on the kind
	code    TEXT NOT NULL, -- SHA-256 of the short code that goes with it; empty: none
	tries   BIGINT NOT NULL, -- wrong codes so far
	expires BIGINT NOT NULL,
	used    BIGINT NOT NULL, -- 0: not
	gave    BIGINT NOT NULL -- the grant that an OAuth code has made or a refresh token belongs to
);
CREATE INDEX tickets_expires ON tickets (expires, hash);

-- Apps: who has registered them, and how people let them in.
ALTER TABLE apps ADD COLUMN owner BIGINT NOT NULL DEFAULT 0; -- 0: an operator's
ALTER TABLE apps ADD COLUMN secret TEXT NOT NULL DEFAULT ''; -- SHA-256; empty: a public client
ALTER TABLE apps ADD COLUMN redirects TEXT NOT NULL DEFAULT ''; -- the redirect URIs, one a line; the first is the default
ALTER TABLE apps ADD COLUMN implicit BIGINT NOT NULL DEFAULT 0; -- 1: may have tokens without a code (response_type=token)
ALTER TABLE apps ADD COLUMN day_cap BIGINT NOT NULL DEFAULT -1; -- what it may pay out for one person in a day, in minor units, unless they say otherwise; -1: any amount
ALTER TABLE apps ADD COLUMN closed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX apps_owner ON apps (owner, id) WHERE closed < 1;
-- The app that the tokens of the app-style sign-in belong to: its client id is 1.
INSERT INTO apps (id, name, medium, created, day_cap) VALUES (1, 'App sign-in', 'api', 1230768000000000, 10000);
-- What new apps start with.
ALTER TABLE heads ADD COLUMN app_cap BIGINT NOT NULL DEFAULT 10000; -- minor units a day

-- What a person has let an app do, once for each time that they did. Revoking it
-- ends its tokens.
CREATE TABLE grants (
	id      BIGINT PRIMARY KEY,
	person  BIGINT NOT NULL,
	app     BIGINT NOT NULL, -- 0: the person's own use; -1: the person's developer token, see purse.DeveloperApp
	scopes  TEXT NOT NULL,
	access  TEXT NOT NULL, -- hash of the access token that is good now
	refresh TEXT NOT NULL, -- hash of the ticket that is the refresh token now; empty: none
	created BIGINT NOT NULL,
	used    BIGINT NOT NULL, -- about when it was last used; 0: never
	revoked BIGINT NOT NULL -- 0: not
);
CREATE INDEX grants_person ON grants (person, app, id) WHERE revoked < 1;
ALTER TABLE tokens ADD COLUMN grant_id BIGINT NOT NULL DEFAULT 0;
INSERT INTO grants SELECT id, user_id, app, scopes, hash, '', id / 1024 + 1230768000000000, 0, revoked FROM tokens;
UPDATE tokens SET grant_id = id;

-- What one person is to another. Friends have a row each; whoever asked has one,
-- and whoever blocks has one.
CREATE TABLE ties (
	person  BIGINT NOT NULL,
	other   BIGINT NOT NULL,
	state   TEXT NOT NULL, -- none, asked (person has asked other to be friends) or friend
	blocked BIGINT NOT NULL, -- 1: person wants nothing to do with other
	since   BIGINT NOT NULL,
	PRIMARY KEY (person, other)
);
CREATE INDEX ties_asked ON ties (other, person) WHERE state = 'asked';

-- In the book: what an app, or a trusted friend's charges, may take out of a
-- person's wallet in a day (days since 1970, UTC), and what they took on the last.
CREATE TABLE allowances (
	book    BIGINT NOT NULL,
	person  BIGINT NOT NULL, -- who pays
	grantee BIGINT NOT NULL, -- an app's number or a friend's
	cap     BIGINT NOT NULL, -- minor units a day; -1: what the app starts with
	day     BIGINT NOT NULL,
	spent   BIGINT NOT NULL,
	PRIMARY KEY (book, person, grantee)
);

-- The payments that others than their parties may see, by either party.
CREATE INDEX payments_told_by ON payments (book, actor, id) WHERE status = 'settled' AND audience <> 'private';
CREATE INDEX payments_told_of ON payments (book, target, id) WHERE status = 'settled' AND audience <> 'private';
