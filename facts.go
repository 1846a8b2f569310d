package purse

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"purse/ledger"
	"purse/money"
)

// Facts is what a command decides by: the rows that it needs, as the commands
// before it in the batch have left them, and the methods that change them. A
// getter returns *Missing for what was not loaded and CodeNotFound for what is
// not there.
type Facts struct {
	Now  Time // book time
	Book Book

	set     *WorkingSet
	missing Needs
	lacks   bool
}

// Begin shows the working set to the next command.
func (w *WorkingSet) Begin() *Facts { return &Facts{Now: w.Now, Book: w.Book, set: w} }

// Missing is what the command asked for and did not find loaded, whatever it
// made of that answer; nil if it saw all that it asked for.
func (f *Facts) Missing() *Missing {
	if !f.lacks {
		return nil
	}
	return &Missing{f.missing}
}

func (f *Facts) lack(n Needs) error {
	f.lacks = true
	f.missing.Add(n)
	return &Missing{n}
}

// NewFacts makes facts from literals, for tests of rules: what is not given is
// known to be absent. It takes every noun that Put takes, StoredAnswers, and
// what was Spent.
func NewFacts(b Book, now Time, nouns ...any) *Facts {
	w := &WorkingSet{}
	w.Start(b, now, 0)
	w.Tokens.asked, w.Users.asked, w.Usernames.asked, w.Accounts.asked = true, true, true, true
	w.Payments.asked, w.Entries.asked, w.Holds.asked, w.Once.asked = true, true, true, true
	w.Apps.asked, w.Addresses.asked, w.Introductions.asked = true, true, true
	w.OldUsernames.asked, w.Credentials.asked, w.Contacts.asked, w.Sessions.asked = true, true, true, true
	w.Tickets.asked, w.Grants.asked, w.Ties.asked, w.Allowances.asked = true, true, true, true
	w.Merchants.asked = true
	w.Logos.asked = true
	w.APIKeys.asked = true
	w.Handles.asked = true
	w.HandleTokens.asked = true
	w.Operations.asked = true
	w.References.asked = true
	w.Mandates.asked = true
	w.Consumers.asked = true
	w.ConsumerNumbers.asked = true
	w.Customers.asked = true
	w.CustomerRefs.asked = true
	w.Cursors.asked = true
	w.Orders.asked = true
	w.PaymentLinks.asked = true
	w.Members.asked = true
	for _, noun := range nouns {
		switch v := noun.(type) {
		case User:
			w.WantIntroduced(v.ID)
			w.WantContacts(v.ID)
			w.WantSessions(v.ID)
			w.WantWaiting(v.ID)
			w.WantApps(v.ID)
		case Introduction:
			w.WantIntroduced(v.Person)
			w.LoadIntroduction(v)
			continue
		case AddressOwner:
			w.WantPendingTo(v.Address)
		case Merchant:
			w.WantKeys(v.ID)
		case Account:
			w.WantSpent(v.ID)
		case Spent:
			w.WantSpent(v.Account)
			w.LoadSpent(v.SpentKey, v.Minor)
			if a, there, _ := w.Accounts.get(v.Account); there && a.Spent.Hour == 0 {
				a.Spent.Hour = v.Hour - 1 // not never: look at the rows
				w.Accounts.put(v.Account, a)
			}
			continue
		case StoredAnswer:
			w.Once.Load(v.OnceKey, v)
			continue
		case Order: // the book has counted it
			w.Book.Orders = max(w.Book.Orders, int64(v.Number))
		}
		(&Facts{set: w}).Put(noun)
	}
	w.Keep()
	return w.Begin()
}

// Token finds a token by its hash.
func (f *Facts) Token(hash TokenHash) (Token, error) {
	return found(f, &f.set.Tokens, hash, "access token", func(n *Needs) { n.Tokens = []TokenHash{hash} })
}

// User finds a person.
func (f *Facts) User(id UserID) (User, error) {
	return found(f, &f.set.Users, id, "user", func(n *Needs) { n.Users = []UserID{id} })
}

// UserNamed finds the person who has a username (folded, see Username).
func (f *Facts) UserNamed(folded string) (UserID, error) {
	return found(f, &f.set.Usernames, folded, "user", func(n *Needs) { n.Usernames = []string{folded} })
}

// Account finds an account.
func (f *Facts) Account(id ledger.AccountID) (Account, error) {
	return found(f, &f.set.Accounts, id, "account", func(n *Needs) { n.Accounts = []ledger.AccountID{id} })
}

