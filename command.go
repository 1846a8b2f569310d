package purse

import (
	"context"
	"fmt"

	"purse/ledger"
)

// Command is one use case's change of state: what it must see, and what it
// decides about it.
type Command struct {
	Book      BookID             // the book whose serial order it joins; Directory: a directory command
	Principal Principal          // whose waiting place it takes; the zero one is the system's, which is not counted
	Crowd     bool               // the principal stands for many people, and may have more waiting than one person
	Needs     Needs              // what to load; a first guess, see Missing
	Decide    func(*Facts) error // pure: reads and changes only Facts; may run more than once, so it assigns results and never appends to them
}

// Needs names the rows that a command must see: by primary key, by another
// unique key, or as a named bounded set.
type Needs struct {
	Tokens    []TokenHash
	Users     []UserID
	Usernames []string // folded; see Username
	Accounts  []ledger.AccountID
	Spent     []ledger.AccountID // the set of what each has paid out in the last 168 hours
	Payments  []PaymentID
	Entries   []EntryID
	Holds     []ledger.TransferID
	OpenHolds []ledger.Cause // the set of the open holds of each cause, at most OpenHoldsMax
	Once      []OnceKey

	Apps          []AppID
	Addresses     []Address
	Introductions []IntroductionKey
	Introduced    []UserID // the set of the last IntroductionsMax introductions of each person

	OldUsernames []string // folded
	Credentials  []UserID
	Contacts     []ContactKey
	ContactsOf   []UserID // the set of the contacts of each person
	Sessions     []SessionHash
	SessionsOf   []UserID // the set of the sessions of each person that were not ended, at most SessionsMax
	Tickets      []TicketHash
	AppsOf       []UserID // the set of the open apps that each person has registered, at most AppsMax
	Grants       []GrantID
	GrantsOf     []GrantsKey // the set of what was granted and not revoked, at most GrantsMax
	Ties         []TieKey
	Allowances   []AllowanceKey
	PendingTo    []Address // the set of the payments that wait for an address to have an owner, the oldest PendingToMax
	Waiting      []UserID  // the set of pending payments that each person is party to, at most WaitingMax

	Merchants       []MerchantID
	Logos           []MerchantID
	APIKeys         []string // usernames
	Handles         []HandleKey
	HandleTokens    []string
	Operations      []OperationKey
	References      []ReferenceKey // the newest that has each
	Mandates        []MandateKey
	Consumers       []ConsumerKey
	ConsumerNumbers []ConsumerNumber
	Customers       []CustomerKey
	CustomerRefs    []CustomerReference
	Cursors         []string
	Orders          []OrderKey
	PaymentLinks    []PaymentLinkKey
	Members         []MemberKey
	KeysOf          []MerchantID // the set of the keys of each merchant that were not revoked, at most KeysMax
}

// OpenHoldsMax bounds the set OpenHolds.
const OpenHoldsMax = 100

