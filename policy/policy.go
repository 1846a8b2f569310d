// Package policy holds the rules that refuse what the ledger would allow:
// credentials, freezes and limits. Each rule is one small pure function over
// purse.Facts, so every rule decides inside the batch, under the lock of the
// book, and can be tested on facts made of literals.
//
// Rules never change anything but the counters they keep; what a payment does
// is left to the use cases.
package policy

import "purse"

// Authorize refuses an actor whose token does not exist, is no longer valid, is
// somebody else's, or does not allow scope.
func Authorize(f *purse.Facts, actor purse.Actor, scope purse.Scope) error {
	t, err := f.Token(actor.Token)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return purse.Refuse(purse.CodeBadToken, "You did not pass a valid OAuth access token.")
	}
	if err != nil {
		return err
	}
	if err := t.Valid(f.Now); err != nil {
		return err
	}
	if t.User != actor.User || t.App != actor.App || t.Book != actor.Book {
		return purse.Refuse(purse.CodeBadToken, "You did not pass a valid OAuth access token.")
	}
	if !t.Scopes.Has(scope) {
		return purse.Refuse(purse.CodeScope, "This access token lacks the scope %s.", scope)
	}
	return nil
}

// rule may refuse a payment.
type rule func(*purse.Facts, purse.Payment) error

// Rules run in their order and the first refusal wins. asking are those of a
// charge that is made, paying those of money that leaves a wallet.
var (
	asking = []rule{notToSelf, targetExists, paymentLimit, positive}
	paying = []rule{notToSelf, targetExists, payerNotFrozen, paymentLimit, weekLimit, positive}
)

// Pay refuses money that would leave the payer's wallet against a rule, and
// counts what may leave it against the payer's weekly limit.
func Pay(f *purse.Facts, p *purse.Payment) error {
	err := check(f, *p, paying)
	if err == nil {
		p.Counted, err = f.CountSpent(purse.WalletOf(p.Payer()), p.Minor)
	}
	return err
}

// Ask refuses a charge that may not be made. Nothing is counted: money leaves
// when the charge is approved.
func Ask(f *purse.Facts, p *purse.Payment) error { return check(f, *p, asking) }

func check(f *purse.Facts, p purse.Payment, rules []rule) error {
	for _, r := range rules {
		if err := r(f, p); err != nil {
			return err
		}
	}
	return nil
}

// GiveBack takes a payment that was not delivered off the payer's weekly limit,
// as long as its hour still counts.
func GiveBack(f *purse.Facts, p *purse.Payment) error {
	counted, err := f.UncountSpent(purse.WalletOf(p.Payer()), p.Counted, p.Minor)
	if counted {
		p.Counted = 0
	}
	return err
}

func notToSelf(_ *purse.Facts, p purse.Payment) error {
	if p.Actor == p.Target {
		return purse.Refuse(purse.CodeSelf, "You cannot pay yourself.")
	}
	return nil
}

// targetExists leaves out addresses: whoever will own one may not be here yet.
func targetExists(f *purse.Facts, p purse.Payment) error {
	if p.Target == 0 {
		return nil
	}
	_, err := f.User(p.Target)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return purse.Refuse(purse.CodeTarget, "There is nobody with this user id.")
	}
	return err
}

// payerNotFrozen stops what goes out. A frozen wallet may still be paid, so
// that a freeze does not turn other people's payments into failures.
func payerNotFrozen(f *purse.Facts, p purse.Payment) error {
	return NotFrozen(f, p.Payer())
}

// NotFrozen refuses to let anything out of a frozen wallet.
func NotFrozen(f *purse.Facts, payer purse.UserID) error {
	a, err := f.Account(purse.WalletOf(payer))
	if err != nil {
		return err
	}
	if a.Frozen {
		return purse.Refuse(purse.CodeFrozen, "This wallet is frozen.")
	}
	return nil
}

func paymentLimit(f *purse.Facts, p purse.Payment) error {
	if p.Minor > f.Book.Limits.PaymentMinor {
		return purse.Refuse(purse.CodeLimit, "The amount is over the limit for one payment.")
	}
	return nil
}

// positive is the ledger's rule too, which never sees the amount of a charge, and
// sees that of a payment into escrow only together with its fee.
func positive(_ *purse.Facts, p purse.Payment) error {
	if p.Minor <= 0 {
		return purse.Refuse(purse.CodeAmount, "This amount is not possible here.")
	}
	return nil
}

// weekLimit counts the payment itself, so that one big payment is refused too.
func weekLimit(f *purse.Facts, p purse.Payment) error {
	spent, err := f.SpentThisWeek(purse.WalletOf(p.Payer()))
	if err != nil {
		return err
	}
	if p.Minor > f.Book.Limits.WeekMinor-spent {
		return purse.Refuse(purse.CodeLimit, "This would pass your weekly limit.")
	}
	return nil
}
