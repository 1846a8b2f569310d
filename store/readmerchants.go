package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"purse"
	"purse/ledger"
)

// The plain reads of what merchants and consumers have to do with.

// Merchants implements purse.Reader.
func (s *Store) Merchants(ctx context.Context, ids ...purse.MerchantID) (map[purse.MerchantID]purse.Merchant, error) {
	found := make(map[purse.MerchantID]purse.Merchant, len(ids))
	return found, readEach(ctx, s.reader, loadMerchant, ids, func(id purse.MerchantID, a *args) { a.int(int64(id)) },
		func(r row) { v := readMerchant(r); found[v.ID] = v })
}

// MerchantsAfter implements purse.Reader.
func (s *Store) MerchantsAfter(ctx context.Context, after purse.MerchantID, limit int) ([]purse.Merchant, error) {
	return query(ctx, s.reader, listMerchants, readMerchant, int64(after), int64(limit))
}

// Logo implements purse.Reader.
func (s *Store) Logo(ctx context.Context, merchant purse.MerchantID) (purse.Logo, error) {
	rows, err := query(ctx, s.reader, loadLogo, readLogo, int64(merchant))
	return found(rows, err, "picture")
}

// APIKey implements purse.Reader.
func (s *Store) APIKey(ctx context.Context, username string) (purse.APIKey, purse.Time, error) {
	var now purse.Time
	rows, err := query(ctx, s.reader, loadAPIKeyAt(s.reader.clock()), func(r row) purse.APIKey {
		v := readAPIKey(r)
		now = purse.Time(r.int())
		return v
	}, username)
	v, err := found(rows, err, "API key")
	return v, now, err
}

// KeysOf implements purse.Reader.
func (s *Store) KeysOf(ctx context.Context, merchant purse.MerchantID) ([]purse.APIKey, error) {
	return query(ctx, s.reader, loadKeysOf, readAPIKey, int64(merchant))
}

// Handle implements purse.Reader.
func (s *Store) Handle(ctx context.Context, book purse.BookID, k purse.HandleKey) (purse.Handle, error) {
	rows, err := query(ctx, s.reader, loadHandle, readHandle, int64(book), int64(k.Merchant), int64(k.ID))
	return found(rows, err, "payment handle")
}

// HandleNamed implements purse.Reader.
func (s *Store) HandleNamed(ctx context.Context, book purse.BookID, token string) (purse.Handle, error) {
	rows, err := query(ctx, s.reader, loadHandleNamed, readHandle, int64(book), token)
	return found(rows, err, "payment handle")
}

// HandleLinked implements purse.Reader.
func (s *Store) HandleLinked(ctx context.Context, link string) (purse.Handle, error) {
	rows, err := query(ctx, s.reader, loadHandleLinked, readHandle, link)
	return found(rows, err, "payment handle")
}

// Handles implements purse.Reader.
func (s *Store) Handles(ctx context.Context, book purse.BookID, q purse.HubQuery) ([]purse.Handle, int, error) {
	list, count, arguments := listHandles, countHandles, []any{int64(book), int64(q.Merchant)}
	if q.Ref != "" {
		list, count, arguments = listHandlesReferenced, countHandlesReferenced, append(arguments, q.Ref)
	}
	return onePage(ctx, s, q, list, count, readHandle, arguments)
}

// Operation implements purse.Reader.
func (s *Store) Operation(ctx context.Context, book purse.BookID, k purse.OperationKey) (purse.Operation, error) {
	rows, err := query(ctx, s.reader, loadOperation, readOperation, int64(book), int64(k.Merchant), string(k.Kind), int64(k.ID))
	return found(rows, err, string(k.Kind))
}

// Operations implements purse.Reader.
func (s *Store) Operations(ctx context.Context, book purse.BookID, kind purse.OperationKind, q purse.HubQuery) ([]purse.Operation, int, error) {
	list, count, arguments := listOperations, countOperations, []any{int64(book), int64(q.Merchant), string(kind)}
	if q.Ref != "" {
		list, count, arguments = listReferenced, countReferenced, append(arguments, q.Ref)
	}
	return onePage(ctx, s, q, list, count, readOperation, arguments)
}

// onePage reads one page of a list, and how long the list is.
func onePage[V any](ctx context.Context, s *Store, q purse.HubQuery, list, count *statement, scan func(row) V, arguments []any) ([]V, int, error) {
	arguments = append(arguments, purse.FirstID(q.From), purse.FirstID(q.To))
	counts, err := query(ctx, s.reader, count, func(r row) int { return int(r.int()) }, arguments...)
	if err != nil {
		return nil, 0, err
	}
	rows, err := query(ctx, s.reader, list, scan, append(arguments, int64(q.Offset+q.Limit))...)
	return rows[min(q.Offset, len(rows)):], counts[0], err
}

// Under implements purse.Reader.
func (s *Store) Under(ctx context.Context, book purse.BookID, parent purse.OperationID) ([]purse.Operation, error) {
	return query(ctx, s.reader, listUnder, readOperation, int64(book), int64(parent))
}

// OverdueHandles implements purse.Reader.
func (s *Store) OverdueHandles(ctx context.Context, book purse.BookID, now purse.Time, limit int) ([]purse.HandleKey, error) {
	scan := func(r row) purse.HandleKey {
		return purse.HandleKey{Merchant: purse.MerchantID(r.int()), ID: purse.HandleID(r.int())}
	}
	before := purse.FirstID(now.Add(-purse.HandleLife) + 1)
	waiting, err := query(ctx, s.reader, listWaitingHandles, scan, int64(book), before, int64(limit))
	if err != nil {
		return nil, err
	}
	held, err := s.heldHandles(ctx, book, before, limit)
	all := append(waiting, held...)
	slices.SortFunc(all, func(a, b purse.HandleKey) int { return cmp.Compare(a.ID, b.ID) })
	return all[:min(limit, len(all))], err
}

