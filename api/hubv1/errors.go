package hubv1

import (
	"errors"
	"net/http"

	"purse"
	"purse/api"
)

// wireError is how this door says a code: the HTTP status, the text that callers
// compare with, and what it says to people; empty: what the refusal says.
type wireError struct {
	status  int
	code    string
	message string
}

// wireErrors is this door's whole error table (wire.md B.10). A 402 is a decline;
// if it has left a handle or an operation behind, that is the body, and the error
// is in it.
var wireErrors = map[purse.Code]wireError{
	purse.CodeInternal:    {http.StatusInternalServerError, "1000", somethingWrong},
	purse.CodeBusy:        {http.StatusServiceUnavailable, "1002", ""},
	purse.CodeUnknown:     {http.StatusServiceUnavailable, "1003", ""},
	purse.CodeClockJumped: {http.StatusServiceUnavailable, "1002", ""},
	purse.CodeRate:        {http.StatusTooManyRequests, "1200", ""},
	purse.CodeStrangers:   {http.StatusTooManyRequests, "1200", ""},

	purse.CodeBadKey:   {http.StatusUnauthorized, "5279", "The authentication credentials are invalid."},
	purse.CodeKeyKind:  {http.StatusForbidden, "5270", "The credentials do not have permission to access the requested data."},
	purse.CodeMerchant: {http.StatusUnauthorized, "5017", ""},
	// The words are those of seeds/004.
	purse.CodeNotAccepted: {http.StatusUnauthorized, "5040", "Venmo accounts are not accepted by this merchant account"},

	purse.CodeNotFound: {http.StatusNotFound, codeNotFound, notFound}, // the same words for what is not there and what is not yours
	purse.CodeMethod:   {http.StatusMethodNotAllowed, codeNotFound, ""},
	purse.CodeTooLarge: {http.StatusRequestEntityTooLarge, "5023", ""},
	purse.CodeField:    {http.StatusBadRequest, "5023", ""},
	purse.CodeCurrency: {http.StatusBadRequest, "5001", ""},
	purse.CodeInvalid:  {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeMissing:  {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeAmount:   {http.StatusBadRequest, codeFields, fieldsMessage},
	// Not 409: a shop's plugin takes that for "it was cancelled already" (wire.md B.6).
	purse.CodeFinal: {http.StatusBadRequest, codeFields, fieldsMessage},
	// Nothing is left behind that a 402 could show, and a field is to blame.
	purse.CodeNotLinked: {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeRedirect:  {http.StatusBadRequest, codeFields, fieldsMessage},

	purse.CodeHandle:        {http.StatusBadRequest, "5283", ""},
	purse.CodeHandleExpired: {http.StatusBadRequest, "5283", "The payment handle was not used in time."},
	purse.CodeDuplicate:     {http.StatusConflict, "5031", ""},
	purse.CodeKeyReused:     {http.StatusConflict, "5031", ""},
	purse.CodeCustomer:      {http.StatusConflict, "7505", ""},
	purse.CodeTaken:         {http.StatusConflict, "7505", ""},

	purse.CodeFunds:      {http.StatusPaymentRequired, "3022", "The transaction was declined: insufficient funds."},
	purse.CodeDeclined:   {http.StatusPaymentRequired, "3047", "The transaction was declined."},
	purse.CodeRefused:    {http.StatusPaymentRequired, "3047", "The transaction was declined: the consumer has refused it."},
	purse.CodeLimit:      {http.StatusPaymentRequired, "3048", "The transaction was declined: it is over a limit of the consumer's wallet."},
	purse.CodeFrozen:     {http.StatusPaymentRequired, "3048", "The transaction was declined: the consumer's wallet cannot pay."},
	purse.CodeFloor:      {http.StatusPaymentRequired, "3049", "The transaction was declined because the amount exceeds the floor limit."},
	purse.CodeOverSettle: {http.StatusPaymentRequired, "3204", "The transaction was declined: more than is left to settle."},
	purse.CodeOverRefund: {http.StatusPaymentRequired, "3402", "The transaction was declined: more than is left to refund."},
	purse.CodeGateway:    {http.StatusBadGateway, codeGateway, "The external processing gateway has reported an internal service error."},

	// What people and their apps are told elsewhere, and merchants never are.
	purse.CodeNote:         {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeAudience:     {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeTarget:       {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeSelf:         {http.StatusPaymentRequired, "3047", "The transaction was declined."},
	purse.CodeNotPending:   {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeNoCharge:     {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeReminded:     {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeOpen:         {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeNoToken:      {http.StatusUnauthorized, "5279", ""},
	purse.CodeBadToken:     {http.StatusUnauthorized, "5279", ""},
	purse.CodeTokenRevoked: {http.StatusUnauthorized, "5279", ""},
	purse.CodeTokenExpired: {http.StatusUnauthorized, "5279", ""},
	purse.CodeScope:        {http.StatusForbidden, "5270", ""},
	purse.CodeSignedOut:    {http.StatusUnauthorized, "5279", ""},
	purse.CodeCredentials:  {http.StatusUnauthorized, "5279", ""},
	purse.CodeSecond:       {http.StatusUnauthorized, "5279", ""},
	purse.CodeCode:         {http.StatusUnauthorized, "5279", ""},
	purse.CodeProve:        {http.StatusForbidden, "5270", ""},
	purse.CodeClient:       {http.StatusUnauthorized, "5279", ""},
	purse.CodeClientSecret: {http.StatusUnauthorized, "5279", ""},
	purse.CodeResponseType: {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeBadScope:     {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeGrantType:    {http.StatusBadRequest, codeFields, fieldsMessage},
	purse.CodeGrant:        {http.StatusUnauthorized, "5279", ""},
	purse.CodeGrantClient:  {http.StatusUnauthorized, "5279", ""},
	purse.CodeGrantExpired: {http.StatusUnauthorized, "5279", ""},
	purse.CodeGrantUsed:    {http.StatusUnauthorized, "5279", ""},
	purse.CodeRefresh:      {http.StatusUnauthorized, "5279", ""},
	purse.CodeHook:         {http.StatusBadRequest, codeFields, fieldsMessage},
}

const (
	codeNotFound = "5269"
	codeFields   = "5068"
	codeGateway  = "1001"

	notFound       = "The ID(s) specified in the URL do not correspond to the values in the system."
	somethingWrong = "An internal error occurred. Nothing was changed."
)

// handleExpired is the word of seeds/004 for a handle that was not used in time.
const handleExpired = "PAYMENT_HANDLE_EXPIRED"

// blamed are the fields that some refusals are about.
var blamed = map[purse.Code]string{
	purse.CodeAmount: "amount", purse.CodeFinal: "status", purse.CodeNotLinked: "venmo.consumerId", purse.CodeRedirect: "returnLinks",
}

// gatewayErrors are the processor's words that are not a 502 (wire.md B.11).
var gatewayErrors = map[string]wireError{
	"SENDER_RESTRICTED":        {http.StatusForbidden, codeGateway, "The external processing gateway has reported an error."},
	"SENDER_EMAIL_UNCONFIRMED": {http.StatusForbidden, codeGateway, "Authorization error occurred."},
	"AUTHORIZATION_ERROR":      {http.StatusForbidden, codeGateway, "Authorization error occurred."},
}

// problem is what is said of an error.
type problem struct {
	wireError
	details   []string
	fields    []fieldError
	processor string // a processor's own word
}

// problemOf is what is said of a refusal.
func problemOf(err error) problem {
	code := purse.CodeOf(err)
	p := faultOf(code, processorOf(err))
	known, ok := errors.AsType[*purse.Error](err)
	if !ok {
		return p
	}
	if p.message == "" {
		p.message = known.Message
	}
	if p.code == codeFields {
		p.fields = fieldsOf(err, known)
		p.details = p.details[:0]
		for _, f := range p.fields {
			p.details = append(p.details, f.field+": "+f.text)
		}
		if len(p.fields) == 0 {
			p.details = append(p.details, known.Message)
		}
	}
	return p
}

// fieldsOf are the fields that a refusal is about, as far as they are known.
func fieldsOf(err error, known *purse.Error) []fieldError {
	if e, ok := errors.AsType[*fieldsError](err); ok {
		return e.fields
	}
	if field := blamed[known.Code]; field != "" {
		return []fieldError{{field, known.Message}}
	}
	return nil
}

// faultOf is what is said of a code.
func faultOf(code purse.Code, processor string) problem {
	e, ok := wireErrors[code]
	if !ok {
		e = wireErrors[purse.CodeInternal]
	}
	p := problem{wireError: e, processor: processor}
	switch code {
	case purse.CodeHandleExpired:
		p.details = []string{handleExpired}
	case purse.CodeGateway:
		if special, ok := gatewayErrors[processor]; ok {
			p.wireError = special
		}
	}
	return p
}

// processorOf is the outside processor's own word in a refusal, if there is one: the
// refusal's message, as package hub makes it.
func processorOf(err error) string {
	if known, ok := errors.AsType[*purse.Error](err); ok && known.Code == purse.CodeGateway {
		return known.Message
	}
	return ""
}

// append writes p as the member of an object.
func (p problem) append(b []byte) []byte {
	b = purse.AppendQuoted(append(b, `"error":{"code":`...), p.code)
	b = purse.AppendQuoted(append(b, `,"message":`...), p.message)
	if len(p.details) > 0 {
		b = append(b, `,"details":[`...)
		for i, text := range p.details {
			b = purse.AppendQuoted(comma(b, i), text)
		}
		b = append(b, ']')
	}
	if len(p.fields) > 0 {
		b = append(b, `,"fieldErrors":[`...)
		for i, f := range p.fields {
			b = purse.AppendQuoted(append(comma(b, i), `{"field":`...), f.field)
			b = append(purse.AppendQuoted(append(b, `,"error":`...), f.text), '}')
		}
		b = append(b, ']')
	}
	if p.processor != "" {
		b = purse.AppendQuoted(append(b, `,"additionalDetails":[{"type":"PROCESSOR","code":`...), p.processor)
		b = append(purse.AppendQuoted(append(b, `,"message":`...), p.message), `}]`...)
	}
	return append(b, '}')
}

// The headers of this door besides those of every door (wire.md B.1).
const (
	statusHeader    = "X-Application-Status-Code"
	limitHeader     = "X-Rate-Limit-Limit"
	remainingHeader = "X-Rate-Limit-Remaining"
	resetHeader     = "X-Rate-Limit-Reset"
)

// fail writes a refusal in this door's envelope.
func fail(w http.ResponseWriter, err error) {
	p := problemOf(err)
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="paymenthub", charset="UTF-8"`)
	}
	w.Header().Set(statusHeader, p.code)
	body := append(p.append([]byte{'{'}), '}')
	_ = api.WriteJSON(w, p.status, string(body)) // the caller has gone; there is nobody to tell
}

// settled is the answer with a resource: its status if nothing is wrong with it, or
// a decline. body ends before the brace that closes it.
func settled(status int, body []byte, fault purse.Code, processor string, failed bool) purse.Answer {
	a := purse.Answer{Status: status}
	if fault != "" {
		p := faultOf(fault, processor)
		body = p.append(append(body, ','))
		if failed {
			a.Status, a.Header = http.StatusPaymentRequired, statusHeader+": "+p.code+"\n"
		}
	}
	a.Body = string(append(body, '}'))
	return a
}
