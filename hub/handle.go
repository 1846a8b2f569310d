package hub

import (
	"context"
	"time"

	"purse"
	"purse/policy"
	"purse/secret"
)

// CreateHandle asks a consumer for money. With a standing agreement the money is
// ring-fenced at once; else the handle has a link on which the consumer is asked.
// A handle for a credit ring-fences money of the merchant's, for a consumer who has
// paid the merchant before.
//
// A public key is in every browser of the merchant's shop, so a handle made with one
// always asks, and the answer is good for that one payment: nobody else may have a
// consumer's money ring-fenced, learn who that is, or become that consumer.
//
// Refused with CodeBadKey, CodeKeyKind, CodeMerchant, CodeKeyReused,
// CodeNotAccepted, CodeRedirect, CodeDuplicate, CodeGateway or CodeNotLinked, in this order. What
// is declined is a handle that has failed, with CodeFloor, CodeFunds, CodeFrozen,
// CodeLimit or what else a sandbox's processor says.
func (s *Service) CreateHandle(ctx context.Context, seller purse.Seller, req HandleRequest) (purse.Answer, error) {
	h, err := newHandle(seller, req)
	if err != nil {
		return purse.Answer{}, err
	}
	key := purse.MandateKey{Merchant: seller.Merchant, Consumer: req.Consumer}
	needs, err := s.mandateNeeds(ctx, seller.Book, key)
	if err != nil {
		return purse.Answer{}, err
	}
	answer, err := s.run(ctx, s.create(seller, req, &h, needs))
	if err == nil && h.Status == purse.HandlePayable {
		s.handles.put(h.Token, h)
		s.payers.put(key, h.Payer)
	}
	return answer, err
}

// create is the errand that makes h, and tells what has become of it.
func (s *Service) create(seller purse.Seller, req HandleRequest, h *purse.Handle, needs purse.Needs) *errand {
	kind := purse.PublicKey
	if req.Type != purse.HandleForPayment {
		kind = purse.PrivateKey
	}
	reference := purse.ReferenceKey{Merchant: seller.Merchant, Kind: purse.ReferenceToHandle, Ref: req.Ref}
	needs.References = []purse.ReferenceKey{reference}
	made := *h
	return newErrand(seller, kind, req.Once, needs, func(f *purse.Facts, m purse.Merchant) (reply, error) {
		if err := policy.Accepts(m); err != nil {
			return nil, err
		}
		for _, l := range req.Details.ReturnLinks {
			if err := CheckReturn(m, f.Book.Mode, l.Href); err != nil {
				return nil, err
			}
		}
		k, err := f.APIKey(seller.Key)
		if err != nil {
			return nil, err
		}
		if !req.Repeat {
			if err := duplicate(f, reference, k.Kind); err != nil {
				return nil, err
			}
		}
		*h = made
		h.ID = purse.HandleID(f.NextID())
		if err := s.begin(f, h, k.Kind == purse.PublicKey); err != nil {
			return nil, err
		}
		r, err := handleReceipt(f, *h)
		if err != nil {
			return nil, err
		}
		return func() purse.Answer { return req.Encode(r) }, nil
	})
}

// CheckReturn refuses a return link that leads elsewhere than to the merchant's own
// sites. In a sandbox that is nobody's business until the merchant names some.
//
// Refused with CodeRedirect.
func CheckReturn(m purse.Merchant, mode purse.Mode, uri string) error {
	if mode != purse.Live && m.Origins == "" {
		return nil
	}
	return policy.CheckReturn(m, mode, uri)
}

// duplicate refuses a reference that was used before. What was made with a public key
// takes no reference away from the merchant's server.
func duplicate(f *purse.Facts, reference purse.ReferenceKey, kind purse.KeyKind) error {
	err := f.CheckDuplicate(reference)
	if purse.CodeOf(err) != purse.CodeDuplicate || kind == purse.PublicKey {
		return err
	}
	id, err2 := f.Referenced(reference)
	if err2 != nil {
		return err2
	}
	h, err2 := f.Handle(purse.HandleKey{Merchant: reference.Merchant, ID: purse.HandleID(id)})
	if err2 != nil {
		return err2
	}
	if ReadDetails(h.Details).Public {
		return nil
	}
	return err
}

