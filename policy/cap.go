package policy

import (
	"math"

	"purse"
	"purse/money"
)

// takeThrough counts what leaves the payer's wallet through an app, and refuses
// what would pass what the app may pay out for the payer in a day. The network's
// fee does not count, and what comes back later stays counted.
func takeThrough(f *purse.Facts, p purse.Payment, through purse.AppID) error {
	if through == 0 {
		return nil
	}
	if err := appOpen(f, through); err != nil {
		return err
	}
	app, err := f.App(through)
	if err != nil {
		return err
	}
	a, err := f.Allowance(purse.AllowanceKey{Person: p.Payer(), Grantee: int64(through)})
	if err != nil {
		return err
	}
	most := AppCap(a, app)
	if !a.Take(f.Now, p.Minor, most) {
		return purse.Refuse(purse.CodeLimit, "This app may pay out %s a day for you.", money.Amount{Minor: most, Currency: f.Book.Currency})
	}
	f.Put(a)
	return nil
}

// AppCap is what an app may pay out in a day for the person whose allowance it is,
// in minor units; below 0: any amount.
func AppCap(a purse.Allowance, app purse.App) int64 {
	if a.Cap != purse.AppsOwnCap {
		return a.Cap
	}
	return app.DayCap
}

// Trusted says whether a charge that is being made may be paid at once, because
// its target trusts its actor with that much a day, and no rule of payments stands
// against it. It changes nothing, and refuses nothing: a charge that may not be paid
// at once waits like any other.
func Trusted(f *purse.Facts, p purse.Payment) (bool, error) {
	if p.Target == 0 {
		return false, nil
	}
	b, err := f.Between(purse.TieKey{Person: p.Actor, Other: p.Target})
	a, err2 := f.Allowance(trustOf(p))
	switch {
	case err != nil:
		return false, err
	case err2 != nil:
		return false, err2
	case !b.Friends() || a.Cap <= 0 || !a.Take(f.Now, p.Minor, a.Cap):
		return false, nil
	}
	if err := check(f, p, paying); err != nil {
		return false, faultOnly(err)
	}
	payer, err := f.Account(purse.WalletOf(p.Payer()))
	if err != nil {
		return false, err
	}
	fee := f.Book.Terms.Fee.Of(p.Minor)
	return fee <= math.MaxInt64-p.Minor && p.Minor+fee <= payer.Spendable(), nil
}

// PayTrusted is Pay for a charge that is Trusted.
func PayTrusted(f *purse.Facts, p *purse.Payment) error {
	a, err := f.Allowance(trustOf(*p))
	if err != nil {
		return err
	}
	if !a.Take(f.Now, p.Minor, a.Cap) {
		return purse.Refuse(purse.CodeLimit, "This is more than they trust you with in a day.")
	}
	f.Put(a)
	return Pay(f, p, 0)
}

// trustOf names what the target of a charge trusts its actor with.
func trustOf(p purse.Payment) purse.AllowanceKey {
	return purse.AllowanceKey{Person: p.Target, Grantee: int64(p.Actor)}
}

// faultOnly drops a refusal, and keeps what is no answer.
func faultOnly(err error) error {
	if purse.CodeOf(err) == purse.CodeInternal {
		return err
	}
	return nil
}
