package purse

import (
	"strconv"
	"time"

	"purse/ledger"
)

// HandleStatus is where a payment handle is in its life; the words are those of
// seeds/004.
type HandleStatus string

// The states of a payment handle.
const (
	HandleInitiated  HandleStatus = "INITIATED"  // nobody has been asked yet
	HandleProcessing HandleStatus = "PROCESSING" // the consumer is being asked
	HandlePayable    HandleStatus = "PAYABLE"    // the money is ring-fenced; the merchant may take it
	HandleCompleted  HandleStatus = "COMPLETED"  // it was used
	HandleFailed     HandleStatus = "FAILED"     // declined or refused
	HandleExpired    HandleStatus = "EXPIRED"    // not used in time
)

// HandleMoves is the whole life of a payment handle: from each state, the states
// that may follow. The empty state is the one before it exists. One command may
// take several steps; each of them is news.
var HandleMoves = map[HandleStatus][]HandleStatus{
	"":               {HandleInitiated, HandleFailed},
	HandleInitiated:  {HandleProcessing, HandleExpired},
	HandleProcessing: {HandlePayable, HandleFailed, HandleExpired},
	HandlePayable:    {HandleCompleted, HandleFailed, HandleExpired},
	HandleCompleted:  {},
	HandleFailed:     {},
	HandleExpired:    {},
}

// HandleType says what a handle is for; the words are those of wire.md B.3.
type HandleType string

// The types of payment handles.
const (
	HandleForPayment      HandleType = "PAYMENT"
	HandleForCredit       HandleType = "STANDALONE_CREDIT" // money from the merchant to a consumer
	HandleForVerification HandleType = "VERIFICATION"      // an agreement, and no money
)

// HandleLife is how long a handle may be used, from when it was made (seeds/004).
const HandleLife = 15 * time.Minute

// Handle is a merchant's question to a consumer for money, and the consumer's
// answer. While it is PAYABLE the money is ring-fenced in the wallet.
//
// A handle that may be used many times (Multi) stands for a consumer with whom the
// merchant has an agreement. It holds no money, stays PAYABLE and does not expire.
type Handle struct {
	HandleKey
	Type      HandleType
	Ref       string // the merchant's own reference
	Token     string // what the merchant names it by when taking the money
	Multi     bool
	Consumer  string // the merchant's own name of the consumer
	Payer     UserID // whose wallet it is, of a credit: who gets the money; 0: not known yet
	Minor     int64  // minor units; 0 for a verification
	Status    HandleStatus
	Fault     Code   // why it failed
	Processor string // what a sandbox's outside processor has said about that; mostly empty
	Hold      ledger.TransferID
	Counted   int64       // the hour of the payer's counter that Minor is in; see Facts.CountSpent
	Link      string      // the secret of the page on which the consumer answers; empty: none is asked
	Simulator string      // who answers in a sandbox, INTERNAL or EXTERNAL; empty in a live network
	Details   string      // what else the merchant has sent with it, as JSON
	Operation OperationID // what has used it; 0: nothing has
	Changed   Time        // when it came to its state
	Version   int64       // how many events it has emitted
}

// HandleKey names a handle. Merchants see their own only.
type HandleKey struct {
	Merchant MerchantID
	ID       HandleID
}

// Created is when h was made.
func (h Handle) Created() Time { return Created(int64(h.ID)) }

// Deadline is when h can no longer be used.
func (h Handle) Deadline() Time { return h.Created().Add(HandleLife) }

// TimeLeft is for how many whole seconds more h may be used, from 899 down to 0.
func (h Handle) TimeLeft(now Time) int64 {
	if !h.Open() || now >= h.Deadline() {
		return 0
	}
	return int64(h.Deadline()-max(now, h.Created())-1) / time.Second.Microseconds() // a batch decides a little before what it makes
}

// Open says that h has not ended.
func (h Handle) Open() bool {
	return h.Status == HandleInitiated || h.Status == HandleProcessing || h.Status == HandlePayable
}

// Overdue says that h has not ended although its deadline has come.
func (h Handle) Overdue(now Time) bool { return h.Open() && !h.Multi && now >= h.Deadline() }

// Waits says that h has not ended and that no money is held for it.
func (h Handle) Waits() bool { return h.Open() && !h.Multi && h.Hold == 0 }

// Cause names h in the ledger.
func (h Handle) Cause() ledger.Cause {
	return ledger.Cause{Kind: ledger.CauseHandle, ID: int64(h.ID)}
}

// eventSubject is h as an event shows it. What never changes stands in its row.
func (h Handle) eventSubject() (id, seq int64, snapshot string) {
	b := make([]byte, 0, 160)
	b = append(strconv.AppendInt(append(b, `{"id":"`...), int64(h.ID), 10), '"')
	b = append(strconv.AppendInt(append(b, `,"merchant":"`...), int64(h.Merchant), 10), '"')
	b = AppendQuoted(append(b, `,"status":`...), string(h.Status))
	b = append(strconv.AppendInt(append(b, `,"payer":"`...), int64(h.Payer), 10), '"')
	b = strconv.AppendInt(append(b, `,"minor":`...), h.Minor, 10)
	if h.Fault != "" {
		b = AppendQuoted(append(b, `,"fault":`...), string(h.Fault))
	}
	return int64(h.ID), h.Version, string(append(b, '}'))
}

// HandleNews is the news that a handle has come to a state.
func HandleNews(s HandleStatus) EventKind {
	switch s {
	case HandleInitiated:
		return HandleWasInitiated
	case HandleProcessing:
		return HandleIsProcessing
	case HandlePayable:
		return HandleIsPayable
	case HandleCompleted:
		return HandleWasCompleted
	case HandleExpired:
		return HandleHasExpired
	}
	return HandleHasFailed
}

// Handle finds a handle.
func (f *Facts) Handle(k HandleKey) (Handle, error) {
	return found(f, &f.set.Handles, k, "payment handle", func(n *Needs) { n.Handles = []HandleKey{k} })
}

// HandleNamed finds a handle by its token.
func (f *Facts) HandleNamed(token string) (Handle, error) {
	k, err := found(f, &f.set.HandleTokens, token, "payment handle", func(n *Needs) { n.HandleTokens = []string{token} })
	if err != nil {
		return Handle{}, err
	}
	return f.Handle(k)
}

// LoadHandle brings in a handle, with its token.
func (w *WorkingSet) LoadHandle(h Handle) {
	w.Handles.Load(h.HandleKey, h)
	w.HandleTokens.Load(h.Token, h.HandleKey)
}

func (f *Facts) putHandle(h Handle) {
	if _, there, _ := f.set.Handles.get(h.HandleKey); !there {
		f.set.HandleTokens.put(h.Token, h.HandleKey)
		f.putReference(ReferenceKey{h.Merchant, ReferenceToHandle, h.Ref}, int64(h.ID))
	}
	f.set.Handles.put(h.HandleKey, h)
}
