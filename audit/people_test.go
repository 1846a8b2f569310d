package audit_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// hashOf is how a secret is stored.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// directoryID is an identifier of book 0.
func (s *scribe) directoryID() int64 { return s.id() &^ 1 }

// found writes the word by which a username is found.
func (s *scribe) found(username string, person int64) {
	word := strings.NewReplacer("z", "z0", "-", "z1", "_", "z2").Replace(strings.ToLower(username))
	s.add(insert("user_words", "word,person"), word, person)
}

// grant lets an app act for a person, with one token. That of a person's developer
// token, for app -1, belongs to no app.
func (s *scribe) grant(secret string, person, app int64) int64 {
	id := s.directoryID()
	s.add(insert("grants", "id,person,app,scopes,access,refresh,created,used,revoked"), id, person, app, "make_payments", hashOf(secret), "", s.now, 0, 0)
	s.token(secret, person, max(app, 0), id)
	return id
}

func (s *scribe) token(secret string, person, app, grant int64) {
	s.add(insert("tokens", "hash,id,user_id,app,book,scopes,expires,revoked,grant_id"), hashOf(secret), s.id(), person, app, 1, "make_payments", 0, 0, grant)
}

// renew replaces a grant's token.
func (s *scribe) renew(before, secret string, person, app, grant int64) {
	s.add("update tokens set revoked = $1 where hash = $2", s.now, hashOf(before))
	s.add("update grants set access = $1 where id = $2", hashOf(secret), grant)
	s.token(secret, person, app, grant)
}

// revoke ends a grant and its token.
func (s *scribe) revoke(secret string, grant int64) {
	s.add("update tokens set revoked = $1 where hash = $2", s.now, hashOf(secret))
	s.add("update grants set revoked = $1 where id = $2", s.now, grant)
}

// own gives an address to somebody, who has proved it.
func (s *scribe) own(kind, address string, owner int64) {
	s.add(insert("addresses", "kind,address,owner,since")+" on conflict do nothing", kind, address, 0, s.now)
	s.add("update addresses set owner = $1, since = $2 where kind = $3 and address = $4", owner, s.now, kind, address)
	s.add(insert("contacts", "person,kind,address,added,verified")+" on conflict do nothing", owner, kind, address, s.now, s.now)
}

// disown takes it away again.
func (s *scribe) disown(kind, address string, owner int64) {
	s.add("update addresses set owner = 0 where kind = $1 and address = $2", kind, address)
	s.add("delete from contacts where person = $1 and kind = $2 and address = $3", owner, kind, address)
}

func (s *scribe) tie(person, other int64, state string, blocked int) {
	s.add(insert("ties", "person,other,state,blocked,since"), person, other, state, blocked, s.now)
}

func (s *scribe) befriend(a, b int64) {
	s.tie(a, b, "friend", 0)
	s.tie(b, a, "friend", 0)
	s.add("update users set friends = friends + 1 where id in ($1, $2)", a, b)
}

func (s *scribe) unfriend(a, b int64) {
	s.add("delete from ties where person in ($1, $2) and other in ($1, $2)", a, b)
	s.add("update users set friends = friends - 1 where id in ($1, $2)", a, b)
}

func (s *scribe) session(secret string, person int64) {
	s.add(insert("sessions", "hash,id,person,book,seen,proved,agent,remote,expires,ended"),
		hashOf(secret), s.directoryID(), person, 1, s.now, s.now, "browser", "::1", s.now+hour, 0)
}

func (s *scribe) ticket(secret, kind string, person, app, gave int64) {
	s.add(insert("tickets", "hash,kind,person,app,detail,code,tries,expires,used,gave"),
		hashOf(secret), kind, person, app, `{}`, hashOf("123456"), 1, s.now+hour, 0, gave)
}

// close lets somebody leave, with an empty wallet.
func (s *scribe) close(person int64) {
	s.add("update accounts set frozen = 2 where book = 1 and id = $1", person)
	s.add("update users set first_name = '', last_name = '', about = '', closed = $1 where id = $2", s.now, person)
	s.add("update grants set revoked = $1 where person = $2", s.now, person)
	s.add("update tokens set revoked = $1 where user_id = $2", s.now, person)
	s.add("update sessions set ended = $1 where person = $2 and ended = 0", s.now, person)
	s.add("update credentials set password = '' where person = $1", person)
	s.add("delete from user_words where person = $1", person)
}

