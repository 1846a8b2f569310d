package store

import (
	"iter"

	"purse"
)

// loadMerchants adds what merchants have to do with.
func (x *exchange) loadMerchants(book purse.BookID, ws *purse.WorkingSet, d *directory, tasks []*task) {
	b := int64(book)
	want(x, loadMerchant, each(tasks, func(n *purse.Needs) []purse.MerchantID { return n.Merchants }),
		func(k purse.MerchantID) bool {
			return ws.Merchants.Want(k) && !d.memory.merchants.take(k, ws.Merchants.Load)
		},
		func(k purse.MerchantID, a *args) { a.int(int64(k)) }, d.readMerchant(ws))
	want(x, loadLogo, each(tasks, func(n *purse.Needs) []purse.MerchantID { return n.Logos }), ws.Logos.Want,
		func(k purse.MerchantID, a *args) { a.int(int64(k)) },
		func(r row) { v := readLogo(r); ws.Logos.Load(v.Merchant, v) })
	want(x, loadAPIKey, each(tasks, func(n *purse.Needs) []string { return n.APIKeys }),
		func(k string) bool {
			return ws.APIKeys.Want(k) && !d.memory.keys.take(k, func(_ string, v purse.APIKey) { ws.LoadAPIKey(v) })
		},
		func(k string, a *args) { a.text(k) }, d.readAPIKey(ws))
	want(x, loadKeysOf, each(tasks, func(n *purse.Needs) []purse.MerchantID { return n.KeysOf }), ws.WantKeys,
		func(k purse.MerchantID, a *args) { a.int(int64(k)) }, func(r row) { ws.LoadAPIKey(readAPIKey(r)) })
	oneHandle := func(r row) { ws.LoadHandle(readHandle(r)) }
	want(x, loadHandle, each(tasks, func(n *purse.Needs) []purse.HandleKey { return n.Handles }), ws.Handles.Want,
		func(k purse.HandleKey, a *args) { a.int(b).int(int64(k.Merchant)).int(int64(k.ID)) }, oneHandle)
	want(x, loadHandleNamed, each(tasks, func(n *purse.Needs) []string { return n.HandleTokens }), ws.HandleTokens.Want,
		func(k string, a *args) { a.int(b).text(k) }, oneHandle)
	want(x, loadOperation, each(tasks, func(n *purse.Needs) []purse.OperationKey { return n.Operations }), ws.Operations.Want,
		func(k purse.OperationKey, a *args) {
			a.int(b).int(int64(k.Merchant)).text(string(k.Kind)).int(int64(k.ID))
		},
		func(r row) { v := readOperation(r); ws.Operations.Load(v.OperationKey, v) })
	want(x, loadHandleReferenced, references(tasks, true), ws.References.Want,
		func(k purse.ReferenceKey, a *args) { a.int(b).int(int64(k.Merchant)).text(k.Ref) },
		func(r row) {
			id := r.int()
			ws.References.Load(purse.ReferenceKey{Merchant: purse.MerchantID(r.int()), Kind: purse.ReferenceToHandle, Ref: r.text()}, id)
		})
	want(x, loadReferenced, references(tasks, false), ws.References.Want,
		func(k purse.ReferenceKey, a *args) { a.int(b).int(int64(k.Merchant)).text(string(k.Kind)).text(k.Ref) },
		func(r row) {
			id := r.int()
			ws.References.Load(purse.ReferenceKey{Merchant: purse.MerchantID(r.int()), Kind: purse.OperationKind(r.text()), Ref: r.text()}, id)
		})
	x.loadConsumers(book, ws, tasks)
}

