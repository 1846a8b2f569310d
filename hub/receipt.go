package hub

import "purse"

// Payer is what a merchant learns of who has paid (seeds/004).
type Payer struct {
	Number                               int64 // nine digits, always the same for a wallet at a merchant
	Username, Email, FirstName, LastName string
}

// HandleReceipt is a payment handle, for whoever encodes it.
type HandleReceipt struct {
	Handle purse.Handle
	Payer  *Payer // nil as long as nobody has agreed
	Now    purse.Time
}

// OperationReceipt is an operation, for whoever encodes it.
type OperationReceipt struct {
	Operation   purse.Operation
	Handle      purse.Handle      // what it came from; none of a settlement, void or refund
	Payer       *Payer            // nil where there is no Handle
	Settlements []purse.Operation // of a sale
	Now         purse.Time
}

// payerOf is what a merchant learns of a handle's payer.
func payerOf(f *purse.Facts, h purse.Handle) (*Payer, error) {
	if !agreed(h) {
		return nil, nil
	}
	c, err := f.Consumer(purse.ConsumerKey{Merchant: h.Merchant, Person: h.Payer})
	if err != nil {
		return nil, err
	}
	u, err := f.User(h.Payer)
	if err != nil {
		return nil, err
	}
	return payer(c, u), nil
}

// agreed says that h's payer has agreed to it: a merchant learns of nobody else.
func agreed(h purse.Handle) bool {
	return h.Payer != 0 && (h.Status != purse.HandleFailed || h.Hold != 0)
}

func payer(c purse.Consumer, u purse.User) *Payer {
	if u.Closed != 0 { // nothing is left of who it was
		return &Payer{Number: c.Number}
	}
	return &Payer{Number: c.Number, Username: u.Username, Email: c.Email, FirstName: u.FirstName, LastName: u.LastName}
}

func handleReceipt(f *purse.Facts, h purse.Handle) (HandleReceipt, error) {
	p, err := payerOf(f, h)
	return HandleReceipt{Handle: h, Payer: p, Now: f.Now}, err
}

// operationReceipt is the receipt of an operation that has used a handle.
func operationReceipt(f *purse.Facts, o purse.Operation, h purse.Handle, settlements ...purse.Operation) (OperationReceipt, error) {
	p, err := payerOf(f, h)
	return OperationReceipt{Operation: o, Handle: h, Payer: p, Settlements: settlements, Now: f.Now}, err
}
