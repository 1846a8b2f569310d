package audit

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
)

// credentials are what proves who a person is.
type credentials struct {
	person                                      int64
	password, totp, recovery, passkeys, devices string
	changed, confirmed, step, now, known        int64
}

const credentialsText = `select k.person, k.password, k.totp, k.recovery, k.passkeys, k.devices, k.changed, k.confirmed, k.step, ` + nowText + `,
	(select count(*) from users u where u.id = k.person)
from credentials k where k.person > $1 order by k.person limit $2`

func (a *auditor) walkCredentials(ctx context.Context) error {
	return eachRow(ctx, a, credentialsText, credentials{person: math.MinInt64},
		func(r *credentials) []any {
			return []any{&r.person, &r.password, &r.totp, &r.recovery, &r.passkeys, &r.devices, &r.changed, &r.confirmed, &r.step, &r.now, &r.known}
		},
		func(r *credentials) []any { return []any{r.person} },
		a.judgeCredentials)
}

// judgeCredentials never says what the row holds.
func (a *auditor) judgeCredentials(r *credentials) {
	c := a.checks.access
	c.saw()
	c.require(r.known == 1, "credentials of %d: there is no such user", r.person)
	c.require(r.password == "" || strings.HasPrefix(strings.TrimPrefix(r.password, "$"), "argon2id"), "credentials of %d: the password is not argon2id", r.person)
	c.require(happened(r.changed, r.now), "credentials of %d: the password was set at %d", r.person, r.changed)
	c.require(happened(r.confirmed, r.now) && (r.confirmed == 0 || r.totp != ""),
		"credentials of %d: codes are asked for since %d, with a seed of %d bytes", r.person, r.confirmed, len(r.totp))
	c.require(r.step >= 0, "credentials of %d: the last code was of step %d", r.person, r.step)
	for _, list := range []struct{ what, hashes string }{{"recovery codes", r.recovery}, {"devices", r.devices}} {
		for _, hash := range strings.Fields(list.hashes) {
			c.require(hashed(hash), "credentials of %d: one of the %s is not a hash", r.person, list.what)
		}
	}
	var passkeys []json.RawMessage
	c.require(r.passkeys == "" || json.Unmarshal([]byte(r.passkeys), &passkeys) == nil, "credentials of %d: the passkeys are not a JSON list", r.person)
}

// session is a browser in which somebody has signed in.
type session struct {
	hash                                                 string
	id, person, seen, proved, expires, ended, now, known int64
}

const sessionsText = `select s.hash, s.id, s.person, s.seen, s.proved, s.expires, s.ended, ` + nowText + `,
	(select count(*) from users u where u.id = s.person)
from sessions s where s.hash > $1 order by s.hash limit $2`

func (a *auditor) walkSessions(ctx context.Context) error {
	c := a.checks.access
	if err := a.refuseEmpty(ctx, c, "sessions", "hash"); err != nil {
		return err
	}
	return eachRow(ctx, a, sessionsText, session{},
		func(r *session) []any {
			return []any{&r.hash, &r.id, &r.person, &r.seen, &r.proved, &r.expires, &r.ended, &r.now, &r.known}
		},
		func(r *session) []any { return []any{r.hash} },
		func(r *session) {
			c.saw()
			a.fromEither(c, "session", r.id)
			c.require(hashed(r.hash), "session %d: its key is not a hash", r.id)
			c.require(r.known == 1, "session %d: there is no user %d", r.id, r.person)
			c.require(happened(r.seen, r.now) && happened(r.proved, r.now) && happened(r.ended, r.now) && r.expires > 0,
				"session %d: seen at %d, proved at %d, ended at %d, expires at %d", r.id, r.seen, r.proved, r.ended, r.expires)
		})
}

// ticket is a secret that is good for one thing, once.
type ticket struct {
	hash, kind, detail, code                     string
	person, app, tries, expires, used, gave, now int64
	knownPerson, knownApp, knownGrant            int64
}

var ticketKinds = []string{"verify", "reset", "second", "passkey", "code", "refresh"}

const ticketsText = `select t.hash, t.kind, t.detail, t.code, t.person, t.app, t.tries, t.expires, t.used, t.gave, ` + nowText + `,
	case when t.person = 0 then 1 else (select count(*) from users u where u.id = t.person) end,
	case when t.app = 0 then 1 else (select count(*) from apps p where p.id = t.app) end,
	case when t.gave = 0 then 1 else (select count(*) from grants g where g.id = t.gave and g.person = t.person and g.app = t.app) end
from tickets t where t.hash > $1 order by t.hash limit $2`

