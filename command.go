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
	// tells the book time at which it was read.
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
