package purse

// Customer is a merchant's own record of somebody who buys there (wire.md B.8). It
// is no agreement: that hangs on the merchant's name of the consumer, see Mandate.
//
// Life: active until it is deleted.
type Customer struct {
	CustomerKey
	Ref      string // merchantCustomerId; no two customers of a merchant that are not deleted have the same
	Token    string // the customer's paymentToken
	Document string // names, addresses, saved handles and single-use tokens, as JSON; see package hub
	Changed  Time
	Deleted  Time // 0: not; then nothing of Document is left
}

// CustomerKey names a customer.
type CustomerKey struct {
	Merchant MerchantID
	ID       CustomerID
}

// CustomerReference names a customer by the merchant's own reference.
type CustomerReference struct {
	Merchant MerchantID
	Ref      string
}

// Customer finds a customer, also one that was deleted.
func (f *Facts) Customer(k CustomerKey) (Customer, error) {
	return found(f, &f.set.Customers, k, "customer", func(n *Needs) { n.Customers = []CustomerKey{k} })
}

// CustomerReferenced finds the customer that has a reference and was not deleted.
func (f *Facts) CustomerReferenced(k CustomerReference) (CustomerID, error) {
	return found(f, &f.set.CustomerRefs, k, "customer", func(n *Needs) { n.CustomerRefs = []CustomerReference{k} })
}

// LoadCustomer brings in a customer, with its reference.
func (w *WorkingSet) LoadCustomer(c Customer) {
	w.Customers.Load(c.CustomerKey, c)
	if c.Deleted == 0 {
		w.CustomerRefs.Load(CustomerReference{c.Merchant, c.Ref}, c.ID)
	}
}

func (f *Facts) putCustomer(c Customer) {
	if before, there, _ := f.set.Customers.get(c.CustomerKey); there && before.Deleted == 0 {
		f.set.CustomerRefs.remove(CustomerReference{c.Merchant, before.Ref})
	}
	f.set.Customers.put(c.CustomerKey, c)
	if c.Deleted == 0 {
		f.set.CustomerRefs.put(CustomerReference{c.Merchant, c.Ref}, c.ID)
	}
}
