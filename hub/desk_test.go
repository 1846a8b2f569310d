package hub

import (
	"fmt"
	"time"

	"purse"
	"purse/ledger"
)

// desk is a book in memory at which a merchant and its consumers do business, by
// the commands of the use cases.
type desk struct {
	*purse.Memory
	service Service
	clock   purse.Time      // of the book
	refs    int64           // references handed out
	did     purse.Operation // what was answered last
}

const (
	shop    = purse.MerchantID(1000)
	someone = purse.UserID(2000) // the first of the consumers
	// noon is in the middle of a month.
	noon = purse.Epoch + purse.Time(10_000*time.Hour/time.Microsecond)
	life = time.Hour // of what the merchant leaves unsettled
)

var (
	plan = purse.Fee{Fixed: 1, Basis: 1000}
	till = purse.Seller{Book: purse.MainBook, Merchant: shop, Key: "key", Hash: "h", Kind: purse.PrivateKey}
)

// newDesk opens a book with people who have so much money each, and the merchant too.
func newDesk(limits purse.Limits, people int, minor int64) *desk {
	wallet := func(id ledger.AccountID, kind purse.AccountKind, minor int64) purse.Account {
		return purse.Account{Kind: kind, Account: ledger.Account{
			ID: id, Currency: "USD", MayOverdraw: kind == purse.Treasury,
			CreditsPosted: max(minor, 0), DebitsPosted: max(-minor, 0),
		}}
	}
	total := minor * int64(people+1)
	nouns := []any{
		purse.Merchant{ID: shop, Book: purse.MainBook, Name: "Shop", Plan: plan, Accepts: true, Life: life, Created: noon},
		purse.APIKey{Username: till.Key, Merchant: shop, Book: purse.MainBook, Kind: purse.PrivateKey, Hash: till.Hash, Created: noon},
		wallet(purse.TreasuryAccount, purse.Treasury, -total), wallet(purse.FeesAccount, purse.Fees, 0),
		wallet(purse.BalanceOf(shop), purse.Balance, minor),
	}
	for i := range people {
		id := someone + purse.UserID(i)
		nouns = append(nouns, purse.User{ID: id, Username: fmt.Sprintf("p%04d", i)}, wallet(purse.WalletOf(id), purse.Wallet, minor),
			purse.Session{Hash: actor(id).Session, Person: id, Book: purse.MainBook, Expires: noon.Add(100 * 365 * 24 * time.Hour)})
	}
	book := purse.Book{ID: purse.MainBook, Mode: purse.Live, Currency: "USD", Limits: limits}
	return &desk{Memory: purse.NewMemory(book, noon, nouns...), clock: noon}
}

// Advance lets so much time pass from now on, to the microsecond.
func (d *desk) Advance(by time.Duration) {
	to := d.Now().Add(max(by, 0))
	d.Memory.Advance(time.Duration(to-d.clock) * time.Microsecond)
	d.clock = to
}

// began is what the accounts of a desk had when it was opened.
func began(people int, minor int64) map[ledger.AccountID]int64 {
	money := map[ledger.AccountID]int64{purse.TreasuryAccount: -minor * int64(people+1), purse.BalanceOf(shop): minor}
	for i := range people {
		money[purse.WalletOf(someone+purse.UserID(i))] = minor
	}
	return money
}

func (d *desk) fork() *desk { return &desk{Memory: d.Memory.Fork(), refs: d.refs, clock: d.clock} }

// actor is a consumer who has signed in.
func actor(id purse.UserID) purse.Actor {
	return purse.Actor{Book: purse.MainBook, User: id, Session: purse.SessionHash("of " + id.String())}
}

// errand runs a merchant's command.
func (d *desk) errand(e *errand) (*purse.Facts, error) {
	f, err := d.Run(e.Command)
	if err == nil {
		err = e.late
	}
	if err == nil && e.encode != nil {
		e.encode()
	}
	return f, err
}

func (d *desk) ref() string {
	d.refs++
	return fmt.Sprint(d.refs)
}

// create asks for money.
func (d *desk) create(kind purse.HandleType, consumer string, minor int64) (purse.Handle, *purse.Facts, error) {
	req := HandleRequest{Type: kind, Ref: d.ref(), Minor: minor, Consumer: consumer, Encode: func(HandleReceipt) purse.Answer { return purse.Answer{} }}
	h, err := newHandle(till, req)
	if err != nil {
		return h, nil, err
	}
	f, err := d.errand(d.service.create(till, req, &h, purse.Needs{}))
	return h, f, err
}

func (d *desk) encode(r OperationReceipt) purse.Answer {
	d.did = r.Operation
	return purse.Answer{}
}

// answer answers on a handle's page.
func (d *desk) answer(k purse.HandleKey, do func(*purse.Facts, *purse.Handle) error) (*purse.Facts, error) {
	var h purse.Handle
	return d.Run(purse.Command{Book: purse.MainBook, Decide: decideAnswer(k, do, &h)})
}

// sell uses a handle.
func (d *desk) sell(kind purse.OperationKind, token string, minor int64, auto bool) (*purse.Facts, error) {
	req := OperationRequest{Ref: d.ref(), Minor: minor, Token: token, Auto: auto, Encode: d.encode}
	o, err := newOperation(till, kind, req)
	switch {
	case err != nil:
		return nil, err
	case kind == purse.Credit:
		return d.errand(use(till, req, o, purse.Needs{}, payOut))
	case kind == purse.Verify:
		return d.errand(use(till, req, o, purse.Needs{}, verify))
	}
	return d.errand(d.service.take(till, req, o, purse.Needs{}))
}

// change settles, voids or refunds a part, or cancels.
func (d *desk) change(kind purse.OperationKind, parent purse.OperationID, minor int64) (*purse.Facts, error) {
	req := OperationRequest{Ref: d.ref(), Minor: minor, Parent: parent, Encode: d.encode}
	o, err := newOperation(till, kind, req)
	switch {
	case err != nil:
		return nil, err
	case kind == purse.Settlement:
		return d.errand(ofSale(till, req, o, purse.Needs{}, settle))
	case kind == purse.Void:
		return d.errand(ofSale(till, req, o, purse.Needs{}, void))
	case kind == purse.Refund:
		return d.errand(giveBack(till, req, o, purse.Needs{}))
	}
	return d.errand(cancel(till, purse.OperationKey{Merchant: shop, Kind: purse.Sale, ID: parent}, req, purse.Needs{}))
}

// sweep ends one thing that is overdue, and says whether it was.
func (d *desk) sweepHandle(k purse.HandleKey) (ended bool, f *purse.Facts, err error) {
	f, err = d.Run(purse.Command{Book: purse.MainBook, Decide: endHandle(k, &ended)})
	return ended, f, err
}

func (d *desk) sweepSale(k purse.OperationKey) (ended bool, f *purse.Facts, err error) {
	f, err = d.Run(purse.Command{Book: purse.MainBook, Decide: endSale(k, &ended)})
	return ended, f, err
}

// revoke takes a consumer's agreement back.
func (d *desk) revoke(person purse.UserID, consumer string) (*purse.Facts, error) {
	k := purse.MandateKey{Merchant: shop, Consumer: consumer}
	return d.Run(purse.Command{Book: purse.MainBook, Decide: alter(actor(person), k, revoke)})
}
