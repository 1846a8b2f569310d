package hubv1

import (
	"net/http"

	"purse"
	"purse/hub"
)

// encodeCreated is the answer to a new operation. It runs inside the command.
func (d *Door) encodeCreated(r hub.OperationReceipt) purse.Answer {
	o := r.Operation
	b := d.appendOperation(make([]byte, 0, answerBytes), r)
	return settled(http.StatusCreated, b, o.Fault, o.Processor, o.Status == purse.OperationFailed)
}

// encodeCancelled is the answer to a cancellation. It runs inside the command.
func (d *Door) encodeCancelled(r hub.OperationReceipt) purse.Answer {
	o := r.Operation
	b := appendID(append(make([]byte, 0, answerBytes), `{"id":`...), int64(o.ID))
	b = appendTime(append(b, `,"txnTime":`...), o.Created())
	b = purse.AppendQuoted(append(b, `,"status":`...), string(o.Status))
	return purse.Answer{Status: http.StatusOK, Body: string(append(b, '}'))}
}

// showOperation is an operation as it is shown and listed.
func (d *Door) showOperation(b []byte, r hub.OperationReceipt) []byte {
	b = d.appendOperation(b, r)
	if r.Operation.Fault != "" {
		b = faultOf(r.Operation.Fault, r.Operation.Processor).append(append(b, ','))
	}
	return append(b, '}')
}

// appendOperation writes an operation, without its error and the brace that closes it.
func (d *Door) appendOperation(b []byte, r hub.OperationReceipt) []byte {
	details := hub.ReadDetails(r.Operation.Details)
	switch r.Operation.Kind {
	case purse.Settlement, purse.Void, purse.Refund:
		return d.appendPart(b, r, details)
	case purse.Credit:
		return d.appendCredit(b, r, details)
	default: // a sale, or a verification
		return d.appendSale(b, r, details)
	}
}

// appendSale writes what callers call a payment, or a verification.
func (d *Door) appendSale(b []byte, r hub.OperationReceipt, details hub.Details) []byte {
	o := r.Operation
	b = appendID(append(b, `{"id":`...), int64(o.ID))
	b = purse.AppendQuoted(append(b, `,"paymentType":"VENMO","paymentHandleToken":`...), r.Handle.Token)
	b = purse.AppendQuoted(append(b, `,"merchantRefNum":`...), o.Ref)
	if o.Kind == purse.Sale {
		b = appendInt(append(b, `,"amount":`...), o.Minor)
	}
	b = purse.AppendQuoted(append(b, `,"currencyCode":`...), string(d.Currency))
	if o.Kind == purse.Sale {
		b = appendBool(append(b, `,"settleWithAuth":`...), o.Auto)
	}
	b = purse.AppendQuoted(append(b, `,"status":`...), string(o.Status))
	if o.Kind == purse.Sale {
		b = appendInt(append(b, `,"availableToRefund":`...), o.Refundable)
		b = appendInt(append(b, `,"availableToSettle":`...), o.Settleable)
	}
	b = appendReconciliation(append(b, `,"gatewayReconciliationId":`...), int64(o.Handle))
	b = d.appendMode(b, r.Handle)
	b = appendTimes(b, o.Created(), o.Changed)
	b = appendText(b, `,"consumerIp":`, details.CustomerIP)
	b = appendVenmo(b, r.Handle, hub.ReadDetails(r.Handle.Details))
	b = appendPayer(b, r.Payer)
	if o.Kind == purse.Sale {
		b = append(b, `,"settlements":[`...)
		for i, s := range r.Settlements {
			b = appendBrief(comma(b, i), s)
		}
		b = append(b, ']')
	}
	b = appendRaw(b, `,"profile":`, details.Profile)
	return appendExtras(b, details)
}

// appendBrief writes a settlement as it stands in its payment.
func appendBrief(b []byte, o purse.Operation) []byte {
	b = appendID(append(b, `{"id":`...), int64(o.ID))
	b = purse.AppendQuoted(append(b, `,"merchantRefNum":`...), o.Ref)
	b = appendInt(append(b, `,"amount":`...), o.Minor)
	b = appendInt(append(b, `,"availableToRefund":`...), o.Refundable)
	b = purse.AppendQuoted(append(b, `,"status":`...), string(o.Status))
	return append(appendTime(append(b, `,"txnTime":`...), o.Created()), '}')
}

// appendPart writes a settlement, void or refund. A settlement has no paymentType:
// a client knows no such type there (wire.md B.4).
func (d *Door) appendPart(b []byte, r hub.OperationReceipt, details hub.Details) []byte {
	o := r.Operation
	b = appendID(append(b, `{"id":`...), int64(o.ID))
	if o.Kind == purse.Refund {
		b = append(b, `,"paymentType":"VENMO"`...)
	}
	b = purse.AppendQuoted(append(b, `,"merchantRefNum":`...), o.Ref)
	b = appendInt(append(b, `,"amount":`...), o.Minor)
	b = purse.AppendQuoted(append(b, `,"currencyCode":`...), string(d.Currency))
	if o.Kind == purse.Settlement {
		b = appendInt(append(b, `,"availableToRefund":`...), o.Refundable)
	}
	b = purse.AppendQuoted(append(b, `,"status":`...), string(o.Status))
	b = appendReconciliation(append(b, `,"gatewayReconciliationId":`...), int64(o.Handle))
	b = d.appendMode(b, r.Handle)
	b = appendTimes(b, o.Created(), o.Changed)
	return appendExtras(b, details)
}

// appendCredit writes a withdrawal.
func (d *Door) appendCredit(b []byte, r hub.OperationReceipt, details hub.Details) []byte {
	o, asked := r.Operation, hub.ReadDetails(r.Handle.Details)
	b = appendID(append(b, `{"id":`...), int64(o.ID))
	b = purse.AppendQuoted(append(b, `,"paymentType":"VENMO","paymentHandleToken":`...), r.Handle.Token)
	b = purse.AppendQuoted(append(b, `,"merchantRefNum":`...), o.Ref)
	b = purse.AppendQuoted(append(b, `,"currencyCode":`...), string(d.Currency))
	b = appendInt(append(b, `,"amount":`...), o.Minor)
	b = purse.AppendQuoted(append(b, `,"status":`...), string(o.Status))
	b = appendReconciliation(append(b, `,"gatewayReconciliationId":`...), int64(o.Handle))
	b = appendTime(append(b, `,"txnTime":`...), o.Created())
	b = appendTime(append(b, `,"updatedTime":`...), o.Changed)
	b = appendTime(append(b, `,"statusTime":`...), o.Changed)
	b = appendReturnLinks(b, asked.ReturnLinks)
	b = d.appendMode(b, r.Handle)
	b = appendVenmo(b, r.Handle, asked)
	if len(details.Profile) == 0 {
		details.Profile = asked.Profile
	}
	b = appendRaw(b, `,"profile":`, details.Profile)
	if details.OnHold != nil {
		b = appendBool(append(b, `,"onHold":`...), *details.OnHold)
	}
	b = appendText(b, `,"customerIp":`, details.CustomerIP)
	return appendExtras(b, details)
}
