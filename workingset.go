package purse

import "purse/ledger"

// WorkingSet is what a batch of commands works on: the rows that the store has
// loaded for them, and the changes that it is to save. The store fills it and
// empties it; commands see it as Facts.
type WorkingSet struct {
	Book Book
	Now  Time // book time of the batch
	Last Time // the time part of the last identifier handed out

	Tokens    Rows[TokenHash, Token]
	Users     Rows[UserID, User]
	Usernames Rows[string, UserID] // follows Users; saved with them
	Accounts  Rows[ledger.AccountID, Account]
	Spent     Rows[SpentKey, int64]
	Payments  Rows[PaymentID, Payment]
	Entries   Rows[EntryID, Entry]
	Holds     Rows[ledger.TransferID, ledger.HeldMoney]
	Once      Rows[OnceKey, StoredAnswer]
	Parties   Rows[PartyKey, Party] // of payments that were changed; see Facts.putParties
	Apps      Rows[AppID, App]
	Addresses Rows[Address, AddressOwner]

	Introductions Rows[IntroductionKey, Introduction]

	OldUsernames Rows[string, OldUsername]
	Words        Rows[UserWord, UserWord] // follows Users
	Credentials  Rows[UserID, Credentials]
	Contacts     Rows[ContactKey, Contact]
	Sessions     Rows[SessionHash, Session]
	Tickets      Rows[TicketHash, Ticket]
	Grants       Rows[GrantID, Grant]
	Ties         Rows[TieKey, Tie]
	Allowances   Rows[AllowanceKey, Allowance]

	Merchants       Rows[MerchantID, Merchant]
	Logos           Rows[MerchantID, Logo]
	APIKeys         Rows[string, APIKey]
	Handles         Rows[HandleKey, Handle]
	HandleTokens    Rows[string, HandleKey] // follows Handles
	Operations      Rows[OperationKey, Operation]
	References      Rows[ReferenceKey, int64] // follows Handles and Operations
	Mandates        Rows[MandateKey, Mandate]
	Consumers       Rows[ConsumerKey, Consumer]
	ConsumerNumbers Rows[ConsumerNumber, UserID] // follows Consumers
	Customers       Rows[CustomerKey, Customer]
	CustomerRefs    Rows[CustomerReference, CustomerID] // follows Customers
	Cursors         Rows[string, Cursor]
	Orders          Rows[OrderKey, Order]
	PaymentLinks    Rows[PaymentLinkKey, PaymentLink]
	Members         Rows[MemberKey, Member]

	Postings Log[ledger.Posting]
	Events   Log[Event]
	Actions  Log[Action]

	bookRead   Book
	bookBefore Book
	spentIn    map[ledger.AccountID]*set[SpentKey]
	openHolds  map[ledger.Cause]*set[ledger.TransferID]

	introducedBy map[UserID]*set[IntroductionKey]
	contactsOf   map[UserID]*set[ContactKey]
	sessionsOf   map[UserID]*set[SessionHash]
	grantsOf     map[GrantsKey]*set[GrantID]
	appsOf       map[UserID]*set[AppID]
	pendingTo    map[Address]*set[PaymentID]
	waiting      map[UserID]*set[PaymentID]
	keysOf       map[MerchantID]*set[string]
}

// set holds the keys that a named set may have; whether each still belongs is
// asked of its row.
type set[K comparable] struct{ keys []K }

// Start begins the work of a batch on a book whose head was read as given.
func (w *WorkingSet) Start(b Book, now, last Time) {
	w.Book, w.bookRead, w.bookBefore = b, b, b
	w.Last = last
	w.Now = max(now, last+1)
}

// WantSpent says that the counters of account will be asked for; true the first time.
func (w *WorkingSet) WantSpent(account ledger.AccountID) bool {
	return wantSet(&w.spentIn, account)
}