// heldHandles finds payable handles that were made before an identifier. Either side
// of a hold may be the merchant's: of a credit it pays.
func (s *Store) heldHandles(ctx context.Context, book purse.BookID, before int64, limit int) ([]purse.HandleKey, error) {
	rows, err := query(ctx, s.reader, listHeldHandles, func(r row) [3]int64 { return [3]int64{r.int(), r.int(), r.int()} },
		int64(book), before, int64(limit))
	if err != nil {
		return nil, err
	}
	var keys, found []purse.HandleKey
	for _, h := range rows {
		keys = append(keys, purse.HandleKey{Merchant: purse.MerchantID(h[0]), ID: purse.HandleID(h[2])},
			purse.HandleKey{Merchant: purse.MerchantID(h[1]), ID: purse.HandleID(h[2])})
	}
	err = readEach(ctx, s.reader, loadHandle, keys,
		func(k purse.HandleKey, a *args) { a.int(int64(book)).int(int64(k.Merchant)).int(int64(k.ID)) },
		func(r row) { found = append(found, readHandle(r).HandleKey) })
	return found, err
}

// Unsettled implements purse.Reader.
func (s *Store) Unsettled(ctx context.Context, book purse.BookID, now purse.Time, limit int) ([]purse.OperationKey, error) {
	return query(ctx, s.reader, listUnsettled, func(r row) purse.OperationKey {
		return purse.OperationKey{Merchant: purse.MerchantID(r.int()), Kind: purse.Sale, ID: purse.OperationID(r.int())}
	}, int64(book), int64(now), int64(limit))
}

// Mandate implements purse.Reader.
func (s *Store) Mandate(ctx context.Context, book purse.BookID, k purse.MandateKey) (purse.Mandate, error) {
	rows, err := query(ctx, s.reader, loadMandate, readMandate, int64(book), int64(k.Merchant), k.Consumer)
	return found(rows, err, "agreement")
}

// MandatesOf implements purse.Reader.
func (s *Store) MandatesOf(ctx context.Context, book purse.BookID, person purse.UserID, limit int) ([]purse.Mandate, error) {
	return query(ctx, s.reader, listMandatesOf, readMandate, int64(book), int64(person), int64(limit))
}

// Consumers implements purse.Reader.
func (s *Store) Consumers(ctx context.Context, book purse.BookID, keys ...purse.ConsumerKey) (map[purse.ConsumerKey]purse.Consumer, error) {
	found := make(map[purse.ConsumerKey]purse.Consumer, len(keys))
	return found, readEach(ctx, s.reader, loadConsumer, keys,
		func(k purse.ConsumerKey, a *args) { a.int(int64(book)).int(int64(k.Merchant)).int(int64(k.Person)) },
		func(r row) { v := readConsumer(r); found[v.ConsumerKey] = v })
}

// Customer implements purse.Reader.
func (s *Store) Customer(ctx context.Context, book purse.BookID, k purse.CustomerKey) (purse.Customer, error) {
	rows, err := query(ctx, s.reader, loadCustomer, readCustomer, int64(book), int64(k.Merchant), int64(k.ID))
	return found(rows, err, "customer")
}

// CustomerReferenced implements purse.Reader.
func (s *Store) CustomerReferenced(ctx context.Context, book purse.BookID, k purse.CustomerReference) (purse.Customer, error) {
	rows, err := query(ctx, s.reader, loadCustomerReferenced, readCustomer, int64(book), int64(k.Merchant), k.Ref)
	return found(rows, err, "customer")
}

// Events implements purse.Reader.
func (s *Store) Events(ctx context.Context, book purse.BookID, after int64, limit int) ([]purse.Event, error) {
	return query(ctx, s.reader, listEvents, readEvent, int64(book), after, int64(limit))
}

// News implements purse.Reader.
func (s *Store) News(ctx context.Context, book purse.BookID, after int64, limit int, kinds ...purse.EventKind) ([]purse.Event, int64, error) {
	last, err := query(ctx, s.reader, lastEvent, func(r row) int64 { return r.int() }, int64(book), after, int64(limit))
	if err != nil || last[0] == 0 {
		return nil, after, err
	}
	var wanted strings.Builder
	for _, k := range kinds {
		wanted.WriteString(" " + string(k))
	}
	rows, err := query(ctx, s.reader, listNews, readEvent, int64(book), after, last[0], wanted.String()+" ")
	return rows, last[0], err
}

func readEvent(r row) purse.Event {
	return purse.Event{ID: r.int(), Kind: purse.EventKind(r.text()), Subject: r.int(), Seq: r.int(), Snapshot: r.text()}
}

// Postings implements purse.Reader.
func (s *Store) Postings(ctx context.Context, book purse.BookID, account ledger.AccountID, before int64, limit int) ([]ledger.Posting, error) {
	if before == 0 {
		before = maxID
	}
	return query(ctx, s.reader, listPostings, readPosting, int64(book), int64(account), before, int64(limit))
}

func readPosting(r row) ledger.Posting {
	return ledger.Posting{
		Account: ledger.AccountID(r.int()), Number: r.int(), Transfer: ledger.TransferID(r.int()), Kind: ledger.Kind(r.text()), Debit: r.int() == 1,
		Other: ledger.AccountID(r.int()), OtherNumber: r.int(), Minor: r.int(), Hold: ledger.TransferID(r.int()),
		Cause:        ledger.Cause{Kind: ledger.CauseKind(r.text()), ID: r.int()},
		DebitsPosted: r.int(), DebitsHeld: r.int(), CreditsPosted: r.int(), CreditsHeld: r.int(),
	}
}
