package purse

import (
	"strconv"
	"time"

	"purse/ledger"
)

// OrderNumber is how a merchant and its customer name an order: counted by the book,
// from 1, and far below 2^53, so that every JSON parser reads it as it is (seeds/000).
type OrderNumber int64

func (n OrderNumber) String() string { return strconv.FormatInt(int64(n), 10) }

// OrderStatus is where an order is in its life. The first three are the words of wire.md C.2.
type OrderStatus string

// The states of an order.
const (
	OrderPending   OrderStatus = "PENDING"   // it waits for somebody to pay
	OrderPaid      OrderStatus = "SUCCESS"   // the merchant has the money
	OrderExpired   OrderStatus = "EXPIRED"   // nobody paid in time
	OrderCancelled OrderStatus = "CANCELLED" // the customer has refused, or the merchant has called it off; merchants' programs see EXPIRED
)

// OrderMoves is the whole life of an order: from each state, the states that may
// follow. The empty state is the one before it exists.
var OrderMoves = map[OrderStatus][]OrderStatus{
	"":             {OrderPending},
	OrderPending:   {OrderPaid, OrderExpired, OrderCancelled},
	OrderPaid:      {},
	OrderExpired:   {},
	OrderCancelled: {},
}

// OrderSource is where an order was made.
type OrderSource string

// The sources of orders.
const (
	OrderFromAPI  OrderSource = "api"  // by a merchant's server
	OrderFromLink OrderSource = "link" // by whoever opened a payment link
	OrderFromTill OrderSource = "till" // by somebody who works for the merchant
)

// Order is one payment that a merchant asks for, and the page on which it is paid.
// Unlike a payment handle it asks nobody in particular, and money moves at once.
type Order struct {
	OrderKey
	Source   OrderSource
	Key      string // the username of the API key with which it was made; else empty
	Minor    int64  // minor units that the merchant asks for
	Fee      int64  // minor units that the network takes: of Minor, or besides it
	OnTop    bool   // the payer pays Fee besides Minor
	Customer string // whom the merchant thinks of: an e-mail address; empty of links and tills
	Product  string // what is bought, as the customer reads it
	Redirect string // where the customer goes when it is paid; empty: nowhere
	Link     string // the secret of its page
	Made     Time
	Deadline Time // from then on nobody can pay it
	Status   OrderStatus
	Payer    UserID            // 0: nobody has paid
	Transfer ledger.TransferID // what moved Minor; 0: nothing
	Counted  int64             // the hour of the payer's counter that Minor is in; see Facts.CountSpent
	Changed  Time              // when it came to its state
	Version  int64             // how many events it has emitted
}

// OrderKey names an order. Merchants see their own only.
type OrderKey struct {
	Merchant MerchantID
	Number   OrderNumber
}

// OrderLife is how long an order of a new merchant can be paid, and OrderLifeMax how
// long a merchant may let it.
const (
	OrderLife    = time.Hour
	OrderLifeMax = 30 * 24 * time.Hour
)

// OrderMax is the largest amount of an order, in minor units: that of the payment hub.
const OrderMax = 99_999_999_999

// Listed says that o stands in the lists of its merchant. Anybody may begin to pay by a
// payment link, as often as they like: what came of it is listed once it is paid.
func (o Order) Listed() bool { return o.Source != OrderFromLink || o.Status == OrderPaid }

// Total is what o costs its payer, in minor units.
func (o Order) Total() int64 {
	if o.OnTop {
		return o.Minor + o.Fee
	}
	return o.Minor
}

// Overdue says that o still waits although its deadline has come.
func (o Order) Overdue(now Time) bool { return o.Status == OrderPending && now >= o.Deadline }

// TimeLeft is for how many whole seconds more o may be paid.
func (o Order) TimeLeft(now Time) int64 {
	if o.Status != OrderPending || now >= o.Deadline {
		return 0
	}
	return int64(o.Deadline-now) / time.Second.Microseconds()
}

// Cause names o in the ledger.
func (o Order) Cause() ledger.Cause {
	return ledger.Cause{Kind: ledger.CauseOrder, ID: int64(o.Number)}
}

// eventSubject is o as an event shows it. What never changes stands in its row.
func (o Order) eventSubject() (id, seq int64, snapshot string) {
	b := make([]byte, 0, 160)
	b = append(strconv.AppendInt(append(b, `{"id":"`...), int64(o.Number), 10), '"')
	b = append(strconv.AppendInt(append(b, `,"merchant":"`...), int64(o.Merchant), 10), '"')
	b = AppendQuoted(append(b, `,"status":`...), string(o.Status))
	b = append(strconv.AppendInt(append(b, `,"payer":"`...), int64(o.Payer), 10), '"')
	b = strconv.AppendInt(append(b, `,"minor":`...), o.Minor, 10)
	return int64(o.Number), o.Version, string(append(b, '}'))
}

// OrderNews is the news that an order has come to a state.
func OrderNews(s OrderStatus) EventKind {
	switch s {
	case OrderPending:
		return OrderWasCreated
	case OrderPaid:
		return OrderWasPaid
	case OrderExpired:
		return OrderHasExpired
	}
	return OrderWasCancelled
}

// Order finds an order.
func (f *Facts) Order(k OrderKey) (Order, error) {
	return found(f, &f.set.Orders, k, "order", func(n *Needs) { n.Orders = []OrderKey{k} })
}

// NextOrder counts one order more, and is its number.
func (f *Facts) NextOrder() OrderNumber {
	f.set.Book.Orders++
	f.Book.Orders = f.set.Book.Orders
	return OrderNumber(f.Book.Orders)
}

// OrderQuery asks for orders of a merchant that are listed, newest first.
type OrderQuery struct {
	Merchant MerchantID
	From, To Time // made in this time, both inclusive; zero: any
	Offset   int
	Limit    int
}

// PaymentLink is a standing offer of a merchant without a shop: whoever opens its page
// makes an order for themselves.
//
// Life: open until it is closed.
type PaymentLink struct {
	PaymentLinkKey
	Link    string // the secret of its page; it is printed and passed on
	Minor   int64  // minor units; 0: whoever pays says how much
	Product string
	Made    Time
	Closed  Time // 0: open
}

// PaymentLinkKey names a payment link.
type PaymentLinkKey struct {
	Merchant MerchantID
	ID       LinkID
}

// PaymentLinksMax is how many payment links a merchant may have that are open.
const PaymentLinksMax = 100

// PaymentLink finds a payment link.
func (f *Facts) PaymentLink(k PaymentLinkKey) (PaymentLink, error) {
	return found(f, &f.set.PaymentLinks, k, "payment link", func(n *Needs) { n.PaymentLinks = []PaymentLinkKey{k} })
}
