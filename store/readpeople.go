package store

import (
	"cmp"
	"context"
	"math"
	"slices"

	"purse"
)

// The plain reads of the directory.

// Credentials implements purse.Reader.
func (s *Store) Credentials(ctx context.Context, person purse.UserID) (purse.Credentials, error) {
	rows, err := query(ctx, s.reader, loadCredentials, readCredentials, int64(person))
	return found(rows, err, "credential")
}

// Contacts implements purse.Reader.
func (s *Store) Contacts(ctx context.Context, people ...purse.UserID) (map[purse.UserID][]purse.Contact, error) {
	found := make(map[purse.UserID][]purse.Contact, len(people))
	err := readEach(ctx, s.reader, loadContactsOf, people, func(id purse.UserID, a *args) { a.int(int64(id)) },
		func(r row) { c := readContact(r); found[c.Person] = append(found[c.Person], c) })
	for _, contacts := range found {
		slices.SortFunc(contacts, func(a, b purse.Contact) int {
			return cmp.Or(cmp.Compare(a.Added, b.Added), purse.CompareAddresses(a.Address, b.Address))
		})
	}
	return found, err
}

// Session implements purse.Reader.
func (s *Store) Session(ctx context.Context, hash purse.SessionHash) (purse.Session, purse.Time, error) {
	var now purse.Time
	rows, err := query(ctx, s.reader, loadSessionAt(s.reader.clock()), func(r row) purse.Session {
		v := readSession(r)
		now = purse.Time(r.int())
		return v
	}, string(hash))
	v, err := found(rows, err, "session")
	return v, now, err
}

// SessionsOf implements purse.Reader.
func (s *Store) SessionsOf(ctx context.Context, person purse.UserID) ([]purse.Session, error) {
	rows, err := query(ctx, s.reader, loadSessionsOf, readSession, int64(person))
	slices.Reverse(rows)
	return rows, err
}

// Ticket implements purse.Reader.
func (s *Store) Ticket(ctx context.Context, hash purse.TicketHash) (purse.Ticket, purse.Time, error) {
	var now purse.Time
	rows, err := query(ctx, s.reader, loadTicketAt(s.reader.clock()), func(r row) purse.Ticket {
		v := readTicket(r)
		now = purse.Time(r.int())
		return v
	}, string(hash))
	v, err := found(rows, err, "ticket")
	return v, now, err
}

// Apps implements purse.Reader.
func (s *Store) Apps(ctx context.Context, ids ...purse.AppID) (map[purse.AppID]purse.App, error) {
	found := make(map[purse.AppID]purse.App, len(ids))
	return found, readEach(ctx, s.reader, loadApp, ids, func(id purse.AppID, a *args) { a.int(int64(id)) },
		func(r row) { v := readApp(r); found[v.ID] = v })
}

// AppsOf implements purse.Reader.
func (s *Store) AppsOf(ctx context.Context, owner purse.UserID) ([]purse.App, error) {
	return query(ctx, s.reader, listAppsOf, readApp, int64(owner))
}

// Grant implements purse.Reader.
func (s *Store) Grant(ctx context.Context, id purse.GrantID) (purse.Grant, error) {
	rows, err := query(ctx, s.reader, loadGrant, readGrant, int64(id))
	return found(rows, err, "grant")
}

// GrantsOf implements purse.Reader.
func (s *Store) GrantsOf(ctx context.Context, person purse.UserID) ([]purse.Grant, error) {
	return query(ctx, s.reader, listGrantsOf, readGrant, int64(person))
}

// Between implements purse.Reader.
func (s *Store) Between(ctx context.Context, person purse.UserID, others ...purse.UserID) (map[purse.UserID]purse.Between, error) {
	found := make(map[purse.UserID]purse.Between, len(others))
	keys := make([]purse.TieKey, 0, 2*len(others))
	for _, other := range others {
		k := purse.TieKey{Person: person, Other: other}
		keys = append(keys, k, k.Back())
	}
	return found, readEach(ctx, s.reader, loadTie, keys, func(k purse.TieKey, a *args) { packTieKey(0, k, a) }, func(r row) {
		t := readTie(r)
		if t.Person == person {
			b := found[t.Other]
			b.Mine = t
			found[t.Other] = b
		} else {
			b := found[t.Person]
			b.Theirs = t
			found[t.Person] = b
		}
	})
}

func readPerson(r row) purse.UserID { return purse.UserID(r.int()) }

// FriendsOf implements purse.Reader. Whoever asks only for those before somebody
// gets those right before them.
func (s *Store) FriendsOf(ctx context.Context, q purse.FriendQuery) ([]purse.UserID, error) {
	before, read := int64(q.Before), int64(q.Limit+q.Offset)
	if before == 0 {
		before = math.MaxInt64
	}
	if q.Before != 0 && q.After == 0 {
		rows, err := query(ctx, s.reader, listFriendsBack, readPerson, int64(q.Person), before, read)
		rows = rows[min(q.Offset, len(rows)):]
		slices.Reverse(rows)
		return rows, err
	}
	rows, err := query(ctx, s.reader, listFriends, readPerson, int64(q.Person), int64(q.After), before, read)
	return rows[min(q.Offset, len(rows)):], err
}

// Ties implements purse.Reader.
func (s *Store) Ties(ctx context.Context, person purse.UserID, limit int) ([]purse.Tie, error) {
	return query(ctx, s.reader, listTies, readTie, int64(person), int64(limit))
}

// Asking implements purse.Reader.
func (s *Store) Asking(ctx context.Context, person purse.UserID, limit int) ([]purse.UserID, error) {
	return query(ctx, s.reader, listAsking, readPerson, int64(person), int64(limit))
}

// foundMax is how many rows a search looks at.
const foundMax = 1000

// FindUsers implements purse.Reader. The first foundMax words are looked at.
func (s *Store) FindUsers(ctx context.Context, word string, limit, offset int) ([]purse.UserID, error) {
	from := purse.SearchWord(word)
	if from == "" {
		return nil, nil
	}
	rows, err := query(ctx, s.reader, findUsers, readPerson, from, from+"zz", int64(foundMax))
	var people []purse.UserID
	for _, id := range rows {
		if !slices.Contains(people, id) {
			people = append(people, id)
		}
	}
	return people[min(offset, len(people)):min(offset+limit, len(people))], err
}
