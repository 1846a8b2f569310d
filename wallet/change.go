package wallet

import (
	"context"

	"purse"
	"purse/ledger"
	"purse/policy"
)

// ChangeRequest asks for a change of a payment.
type ChangeRequest struct {
	Payment purse.PaymentID

	Once   purse.Once
	Encode func(Receipt) purse.Answer // see PayRequest
}

// change is the command that changes a payment that the actor is party to; do
// decides what becomes of it, and says which news that is; none if nothing changed.
//
// Refused with CodeBadToken, CodeTokenRevoked, CodeTokenExpired, CodeScope,
// CodeKeyReused or CodeNotFound, in this order, and as do refuses.
func (s *Service) change(ctx context.Context, actor purse.Actor, req ChangeRequest, do func(*purse.Facts, *purse.Payment) (purse.EventKind, error)) (purse.Answer, error) {
	// Only a guess of who is concerned: what it says is looked at again inside.
	guess, err := s.Store.Payment(ctx, actor.Book, req.Payment)
	if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
		return purse.Answer{}, err
	}
	needs := changeNeeds(guess)
	needs.Payments = []purse.PaymentID{req.Payment}
	needs.Add(actor.Credential())
	needs.Accounts = append(needs.Accounts, purse.WalletOf(actor.User))
	needs.Allowances = throughNeeds(actor)
	needs.Once = onceNeeds(req.Once)
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
			p, err := f.Payment(req.Payment)
			if err != nil {
				return err
			}
			if p.Actor != actor.User && p.Target != actor.User {
				return purse.Refuse(purse.CodeNotFound, "There is no such payment.")
			}
			news, err := do(f, &p)
			if err != nil {
				return err
			}
			if news != "" {
				record(f, &p, news)
			}
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

// changeNeeds is what any change of p must see.
func changeNeeds(p purse.Payment) purse.Needs {
	if p.ID == 0 {
		return purse.Needs{}
	}
	n := purse.Needs{Payments: []purse.PaymentID{p.ID}, Accounts: []ledger.AccountID{purse.FeesAccount}}
	for _, u := range []purse.UserID{p.Actor, p.Target} {
		if u != 0 {
			n.Users, n.Accounts = append(n.Users, u), append(n.Accounts, purse.WalletOf(u))
		}
	}
	if p.Escrow != 0 {
		n.Accounts = append(n.Accounts, purse.EscrowAccount)
	}
	return n
}

// record writes a changed payment and its news.
func record(f *purse.Facts, p *purse.Payment, news purse.EventKind) {
	p.Version++
	f.Put(*p)
	f.Emit(news, *p)
}

// waits refuses a payment that is no longer pending, or would be no longer if
// the sweep had come by.
func waits(f *purse.Facts, p *purse.Payment) error {
	if p.Status != purse.PaymentPending || p.Overdue(f.Now) {
		return purse.Refuse(purse.CodeNotPending, "This payment is not pending.")
	}
	return nil
}

// end ends a payment that was not delivered: it takes its last status, and what
// is in escrow goes back to the actor.
func end(f *purse.Facts, p *purse.Payment, status purse.PaymentStatus) error {
	if p.Escrow != 0 {
		if err := policy.GiveBack(f, p); err != nil {
			return err
		}
		var err error
		if p.Refund, err = f.Move(purse.EscrowAccount, purse.WalletOf(p.Actor), p.Minor+p.Fee, p.Cause()); err != nil {
			return err
		}
	}
	p.Status, p.Completed = status, max(f.Now, p.Created())
	return nil
}
