// Package policy holds the rules that refuse what the ledger would allow:
// credentials, blocks, freezes, limits and caps. Each rule is one small pure function over
// purse.Facts, so every rule decides inside the batch, under the lock of the
// book, and can be tested on facts made of literals.
//
// Rules never change anything but the counters they keep; what a payment does
// is left to the use cases.
package policy

import "purse"

// Authorize refuses an actor whose token does not exist, is no longer valid, is
// somebody else's, is an app's that was closed, or does not allow scope.
//
// Whoever uses this network's own pages needs a session that is good, and may do
// everything.
func Authorize(f *purse.Facts, actor purse.Actor, scope purse.Scope) error {
	if actor.Session != "" {
		return signedIn(f, actor)
	}
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
	if err := appOpen(f, t.App); err != nil {
		return err
	}
	return t.Allows(scope)
}

// appOpen refuses tokens of an app that was closed, which nobody goes through to
// revoke them one by one.
func appOpen(f *purse.Facts, id purse.AppID) error {
	if id == 0 {
		return nil
	}
	app, err := f.App(id)
	switch {
	case purse.CodeOf(err) == purse.CodeNotFound:
		return purse.Refuse(purse.CodeBadToken, "You did not pass a valid OAuth access token.")
	case err == nil && app.Closed != 0:
		return purse.Refuse(purse.CodeTokenRevoked, "This access token was revoked.")
	}
	return err
}

func signedIn(f *purse.Facts, actor purse.Actor) error {
	s, err := f.Session(actor.Session)
	if purse.CodeOf(err) == purse.CodeNotFound || err == nil && (s.Person != actor.User || s.Book != actor.Book) {
		return purse.Refuse(purse.CodeSignedOut, "You are signed out. Sign in again.")
	}
	if err != nil {
		return err
	}
	return s.Valid(f.Now)
}

// rule may refuse a payment.
type rule func(*purse.Facts, purse.Payment) error

// Rules run in their order and the first refusal wins. asking are those of a
// charge that is made, paying those of money that leaves a wallet.
var (
	asking = []rule{notToSelf, NotBlocked, targetExists, walletsOpen, paymentLimit, positive}
	paying = []rule{notToSelf, NotBlocked, targetExists, walletsOpen, payerNotFrozen, paymentLimit, weekLimit, positive}
)

// Pay refuses money that would leave the payer's wallet against a rule, and
// counts what may leave it against the payer's weekly limit, and against what the
// app may pay out for the payer through which it leaves; 0: through none.
func Pay(f *purse.Facts, p *purse.Payment, through purse.AppID) error {
	err := check(f, *p, paying)
	if err == nil {
		err = takeThrough(f, *p, through)
	}
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

// NotBlocked refuses a payment between two people of whom one has blocked the
// other, in the words for somebody who does not exist, or those who are blocked
// would find out. Few people have ever blocked anybody or were blocked, so for
// most nothing more is looked at than what a payment looks at anyway.
func NotBlocked(f *purse.Facts, p purse.Payment) error {
	if p.Target == 0 {
		return nil
	}
	actor, err := f.User(p.Actor)
	target, err2 := f.User(p.Target)
	for _, err := range []error{err, err2} {
		if err != nil && purse.CodeOf(err) != purse.CodeNotFound {
			return err
		}
	}
	if !actor.Wary && !target.Wary {
		return nil
	}
	b, err := f.Between(purse.TieKey{Person: p.Actor, Other: p.Target})
	if err == nil && b.Blocked() {
		return Nobody()
	}
	return err
}

// Nobody is the refusal of somebody who does not exist, or is not to be seen.
func Nobody() error { return purse.Refuse(purse.CodeTarget, "There is nobody with this user id.") }

// targetExists leaves out addresses: whoever will own one may not be here yet.
func targetExists(f *purse.Facts, p purse.Payment) error {
	if p.Target == 0 {
		return nil
	}
	u, err := f.User(p.Target)
	if purse.CodeOf(err) == purse.CodeNotFound || err == nil && u.Closed != 0 {
		return Nobody()
	}
	return err
}

// walletsOpen refuses money that would leave a closed wallet or get into one. A
// wallet is closed a little before its person is.
func walletsOpen(f *purse.Facts, p purse.Payment) error {
	if payer := p.Payer(); payer != 0 {
		a, err := f.Account(purse.WalletOf(payer))
		if err != nil {
			return err
		}
		if a.Closed {
			return purse.Refuse(purse.CodeFrozen, "This wallet is closed.")
		}
	}
	if p.Payee() == 0 {
		return nil
	}
	return Open(f, p.Payee())
}

// Open refuses to let anything into a closed wallet.
func Open(f *purse.Facts, payee purse.UserID) error {
	a, err := f.Account(purse.WalletOf(payee))
	if err == nil && a.Closed {
		return Nobody()
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
