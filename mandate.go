package purse

import (
	"math"
	"strconv"
)

// Mandate is a consumer's agreement with a merchant: it may take payments out of
// the consumer's wallet without asking each time. It is given with the first
// payment, for the merchant's own name of the consumer.
//
// Life: given, revoked by the consumer or ended by its date, given anew.
type Mandate struct {
	MandateKey
	ID         MandateID
	Person     UserID // whose wallet it is
	Since      Time   // when it was given, last
	Revoked    Time   // 0: not
	Ends       Time   // 0: it has no end
	CapPayment int64  // minor units a payment; NoCap: any amount
	CapMonth   int64  // minor units a calendar month, UTC; NoCap: any amount
	Month      int64  // months since 1970 in which it was used last
	Spent      int64  // minor units taken in Month, that were not given back
	Used       Time   // last use; 0: never
	Version    int64  // how many events it has emitted
}

// NoCap lets any amount through.
const NoCap = -1

// MandateKey names a mandate.
type MandateKey struct {
	Merchant MerchantID
	Consumer string // the merchant's own name of the consumer
}

// consumerMax is how many bytes a merchant's name of a consumer may have.
const consumerMax = 255

// CheckConsumer refuses a merchant's name of a consumer that cannot be stored.
func CheckConsumer(name string) error {
	switch {
	case name == "":
		return Refuse(CodeMissing, "may not be empty")
	case len(name) > consumerMax || !PlainText(name):
		return Refuse(CodeInvalid, "size must be between 1 and %d, without control characters", consumerMax)
	}
	return nil
}

// Stands says that m may be used at the time now.
func (m Mandate) Stands(now Time) bool {
	return m.Person != 0 && m.Revoked == 0 && (m.Ends == 0 || now < m.Ends)
}

// month is the number of the month that t falls into, since 1970, UTC.
func (t Time) month() int64 {
	u := t.UTC()
	return int64(u.Year()-1970)*12 + int64(u.Month()) - 1
}

// ThisMonth is what was taken in the month of now, in minor units.
func (m Mandate) ThisMonth(now Time) int64 {
	if m.Month == now.month() {
		return m.Spent
	}
	return 0
}

// Take counts what is taken at the time now; false if it does not fit under a cap.
func (m *Mandate) Take(now Time, minor int64) bool {
	before := m.ThisMonth(now)
	if m.CapPayment >= 0 && minor > m.CapPayment || minor > math.MaxInt64-before ||
		m.CapMonth >= 0 && minor > m.CapMonth-before {
		return false
	}
	m.Count(now, minor)
	return true
}

// Count counts what the person has agreed to themselves, whatever the caps.
func (m *Mandate) Count(now Time, minor int64) {
	m.Month, m.Spent, m.Used = now.month(), m.ThisMonth(now)+minor, now
}

// GiveBack takes off what was counted at the time then, as long as that month lasts.
func (m *Mandate) GiveBack(then, now Time, minor int64) {
	if m.Month == now.month() && m.Month == then.month() {
		m.Spent = max(m.Spent-minor, 0)
	}
}

// eventSubject is m as an event shows it.
func (m Mandate) eventSubject() (id, seq int64, snapshot string) {
	b := make([]byte, 0, 200)
	b = append(strconv.AppendInt(append(b, `{"id":"`...), int64(m.ID), 10), '"')
	b = append(strconv.AppendInt(append(b, `,"merchant":"`...), int64(m.Merchant), 10), '"')
	b = AppendQuoted(append(b, `,"consumer":`...), m.Consumer)
	b = append(strconv.AppendInt(append(b, `,"person":"`...), int64(m.Person), 10), '"')
	b = strconv.AppendInt(append(b, `,"revoked":`...), int64(m.Revoked), 10)
	return int64(m.ID), m.Version, string(append(b, '}'))
}

// Consumer is what a merchant knows a wallet by.
type Consumer struct {
	ConsumerKey
	Number int64  // nine digits; no other wallet has it at this merchant
	Email  string // what the person showed the merchant when agreeing, last; empty: none
	Since  Time
	Linked Time // when the first payment was settled: from then on the merchant may send money; 0: not yet
}

// ConsumerKey names a consumer.
type ConsumerKey struct {
	Merchant MerchantID
	Person   UserID
}

// ConsumerNumber names a consumer by the number that the merchant knows.
type ConsumerNumber struct {
	Merchant MerchantID
	Number   int64
}

// The bounds of a consumer's number: nine digits (seeds/004).
const (
	ConsumerNumberMin = 100_000_000
	ConsumerNumberMax = 999_999_999
)

// Mandate finds a mandate, also one that was revoked.
func (f *Facts) Mandate(k MandateKey) (Mandate, error) {
	return found(f, &f.set.Mandates, k, "agreement", func(n *Needs) { n.Mandates = []MandateKey{k} })
}

// Consumer finds what a merchant knows a wallet by.
func (f *Facts) Consumer(k ConsumerKey) (Consumer, error) {
	return found(f, &f.set.Consumers, k, "consumer", func(n *Needs) { n.Consumers = []ConsumerKey{k} })
}

// ConsumerNumbered finds whose a number is at a merchant.
func (f *Facts) ConsumerNumbered(k ConsumerNumber) (UserID, error) {
	return found(f, &f.set.ConsumerNumbers, k, "consumer", func(n *Needs) { n.ConsumerNumbers = []ConsumerNumber{k} })
}

// LoadConsumer brings in a consumer, with its number.
func (w *WorkingSet) LoadConsumer(c Consumer) {
	w.Consumers.Load(c.ConsumerKey, c)
	w.ConsumerNumbers.Load(ConsumerNumber{c.Merchant, c.Number}, c.Person)
}

func (f *Facts) putConsumer(c Consumer) {
	f.set.Consumers.put(c.ConsumerKey, c)
	f.set.ConsumerNumbers.put(ConsumerNumber{c.Merchant, c.Number}, c.Person)
}