// people writes one of everything that the directory holds.
func (b *sample) people(s *scribe) {
	b.gone = s.user("Gus_Z-3")
	s.session("gus", b.gone)
	b.app = s.directoryID()
	s.add(insert("apps", "id,name,medium,created,owner,secret,redirects,day_cap"), b.app, "Till", "api", s.now, b.ann, hashOf("till"), "https://till.example", 5000)
	s.token("ann's own", b.ann, 0, 0)
	b.grant, b.ended = s.grant("ann at the till", b.ann, b.app), s.grant("ben at the till", b.ben, b.app)
	s.grant("of a tool of ann's", b.ann, -1)
	s.add(insert("credentials", "person,password,changed,totp,confirmed,step,recovery,passkeys,devices"),
		b.ann, "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA", s.now, "sealed", s.now, 58_000_000, hashOf("r1")+" "+hashOf("r2"), `[{"id":"k"}]`, hashOf("d"))
	s.add(insert("credentials", "person,password,changed,totp,confirmed,step,recovery,passkeys,devices"), b.gone, "$argon2id$x", s.now, "", 0, 0, "", "", "")
	s.befriend(b.ann, b.ben)
	s.befriend(b.ann, b.cat)
	s.tie(b.ben, b.cat, "asked", 0)
	s.tie(b.cat, b.dan, "none", 1)
	s.tie(b.dan, b.cat, "asked", 0)
	s.add("update users set wary = 1 where id in ($1, $2)", b.cat, b.dan)
	s.session("ann", b.ann)
	s.session("ben", b.ben)
	for _, kind := range []string{"verify", "reset", "second", "passkey"} {
		s.ticket(kind, kind, b.ann, 0, 0)
	}
	s.ticket("nobody", "reset", 0, 0, 0)
	s.ticket("code", "code", b.ann, b.app, b.grant)
	s.ticket("spare", "refresh", b.ann, b.app, b.grant)
	s.ticket("refresh", "refresh", b.ann, b.app, b.grant)
	s.add("update grants set refresh = $1 where id = $2", hashOf("refresh"), b.grant)
	s.own("email", "ann@example.org", b.ann)
	s.add(insert("contacts", "person,kind,address,added,verified"), b.ben, "email", "ann@example.org", s.now, 0)
	s.add(insert("old_usernames", "folded,owner,until"), "anne", b.ann, s.now+90*24*hour)
	s.add(insert("old_usernames", "folded,owner,until"), "benn", b.ben, s.now+90*24*hour) // who took it back
	s.add(insert("old_usernames", "folded,owner,until"), "cate", b.ben, s.now)            // and was too late
	s.add(insert("user_words", "word,person"), "ann", b.ann)
	for _, grantee := range []int64{b.app, b.ben} {
		s.add(insert("allowances", "book,person,grantee,cap,day,spent"), 1, b.ann, grantee, 5000, s.now/(24*hour), 44)
	}
	s.add(insert("allowances", "book,person,grantee,cap,day,spent"), 1, b.ben, b.app, -1, 0, 0)
	s.commit()
	s.renew("ann at the till", "ann again", b.ann, b.app, b.grant)
	s.revoke("ben at the till", b.ended)
	s.close(b.gone)
	s.add("update sessions set ended = $1 where hash = $2", s.now, hashOf("ben"))
	s.add("update tickets set used = $1 where hash = $2", s.now, hashOf("code"))
	s.commit()
}

// churn changes the directory: a friendship, a token, a contact, a username, and
// a session come and go.
func (c *changer) churn() {
	n := c.made
	c.renew(fmt.Sprint("dan ", n-1), fmt.Sprint("dan ", n), c.b.dan, 0, c.own0)
	if n%2 == 0 {
		c.befriend(c.b.ben, c.b.dan)
		c.own("email", "dan@example.org", c.b.dan)
		c.session(fmt.Sprint("dan ", n), c.b.dan)
		c.rename(c.b.dan, "dane", "Dan-iel")
	} else {
		c.unfriend(c.b.ben, c.b.dan)
		c.disown("email", "dan@example.org", c.b.dan)
		c.add("update sessions set ended = $1 where hash = $2", c.now, hashOf(fmt.Sprint("dan ", n-1)))
		c.rename(c.b.dan, "Dan-iel", "dane")
	}
	c.commit()
}

func (s *scribe) rename(person int64, from, to string) {
	s.add("delete from user_words where person = $1", person)
	s.found(to, person)
	s.add("update users set username = $1, folded = $2 where id = $3", to, strings.ToLower(to), person)
	s.add(insert("old_usernames", "folded,owner,until")+" on conflict do nothing", strings.ToLower(from), person, s.now+90*24*hour)
}
