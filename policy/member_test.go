package policy

import (
	"errors"
	"slices"
	"testing"

	"purse"
)

func TestWorksFor(t *testing.T) {
	shop := purse.Merchant{ID: 50, Book: purse.MainBook, Name: "A shop", Life: purse.AuthorizationLife}
	ann50 := purse.Member{MemberKey: purse.MemberKey{Merchant: 50, Person: ann}}
	session := purse.Session{Hash: "s", Person: ann, Book: purse.MainBook, Expires: now + 1}
	token := purse.Token{Hash: "t", User: ann, Book: purse.MainBook, Scopes: purse.EveryScope()}
	in := purse.Actor{Book: purse.MainBook, User: ann, Session: "s"}
	other := purse.Member{MemberKey: purse.MemberKey{Merchant: 51, Person: ann}}
	for _, tc := range []struct {
		name    string
		actor   purse.Actor
		more    []any
		refused purse.Code
	}{
		{"works there", in, []any{session, ann50, shop}, "ok"},
		{"does not", in, []any{session, shop}, purse.CodeNotFound},
		{"was removed", in, []any{session, shop, purse.Member{MemberKey: purse.MemberKey{Merchant: 50, Person: bob}}}, purse.CodeNotFound},
		{"works elsewhere", in, []any{session, shop, other}, purse.CodeNotFound},
		{"no such merchant", in, []any{session}, purse.CodeNotFound},
		{"another book's merchant", in, []any{session, ann50, purse.Merchant{ID: 50, Book: 7}}, purse.CodeNotFound},
		{"a closed merchant", in, []any{session, ann50, closedShop(shop)}, purse.CodeMerchant},
		{"a closed merchant of others", in, []any{session, closedShop(shop)}, purse.CodeNotFound},
		{"an app's token", purse.Actor{Book: purse.MainBook, User: ann, Token: "t"}, []any{token, ann50, shop}, purse.CodeScope},
		{"nobody", purse.Actor{Book: purse.MainBook, User: ann}, []any{ann50, shop}, purse.CodeScope},
		{"no such session", in, []any{ann50, shop}, purse.CodeSignedOut},
		{"a session that has ended", in, []any{with(session, func(s *purse.Session) { s.Ended = now }), ann50, shop}, purse.CodeSignedOut},
		{"a session that has expired", in, []any{with(session, func(s *purse.Session) { s.Expires = now }), ann50, shop}, purse.CodeSignedOut},
		{"another's session", in, []any{with(session, func(s *purse.Session) { s.Person = bob }), ann50, shop}, purse.CodeSignedOut},
		{"another book's session", in, []any{with(session, func(s *purse.Session) { s.Book = 7 }), ann50, shop}, purse.CodeSignedOut},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := WorksFor(purse.NewFacts(book, now, tc.more...), tc.actor, 50)
			if code(err) != tc.refused || err == nil != (got == shop) {
				t.Errorf("%+v, %v; want %s", got, err, tc.refused)
			}
		})
	}
	// Whether there is a merchant is not told to whoever does not work for it.
	_, there := WorksFor(purse.NewFacts(book, now, session, shop), in, 50)
	_, not := WorksFor(purse.NewFacts(book, now, session), in, 50)
	_, shut := WorksFor(purse.NewFacts(book, now, session, closedShop(shop)), in, 50)
	if there.Error() != not.Error() || shut.Error() != not.Error() {
		t.Errorf("%v, %v, %v", there, not, shut)
	}
}

// A command that was not loaded what it needs waits for one more batch and not for two.
func TestWorksForMissesBothAtOnce(t *testing.T) {
	w := &purse.WorkingSet{}
	w.Start(book, now, 0)
	w.LoadSession(purse.Session{Hash: "s", Person: ann, Book: purse.MainBook, Expires: now + 1})
	f := w.Begin()
	_, err := WorksFor(f, purse.Actor{Book: purse.MainBook, User: ann, Session: "s"}, 50)
	if _, ok := errors.AsType[*purse.Missing](err); !ok {
		t.Fatal(err)
	}
	missing := f.Missing().Needs
	if !slices.Equal(missing.Merchants, []purse.MerchantID{50}) || !slices.Equal(missing.Members, []purse.MemberKey{{Merchant: 50, Person: ann}}) {
		t.Errorf("missing %+v", missing)
	}
}

func closedShop(m purse.Merchant) purse.Merchant { m.Closed = now; return m }

func with(s purse.Session, change func(*purse.Session)) purse.Session { change(&s); return s }