// Add makes n the union of both.
func (n *Needs) Add(more Needs) {
	n.Tokens = append(n.Tokens[:len(n.Tokens):len(n.Tokens)], more.Tokens...)
	n.Users = append(n.Users[:len(n.Users):len(n.Users)], more.Users...)
	n.Usernames = append(n.Usernames[:len(n.Usernames):len(n.Usernames)], more.Usernames...)
	n.Accounts = append(n.Accounts[:len(n.Accounts):len(n.Accounts)], more.Accounts...)
	n.Spent = append(n.Spent[:len(n.Spent):len(n.Spent)], more.Spent...)
	n.Payments = append(n.Payments[:len(n.Payments):len(n.Payments)], more.Payments...)
	n.Entries = append(n.Entries[:len(n.Entries):len(n.Entries)], more.Entries...)
	n.Holds = append(n.Holds[:len(n.Holds):len(n.Holds)], more.Holds...)
	n.OpenHolds = append(n.OpenHolds[:len(n.OpenHolds):len(n.OpenHolds)], more.OpenHolds...)
	n.Once = append(n.Once[:len(n.Once):len(n.Once)], more.Once...)
	n.Apps = append(n.Apps[:len(n.Apps):len(n.Apps)], more.Apps...)
	n.Addresses = append(n.Addresses[:len(n.Addresses):len(n.Addresses)], more.Addresses...)
	n.Introductions = append(n.Introductions[:len(n.Introductions):len(n.Introductions)], more.Introductions...)
	n.Introduced = append(n.Introduced[:len(n.Introduced):len(n.Introduced)], more.Introduced...)
	n.OldUsernames = append(n.OldUsernames[:len(n.OldUsernames):len(n.OldUsernames)], more.OldUsernames...)
	n.Credentials = append(n.Credentials[:len(n.Credentials):len(n.Credentials)], more.Credentials...)
	n.Contacts = append(n.Contacts[:len(n.Contacts):len(n.Contacts)], more.Contacts...)
	n.ContactsOf = append(n.ContactsOf[:len(n.ContactsOf):len(n.ContactsOf)], more.ContactsOf...)
	n.Sessions = append(n.Sessions[:len(n.Sessions):len(n.Sessions)], more.Sessions...)
	n.SessionsOf = append(n.SessionsOf[:len(n.SessionsOf):len(n.SessionsOf)], more.SessionsOf...)
	n.Tickets = append(n.Tickets[:len(n.Tickets):len(n.Tickets)], more.Tickets...)
	n.AppsOf = append(n.AppsOf[:len(n.AppsOf):len(n.AppsOf)], more.AppsOf...)
	n.Grants = append(n.Grants[:len(n.Grants):len(n.Grants)], more.Grants...)
	n.GrantsOf = append(n.GrantsOf[:len(n.GrantsOf):len(n.GrantsOf)], more.GrantsOf...)
	n.Ties = append(n.Ties[:len(n.Ties):len(n.Ties)], more.Ties...)
	n.Allowances = append(n.Allowances[:len(n.Allowances):len(n.Allowances)], more.Allowances...)
	n.PendingTo = append(n.PendingTo[:len(n.PendingTo):len(n.PendingTo)], more.PendingTo...)
	n.Waiting = append(n.Waiting[:len(n.Waiting):len(n.Waiting)], more.Waiting...)
	n.addMerchants(more)
}

// addMerchants is Add for what merchants have to do with.
func (n *Needs) addMerchants(more Needs) {
	n.Merchants = append(n.Merchants[:len(n.Merchants):len(n.Merchants)], more.Merchants...)
	n.Logos = append(n.Logos[:len(n.Logos):len(n.Logos)], more.Logos...)
	n.APIKeys = append(n.APIKeys[:len(n.APIKeys):len(n.APIKeys)], more.APIKeys...)
	n.Handles = append(n.Handles[:len(n.Handles):len(n.Handles)], more.Handles...)
	n.HandleTokens = append(n.HandleTokens[:len(n.HandleTokens):len(n.HandleTokens)], more.HandleTokens...)
	n.Operations = append(n.Operations[:len(n.Operations):len(n.Operations)], more.Operations...)
	n.References = append(n.References[:len(n.References):len(n.References)], more.References...)
	n.Mandates = append(n.Mandates[:len(n.Mandates):len(n.Mandates)], more.Mandates...)
	n.Consumers = append(n.Consumers[:len(n.Consumers):len(n.Consumers)], more.Consumers...)
	n.ConsumerNumbers = append(n.ConsumerNumbers[:len(n.ConsumerNumbers):len(n.ConsumerNumbers)], more.ConsumerNumbers...)
	n.Customers = append(n.Customers[:len(n.Customers):len(n.Customers)], more.Customers...)
	n.CustomerRefs = append(n.CustomerRefs[:len(n.CustomerRefs):len(n.CustomerRefs)], more.CustomerRefs...)
	n.Cursors = append(n.Cursors[:len(n.Cursors):len(n.Cursors)], more.Cursors...)
	n.Orders = append(n.Orders[:len(n.Orders):len(n.Orders)], more.Orders...)
	n.PaymentLinks = append(n.PaymentLinks[:len(n.PaymentLinks):len(n.PaymentLinks)], more.PaymentLinks...)
	n.Members = append(n.Members[:len(n.Members):len(n.Members)], more.Members...)
	n.KeysOf = append(n.KeysOf[:len(n.KeysOf):len(n.KeysOf)], more.KeysOf...)
}

