package audit

import (
	"context"
	"math"
	"slices"
	"strings"
)

// person is a user's row, and what stands beside it.
type person struct {
	id                                int64
	username, folded                  string
	firstName, lastName, about        string
	audience                          string
	hidesFriends, friends, wary, left int64

	ties  int64 // friends
	words int64 // the rows by which the username is found
	kept  int64 // 1: the username is kept back for somebody else
	now   int64

	// Once they have left.
	frozen                               int64 // what their wallet says; -1: there is none
	contacts, sessions, grants, password int64 // what is left of them
}

// A username is kept back until a moment that the book decides which it is taken
// in, so only one that is kept by any book's time is taken too early.
const peopleText = `select u.id, u.username, u.folded, u.first_name, u.last_name, u.about, u.audience,
	u.hides_friends, u.friends, u.wary, u.closed,
	(select count(*) from ties t where t.person = u.id and t.state = 'friend'),
	(select count(*) from user_words w where w.person = u.id
		and w.word = replace(replace(replace(u.folded, 'z', 'z0'), '-', 'z1'), '_', 'z2')),
	(select count(*) from old_usernames o where o.folded = u.folded and o.owner <> u.id and o.until > ` + nowText + `),
	` + nowText + `,
	case when u.closed <> 0 then coalesce((select a.frozen from accounts a where a.book = u.book and a.id = u.id), -1) else 0 end,
	case when u.closed <> 0 then (select count(*) from contacts c where c.person = u.id) else 0 end,
	case when u.closed <> 0 then (select count(*) from sessions s where s.person = u.id and s.ended < 1) else 0 end,
	case when u.closed <> 0 then (select count(*) from grants g where g.person = u.id and g.revoked < 1) else 0 end,
	case when u.closed <> 0 then (select count(*) from credentials k where k.person = u.id and k.password <> '') else 0 end
from users u where u.id > $1 order by u.id limit $2`

// friendsShare is how many times smaller a chunk is because each row's friends are counted.
const friendsShare = 10

func (a *auditor) walkPeople(ctx context.Context) error {
	return walkBy(ctx, a, 1+a.chunk/friendsShare, peopleText, person{id: math.MinInt64},
		func(p *person) []any {
			return []any{&p.id, &p.username, &p.folded, &p.firstName, &p.lastName, &p.about, &p.audience,
				&p.hidesFriends, &p.friends, &p.wary, &p.left, &p.ties, &p.words, &p.kept, &p.now,
				&p.frozen, &p.contacts, &p.sessions, &p.grants, &p.password}
		},
		func(p *person) []any { return []any{p.id} },
		func(rows []person) error {
			for i := range rows {
				a.judgePerson(&rows[i])
			}
			return nil
		})
}

func (a *auditor) judgePerson(p *person) {
	c := a.checks.directory
	c.saw()
	a.fromEither(c, "user", p.id)
	c.require(slices.Contains(audiences, p.audience), "user %d: audience %q", p.id, p.audience)
	c.require(is01(p.hidesFriends) && is01(p.wary), "user %d: hides_friends is %d, wary %d", p.id, p.hidesFriends, p.wary)
	c.require(p.friends == p.ties, "user %d: %d friends, and ties to %d", p.id, p.friends, p.ties)
	c.require(happened(p.left, p.now), "user %d: closed at %d", p.id, p.left)
	c.require(p.kept == 0, "user %d: the username %s is kept back for somebody else", p.id, p.username)
	if p.left == 0 {
		c.require(p.folded == strings.ToLower(p.username), "user %d: the username %s is folded to %s", p.id, p.username, p.folded)
		c.require(p.words == 1, "user %d: not found by the word of the username %s", p.id, p.username)
		return
	}
	c.require(p.frozen == closed, "user %d: closed at %d, and the wallet is not (frozen is %d)", p.id, p.left, p.frozen)
	c.require(p.firstName+p.lastName+p.about == "", "user %d: closed, and still has a name", p.id)
	c.require(p.contacts == 0, "user %d: closed, and still has %d contacts", p.id, p.contacts)
	c.require(p.sessions == 0, "user %d: closed, and still has %d sessions", p.id, p.sessions)
	c.require(p.grants == 0, "user %d: closed, and still has %d grants", p.id, p.grants)
	c.require(p.password == 0, "user %d: closed, and still has a password", p.id)
}

// oldUsername is one that somebody has given up.
type oldUsername struct {
	folded              string
	owner, until, known int64
}

func (a *auditor) walkOldUsernames(ctx context.Context) error {
	c := a.checks.directory
	if err := a.refuseEmpty(ctx, c, "old_usernames", "folded"); err != nil {
		return err
	}
	return eachRow(ctx, a, oldUsernamesText, oldUsername{},
		func(r *oldUsername) []any { return []any{&r.folded, &r.owner, &r.until, &r.known} },
		func(r *oldUsername) []any { return []any{r.folded} },
		func(r *oldUsername) {
			c.saw()
			c.require(r.folded == strings.ToLower(r.folded), "old username %q: not as they are folded", r.folded)
			c.require(r.until > 0, "old username %s: kept back until %d", r.folded, r.until)
			c.require(r.known == 1, "old username %s: there is no user %d, whose it was", r.folded, r.owner)
		})
}

