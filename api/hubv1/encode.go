package hubv1

import (
	"encoding/json"
	"fmt"
	"strconv"

	"purse"
	"purse/hub"
)

// This file and the next two are the door's JSON, in the order of wire.md B.3, B.4
// and B.7. What is absent is left out and never null; amounts are integers in
// minor units; times are UTC to the second.

const seconds = "2006-01-02T15:04:05Z"

// answerBytes is about what a handle's or a payment's answer takes.
const answerBytes = 1536

// comma separates the members of a list.
func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

func appendBool(b []byte, yes bool) []byte { return strconv.AppendBool(b, yes) }

func appendTime(b []byte, t purse.Time) []byte {
	return append(t.UTC().AppendFormat(append(b, '"'), seconds), '"')
}

// appendText writes a member that is a text, unless it is empty. head is what
// stands before the text.
func appendText(b []byte, head, text string) []byte {
	if text == "" {
		return b
	}
	return purse.AppendQuoted(append(b, head...), text)
}

// appendRaw writes a member that is JSON already, unless it is empty.
func appendRaw(b []byte, head string, raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return b
	}
	return append(append(b, head...), raw...)
}

// appendMode says what kind of network it is, and who answers there for consumers.
func (d *Door) appendMode(b []byte, h purse.Handle) []byte {
	b = appendBool(append(b, `,"liveMode":`...), !d.Sandbox)
	if d.Sandbox {
		b = appendText(b, `,"simulator":`, h.Simulator)
	}
	return b
}

// appendTimes writes when something was made, and came to its state.
func appendTimes(b []byte, made, changed purse.Time) []byte {
	b = appendTime(append(b, `,"txnTime":`...), made)
	b = appendTime(append(b, `,"statusTime":`...), changed)
	return appendTime(append(b, `,"updatedTime":`...), changed)
}

// appendVenmo writes the object in which callers name the consumer.
func appendVenmo(b []byte, h purse.Handle, d hub.Details) []byte {
	b = purse.AppendQuoted(append(b, `,"venmo":{"consumerId":`...), h.Consumer)
	b = appendText(b, `,"merchantAccountId":`, d.MerchantAccountID)
	b = appendText(b, `,"profileId":`, d.ProfileID)
	return append(b, '}')
}

// appendPayer writes what a merchant may know of who pays (seeds/004).
func appendPayer(b []byte, p *hub.Payer) []byte {
	if p == nil {
		return b
	}
	b = append(b, `,"gatewayResponse":{"processor":"Braintree","brainTreeCustomerId":`...)
	b = purse.AppendQuoted(b, fmt.Sprintf("%09d", p.Number))
	if p.Username != "" {
		b = purse.AppendQuoted(append(b, `,"username":`...), "@"+p.Username)
		b = append(b, `,"profile":{`...)
		n := len(b)
		b = appendText(b, `,"email":`, p.Email)
		b = appendText(b, `,"firstName":`, p.FirstName)
		b = appendText(b, `,"lastName":`, p.LastName)
		if len(b) > n {
			b = append(b[:n], b[n+1:]...) // the first one's comma
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// appendReturnLinks writes where the consumer is sent back to.
func appendReturnLinks(b []byte, links []hub.ReturnLink) []byte {
	if len(links) == 0 {
		return b
	}
	b = append(b, `,"returnLinks":[`...)
	for i, l := range links {
		b = purse.AppendQuoted(append(comma(b, i), `{"rel":`...), l.Rel)
		b = purse.AppendQuoted(append(b, `,"href":`...), l.Href)
		b = append(appendText(b, `,"method":`, l.Method), '}')
	}
	return append(b, ']')
}

// appendExtras writes what else a merchant has sent.
func appendExtras(b []byte, d hub.Details) []byte {
	b = appendText(b, `,"accountId":`, d.AccountID)
	b = appendText(b, `,"description":`, d.Description)
	b = appendRaw(b, `,"billingDetails":`, d.BillingDetails)
	return appendRaw(b, `,"merchantDescriptor":`, d.MerchantDescriptor)
}
