package wallet

import (
	"cmp"
	"context"

	"purse"
	"purse/ledger"
	"purse/policy"
)

// PayRequest asks for one payment or charge.
type PayRequest struct {
	To       Target
	Minor    int64 // minor units of the book's currency, positive
	Note     string
	Audience purse.Audience // empty: what the actor has set for such payments
	Medium   purse.Medium   // empty: what the actor's app is registered as

	Once   purse.Once                 // the key and fingerprint of the request, if it has a key
	Encode func(Receipt) purse.Answer // the door's encoder; pure, as it runs inside the command
}

// Target is whom a payment is made to: a person, or whoever owns an address.
type Target struct {
	User    purse.UserID
	Address purse.Address // if User is 0
}

// Pay moves money from the actor's wallet to another person's, at once. What is
// paid to an address that nobody owns goes into escrow and is pending, at most
// for Terms.EscrowLife. The network's fee comes on top.
//
// Refused with CodeBadToken, CodeTokenRevoked, CodeTokenExpired, CodeScope,
// CodeKeyReused, CodeStrangers, CodeSelf, CodeTarget, CodeFrozen, CodeLimit,
// CodeAmount or CodeFunds, in this order; over an app's cap with CodeLimit, after
// CodeAmount.
func (s *Service) Pay(ctx context.Context, actor purse.Actor, req PayRequest) (purse.Answer, error) {
	return s.make(ctx, actor, req, purse.Pay, func(f *purse.Facts, p *purse.Payment) error {
		if err := policy.Pay(f, p, actor.App); err != nil {
			return err
		}
		if p.Target == 0 {
			return intoEscrow(f, p)
		}
		return settle(f, p)
	})
}

// make is the command that makes a payment; do decides what becomes of it.
func (s *Service) make(ctx context.Context, actor purse.Actor, req PayRequest, action purse.PaymentAction, do func(*purse.Facts, *purse.Payment) error) (purse.Answer, error) {
	needs, err := s.paymentNeeds(ctx, actor, req, action)
	if err != nil {
		return purse.Answer{}, err
	}
	var answer purse.Answer
	err = s.Store.Execute(ctx, purse.Command{
		Book: actor.Book, Principal: actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) (err error) {
			if err := policy.Authorize(f, actor, purse.MakePayments); err != nil {
				return err
			}
			var repeated bool
			if answer, repeated, err = f.Repeated(req.Once); repeated || err != nil {
				return err
			}
			p, err := newPayment(f, actor, req, action)
			if err != nil {
				return err
			}
			if err := s.become(f, &p, do); err != nil {
				return err
			}
			p.Version = 1
			f.Put(p)
			f.Emit(purse.PaymentCreated, p)
			receipt, err := receiptOf(f, actor, p)
			if err != nil {
				return err
			}
			answer = f.Answer(req.Once, req.Encode(receipt))
			return nil
		},
	})
	return answer, err
}

// become lets do decide what becomes of a payment, or the script of a sandbox.
func (s *Service) become(f *purse.Facts, p *purse.Payment, do func(*purse.Facts, *purse.Payment) error) error {
	outcome := purse.PaymentStatus("")
	if s.Script != nil && f.Book.Mode == purse.Sandbox {
		outcome = s.Script.Outcome(*p)
	}
	switch outcome {
	case purse.PaymentFailed:
		if err := policy.Ask(f, p); err != nil {
			return err
		}
		p.Status, p.Completed = purse.PaymentFailed, p.Created()
		return nil
	case purse.PaymentSettled:
		if err := policy.Pay(f, p, 0); err != nil {
			return err
		}
		return settle(f, p)
	}
	return do(f, p)
}

// paymentNeeds guesses what a payment must see. Who owns an address is read
// here, to name the owner's rows, and again by the command, to go by it.
func (s *Service) paymentNeeds(ctx context.Context, actor purse.Actor, req PayRequest, action purse.PaymentAction) (purse.Needs, error) {
	to, from := req.To.User, purse.WalletOf(actor.User)
	needs := actor.Credential()
	if to == 0 {
		needs.Addresses = []purse.Address{req.To.Address}
		needs.Introductions = []purse.IntroductionKey{{Person: actor.User, Address: req.To.Address}}
		needs.Introduced = []purse.UserID{actor.User}
		owner, err := s.Store.AddressOwner(ctx, req.To.Address)
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return needs, err
		}
		to = owner.Owner
	}
	// All batches have the account of fees in common, so it costs nothing to name it.
	needs.Users, needs.Accounts = []purse.UserID{actor.User}, []ledger.AccountID{from, purse.FeesAccount}
	if to != 0 {
		needs.Users, needs.Accounts = append(needs.Users, to), append(needs.Accounts, purse.WalletOf(to))
	} else {
		needs.Accounts = append(needs.Accounts, purse.EscrowAccount)
	}
	switch {
	case action == purse.Pay:
		needs.Allowances = throughNeeds(actor)
	case to != 0: // the target may trust the actor
		k := purse.TieKey{Person: actor.User, Other: to}
		needs.Ties = []purse.TieKey{k, k.Back()}
		needs.Allowances = []purse.AllowanceKey{{Person: to, Grantee: int64(actor.User)}}
	}
	needs.Once = onceNeeds(req.Once)
	return needs, nil
}

