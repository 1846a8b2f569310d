package order

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"purse"
	"purse/outbound"
	"purse/policy"
)

// Caller posts to the URLs that merchants give.
type Caller interface {
	// Call posts body and tells the status of the answer. An error says that there
	// was none: outbound.ErrURL, outbound.ErrAddress or outbound.ErrTime, as far as one
	// of them is the reason.
	Call(ctx context.Context, url string, header map[string]string, body []byte) (status int, err error)
}

// HookAnswer is what a merchant's callback has said.
type HookAnswer struct {
	Status int // of HTTP; 0: nothing
}

// SignatureHeader is where a merchant finds the signature of a callback (wire.md C.3).
const SignatureHeader = "X-Luxfintech-Signature"

// testMessage is what a merchant's callback is tried with (wire.md C.3), byte for byte.
const testMessage = `{"order_id":0,"status":"SUCCESS","amount":0.01,"product":"test product"}`

// Sign is the signature of a callback's body: HMAC-SHA256 under a key's API secret, in
// lower-case hex without a prefix.
func Sign(secret purse.Secret, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// TestHook tries the callback of a seller's merchant with a test message, signed with the
// API secret of the key that asks. Every status from 200 to 299 is a yes: then the
// callback is told of paid orders from now on, until the merchant sets another.
//
// Refused with CodeBadKey, CodeKeyKind or CodeMerchant, and with CodeHook if no callback
// is set or it has not answered so; what it has answered besides the status, and where it
// led, is told nobody. HookAnswer is filled whenever there was an answer.
func (s *Service) TestHook(ctx context.Context, seller purse.Seller) (HookAnswer, error) {
	hook, key, err := s.hookOf(ctx, seller)
	if err != nil {
		return HookAnswer{}, err
	}
	if hook == "" {
		return HookAnswer{}, purse.Refuse(purse.CodeHook, "No callback URL is set for this merchant.")
	}
	secret, err := s.OpenSecret(key)
	if err != nil {
		return HookAnswer{}, err
	}
	body := []byte(testMessage)
	status, err := s.Caller.Call(ctx, hook, map[string]string{
		"Content-Type": "application/json", SignatureHeader: Sign(secret, body),
	}, body)
	if err != nil {
		return HookAnswer{}, unanswered(err)
	}
	answer := HookAnswer{Status: status}
	if status < 200 || status > 299 {
		return answer, purse.Refuse(purse.CodeHook, "The callback URL answered with status %d, and not with 200.", status)
	}
	return answer, s.tried(ctx, seller.Merchant, hook)
}

// hookOf is a seller's callback, and the key that asks; both as they stand in the book.
func (s *Service) hookOf(ctx context.Context, seller purse.Seller) (hook string, key purse.APIKey, err error) {
	err = s.Store.Execute(ctx, purse.Command{
		Book: seller.Book, Principal: seller.Principal(), Crowd: true, Needs: seller.Credential(),
		Decide: func(f *purse.Facts) error {
			m, err := policy.Sells(f, seller, purse.OrderKind)
			if err != nil {
				return err
			}
			hook = m.Orders.Hook
			key, err = f.APIKey(seller.Key)
			return err
		},
	})
	return hook, key, err
}

// tried notes that a merchant's callback has answered as it should.
func (s *Service) tried(ctx context.Context, merchant purse.MerchantID, hook string) error {
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Merchants: []purse.MerchantID{merchant}},
		Decide: func(f *purse.Facts) error {
			m, err := f.Merchant(merchant)
			if err != nil {
				return err
			}
			if m.Closed != 0 {
				return purse.Refuse(purse.CodeMerchant, "This merchant account is closed.")
			}
			if m.Orders.Hook != hook {
				return purse.Refuse(purse.CodeHook, "The callback URL was changed meanwhile. Test it again.")
			}
			m.Orders.HookTried = f.Now
			f.Put(m)
			return nil
		},
	})
}

// unanswered says why a callback has not answered, in words that tell nothing of what
// names lead to.
func unanswered(err error) error {
	switch {
	case errors.Is(err, outbound.ErrURL), errors.Is(err, outbound.ErrAddress):
		return purse.Refuse(purse.CodeHook, "The callback URL is not an address that may be called.")
	case errors.Is(err, outbound.ErrTime):
		return purse.Refuse(purse.CodeHook, "The callback URL did not answer in time.")
	}
	return purse.Refuse(purse.CodeHook, "The callback URL could not be reached, or its answer could not be read.")
}