// newHandle is a handle before anything has become of it.
func newHandle(seller purse.Seller, req HandleRequest) (purse.Handle, error) {
	req.Details.Public = seller.Kind == purse.PublicKey
	details, err := req.Details.encode()
	if err != nil {
		return purse.Handle{}, err
	}
	return purse.Handle{
		HandleKey: purse.HandleKey{Merchant: seller.Merchant},
		Type:      req.Type, Ref: req.Ref, Token: token("PH"), Consumer: req.Consumer, Minor: req.Minor,
		Link: secret.Link(), Simulator: req.Simulator, Details: details,
	}, nil
}

// mandateNeeds is what a payment by an agreement must see. Whose it is is a guess.
func (s *Service) mandateNeeds(ctx context.Context, book purse.BookID, key purse.MandateKey) (purse.Needs, error) {
	person, known := s.payers.get(key)
	if !known {
		m, err := s.Store.Mandate(ctx, book, key)
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return purse.Needs{}, err
		}
		if person = m.Person; person != 0 {
			s.payers.put(key, person)
		}
	}
	needs := purse.Needs{Mandates: []purse.MandateKey{key}, Accounts: balances(key.Merchant, person)}
	if person != 0 {
		needs.Users = []purse.UserID{person}
		needs.Consumers = []purse.ConsumerKey{{Merchant: key.Merchant, Person: person}}
	}
	return needs, nil
}

// begin decides what becomes of a new handle; mustAsk says that no agreement counts.
func (s *Service) begin(f *purse.Facts, h *purse.Handle, mustAsk bool) error {
	if d, declined := s.refuses(f, purse.StepHandle, *h); declined {
		if d.Fault == purse.CodeGateway {
			return purse.Refuse(d.Fault, "%s", d.Processor)
		}
		fail(f, h, d)
		return nil
	}
	m, err := f.Mandate(purse.MandateKey{Merchant: h.Merchant, Consumer: h.Consumer})
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return err
	}
	if h.Type == purse.HandleForCredit {
		return beginCredit(f, h, m)
	}
	if mustAsk || !m.Stands(f.Now) || !m.Take(f.Now, h.Minor) {
		step(f, h, purse.HandleInitiated)
		return nil
	}
	h.Payer, h.Link = m.Person, ""
	if err := ringFence(f, h); err != nil {
		return declined(f, h, err)
	}
	f.Put(m)
	steps(f, h, purse.HandleInitiated, purse.HandleProcessing, purse.HandlePayable)
	return nil
}

// refuses asks the processor of a sandbox.
func (s *Service) refuses(f *purse.Facts, at purse.Step, h purse.Handle) (purse.Decline, bool) {
	if s.Processor == nil || f.Book.Mode != purse.Sandbox {
		return purse.Decline{}, false
	}
	return s.Processor.Refuses(at, h)
}

// ringFence holds the money of a handle in its payer's wallet, until its deadline.
// It changes nothing if it refuses.
func ringFence(f *purse.Facts, h *purse.Handle) error {
	wallet := purse.WalletOf(h.Payer)
	if err := policy.PayMerchant(f, h.Payer, h.Minor); err != nil || h.Type == purse.HandleForVerification {
		return err
	}
	held, err := f.Hold(wallet, purse.BalanceOf(h.Merchant), h.Minor, h.Cause(), h.Deadline())
	if err != nil {
		return err
	}
	h.Hold = held.ID
	h.Counted, err = f.CountSpent(wallet, h.Minor)
	return err
}

// letGo gives back what is held for a handle, wherever it is counted.
func letGo(f *purse.Facts, h purse.Handle) error {
	if h.Hold == 0 {
		return nil
	}
	if _, err := f.Release(h.Hold); err != nil {
		return err
	}
	if h.Type == purse.HandleForCredit {
		return nil
	}
	_, err := uncount(f, h, h.Minor)
	return err
}

