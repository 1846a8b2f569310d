package hub

import (
	"context"

	"purse"
	"purse/ledger"
	"purse/policy"
)

// Agreement is what a consumer lets a merchant do from now on.
type Agreement struct {
	CapPayment int64      // minor units a payment; purse.NoCap: any amount
	CapMonth   int64      // minor units a calendar month, UTC; purse.NoCap: any amount
	Ends       purse.Time // 0: it has no end
}

// Check refuses an agreement that makes no sense.
//
// Refused with CodeInvalid.
func (a Agreement) Check(now purse.Time) error {
	if a.CapPayment < purse.NoCap || a.CapMonth < purse.NoCap {
		return purse.Refuse(purse.CodeInvalid, "A limit is an amount, and not negative.")
	}
	if a.Ends != 0 && a.Ends <= now {
		return purse.Refuse(purse.CodeInvalid, "The agreement would end before it begins.")
	}
	return nil
}

// Question is what a consumer is asked.
type Question struct {
	Handle   purse.Handle
	Merchant purse.Merchant
	Details  Details
	Now      purse.Time
}

// Question is what the page with a link asks. Looking at it begins the asking, as
// seeds/004 has it, and ends what is overdue.
//
// Refused with CodeNotFound.
func (s *Service) Question(ctx context.Context, link string) (Question, error) {
	h, err := s.Store.HandleLinked(ctx, link)
	if err != nil || link == "" {
		return Question{}, err
	}
	m, err := s.Store.Merchants(ctx, h.Merchant)
	if err != nil {
		return Question{}, err
	}
	q := Question{Merchant: m[h.Merchant], Details: ReadDetails(h.Details)}
	if q.Now, err = s.Store.Now(ctx, q.Merchant.Book); err != nil {
		return q, err
	}
	q.Handle = h
	if h.Status != purse.HandleInitiated && !h.Overdue(q.Now) {
		return q, nil
	}
	q.Handle, err = s.answer(ctx, q.Merchant.Book, h.HandleKey, purse.Command{}, ask)
	return q, err
}

// ask decides that a consumer looks at a question.
func ask(f *purse.Facts, h *purse.Handle) error {
	if h.Status == purse.HandleInitiated {
		step(f, h, purse.HandleProcessing)
	}
	return nil
}

// answer is a command that changes a handle on its page. An overdue one is ended
// instead.
func (s *Service) answer(ctx context.Context, book purse.BookID, k purse.HandleKey, c purse.Command, do func(*purse.Facts, *purse.Handle) error) (purse.Handle, error) {
	needs, err := s.handleNeeds(ctx, book, k)
	if err != nil {
		return purse.Handle{}, err
	}
	c.Book = book
	c.Needs.Add(needs)
	var h purse.Handle
	c.Decide = decideAnswer(k, do, &h)
	err = s.Store.Execute(ctx, c)
	return h, err
}

// decideAnswer decides a change of a handle on its page, and tells what it is then.
func decideAnswer(k purse.HandleKey, do func(*purse.Facts, *purse.Handle) error, h *purse.Handle) func(*purse.Facts) error {
	return func(f *purse.Facts) (err error) {
		if *h, err = f.Handle(k); err != nil {
			return err
		}
		over, err := lapse(f, h)
		if over || err != nil {
			return err
		}
		return do(f, h)
	}
}

// Authorize is the consumer's yes: the money is ring-fenced in the actor's wallet,
// and the merchant may take payments without asking from now on, as far as the
// agreement goes. If the wallet does not allow it, the handle has failed: look at
// its state.
//
// Only the actor's own session may agree. Refused with CodeScope, CodeNotFound,
// CodeSignedOut, CodeInvalid or CodeFinal, in this order.
func (s *Service) Authorize(ctx context.Context, actor purse.Actor, link string, a Agreement) (purse.Handle, error) {
	if actor.Session == "" {
		return purse.Handle{}, errApp
	}
	q, err := s.Question(ctx, link)
	if err != nil {
		return purse.Handle{}, err
	}
	c := purse.Command{Principal: actor.Principal(), Needs: actor.Credential()}
	return s.agree(ctx, q, c, agreeing(actor, a))
}

// RefuseHandle is the consumer's no. Whoever has the link may say it.
//
// Refused with CodeNotFound or CodeFinal.
func (s *Service) RefuseHandle(ctx context.Context, link string) (purse.Handle, error) {
	q, err := s.Question(ctx, link)
	if err != nil {
		return purse.Handle{}, err
	}
	return s.answer(ctx, q.Merchant.Book, q.Handle.HandleKey, purse.Command{}, no(purse.CodeRefused))
}

// no decides an answer that fails the handle.
func no(fault purse.Code) func(*purse.Facts, *purse.Handle) error {
	return func(f *purse.Facts, h *purse.Handle) error {
		if err := asked(f, h); err != nil {
			return err
		}
		fail(f, h, purse.Decline{Fault: fault})
		return nil
	}
}

// Simulate is a tester's answer in a sandbox: that of a consumer who agrees
// (PAYABLE), with the money of the network's own test person, or does not (FAILED).
//
// Refused with CodeNotFound, CodeInvalid or CodeFinal.
func (s *Service) Simulate(ctx context.Context, link string, outcome purse.HandleStatus) (purse.Handle, error) {
	q, err := s.Question(ctx, link)
	switch {
	case err != nil:
		return purse.Handle{}, err
	case s.Tester == 0 || q.Handle.Simulator != Internal:
		return purse.Handle{}, purse.Refuse(purse.CodeNotFound, "There is no such payment handle.")
	case outcome == purse.HandleFailed:
		return s.answer(ctx, q.Merchant.Book, q.Handle.HandleKey, purse.Command{}, no(purse.CodeDeclined))
	case outcome != purse.HandlePayable:
		return purse.Handle{}, purse.Refuse(purse.CodeInvalid, "A tester's answer is PAYABLE or FAILED.")
	}
	return s.agree(ctx, q, purse.Command{}, consent{
		person: s.Tester, terms: Agreement{CapPayment: purse.NoCap, CapMonth: purse.NoCap}, numbers: drawNumbers(),
		may: func(*purse.Facts) error { return nil },
	})
}