// Missing is what a getter of Facts returns for a row that was not loaded.
// Decide hands it on; its changes are dropped and the command joins the next
// batch with the union of needs.
type Missing struct{ Needs Needs }

func (m *Missing) Error() string { return fmt.Sprintf("purse: not loaded: %+v", m.Needs) }

// Store keeps a network. It is safe for any number of callers, and any number
// of servers may share one PostgreSQL database.
type Store interface {
	// Execute runs c in the serial order of its book. It returns nil when
	// everything that Decide changed is durable, and Decide's error when nothing
	// of it happened. Besides, CodeBusy: it did not run, and may be tried again;
	// CodeUnknown: the database could not say before ctx ended whether it had
	// committed; CodeInternal: Decide panicked, and nothing happened.
	Execute(ctx context.Context, c Command) error

	Reader
}

// Reader is the plain reads, which see what is committed. What is not there is
// CodeNotFound.
type Reader interface {
	// Book reads the facts of a book's head.
	Book(ctx context.Context, id BookID) (Book, error)
	// Token finds an access token by its hash, also when it is not valid, and
	// tells the book time at which it was read. That of an app that was closed is
	// shown as revoked.
	Token(ctx context.Context, hash TokenHash) (Token, Time, error)
	// Users finds people; those who do not exist are not in the map.
	Users(ctx context.Context, ids ...UserID) (map[UserID]User, error)
	// UserNamed finds a person by username, in any case.
	UserNamed(ctx context.Context, username string) (User, error)
	// Account finds an account with its totals.
	Account(ctx context.Context, book BookID, id ledger.AccountID) (Account, error)
	// Payment finds a payment, whoever is party to it.
	Payment(ctx context.Context, book BookID, id PaymentID) (Payment, error)
	// Payments lists a person's payments, newest first.
	Payments(ctx context.Context, book BookID, q PaymentQuery) ([]Payment, error)
	// Overdue finds payments that wait although their deadline has come by now,
	// those that are overdue for longest first.
	Overdue(ctx context.Context, book BookID, now Time, limit int) ([]PaymentID, error)
	// Now reads the clock of a book.
	Now(ctx context.Context, book BookID) (Time, error)
	// AddressOwner finds out whose an address is.
	AddressOwner(ctx context.Context, a Address) (AddressOwner, error)
	// Unclaimed finds addresses whose owner has not claimed everything yet.
	Unclaimed(ctx context.Context, limit int) ([]AddressOwner, error)
	// Allowances finds what grantees may take out of a person's wallet; those that
	// have taken nothing and have no cap of their own are not in the map.
	Allowances(ctx context.Context, book BookID, person UserID, grantees ...int64) (map[int64]Allowance, error)
	// Told lists a person's payments that others may see too, newest first.
	Told(ctx context.Context, book BookID, q StoryQuery) ([]Payment, error)

	DirectoryReader
	MerchantReader
	OrderReader
}