func (a *auditor) walkTickets(ctx context.Context) error {
	if err := a.refuseEmpty(ctx, a.checks.access, "tickets", "hash"); err != nil {
		return err
	}
	return eachRow(ctx, a, ticketsText, ticket{},
		func(r *ticket) []any {
			return []any{&r.hash, &r.kind, &r.detail, &r.code, &r.person, &r.app, &r.tries, &r.expires, &r.used, &r.gave, &r.now,
				&r.knownPerson, &r.knownApp, &r.knownGrant}
		},
		func(r *ticket) []any { return []any{r.hash} },
		a.judgeTicket)
}

// judgeTicket names a ticket by its hash, which lets nobody in.
func (a *auditor) judgeTicket(r *ticket) {
	c := a.checks.access
	c.saw()
	c.require(hashed(r.hash), "ticket %q: its key is not a hash", r.hash)
	c.require(slices.Contains(ticketKinds, r.kind), "ticket %s: kind %q", r.hash, r.kind)
	c.require(r.code == "" || hashed(r.code), "ticket %s: its code is not a hash", r.hash)
	c.require(r.tries >= 0 && r.expires > 0 && happened(r.used, r.now),
		"ticket %s: %d tries, expires at %d, used at %d", r.hash, r.tries, r.expires, r.used)
	c.require(r.knownPerson == 1, "ticket %s: there is no user %d", r.hash, r.person)
	c.require(r.knownApp == 1, "ticket %s: there is no app %d", r.hash, r.app)
	c.require(r.knownGrant == 1, "ticket %s: there is no grant %d of %d to app %d", r.hash, r.gave, r.person, r.app)
	c.require(r.kind != "refresh" || r.gave != 0, "ticket %s: it refreshes no grant", r.hash)
}

// app is a program that people let in.
type app struct {
	id, owner, implicit, dayCap, left, now, known int64
	secret                                        string
}

// signInApp comes with every network; its number is its client id.
const signInApp = 1

const appsText = `select p.id, p.owner, p.implicit, p.day_cap, p.closed, p.secret, ` + nowText + `,
	case when p.owner = 0 then 1 else (select count(*) from users u where u.id = p.owner) end
from apps p where p.id > $1 order by p.id limit $2`

func (a *auditor) walkApps(ctx context.Context) error {
	c := a.checks.access
	return eachRow(ctx, a, appsText, app{id: math.MinInt64},
		func(r *app) []any {
			return []any{&r.id, &r.owner, &r.implicit, &r.dayCap, &r.left, &r.secret, &r.now, &r.known}
		},
		func(r *app) []any { return []any{r.id} },
		func(r *app) {
			c.saw()
			if r.id != signInApp {
				a.fromEither(c, "app", r.id)
			}
			c.require(r.known == 1, "app %d: there is no user %d, who owns it", r.id, r.owner)
			c.require(is01(r.implicit), "app %d: implicit is %d", r.id, r.implicit)
			c.require(r.dayCap >= -1, "app %d: it may pay out %d a day", r.id, r.dayCap)
			c.require(happened(r.left, r.now), "app %d: closed at %d", r.id, r.left)
			c.require(r.secret == "" || hashed(r.secret), "app %d: its secret is not a hash", r.id)
		})
}

// grant is what a person has let an app do.
type grant struct {
	id, person, app, created, used, revoked, now int64
	knownPerson, knownApp                        int64
	othersToken, othersTicket                    int64 // 1: its access or refresh is of another grant
}

const grantsText = `select g.id, g.person, g.app, g.created, g.used, g.revoked, ` + nowText + `,
	(select count(*) from users u where u.id = g.person),
	case when g.app in (0, -1) then 1 else (select count(*) from apps p where p.id = g.app) end,
	(select count(*) from tokens t where t.hash = g.access and t.grant_id <> g.id),
	(select count(*) from tickets t where t.hash = g.refresh and not (t.kind = 'refresh' and t.gave = g.id))
from grants g where g.id > $1 order by g.id limit $2`

func (a *auditor) walkGrants(ctx context.Context) error {
	c := a.checks.access
	return eachRow(ctx, a, grantsText, grant{id: math.MinInt64},
		func(r *grant) []any {
			return []any{&r.id, &r.person, &r.app, &r.created, &r.used, &r.revoked, &r.now,
				&r.knownPerson, &r.knownApp, &r.othersToken, &r.othersTicket}
		},
		func(r *grant) []any { return []any{r.id} },
		func(r *grant) {
			c.saw()
			a.fromEither(c, "grant", r.id)
			c.require(r.knownPerson == 1, "grant %d: there is no user %d", r.id, r.person)
			c.require(r.knownApp == 1, "grant %d: there is no app %d", r.id, r.app)
			c.require(r.created > 0 && r.created <= r.now && happened(r.used, r.now) && happened(r.revoked, r.now),
				"grant %d: created at %d, used at %d, revoked at %d", r.id, r.created, r.used, r.revoked)
			c.require(r.othersToken == 0, "grant %d: its access token is of another grant", r.id)
			c.require(r.othersTicket == 0, "grant %d: its refresh token is of another grant", r.id)
		})
}