// LoadSpent brings in one counter of a set that WantSpent announced.
func (w *WorkingSet) LoadSpent(k SpentKey, minor int64) {
	w.Spent.Load(k, minor)
	s := w.spentIn[k.Account]
	s.keys = append(s.keys, k)
}

// WantOpenHolds says that the open holds of cause will be asked for; true the first time.
func (w *WorkingSet) WantOpenHolds(cause ledger.Cause) bool {
	return wantSet(&w.openHolds, cause)
}

// LoadHold brings in a hold, and into the set of its cause if that was wanted.
func (w *WorkingSet) LoadHold(h ledger.HeldMoney) {
	w.Holds.Load(h.ID, h)
	if s := w.openHolds[h.Cause]; s != nil {
		s.add(h.ID)
	}
}

// WantIntroduced says that the introductions of person will be asked for; true the first time.
func (w *WorkingSet) WantIntroduced(person UserID) bool {
	return wantSet(&w.introducedBy, person)
}

// LoadIntroduction brings in an introduction, and into the set of its person if
// that was wanted.
func (w *WorkingSet) LoadIntroduction(in Introduction) {
	w.Introductions.Load(in.IntroductionKey, in)
	if s := w.introducedBy[in.Person]; s != nil {
		s.add(in.IntroductionKey)
	}
}

func wantSet[C, K comparable](sets *map[C]*set[K], name C) bool {
	if (*sets)[name] != nil {
		return false
	}
	if *sets == nil {
		*sets = make(map[C]*set[K])
	}
	(*sets)[name] = &set[K]{}
	return true
}

func (s *set[K]) add(k K) {
	for _, have := range s.keys {
		if have == k {
			return
		}
	}
	s.keys = append(s.keys, k)
}

// NextID hands out the next identifier of the book.
func (w *WorkingSet) NextID() int64 {
	w.Last = max(w.Now, w.Last+1)
	return int64(w.Last-Epoch)<<bookBits | int64(w.Book.ID)
}

// Drawn is how many identifiers the batch has handed out, also to commands that
// were taken back. Each says a moment of its own, so that is also by how many
// microseconds the last one may be later than Now.
func (w *WorkingSet) Drawn() int64 { return max(int64(w.Last-w.Now)+1, 0) }

// Keep makes what the last command changed final; Revert takes it back. An
// identifier that was handed out stays used.
func (w *WorkingSet) Keep() {
	w.bookBefore = w.Book
	for _, t := range w.tables() {
		t.keep()
	}
}

// Revert undoes what was changed since the last Keep or Revert.
func (w *WorkingSet) Revert() {
	w.Book = w.bookBefore
	for _, t := range w.tables() {
		t.revert()
	}
}

// Changed says whether there is anything to save.
func (w *WorkingSet) Changed() bool {
	if w.Book != w.bookRead {
		return true
	}
	for _, t := range w.tables() {
		if t.any() {
			return true
		}
	}
	return false
}

type undoable interface {
	keep()
	revert()
	fork()     // goes on with rows of its own; see Memory.Fork
	any() bool // something was changed and not reverted
}

func (w *WorkingSet) tables() [41]undoable {
	return [...]undoable{
		&w.Tokens, &w.Users, &w.Usernames, &w.Accounts, &w.Spent, &w.Payments, &w.Entries, &w.Holds, &w.Once,
		&w.Parties, &w.Apps, &w.Addresses, &w.Introductions,
		&w.OldUsernames, &w.Words, &w.Credentials, &w.Contacts, &w.Sessions, &w.Tickets, &w.Grants, &w.Ties, &w.Allowances,
		&w.Merchants, &w.Logos, &w.APIKeys, &w.Handles, &w.HandleTokens, &w.Operations, &w.References, &w.Mandates, &w.Consumers, &w.ConsumerNumbers, &w.Customers, &w.CustomerRefs, &w.Cursors,
		&w.Orders, &w.PaymentLinks, &w.Members,
		&w.Postings, &w.Events, &w.Actions,
	}
}
