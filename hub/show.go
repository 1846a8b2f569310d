package hub

import (
	"context"

	"purse"
)

// Handle finds a payment handle of the merchant's. One whose time has run out is
// ended first. The seller's key was checked by whoever asks.
//
// Refused with CodeNotFound.
func (s *Service) Handle(ctx context.Context, seller purse.Seller, id purse.HandleID) (HandleReceipt, error) {
	h, err := s.Store.Handle(ctx, seller.Book, purse.HandleKey{Merchant: seller.Merchant, ID: id})
	return s.showOne(ctx, seller, h, err)
}

// HandleNamed finds a payment handle of the merchant's by its token, as Handle does.
func (s *Service) HandleNamed(ctx context.Context, seller purse.Seller, token string) (HandleReceipt, error) {
	h, err := s.Store.HandleNamed(ctx, seller.Book, token)
	if err == nil && h.Merchant != seller.Merchant {
		err = purse.Refuse(purse.CodeNotFound, "There is no such payment handle.")
	}
	return s.showOne(ctx, seller, h, err)
}

func (s *Service) showOne(ctx context.Context, seller purse.Seller, h purse.Handle, err error) (HandleReceipt, error) {
	if err != nil {
		return HandleReceipt{}, err
	}
	all, err := s.show(ctx, seller, []purse.Handle{h})
	if err != nil {
		return HandleReceipt{}, err
	}
	return all[0], nil
}

// Handles lists payment handles of the merchant's, newest first, and counts how many
// q asks for.
func (s *Service) Handles(ctx context.Context, seller purse.Seller, q purse.HubQuery) ([]HandleReceipt, int, error) {
	q.Merchant = seller.Merchant
	handles, n, err := s.Store.Handles(ctx, seller.Book, q)
	if err != nil {
		return nil, 0, err
	}
	all, err := s.show(ctx, seller, handles)
	return all, n, err
}

// show makes receipts of handles, and ends those that are overdue.
func (s *Service) show(ctx context.Context, seller purse.Seller, handles []purse.Handle) ([]HandleReceipt, error) {
	now, err := s.Store.Now(ctx, seller.Book)
	if err != nil {
		return nil, err
	}
	for i, h := range handles {
		if !h.Overdue(now) {
			continue
		}
		if _, err := s.expireHandle(ctx, seller.Book, h.HandleKey); err != nil {
			return nil, err
		}
		if handles[i], err = s.Store.Handle(ctx, seller.Book, h.HandleKey); err != nil {
			return nil, err
		}
	}
	payers, err := s.payersOf(ctx, seller, handles)
	if err != nil {
		return nil, err
	}
	all := make([]HandleReceipt, len(handles))
	for i, h := range handles {
		all[i] = HandleReceipt{Handle: h, Payer: payers[h.ID], Now: now}
	}
	return all, nil
}

// payersOf reads what a merchant knows of the payers of handles.
func (s *Service) payersOf(ctx context.Context, seller purse.Seller, handles []purse.Handle) (map[purse.HandleID]*Payer, error) {
	var keys []purse.ConsumerKey
	var people []purse.UserID
	for _, h := range handles {
		if agreed(h) {
			keys = append(keys, purse.ConsumerKey{Merchant: seller.Merchant, Person: h.Payer})
			people = append(people, h.Payer)
		}
	}
	consumers, err := s.Store.Consumers(ctx, seller.Book, keys...)
	if err != nil {
		return nil, err
	}
	users, err := s.Store.Users(ctx, people...)
	if err != nil {
		return nil, err
	}
	payers := map[purse.HandleID]*Payer{}
	for _, h := range handles {
		if agreed(h) {
			payers[h.ID] = payer(consumers[purse.ConsumerKey{Merchant: h.Merchant, Person: h.Payer}], users[h.Payer])
		}
	}
	return payers, nil
}

// Operation finds an operation of the merchant's. Of a sale, what was not settled in
// time is given back first.
//
// Refused with CodeNotFound.
func (s *Service) Operation(ctx context.Context, seller purse.Seller, kind purse.OperationKind, id purse.OperationID) (OperationReceipt, error) {
	o, err := s.Store.Operation(ctx, seller.Book, purse.OperationKey{Merchant: seller.Merchant, Kind: kind, ID: id})
	if err != nil {
		return OperationReceipt{}, err
	}
	all, err := s.showOperations(ctx, seller, []purse.Operation{o})
	if err != nil {
		return OperationReceipt{}, err
	}
	return all[0], nil
}

// Operations lists operations of one kind, as Handles does.
func (s *Service) Operations(ctx context.Context, seller purse.Seller, kind purse.OperationKind, q purse.HubQuery) ([]OperationReceipt, int, error) {
	q.Merchant = seller.Merchant
	operations, n, err := s.Store.Operations(ctx, seller.Book, kind, q)
	if err != nil {
		return nil, 0, err
	}
	all, err := s.showOperations(ctx, seller, operations)
	return all, n, err
}

// showOperations makes receipts of operations of one kind.
func (s *Service) showOperations(ctx context.Context, seller purse.Seller, operations []purse.Operation) ([]OperationReceipt, error) {
	now, err := s.Store.Now(ctx, seller.Book)
	if err != nil {
		return nil, err
	}
	all := make([]OperationReceipt, len(operations))
	var handles []purse.Handle
	for i, o := range operations {
		if o.Overdue(now) {
			if _, err := s.expireSale(ctx, seller.Book, o.OperationKey); err != nil {
				return nil, err
			}
			if o, err = s.Store.Operation(ctx, seller.Book, o.OperationKey); err != nil {
				return nil, err
			}
		}
		all[i] = OperationReceipt{Operation: o, Now: now}
		if !usesHandle(o.Kind) {
			continue
		}
		if all[i].Handle, err = s.Store.Handle(ctx, seller.Book, purse.HandleKey{Merchant: o.Merchant, ID: o.Handle}); err != nil {
			return nil, err
		}
		if all[i].Settlements, err = s.settlementsOf(ctx, seller.Book, o); err != nil {
			return nil, err
		}
		handles = append(handles, all[i].Handle)
	}
	payers, err := s.payersOf(ctx, seller, handles)
	for i := range all {
		all[i].Payer = payers[all[i].Handle.ID]
	}
	return all, err
}

// usesHandle says whether operations of a kind show the handle that they have used.
func usesHandle(kind purse.OperationKind) bool { return handleTypes[kind] != "" }

// settlementsOf reads the settlements of a sale, oldest first.
func (s *Service) settlementsOf(ctx context.Context, book purse.BookID, sale purse.Operation) ([]purse.Operation, error) {
	if sale.Kind != purse.Sale || sale.Status == purse.OperationFailed {
		return nil, nil
	}
	if sale.Auto {
		one, err := s.Store.Operation(ctx, book, purse.OperationKey{Merchant: sale.Merchant, Kind: purse.Settlement, ID: sale.ID})
		return []purse.Operation{one}, err
	}
	under, err := s.Store.Under(ctx, book, sale.ID)
	var settlements []purse.Operation
	for _, o := range under {
		if o.Kind == purse.Settlement && o.Status == purse.OperationCompleted {
			settlements = append(settlements, o)
		}
	}
	return settlements, err
}