// Payment finds a payment.
func (f *Facts) Payment(id PaymentID) (Payment, error) {
	return found(f, &f.set.Payments, id, "payment", func(n *Needs) { n.Payments = []PaymentID{id} })
}

// Entry finds a treasury entry.
func (f *Facts) Entry(id EntryID) (Entry, error) {
	return found(f, &f.set.Entries, id, "treasury entry", func(n *Needs) { n.Entries = []EntryID{id} })
}

// HeldMoney finds a hold, open or ended.
func (f *Facts) HeldMoney(id ledger.TransferID) (ledger.HeldMoney, error) {
	return found(f, &f.set.Holds, id, "hold", func(n *Needs) { n.Holds = []ledger.TransferID{id} })
}

func found[K comparable, V any](f *Facts, rows *Rows[K, V], k K, noun string, need func(*Needs)) (V, error) {
	v, there, known := rows.get(k)
	if !known {
		var n Needs
		need(&n)
		return v, f.lack(n)
	}
	if !there {
		return v, Refuse(CodeNotFound, "There is no such %s.", noun)
	}
	return v, nil
}

// OpenHolds is the set of holds of cause that are neither captured nor
// released, in the order in which they were made; expired ones are among them
// until they are released.
func (f *Facts) OpenHolds(cause ledger.Cause) ([]ledger.HeldMoney, error) {
	s := f.set.openHolds[cause]
	if s == nil {
		return nil, f.lack(Needs{OpenHolds: []ledger.Cause{cause}})
	}
	var open []ledger.HeldMoney
	for _, id := range s.keys {
		if h, there, _ := f.set.Holds.get(id); there && h.State == ledger.HoldOpen {
			open = append(open, h)
		}
	}
	slices.SortFunc(open, func(a, b ledger.HeldMoney) int { return cmp.Compare(a.ID, b.ID) })
	return open, nil
}

// Put adds or replaces a noun. Accounts change by transfers and Freeze only.
func (f *Facts) Put(noun any) {
	switch v := noun.(type) {
	case Payment:
		f.putPayment(v)
	case Entry:
		f.set.Entries.put(v.ID, v)
	case Token:
		f.set.Tokens.put(v.Hash, v)
	case User:
		f.putUser(v)
	case OldUsername:
		f.set.OldUsernames.put(v.Folded, v)
	case Credentials:
		f.set.Credentials.put(v.Person, v)
	case Contact:
		putIn(&f.set.Contacts, f.set.contactsOf[v.Person], v.ContactKey, v)
	case Session:
		putIn(&f.set.Sessions, f.set.sessionsOf[v.Person], v.Hash, v)
	case Ticket:
		f.set.Tickets.put(v.Hash, v)
	case Grant:
		putIn(&f.set.Grants, f.set.grantsOf[GrantsKey{v.Person, v.App}], v.ID, v)
	case Tie:
		f.set.Ties.put(v.TieKey, v)
	case Allowance:
		f.set.Allowances.put(v.AllowanceKey, v)
	case App:
		putIn(&f.set.Apps, f.set.appsOf[v.Owner], v.ID, v)
	case AddressOwner:
		f.set.Addresses.put(v.Address, v)
	case Introduction:
		f.set.Introductions.put(v.IntroductionKey, v)
	case Action:
		f.set.Actions.add(v)
	case Account:
		if _, there, _ := f.set.Accounts.get(v.ID); there {
			panic("purse: an account changes by transfers only")
		}
		f.set.Accounts.put(v.ID, v)
		wantSet(&f.set.spentIn, v.ID) // a new account has paid nothing yet
	case ledger.HeldMoney:
		f.putHold(v)
	default:
		f.putOfMerchants(noun)
	}
}

// putOfMerchants is Put for what merchants have to do with.
func (f *Facts) putOfMerchants(noun any) {
	switch v := noun.(type) {
	case Merchant:
		f.set.Merchants.put(v.ID, v)
	case Logo:
		f.set.Logos.put(v.Merchant, v)
	case APIKey:
		putIn(&f.set.APIKeys, f.set.keysOf[v.Merchant], v.Username, v)
	case Handle:
		f.putHandle(v)
	case Operation:
		f.putOperation(v)
	case Mandate:
		f.set.Mandates.put(v.MandateKey, v)
	case Consumer:
		f.putConsumer(v)
	case Customer:
		f.putCustomer(v)
	case Order:
		f.set.Orders.put(v.OrderKey, v)
	case PaymentLink:
		f.set.PaymentLinks.put(v.PaymentLinkKey, v)
	case Member:
		f.set.Members.put(v.MemberKey, v)
	case Cursor:
		f.set.Cursors.put(v.Name, v)
	default:
		panic(fmt.Sprintf("purse: put a %T", noun))
	}
}