// DirectoryReader is the plain reads of the directory.
type DirectoryReader interface {
	// Credentials finds what proves who a person is.
	Credentials(ctx context.Context, person UserID) (Credentials, error)
	// Contacts finds the contacts of people, in the order in which they were added.
	Contacts(ctx context.Context, people ...UserID) (map[UserID][]Contact, error)
	// Session finds a session by its hash, also when it is not valid, and tells the
	// directory's time at which it was read.
	Session(ctx context.Context, hash SessionHash) (Session, Time, error)
	// SessionsOf lists the sessions of a person that were not ended, newest first.
	SessionsOf(ctx context.Context, person UserID) ([]Session, error)
	// Ticket finds a ticket by its hash, also when it is not valid, and tells the
	// directory's time at which it was read.
	Ticket(ctx context.Context, hash TicketHash) (Ticket, Time, error)
	// Apps finds apps; those that do not exist are not in the map.
	Apps(ctx context.Context, ids ...AppID) (map[AppID]App, error)
	// AppsOf lists the apps that a person has registered and not closed, oldest
	// first, at most AppsMax.
	AppsOf(ctx context.Context, owner UserID) ([]App, error)
	// Grant finds a grant.
	Grant(ctx context.Context, id GrantID) (Grant, error)
	// GrantsOf lists what a person has granted and not revoked, oldest first, at
	// most 1,000.
	GrantsOf(ctx context.Context, person UserID) ([]Grant, error)
	// Between finds what a person and others are to each other.
	Between(ctx context.Context, person UserID, others ...UserID) (map[UserID]Between, error)
	// FriendsOf lists a person's friends.
	FriendsOf(ctx context.Context, q FriendQuery) ([]UserID, error)
	// Ties lists what a person is to others but friends: whom they have asked and
	// blocked, at most limit.
	Ties(ctx context.Context, person UserID, limit int) ([]Tie, error)
	// Asking lists who has asked a person to be friends, at most limit.
	Asking(ctx context.Context, person UserID, limit int) ([]UserID, error)
	// FindUsers finds people one of whose names begins with a word.
	FindUsers(ctx context.Context, word string, limit, offset int) ([]UserID, error)
}

// OrderReader is the plain reads of what shops without a hub of their own have to do with.
type OrderReader interface {
	// Order finds an order.
	Order(ctx context.Context, book BookID, k OrderKey) (Order, error)
	// OrderLinked finds the order that a page is about.
	OrderLinked(ctx context.Context, link string) (Order, error)
	// OrderPaidBy finds an order that a person has paid.
	OrderPaidBy(ctx context.Context, book BookID, payer UserID, number OrderNumber) (Order, error)
	// OrdersPaidBy lists the orders that a person has paid with numbers below before,
	// 0: all, newest first.
	OrdersPaidBy(ctx context.Context, book BookID, payer UserID, before OrderNumber, limit int) ([]Order, error)
	// Orders lists a merchant's orders, newest first; see Order.Listed.
	Orders(ctx context.Context, book BookID, q OrderQuery) ([]Order, error)
	// OverdueOrders finds orders that wait although their deadline has come by now,
	// those that are overdue for longest first.
	OverdueOrders(ctx context.Context, book BookID, now Time, limit int) ([]OrderKey, error)
	// PaymentLinked finds the payment link that a page is about, also one that was closed.
	PaymentLinked(ctx context.Context, link string) (PaymentLink, error)
	// PaymentLinksOf lists a merchant's payment links that are open, newest first, at
	// most PaymentLinksMax.
	PaymentLinksOf(ctx context.Context, book BookID, merchant MerchantID) ([]PaymentLink, error)
	// MembersOf lists who works for a merchant, at most MembersMax.
	MembersOf(ctx context.Context, merchant MerchantID) ([]Member, error)
	// MembershipsOf lists for whom a person works, at most MembersMax.
	MembershipsOf(ctx context.Context, person UserID) ([]Member, error)
}