// token lets whoever holds it act for a person.
type token struct {
	hash                                     string
	id, user, app, grant, expires, revoked   int64
	knownUser, knownApp, knownGrant, goodNow int64
}

// goodNow says that a grant is not revoked and names the token as the one that is
// good: so of a grant at most one is.
const tokensText = `select t.hash, t.id, t.user_id, t.app, t.grant_id, t.expires, t.revoked,
	(select count(*) from users u where u.id = t.user_id),
	case when t.app = 0 then 1 else (select count(*) from apps p where p.id = t.app) end,
	case when t.grant_id = 0 then 1 else
		(select count(*) from grants g where g.id = t.grant_id and g.person = t.user_id
			and (g.app = t.app or g.app = -1 and t.app = 0)) end,
	case when t.grant_id = 0 then 1 else
		(select count(*) from grants g where g.id = t.grant_id and g.access = t.hash and g.revoked = 0) end
from tokens t where t.hash > $1 order by t.hash limit $2`

func (a *auditor) walkTokens(ctx context.Context) error {
	c := a.checks.access
	if err := a.refuseEmpty(ctx, c, "tokens", "hash"); err != nil {
		return err
	}
	return eachRow(ctx, a, tokensText, token{},
		func(t *token) []any {
			return []any{&t.hash, &t.id, &t.user, &t.app, &t.grant, &t.expires, &t.revoked, &t.knownUser, &t.knownApp, &t.knownGrant, &t.goodNow}
		},
		func(t *token) []any { return []any{t.hash} },
		func(t *token) {
			a.checks.orphans.saw()
			c.saw()
			a.checks.orphans.require(t.knownUser == 1, "token %d: there is no user %d", t.id, t.user)
			c.require(t.knownApp == 1, "token %d: there is no app %d", t.id, t.app)
			c.require(t.expires >= 0 && t.revoked >= 0, "token %d: expires at %d, revoked at %d", t.id, t.expires, t.revoked)
			c.require(t.knownGrant == 1, "token %d: there is no grant %d of %d to app %d", t.id, t.grant, t.user, t.app)
			c.require(t.knownGrant == 0 || t.revoked != 0 || t.goodNow == 1, "token %d: it is good, and its grant %d is revoked or has another", t.id, t.grant)
		})
}

// allowance is what an app or a friend may take out of a wallet in a day.
type allowance struct {
	person, grantee, cap, day, spent int64
	last, wallets, grantees          int64
}

const allowancesText = `select l.person, l.grantee, l.cap, l.day, l.spent,
	coalesce((select h.last from heads h where h.book = l.book), 0),
	(select count(*) from accounts a where a.book = l.book and a.id = l.person and a.kind = 'wallet'),
	(select count(*) from apps p where p.id = l.grantee) + (select count(*) from users u where u.id = l.grantee)
from allowances l where l.book = $1 and (l.person, l.grantee) > ($2, $3) order by l.person, l.grantee limit $4`

func (a *auditor) walkAllowances(ctx context.Context) error {
	c := a.checks.access
	return eachRow(ctx, a, allowancesText, allowance{person: math.MinInt64, grantee: math.MinInt64},
		func(r *allowance) []any {
			return []any{&r.person, &r.grantee, &r.cap, &r.day, &r.spent, &r.last, &r.wallets, &r.grantees}
		},
		func(r *allowance) []any { return []any{a.book, r.person, r.grantee} },
		func(r *allowance) {
			c.saw()
			c.require(r.cap >= -1 && r.spent >= 0, "allowance of %d for %d: %d a day, %d spent", r.person, r.grantee, r.cap, r.spent)
			c.require(r.day >= 0 && r.day <= r.last/day, "allowance of %d for %d: day %d is to come, or was never", r.person, r.grantee, r.day)
			c.require(r.wallets == 1, "allowance of %d for %d: the person has no wallet", r.person, r.grantee)
			c.require(r.grantees > 0 && r.person != r.grantee, "allowance of %d for %d: for no app and no other person", r.person, r.grantee)
		})
}
