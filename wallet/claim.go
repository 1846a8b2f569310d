package wallet

import (
	"context"
	"errors"

	"purse"
	"purse/ledger"
)

// sweptMax is how many addresses the sweep claims in one command.
const sweptMax = 50

// Claim gives the owner of an address what waits for it to have one, oldest
// first, in as many commands as it takes: a payment settles, a charge waits for
// the owner's answer from now on. What is overdue expires, what the owner has made
// is cancelled, and what is between two of whom one has blocked the other, or is for
// somebody whose wallet was closed meanwhile, fails; the money of these goes back. An
// address that nobody owns is left alone.
//
// Any number of callers may do so at once; each payment is claimed once.
func (s *Service) Claim(ctx context.Context, book purse.BookID, a purse.Address) error {
	for {
		more, err := s.claim(ctx, book, a)
		if err != nil || !more {
			return err
		}
	}
}

// ClaimOwed claims for every owner what nobody has claimed for them: whoever
// showed that an address is theirs may not have stayed, nor the server that they
// showed it to. One address that cannot be claimed does not stop the others.
func (s *Service) ClaimOwed(ctx context.Context, book purse.BookID) error {
	var all error
	stuck := map[purse.Address]bool{}
	for ctx.Err() == nil {
		owed, err := s.Store.Unclaimed(ctx, len(stuck)+sweptMax)
		var addresses []purse.Address
		for _, o := range owed {
			if !stuck[o.Address] {
				addresses = append(addresses, o.Address)
			}
		}
		if err != nil || len(addresses) == 0 {
			return errors.Join(all, err)
		}
		if _, err := s.claim(ctx, book, addresses...); err == nil {
			continue
		}
		for _, a := range addresses {
			if err := s.Claim(ctx, book, a); err != nil {
				stuck[a], all = true, errors.Join(all, err)
			}
		}
	}
	return all
}

// claim is one command, which claims at most PendingToMax payments. more says that
// there may be others.
func (s *Service) claim(ctx context.Context, book purse.BookID, addresses ...purse.Address) (more bool, err error) {
	err = s.Store.Execute(ctx, purse.Command{
		Book: book,
		Needs: purse.Needs{
			Addresses: addresses, PendingTo: addresses,
			Accounts: []ledger.AccountID{purse.EscrowAccount, purse.FeesAccount},
		},
		Decide: func(f *purse.Facts) error {
			more = false
			room := purse.PendingToMax
			for _, a := range addresses {
				claimed, rest, err := claimSome(f, a, room)
				if err != nil {
					return err
				}
				room, more = room-claimed, more || rest
			}
			// What is missing was asked for of all payments, to wait for one more
			// batch and not for one each.
			if lacks := f.Missing(); lacks != nil {
				return lacks
			}
			return nil
		},
	})
	return more, err
}

// claimSome claims at most room of the payments that wait for an address, and
// notes when nothing is left.
func claimSome(f *purse.Facts, a purse.Address, room int) (claimed int, more bool, err error) {
	o, err := f.AddressOwner(a)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return 0, false, nil
	}
	waiting, more, lacks := f.PendingTo(a)
	if err != nil || lacks != nil {
		return 0, false, errors.Join(err, lacks)
	}
	if o.Owner == 0 || o.Claimed != 0 {
		return 0, false, nil
	}
	if len(waiting) > room {
		waiting, more = waiting[:room], true
	}
	for _, p := range waiting {
		lookAt(f, o.Owner, p)
	}
	if f.Missing() != nil {
		return 0, false, nil
	}
	for _, p := range waiting {
		if err := receive(f, o.Owner, p); err != nil && f.Missing() == nil {
			return 0, false, err
		}
	}
	if !more {
		o.Claimed = f.Now
		f.Put(o)
	}
	return len(waiting), more, nil
}

// lookAt asks for what claiming a payment must see; what was not loaded will be
// there when the command runs again.
func lookAt(f *purse.Facts, owner purse.UserID, p purse.Payment) {
	for _, id := range []purse.UserID{owner, p.Actor} {
		_, _ = f.User(id)
		_, _ = f.Account(purse.WalletOf(id))
	}
	_, _ = keptApart(f, owner, p.Actor)
}

// receive decides what becomes of a payment to an address now that somebody owns it.
func receive(f *purse.Facts, owner purse.UserID, p purse.Payment) error {
	apart, err := keptApart(f, owner, p.Actor)
	wallet, err2 := f.Account(purse.WalletOf(owner))
	err = errors.Join(err, err2)
	switch {
	case err != nil:
	case p.Overdue(f.Now):
		err = end(f, &p, purse.PaymentExpired)
	case p.Actor == owner:
		err = end(f, &p, purse.PaymentCancelled)
	case apart, wallet.Closed:
		err = end(f, &p, purse.PaymentFailed)
	default:
		if p.Target = owner; p.Action == purse.Pay {
			err = deliver(f, &p, purse.EscrowAccount)
		}
	}
	if err != nil {
		return err
	}
	record(f, &p, purse.PaymentUpdated)
	return nil
}

// keptApart says whether one of two people has blocked the other. Both are wary then.
func keptApart(f *purse.Facts, one, other purse.UserID) (bool, error) {
	for _, id := range []purse.UserID{one, other} {
		if u, err := f.User(id); err != nil || !u.Wary {
			return false, err
		}
	}
	between, err := f.Between(purse.TieKey{Person: one, Other: other})
	return between.Blocked(), err
}