// MerchantReader is the plain reads of what merchants and consumers have to do with.
type MerchantReader interface {
	// Merchants finds merchants; those that do not exist are not in the map.
	Merchants(ctx context.Context, ids ...MerchantID) (map[MerchantID]Merchant, error)
	// MerchantsAfter lists merchants in the order in which they were made, from the
	// one after a number on.
	MerchantsAfter(ctx context.Context, after MerchantID, limit int) ([]Merchant, error)
	// Logo finds a merchant's picture.
	Logo(ctx context.Context, merchant MerchantID) (Logo, error)
	// APIKey finds a key by its username, also when it is not valid, and tells the
	// time of its book at which it was read.
	APIKey(ctx context.Context, username string) (APIKey, Time, error)
	// KeysOf lists the keys of a merchant that were not revoked, by username.
	KeysOf(ctx context.Context, merchant MerchantID) ([]APIKey, error)
	// Handle finds a payment handle.
	Handle(ctx context.Context, book BookID, k HandleKey) (Handle, error)
	// HandleNamed finds a payment handle by its token.
	HandleNamed(ctx context.Context, book BookID, token string) (Handle, error)
	// HandleLinked finds the payment handle that a page is about.
	HandleLinked(ctx context.Context, link string) (Handle, error)
	// Handles lists a merchant's payment handles, newest first, and counts how many
	// q asks for, up to 10,000.
	Handles(ctx context.Context, book BookID, q HubQuery) ([]Handle, int, error)
	// Operation finds an operation.
	Operation(ctx context.Context, book BookID, k OperationKey) (Operation, error)
	// Operations lists a merchant's operations of a kind, as Handles does.
	Operations(ctx context.Context, book BookID, kind OperationKind, q HubQuery) ([]Operation, int, error)
	// Under lists what came of an operation, oldest first, at most 100: not the
	// settlement that a sale makes by itself.
	Under(ctx context.Context, book BookID, parent OperationID) ([]Operation, error)
	// OverdueHandles finds handles that have not ended although their deadline has
	// come by now, oldest first.
	OverdueHandles(ctx context.Context, book BookID, now Time, limit int) ([]HandleKey, error)
	// Unsettled finds sales of which money still waits although its deadline has come.
	Unsettled(ctx context.Context, book BookID, now Time, limit int) ([]OperationKey, error)
	// Mandate finds an agreement, also one that was revoked.
	Mandate(ctx context.Context, book BookID, k MandateKey) (Mandate, error)
	// MandatesOf lists a person's agreements, newest first, those that were revoked at
	// the end.
	MandatesOf(ctx context.Context, book BookID, person UserID, limit int) ([]Mandate, error)
	// Consumers finds what merchants know wallets by.
	Consumers(ctx context.Context, book BookID, keys ...ConsumerKey) (map[ConsumerKey]Consumer, error)
	// Customer finds a merchant's record of somebody, also one that was deleted.
	Customer(ctx context.Context, book BookID, k CustomerKey) (Customer, error)
	// CustomerReferenced finds the record that has a reference and was not deleted.
	CustomerReferenced(ctx context.Context, book BookID, k CustomerReference) (Customer, error)
	// Events lists the news of a book after an identifier, in their order.
	Events(ctx context.Context, book BookID, after int64, limit int) ([]Event, error)
	// News looks at the next limit events of a book after an identifier, and gives
	// those of some kinds, and how far it has looked.
	News(ctx context.Context, book BookID, after int64, limit int, kinds ...EventKind) (news []Event, upTo int64, err error)
	// Postings lists the postings of an account, newest first, from the one before a
	// number on; 0: from the newest.
	Postings(ctx context.Context, book BookID, account ledger.AccountID, before int64, limit int) ([]ledger.Posting, error)
}

// HubQuery says which of a merchant's handles or operations are to be listed.
type HubQuery struct {
	Merchant MerchantID
	Ref      string // only those with this reference; empty: all
	From, To Time   // made from From on, before To
	Limit    int
	Offset   int // how many to leave out at the beginning
}

// StoryQuery says which of a person's payments are to be told.
type StoryQuery struct {
	Person UserID
	Before int64 // only identifiers below; 0: all
	Limit  int
}

// PaymentQuery says which of a person's payments are to be listed. What it costs
// grows with Limit and with the number of Actors, not with how many payments there
// are.
type PaymentQuery struct {
	Person   UserID          // who is actor or target
	Action   PaymentAction   // only these; empty: both
	Actors   []UserID        // only those made by one of these; nil: by anybody
	Statuses []PaymentStatus // only these; nil: all
	After    int64           // only identifiers above; 0: all
	Before   int64           // only identifiers below; 0: all
	Limit    int             // at most so many
}
