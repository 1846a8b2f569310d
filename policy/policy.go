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

// rules run in this order and the first refusal wins.
var rules = []rule{
	notToSelf,
	targetExists,
	payerNotFrozen,
	paymentLimit,
	weekLimit,
}

// Pay refuses a payment that breaks a rule, and counts one that does not
// against the payer's weekly limit.
func Pay(f *purse.Facts, p purse.Payment) error {
	for _, r := range rules {
		if err := r(f, p); err != nil {
			return err
		}
	}
	return f.CountSpent(purse.WalletOf(p.Actor), p.Minor)
}

func notToSelf(_ *purse.Facts, p purse.Payment) error {
	if p.Actor == p.Target {
		return purse.Refuse(purse.CodeSelf, "You cannot pay yourself.")
	}
	return nil
}

func targetExists(f *purse.Facts, p purse.Payment) error {
	_, err := f.User(p.Target)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return purse.Refuse(purse.CodeTarget, "There is nobody with this user id.")
	}
	return err
}

// payerNotFrozen stops what goes out. A frozen wallet may still be paid, so
// that a freeze does not turn other people's payments into failures.
func payerNotFrozen(f *purse.Facts, p purse.Payment) error {
	return NotFrozen(f, p.Actor)
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

// weekLimit counts the payment itself, so that one big payment is refused too.
func weekLimit(f *purse.Facts, p purse.Payment) error {
	spent, err := f.SpentThisWeek(purse.WalletOf(p.Actor))
	if err != nil {
		return err
	}
	if p.Minor > f.Book.Limits.WeekMinor-spent {
		return purse.Refuse(purse.CodeLimit, "This would pass your weekly limit.")
	}
	return nil
}
