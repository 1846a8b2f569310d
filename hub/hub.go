// Package hub is what merchants do with their customers' wallets (seeds/004): they
// ask for money with a payment handle, the consumer authorises it, the money is
// ring-fenced, and the merchant takes it, gives it back, or lets it lapse. A
// consumer who has agreed once is not asked again until they take that back.
//
// Each use case is one file with one command. The package decides and leaves wire
// formats to the doors, rules to package policy and arithmetic to package ledger.
// It promises: what is PAYABLE is ring-fenced; nothing is taken at or after the
// deadline, in book time, nor twice, nor more than was authorised; what is not
// taken goes back; nothing is refunded that was not taken. A decline leaves its
// handle or operation behind, FAILED, and no money anywhere but where it was.
package hub

import (
	"context"
	"crypto/rand"
	"math/big"

	"purse"
	"purse/ledger"
	"purse/notice"
	"purse/policy"
)

// Service carries out the use cases of merchants and their consumers.
type Service struct {
	Store     purse.Store
	Processor purse.Processor // nil in a live network
	Tester    purse.UserID    // whose wallet pays where a tester has picked the outcome; 0 in a live network
	Courier   purse.Courier   // for notices; nil: none are sent
	Network   string          // its name, for notices
	PublicURL string          // where people reach it, for the links in notices

	payers  memo[purse.MandateKey, purse.UserID]
	handles memo[string, purse.Handle]
	noticed notice.Place
}

// HandleRequest asks for a payment handle.
type HandleRequest struct {
	Type      purse.HandleType
	Ref       string // the merchant's own reference
	Minor     int64  // minor units; 0 for a verification
	Consumer  string // the merchant's own name of the consumer
	Simulator string // who answers in a sandbox: External or Internal
	Details   Details
	Repeat    bool // the reference may have been used before

	Once   purse.Once
	Encode func(HandleReceipt) purse.Answer // the door's encoder; pure, as it runs inside the command
}

// The simulators of a sandbox (wire.md B.11).
const (
	External = "EXTERNAL" // the consumer is asked on the page that live consumers see
	Internal = "INTERNAL" // the tester picks what becomes of the handle
)

// OperationRequest asks for an operation.
type OperationRequest struct {
	Ref     string            // the merchant's own reference
	Minor   int64             // minor units; of a refund 0: all that is left
	Token   string            // the handle's, where one is used
	Parent  purse.OperationID // what is settled, voided, refunded or cancelled
	Auto    bool              // a sale settles by itself
	Details Details
	Repeat  bool // the reference may have been used before

	Once   purse.Once
	Encode func(OperationReceipt) purse.Answer
}

// token draws a token: its prefix and 14 characters, as callers know them (wire.md
// B.3, B.8).
func token(prefix string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	const fair = 256 / len(letters) * len(letters) // bytes below are as often one letter as another
	const length = 14
	b := append(make([]byte, 0, len(prefix)+length), prefix...)
	for {
		var drawn [16]byte
		if _, err := rand.Read(drawn[:]); err != nil {
			panic(err) // the system gives no random numbers: nothing may go on
		}
		for _, v := range drawn {
			if int(v) >= fair {
				continue
			}
			if b = append(b, letters[int(v)%len(letters)]); len(b) == len(prefix)+length {
				return string(b)
			}
		}
	}
}

// draw is a random number from 0 to below n.
func draw(n int64) int64 {
	v, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		panic(err) // the system gives no random numbers: nothing may go on
	}
	return v.Int64()
}

// errand is a merchant's command, and what has come of it once it was executed.
type errand struct {
	purse.Command
	answer purse.Answer
	encode reply // of an answer that is not kept; made when the book waits for nothing any more
	late   error
}

// reply makes the answer to a request, by its own encoder.
type reply func() purse.Answer

// tooLate is what a decision answers that came too late: it ends what has lapsed,
// so that it changes something, and does nothing of what it was asked for.
type tooLate struct{ error }

// newErrand makes the command of a merchant. do decides, after the key was checked
// and the request found to be new; what it gives is encoded
// inside the command only if it is to be kept with a key.
func newErrand(seller purse.Seller, kind purse.KeyKind, once purse.Once, needs purse.Needs,
	do func(*purse.Facts, purse.Merchant) (reply, error)) *errand {
	needs.Add(seller.Credential())
	if once.Key != "" {
		needs.Once = []purse.OnceKey{{Principal: once.Principal, Key: once.Key}}
	}
	e := &errand{Command: purse.Command{Book: seller.Book, Principal: seller.Principal(), Crowd: true, Needs: needs}}
	e.Decide = func(f *purse.Facts) error {
		e.late, e.encode = nil, nil
		m, err := policy.Sells(f, seller, kind)
		if err != nil {
			return err
		}
		var repeated bool
		if e.answer, repeated, err = f.Repeated(once); repeated || err != nil {
			return err
		}
		r, err := do(f, m)
		if over, ok := err.(tooLate); ok {
			e.late = over.error
			return nil
		}
		if err != nil {
			return err
		}
		if once.Key == "" {
			e.encode = r
			return nil
		}
		e.answer = f.Answer(once, r())
		return nil
	}
	return e
}

// run executes an errand.
func (s *Service) run(ctx context.Context, e *errand) (purse.Answer, error) {
	if err := s.Store.Execute(ctx, e.Command); err != nil {
		return purse.Answer{}, err
	}
	if e.encode != nil {
		return e.encode(), nil
	}
	return e.answer, e.late
}

// balances are the accounts that money moves between, with the network's own.
func balances(m purse.MerchantID, people ...purse.UserID) []ledger.AccountID {
	all := []ledger.AccountID{purse.BalanceOf(m), purse.FeesAccount}
	for _, u := range people {
		if u != 0 {
			all = append(all, purse.WalletOf(u))
		}
	}
	return all
}

// declines are the refusals that are an outcome here: the merchant is told that
// the payment was declined, and why.
func declines(err error) (purse.Code, bool) {
	switch code := purse.CodeOf(err); code {
	case purse.CodeFunds, purse.CodeFrozen, purse.CodeLimit:
		return code, true
	}
	return "", false
}