// putPayment also moves the rows of its parties, where they are stored already.
func (f *Facts) putPayment(p Payment) {
	if before, stored := f.set.Payments.stored(p.ID); stored {
		f.putParties(before, p)
	}
	f.set.Payments.put(p.ID, p)
	if s := f.set.pendingTo[p.Address]; s != nil && p.Target == 0 {
		s.add(p.ID)
	}
	for _, party := range []UserID{p.Actor, p.Target} {
		if s := f.set.waiting[party]; s != nil {
			s.add(p.ID)
		}
	}
}

// Remove takes away a noun that may be forgotten: a Contact, a Member or a Tie.
func (f *Facts) Remove(noun any) {
	switch v := noun.(type) {
	case Contact:
		f.set.Contacts.remove(v.ContactKey)
	case Member:
		f.set.Members.remove(v.MemberKey)
	case Tie:
		f.set.Ties.remove(v.TieKey)
	default:
		panic(fmt.Sprintf("purse: remove a %T", noun))
	}
}

// Freeze stops an account from paying anything out, or lets it again.
func (f *Facts) Freeze(id ledger.AccountID, frozen bool) error {
	a, err := f.Account(id)
	if err != nil {
		return err
	}
	a.Frozen = frozen
	f.set.Accounts.put(id, a)
	return nil
}

// CloseAccount stops an account for good.
func (f *Facts) CloseAccount(id ledger.AccountID) error {
	a, err := f.Account(id)
	if err != nil {
		return err
	}
	a.Closed = true
	f.set.Accounts.put(id, a)
	return nil
}

// SetLimits changes the limits of the book.
func (f *Facts) SetLimits(l Limits) {
	f.Book.Limits = l
	f.set.Book.Limits = l
}

// AdvanceClock moves the book's clock forward, from the next batch on. A live
// network's clock cannot be moved.
func (f *Facts) AdvanceClock(d time.Duration) error {
	if f.Book.Mode != Sandbox || d < 0 {
		return Refuse(CodeInvalid, "Only a sandbox's clock can be moved, and only forward.")
	}
	f.Book.ClockOffset += d.Microseconds()
	f.set.Book.ClockOffset = f.Book.ClockOffset
	return nil
}

// NextID hands out the next identifier: larger than any before it in the book.
func (f *Facts) NextID() int64 { return f.set.NextID() }

// Emit writes the news that kind has happened to v.
func (f *Facts) Emit(kind EventKind, v EventSubject) {
	id, seq, snapshot := v.eventSubject()
	f.set.Events.add(Event{ID: f.NextID(), Kind: kind, Subject: id, Seq: seq, Snapshot: snapshot})
}

// Move posts money from one account to another.
func (f *Facts) Move(from, to ledger.AccountID, minor int64, cause ledger.Cause) (ledger.TransferID, error) {
	return f.apply(ledger.Move, from, to, minor, cause)
}

// Hold ring-fences money of from for to until the deadline.
func (f *Facts) Hold(from, to ledger.AccountID, minor int64, cause ledger.Cause, deadline Time) (ledger.HeldMoney, error) {
	id, err := f.apply(ledger.Hold, from, to, minor, cause)
	if err != nil {
		return ledger.HeldMoney{}, err
	}
	h := ledger.Open(ledger.Transfer{
		ID: id, Kind: ledger.Hold, Debit: from, Credit: to, Amount: f.amount(minor), Cause: cause,
	}, int64(deadline))
	f.putHold(h)
	return h, nil
}

func (f *Facts) putHold(h ledger.HeldMoney) {
	f.set.Holds.put(h.ID, h)
	if s := f.set.openHolds[h.Cause]; s != nil {
		s.add(h.ID)
	}
}

// Capture posts minor units of a hold and releases the rest.
func (f *Facts) Capture(hold ledger.TransferID, minor int64) (ledger.TransferID, error) {
	return f.resolve(ledger.Capture, hold, minor)
}

// Release gives a hold back, whether or not its deadline has passed.
func (f *Facts) Release(hold ledger.TransferID) (ledger.TransferID, error) {
	h, err := f.HeldMoney(hold)
	if err != nil {
		return 0, err
	}
	return f.resolve(ledger.Release, hold, h.Amount.Minor)
}