// throughNeeds is what tells how much may leave the actor's wallet through the app.
func throughNeeds(actor purse.Actor) []purse.AllowanceKey {
	if actor.App == 0 {
		return nil
	}
	return []purse.AllowanceKey{{Person: actor.User, Grantee: int64(actor.App)}}
}

func onceNeeds(o purse.Once) []purse.OnceKey {
	if o.Key == "" {
		return nil
	}
	return []purse.OnceKey{{Principal: o.Principal, Key: o.Key}}
}

// newPayment is a payment before anything has become of it.
func newPayment(f *purse.Facts, actor purse.Actor, req PayRequest, action purse.PaymentAction) (purse.Payment, error) {
	p := purse.Payment{
		ID: purse.PaymentID(f.NextID()), Action: action, Actor: actor.User, Target: req.To.User,
		Minor: req.Minor, Note: req.Note, Audience: req.Audience, Medium: req.Medium, App: actor.App,
	}
	if p.Target == 0 {
		if err := f.CheckIntroduction(actor.User, req.To.Address); err != nil {
			return p, err
		}
		owner, err := f.AddressOwner(req.To.Address)
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return p, err
		}
		if p.Target = owner.Owner; p.Target == 0 {
			p.Address = req.To.Address
		}
	}
	if p.Audience == "" {
		u, err := f.User(actor.User)
		if err != nil {
			return p, err
		}
		p.Audience = cmp.Or(u.Audience, purse.Private)
	}
	if p.Medium != "" {
		return p, nil
	}
	p.Medium = purse.MediumAPI
	if actor.App == 0 {
		return p, nil
	}
	app, err := f.App(actor.App)
	p.Medium = app.Medium
	return p, err
}

// settle moves the money from the payer's wallet, with the fee that is due now.
func settle(f *purse.Facts, p *purse.Payment) error {
	p.Fee = f.Book.Terms.Fee.Of(p.Minor)
	return deliver(f, p, purse.WalletOf(p.Payer()))
}

// deliver gives the payee the money, and the network its fee.
func deliver(f *purse.Facts, p *purse.Payment, from ledger.AccountID) error {
	var err error
	if p.Transfer, err = f.Move(from, purse.WalletOf(p.Payee()), p.Minor, p.Cause()); err != nil {
		return err
	}
	if p.Fee > 0 {
		if _, err = f.Move(from, purse.FeesAccount, p.Fee, p.Cause()); err != nil {
			return err
		}
	}
	p.Status, p.Completed = purse.PaymentSettled, max(f.Now, p.Created())
	return nil
}

// intoEscrow keeps the money for whoever will own the address.
func intoEscrow(f *purse.Facts, p *purse.Payment) error {
	if err := introduce(f, *p); err != nil {
		return err
	}
	p.Fee = f.Book.Terms.Fee.Of(p.Minor)
	total := p.Minor + p.Fee
	if total < p.Minor {
		return purse.Refuse(purse.CodeAmount, "This amount is not possible here.")
	}
	var err error
	if p.Escrow, err = f.Move(purse.WalletOf(p.Actor), purse.EscrowAccount, total, p.Cause()); err != nil {
		return err
	}
	p.Status, p.Deadline = purse.PaymentPending, f.Now.Add(f.Book.Terms.EscrowLife)
	return nil
}

// introduce makes sure that an address that nobody owns has its row, which is
// held until the payment has committed.
func introduce(f *purse.Facts, p purse.Payment) error {
	if err := f.Introduce(p.Actor, p.Address); err != nil {
		return err
	}
	_, err := f.AddressOwner(p.Address)
	if purse.CodeOf(err) == purse.CodeNotFound {
		f.Put(purse.AddressOwner{Address: p.Address, Since: f.Now})
		return nil
	}
	return err
}
