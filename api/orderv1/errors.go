package orderv1

import (
	"errors"
	"net/http"

	"purse"
	"purse/api"
)

// wireError is how this door says a code: the HTTP status, and a word of ours, since
// the wire knows none.
type wireError struct {
	status int
	code   string
}

var (
	badInput = wireError{http.StatusBadRequest, "invalid"}
	badKey   = wireError{http.StatusUnauthorized, "bad_key"}
)

// wireErrors is this door's whole error table.
var wireErrors = map[purse.Code]wireError{
	purse.CodeInternal:    {http.StatusInternalServerError, "internal"},
	purse.CodeBusy:        {http.StatusServiceUnavailable, "busy"},
	purse.CodeClockJumped: {http.StatusServiceUnavailable, "busy"},
	purse.CodeUnknown:     {http.StatusServiceUnavailable, "unknown"},
	purse.CodeRate:        {http.StatusTooManyRequests, "rate"},

	purse.CodeInvalid:  badInput,
	purse.CodeLimit:    badInput, // more orders than are shown at once
	purse.CodeMissing:  {http.StatusBadRequest, "missing"},
	purse.CodeField:    {http.StatusBadRequest, "body"},
	purse.CodeAmount:   {http.StatusBadRequest, "amount"},
	purse.CodeCurrency: {http.StatusBadRequest, "currency"},
	purse.CodeRedirect: {http.StatusBadRequest, "redirect_url"},
	// Not 502: the merchant's set-up is at fault, and proxies put pages of their own in
	// the place of a 502.
	purse.CodeHook: {http.StatusBadRequest, "hook"},

	purse.CodeNoToken:     {http.StatusUnauthorized, "no_key"},
	purse.CodeBadKey:      badKey,
	purse.CodeKeyKind:     badKey,
	purse.CodeMerchant:    {http.StatusForbidden, "merchant_closed"},
	purse.CodeNotAccepted: {http.StatusForbidden, "not_accepted"},

	purse.CodeNotFound:  {http.StatusNotFound, "not_found"},
	purse.CodeMethod:    {http.StatusMethodNotAllowed, "method"},
	purse.CodeKeyReused: {http.StatusConflict, "key_reused"},
	purse.CodeTooLarge:  {http.StatusRequestEntityTooLarge, "too_large"},

	// What is said elsewhere, and to nobody here.
	purse.CodeStrangers: {http.StatusTooManyRequests, "rate"},
	purse.CodeBadToken:  badKey, purse.CodeTokenRevoked: badKey, purse.CodeTokenExpired: badKey, purse.CodeScope: badKey,
	purse.CodeSignedOut: badKey, purse.CodeCredentials: badKey, purse.CodeSecond: badKey, purse.CodeCode: badKey, purse.CodeProve: badKey,
	purse.CodeClient: badKey, purse.CodeClientSecret: badKey, purse.CodeGrant: badKey, purse.CodeGrantClient: badKey,
	purse.CodeGrantExpired: badKey, purse.CodeGrantUsed: badKey, purse.CodeRefresh: badKey,
	purse.CodeNote: badInput, purse.CodeAudience: badInput, purse.CodeTarget: badInput, purse.CodeSelf: badInput,
	purse.CodeFunds: badInput, purse.CodeFrozen: badInput, purse.CodeTaken: badInput,
	purse.CodeNotPending: badInput, purse.CodeNoCharge: badInput, purse.CodeReminded: badInput, purse.CodeOpen: badInput,
	purse.CodeDuplicate: badInput, purse.CodeHandle: badInput, purse.CodeHandleExpired: badInput, purse.CodeDeclined: badInput,
	purse.CodeFloor: badInput, purse.CodeRefused: badInput, purse.CodeOverSettle: badInput, purse.CodeOverRefund: badInput,
	purse.CodeFinal: badInput, purse.CodeNotLinked: badInput, purse.CodeCustomer: badInput, purse.CodeGateway: badInput,
	purse.CodeResponseType: badInput, purse.CodeBadScope: badInput, purse.CodeGrantType: badInput,
}

// fail writes a refusal: callers read its message (wire.md C.2). That of a callback has
// the word in which the vendor says it besides.
func fail(w http.ResponseWriter, err error) {
	code := purse.CodeOf(err)
	e, ok := wireErrors[code]
	if !ok {
		e = wireErrors[purse.CodeInternal]
	}
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	b := []byte{'{'}
	if code == purse.CodeHook {
		b = append(b, `"status":"ERROR",`...)
	}
	b = purse.AppendQuoted(append(b, `"message":`...), messageOf(err))
	b = append(purse.AppendQuoted(append(b, `,"code":`...), e.code), '}')
	_ = api.WriteJSON(w, e.status, string(b)) // the caller has gone; there is nobody to tell
}

// messageOf is what an error says to people.
func messageOf(err error) string {
	known, ok := errors.AsType[*purse.Error](err)
	switch {
	case !ok:
		return "Something went wrong. Nothing was changed."
	case known.Code == purse.CodeRedirect:
		return "redirect_url: " + known.Message
	}
	return known.Message
}