func (f *Facts) apply(kind ledger.Kind, from, to ledger.AccountID, minor int64, cause ledger.Cause) (ledger.TransferID, error) {
	dr, cr, err := f.pair(from, to)
	if err != nil {
		return 0, err
	}
	t := ledger.Transfer{Kind: kind, Debit: from, Credit: to, Amount: f.amount(minor), Cause: cause}
	if dr.Account, cr.Account, err = ledger.Apply(dr.Account, cr.Account, t); err != nil {
		return 0, refusal(err)
	}
	t.ID = ledger.TransferID(f.NextID())
	f.post(dr, cr, t, 0)
	return t.ID, nil
}

func (f *Facts) resolve(kind ledger.Kind, hold ledger.TransferID, minor int64) (ledger.TransferID, error) {
	h, err := f.HeldMoney(hold)
	if err != nil {
		return 0, err
	}
	dr, cr, err := f.pair(h.Debit, h.Credit)
	if err != nil {
		return 0, err
	}
	t := ledger.Transfer{
		ID: ledger.TransferID(f.NextID()), Kind: kind,
		Debit: h.Debit, Credit: h.Credit, Amount: f.amount(minor), Cause: h.Cause,
	}
	if dr.Account, cr.Account, h, err = ledger.Resolve(dr.Account, cr.Account, h, t, int64(f.Now)); err != nil {
		return 0, refusal(err)
	}
	f.post(dr, cr, t, hold)
	f.putHold(h)
	return t.ID, nil
}

// pair finds both accounts, and names both if either is missing, so that a
// command waits for one more batch and not for two.
func (f *Facts) pair(from, to ledger.AccountID) (dr, cr Account, err error) {
	dr, err = f.Account(from)
	cr, err2 := f.Account(to)
	return dr, cr, errors.Join(err, err2)
}

func (f *Facts) post(dr, cr Account, t ledger.Transfer, hold ledger.TransferID) {
	f.set.Accounts.put(dr.ID, dr)
	f.set.Accounts.put(cr.ID, cr)
	debit, credit := ledger.Postings(dr.Account, cr.Account, t, hold)
	f.set.Postings.add(debit)
	f.set.Postings.add(credit)
}

func (f *Facts) amount(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: f.Book.Currency}
}

// refusal gives a refusal of the ledger its code.
func refusal(err error) error {
	var r ledger.Refusal
	if !errors.As(err, &r) {
		return err
	}
	switch r {
	case ledger.NotEnoughFunds:
		return &Error{CodeFunds, "The balance is too low for this.", err}
	case ledger.AmountNotPositive, ledger.WouldOverflow, ledger.MoreThanHeld, ledger.WrongCurrency:
		return &Error{CodeAmount, "This amount is not possible here.", err}
	case ledger.SameAccount:
		return &Error{CodeSelf, "Payer and payee are the same.", err}
	}
	return &Error{CodeInvalid, "The money is no longer held for this.", err}
}

// Repeated looks whether a request was answered before: then its answer comes
// back, to be sent as it is. A key that was used for another request, or whose
// answer is no longer kept, is CodeKeyReused. A request without a key was not
// answered before.
func (f *Facts) Repeated(o Once) (answer Answer, repeated bool, err error) {
	if o.Key == "" {
		return Answer{}, false, nil
	}
	stored, there, known := f.set.Once.get(o.id())
	switch {
	case !known:
		return Answer{}, false, f.lack(Needs{Once: []OnceKey{o.id()}})
	case !there:
		return Answer{}, false, nil
	case stored.Fingerprint != o.Fingerprint:
		return Answer{}, false, Refuse(CodeKeyReused, "This idempotency key was used for another request.")
	case stored.Purged:
		return Answer{}, false, Refuse(CodeKeyReused, "This idempotency key was used, and its answer is no longer kept.")
	}
	stored.Answer.Replayed = true
	return stored.Answer, true, nil
}

// Answer is the last step of a command that its sender may repeat: it stores
// the answer with the key in the commit that does the work. Without a key it
// stores nothing.
func (f *Facts) Answer(o Once, a Answer) Answer {
	if o.Key != "" {
		f.set.Once.put(o.id(), StoredAnswer{OnceKey: o.id(), Fingerprint: o.Fingerprint, Answer: a, At: f.Now})
	}
	return a
}
