package store

import (
	"testing"

	"purse"
	"purse/internal/pgtest"
)

// TestPostgresDoesNotContinueOnAnotherConnection: what was begun on a connection
// that has ended must fail. On a new one there is no transaction, nobody holds
// the head, and everything would be committed all the same.
func TestPostgresDoesNotContinueOnAnotherConnection(t *testing.T) {
	url := pgtest.Database(t)
	migrated(t, url)
	e, err := newPostgresEngine(url, false)
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	main := int64(purse.MainBook)
	if err := e.exchange(t.Context(), exchange{
		{st: e.begin()}, {st: e.lock(), args: newArgs(e.lock()).int(main), each: func(row) {}},
	}); err != nil {
		t.Fatal(err)
	}
	if err := e.conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.exchange(t.Context(), exchange{
		{st: insertBatch, args: newArgs(insertBatch).int(main).int(1).int(2), counted: true}, {st: commit},
	}); err == nil {
		t.Error("it went on without the head")
	}
	if err := e.exchange(t.Context(), exchange{{st: e.begin()}, {st: rollback}}); err != nil {
		t.Errorf("a new transaction does not begin on a new connection: %v", err)
	}
}