// asked refuses a handle that has been answered, and makes sure that it was asked.
func asked(f *purse.Facts, h *purse.Handle) error {
	switch h.Status {
	case purse.HandleInitiated:
		step(f, h, purse.HandleProcessing)
	case purse.HandleProcessing:
	default:
		return purse.Refuse(purse.CodeFinal, "This has been answered already.")
	}
	return nil
}

// numbersDrawn is how many numbers are drawn for a new consumer. All of them are
// somebody else's once in a while only where a merchant has hundreds of millions.
const numbersDrawn = 3

func drawNumbers() (numbers [numbersDrawn]int64) {
	for i := range numbers {
		numbers[i] = purse.ConsumerNumberMin + draw(purse.ConsumerNumberMax-purse.ConsumerNumberMin+1)
	}
	return numbers
}

// consent is a consumer's yes.
type consent struct {
	person  purse.UserID
	terms   Agreement
	numbers [numbersDrawn]int64 // that a new consumer may get
	may     func(*purse.Facts) error
}

// agreeing is the yes of somebody who has signed in.
func agreeing(actor purse.Actor, a Agreement) consent {
	return consent{
		person: actor.User, terms: a, numbers: drawNumbers(),
		may: func(f *purse.Facts) error { return policy.Authorize(f, actor, purse.MakePayments) },
	}
}

// agree runs the command of a consumer's yes.
func (s *Service) agree(ctx context.Context, q Question, c purse.Command, yes consent) (purse.Handle, error) {
	k := q.Handle.HandleKey
	for _, n := range yes.numbers {
		c.Needs.ConsumerNumbers = append(c.Needs.ConsumerNumbers, purse.ConsumerNumber{Merchant: k.Merchant, Number: n})
	}
	c.Needs.Consumers = []purse.ConsumerKey{{Merchant: k.Merchant, Person: yes.person}}
	c.Needs.ContactsOf = []purse.UserID{yes.person}
	c.Needs.Merchants = []purse.MerchantID{k.Merchant}
	c.Needs.Accounts = []ledger.AccountID{purse.WalletOf(yes.person)}
	return s.answer(ctx, q.Merchant.Book, k, c, yes.decide)
}

// decide decides a consumer's yes.
func (yes consent) decide(f *purse.Facts, h *purse.Handle) error {
	if err := yes.may(f); err != nil {
		return err
	}
	if err := yes.terms.Check(f.Now); err != nil {
		return err
	}
	m, err := f.Merchant(h.Merchant)
	if err != nil {
		return err
	}
	if err := asked(f, h); err != nil {
		return err
	}
	if m.Closed != 0 || !m.Accepts {
		fail(f, h, purse.Decline{Fault: purse.CodeDeclined})
		return nil
	}
	h.Payer = yes.person
	if err := ringFence(f, h); err != nil {
		h.Payer = 0
		return declined(f, h, err)
	}
	if err := know(f, h, yes.numbers); err != nil {
		return err
	}
	if !ReadDetails(h.Details).Public {
		if err := give(f, h, yes.terms); err != nil {
			return err
		}
	}
	step(f, h, purse.HandlePayable)
	return nil
}

// give writes the agreement, and counts the payment that it was given with.
func give(f *purse.Facts, h *purse.Handle, a Agreement) error {
	key := purse.MandateKey{Merchant: h.Merchant, Consumer: h.Consumer}
	m, err := f.Mandate(key)
	switch {
	case purse.CodeOf(err) == purse.CodeNotFound:
		m = purse.Mandate{MandateKey: key, ID: purse.MandateID(f.NextID())}
	case err != nil:
		return err
	}
	if m.Person != h.Payer {
		m.Month, m.Spent = 0, 0
	}
	m.Person, m.Since, m.Revoked = h.Payer, f.Now, 0
	m.CapPayment, m.CapMonth, m.Ends = a.CapPayment, a.CapMonth, a.Ends
	m.Count(f.Now, h.Minor)
	m.Version++
	f.Put(m)
	f.Emit(purse.MandateGiven, m)
	return nil
}

// know makes sure that the merchant knows the wallet by a number, and by the e-mail
// address that its owner shows today.
func know(f *purse.Facts, h *purse.Handle, numbers [numbersDrawn]int64) error {
	contacts, err := f.Contacts(h.Payer)
	if err != nil {
		return err
	}
	email := purse.Verified(contacts, purse.Email).Text
	key := purse.ConsumerKey{Merchant: h.Merchant, Person: h.Payer}
	c, err := f.Consumer(key)
	if err == nil {
		if c.Email != email {
			c.Email = email
			f.Put(c)
		}
		return nil
	}
	if purse.CodeOf(err) != purse.CodeNotFound {
		return err
	}
	for _, n := range numbers {
		_, err := f.ConsumerNumbered(purse.ConsumerNumber{Merchant: h.Merchant, Number: n})
		if purse.CodeOf(err) == purse.CodeNotFound {
			f.Put(purse.Consumer{ConsumerKey: key, Number: n, Email: email, Since: f.Now})
			return nil
		}
		if err != nil {
			return err
		}
	}
	return purse.Refuse(purse.CodeBusy, "The network is busy. Try again shortly.")
}