// searchWord is a word by which a person is found.
type searchWord struct {
	word          string
	person, known int64
}

const (
	oldUsernamesText = `select o.folded, o.owner, o.until, (select count(*) from users u where u.id = o.owner)
from old_usernames o where o.folded > $1 order by o.folded limit $2`
	wordsText = `select w.word, w.person, (select count(*) from users u where u.id = w.person)
from user_words w where (w.word, w.person) > ($1, $2) order by w.word, w.person limit $3`
)

func (a *auditor) walkWords(ctx context.Context) error {
	c := a.checks.directory
	return eachRow(ctx, a, wordsText, searchWord{person: math.MinInt64},
		func(r *searchWord) []any { return []any{&r.word, &r.person, &r.known} },
		func(r *searchWord) []any { return []any{r.word, r.person} },
		func(r *searchWord) {
			c.saw()
			c.require(r.word != "", "user %d: found by an empty word", r.person)
			c.require(r.known == 1, "word %q: there is no user %d, who is found by it", r.word, r.person)
		})
}

// contact is an address that a person says is theirs.
type contact struct {
	person                             int64
	kind, address                      string
	added, verified, now, known, owner int64
}

const contactsText = `select c.person, c.kind, c.address, c.added, c.verified, ` + nowText + `,
	(select count(*) from users u where u.id = c.person),
	coalesce((select d.owner from addresses d where d.kind = c.kind and d.address = c.address), 0)
from contacts c where (c.person, c.kind, c.address) > ($1, $2, $3) order by c.person, c.kind, c.address limit $4`

// walkContacts looks up who owns what is verified; walkAddresses looks up the
// other way round.
func (a *auditor) walkContacts(ctx context.Context) error {
	c := a.checks.directory
	return eachRow(ctx, a, contactsText, contact{person: math.MinInt64},
		func(r *contact) []any {
			return []any{&r.person, &r.kind, &r.address, &r.added, &r.verified, &r.now, &r.known, &r.owner}
		},
		func(r *contact) []any { return []any{r.person, r.kind, r.address} },
		func(r *contact) {
			c.saw()
			c.require(normal(r.kind, r.address), "contact of %d: %s %q is not an address as they are written down", r.person, r.kind, r.address)
			c.require(r.known == 1, "contact of %d: there is no such user", r.person)
			c.require(r.added > 0 && r.added <= r.now && happened(r.verified, r.now),
				"contact of %d: %s %q was added at %d and verified at %d", r.person, r.kind, r.address, r.added, r.verified)
			c.require(r.verified == 0 || r.owner == r.person,
				"contact of %d: %s %q is verified, and the address is owned by %d", r.person, r.kind, r.address, r.owner)
		})
}

// tie is what one person is to another.
type tie struct {
	person, other                    int64
	state, back                      string
	blocked, since, now, known, wary int64
}

const tiesText = `select t.person, t.other, t.state, t.blocked, t.since, ` + nowText + `,
	coalesce((select b.state from ties b where b.person = t.other and b.other = t.person), ''),
	(select count(*) from users u where u.id in (t.person, t.other)),
	(select count(*) from users u where u.id in (t.person, t.other) and u.wary = 1)
from ties t where (t.person, t.other) > ($1, $2) order by t.person, t.other limit $3`

func (a *auditor) walkTies(ctx context.Context) error {
	return eachRow(ctx, a, tiesText, tie{person: math.MinInt64},
		func(r *tie) []any {
			return []any{&r.person, &r.other, &r.state, &r.blocked, &r.since, &r.now, &r.back, &r.known, &r.wary}
		},
		func(r *tie) []any { return []any{r.person, r.other} },
		a.judgeTie)
}

func (a *auditor) judgeTie(r *tie) {
	c := a.checks.directory
	c.saw()
	if r.person == r.other {
		c.fail("tie of %d to itself", r.person)
		return
	}
	c.require(slices.Contains([]string{"none", "asked", "friend"}, r.state), "tie of %d to %d: state %q", r.person, r.other, r.state)
	c.require(is01(r.blocked), "tie of %d to %d: blocked is %d", r.person, r.other, r.blocked)
	c.require(r.state != "none" || r.blocked != 0, "tie of %d to %d: it says nothing", r.person, r.other)
	c.require(r.since > 0 && r.since <= r.now, "tie of %d to %d: since %d", r.person, r.other, r.since)
	c.require(r.state != "friend" || r.back == "friend", "tie of %d to %d: a friend, who is none back (%q)", r.person, r.other, r.back)
	c.require(r.known == 2, "tie of %d to %d: one of them is no user", r.person, r.other)
	c.require(r.blocked == 0 || r.wary == 2, "tie of %d to %d: blocked, and not both of them are wary", r.person, r.other)
}
