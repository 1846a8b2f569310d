package hubv1

import (
	"cmp"
	"net/http"

	"purse"
	"purse/hub"
)

// encodeHandle is the answer to a new handle. It runs inside the command.
func (d *Door) encodeHandle(r hub.HandleReceipt) purse.Answer {
	h := r.Handle
	b := d.appendHandle(make([]byte, 0, answerBytes), r)
	return settled(http.StatusCreated, b, h.Fault, h.Processor, h.Status == purse.HandleFailed)
}

// showHandle is a handle as it is shown and listed.
func (d *Door) showHandle(b []byte, r hub.HandleReceipt) []byte {
	b = d.appendHandle(b, r)
	if r.Handle.Fault != "" {
		b = faultOf(r.Handle.Fault, r.Handle.Processor).append(append(b, ','))
	}
	return append(b, '}')
}

// appendHandle writes a handle, without its error and the brace that closes it.
func (d *Door) appendHandle(b []byte, r hub.HandleReceipt) []byte {
	h, details := r.Handle, hub.ReadDetails(r.Handle.Details)
	b = appendID(append(b, `{"id":`...), int64(h.ID))
	b = purse.AppendQuoted(append(b, `,"paymentHandleToken":`...), h.Token)
	b = purse.AppendQuoted(append(b, `,"merchantRefNum":`...), cmp.Or(details.Ref, h.Ref))
	b = purse.AppendQuoted(append(b, `,"transactionType":`...), string(h.Type))
	b = appendInt(append(b, `,"paymentType":"VENMO","amount":`...), h.Minor)
	b = purse.AppendQuoted(append(b, `,"currencyCode":`...), string(d.Currency))
	b = purse.AppendQuoted(append(b, `,"status":`...), string(h.Status))
	asks := redirects(h)
	if asks {
		b = append(b, `,"action":"REDIRECT"`...)
	} else {
		b = append(b, `,"action":"NONE"`...)
	}
	if h.Multi {
		b = append(b, `,"usage":"MULTI_USE","executionMode":"SYNCHRONOUS"`...)
	} else {
		b = append(b, `,"usage":"SINGLE_USE","executionMode":"SYNCHRONOUS"`...)
		b = appendInt(append(b, `,"timeToLiveSeconds":`...), h.TimeLeft(r.Now))
	}
	b = d.appendMode(b, h)
	b = appendTimes(b, h.Created(), h.Changed)
	b = appendVenmo(b, h, details)
	b = appendReturnLinks(b, details.ReturnLinks)
	if asks {
		b = purse.AppendQuoted(append(b, `,"links":[{"rel":"redirect_payment","href":`...), d.PublicURL+"/pay/"+h.Link)
		b = append(b, `}]`...)
	}
	b = appendPayer(b, r.Payer)
	b = appendReconciliation(append(b, `,"gatewayReconciliationId":`...), int64(h.ID))
	b = appendText(b, `,"customerIp":`, details.CustomerIP)
	b = appendRaw(b, `,"profile":`, details.Profile)
	return appendExtras(b, details)
}

// redirects says that the consumer is to be sent to a page.
func redirects(h purse.Handle) bool {
	return h.Link != "" && (h.Status == purse.HandleInitiated || h.Status == purse.HandleProcessing)
}