// uncount takes money that has gone back off the counters of its payer, and says
// from which hour of the weekly one; 0: that hour no longer counts.
func uncount(f *purse.Facts, h purse.Handle, minor int64) (hour int64, err error) {
	off, err := f.UncountSpent(purse.WalletOf(h.Payer), h.Counted, minor)
	if err != nil {
		return 0, err
	}
	if off {
		hour = h.Counted
	}
	if ReadDetails(h.Details).Public {
		return hour, nil // it came with no agreement
	}
	m, err := f.Mandate(purse.MandateKey{Merchant: h.Merchant, Consumer: h.Consumer})
	if purse.CodeOf(err) == purse.CodeNotFound {
		return hour, nil
	}
	if err != nil || m.Person != h.Payer {
		return hour, err
	}
	m.GiveBack(counted(h), f.Now, minor)
	f.Put(m)
	return hour, nil
}

// counted is when a handle's money was counted, to the hour: that of the answer to
// it, which may fall into another month than the question.
func counted(h purse.Handle) purse.Time {
	return purse.Time(h.Counted * time.Hour.Microseconds())
}

// step moves a handle on and tells the news.
func step(f *purse.Facts, h *purse.Handle, to purse.HandleStatus) {
	h.Status, h.Changed = to, max(f.Now, h.Created())
	h.Version++
	f.Put(*h)
	f.Emit(purse.HandleNews(to), *h)
}

func steps(f *purse.Facts, h *purse.Handle, through ...purse.HandleStatus) {
	for _, to := range through {
		step(f, h, to)
	}
}

// fail ends a handle that was declined.
func fail(f *purse.Facts, h *purse.Handle, d purse.Decline) {
	h.Fault, h.Processor = d.Fault, d.Processor
	step(f, h, purse.HandleFailed)
}

// declined makes a refusal of the payer's wallet the end of a handle.
func declined(f *purse.Facts, h *purse.Handle, err error) error {
	code, ok := declines(err)
	if !ok {
		return err
	}
	fail(f, h, purse.Decline{Fault: code})
	return nil
}

// beginCredit ring-fences money of the merchant's for a consumer who has paid it
// before, whether or not the agreement still stands: money to the consumer harms
// nobody.
func beginCredit(f *purse.Facts, h *purse.Handle, m purse.Mandate) error {
	h.Link = ""
	linked := purse.Refuse(purse.CodeNotLinked, "This consumer has not paid the merchant yet.")
	if m.Person == 0 {
		return linked
	}
	c, err := f.Consumer(purse.ConsumerKey{Merchant: h.Merchant, Person: m.Person})
	if purse.CodeOf(err) == purse.CodeNotFound || err == nil && c.Linked == 0 {
		return linked
	}
	if err != nil {
		return err
	}
	h.Payer = m.Person
	if err := policy.Open(f, h.Payer); err != nil {
		if purse.CodeOf(err) == purse.CodeTarget {
			fail(f, h, purse.Decline{Fault: purse.CodeDeclined})
			return nil
		}
		return err
	}
	held, err := f.Hold(purse.BalanceOf(h.Merchant), purse.WalletOf(h.Payer), h.Minor, h.Cause(), h.Deadline())
	if err != nil {
		return declined(f, h, err)
	}
	h.Hold = held.ID
	steps(f, h, purse.HandleInitiated, purse.HandleProcessing, purse.HandlePayable)
	return nil
}

// lapse ends a handle whose deadline has come, and says whether it did.
func lapse(f *purse.Facts, h *purse.Handle) (bool, error) {
	if !h.Overdue(f.Now) {
		return false, nil
	}
	if h.Status == purse.HandlePayable {
		if err := letGo(f, *h); err != nil {
			return false, err
		}
	}
	step(f, h, purse.HandleExpired)
	return true, nil
}