// loadConsumers adds what consumers have to do with.
func (x *exchange) loadConsumers(book purse.BookID, ws *purse.WorkingSet, tasks []*task) {
	b := int64(book)
	want(x, loadMandate, each(tasks, func(n *purse.Needs) []purse.MandateKey { return n.Mandates }), ws.Mandates.Want,
		func(k purse.MandateKey, a *args) { a.int(b).int(int64(k.Merchant)).text(k.Consumer) },
		func(r row) { v := readMandate(r); ws.Mandates.Load(v.MandateKey, v) })
	oneConsumer := func(r row) { ws.LoadConsumer(readConsumer(r)) }
	want(x, loadConsumer, each(tasks, func(n *purse.Needs) []purse.ConsumerKey { return n.Consumers }), ws.Consumers.Want,
		func(k purse.ConsumerKey, a *args) { a.int(b).int(int64(k.Merchant)).int(int64(k.Person)) }, oneConsumer)
	want(x, loadConsumerNumbered, each(tasks, func(n *purse.Needs) []purse.ConsumerNumber { return n.ConsumerNumbers }), ws.ConsumerNumbers.Want,
		func(k purse.ConsumerNumber, a *args) { a.int(b).int(int64(k.Merchant)).int(k.Number) }, oneConsumer)
	oneCustomer := func(r row) { ws.LoadCustomer(readCustomer(r)) }
	want(x, loadCustomer, each(tasks, func(n *purse.Needs) []purse.CustomerKey { return n.Customers }), ws.Customers.Want,
		func(k purse.CustomerKey, a *args) { a.int(b).int(int64(k.Merchant)).int(int64(k.ID)) }, oneCustomer)
	want(x, loadCustomerReferenced, each(tasks, func(n *purse.Needs) []purse.CustomerReference { return n.CustomerRefs }), ws.CustomerRefs.Want,
		func(k purse.CustomerReference, a *args) { a.int(b).int(int64(k.Merchant)).text(k.Ref) }, oneCustomer)
	want(x, loadCursor, each(tasks, func(n *purse.Needs) []string { return n.Cursors }), ws.Cursors.Want,
		func(k string, a *args) { a.int(b).text(k) },
		func(r row) { v := readCursor(r); ws.Cursors.Load(v.Name, v) })
	x.loadOrders(book, ws, tasks)
}

// references yields the references to handles, or to operations.
func references(tasks []*task, handles bool) iter.Seq[purse.ReferenceKey] {
	return func(yield func(purse.ReferenceKey) bool) {
		for k := range each(tasks, func(n *purse.Needs) []purse.ReferenceKey { return n.References }) {
			if (k.Kind == purse.ReferenceToHandle) == handles && !yield(k) {
				return
			}
		}
	}
}

// saveMerchants adds the storing of what merchants have to do with.
func (x *exchange) saveMerchants(ws *purse.WorkingSet) {
	b := ws.Book.ID
	put(x, insertMerchant, b, ws.Merchants.Added(), packMerchant)
	put(x, updateMerchant, b, ws.Merchants.Updated(), packMerchantChange)
	put(x, insertLogo, b, ws.Logos.Added(), packLogo)
	put(x, updateLogo, b, ws.Logos.Updated(), packLogo)
	put(x, insertAPIKey, b, ws.APIKeys.Added(), packAPIKey)
	put(x, updateAPIKey, b, ws.APIKeys.Updated(), packAPIKeyChange)
	put(x, insertHandle, b, ws.Handles.Added(), packHandle)
	put(x, updateHandle, b, ws.Handles.Updated(), packHandleChange)
	put(x, insertOperation, b, ws.Operations.Added(), packOperation)
	put(x, updateOperation, b, ws.Operations.Updated(), packOperationChange)
	put(x, insertMandate, b, ws.Mandates.Added(), packMandate)
	put(x, updateMandate, b, ws.Mandates.Updated(), packMandateChange)
	put(x, insertConsumer, b, ws.Consumers.Added(), packConsumer)
	put(x, updateConsumer, b, ws.Consumers.Updated(), packConsumerChange)
	put(x, updateCustomer, b, ws.Customers.Updated(), packCustomerChange) // first: it frees references
	put(x, insertCustomer, b, ws.Customers.Added(), packCustomer)
	put(x, insertCursor, b, ws.Cursors.Added(), packCursor)
	put(x, updateCursor, b, ws.Cursors.Updated(), packCursor)
	x.saveOrders(ws)
}
